"""What is assumed of time, in words: true of each kind of design, and complete."""

from __future__ import annotations

import pytest

from escalation.designs import make_design
from escalation.protocol import DltWindow, DoseLevel, Protocol
from simulations.reports.timing import list_assumptions
from simulations.timing.assumptions import Poisson, Timing


def said_of(name: str, **given) -> list[str]:
    options = {"target": 0.25, "max_patients": 12} if name.startswith("tite") else {}
    protocol = Protocol(
        name="words",
        levels=(DoseLevel(label=1), DoseLevel(label=2)),
        start=0,
        design=make_design(name, n_levels=2, **options),
        dlt=DltWindow(window_days=28),
    )
    timing = Timing(arrivals=Poisson(mean_gap_days=10), **given)
    return [item.text for item in list_assumptions(timing, protocol).items]


@pytest.mark.parametrize(
    ("name", "decides", "words"),
    [
        ("3+3", "complete", "when the last is filled, whatever has been seen meanwhile"),
        ("3+3", "settled", "as soon as no pending outcome can change the decision"),
        ("rolling-six", "complete", "a place is free as long as the rule says one more here"),
        ("tite-boin", "complete", "with the follow-up of that moment"),
    ],
)
def test_when_is_decided_is_said_of_every_design(name: str, decides: str, words: str):
    assert sum(words in text for text in said_of(name, decides=decides)) == 1


def test_who_fails_screening_is_not_replaced_and_a_dlt_comes_before_a_loss():
    said = said_of("3+3", screen_failure=0.2, dropout=0.1)
    assert "A patient fails screening with a probability of 20 %, before taking a place." in said
    assert (
        "A patient is lost before the DLT window closes with a probability of 10 %, unless a DLT "
        "comes first, and is replaced."
    ) in said
