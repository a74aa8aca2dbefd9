"""Every entry recorded again, on the state just before it: where it says something else, and what.

An entry is right when its command, called for the same person and time on what was known then,
returns it. So whoever rewrites an entry has to rewrite everything that follows from it too, and
cannot make it say what the roles, the gates or the rule did not allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from escalation.dataclass import dataclass
from escalation.errors import EscalationError, RefusedError
from escalation.protocol import Protocol
from escalation.signatures.extra import KeysExtraError
from escalation.trial.adverse_events.verdicts import faults_of_verdict
from escalation.trial.codec import change_event
from escalation.trial.commands import Recorder, Refusal
from escalation.trial.events import (
    AnyEvent,
    DecisionMade,
    EnrolmentResumed,
    EntryCorrected,
    Event,
    HistoryImported,
    OutcomeRecorded,
    Recommendation,
    SubjectDosed,
    SubjectEnrolled,
)
from escalation.trial.evolve import follow
from escalation.trial.halts import before_hold
from escalation.trial.inspection.again import command_of, import_of
from escalation.trial.patients.recording import check_sizes
from escalation.trial.rule import describe_choice
from escalation.trial.state import Recorded, TrialState

__all__ = ["Difference", "inspect_entries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What an entry says and its command would not.

    Attributes
    ----------
    entry : int
    text : str
        A plain sentence, without the entry's number.
    remark : bool
        Whether it may be so in a sound record.
    """

    entry: int
    text: str
    remark: bool = False


def inspect_entries(
    entries: Sequence[Recorded], now: datetime, into: TrialState | None = None
) -> list[Difference]:
    """Record every entry of a trial again, and list what would be otherwise.

    Parameters
    ----------
    entries : sequence of Recorded
        All of a trial's, in order.
    now : datetime
        With its time zone; nothing was recorded after it.
    into : TrialState, optional
        One without entries, which becomes that after all of them.
    """
    found: list[Difference] = []
    covered = 0  # entries up to here were returned with an earlier one
    for state, recorded in follow(entries, into):
        found += _faults_of_time(recorded, now)
        if recorded.seq <= covered:
            continue
        event, at = recorded.event, recorded.seq - 1
        group: Sequence[Recorded] = (recorded,)
        try:
            command = command_of(event, _next_to(entries, at))
            if isinstance(event, HistoryImported):
                group = _imported(entries, at)
                command = import_of(event, group)
            recorder = Recorder(name=recorded.by, on=event.on, at=recorded.at)
            events = command(state, recorder)
        except KeysExtraError as error:
            found.append(Difference(entry=recorded.seq, text=f"not checked: {error}", remark=True))
            continue
        except RefusedError as error:
            newer = set(_newer_rules(state, event))
            found.append(
                Difference(
                    entry=recorded.seq,
                    text=f"{_then(at)}{_refused(error)}",
                    remark=bool(error.reasons) and newer.issuperset(error.reasons),
                )
            )
            continue
        except (EscalationError, LookupError, TypeError, ValueError, AttributeError) as error:
            # what is not ours comes of a protocol that cannot be read, as in evolve
            found.append(Difference(entry=recorded.seq, text=f"{_then(at)}{_refused(error)}"))
            continue
        if not isinstance(event, HistoryImported):
            group = entries[at : at + len(events)]
            found += _apart(group)
        covered = group[-1].seq
        for entry, again in zip(group, events, strict=False):
            texts = _differences(state, entry, again)
            found += (
                Difference(entry=entry.seq, text=text, remark=remark) for text, remark in texts
            )
        if len(group) != len(events):
            text = f"{len(group)} entries were recorded together, and it would be {len(events)}"
            found.append(Difference(entry=recorded.seq, text=text))
    return found


def _apart(group: Sequence[Recorded]) -> Iterator[Difference]:
    """Name the entries of one command that were not recorded with its first."""
    for entry in group[1:]:
        if (entry.at, entry.by) != (group[0].at, group[0].by):
            text = f"it belongs to entry {group[0].seq}, and has another time or person"
            yield Difference(entry=entry.seq, text=text)


def _next_to(entries: Sequence[Recorded], at: int) -> AnyEvent | None:
    """Return what was recorded next at the same time by the same person."""
    if at + 1 == len(entries):
        return None
    entry, after = entries[at], entries[at + 1]
    return after.event if (after.at, after.by) == (entry.at, entry.by) else None


def _imported(entries: Sequence[Recorded], at: int) -> list[Recorded]:
    """Return a history's entry and those of its patients, recorded at the same time.

    Each of them has been dosed, in the entry after the enrolment.
    """
    first = entries[at]
    group = [first]
    for entry, following in pairwise([*entries[at + 1 :], None]):
        if entry is None or (entry.at, entry.by) != (first.at, first.by):
            break
        match entry.event:
            case SubjectEnrolled(subject=subject):
                dosing = None if following is None else following.event
                if not (isinstance(dosing, SubjectDosed) and dosing.subject == subject):
                    break
            case SubjectDosed() | OutcomeRecorded():
                pass
            case _:
                break
        group.append(entry)
    return group


