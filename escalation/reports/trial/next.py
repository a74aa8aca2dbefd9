"""Whether the next patient can be dosed, as a site and a committee read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.protocol import Protocol, format_dose
from escalation.protocol.body_surface import FORMULAS
from escalation.protocol.units import BodySize, find_unit
from escalation.reports.trial.heading import SOLO
from escalation.reports.trial.sentences import say_planned
from escalation.reports.view import GAP, Block, Item, Items, Paragraph, View
from escalation.text import list_briefly
from escalation.trial import NextPatient
from escalation.trial.events import Purpose
from escalation.trial.patients.planned_dose import PlannedDose

__all__ = [
    "next_document",
    "say_amount_for",
    "say_next",
    "say_of",
    "say_place",
    "say_when",
    "view_next",
]


def view_next(
    found: Sequence[NextPatient],
    protocol: Protocol,
    heading: Mapping[str, Any],
    *,
    beside: Sequence[str] = (),
) -> View:
    """Return the view: yes or no first, then where and how much, or what is in the way.

    Parameters
    ----------
    found : sequence of NextPatient
        An answer for each cohort asked about, at least one.
    protocol : Protocol
        In force.
    heading : mapping
        What the document begins with.
    beside : sequence of str
        What else has to be known that day, for people.
    """
    return View(
        page=lambda: _page(found, protocol, beside, solo=bool(heading.get("solo"))),
        document=lambda: {
            **heading,
            **next_document(found[0]),
            "cohorts": [next_document(answer) for answer in found],
        },
        rows=lambda: _rows(found),
    )


def _page(
    found: Sequence[NextPatient], protocol: Protocol, beside: Sequence[str], *, solo: bool
) -> Iterator[Block]:
    for place, answer in enumerate(found):
        if len(found) > 1:
            yield from (GAP,) if place else ()
            yield Paragraph(f"{say_of(answer)}:")
        yield from _answer(answer, protocol)
    yield from (Paragraph(f"Warning: {note}", "  ") for note in found[0].notes)
    yield from (Paragraph(text, "  ") for text in beside)
    if solo:
        yield Paragraph(SOLO, "  ")


def say_of(found: NextPatient) -> str:
    """Say which cohort an answer is about."""
    return f"Cohort {found.cohort}, {found.purpose}, level {found.level}"


def _answer(found: NextPatient, protocol: Protocol) -> Iterator[Block]:
    place = say_place(found, protocol)
    yield Paragraph(say_next(found), "  ")
    if found.yes:
        yield from (Paragraph(text, "  ") for text in place)
        return
    if found.obstacles:
        yield Items([Item(text=obstacle.text) for obstacle in found.obstacles], bullet="  - ")
    if found.slot is not None:
        yield Paragraph(f"Then {found.subject or 'the next patient'}:")
        yield from (Paragraph(text, "    ", "  ") for text in place)


def say_next(found: NextPatient) -> str:
    """Say whether the next patient can be dosed or, where not, from when on."""
    if not found.yes:
        return f"No. {say_when(found)}"
    return f"Yes. {found.subject or 'The next patient'} can be dosed on {found.on}."


def _rows(found: Sequence[NextPatient]) -> Iterator[Sequence[object]]:
    for place, one in enumerate(found):
        answer = next_document(one)
        obstacles = answer.pop("obstacles") or [{}]
        answer["not_known"] = " ".join(answer["not_known"])
        answer["notes"] = " ".join(answer["notes"])
        said = answer["in_screening"].items()
        answer["in_screening"] = ", ".join(f"{name}: {verdict}" for name, verdict in said)
        if not place:
            yield *answer, "obstacle", "until", "decision"
        for obstacle in obstacles:
            told = (obstacle.get("text"), obstacle.get("until"), obstacle.get("decision"))
            yield *answer.values(), *told


def say_when(found: NextPatient) -> str:
    """Say from when on it is possible, where it is not now."""
    if found.earliest is not None:
        but = ", and only after a decision" if found.needs_decision else ""
        return f"Not before {found.earliest}{but}."
    return (
        "It takes a decision of the committee." if found.needs_decision else "No date can be given."
    )


def say_place(found: NextPatient, protocol: Protocol, *, ask: bool = True) -> list[str]:
    """Say at which level, how much, and which place of the cohort.

    Where a weight or a height is missing, ``ask`` for it as the command line does.
    """
    if found.level is None or found.planned is None:
        return []
    said = protocol.describe_level(protocol.labels.index(found.level))
    said = f"{said[0].upper()}{said[1:]}"
    said += say_amount_for(found, found.planned, protocol, ask=ask)
    lines = [f"{said}."]
    if found.slot is not None:
        beside = "" if found.purpose is Purpose.ESCALATION else f" ({found.purpose})"
        lines.append(f"Cohort {found.cohort}{beside}, patient {found.slot} of {found.n_opened}.")
    if found.subject is None:
        lines.append("Nobody waits in the cohort: enrol the patient first.")
        if found.in_screening:
            each = [f"{name} ({verdict})" for name, verdict in found.in_screening]
            lines.append(f"In screening: {list_briefly(each)}.")
    return lines


def say_amount_for(
    found: NextPatient, planned: PlannedDose, protocol: Protocol, *, ask: bool = True
) -> str:
    """Say what the dose comes to for the patient, or what is missing to say it."""
    if planned.dose is None:
        return ""
    if planned.is_unread:
        return f'; no amount is planned, since the unit "{protocol.unit}" cannot be read'
    if planned.amount is None:
        named = " and ".join(f"the {name}" for name in planned.missing)
        options = " and ".join(_OPTIONS[name] for name in planned.missing)
        them = "it" if len(planned.missing) == 1 else "them"
        return f"; the amount depends on {named}" + f", give {them} with {options}" * ask
    if planned.per is BodySize.PATIENT and not planned.capped:
        return ""
    said = f": {say_planned(planned.amount, find_unit(protocol.unit))} {planned.unit}"
    if planned.per is not BodySize.PATIENT and found.weight_kg is not None:
        said += f" for {format_dose(found.weight_kg)} kg"
    if planned.surface_m2 is not None and found.height_cm is not None:
        name, *_ = FORMULAS[protocol.dosing.body_surface]
        said += f" and {format_dose(found.height_cm)} cm, {planned.surface_m2:.3f} m2 by {name}"
    return f"{said}, which is the cap" if planned.capped else said


_OPTIONS = {"weight": "--weight KG", "height": "--height CM"}


def next_document(found: NextPatient) -> dict[str, Any]:
    """Return the answer under JSON names."""
    planned, earliest = found.planned, found.earliest
    return {
        "on": found.on.isoformat(),
        "yes": found.yes,
        "earliest": None if earliest is None else earliest.isoformat(),
        "needs_decision": found.needs_decision,
        "subject": found.subject,
        "level": found.level,
        "dose": None if planned is None else planned.dose,
        "amount": None if planned is None else planned.amount,
        "unit": None if planned is None else planned.unit,
        "capped": None if planned is None else planned.capped,
        "weight_kg": found.weight_kg,
        "height_cm": found.height_cm,
        "surface_m2": None if planned is None else planned.surface_m2,
        "not_known": [] if planned is None else list(planned.missing),
        "cohort": found.cohort,
        "slot": found.slot,
        "n_opened": found.n_opened,
        "purpose": found.purpose,
        "notes": list(found.notes),
        "in_screening": dict(found.in_screening),
        "obstacles": [
            {
                "text": obstacle.text,
                "until": None if obstacle.until is None else obstacle.until.isoformat(),
                "decision": obstacle.decision,
            }
            for obstacle in found.obstacles
        ],
    }
