"""The border of a plan file: every fault at once, where it is, and what would be right."""

from __future__ import annotations

import copy
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import escalation.cli
from escalation.errors import InputError
from escalation.plan import Plan, PlanError, load_plan
from escalation.plan.eligibility import Answer, judge
from escalation.plan.file import MAX_BYTES, find_faults, parse_plan
from escalation.plan.plan import digest_of

INCLUSION = {"kind": "inclusion", "text": "x"}
SOUND: dict[str, Any] = {
    "schema": 1,
    "name": "small",
    "tests": [
        {"name": "hb", "label": "haemoglobin", "unit": "g/L", "substance": "haemoglobin"},
        {"name": "anca", "label": "ANCA", "kind": "choice", "choices": ["MPO", "PR3", "none"]},
        {"name": "fertile", "label": "fertile", "kind": "yes/no"},
        {"name": "response", "label": "response", "kind": "choice", "choices": ["CR", "PR", "no"]},
        {"name": "cells", "label": "cells", "unit": "copies/ug"},
    ],
    "diseases": [{"name": "sle", "label": "SLE"}],
    "criteria": [
        {"id": "I1", **INCLUSION, "test": "hb", "comparator": ">=", "limit": 60},
        {"id": "I2", **INCLUSION, "test": "anca", "answers": ["MPO"]},
        {"id": "I3", **INCLUSION, "all_of": ["I3a", "I3b"], "diseases": ["sle"]},
        {"id": "I3a", "kind": "part", "text": "One.", "only_if": "fertile"},
        {"id": "I3b", "kind": "part", "text": "Other.", "sex": "female"},
    ],
    "visits": [
        {"name": "D0", "label": "day 0", "day": 0, "tests": ["cells"]},
        {"name": "D7", "label": "day 7", "day": 7, "before": 1, "after": 1, "tests": ["response"]},
    ],
    "response": {"test": "response", "visits": ["D7"]},
    "kinetics": {"test": "cells"},
    "biomarkers": [{"test": "hb", "threshold": 100}],
}  # fmt: skip


def changed(*place: Any, to: Any = None, drop: bool = False) -> dict[str, Any]:
    document = copy.deepcopy(SOUND)
    *way, last = place
    inner: Any = document
    for key in way:
        inner = inner[key]
    if drop:
        del inner[last]
    elif isinstance(inner, list) and last == len(inner):
        inner.append(to)
    else:
        inner[last] = to
    return document


def test_the_document_that_faults_are_put_into_has_none():
    assert find_faults(SOUND) == ()
    assert Plan.from_document(SOUND).find_visit("D7") is not None


