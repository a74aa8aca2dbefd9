"""`--report FILE` of `simulate` and `compare`: the appendix of a protocol as a document."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.documents import check_document, dated, template_option
from escalation.cli.options import typed_again
from escalation.cli.show import say_written
from escalation.designs.walk import TooManyStatesError
from escalation.files import replacing
from escalation.protocol import Protocol
from escalation.protocol.defaults import DEFAULT_PATIENTS
from escalation.reports.documents import Template, write_document
from escalation.reports.view import Block, Figure
from simulations.cli.contenders import choose_target, make_contenders, parse_design
from simulations.cli.progress import in_steps, progress_bar

if TYPE_CHECKING:
    from simulations.compare.result import Contender
    from simulations.engines.results import ScenarioResult
    from simulations.graph.transitions import TransitionGraph
    from simulations.questions.question import Question
    from simulations.reports.design_report import Basis, Compared
    from simulations.reports.worst_case import Searched

__all__ = [
    "check_report",
    "report_option",
    "write_comparison_report",
    "write_simulation_report",
]

Command = Callable[..., Any]

PLANNED = "planned"
BESIDE = ("3+3", "declare", "boin")  # what a design is usually asked to be better than
MOST_STATES, MOST_LEVELS = 20_000, 20  # whose worst case is found in seconds
_STEPS = 200  # of a bar, for one search or kind of picture
_DRAWN = ("F2", "F3")  # of many pages
_FILES = {"report", "template", "plot", "keep", "output", "form", "as_json", "as_csv", "workers"}


def report_option(command: Command) -> Command:
    """Add --report and --template."""
    report = click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Also write a protocol's appendix: .html, .docx (Word) or .pdf.",
    )
    return report(template_option(command))


def check_report(report: Path | None, template: Template | None) -> None:
    """Refuse a file that cannot be written before the work is begun."""
    if report is not None:
        check_document(report, template)
    elif template is not None:
        raise click.UsageError("--template is for the file of --report")


def write_simulation_report(
    report: Path,
    template: Template | None,
    question: Question,
    results: Sequence[ScenarioResult],
    graph: TransitionGraph,
    *,
    target: float | None,
    trials: int,
    seed: int,
    executor: Executor | None,
) -> None:
    """Write the report of one design, with the usual alternatives beside it."""
    from simulations.compare.result import Contender
    from simulations.reports.design_report import Basis

    design = question.protocol.design
    given = design.target if target is None else target
    measured_by, is_default = choose_target([], given)
    planned = Contender(label=PLANNED, design=design)
    said = ", the design's own" * (target is None) + ", as asked for" * (target is not None)
    with progress_bar(2 * _STEPS, "searching worst cases") as progress:
        searched = _search(question, measured_by, None, seed, progress)
    basis = Basis(
        question=question,
        designs=[planned],
        target=measured_by,
        target_from=" (default)" if is_default else said,
        results=results,
        checked=_checked(question, graph, results, seed),
        compared=_compare(
            question, planned, measured_by, trials=trials, seed=seed, executor=executor
        ),
        searched={PLANNED: searched},
        seed=seed,
        trials=trials,
        command=_command(),
    )
    _write(report, template, basis)


def _checked(
    question: Question, graph: TransitionGraph, results: Sequence[ScenarioResult], seed: int
) -> Sequence[ScenarioResult]:
    """Return what is held against each other: by many trials, where the graph has them all."""
    from simulations.engines.self_check import sharpen

    backfill = question.protocol.backfill
    is_of_graph = backfill.max_per_level is None or backfill.counted == "never"
    return sharpen(graph, results, seed=seed) if graph.is_whole and is_of_graph else results


def write_comparison_report(
    report: Path,
    template: Template | None,
    question: Question,
    compared: Compared,
    *,
    is_default: bool,
    interval: tuple[float, float] | None,
    trials: int,
    seed: int,
) -> None:
    """Write the report of designs compared."""
    from simulations.reports.design_report import Basis

    target = compared.results[0].target
    asked = list(_questions(question, compared.contenders))
    searched: dict[str, Searched | str] = {}
    with progress_bar(2 * _STEPS * len(asked), "searching worst cases") as progress:
        for label, one in asked:
            searched[label] = _search(one, target, interval, seed, progress)
    basis = Basis(
        question=question,
        designs=compared.contenders,
        target=target,
        target_from=" (default)" * is_default,
        compared=compared,
        searched=searched,
        seed=seed,
        trials=trials,
        command=_command(),
    )
    _write(report, template, basis)


def _questions(
    question: Question, contenders: Sequence[Contender]
) -> Iterator[tuple[str, Question]]:
    """Yield what is asked about each design on the ladder, by its label."""
    for one in contenders:
        counts = question.p_moderate if one.design.asks_moderate else None
        protocol = replace(question.protocol, design=one.design)
        yield one.label, replace(question, protocol=protocol, p_moderate=counts)


def _compare(
    question: Question,
    planned: Contender,
    target: float,
    *,
    trials: int,
    seed: int,
    executor: Executor | None,
) -> Compared | str:
    """Put the usual alternatives beside a design."""
    from simulations.compare.run import compare_designs, work_of
    from simulations.reports.design_report import Compared

    if question.cohorts:
        return "Designs are compared from the start of a trial; this one continues from data."
    contenders = [planned, *_alternatives(question.protocol, planned, target)]
    work = work_of(len(contenders), len(question.scenarios), trials)
    with progress_bar(work, "comparing") as progress:
        results = list(
            compare_designs(
                contenders,
                question.scenarios,
                target=target,
                trials=trials,
                seed=seed,
                p_moderate=question.p_moderate,
                executor=executor,
                progress=progress,
            )
        )
    notes = (
        "The usual alternatives stand beside the planned design, on the same ladder and with as "
        "many patients where they need a number."
    )
    return Compared(contenders=contenders, results=results, notes=notes)


def _alternatives(protocol: Protocol, planned: Contender, target: float) -> Iterator[Contender]:
    patients = planned.design.max_patients or protocol.planned_patients or DEFAULT_PATIENTS
    for word in BESIDE:
        (made,) = make_contenders(
            [parse_design(word)], protocol, shared={}, target=target, max_patients=patients
        )
        if made.design != planned.design and not made.design.asks_moderate:
            yield made


def _search(
    question: Question,
    target: float,
    interval: tuple[float, float] | None,
    seed: int,
    progress: Callable[[int], None] | None,
) -> Searched | str:
    """Search for the worst curves, where that takes seconds; two searches of ``_STEPS`` each."""
    from simulations.compare.metrics import target_interval
    from simulations.questions.engine import exact_engine
    from simulations.questions.worst_case import worst_overdose, worst_pcs
    from simulations.reports.worst_case import Searched

    too_large = (
        f"The design can reach more than {MOST_STATES:,} states: its worst case is not searched "
        "here."
    )
    try:
        engine = exact_engine(replace(question, max_states=MOST_STATES))
    except TooManyStatesError:
        return too_large
    if engine.n_levels > MOST_LEVELS:
        return (
            f"The ladder has more than {MOST_LEVELS} levels: its worst case is not searched here."
        )
    low, high = target_interval(target, interval)
    separation = min(target - low, high - target)
    told = None if progress is None else in_steps(progress, _STEPS)
    return Searched(
        seed=seed,
        around=None,
        band=None,
        above=high,
        overdose=worst_overdose(engine, high, seed=seed, progress=told),
        target=target,
        separation=separation,
        pcs=worst_pcs(engine, target, separation=separation, seed=seed, progress=told),
    )


def _telling(block: Block, progress: Callable[[int], None]) -> Block:
    """Return a block that tells once its picture has been written."""
    if not isinstance(block, Figure):
        return block

    def draw(form: str) -> bytes:
        content = block.draw(form)
        progress(1)
        return content

    return replace(block, draw=draw)


def _command() -> str:
    words = typed_again(click.get_current_context(), without=_FILES)
    return shlex.join(["escalation", *words, "--report", "FILE"])


def _write(report: Path, template: Template | None, basis: Basis) -> None:
    # matplotlib is loaded for a picture only
    from simulations.plots.design_report import draw_report
    from simulations.reports.design_report import write_report

    with progress_bar(_STEPS * len(_DRAWN), "drawing") as progress:
        told = None if progress is None else in_steps(progress, _STEPS)
        document = write_report(replace(basis, pictures=partial(draw_report, progress=told)))
    n_pictures = sum(isinstance(block, Figure) for block in document.blocks)
    with progress_bar(n_pictures, "writing pictures") as counted:
        if counted is not None:
            blocks = [_telling(block, counted) for block in document.blocks]
            document = replace(document, blocks=blocks)
        content = write_document(dated(document), report.suffix, template)
    with replacing(report, "wb") as file:
        file.write(content)
    say_written(report)
