"""The tables of the primary outcome, held against counts made another way: by loops over patients.

The trials are random; SciPy's beta quantiles are the oracle of the exact limits.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from typing import Any

import pytest
from scipy.stats import beta

from escalation.outcomes import Outcome
from escalation.reports.formats import FORMATS, write_view
from escalation.reports.trial.adverse_events import view_adverse_events
from escalation.trial import (
    correct_entry,
    follow_up,
    record_adverse_event,
    record_outcome,
)
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.listing import list_events
from escalation.trial.events import Relation, Serious, Toxicity
from tests.trial.bench import SITE, Bench, day

TERMS = {"CRS": "crs", "Fever": None, "neutropenia": "haematological", "anaemia": "haematological"}


def played(seed: int) -> tuple[Bench, list[dict[str, Any]]]:
    """Play a random trial of six at two levels; return it with a list of what was typed."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    bench, typed = Bench.as_0_2_0(), []
    for cohort, subjects in enumerate(("A1 A2 A3", "B1 B2 B3"), start=1):
        bench.open_cohort()
        start = bench.now
        for subject, offset in zip(subjects.split(), (0, 14, 17), strict=True):
            bench.enrol(subject, start + offset)
            bench.dose(subject, start + offset + 1, infused=1.8e8 * cohort)
            dosed = bench.now
            for _ in range(rng.randrange(4)):
                typed.append(_report(bench, rng, subject, dosed))
        bench.now = start + 60
        for subject in subjects.split():
            typed += _outcome(bench, rng, subject)
    return bench, [event for event in typed if not event["withdrawn"]]


def _report(bench: Bench, rng: random.Random, subject: str, dosed: int) -> Any:
    level = bench.state.subjects[subject].level
    term, onset = rng.choice(list(TERMS)), dosed - rng.randrange(2)
    grade = rng.randint(1, 4)
    serious = rng.sample([Serious.HOSPITALISATION, Serious.IMPORTANT], rng.randrange(3))
    bench.do(
        record_adverse_event, SITE, bench.now, subject=subject,
        term=rng.choice([term, term.upper()]),
        category=TERMS[term], started=day(onset), grade=grade, aware=day(bench.now),
        serious=serious, relation=Relation.UNRELATED,
    )  # fmt: skip
    entry, withdrawn = bench.state.seq, rng.random() < 0.2
    if rng.random() < 0.5:
        later = rng.choice([g for g in range(1, 5) if g != grade])
        bench.do(follow_up, SITE, entry=entry, changes={"grade": later}, aware=day(bench.now))
        grade = max(grade, later)
    if withdrawn:
        bench.do(correct_entry, SITE, entry=entry, changes=None, reason="another patient")
    return {
        "subject": subject, "level": level, "term": term, "grade": grade, "serious": bool(serious),
        "emergent": onset >= dosed, "onset": onset, "withdrawn": withdrawn,
    }  # fmt: skip


