"""The whole record on one page: nothing left out, and nothing in it is taken for HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from escalation.ledger import create_ledger, open_ledger, restore
from escalation.ledger.archive import ArchiveError, iter_lines
from escalation.protocol import load_protocol
from escalation.reports.formats import write_view
from escalation.reports.trial.record import view_record
from escalation.tracker import Tracker
from escalation.trial import delegate_role, register_trial
from escalation.trial.commands import Recorder
from escalation.trial.events import Role

LEDGER = Path(__file__).parents[2] / "data" / "ledgers" / "0.2.0.jsonl"
SCRIPT = "<script>alert('&amp; 王')</script>"


class Text(HTMLParser):
    """The text that a reader sees, and the tags it stands in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Tracker]:
    restore(LEDGER, str(tmp_path / "demo.db"))
    with open_ledger(str(tmp_path / "demo.db")) as ledger:
        yield Tracker(ledger, "DEMO")


def page_of(tracker: Tracker) -> str:
    view = view_record(
        tracker.ledger.entries(tracker.trial), tracker.entries(), tracker.state(), tracker.trial
    )
    return "".join(write_view(view, "html"))


def leaves(value: Any) -> Iterator[str]:
    """Yield every value of a JSON document as text, another way than the page does."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    elif value is not None:
        yield value if isinstance(value, str) else json.dumps(value)


def test_every_value_of_every_entry_is_in_the_text_in_order(demo: Tracker) -> None:
    text = Text(page_of(demo)).text
    at = 0
    for entry in demo.ledger.entries("DEMO"):
        at = text.index(f"Entry {entry.seq}: {entry.kind.replace('-', ' ')}", at)
        end = text.index(entry.hash, text.index("hash", at))
        shown = set(text[at : end + 1])
        columns = {entry.trial, str(entry.seq), entry.recorded_at, entry.recorded_by, entry.hash}
        columns |= {entry.prev_hash, entry.request_id or "none"}
        assert columns <= shown
        assert set(leaves(entry.payload)) <= shown, entry.seq


def test_the_rule_of_the_protocol_is_told_in_sentences(demo: Tracker) -> None:
    assert "Dose escalation rule" in page_of(demo)


def test_the_page_needs_no_other_file(demo: Tracker) -> None:
    page = page_of(demo)
    assert not {"script", "link", "img", "iframe"} & Text(page).tags
    assert "http" not in page.partition("</style>")[0]
    assert "url(" not in page


def test_names_are_text_and_never_html(tmp_path: Path) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    recorder = Recorder(name=SCRIPT, on=at.date(), at=at)
    with create_ledger(str(tmp_path / "odd.db")) as ledger:
        tracker = Tracker(ledger, "T")
        register = partial(register_trial, protocol=load_protocol("nct07123519"), quorum=1)
        tracker.record(register, recorder, new=True)
        tracker.record(partial(delegate_role, person=SCRIPT, role=Role.SITE), recorder)
        page = page_of(tracker)
    assert "<script" not in page
    assert SCRIPT in Text(page).text


# ---------------------------------------------------------------- the entries alone


def test_exported_entries_rebuild_the_same_trial_byte_for_byte(
    demo: Tracker, tmp_path: Path
) -> None:
    lines = "".join(f"{line}\n" for line in iter_lines(demo.ledger, "DEMO"))
    (tmp_path / "entries.jsonl").write_text(lines, encoding="utf-8")
    restore(tmp_path / "entries.jsonl", str(tmp_path / "fresh.db"))
    with open_ledger(str(tmp_path / "fresh.db")) as fresh:
        assert "".join(f"{line}\n" for line in iter_lines(fresh, "DEMO")) == lines
        assert fresh.raw_rows() == demo.ledger.raw_rows()
        assert Tracker(fresh, "DEMO").state() == demo.state()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[1:], "entry 1: it is missing"),
        (lambda lines: [*lines[:9], *lines[10:]], "entry 10: it is missing"),
        (lambda lines: [*lines[:9], lines[9].replace("Lin", "Liz"), *lines[10:]], "was changed"),
        (lambda lines: [*lines, "{}"], "line 45: is not an entry as this program writes it"),
    ],
)
def test_exported_entries_that_were_changed_restore_nothing(
    demo: Tracker, tmp_path: Path, change: Any, said: str
) -> None:
    lines = change(list(iter_lines(demo.ledger, "DEMO")))
    (tmp_path / "entries.jsonl").write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(ArchiveError) as caught:
        restore(tmp_path / "entries.jsonl", str(tmp_path / "fresh.db"))
    assert said in str(caught.value)
    assert not (tmp_path / "fresh.db").exists()
