"""The sentences of a protocol with an A+B design: those of the rule, and one for each option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.designs.base import Clause, Design, LevelStatus
from escalation.designs.options import MAX_PATIENTS_WORDS, SAID_ELSEWHERE
from escalation.outcomes import Tally

__all__ = [
    "BELOW",
    "BEYOND",
    "BORDERLINE",
    "COHORT_RANGE",
    "CONSTANTS",
    "MAX_AT_LEVEL",
    "MOST_PATIENTS",
    "THIRD",
    "THIRD_LIMIT",
    "TOP",
    "TWO_OF_SIX",
    "UNTESTED_BELOW",
    "describe_beyond",
    "write_clauses",
]

MAX_AT_LEVEL = 20  # patients; a table of every outcome of more is no longer read


def write_clauses(
    *,
    a: int,
    b: int,
    c: int,
    d: int,
    e: int,
    third: int | None,
    f: int,
    borderline: str,
    max_patients: int | None,
) -> dict[str, Clause]:
    """Write the protocol's sentences for one set of options, named as those of ``APlusB``.

    Without a third stage ``f`` is ``e``.
    """
    first, full = _word(a), _word(a + b)
    toxic_first, toxic_full = d + 1, f + 1 + (borderline == "mtd")
    every = _word(a + b + (third or 0))
    looks = full if third is None else f"{full} or {every}"
    if toxic_first == toxic_full:
        too_toxic = f"With {_word(toxic_first)} or more DLTs a level is too toxic"
    elif toxic_first > a:
        too_toxic = f"With {_word(toxic_full)} or more DLTs among {looks} a level is too toxic"
    else:
        too_toxic = (
            f"With {_word(toxic_first)} or more DLTs among the first {first}, or "
            f"{_word(toxic_full)} or more among {looks}, a level is too toxic"
        )
    too_toxic += " and neither it nor any higher level is given again. "
    few_dlts = f"no DLT among {first}" if c == 1 else f"fewer than {_word(c)} DLTs among {first}"
    in_doubt = f"{_range(c, d)} DLT{'s' * (d > 1)} among {first} patients"
    passing = f"at most {_word(e)} DLT{'s' * (e != 1)} among {full}"
    if third is not None:
        passing += f", or at most {_word(f)} among {every}"
    texts = {
        "start": f"Treat {first} patients at the starting level.",
        "fill": f"A level is first judged on {first} evaluable patients: treat until {first} are "
        "evaluable.",
        "expand": f"With {in_doubt}, treat more at the same level until {full} are evaluable, and "
        "judge it on them.",
        "expand-third": f"With {_range(e + 1, min(f, a + b))} DLTs among {full} patients, treat "
        f"more at the same level until {every} are evaluable, and judge it on them.",
        "escalate-first": f"With {few_dlts}, escalate to the next level.",
        "escalate-expanded": f"With {passing}, escalate to the next level.",
        "confirm-top": f"The highest level is declared the MTD only on {full} patients: with "
        f"{few_dlts} there, treat more until {full} are evaluable.",
        "declare-top": f"With {few_dlts} at the highest level, stop: it is declared the MTD; a "
        "higher dose might be tolerated too.",
        "mtd-top": f"With {passing} at the highest level, stop: it is declared the MTD; a "
        "higher dose might be tolerated too.",
        "confirm-below": too_toxic + "The level below it has been cleared by fewer than "
        f"{full} patients: treat more there until {full} are evaluable.",
        "declare-below": too_toxic + "The level below it has been cleared: stop, that is the MTD.",
        "mtd-below": too_toxic + f"The level below it has {passing}: stop, that is the MTD.",
        "untested-below": too_toxic
        + f"The level below it has never been given: treat {first} patients there.",
        "untested-below-stop": too_toxic
        + "No level below it has been given, and none is opened now: stop, no MTD is declared.",
        "lowest-too-toxic": too_toxic + "It is the lowest level: stop, no level is tolerated and "
        "no MTD is declared.",
        "borderline-mtd": f"With exactly {_word(e + 1)} DLTs among {full} or more, stop: "
        "this level is the MTD.",
        "unfinished-below": "A lower level that was given has not been judged: complete it before "
        "any higher level is given again.",
        "max-patients": "When the next patients would exceed the maximum sample size of "
        f"{max_patients}, stop: the MTD is not determined.",
    }
    if third is None:
        del texts["expand-third"]
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}


def _range(low: int, high: int) -> str:
    """Write the whole numbers from one to another: ``one``, ``one or two``, ``one to three``."""
    if low >= high:
        return _word(low)
    return f"{_word(low)} {'or' if low + 1 == high else 'to'} {_word(high)}"


def _word(n: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if n < len(words) else str(n)


# --- what the rule section of a protocol says of each option; see ``describe_options``


def _below(design: Design, value: Any) -> str:
    first, full = design.stages[:2]
    if value == "expand":
        return f"The level below a too toxic one is declared the MTD only on {full} patients."
    return (
        f"The level below a too toxic one is declared the MTD as soon as {first} patients have "
        "cleared it."
    )


def _top(design: Design, value: Any) -> str:
    first, full = design.stages[:2]
    if value == "expand":
        return f"The highest level is declared the MTD only on {full} patients."
    return f"The highest level is declared the MTD as soon as {first} patients have cleared it."


def _untested_below(design: Design, value: Any) -> str:
    if design.start == 0:
        return ""
    level = "A level that was never given and lies below a too toxic one"
    if value == "treat":
        return f"{level} is given to {design.stages[0]} patients."
    return f"{level} is not opened."


def _borderline(design: Design, value: Any) -> str:
    if len(design.stages) > 2:
        return ""  # a third stage says what they mean
    meaning = "the level is the MTD" if value == "mtd" else "the level is too toxic"
    first, n = _first_not_passing(design)
    return f"{first} DLTs among {n} patients mean that {meaning}."


def _third(design: Design, value: Any) -> str:
    if value is None:
        return ""
    *_, full, every = design.stages
    counts = range(full + 1)
    status = [design.status(Tally(n_evaluable=full, n_dlts=x)) for x in counts]
    in_doubt = " or ".join(str(x) for x in counts if status[x] is LevelStatus.OPEN)
    first, _ = _first_not_passing(design)
    return (
        f"{in_doubt} DLTs among {full} patients leave doubt: {value} more "
        f"are treated, and at most {first - 1} DLTs among {every} pass the level."
    )


def _cohort_range(design: Design, value: Any) -> str:
    if value is None:
        return ""
    return (
        f"A cohort may have {_range(design.stages[0], design.largest_cohort)} evaluable patients; "
        "all patients at the level are judged together, whatever their number."
    )


def describe_beyond(design: Design, value: Any) -> str:
    """Say how a level with more patients than the last stage foresees is judged."""
    first, n = _first_not_passing(design)
    level = f"A level with more than {_word(n)} patients is judged by"
    if value == "count":
        return f"{level} the same numbers of DLTs as one with {_word(n)}."
    if design.status(Tally(n_evaluable=n, n_dlts=first)) is LevelStatus.BORDERLINE:
        limit = f"more than {first}/{n} is too toxic, {first}/{n} makes it the MTD, less is passed"
    else:
        limit = f"{first}/{n} or more is too toxic, less is passed"
    return f"{level} its rate: {limit}."


def _first_not_passing(design: Design) -> tuple[int, int]:
    """Return the fewest DLTs that do not pass a level on its last look, and its patients then."""
    n = design.stages[-1]
    numbers = range(n + 1)
    passing = (design.status(Tally(n_evaluable=n, n_dlts=x)) for x in numbers)
    return next(x for x in numbers if next(passing) is not LevelStatus.CONFIRMED), n


CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    name: {"description": words, "ge": fewest, "le": MAX_AT_LEVEL}
    for name, fewest, words in (
        ("a", 1, "Patients of the first cohort."),
        ("b", 1, "Patients added where the first cohort leaves doubt."),
        ("c", 1, "Fewest DLTs among A that leave doubt; fewer pass the level."),
        ("d", 0, "Most DLTs among A that leave doubt; more are too toxic."),
        ("e", 0, "Most DLTs among A+B that pass the level."),
    )
}
BELOW: Mapping[str, Any] = {
    "description": "A level is too toxic and the first cohort alone has cleared the one below: "
    "expand it to A+B first, or declare it the MTD at once.",
    "sentence": _below,
}
TOP: Mapping[str, Any] = {
    "description": "The first cohort alone has cleared the highest level: expand it to A+B first, "
    "or declare it the MTD at once.",
    "sentence": _top,
}
UNTESTED_BELOW: Mapping[str, Any] = {
    "description": "The level below a too toxic one was never given: treat a first cohort there, "
    "or stop without opening it.",
    "sentence": _untested_below,
}
BORDERLINE: Mapping[str, Any] = {
    "description": "Exactly E+1 DLTs among A+B: the level fails as too toxic, or it is the MTD.",
    "sentence": _borderline,
}
TWO_OF_SIX: Mapping[str, Any] = {
    **BORDERLINE,
    "description": "Exactly 2 DLTs among 6: the level fails as too toxic, or it is the MTD.",
}
THIRD: Mapping[str, Any] = {
    "description": "Patients of a third stage, where A+B leave doubt.",
    "ge": 1,
    "le": MAX_AT_LEVEL,
    "sentence": _third,
    "added_later": True,
}
THIRD_LIMIT: Mapping[str, Any] = {
    "description": "Most DLTs that pass a level with all three stages; E+1 unless given.",
    "ge": 1,
    "le": MAX_AT_LEVEL,
    **SAID_ELSEWHERE,
    "added_later": True,
}
MOST_PATIENTS: Mapping[str, Any] = {
    "description": "Patients in the whole trial, which stops where the next would be more; "
    "no limit unless given.",
    "ge": 1,
    **MAX_PATIENTS_WORDS,
}
COHORT_RANGE: Mapping[str, Any] = {
    "description": "Evaluable patients of a cohort, as a range such as 3-6.",
    "sentence": _cohort_range,
    "added_later": True,
}
BEYOND: Mapping[str, Any] = {
    "description": "Judge a level with more than A+B patients by rate or by count.",
    "sentence": describe_beyond,
    "added_later": True,
}
