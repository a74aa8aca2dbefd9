"""The protocol: what it holds, how it is read, its digest, and every fault a file can have."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import random
import subprocess
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.designs import DESIGNS, VARIANTS, APlusB, design_settings
from escalation.errors import DesignError, LadderError, ProtocolError
from escalation.protocol import (
    DoseLevel,
    Protocol,
    format_dose,
    load_protocol,
    shipped_protocols,
)
from escalation.protocol.file import find_faults, parse_protocol
from escalation.protocol.models import protocol_json_schema, protocol_models
from escalation.protocol.protocol import name_settings

PROTOCOLS = Path(__file__).parents[2] / "escalation" / "protocols"
SHIPPED = shipped_protocols()
NCT = load_protocol("nct07123519")
NCT_TEXT = (PROTOCOLS / "nct07123519.toml").read_text(encoding="utf-8")
NCT_DOCUMENT = tomllib.loads(NCT_TEXT)

HEAD = 'schema = 1\nname = "x"\nstart = 1\n'
DESIGN = '[design]\nname = "3+3"\n'
LEVELS = "[[levels]]\nlabel = 1\n[[levels]]\nlabel = 2\n"
PLAIN = HEAD + DESIGN + LEVELS
BOIN = '[design]\nname = "boin"\nmax_patients = 12\n'


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text.encode(), "file.toml")
    return caught.value.faults


# --- what is shipped ------------------------------------------------------------------------


def test_the_default_protocol_is_the_registry_record_with_its_gaps_marked_assumed():
    assert NCT.labels == (-1, 1, 2, 3)
    assert [level.dose for level in NCT.levels] == [1e6, 3e6, 6e6, 1e7]
    assert NCT.describe_level(NCT.start) == "level 1, 3E6 cells/kg"
    assert NCT.planned_patients == 18
    assert design_settings(NCT.design)["max_patients"] is None
    assert design_settings(NCT.design)["variant"] == "confirm"
    assert NCT.dlt.window_days == 28
    sources = dict(NCT.sources)
    registered = {setting for setting, source in sources.items() if source == "registry"}
    assert {"levels.1", "start", "design.name", "enrolment.planned_patients"} <= registered
    # the record names no other dose, no window, no interval, no cap, no option of the 3+3
    assert not [
        setting
        for setting in registered
        if setting.startswith(("dlt.", "scenarios.", "design.", "levels."))
        and setting not in ("design.name", "levels.1")
    ]
    assert sources["dose_cap"] == sources["enrolment.first_alone_days"] == "assumed"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_has_no_fault_which_is_why_it_is_read_without_a_check(name):
    path = PROTOCOLS / f"{name}.toml"
    assert find_faults(tomllib.loads(path.read_text(encoding="utf-8"))) == ()
    assert load_protocol(str(path)) == load_protocol(name)
    assert load_protocol(name).name == name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_setting_of_a_shipped_protocol_says_what_it_rests_on(name):
    protocol = load_protocol(name)
    unsaid = protocol.settings.keys() - dict(protocol.sources)
    assert not [setting for setting in unsaid if not setting.startswith("trial.")]
    assert not [setting for setting in unsaid if protocol.settings[setting]]


@pytest.mark.parametrize(
    ("run", "loaded"),
    [
        ("load_protocol('nct07123519').digest", set()),
        (f"load_protocol({str(PROTOCOLS / 'nct07123519.toml')!r})", {"pydantic"}),
    ],
)
def test_only_a_file_of_ones_own_loads_pydantic(run, loaded):
    heavy = ["pydantic", "numpy", "scipy", "matplotlib", "importlib.metadata"]
    code = (
        f"import sys; from escalation.protocol import load_protocol; {run}; "
        f"print(*[m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - {"importlib.metadata"} == loaded
    assert loaded or not done.stdout.split()


# --- doses and levels -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dose", "written"),
    [
        (3e6, "3E6"),
        (1.5e6, "1.5E6"),
        (1e7, "1E7"),
        (1234567, "1.234567E6"),
        (1e5, "1E5"),
        (99999, "99999"),
        (0.25, "0.25"),
        (25, "25"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.0005, "5E-4"),
        (5e-324, "5E-324"),
    ],
)
def test_format_dose(dose, written):
    assert format_dose(dose) == written


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_format_dose_loses_nothing_and_is_ascii(dose):
    assert float(format_dose(dose)) == dose
    assert format_dose(dose).isascii()


def test_a_plain_ladder_has_labels_and_no_doses():
    plain = Protocol.plain(4)
    assert (plain.name, plain.labels, plain.unit) == ("plain-4", (1, 2, 3, 4), None)
    assert plain.describe_level(2) == "level 3"
    assert design_settings(plain.design)["variant"] == "confirm"
    assert Protocol.plain(4, 3, two_of_six="mtd").start == 2


@pytest.mark.parametrize("n_levels", [0, -1, 101, 10**12])
def test_a_plain_ladder_has_from_1_to_100_levels(n_levels):
    with pytest.raises(DesignError, match="n_levels must be from 1 to 100"):
        Protocol.plain(n_levels)


@pytest.mark.parametrize("start", [0, 5, -1])
def test_a_plain_ladder_starts_on_the_ladder(start):
    with pytest.raises(LadderError, match="its levels are 1, 2, 3, 4"):
        Protocol.plain(4, start)


# --- other designs and starts ---------------------------------------------------------------


@pytest.mark.parametrize("before", VARIANTS)
@pytest.mark.parametrize("after", VARIANTS)
def test_a_variant_replaces_another_and_leaves_the_other_options(before, after):
    protocol = Protocol.plain(3, variant=before, max_patients=24)
    changed = protocol.with_design(variant=after)
    assert changed == Protocol.plain(3, variant=after, max_patients=24)


def test_one_of_a_pair_replaces_the_variant_that_named_it():
    changed = design_settings(NCT.with_design(below="declare").design)
    assert (changed["below"], changed["top"]) == ("declare", "expand")
    assert changed["variant"] == "declare-confirm-top"


def test_a_design_that_is_named_starts_from_its_defaults():
    changed = Protocol.plain(3, max_patients=24).with_design("3+3", two_of_six="mtd")
    assert changed == Protocol.plain(3, two_of_six="mtd")


@pytest.mark.parametrize("option", ["name", "n_levels", "start", "self", "design_name", "colour"])
def test_what_is_no_option_of_a_design_is_refused_by_name(option):
    with pytest.raises(DesignError, match=option):
        NCT.with_design(None, **{option: 1})


def test_a_changed_design_or_start_is_no_longer_what_its_source_said():
    redesigned = NCT.with_design("a+b", a=2, b=4, c=1, d=1, e=2)
    assert redesigned.design.name == "a+b"
    assert redesigned.design.n_levels == 4
    assert "design.name" not in dict(redesigned.sources)
    assert dict(redesigned.sources)["design.untested_below"] == "assumed"  # as it was
    moved = NCT.with_start(-1)
    assert (moved.start, moved.design.start) == (0, 0)
    assert "start" not in dict(moved.sources)
    assert len({NCT.digest, redesigned.digest, moved.digest}) == 3
    with pytest.raises(LadderError):
        NCT.with_start(7)


# --- the digest -----------------------------------------------------------------------------


def test_the_digest_is_that_of_the_document():
    """Pinned: results carry it, so that it may change only with a decision to change it."""
    assert NCT.digest == "d16fd4b83ef9ac8a06930d1cb312aca563b421ced8c100de5f96ba19fa6fe0ea"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_protocol_comes_back_from_its_own_document(name):
    protocol = load_protocol(name)
    again = Protocol.from_document(json.loads(json.dumps(protocol.document)))
    assert again == protocol
    assert again.digest == protocol.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dose = 3e6", "dose = 3000000"),
        ("dose = 3e6", "dose   =   3_000_000.0 # a comment"),
        ('variant = "confirm"', 'below = "expand"\ntop = "expand"'),
        ('two_of_six = "fail"\n', ""),
        ("infusion_day = 0\n", ""),
        ("0.10, 0.10, 0.10, 0.10", "0.1, 1e-1, 0.100, 0.10"),
        ("\n", "\r\n"),
        ("schema = 1", "\ufeffschema = 1"),
    ],
)
def test_the_digest_does_not_depend_on_how_the_file_is_written(old, new):
    assert old in NCT_TEXT
    text = NCT_TEXT.replace(old, new) if old == "\n" else NCT_TEXT.replace(old, new, 1)
    if new.startswith("\ufeff"):
        text = "\ufeff" + NCT_TEXT
    assert parse_protocol(text.encode(), "x").digest == NCT.digest


@given(st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_keys(rng: random.Random):
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return [shuffled(item) for item in value] if isinstance(value, list) else value
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    assert Protocol.from_document(shuffled(NCT_DOCUMENT)).digest == NCT.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dose = 3e6", "dose = 3.1e6"),
        ('variant = "confirm"', 'variant = "declare"'),
        ("window_days = 28", "window_days = 29"),
        ('"levels.2" = "assumed"', '"levels.2" = "registry"'),
        ("0.01, 0.02", "0.01, 0.03"),
        ("first_alone_days = 14", "first_alone_days = 7"),
    ],
)
def test_the_digest_changes_with_what_the_file_says(old, new):
    assert old in NCT_TEXT
    assert parse_protocol(NCT_TEXT.replace(old, new).encode(), "x").digest != NCT.digest


# --- faults ---------------------------------------------------------------------------------


def test_every_fault_is_reported_at_once_each_with_its_place():
    text = """
    schema = 2
    name = "two words"
    start = 7
    unit = " cells"
    colour = "red"
    [design]
    name = "3+3"
    variant = "confrim"
    [[levels]]
    label = 1
    dose = 1e6
    [[levels]]
    label = 1
    dose = nan
    [[levels]]
    label = 3.0
    [[levels]]
    label = 4
    dose = 5e5
    lable = 4
    [dlt]
    window_days = 0
    infusion_day = true
    [[scenarios]]
    name = "a"
    p_dlt = [0.1, 1.5, nan, true]
    [[scenarios]]
    name = "a"
    p_dlt = [0.1]
    [sources]
    "dlt.windows_days" = "assumed"
    unit = "rumour"
    """
    assert faults_of(text) == (
        "schema: is 2; write schema = 1, the format that this version reads",
        'name: must be letters, digits and . _ + - only, such as my-trial, not "two words"',
        'unit: must be one line of text that neither starts nor ends with a blank, not " cells"',
        "colour: is not a setting; known: schema, start, levels, design, pause, scenarios, "
        "sources, trial, dlt, enrolment, expansion, backfill, dosing, evaluability, reporting, "
        "committee, keys, anchors, name, title, unit, dose_cap",
        "design.variant: must be 'confirm', 'declare', 'expand-below' or 'declare-confirm-top', "
        'not "confrim"',
        "levels[1].dose: must be a finite number, not nan",
        "levels[1].label: 1 is there twice; give each level its own",
        'levels[2].label: must be a whole number or a word in quotes, such as 1 or "1a", not 3.0',
        "levels[2].dose: is missing; give every level a dose, or none",
        "levels[3].lable: is not a setting; did you mean label? Known: label, dose, regimen",
        "levels[3].dose: 500000.0 is not above the level before, 1000000.0; list the levels from "
        "the lowest up",
        "dlt.window_days: must be at least 1, not 0",
        "dlt.infusion_day: must be a whole number, not true",
        "scenarios[0].p_dlt[1]: must be at most 1, not 1.5",
        "scenarios[0].p_dlt[2]: must be a finite number, not nan",
        "scenarios[0].p_dlt[3]: must be a number, not true",
        "scenarios[1].p_dlt: has length 1 for a ladder of 4 levels; write one number a level",
        'scenarios[1].name: "a" is the name of scenarios[0] too',
        "sources.unit: must be 'registry' or 'assumed', not \"rumour\"",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty; `escalation protocol init FILE` writes a template to start from"),
        ("# only a comment\n", "empty; `escalation protocol init FILE` writes a template to st"),
        ("schema = = 1\n", "line 1, column 10: not TOML: Invalid value"),
        ("a = 1\nb = [\n", "end of document: not TOML: "),
        ("a = 1\na = 2\n", "line 2, column 6: not TOML: Cannot overwrite a value"),
        ('a = "\N{SNOWMAN}\x01"', "line 1, column 7: not TOML: Illegal character '\\x01'"),
        ("\N{SNOWMAN} = 1", "line 1, column 1: not TOML: Invalid statement"),
        ("a = " + "9" * 4900, "not a protocol file: nested too deep, or a number too long"),
        ("a = 0x" + "f" * 4900, "not a protocol file: nested too deep, or a number too long"),
        ("a = " + "[" * 4900, "not a protocol file: nested too deep, or a number too long"),
        ("#\n" * 100_001, "larger than 200000 bytes: not a protocol file"),
        ("#" * 5_001, "a line is longer than 5000 characters: not a protocol file"),
        (PLAIN + 'unit = "mg"', "levels[1].unit: is not a setting; known: label, dose, regimen"),
        ('unit = "mg"\n' + PLAIN, "unit: is given, but no level has a dose"),
        ("dose_cap = 3\n" + PLAIN, "dose_cap: is given, but no level has a dose"),
        (PLAIN.replace("start = 1", "start = 9"), "start: level 9 is not on the ladder; its lev"),
        (PLAIN.replace("start = 1\n", ""), "start: is missing"),
        (PLAIN.replace("schema = 1\n", ""), "schema: is missing; write schema = 1, the format"),
        (PLAIN.replace("schema = 1", "schema = true"), "schema: is true; write schema = 1"),
        (PLAIN.replace("label = 2", "label = -2"), "levels[1].label: -2 is not above the level b"),
        (PLAIN.replace("label = 2", "label = 1000"), "levels[1].label: 1000 is not a label"),
        (PLAIN.replace("label = 2", 'label = "1N"'), 'levels[1].label: "1N" reads as outcomes'),
        (PLAIN.replace("label = 2", "label = true"), "levels[1].label: must be a whole number or"),
        (HEAD + LEVELS + BOIN + "target = 1.5\n", "design.target: must be below 1, not 1.5"),
        (
            HEAD + LEVELS + BOIN + 'target = 0.3\ntitration = "yes"\n',
            'design.titration: must be true or false, not "yes"',
        ),
        (PLAIN.replace("label = 2", "label = 2.5"), "levels[1].label: must be a whole number or"),
        (PLAIN.replace("label = 2", "dose = 2"), "levels[1].label: is missing"),
        (HEAD + DESIGN, "levels: is missing"),
        (HEAD + "levels = []\n" + DESIGN, "levels: must have at least 1 entry"),
        (HEAD + "levels = {}\n" + DESIGN, "levels: must be a list, not a table"),
        (HEAD + "levels = [3]\n" + DESIGN, "levels[0]: must be a table, not 3"),
        (HEAD + LEVELS, "design: is missing"),
        (HEAD + 'design = "3+3"\n' + LEVELS, 'design: must be a table, not "3+3"'),
        (PLAIN.replace("3+3", "3p3"), 'design.name: no design is called "3p3"; did you mean 3+3?'),
        (PLAIN.replace('"3+3"', "3"), "design.name: no design is called 3; known: 3+3"),
        (PLAIN.replace('name = "3+3"', 'variant = "declare"'), "design.name: is missing; known: "),
        (PLAIN.replace("3+3", "a+b"), "design.a: is missing"),
        (PLAIN.replace(LEVELS, "max_patients = 0\n" + LEVELS), "design.max_patients: must be at "),
        (
            PLAIN.replace(LEVELS, "max_patient = 9\n" + LEVELS),
            "design.max_patient: is not a setting;",
        ),
        (PLAIN.replace(LEVELS, "n_levels = 9\n" + LEVELS), "design.n_levels: is not a setting; "),
        (PLAIN.replace("label = 2", "label = 2\ndose = inf"), "levels[1].dose: must be a finite n"),
        (PLAIN.replace("label = 2", "label = 2\ndose = -3"), "levels[1].dose: must be above 0, no"),
        (PLAIN.replace("label = 2", "label = 2\ndose = 2024-01-01"), "levels[1].dose: must be a "),
        (PLAIN + "[trial]\nsite = 2024-01-01", "trial.site: must be text, in quotes, not the date"),
        (PLAIN + '[trial]\nsite = "a\\nb"', "trial.site: must be one line of text that neither"),
        (PLAIN + '[trial]\nsite = ""', "trial.site: must be one line of text that neither"),
        (PLAIN + '[sources]\n"levels.3" = "assumed"', 'sources."levels.3": names no setting; did'),
        (PLAIN + '[sources]\n"design.c" = "assumed"', 'sources."design.c": names no setting; did'),
        (PLAIN + '[sources]\nvariant = "assumed"', "sources.variant: names no setting; known: des"),
        (PLAIN + "[sources]\nunit = 1", "sources.unit: must be 'registry' or 'assumed', not 1"),
        (PLAIN + "[[scenarios]]\np_dlt = [0.1, 0.2]", "scenarios[0].name: is missing"),
        (PLAIN + '[[scenarios]]\nname = "a"\np_dlt = []', "scenarios[0].p_dlt: has length 0 for"),
        (PLAIN + '[[scenarios]]\nname = "a"\np_dlt = 1', "scenarios[0].p_dlt: must be a list, no"),
        (
            PLAIN + '[committee]\nmajority = "2/2"',
            "committee.majority: must be below 1",
        ),
        (PLAIN + "[committee]\nquorum = 0", "committee.quorum: must be at least 1, not 0"),
        (
            PLAIN + '[committee]\nexclusive = ["site+site"]',
            'committee.exclusive[0]: "site+site" is one role twice',
        ),
        (PLAIN.replace('"x"', f'"{"x" * 61}"'), "name: must have at most 60 characters"),
        (PLAIN.replace('"x"', '"../x"'), "name: must be letters, digits and . _ + - only"),
        (
            PLAIN + '"odd\\n\N{SNOWMAN}" = 1',
            'levels[1]."odd\\n\\u2603": is not a setting; known: la',
        ),
    ],
)
def test_a_fault_says_where_and_what_would_be_right(text, fault):
    faults = faults_of(text)
    assert any(found.startswith(fault) for found in faults), faults
    for found in faults:
        assert found.isascii()
        assert found.isprintable()
        assert "Input should" not in found


def test_a_ladder_has_at_most_100_levels():
    levels = "".join(f"[[levels]]\nlabel = {label}\n" for label in range(1, 102))
    assert faults_of(HEAD + DESIGN + levels) == ("levels: must have at most 100 entries, not 101",)


def test_a_source_may_be_said_of_a_setting_left_at_its_default():
    text = PLAIN + '[sources]\n"dlt.infusion_day" = "assumed"\n"design.two_of_six" = "assumed"'
    assert len(parse_protocol(text.encode(), "x").sources) == 2


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("no-such-file.toml", "no such file, and no shipped protocol of this name; known: "),
        ("nct0712351", "did you mean nct07123519?"),
        (str(PROTOCOLS), "cannot be read: Is a directory"),
        ("a\0b", "cannot be read: "),
        ("", "cannot be read: |no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_protocol_error(name, fault):
    with pytest.raises(ProtocolError) as caught:
        load_protocol(name)
    assert any(part in caught.value.faults[0] for part in fault.split("|"))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a = 1\n\x80", bytes(range(256))])
def test_bytes_that_are_no_text_are_a_protocol_error(data):
    with pytest.raises(ProtocolError, match=r"not UTF-8 text|not TOML"):
        parse_protocol(data, "x")


VALUES = st.one_of(
    st.none().map(lambda _: dt.date(2024, 1, 1)),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 10**400, 999, 1000]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["3+3", "a+b", "confirm", "registry", ""]),
    st.lists(st.one_of(st.integers(), st.floats(), st.just({})), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in items:
        found.append((*here, key))
        if isinstance(item, dict | list):
            found += places(item, (*here, key))
    return found


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_change_of_any_setting_is_either_sound_or_named(data):
    document = copy.deepcopy(NCT_DOCUMENT)
    changes = data.draw(st.lists(st.sampled_from(places(NCT_DOCUMENT)), min_size=1, max_size=3))
    for *tables, last in changes:
        parent = document
        for key in tables:
            try:
                parent = parent[key]
            except (KeyError, IndexError, TypeError):
                break
        else:
            action = data.draw(st.sampled_from(["set", "add", "delete"]))
            if action == "add" and isinstance(parent, dict):
                parent[data.draw(st.text(max_size=5))] = data.draw(VALUES)
            elif action == "delete" and isinstance(parent, dict):
                parent.pop(last, None)
            elif isinstance(parent, dict) or (
                isinstance(parent, list) and isinstance(last, int) and last < len(parent)
            ):
                parent[last] = data.draw(VALUES)
    faults = find_faults(document)
    assert all(fault.isascii() and fault.isprintable() for fault in faults)
    if not faults:
        protocol = Protocol.from_document(document)
        assert Protocol.from_document(protocol.document) == protocol
        assert all(math.isfinite(level.dose or 0) for level in protocol.levels)


def test_a_file_without_start_and_labels_is_found_faulty():
    assert "start: is missing" in " ".join(
        faults_of('schema = 1\nname = "x"\n' + DESIGN + "[[levels]]\n")
    )


# --- one rule, one place --------------------------------------------------------------------


def test_the_published_json_schema_is_the_models():
    published = json.loads((PROTOCOLS / "protocol.schema.json").read_text(encoding="utf-8"))
    assert published == protocol_json_schema()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_fits_the_published_json_schema(name):
    document = tomllib.loads((PROTOCOLS / f"{name}.toml").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(protocol_json_schema())
    jsonschema.validate(document, protocol_json_schema())
    document["levels"][0]["dose"] = -1
    with pytest.raises(jsonschema.ValidationError, match="-1"):
        jsonschema.validate(document, protocol_json_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeletal(APlusB):
    """A design to come, with options of other types."""

    name: ClassVar[str] = "skeletal"

    skeleton: tuple[float, ...]
    target: float = 0.25


@pytest.fixture
def _another_design(monkeypatch):
    monkeypatch.setitem(DESIGNS, "skeletal", Skeletal)
    protocol_models.cache_clear()
    yield
    protocol_models.cache_clear()


@pytest.mark.usefixtures("_another_design")
def test_a_new_design_needs_no_change_to_the_file_format():
    options = 'name = "skeletal"\na=3\nb=3\nc=1\nd=1\ne=1\nskeleton = [0.1, 0.3]\ntarget = 0.3\n'
    protocol = parse_protocol(PLAIN.replace('name = "3+3"\n', options).encode(), "x")
    assert design_settings(protocol.design)["skeleton"] == (0.1, 0.3)
    assert "design.target" in name_settings(protocol.document)
    assert Protocol.from_document(json.loads(json.dumps(protocol.document))) == protocol
    wrong = options.replace("0.1", '"a"').replace("target = 0.3", "target = true")
    assert faults_of(PLAIN.replace('name = "3+3"\n', wrong)) == (
        "design.target: must be a number, not true",
        'design.skeleton[0]: must be a number, not "a"',
    )


def test_a_protocol_cannot_be_changed_and_can_be_compared():
    assert replace(NCT, title=NCT.title) == NCT
    assert hash(replace(NCT)) == hash(NCT)
    assert replace(NCT, levels=(*NCT.levels[:3], DoseLevel(label=3, dose=2e7))) != NCT
    with pytest.raises(AttributeError):
        NCT.name = "other"  # type: ignore[misc]


# --- options that came later ----------------------------------------------------------------


def test_protocols_written_before_an_option_keep_their_digest():
    """The digests are those of the release before the options: of a file, and in a ledger."""
    assert load_protocol("flat-cells-example").digest == (
        "7797c551ad98ec8c85272f22778ee9155a59bbb6c07332e96cb3f881f668bc31"
    )
    ledger = Path(__file__).parents[1] / "data" / "ledgers" / "0.2.0.jsonl"
    registered = json.loads(json.loads(ledger.read_text("utf-8").splitlines()[1])["data"])
    again = Protocol.from_document(registered["protocol"])
    assert json.loads(json.dumps(again.document)) == registered["protocol"]
    assert again.digest == registered["digest"]
    assert again.digest == "f3cdea5b0849212b43680250137439fd529576fe92623cb364b98f86614738c5"
    plain = parse_protocol(PLAIN.encode(), "file.toml")
    said = PLAIN.replace(DESIGN, f'{DESIGN}beyond = "rate"\n')
    assert parse_protocol(said.encode(), "file.toml").digest == plain.digest


def test_an_option_that_came_later_is_a_setting_where_it_is_given_or_has_a_source():
    plain = parse_protocol(PLAIN.encode(), "file.toml")
    assert "design.beyond" not in plain.settings
    sourced = PLAIN + '[sources]\n"design.beyond" = "assumed"\n'
    protocol = parse_protocol(sourced.encode(), "file.toml")
    assert protocol.settings["design.beyond"] == "rate"
    assert dict(protocol.sources) == {"design.beyond": "assumed"}
    assert protocol.with_design(two_of_six="mtd").sources == protocol.sources
    changed = protocol.with_design(beyond="count", cohort_size="3-6", third=3)
    assert changed.sources == ()
    again = Protocol.from_document(changed.document)
    assert (again, again.digest) == (changed, changed.digest)
    assert "beyond" in changed.document["design"]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ('cohort_size = "6-3"\n', 'design: 3+3: cohort_size is upside down: write "3-6"'),
        ("cohort_size = 3\n", "design.cohort_size: must be text, in quotes, not 3"),
        ('third = "x"\n', "design.third: must be a whole number"),
        ("third = 0\n", "design.third: must be at least 1, not 0"),
        ('third = 3\ntwo_of_six = "mtd"\n', "design: 3+3: third treats more after 2 DLTs"),
        ('beyond = "percent"\n', "design.beyond: must be 'rate' or 'count', not \"percent\""),
        ("f = 2\n", "design.f: is not a setting"),
    ],
)
def test_a_fault_of_an_option_of_the_a_plus_b_family_is_one_line(settings, fault):
    (found,) = faults_of(PLAIN.replace(DESIGN, DESIGN + settings))
    assert found.startswith(fault)
