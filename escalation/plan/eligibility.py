"""Who may enter: the criteria of a plan, judged by what is known of somebody on a day.

What is not known never passes. Answers are yes, no or unknown, and are joined as Kleene's logic
has it: one "no" settles an "and", one "yes" an "or", whatever else is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import inf, isfinite
from typing import Literal, TypeAlias, TypeVar

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.plan.conversions import convert
from escalation.plan.creatinine import cockcroft_gault
from escalation.plan.kleene import all_hold, compare, negate, some_hold
from escalation.plan.plan import Plan
from escalation.plan.tables import DEEPEST, Criterion, PlannedTest
from escalation.text import as_compared, count, join_words

__all__ = ["Answer", "Eligibility", "Item", "Status", "Verdict", "judge"]

Verdict = Literal["eligible", "not eligible", "incomplete"]
Status = Literal["met", "not met", "unknown", "not asked", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One result of a test, or the answer to a criterion.

    Attributes
    ----------
    value, unit : float and str, or None
        As reported.
    answer : str or None
        ``yes``, ``no`` or ``unknown``, or one of a test's choices.
    below : bool
        Below the limit of quantification, which ``value`` is where it is known.
    lower, upper : float or None
        The laboratory's limits of normal, in the same unit.
    on : date or None
    by : str or None
        Who says so.
    """

    value: float | None = None
    unit: str | None = None
    answer: str | None = None
    below: bool = False
    lower: float | None = None
    upper: float | None = None
    on: date | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """How one criterion stands.

    Attributes
    ----------
    criterion : Criterion
    status : str
        Of eligibility: an exclusion that holds is ``not met``. Of a part it says whether the part
        holds.
    why : str
        With value, limit and day.
    settle : str or None
        What would settle what is unknown.
    parts : tuple of Item
    """

    criterion: Criterion
    status: Status
    why: str
    settle: str | None = None
    parts: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether somebody may enter, criterion by criterion."""

    verdict: Verdict
    items: tuple[Item, ...]

    def of(self, status: Status) -> tuple[Item, ...]:
        """Return the items of one status."""
        return tuple(item for item in self.items if item.status == status)


def judge(
    plan: Plan,
    answers: Mapping[str, Sequence[Answer]],
    *,
    disease: str | None,
    sex: str | None,
    on: date,
    waived: Collection[str] = (),
) -> Eligibility:
    """Judge whether somebody may enter, by what was known on a day.

    Parameters
    ----------
    plan : Plan
    answers : mapping
        By a test's name or a criterion's id, oldest first. Those of later days are left out.
    disease : str or None
        As the plan names it.
    sex : str or None
        ``female`` or ``male``; anything else is not known.
    on : date
        The day of enrolment, from which the age of a result is counted back.
    waived : collection of str
        Ids of criteria for which a waiver is recorded: it excuses what does not meet one that
        permits it, and never what is not known.

    Returns
    -------
    Eligibility
        With an item for every inclusion and exclusion, in the plan's order.
    """
    judged = _Judge(plan, answers, disease, sex, on)
    items = tuple(
        _item(criterion, judged, waived) for criterion in plan.criteria if criterion.kind != "part"
    )
    statuses = {item.status for item in items}
    verdict: Verdict = "eligible"
    if "not met" in statuses:
        verdict = "not eligible"
    elif "unknown" in statuses:
        verdict = "incomplete"
    return Eligibility(verdict=verdict, items=items)


def _item(criterion: Criterion, judged: _Judge, waived: Collection[str]) -> Item:
    """Say of an inclusion or exclusion what its being true or not means for somebody's entry."""
    found = judged.find(criterion)
    passes = found.holds if criterion.kind == "inclusion" else negate(found.holds)
    status: Status = _STATUS[passes]
    why, settle = found.why, found.settle
    if found.asked is False:
        status, why = "not asked", found.asked_why
    elif found.asked is None and passes is not True:
        status = "unknown"
        why = f"{found.asked_why}; {why}"
        settle = (*found.asked_settle, *settle)
    if status == "not met" and criterion.id in waived:
        if criterion.waiver:
            status, why = "waived", f"{why}; waived: {criterion.waiver}"
        else:
            why = f"{why}; the plan permits no waiver"
    return Item(
        criterion=criterion,
        status=status,
        why=why,
        settle=_say_wanted(settle) if status == "unknown" else None,
        parts=found.parts,
    )


