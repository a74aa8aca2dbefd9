"""A committee's meeting by page alone: steps and forms, equal to what the commands record."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.ledger import Ledger, open_ledger
from escalation.outcomes import Outcome
from escalation.tracker import Tracker
from escalation.trial import (
    Recorder,
    cast_vote,
    circulate_decision,
    decide,
    freeze_data,
    record_outcome,
    sign,
)
from escalation.trial.codec import dump_event
from escalation.trial.demo.script import (
    AUDITOR,
    CHAIR,
    MEMBER,
    OTHER_MEMBER,
    SITE,
    STATISTICIAN,
)
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Attendance, Choice, Meaning, Toxicity, Vote
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.conftest import NOW, TRIAL, AsPerson
from tests.web.forms import fields_of, words_of
from tests.web.people import OpenGate


@pytest.fixture
def as_person(as_person: AsPerson) -> AsPerson:
    """Return one browser for each person, however often it is asked for."""
    return cache(as_person)


MEETING = f"/t/{TRIAL}/meeting"
LEDGERS = Path(__file__).parents[1] / "data" / "ledgers"
TREAT_TWO = {"choice": "level", "level": "1", "number": "2", "rationale": "slow down"}


def address(act: str) -> str:
    return f"/t/{TRIAL}/record/{act}"


def do(client: FlaskClient, act: str, **given: str | list[str]) -> TestResponse:
    """Fill in an act's form, read what follows, and record it."""
    filled = {**fields_of(client.get(address(act))), **given, "look": "y"}
    foreseen = client.post(address(act), data=filled)
    assert foreseen.status_code == 200, words_of(foreseen)
    ticked = {name: listed for name, listed in given.items() if isinstance(listed, list)}
    for name, listed in ticked.items():
        assert all(f'name="{name}" value="{one}"' in foreseen.text for one in listed)
    sent = {**fields_of(foreseen), **ticked, "record": "y", "password": "right"}
    return client.post(address(act), data=sent)


def put(ledger: Ledger, command: Callable[..., object], person: str) -> None:
    recorder = Recorder(name=person, on=STAR_T.day, at=NOW)
    Tracker(ledger, TRIAL).record(command, recorder)  # type: ignore[arg-type]


def told(ledger: Ledger, after: int = 61) -> list[tuple[str, str, dict[str, object]]]:
    """Return what was recorded: by whom, of which kind, and all but what hashes went into."""
    entries = Tracker(ledger, TRIAL).entries()[after:]
    return [
        (e.by, e.event.kind, {k: v for k, v in dump_event(e.event).items() if "hash" not in k})
        for e in entries
    ]


def test_a_decision_by_page_alone_records_what_the_commands_record(
    as_person: AsPerson, ledger: Ledger, demo_file: Path, tmp_path: Path
):
    site, brandt = as_person(SITE), as_person(STATISTICIAN)
    assert do(site, "freeze", checked_by=[STATISTICIAN], statement="all seen").status_code == 303
    assert do(brandt, "decide", attended=[STATISTICIAN], **TREAT_TWO).status_code == 303
    assert do(as_person(CHAIR), "vote", vote="for").status_code == 303
    against = do(as_person(OTHER_MEMBER), "vote", vote="against", reason="too early")
    assert against.status_code == 303
    assert do(as_person(MEMBER), "vote", vote="for").status_code == 303
    assert do(brandt, "propose").status_code == 303
    assert do(as_person(CHAIR), "approve").status_code == 303
    assert do(brandt, "circulate", to=[SITE, CHAIR], others="The sponsor").status_code == 303

    (tmp_path / "other.db").write_bytes(demo_file.read_bytes())
    with open_ledger(str(tmp_path / "other.db")) as other:
        put(other, partial(freeze_data, checked_by=[STATISTICIAN], statement="all seen"), SITE)
        present = [Attendance(person=STATISTICIAN, vote=Vote.PRESENT)]
        two = Choice(action="enrol", level=1, n_to_enrol=2)
        decided = partial(decide, choice=two, rationale="slow down", attendees=present)
        put(other, decided, STATISTICIAN)
        put(other, partial(cast_vote, vote=Vote.FOR), CHAIR)
        put(other, partial(cast_vote, vote=Vote.AGAINST, reason="too early"), OTHER_MEMBER)
        put(other, partial(cast_vote, vote=Vote.FOR), MEMBER)
        put(other, partial(sign, meaning=Meaning.PROPOSED), STATISTICIAN)
        put(other, partial(sign, meaning=Meaning.APPROVED), CHAIR)
        put(other, partial(circulate_decision, to=[SITE, CHAIR, "The sponsor"]), STATISTICIAN)
        assert told(ledger) == told(other)

    page = words_of(as_person(MEMBER).get(f"{MEETING}?decision=63"))
    for words in (
        "checked by E. Brandt, endorsed by Lin Mei",
        "Decision 63 is carried by 2 against 1.",
        "AGAINST",
        "too early",
        "Approved by Zhao Lan",
        "E. Brandt sent it to Lin Mei, Zhao Lan, The sponsor",
    ):
        assert words in page