def _outcome(bench: Bench, rng: random.Random, subject: str) -> Any:
    """Record an outcome; a toxicity in it that was reported as an event is not counted twice."""
    level, dosed = (bench.state.subjects[subject].level, bench.state.subjects[subject].dosed_on)
    reported = bench.state.subjects[subject].events
    if rng.random() < 0.6:
        bench.no_dlt(subject)
        return []
    toxicity = Toxicity(term="sepsis", grade=3, onset=dosed, relation=Relation.PROBABLE)
    toxicities, onset = [toxicity], (dosed - day(0)).days
    if reported and reported[0].first.started >= dosed:
        first = reported[0].first
        again = Toxicity(term=first.term, grade=first.grade, onset=first.started)
        toxicities.append(again)
    bench.do(
        record_outcome, SITE, subject=subject, outcome=Outcome.DLT, toxicities=toxicities,
    )  # fmt: skip
    return [
        {
            "subject": subject, "level": level, "term": "sepsis", "grade": 3, "serious": False,
            "emergent": True, "onset": onset, "withdrawn": False,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_tables_agree_with_a_count_made_by_loops(seed: int) -> None:
    bench, typed = played(seed)
    document = view_adverse_events(bench.state, "TJ", day(200)).document()
    assert len(list_events(bench.state)) == len(typed)
    for level in document["levels"]:
        here = [e for e in typed if level["level"] in (None, e["level"])]
        for name, kept in (
            ("any", here),
            ("emergent", [e for e in here if e["emergent"]]),
            ("severe", [e for e in here if e["grade"] > 2]),
            ("serious", [e for e in here if e["serious"]]),
        ):
            assert_counts(level[name], kept)
        found = {(t["category"], t["term"] and t["term"].casefold()): t for t in level["terms"]}
        keys = {(TERMS.get(e["term"]), e["term"].casefold()) for e in here}
        assert set(found) == keys | {(category, None) for category, _ in keys}
        for (category, term), counts in found.items():
            assert_counts(
                counts,
                [
                    e
                    for e in here
                    if TERMS.get(e["term"]) == category and term in (None, e["term"].casefold())
                ],
            )
        assert_limits(bench, level)


def assert_counts(counts: dict[str, Any], events: list[dict[str, Any]]) -> None:
    patients = {e["subject"] for e in events}
    worst = Counter(max(e["grade"] for e in events if e["subject"] == p) for p in patients)
    grades = Counter(e["grade"] for e in events)
    assert (counts["n_patients"], counts["n_events"]) == (len(patients), len(events))
    assert counts["patients_by_worst_grade"] == [worst[g] for g in range(1, 6)]
    assert counts["events_by_worst_grade"] == [grades[g] for g in range(1, 6)]


def assert_limits(bench: Bench, level: dict[str, Any]) -> None:
    subjects = [s for s in bench.state.subjects.values() if level["level"] in (None, s.level)]
    n, x = len(subjects), sum(s.outcome is Outcome.DLT for s in subjects)
    assert (level["n_evaluable"], level["n_dlts"]) == (n, x)
    assert (level["n_enrolled"], level["n_treated"]) == (n, n)
    if not n:
        assert level["p_dlt_limits"] is None
        return
    lower, upper = level["p_dlt_limits"]
    assert lower == pytest.approx(beta.ppf(0.025, x, n - x + 1) if x else 0, abs=1e-9)
    assert upper == pytest.approx(beta.ppf(0.975, x + 1, n - x) if x < n else 1, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_rows_say_the_same_as_the_document(seed: int) -> None:
    bench, _ = played(seed)
    view = view_adverse_events(bench.state, "TJ", day(200))
    rows = list(csv.DictReader(io.StringIO("".join(write_view(view, "csv")))))
    assert list(rows[0]) == list(view.columns)
    for level in view.document()["levels"]:
        label = "all" if level["level"] is None else str(level["level"])
        here = [row for row in rows if row["level"] == label]
        assert {row["n_treated"] for row in here} == {str(level["n_treated"])}
        for counts, category, term in [
            (level["any"], "any", "any"),
            *((t, t["category"] or "", t["term"] or "any") for t in level["terms"]),
        ]:
            said = {
                row["worst_grade"]: (int(row["n_patients"]), int(row["n_events"]))
                for row in here
                if (row["category"], row["term"]) == (category, term)
            }
            assert said.pop("any") == (counts["n_patients"], counts["n_events"])
            for grade in range(1, 6):
                expected = tuple(
                    counts[f"{what}_by_worst_grade"][grade - 1] for what in ("patients", "events")
                )
                assert said.get(str(grade), (0, 0)) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_the_tables(form: str) -> None:
    bench, _ = played(3)
    written = "".join(write_view(view_adverse_events(bench.state, "TJ", day(200)), form))
    assert list_events(bench.state)[0].term in written


def test_a_trial_of_before_has_its_toxicities_in_the_tables_once() -> None:
    bench = Bench.as_0_2_0()
    bench.open_cohort()
    bench.treat("S1")
    bench.dlt("S1", 3, onset=2)
    bench.dlt("S1", 3, onset=2)  # entered again
    (event,) = list_events(bench.state)
    assert (event.term, event.worst_grade, event.entry) == ("CRS", 3, bench.state.seq - 1)
    assert event.is_emergent
    said = "".join(write_view(view_adverse_events(bench.state, "TJ", day(200)), "text"))
    assert "without a report of their own: 1." in " ".join(said.split())
    bench.do(
        record_adverse_event, SITE, subject="S1", term="crs", category="CRS", grade=3,
        started=day(2), aware=day(3),
    )  # fmt: skip
    (event,) = list_events(bench.state)
    assert event.entry == bench.state.seq


def test_a_table_without_events_says_so() -> None:
    bench = Bench.as_0_2_0()
    said = "".join(write_view(view_adverse_events(bench.state, "TJ", day(200)), "text"))
    assert "0 adverse events in 0 of 0 patients, 0 treated." in said


def test_an_event_ruled_a_dlt_is_one_event_whatever_is_corrected_of_it_afterwards() -> None:
    """The ruling records an outcome that holds the event as it was then."""
    bench = Bench.judged()
    bench.open_cohort()
    bench.treat("A1", 10)
    bench.do(
        record_adverse_event, SITE, 12, subject="A1", term="neutropaenia", grade=4,
        started=day(11), aware=day(12),
    )  # fmt: skip
    entry = bench.state.seq
    bench.do(adjudicate, "adjudicator", 13, entry=entry, dlt=True)
    bench.correct(entry, term="neutropenia", started=day(10).isoformat())
    [event] = list_events(bench.state)
    assert (event.term, event.started, event.dlt) == ("neutropenia", day(10), True)


def test_a_toxicity_told_after_a_dlt_that_was_ruled_is_listed_too() -> None:
    bench = Bench.judged()
    bench.open_cohort()
    bench.treat("A1", 10)
    bench.do(
        record_adverse_event, SITE, 12, subject="A1", term="neutropenia", grade=4,
        started=day(11), aware=day(12),
    )  # fmt: skip
    bench.do(adjudicate, "adjudicator", 13, entry=bench.state.seq, dlt=True)
    bench.dlt("A1", 14)
    assert [event.term for event in list_events(bench.state)] == ["neutropenia", "CRS"]


@pytest.mark.parametrize(("grade", "fatal"), [(4, False), (5, True)])
def test_a_toxicity_inside_an_outcome_is_fatal_by_grade_5(grade: int, fatal: bool) -> None:
    bench = Bench.as_0_2_0()
    bench.open_cohort()
    bench.treat("S1")
    toxicity = Toxicity(term="MOF", grade=grade, onset=day(2), relation=Relation.PROBABLE)
    bench.do(record_outcome, SITE, 3, subject="S1", outcome=Outcome.DLT, toxicities=[toxicity])
    assert [event.is_fatal for event in list_events(bench.state)] == [fatal]
