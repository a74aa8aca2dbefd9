"""A trial in its ledger: read it as of any entry or time, and record what commands return.

The ledger knows nothing of trials and the trial nothing of storage; here, and only here, they meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from escalation.errors import (
    ConflictError,
    EscalationError,
    InputError,
    IntegrityError,
)
from escalation.ledger import Anchor, Draft, Entry, Finding, Ledger, check_chain, format_time
from escalation.ledger.findings import Kind
from escalation.text import count
from escalation.trial import Events, Recorded, Recorder, TrialState, replay_events
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.evolve import advance
from escalation.trial.keys.checking import check_keys

if TYPE_CHECKING:
    from escalation.trial.inspection import Difference

__all__ = ["ClockError", "Command", "Inspected", "Tracker", "name_kind", "read_entry"]

Command = Callable[[TrialState, Recorder], Events]


class Inspected(NamedTuple):
    """What an inspection has found, and what it has read and replayed for it.

    Attributes
    ----------
    head : Anchor or None
        How the trial ends; None where that cannot be told, or nothing was recorded.
    findings : list of Finding
        Entries that cannot be read, do not fit those before them, or would have been recorded
        otherwise. Faults of the chain are not in it: see ``ledger.verify``.
    entries : list of Recorded or None
        None where one cannot be read.
    state : TrialState or None
        After all of them.
    """

    head: Anchor | None
    findings: list[Finding]
    entries: list[Recorded] | None
    state: TrialState | None


class Tracker:
    """One trial of a ledger.

    Parameters
    ----------
    ledger : Ledger
    trial : str
        Its id in the ledger.

    Examples
    --------
    >>> from escalation.ledger import open_ledger
    >>> with open_ledger("trial.db") as ledger:  # doctest: +SKIP
    ...     print(Tracker(ledger, "DEMO").state().seq)
    41
    """

    def __init__(self, ledger: Ledger, trial: str) -> None:
        self.ledger = ledger
        self.trial = trial

    def entries(self, as_of: int | datetime | None = None) -> list[Recorded]:
        """Return every entry up to a moment, read and checked.

        Parameters
        ----------
        as_of : int, datetime or None
            As for ``state``.

        Raises
        ------
        InputError
            For an entry that is not there.
        IntegrityError
            If the chain of hashes is broken, or an entry cannot be read.
        """
        return list(map(read_entry, _up_to(self._checked_entries(), as_of)))

    def head(self) -> tuple[Recorded, list[str]]:
        """Return the last entry, and the hashes of all.

        Raises
        ------
        InputError
            If there is none.
        IntegrityError
            As ``entries``.
        """
        entries = self._checked_entries()
        if not entries:
            raise InputError(f"trial {self.trial} has no entries")
        return read_entry(entries[-1]), [entry.hash for entry in entries]

    def state(self, as_of: int | datetime | None = None) -> TrialState:
        """Return what was known at an entry or a time; now, where neither is given.

        Parameters
        ----------
        as_of : int, datetime or None
            Number of an entry, or a time with its zone: the last entry recorded by then counts,
            and everything before it.

        Raises
        ------
        InputError
            For an entry that is not there.
        IntegrityError
            As ``entries``.
        """
        return _replay(_up_to(self._checked_entries(), as_of))

    def record(
        self,
        command: Command,
        recorder: Recorder,
        *,
        request_id: str | None = None,
        seen: int | None = None,
        new: bool = False,
        clock_is_right: bool = False,
    ) -> list[Recorded]:
        """Carry out a command and record what it returns, all of it or nothing.

        The command decides on the state as read, without a lock. If somebody has recorded in
        between, it decides again inside the lock, and must return the same: nobody's entry rests
        on data that its author has not seen.

        Parameters
        ----------
        command : callable
            From a state and a recorder to events; pure.
        recorder : Recorder
        request_id : str or None
            A name for this request. What was recorded under it is not recorded again.
        seen : int or None
            The last entry that whoever asks has seen; None for whatever is there.
        new : bool
            Whether the trial is not in the ledger yet.
        clock_is_right : bool
            Whether somebody has looked at the clock: it may then be earlier than the last entry,
            or a day away from the server's.

        Returns
        -------
        list of Recorded
            What was recorded, now or earlier under this request id.

        Raises
        ------
        RefusedError
            If the trial does not allow the command.
        ClockError
            If the clock was set back since the last entry, or is a day away from the server's.
        ConflictError
            If somebody else recorded first.
        IntegrityError, LedgerError
            If the ledger is not as it was written, or cannot be used.
        """
        known = [] if new else self._checked_entries()
        repeated = _find_request(known, request_id)
        if repeated:
            return _confirm(repeated, known, command, recorder)
        if seen is not None and seen != len(known):
            raise ConflictError(_say_who_was_first(known[seen:], f"entry {seen}"))
        if not clock_is_right:
            _check_clock(recorder.at, known, self.ledger.clock())
        state = _replay(known)
        events = command(state, recorder)
        with self.ledger.writing(self.trial, new=new) as writer:
            newer = writer.entries(after=len(known))
            if newer:
                check_chain(newer, known[-1].anchor if known else None)
                repeated = _find_request(newer, request_id)
                if repeated:
                    return _confirm(repeated, [*known, *newer], command, recorder)
                if not clock_is_right:
                    _check_clock(recorder.at, newer, None)
                _decide_again(
                    command, recorder, replay_events(map(read_entry, newer), state), events, newer
                )
            recorded = writer.append(
                _drafts(events),
                after=len(known) + len(newer),
                recorded_at=_in_order(recorder.at, [*known, *newer]),
                recorded_by=recorder.name,
                request_id=request_id,
            )
            _check_follows(recorded, newer or known)
            return list(map(read_entry, recorded))  # what cannot be read is not kept

    def record_new(self, steps: Iterable[tuple[Command, Recorder]], *, request: str) -> int:
        """Record a whole trial that the ledger does not hold yet, all of it or nothing.

        Parameters
        ----------
        steps : iterable of (command, Recorder)
            In order, each on the state after those before it; the clock is not asked.
        request : str
            Requests are named by it and a number from 1.

        Returns
        -------
        int
            Number of the last entry.

        Raises
        ------
        RefusedError
            If the trial does not allow a command.
        ConflictError
            If the ledger holds the trial.
        """
        state = TrialState()
        with self.ledger.writing(self.trial, new=True) as writer:
            for number, (command, recorder) in enumerate(steps, start=1):
                recorded = writer.append(
                    _drafts(command(state, recorder)),
                    after=state.seq,
                    recorded_at=recorder.at,
                    recorded_by=recorder.name,
                    request_id=f"{request}-{number}",
                )
                for entry in recorded:
                    advance(state, read_entry(entry))
        return state.seq

    def inspect(self, now: datetime) -> Inspected:
        """Hold what the entries mean against what their commands would record.

        Parameters
        ----------
        now : datetime
            With its time zone; nothing was recorded after it.
        """
        try:
            entries = self._checked_entries()
        except IntegrityError as error:
            finding = Finding(trial=self.trial, kind="form", problem=str(error))
            return Inspected(None, [finding], None, None)
        recorded, findings = [], []
        for entry in entries:
            try:
                recorded.append(read_entry(entry))
            except IntegrityError as error:
                problem = f"cannot be read: {error.__cause__ or error}"
                findings.append(
                    Finding(trial=self.trial, seq=entry.seq, kind="form", problem=problem)
                )
        head = entries[-1].anchor if entries else None
        if findings:
            return Inspected(head, findings, None, None)
        # every command of a trial comes with it, spreadsheets too: nobody else waits for them
        from escalation.trial.inspection import inspect_entries  # noqa: PLC0415

        state = TrialState()
        differences = inspect_entries(recorded, now, state)
        return Inspected(head, list(self._findings(differences, state)), recorded, state)

    def _findings(self, differences: Sequence[Difference], state: TrialState) -> Iterator[Finding]:
        odd = dict(state.oddities)
        for seq, problem in odd.items():
            yield Finding(
                trial=self.trial, seq=seq, kind="form", problem=f"it does not fit: {problem}"
            )
        for found in differences:
            if found.entry not in odd:
                kind: Kind = "note" if found.remark else "meaning"
                yield Finding(trial=self.trial, seq=found.entry, kind=kind, problem=found.text)

    def check_keys(
        self, entries: Sequence[Recorded], trusted: tuple[bytes, ...] = ()
    ) -> list[Finding]:
        """Check every signature by key and every timestamp again, which ``inspect`` leaves out.

        Parameters
        ----------
        entries : sequence of Recorded
            As ``entries`` returns them.
        trusted : tuple of bytes
            Certificates in DER that vouch for time-stamping authorities.
        """
        found = list(check_keys(self.trial, entries, trusted))
        unchecked = any(one.kind == "unchecked" for one in found)
        kinds: dict[str, Kind] = {
            "clock": "clock",
            "unknown": "note",
            # what nobody has checked may be forged, and is no approval where keys are required
            "unchecked": "signature"
            if unchecked and replay_events(entries).needs_key
            else "unchecked",
            "wrong": "signature",
        }
        return [
            Finding(trial=self.trial, seq=one.seq, kind=kinds[one.kind], problem=one.problem)
            for one in found
        ]

    def _checked_entries(self) -> list[Entry]:
        entries = self.ledger.entries(self.trial)
        check_chain(entries)
        return entries


def read_entry(entry: Entry) -> Recorded:
    """Read the event of a ledger's entry.

    Raises
    ------
    IntegrityError
        If it is none that this program knows.
    """
    try:
        return Recorded(
            seq=entry.seq,
            at=datetime.fromisoformat(entry.recorded_at),
            by=entry.recorded_by,
            hash=entry.hash,
            event=load_event(entry.kind, entry.version, entry.data),
        )
    except (EscalationError, ValueError) as error:
        raise IntegrityError(
            f"entry {entry.seq} of trial {entry.trial} cannot be read: {error}"
        ) from error


def _replay(entries: Sequence[Entry]) -> TrialState:
    return replay_events(map(read_entry, entries))


def _up_to(entries: Sequence[Entry], as_of: int | datetime | None) -> Sequence[Entry]:
    if as_of is None:
        return entries
    if isinstance(as_of, datetime):
        limit = format_time(as_of)
        return entries[: max((e.seq for e in entries if e.recorded_at <= limit), default=0)]
    if not 0 <= as_of <= len(entries):
        raise InputError(f"there is no entry {as_of}; the last one is {len(entries)}")
    return entries[:as_of]


class ClockError(EscalationError):
    """A clock that cannot be right, or could not be when the last entry was recorded."""

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(
            f"the clock says {_moment(at)}, {why}; set it right. If it is right, repeat with "
            "--clock-is-right, and it is shown from then on that time went back. Nothing was "
            "recorded"
        )


_WAITED = timedelta(minutes=1)  # for the lock, at the longest
_FAR = timedelta(days=1)


def _check_clock(at: datetime, entries: Sequence[Entry], server: datetime | None) -> None:
    """Refuse a time before the last entry's, or far from the server's.

    Raises
    ------
    ClockError
    """
    if entries:
        last = datetime.fromisoformat(entries[-1].recorded_at)
        if last - at >= _WAITED:
            raise ClockError(
                at,
                f"which is {_span(last - at)} before entry {entries[-1].seq} was recorded, at "
                f"{_moment(last)}: it was set back, or was ahead then",
            )
    if server is not None and abs(server - at) > _FAR:
        way = "ahead of" if at > server else "behind"
        raise ClockError(at, f"which is {_span(abs(server - at))} {way} the server's clock")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _span(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    units = ((24 * 60, "day"), (60, "hour"), (1, "minute"))
    size, unit = next((s, u) for s, u in units if minutes >= 2 * s or s == 1)
    return count(minutes // size, unit)


def _drafts(events: Events) -> list[Draft]:
    return [Draft(kind=e.kind, version=version_of(e), data=dump_event(e)) for e in events]


def _in_order(at: datetime, entries: Sequence[Entry]) -> datetime:
    """Return the time to record: who waited for the lock is no earlier than who went before.

    A clock that was set back is something else, and stays as it is: ``verify`` remarks on it.
    """
    last = datetime.fromisoformat(entries[-1].recorded_at) if entries else at
    return last if timedelta(0) < last - at < _WAITED else at


def _find_request(entries: Sequence[Entry], request_id: str | None) -> list[Entry]:
    return [e for e in entries if request_id is not None and e.request_id == request_id]


def _confirm(
    repeated: Sequence[Entry], known: Sequence[Entry], command: Command, recorder: Recorder
) -> list[Recorded]:
    """Return what a request has recorded already, if it is what the command asks for."""
    first = repeated[0]
    then = replace(recorder, at=read_entry(first).at)
    said = list(map(read_entry, repeated))
    try:
        events = command(_replay(known[: first.seq - 1]), then)
    except EscalationError:
        events = ()
    if recorder.name != first.recorded_by or list(events) != [recorded.event for recorded in said]:
        raise ConflictError(
            f"request id {first.request_id} was used for entry {first.seq}, by "
            f"{first.recorded_by}, which says something else ({name_kind(first.kind)}); nothing "
            "was recorded"
        )
    return said


def _check_follows(recorded: Sequence[Entry], last: Sequence[Entry]) -> None:
    """Refuse to record after another entry than was read, as in a file put in place of this one.

    Raises
    ------
    IntegrityError
    """
    if recorded and last and recorded[0].prev_hash != last[-1].hash:
        raise IntegrityError(
            f"trial {recorded[0].trial}: entry {last[-1].seq} is another one than a moment ago: "
            "the ledger was changed or replaced meanwhile; nothing was recorded"
        )


def _decide_again(
    command: Command,
    recorder: Recorder,
    state: TrialState,
    events: Events,
    newer: Sequence[Entry],
) -> None:
    """Refuse what would be recorded otherwise now that others have recorded.

    Raises
    ------
    ConflictError
        Saying who was first, and what stands in the way now.
    """
    first = _say_who_was_first(newer, "you read the trial")
    try:
        again = command(state, recorder)
    except EscalationError as error:
        raise ConflictError(f"{first}. Now {error}") from error
    if again != events:
        raise ConflictError(f"{first}. What you asked for would be recorded otherwise now")


def _say_who_was_first(newer: Sequence[Entry], since: str) -> str:
    if not newer:
        return f"{since} is not there yet; nothing was recorded"
    listed = ", ".join(f"entry {e.seq} ({name_kind(e.kind)}) by {e.recorded_by}" for e in newer[:5])
    more = f" and {len(newer) - 5} more" if len(newer) > 5 else ""
    return f"someone else recorded first: since {since} came {listed}{more}; nothing was recorded"


def name_kind(kind: str) -> str:
    """Say of what kind an entry is: ``ae-recorded`` is "adverse event recorded"."""
    return re.sub(r"^ae ", "adverse event ", kind.replace("-", " "))