def test_a_member_is_asked_first_and_votes_by_a_button_of_the_page(as_person: AsPerson):
    do(as_person(STATISTICIAN), "decide", **TREAT_TWO)
    page = as_person(MEMBER).get(MEETING)
    asked, rest = words_of(page).split("The question and the rule")
    assert "Vote. Decision 62 of 2026-05-28: enrol 2 patients at level 1" in asked
    assert "other than the rule says" in asked
    assert "slow down" in asked
    assert "Wait for the pending patients" in rest
    assert "1 to 3 have a DLT: de-escalate to level 1" in rest
    pressed = {**fields_of(page), "decision": "62", "vote": "for", "look": "y"}
    foreseen = as_person(MEMBER).post(address("vote"), data=pressed)
    assert "by K. Sato, would say: voted for decision 62" in words_of(foreseen)


def test_nothing_is_asked_of_who_has_voted_and_the_page_says_who_is_next(as_person: AsPerson):
    do(as_person(STATISTICIAN), "decide", **TREAT_TWO)
    do(as_person(MEMBER), "vote", vote="for")
    page = words_of(as_person(MEMBER).get(MEETING))
    assert "Nothing is asked of you now. Next: vote." in page


def test_two_who_vote_at_once_are_both_recorded_and_the_second_is_told_of_the_first(
    as_person: AsPerson, ledger: Ledger
):
    do(as_person(STATISTICIAN), "decide", **TREAT_TWO)
    chair, member = as_person(CHAIR), as_person(MEMBER)
    pages = [
        client.post(
            address("vote"),
            data=fields_of(client.get(address("vote")), decision="62", vote="for", look="y"),
        )
        for client in (chair, member)
    ]
    first = chair.post(address("vote"), data=fields_of(pages[0], record="y"))
    second = member.post(address("vote"), data=fields_of(pages[1], record="y"))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "vote cast" in words_of(second)
    assert "by Zhao Lan" in words_of(second)
    seen = member.post(address("vote"), data=fields_of(second, look="y"))
    assert member.post(address("vote"), data=fields_of(seen, record="y")).status_code == 303
    assert [who for who, kind, _ in told(ledger) if kind == "vote-cast"] == [CHAIR, MEMBER]


def test_a_decision_on_a_stale_cut_off_is_not_approved_and_the_chair_is_told(
    as_person: AsPerson, ledger: Ledger
):
    do(as_person(STATISTICIAN), "decide", **TREAT_TWO)
    for person in (CHAIR, MEMBER):
        do(as_person(person), "vote", vote="for")
    page = as_person(CHAIR).get(address("approve"))
    late = partial(
        record_outcome, subject="TJ-008", outcome=Outcome.NOT_EVALUABLE, reason="moved away"
    )
    put(ledger, late, SITE)
    stale = as_person(CHAIR).post(address("approve"), data=fields_of(page, look="y"))
    assert stale.status_code == 422
    assert "entry 65 came after: decide on the latest data" in words_of(stale)
    meeting = words_of(as_person(CHAIR).get(MEETING))
    assert "It cannot be signed as approved." in meeting
    assert "After entry 61 came 1 entry, 1 of them about patients" in meeting
    assert [kind for _, kind, _ in told(ledger)].count("signed") == 0


def test_a_signature_shows_name_time_and_meaning_and_asks_for_proofs_again(
    as_person: AsPerson, ledger: Ledger
):
    auditor = as_person(AUDITOR)
    filled = fields_of(auditor.get(address("review")), entry="12", look="y")
    foreseen = auditor.post(address("review"), data=filled)
    words = words_of(foreseen)
    assert "entry 12 signed as reviewed" in words
    assert "You sign as N. Okafor, at 2026-05-28 12:00 UTC" in words
    wrong = auditor.post(
        address("review"), data={**fields_of(foreseen), "record": "y", "password": "wrong"}
    )
    assert wrong.status_code == 422
    assert not told(ledger)
    right = {**fields_of(wrong), "record": "y", "password": "right"}
    assert auditor.post(address("review"), data=right).status_code == 303