_SKEW = timedelta(minutes=5)  # between the clocks of two machines


def _faults_of_time(recorded: Recorded, now: datetime) -> Iterator[Difference]:
    if recorded.at > now + _SKEW:
        yield Difference(
            entry=recorded.seq,
            text=f"it was recorded at {_moment(recorded.at)}, which is still to come: here it is "
            f"{_moment(now)}",
        )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _newer_rules(state: TrialState, event: AnyEvent) -> Iterator[str]:
    """Yield what 0.2.0 did not refuse: in a trial that it began, the entry may be its own."""
    if state.own_votes:
        return
    if isinstance(event, EnrolmentResumed):
        yield before_hold(state, event.on) or ""
    if isinstance(event, SubjectEnrolled):
        asked = Refusal("")
        check_sizes(asked, state, event.weight_kg, event.height_cm)
        yield from asked.reasons  # it asked for a weight where the unit ended in /kg
    said: Event | None = event
    if isinstance(event, EntryCorrected):
        said = _corrected(state, event)
    if isinstance(said, OutcomeRecorded):
        subject = state.subjects.get(said.subject)
        yield from () if subject is None else faults_of_verdict(subject, said)


def _corrected(state: TrialState, event: EntryCorrected) -> Event | None:
    """Return what an entry says once it is corrected; None where it cannot be corrected so."""
    fact = state.fact(event.entry)
    try:
        return None if fact is None else change_event(fact.event, event.changes or {})
    except EscalationError:
        return None


def _then(at: int) -> str:
    return f"on entries up to {at} " if at else "as the first entry "


def _refused(error: Exception) -> str:
    reasons = " ".join(error.reasons) if isinstance(error, RefusedError) else f"{error}."
    return f"it would have been refused: {reasons.removesuffix('.')}"


def _differences(
    state: TrialState, recorded: Recorded, again: AnyEvent
) -> Iterator[tuple[str, bool]]:
    """Yield what differs, and whether it is only to be remarked on."""
    said, at = recorded.event, recorded.seq - 1
    if type(said) is not type(again):
        yield f"{_then(at)}it would be {again.kind}", False
        return
    match said, again:
        case SubjectDosed(), _:
            yield from _typed_amount(state, said)
        case DecisionMade(), DecisionMade():
            yield from _of_recommendation(state, at, said.recommended, again.recommended)
            said = replace(said, recommended=again.recommended)
    for name in (field.name for field in fields(said)):
        old, new = getattr(said, name), getattr(again, name)
        if old == new or name == "software":  # which version wrote it
            continue
        if name == "protocol" and getattr(said, "digest", "") == getattr(again, "digest", None):
            yield "its protocol means what its digest says, but is written otherwise", True
            continue
        yield f"its {name} is {_shown(old)}; {_then(at)}it would be {_shown(new)}", False


def _of_recommendation(
    state: TrialState, at: int, said: Recommendation, again: Recommendation
) -> Iterator[tuple[str, bool]]:
    if said == again:
        return
    if replace(said, clause=again.clause) == again:  # a later version may have mended the wording
        yield f"its clause {said.clause_id} is worded otherwise than this program words it", True
        return
    told, now = (_recommended(r, state.protocol) for r in (said, again))
    yield f"it says the rule recommended {told}; {_then(at)}the rule says {now}", False


def _recommended(recommended: Recommendation, protocol: Protocol | None) -> str:
    choice = recommended.choice
    if choice.action == "defer" or protocol is None:
        what = f"to {recommended.action}"
    else:
        what = f"to {describe_choice(choice, protocol)}"
    inconclusive = ", inconclusive" if recommended.inconclusive else ""
    return f"{what}{inconclusive} (clause {recommended.clause_id})"


def _typed_amount(state: TrialState, said: SubjectDosed) -> Iterator[tuple[str, bool]]:
    """Say where the planned amount is not the protocol's: it may have been typed so."""
    known = state.subjects.get(said.subject)
    if said.planned is None or known is None or state.protocol is None:
        return
    planned = known.plan(state.protocol)
    if planned.amount is not None and planned.amount != said.planned:
        yield (
            (
                f"{said.planned:g} {planned.unit} were planned for {said.subject}, who by the "
                f"protocol gets {planned.amount:g}: typed by hand, or changed"
            ),
            True,
        )


def _shown(value: object) -> str:
    match value:
        case None | () | "":
            return "none"
        case tuple():
            return " and ".join(map(_shown, value))
        case str():
            return f'"{value}"'
    return str(value)
