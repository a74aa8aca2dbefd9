"""Who holds which role since when, and which roles exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.reports.trial.heading import say_solo, trial_heading
from escalation.reports.view import GAP, Block, Item, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import Recorded, TrialState
from escalation.trial.committee.exclusive import excluded_by
from escalation.trial.events import Role, RoleDelegated, RoleRevoked

__all__ = ["delegation_blocks", "say_rules", "view_roles"]


def view_roles(state: TrialState, trial: str) -> View:
    """Return the view of a trial's roles.

    Parameters
    ----------
    state : TrialState
        As known at the moment asked about.
    trial : str
        Its id.
    """
    return View(
        page=lambda: _page(state),
        document=lambda: {**trial_heading(state, trial), **_document(state)},
        rows=lambda: _rows(state),
    )


def _page(state: TrialState) -> Iterator[Block]:
    solo = say_solo(state)
    if solo is not None:
        yield Paragraph(solo, "  ")
    yield Paragraph(f"Registered by {state.owner}, who may delegate roles.", "  ")
    yield GAP
    heading, *rows = _rows(state)
    if not rows:
        yield Paragraph("Nobody has a role.")
        return
    yield Table(
        [tuple(map(str, heading)), *(tuple(str(cell or "-") for cell in row) for row in rows)],
        left=(0, 1, 2),
        prose=True,
    )
    if state.own_votes and solo is None:
        yield GAP
        yield Paragraph(say_rules(state), "  ")
    if state.conflicts:
        yield Paragraph("Held although they exclude each other:")
        yield Items(
            [
                Item(text=f"{c.person}: {c.role} and {c.other}, from entry {c.seq} on.")
                for c in state.conflicts
            ]
        )


def delegation_blocks(entries: Sequence[Recorded]) -> Iterator[Block]:
    """Yield who gave and took which role, and when, the last first."""
    rows = []
    for entry in reversed(entries):
        match entry.event:
            case RoleDelegated(on=on, person=person, role=role):
                rows.append((str(entry.seq), str(on), entry.by, "gave", person, str(role), ""))
            case RoleRevoked(on=on, person=person, role=role, reason=reason):
                rows.append((str(entry.seq), str(on), entry.by, "took", person, str(role), reason))
    if rows:
        heads = ("entry", "day", "by", "what", "person", "role", "reason")
        caption = "Roles given and taken"
        yield Table([heads, *rows], left=range(1, 7), prose=True, caption=caption)


def say_rules(state: TrialState) -> str:
    """Say what carries a decision, in a trial whose members vote for themselves."""
    rules = state.committee
    chair = ", the chair's among them" if rules.chair_needed else ""
    override = (
        ""
        if rules.override_majority == rules.majority
        else f" A decision against the rule takes more than {rules.override_majority} of them."
    )
    return (
        f"A decision takes {count(rules.quorum, 'vote')}{chair}. More than {rules.majority} of the "
        f"votes for and against must be for it.{override}"
    )


def _rows(state: TrialState) -> Iterator[Sequence[object]]:
    yield "person", "role", "since", "excludes"
    for entry in _held(state):
        yield entry["person"], entry["role"], entry["since"], ", ".join(entry["excludes"])


def _document(state: TrialState) -> dict[str, Any]:
    return {
        "owner": state.owner,
        "roles": _held(state),
        "conflicts": [
            {"entry": c.seq, "person": c.person, "roles": [c.role, c.other]}
            for c in state.conflicts
        ],
    }


def _held(state: TrialState) -> list[dict[str, Any]]:
    """Return every role that is held, person by person in the order of their delegation."""
    return [
        {
            "person": person,
            "role": str(role),
            "since": state.role_since[person, role].isoformat(),
            "excludes": [str(other) for other in excluded_by(role, state.committee)],
        }
        for person, roles in state.roles.items()
        for role in Role
        if role in roles
    ]
