"""A trial as it is conducted: events, the state they add up to, and the commands that add them."""

from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.commands import Events, Recorder
from escalation.trial.committee.circulate import circulate_decision
from escalation.trial.committee.decide import decide
from escalation.trial.committee.freeze import freeze_data
from escalation.trial.committee.sign import sign
from escalation.trial.committee.vote import cast_vote
from escalation.trial.evolve import evolve, replay_events
from escalation.trial.findings.record import record_findings
from escalation.trial.hindsight import look_back
from escalation.trial.office import (
    amend_protocol,
    close_trial,
    delegate_role,
    hold_enrolment,
    register_trial,
    resume_enrolment,
    revoke_role,
)
from escalation.trial.patients.corrections import correct_entry, rename_subject
from escalation.trial.patients.evaluability import continue_infusion, rule_evaluability
from escalation.trial.patients.next_patient import NextPatient, next_patient
from escalation.trial.patients.recording import dose_subject, enrol_subject, record_outcome
from escalation.trial.patients.screening import record_screening_failure
from escalation.trial.patients.sites import open_site, transfer_subject
from escalation.trial.planning import adopt_plan, register_with_plan
from escalation.trial.review.departures import departures, rulings, warnings
from escalation.trial.review.remarks import Remark
from escalation.trial.rule import rule_says
from escalation.trial.screening.record import screen_subject, waive_criteria
from escalation.trial.state import Recorded, TrialState
from escalation.trial.visits.record import leave_study, record_visit

__all__ = [
    "Events",
    "NextPatient",
    "Recorded",
    "Recorder",
    "Remark",
    "TrialState",
    "adjudicate",
    "adopt_plan",
    "amend_protocol",
    "cast_vote",
    "circulate_decision",
    "close_trial",
    "continue_infusion",
    "correct_entry",
    "decide",
    "delegate_role",
    "departures",
    "dose_subject",
    "enrol_subject",
    "evolve",
    "follow_up",
    "freeze_data",
    "hold_enrolment",
    "leave_study",
    "look_back",
    "next_patient",
    "open_site",
    "record_adverse_event",
    "record_findings",
    "record_outcome",
    "record_screening_failure",
    "record_visit",
    "register_trial",
    "register_with_plan",
    "rename_subject",
    "replay_events",
    "resume_enrolment",
    "revoke_role",
    "rule_evaluability",
    "rule_says",
    "rulings",
    "screen_subject",
    "sign",
    "transfer_subject",
    "waive_criteria",
    "warnings",
]