FAULTS: list[tuple[tuple[Any, ...], Any, str]] = [
    (("schema",), 2, "schema: is 2; write schema = 1"),
    (("colour",), "red", "colour: is not a setting; known: schema, "),
    (("criterion",), [], "criterion: is not a setting; did you mean criteria?"),
    (("name",), "my plan", "name: must be letters, digits and . _ + - only"),
    (("tests", 0, "lable"), "x", "tests[0].lable: is not a setting; did you mean label?"),
    (("tests", 0, "unit"), "stones", 'tests[0].unit: "stones" is not one of haemoglobin; such as'),
    (("tests", 0, "substance"), "hemoglobin", "did you mean haemoglobin?"),
    (("tests", 0, "least"), float("nan"), "tests[0].least: must be a finite number"),
    (("tests", 0, "least"), True, "tests[0].least: must be a number, not true"),
    (("tests", 0, "kind"), "nr", "tests[0].kind: must be 'number', 'choice' or 'yes/no'"),
    (("tests", 1, "unit"), "g/L", 'tests[1].unit: is for a number; kind is "choice"'),
    (("tests", 1, "choices"), ["MPO"], "tests[1].choices: needs at least two"),
    (("tests", 1, "choices"), ["MPO", "mpo"], 'tests[1].choices: names "mpo" twice'),
    (("tests", 2, "choices"), ["x", "y"], "tests[2].choices: are for a choice"),
    (("tests", 1, "name"), "HB", 'tests[1].name: "HB" is that of tests[0] too'),
    (("tests", 0, "calculated"), "cockcroft-gault", "needs a test called age, in years"),
    (("tests", 0, "code"), "hb", "tests[0].code: must match"),
    (("tests", 0, "name"), "hb\n", "tests[0].name: must be letters"),
    (("criteria", 0, "id"), "hb", 'criteria[0].id: "hb" is the name of a test too'),
    (("criteria", 1, "id"), "i1", 'criteria[1].id: "i1" is that of criteria[0] too'),
    (("criteria", 0, "test"), "hbb", 'there is no test "hbb"; did you mean hb?'),
    (("criteria", 0, "upper"), 70, "criteria[0].upper: is for between, and the comparator is >="),
    (("criteria", 0, "answers"), ["yes"], "criteria[0].answers: is for a test of choices"),
    (("criteria", 0, "comparator"), "=>", "criteria[0].comparator: must be '>=', '>', '<=', '<'"),
    (("criteria", 0, "limit"), "60 g/L", "criteria[0].limit: must be a number"),
    (("criteria", 0, "all_of"), ["I3a"], "all_of: cannot stand beside test"),
    (("criteria", 0, "at_least"), 2, "criteria[0].at_least: is for any_of"),
    (("criteria", 0, "kind"), "part", "criteria[0].kind: no criterion has this part"),
    (("criteria", 1, "answers"), ["MPQ"], 'has no choice "MPQ"; did you mean MPO?'),
    (("criteria", 1, "answers"), ["MPO", "PR3", "none"], "is every choice"),
    (("criteria", 1, "limit"), 3, 'criteria[1].limit: is for a number, and the kind of the test'),
    (("criteria", 2, "diseases"), ["SLE"], 'there is no disease "SLE"; did you mean sle?'),
    (("criteria", 2, "all_of"), ["I3a", "I3b", "I3c"], 'there is no criterion "I3c"; did you mean'),
    (("criteria", 2, "all_of"), ["I3a", "I3b", "I3a"], 'criteria[2].all_of: names "I3a" twice'),
    (("criteria", 2, "within_days"), 7, "criteria[2].within_days: is for a test or a question"),
    (("criteria", 3, "all_of"), ["I3"], "goes in a circle: I3 > I3a > I3"),
    (("criteria", 3, "only_if"), "I3a", "criteria[3].only_if: goes in a circle: I3a > I3a"),
    (("criteria", 3, "only_if"), "fertil", "no test \"fertil\"; did you mean fertile?"),
    (("criteria", 3, "only_if"), "hb", "only_if: needs a test of yes and no; hb is not one"),
    (("criteria", 3, "waiver"), "yes", "criteria[3].waiver: is for an inclusion or exclusion as a"),
    (("criteria", 3, "limit"), 3, "criteria[3].limit: is for a test, and none is named"),
    (("criteria", 3, "text"), " ", "criteria[3].text: must be one line of text"),
    (("visits", 1, "day"), 0, "visits[1].day: is not after the visit before it, day 0"),
    (("visits", 1, "before"), 7, "its window begins on day 0, and that of D0 ends on day 0"),
    (("visits", 1, "before"), -1, "visits[1].before: must be at least 0, not -1"),
    (("visits", 1, "day"), 7.5, "visits[1].day: must be a whole number, not 7.5"),
    (("visits", 1, "tests"), ["respons"], 'no test "respons"; did you mean response?'),
    (("visits", 0, "tests"), ["cells", "cells"], 'visits[0].tests: names "cells" twice'),
    (("response", "visits"), ["D8"], 'response.visits: there is no visit "D8"; known: D0, D7'),
    (("response", "visits"), ["D0"], "at D0 the test response is not due"),
    (("response", "visits"), [], "response.visits: names none"),
    (("response", "test"), "hb", "response.test: needs a test of choices; hb is not one"),
    (("response", "responders"), ["cr", "VGPR"], 'response has no choice "VGPR"'),
    (("response", "confidence"), 95, "response.confidence: must be below 1, not 95"),
    (("kinetics", "test"), "anca", "kinetics.test: needs a test that is a number; anca is not one"),
    (("biomarkers", 0, "share"), 0.5, "biomarkers[0].share: cannot stand beside threshold"),
    (("biomarkers", 1), {"test": "hb"}, 'biomarkers[1].test: "hb" is followed already'),
    (("tests", 4, "code"), "NO SUCH", "tests[4].code: must match"),
    (("biomarkers", 0), 7, "biomarkers[0]: must be a table, not 7"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "says"), FAULTS, ids=lambda v: None)
def test_a_fault_says_where_it_is_and_what_would_be_right(place, value, says):
    faults = find_faults(changed(*place, to=value))
    assert any(says in fault for fault in faults), faults


