"""How long each text of the record may be, which is one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.trial import (
    cast_vote,
    circulate_decision,
    continue_infusion,
    correct_entry,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    freeze_data,
    hold_enrolment,
    record_adverse_event,
    record_outcome,
    record_screening_failure,
    rename_subject,
    rule_evaluability,
)
from escalation.trial.events import Relation, Role, Toxicity, Vote

from .bench import NCT, Bench, day

EVENT: dict[str, Any] = {
    "subject": "S1", "term": "fever", "started": day(1), "grade": 1, "scale": "CTCAE",
    "aware": day(1),
}  # fmt: skip
CRS: dict[str, Any] = {"term": "CRS", "grade": 3, "onset": day(1), "relation": Relation.PROBABLE}


@pytest.fixture(scope="module")
def bench() -> Bench:
    """S1 was dosed."""
    bench = Bench.started(NCT)
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.now = 2
    return bench


def told(**said: str) -> dict[str, Any]:
    return {"subject": "S1", "outcome": Outcome.DLT, "toxicities": [Toxicity(**CRS | said)]}


@pytest.mark.parametrize(
    ("command", "said", "limit"),
    [
        (delegate_role, lambda x: {"person": x, "role": Role.SITE}, 100),
        (enrol_subject, lambda x: {"subject": "S2", "weight_kg": 60.0, "deviation": x}, 1000),
        (dose_subject, lambda x: {"subject": "S1", "infused": 1e8, "lot": x}, 100),
        (dose_subject, lambda x: {"subject": "S1", "infused": 1e8, "deviation": x}, 1000),
        (continue_infusion, lambda x: {"subject": "S1", "infused": 1e8, "lot": x}, 100),
        (correct_entry, lambda x: {"entry": 10, "reason": "x", "changes": {"lot": x}}, 100),
        (correct_entry, lambda x: {"entry": 10, "reason": x, "changes": None}, 1000),
        (record_outcome, lambda x: told(term=x), 200),
        (record_outcome, lambda x: told(narrative=x), 2000),
        (record_outcome, lambda x: told() | {"reason": x}, 1000),
        (record_screening_failure, lambda x: {"subject": "S9", "reason": x}, 1000),
        (rename_subject, lambda x: {"subject": "S1", "renamed": "S9", "reason": x}, 1000),
        (rule_evaluability, lambda x: {"subject": "S1", "evaluable": True, "reason": x}, 1000),
        (hold_enrolment, lambda x: {"reason": x}, 1000),
        (decide, lambda x: {"rationale": x}, 2000),
        (cast_vote, lambda x: {"vote": Vote.AGAINST, "reason": x}, 2000),
        (freeze_data, lambda x: {"checked_by": ["site"], "statement": x}, 2000),
        (circulate_decision, lambda x: {"to": [x]}, 100),
        (record_adverse_event, lambda x: EVENT | {"term": x}, 200),
        (record_adverse_event, lambda x: EVENT | {"code": x}, 100),
        (record_adverse_event, lambda x: EVENT | {"dictionary": x}, 100),
        (record_adverse_event, lambda x: EVENT | {"category": x}, 100),
        (record_adverse_event, lambda x: EVENT | {"treatment": x}, 1000),
        (record_adverse_event, lambda x: EVENT | {"narrative": x}, 2000),
    ],
)
def test_a_text_has_at_most_so_many_characters(
    bench: Bench, command: Any, said: Callable[[str], dict[str, Any]], limit: int
) -> None:
    """Typed by somebody who may not, so that it is refused in any case."""
    for length in (limit, limit + 1):
        refusal = bench.refused(command, "nobody", **said("x" * length))
        assert (f"one line of text, at most {limit} characters" in refusal) == (length > limit)
