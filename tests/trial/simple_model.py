"""A simple model of patients and their adverse events, for trials played at random.

Written from what a protocol says, with lists and dictionaries: it judges an event day by day, and
remembers which entries came after which.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from escalation.trial.events import Relation

ALONE, APART, WINDOW = 14, 3, 28  # days, written a second time on purpose
BLOOD = "haematological"
LEAST, GREATEST = Fraction(8, 10), Fraction(12, 10)  # of the planned dose
MEETS, NOT, NOT_YET = "meets", "does not", "not yet"

Patient = dict[str, Any]
Illness = dict[str, Any]


# ---------------------------------------------------------------- adverse events, day by day


def reports(event: Illness) -> list[Illness]:
    """Return what each report says in full: each says what changed since the one before."""
    said: list[Illness] = []
    for report in event["reports"]:
        said.append({**(said[-1] if said else {}), **report})
    return said


def highs(said: list[Illness]) -> list[tuple[int, int]]:
    """Return the days on which it became worse than ever before, with the grades."""
    found: list[tuple[int, int]] = []
    for report in said:
        on = said[-1]["started"] if report is said[0] else report["on"]
        if not found or report["grade"] > found[-1][1]:
            found.append((on, report["grade"]))
    return found


def grade_on(said: list[Illness], on: int) -> int:
    """Return the grade at the end of a day; 0 once it is over, but nobody recovers from death."""
    reached = [r["grade"] for r in said if r is said[0] or r["on"] <= on]
    over = said[-1]["ended"] is not None and said[-1]["ended"] <= on
    return 0 if over and max(reached) < 5 else reached[-1]


def related(report: Illness) -> bool:
    return report["relation"] not in (Relation.UNRELATED, Relation.UNLIKELY)


def definition(patient: Patient, event: Illness, today: int) -> str:
    """Say what the protocol's definition of a DLT says of an event."""
    return judged(patient, reports(event), today)


def judged(patient: Patient, said: list[Illness], today: int) -> str:
    dosed, worst = patient["dosed"], max(report["grade"] for report in said)
    if dosed is None or not any(dosed <= on <= dosed + WINDOW for on, _ in highs(said)):
        return NOT
    if worst == 5 or said[0]["category"] != BLOOD:
        return MEETS if worst == 5 or (worst >= 3 and related(said[-1])) else NOT
    if worst < 4 or not related(said[-1]):
        return NOT
    on = max(dosed + WINDOW, min(on for on, grade in highs(said) if grade >= 4))
    if on > today:
        return NOT_YET if grade_on(said, today) >= 4 else NOT
    return MEETS if grade_on(said, on) >= 4 else NOT


def readings(event: Illness) -> list[list[Illness]]:
    """Return an event as each report judged its relation: no call for a ruling is judged away."""
    said = reports(event)
    relations = {report["relation"] for report in said}
    return [[*said[:-1], said[-1] | {"relation": relation}] for relation in relations]


def severe(patient: Patient, said: list[Illness]) -> bool:
    dosed = patient["dosed"]
    in_window = any(g >= 3 and dosed <= on <= dosed + WINDOW for on, g in highs(said))
    return related(said[-1]) and in_window


def answered(patient: Patient, event: Illness, today: int) -> bool:
    """Tell whether a ruling answers for an event as it is now."""
    if not event["rulings"]:
        return False
    ruling = event["rulings"][-1]
    said = reports(event)
    before = [report for report in said if report["n"] < ruling["n"]]
    worse = any(
        report["grade"] > max(r["grade"] for r in before)
        or (related(report) and not related(before[-1]))
        for report in said
        if report["n"] > ruling["n"]
    )
    known = definition(patient, event, today) != MEETS or ruling["suggested"] == MEETS
    return ruling["dlt"] or (event["corrected"] < ruling["n"] and not worse and known)


def awaits_ruling(patient: Patient, event: Illness, today: int) -> bool:
    if patient["dosed"] is None or answered(patient, event, today):
        return False
    return any(
        judged(patient, said, today) != NOT or severe(patient, said) for said in readings(event)
    )


# ---------------------------------------------------------------- patients


def share(patient: Patient) -> Fraction:
    return sum((part["share"] for part in patient["infused"]), Fraction(0))


def ruling_of(patient: Patient) -> str | None:
    """Return the ruling in force: none if what was infused has changed since."""
    if not patient["rulings"]:
        return None
    n, word = patient["rulings"][-1]
    return word if all(part["n"] < n for part in patient["infused"]) else None


def death(patient: Patient) -> int | None:
    """Return the day of death."""
    return next((e["died"] for e in patient["events"] if e["died"] is not None), None)


def within_limits(patient: Patient) -> bool:
    """Tell whether nothing has to be ruled: the dose is as planned, and the follow-up was lived."""
    in_limits = LEAST <= share(patient) <= GREATEST
    died = death(patient)
    return in_limits and (died is None or died >= patient["dosed"] + WINDOW)


def standing(patient: Patient) -> str:
    said = {letter for _, letter, _, _ in patient["outcomes"]}
    ruled = ruling_of(patient)
    since = patient["rulings"][-1][0] if ruled == "out" else 0
    if patient["dosed"] is None:
        return "withdrawn" if "X" in said else "assigned"
    if any(letter == "T" and n > since for n, letter, _, _ in patient["outcomes"]):
        return "DLT"
    if "X" in said or ruled == "out":
        return "not evaluable"
    if "N" not in said:
        return "pending"
    n = next(n for n, letter, _, _ in patient["outcomes"] if letter == "N")
    died = death(patient)
    early = died is not None and died < patient["dosed"] + WINDOW
    ruled_in = ruled == "in" and (not early or n < patient["rulings"][-1][0])
    return "no DLT" if within_limits(patient) or ruled_in else "evaluability to be ruled"


LETTERS = {"DLT": "T", "not evaluable": "X", "no DLT": "N", "withdrawn": "", "assigned": ""}


def letter(patient: Patient) -> str:
    return LETTERS.get(standing(patient), "?")


def takes_place(patient: Patient) -> bool:
    return standing(patient) not in ("withdrawn", "not evaluable")


def lost_on(patient: Patient) -> int | None:
    if standing(patient) != "not evaluable":
        return None
    days = [on for _, said, on, _ in patient["outcomes"] if said == "X"]
    if ruling_of(patient) == "out":
        days.append(patient["ruled_on"])
    return min(days)


def first_day(dosed: list[Patient]) -> int:
    """Return the day from which one more may be dosed after these."""
    alone = [
        p["dosed"] + ALONE
        for p in dosed
        if (lost := lost_on(p)) is None or lost >= p["dosed"] + ALONE
    ]
    return max(max((p["dosed"] for p in dosed), default=-APART) + APART, min(alone, default=0))
