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

__all__ = [
    "DEFAULT_PROTOCOL",
    "Advice",
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "ExpansionMonitoring",
    "Protocol",
    "ProtocolScenario",
    "Source",
    "Trial",
    "advise",
    "describe_decision",
    "format_dose",
    "load_protocol",
    "shipped_protocols",
]
