"""Forms from what designs declare; counts written as notation, held against every course."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from werkzeug.datastructures import MultiDict

from escalation.designs import DESIGNS, make_design
from escalation.designs.declared import declared_options
from escalation.outcomes import parse_outcomes, tally_cohorts
from escalation.protocol import Protocol, advise
from simulations.web.counts import Count, notation_of
from simulations.web.forms import DecideForm, SimulateForm
from tests.designs.courses import walked
from tests.web.forms import words_of


def read(kind: type[DecideForm | SimulateForm], **given: str) -> DecideForm | SimulateForm:
    return kind.read(MultiDict(given))


@pytest.mark.parametrize("name", DESIGNS)
def test_every_option_that_a_design_declares_has_a_field_that_says_what_it_is(name):
    form = read(SimulateForm, protocol="plain", design=name)
    options = declared_options(DESIGNS[name])
    assert [field.name for field in form.options()] == [f"set_{one.name}" for one in options]
    for field, option in zip(form.options(), options, strict=True):
        assert field.label.text == option.name
        assert option.meaning[1:].rstrip(".") in field.description
        if option.choices:
            assert [value for value, *_ in field.iter_choices()] == ["", *option.choices]
        else:
            assert option.values[1:] in field.description


def test_every_design_is_offered(client):
    for name in ("decide", "simulate", "compare"):
        page = client.get(f"/{name}").text
        for design in DESIGNS:
            assert f'<option value="{design}">' in page


def test_a_new_design_appears_by_itself(monkeypatch: pytest.MonkeyPatch):
    class Cautious(DESIGNS["g3+3"]):  # type: ignore[misc,name-defined]
        """Cautious: a design of this test."""

        name = "cautious"

    monkeypatch.setitem(DESIGNS, "cautious", Cautious)
    form = read(SimulateForm, protocol="plain", design="cautious")
    assert [field.label.text for field in form.options()]


def test_the_settings_of_the_protocol_are_those_that_stand_if_nothing_is_given():
    form = read(DecideForm, protocol="nct07123519")
    (field,) = [field for field in form.options() if field.name == "set_two_of_six"]
    assert dict(field.choices)[""] == "as usual: fail"


@pytest.mark.parametrize("start", [0, 1])
def test_counts_become_notation_with_the_same_tallies_and_the_same_answer(start):
    """In every state of the 3+3 on three levels; the order is a guess, what counts is not."""
    design = make_design("3+3", n_levels=3, start=start)
    protocol = Protocol.plain(3).with_start(start + 1)
    found = walked(design)
    for tallies, level, decision in zip(found.tallies, found.levels, found.decisions, strict=True):
        counts: Mapping[str, Count] = {
            str(label): Count(tally.n_evaluable, tally.n_dlts, 0)
            for label, tally in enumerate(tallies, start=1)
            if tally.n_evaluable
        }
        if not counts:
            continue
        cohorts = parse_outcomes(notation_of(counts, now=str(level + 1), cohort_size=3))
        assert tally_cohorts(cohorts, protocol.labels) == tallies
        assert cohorts[-1].label == level + 1
        asked = advise(protocol, cohorts, allow_departures=True)
        if not any("after" in str(one) for one in asked.departures):
            assert asked.decision == decision


@pytest.mark.parametrize(
    ("counts", "now", "expected"),
    [
        ({"1": (3, 0, 0), "2": (3, 1, 0)}, "", "1NNN 2NNT"),
        ({"1": (6, 0, 0), "2": (3, 2, 0)}, "1", "1NNN 2NTT 1NNN"),
        ({"1": (3, 0, 0), "2": (6, 1, 0), "3": (3, 3, 0)}, "2", "1NNN 2NNN 3TTT 2NNT"),
        ({"1": (3, 0, 0), "2": (2, 0, 1)}, "2", "1NNN 2NN?"),
        ({"1": (0, 0, 3)}, "", "1???"),
    ],
)
def test_counts_are_written_in_the_usual_order_of_a_trial(counts, now, expected):
    found = {label: Count(*count) for label, count in counts.items()}
    assert notation_of(found, now=now, cohort_size=3) == expected


def test_counts_lead_to_the_link_of_their_notation(client):
    sent = client.get("/decide?protocol=nct07123519&n_1=6&n_2=3&x_2=2&now=1")
    assert sent.status_code == 303
    assert sent.headers["Location"] == "/decide?protocol=nct07123519&outcomes=1NNN+2NTT+1NNN"
    assert "Stop: the MTD is level 1" in words_of(client.get(sent.headers["Location"]))
