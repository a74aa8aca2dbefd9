"""Bad input: a sentence, the right status, no file read, and never more work than is allowed."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from simulations.web.calculator import MOST_WAITING, calculator
from tests.web.forms import words_of

NCT = {"protocol": "nct07123519"}
PLAIN = {"protocol": "plain"}
PAIR = {**NCT, "design_1": "3+3", "design_2": "boin"}
LONG = "9" * 900

BAD = [
    ("decide", {**NCT, "outcomes": "1NNN 2NXQ"}, "character 9: 'Q' is not an outcome"),
    ("decide", {**NCT, "outcomes": "7NNN"}, "level 7 is not on the ladder"),
    ("decide", {**NCT, "outcomes": "-"}, "character 1: '-' where a level label"),
    ("decide", {**NCT, "outcomes": "--protocol=/etc/passwd"}, "where a level label"),
    ("decide", {**NCT, "outcomes": "--help"}, "where a level label"),
    ("decide", {**NCT, "outcomes": "-h"}, "where a level label"),
    ("decide", {**NCT, "outcomes": "<script>alert(1)</script>"}, "where a level label"),
    ("decide", {**NCT, "outcomes": "\0"}, "letters that are seen"),
    ("decide", {**NCT, "outcomes": "1N\u202e"}, "letters that are seen"),
    ("decide", {**NCT, "outcomes": "1" + "N" * 5000}, "at most 1,000 letters"),
    ("decide", {**NCT, "outcomes": "1NNNNNN"}, "would not have produced this history"),
    ("decide", {"protocol": "/etc/passwd"}, "Choose one of the list"),
    ("decide", {"protocol": "-"}, "Choose one of the list"),
    ("decide", {**NCT, "design": "/etc/passwd"}, "Choose one of the list"),
    ("decide", {**NCT, "levels": "3"}, "the protocol has its own levels"),
    ("decide", PLAIN, "say how many levels"),
    ("decide", {**PLAIN, "levels": "1000000"}, "n_levels must be from 1 to 100"),
    ("decide", {**PLAIN, "levels": "-3"}, "n_levels must be from 1 to 100"),
    ("decide", {**PLAIN, "levels": "1e3"}, "n_levels must be from 1 to 100"),
    ("decide", {**PLAIN, "levels": "nan"}, "not a whole number"),
    ("decide", {**PLAIN, "levels": LONG}, "not a whole number"),
    ("decide", {**NCT, "start": "x y"}, "is not a label"),
    ("decide", {**NCT, "design": "boin", "set_target": "nan"}, "target must be a number"),
    ("decide", {**NCT, "design": "boin", "set_target": "1e-320"}, "target must be"),
    ("decide", {**NCT, "design": "boin", "set_target": "1e999"}, "target must be"),
    ("decide", {**NCT, "design": "boin", "set_max_patients": "1000000"}, "from 1 to 300"),
    ("decide", {**NCT, "design": "crm", "set_skeleton": "[" * 900}, "skeleton must be a list"),
    ("decide", {**NCT, "n_1": "x"}, "a whole number from 0 to 300"),
    ("decide", {**NCT, "n_1": "1e9"}, "a whole number from 0 to 300"),
    ("decide", {**NCT, "n_1": "3", "x_1": "5"}, "5 with a DLT of 3 evaluable"),
    ("decide", {**NCT, "n_1": "3", "outcomes": "1NNN"}, "in notation or as counts, not both"),
    ("decide", {**NCT, "now": "1"}, "and no patients"),
    ("simulate", {**NCT, "p_dlt": "0.1,0.2"}, "has 2 values; the ladder has 4 levels"),
    ("simulate", {**NCT, "p_dlt": "nan,0,0,0"}, "value 1, 'nan', is not a number"),
    ("simulate", {**NCT, "p_dlt": "inf,0,0,0"}, "value 1, 'inf', is not a number"),
    ("simulate", {**NCT, "p_dlt": "-0.1,0,0,0"}, "is not a probability"),
    ("simulate", {**NCT, "p_dlt": "0.1,0.2,0.3,1.5"}, "is not a probability"),
    ("simulate", {**NCT, "p_dlt": ",,,"}, "value 1 is empty"),
    ("simulate", {**NCT, "p_dlt": "0.1," * 25_000}, "at most 1,000 letters"),
    ("simulate", {**PLAIN, "p_dlt": "0.1," * 150}, "a ladder has at most 100"),
    ("simulate", {**NCT, "scenario": "/etc/passwd"}, "Choose one of the list"),
    ("simulate", {**NCT, "scenario": "levels-3"}, "P(DLT)"),
    ("simulate", {**NCT, "target": "2"}, "must lie between 0 and 1"),
    ("simulate", {**NCT, "target": "nan"}, "must lie between 0 and 1"),
    ("simulate", {**NCT, "outcomes": "-"}, "where a level label"),
    ("simulate", {**NCT, "design": "accelerated"}, "need p_moderate"),
    ("simulate", {**NCT, "p_moderate": "0.1,0.1,0.1,0.1"}, "counts no moderate toxicities"),
    (
        "simulate",
        {**PLAIN, "p_dlt": ",".join(["0.1"] * 8), "design": "boin", "set_max_patients": "300"},
        "use fewer levels or at most",
    ),
    (
        "simulate",
        {**PLAIN, "p_dlt": ",".join(["0.1"] * 6), "design": "crm", "set_max_patients": "60"},
        "use fewer levels or",
    ),
    ("compare", {**NCT, "design_1": "3+3"}, "give two designs or more"),
    ("compare", {**NCT, "design_1": "3+3", "design_2": "3+3"}, "are one design"),
    ("compare", {**NCT, "design_1": "/etc/passwd", "design_2": "crm"}, "Choose one of the list"),
    ("compare", {**PAIR, "options_2": "/etc/x.toml"}, "KEY=VALUE"),
    ("compare", {**PAIR, "options_2": "target"}, "KEY=VALUE"),
    ("compare", {**PAIR, "options_3": "target=0.3"}, "options of design 3 are given"),
    ("compare", {**PAIR, "max_patients": "1000000"}, "from 1 to 300"),
    ("compare", {**PAIR, "max_patients": "300"}, "use fewer levels or at most"),
    ("compare", {**PAIR, "max_patients": "0"}, "range"),
    ("compare", {**PAIR, "interval": "3"}, '"Good enough" takes LOW,HIGH'),
]


@pytest.mark.parametrize(("name", "given", "said"), BAD, ids=lambda one: str(one)[:60])
def test_what_cannot_be_answered_is_said_in_a_sentence(client, name, given, said):
    page = client.get(f"/{name}?{urlencode(given)}")
    assert page.status_code == 400
    words = words_of(page).replace("&#39;", "'").replace("&#34;", '"')
    assert said in words
    assert "<script>" not in page.text
    assert 'role="alert"' in page.text
    assert f'action="/{name}"' in page.text  # what was typed can be mended


@pytest.mark.parametrize("name", ["decide", "simulate"])
def test_a_file_of_what_cannot_be_answered_is_none(client, name):
    assert client.get(f"/{name}.json?protocol=nct07123519&outcomes=1Q").status_code == 400
    assert client.get(f"/{name}.json?protocol=/etc/passwd").status_code == 400
    for ending in (".exe", ".toml", ".db", ".tex"):
        assert client.get(f"/{name}{ending}?protocol=nct07123519").status_code == 404


def test_names_that_an_address_may_hold_are_left_out_of_the_link(client):
    """As ``_external`` would make ``url_for`` write another one."""
    answer = client.get("/decide?protocol=nct07123519&_external=1&_scheme=javascript&endpoint=x")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/decide?protocol=nct07123519"


def test_a_question_of_very_many_fields_is_refused(client):
    assert client.get("/simulate?" + "&".join(f"a{k}=1" for k in range(500))).status_code == 400


def test_when_others_are_calculating_it_is_said_and_decisions_go_on(client):
    there = calculator(client.application)
    address = "/simulate?protocol=plain&p_dlt=0.11,0.31"
    for _ in range(MOST_WAITING):
        assert there.places.acquire(blocking=False)
    try:
        busy = client.get(address)
        assert client.get("/decide?protocol=nct07123519&outcomes=1NNN").status_code == 200
    finally:
        for _ in range(MOST_WAITING):
            there.places.release()
    assert busy.status_code == 503
    assert "Ask again in a few seconds" in busy.text
    assert client.get(address).status_code == 200


def test_nothing_but_reading_is_taken(client):
    for name in ("decide", "simulate", "compare"):
        assert client.post(f"/{name}").status_code in (400, 405)  # no token, or no such thing
