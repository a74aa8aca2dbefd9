"""What pending patients can still change: what the rule would say however they turn out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs.base import NOBODY, Decision
from escalation.designs.chances import ASSUMED, Chances
from escalation.designs.pending import count_resolutions, resolve_with_last
from escalation.labels import Label
from escalation.outcomes import Tally, last_tally
from escalation.protocol import Protocol, decide_with_backfill, describe_decision
from escalation.reports.follow_up_text import say_chance
from escalation.reports.level_table import answer
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.trial.rule import counted_purposes, follow_up

__all__ = ["Way", "describe_outlook", "outlook", "outlook_document"]

MAX_WAYS = 200  # that are looked at; more are too many to be told
SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which the pending patients can turn out, and what the rule says then.

    Attributes
    ----------
    pending : tuple of (int, int, int)
        For each level with pending patients, lowest first: its label, how many are pending, and
        how many of them have a DLT.
    decision : Decision
    n_moderate : tuple of int or None
        For each of these levels, how many have a moderate toxicity instead; None where the design
        counts none.
    probability : float or None
        As ``escalation.designs.chances`` says, where follow-up is known.
    """

    pending: tuple[tuple[Label, int, int], ...]
    decision: Decision
    n_moderate: tuple[int, ...] | None = None
    probability: float | None = None


def outlook(state: TrialState, on: date | None = None) -> list[Way]:
    """Ask the rule under each way the pending patients can turn out, with a DLT or without.

    For a design that counts moderate toxicities, those without a DLT may have one or not.
    Empty where nobody is pending, and where there are too many ways to be told.
    """
    protocol = state.protocol
    if protocol is None:
        return []
    counted, cohorts = counted_purposes(state, on), state.last_written()
    tallies = state.tallies(*counted, set_aside=False)
    levels = [level for level, tally in enumerate(tallies) if tally.n_pending]
    if not levels:
        return []
    graded = protocol.design.asks_moderate
    if count_resolutions(tallies, moderate=graded) > MAX_WAYS:
        return []
    current = protocol.labels.index(cohorts[-1].label) if cohorts else protocol.design.start
    last = last_tally(cohorts) if protocol.design.remembers else NOBODY
    beside = state.tallies(Purpose.BACKFILL, set_aside=False)  # may count once it would end
    if Purpose.BACKFILL in counted:
        beside = (Tally(),) * len(tallies)
    known_days = follow_up(state, *counted, on=on)
    p_dlt = protocol.design.p_dlt_while_pending(tallies, known_days) if known_days else None
    chances = p_dlt and Chances(tallies, current, last, known_days, p_dlt=p_dlt)
    return [
        Way(
            pending=tuple(
                (
                    protocol.labels[level],
                    tallies[level].n_pending,
                    known[level].n_dlts - tallies[level].n_dlts,
                )
                for level in levels
            ),
            decision=decide_with_backfill(protocol, known, beside, current, cohort),
            n_moderate=tuple(
                known[level].n_moderate - tallies[level].n_moderate for level in levels
            )
            if graded
            else None,
            probability=chances.of(known, cohort) if chances else None,
        )
        for known, cohort in resolve_with_last(tallies, current, last, moderate=graded)
    ]


def describe_outlook(
    ways: Sequence[Way],
    decision: Decision,
    protocol: Protocol,
    *,
    elsewhere: str = "; --json lists every way",
) -> Iterator[str]:
    """Yield lines that say what can still become of a decision.

    Parameters
    ----------
    ways : sequence of Way
        As ``outlook`` gives them.
    decision : Decision
        What the rule says now.
    protocol : Protocol
    elsewhere : str
        Where those are that are too many to be told.
    """
    possible = [describe_decision(answer, protocol) for answer in decision.possible]
    said = [describe_decision(way.decision, protocol) for way in ways]
    if set(said) == {describe_decision(decision, protocol)} and decision.settled:
        yield f"{_whatever(ways[0])}, this holds."
        return
    if len(set(said)) == 1:
        yield f"{_whatever(ways[0])}: {_small(said[0])}"
    elif said:
        yield f"If, of {_pending(ways[0])},"
        lines = list(_alike(ways, said))
        yield from lines[:SHOWN]
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN} more such lines{elsewhere}"
        if ways[0].probability is not None:
            yield f"Probabilities: {ASSUMED}"
    for other in possible:
        if not said:
            yield f"Possible: {_small(other)}"
        elif other not in said:
            yield f"If some turn out not evaluable: {_small(other)}"


