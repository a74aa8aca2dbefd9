"""An event against a protocol's definition of a DLT: the clauses of engineered-T-cell protocols,
and every day of a course written another way."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.grading import CrsObservations, grade_crs
from escalation.protocol import DltException, DltRule, DltWindow
from escalation.protocol.file import find_faults
from escalation.protocol.protocol import Protocol
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.definition import (
    Suggestion,
    Verdict,
    can_meet,
    judge_event,
)
from escalation.trial.adverse_events.observing import describe_rule
from escalation.trial.events import EventOutcome, Relation

from .made import D0, day, make_event

MEETS, DOES_NOT, NOT_YET = Verdict.MEETS, Verdict.DOES_NOT, Verdict.NOT_YET

# The definition as engineered-T-cell protocols write it: every clause a rule.
DEFINITION = """
schema = 1
name = "cells"
start = 1
levels = [{ label = 1 }, { label = 2 }]
design = { name = "3+3" }

[dlt]
window_days = 28

[[dlt.rules]]
name = "CRS or ICANS: CRS"
category = "crs"
min_grade = 3

[[dlt.rules]]
name = "CRS or ICANS: ICANS"
category = "icans"
min_grade = 3

[[dlt.rules]]
name = "long CRS"
category = "crs, long"
min_grade = 3
lasts_days = 3

[[dlt.rules]]
name = "non-haematological"
except_categories = ["crs", "icans", "crs, long", "haematological", "infusion reaction", "gvhd"]
min_grade = 3

  [[dlt.rules.exceptions]]
  term = "fever"
  max_grade = 3

  [[dlt.rules.exceptions]]
  term = "fatigue"
  max_grade = 3
  resolves_to = 2
  within_days = 6

  [[dlt.rules.exceptions]]
  category = "laboratory"
  resolves_to = 2
  within_days = 3

[[dlt.rules]]
name = "haematological"
category = "haematological"
min_grade = 4
lasts_days = 27
provisional_until_day = 28
worse_than_baseline_by = 2

[[dlt.rules]]
name = "infusion reaction"
category = "infusion reaction"
min_grade = 3

[[dlt.rules]]
name = "GvHD"
category = "GvHD"
min_grade = 2

[[dlt.rules]]
name = "death"
min_grade = 5
related = false

  [[dlt.rules.exceptions]]
  category = "disease"
