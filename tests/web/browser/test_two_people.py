"""Two people before the same form at once: the second is told who was first, and what."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder, decide, delegate_role
from escalation.trial.demo.script import CHAIR, MEMBER, OFFICE, SITE, STATISTICIAN, Command
from escalation.trial.events import AdverseEventRecorded, Choice, Role, VoteCast
from tests.web.browser.conftest import PHONE, Visit
from tests.web.browser.hands import Hands
from tests.web.conftest import NOW, TRIAL

pytestmark = pytest.mark.browser

NURSE = "Chen Yu"
PLAIN = {"viewport": PHONE, "java_script_enabled": False}


def record(ledger: Ledger, person: str, command: Command, at: datetime = NOW) -> None:
    recorder = Recorder(name=person, on=at.date(), at=at)
    Tracker(ledger, TRIAL).record(command, recorder)


def test_both_report_an_event_and_neither_is_lost(visit: Visit, ledger: Ledger):
    record(ledger, OFFICE, partial(delegate_role, person=NURSE, role=Role.SITE))
    first, second = (Hands(visit(name, **PLAIN), name) for name in (SITE, NURSE))
    for hands, term in ((first, "fever"), (second, "headache")):
        hands.follow("Record", "Report an adverse event", "TJ-008")
        hands.fill({"What it was": term, "Day it began": "2026-05-27", "Grade": "1 mild"})
        hands.press("See what follows")
    first.record()
    second.press("Record it")
    assert second.heading == "Somebody was first"
    assert f"entry 63 (adverse event recorded) by {SITE}" in second.words
    second.press("See what follows now")
    assert (
        f"Since you opened the form came entry 63 (adverse event recorded) by {SITE}."
        in second.words
    )
    assert "headache" in second.words
    second.record()
    assert second.heading == "Entry 64 recorded"

    said = [(one.event.term, one.by) for one in Tracker(ledger, TRIAL).entries()
            if isinstance(one.event, AdverseEventRecorded)][-2:]  # fmt: skip
    assert said == [("fever", SITE), ("headache", NURSE)]


def test_of_two_outcomes_of_a_patient_the_second_is_refused_and_led_on(
    visit: Visit, ledger: Ledger
):
    record(ledger, OFFICE, partial(delegate_role, person=NURSE, role=Role.SITE))
    both = first, second = [Hands(visit(name, **PLAIN), name) for name in (SITE, NURSE)]
    for hands in both:
        hands.follow("Record", "Record an outcome", "TJ-008")
        hands.fill({"Not evaluable: the patient is to be replaced": True, "Reason": "moved away"})
        hands.press("See what follows")
    first.record()
    second.press("Record it")
    assert second.heading == "Somebody was first"
    assert SITE in second.words
    second.press("See what follows now")
    assert "This was not recorded" in second.words
    second.follow("Record", "Correct an entry", "Entry 63")
    said = second.page.get_by_label("Reason of the outcome", exact=True).input_value()
    assert said == "moved away"
    assert len(ledger.entries(TRIAL)) == 63


def test_two_members_vote_at_once_and_both_votes_count(visit: Visit, ledger: Ledger):
    choice = Choice(action="enrol", level=1, n_to_enrol=2)
    record(ledger, STATISTICIAN, partial(decide, attendees=(), choice=choice, rationale="slowly"))
    both = first, second = [Hands(visit(name, **PLAIN), name) for name in (CHAIR, MEMBER)]
    for hands in both:
        hands.follow("Meeting")
        hands.press("For")
        assert "Decision 62 of 2026-05-28: enrol 2 patients at level 1" in hands.words
    first.record()
    second.press("Record it")
    assert second.heading == "Somebody was first"
    assert f"entry 63 (vote cast) by {CHAIR}" in second.words
    second.press("See what follows now")
    second.record()
    votes = [one.by for one in Tracker(ledger, TRIAL).entries()[62:]
             if isinstance(one.event, VoteCast)]  # fmt: skip
    assert votes == [CHAIR, MEMBER]