def _alike(ways: Sequence[Way], said: Sequence[str]) -> Iterator[str]:
    """Yield a line for each way; those that lead to the same are one line where they are a run."""
    by_answer = groupby(zip(ways, said, strict=True), lambda pair: pair[1])
    for answered, pairs in by_answer:
        group = [way for way, _ in pairs]
        if len(group[0].pending) > 1 and group[0].n_moderate is None:
            for below, run in groupby(group, key=lambda way: way.pending[:-1]):
                same = list(run)
                (label, _, fewest), *_, (_, _, most) = 2 * [way.pending[-1] for way in same]
                numbers = [f"{n} at level {label}" for label, _, n in below]
                number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
                numbers.append(f"{number} at level {label}")
                yield f"  {' and '.join(numbers)} have a DLT{_chance(same)}: {_small(answered)}"
            continue
        if len(group[0].pending) > 1:
            for way in group:
                dlts = " and ".join(f"{n} at level {label}" for label, _, n in way.pending)
                graded = zip(way.pending, way.n_moderate or (), strict=True)
                moderate = " and ".join(f"{m} at level {label}" for (label, _, _), m in graded)
                yield f"  {dlts} have a DLT, {moderate} a moderate toxicity: {_small(answered)}"
            continue
        if group[0].n_moderate is not None:
            for way in group:
                n, [m] = way.pending[0][2], way.n_moderate or (0,)
                also = f", {m} a moderate toxicity" if m else ""
                yield f"  {n} {'has' if n == 1 else 'have'} a DLT{also}: {_small(answered)}"
            continue
        fewest, most = group[0].pending[0][2], group[-1].pending[0][2]
        number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        have = "has" if number == "1" else "have"
        yield f"  {number} {have} a DLT{_chance(group)}: {_small(answered)}"


def _chance(ways: Sequence[Way]) -> str:
    """Say how probable it is that one of these ways is taken, where that is known."""
    known = [way.probability for way in ways if way.probability is not None]
    return f" ({say_chance(sum(known))})" if known else ""


def _whatever(way: Way) -> str:
    toxicity = "a DLT" if way.n_moderate is None else "a DLT or a moderate toxicity"
    if sum(n for _, n, _ in way.pending) == 1:
        return f"Whether or not the patient pending at level {way.pending[0][0]} has {toxicity}"
    return f"However many of {_pending(way)} have {toxicity}"


def _pending(way: Way) -> str:
    """Say who is pending: ``the 3 pending at level 2``."""
    (label, n, _), *others = way.pending
    places = [f"the {n} pending at level {label}"]
    return " and ".join(places + [f"the {n} at level {label}" for label, n, _ in others])


def _small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def outlook_document(ways: Sequence[Way], protocol: Protocol) -> list[dict[str, Any]]:
    """Return every way for JSON."""
    return [
        {
            "pending": _pending_document(way),
            **({} if way.probability is None else {"probability": way.probability}),
            **answer(protocol, way.decision),
        }
        for way in ways
    ]


def _pending_document(way: Way) -> list[dict[str, Label]]:
    listed = [
        {"level": label, "n_pending": n_pending, "n_dlts": n_dlts}
        for label, n_pending, n_dlts in way.pending
    ]
    for entry, n in zip(listed, way.n_moderate or (), strict=False):
        entry["n_moderate"] = n
    return listed
