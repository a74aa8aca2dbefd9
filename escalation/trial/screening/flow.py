"""How many came how far: screened, enrolled, dosed, evaluable, replaced, as CONSORT has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.outcomes import Outcome
from escalation.text import as_compared
from escalation.trial.events import Leaving
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.screening.log import Screening, screening_log
from escalation.trial.state import TrialState
from escalation.trial.visits.ending import find_ending

__all__ = ["Flow", "LevelFlow", "Reason", "count_flow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, and how many people; words that differ in capitals or blanks only are the same."""

    text: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFlow:
    """Those enrolled at a level, or at all of them.

    Attributes
    ----------
    label : int, str or None
        None for all levels.
    n_enrolled : int
        Who had a place; it is ``n_dosed``, ``n_waiting`` and those of ``not_dosed``.
    not_dosed : tuple of Reason
        Why somebody who had a place was not dosed, and will not be.
    n_dosed : int
        It is ``n_evaluable``, ``n_pending`` and ``n_not_evaluable``; all are analysed for safety.
    n_dlts : int
        Of those evaluable.
    n_replaced : int
        Of those who were not dosed, or are not evaluable.
    n_completed : int
        Of those dosed; those of ``left`` left before, and the others are in the study still.
    """

    label: Label | None
    n_enrolled: int
    not_dosed: tuple[Reason, ...]
    n_waiting: int
    n_dosed: int
    n_evaluable: int
    n_dlts: int
    n_pending: int
    n_not_evaluable: int
    n_replaced: int
    n_completed: int
    left: tuple[Reason, ...]

    @property
    def n_on_study(self) -> int:
        """Those dosed who are followed up still."""
        return self.n_dosed - self.n_completed - sum(reason.n for reason in self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """People, each of them once, by how far they came.

    Attributes
    ----------
    n_screened : int
        Everybody; it is those of ``failed`` and ``left``, ``n_in_screening``, and those enrolled.
    n_again : int
        Of them, screened more than once.
    n_unscreened : int
        Of those enrolled in a trial that goes by a plan, without a screening on record: imported,
        or enrolled before there was a plan.
    failed, left : tuple of Reason
        Who was not enrolled: failed screening, or left before. The last time counts.
    all : LevelFlow
    levels : tuple of LevelFlow
        Those at which somebody was enrolled, in the order of the ladder.
    """

    n_screened: int
    n_again: int
    n_unscreened: int
    failed: tuple[Reason, ...]
    left: tuple[Reason, ...]
    n_in_screening: int
    all: LevelFlow
    levels: tuple[LevelFlow, ...]


def count_flow(state: TrialState) -> Flow:
    """Count everybody who was screened or enrolled, where they stand now."""
    of_person: dict[str, list[Screening]] = {}
    for screening in screening_log(state):
        of_person.setdefault(screening.subject, []).append(screening)
    last = [found[-1] for name, found in of_person.items() if name not in state.subjects]
    subjects = list(state.subjects.values())
    labels = _labels(state, subjects)
    return Flow(
        n_screened=len(of_person),
        n_again=sum(len(found) > 1 for found in of_person.values()),
        n_unscreened=sum(
            all(one.entry is None for one in of_person[subject.id])
            for subject in (subjects if state.plans else ())
        ),
        failed=_count(_why(state, one) for one in last if one.end == "failed"),
        left=_count(one.reason or "left" for one in last if one.end == "left"),
        n_in_screening=sum(one.end == "in screening" for one in last),
        all=_of_level(state, None, subjects),
        levels=tuple(
            _of_level(state, label, [s for s in subjects if s.level == label]) for label in labels
        ),
    )


def _labels(state: TrialState, subjects: Sequence[Subject]) -> list[Label]:
    """Return the labels of levels that somebody was enrolled at, those off the ladder last."""
    used = dict.fromkeys(subject.level for subject in subjects)
    known = () if state.protocol is None else state.protocol.labels
    return [*(label for label in known if label in used), *(u for u in used if u not in known)]


def _why(state: TrialState, screening: Screening) -> str:
    """Say why somebody failed: the criteria that are named or, without any, the reason."""
    if not screening.criteria:
        return screening.reason or "not stated"
    if len(screening.criteria) > 1:
        return ", ".join(screening.criteria)
    (name,) = screening.criteria
    plans = (plan.find_criterion(name) for _, plan in reversed(state.plans))
    criterion = next((found for found in plans if found is not None), None)
    return name if criterion is None else f"{name} {criterion.text}"


def _of_level(state: TrialState, label: Label | None, subjects: Sequence[Subject]) -> LevelFlow:
    dosed = [subject for subject in subjects if subject.dosing is not None]
    others = [subject for subject in subjects if subject.dosing is None]
    stopped = [why for subject in others if (why := _why_not_dosed(state, subject)) is not None]
    stand = [subject.standing for subject in dosed]
    outcomes = [subject.outcome for subject in dosed]
    ended = [why for subject in dosed if (why := _why_left(state, subject)) is not None]
    completed = [why for why in ended if why == Leaving.COMPLETED]
    n_not_evaluable = stand.count(Standing.NOT_EVALUABLE)
    n_pending = stand.count(Standing.PENDING) + stand.count(Standing.UNRULED)
    return LevelFlow(
        label=label,
        n_enrolled=len(subjects),
        not_dosed=_count(stopped),
        n_waiting=len(others) - len(stopped),
        n_dosed=len(dosed),
        n_evaluable=len(dosed) - n_not_evaluable - n_pending,
        n_dlts=outcomes.count(Outcome.DLT),
        n_pending=n_pending,
        n_not_evaluable=n_not_evaluable,
        n_replaced=sum(s.replaced_by is not None and not s.takes_place for s in subjects),
        n_completed=len(completed),
        left=_count(why for why in ended if why != Leaving.COMPLETED),
    )


def _why_not_dosed(state: TrialState, subject: Subject) -> str | None:
    """Say why somebody who had a place will not be dosed; None for who waits."""
    if subject.standing is Standing.WITHDRAWN:
        return subject.outcomes[-1].event.reason or "withdrawn before dosing"
    return _why_left(state, subject)


def _why_left(state: TrialState, subject: Subject) -> str | None:
    """Say how somebody's part ended; None where it goes on. Who died has left."""
    ending = find_ending(state, subject.id)
    return None if ending is None else str(ending.why)


def _count(reasons: Iterable[str]) -> tuple[Reason, ...]:
    """Count reasons, the most frequent first, then in the order in which they came."""
    counted: dict[str, list[str]] = {}
    for reason in reasons:
        counted.setdefault(as_compared(reason), []).append(reason)
    found = [Reason(text=same[0], n=len(same)) for same in counted.values()]
    return tuple(sorted(found, key=lambda reason: -reason.n))
