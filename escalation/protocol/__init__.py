"""Protocols: the ladder, the design with its options, and what each setting rests on."""

from escalation.protocol.advice import Advice, advise, describe_decision
from escalation.protocol.protocol import (
    DltWindow,
    DoseLevel,
    Enrolment,
    Protocol,
    ProtocolScenario,
    Source,
    Trial,
    format_dose,
    freeze_lists,
    load_protocol,
    name_settings,
    shipped_protocols,
)

__all__ = [
    "Advice",
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "Protocol",
    "ProtocolScenario",
    "Source",
    "Trial",
    "advise",
    "describe_decision",
    "format_dose",
    "freeze_lists",
    "load_protocol",
    "name_settings",
    "shipped_protocols",
]
