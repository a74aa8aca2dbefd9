"""A cohort on the page from enrolment to its outcomes, as a site without JavaScript records it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from escalation.designs.base import Action
from escalation.ledger import create_ledger
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial import Recorder, rule_says
from escalation.trial.demo.script import ADJUDICATOR, SITE, begin, meet
from escalation.trial.demo.star_t import STAR_T
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.acting import act, look
from tests.web.conftest import TRIAL
from tests.web.forms import words_of
from tests.web.people import HEADER, OpenGate


def test_a_cohort_is_recorded_through_the_forms_alone(tmp_path: Path):
    with create_ledger(str(tmp_path / "trial.db")) as ledger:
        tracker, protocol = Tracker(ledger, TRIAL), load_protocol(STAR_T.protocol)
        steps = [*begin("2026-01-05", protocol), *meet("2026-01-07")]
        for number, (day, person, command) in enumerate(steps):
            at = datetime.fromisoformat(f"{day}T08:{number:02}:00+00:00")
            recorder = Recorder(name=person, on=at.date(), at=at)
            tracker.record(command, recorder, request_id=str(number), new=number == 0)
        moment = [datetime.fromisoformat("2026-01-08T12:00:00+00:00")]
        app = create_app(
            Settings(db=ledger.name, secret=b"x", secure=False),
            ledger,
            OpenGate(),
            clock=lambda: moment[-1],
        )

        def person(name: str) -> FlaskClient:
            client = app.test_client()
            client.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = name
            return client

        def on(day: str, name: str, query: str = "", who: str = SITE, **fields: Any) -> str:
            moment.append(datetime.fromisoformat(f"{day}T12:00:00+00:00"))
            return words_of(act(person(who), name, query, fields))

        on("2026-01-08", "enrol", subject="TJ-001", weight="61.5")
        moment.append(datetime.fromisoformat("2026-01-09T12:00:00+00:00"))
        assert (
            "1.845\N{MULTIPLICATION SIGN}10⁸ cells"
            in person(SITE).get(f"/t/{TRIAL}/record/dose?subject=TJ-001").text
        )
        on("2026-01-12", "dose", "?subject=TJ-001", infused="1.85E8", lot="L-001")
        on("2026-01-13", "enrol", subject="TJ-002", weight="54")
        early = look(person(SITE), "dose", "?subject=TJ-002", {"infused": "1.62E8"})
        assert early.status_code == 422  # the first patient is alone for some days
        assert "Not before" in words_of(early)
        on("2026-01-26", "dose", "?subject=TJ-002", infused="1.62E8")
        on("2026-01-27", "enrol", subject="TJ-003", weight="70")
        on("2026-01-29", "dose", "?subject=TJ-003", infused="2.1E8")
        on("2026-02-01", "crs", "?subject=TJ-002", started="2026-01-30", temperature="38.9",
           vasopressors="1", oxygen="none")  # fmt: skip
        ruled = on("2026-02-02", "adjudicate", f"?entry={len(ledger.entries(TRIAL))}",
                   ADJUDICATOR, dlt="dlt")  # fmt: skip
        assert "TJ-002 had a DLT" in ruled
        assert "no DLT" in on("2026-02-09", "outcome", "?subject=TJ-001", outcome="no-dlt")
        said = on("2026-03-02", "outcome", "?subject=TJ-003", outcome="no-dlt")
        assert "The rule now says" in said
        decision = rule_says(tracker.state())
        assert (decision.action, decision.n_to_enrol) == (Action.STAY, 3)
        assert person(SITE).get(f"/t/{TRIAL}/").status_code == 200


@pytest.mark.parametrize("subject", ["TJ-008", "TJ-009"])
def test_a_link_leads_to_the_form_of_a_patient(subject: str, as_person: Any):
    page = as_person(SITE).get(f"/t/{TRIAL}/record/outcome?subject={subject}")
    assert f"{subject}: level 2" in words_of(page)
