"""A whole trial by page alone: from registration to the MTD, without JavaScript, on a phone.

Everybody clicks and types only what they see. Oracle: the same trial recorded by commands, with
the same times and request ids, is the same ledger, entry by entry and hash by hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from escalation.designs.base import Action
from escalation.ledger import create_ledger, verify
from escalation.outcomes import Outcome
from escalation.protocol.file import parse_protocol
from escalation.tracker import Tracker
from escalation.trial import (
    Recorder,
    adjudicate,
    cast_vote,
    circulate_decision,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    freeze_data,
    record_adverse_event,
    record_outcome,
    register_trial,
    rule_says,
    sign,
)
from escalation.trial.demo.script import ADJUDICATOR, CHAIR, MEMBER, SITE, STATISTICIAN, Command
from escalation.trial.events import Meaning, Relation, Role, Serious, Toxicity, Vote
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.browser.conftest import PHONE
from tests.web.browser.hands import Hands
from tests.web.people import HEADER, REGISTRAR, OpenGate
from tests.web.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

TRIAL = "TJ-1"
PROTOCOL = """\
schema = 1
name = "two-levels"
title = "Two levels, a week each"
unit = "mg"
start = 1
levels = [{ label = 1, dose = 100 }, { label = 2, dose = 200 }]
design = { name = "3+3", variant = "declare" }

[dlt]
window_days = 7
infusion_day = 0

