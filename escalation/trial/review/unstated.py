"""What an imported history does not state: it is said for as long as nobody has added it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.outcomes import Outcome
from escalation.text import count, list_briefly
from escalation.trial.events import OutcomeRecorded
from escalation.trial.patients.planned_dose import say_share
from escalation.trial.patients.subjects import Fact, Subject
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState

__all__ = ["warn_of_unstated"]


def warn_of_unstated(state: TrialState) -> Iterator[Remark]:
    """Yield what is not stated of patients who were dosed, each in one sentence."""
    dosed = [subject for subject in state.subjects.values() if subject.dosing is not None]
    yield from _amounts(state, dosed)
    yield from _remark(
        "The day of enrolment of {} is not stated; it was no later than the dosing",
        [s for s in dosed if s.enrolment.undated],
    )
    said = [(subject, fact) for subject in dosed for fact in subject.outcomes]
    undated = [(subject, fact) for subject, fact in said if fact.event.undated]
    if undated:
        known = max(fact.event.on for _, fact in undated)
        yield from _remark(
            f"The day of the outcome of {{}} is not stated; it was known by {known}",
            [subject for subject, _ in undated],
        )
    yield from _remark("What the DLT of {} was is not stated", _open(said, Outcome.DLT))
    yield from _remark(
        "Why {} cannot be evaluated is not stated", _open(said, Outcome.NOT_EVALUABLE)
    )


def _amounts(state: TrialState, dosed: Sequence[Subject]) -> Iterator[Remark]:
    """Yield where the infused amount or what it takes to plan it is not stated.

    Whether such a patient got what the protocol asks for cannot be told. The outcome counts all the
    same, as the site reported it; whoever knows better corrects the dosing or rules on it.
    """
    protocol = state.protocol
    if protocol is None or protocol.unit is None:
        return
    without = [subject for subject in dosed if subject.infused is None]
    shares = [subject.evaluability.least_share for subject in without if subject.evaluability]
    least = f", {say_share(min(shares))} of the planned dose or more," if shares else ""
    yield from _remark(
        f"The infused amount of {{}} is not stated: whether it was enough{least} cannot be told. "
        "Their outcomes count as recorded",
        without,
    )
    at_level = [s for s in dosed if s.planned is None and s.level in protocol.labels]
    unplanned = [subject for subject in at_level if subject.plan(protocol).missing]
    yield from _remark(
        "The planned amount of {} is not known: the weight or height that it is calculated from is "
        "not stated",
        unplanned,
    )


def _open(said: Sequence[tuple[Subject, Fact[OutcomeRecorded]]], outcome: Outcome) -> list[Subject]:
    return [s for s, fact in said if fact.event.outcome is outcome and not fact.event.explained]


def _remark(text: str, subjects: Sequence[Subject]) -> Iterator[Remark]:
    if subjects:
        n, named = count(len(subjects), "patient"), list_briefly([s.id for s in subjects])
        yield Remark(entry=subjects[0].enrolments[0].seq, text=f"{text.format(f'{n} ({named})')}.")
