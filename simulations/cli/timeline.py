"""Options of trials in time, which ``escalation simulate --timeline`` takes, and how it answers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from escalation.cli.real import RealNumber
from escalation.cli.show import say_written
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError
from escalation.files import check_writable, replacing
from escalation.reports.view import Figure, View
from escalation.version import __version__
from simulations.cli.options import every_option, timing_option
from simulations.cli.progress import progress_bar
from simulations.cli.source import read_timing
from simulations.cli.workers import worker_pool
from simulations.timing.assumptions import (
    MAX_DAYS,
    Accrual,
    Decides,
    Poisson,
    Timing,
)

if TYPE_CHECKING:
    from escalation.plan import Plan
    from escalation.protocol import Protocol
    from escalation.tracker import Command
    from escalation.trial import Recorder
    from simulations.engines.timeline.course import Course
    from simulations.patients.assumptions import Patients
    from simulations.questions.in_time import Timed
    from simulations.questions.question import Question

__all__ = ["Clock", "show_timeline", "timeline_options"]

TRIALS = 10_000


class Clock(NamedTuple):
    """What of trials in time was asked for.

    Attributes
    ----------
    timing : Timing
    window : int or None
        Days of the DLT window, in place of the protocol's.
    by : tuple of float
        Days since the opening, of which P(finished by then) is asked.
    ledger : Path or None
        Where the first simulated trial is to be recorded.
    plan : str or None
        Name or file of the plan by which its patients are simulated too.
    patients : Path or None
        What is assumed of them.
    """

    timing: Timing
    window: int | None
    by: tuple[float, ...]
    ledger: Path | None
    plan: str | None = None
    patients: Path | None = None


def timeline_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of trials in time; pass them as ``clock``, None without ``--timeline``."""

    @click.option(
        "--timeline", is_flag=True, help="Simulate in time: durations, waiting, who is lost."
    )
    @every_option("Mean days between patients, for --timeline.")
    @click.option(
        "--accrual",
        type=click.Choice(["lose", "wait"]),
        help="A patient without a place is lost or waits.  [default: lose]",
    )
    @click.option(
        "--decides",
        type=click.Choice(["complete", "settled"]),
        help="Decide on complete cohorts, or once it is settled.  [default: complete]",
    )
    @click.option(
        "--window",
        type=WholeNumber(min=1),
        metavar="DAYS",
        help="DLT window, if not the protocol's.",
    )
    @timing_option("All assumptions about time (TOML), in place of --every.")
    @click.option(
        "--by",
        type=RealNumber(0, MAX_DAYS),
        metavar="DAY",
        multiple=True,
        help="P(last decision by this day since the opening). Repeatable.",
    )
    @click.option(
        "--ledger",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the first simulated trial as a new ledger; days are whole then.",
    )
    @click.option(
        "--plan",
        metavar="NAME|FILE",
        help="With --ledger: simulate what is screened, seen and measured by this plan, too.",
    )
    @click.option(
        "--patients",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="With --plan: what is assumed of patients (TOML).",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        timeline: bool,
        every: float | None,
        accrual: Accrual | None,
        decides: Decides | None,
        window: int | None,
        timing_file: Path | None,
        by: tuple[float, ...],
        ledger: Path | None,
        plan: str | None,
        patients: Path | None,
        **kwargs: Any,
    ) -> Any:
        clock = None
        if timeline:
            _refuse_others()
            said = _read_timing(every, timing_file)
            said = replace(said, accrual=accrual or said.accrual, decides=decides or said.decides)
            if plan is not None and ledger is None:
                raise click.UsageError("--plan says what is recorded of patients: add --ledger")
            if patients is not None and plan is None:
                raise click.UsageError("--patients are simulated by a plan: add --plan")
            if ledger is not None:  # a record has days
                said = replace(said, whole_days=True)
            clock = Clock(said, window, by, ledger, plan, patients)
            if _is_default("trials"):
                kwargs["trials"] = TRIALS
        else:
            named = {
                "--every": every,
                "--accrual": accrual,
                "--decides": decides,
                "--window": window,
                "--timing": timing_file,
                "--by": by or None,
                "--ledger": ledger,
                "--plan": plan,
                "--patients": patients,
            }
            for name, value in named.items():
                if value is not None:
                    raise click.UsageError(f"{name} is about trials in time: add --timeline")
        return command(*args, clock=clock, **kwargs)

    return wrapper


