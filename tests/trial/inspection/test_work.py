"""The work of an inspection, counted: it grows with the entries, and not with their square."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import pytest

from escalation.protocol import load_protocol
from escalation.tracker import read_entry
from escalation.trial import Recorded, state
from escalation.trial.adverse_events import pauses, verdicts
from escalation.trial.inspection import inspect_entries
from escalation.trial.patients.subjects import Subject
from tests.reliability.long_trial import long_trial

NCT = load_protocol("nct07123519")
PROPERTIES = ("cohort", "dosed_at", "dosed_on", "level", "standing", "window_closes")
FUNCTIONS = (
    (pauses, "_entries"),
    (state, "write_cohort"),
    (verdicts, "judge_event"),
    (verdicts, "known_by"),
)


@pytest.fixture
def counted(monkeypatch) -> Counter[str]:
    """Count how often each of these is asked for."""
    times: Counter[str] = Counter()

    def watch(name, function):
        def watched(*args, **named):
            times[name] += 1
            return function(*args, **named)

        return watched

    for name in PROPERTIES:
        monkeypatch.setattr(Subject, name, property(watch(name, getattr(Subject, name).fget)))
    for module, name in FUNCTIONS:
        monkeypatch.setattr(module, name, watch(name, getattr(module, name)))
    return times


class Halfway(list[Recorded]):
    """Entries that tell when one half of them has been gone through."""

    def __init__(self, entries: Iterable[Recorded], tell: Callable[[], None]) -> None:
        super().__init__(entries)
        self.tell = tell

    def __iter__(self) -> Iterator[Recorded]:
        for n, entry in enumerate(super().__iter__()):
            if 2 * n == len(self):
                self.tell()
            yield entry


def test_the_work_of_an_inspection_grows_with_the_entries(counted):
    few: Counter[str] = Counter()
    made = map(read_entry, long_trial("LONG", NCT, 1_400))  # the first windows close by entry 700
    entries = Halfway(made, lambda: few.update(counted))
    inspect_entries(entries, datetime(2030, 1, 1, tzinfo=UTC))
    assert few.keys() >= {"standing", "window_closes", "_entries", "write_cohort"}
    for name, times in counted.items():
        assert times <= 2.2 * few[name] + 200, (name, few[name], times)  # of a square: 4 times
