"""What can be recorded from the page: one form an act, in order, by the name in its address.

``base`` says what every act has, ``fields`` what kinds of fields there are, ``uploads`` takes small
files of text and ``importing`` spreadsheets. ``planning`` says what acts have that go by a plan,
``rows`` is what the plan asks for. The others are rooms of acts: ``patients``, ``events``,
``screening``, ``visits``, ``corrections`` and ``chart_corrections`` are a site's, ``committee``,
``keys``, ``office`` and ``sites`` the trial's.
"""

from __future__ import annotations

from escalation.web.acts import (
    chart_corrections,
    committee,
    corrections,
    events,
    importing,
    keys,
    office,
    patients,
    planning,
    screening,
    sites,
    visits,
)
from escalation.web.acts.base import Act

__all__ = ["ACTS"]

ACTS: dict[str, type[Act]] = {
    act.name: act
    for act in (
        # patients
        patients.RecordOutcome,
        patients.Dose,
        patients.Enrol,
        patients.ScreenFail,
        patients.Further,
        sites.Transfer,
        importing.Import,
        # what the plan of a trial says
        screening.Screen,
        screening.AnswerCriteria,
        screening.Waive,
        visits.RecordResults,
        visits.RecordVisit,
        visits.Leave,
        # adverse events
        events.Event,
        events.NewCrs,
        events.NewIcans,
        events.LowCounts,
        events.FollowUp,
        events.FollowUpCrs,
        events.FollowUpIcans,
        events.FollowUpCounts,
        # rulings
        events.Adjudicate,
        patients.RuleEvaluability,
        # corrections
        corrections.Correct,
        corrections.CorrectEnrolment,
        corrections.CorrectDosing,
        corrections.CorrectFurther,
        corrections.CorrectOutcome,
        corrections.CorrectEvent,
        corrections.CorrectCrs,
        corrections.CorrectIcans,
        corrections.CorrectCounts,
        corrections.CorrectFollowUp,
        chart_corrections.CorrectScreening,
        chart_corrections.CorrectResults,
        chart_corrections.CorrectVisit,
        chart_corrections.CorrectLeaving,
        chart_corrections.CorrectWaiver,
        corrections.Rename,
        # the committee, its keys and its office
        committee.Freeze,
        committee.Decide,
        committee.CastVote,
        committee.Propose,
        committee.Approve,
        committee.Review,
        committee.Circulate,
        keys.SignByKey,
        keys.RegisterKey,
        keys.RevokeKey,
        office.Delegate,
        office.Revoke,
        office.Hold,
        office.Resume,
        sites.OpenSite,
        office.Amend,
        planning.AdoptPlan,
        office.Close,
    )
}
