"""`escalation trial forecast` on the demo, as a person types it."""

from __future__ import annotations

import json

import pytest

from .shell import Shell

ASKED = "forecast --on 2026-05-28 --p-dlt 0.05,0.1,0.2,0.35 --trials 50"


def test_a_trial_whose_enrolment_is_paused_has_no_forecast(demo: Shell):
    died = "ae TJ-010 --term sepsis --grade 5 --started 2026-05-25 --on 2026-05-27"
    assert demo.type(f"{died} --as 'Lin Mei' --clock-is-right").exit_code == 0
    result = demo.type(ASKED)
    assert result.exit_code == 1
    assert "enrolment is paused since entry 62, TJ-010 died" in " ".join(result.output.split())
    assert demo.type(f"{ASKED} --as-of 61").exit_code == 0


def test_json_has_the_error_of_every_share_and_no_date_before_the_question(demo: Shell):
    (found,) = json.loads(demo.type(f"{ASKED} --json").stdout)["results"]
    shares, errors = found["p_select"], found["se"]["p_select"]
    assert errors == {
        label: pytest.approx((p * (1 - p) / 50) ** 0.5) for label, p in shares.items()
    }
    for event in ("next_decision", "last_decision", "last_outcome"):
        dates = list(found[event].values())
        assert dates == sorted(dates)
        assert dates[0] >= "2026-05-28"
