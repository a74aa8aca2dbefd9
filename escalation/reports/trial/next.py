"""Whether the next patient can be dosed, as a site and a committee read it."""

from __future__ import annotations

from typing import Any

from escalation.protocol import Protocol, format_dose
from escalation.reports.trial.sentences import say_amount
from escalation.text import paragraph
from escalation.trial import NextPatient

__all__ = ["next_document", "next_lines"]


def next_lines(found: NextPatient, protocol: Protocol) -> list[str]:
    """Return the answer as lines: yes or no first, then where and how much, or what is in the way.

    Parameters
    ----------
    found : NextPatient
    protocol : Protocol
        In force.
    """
    place = _place(found, protocol)
    if found.yes:
        return [
            *paragraph(f"Yes. {found.subject or 'The next patient'} can be dosed on {found.on}."),
            *(row for text in place for row in paragraph(text)),
        ]
    lines = paragraph(f"No. {_when(found)}")
    for obstacle in found.obstacles:
        lines += paragraph(obstacle.text, "  - ", "    ")
    if found.slot is not None:
        who = f"Then {found.subject}:" if found.subject else "Then the next patient:"
        lines += [who, *(row for text in place for row in paragraph(text, "  ", "    "))]
    return lines


def _when(found: NextPatient) -> str:
    if found.earliest is not None:
        but = ", and only after a decision" if found.needs_decision else ""
        return f"Not before {found.earliest}{but}."
    return (
        "It takes a decision of the committee." if found.needs_decision else "No date can be given."
    )


def _place(found: NextPatient, protocol: Protocol) -> list[str]:
    """Say at which level, how much, and which place of the cohort."""
    if found.level is None or found.planned is None:
        return []
    planned = found.planned
    said = protocol.describe_level(protocol.labels.index(found.level))
    said = f"{said[0].upper()}{said[1:]}"
    if planned.amount is not None and planned.amount != planned.dose:
        said += f": {say_amount(planned.amount)} {planned.unit}"
        said += "" if found.weight_kg is None else f" for {format_dose(found.weight_kg)} kg"
        said += ", which is the cap" if planned.capped else ""
    elif planned.dose is not None and planned.amount is None:
        said += "; the amount depends on the weight, give it with --weight KG"
    lines = [f"{said}."]
    if found.slot is not None:
        lines.append(f"Cohort {found.cohort}, patient {found.slot} of {found.n_opened}.")
    if found.subject is None:
        lines.append("Nobody waits in the cohort: enrol the patient first.")
    return lines


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
        "cohort": found.cohort,
        "slot": found.slot,
        "n_opened": found.n_opened,
        "obstacles": [
            {
                "text": obstacle.text,
                "until": None if obstacle.until is None else obstacle.until.isoformat(),
                "decision": obstacle.decision,
            }
            for obstacle in found.obstacles
        ],
    }
