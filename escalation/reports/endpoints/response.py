"""Responses at each assessment, by level and disease, with exact limits; who was not assessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from escalation.dataclass import dataclass
from escalation.endpoints import NotAssessed, Responses, Share, Unassessed, count_responses
from escalation.errors import InputError
from escalation.plan import Plan, Response, Visit
from escalation.reports.endpoints.words import flag_blocks, plan_of, say_share
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Heading, Item, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.findings.groups import Group, groups_of, treated_in
from escalation.trial.findings.responses import Assessed, assess, assessment_visits

__all__ = [
    "ResponseTable",
    "response_notes",
    "response_patient_rows",
    "response_rows",
    "responses_in",
    "say_response",
    "view_response",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTable:
    """The responses of a trial as of a day.

    Attributes
    ----------
    response : Response
        Of the plan.
    choices : tuple of str
    visits : tuple of Visit
    patients : tuple of Assessed
    groups : tuple of Group
        Levels, diseases and all.
    on : date
    flags : tuple of str
        What the plan says of gaps in its source.
    """

    response: Response
    choices: tuple[str, ...]
    visits: tuple[Visit, ...]
    patients: tuple[Assessed, ...]
    groups: tuple[Group, ...]
    on: date
    flags: tuple[str, ...] = ()

    @property
    def has_data(self) -> bool:
        """Whether anybody has been assessed."""
        return bool(self.found)

    @property
    def found(self) -> list[str]:
        """Every response that occurs."""
        given = (r for one in self.patients for r in one.responses.values())
        return list(dict.fromkeys(r for r in given if not isinstance(r, Unassessed)))

    def count(self, group: Group, visit: Visit) -> Responses:
        """Count a group's responses at a visit."""
        return count_responses(
            [o.responses[visit.name] for o in self.patients if o.subject in group.subjects],
            choices=list(dict.fromkeys([*self.choices, *self.found])),
            responders=self.response.responders,
            not_assessed=NotAssessed(self.response.not_assessed),
            confidence=float(self.response.confidence),
        )


def responses_in(state: TrialState, plan: Plan, on: date) -> ResponseTable:
    """Return the responses of everybody who was dosed, as of a day.

    Raises
    ------
    InputError
        For a plan that says nothing of response.
    """
    if plan.response is None:
        raise InputError(f"plan {plan.name} says nothing of response: it has no table [response]")
    test = plan.find_test(plan.response.test)
    return ResponseTable(
        response=plan.response,
        choices=("CR", "PR", "other") if test is None or not test.choices else test.choices,
        visits=tuple(assessment_visits(plan, plan.response)),
        patients=tuple(assess(state, plan, plan.response, on)),
        groups=tuple(groups_of(state, treated_in(state), diseases=True)),
        on=on,
        flags=(*plan.response.flags, *(() if test is None else test.flags)),
    )


def view_response(state: TrialState, trial: str, on: date) -> View:
    """Return the view of a trial's responses.

    Parameters
    ----------
    state : TrialState
    trial : str
        Its id.
    on : date
        The day it is looked at: which assessments were due depends on it.

    Raises
    ------
    InputError
        For a trial without a plan, or whose plan says nothing of response.
    """
    table = responses_in(state, plan_of(state), on)
    return View(
        page=lambda: _page(state, table, trial),
        document=lambda: {**trial_heading(state, trial), **_document(table)},
        rows=lambda: _rows(table),
        columns=_COLUMNS,
    )


def say_response(table: ResponseTable) -> str:
    """Say what the tables rest on, and what becomes of who was not assessed."""
    responders = " or ".join(table.response.responders)
    kept = "do not count in proportions"
    if table.response.not_assessed == "counted":
        kept = "count as not having responded"
    return (
        f"{count(len(table.patients), 'treated patient')}, as of {table.on}. Responders: "
        f"{responders}. Patients who were due and not assessed {kept}. Proportions with exact "
        f"two-sided {100 * table.response.confidence:g} % limits (Clopper-Pearson)."
    )