def test_what_is_at_the_edge_of_a_rule_is_none():
    for place, value in (
        (("criteria", 2), {"id": "I3", **INCLUSION, "any_of": ["I3a", "I3b"], "at_least": 2}),
        (("criteria", 0, "limit"), 0),
        (("criteria", 0, "limit"), -5),
        (("visits", 1, "before"), 6),
        (("visits", 0, "after"), 5),
        (("tests", 0, "greatest"), 0),
    ):
        assert find_faults(changed(*place, to=value)) == (), value


def test_limits_of_normal_are_multiplied_by_more_than_nothing():
    for limit, n_faults in ((0, 1), (-1, 1), (0.1, 0)):
        document = changed("criteria", 0, "times", to="ULN")
        document["criteria"][0]["limit"] = limit
        assert len(find_faults(document)) == n_faults


def test_a_code_stands_for_one_test_of_a_domain():
    document = changed("tests", 0, "code", to="X")
    document["tests"][1]["code"] = "X"
    assert find_faults(document) == ('tests[1].code: "X" is that of tests[0] too',)
    document["tests"][1]["domain"] = "RS"
    assert find_faults(document) == ()


def test_windows_are_compared_beyond_a_visit_that_cannot_be_read():
    document = changed("visits", 2, to={"name": "D14", "label": "x", "day": 14})
    document["visits"].append({"name": "D15", "label": "x", "day": 15, "before": 1})
    document["visits"][0]["after"] = 6
    document["visits"].insert(0, {"name": "S", "label": "x", "day": "early"})
    assert [fault.split(":")[0] for fault in find_faults(document)] == [
        "visits[0].day", "visits[2].before", "visits[4].before",
    ]  # fmt: skip


def test_a_circle_is_told_from_its_first_criterion_through_the_others_back():
    document = changed("criteria", 3, "all_of", to=["I4"])
    document["criteria"] += [
        {"id": "I4", "kind": "part", "text": "x", "any_of": ["I5", "I3b"]},
        {"id": "I5", "kind": "part", "text": "x", "only_if": "I3"},
    ]
    assert find_faults(document) == (
        "criteria[2].all_of: goes in a circle: I3 > I3a > I4 > I5 > I3",
    )


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (("criteria", 0, "limit"), "criteria[0].limit: is missing: the test is a number"),
        (("criteria", 0, "comparator"), "criteria[0].comparator: is missing: the test is a number"),
        (("criteria", 1, "answers"), "criteria[1].answers: is missing: which of MPO, PR3, none"),
        (("tests", 0, "unit"), "tests[0].substance: is for a number with a unit"),
        (("tests", 4, "unit"), "kinetics.test: needs a test with a unit; cells has none"),
        (("criteria", 0, "text"), "criteria[0].text: is missing"),
        (("visits", 0, "day"), "visits[0].day: is missing"),
        (("name",), "name: is missing"),
        (("schema",), "schema: is missing; write schema = 1"),
    ],
)
def test_what_is_missing_is_named(place, says):
    faults = find_faults(changed(*place, drop=True))
    assert len(faults) == 1
    assert says in faults[0]


def test_all_faults_are_told_at_once_and_those_of_a_circle_once():
    document = changed("criteria", 3, "all_of", to=["I3"])
    document["tests"][0]["unit"] = "stones"
    document["visits"][1]["day"] = -4
    faults = find_faults(document)
    assert [fault.split(":")[0] for fault in faults] == [
        "tests[0].unit", "criteria[2].all_of", "visits[1].day",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty; `escalation plan init FILE` writes a template to start from"),
        (b"schema = 1 2", "line 1, column 12: not TOML: "),
        (b'schema = 1\nname = "\xff"', "line 2: not UTF-8 text; a plan file is TOML in UTF-8"),
        (b"x" * (MAX_BYTES + 1), "larger than 200000 bytes: not a plan file"),
        (b"a = " + b"[" * 3000, "not a plan file: nested too deep"),
        (b"a." * 3000 + b"b = 1", "a line is longer than 5000 characters"),
        (b"schema = 1\nname = 'p'\nnotes = [2026-01-01]", "notes[0]: must be text"),
    ],
)
def test_what_is_no_plan_file_at_all_says_so(data, says):
    with pytest.raises(PlanError) as caught:
        parse_plan(data, "p.toml")
    assert str(caught.value).startswith("p.toml: ")
    assert says in str(caught.value)


