"""The same outcomes under every design."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from escalation.designs import VARIANTS, Keyboard
from escalation.errors import InputError, LadderError
from escalation.protocol import Protocol, load_protocol
from escalation.protocol.consensus import Opinion, ask_all, summarise
from escalation.protocol.defaults import DEFAULT_TARGET, fill_in


def opinions(protocol: Protocol, outcomes: str, **given: Any) -> dict[str, Opinion]:
    return {one.name: one for one in ask_all(protocol, outcomes, **given).opinions}


# BOIN, target 0.25, escalates at 0/3 and 1/6, stays at none of 1/3 and 2/6; Keyboard alike
# (escalation and de-escalation boundaries as published: 0, 1 and 1, 2 DLTs among 3 and 6)
@pytest.mark.parametrize(
    ("outcomes", "level"),
    [("1NNN", 1), ("1NNN 2NNN", 2), ("1NNN 2NNT", 0), ("1NNN 2NNN 3TTN", 1)],
)
def test_interval_designs_by_the_default_target_against_their_boundaries(
    outcomes: str, level: int
) -> None:
    assert DEFAULT_TARGET == 0.25
    found = opinions(Protocol.plain(4), outcomes)
    for name in ("boin", "keyboard"):
        assert found[name].advice.decision.level == level


def test_variants_keep_the_other_options_of_a_3_plus_3() -> None:
    protocol = Protocol.plain(3, two_of_six="mtd", max_patients=12)
    found = opinions(protocol, "1NNN 2NNT 2TNN")
    for variant in VARIANTS:
        one = found[f"3+3 {variant}"]
        assert (one.design.two_of_six, one.design.max_patients) == ("mtd", 12)  # type: ignore[attr-defined]
        assert one.advice.decision.mtd == 1
        assert one.agrees


def test_only_the_number_of_patients_is_no_disagreement() -> None:
    protocol = Protocol.plain(3).with_design("boin", target=0.3, max_patients=12, cohort_size=2)
    found = opinions(protocol, "1NT")
    assert found["keyboard"].design == Keyboard(
        n_levels=3, target=0.3, max_patients=12, cohort_size=2
    )
    same = [found[name] for name in ("boin", "3+3 declare")]
    assert [one.advice.decision.n_to_enrol for one in same] == [2, 1]
    assert all(one.agrees for one in same)


def test_one_answer_of_all_is_said_so() -> None:
    protocol = load_protocol("nct07123519")
    assert summarise(ask_all(protocol, "1NNN"), protocol).startswith("All ")


@pytest.mark.parametrize("target", [nan, inf, 0, 1, -0.1, True, "0.25"])
def test_a_target_that_is_none_is_refused(target: Any) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        ask_all(Protocol.plain(3), "1NNN", target=target)


@pytest.mark.parametrize("max_patients", [0, -3, 18.0, True, nan])
def test_a_number_of_patients_that_is_none_is_refused(max_patients: Any) -> None:
    with pytest.raises(InputError, match="starts at 1"):
        ask_all(Protocol.plain(3), "1NNN", max_patients=max_patients)


def test_a_level_that_is_not_on_the_ladder_is_refused() -> None:
    with pytest.raises(LadderError):
        ask_all(Protocol.plain(3), "4NNN")


def test_a_design_is_filled_in_with_whole_cohorts_of_the_planned_patients() -> None:
    protocol = load_protocol("nct07123519")
    assert fill_in(protocol, "boin", {}) == {
        "target": (0.25, "default"),
        "max_patients": (18, "as planned"),
    }
    assert fill_in(protocol, "boin", {"target": 0.3, "cohort_size": 4}) == {
        "max_patients": (16, "as planned")
    }
    assert fill_in(Protocol.plain(3), "crm", {"target": 0.2})["max_patients"] == (30, "default")
    assert fill_in(protocol, "3+3", {}) == fill_in(protocol, "no design", {}) == {}
