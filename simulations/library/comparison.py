"""Designs side by side under each scenario, with the optimal benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from escalation.errors import InputError
from escalation.library import ProtocolLike
from escalation.reports.shown import Shown
from escalation.reports.view import GAP, Block, Heading, Item, Items, Paragraph, View
from simulations.compare.result import Contender, ScenarioComparison
from simulations.compare.run import CompareMethod, compare_designs
from simulations.library.characteristics import TRIALS
from simulations.library.given import (
    check_one_ladder,
    named,
    own_name,
    question_of,
    target_of,
)
from simulations.questions.question import Question, describe_p_moderate
from simulations.reports.comparison import (
    comparison_measures,
    describe_contenders,
    view_comparison,
)
from simulations.scenarios.given import ScenariosLike

if TYPE_CHECKING:
    from escalation.figures.picture import Picture

__all__ = ["Comparison", "comparison"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Comparison(Shown):
    """Designs side by side under each scenario, with the optimal benchmark.

    Attributes
    ----------
    question : Question
        Of the first design; the ladder is the same for all.
    contenders : tuple of Contender
    results : tuple of ScenarioComparison
        One a scenario.
    """

    question: Question
    contenders: tuple[Contender, ...]
    results: tuple[ScenarioComparison, ...]

    def __getitem__(self, scenario: str) -> ScenarioComparison:
        by_name = {result.scenario.name: result for result in self.results}
        return named(scenario, "scenario", by_name)

    def __iter__(self) -> Iterator[ScenarioComparison]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        designs = ", ".join(one.label for one in self.contenders)
        scenarios = ", ".join(result.scenario.name for result in self.results)
        return f"<Comparison of {designs} under {scenarios}; target {self.results[0].target:g}>"

    def view(self) -> View:
        """Return the view, as of ``escalation compare``."""
        target = self.results[0].target
        notes = f"Target P(DLT) {target:g}."
        if self.question.p_moderate is not None:
            notes += f" {describe_p_moderate(self.question.p_moderate)}."
        return view_comparison(self.question, self.contenders, self.results, notes)

    def _in_short(self) -> Iterator[Block]:
        low, high = self.results[0].interval
        target = self.results[0].target
        yield Paragraph(f"Target P(DLT) {target:g}, interval {low:g} to {high:g}.")
        yield Items([Item(text=one) for one in describe_contenders(self.contenders)])
        for name, table in comparison_measures(self.results):
            yield GAP
            yield Heading(name)
            yield table

    def plot(self, *scenarios: str) -> Picture:
        """Draw correct selection, selection and patients above the target, by design.

        Parameters
        ----------
        *scenarios : str
            Names of those to draw; all by default.
        """
        from simulations.plots.pictures import picture_comparison  # noqa: PLC0415  # matplotlib

        results = [self[name] for name in scenarios] or list(self.results)
        return picture_comparison(self.question.protocol, self.contenders, results)


def comparison(
    designs: Mapping[str, ProtocolLike] | Sequence[ProtocolLike],
    scenarios: ScenariosLike | None = None,
    *,
    target: float | None = None,
    interval: tuple[float, float] | None = None,
    method: CompareMethod = "auto",
    trials: int = TRIALS,
    seed: int = 1,
    benchmark_patients: int | None = None,
    p_moderate: Sequence[float] | None = None,
) -> Comparison:
    """Compare designs on one ladder by the measures of the field, and with the benchmark.

    Parameters
    ----------
    designs : mapping of str to Protocol, Design, str or Path; or sequence of these
        By the names they have in tables, or with their own; differences are to the first.
    scenarios : optional
        As for ``characteristics``; by default those of the first design's protocol.
    target : float, optional
        Target P(DLT), between 0 and 1, that all are measured by; by default the one that the
        designs share.
    interval : (float, float), optional
        Around the target; the target -/+ 0.05 by default.
    method : {"auto", "exact", "monte-carlo"}
        Exact where the graph is small enough and simulated elsewhere; all exact; all simulated.
    trials, seed : int
        Simulated trials a scenario, of a design that is simulated.
    benchmark_patients : int, optional
        As in ``simulations.compare.run.compare_designs``.
    p_moderate : sequence of float, shape (L,), optional
        As for ``characteristics``.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        For an argument that is not what it should be; without a target where no design has one,
        or designs have different ones; for ladders of different lengths.

    References
    ----------
    O'Quigley J, Paoletti X, Maccario J (2002). Non-parametric optimal design in dose finding
    studies. Biostatistics 3(1):51-56.

    Examples
    --------
    >>> import escalation, simulations
    >>> designs = {
    ...     "3+3": escalation.ThreePlusThree(n_levels=3),
    ...     "boin": escalation.Boin(n_levels=3, target=0.3, max_patients=18),
    ... }
    >>> found = simulations.comparison(designs, {"steep": [0.05, 0.30, 0.60]})
    >>> found
    <Comparison of 3+3, boin under steep; target 0.3>
    >>> [round(design.metrics["pcs"], 3) for design in found["steep"].designs]
    [0.392, 0.771]
    """
    if not isinstance(designs, Mapping):
        if isinstance(designs, str) or not isinstance(designs, Sequence):
            raise InputError(
                "several designs are needed, as {name: design} or a list, not "
                f"{type(designs).__name__}"
            )
        designs = {own_name(design): design for design in designs}
    questions = {
        label: question_of(design, scenarios, "", p_moderate, target=target)
        for label, design in designs.items()
    }
    if not questions:
        raise InputError("there is no design to compare")
    protocols = [question.protocol for question in questions.values()]
    check_one_ladder(protocols)
    sought = target_of(protocols) if target is None else target
    if sought is None:
        raise InputError(
            "a comparison needs a target P(DLT): give target=0.25, say; the designs have none in "
            "common"
        )
    first = next(iter(questions.values()))
    contenders = tuple(
        Contender(label=label, design=question.protocol.design, protocol=question.protocol)
        for label, question in questions.items()
    )
    results = compare_designs(
        contenders,
        first.scenarios,
        target=sought,
        interval=interval,
        method=method,
        trials=trials,
        seed=seed,
        benchmark_patients=benchmark_patients,
        p_moderate=p_moderate,
    )
    return Comparison(question=first, contenders=contenders, results=tuple(results))
