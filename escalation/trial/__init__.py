"""A trial as it is conducted: events, the state they add up to, and the commands that add them."""

from escalation.trial.commands import Events, Recorder
from escalation.trial.committee.circulate import circulate_decision
from escalation.trial.committee.decide import decide
from escalation.trial.committee.freeze import freeze_data
from escalation.trial.committee.sign import sign
from escalation.trial.committee.vote import cast_vote
from escalation.trial.corrections import correct_entry
from escalation.trial.evolve import evolve, replay_events
from escalation.trial.hindsight import look_back
from escalation.trial.next_patient import NextPatient, next_patient
from escalation.trial.office import (
    amend_protocol,
    close_trial,
    delegate_role,
    hold_enrolment,
    register_trial,
    resume_enrolment,
    revoke_role,
)
from escalation.trial.remarks import Remark
from escalation.trial.review import departures, warnings
from escalation.trial.rule import rule_says
from escalation.trial.site import dose_subject, enrol_subject, record_outcome
from escalation.trial.state import Recorded, TrialState

__all__ = [
    "Events",
    "NextPatient",
    "Recorded",
    "Recorder",
    "Remark",
    "TrialState",
    "amend_protocol",
    "cast_vote",
    "circulate_decision",
    "close_trial",
    "correct_entry",
    "decide",
    "delegate_role",
    "departures",
    "dose_subject",
    "enrol_subject",
    "evolve",
    "freeze_data",
    "hold_enrolment",
    "look_back",
    "next_patient",
    "record_outcome",
    "register_trial",
    "replay_events",
    "resume_enrolment",
    "revoke_role",
    "rule_says",
    "sign",
    "warnings",
]
