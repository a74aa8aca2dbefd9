"""What is wrong with results: held against the plan, the person's days and what is recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from escalation.errors import did_you_mean, printable
from escalation.nearness import is_above
from escalation.plan import Criterion, Plan, PlannedTest
from escalation.plan.names import PlanNames
from escalation.trial.chart import Chart
from escalation.trial.commands import Recorder, Refusal
from escalation.trial.events import Finding, FindingsRecorded
from escalation.trial.findings.results import Place, count_results, place_of
from escalation.trial.findings.units import in_plan_unit
from escalation.trial.findings.words import say_number, say_result
from escalation.trial.screening.birth import read_birth
from escalation.trial.screening.judging import plan_at
from escalation.trial.state import TrialState
from escalation.trial.visits.ending import find_ending

__all__ = [
    "ANSWERS",
    "check_dates",
    "check_findings",
    "check_source",
    "check_visit_day",
    "completed",
    "faults_of_day",
    "faults_of_result",
    "find_person",
]

ANSWERS = ("yes", "no", "unknown")
_MOST_FINDINGS = 500


def completed(plan: Plan | None, finding: Finding) -> Finding:
    """Return a result with its test and answer as the plan spells them; ``BLQ`` as what it is."""
    if plan is None:
        return finding
    finding = replace(finding, test=PlanNames(plan).finding(finding.test))
    test = plan.find_test(finding.test)
    if finding.answer is None:
        return finding
    said = finding.answer.casefold()
    if test is not None and test.kind == "number":
        return replace(finding, answer=None, below=True) if said in _BELOW else finding
    known: Sequence[str] = ANSWERS
    if test is not None and test.kind == "choice":
        known = test.choices
    else:
        said = _SHORT.get(said, said)
    meant = [choice for choice in known if choice.casefold() == said]
    return replace(finding, answer=meant[0]) if len(meant) == 1 else finding


_SHORT = {"y": "yes", "n": "no"}
_BELOW = ("blq", "bql", "below", "<lloq", "<loq")  # where the limit is not known


def find_person(refusal: Refusal, state: TrialState, chart: Chart) -> None:
    """Refuse somebody who is neither screened nor enrolled."""
    if chart.subject in state.subjects or chart.screenings:
        return
    known = [*state.subjects, *(name for name in state.charts if name not in state.subjects)]
    hint = did_you_mean(chart.subject, known) if known else "nobody is yet"
    refusal.add(f"No {printable(chart.subject)} is screened or enrolled; {hint}.")


def check_findings(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    event: FindingsRecorded,
    *,
    chart: Chart,
    entry: int | None = None,
) -> None:
    """Refuse results that cannot be, with each of them named.

    Parameters
    ----------
    refusal, state, recorder
    event : FindingsRecorded
    chart : Chart
        Of whom they are about.
    entry : int or None
        The entry that is corrected, which says nothing any more.
    """
    plan = state.plan
    if plan is None:
        refusal.add("The trial goes by no plan; adopt one first (trial plan FILE).")
        return
    refusal.check_line("reason", event.reason)
    check_source(refusal, state, event.source)
    refusal.unless(bool(event.findings), "No result is given.")
    refusal.unless(
        len(event.findings) <= _MOST_FINDINGS, f"An entry has at most {_MOST_FINDINGS} results."
    )
    if entry is not None:
        chart = chart.without(entry)
    for on in dict.fromkeys(finding.on or event.on for finding in event.findings):
        check_visit_day(refusal, state, event.subject, event.visit, on)
        check_dates(refusal, state, recorder, chart, on)
    known = state.subjects.get(event.subject)
    dosed = None if known is None else known.dosed_on
    for finding in event.findings:
        by = plan if _knows(plan, finding) else plan_at(state, entry)
        faults = [
            *faults_of_result(by, finding),
            *_of_texts(finding),
            *faults_of_day(finding, event.on, dosed),
        ]
        refusal.reasons += (f"{_named(finding)}: {fault}." for fault in faults)
    _check_places(refusal, event, chart, dosed)


def check_source(refusal: Refusal, state: TrialState, source: str | None) -> None:
    """Refuse to name a file that no entry has imported."""
    if source is not None and all(event.named != source for _, event in state.files):
        refusal.add(f"No file {printable(source)} was imported.")


def check_visit_day(
    refusal: Refusal, state: TrialState, subject: str, visit: str | None, on: date | None
) -> None:
    """Refuse a visit that the plan does not have, or that comes before what it is counted from.

    ``on`` is None for one that did not take place.
    """
    if visit is None or state.plan is None:
        return
    planned = state.plan.find_visit(visit)
    if planned is None:
        names = [known.name for known in state.plan.visits]
        hint = did_you_mean(visit, names) if names else "it has none"
        refusal.add(f"The plan has no visit {printable(visit)}; {hint}.")
        return
    known = state.subjects.get(subject)
    dosed = None if known is None else known.dosed_on
    if planned.day > 0 and dosed is None:
        refusal.add(f"Visit {visit} is on day {planned.day}, and {subject} has not been dosed.")
    elif planned.day > 0 and dosed is not None and on is not None and on < dosed:
        refusal.add(f"Visit {visit} is on day {planned.day}: {subject} was dosed on {dosed}.")


def check_dates(
    refusal: Refusal, state: TrialState, recorder: Recorder, chart: Chart, on: date
) -> None:
    """Refuse a day on which somebody was not born, no longer alive or in the study, or to come."""
    subject = chart.subject
    screened = chart.screening
    refusal.check_day(replace(recorder, on=on), state.zone_of(subject, on))
    born = None if screened is None else screened.event.born
    if born is not None and on < _first_day(born):
        refusal.add(f"{subject} was born in {born}: {on} is before it.")
    ending = find_ending(state, subject)
    if ending is not None and on > ending.on:
        refusal.add(f"{subject} {ending.text}, by entry {ending.entry}: {on} is after it.")


def _first_day(born: str) -> date:
    """Return the first day on which somebody may have been born, by a year or a month.

    Examples
    --------
    >>> _first_day("1975"), _first_day("1975-03")
    (datetime.date(1975, 1, 1), datetime.date(1975, 3, 1))
    """
    year, month = read_birth(born) or (1, None)
    return date(year, month or 1, 1)


def _knows(plan: Plan, finding: Finding) -> bool:
    """Tell whether a plan has the test or the criterion: an older one may have had it."""
    return not (plan.find_test(finding.test) is None and plan.find_criterion(finding.test) is None)


def _named(finding: Finding) -> str:
    return printable(say_result(finding))


def faults_of_result(plan: Plan, finding: Finding) -> Iterator[str]:
    """Yield what a plan has against a result, in the plan's own words and units."""
    test, criterion = plan.find_test(finding.test), plan.find_criterion(finding.test)
    if test is None and criterion is None:
        names = [known.name for known in plan.tests]
        if finding.value is None:  # a criterion is answered, not measured
            names += (known.id for known in plan.criteria if _is_question(known))
        what = "test" if finding.value is not None else "test or criterion"
        yield f"the plan has no such {what}; {did_you_mean(finding.test, names)}"
    elif finding.not_done is not None:
        given = (finding.value, finding.unit, finding.answer, finding.lower, finding.upper)
        if finding.below or any(said is not None for said in given):
            yield "it was not done, and has a result: give one of them"
    elif test is not None and test.kind == "number":
        yield from _of_number(test, finding)
    elif test is not None:
        yield from _of_answer(finding, test.choices if test.kind == "choice" else ANSWERS)
    elif criterion is not None and not _is_question(criterion):
        asked = [criterion.test] if criterion.test else [*criterion.all_of, *criterion.any_of]
        yield f"it is judged by {', '.join(asked)}, and not answered itself; record that instead"
    else:
        yield from _of_answer(finding, ANSWERS)


