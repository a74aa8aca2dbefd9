"""Answers of the page are the command line's: the same numbers and sentences, and the line."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.text import with_powers
from tests.command_line import type_line
from tests.web.forms import fields_of, words_of

NCT = {"protocol": "nct07123519"}
PLAIN = {"protocol": "plain"}
QUESTIONS = [
    ("decide", NCT),
    ("decide", {**NCT, "outcomes": "1NNN 2NN?"}),
    ("decide", {**NCT, "outcomes": "1NNN 2NTT", "design": "boin", "set_cohort_size": "3"}),
    ("decide", {**PLAIN, "levels": "3", "outcomes": "1NNT"}),
    (
        "decide",
        {
            **PLAIN,
            "levels": "3",
            "outcomes": "1NT?25",
            "window": "28",
            "design": "tite-boin",
            "set_target": "0.3",
            "set_max_patients": "30",
        },
    ),
    ("decide", {**PLAIN, "levels": "3", "start": "2", "outcomes": "2NTT", "set_below": "declare"}),
    ("decide", {**NCT, "outcomes": "-1NNN", "allow_departures": "y"}),
    ("decide", {"protocol": "flat-cells-example", "outcomes": "1NNN 2N?"}),
    ("simulate", NCT),
    ("simulate", {**NCT, "target": "0.25", "outcomes": "1NNN"}),
    ("simulate", {**PLAIN, "p_dlt": "0.05, 0.1, 0.3", "target": ".3"}),
    ("simulate", {**PLAIN, "levels": "4", "scenario": "levels-4", "design": "i3+3"}),
    ("simulate", {"protocol": "backfill-example"}),
    ("compare", {**NCT, "design_1": "3+3", "design_2": "boin", "design_3": "declare"}),
    (
        "compare",
        {
            **PLAIN,
            "p_dlt": "0.1,0.25,0.5",
            "design_1": "3+3",
            "options_1": "two_of_six=mtd",
            "design_2": "crm",
            "options_2": "cohort_size=1, skeleton=[0.1,0.2,0.4]",
            "max_patients": "12",
            "interval": "0.16, 0.33",
        },
    ),
]


def ask(client: FlaskClient, name: str, given: dict[str, str], ending: str = "") -> TestResponse:
    return client.get(f"/{name}{ending}?{urlencode(given)}")


def typed_line(page: TestResponse) -> str:
    (line,) = re.findall(r'<pre class="typed"><code>(.*?)</code></pre>', page.text, re.DOTALL)
    return html.unescape(line)


@pytest.mark.parametrize(("name", "given"), QUESTIONS, ids=str)
def test_the_line_that_the_page_prints_gives_the_same_text_and_numbers(
    client, tmp_path: Path, name, given
):
    page = ask(client, name, given)
    assert page.status_code == 200, words_of(page)
    line = typed_line(page)
    printed, _ = type_line(line, tmp_path)
    assert printed.exit_code == 0, printed.output
    assert ask(client, name, given, ".txt").text == printed.stdout
    as_json, _ = type_line(f"{line} --json", tmp_path)
    assert json.loads(ask(client, name, given, ".json").text) == json.loads(as_json.stdout)
    as_csv, _ = type_line(f"{line} --csv", tmp_path)
    assert ask(client, name, given, ".csv").data.decode() == as_csv.stdout


@pytest.mark.parametrize(("name", "given"), QUESTIONS[:9], ids=str)
def test_every_number_and_sentence_of_the_text_is_on_the_page(client, name, given):
    page = html.unescape(words_of(ask(client, name, given)))
    said = ask(client, name, given, ".txt").text
    missing = [word for word in with_powers(said).split() if word not in page]
    assert missing == []


def test_the_answer_of_a_decision_stands_first_and_large(client):
    page = ask(client, "decide", {**NCT, "outcomes": "1NNN 2NNT"}).text
    answer = "Stay at level 2, 6×10⁶ cells/kg: enrol 3 patients."
    assert f'<p class="answer">{answer}</p>' in page
    assert page.index("With one DLT among three patients") > page.index(answer)


def test_what_pending_patients_can_still_change_is_said(client):
    page = words_of(ask(client, "decide", {**NCT, "outcomes": "1NNN 2NN?"}))
    assert "possible: Escalate to level 3, 1×10⁷ cells/kg: enrol 3 patients." in page
    assert "possible: Stay at level 2, 6×10⁶ cells/kg: enrol 3 patients." in page


def test_a_decision_is_for_anybody_and_what_takes_time_for_who_has_signed_in(anybody, client):
    assert ask(anybody, "decide", NCT).status_code == 200
    assert ask(anybody, "decide", NCT, ".json").status_code == 200
    for address in ("/simulate", "/compare", "/simulate.csv", "/simulate/figure-1.svg"):
        assert anybody.get(address).headers["Location"] == "/sign-in"
    assert client.get("/simulate").status_code == client.get("/compare").status_code == 200


@pytest.mark.parametrize("name", ["decide", "simulate", "compare"])
def test_a_first_visit_shows_the_form_and_each_field_has_a_label(client, name):
    page = client.get(f"/{name}")
    assert page.status_code == 200
    assert "typed" not in page.text
    for field in re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page.text):
        assert f'<label for="{field}">' in page.text


@pytest.mark.parametrize(("name", "given"), QUESTIONS, ids=str)
def test_what_a_browser_sends_leads_to_the_link_of_the_answer(client, name, given):
    """A form sends all its fields, also those left empty; the link holds what is filled in."""
    page = ask(client, name, {**given, "fill": "y"})
    sent = client.get(f"/{name}?{urlencode(fields_of(page))}")
    assert sent.status_code == 303
    again = client.get(sent.headers["Location"])
    assert again.status_code == 200
    assert typed_line(again) == typed_line(ask(client, name, given))
    assert "=&" not in sent.headers["Location"]


def test_words_that_a_shell_would_read_are_quoted(client, tmp_path: Path):
    page = ask(client, "decide", {**NCT, "outcomes": "1NN?"})
    assert typed_line(page) == "escalation decide '1NN?' --protocol nct07123519"
    shown = ask(client, "simulate", {**PLAIN, "p_dlt": "0.1,$(touch x),0.3"})
    assert shown.status_code == 400
    line = typed_line(shown)
    assert shlex.split(line)[3] == "0.1,$(touch x),0.3"
    assert "'0.1,$(touch x),0.3'" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".html", ".docx"])
def test_a_document_holds_the_answer_and_the_line_that_gives_it(client, ending):
    found = ask(client, "simulate", {**PLAIN, "p_dlt": "0.1,0.3"}, ending)
    assert found.status_code == 200
    assert found.headers["Content-Disposition"] == f'attachment; filename="simulate{ending}"'
    if ending == ".html":
        assert "escalation simulate --p-dlt 0.1,0.3 --method exact" in found.text
        assert "<img" in found.text


def test_a_picture_has_an_address_words_and_is_drawn_once(client):
    given = {**PLAIN, "p_dlt": "0.1,0.3"}
    page = ask(client, "simulate", given)
    (source, words) = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', page.text)[0]
    assert words.startswith("A line for each scenario")
    drawn = client.get(html.unescape(source))
    assert drawn.status_code == 200
    assert drawn.mimetype == "image/svg+xml"
    assert "max-age" in drawn.headers["Cache-Control"]
    assert client.get(html.unescape(source)).data == drawn.data
    assert client.get(html.unescape(source).replace("figure-1", "figure-2")).status_code == 404


def test_a_long_answer_has_a_short_one_above_it(client):
    page = words_of(ask(client, "simulate", NCT))
    assert page.index("In short") < page.index("In full")
    assert "In short" not in words_of(ask(client, "simulate", {**PLAIN, "p_dlt": "0.1,0.3"}))


def test_what_was_filled_in_for_whoever_asks_is_said(client):
    page = words_of(ask(client, "decide", {**NCT, "design": "boin", "outcomes": "1NNN"}))
    assert "boin with target 0.25 (default), max_patients 18 (as planned)" in page