def _is_default(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.DEFAULT


def _refuse_others() -> None:
    for name in ("method", "draws", "report", "template"):
        if not _is_default(name):
            raise click.UsageError(f"--{name} does not fit --timeline, which simulates each trial")


def _read_timing(every: float | None, file: Path | None) -> Timing:
    if file is not None:
        if every is not None:
            raise click.UsageError("give --every or --timing, not both")
        return read_timing(file)
    if every is None:
        raise click.UsageError(
            "--timeline needs to know how patients come: --every DAYS between them, or --timing "
            "FILE with all assumptions"
        )
    return Timing(arrivals=Poisson(mean_gap_days=every))


def show_timeline(
    question: Question,
    clock: Clock,
    *,
    trials: int,
    seed: int,
    workers: int,
    target: float | None,
    plot: Path | None,
    keep: Path | None,
) -> View:
    """Simulate each scenario in time, write what files were asked for, and return the view."""
    from simulations.questions.in_time import follow_in_time, simulate_in_time
    from simulations.reports.timeline import view_timelines

    if question.cohorts:
        raise InputError(
            "--from does not say on which days: escalation trial forecast goes on from a trial's "
            "own record"
        )
    question = _with_window(question, clock.window)
    told = _read_patients(clock)
    if clock.ledger is not None:
        _check_recordable(question, clock.timing, clock.ledger)
    with (
        worker_pool(workers) as executor,
        progress_bar(trials * len(question.scenarios), "simulating") as progress,
    ):
        results = simulate_in_time(
            question, clock.timing, trials=trials, seed=seed, executor=executor, progress=progress
        )
    if keep is not None:
        _keep(keep, question, results)
        say_written(keep)
    if clock.ledger is not None:
        course = next(follow_in_time(question, results[0]))
        _record(clock.ledger, _steps(course, question.protocol, clock.timing, told, seed))
        say_written(clock.ledger)
    if plot is not None:
        from simulations.plots import plot_timelines, save_figure  # matplotlib

        pages, provenance = plot_timelines(question, results)
        say_written(*save_figure(pages, plot, provenance))
    view = view_timelines(question, results, clock.by, target)
    return replace(view, figures=partial(_figures, question, results))


def _check_recordable(question: Question, timing: Timing, file: Path) -> None:
    """Refuse what cannot be recorded, before a long run."""
    if timing.decides != "settled":
        raise InputError(
            "a record goes by the tracker's gates, which close a cohort as soon as its level is "
            "judged: add --decides settled"
        )
    protocol = question.protocol
    beside = protocol.backfill.max_per_level, protocol.expansion.n_patients
    for name, size in zip(("backfill", "expansion"), beside, strict=True):
        if size is not None:
            raise InputError(
                f"a simulated trial with {name} is not recorded: leave the protocol's [{name}] "
                "table out"
            )
    if file.exists():
        raise InputError(f"{file} is there already; a simulated trial needs a new file")
    check_writable(file)


OPENED = date(2020, 1, 1)  # of a simulated trial: its record is of the past


def _read_patients(clock: Clock) -> tuple[Plan, Patients] | None:
    """Read by what plan patients are to be simulated, and what is assumed of them."""
    if clock.plan is None:
        return None
    from escalation.plan.load import load_plan
    from simulations.patients.assumptions import Patients
    from simulations.patients.file import load_patients

    plan = load_plan(clock.plan)
    return plan, Patients() if clock.patients is None else load_patients(clock.patients, plan)


def _steps(
    course: Course,
    protocol: Protocol,
    timing: Timing,
    told: tuple[Plan, Patients] | None,
    seed: int,
) -> Iterable[tuple[Command, Recorder]]:
    """Return the commands that record a simulated trial: with its patients, if there is a plan."""
    if told is None:
        from simulations.questions.recorded import steps_of

        delay_days = timing.decision_delay_days
        return steps_of(course, protocol, opened=OPENED, delay_days=delay_days)
    from simulations.patients.rehearsal import rehearse

    return rehearse(course, protocol, *told, timing=timing, opened=OPENED, seed=seed)


def _record(file: Path, steps: Iterable[tuple[Command, Recorder]]) -> None:
    """Record a simulated trial in a new ledger."""
    from escalation.ledger import create_ledger
    from escalation.tracker import Tracker

    with TemporaryDirectory() as folder:
        made = Path(folder) / "simulated.db"
        with create_ledger(str(made)) as ledger:
            Tracker(ledger, "SIMULATED").record_new(steps, request="simulated")
        with replacing(file, "wb") as written:  # whole or not at all; it replaces no ledger
            written.write(made.read_bytes())


def _keep(file: Path, question: Question, results: Sequence[Timed]) -> None:
    """Write what happened in each simulated trial."""
    from simulations.questions.in_time import follow_in_time
    from simulations.reports.export import write_courses

    protocol, run = question.protocol, results[0].timeline
    courses = (
        (one.scenario.name, course) for one in results for course in follow_in_time(question, one)
    )
    origin = {
        "accrual": run.timing.accrual,
        "seed": run.seed,
        "protocol": protocol.name,
        "digest": protocol.digest,
        "escalation": __version__,
    }
    doses = [level.dose for level in protocol.levels]
    write_courses(file, courses, protocol.labels, doses, origin)


def _figures(question: Question, results: Sequence[Timed]) -> Iterable[Figure]:
    from simulations.plots.timeline import figures_of_timelines  # matplotlib

    return figures_of_timelines(question, results)


def _with_window(question: Question, window: int | None) -> Question:
    """Return the question with a DLT window, which a clock cannot do without."""
    protocol = question.protocol
    if window is not None:
        return replace(question, protocol=protocol.with_window(window))
    if protocol.dlt.window_days is None:
        raise InputError(
            f"{protocol.name} has no DLT window, and trials in time need one: add --window DAYS, "
            "or window_days under [dlt] in the protocol"
        )
    return question