def _is_question(criterion: Criterion) -> bool:
    return not (criterion.test or criterion.all_of or criterion.any_of)


def _of_answer(finding: Finding, known: Sequence[str]) -> Iterator[str]:
    numbers = (finding.value, finding.unit, finding.lower, finding.upper)
    if finding.below or any(said is not None for said in numbers):
        yield f"it is answered by one of {', '.join(known)}, not by a number"
    elif finding.answer is None:
        yield f"the answer is missing: one of {', '.join(known)}"
    elif finding.answer not in known:
        yield f"that is not an answer; {did_you_mean(finding.answer, known)}"


def _of_number(test: PlannedTest, finding: Finding) -> Iterator[str]:
    from escalation.plan.conversions import find_unit_fault  # noqa: PLC0415  # with a plan only

    numbers = {"the value": finding.value, "lower": finding.lower, "upper": finding.upper}
    wild = [name for name, n in numbers.items() if n is not None and not math.isfinite(n)]
    if finding.answer is not None and finding.answer.startswith(">"):
        yield "a result above a limit is not taken; give it as diluted, or as not done: WHY"
    elif finding.answer is not None:
        yield f"it is a number in {test.unit or 'no unit'}, not an answer"
    if wild:
        yield f"{' and '.join(wild)} must be a finite number"
        return
    if finding.value is None:
        if not finding.below and finding.answer is None:
            yield "the value is missing; say why it was not done, or that it is below the limit"
    elif finding.below and finding.value <= 0:
        yield "the limit that it is below must be above 0"
    if finding.lower is not None and finding.upper is not None and finding.lower > finding.upper:
        yield (
            f"the limits of normal are turned round: {say_number(finding.lower)} to "
            f"{say_number(finding.upper)}"
        )
    with_number = any(number is not None for number in numbers.values())
    fault = find_unit_fault(finding.unit, test.unit, test.substance)
    if fault is not None and (with_number or finding.unit is not None):
        yield fault
        return
    value = in_plan_unit(test, finding).value
    if value is not None:
        yield from _of_size(test, finding, value)


