"""Stored data edited, and every hash made anew: what a decision means is found to be changed.

Of an edit that leaves a record which could as well be true (a narrative, a lot, a DLT that no
decision rested on) no recomputation can know: that takes an anchor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

from escalation.ledger import Entry, Finding
from escalation.ledger.entries import COLUMNS
from escalation.ledger.verify import find_faults
from escalation.tracker import Tracker, read_entry
from escalation.trial.demo.backfill import BACKFILL

from .edits import contradicts_itself, reseal, single_edits
from .stories import Story, demo_story, random_story, released_story

pytestmark = pytest.mark.reliability

SEED = 20_261_128
NOW = datetime(2100, 1, 1, tzinfo=UTC)


class Kept:
    """As much of a ledger as an inspection asks for."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def entries(self, trial: str) -> list[Entry]:
        return self._entries


def inspected(trial: str, entries: list[Entry]) -> list[Finding]:
    rows = [{name: getattr(entry, name) for name in COLUMNS} for entry in entries]
    found = Tracker(Kept(entries), trial).inspect(NOW).findings  # type: ignore[arg-type]
    return [*find_faults(trial, rows), *found]


def by_anchor(story: Story, entries: list[Entry]) -> bool:
    rows = [{name: getattr(entry, name) for name in COLUMNS} for entry in entries]
    return any(f.kind == "anchor" for f in find_faults("T", rows, [story.entries[-1].anchor]))


@pytest.mark.parametrize(
    ("name", "tell", "n"),
    [
        ("the demo", demo_story, 70),
        ("the demo of 0.2.0", released_story, 40),
        ("a trial of 250 entries", lambda: random_story(3, 250), 90),
        ("the demo with backfill", lambda: demo_story(BACKFILL), 50),
        ("a trial with backfill", lambda: random_story(5, 200, beside=True), 50),
    ],
)
def test_every_edit_that_changes_what_a_decision_means_is_found_without_an_anchor(
    name: str, tell: Callable[[], Story], n: int, report
) -> None:
    story = tell()
    assert reseal(story.entries) == story.entries
    assert inspected(story.trial, story.entries) == []
    assert not contradicts_itself(list(map(read_entry, story.entries)))
    counts: Counter[str] = Counter()
    missed, unseen = [], []
    for edit in islice(single_edits(story.entries, Random(SEED)), n):  # noqa: S311
        found = inspected(story.trial, edit.entries)
        wrong = any(not finding.remark for finding in found)
        means_more = contradicts_itself(list(map(read_entry, edit.entries)))
        what = (edit.seq, edit.kind, edit.field, edit.was, edit.becomes)
        counts["meaning"] += means_more
        counts["found"] += wrong
        counts["remark"] += not wrong and bool(found)
        if means_more and not wrong:
            missed.append(what)
        if not wrong and not by_anchor(story, edit.entries):
            unseen.append(what)
    alone = n - counts["found"]
    report(
        f"one value edited, all hashes made anew, {name}",
        asked="each that changes a decision's meaning found without an anchor, the rest by one",
        measured=f"{n} edits: {counts['meaning']} change what a decision or dosing means, "
        f"{counts['meaning'] - len(missed)} of them found; {counts['found']} found in all, "
        f"{alone} consistent in themselves by the anchor alone, {counts['remark']} of these "
        "remarked on",
    )
    assert missed == []
    assert unseen == []
    assert counts["meaning"] > n // 10
