"""A page leads on: to the ruling that is awaited, to one more; and says what is signed."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from escalation.trial.demo.script import ADJUDICATOR, SITE
from tests.web.acting import act
from tests.web.conftest import TRIAL
from tests.web.forms import words_of

AsPerson = Callable[[str], FlaskClient]


def test_a_ruling_that_is_awaited_is_offered_where_the_trial_says_so(as_person: AsPerson):
    said = {"term": "hepatitis", "grade": "4", "started": "2026-05-27", "relation": "probable"}
    act(as_person(SITE), "event", "?subject=TJ-008", said)
    page = as_person(ADJUDICATOR).get(f"/t/{TRIAL}/")
    assert f'href="/t/{TRIAL}/record/adjudicate?entry=62"' in page.text
    assert "it has to be adjudicated." in words_of(page)
    assert "trial adjudicate" not in page.text
    assert "adjudicate?entry=62" not in as_person(SITE).get(f"/t/{TRIAL}/").text

    ruled = act(as_person(ADJUDICATOR), "adjudicate", "?entry=62", {"dlt": "dlt"})
    assert f'href="/t/{TRIAL}/record/adjudicate"' in ruled.text  # one more
    again = as_person(ADJUDICATOR).get(f"/t/{TRIAL}/")
    assert "adjudicate?entry=62" not in again.text


def test_what_is_voted_on_or_signed_is_said_in_words(as_person: AsPerson):
    page = as_person("Zhao Lan").get(f"/t/{TRIAL}/record/approve?entry=48")
    assert "Decision 48 of 2026-05-04: enrol 3 patients at level 2" in words_of(page)
