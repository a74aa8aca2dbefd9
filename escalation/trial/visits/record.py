"""Commands of a site on visits: that one took place or was missed, and that there are no more."""

from __future__ import annotations

from datetime import date

from escalation.plan.names import PlanNames
from escalation.trial.chart import Chart
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Leaving, SubjectLeft, VisitRecorded
from escalation.trial.findings.checking import (
    check_dates,
    check_source,
    check_visit_day,
    find_person,
)
from escalation.trial.findings.results import results_of
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.state import TrialState

__all__ = ["check_infusion", "check_leaving", "check_visit", "leave_study", "record_visit"]


def record_visit(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    visit: str,
    missed: str | None = None,
    note: str | None = None,
    source: str | None = None,
) -> Events:
    """Record that a visit of the plan took place, or why it did not.

    One outside its window is recorded as it was.

    Parameters
    ----------
    state, recorder
    subject : str
        Somebody who is screened or enrolled; for a visit after the infusion, who was dosed.
    visit : str
        As the plan names it.
    missed : str or None
        Why it did not take place.
    note : str or None
    source : str or None
        The file that it was imported from.

    Raises
    ------
    RefusedError
    """
    visit = PlanNames(state.plan).visit(visit)
    refusal = Refusal(f"visit {visit} of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    event = VisitRecorded(
        on=recorder.on,
        subject=state.current_id(subject),
        visit=visit,
        missed=missed,
        note=note,
        source=source,
    )
    find_person(refusal, state, state.chart(subject))
    if not refusal.reasons:
        check_visit(refusal, state, recorder, event)
    refusal.raise_if_any()
    return (event,)


def check_visit(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    event: VisitRecorded,
    *,
    entry: int | None = None,
) -> None:
    """Refuse a visit that is not planned, cannot have been, or is recorded already.

    ``entry`` is the one that is corrected, which says nothing any more.
    """
    chart = state.chart(event.subject)
    if state.plan is None:
        refusal.add("The trial goes by no plan; adopt one first (trial plan FILE).")
        return
    check_dates(refusal, state, recorder, chart, event.on)
    if event.missed is None:
        check_visit_day(refusal, state, event.subject, event.visit, event.on)
        check_infusion(refusal, state, event)
    else:
        check_visit_day(refusal, state, event.subject, event.visit, None)
        refusal.check_line("reason why it was missed", event.missed)
        took_place = [r for r in results_of(state, event.subject) if r.visit == event.visit]
        if any(result.finding.not_done is None for result in took_place):
            refusal.add(f"Results at {event.visit} are recorded, by entry {took_place[-1].seq}.")
        known, planned = state.subjects.get(event.subject), state.plan.find_visit(event.visit)
        if planned is not None and planned.day == 0 and known is not None and known.dosing:
            refusal.add(f"{known.id} was dosed on {known.dosed_on}: that was day 0.")
    refusal.check_line("note", event.note)
    check_source(refusal, state, event.source)
    for fact in chart.visits:
        if fact.event.visit == event.visit and fact.seq != entry:
            how = "took place" if fact.event.missed is None else "was missed"
            refusal.add(
                f"Entry {fact.seq} says that {event.visit} {how} on {fact.event.on}; if that is "
                "wrong, correct the entry."
            )


def check_infusion(refusal: Refusal, state: TrialState, event: VisitRecorded) -> None:
    """Refuse that the day of the infusion took place without one."""
    known = state.subjects.get(event.subject)
    planned = None if state.plan is None else state.plan.find_visit(event.visit)
    if planned is not None and planned.day == 0 and (known is None or known.dosing is None):
        refusal.add(
            f"Visit {event.visit} is that of the infusion, and {event.subject} has not been dosed."
        )


def leave_study(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    why: Leaving,
    reason: str | None = None,
) -> Events:
    """Record that somebody's part in the study ended: nothing is due from then on.

    Parameters
    ----------
    state, recorder
    subject : str
    why : Leaving
    reason : str or None
        More about it; needed where it is another one.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the end of {subject}'s part cannot be recorded")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    event = SubjectLeft(on=recorder.on, subject=state.current_id(subject), why=why, reason=reason)
    find_person(refusal, state, state.chart(subject))
    if not refusal.reasons:
        check_leaving(refusal, state, event)
    refusal.raise_if_any()
    return (event,)


def check_leaving(
    refusal: Refusal, state: TrialState, event: SubjectLeft, *, entry: int | None = None
) -> None:
    """Refuse the end of somebody's part that what is recorded of them gainsays.

    ``entry`` is the one that is corrected, which says nothing any more.
    """
    subject, chart = event.subject, state.chart(event.subject)
    begun, until = _part(state, chart, entry)
    refusal.check_line("reason", event.reason)
    refusal.unless(
        event.why is not Leaving.OTHER or event.reason is not None,
        'Where it is "other", say what: the reason is missing.',
    )
    for left in chart.leavings:
        if left.seq != entry and begun < left.seq < until:
            refusal.add(
                f"Entry {left.seq} says that {subject} left on {left.event.on} "
                f"({left.event.why}); if that is wrong, correct the entry."
            )
    known = state.subjects.get(subject)
    death = None if known is None else known.death
    if death is not None and (event.why, event.on) != (Leaving.DEATH, death.died_on):
        refusal.add(f"{subject} died on {death.died_on}, by entry {death.entry}.")
    seen = [("a result", r.on, r.seq) for r in results_of(state, subject)]
    seen += [(f"visit {f.event.visit}", f.event.on, f.seq) for f in chart.visits]
    seen += [("the screening", f.event.on, f.seq) for f in chart.screenings]
    if known is not None:
        seen += [("an infusion", f.event.on, f.seq) for f in known.infusions]
    seen = [(what, on, seq) for what, on, seq in seen if seq < until]
    what, last, by = max(seen, key=lambda said: said[1], default=("", date.min, 0))
    refusal.unless(event.on >= last, f"Entry {by} is of {what} on {last}, which is after it.")


def _part(state: TrialState, chart: Chart, entry: int | None) -> tuple[int, int]:
    """Return the entries between which somebody's part is recorded: screened again, it is another.

    It is that of an entry, or the last.
    """
    end = state.seq + 1
    begun = [fact.seq for fact in chart.screenings if fact.seq < (entry or end)]
    later = [fact.seq for fact in chart.screenings if fact.seq > (entry or end)]
    return max(begun, default=0), min(later, default=end)
