"""An event in words that are nearly those of a rule is seen, not passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.protocol import DltException, DltRule, DltWindow, PauseRule
from escalation.trial import adjudicate, record_adverse_event, warnings
from escalation.trial.adverse_events.near_words import warn_of_near_words
from tests.trial.bench import NCT, SITE, Bench, day

RULES = (
    DltRule(
        name="CRS",
        category="crs",
        min_grade=3,
        exceptions=(DltException(category="laboratory", max_grade=3),),
    ),
    DltRule(name="other", except_categories=("haematological", "crs"), min_grade=3),
)
PROTOCOL = replace(
    NCT,
    dlt=DltWindow(window_days=28, rules=RULES),
    pause=(PauseRule(name="neuro", category="ICANS", min_grade=3),),
)


def treated(protocol=PROTOCOL) -> Bench:
    bench = Bench.judged(protocol)
    bench.open_cohort()
    bench.treat("S1")
    return bench


def remarks(bench: Bench, term: str, category: str | None) -> list[str]:
    bench.do(
        record_adverse_event, SITE, 3,
        subject="S1", term=term, category=category, grade=2, started=day(2), aware=day(2),
    )  # fmt: skip
    return [remark.text for remark in warn_of_near_words(bench.state)]


@pytest.mark.parametrize(
    ("term", "category", "meant"),
    [
        ("CRS", "cytokine release syndrome", "crs"),
        ("CRS", None, "crs"),
        ("cytokine release syndrome", None, "crs"),
        ("fever", "C.R.S.", "crs"),
        ("anaemia", "hematological", "haematological"),
        ("anaemia", "haematologic", "haematological"),
        ("ALT increased", "labaratory", "laboratory"),
        ("confusion", "immune effector cell-associated neurotoxicity", None),  # not its letters
        ("CRS", "crs", None),
        ("CRS", "CRS", None),
        ("pneumonia", "infection", None),
        ("pneumonia", None, None),
    ],
)
def test_a_category_that_is_nearly_one_of_the_rules_is_a_warning(term, category, meant):
    bench = treated()
    said = remarks(bench, term, category)
    assert len(said) == (meant is not None)
    assert all(f'the protocol has rules about "{meant}", which do not see it' in s for s in said)
    assert [w.text for w in warnings(bench.state, day(3)) if "do not see it" in w.text] == said


def test_what_was_ruled_on_needs_no_warning_and_neither_does_a_protocol_without_rules():
    bench = treated()
    assert remarks(bench, "CRS", None)
    entry = bench.state.seq
    bench.do(adjudicate, "adjudicator", 4, entry=entry, dlt=False, reason="grade 2")
    assert list(warn_of_near_words(bench.state)) == []
    assert (
        remarks(treated(replace(NCT, dlt=DltWindow(window_days=28), pause=())), "CRS", None) == []
    )
