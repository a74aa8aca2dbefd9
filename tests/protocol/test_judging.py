"""The tables by which the record judges: every fault with its place, and what they say in words."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.errors import ProtocolError
from escalation.protocol import DltException, DltRule, DltWindow, PauseRule, load_protocol
from escalation.protocol.file import find_faults, parse_protocol
from escalation.protocol.judging import (
    describe_dlt_rule,
    describe_exception,
    describe_pause_rule,
    dlt_rules,
)
from escalation.protocol.protocol import Protocol
from escalation.reports.protocol import view_settings

TEXT = """
schema = 1
name = "cells"
start = 1
levels = [{ label = 1 }, { label = 2 }]
design = { name = "3+3" }

[dlt]
window_days = 28

[[dlt.rules]]
name = "CRS"
category = "crs"
min_grade = 3

[[dlt.rules]]
name = "other"
except_categories = ["crs"]
min_grade = 3

  [[dlt.rules.exceptions]]
  term = "fever"
  max_grade = 3

  [[dlt.rules.exceptions]]
  category = "laboratory"
  resolves_to = 2
  within_days = 3

[[pause]]
name = "toxic"
at_least = 2
among = 6
min_grade = 4

[evaluability]
least_days = 21

[committee]
majority = "2/3"
exclusive = ["chair+site", "auditor+chair"]

