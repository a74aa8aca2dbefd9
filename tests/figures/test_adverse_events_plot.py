"""Adverse events as a picture: bars are the shares that loops over patients give."""

from __future__ import annotations

import random
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from escalation.errors import InputError
from escalation.figures.adverse_events import plot_adverse_events, plot_adverse_events_pages
from escalation.protocol import Protocol
from escalation.trial import TrialState, record_adverse_event
from escalation.trial.events import Relation
from tests.trial.bench import SITE, Bench, day

CATEGORIES = ("crs", "icans", "haematological", "infection", "hepatic")


def played(seed: int = 1, n_levels: int = 3, categories: Any = CATEGORIES) -> TrialState:
    """Return a trial of three patients a level without a DLT, with random unrelated events."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    bench = Bench.as_0_2_0(Protocol.plain(n_levels))
    for level in range(n_levels):
        bench.open_cohort()
        for k in range(3):
            bench.treat(f"L{level}-{k}")
        for k in range(3):
            bench.now += 1
            for category in rng.sample(categories, rng.randrange(len(categories) + 1)):
                bench.do(
                    record_adverse_event, SITE, subject=f"L{level}-{k}", term=f"a {category} event",
                    category=category, grade=rng.randint(1, 4), started=day(bench.now),
                    aware=day(bench.now), relation=Relation.UNRELATED,
                )  # fmt: skip
            bench.no_dlt(f"L{level}-{k}")
    return bench.state


def bars(ax: Axes) -> list[tuple[float, float]]:
    """Return where each part of a bar begins and how wide it is, by the bar from the top."""
    parts = [p for p in ax.patches if isinstance(p, Rectangle)]
    return sorted((p.get_y(), p.get_x(), p.get_width()) for p in parts)  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(2))
def test_a_bar_is_the_share_of_patients_in_parts_by_worst_grade(seed: int) -> None:
    state = played(seed)
    ax = plot_adverse_events(state, trial="TJ")
    expected = 0
    for category in CATEGORIES:
        for level in (1, 2, 3):
            worst = {
                subject.id: event.worst_grade
                for subject in state.subjects.values()
                if subject.level == level
                for event in subject.events
                if event.now.category == category
            }
            expected += len(set(worst.values()))
    assert len(bars(ax)) == expected
    said = [text.get_text() for text in ax.texts if "/3" in text.get_text()]
    n_events = sum(len(subject.events) for subject in state.subjects.values())
    assert sum(int(text.partition("/")[0]) for text in said) == n_events  # one of a kind each
    assert len(said) == 3 * len({e.now.category for s in state.subjects.values() for e in s.events})


def test_what_is_not_emergent_or_not_there_is_not_drawn() -> None:
    bench = Bench.started()
    with pytest.raises(InputError, match="no treatment-emergent"):
        plot_adverse_events(bench.state)
    bench.open_cohort()
    bench.enrol("S1", 0)
    event = {"term": "fever", "grade": 1, "subject": "S1", "started": day(0), "aware": day(0)}
    bench.do(record_adverse_event, SITE, 0, **event)
    bench.dose("S1", 2)
    with pytest.raises(InputError, match="no treatment-emergent"):
        plot_adverse_events(bench.state)


def test_many_categories_fill_pages_and_none_is_lost() -> None:
    names = tuple(f"system organ class of which the name is long, number {k}" for k in range(14))
    state = played(n_levels=4, categories=names)
    pages = plot_adverse_events_pages(state, trial="TJ")
    assert len(pages) > 1
    drawn = [text.get_text().replace("\n", " ") for ax in pages for text in ax.texts]
    there = {e.now.category for s in state.subjects.values() for e in s.events}
    assert {name for name in drawn if name in names} == there
    assert "page 2 of" in pages[1].get_title(loc="left").replace("\n", " ")
