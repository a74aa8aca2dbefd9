"""What follows from an entry, in the words that whoever records it is told: before or after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from escalation.dataclass import dataclass
from escalation.protocol import describe_decision
from escalation.reports.level_table import answer
from escalation.reports.protocol import say_changes
from escalation.reports.screening.eligibility import (
    eligibility_document,
    new_verdict,
    say_eligibility,
)
from escalation.reports.trial.log import entry_document
from escalation.reports.trial.sentences import describe_entry
from escalation.text import as_compared
from escalation.trial import (
    Events,
    Recorded,
    Recorder,
    Remark,
    TrialState,
    departures,
    look_back,
    replay_events,
    rule_says,
    warnings,
)
from escalation.trial.adverse_events.definition import Suggestion
from escalation.trial.adverse_events.verdicts import suggest
from escalation.trial.committee.tally import only_approver, say_count, tally_votes
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    DecisionMade,
    EntryCorrected,
    Signed,
    SignedWithKey,
    SubjectAtSite,
    SubjectRenamed,
    SubjectScreened,
    VoteCast,
)
from escalation.trial.findings.flags import flags_of_entry
from escalation.trial.halts import standing_pauses
from escalation.trial.review.amendments import say_ladder

if TYPE_CHECKING:
    from escalation.plan.eligibility import Eligibility

__all__ = ["Consequences", "consequences", "foresee"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What was recorded, and what is seen since then and was not before.

    Attributes
    ----------
    entries : sequence of Recorded
    said : str
        What the entries say.
    definition : tuple of Suggestion
        What the definition of a DLT says of adverse events that are reported.
    remarks : tuple of (str, Remark)
        What has to be seen now, by its kind: pause, departure, warning, look_back.
    rule : str or None
        What the rule says now, where it said something else.
    votes : str or None
        How the votes on a decision stand, where one was cast; that nobody could approve it.
    changes : tuple of str
        What an amendment changes in the protocol.
    eligibility : mapping of str to Eligibility
        How it stands now with those in screening whom the entries are about.
    after : TrialState
    on : date
        The day they are looked at.
    """

    entries: Sequence[Recorded]
    said: str
    definition: tuple[Suggestion, ...]
    remarks: tuple[tuple[str, Remark], ...]
    rule: str | None
    votes: str | None
    changes: tuple[str, ...] = ()
    eligibility: Mapping[str, Eligibility]
    after: TrialState
    on: date

    @property
    def numbers(self) -> str:
        """Which entries they are: ``Entry 4``, ``Entries 4 and 5``, ``Entries 4 to 9``."""
        first, last = self.entries[0].seq, self.entries[-1].seq
        if first == last:
            return f"Entry {first}"
        return f"Entries {first} {'and' if last == first + 1 else 'to'} {last}"

    @property
    def is_signature(self) -> bool:
        """Whether a signature is among them: the anchor is then kept with what was signed."""
        return isinstance(self.entries[-1].event, Signed | SignedWithKey)

    def lines(self) -> Iterator[str]:
        """Yield what follows, a sentence or two a line."""
        for text in self.changes:
            yield f"Changed: {text}"
        for found in self.definition:
            yield f"Definition of a DLT: {found.text}."
        for subject, judged in self.eligibility.items():
            yield from say_eligibility(subject, judged)
        for kind, remark in self.remarks:
            yield f"{_HEADINGS[kind]}: {remark.text}"
        if self.rule is not None:
            yield f"The rule now says: {self.rule}"
        if self.votes is not None:
            yield self.votes

    def document(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "entries": [entry_document(entry) for entry in self.entries],
            "remarks": [
                {"kind": kind, "entry": remark.entry, "text": remark.text}
                for kind, remark in self.remarks
            ],
            "rule": _rule_document(self.after, self.on),
            **_definition_document(self.definition),
            **self._eligibility_document(),
        }

    def _eligibility_document(self) -> dict[str, Any]:
        if not self.eligibility:
            return {}
        found = self.eligibility.items()
        return {"eligibility": {name: eligibility_document(judged) for name, judged in found}}


def consequences(recorded: Sequence[Recorded], before: TrialState, on: date) -> Consequences:
    """Return what follows from entries.

    Parameters
    ----------
    recorded : sequence of Recorded
        At least one.
    before : TrialState
        As it was when they were recorded.
    on : date
        The day they are looked at.
    """
    after = replay_events(recorded, before)
    renamed = isinstance(recorded[0].event, SubjectRenamed)  # all is as it was, under another id
    last, votes = recorded[-1].event, None
    made = after.find_decision(last.decision if isinstance(last, VoteCast) else recorded[-1].seq)
    if made is not None and isinstance(last, DecisionMade):
        votes = only_approver(after, made)
    elif made is not None:
        votes = f"The decision is {say_count(tally_votes(after, made))}."
    return Consequences(
        entries=recorded,
        said=_say_entries(recorded, after),
        definition=tuple(_definition(recorded, after, on)),
        remarks=()
        if renamed
        else (
            *_reported_before(recorded, after),
            *_flagged(recorded, after),
            *_new_remarks(before, after, on),
        ),
        rule=_new_rule(before, after, on),
        votes=votes,
        changes=tuple(_changes(recorded, after)),
        eligibility=_eligibility(recorded, after, on),
        after=after,
        on=on,
    )


def foresee(events: Events, before: TrialState, recorder: Recorder) -> Consequences:
    """Return what would follow, were these events recorded next; nothing is."""
    recorded = [
        Recorded(seq=seq, at=recorder.at, by=recorder.name, hash="", event=event)
        for seq, event in enumerate(events, start=before.seq + 1)
    ]
    return consequences(recorded, before, recorder.on)