[sources]
"dlt.rules.CRS" = "assumed"
"pause.toxic" = "registry"
"""


def faults(*changes: tuple[str, str]) -> tuple[str, ...]:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text.encode(), "file.toml")
    return caught.value.faults


def test_a_sound_file_is_read_and_given_back():
    protocol = parse_protocol(TEXT.encode(), "file.toml")
    assert [rule.name for rule in protocol.dlt.rules] == ["CRS", "other"]
    assert protocol.dlt.rules[1].exceptions[1].within_days == 3
    assert Protocol.from_document(protocol.document) == protocol


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            ('name = "other"', 'name = "Crs"'),
            "dlt.rules[1].name: is the name of dlt.rules[0] too; give every rule its own",
        ),
        (
            ('except_categories = ["crs"]', 'category = "x"\nexcept_categories = ["crs"]'),
            "dlt.rules[1].except_categories: is given beside category; give one of the two",
        ),
        (
            ('term = "fever"\n', ""),
            "dlt.rules[1].exceptions[0].term: is missing; name the term, or the category, that "
            "the rule leaves out",
        ),
        (
            ("  within_days = 3\n", ""),
            "dlt.rules[1].exceptions[1].within_days: is missing; say within how many days it "
            "returns to resolves_to",
        ),
        (
            ("  resolves_to = 2\n", ""),
            "dlt.rules[1].exceptions[1].resolves_to: is missing; say to which grade it returns "
            "(0: it is over)",
        ),
        (
            ("resolves_to = 2", "resolves_to = 3"),
            "dlt.rules[1].exceptions[1].resolves_to: must be below the rule's min_grade, 3, not 3",
        ),
        (
            ("max_grade = 3", "max_grade = 2"),
            "dlt.rules[1].exceptions[0].max_grade: is 2, below the rule's min_grade, 3: it leaves "
            "nothing out",
        ),
        (
            ('term = "fever"', 'trem = "fever"'),
            "dlt.rules[1].exceptions[0].trem: is not a setting; did you mean term? Known: term, "
            "category, max_grade, resolves_to, within_days",
        ),
        (
            ("within_days = 3", 'within_days = "3"'),
            'dlt.rules[1].exceptions[1].within_days: must be a whole number, not "3"',
        ),
        (("min_grade = 3", "min_grade = 6"), "dlt.rules[0].min_grade: must be at most 5, not 6"),
        (("min_grade = 3\n", ""), "dlt.rules[0].min_grade: is missing"),
        (
            ('["crs"]', '"crs"'),
            'dlt.rules[1].except_categories: must be a list, not "crs"',
        ),
        (("[[dlt.rules]]\n", "[[dlt.rule]]\n"), "dlt.rule: is not a setting; did you mean rules?"),
        (("among = 6", "among = 1"), "pause[0].at_least: is 2, more than among, 1"),
        (("at_least = 2", "at_least = 0"), "pause[0].at_least: must be at least 1, not 0"),
        (
            ('name = "toxic"', 'name = "Death"'),
            'pause[0].name: "death" is built in: any death pauses; give another name',
        ),
        (("among = 6", "amongst = 6"), "pause[0].amongst: is not a setting; did you mean among?"),
        (
            ("least_days = 21", "least_days = 29"),
            "evaluability.least_days: is 29, more than the 28 days of the DLT window",
        ),
        (
            ("least_days = 21", "least_share = 1.1"),
            "evaluability.least_share: must be at most 1, not 1.1",
        ),
        (
            ("least_days = 21", "greatest_share = 0.9"),
            "evaluability.greatest_share: must be at least 1, not 0.9",
        ),
        (
            ('"2/3"', '"2/2"'),
            'committee.majority: must be below 1, not "2/2": more than this part must be for it',
        ),
        (
            ("auditor+chair", "chair+chair"),
            'committee.exclusive[1]: "chair+chair" is one role twice; write two that exclude each '
            "other, such as chair+site",
        ),
        (
            ("auditor+chair", "auditor+boss"),
            "committee.exclusive[1]: must be two roles joined by +, such as "
            '"chair+site", not "auditor+boss"',
        ),
        (
            ('"dlt.rules.CRS"', '"dlt.rules.ICANS"'),
            'sources."dlt.rules.ICANS": names no setting; did you mean dlt.rules.CRS?',
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_would_be_right(change, fault: str):
    found = faults(change)
    assert found[0].startswith(fault), found
    others = {"sources"} if "[[dlt.rule]]" in change[1] or "Death" in change[1] else set()
    assert {other.partition(".")[0] for other in found[1:]} <= others


def test_two_pause_rules_of_one_name_are_a_fault():
    again = '[[pause]]\nname = "Toxic"\n[evaluability]'
    assert faults(("[evaluability]", again)) == (
        "pause[1].name: is the name of pause[0] too; give every rule its own",
    )


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    found = faults(
        ('name = "other"', 'name = "CRS"'),
        ("max_grade = 3", "max_grade = 9"),
        ("  resolves_to = 2\n", ""),
        ("among = 6", "among = 1"),
        ("least_days = 21", "least_days = 40"),
        ('"2/3"', '"3/2"'),
    )
    assert [fault.partition(": ")[0] for fault in found] == [
        "dlt.rules[1].name",
        "dlt.rules[1].exceptions[0].max_grade",
        "dlt.rules[1].exceptions[1].resolves_to",
        "pause[0].at_least",
        "evaluability.least_days",
        "committee.majority",
    ]


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in items:
        found.append((*here, key))
        if isinstance(item, dict | list):
            found += places(item, (*here, key))
    return found


DOCUMENT = tomllib.loads(TEXT)
JUDGING = [place for place in places(DOCUMENT) if place[0] in ("dlt", "pause", "committee")]
VALUES = st.sampled_from([None, True, 0, 3, 99, 1.5, "", "crs", "1/2", [], ["x"], {}, [{}], [3]])


@settings(max_examples=100)
@given(place=st.sampled_from(JUDGING), action=st.sampled_from(["set", "delete"]), value=VALUES)
def test_any_change_of_these_tables_is_sound_or_named(place, action: str, value):
    document = copy.deepcopy(DOCUMENT)
    parent: Any = document
    for key in place[:-1]:
        parent = parent[key]
    if action == "set":
        parent[place[-1]] = value
    else:
        del parent[place[-1]]
    found = find_faults(document)
    assert all(fault.isascii() and fault.isprintable() for fault in found)
    if not found:
        protocol = Protocol.from_document(document)
        assert Protocol.from_document(protocol.document) == protocol


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"category": "crs", "min_grade": 3}, "crs of grade 3 or more, at least possibly related"),
        ({"term": "rash", "min_grade": 5, "related": False}, "rash of grade 5"),
        (
            {"term": "rash", "category": "skin", "min_grade": 4, "related": False},
            "rash (skin) of grade 4 or more",
        ),
        (
            {"min_grade": 3, "except_categories": ("crs", "blood"), "lasts_days": 1},
            "any event of grade 3 or more other than crs or blood, for more than 1 day, at least "
            "possibly related",
        ),
        (
            {"min_grade": 4, "provisional_until_day": 28, "worse_than_baseline_by": 2},
            "any event of grade 4 or more, at least 2 grades worse than at baseline, still so on "
            "day 28, at least possibly related",
        ),
        (
            {"min_grade": 3, "exceptions": (DltException(term="a"), DltException(category="b"))},
            "any event of grade 3 or more, at least possibly related, except a; b",
        ),
    ],
)
def test_a_rule_of_the_definition_is_said_in_words(rule: dict[str, Any], words: str):
    assert describe_dlt_rule(DltRule(name="it", **rule)) == words


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        ({"term": "fever", "max_grade": 3}, "fever up to grade 3"),
        ({"term": "ALT", "category": "lab"}, "ALT (lab)"),
        (
            {"category": "lab", "resolves_to": 2, "within_days": 3},
            "lab that is back to grade 2 within 3 days",
        ),
        (
            {"term": "fatigue", "resolves_to": 0, "within_days": 1},
            "fatigue that is over within 1 day",
        ),
    ],
)
def test_an_exception_is_said_in_words(exception: dict[str, Any], words: str):
    assert describe_exception(DltException(**exception)) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "1 patient with an event"),
        ({"fatal": True, "min_grade": 3}, "1 patient with a fatal event"),
        ({"fatal": True, "related": True, "category": "crs"},
         "1 patient with a fatal event (crs), at least possibly related"),
        ({"dlt": True}, "1 patient with a DLT"),
        ({"dlt": True, "fatal": True}, "1 patient with a fatal DLT"),
        ({"dlt": True, "term": "CRS", "min_grade": 4},
         "1 patient with a DLT (CRS) of grade 4 or more"),
        ({"category": "icans", "min_grade": 5, "at_least": 3},
         "at least 3 patients with icans of grade 5"),
        ({"at_least": 2, "among": 6, "min_grade": 4, "related": True},
         "at least 2 patients among any 6 dosed one after the other with an event of grade 4 or "
         "more, at least possibly related"),
    ],
)  # fmt: skip
def test_a_pause_rule_is_said_in_words(rule: dict[str, Any], words: str):
    assert describe_pause_rule(PauseRule(name="it", **rule)) == words


def test_without_rules_there_is_one_for_related_events_of_grade_3():
    [rule] = dlt_rules(DltWindow(window_days=28))
    assert (rule.min_grade, rule.related, rule.category, rule.exceptions) == (3, True, None, ())
    rules = (DltRule(name="a", min_grade=4),)
    assert dlt_rules(DltWindow(rules=rules)) == rules


def test_protocol_show_says_the_rules_in_words_with_their_sources():
    rows = view_settings(parse_protocol(TEXT.encode(), "file.toml")).rows()
    assert ("dlt.rules.CRS", "assumed",
            "crs of grade 3 or more, at least possibly related") in rows  # fmt: skip
    assert ("pause.toxic", "registry",
            "at least 2 patients among any 6 dosed one after the other with an event of grade 4 "
            "or more") in rows  # fmt: skip
    names = [name for name, _, _ in rows]
    assert names.index("dlt.rules.other") == names.index("dlt.infusion_day") + 2


def test_a_protocol_that_says_nothing_of_judging_has_the_document_of_the_first_release():
    document = load_protocol("flat-cells-example").document
    assert document["dlt"] == {"window_days": 28, "infusion_day": 1}
    assert not document.keys() & {"pause", "evaluability", "reporting", "committee", "keys"}
