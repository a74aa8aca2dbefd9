"""What the trial keeps cannot be changed afterwards, and is made by naming its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path

import escalation.trial
from escalation.trial.events import EVENTS, Attendance, Choice, Recommendation, Toxicity

FOLDER = Path(escalation.trial.__file__).parent


def records() -> Iterator[type]:
    for path in sorted(FOLDER.rglob("*.py")):
        place = path.relative_to(FOLDER.parents[1]).with_suffix("")
        module = import_module(".".join(place.parts).removesuffix(".__init__"))
        found = [thing for thing in vars(module).values() if isinstance(thing, type)]
        yield from (c for c in found if is_dataclass(c) and c.__module__ == module.__name__)


def test_a_record_is_frozen():
    changed = {record.__name__ for record in records() if not record.__dataclass_params__.frozen}
    assert changed == {"Refusal", "TrialState"}, "collected by a command, and by evolve"


def test_a_record_is_made_by_naming_its_parts():
    by_place = {
        record.__name__ for record in records() if not all(part.kw_only for part in fields(record))
    }
    assert by_place == {"GradeCourse", "MadeSignature", "Refusal"}, "which have one or two parts"


def test_what_is_left_out_of_an_event_says_nothing():
    """So an entry written before there was a field reads as it did."""
    for record in (*EVENTS.values(), Attendance, Choice, Recommendation, Toxicity):
        said = [
            part.name
            for part in fields(record)
            if part.default is not MISSING and part.default and "since" not in part.metadata
        ]
        assert said == [], record
