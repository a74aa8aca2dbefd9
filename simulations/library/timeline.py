"""A design in time: how long trials take, who waits or is lost, what is decided too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from escalation.errors import InputError
from escalation.reports.shown import Shown
from escalation.reports.view import Block, View
from simulations.engines.timeline.result import Timeline
from simulations.library.given import named, question_of
from simulations.questions.in_time import Timed, simulate_in_time
from simulations.questions.question import BESIDE_ESCALATION, Question
from simulations.reports.timeline import durations_table, view_timelines
from simulations.scenarios.given import ScenariosLike
from simulations.timing.assumptions import Poisson, Timing, TimingError
from simulations.timing.file import load_timing, read_timing

if TYPE_CHECKING:
    from escalation.figures.picture import Picture
    from escalation.library import ProtocolLike

__all__ = ["TimingLike", "TrialsInTime", "trials_in_time"]

TimingLike = Timing | float | str | Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TrialsInTime(Shown):
    """A design in time, under each scenario.

    Attributes
    ----------
    question : Question
    results : tuple of Timed
        One a scenario.
    target : float or None
        Target P(DLT) that correct selection is measured by.
    """

    question: Question
    results: tuple[Timed, ...]
    target: float | None

    def __getitem__(self, scenario: str) -> Timeline:
        """Return the result under a scenario."""
        return named(
            scenario, "scenario", {one.scenario.name: one.timeline for one in self.results}
        )

    def __iter__(self) -> Iterator[Timeline]:
        return (one.timeline for one in self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        scenarios = ", ".join(one.scenario.name for one in self.results)
        design, run = self.question.protocol.design.name, self.results[0].timeline
        return f"<Trials of {design} in time under {scenarios}; accrual {run.timing.accrual}>"

    def view(self) -> View:
        """Return the view, as of ``escalation simulate --timeline``."""
        return view_timelines(self.question, self.results, target=self.target)

    def _in_short(self) -> Iterator[Block]:
        yield self.question.origin(beside=BESIDE_ESCALATION, timed=True)
        yield durations_table(self.results)

    def plot(self, scenario: str | None = None) -> Picture:
        """Draw a page of one scenario: durations, accrual and level by day, and one trial.

        Parameters
        ----------
        scenario : str, optional
            By default the first.
        """
        from simulations.plots.timeline import picture_timeline  # noqa: PLC0415  # matplotlib

        by_name = {one.scenario.name: one for one in self.results}
        one = self.results[0] if scenario is None else named(scenario, "scenario", by_name)
        return picture_timeline(self.question, one)


def trials_in_time(
    design: ProtocolLike,
    scenarios: ScenariosLike | None = None,
    *,
    timing: TimingLike,
    window_days: int | None = None,
    target: float | None = None,
    trials: int = 10_000,
    seed: int = 1,
    p_moderate: Sequence[float] | None = None,
    executor: Executor | None = None,
) -> TrialsInTime:
    """Simulate a design in time under assumed toxicity curves.

    Parameters
    ----------
    design : Protocol, Design, str or Path
        As for ``characteristics``. The DLT window, the stagger, backfill and the expansion are
        the protocol's.
    scenarios : optional
        As for ``characteristics``.
    timing : Timing, float, str, Path or mapping
        What is assumed of time; a number is the mean days between patients who come by chance, a
        text or a path names a TOML file, a mapping is the table in one.
    window_days : int, optional
        Days of the DLT window, for a protocol without one or in place of its own.
    target : float, optional
        Target P(DLT): adds correct selection.
    trials, seed : int
        Simulated trials a scenario, and the seed of the random numbers.
    p_moderate : sequence of float, shape (L,), optional
        P(moderate toxicity) of a patient without a DLT, for a design that counts them.
    executor : concurrent.futures.Executor, optional
        Where simulations run; the result is the same.

    Returns
    -------
    TrialsInTime

    Raises
    ------
    InputError
        For an argument that is not what it should be, or where there is no DLT window.
    TimingError
        For assumptions about time that cannot be.

    Examples
    --------
    >>> import simulations
    >>> found = simulations.trials_in_time(
    ...     "3+3", {"rising": [0.05, 0.10, 0.20, 0.35, 0.50]}, timing=10, window_days=28
    ... )
    >>> found
    <Trials of 3+3 in time under rising; accrual lose>
    >>> 310 < found["rising"].t_decision.moments.mean < 325
    True
    """
    question = question_of(design, scenarios, "", p_moderate, target=target)
    if window_days is not None:
        question = replace(question, protocol=question.protocol.with_window(window_days))
    results = simulate_in_time(
        question, _timing_of(timing), trials=trials, seed=seed, executor=executor
    )
    return TrialsInTime(question=question, results=tuple(results), target=target)


def _timing_of(given: TimingLike) -> Timing:
    if isinstance(given, Timing):
        return given
    if isinstance(given, str | Path):
        return load_timing(given)
    if isinstance(given, Mapping):
        timing, faults = read_timing(given)
        if timing is None:
            raise TimingError(faults)
        return timing
    number: object = given
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise InputError(
            f"timing is a Timing, mean days between patients, a file or a table, not {given!r}"
        )
    return Timing(arrivals=Poisson(mean_gap_days=number))
