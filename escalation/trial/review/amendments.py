"""What an amendment did to the ladder and to the rule's count, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.labels import Label
from escalation.text import count
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.review.remarks import Remark
from escalation.trial.rule import describe_choice
from escalation.trial.state import Amendment, TrialState

__all__ = ["list_reopenings", "reopened_levels", "say_ladder", "say_reopening", "set_aside"]


def say_ladder(made: Amendment) -> Iterator[str]:
    """Say what an amendment did to the ladder; nothing of one that kept it."""
    labels = made.after.labels
    before = {} if made.before is None else {level.label: level for level in made.before.levels}
    for place, level in enumerate(made.after.levels):
        known, name = before.get(level.label), made.after.describe_level(place)
        if known is None:
            below, above = labels[:place], labels[place + 1 :]
            where = f"between {below[-1]} and {above[0]}" if below and above else "at the top"
            where = where if below else "at the bottom"
            yield f"{name[0].upper()}{name[1:]}, is new, {where}."
        elif known != level and made.before is not None:
            old = made.before.describe_level(made.before.labels.index(level.label))
            yield f"{name[0].upper()}{name[1:]}, was {old}."
    for label in before:
        if label not in labels:
            yield f"Level {label} is not on the ladder any more."


def say_reopening(state: TrialState, made: Amendment) -> Iterator[str]:
    """Say whom the rule does not count since an amendment, and what became of a stop."""
    for label in made.event.reopens:
        subjects = set_aside(state, made, label)
        if not subjects:
            continue
        n_dlts = sum(subject.standing is Standing.DLT for subject in subjects)
        before = [m.seq for m in state.amendments if m.seq < made.seq and label in m.event.reopens]
        since = f"since amendment {before[-1]}" if before else "so far"
        yield (
            f"Amendment {made.seq} reopened level {label}: its {count(len(subjects), 'patient')} "
            f"{since}, {n_dlts} with a DLT, no longer count{'s' * (len(subjects) == 1)} for the "
            "rule."
        )
    if made.stop is None:
        return
    chosen = describe_choice(made.stop.event.chosen, made.stop.protocol)
    stop = f"the stop of decision {made.stop.seq} ({chosen})"
    if made.event.reopens:
        yield f"Amendment {made.seq} lifted {stop}."
    else:
        yield f"T{stop[1:]} stays in force."


def reopened_levels(state: TrialState) -> tuple[Label, ...]:
    """Return the levels with patients whom the rule does not count since an amendment."""
    aside = {s.level for s in state.subjects.values() if s.set_aside_by is not None}
    labels = () if state.protocol is None else state.protocol.labels
    return tuple(label for label in labels if label in aside)


def set_aside(state: TrialState, made: Amendment, label: Label) -> list[Subject]:
    """Return the patients at a level whom the rule does not count since an amendment."""
    return [s for s in state.subjects.at_level(label) if s.set_aside_by == made.seq]


def list_reopenings(state: TrialState) -> Iterator[Remark]:
    """Name the amendments since which the rule counts fewer, or a stopped trial goes on."""
    for made in state.amendments:
        if made.event.reopens:
            for text in say_reopening(state, made):
                yield Remark(entry=made.seq, text=text)
