"""Whether somebody who is screened may enter, by what is recorded and the plan in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from escalation.errors import did_you_mean
from escalation.plan import Plan
from escalation.text import count, list_briefly
from escalation.trial.chart import Chart
from escalation.trial.events import SubjectLeft, SubjectScreened
from escalation.trial.findings.results import Result, count_results
from escalation.trial.patients.subjects import Fact
from escalation.trial.state import TrialState

if TYPE_CHECKING:  # a trial without a plan does without them
    from escalation.plan.eligibility import Answer, Eligibility, Item

__all__ = [
    "INCOMPLETE",
    "NOT_ELIGIBLE",
    "UNANSWERED",
    "ages_on",
    "answers_of",
    "eligibility_of",
    "flags_of",
    "lacks_eligibility",
    "plan_at",
    "say_item",
    "say_items",
    "say_left",
    "say_not_screened",
    "screening_at",
]


def eligibility_of(
    state: TrialState, subject: str, on: date, *, before: int | None = None
) -> Eligibility:
    """Judge somebody by the findings and waivers of their last screening, as they are known now.

    Parameters
    ----------
    state : TrialState
    subject : str
    on : date
        The day of enrolment: findings of later days are not looked at, and those of earlier ones
        can be too old.
    before : int or None
        An entry, such as an enrolment: the screening, the waivers and the plan are those before it.
        Findings are what their entries say now; of those recorded later, those of earlier days.
    """
    plan, chart = plan_at(state, before), state.chart(subject)
    known = chart.judged.get((on, before))
    if known is None or known[0] is not plan:
        known = plan, _judge(plan, chart, on, before)
        chart.judged[on, before] = known
    found: Eligibility = known[1]
    return found


def _judge(plan: Plan, chart: Chart, on: date, before: int | None) -> Eligibility:
    from escalation.plan.eligibility import Answer, judge  # noqa: PLC0415  # as above

    screening = screening_at(chart, before)
    if screening is None:
        return judge(plan, {}, disease=None, sex=None, on=on)
    waived = [
        name
        for fact in chart.during(screening).waivers
        if before is None or fact.seq < before
        if fact.event.on <= on  # what is waived afterwards was not then
        for name in fact.event.criteria
    ]
    sex = screening.event.sex
    answers = answers_of(chart, screening, on, before=before)

    def judged(age: int | None) -> Eligibility:
        known = {} if age is None else {AGE: (Answer(value=age, unit="years"),)}
        return judge(
            plan,
            {**known, **answers},
            disease=screening.event.disease,
            sex=None if sex is None else str(sex),
            on=on,
            waived=tuple(waived),
        )

    ages = ages_on(screening.event.born, on) if plan.find_test(AGE) else ()
    found = [judged(age) for age in ages]
    if found and all(_statuses(one) == _statuses(found[0]) for one in found):
        return found[0]
    return judged(None)


AGE = "age"  # a test that need not be answered: it is known by the birth, as far as that goes


def ages_on(born: str | None, on: date) -> tuple[int, ...]:
    """Return the ages, in years, that somebody may have by a year or a month of birth."""
    if born is None:
        return ()
    year, _, month = born.partition("-")
    most = on.year - int(year)
    if not month or int(month) == on.month:
        return most - 1, most
    return (most if int(month) < on.month else most - 1,)


def _statuses(eligibility: Eligibility) -> list[str]:
    return [item.status for item in eligibility.items]


def plan_at(state: TrialState, before: int | None = None) -> Plan:
    """Return the plan in force, now or before an entry; an empty one where there was none."""
    plans = [plan for entry, plan in state.plans if before is None or entry.seq < before]
    return plans[-1] if plans else Plan(name="none")


def screening_at(chart: Chart, before: int | None = None) -> Fact[SubjectScreened] | None:
    """Return the screening that counted before an entry, or counts now."""
    known = [fact for fact in chart.screenings if before is None or fact.seq < before]
    return known[-1] if known else None


def answers_of(
    chart: Chart, screening: Fact[SubjectScreened], on: date, *, before: int | None = None
) -> dict[str, Sequence[Answer]]:
    """Return the results of a screening up to a day, by test, the oldest first.

    Somebody who is screened again begins without a result. What is recorded only after the entry
    ``before`` counts where it is of an earlier day.
    """
    answers: dict[str, list[Answer]] = {}
    for result in count_results(chart.during(screening), None):
        in_time = result.on <= on and (before is None or result.seq < before or result.on < on)
        if in_time and result.finding.not_done is None:
            answers.setdefault(result.test, []).append(_answer(result))
    return dict(answers)


def _answer(result: Result) -> Answer:
    from escalation.plan.eligibility import Answer  # noqa: PLC0415  # as above

    said = result.finding
    return Answer(
        value=said.value,
        unit=said.unit,
        answer=said.answer,
        below=said.below,
        lower=said.lower,
        upper=said.upper,
        on=result.on,
        by=result.by,
    )


def lacks_eligibility(
    state: TrialState, subject: str, on: date, *, before: int | None = None
) -> list[str]:
    """Say why somebody may not be enrolled on a day, as far as the plan's criteria go.

    Where no plan with criteria is in force, all that stands in the way is that the screening of
    somebody has ended otherwise.
    """
    chart = state.chart(subject)
    screening = screening_at(chart, before)
    if not plan_at(state, before).criteria:
        return [] if screening is None else _said_since(state, chart, screening, before)
    if screening is None:
        return [f"{subject} has not been screened (trial screen {subject})."]
    if on < screening.event.on:
        return [f"{subject} was screened on {screening.event.on} (entry {screening.seq})."]
    found = _said_since(state, chart, screening, before)
    eligibility = eligibility_of(state, subject, on, before=before)
    if eligibility.verdict == NOT_ELIGIBLE:
        found.append(f"{subject} is not eligible: {say_items(eligibility.of('not met'))}.")
    elif eligibility.verdict == INCOMPLETE:
        unknown = say_items(eligibility.of("unknown"))
        found.append(f"Whether {subject} is eligible is not known: {unknown}.")
    return found


NOT_ELIGIBLE, INCOMPLETE = "not eligible", "incomplete"
UNANSWERED = "not answered"  # why a question is unknown that nobody has answered
_MOST = 6  # items that a sentence tells about


def say_items(items: Sequence[Item]) -> str:
    """Say how it stands with criteria in short; of questions not answered, which they are."""
    told = [item for item in items if item.why != UNANSWERED]
    said = [say_item(item) for item in told[:_MOST]]
    if len(told) > _MOST:
        said.append(f"and {count(len(told) - _MOST, 'more item')}")
    unanswered = [item.criterion.id for item in items if item.why == UNANSWERED]
    if unanswered:
        said.append(f"{UNANSWERED}: {list_briefly(unanswered)}")
    return "; ".join(said)


def _said_since(
    state: TrialState, chart: Chart, screening: Fact[SubjectScreened], before: int | None
) -> list[str]:
    """Say that a screening has ended otherwise: failed, or by who left."""
    found = [
        f"{chart.subject} failed screening on {event.on} (entry {entry.seq}), and has not been "
        "screened since."
        for entry, event in state.not_enrolled
        if state.current_id(event.subject) == chart.subject
        and entry.seq > screening.seq
        and (before is None or entry.seq < before)
    ]
    found += [
        say_left(chart.subject, fact)
        for fact in chart.leavings
        if fact.seq > screening.seq and (before is None or fact.seq < before)
    ]
    return found[-1:]


def say_left(subject: str, left: Fact[SubjectLeft]) -> str:
    """Say when and why somebody left the study."""
    return f"{subject} left the study on {left.event.on} (entry {left.seq}): {left.event.why}."


def say_item(item: Item) -> str:
    """Say how it stands with a criterion, and what would settle it where that is not known."""
    settle = "" if item.settle is None else f" (to settle it: {item.settle})"
    return f"{item.criterion.id} {item.why}{settle}"


def say_not_screened(state: TrialState, subject: str) -> str:
    """Say that somebody was not screened, and who is meant perhaps."""
    known = [name for name, chart in state.charts.items() if chart.screenings]
    hint = did_you_mean(subject, known) if known else "nobody has been yet"
    return f"{subject} has not been screened; {hint}."


def flags_of(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Return the gaps of the source that bite where an item decides: its id, and the flag."""
    found = [
        (item.criterion.id, flag)
        for item in items
        if item.status in ("not met", "unknown")
        for deeper in _with_parts(item)
        for flag in deeper.criterion.flags
    ]
    return list(dict.fromkeys(found))


def _with_parts(item: Item) -> Iterator[Item]:
    yield item
    for part in item.parts:
        if part.status != "not asked":
            yield from _with_parts(part)
