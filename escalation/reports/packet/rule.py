"""T8, T11 and T12: the rule from here, what stops or pauses, and who can be dosed when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.protocol import Protocol
from escalation.protocol.expansion import judge_expansion
from escalation.reports.expansion_text import boundary_rule
from escalation.reports.packet.basis import Basis
from escalation.reports.rule.decision_table import decision_table
from escalation.reports.rule.situations import neighbours
from escalation.reports.trial.next import say_amount_for, say_when
from escalation.reports.trial.outlook import describe_outlook, outlook
from escalation.reports.view import Block, Item, Items, Paragraph, Table
from escalation.trial.adverse_events.pauses import judge_pauses
from escalation.trial.beside import declared_mtd, find_closed
from escalation.trial.events import Purpose
from escalation.trial.halts import find_pauses
from escalation.trial.patients.next_patient import NextPatient, next_patient, next_patients
from escalation.trial.rule import counted_tallies, rule_says

__all__ = ["candidate_blocks", "pending_blocks", "rule_blocks", "stopping_blocks"]


def rule_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T8: the row of the decision table, and what the pending can still change."""
    protocol = basis.protocol
    if protocol.design.by_level:
        yield _table_row(basis, protocol)
    else:
        yield Paragraph(
            f"T8 {protocol.design.name} judges all levels together: it has no row of a decision "
            "table. T2 has its estimates."
        )
    yield from pending_blocks(basis)
    yield from basis.pictures(basis, "F3")
    yield from basis.outlook(basis, "F8")


def pending_blocks(basis: Basis) -> Iterator[Block]:
    """Yield what the pending can still change."""
    state, protocol = basis.state, basis.protocol
    lines = list(describe_outlook(outlook(state, basis.on), rule_says(state, basis.on), protocol))
    if lines:
        head = lines.pop(0) if lines[0].endswith(",") else ""
        yield Paragraph(f"What the pending can still change. {head}")
        yield Items([Item(text=line.strip()) for line in lines])
    else:
        yield Paragraph("Nobody is pending who could change it.")


def _table_row(basis: Basis, protocol: Protocol) -> Block:
    """Return what the design does at the current level, once all who were dosed are evaluable."""
    state, design = basis.state, protocol.design
    tallies, last = counted_tallies(state, basis.on), state.last_written()
    level = protocol.labels.index(last[-1].label) if last else design.start
    seen = tallies[level]
    n = seen.n_patients or design.stages[0]
    above, below = neighbours(design, tallies, level)
    fitting = [
        row for row in decision_table(design, sizes=[n]) if (row.above, row.below) == (above, below)
    ]
    alike: dict[tuple[str, str], list[int]] = {}
    for row in fitting:
        answer = row.answer + (f" ({row.phase})" if row.phase else "")
        alike.setdefault((answer, row.clause.text), []).append(row.n_dlts)
    now = f"seen so far: {seen.n_dlts}/{seen.n_evaluable}, {seen.n_pending} pending"
    caption = f"T8 The decision table at level {protocol.labels[level]} with {n} evaluable; {now}"
    if not alike:
        return Paragraph(f"{caption}. The table has no row for the levels beside it as they stand.")
    rows = [(_span(counts, n), *said) for said, counts in alike.items()]
    return Table([("DLTs", "answer", "sentence"), *rows], left=(0, 1, 2), prose=True,
                 caption=caption)  # fmt: skip


def _span(counts: Sequence[int], n: int) -> str:
    first, last = min(counts), max(counts)
    which = f"{first}" if first == last else f"{first} to {last}"
    return f"{which} of {n}".replace(" ", "\N{NO-BREAK SPACE}")


