"""The rule text of interval designs: sentences are those of trials, boundaries the published."""

import csv
import re
from pathlib import Path

import pytest

from escalation.designs import DESIGNS, Boin, make_design
from escalation.designs.interval.base import IntervalDesign
from escalation.reports.rule.boundary_text import boundary_sentences, boundary_words
from escalation.reports.rule.situations import reachable_states
from escalation.reports.rule.text import rule_text

NAMES = [name for name, design in DESIGNS.items() if issubclass(design, IntervalDesign)]
DATA = Path(__file__).parents[2] / "data/boin_boundaries.csv"
ROWS = [
    row
    for row in csv.DictReader(DATA.read_text(encoding="utf-8").splitlines())
    if (row["target"], row["cohortsize"], row["extrasafe"]) == ("0.3", "3", "FALSE")
]


def options(name: str) -> dict[str, float]:
    return {} if name == "g3+3" else {"target": 0.3}


def test_boundaries_against_boin():
    assert ROWS
    for row in ROWS:
        limits = {option: float(row[option]) for option in ("p_saf", "p_tox", "cutoff_eli")}
        design = Boin(n_levels=3, target=0.3, max_patients=30, **limits)
        n = int(row["n"])
        (said,) = boundary_words(design, [n])
        found = {}
        for part in said.rstrip(".").split("; "):
            counts, _, answer = part.rpartition(": ")
            found[answer] = [int(x) for x in re.findall(rf"(\d+)/{n}\b", counts)]
        if n >= 3:
            assert max(found["escalate"]) == int(row["escalate_if_dlt_le"])
            eliminated = int(row["eliminate_if_dlt_ge"])
            assert min(found["eliminate"]) == eliminated
            fewest = int(row["deescalate_if_dlt_ge"])
            assert min(found.get("de-escalate", [eliminated])) == min(fewest, eliminated)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "more",
    [{}, {"cohort_size": 2}, {"n_earlystop": 9}, {"titration": True}, {"start": 1}],
    ids=lambda more: ",".join(more) or "plain",
)
def test_the_sentences_are_those_that_trials_meet(name, more):
    design = make_design(name, n_levels=4, max_patients=18, **options(name), **more)
    met = {state.decision.clause for state in reachable_states(design).values()}
    assert set(boundary_sentences(design)) == met


def test_extra_safety_has_its_sentence():
    design = make_design("boin", n_levels=4, max_patients=24, target=0.3, extrasafe=True)
    ids = [clause.id for clause in boundary_sentences(design)]
    assert "lowest-unsafe" in ids
    assert ids[0] == "start"


@pytest.mark.parametrize("name", NAMES)
def test_a_long_trial_patient_by_patient_has_a_text_too(name):
    design = make_design(name, n_levels=8, max_patients=200, cohort_size=1, **options(name))
    text = rule_text(design, [f"level {k}" for k in range(1, 9)])
    assert "After 200 patients stop" in text
    assert max(map(len, text.splitlines())) < 80
    assert "None" not in text
    assert "False" not in text
