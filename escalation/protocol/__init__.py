"""Protocols: the ladder, the design with its options, and what each setting rests on."""

from escalation.protocol.advice import Advice, advise, describe_decision
from escalation.protocol.backfill import (
    counts_backfill,
    decide_with_backfill,
    follows_responses,
    is_closed_to_backfill,
    n_backfill_places,
    open_after_responses,
)
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
    Backfill,
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
    "Backfill",
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
    "counts_backfill",
    "decide_with_backfill",
    "describe_decision",
    "follows_responses",
    "format_dose",
    "is_closed_to_backfill",
    "load_protocol",
    "n_backfill_places",
    "open_after_responses",
    "shipped_protocols",
]
