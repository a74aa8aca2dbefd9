"""What a design would do: scenarios, characteristics, a comparison, the worst case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from escalation.outcomes import format_outcomes
from escalation.reports.view import Block, Heading, Item, Items, Paragraph, Table
from simulations.engines.characteristics import correct_level
from simulations.questions.question import describe_p_moderate, say_left_out
from simulations.reports.comparison import (
    comparison_measures,
    comparison_notes,
    describe_contenders,
    over_scenarios,
)
from simulations.reports.design_report.basis import Basis, Compared, fit, part_of
from simulations.reports.results import summary_table, view_results
from simulations.reports.scenarios import curve_cells
from simulations.reports.worst_case import worst_case_blocks
from simulations.scenarios.scenario import Scenario

__all__ = [
    "characteristics_blocks",
    "comparison_blocks",
    "scenario_blocks",
    "summary_blocks",
    "worst_case_parts",
]


def summary_blocks(basis: Basis) -> Iterator[Block]:
    """Yield what is read first: which level is declared the MTD, and at what cost."""
    yield Paragraph(f"Target P(DLT) {basis.target:g}{basis.target_from}.")
    if basis.results:
        named = [(basis.protocol.design.name, result) for result in basis.results]
        table = summary_table(named, list(map(str, basis.protocol.labels)), basis.target)
        yield from fit(
            replace(table, caption="What the design selects, and at what cost, by scenario")
        )
    elif isinstance(basis.compared, Compared):
        whole = over_scenarios(basis.compared.results)
        caption = "Correct selection, selection and patients above the target, by design"
        yield from fit(replace(whole, caption=caption))
    yield Paragraph(
        "Correct: the level with P(DLT) nearest to the target is declared the MTD, or no MTD where "
        "all are above it; above: a level with P(DLT) above the target is; mean n and DLTs: "
        "expected patients, and patients with a DLT."
    )


def scenario_blocks(basis: Basis) -> Iterator[Block]:
    """Yield the curves assumed, which level is correct on each, and why it is there."""
    question, protocol = basis.question, basis.protocol
    scenarios = question.scenarios
    yield from fit(
        Table(
            [["scenario", *protocol.short_names], *map(curve_cells, scenarios)],
            caption="True P(DLT) assumed at each level",
        )
    )
    rows = [["scenario", "correct", "why"]]
    rows += [[one.name, _correct(basis, one), _why(basis, one)] for one in scenarios]
    yield Table(rows, left=(0, 1), prose=True)
    if question.p_moderate is not None:
        yield Paragraph(f"{describe_p_moderate(question.p_moderate)}.")
    if question.cohorts:
        yield Paragraph(f"The trial continues from {format_outcomes(question.cohorts)}.")


def _correct(basis: Basis, scenario: Scenario) -> str:
    level = correct_level(scenario.p_dlt, basis.target)
    return "no MTD" if level is None else f"level {basis.protocol.short_names[level]}"


def _why(basis: Basis, scenario: Scenario) -> str:
    if scenario.description:
        return scenario.description
    own = not basis.question.asked and basis.protocol.scenarios
    source = dict(basis.protocol.sources).get(f"scenarios.{scenario.name}")
    return f"the protocol's own{f' ({source})' if source else ''}" if own else "as asked for"


def characteristics_blocks(basis: Basis) -> Iterator[Block]:
    """Yield every figure of one design under each scenario, then the picture of them."""
    if not basis.results:
        return
    view = view_results(basis.question, basis.results, basis.target, {})
    yield from _with_lines_joined(part_of(view.page(), basis.protocol))
    yield from basis.pictures(basis, "F2")


def _with_lines_joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks with lines below a table, which are no sentences, as one paragraph."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph) and not block.text.endswith((".", ":")):
            lines.append(block.text)
            continue
        if lines:
            yield Paragraph(f"{'; '.join(lines)}.")
            lines = []
        yield block
    if lines:
        yield Paragraph(f"{'; '.join(lines)}.")


def comparison_blocks(basis: Basis) -> Iterator[Block]:
    """Yield the designs side by side, measure by measure, then the picture of them."""
    compared = basis.compared
    if isinstance(compared, str):
        yield Paragraph(compared)
        return
    yield Items([Item(said) for said in describe_contenders(compared.contenders)])
    yield Paragraph(compared.notes)
    beside = (basis.protocol.backfill.max_per_level, basis.protocol.expansion.n_patients)
    if beside != (None, None):
        yield Paragraph("Backfill and expansion are left out of it.")
    for name, table in comparison_measures(compared.results):
        yield from fit(replace(table, caption=f"{name[0].upper()}{name[1:]}"))
    if len(compared.results) > 1 and basis.results:
        whole = over_scenarios(compared.results)
        yield from fit(replace(whole, caption="Over all scenarios; correct selection in each"))
    _, *notes = comparison_notes(compared.results)  # the first is of figures not shown here
    yield from map(Paragraph, notes)
    yield from basis.pictures(basis, "F3")


def worst_case_parts(basis: Basis) -> Iterator[Block]:
    """Yield the curves under which each design does worst."""
    several = len(basis.searched) > 1
    missing = say_left_out(basis.protocol)
    if basis.searched and missing:
        yield Paragraph(missing)
    for label, searched in basis.searched.items():
        if several:
            yield Heading(f"Design {label}", 4)
        if isinstance(searched, str):
            yield Paragraph(searched)
        else:
            found = worst_case_blocks(basis.protocol, searched)
            yield from part_of(found, basis.protocol, 4 if several else 3)
