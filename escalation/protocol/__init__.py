"""Protocols: the ladder, the design with its options, and what each setting rests on."""

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
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "Protocol",
    "ProtocolScenario",
    "Source",
    "Trial",
    "format_dose",
    "freeze_lists",
    "load_protocol",
    "name_settings",
    "shipped_protocols",
]
