"""The commands that record: who does it, on what they have seen, and what is said then."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import click

from escalation.anchoring import keep_anchor
from escalation.cli.options import echo_json, line
from escalation.cli.trial.common import (
    Place,
    Wrapped,
    named_anchor_file,
    now,
    read_days,
    show,
    today,
    trial_options,
)
from escalation.cli.whole import WholeNumber
from escalation.dataclass import dataclass
from escalation.errors import EscalationError, UnknownOutcomeError
from escalation.protocol import Protocol
from escalation.reports.trial.heading import trial_heading
from escalation.reports.trial.recorded import consequences
from escalation.tracker import Command, Tracker
from escalation.trial import (
    Recorded,
    Recorder,
    TrialState,
)
from escalation.trial.patients.sites import on_day_there

__all__ = ["Recording", "recording_options"]


def recording_options(
    command: Wrapped, *, unless: str | Callable[[Mapping[str, Any]], bool] = ""
) -> Wrapped:
    """Add the options of every command that records; pass them as ``recording``.

    ``unless`` names a flag of a command that then records nothing, or tells it from all options:
    nobody has to be named.
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
        type=WholeNumber(min=0),
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
        only_asks = unless(kwargs) if callable(unless) else kwargs.get(unless)
        if name is None and not only_asks:
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
        if not self.day_given:
            command = on_day_there(command, subject=subject, site=site)
        with self.place.opened() as tracker:
            self.record_in(tracker, command)

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
        self._keep_anchor(tracker, recorded, before.protocol)
        try:
            self._say(tracker.trial, recorded, before)
        except OSError as error:
            if error.errno != errno.EPIPE:  # who closes a pipe knows
                seq = recorded[-1].seq
                click.echo(f"escalation: entry {seq} is recorded, but cannot be shown:", err=True)
            raise

    def _keep_anchor(
        self, tracker: Tracker, recorded: Sequence[Recorded], protocol: Protocol | None
    ) -> None:
        try:
            keep_anchor(
                tracker,
                recorded,
                protocol,
                db=self.place.db,
                named=named_anchor_file(),
                at=self.recorder.at,
            )
        except EscalationError as error:
            click.echo(
                f"escalation: entry {recorded[-1].seq} is recorded, but its anchor is NOT kept: "
                f"{error}\n"
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
        found = consequences(recorded, before, self.recorder.on)
        if self.as_json:
            echo_json({**trial_heading(found.after, trial), **found.document()})
            return
        line(f"{found.numbers} recorded: {found.said}", indent="  ")
        for text in found.lines():
            line(text, indent="  ")
        if found.is_signature:  # to be kept with what it signs
            show([f"anchor {found.after.seq}:{found.after.head}"])
