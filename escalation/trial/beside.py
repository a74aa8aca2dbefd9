"""Cohorts beside the escalation: backfill below its current level, and the expansion at its MTD.

The rule says nothing of them. What the protocol's ``[backfill]`` and ``[expansion]`` say of a
committee's choice is found here, for the decision and for every gate until the cohort is full:
``find_misfit`` names what makes no sense and is refused, ``find_departures`` what the protocol does
not foresee and takes a rationale, ``find_closed`` what closes a cohort that is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from escalation.designs.base import LevelStatus
from escalation.labels import Label
from escalation.outcomes import Outcome, Tally
from escalation.protocol import Protocol, is_closed_to_backfill, n_backfill_places
from escalation.protocol.expansion import BoundaryStatus, judge_expansion
from escalation.text import count
from escalation.trial.events import Choice, Event, OutcomeRecorded, Purpose
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.rule import counted_tallies
from escalation.trial.state import Cohort, TrialState

__all__ = [
    "at_mtd",
    "current_cohort",
    "declared_mtd",
    "expansion_tally",
    "find_closed",
    "find_departures",
    "find_dlts_beside",
    "find_misfit",
    "new_dlts",
    "say_closed_to_backfill",
    "say_closed_to_expansion",
]


def current_cohort(state: TrialState) -> Cohort | None:
    """Return the escalation's last cohort, whose level is the current one; None before the first.

    Nobody is treated below the level of an escalation that has ended.
    """
    escalating = (c for c in reversed(state.cohorts) if c.purpose is Purpose.ESCALATION)
    return None if state.stopped is not None else next(escalating, None)


def declared_mtd(state: TrialState) -> Label | None:
    """Return the MTD that an approved decision has declared and that is in force."""
    return None if state.stopped is None else state.stopped.event.chosen.mtd


def at_mtd(state: TrialState, choice: Choice) -> Choice:
    """Return a choice to treat in expansion, which names no level, with that of the MTD."""
    if (choice.purpose, choice.action, choice.level) != (Purpose.EXPANSION, "enrol", None):
        return choice
    return replace(choice, level=declared_mtd(state))


def expansion_tally(state: TrialState) -> Tally:
    """Return what was seen in the expansion at the declared MTD."""
    mtd, protocol = declared_mtd(state), state.protocol
    if protocol is None or mtd not in protocol.labels:
        return Tally()
    return state.tallies(Purpose.EXPANSION, set_aside=False)[protocol.labels.index(mtd)]


# ---------------------------------------------------------------- a choice


def find_misfit(state: TrialState, choice: Choice) -> str | None:
    """Say why a choice about backfill or expansion makes no sense; None where it does."""
    if choice.purpose is Purpose.ESCALATION:
        return None
    if choice.action == "stop" and choice.mtd is None:
        return _nothing_to_end(state, choice)
    if choice.action != "enrol":
        return f"Of {choice.purpose} a decision says to treat so many, or to end it."
    if choice.purpose is Purpose.BACKFILL:
        return _not_below(state, choice.level)
    return _not_at_mtd(state, choice.level)


def find_departures(state: TrialState, choice: Choice) -> list[str]:
    """Say what of a choice about backfill or expansion the protocol does not foresee."""
    protocol = state.protocol
    if protocol is None or choice.action != "enrol" or choice.level not in protocol.labels:
        return []
    if choice.purpose is Purpose.BACKFILL:
        level = protocol.labels.index(choice.level)
        return [
            *_closed_to_backfill(state, protocol, level),
            *_too_many_backfilled(state, protocol, level, choice.n_to_enrol),
        ]
    if choice.purpose is Purpose.EXPANSION:
        return [
            *_closed_to_expansion(state, protocol),
            *_too_many_expanded(state, protocol, choice.n_to_enrol),
        ]
    return []


def find_closed(state: TrialState, cohort: Cohort) -> list[str]:
    """Say what closes an open cohort of backfill or expansion to further patients.

    What the committee knew when it opened the cohort against the protocol closes nothing; but
    where it no longer stands below the current level, or at the MTD, nobody is treated in it.
    """
    choice = Choice(action="enrol", level=cohort.level, purpose=cohort.purpose)
    misfit = find_misfit(state, choice)
    if misfit is not None:
        return [misfit]
    made = state.find_decision(cohort.decision)
    protocol = state.protocol
    if protocol is None or (made is not None and made.event.departure):
        return []
    if cohort.purpose is Purpose.BACKFILL and cohort.level in protocol.labels:
        return list(_closed_to_backfill(state, protocol, protocol.labels.index(cohort.level)))
    if cohort.purpose is Purpose.EXPANSION:
        return list(_closed_to_expansion(state, protocol))
    return []


def _nothing_to_end(state: TrialState, choice: Choice) -> str | None:
    about = choice.purpose, choice.level if choice.purpose is Purpose.BACKFILL else None
    if any(cohort.about == about for cohort in state.open_cohorts):
        return None
    at = f" at level {choice.level}" if choice.purpose is Purpose.BACKFILL else ""
    return f"No {choice.purpose} cohort is open{at}: there is nothing to end."


def _not_below(state: TrialState, label: Label | None) -> str | None:
    """Say why a level cannot be backfilled at all."""
    current, labels = current_cohort(state), () if state.protocol is None else state.protocol.labels
    if state.stopped is not None:
        return (
            f"The escalation has ended by decision {state.stopped.seq}: backfill is only while it "
            "goes on."
        )
    if current is None:
        return "The escalation has not begun: there is no level below it to backfill."
    below = labels[: labels.index(current.level)] if current.level in labels else ()
    if label in below:
        return None
    return (
        f"The escalation is at level {current.level} (cohort {current.number}): backfill is below "
        f"it, and level {label} is not."
    )


def _not_at_mtd(state: TrialState, label: Label | None) -> str | None:
    """Say why there can be no expansion at a level."""
    mtd = declared_mtd(state)
    if mtd is None:
        return (
            "No MTD has been declared: an expansion is at the MTD, once a decision to stop with it "
            "is approved."
        )
    return None if label == mtd else f"The MTD is level {mtd}: an expansion is there, not {label}."


# ---------------------------------------------------------------- backfill


def _closed_to_backfill(state: TrialState, protocol: Protocol, level: int) -> Iterator[str]:
    treated = state.tallies(set_aside=False)[level]
    return say_closed_to_backfill(protocol, level, treated, counted_tallies(state))


def say_closed_to_backfill(
    protocol: Protocol, level: int, treated: Tally, counted: Sequence[Tally]
) -> Iterator[str]:
    """Yield what closes a level to backfill.

    Parameters
    ----------
    protocol : Protocol
    level : int
        0-based.
    treated : Tally
        Everybody treated at the level.
    counted : sequence of Tally
        Whom the rule counts at each level, lowest first.
    """
    table, label = protocol.backfill, protocol.labels[level]
    if table.max_per_level is None:
        yield "The protocol has no backfill ([backfill] max_per_level)."
        return
    if table.from_level is not None and level < protocol.labels.index(table.from_level):
        yield f"The protocol backfills from level {table.from_level} up, and not level {label}."
    if is_closed_to_backfill(protocol, treated):
        yield (
            f"Level {label} is closed to backfill: {treated.n_dlts} of {treated.n_patients} "
            f"treated there had a DLT, a rate of {table.stop_at_rate} or more."
        )
    toxic = _lowest_too_toxic(protocol, counted)
    if toxic is not None and toxic <= level:
        yield f"Level {protocol.labels[toxic]} is too toxic by the rule."


def _lowest_too_toxic(protocol: Protocol, tallies: Sequence[Tally]) -> int | None:
    judged = (protocol.design.status(tally) for tally in tallies)
    return next((k for k, status in enumerate(judged) if status is LevelStatus.TOO_TOXIC), None)


def _too_many_backfilled(
    state: TrialState, protocol: Protocol, level: int, n: int
) -> Iterator[str]:
    table, label, current = protocol.backfill, protocol.labels[level], current_cohort(state)
    if table.max_per_level is None or current is None or current.level not in protocol.labels:
        return
    treated = state.tallies(set_aside=False)[level]
    backfilled = state.tallies(Purpose.BACKFILL, set_aside=False)[level]
    above = protocol.labels.index(current.level)
    since = sum(
        subject.dosing is not None and subject.takes_place
        for cohort in state.cohorts[current.number :]
        if cohort.purpose is Purpose.BACKFILL and cohort.level == label
        for subject in state.members(cohort)
    )
    left = n_backfill_places(protocol, level, above, treated, backfilled, n_since=since)
    if n > left:
        yield (
            f"The protocol backfills a level with {count(table.per_cohort, 'patient')} for each "
            f"cohort of the escalation above it, up to {table.max_per_level}: {left} more at level "
            f"{label} now, not {n}."
        )


# ---------------------------------------------------------------- expansion


def _closed_to_expansion(state: TrialState, protocol: Protocol) -> Iterator[str]:
    return say_closed_to_expansion(protocol, expansion_tally(state))


def say_closed_to_expansion(protocol: Protocol, seen: Tally) -> Iterator[str]:
    """Yield what closes an expansion in which this has been seen."""
    table = protocol.expansion
    if table.n_patients is None and not (table.stop_at_rate or table.stop_at):
        yield "The protocol has no expansion ([expansion] n_patients)."
    if judge_expansion(table, seen) is BoundaryStatus.REACHED:
        boundary = table.stop_at_rate or ", ".join(table.stop_at)
        yield (
            f"The expansion has reached its boundary ({boundary}): {seen.n_dlts} of "
            f"{seen.n_patients} had a DLT. It is stopped until the committee has reconsidered."
        )


def _too_many_expanded(state: TrialState, protocol: Protocol, n: int) -> Iterator[str]:
    planned = protocol.expansion.n_patients
    if planned is None:
        return
    left = max(planned - expansion_tally(state).n_patients, 0)
    if n > left:
        yield f"The protocol expands by {count(planned, 'patient')}: {left} more now, not {n}."


# ---------------------------------------------------------------- what has to be seen at once


def find_dlts_beside(state: TrialState) -> Iterator[tuple[int, str]]:
    """Yield the DLTs in backfill and expansion since the last approved decision, with their entry.

    They are shown with every cohort until the committee has decided in their knowledge.
    """
    approved = (made.event.cutoff for made in reversed(state.decisions) if made.approved)
    for subject, entry in new_dlts(state, next(approved, 0)):
        if subject.purpose is Purpose.ESCALATION:
            continue
        yield (
            entry,
            f"{subject.id} had a DLT at level {subject.level} in {subject.purpose} (cohort "
            f"{subject.cohort}), which no decision knows of yet; {_say_counted(state, subject)}.",
        )


def new_dlts(state: TrialState, cutoff: int) -> Iterator[tuple[Subject, int]]:
    """Yield the subjects whose DLT was recorded, or became one by a correction, after an entry.

    With each comes the entry of the outcome.
    """
    corrected = {
        correction.event.entry
        for correction in state.corrections
        if correction.seq > cutoff and not _says_dlt(correction.before)
    }
    for subject in state.subjects.standing(Standing.DLT):
        dlts = (fact for fact in subject.outcomes if _says_dlt(fact.event))
        new = (fact.seq for fact in dlts if fact.seq > cutoff or fact.seq in corrected)
        entry = next(new, None)
        if entry is not None:
            yield subject, entry


def _say_counted(state: TrialState, subject: Subject) -> str:
    counted = "never" if state.protocol is None else state.protocol.backfill.counted
    if subject.purpose is Purpose.EXPANSION or counted == "never":
        return "the rule does not count it"
    if counted == "final decision":
        return "the rule counts it where the escalation would end"
    return "the rule counts it"


def _says_dlt(event: Event) -> bool:
    return isinstance(event, OutcomeRecorded) and event.outcome is Outcome.DLT
