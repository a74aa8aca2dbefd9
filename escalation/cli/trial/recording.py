"""The commands that record: who does it, on what they have seen, and what is said then."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import click

from escalation.cli.options import echo_json, line
from escalation.cli.trial.anchoring import anchor_file, append_head
from escalation.cli.trial.common import (
    Place,
    Wrapped,
    check_new,
    now,
    read_days,
    show,
    today,
    trial_options,
)
from escalation.errors import EscalationError, UnknownOutcomeError
from escalation.protocol import describe_decision
from escalation.reports.level_table import answer
from escalation.reports.trial.heading import trial_heading
from escalation.reports.trial.log import entry_document
from escalation.reports.trial.sentences import describe_entry
from escalation.tracker import Command, Tracker
from escalation.trial import (
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
from escalation.trial.calendar import day_in
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    DecisionMade,
    Signed,
    SignedWithKey,
    SubjectAtSite,
    SubjectRenamed,
    VoteCast,
)
from escalation.trial.halts import standing_pauses
from escalation.trial.patients.recording import only_site

__all__ = ["Recording", "recording_options"]


def recording_options(command: Wrapped, *, unless: str = "") -> Wrapped:
    """Add the options of every command that records; pass them as ``recording``.

    ``unless`` names a flag of a command that then records nothing: nobody has to be named.
    """

    @click.option(
        "--as",
        "name",
        metavar="NAME",
        envvar="ESCALATION_AS",
        help="Who records this.  [or ESCALATION_AS]",
    )
    @click.option(
        "--on",
        callback=read_days,
        metavar="DATE",
        help="The day it happened.  [default: today, at the subject's site if that is known]",
    )
    @click.option(
        "--seen",
        type=click.IntRange(min=0),
        metavar="SEQ",
        help="Refuse if anything was recorded after this entry.",
    )
    @click.option(
        "--request-id", metavar="ID", help="Record this request, by its ID, at most once."
    )
    @click.option(
        "--clock-is-right",
        is_flag=True,
        help="Record although the clock is earlier than the last entry, or far from the server's.",
    )
    @trial_options
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        place: Place,
        name: str | None,
        on: date | None,
        seen: int | None,
        request_id: str | None,
        clock_is_right: bool,
        as_json: bool,
        **kwargs: Any,
    ) -> Any:
        if name is None and not kwargs.get(unless):
            raise click.UsageError("say who records this: --as NAME, or ESCALATION_AS")
        recording = Recording(
            place=place,
            recorder=Recorder(name=name or "", on=today() if on is None else on, at=now()),
            seen=seen,
            request_id=os.urandom(16).hex() if request_id is None else request_id,
            clock_is_right=clock_is_right,
            as_json=as_json,
            day_given=on is not None,
        )
        return command(*args, recording=recording, **kwargs)

    return wrapper


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Who records, where, and on what they have seen."""

    place: Place
    recorder: Recorder
    seen: int | None
    request_id: str
    clock_is_right: bool
    as_json: bool
    day_given: bool = True

    def record(
        self, command: Command, *, subject: str | None = None, site: str | None = None
    ) -> None:
        """Record what a command returns, and say so.

        Where no day was given it is of today at a site: the one named, or the subject's.
        """

        def there(state: TrialState, recorder: Recorder) -> Any:
            zone = state.site_zones.get(site or only_site(state) or "")
            if subject is not None and site is None and state.subjects.get(subject):
                zone = state.zone_of(subject, recorder.on)
            on = None if self.day_given else day_in(zone, recorder.at)
            return command(state, recorder if on is None else replace(recorder, on=on))

        known = subject is not None or site is not None
        with self.place.opened() as tracker:
            self.record_in(tracker, there if known else command)

    def record_in(self, tracker: Tracker, command: Command, *, new: bool = False) -> None:
        """Do as ``record`` in a ledger that is open, where a trial may be new."""
        before = TrialState()

        def watched(state: TrialState, recorder: Recorder) -> Any:
            nonlocal before
            before = state  # asked again, it is of the state on which it is recorded
            return command(state, recorder)

        with self._naming_the_request():
            recorded = tracker.record(
                watched,
                self.recorder,
                request_id=self.request_id,
                seen=self.seen,
                new=new,
                clock_is_right=self.clock_is_right,
            )
        if any(isinstance(entry.event, _ANCHORED) for entry in recorded):
            self._keep_anchor(tracker, recorded[-1].seq)
        try:
            self._say(tracker.trial, recorded, before)
        except OSError as error:
            if error.errno != errno.EPIPE:  # who closes a pipe knows
                seq = recorded[-1].seq
                click.echo(f"escalation: entry {seq} is recorded, but cannot be shown:", err=True)
            raise

    def _keep_anchor(self, tracker: Tracker, seq: int) -> None:
        """Keep the trial's anchor elsewhere, where that is wanted.

        What is recorded is recorded: a failure is told, and the next anchor covers it too.
        """
        try:
            entries = tracker.entries()
            path = anchor_file(replay_events(entries).protocol, self.place.db)
            if path is not None:
                check_new(path, self.place.db, force=True)
                append_head(path, tracker, entries, self.recorder.at)
        except EscalationError as error:
            click.echo(
                f"escalation: entry {seq} is recorded, but its anchor is NOT kept: {error}\n"
                "escalation: when that is mended, `escalation trial anchor` keeps it",
                err=True,
            )

    @contextmanager
    def _naming_the_request(self) -> Iterator[None]:
        """Where it is not known whether something was recorded, say how to find out."""
        again = f"--on {self.recorder.on} --request-id {self.request_id}"
        try:
            yield
        except UnknownOutcomeError as error:
            raise UnknownOutcomeError(f"{error}: {again}") from error
        except KeyboardInterrupt:
            click.echo(
                "\nescalation: interrupted: it may or may not have been recorded; repeat it with\n"
                f"  {again}\nand it is recorded once",
                err=True,
            )
            raise

    def _say(self, trial: str, recorded: Sequence[Recorded], before: TrialState) -> None:
        after = replay_events(recorded, before)
        remarks = list(_new_remarks(before, after, self.recorder.on))
        if isinstance(recorded[0].event, SubjectRenamed):
            remarks = []  # as they were, under another id
        rule = _new_rule(before, after)
        if self.as_json:
            echo_json(
                {
                    **trial_heading(after, trial),
                    "entries": [entry_document(entry) for entry in recorded],
                    "remarks": [
                        {"kind": kind, "entry": remark.entry, "text": remark.text}
                        for kind, remark in remarks
                    ],
                    "rule": _rule_document(after),
                    **_definition_document(recorded, after, self.recorder.on),
                }
            )
            return
        line(_say_entries(recorded, after), indent="  ")
        for said in _definition(recorded, after, self.recorder.on):
            line(f"Definition of a DLT: {said.text}.", indent="  ")
        for kind, remark in remarks:
            line(f"{_HEADINGS[kind]}: {remark.text}", indent="  ")
        if rule is not None:
            line(f"The rule now says: {rule}", indent="  ")
        if isinstance(recorded[-1].event, VoteCast):
            made = after.find_decision(recorded[-1].event.decision)
            if made is not None:
                line(f"The decision is {say_count(tally_votes(after, made))}.", "  ")
        if isinstance(recorded[-1].event, Signed | SignedWithKey):  # to be kept with what it signs
            show([f"anchor {after.seq}:{after.head}"])