def _of_size(test: PlannedTest, finding: Finding, value: float) -> Iterator[str]:
    """Yield where a number, in the plan's unit, is none that anybody has."""
    shown = "it " if finding.unit == test.unit else f"{say_number(value)} {test.unit} "
    if test.least is not None and is_above(test.least, value):
        yield f"{shown}is below {say_number(test.least)} {test.unit}, which is impossible"
    if test.greatest is not None and is_above(value, test.greatest):
        yield f"{shown}is above {say_number(test.greatest)} {test.unit}, which is impossible"


def _of_texts(finding: Finding) -> Iterator[str]:
    check = Refusal("")
    check.check_line("unit", finding.unit, 40)
    check.check_line("reason why it was not done", finding.not_done)
    check.check_line("name of who says so", finding.by, 100)
    check.check_line("note", finding.note)
    yield from (reason.removesuffix(".") for reason in check.reasons)


def faults_of_day(finding: Finding, on: date, dosed: date | None) -> Iterator[str]:
    """Yield where the days since the infusion and the dates do not agree, within a day."""
    if finding.day is None:
        return
    on = finding.on or on
    if not math.isfinite(finding.day):
        yield "day must be a finite number"
    elif dosed is None:
        yield f"day {say_number(finding.day)} is counted from the infusion, and there was none"
    elif abs(finding.day - (on - dosed).days) >= 1:
        yield (
            f"day {say_number(finding.day)} is not {on}, which is day {(on - dosed).days} after "
            f"the infusion of {dosed}"
        )


def _check_places(
    refusal: Refusal, event: FindingsRecorded, chart: Chart, dosed: date | None
) -> None:
    """Refuse results that are given twice, or stand where others do and do not say why."""
    seen: set[Place] = set()
    standing = {
        place_of(result.finding, result.on, result.visit): result
        for result in count_results(chart, dosed, *{finding.test for finding in event.findings})
    }
    for finding in event.findings:
        place = place_of(finding, event.on, event.visit)
        at = "" if place.visit is None else f" at {place.visit}"
        if place in seen:
            refusal.add(f"{_named(finding)}: {finding.test} of {place.on}{at} is given twice.")
        seen.add(place)
        before = standing.get(place)
        if before is None or event.reason is not None:
            continue
        if replace(before.finding, on=None) == replace(finding, on=None):
            refusal.add(f"{_named(finding)}: entry {before.seq} says so for {place.on}{at}.")
        else:
            refusal.add(
                f"{_named(finding)}: entry {before.seq} says {_named(before.finding)} for "
                f"{place.on}{at}; give the reason why this takes its place."
            )