def stopping_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T11: each rule that stops or pauses, and whether it is met."""
    yield Table(
        [("rule", "met", "how it stands"), *_stopping(basis)],
        left=(0, 1, 2),
        prose=True,
        caption="T11 Stopping and pausing rules",
    )


def _stopping(basis: Basis) -> Iterator[Sequence[str]]:
    state, protocol = basis.state, basis.protocol
    decision = rule_says(state, basis.on)
    ends = decision.has_ended
    yield "the rule ends the escalation", _met(ends), decision.clause.text if ends else "it goes on"
    enrolled, cap = state.n_enrolled, protocol.design.max_patients
    if cap is not None:
        yield "the design's patients in all", _met(enrolled >= cap), f"{enrolled} of {cap} enrolled"
    planned = protocol.planned_patients
    if planned is not None and planned != cap:
        full = enrolled >= planned
        yield "the patients planned", _met(full), f"{enrolled} of {planned} enrolled"
    lifted = {pause.entry: pause.lifted for pause in find_pauses(state, basis.on)}
    for status in judge_pauses(state, basis.on):
        name = status.rule.name
        since = [
            f"entry {entry}"
            + ("" if (by := lifted.get(entry)) is None else f", lifted by {by.seq}")
            for entry in status.entries
        ]
        how = status.text + (f" ({'; '.join(since)})" if since else "")
        yield f"pause: {name}", _met(status.met), how
    yield from _beside(basis)
    held = state.held
    if held is not None:
        yield "enrolment held", "yes", f"entry {held.seq}: {getattr(held.event, 'reason', '')}"


def _beside(basis: Basis) -> Iterator[Sequence[str]]:
    state, protocol = basis.state, basis.protocol
    mtd, rule = declared_mtd(state), boundary_rule(protocol.expansion)
    if mtd in protocol.labels and rule is not None:
        seen = state.tallies(Purpose.EXPANSION)[protocol.labels.index(mtd)]
        stands = judge_expansion(protocol.expansion, seen)
        met = "yes" if stands == "reached" else "no" if stands == "not reached" else str(stands)
        yield "the expansion's boundary", met, f"{seen.n_dlts}/{seen.n_evaluable} so far. {rule}"
    for cohort in state.open_cohorts:
        closed = find_closed(state, cohort)
        if cohort.purpose is not Purpose.ESCALATION:
            name = f"{cohort.purpose}, cohort {cohort.number}, level {cohort.level}"
            yield name, _met(bool(closed)), " ".join(closed) or "open"


def _met(met: bool) -> str:  # it is what is said
    return "yes" if met else "no"


def candidate_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T12: who can be dosed next in each cohort, and the first possible days."""
    found = list(_candidates(basis))
    yield Table(
        [("candidate", "cohort", "level", "first possible day", "what stands in the way")]
        + [tuple(_candidate_row(basis, one)) for one in found],
        left=(0, 2, 3, 4),
        prose=True,
        caption=f"T12 Candidates and first possible days, asked on {basis.on}",
    )
    yield from (Paragraph(note) for note in (found[0].notes if found else ()))


def _candidates(basis: Basis) -> Iterator[NextPatient]:
    """Yield an answer for each who waits, and for the next free place of a cohort."""
    state = basis.state
    for answer in next_patients(state, basis.on):
        cohort = None if answer.cohort is None else state.cohorts[answer.cohort - 1]
        waiting = [] if cohort is None else state.undosed(cohort)
        if not waiting:
            yield answer
        for subject in waiting:
            yield next_patient(state, basis.on, subject=subject.id)


def _candidate_row(basis: Basis, found: NextPatient) -> Iterator[str]:
    yield found.subject or "the next patient"
    beside = "" if found.purpose is Purpose.ESCALATION else f" {found.purpose}"
    yield "-" if found.cohort is None else f"{found.cohort}{beside}"
    if found.level is None or found.planned is None or found.level not in basis.protocol.labels:
        yield "-"
    else:
        named = basis.protocol.describe_level(
            basis.protocol.labels.index(found.level), briefly=True
        ).removeprefix("level ")
        known = found.planned.amount is not None
        yield named + (say_amount_for(found, found.planned, basis.protocol) if known else "")
    yield str(found.on) if found.yes else say_when(found).rstrip(".")
    yield " ".join(obstacle.text for obstacle in found.obstacles) or "nothing"
