"""The tables of a protocol file, each a dataclass that says its own limits.

The metadata of a field goes to pydantic as it stands: limits and descriptions are said here only.
"""

from typing import Literal

from escalation.protocol.tables.conduct import (
    Anchors,
    Backfill,
    Committee,
    Dosing,
    Enrolment,
    ExpansionMonitoring,
    Keys,
    Reporting,
    Trial,
)
from escalation.protocol.tables.judging import (
    DltException,
    DltRule,
    DltWindow,
    Evaluability,
    PauseRule,
)
from escalation.protocol.tables.ladder import DoseLevel, ProtocolScenario
from escalation.protocol.tables.patterns import (
    FRACTION,
    FRACTION_WORDS,
    NAME,
    PAIR,
    PAIR_WORDS,
)

__all__ = [
    "FRACTION",
    "FRACTION_WORDS",
    "LATER_TABLES",
    "NAME",
    "PAIR",
    "PAIR_WORDS",
    "TABLES",
    "Anchors",
    "Backfill",
    "Committee",
    "DltException",
    "DltRule",
    "DltWindow",
    "DoseLevel",
    "Dosing",
    "Enrolment",
    "Evaluability",
    "ExpansionMonitoring",
    "Keys",
    "PauseRule",
    "ProtocolScenario",
    "Reporting",
    "Source",
    "Trial",
]

Source = Literal["registry", "assumed"]

TABLES: dict[
    str,
    type[
        Trial
        | DltWindow
        | Enrolment
        | ExpansionMonitoring
        | Backfill
        | Dosing
        | Evaluability
        | Reporting
        | Committee
        | Keys
        | Anchors
    ],
] = {
    "trial": Trial,
    "dlt": DltWindow,
    "enrolment": Enrolment,
    "expansion": ExpansionMonitoring,
    "backfill": Backfill,
    "dosing": Dosing,
    "evaluability": Evaluability,
    "reporting": Reporting,
    "committee": Committee,
    "keys": Keys,
    "anchors": Anchors,
}
# tables that came after the first release: where nothing is said of one, the document leaves it
# out, so that the digests of protocols written before stay as they are
LATER_TABLES = frozenset(
    {
        *("expansion", "evaluability", "reporting", "committee", "keys", "anchors"),
        *("backfill", "dosing"),
    }
)