"""


def read(text: str) -> DltWindow:
    document = tomllib.loads(text)
    assert find_faults(document) == ()
    return Protocol.from_document(document).dlt


CELLS = read(DEFINITION)


def judge(
    event: AdverseEvent, on: int, dlt: DltWindow = CELLS, closes: int | None = 28
) -> Suggestion:
    return judge_event(
        event,
        dlt,
        dosed_on=D0,
        window_closes=None if closes is None else day(closes),
        on=day(on),
    )


@pytest.mark.parametrize(
    ("said", "verdict", "rule"),
    [
        # CRS or ICANS of grade 3 or more, at least possibly related
        ({"category": "crs", "grade": 2}, DOES_NOT, None),
        ({"category": "crs", "grade": 3}, MEETS, "CRS or ICANS: CRS"),
        ({"category": " CRS ", "grade": 4}, MEETS, "CRS or ICANS: CRS"),
        ({"category": "icans", "grade": 3}, MEETS, "CRS or ICANS: ICANS"),
        *[
            ({"category": "crs", "relation": relation}, verdict, rule)
            for relation, verdict, rule in [
                (Relation.UNRELATED, DOES_NOT, None),
                (Relation.UNLIKELY, DOES_NOT, None),
                (Relation.POSSIBLE, MEETS, "CRS or ICANS: CRS"),
                (Relation.PROBABLE, MEETS, "CRS or ICANS: CRS"),
                (Relation.DEFINITE, MEETS, "CRS or ICANS: CRS"),
                (None, MEETS, "CRS or ICANS: CRS"),
            ]
        ],
        # in some protocols only what lasts more than 72 hours
        ({"category": "crs, long", "course": {7: 2}}, DOES_NOT, None),
        ({"category": "crs, long", "course": {8: 2}}, DOES_NOT, None),
        ({"category": "crs, long", "course": {9: 2}}, MEETS, "long CRS"),
        # any other non-haematological one, with named exceptions
        ({"term": "rash", "grade": 2}, DOES_NOT, None),
        ({"term": "rash", "grade": 3}, MEETS, "non-haematological"),
        ({"term": "rash", "category": "skin"}, MEETS, "non-haematological"),
        ({"term": "Fever "}, DOES_NOT, None),
        ({"term": "fever", "grade": 4}, MEETS, "non-haematological"),
        ({"term": "fatigue", "course": {11: 2}}, DOES_NOT, None),
        ({"term": "fatigue", "ended": 11}, DOES_NOT, None),
        ({"term": "fatigue", "course": {12: 2}}, MEETS, "non-haematological"),
        ({"term": "fatigue", "grade": 4, "course": {6: 0}}, MEETS, "non-haematological"),
        ({"category": "laboratory", "course": {8: 2}}, DOES_NOT, None),
        ({"category": "laboratory", "grade": 4, "course": {8: 1}}, DOES_NOT, None),
        ({"category": "laboratory", "course": {9: 2}}, MEETS, "non-haematological"),
        ({"category": "laboratory", "course": {7: 2, 9: 3}}, MEETS, "non-haematological"),
        ({"category": "laboratory", "grade": 1, "course": {15: 3, 18: 2}}, DOES_NOT, None),
        # haematological grade 4 for more than four weeks, worse than at baseline by two grades
        ({"category": "haematological", "grade": 4, "course": {27: 3}}, DOES_NOT, None),
        ({"category": "haematological", "grade": 3}, DOES_NOT, None),
        ({"category": "haematological", "grade": 4}, MEETS, "haematological"),
        ({"category": "haematological", "grade": 4, "baseline_grade": 2}, MEETS, "haematological"),
        ({"category": "haematological", "grade": 4, "baseline_grade": 3}, DOES_NOT, None),
        ({"category": "haematological", "grade": 4, "started": 0, "course": {28: 3}},
            DOES_NOT, None),
        ({"category": "infusion reaction", "grade": 2}, DOES_NOT, None),
        ({"category": "infusion reaction", "grade": 3}, MEETS, "infusion reaction"),
        ({"category": "gvhd", "grade": 1}, DOES_NOT, None),
        ({"category": "gvhd", "grade": 2}, MEETS, "GvHD"),
        # a death that is not due to the disease, related or not
        ({"grade": 5, "category": "infection", "relation": Relation.UNRELATED}, MEETS, "death"),
        ({"grade": 5, "category": "disease", "relation": Relation.UNRELATED}, DOES_NOT, None),
        (
            {"grade": 4, "outcome": EventOutcome.FATAL, "relation": Relation.UNLIKELY},
            MEETS,
            "death",
        ),
    ],
)  # fmt: skip
def test_each_clause_of_a_definition_written_as_toml(said: dict[str, Any], verdict, rule):
    suggestion = judge(make_event(**said), on=60)
    assert (suggestion.verdict, suggestion.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("said", "on", "until"),
    [
        ({"category": "haematological", "grade": 4}, 5, 32),
        ({"category": "haematological", "grade": 4}, 31, 32),
        ({"category": "haematological", "grade": 4, "started": 0}, 10, 28),
        ({"category": "crs, long"}, 5, 8),
        ({"category": "crs, long"}, 7, 8),
        ({"term": "fatigue"}, 5, 11),
        ({"category": "laboratory"}, 7, 8),
        ({"category": "laboratory", "grade": 1, "course": {15: 3}}, 16, 18),
    ],
)
def test_what_is_not_decided_yet_says_until_when(said: dict[str, Any], on: int, until: int):
    event = make_event(**said)
    suggestion = judge(event, on)
    assert (suggestion.verdict, suggestion.until) == (NOT_YET, day(until))
    assert suggestion.text.startswith(f"not yet (until {day(until)}): rule ")
    assert judge(event, until - 1).verdict is NOT_YET
    assert judge(event, until).verdict is MEETS


def test_haemoglobin_of_65_at_baseline_that_stays_so_does_not():
    """Entry allows 60 to 79 g/L: grade 3 before the infusion, and no worse after it."""
    dlt = DltWindow(rules=(DltRule(name="blood", min_grade=3, worse_than_baseline_by=2),))
    anaemia = {"term": "anaemia", "category": "haematological", "grade": 3}
    known = make_event(**anaemia, baseline_grade=3)
    assert judge(known, 40, dlt).text == (
        'does not meet rule "blood": of grade 3 at worst, 3 at baseline: not 2 grades worse than '
        "at baseline"
    )
    assert judge(make_event(**anaemia), 40, dlt).verdict is MEETS, "an unknown baseline is none"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"category": "crs"},
            'meets rule "CRS or ICANS: CRS": crs of grade 3 or more, at least possibly related',
        ),
        (
            {"category": "crs", "relation": Relation.UNLIKELY},
            'does not meet rule "CRS or ICANS: CRS": relation unlikely',
        ),
        (
            {"category": "haematological", "grade": 4, "course": {9: 2}},
            'does not meet rule "haematological": of grade 4 or more for 4 days, not for more '
            "than 27",
        ),
        (
            {"started": 29},
            "does not meet the definition: began on 2026-02-03, outside the DLT window, "
            "2026-01-05 to 2026-02-02",
        ),
        (
            {"started": -1},
            "does not meet the definition: began on 2026-01-04, outside the DLT window, "
            "2026-01-05 to 2026-02-02",
        ),
    ],
)
def test_the_answer_is_a_sentence_with_the_rule(said: dict[str, Any], text: str):
    assert judge(make_event(**said), 40).text == text


@pytest.mark.parametrize(
    ("grade", "baseline", "verdict"),
    [(3, None, MEETS), (2, None, DOES_NOT), (3, 0, MEETS), (4, 1, MEETS), (3, 1, DOES_NOT)],
)
def test_what_was_not_there_at_baseline_was_of_grade_0(grade, baseline, verdict):
    dlt = DltWindow(rules=(DltRule(name="it", min_grade=1, worse_than_baseline_by=3),))
    assert judge(make_event(grade, baseline_grade=baseline), 9, dlt).verdict is verdict


@pytest.mark.parametrize(("ended", "verdict"), [(7, DOES_NOT), (8, DOES_NOT), (9, MEETS)])
def test_what_was_over_within_the_days_of_an_exception_has_resolved_to_grade_0(ended, verdict):
    exception = DltException(category="skin", resolves_to=0, within_days=3)
    dlt = DltWindow(rules=(DltRule(name="it", min_grade=1, exceptions=(exception,)),))
    event = make_event(1, started=5, category="skin", ended=ended)
    assert judge(event, 20, dlt).verdict is verdict


def test_an_exception_for_another_event_hides_none_for_this_one():
    exceptions = (DltException(category="crs"), DltException(category="skin"))
    rule = DltRule(name="it", min_grade=3, exceptions=exceptions)
    dlt = DltWindow(rules=(rule,))
    assert judge(make_event(category="skin"), 9, dlt).verdict is DOES_NOT
    assert judge(make_event(category="eye"), 9, dlt).verdict is MEETS


def test_an_event_that_no_rule_is_about_is_said_to_be_so():
    dlt = DltWindow(rules=(DltRule(name="CRS", category="crs", min_grade=3),))
    assert judge(make_event(), 9, dlt).text == (
        "does not meet the definition: no rule is about such an event"
    )


@pytest.mark.parametrize(
    ("started", "course", "verdict"),
    [
        (0, {}, MEETS),
        (28, {}, MEETS),
        (29, {}, DOES_NOT),
        (-1, {}, DOES_NOT),
        (-3, {4: 4}, MEETS),
        (-3, {4: 2, 6: 3}, DOES_NOT),
        (-3, {29: 4}, DOES_NOT),
        (20, {35: 4}, MEETS),
    ],
)
def test_an_event_counts_that_begins_or_becomes_worse_than_ever_in_the_window(
    started: int, course: dict[int, int], verdict: Verdict
):
    assert judge(make_event(started=started, course=course), 40).verdict is verdict


def test_a_window_without_an_end_does_not_end_and_nobody_undosed_has_a_dlt():
    assert judge(make_event(started=900), 900, closes=None).verdict is MEETS
    undosed = judge_event(make_event(), CELLS, dosed_on=None, window_closes=None, on=day(9))
    assert undosed.text == "does not meet the definition: P-01 has not been dosed"


@pytest.mark.parametrize("infusion_day", [0, 1])
def test_the_provisional_day_is_counted_as_the_window_is(infusion_day: int):
    rule = DltRule(name="blood", min_grade=4, provisional_until_day=28)
    dlt = DltWindow(window_days=28, infusion_day=infusion_day, rules=(rule,))
    last = 28 - infusion_day
    assert judge(make_event(grade=4), 9, dlt).until == day(last)
    assert judge(make_event(grade=4, course={last: 3}), 60, dlt).verdict is DOES_NOT
    assert judge(make_event(grade=4, course={last + 1: 3}), 60, dlt).verdict is MEETS


def test_who_reaches_the_grade_after_the_provisional_day_is_not_held_to_it():
    rule = DltRule(name="blood", min_grade=4, provisional_until_day=28)
    dlt = DltWindow(window_days=42, rules=(rule,))
    assert judge(make_event(grade=4, started=30), 31, dlt, closes=42).verdict is MEETS
    worse_late = make_event(grade=3, started=20, course={30: 4})
    assert judge(worse_late, 31, dlt, closes=42).verdict is MEETS


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"grade": 2}, DOES_NOT),
        ({"grade": 3}, MEETS),
        ({"grade": 3, "relation": Relation.UNLIKELY}, DOES_NOT),
        ({"grade": 5, "relation": Relation.UNRELATED}, DOES_NOT),
    ],
)
def test_without_rules_a_related_event_of_grade_3_meets_the_definition(said, verdict: Verdict):
    suggestion = judge(make_event(**said), 9, DltWindow(window_days=28))
    assert suggestion.verdict is verdict
    if verdict is MEETS:
        assert suggestion.text == (
            'meets rule "no rules in the protocol": any event of grade 3 or more, at least '
            "possibly related"
        )


def test_of_several_rules_the_strongest_answers():
    longer = DltRule(name="longer", min_grade=3, lasts_days=9)
    long = DltRule(name="long", min_grade=3, lasts_days=4)
    never = DltRule(name="never", min_grade=5)
    event = make_event()
    both = DltWindow(rules=(never, longer, long))
    assert judge(event, 6, both).rule == "long"
    assert judge(event, 6, both).until == day(9)
    assert judge(event, 9, both).text.startswith('meets rule "long"')
    improved = make_event(course={7: 2})
    assert judge(improved, 9, both).text.startswith('does not meet rule "never"')


def test_a_death_is_of_grade_5_and_waits_for_no_day():
    rule = DltRule(name="blood", min_grade=4, lasts_days=20, provisional_until_day=28)
    dlt = DltWindow(window_days=28, rules=(rule,))
    died = make_event(grade=4, course={9: 5}, ended=9)
    assert [judge(died, on, dlt).verdict for on in (9, 12, 40)] == [MEETS] * 3
    said_so = make_event(grade=4, ended=9, outcome=EventOutcome.FATAL)
    assert judge(said_so, 12, dlt).verdict is MEETS


def test_a_follow_up_that_leaves_the_grade_alone_says_nothing_of_it():
    """Recorded late for an earlier day, it has the last grade in it, but is not about the grade."""
    event = make_event(grade=3, course={12: 1, 8: 1})
    rule = DltRule(name="long", min_grade=3, lasts_days=6)
    assert judge(event, 40, DltWindow(rules=(rule,))).verdict is MEETS


def test_a_follow_up_for_an_earlier_day_takes_its_place_in_the_course():
    event = make_event(grade=3, course={20: 1, 8: 2})
    rule = DltRule(name="long", min_grade=3, lasts_days=6)
    assert judge(event, 40, DltWindow(rules=(rule,))).verdict is DOES_NOT


# ---------------------------------------------------------------- brute force, day by day

HORIZON = 60


def grades_by_day(event: AdverseEvent, on: int) -> dict[int, int]:
    """Write down the grade of each day from the onset to today, one report after the other."""
    onset = (event.now.started - D0).days
    dead = [(r.on - D0).days for r in event.reports if r.event.grade == 5]
    if dead:
        on = dead[0] + HORIZON
    line = dict.fromkeys(range(onset, on + 1), event.first.grade)
    for report in event.reports[1:]:
        since = (report.on - D0).days
        if not dead or since <= dead[0]:
            line |= {d: report.event.grade for d in line if d >= since}
    if event.now.ended is not None and not dead:
        line |= {d: 0 for d in line if d >= (event.now.ended - D0).days}
    return line


def is_dlt_by_hand(rule: DltRule, event: AdverseEvent, line: dict[int, int], worst: int) -> bool:
    """Read the sentence of a rule on a course that is known to its end."""
    said = event.now
    category, term = (said.category or "").lower(), said.term.lower()
    baseline = said.baseline_grade or 0
    days_at = [d for d, grade in line.items() if grade >= rule.min_grade]
    sentences = [
        days_at != [],
        rule.category is None or rule.category.lower() == category,
        rule.term is None or rule.term.lower() == term,
        category not in [excepted.lower() for excepted in rule.except_categories],
        not rule.related or str(said.relation) not in ("unrelated", "unlikely"),
        rule.worse_than_baseline_by is None or worst >= baseline + rule.worse_than_baseline_by,
        rule.lasts_days is None or len([d for d in days_at if d >= 0]) > rule.lasts_days,
        # still so on the day, or reached only after it
        rule.provisional_until_day is None
        or rule.provisional_until_day in days_at
        or rule.provisional_until_day < min(days_at, default=0),
    ]
    for exception in rule.exceptions:
        inside = (exception.term or said.term, exception.category or said.category) == (
            said.term,
            said.category,
        ) and worst <= (exception.max_grade or 5)
        if inside and exception.resolves_to is not None and days_at:
            deadline = min(days_at) + (exception.within_days or 0)
            inside = all(line[d] <= exception.resolves_to for d in line if d >= deadline)
        sentences.append(not inside)
    return all(sentences)


def judge_by_hand(event: AdverseEvent, dlt: DltWindow, closes: int, on: int) -> str:
    """Tell of the two ways it can go on, to stay or to be over tomorrow, what they lead to."""
    line = grades_by_day(event, on)
    worst, counts = 0, False
    for d in line:
        counts |= line[d] > worst and 0 <= d <= closes
        worst = max(worst, line[d])
    if not counts:
        return DOES_NOT
    days_after = range(max(line) + 1, on + HORIZON)
    stays = line | dict.fromkeys(days_after, line[max(line)])
    over = line | dict.fromkeys(days_after, 0)
    if any(is_dlt_by_hand(rule, event, over, worst) for rule in dlt.rules):
        return MEETS
    if any(is_dlt_by_hand(rule, event, stays, worst) for rule in dlt.rules):
        return NOT_YET
    return DOES_NOT


maybe_days = st.none() | st.integers(1, 14)
exceptions = st.builds(
    lambda named, max_grade, back: DltException(
        **named, max_grade=max_grade, resolves_to=back[0], within_days=back[1]
    ),
    st.sampled_from([{"term": "rash"}, {"category": "lab"}, {"term": "rash", "category": "lab"}]),
    st.none() | st.integers(1, 5),
    st.just((None, None)) | st.tuples(st.integers(0, 4), st.integers(0, 8)),
)
rules = st.builds(
    DltRule,
    name=st.sampled_from(["a", "b"]),
    min_grade=st.integers(1, 5),
    category=st.sampled_from([None, None, "lab", "CRS"]),
    term=st.sampled_from([None, None, "Rash"]),
    except_categories=st.sampled_from([(), (), ("LAB",), ("crs",)]),
    lasts_days=maybe_days,
    provisional_until_day=maybe_days,
    worse_than_baseline_by=st.none() | st.integers(1, 4),
    related=st.booleans(),
    exceptions=st.lists(exceptions, max_size=2).map(tuple),
)
courses = st.dictionaries(st.integers(1, 12), st.integers(1, 5), max_size=4)


events = st.builds(
    lambda started, grade, steps, over, said: make_event(
        grade,
        started,
        course={started + step: steps[step] for step in sorted(steps)},
        ended=None if over is None else started + max(steps, default=0) + over,
        **said,
    ),
    started=st.integers(-2, 12),
    grade=st.integers(1, 4),
    steps=courses,
    over=st.none() | st.integers(1, 6),
    said=st.fixed_dictionaries(
        {
            "term": st.sampled_from(["rash", "fever"]),
            "category": st.sampled_from([None, "lab", "crs"]),
            "relation": st.sampled_from([None, *Relation]),
            "baseline_grade": st.none() | st.integers(0, 3),
        }
    ),
)


@settings(max_examples=100)
@given(
    rules=st.lists(rules, min_size=1, max_size=3).map(tuple), event=events, later=st.integers(0, 16)
)
def test_every_rule_is_as_its_sentence_read_day_by_day(
    rules: tuple[DltRule, ...], event: AdverseEvent, later: int
):
    dlt = DltWindow(window_days=9, rules=rules)
    on = (event.reports[-1].on - D0).days + later
    suggestion = judge(event, on, dlt, closes=9)
    assert suggestion.verdict == judge_by_hand(event, dlt, 9, on)
    if suggestion.until is not None:
        decided = (suggestion.until - D0).days
        assert judge_by_hand(event, dlt, 9, decided) == MEETS
        assert judge_by_hand(event, dlt, 9, decided - 1) == NOT_YET
    assert (suggestion.until is None) == (suggestion.verdict is not NOT_YET)


def test_a_grade_that_is_a_lower_bound_is_not_said_to_be_the_worst() -> None:
    """By ASTCT 2019 what was not assessed is not normal: the grade is at least what is known."""
    observed = CrsObservations(temperature=38.5)
    event = make_event(grade=1, category="crs", graded_by=describe_rule(grade_crs(observed)))
    assert judge(event, 10).text.endswith("of grade 1 at worst, as far as assessed, below 3")
    assert judge(make_event(grade=1, category="crs"), 10).text.endswith(
        "of grade 1 at worst, below 3"
    )


def test_what_an_event_was_called_first_may_still_meet_a_rule():
    """A follow-up gave it another name; on a day before, a rule is about the first."""
    event = make_event(grade=4, course={9: 4}, term="sepsis")
    first, second = event.reports
    renamed = replace(second, event=replace(second.event, term="fatigue"))
    rule = DltRule(name="sepsis", term="sepsis", min_grade=3)
    window = DltWindow(window_days=28, rules=(rule,))
    assert can_meet(replace(event, reports=(first, renamed)), window)
    assert not can_meet(replace(event, reports=(renamed,)), window)
