"""Eligibility held against Kleene's tables, limits on either side, and brute force."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from datetime import date, timedelta
from math import inf, nan
from typing import Any

import pytest

from escalation.errors import InputError
from escalation.plan import Criterion, Disease, Plan, PlannedTest
from escalation.plan.creatinine import cockcroft_gault
from escalation.plan.eligibility import Answer, Eligibility, judge

DAY = date(2026, 3, 2)
TRUTH = {"yes": True, "no": False, "unknown": None}


def plan_of(*criteria: Criterion, tests: tuple[PlannedTest, ...] = (), **more: Any) -> Plan:
    return Plan(name="p", criteria=criteria, tests=tests, **more)


def said(**answers: str) -> dict[str, list[Answer]]:
    return {name: [Answer(answer=answer, on=DAY)] for name, answer in answers.items()}


def results(*values: float, unit: str | None = "g/L", **more: Any) -> list[Answer]:
    """Return results of consecutive days, the last of them on the day."""
    days = range(len(values) - 1, -1, -1)
    return [
        Answer(value=value, unit=unit, on=DAY - timedelta(days=n), **more)
        for n, value in zip(days, values, strict=True)
    ]


def asked(plan: Plan, answers: Mapping[str, Any], **who: Any) -> Eligibility:
    return judge(plan, answers, **{"disease": None, "sex": None, "on": DAY, **who})


# ---------------------------------------------------------------- Kleene


@pytest.mark.parametrize(("one", "other"), list(itertools.product(TRUTH, repeat=2)))
@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_and_and_or_are_those_of_kleenes_tables(one, other, kind):
    values = {True: 1.0, False: 0.0, None: 0.5}  # Kleene: and is the least, or the greatest
    back = {number: truth for truth, number in values.items()}
    numbers = [values[TRUTH[one]], values[TRUTH[other]]]
    for joined, of_two in (("all_of", min), ("any_of", max)):
        holds = back[of_two(numbers)]
        passes = holds if kind == "inclusion" or holds is None else not holds
        plan = plan_of(
            Criterion(id="X", kind=kind, text="", **{joined: ("a", "b")}),
            Criterion(id="a", kind="part", text=""),
            Criterion(id="b", kind="part", text=""),
        )
        (item,) = asked(plan, said(a=one, b=other)).items
        assert item.status == {True: "met", False: "not met", None: "unknown"}[passes]
        assert (item.settle is not None) == (item.status == "unknown")


def test_a_criterion_that_nobody_answered_is_unknown_and_says_what_would_settle_it():
    plan = plan_of(
        Criterion(id="I4", kind="inclusion", text="consent"),
        Criterion(id="E1", kind="exclusion", text="allergy"),
        Criterion(id="I2", kind="inclusion", text="", test="hb", comparator=">=", limit=60),
        tests=(PlannedTest(name="hb", label="haemoglobin", unit="g/L"),),
    )
    found = asked(plan, {})
    assert found.verdict == "incomplete"
    assert [(item.status, item.settle) for item in found.items] == [
        ("unknown", "an answer to I4"),
        ("unknown", "an answer to E1"),
        ("unknown", "haemoglobin in g/L"),
    ]


def test_one_that_is_not_met_decides_whatever_is_unknown():
    plan = plan_of(
        Criterion(id="I1", kind="inclusion", text=""), Criterion(id="E1", kind="exclusion", text="")
    )
    assert asked(plan, said(E1="yes")).verdict == "not eligible"
    assert asked(plan, said(I1="no")).verdict == "not eligible"
    assert asked(plan, said(I1="yes")).verdict == "incomplete"
    assert asked(plan, said(I1="yes", E1="unknown")).verdict == "incomplete"
    assert asked(plan, said(I1="yes", E1="no")).verdict == "eligible"


# ---------------------------------------------------------------- brute force


def random_plan(rng: random.Random, *, shared: bool) -> Plan:
    """Draw a plan of questions; without ``shared``, every part and condition is used once."""
    ids = [f"q{k}" for k in range(rng.randint(3, 7))]
    criteria: list[Criterion] = []
    free: list[str] = []
    for name in ids:
        more: dict[str, Any] = {}
        if rng.random() < 0.25:
            more["sex"] = rng.choice(["female", "male"])
        if rng.random() < 0.25:
            more["diseases"] = tuple(rng.sample(["sle", "apl"], rng.randint(1, 2)))
        if len(free) >= 2 and rng.random() < 0.6:
            parts = tuple(rng.sample(free, rng.randint(2, min(3, len(free)))))
            joined = rng.choice(["all_of", "any_of"])
            more |= {joined: parts}
            if joined == "any_of":
                more["at_least"] = rng.randint(1, len(parts))
            if not shared:
                free = [one for one in free if one not in parts]
        elif free and rng.random() < 0.3:
            more["only_if"] = rng.choice(free)
            if not shared:
                free.remove(more["only_if"])
        kind = rng.choice(["inclusion", "exclusion", "part"])
        criteria.append(Criterion(id=name, kind=kind, text="", **more))
        if shared or kind == "part":
            free.append(name)
    diseases = (Disease(name="sle", label="SLE"), Disease(name="apl", label="APL"))
    return plan_of(*criteria, diseases=diseases)


def in_two_values(
    plan: Plan, name: str, answers: Mapping[str, bool], disease: str, sex: str
) -> bool | None:
    """Evaluate with everything known: None for what is not asked."""
    c = next(one for one in plan.criteria if one.id == name)

    def value(other: str) -> bool | None:
        return in_two_values(plan, other, answers, disease, sex)

    if (c.sex or sex) != sex or (c.diseases and disease not in c.diseases):
        return None
    if c.only_if and not value(c.only_if):
        return None
    parts = [v for v in map(value, c.all_of + c.any_of) if v is not None]
    if c.all_of or c.any_of:
        if not parts:
            return None
        return all(parts) if c.all_of else sum(parts) >= c.at_least
    return answers[name]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_random_plans_agree_with_every_way_in_which_the_unknown_can_come_out(seed, shared):
    rng = random.Random(seed)  # noqa: S311
    plan = random_plan(rng, shared=shared)
    questions = [c.id for c in plan.criteria if not (c.all_of or c.any_of)]
    given = {name: rng.choice(["yes", "no", "unknown", "yes", "no"]) for name in questions}
    disease, sex = rng.choice(["sle", "apl", None]), rng.choice(["female", "male", None])
    found = asked(plan, said(**given), disease=disease, sex=sex)
    unknown = [name for name in questions if given[name] == "unknown"]
    ways: dict[str, set[bool | None]] = {item.criterion.id: set() for item in found.items}
    for rest in itertools.product([True, False], repeat=len(unknown)):
        known = {name: given[name] == "yes" for name in questions} | dict(
            zip(unknown, rest, strict=True)
        )
        for who in itertools.product(
            [disease] if disease else ["sle", "apl"], [sex] if sex else ["female", "male"]
        ):
            for name, seen in ways.items():
                kind = plan.find_criterion(name).kind  # type: ignore[union-attr]
                holds = in_two_values(plan, name, known, *who)
                seen.add(holds if kind == "inclusion" or holds is None else not holds)
    says = {"met": {True, None}, "not met": {False}, "not asked": {None}}
    for item in found.items:
        seen = ways[item.criterion.id]
        if item.status == "unknown":
            # each part once: unknown only where it could really come out either way
            assert shared or (False in seen and len(seen) > 1) or conditions_overlap(plan)
        else:
            assert seen <= says[item.status], item
    worst = {item.status for item in found.items}
    assert found.verdict == (
        "not eligible"
        if "not met" in worst
        else "incomplete" if "unknown" in worst else "eligible"
    )  # fmt: skip


def conditions_overlap(plan: Plan) -> bool:
    """Tell whether sex or disease is asked for twice, which is then known to be the same one."""
    told = [c for c in plan.criteria if c.sex or c.diseases]
    return len(told) > 1


# ---------------------------------------------------------------- limits

HB = PlannedTest(name="hb", label="haemoglobin", unit="g/L", substance="haemoglobin")


@pytest.mark.parametrize(
    ("comparator", "inside", "at", "outside"),
    [
        (">=", 60.001, "met", 59.999),
        (">", 60.001, "not met", 59.999),
        ("<=", 59.999, "met", 60.001),
        ("<", 59.999, "not met", 60.001),
    ],
)
def test_a_limit_counts_as_its_comparator_says(comparator, inside, at, outside):
    made = Criterion(
        id="I", kind="inclusion", text="", test="hb", comparator=comparator, limit=60.0
    )
    plan = plan_of(made, tests=(HB,))
    for value, status in ((inside, "met"), (60.0, at), (outside, "not met")):
        for unit, times in (("g/L", 1.0), ("g/dL", 0.1), ("mmol/L", 1 / 16.114)):
            (item,) = asked(plan, {"hb": results(value * times, unit=unit)}).items
            assert item.status == status, (value, unit, item.why)


@pytest.mark.parametrize(
    ("value", "status"), [(17.99, "not met"), (18, "met"), (65, "met"), (65.01, "not met")]
)
def test_between_includes_both_limits(value, status):
    between = Criterion(
        id="I1", kind="inclusion", text="", test="age", comparator="between", limit=18, upper=65
    )
    plan = plan_of(between, tests=(PlannedTest(name="age", label="age", unit="years"),))
    (item,) = asked(plan, {"age": results(value, unit="years")}).items
    assert item.status == status


@pytest.mark.parametrize("value", [-11.0, -10.0, -9.0, 0.0, 9.0])
@pytest.mark.parametrize("limit", [-10.0, 0.0, 9.0])
def test_numbers_below_zero_compare_as_numbers_do(value, limit):
    right = {">=": value >= limit, ">": value > limit, "<=": value <= limit, "<": value < limit}
    for comparator, holds in right.items():
        made = Criterion(
            id="I", kind="inclusion", text="", test="x", comparator=comparator, limit=limit
        )
        plan = plan_of(made, tests=(PlannedTest(name="x", label="x"),))
        (item,) = asked(plan, {"x": results(value, unit=None)}).items
        assert item.status == ("met" if holds else "not met")


@pytest.mark.parametrize(
    ("comparator", "quantified", "status"),
    [
        (">=", 5.0, "not met"), (">", 5.0, "not met"), ("<", 5.0, "met"), ("<=", 5.0, "met"),
        (">=", 6.0, "unknown"), (">", 6.0, "unknown"), ("<", 6.0, "unknown"),
        ("<=", 6.0, "unknown"),
        (">=", None, "unknown"), ("<", None, "unknown"),
    ],
)  # fmt: skip
def test_a_result_below_quantification_is_judged_by_what_it_may_be(comparator, quantified, status):
    made = Criterion(id="I", kind="inclusion", text="", test="hb", comparator=comparator, limit=5.0)
    plan = plan_of(made, tests=(HB,))
    answers = {"hb": [Answer(value=quantified, unit="g/L", below=True, on=DAY)]}
    (item,) = asked(plan, answers).items
    assert item.status == status, item.why


ALT = PlannedTest(name="alt", label="ALT", unit="U/L", substance="enzyme")
THREE_ULN = Criterion(
    id="I2", kind="inclusion", text="", test="alt", comparator="<=", limit=3.0, times="ULN",
    waiver="disease-related elevation",
)  # fmt: skip


def test_limits_of_normal_are_the_laboratorys_own_and_unknown_without_them():
    plan = plan_of(THREE_ULN, tests=(ALT,))
    told = {
        "met": results(120, unit="U/L", upper=40.0),
        "not met": results(120.1, unit="U/L", upper=40.0),
        "unknown": results(10, unit="U/L", lower=5.0),
    }
    for status, given in told.items():
        assert asked(plan, {"alt": given}).items[0].status == status
    (item,) = asked(plan, {"alt": told["not met"]}).items
    assert item.why == "ALT 120.1 U/L on 2026-03-02 is above 3 x ULN (120)"
    (item,) = asked(plan, {"alt": told["unknown"]}).items
    assert item.settle == "the upper limit of normal of ALT"
    assert asked(plan, {}).items[0].settle == "ALT in U/L, with its upper limit of normal"
    (item,) = asked(plan, {"alt": results(2.0, unit="ukat/L", upper=2 / 3)}).items
    assert item.status == "met"


@pytest.mark.parametrize("comparator", [">=", ">", "<", "<=", "between"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_what_is_not_a_number_never_passes(comparator, value, kind):
    criterion = Criterion(
        id="X", kind=kind, text="", test="hb", comparator=comparator, limit=60.0, upper=90.0
    )
    plan = plan_of(criterion, tests=(PlannedTest(name="hb", label="haemoglobin", unit="g/L"),))
    (item,) = asked(plan, {"hb": results(value)}).items
    assert item.status == "unknown"


@pytest.mark.parametrize("upper", [0.0, -40.0, nan])
def test_an_upper_limit_of_normal_that_nobody_has_is_none(upper):
    criterion = Criterion(
        id="X", kind="inclusion", text="", test="ck", comparator=">=", limit=1.5, times="ULN"
    )
    plan = plan_of(criterion, tests=(PlannedTest(name="ck", label="CK", unit="U/L"),))
    (item,) = asked(plan, {"ck": results(30.0, unit="U/L", upper=upper)}).items
    assert (item.status, item.settle) == ("unknown", "the upper limit of normal of CK")


def test_a_waiver_excuses_what_is_not_met_where_the_plan_permits_it_and_nothing_unknown():
    plan = plan_of(THREE_ULN, Criterion(id="E1", kind="exclusion", text=""), tests=(ALT,))
    high = {"alt": results(500, unit="U/L", upper=40.0), **said(E1="yes")}
    found = asked(plan, high, waived=("I2", "E1"))
    assert [item.status for item in found.items] == ["waived", "not met"]
    assert found.items[0].why.endswith("; waived: disease-related elevation")
    assert found.items[1].why.endswith("; the plan permits no waiver")
    assert asked(plan, said(E1="no"), waived=("I2",)).verdict == "incomplete"
    fine = {"alt": results(500, unit="U/L", upper=40.0), **said(E1="no")}
    assert asked(plan, fine, waived=("I2",)).verdict == "eligible"
    low = {"alt": results(20, unit="U/L", upper=40.0), **said(E1="no")}
    assert asked(plan, low, waived=("I2",)).items[0].status == "met"


# ---------------------------------------------------------------- which results count


def test_a_result_counts_for_so_many_days_and_the_one_before_it_too():
    made = Criterion(
        id="I", kind="inclusion", text="", test="hb", comparator=">=", limit=60, within_days=14
    )
    plan = plan_of(made, tests=(HB,))

    def at(value: float, days: int) -> Answer:
        return Answer(value=value, unit="g/L", on=DAY - timedelta(days=days))

    (item,) = asked(plan, {"hb": [at(75, 14)]}).items
    assert item.status == "met"
    (item,) = asked(plan, {"hb": [at(75, 15)]}).items
    assert item.status == "unknown"
    assert item.why == "haemoglobin of 2026-02-15 is 15 days old, and is to be at most 14 days old"
    assert item.settle == "haemoglobin in g/L, at most 14 days before enrolment"
    (item,) = asked(plan, {"hb": [Answer(value=75, unit="g/L")]}).items
    assert item.status == "unknown"
    (item,) = asked(plan, {"hb": [at(75, 3), at(50, 2)]}).items
    assert item.status == "not met"
    (item,) = asked(plan, {"hb": [at(50, 3), at(75, -1)]}).items  # tomorrow's is not known today
    assert item.status == "not met"


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ((), "unknown"), ((49,), "unknown"), ((50,), "not met"), ((49, 48), "met"),
        ((49, 50), "not met"), ((50, 49), "not met"), ((50, 49, 48), "met"),
    ],
)  # fmt: skip
def test_two_counts_in_a_row_have_to_meet_the_limit(counts, status):
    made = Criterion(
        id="I", kind="inclusion", text="", test="plt", comparator="<", limit=50, consecutive=2
    )
    platelets = PlannedTest(name="plt", label="platelets", unit="10^9/L", substance="platelets")
    plan = plan_of(made, tests=(platelets,))
    (item,) = asked(plan, {"plt": results(*counts, unit="×10⁹/L")}).items
    assert item.status == status, item.why


def test_a_result_in_a_unit_that_is_not_taken_is_unknown_and_said():
    made = Criterion(id="I", kind="inclusion", text="", test="hb", comparator=">=", limit=60)
    plan = plan_of(made, tests=(HB,))
    (item,) = asked(plan, {"hb": results(75, unit="stones")}).items
    assert item.status == "unknown"
    assert 'haemoglobin 75 stones: the unit "stones" is not known' in item.why
    (item,) = asked(plan, {"hb": results(75, unit=None)}).items
    assert (item.status, "its unit is missing" in item.why) == ("unknown", True)
    (item,) = asked(plan, {"hb": results(5.5, unit="g/dL")}).items
    assert item.why == "haemoglobin 5.5 g/dL (55 g/L) on 2026-03-02 is below 60"


def test_choices_meet_a_criterion_by_name_and_others_do_not():
    anca = PlannedTest(name="anca", label="ANCA", kind="choice", choices=("MPO", "PR3", "negative"))
    made = Criterion(id="I", kind="inclusion", text="", test="anca", answers=("MPO", "PR3"))
    plan = plan_of(made, tests=(anca,))
    for answer, status in (
        ("mpo", "met"), ("negative", "not met"), ("unknown", "unknown"), ("weak", "unknown"),
    ):  # fmt: skip
        assert asked(plan, said(anca=answer)).items[0].status == status
    (item,) = asked(plan, said(anca="negative")).items
    assert item.why == "ANCA negative on 2026-03-02, not MPO or PR3"


def test_an_attestation_names_its_day_and_who_says_so():
    plan = plan_of(Criterion(id="I4", kind="inclusion", text="consent"))
    given = {"I4": [Answer(answer="yes", on=DAY, by="Dr Chen")]}
    assert asked(plan, given).items[0].why == "answered yes on 2026-03-02 by Dr Chen"


# ---------------------------------------------------------------- of whom it is asked


def test_a_criterion_of_one_sex_or_disease_is_asked_of_those_only():
    plan = plan_of(
        Criterion(id="I3", kind="inclusion", text="", sex="female"),
        Criterion(id="I5", kind="inclusion", text="", diseases=("sle",)),
        diseases=(Disease(name="sle", label="SLE"), Disease(name="aps", label="APS")),
    )
    statuses = {
        (disease, sex): [item.status for item in asked(plan, {}, disease=disease, sex=sex).items]
        for disease in ("sle", "aps", "gone", None)
        for sex in ("female", "male", "unknown", None)
    }
    for (disease, sex), (of_women, of_sle) in statuses.items():
        assert of_women == ("not asked" if sex == "male" else "unknown")
        assert of_sle == ("not asked" if disease == "aps" else "unknown")
    found = asked(plan, {}, disease="gone", sex="male")
    assert found.items[1].why == "the plan has no disease gone; not answered"
    met = asked(plan, said(I3="yes", I5="yes"), disease=None, sex=None)
    assert met.verdict == "eligible"  # whoever it is asked of


def test_what_is_asked_only_where_something_holds_waits_for_that():
    plan = plan_of(
        Criterion(id="I3", kind="inclusion", text="no pregnancy", only_if="fertile"),
        tests=(PlannedTest(name="fertile", label="fertile", kind="yes/no"),),
    )
    for fertile, answer, status in (
        ("yes", "no", "not met"), ("yes", "yes", "met"), ("no", "no", "not asked"),
        ("unknown", "no", "unknown"), ("unknown", "yes", "met"),
    ):  # fmt: skip
        assert asked(plan, said(fertile=fertile, I3=answer)).items[0].status == status


# ---------------------------------------------------------------- creatinine clearance


def test_cockcroft_gault_is_as_in_the_clinical_notes():
    woman: dict[str, Any] = {"age": 50, "weight_kg": 60, "creatinine": 150, "female": True}
    assert cockcroft_gault(**woman) == pytest.approx(37.57, abs=0.005)
    assert cockcroft_gault(**woman, factors="1.04/1.23") == pytest.approx(37.44, abs=0.005)
    man = woman | {"female": False}  # 90 x 60 x 88.4 / (72 x 150), and 90 x 60 x 1.23 / 150
    assert cockcroft_gault(**man) == pytest.approx(44.2, rel=1e-12)
    assert cockcroft_gault(**man, factors="1.04/1.23") == pytest.approx(44.28, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("age", -1), ("age", 140), ("age", float("nan")), ("weight_kg", 0), ("weight_kg", -60),
        ("creatinine", 0), ("creatinine", float("inf")), ("creatinine", float("nan")),
    ],
)  # fmt: skip
def test_what_no_person_has_is_not_calculated_with(name, value):
    person: dict[str, Any] = {"age": 0, "weight_kg": 0.9, "creatinine": 0.9, "female": True}
    assert cockcroft_gault(**person) > 0
    with pytest.raises(InputError):
        cockcroft_gault(**person | {name: value})


CLEARANCE = (
    PlannedTest(
        name="clearance", label="creatinine clearance", unit="mL/min", calculated="cockcroft-gault"
    ),
    PlannedTest(name="age", label="age", unit="years"),
    PlannedTest(name="weight", label="weight", unit="kg"),
    PlannedTest(name="creatinine", label="creatinine", unit="umol/L", substance="creatinine"),
)
AT_LEAST_30 = Criterion(
    id="I2", kind="inclusion", text="", test="clearance", comparator=">=", limit=30
)
PERSON = {
    "age": results(50, unit="years"),
    "weight": results(60, unit="kg"),
    "creatinine": results(150, unit="umol/L"),
}


@pytest.mark.parametrize(
    ("factors", "limit", "status"),
    [("88.4", 37.5, "met"), ("1.04/1.23", 37.5, "not met"), ("1.04/1.23", 37.44, "met")],
)
def test_clearance_is_calculated_by_the_plans_setting_and_says_from_what(factors, limit, status):
    made = Criterion(
        id="I2", kind="inclusion", text="", test="clearance", comparator=">=", limit=limit
    )
    plan = plan_of(made, tests=CLEARANCE, creatinine_clearance=factors)
    (item,) = asked(plan, PERSON, sex="female").items
    assert item.status == status
    assert f"by Cockcroft-Gault ({factors}) from age 50 years, weight 60 kg, creatinine" in item.why


def test_clearance_goes_by_the_later_of_a_result_and_the_creatinine():
    plan = plan_of(AT_LEAST_30, tests=CLEARANCE)
    for days, status in ((0, "not met"), (1, "met")):
        measured = Answer(value=20, unit="mL/min", on=DAY - timedelta(days=days))
        (item,) = asked(plan, {**PERSON, "clearance": [measured]}, sex="female").items
        assert item.status == status
        assert ("Cockcroft" in item.why) == (status == "met")


def test_clearance_that_cannot_be_calculated_says_what_is_missing():
    plan = plan_of(AT_LEAST_30, tests=CLEARANCE)
    (item,) = asked(plan, {**PERSON, "weight": []}).items
    assert (item.status, item.settle) == ("unknown", "creatinine clearance in mL/min")
    assert item.why == (
        "creatinine clearance: no result, and not calculated: without weight and sex"
    )
    for wrong in ({"age": results(150, unit="years")}, {"creatinine": results(0, unit="umol/L")}):
        (item,) = asked(plan, {**PERSON, **wrong}, sex="male").items
        assert item.status == "unknown"
