"""What holds of every design: its options' limits are the schema's, and they make all of it."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from escalation import designs
from escalation.designs import DESIGNS, Design, design_options, make_design, required_options
from escalation.errors import DesignError
from escalation.outcomes import Tally

USUAL = {"target": 0.3, "max_patients": 60} | dict(zip("abcde", (3, 3, 1, 1, 1), strict=True))
# what else must be given, for the option to mean anything
WITH: dict[str, dict[str, Any]] = {
    "f": {"third": 3},
    "intercept": {"model": "logistic"},
    "prior_mtd": {"n_levels": 100},
}
# a value within its own limits is refused for the sake of another option
FOR_ANOTHER = ("needs ", "multiple of", "A + B", "before the first patient", "too wide")

LIMITS = [
    (name, field.name, kind, limit, 1e-5 if "float" in str(field.type) else 1)
    for name, design in DESIGNS.items()
    for field in fields(design)
    for kind, limit in field.metadata.items()
    if field.init and kind in ("ge", "gt", "le", "lt")
]


def made(name: str, **options: Any) -> Design:
    needed = {key: USUAL[key] for key in required_options(DESIGNS[name])}
    return make_design(name, **{"n_levels": 3} | needed | options)


def fault(name: str, option: str, value: float) -> str:
    """Return what the design says against the value, "" for nothing."""
    try:
        made(name, **WITH.get(option, {}) | {option: value})
    except DesignError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option", "kind", "limit", "step"), LIMITS)
def test_a_value_is_refused_from_the_limit_of_the_schema_on(name, option, kind, limit, step):
    outwards = -step if kind in ("ge", "gt") else step
    first_refused = limit + outwards if kind in ("ge", "le") else limit
    said = fault(name, option, first_refused - outwards)
    assert not said or any(words in said for words in FOR_ANOTHER), said
    assert option in fault(name, option, first_refused).lower()


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_is_written_as_the_python_that_makes_it(name):
    """Whatever has been asked of it, and with nothing but its options."""
    design = made(name, start=1)
    design.decide([Tally(), Tally(n_evaluable=3), Tally()], 1)
    written = repr(design)
    names = {name: getattr(designs, name) for name in designs.__all__}
    assert eval(written, names) == design == made(name, start=1)  # noqa: S307
    assert " at 0x" not in written


def test_what_each_design_declares_of_itself_is_what_its_rule_needs():
    """As published: who judges a level by its own tally, after stages, or by more than tallies."""
    flags = (
        "by_stages",
        "by_level",
        "remembers",
        "asks_moderate",
        "while_pending",
        "asks_follow_up",
    )
    declared = {name: {flag for flag in flags if getattr(DESIGNS[name], flag)} for name in DESIGNS}
    a_plus_b, interval = {"by_stages", "by_level"}, {"by_level"}
    assert declared == {
        "3+3": a_plus_b,
        "a+b": a_plus_b,
        "rolling-six": a_plus_b | {"while_pending"},  # it enrols before outcomes are known
        "accelerated": a_plus_b | {"asks_moderate"},  # grade 2 toxicities end titration
        "boin": interval,
        "keyboard": interval,
        "mtpi-2": interval,
        "mtpi": interval,
        "tpi": interval,
        "i3+3": interval,
        "g3+3": interval,
        "crm": {"remembers"},  # one curve for all levels; coherence looks at the last cohort
        "tite-boin": interval | {"while_pending", "asks_follow_up"},
        "tite-crm": {"remembers", "while_pending", "asks_follow_up"},
    }


@pytest.mark.parametrize("name", DESIGNS)
def test_a_p_dlt_lies_between_0_and_1_in_the_schema(name):
    metadata = {field.name: field.metadata for field in fields(DESIGNS[name]) if field.init}
    for option in {"target", "p_saf", "p_tox", "skeleton"} & set(metadata):
        limits = metadata[option].get("each", metadata[option])
        assert (limits["gt"], limits["lt"]) == (0, 1)


@pytest.mark.parametrize("name", DESIGNS)
def test_options_come_in_one_order_those_of_the_design_itself_first(name):
    options = design_options(DESIGNS[name])
    assert design_options(made(name)) == options
    own = [option for option in DESIGNS[name].__annotations__ if option in options]
    assert list(options[: len(own)]) == own


TYPED = [(name, option) for name, design in DESIGNS.items() for option in design_options(design)]


@pytest.mark.parametrize(("name", "option"), TYPED)
@pytest.mark.parametrize("value", ["x", float("nan"), True])
def test_a_value_of_another_kind_is_the_one_fault_named(name, option, value):
    """Whatever stands before it, and whatever was left open."""
    kinds = {field.name: str(field.type) for field in fields(DESIGNS[name])}
    kind = kinds[option]
    takes = {"bool": bool, "int": int, "float": (float, int)}
    whole = next((takes[word] for word in takes if word in kind and "tuple" not in kind), ())
    is_nan = value != value  # noqa: PLR0124
    if (isinstance(value, whole) and not (isinstance(value, bool) and whole is not bool)) and (
        not is_nan
    ):
        return  # of its kind: judged by its limits
    more = WITH.get(option, {}) if option != "intercept" else {"model": "logistic"}
    with pytest.raises(DesignError) as refused:
        made(name, **more | {option: value})
    said = str(refused.value)
    assert said.startswith(f"{name}: {option}") or f"; {option} " in said
    assert repr(value) in said
    assert said.count(" must be ") + said.count(" is unknown") == 1


DATA = Path(__file__).parent.parent / "data"
SENTENCES = tomllib.loads((DATA / "sentences.toml").read_text(encoding="utf-8"))["design"]
ASKED = tomllib.loads((DATA / "refusals.toml").read_text(encoding="utf-8"))["asked"]


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: f"{row['name']} {row['options']}")
def test_every_sentence_is_the_one_that_was_read_and_found_right(row):
    design = make_design(row["name"], **row["options"])
    said = {clause_id: clause.text for clause_id, clause in design._clauses.items()}
    assert all(clause.id == clause_id for clause_id, clause in design._clauses.items())
    assert {clause_id: said[clause_id] for clause_id in row["sentences"]} == row["sentences"]
    assert all("None" in said[clause_id] for clause_id in set(said) - set(row["sentences"]))


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row['name']} {row['options']}")
def test_options_are_refused_in_the_words_that_were_found_right_or_taken(row):
    options = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row["options"].items()
    }
    said = ""
    try:
        make_design(row["name"], **{"n_levels": 3} | options)
    except DesignError as error:
        said = str(error)
    assert said == row["said"]