[[dlt.rules]]
name = "severe"
min_grade = 3
"""


class Step(NamedTuple):
    """What somebody does on a day: by page, and as a command."""

    day: str
    person: str
    by_page: Callable[[Hands], None]
    command: Command


def through(*way: str, fields: Mapping[str, str | bool] | None = None) -> Callable[[Hands], None]:
    """Go to a form from the list of what can be recorded, fill it in, read on, record."""

    def done(hands: Hands) -> None:
        hands.follow("Record", *way)
        hands.fill(fields or {})
        hands.press("See what follows")
        hands.record()

    return done


def given(person: str, role: Role, said: str) -> Step:
    def by_page(hands: Hands) -> None:
        hands.follow("Roles", "Give a role")
        hands.fill({"Person": person, said: True})
        hands.press("See what follows")
        hands.record()

    return Step("2026-01-05", REGISTRAR, by_page, partial(delegate_role, person=person, role=role))


def registered(hands: Hands) -> None:
    hands.follow("Register a trial")
    hands.fill({"Trial": TRIAL})
    hands.page.get_by_label("Protocol", exact=True).set_input_files(
        {"name": "two-levels.toml", "mimeType": "text/plain", "buffer": PROTOCOL.encode()}
    )
    hands.press("See what would be registered")
    hands.press("Register it")
    assert hands.heading == "Roles"


def begin() -> Iterator[Step]:
    protocol = parse_protocol(PROTOCOL.encode(), "the file")
    command = partial(register_trial, protocol=protocol)
    yield Step("2026-01-05", REGISTRAR, registered, command)
    yield given(SITE, Role.SITE, "site: records patients")
    yield given(CHAIR, Role.CHAIR, "chair: votes, overrides the rule, approves")
    yield given(MEMBER, Role.MEMBER, "member: votes")
    yield given(STATISTICIAN, Role.STATISTICIAN, "statistician: records and proposes decisions")
    yield given(
        ADJUDICATOR, Role.ADJUDICATOR, "adjudicator: rules on adverse events and on who counts"
    )


def meet(day: str) -> Iterator[Step]:
    """Freeze, decide as the rule says, vote, propose, approve, circulate."""

    def at_meeting(press: str = "", follow: str = "", **fields: bool) -> Callable[[Hands], None]:
        def done(hands: Hands) -> None:
            hands.follow("Meeting")
            if press:
                hands.press(press)
            else:
                hands.follow(follow)
                hands.fill(fields)
                hands.press("See what follows")
            hands.record()

        return done

    checked = {f"{STATISTICIAN} (statistician)": True}
    yield Step(
        day,
        SITE,
        at_meeting(follow="Freeze the data", **checked),
        partial(freeze_data, checked_by=(STATISTICIAN,)),
    )
    yield Step(day, STATISTICIAN, at_meeting("Follow the rule"), partial(decide, attendees=()))
    for person in (CHAIR, MEMBER):
        yield Step(day, person, at_meeting("For"), partial(cast_vote, vote=Vote.FOR))
    yield Step(
        day,
        STATISTICIAN,
        at_meeting(follow="Sign as proposed"),
        partial(sign, meaning=Meaning.PROPOSED),
    )
    yield Step(day, CHAIR, at_meeting("Sign as approved"), partial(sign, meaning=Meaning.APPROVED))
    yield Step(
        day,
        CHAIR,
        at_meeting(follow="Record to whom it was sent", **{f"{SITE} (site)": True}),
        partial(circulate_decision, to=(SITE,)),
    )


def treat(day: str, subject: str, infused: int) -> Iterator[Step]:
    yield Step(
        day,
        SITE,
        through("Enrol a patient", fields={"Patient": subject}),
        partial(enrol_subject, subject=subject),
    )
    lot = f"L-{subject[-1]}"
    amount = {"Amount infused in mg": str(infused), "Lot": lot}
    yield Step(
        day,
        SITE,
        through("Record an infusion", subject, fields=amount),
        partial(dose_subject, subject=subject, infused=float(infused), lot=lot),
    )


def outcome(day: str, subject: str) -> Step:
    said = {"No DLT: the window closed without one": True}
    return Step(
        day,
        SITE,
        through("Record an outcome", subject, fields=said),
        partial(record_outcome, subject=subject, outcome=Outcome.NO_DLT),
    )


def toxic(event_entry: int) -> Iterator[Step]:
    """Two DLTs at level 2: one by an adverse event and its adjudication, one told of at once."""
    yield Step(
        "2026-01-18",
        SITE,
        through(
            "Report an adverse event",
            "TJ-004",
            fields={
                "What it was": "hepatitis",
                "Day it began": "2026-01-17",
                "Grade": "3 severe",
                "hospitalisation": True,
                "Relation to the product": "probable",
            },
        ),
        partial(
            record_adverse_event,
            subject="TJ-004",
            term="hepatitis",
            grade=3,
            started=date(2026, 1, 17),
            aware=date(2026, 1, 18),
            serious=[Serious.HOSPITALISATION],
            relation=Relation.PROBABLE,
        ),
    )
    yield Step(
        "2026-01-19",
        ADJUDICATOR,
        through(
            "Rule whether an adverse event is a DLT",
            f"Entry {event_entry}",
            fields={"It is a DLT": True},
        ),
        partial(adjudicate, entry=event_entry, dlt=True),
    )
    yield Step(
        "2026-01-20",
        SITE,
        through(
            "Record an outcome",
            "TJ-005",
            fields={
                "DLT: a dose-limiting toxicity": True,
                "What it was": "hepatitis",
                "Grade": "4 life-threatening",
                "Day it began": "2026-01-19",
                "Relation to the product": "definite",
            },
        ),
        partial(
            record_outcome,
            subject="TJ-005",
            outcome=Outcome.DLT,
            toxicities=(
                Toxicity(
                    term="hepatitis", grade=4, onset=date(2026, 1, 19), relation=Relation.DEFINITE
                ),
            ),
        ),
    )


def script() -> Iterator[Step]:
    yield from begin()
    yield from meet("2026-01-06")
    for subject in ("TJ-001", "TJ-002", "TJ-003"):
        yield from treat("2026-01-07", subject, 100)
    for subject in ("TJ-001", "TJ-002", "TJ-003"):
        yield outcome("2026-01-14", subject)
    yield from meet("2026-01-15")
    for subject in ("TJ-004", "TJ-005", "TJ-006"):
        yield from treat("2026-01-16", subject, 200)
    yield from toxic(event_entry=36)
    yield outcome("2026-01-23", "TJ-006")
    yield from meet("2026-01-24")


def test_a_whole_trial_by_page_alone_is_the_trial_that_commands_record(
    chromium: Browser, tmp_path: Path
):
    clock: list[datetime] = []
    with create_ledger(str(tmp_path / "page.db")) as ledger:
        settings = Settings(db=ledger.name, secret=b"only for tests", secure=False)
        app = create_app(settings, ledger, OpenGate(), clock=lambda: clock[-1])
        with serving(app) as address:
            contexts, everybody = [], {}
            for number, step in enumerate(script()):
                morning = datetime.fromisoformat(f"{step.day}T09:00:00+00:00")
                clock.append(morning + timedelta(minutes=number))
                hands = everybody.get(step.person)
                if hands is None:
                    context = chromium.new_context(
                        base_url=address,
                        extra_http_headers={HEADER: step.person},
                        viewport=PHONE,
                        java_script_enabled=False,
                    )
                    contexts.append(context)
                    hands = everybody[step.person] = Hands(context.new_page(), step.person)
                    hands.page.goto("/")
                    hands.look()
                step.by_page(hands)
            site = everybody[SITE]
            site.follow("Trial")
            assert "the MTD is level 1" in site.words
            for context in contexts:
                context.close()

        raw = ledger.entries(TRIAL)
        assert verify(ledger) == []
        head, findings, *_ = Tracker(ledger, TRIAL).inspect(clock[-1])
        assert findings == []
        assert head == raw[-1].anchor
        decision = rule_says(Tracker(ledger, TRIAL).state())
        assert decision.action is Action.STOP
    with create_ledger(str(tmp_path / "commands.db")) as beside:
        tracker = Tracker(beside, TRIAL)
        n_recorded = 0
        for step in script():
            first = raw[n_recorded]
            at = datetime.fromisoformat(first.recorded_at)
            recorder = Recorder(name=step.person, on=date.fromisoformat(step.day), at=at)
            done = tracker.record(
                step.command, recorder, request_id=first.request_id, new=n_recorded == 0
            )
            n_recorded += len(done)
        assert beside.entries(TRIAL) == raw
