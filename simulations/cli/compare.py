"""`escalation compare`: designs side by side, and why two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.asking import most_states
from escalation.cli.completion import complete_protocols
from escalation.cli.label import LABEL
from escalation.cli.options import PICTURES, CarefulCommand, parse_settings, read_ladder
from escalation.cli.show import say_written, shows
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, did_you_mean
from escalation.files import check_writable
from escalation.labels import Label
from escalation.protocol import Protocol
from escalation.protocol.defaults import DEFAULT_PATIENTS, DEFAULT_TARGET, whole_cohorts
from escalation.protocol.protocol import freeze_lists
from escalation.reports.documents import Template
from escalation.reports.view import Figure, View
from simulations.cli.completion import complete_contenders, complete_shared_settings
from simulations.cli.contenders import (
    NamedDesign,
    check_number,
    choose_target,
    make_contenders,
    parse_design,
)
from simulations.cli.numbers import parse_interval
from simulations.cli.options import (
    choose_scenarios,
    p_dlt_option,
    p_moderate_option,
    plot_option,
    say_size,
    scenario_option,
    seed_option,
    trials_option,
    workers_option,
)
from simulations.cli.progress import progress_bar
from simulations.cli.report import check_report, report_option, write_comparison_report
from simulations.cli.workers import worker_pool

if TYPE_CHECKING:
    from simulations.compare.result import Contender, ScenarioComparison
    from simulations.compare.run import CompareMethod
    from simulations.questions.question import Question

__all__ = ["compare"]


@click.command(cls=CarefulCommand)
@click.argument(
    "designs",
    nargs=-1,
    required=True,
    metavar="DESIGN DESIGN ...",
    shell_complete=complete_contenders,
)
@p_dlt_option
@p_moderate_option
@scenario_option
@click.option(
    "--protocol",
    "protocol_name",
    metavar="NAME|FILE",
    shell_complete=complete_protocols,
    help="The ladder and its scenarios.",
)
@click.option(
    "--levels",
    type=WholeNumber(),
    metavar="N",
    help="A plain ladder of N levels instead of a protocol.",
)
@click.option("--start", type=LABEL, metavar="LABEL", help="Start at this level.")
@click.option(
    "--target",
    type=float,
    metavar="P",
    help=f"Target P(DLT).  [default: the designs', else {DEFAULT_TARGET:g}]",
)
@click.option(
    "--max-patients",
    type=WholeNumber(min=1),
    metavar="N",
    help=f"Patients, for a design that needs a number.  [default: as planned, else "
    f"{DEFAULT_PATIENTS}]",
)
@click.option(
    "--interval",
    metavar="LOW,HIGH",
    help="P(DLT) good enough to select.  [default: the target -/+ 0.05]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=complete_shared_settings,
    help="An option of every design that has it.",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "exact", "monte-carlo"]),
    default="auto",
    show_default=True,
    help="Exact where an engine has the figures, all exact, or all simulated.",
)
@trials_option
@seed_option
@workers_option
@click.option("--diff", is_flag=True, help="Say where two designs part, and what follows.")
@click.option(
    "--by",
    metavar="FIGURE",
    help="With --diff: the figure to explain, such as pcs, sample_size, p_select:5.",
)
@plot_option
@report_option
@shows
def compare(
    *,
    designs: tuple[str, ...],
    p_dlt: tuple[float, ...] | None,
    p_moderate: tuple[float, ...] | None,
    scenario_file: str | None,
    protocol_name: str | None,
    levels: int | None,
    start: Label | None,
    target: float | None,
    max_patients: int | None,
    interval: str | None,
    settings: tuple[str, ...],
    method: CompareMethod,
    trials: int,
    seed: int,
    workers: int,
    diff: bool,
    by: str | None,
    plot: Path | None,
    report: Path | None,
    template: Template | None,
) -> View:
    """Compare designs under assumed toxicity curves, with the optimal benchmark beside them.

    DESIGN is a design's name, a 3+3 variant, or a protocol by name or file, which brings its
    ladder. Options follow a colon, boin:cohort_size=1,n_earlystop=9; an alias for the tables
    comes before it, boin=A:cohort_size=1. A design that can reach too many states for an exact
    answer is simulated, trial by trial on patients shared by all designs, so that differences to
    the first design are those of pairs of trials, and have 95 % limits. At most 10^10 trials are
    drawn so; escalation simulate draws up to 10^15 of one design, by counts.

    With --diff, every data set at which two designs part is shown with what each does there, the
    probability of meeting it and what it contributes to their difference.

    --report writes the appendix of a protocol: each design in words and as a table, the
    comparison, worst cases, methods, a self-check.

    \b
    Example: escalation compare 3+3 boin keyboard --p-dlt 0.05,0.10,0.20,0.33,0.50
             escalation compare confirm declare --p-dlt 0.05,0.10,0.20 --diff
             escalation compare 3+3 boin --levels 4 --report designs.html
    """  # noqa: D301  # click reads the backspace
    from simulations.compare.run import compare_designs, work_of
    from simulations.questions.question import Question, check_p_moderate, describe_p_moderate
    from simulations.reports.comparison import view_comparison
    from simulations.reports.design_report import Compared

    _check_diff(by, plot, report, method, diff=diff)
    if plot is not None:
        check_writable(plot, PICTURES)
        if plot == report:
            raise click.UsageError("--plot and --report name the same file")
    check_report(report, template)
    named = [parse_design(word, start) for word in designs]
    check_number(named, diff=diff)
    brought = [one.protocol for one in named if one.protocol is not None]
    if protocol_name is None and levels is None and brought:
        ladder = brought[0]
    else:
        ladder = read_ladder(protocol_name, levels, start, p_dlt)
    measured_by, is_default = choose_target(named, target)
    shared = freeze_lists(parse_settings(settings))
    patients, said = _choose_patients(named, ladder, shared, max_patients)
    contenders = make_contenders(
        named, ladder, shared=shared, target=measured_by, max_patients=patients
    )
    check_p_moderate(p_moderate, [contender.design for contender in contenders])
    asked = choose_scenarios(ladder, p_dlt, scenario_file)
    question = Question(protocol=ladder, asked=asked, p_moderate=p_moderate)
    limits = None if interval is None else parse_interval(interval)
    if diff:
        return _differences(question, contenders, measured_by, limits, by)
    work = work_of(len(contenders), len(question.scenarios), trials)
    with worker_pool(workers) as executor, progress_bar(work, "comparing") as progress:
        results = list(
            compare_designs(
                contenders,
                question.scenarios,
                target=measured_by,
                interval=limits,
                method=method,
                trials=trials,
                seed=seed,
                p_moderate=p_moderate,
                executor=executor,
                max_states=most_states,
                progress=progress,
                tell=say_size,
            )
        )
    if plot is not None:
        _plot(plot, question, contenders, results)
    notes = f"Target P(DLT) {measured_by:g}{' (default)' * is_default}.{said}"
    if p_moderate is not None:
        notes += f" {describe_p_moderate(p_moderate)}."
    if report is not None:
        write_comparison_report(
            report,
            template,
            question,
            Compared(contenders=contenders, results=results, notes=notes),
            is_default=is_default,
            interval=limits,
            trials=trials,
            seed=seed,
        )
    view = view_comparison(question, contenders, results, notes)
    return replace(view, figures=partial(_figures, question.protocol, contenders, results))


def _figures(
    protocol: Protocol, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> Iterable[Figure]:
    from simulations.plots.pictures import figures_of_comparison  # matplotlib

    return figures_of_comparison(protocol, contenders, results)


def _check_diff(
    by: str | None, plot: Path | None, report: Path | None, method: CompareMethod, *, diff: bool
) -> None:
    """Refuse options that have no meaning with --diff, or none without it."""
    if by is not None and not diff:
        raise click.UsageError("--by says what --diff explains; give --diff too")
    if diff and plot is not None:
        raise click.UsageError("--plot draws a comparison; --diff has no picture")
    if diff and report is not None:
        raise click.UsageError("--report is of a comparison; --diff has none")
    if diff and method == "monte-carlo":
        raise click.UsageError("--diff is exact; it takes no --method monte-carlo")


def _choose_patients(
    named: Sequence[NamedDesign],
    ladder: Protocol,
    shared: Mapping[str, Any],
    given: int | None,
) -> tuple[int, str]:
    """Return the patients of a design that needs a number, and what to say of them."""
    planned = ladder.planned_patients
    patients = given or planned or DEFAULT_PATIENTS
    needing = [one for one in named if one.lacks("max_patients", shared)]
    if not needing:
        return patients, ""
    why = "" if given else ", as the protocol plans" if planned else " (default)"
    rounded = {whole_cohorts(patients, {**shared, **one.own}) for one in needing} - {patients}
    whole = f"; {' or '.join(map(str, sorted(rounded)))} in whole cohorts" if rounded else ""
    return patients, f" Where a design needs a number of patients: {patients}{why}{whole}."


def _differences(
    question: Question,
    contenders: Sequence[Contender],
    target: float,
    interval: tuple[float, float] | None,
    by: str | None,
) -> View:
    """Follow two designs to where they part, under each scenario."""
    from simulations.compare.differences import find_differences
    from simulations.reports.differences import figures_by_name, view_differences

    first, second = (contender.design for contender in contenders)
    found = find_differences(first, second, p_moderate=question.p_moderate)
    results = []
    with progress_bar(len(question.scenarios), "following both") as progress:
        for scenario in question.scenarios:
            results.append(found.under(scenario.p_dlt, target=target, interval=interval))
            if progress is not None:
                progress(1)
    figures = figures_by_name(results[0], question.protocol)
    if by is not None and by not in figures:
        raise InputError(f"--by: no figure is called {by!r}; {did_you_mean(by, figures)}")
    explained = None if by is None else figures[by]
    return view_differences(
        question, contenders, found, results, target=target, interval=interval, by=explained
    )


def _plot(
    path: Path,
    question: Question,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
) -> None:
    """Draw a comparison to a file."""
    from simulations.plots import (  # matplotlib, for a picture only
        plot_comparison_pages,
        provenance_of_comparison,
        save_figure,
    )
    from simulations.reports.comparison import describe_contenders

    provenance = provenance_of_comparison(
        results,
        design="; ".join(describe_contenders(contenders)),
        protocol=question.protocol.name,
        digest=question.protocol.digest,
        trial=question.protocol.title or "",
    )
    say_written(*save_figure(plot_comparison_pages(results, provenance), path, provenance))
