"""The registry's plan: criteria on either side of each limit, gaps flagged where they bite."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

import escalation
from escalation.plan import Criterion, Plan, PlannedTest, load_plan, shipped_plans
from escalation.plan.eligibility import Answer, Item, judge
from escalation.plan.file import find_faults, parse_plan

SHIPPED = Path(escalation.__file__).with_name("plans")
DAY = date(2026, 3, 2)
PLAN = load_plan("nct07123519")
NUMBERS = [c for c in PLAN.criteria if c.comparator is not None]
OTHERS = [c for c in PLAN.criteria if not (c.comparator or c.all_of or c.any_of)]


@pytest.mark.parametrize("name", shipped_plans())
def test_a_shipped_plan_has_no_fault_and_reads_back_the_same(name):
    data = SHIPPED.joinpath(f"{name}.toml").read_bytes()
    assert find_faults(tomllib.loads(data.decode())) == ()
    plan = parse_plan(data, name)
    assert plan == load_plan(name) == Plan.from_document(plan.document)
    assert plan.name == name


def alone(criterion: Criterion, *answers: Answer) -> Item:
    """Judge one criterion of the plan as if it were the only one, of whomever it is asked of."""
    made = replace(criterion, kind="inclusion", only_if=None)
    plan = replace(PLAN, criteria=(made,))
    (item,) = judge(
        plan,
        {criterion.test or criterion.id: answers},
        disease=(*criterion.diseases, "sle")[0],
        sex="female",
        on=DAY,
    ).items
    return item


def result(criterion: Criterion, value: float) -> tuple[Answer, ...]:
    """Return as many results as are needed in a row, with limits of normal of 40."""
    test = PLAN.find_test(criterion.test or "")
    assert isinstance(test, PlannedTest)
    normal = {"lower": 20.0, "upper": 40.0} if criterion.times else {}
    times = 40 if criterion.times else 1
    one = Answer(value=value * times, unit=test.unit, on=DAY, **normal)
    return (one,) * criterion.consecutive


@pytest.mark.parametrize("criterion", NUMBERS, ids=lambda c: c.id)
def test_every_limit_at_it_just_inside_just_outside_and_unknown(criterion):
    limit, little = criterion.limit, 1e-6
    right = {
        ">=": {limit: True, limit + little: True, limit - little: False},
        ">": {limit: False, limit + little: True, limit - little: False},
        "<=": {limit: True, limit + little: False, limit - little: True},
        "<": {limit: False, limit + little: False, limit - little: True},
        "between": {limit: True, limit - little: False, limit + little: True},
    }[criterion.comparator]
    if criterion.comparator == "between":
        right |= {criterion.upper: True, criterion.upper + little: False}
    for value, holds in right.items():
        item = alone(criterion, *result(criterion, value))
        assert item.status == ("met" if holds else "not met"), (value, item.why)
    for unknown in ((), (Answer(answer="unknown", on=DAY),)):
        item = alone(criterion, *unknown)
        assert (item.status, item.settle is not None) == ("unknown", True)


@pytest.mark.parametrize("criterion", OTHERS, ids=lambda c: c.id)
def test_every_question_yes_no_and_unknown(criterion):
    test = PLAN.find_test(criterion.test or "")
    choices = test.choices if test is not None else ("yes", "no")
    for choice in choices:
        holds = choice in (criterion.answers or ("yes",))
        assert alone(criterion, Answer(answer=choice, on=DAY)).status == (
            "met" if holds else "not met"
        )
    assert alone(criterion).status == "unknown"
    assert alone(criterion, Answer(answer="unknown", on=DAY)).status == "unknown"


# the record, with its numbers written out again: comparator, limit, in which unit
RECORD = """
I1 between 18 65 years | I2.1a >= 1 10^9/L | I2.2 >= 60 g/L | I2.3 <= 3 ULN | I2.4 <= 3 ULN
I2.5 <= 1.5 ULN | I2.6a >= 30 mL/min | I2.7 <= 1.5 ULN | I2.8 <= 1.5 ULN | D1.LN2a >= 1 g/g
D1.LN2b > 1 g/24 h | D1.LN4 <= 50 % | D1.ITP2 < 50 10^9/L | D2.2 >= 6 None | D3.5a > 25 %
D3.5b >= 10 % | D3.5c1 > 5 % | D3.5c2 >= 15 % | D4.3a1 < 142 None | D4.3b1 >= 142 None
D4.core1 >= 2 None | D4.core2 >= 2 None | D4.core3 >= 2 None | D4.core4 >= 0.25 None
D4.core5 >= 1.5 ULN | D5.3 >= 15 None
"""


def test_limits_are_those_of_the_registry_record():
    written = {
        f"{c.id} {c.comparator} {c.limit:g}{'' if c.upper is None else f' {c.upper:g}'} "
        f"{c.times or PLAN.find_test(c.test).unit}"
        for c in NUMBERS
    }
    assert written == {one.strip() for one in RECORD.replace("\n", "|").split("|") if one.strip()}


def test_times_are_those_of_the_registry_record():
    """2 weeks for neutrophils, 7 days for HCG, 6 months for renal pathology, sclerosis in it."""
    timed = {c.id: c.within_days for c in PLAN.criteria if c.within_days is not None}
    assert timed == {"I2.1a": 14, "I3.2": 7, "D1.LN3": 183, "D1.LN4": 183}
    for name, days in timed.items():
        criterion = PLAN.find_criterion(name)
        assert criterion is not None
        for age, status in ((0, "met"), (days, "met"), (days + 1, "unknown"), (-1, "unknown")):
            on = DAY - timedelta(days=age)
            found = Answer(answer=(criterion.answers or (None,))[0], on=on)
            if criterion.limit is not None:
                found = replace(result(criterion, criterion.limit)[0], on=on)
            assert alone(criterion, found).status == status, (name, age)


def test_every_disease_has_one_inclusion_of_its_own_and_exclusions_are_fourteen():
    own = [c.diseases for c in PLAN.criteria if c.diseases and c.kind == "inclusion"]
    assert own == [(d.name,) for d in PLAN.diseases]
    exclusions = [c.id for c in PLAN.criteria if c.kind == "exclusion"]
    assert exclusions == [f"E{n}" for n in range(1, 15)]
    assert [c.id for c in PLAN.criteria if c.waiver] == ["I2.3", "I2.4", "I2.5"]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("D3", "describes systemic sclerosis"),
        ("D3.4or5", "3.4 or 3.5"), ("D4.4or5", "4.4 or 4.5"), ("D6.3or4", "6.3 or 6.4"),
        ("D1.LN2", ">= and >"),
        ("D3.5b", "taken as >="), ("D3.5c2", "taken as >="), ("D4.core5", "taken as >="),
        ("D6.2", "Sydney"), ("D6.3", "exclusion 9"), ("E9", "6.3"),
        ("E8.1c", "upper limit of detection"),
        ("I2.2", "baseline"), ("D1.ITP2", "baseline"),
    ],
)  # fmt: skip
def test_each_gap_of_the_record_is_flagged_where_it_bites(place, says):
    criterion = PLAN.find_criterion(place)
    assert criterion is not None
    assert any(says in flag for flag in criterion.flags)


def test_what_the_record_does_not_say_is_marked_as_assumed():
    assert all(any("assumed" in flag for flag in visit.flags) for visit in PLAN.visits[1:])
    for name in ("yts109", "il6", "crp", "ferritin", "ck"):
        test = PLAN.find_test(name)
        assert test is not None
        assert "assumed" in " ".join(test.flags)
    back = [b for b in PLAN.biomarkers if b.threshold is not None]
    assert back
    assert all("assumed" in " ".join(b.flags) for b in back)


def test_visits_are_on_the_records_days():
    assert [visit.day for visit in PLAN.visits] == [0, 4, 7, 10, 14, 21, 28, 56, 84, 168, 364]
    assert PLAN.response is not None
    assert PLAN.response.visits == ("W2", "W4", "W8", "W12")


WOMAN = {
    "age": (41, "years"), "neutrophils": (2.1, "10^9/L"), "haemoglobin": (7.4, "g/dL"),
    "alt": (30, "U/L"), "ast": (30, "U/L"), "bilirubin": (0.5, "mg/dL"), "inr": (1.1, None),
    "pt": (12, "s"), "weight": (60, "kg"), "creatinine": (80, "µmol/L"),
    "upcr": (120, "mg/mmol"), "sclerosis": (20, "%"),
}  # fmt: skip


def woman_with_nephritis() -> dict[str, list[Answer]]:
    """Return answers of somebody who meets every criterion."""
    upper = {"alt": 40.0, "ast": 40.0, "bilirubin": 1.2, "inr": 1.2, "pt": 14.0}
    given = {
        name: [Answer(value=value, unit=unit, upper=upper.get(name), on=DAY)]
        for name, (value, unit) in WOMAN.items()
    }
    yes = ("fertile", "I2.1b", "I2.6b", "I2.9", "I3.1", "I3.3", "I4", "D1.1", "D1.LN1")
    given |= {name: [Answer(answer="yes", on=DAY)] for name in yes}
    given |= {
        c.id: [Answer(answer="no", on=DAY)]
        for c in PLAN.criteria
        if c.id.startswith("E") and not (c.all_of or c.any_of)
    }
    return given | {
        "hcg": [Answer(answer="negative", on=DAY)],
        "ln-class": [Answer(answer="IV+V", on=DAY)],
    }


def test_somebody_who_meets_every_criterion_is_eligible_and_each_one_missing_is_noticed():
    given = woman_with_nephritis()
    who = {"disease": "sle", "sex": "female", "on": DAY}
    assert judge(PLAN, given, **who).verdict == "eligible"
    for name in given:
        less = {key: value for key, value in given.items() if key != name}
        found = judge(PLAN, less, **who)
        # of three answers "no" on hepatitis B one decides; and what is asked of the fertile is met
        settled = name.startswith("E8.1") or name == "fertile"
        expected = "eligible" if settled else "incomplete"
        assert found.verdict == expected, name
    found = judge(PLAN, given | {"E9": [Answer(answer="yes", on=DAY)]}, **who)
    assert [item.criterion.id for item in found.of("not met")] == ["E9"]
    other = judge(PLAN, given, **{**who, "disease": "aps"})
    assert [item.criterion.id for item in other.of("unknown")] == ["D6"]