def _page(state: TrialState, table: ResponseTable, trial: str) -> Iterator[Block]:
    yield Paragraph(f"Trial {trial} after entry {state.seq}. {say_response(table)}", "  ")
    yield from flag_blocks(table.flags)
    if not table.patients:
        yield Paragraph("Nobody has been dosed.", "  ")
        return
    yield GAP
    yield Heading("By visit: patients")
    yield Table(list(response_rows(table)), n_labels=1)
    yield GAP
    yield Heading("By patient")
    yield Table(list(response_patient_rows(table)), left=range(2 + len(table.visits)))
    notes = response_notes(table)
    if notes:
        yield GAP
        yield Heading("To be known of single assessments")
        yield Items(notes)


def response_rows(table: ResponseTable) -> Iterator[Sequence[str]]:
    """Yield a row a group at each visit."""
    choices = list(dict.fromkeys([*table.choices, *table.found]))
    yield ["", *choices, "not assessed", "not due", "responders (limits)"]
    for visit in table.visits:
        yield [f"{visit.label}, day {visit.day}" if visit.label else visit.name]
        for group in table.groups:
            found = table.count(group, visit)
            yield [
                f"  {group.name}",
                *(str(found.shares[choice].count) for choice in choices),
                str(found.n_not_assessed),
                str(found.n_not_due),
                say_share(found.responded),
            ]


def response_patient_rows(table: ResponseTable) -> Iterator[Sequence[str]]:
    """Yield a row a patient, a column a visit."""
    yield ["patient", "level", *(visit.name for visit in table.visits)]
    for one in table.patients:
        yield [one.subject, str(one.level), *(str(r) for r in one.responses.values())]


def response_notes(table: ResponseTable) -> list[Item]:
    """Return what has to be known of assessments, a patient an item."""
    said = (
        (one.subject, [f"{visit} {note}" for visit, note in one.notes.items()])
        for one in table.patients
    )
    return [Item(text=f"{subject}: {'; '.join(notes)}.") for subject, notes in said if notes]


# ---------------------------------------------------------------- rows and JSON

_COLUMNS = {
    "group": "level, disease or all",
    "label": "of the level or disease",
    "visit": "as the plan names it",
    "day": "of the visit, since the infusion",
    "response": '"responders" for all who count as such',
    "n": "patients with it",
    "among": "the denominator",
    "proportion": "n/among",
    "lower": "exact limit",
    "upper": "exact limit",
    "n_not_assessed": "patients who were due and not assessed",
    "n_not_due": "patients whose assessment is still to come",
}


def _rows(table: ResponseTable) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    for group in table.groups:
        for visit in table.visits:
            found = table.count(group, visit)
            for name, share in [*found.shares.items(), ("responders", found.responded)]:
                yield (
                    *(group.kind, group.label, visit.name, visit.day, name),
                    *(share.count, share.among, share.proportion, share.lower, share.upper),
                    *(found.n_not_assessed, found.n_not_due),
                )


def _document(table: ResponseTable) -> dict[str, Any]:
    return {
        "on": table.on.isoformat(),
        "test": table.response.test,
        "responders": list(table.response.responders),
        "confidence": table.response.confidence,
        "not_assessed": table.response.not_assessed,
        "flags": list(table.flags),
        "groups": [
            {
                "kind": group.kind,
                "label": group.label,
                "n_treated": len(group.subjects),
                "visits": [
                    {"visit": visit.name, "day": visit.day}
                    | _responses_document(table.count(group, visit))
                    for visit in table.visits
                ],
            }
            for group in table.groups
        ],
        "patients": [
            {
                "subject": one.subject,
                "level": one.level,
                "disease": one.disease,
                "responses": {name: str(found) for name, found in one.responses.items()},
                "notes": dict(one.notes),
            }
            for one in table.patients
        ],
    }


def _responses_document(found: Responses) -> dict[str, Any]:
    return {
        "among": found.among,
        "n_not_assessed": found.n_not_assessed,
        "n_not_due": found.n_not_due,
        "responses": {name: _share_document(share) for name, share in found.shares.items()},
        "responders": _share_document(found.responded),
    }


def _share_document(share: Share) -> dict[str, Any]:
    limits = None if share.lower is None else [share.lower, share.upper]
    return {"n": share.count, "proportion": share.proportion, "limits": limits}
