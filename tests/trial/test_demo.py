"""The demo is a trial that the commands allow, and shows what it is said to show."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from escalation.outcomes import format_outcomes
from escalation.protocol import load_protocol
from escalation.signatures.sshsig import signature_fault
from escalation.trial import (
    TrialState,
    departures,
    evolve,
    look_back,
    next_patient,
    rule_says,
    warnings,
)
from escalation.trial.adverse_events.verdicts import suggest
from escalation.trial.codec import dump_event, version_of
from escalation.trial.demo.backfill import BACKFILL
from escalation.trial.demo.key import PUBLIC_KEY
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.keys.statement import NAMESPACE
from tests.signatures.ssh_keygen import needs_ssh_keygen, run
from tests.trial.bench import recorded

from .demo_key import demo_signature, made_key
from .spreadsheet.test_spreadsheet import demo_state

TO_SIGN_AGAIN = "if the demo is right: python -m tests.trial.demo_key"


def test_the_demo_shows_what_it_is_said_to_show():
    state = demo_state()
    assert state.oddities == []
    assert format_outcomes(state.written_cohorts()) == "1NNXN 2NTN 2???"
    assert state.subjects["TJ-003"].replaced_by == "TJ-004"
    assert [c.after.infused for c in state.corrections] == [3.48e8]
    assert [made.event.departure for made in state.decisions] == [False, False, True]
    assert [vote.vote for _, vote in state.decisions[-1].votes] == ["for", "for", "against"]
    assert len(departures(state)) == 3
    assert look_back(state) == []
    assert warnings(state, STAR_T.day) == []
    assert not rule_says(state).settled
    assert not next_patient(state, STAR_T.day).yes


def test_the_demo_has_a_serious_event_that_was_ruled_no_dlt_against_the_definition():
    (event,) = demo_state().subjects["TJ-002"].events
    assert event.now.serious == ("hospitalisation",)
    assert event.ruling is not None
    assert (event.ruling.event.dlt, event.ruling.event.suggested) == (False, "meets the definition")
    assert event.ruling.event.reason is not None


def test_the_demo_has_an_event_that_could_be_a_dlt_until_it_resolved():
    subject = demo_state().subjects["TJ-005"]
    (event,) = subject.events
    first = replace(event, reports=event.reports[:1])
    then, now = (suggest(subject, known, known.reports[-1].on) for known in (first, event))
    assert (then.verdict, now.verdict) == ("not yet", "does not meet the definition")


def test_the_signature_of_the_demo_holds_for_cryptography():
    message, made = demo_signature()
    assert made.public_key == PUBLIC_KEY == made_key().public_key
    fault = signature_fault(made.signature, message, public_key=PUBLIC_KEY, namespace=NAMESPACE)
    assert fault is None, TO_SIGN_AGAIN


@needs_ssh_keygen
def test_the_signature_of_the_demo_holds_for_ssh_keygen(tmp_path):
    message, made = demo_signature()
    (tmp_path / "signers").write_text(f'"Zhao Lan" {PUBLIC_KEY}\n')
    (tmp_path / "made.sig").write_text(made.signature)
    words = ("-Y", "verify", "-f", tmp_path / "signers", "-I", "Zhao Lan", "-n", NAMESPACE)
    done = run(*words, "-s", tmp_path / "made.sig", stdin=message)
    assert done.returncode == 0, TO_SIGN_AGAIN


def test_the_demo_infuses_what_the_protocol_plans_for_the_weight():
    """As the record says it now; two bags held a little more or less."""
    state = demo_state()
    shares = {s.id: s.share for s in state.subjects.values()}
    assert len(shares) == 10
    off = {"TJ-001": 3.7e8 / (61.5 * 6e6), "TJ-007": 4.3e8 / (73.0 * 6e6)}
    assert shares == pytest.approx(dict.fromkeys(shares, 1) | off, rel=1e-12)


def test_the_demo_of_backfill_is_the_one_that_the_tour_tells_of():
    """Every fact of it is in a digest, so that a page about it cannot come to lie."""
    state, said = TrialState(), sha256()
    for command, recorder in BACKFILL.steps(load_protocol(BACKFILL.protocol)):
        for event in command(state, recorder):
            facts = dump_event(event) | {"software": None}
            told = [recorder.name, str(recorder.at), event.kind, version_of(event), facts]
            said.update(json.dumps(told, sort_keys=True).encode())
            state = evolve(state, recorded(state, event, recorder.name, recorder.at))
    assert state.oddities == []
    assert said.hexdigest()[:16] == "44a2166e14c26272", "if the demo is right: this is its digest"