@pytest.mark.parametrize(
    ("person", "act", "status"),
    [
        (AUDITOR, "approve", 403),
        (MEMBER, "approve", 403),
        (AUDITOR, "vote", 403),
        (STATISTICIAN, "vote", 403),
        (SITE, "decide", 403),
        (CHAIR, "freeze", 403),
        (SITE, "circulate", 403),
        (MEMBER, "delegate", 403),
        (MEMBER, "amend", 403),
        (SITE, "close", 403),
        (SITE, "resume", 403),
        (MEMBER, "register-key", 403),
        ("Nobody", "review", 403),
        (AUDITOR, "hold", 200),
        (AUDITOR, "review", 200),
        ("Wu Jing", "delegate", 200),
        ("Wu Jing", "register-key", 200),
        ("Wu Jing", "amend", 403),
        (CHAIR, "approve", 200),
        (STATISTICIAN, "decide", 200),
    ],
)
def test_each_form_is_for_those_who_have_the_role(
    as_person: AsPerson, person: str, act: str, status: int
):
    client = as_person(person)
    assert client.get(address(act)).status_code == status
    if status == 403:
        sent = {"look": "y", "seen": "61", "csrf_token": "x"}
        assert client.post(address(act), data=sent).status_code in (400, 403)


def test_the_rule_is_followed_by_one_button_once_it_is_settled(as_person: AsPerson, ledger: Ledger):
    dlt = Toxicity(term="CRS", grade=3, onset=STAR_T.day)
    settle = partial(record_outcome, subject="TJ-008", outcome=Outcome.DLT, toxicities=[dlt])
    put(ledger, settle, SITE)
    page = as_person(STATISTICIAN).get(MEETING)
    assert "Put a decision to the vote. The rule says:" in words_of(page)
    pressed = {**fields_of(page), "choice": "follow", "look": "y"}
    foreseen = as_person(STATISTICIAN).post(address("decide"), data=pressed)
    assert foreseen.status_code == 200
    as_person(STATISTICIAN).post(address("decide"), data=fields_of(foreseen, record="y"))
    assert told(ledger)[-1][1] == "decision-made"


def test_several_awaited_decisions_are_a_choice(as_person: AsPerson, ledger: Ledger):
    do(as_person(STATISTICIAN), "decide", **TREAT_TWO)
    backfill = {"choice": "backfill", "level": "1", "number": "1", "rationale": "more data"}
    do(as_person(STATISTICIAN), "decide", **backfill)
    page = words_of(as_person(CHAIR).get(MEETING))
    assert "are awaited: say which" in page
    named = words_of(as_person(CHAIR).get(f"{MEETING}?decision=62"))
    assert named.startswith("Decision 62")
    unnamed = as_person(CHAIR)
    filled = fields_of(unnamed.get(address("vote")), vote="for", look="y")
    assert unnamed.post(address("vote"), data=filled).status_code == 422


def test_a_decision_that_says_no_level_or_number_is_told_so(as_person: AsPerson):
    client = as_person(STATISTICIAN)
    for given, said in (
        ({"choice": "level", "number": "2"}, "Say at which level."),
        ({"choice": "level", "level": "1"}, "Say with how many patients."),
        ({"choice": "level", "level": "9", "number": "2"}, "Say at which level."),
        ({"choice": "level", "level": "1", "number": "-2"}, "a whole number from 1 up"),
        ({}, "Decision: choose one"),
    ):
        filled = {**fields_of(client.get(address("decide"))), **given, "look": "y"}
        refused = client.post(address("decide"), data=filled)
        assert refused.status_code == 422
        assert said in words_of(refused)


def test_a_meeting_about_no_decision_is_not_found(as_person: AsPerson):
    assert as_person(CHAIR).get(f"{MEETING}?decision=61").status_code == 404


def test_the_votes_of_a_trial_that_0_2_0_began_go_with_the_decision(tmp_path: Path):
    shutil.copy(LEDGERS / "0.2.0.db", tmp_path / "old.db")
    with open_ledger(str(tmp_path / "old.db")) as ledger:
        settings = Settings(db=ledger.name, secret=b"only for tests", secure=False)
        app = create_app(settings, ledger, OpenGate(), clock=lambda: NOW)
        client = app.test_client()
        client.environ_base["HTTP_X_TEST_PERSON"] = CHAIR
        assert "recorded with its votes" not in words_of(client.get(MEETING))
        voted = [f"{CHAIR}=for", f"{MEMBER}=against", f"{STATISTICIAN}=present"]
        tied = {**TREAT_TWO, "attended": voted}
        form = client.get(address("decide"))
        assert "how they voted" in words_of(form)
        refused = client.post(address("decide"), data={**fields_of(form), **tied, "look": "y"})
        assert "1 voted for it and 1 against" in words_of(refused)
        carried = [f"{CHAIR}=for", f"{MEMBER}=for", f"{STATISTICIAN}=present"]
        assert do(client, "decide", **TREAT_TWO, attended=carried).status_code == 303
        made = Tracker(ledger, TRIAL).state().decisions[-1]
        assert [(a.person, a.vote) for a in made.event.attendees] == [
            (CHAIR, Vote.FOR),
            (MEMBER, Vote.FOR),
            (STATISTICIAN, Vote.PRESENT),
        ]
