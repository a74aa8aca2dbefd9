"""The commands that record: who does it, on what they have seen, and what is said then."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import click

from escalation.cli.options import echo_json, line
from escalation.cli.trial.common import (
    Place,
    Wrapped,
    read_days,
    show,
    today,
    trial_options,
)
from escalation.errors import UnknownOutcomeError
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
from escalation.trial.calendar import day_in
from escalation.trial.events import Signed, SubjectAtSite
from escalation.trial.site import only_site

__all__ = ["Recording", "recording_options"]


def recording_options(command: Wrapped) -> Wrapped:
    """Add the options of every command that records; pass them as ``recording``."""

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
    @trial_options
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        place: Place,
        name: str | None,
        on: date | None,
        seen: int | None,
        request_id: str | None,
        as_json: bool,
        **kwargs: Any,
    ) -> Any:
        if name is None:
            raise click.UsageError("say who records this: --as NAME, or ESCALATION_AS")
        recording = Recording(
            place=place,
            recorder=Recorder(name=name, on=today() if on is None else on, at=datetime.now(UTC)),
            seen=seen,
            request_id=os.urandom(16).hex() if request_id is None else request_id,
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
            if subject is not None and site is None and state.find_subject(subject):
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
                watched, self.recorder, request_id=self.request_id, seen=self.seen, new=new
            )
        try:
            self._say(tracker.trial, recorded, before)
        except OSError as error:
            if error.errno != errno.EPIPE:  # who closes a pipe knows
                seq = recorded[-1].seq
                click.echo(f"escalation: entry {seq} is recorded, but cannot be shown:", err=True)
            raise

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
                }
            )
            return
        line(_say_entries(recorded, after), indent="  ")
        for kind, remark in remarks:
            line(f"{_HEADINGS[kind]}: {remark.text}", indent="  ")
        if rule is not None:
            line(f"The rule now says: {rule}", indent="  ")
        if isinstance(recorded[-1].event, Signed):  # to be kept with what was signed
            show([f"anchor {after.seq}:{after.head}"])


def _say_entries(recorded: Sequence[Recorded], after: TrialState) -> str:
    first, last = recorded[0], recorded[-1]
    said = describe_entry(first, after)
    if first is last:
        return f"Entry {first.seq} recorded: {said}"
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
_HEADINGS = {"departure": "Departure", "warning": "Warning", "look_back": "Seen from now"}


def _new_remarks(before: TrialState, after: TrialState, on: date) -> Iterator[tuple[str, Remark]]:
    """Yield what has to be seen now and had not to be before."""
    for kind, found in (
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