def test_a_plan_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(PlanError, match=r"no shipped plan of this name; did you mean nct07123519"):
        load_plan("nct0712351")
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(tmp_path)
    with pytest.raises(InputError, match="by its name or file"):
        load_plan(7)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan("a\0b")


def test_a_ledgers_document_that_is_no_plan_is_an_error_and_one_without_defaults_reads_back():
    plan = Plan.from_document(SOUND)
    assert plan.document["criteria"][0] == SOUND["criteria"][0]
    assert Plan.from_document(plan.document).digest == plan.digest
    turned = dict(reversed(plan.document.items()))
    assert list(turned) != list(plan.document)
    assert Plan.from_document(turned).digest == digest_of(turned) == plan.digest
    for name in ("D0", "D7"):
        assert plan.find_visit(name).name == name  # type: ignore[union-attr]
    assert plan.find_visit("D8") is None
    for wrong in ({}, {"name": 1}, {"name": "x", "tests": [{"name": "a"}]}, {"name": float("nan")}):
        with pytest.raises(PlanError, match="cannot be read"):
            Plan.from_document(wrong)


JUNK: list[Any] = [
    *(None, True, 0, -1, 7, 3.5, 1e308, float("nan"), "", "x", "I1", "I3a", "hb", "anca", "yes"),
    *("sle", "D7", "between", "number", "choice", "part", [], ["I1"], ["I3", "I3a"], ["hb"], [1]),
    *(["MPO", "PR3"], {}, {"a": 1}, [[]], [{}], "\x1b[2J", date(2026, 1, 1)),
]


def spoiled(rng: random.Random) -> dict[str, Any]:
    """Return the sound document with junk somewhere in it."""
    document = copy.deepcopy(SOUND)
    inner: Any = document
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = rng.choice(keys)
        if isinstance(inner[key], dict | list) and inner[key] and rng.random() < 0.9:
            inner = inner[key]
        elif rng.random() < 0.2:
            del inner[key]
            return document
        else:
            inner[key] = copy.deepcopy(rng.choice(JUNK))
            return document


def test_whatever_stands_in_a_file_is_a_fault_or_a_plan_that_can_be_judged_by():
    rng = random.Random(15)  # noqa: S311  # of faults
    answers = {
        "hb": [Answer(value=59, unit="g/L", on=date(2026, 3, 1), upper=1.0, lower=0.5)],
        "anca": [Answer(answer="MPO")],
        "I3a": [Answer(answer="yes")],
    }
    n_sound = 0
    for _ in range(300):
        document = spoiled(rng)
        if not find_faults(document):
            n_sound += 1
            plan = Plan.from_document(document)
            assert Plan.from_document(plan.document) == plan
            judge(plan, answers, disease="sle", sex="female", on=date(2026, 3, 2))
    assert n_sound > 15


def test_parts_of_parts_end_somewhere():
    """As deep as any source goes, and then some: what never ends cannot be judged."""

    def nested(n: int) -> dict[str, Any]:
        chain = [
            {"id": f"C{k}", "kind": "part", "text": "t", "any_of": [f"C{k + 1}"]} for k in range(n)
        ]
        chain[0]["kind"] = "inclusion"
        del chain[-1]["any_of"]
        return {"schema": 1, "name": "x", "criteria": chain}

    assert find_faults(nested(20)) == ()
    assert find_faults(nested(21)) == (
        "criteria[20].id: is a part of a part, and so on, more than 20 times",
    )
    for document in (nested(9000), nested(21)):
        judged = judge(
            Plan.from_document(document), {}, disease=None, sex=None, on=date(2026, 1, 1)
        )
        assert judged.verdict == "incomplete"


def test_a_fault_of_a_file_names_the_criterion_test_or_visit_that_it_is_of():
    template = Path(escalation.cli.__file__).with_name("plan_template.toml").read_text("utf-8")
    text = template.replace('kind = "part"', 'kind = "Part"').replace("day = 28", 'day = "28"')
    with pytest.raises(PlanError) as raised:
        parse_plan(text.encode(), "p.toml")
    assert [fault.split(":")[0] for fault in raised.value.faults] == [
        "criteria[3].kind (I3.1)", "criteria[4].kind (I3.2)", "visits[2].day (D28)",
    ]  # fmt: skip


def test_without_choices_nothing_is_said_of_those_of_the_response():
    document = changed("tests", 1, "choices", to="CR, PR")
    document["response"] = {"test": document["tests"][1]["name"], "visits": ["D0"]}
    assert not [fault for fault in find_faults(document) if "responders" in fault]
