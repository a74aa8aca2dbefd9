"""Pictures of whole results, each with words that say what there is to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from escalation.designs import describe_design
from escalation.figures.layout import shares_of
from escalation.figures.picture import Picture
from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol, describe_decision
from escalation.reports.view import Figure
from simulations.compare.result import Contender, ScenarioComparison
from simulations.engines.results import ScenarioResult
from simulations.plots.averages import plot_curve_averages
from simulations.plots.comparison import plot_comparison, provenance_of_comparison
from simulations.plots.page import plot_page
from simulations.plots.paths import plot_paths
from simulations.plots.provenance import provenance_of
from simulations.plots.sensitivity import plot_tornado
from simulations.questions.averages import Averages
from simulations.questions.paths import PathNode
from simulations.questions.question import Question
from simulations.questions.sensitivity import Tornado
from simulations.reports.comparison import describe_contenders
from simulations.words import in_words

__all__ = [
    "figures_of_characteristics",
    "figures_of_comparison",
    "picture_averages",
    "picture_characteristics",
    "picture_comparison",
    "picture_paths",
    "picture_tornado",
    "say_characteristics",
    "say_comparison",
]

ON_A_FIGURE = 6  # scenarios; as many fill a page
Result = TypeVar("Result", ScenarioResult, ScenarioComparison)


def picture_characteristics(
    question: Question, results: Sequence[ScenarioResult], target: float | None
) -> Picture:
    """Draw the page of one design, and say of each scenario how most trials end."""
    protocol = question.protocol
    provenance = provenance_of(
        results,
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        note=question.whose_patients(),
    )
    figure = plot_page(results, provenance, level_names=protocol.axis_names, target=target)
    return Picture(figure, say_characteristics(protocol, results))


def figures_of_characteristics(
    question: Question, results: Sequence[ScenarioResult], target: float | None
) -> Iterator[Figure]:
    """Yield figures of one design, each of a few scenarios, drawn when asked for."""
    for some, which in _parts(results):
        yield Figure(
            f"Operating characteristics{which}",
            say_characteristics(question.protocol, some),
            partial(_write, picture_characteristics, question, some, target),
        )


def figures_of_comparison(
    protocol: Protocol, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> Iterator[Figure]:
    """Yield figures of a comparison, each of a few scenarios, drawn when asked for."""
    for some, which in _parts(results):
        yield Figure(
            f"Designs compared{which}",
            say_comparison(some),
            partial(_write, picture_comparison, protocol, contenders, some),
        )


def _parts(results: Sequence[Result]) -> Iterator[tuple[Sequence[Result], str]]:
    """Yield the results of a figure each, and which of them they are in words."""
    parts = shares_of(len(results), ON_A_FIGURE)
    for number, rows in enumerate(parts, start=1):
        yield results[rows], f", part {number} of {len(parts)}" if len(parts) > 1 else ""


def _write(picture: Callable[..., Picture], *given: Any) -> bytes:
    *of, form = given
    return picture(*of).write(form)


def say_characteristics(protocol: Protocol, results: Sequence[ScenarioResult]) -> str:
    """Say what there is to see on the page of one design."""
    ends = [*(f"level {label}" for label in protocol.labels), "no MTD"]
    said = []
    for result in results:
        found = result.best
        share, end = max(zip([*found.p_select.tolist(), found.p_no_mtd], ends, strict=True))
        said.append(
            f"under {result.scenario.name} the most frequent end is {end}, {100 * share:.0f} %, "
            f"with {found.sample_size.mean:.1f} patients on average"
        )
    return (
        "A line for each scenario's P(DLT) by dose level; below, a row a scenario with bars for "
        "the level selected, the patients and DLTs by level, and the sample size: "
        f"{'; '.join(said)}."
    )


def picture_comparison(
    protocol: Protocol, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> Picture:
    """Draw a comparison, and say the correct selection of each design."""
    provenance = provenance_of_comparison(
        results,
        design="; ".join(describe_contenders(contenders)),
        protocol=protocol.name,
        digest=protocol.digest,
    )
    return Picture(plot_comparison(results, provenance), say_comparison(results))


def say_comparison(results: Sequence[ScenarioComparison]) -> str:
    """Say what there is to see where designs are compared."""
    said = [
        f"under {result.scenario.name}, "
        + ", ".join(f"{one.label} {100 * one.metrics['pcs']:.0f} %" for one in result.designs)
        for result in results
    ]
    return (
        "Points, a row a design, in a block a scenario: correct selection, selection of a level "
        "above the target, and patients treated above it, with the optimal benchmark as a dashed "
        f"line. Correct selection {'; '.join(said)}."
    )


def picture_tornado(question: Question, scenario: str, moved: Tornado, band: float) -> Picture:
    """Draw a tornado, and say between what each level's P(DLT) moves the characteristic."""
    protocol = question.protocol
    axes = plot_tornado(
        moved,
        level_names=protocol.axis_names,
        design=question.plotted_design(),
        scenario=scenario,
    )
    ends = zip(protocol.labels, moved.at_low.tolist(), moved.at_high.tolist(), strict=True)
    said = ", ".join(f"level {label} from {low:.3g} to {high:.3g}" for label, low, high in ends)
    name = in_words(
        moved.figure, None if moved.level is None else str(protocol.labels[moved.level])
    )
    return Picture(
        axes,
        f"Tornado: {name}, {moved.value:.3g} under {scenario}, when the P(DLT) of one level at a "
        f"time goes from {band:g} lower to {band:g} higher: {said}.",
    )


def picture_averages(question: Question, averages: Averages, curves: str) -> Picture:
    """Draw averages over curves, and say how correct selection spreads."""
    axes = plot_curve_averages(
        averages,
        level_names=question.protocol.axis_names,
        design=question.plotted_design(),
        prior=curves,
    )
    pcs = averages.summary()["pcs"]
    return Picture(
        axes,
        f"Correct selection and selection above the target over {curves}, by the level that is "
        f"correct. Correct selection is {100 * pcs.mean:.0f} % on average, and from "
        f"{100 * pcs.quantiles[0]:.0f} % to {100 * pcs.quantiles[-1]:.0f} % on nine curves of ten.",
    )


def picture_paths(question: Question, tree: Sequence[PathNode], scenario: str) -> Picture:
    """Draw the tree of what can happen, and say what follows the next cohort."""
    protocol = question.protocol
    axes = plot_paths(
        tree,
        level_names=protocol.axis_names,
        design=question.plotted_design(),
        scenario=scenario,
    )
    after = f" after {format_outcomes(question.cohorts)}" if question.cohorts else ""
    said = " ".join(
        f"{child.n_dlts} of {child.n_patients}: {describe_decision(child.decision, protocol)}"
        for root in tree
        for child in root.children
    )
    return Picture(
        axes,
        f"Tree of what can happen{after}, left to right, a branch for each number of DLTs in the "
        f"next cohort. DLTs in the first of them: {said}",
    )