def _eligibility(
    recorded: Sequence[Recorded], after: TrialState, on: date
) -> dict[str, Eligibility]:
    """Return how it stands now with those in screening whom entries are about."""
    charted = (
        entry.event.entry if isinstance(entry.event, EntryCorrected) else entry.seq
        for entry in recorded
    )
    subjects = dict.fromkeys(after.charted[seq] for seq in charted if seq in after.charted)
    found = ((subject, new_verdict(after, subject, on)) for subject in subjects)
    return {subject: judged for subject, judged in found if judged is not None}


def _changes(recorded: Sequence[Recorded], after: TrialState) -> Iterator[str]:
    """Yield what an amendment changes: the ladder first, then every other setting."""
    for made in after.amendments:
        if made.seq >= recorded[0].seq:
            yield from say_ladder(made)
            yield from () if made.before is None else say_changes(made.before, made.after)


def _say_entries(recorded: Sequence[Recorded], after: TrialState) -> str:
    first, last = recorded[0], recorded[-1]
    said = describe_entry(first, after)
    if first is last:
        return said
    screened = isinstance(first.event, SubjectScreened) and last.event.kind != first.event.kind
    alone = screened or first.event.kind not in _PLURALS
    if len(recorded) == 2 and alone:  # one, and what follows from it or came with it
        return f"{said} {describe_entry(last, after)}"
    if any(isinstance(entry.event, SubjectAtSite) for entry in recorded):
        return " ".join(describe_entry(entry, after) for entry in recorded)
    kinds = [_PLURALS.get(entry.event.kind) for entry in recorded]
    counts = (f"{kinds.count(noun)} {noun}" for noun in _PLURALS.values() if noun in kinds)
    began = f"{said} " if first.event.kind not in _PLURALS else ""
    return f"{began}In all: {', '.join(counts)}."


_PLURALS = {
    "subject-enrolled": "enrolments",
    "subject-dosed": "dosings",
    "outcome-recorded": "outcomes",
    "ae-recorded": "adverse events",
    "subject-screened": "people screened",
    "findings-recorded": "entries of results",
    "visit-recorded": "visits",
}
_HEADINGS = {
    "pause": "Enrolment is paused",
    "departure": "Departure",
    "warning": "Warning",
    "look_back": "Seen from now",
}


def _definition(recorded: Sequence[Recorded], after: TrialState, on: date) -> Iterator[Suggestion]:
    """Yield what the definition of a DLT says of an adverse event that was reported just now."""
    for entry in recorded:
        match entry.event:
            case AdverseEventRecorded():
                event = after.find_event(entry.seq)
            case AdverseEventFollowedUp():
                event = after.find_event(entry.event.entry)
            case _:
                continue
        if event is not None:
            yield suggest(after.subjects[after.owners[event.entry]], event, on)


def _reported_before(
    recorded: Sequence[Recorded], after: TrialState
) -> Iterator[tuple[str, Remark]]:
    """Yield which event seems to be one that was reported before: each counts by itself."""
    for entry in recorded:
        event = after.find_event(entry.seq)
        if event is None or not isinstance(entry.event, AdverseEventRecorded):
            continue
        for other in after.subjects[after.owners[event.entry]].events:
            same = as_compared(other.now.term) == as_compared(event.now.term)
            if other.entry < event.entry and same and other.now.started == event.now.started:
                text = (
                    f"Entry {other.entry} reports {other.now.term} of {event.subject} from "
                    f"{event.now.started} already. If it is the same event, follow that one up."
                )
                yield "warning", Remark(entry=entry.seq, text=text)


def _flagged(recorded: Sequence[Recorded], after: TrialState) -> Iterator[tuple[str, Remark]]:
    """Yield what has to be seen in results and visits that are kept as they were recorded."""
    for entry in recorded:
        yield from (("warning", flag) for flag in flags_of_entry(after, entry.seq))


def _definition_document(found: Sequence[Suggestion]) -> dict[str, Any]:
    """Return the first for JSON; nothing where no adverse event was reported."""
    for said in found[:1]:
        until = None if said.until is None else said.until.isoformat()
        document = {"verdict": said.verdict, "rule": said.rule, "until": until, "text": said.text}
        return {"definition": document}
    return {}


def _new_remarks(before: TrialState, after: TrialState, on: date) -> Iterator[tuple[str, Remark]]:
    """Yield what has to be seen now and had not to be before."""

    def pauses(state: TrialState) -> list[Remark]:
        return [Remark(entry=p.entry, text=f"{p.text}.") for p in standing_pauses(state, on)]

    for kind, found in (
        ("pause", pauses),
        ("departure", departures),
        ("warning", lambda state: warnings(state, on)),
        ("look_back", look_back),
    ):
        known = {remark.text for remark in found(before)}
        yield from ((kind, remark) for remark in found(after) if remark.text not in known)


def _new_rule(before: TrialState, after: TrialState, on: date) -> str | None:
    """Say what the rule says, if it says something else than before."""
    if after.protocol is None:
        return None
    now_says = describe_decision(rule_says(after, on), after.protocol)
    if before.protocol is None:
        return now_says
    said = describe_decision(rule_says(before, on), before.protocol)
    return now_says if now_says != said else None


def _rule_document(state: TrialState, on: date) -> dict[str, Any] | None:
    if state.protocol is None:
        return None
    decision = rule_says(state, on)
    return {**answer(state.protocol, decision), "settled": decision.settled}
