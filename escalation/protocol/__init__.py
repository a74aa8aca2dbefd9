"""Protocols: the ladder, the design with its options, and what each setting rests on."""

from escalation.protocol.advice import Advice, advise, describe_decision
from escalation.protocol.load import DEFAULT_PROTOCOL, load_protocol, shipped_protocols
from escalation.protocol.protocol import (
    DltWindow,
    DoseLevel,
    Enrolment,
    ExpansionMonitoring,
    Protocol,
    ProtocolScenario,
    Source,
    Trial,
    format_dose,
)
from escalation.protocol.tables import (
    Anchors,
    Committee,
    DltException,
    DltRule,
    Evaluability,
    Keys,
    PauseRule,
    Reporting,
)

__all__ = [
    "DEFAULT_PROTOCOL",
    "Advice",
    "Anchors",
    "Committee",
    "DltException",
    "DltRule",
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "Evaluability",
    "ExpansionMonitoring",
    "Keys",
    "PauseRule",
    "Protocol",
    "ProtocolScenario",
    "Reporting",
    "Source",
    "Trial",
    "advise",
    "describe_decision",
    "format_dose",
    "load_protocol",
    "shipped_protocols",
]