_STATUS: Mapping[bool | None, Status] = {True: "met", False: "not met", None: "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Whether something holds, whether it is asked at all, and what is to be said of each."""

    holds: bool | None
    why: str
    settle: tuple[str, ...] = ()
    asked: bool | None = True
    asked_why: str = ""
    asked_settle: tuple[str, ...] = ()
    parts: tuple[Item, ...] = ()
    decided_by: tuple[tuple[str, str], ...] = ()  # of its parts that have none: the id, and why


_Asked: TypeAlias = tuple[bool | None, str, tuple[str, ...]]  # whether, why, what would tell


class _Judge:
    """What is known of one person on one day; each criterion is judged once."""

    def __init__(
        self,
        plan: Plan,
        answers: Mapping[str, Sequence[Answer]],
        disease: str | None,
        sex: str | None,
        on: date,
    ) -> None:
        self.plan = plan
        self.disease = disease
        self.sex = sex if sex in ("female", "male") else None
        self.on = on
        self.answers = {
            name: tuple(a for a in given if _says_something(a) and (a.on is None or a.on <= on))
            for name, given in answers.items()
        }
        self._found: dict[str, _Found] = {}
        self._depth = 0

    def find(self, criterion: Criterion) -> _Found:
        if criterion.id not in self._found:
            # what a plan's file is refused for, and an entry may have: it must not pass, or fail us
            self._found[criterion.id] = _unknown("its parts never end", criterion.id)
            if self._depth <= DEEPEST:
                self._depth += 1
                self._found[criterion.id] = self._judge(criterion)
                self._depth -= 1
        return self._found[criterion.id]

    def find_named(self, name: str) -> _Found:
        """Judge the criterion or the test of yes and no that has a name."""
        criterion = self.plan.find_criterion(name)
        if criterion is None:
            return self._ask(Criterion(id=name, kind="part", text=name), name)
        return self.find(criterion)

    def _judge(self, criterion: Criterion) -> _Found:
        asked, asked_why, asked_settle = self._is_asked(criterion)
        if criterion.all_of or criterion.any_of:
            found = self._join_parts(criterion)
        elif criterion.test is None:
            found = self._ask(criterion, criterion.id)
        else:
            test = self.plan.find_test(criterion.test)
            if test is None:  # a plan's file is refused for it
                found = _unknown(f"the plan has no test {criterion.test}", criterion.test)
            elif test.kind == "number":
                found = self._compare(criterion, test)
            else:
                found = self._ask(criterion, test.name)
        if asked is True:
            return found
        return replace(
            found,
            asked=all_hold((asked, found.asked)),
            asked_why=asked_why,
            asked_settle=asked_settle,
        )

    # ---------------------------------------------------------------- of whom it is asked

    def _is_asked(self, criterion: Criterion) -> _Asked:
        """Say whether it is asked of this person, why, and what would tell."""
        told = [
            *self._asked_of_disease(criterion),
            *self._asked_of_sex(criterion),
            *self._asked_if(criterion),
        ]
        for asked in (False, None):
            said = [(why, settle) for answer, why, settle in told if answer is asked]
            if said:
                return asked, said[0][0], _together(settle for _, settle in said)
        return True, "", ()

    def _asked_of_disease(self, criterion: Criterion) -> Iterable[_Asked]:
        known = {disease.name for disease in self.plan.diseases}
        if not criterion.diseases or known <= set(criterion.diseases):
            return
        if self.disease is None:
            yield None, "the disease is not recorded", ("the disease",)
        elif self.disease not in known:
            yield None, f"the plan has no disease {self.disease}", ("the disease",)
        else:
            labels = [d.label for d in self.plan.diseases if d.name in criterion.diseases]
            asked = self.disease in criterion.diseases
            yield asked, f"asked of those with {join_words(labels, 'or')} only", ()

    def _asked_of_sex(self, criterion: Criterion) -> Iterable[_Asked]:
        if criterion.sex is not None:
            of_whom = f"asked of {'women' if criterion.sex == 'female' else 'men'} only"
            if self.sex is None:
                yield None, f"{of_whom}, and the sex is not recorded", ("the sex",)
            else:
                yield self.sex == criterion.sex, of_whom, ()

    def _asked_if(self, criterion: Criterion) -> Iterable[_Asked]:
        if criterion.only_if is not None:
            found = self.find_named(criterion.only_if)
            holds = all_hold((found.asked, found.holds))
            state = "holds" if holds else "is not known" if holds is None else "does not hold"
            why = f"asked only where {criterion.only_if} holds, which {state}"
            yield holds, why, (*found.settle, *found.asked_settle)

    # ---------------------------------------------------------------- joined by and, or

    def _join_parts(self, criterion: Criterion) -> _Found:
        is_and = bool(criterion.all_of)
        names = criterion.all_of or criterion.any_of
        found = [(name, self.find_named(name)) for name in names]
        parts = tuple(
            _part(self.plan.find_criterion(name) or _question(name), one) for name, one in found
        )
        asked = [(name, one) for name, one in found if one.asked is not False]
        if not asked:
            return _Found(
                holds=None,
                why="none of its parts is asked",
                asked=False,
                asked_why="none of its parts is asked",
                parts=parts,
            )
        # a part that may not be asked counts only where it makes no difference
        counted = [
            (name, one, one.holds if one.asked or one.holds is is_and else None)
            for name, one in asked
        ]
        return _conclude(criterion, counted, parts, is_and)

    # ---------------------------------------------------------------- questions

    def _ask(self, criterion: Criterion, name: str) -> _Found:
        """Judge by the last answer to a question, or the last result of a test of choices."""
        test = self.plan.find_test(name)
        label = test.label if test is not None else ""
        wanted = criterion.answers or ("yes",)
        choices = test.choices if test is not None and test.kind == "choice" else ("yes", "no")
        settle = f"{label} ({join_words(choices, 'or')})" if label else f"{_ANSWER}{name}"
        settle += _how_old(criterion)
        given = self.answers.get(name, ())
        if not given:
            return _unknown(f"{label}: no result" if label else "not answered", settle)
        fresh, why = self._fresh(criterion, given)
        if not fresh:
            return _unknown(f"{label or 'the answer'} {why}", settle)
        last = fresh[-1]
        said = f"{label or 'answered'} {last.answer}{_when(last)}"
        if last.by is not None:
            said += f" by {last.by}"
        answer = as_compared(last.answer or "unknown")
        if answer not in map(as_compared, choices):
            return _unknown(said, settle)
        holds = answer in map(as_compared, wanted)
        if test is not None and test.kind == "choice":
            said += f", {'as' if holds else 'not'} {join_words(wanted, 'or')}"
        return _Found(holds=holds, why=said)

    def _fresh(
        self, criterion: Criterion, given: Sequence[Answer]
    ) -> tuple[tuple[Answer, ...], str]:
        """Return the answers that are not too old, and of the last what is wrong if none is."""
        most = criterion.within_days
        if most is None:
            return tuple(given), ""
        fresh = tuple(a for a in given if a.on is not None and (self.on - a.on).days <= most)
        last = given[-1].on
        if last is None:
            return fresh, f"has no date, and is to be at most {count(most, 'day')} old"
        age = count((self.on - last).days, "day")
        return fresh, f"of {last} is {age} old, and is to be at most {count(most, 'day')} old"

    # ---------------------------------------------------------------- comparisons

    def _compare(self, criterion: Criterion, test: PlannedTest) -> _Found:
        """Judge by the last results, as many as have to meet the limit in a row."""
        settle = f"{test.label}{_in(test.unit)}{_with_limit(criterion)}{_how_old(criterion)}"
        given = [_Result(a, f"{test.label} {_written(a, test)}") for a in self._given(test.name)]
        missing: str | None = None
        if test.calculated is not None:
            made, missing = self._calculate(test)
            if made is not None:
                given = sorted([made, *given], key=lambda r: r.answer.on or date.min)
        if not given:
            why = f"{test.label}: no result"
            if missing is not None:
                return _unknown(f"{why}, and not calculated: {missing}", settle)
            return _unknown(why, settle)
        fresh, why = self._fresh(criterion, [result.answer for result in given])
        results = [result for result in given if result.answer in fresh][-criterion.consecutive :]
        if not results:
            return _unknown(f"{test.label} {why}", settle)
        found = [_compare_one(criterion, test, result, settle) for result in results]
        holds = all_hold(one.holds for one in found)
        lacking = criterion.consecutive - len(results)
        if lacking and holds is not False:
            said = "; ".join(one.why for one in found)
            more = f"{'another' if lacking == 1 else f'{lacking} more'} of {settle}"
            wanted = f"{criterion.consecutive} in a row are needed"
            return _unknown(f"{said}; {wanted}", more)
        deciding = [one for one in found if one.holds is holds]
        return _Found(
            holds=holds,
            why="; ".join(one.why for one in deciding),
            settle=_together(one.settle for one in deciding),
        )

    def _given(self, name: str) -> tuple[Answer, ...]:
        return tuple(a for a in self.answers.get(name, ()) if a.value is not None or a.below)

    def _calculate(self, test: PlannedTest) -> tuple[_Result | None, str]:
        """Calculate a clearance by Cockcroft-Gault, or say what is missing for it."""
        values: dict[str, float] = {}
        missing, said = [], []
        last: Answer | None = None
        for name, unit, substance in (
            ("age", "years", None),
            ("weight", "kg", None),
            ("creatinine", "umol/L", "creatinine"),
        ):
            results = [a for a in self._given(name) if not a.below]
            source = self.plan.find_test(name)
            if not results or source is None:
                missing.append(name)
                continue
            last = results[-1]
            try:
                values[name] = convert(last.value or 0, last.unit, unit, substance)
            except InputError as error:
                missing.append(f"{name} ({error})")
                continue
            said.append(f"{name} {_written(last, source)}")
        if self.sex is None:
            missing.append("sex")
        if missing or last is None:
            return None, f"without {join_words(missing, 'and')}"
        try:
            clearance = cockcroft_gault(
                age=values["age"],
                weight_kg=values["weight"],
                creatinine=values["creatinine"],
                female=self.sex == "female",
                factors=self.plan.creatinine_clearance,
            )
            value = convert(clearance, "mL/min", test.unit)
        except InputError as error:
            return None, str(error)
        how = f"by Cockcroft-Gault ({self.plan.creatinine_clearance}) from {', '.join(said)}"
        answer = Answer(value=value, unit=test.unit, on=last.on)
        return _Result(
            answer, f"{test.label} {value:.4g}{_after(test.unit)}, {how}, {self.sex}"
        ), ""


@dataclass(frozen=True, slots=True)
class _Result:
    """A number, and how it is told."""

    answer: Answer
    said: str


def _compare_one(criterion: Criterion, test: PlannedTest, result: _Result, settle: str) -> _Found:
    """Compare one result with the limit."""
    answer = result.answer
    said = f"{result.said}{_when(answer)}"
    limit, upper = criterion.limit or 0.0, criterion.upper or 0.0
    try:
        value = convert(answer.value or 0.0, answer.unit, test.unit, test.substance)
        if criterion.times is not None:
            normal = answer.upper if criterion.times == "ULN" else answer.lower
            if normal is None or not 0 < normal < inf:
                which = _NORMAL[criterion.times]
                return _unknown(f"{said} has no {which}", f"the {which} of {test.label}")
            normal = convert(normal, answer.unit, test.unit, test.substance)
            shown = f"{limit:.10g} x {criterion.times} ({limit * normal:.10g})"
            limit, upper = limit * normal, upper * normal
        else:
            shown = f"{limit:.10g}"
    except InputError as error:
        return _unknown(f"{test.label} {error}", settle)
    if not isfinite(value):
        return _unknown(f"{said}: not a number to compare", settle)
    if criterion.comparator == "between":
        shown = f"{limit:.10g} to {upper:.10g}"
    if answer.below and answer.value is None:
        return _unknown(f"{said}: its limit of quantification is not known", settle)
    holds = compare(criterion.comparator or ">=", value, limit, upper=upper, below=answer.below)
    words = _WORDS[criterion.comparator or ">="]
    if holds is None:
        return _unknown(f"{said}: not known whether it {words[True]} {shown}", settle)
    return _Found(holds=holds, why=f"{said} {words[holds]} {shown}")


_WORDS: Mapping[str, Mapping[bool, str]] = {
    ">=": {True: "is at least", False: "is below"},
    ">": {True: "is above", False: "is not above"},
    "<": {True: "is below", False: "is not below"},
    "<=": {True: "is at most", False: "is above"},
    "between": {True: "is in", False: "is not in"},
}


# ------------------------------------------------------------------------------ joined


def _conclude(
    criterion: Criterion,
    counted: Sequence[tuple[str, _Found, bool | None]],
    parts: tuple[Item, ...],
    is_and: bool,
) -> _Found:
    """Join what holds of the parts, and say those that decide."""
    truths = [holds for _, _, holds in counted]
    holds = all_hold(truths) if is_and else some_hold(truths, criterion.at_least)
    deciding = [(name, one) for name, one, counts in counted if counts is holds] or [
        (name, one) for name, one, _ in counted
    ]
    leaves = _together(one.decided_by or ((name, one.why),) for name, one in deciding)
    wanted = _together((*one.asked_settle, *one.settle) for _, one in deciding)
    certain = any(one.asked for _, one, _ in counted)
    return _Found(
        holds=holds,
        why=_say_leaves(leaves),
        settle=wanted if holds is None else (),
        asked=True if certain else None,
        asked_why="" if certain else counted[0][1].asked_why,
        asked_settle=() if certain else counted[0][1].asked_settle,
        parts=parts,
        decided_by=leaves,
    )


def _unknown(why: str, settle: str) -> _Found:
    return _Found(holds=None, why=why, settle=(settle,))


def _part(criterion: Criterion, found: _Found) -> Item:
    if found.asked is False:
        return Item(criterion=criterion, status="not asked", why=found.asked_why)
    status = _STATUS[found.holds if found.asked else None]
    return Item(
        criterion=criterion,
        status=status,
        why="; ".join(filter(None, (found.asked_why, found.why))),
        settle=_say_wanted((*found.asked_settle, *found.settle)) if status == "unknown" else None,
        parts=found.parts,
    )


def _question(name: str) -> Criterion:
    return Criterion(id=name, kind="part", text=name)


# ------------------------------------------------------------------------------ words


def _says_something(answer: Answer) -> bool:
    return answer.value is not None or answer.answer is not None or answer.below


def _written(answer: Answer, test: PlannedTest) -> str:
    """Write a result as reported, and in the plan's unit where that is another number."""
    less = "below " if answer.below else ""
    if answer.value is None:
        return f"{less}the limit of quantification"
    said = f"{less}{answer.value:.10g}{_after(answer.unit)}"
    try:
        value = convert(answer.value, answer.unit, test.unit, test.substance)
    except InputError:
        return said
    same = value == answer.value
    return said if same else f"{said} ({value:.10g}{_after(test.unit)})"


def _when(answer: Answer) -> str:
    return "" if answer.on is None else f" on {answer.on}"


def _after(unit: str | None) -> str:
    return f" {unit}" if unit else ""


def _in(unit: str | None) -> str:
    return f" in {unit}" if unit else ""


_NORMAL = {"ULN": "upper limit of normal", "LLN": "lower limit of normal"}


def _with_limit(criterion: Criterion) -> str:
    return f", with its {_NORMAL[criterion.times]}" if criterion.times else ""


def _how_old(criterion: Criterion) -> str:
    most = criterion.within_days
    return "" if most is None else f", at most {count(most, 'day')} before enrolment"


_T = TypeVar("_T")


def _together(groups: Iterable[Iterable[_T]]) -> tuple[_T, ...]:
    """Return what is in any of the groups, each once."""
    return tuple(dict.fromkeys(one for group in groups for one in group))


def _say_leaves(leaves: Iterable[tuple[str, str]]) -> str:
    """Say of each part why, and once of those of which the same is to be said."""
    names: dict[str, list[str]] = {}
    for name, why in leaves:
        names.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(said)}: {why}" for why, said in names.items())


_ANSWER = "an answer to "


def _say_wanted(wanted: Iterable[str]) -> str | None:
    """Say what is wanted: the answers to questions last, all of them together."""
    said = tuple(dict.fromkeys(wanted))
    questions = [one.removeprefix(_ANSWER) for one in said if one.startswith(_ANSWER)]
    others = [one for one in said if not one.startswith(_ANSWER)]
    if len(questions) > 1:
        others.append(f"answers to {join_words(questions, 'and')}")
    elif questions:
        others.append(f"{_ANSWER}{questions[0]}")
    return "; ".join(others) or None