_ANCHORED = (DecisionMade, Signed, SignedWithKey)  # after these the trial's anchor is kept


def _say_entries(recorded: Sequence[Recorded], after: TrialState) -> str:
    first, last = recorded[0], recorded[-1]
    said = describe_entry(first, after)
    if first is last:
        return f"Entry {first.seq} recorded: {said}"
    if len(recorded) == 2 and first.event.kind not in _PLURALS:  # one, and what follows from it
        also = describe_entry(last, after)
        return f"Entries {first.seq} and {last.seq} recorded: {said} {also}"
    if any(isinstance(entry.event, SubjectAtSite) for entry in recorded):
        said = " ".join(describe_entry(entry, after) for entry in recorded)
        return f"Entries {first.seq} to {last.seq} recorded: {said}"
    kinds = [_PLURALS.get(entry.event.kind) for entry in recorded]
    counts = (f"{kinds.count(noun)} {noun}" for noun in _PLURALS.values() if noun in kinds)
    began = f" {said}" if first.event.kind not in _PLURALS else ""
    return f"Entries {first.seq} to {last.seq} recorded:{began} In all: {', '.join(counts)}."


_PLURALS = {
    "subject-enrolled": "enrolments",
    "subject-dosed": "dosings",
    "outcome-recorded": "outcomes",
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


def _definition_document(
    recorded: Sequence[Recorded], after: TrialState, on: date
) -> dict[str, Any]:
    """Return the same for JSON; nothing where no adverse event was reported."""
    for said in _definition(recorded, after, on):
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


def _new_rule(before: TrialState, after: TrialState) -> str | None:
    """Say what the rule says, if it says something else than before."""
    if after.protocol is None:
        return None
    now_says = describe_decision(rule_says(after), after.protocol)
    if before.protocol is None:
        return now_says
    return now_says if now_says != describe_decision(rule_says(before), before.protocol) else None


def _rule_document(state: TrialState) -> dict[str, Any] | None:
    if state.protocol is None:
        return None
    decision = rule_says(state)
    return {**answer(state.protocol, decision), "settled": decision.settled}
