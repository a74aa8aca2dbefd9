"""The trial's office: roles, enrolment held and resumed, another protocol, and the end."""

from __future__ import annotations

from functools import partial

from escalation.errors import RefusedError
from escalation.labels import Label
from escalation.protocol import Protocol, load_protocol, shipped_protocols
from escalation.protocol.file import MAX_BYTES, parse_protocol
from escalation.tracker import Command
from escalation.trial import (
    TrialState,
    amend_protocol,
    close_trial,
    delegate_role,
    hold_enrolment,
    resume_enrolment,
    revoke_role,
)
from escalation.trial.events import Role
from escalation.web.acts.base import Act
from escalation.web.acts.fields import TODAY, choice, chosen, day, line, paragraph, radio
from escalation.web.acts.uploads import upload

__all__ = ["Amend", "Close", "Delegate", "Hold", "Resume", "Revoke", "read_protocol"]

OFFICE = "Office"
ROLES = {
    Role.SITE: "site: records patients",
    Role.MEMBER: "member: votes",
    Role.CHAIR: "chair: votes, overrides the rule, approves",
    Role.STATISTICIAN: "statistician: records and proposes decisions",
    Role.AUDITOR: "auditor: reads, and signs as reviewed",
    Role.ADJUDICATOR: "adjudicator: rules on adverse events and on who counts",
}


class Delegate(Act):
    """A role is given to a person."""

    name = "delegate"
    title = "Give a role"
    group = OFFICE
    task = "delegate roles"

    who = line("Person", "As the record is to name them from now on.", required=True)
    role = radio("Role", choices=[(str(role), said) for role, said in ROLES.items()])
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the delegation."""
        return partial(delegate_role, person=self.who.data or "", role=Role(self.role.data))


class Revoke(Act):
    """A role is taken from a person."""

    name = "revoke"
    title = "Take a role away"
    group = OFFICE
    task = "delegate roles"

    held = chosen("Role")
    reason = paragraph("Reason", required=True)
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer every role that is held."""
        self.held.choices = [
            (f"{role}:{person}", f"{person}: {role}")
            for person, roles in state.roles.items()
            for role in Role
            if role in roles
        ]

    def command(self, state: TrialState) -> Command:
        """Ask for the role to be taken away."""
        role, _, person = (self.held.data or "").partition(":")
        if role not in list(Role):
            raise RefusedError("no role can be taken away", ["Say which one, and whose."])
        return partial(revoke_role, person=person, role=Role(role), reason=self.reason.data or "")


class Hold(Act):
    """Nobody is enrolled or dosed."""

    name = "hold"
    title = "Hold enrolment"
    lead = "Nobody is enrolled or dosed until the chair resumes it."
    group = OFFICE
    task = "hold enrolment"

    reason = paragraph("Reason", required=True)
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the hold."""
        return partial(hold_enrolment, reason=self.reason.data or "")


class Resume(Act):
    """A hold is lifted."""

    name = "resume"
    title = "Resume enrolment"
    lead = "After a hold. A pause by a rule or a death takes a decision of the committee."
    group = OFFICE
    task = "resume enrolment"

    reason = paragraph("Reason", required=True)
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the hold to be lifted."""
        return partial(resume_enrolment, reason=self.reason.data or "")


SHIPPED = [(name, name) for name in shipped_protocols()]


class Amend(Act):
    """The trial goes on under another protocol."""

    name = "amend"
    title = "Amend the protocol"
    lead = "What changes is said on the next page, before anything is recorded."
    group = OFFICE
    task = "amend the protocol"

    file = upload(
        "Protocol",
        "A protocol file (TOML).",
        most_bytes=MAX_BYTES,
        accept=".toml",
        needed=False,
    )
    shipped = choice("Or one that comes with the program", choices=SHIPPED, empty="none")
    reason = paragraph("Reason", required=True)
    reopens = line(
        "Levels to reopen",
        "Labels, with commas between: new levels, or those whose patients so far are no longer to "
        "count. A stop is lifted.",
    )
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the amendment.

        Raises
        ------
        ProtocolError
            With every fault of the file.
        """
        protocol = read_protocol(self.file.data, self.shipped.data)
        named = [one.strip() for one in (self.reopens.data or "").split(",")]
        return partial(
            amend_protocol,
            protocol=protocol,
            reason=self.reason.data or "",
            reopens=tuple(_label(one, protocol) for one in named if one),
        )


def _label(said: str, protocol: Protocol) -> Label:
    known = (label for label in protocol.labels if str(label) == said)
    return next(known, said)  # of a level that is not there, the command says so


def read_protocol(toml: str | None, shipped: str | None) -> Protocol:
    """Read a protocol from what was handed in, or take a shipped one.

    Raises
    ------
    ProtocolError
        With every fault of the file.
    RefusedError
        If neither or both are given.
    """
    if bool(toml) == bool(shipped):
        said = "Hand in a protocol file, or choose one that comes with the program; not both."
        raise RefusedError("no protocol can be read", [said])
    if shipped in shipped_protocols():
        return load_protocol(shipped)
    return parse_protocol((toml or "").encode(), "the file")


class Close(Act):
    """Nobody is treated any more."""

    name = "close"
    title = "Close the trial"
    lead = "Nobody is treated any more. Outcomes, corrections and reviews can still be recorded."
    group = OFFICE
    task = "close the trial"

    reason = paragraph("Reason", required=True)
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the end."""
        return partial(close_trial, reason=self.reason.data or "")
