"""The judge of the power cuts: it calls by its name whatever can be wrong with a ledger.

And what the writers write: every form of entry that 0.2.0 did not have.
"""

from __future__ import annotations

import json

import pytest

from escalation.ledger import create_ledger
from escalation.trial.codec import load_event
from escalation.trial.events import EVENTS

from .power_cuts import FINE, Cut, Judge, Promise
from .recorded_writer import FILE
from .workload import FORMS, MARKS, NAME, batch, form, moment

TRIAL = "T1"


@pytest.fixture
def images(tmp_path):
    """Return a ledger's file after none, one, two and three appends of two, and their promises."""
    path = tmp_path / FILE
    made, found = [], []
    with create_ledger(str(path)) as ledger:
        found.append(path.read_bytes())
        for number in (1, 2, 3):
            with ledger.writing(TRIAL, new=number == 1) as writer:
                entries = writer.append(
                    batch(number, size=2),
                    after=2 * number - 2,
                    recorded_at=moment(number),
                    recorded_by=NAME,
                )
            made.append(Promise(trial=TRIAL, hashes=tuple(entry.hash for entry in entries)))
            found.append(path.read_bytes())
    return found, made


@pytest.fixture
def judge(images, tmp_path):
    return Judge(images[1], tmp_path / "image")


def cut(promised: int, content: bytes | None, *, created: bool = True) -> Cut:
    files = {} if content is None else {FILE: content}
    return Cut(after=0, created=created, promised=promised, mood="some", files=files)


def test_everything_promised_is_fine_with_or_without_the_append_on_its_way(images, judge):
    contents, _ = images
    verdicts = [judge.verdict(cut(promised, contents[2])) for promised in (1, 2)]
    assert verdicts == [FINE, FINE]


@pytest.mark.parametrize("kept", [0, 1])
def test_what_was_promised_and_is_not_there_is_lost(images, judge, kept):
    contents, _ = images
    verdict = judge.verdict(cut(2, contents[kept]))
    assert verdict == f"lost: {4 - 2 * kept} entries of {TRIAL}"


def test_a_ledger_that_was_made_and_is_gone_is_lost(judge):
    assert judge.verdict(cut(0, None)) == "lost: the ledger itself"
    assert judge.verdict(cut(0, b"")) == "lost: the ledger itself"


def test_a_ledger_that_was_not_yet_made_may_be_missing(judge):
    assert judge.verdict(cut(0, None, created=False)) == FINE


def test_a_part_of_an_append_is_half_there(images, tmp_path):
    contents, made = images
    whole = Promise(trial=TRIAL, hashes=(*made[0].hashes, *made[1].hashes))  # one append of four
    verdict = Judge([whole], tmp_path / "image").verdict(cut(0, contents[1]))
    assert verdict.startswith("half there: ")


def test_what_nobody_appended_yet_is_half_there(images, judge):
    contents, _ = images
    assert judge.verdict(cut(1, contents[3])).startswith("half there: ")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-2048],
        lambda content: b"\xff" * 16 + content[16:],
        lambda content: content[:-100] + bytes(100),
    ],
    ids=["cut short", "no SQLite header", "entries overwritten"],
)
def test_a_damaged_file_is_corrupt(images, judge, damage):
    contents, _ = images
    assert judge.verdict(cut(3, damage(contents[3]))).startswith("corrupt: ")


# ---------------------------------------------------------------- what is written

IN_0_2_0 = {
    *("trial-registered", "role-delegated", "role-revoked", "history-imported", "subject-enrolled"),
    *("subject-dosed", "outcome-recorded", "entry-corrected", "decision-made", "signed"),
    *("enrolment-held", "enrolment-resumed", "protocol-amended", "trial-closed"),
}


@pytest.mark.parametrize("number", range(1, len(FORMS) + 1))
def test_what_is_written_is_an_event_of_its_kind(number):
    (draft,) = batch(number, size=1, writer="writer 1", bulk=100)
    said = {name: value for name, value in draft.data.items() if name not in MARKS}
    assert (draft.kind, draft.version) == form(number)
    load_event(draft.kind, draft.version, json.dumps(said))


def test_every_form_that_0_2_0_did_not_have_is_written():
    new = {(kind, version) for kind, version in EVENTS if version > 1 or kind not in IN_0_2_0}
    assert new <= set(FORMS)
