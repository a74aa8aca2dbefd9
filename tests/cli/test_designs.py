"""`escalation designs`: every design, and every option of one."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import MISSING, fields

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.designs import DESIGNS, design_options, make_design, required_options
from escalation.designs.declared import cite_design, declared_options, list_references
from escalation.errors import DesignError

NEEDED = {"a": 3, "b": 3, "c": 1, "d": 1, "e": 1, "target": 0.25, "max_patients": 12}


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["designs", *words], env={"COLUMNS": "80"})


def document(*words: str) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def make(name: str, **options: object):
    needed = {option: NEEDED[option] for option in required_options(DESIGNS[name])}
    return make_design(name, n_levels=3, **needed | options)


def test_without_a_name_every_design_is_listed_with_what_it_is_and_its_paper():
    result = run()
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) < 80
    listed = document()["designs"]
    assert [one["name"] for one in listed] == list(DESIGNS)
    said = " ".join(result.stdout.split())
    for one in listed:
        assert f"{one['name']} {one['summary']} ({cite_design(DESIGNS[one['name']])})" in said


def test_papers_are_cited_as_in_a_text():
    cited = {name: cite_design(design) for name, design in DESIGNS.items()}
    assert cited["boin"] == "Liu & Yuan 2015"
    assert cited["3+3"] == "Korn et al. 1994"
    assert cited["crm"] == "O'Quigley et al. 1990"


@pytest.mark.parametrize("name", DESIGNS)
def test_each_reference_has_authors_a_year_and_a_journal(name):
    for reference in list_references(DESIGNS[name]):
        assert re.fullmatch(r"[A-Z][^(]+ \((19|20)\d\d\)\. .+\. .+\d.*\.", reference), reference
    assert list_references(DESIGNS[name])


@pytest.mark.parametrize("name", DESIGNS)
def test_every_option_is_listed_with_what_it_takes_and_means(name):
    result = run(name)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) < 80
    listed = document(name)["options"]
    assert [one["name"] for one in listed] == list(design_options(DESIGNS[name]))
    said = " ".join(result.stdout.split())
    for option in declared_options(DESIGNS[name]):
        assert f"{option.meaning} [{option.values}]" in said
        assert option.meaning.endswith(".")


@pytest.mark.parametrize("name", DESIGNS)
def test_defaults_are_those_of_the_design_made_without_options(name):
    made = make(name)
    required = required_options(DESIGNS[name])
    follows = {field.name for field in fields(made) if field.default is None}
    for one in document(name)["options"]:
        assert one["required"] == (one["name"] in required)
        if not one["required"] and (one["default"] is not None or one["name"] not in follows):
            assert one["default"] == getattr(made, one["name"])


@pytest.mark.parametrize("name", DESIGNS)
def test_every_choice_makes_a_design_and_nothing_else_does(name):
    for option in declared_options(DESIGNS[name]):
        if option.kind == "choice":
            for value in option.choices:
                assert getattr(make(name, **{option.name: value}), option.name) == value
            with pytest.raises(DesignError, match=option.name):
                make(name, **{option.name: "neither"})


@pytest.mark.parametrize("name", DESIGNS)
def test_a_number_beyond_what_is_listed_makes_no_design(name):
    for option in declared_options(DESIGNS[name]):
        step = 1 if option.kind == "whole number" else 0.001
        for limit, value in option.limits.items():
            outside = {"ge": value - step, "gt": value, "le": value + step, "lt": value}[limit]
            given = (0.1, 0.2, outside) if option.kind == "list of numbers" else outside
            with pytest.raises(DesignError):
                make(name, **{option.name: given})


def test_options_of_the_3_plus_3_that_the_variant_sets_have_the_defaults_of_the_usual_one():
    defaults = {one["name"]: one["default"] for one in document("3+3")["options"]}
    assert (defaults["variant"], defaults["below"], defaults["top"]) == (
        "confirm",
        "expand",
        "expand",
    )


def test_what_the_command_line_fills_in_is_said_where_a_design_needs_it():
    said = " ".join(run("boin").stdout.split())
    assert "--design boin takes target 0.25 and max_patients as planned in the protocol" in said
    assert "Where --set gives none" not in run("3+3").stdout
    assert "takes max_patients as planned" in " ".join(run("g3+3").stdout.split())


def test_rows_for_a_spreadsheet_hold_every_option():
    rows = list(csv.DictReader(io.StringIO(run("boin", "--csv").stdout)))
    by_name = {row["option"]: row for row in rows}
    assert list(by_name) == list(design_options(DESIGNS["boin"]))
    assert by_name["cohort_size"]["values"] == "whole number from 1 to 20"
    assert by_name["target"]["default"] == "required"


def test_an_unknown_design_is_refused_in_one_line_with_the_nearest():
    result = run("boinn")
    assert result.exit_code == DesignError.exit_code
    assert result.stderr.startswith("escalation: no design is called 'boinn'; did you mean boin?")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", DESIGNS)
def test_a_field_without_a_default_is_an_option_that_is_required(name):
    missing = {f.name for f in fields(DESIGNS[name]) if f.init and f.default is MISSING}
    required = {one.name for one in declared_options(DESIGNS[name]) if one.is_required}
    assert required == missing - {"n_levels"}
