"""Clocks that cannot be right: told at once, and refused until somebody has looked (case 19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from escalation.cli.trial import recording, store

from .shell import Shell

At = Callable[[str], Shell]
HOLD = "site: hold --reason death --on 2026-01-06"


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    def by(ahead: timedelta) -> None:
        for module in (recording, store):
            monkeypatch.setattr(module, "now", lambda: datetime.now(UTC) + ahead)

    return by


def test_a_clock_set_back_three_months_is_told_and_refused(at: At, set_clock) -> None:
    shell = at("dosed")
    set_clock(-timedelta(days=92, hours=1))
    said = shell.fails(HOLD)
    assert "which is 92 days before entry 9 was recorded" in said
    assert "set it right. If it is right, repeat with --clock-is-right" in said
    set_clock(timedelta(0))
    assert shell.seq() == 9
    assert "Remark" not in shell.ok("verify")


def test_a_clock_that_was_looked_at_is_recorded_and_shown_for_ever(at: At, set_clock) -> None:
    shell = at("dosed")
    set_clock(-timedelta(days=92, hours=1))
    shell.ok(f"{HOLD} --clock-is-right")
    set_clock(timedelta(0))
    said = shell.ok("verify")
    assert "Remark: trial TJ, entry 10: it was recorded at" in said
    assert "earlier than the entry before it" in said


def test_a_clock_that_was_ahead_is_found_and_the_next_is_told(at: At, set_clock) -> None:
    shell = at("dosed")
    set_clock(timedelta(days=400))
    shell.ok(HOLD)  # a file has no clock of its own: nothing can be known yet
    set_clock(timedelta(0))
    result = shell.type("verify")
    assert result.exit_code == 5
    assert "entry 10: it was recorded at" in " ".join(result.stdout.split())
    assert "still to come: here it is" in " ".join(result.stdout.split())
    said = shell.fails("chair: resume --reason unrelated --on 2026-01-07")
    assert "before entry 10 was recorded" in said
    assert "it was set back, or was ahead then" in said


def test_every_command_that_records_takes_the_flag() -> None:
    for words in ("register", "delegate", "enrol", "dose", "outcome", "correct", "decide", "sign",
                  "hold", "resume", "amend", "close", "import"):  # fmt: skip
        assert "--clock-is-right" in Shell("none.db").ok(f"{words} --help")
