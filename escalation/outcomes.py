"""What was seen: patients' outcomes, cohorts, tallies, and the notation that writes them down.

The notation is the field's (R packages escalation and trialr read the same): cohorts separated by
spaces, each a level label (see ``labels``) followed by one letter a patient. ``1NNN 2NT?`` is three
patients without a DLT at level 1, then one without, one with and one still pending at level 2.

One letter is our own: ``M``, a patient without a DLT who had a moderate toxicity (grade 2 or more).
Only a design that counts moderate toxicities tells it from ``N``.

After ``?`` may stand for how many days the patient has been followed, ``1NN?14``, and after ``T``
on which day the DLT came, ``1NT@9?14``, both counted from dosing. Only a design that asks for
follow-up looks at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Reversible, Sequence
from enum import StrEnum
from math import isfinite

from escalation.dataclass import dataclass
from escalation.errors import InputError, LadderError, NotationError, printable
from escalation.labels import Label, find_label_fault, read_label

__all__ = [
    "MAX_LETTERS",
    "Cohort",
    "FollowUp",
    "Outcome",
    "Tally",
    "format_outcomes",
    "last_tally",
    "parse_outcomes",
    "tally_cohorts",
    "tally_letters",
]


class Outcome(StrEnum):
    """How one patient stands in the DLT window; the value is the letter of the notation."""

    NO_DLT = "N"
    DLT = "T"
    MODERATE = "M"
    PENDING = "?"
    NOT_EVALUABLE = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What has been seen at one dose level.

    Attributes
    ----------
    n_evaluable : int
        Patients who had a DLT or completed the DLT window without one.
    n_dlts : int
        Those of them with a DLT.
    n_pending : int
        Patients still inside the window without a DLT.
    n_moderate : int
        Evaluable patients without a DLT who had a moderate toxicity.
    """

    n_evaluable: int = 0
    n_dlts: int = 0
    n_pending: int = 0
    n_moderate: int = 0

    def __post_init__(self) -> None:
        for count in (self.n_evaluable, self.n_dlts, self.n_pending, self.n_moderate):
            if type(count) is not int or count < 0:
                raise InputError(f"a tally counts patients in whole numbers from 0, not {count!r}")
        if self.n_dlts > self.n_evaluable:
            raise InputError(
                f"{self.n_dlts} DLTs among {self.n_evaluable} evaluable patients: "
                "a patient with a DLT is evaluable"
            )
        if self.n_moderate > self.n_evaluable - self.n_dlts:
            raise InputError(
                f"{self.n_moderate} patients with a moderate toxicity and no DLT among "
                f"{self.n_evaluable} evaluable ones, {self.n_dlts} of them with a DLT"
            )

    @property
    def n_patients(self) -> int:
        """Patients who count: evaluable and pending. Replaced patients do not."""
        return self.n_evaluable + self.n_pending

    def plus(self, other: Tally) -> Tally:
        """Return what was seen in both."""
        return Tally(
            n_evaluable=self.n_evaluable + other.n_evaluable,
            n_dlts=self.n_dlts + other.n_dlts,
            n_pending=self.n_pending + other.n_pending,
            n_moderate=self.n_moderate + other.n_moderate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """How long a pending patient has been followed, or when a patient had a DLT.

    Attributes
    ----------
    level : int
        0-based level at which the patient was treated.
    days : float
        Since dosing, not beyond the window; of a patient with a DLT, until it came.
    window_days : float
        Days from dosing until the DLT window closes.
    has_dlt : bool
        Whether the patient has had a DLT; a pending one has not.
    """

    level: int
    days: float
    window_days: float
    has_dlt: bool = False

    def __post_init__(self) -> None:
        if type(self.level) is not int or self.level < 0:
            raise InputError(f"follow-up is at a level index from 0, not {self.level!r}")
        if not (_is_number(self.window_days) and self.window_days > 0):
            raise InputError(f"a DLT window has more than 0 days, not {self.window_days!r}")
        if not (_is_number(self.days) and 0 <= self.days <= self.window_days):
            raise InputError(
                f"follow-up is from 0 to the {self.window_days:g} days of the DLT window, not "
                f"{self.days!r}"
            )

    @property
    def share(self) -> float:
        """The share of the window that has been followed."""
        return self.days / self.window_days


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]  # one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Patients enrolled together at one dose level, in order.

    Attributes
    ----------
    label : int or str
        The level's label as people see it: -1, 1, 2, or a word such as 1a.
    outcomes : tuple of Outcome
    days : tuple of (float or None)
        One an outcome, from dosing: how long a pending patient has been followed, or until when
        the DLT came; None where that is not said. Empty where it is said of nobody.
    """

    label: Label
    outcomes: tuple[Outcome, ...]
    days: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.days:
            return
        if len(self.days) != len(self.outcomes):
            raise InputError(f"{len(self.days)} days for {len(self.outcomes)} outcomes")
        for outcome, days in zip(self.outcomes, self.days, strict=True):
            if days is not None and outcome not in _DATED:
                raise InputError(f"days are said of pending patients and DLTs, not of {outcome}")

    @property
    def n_not_evaluable(self) -> int:
        """Patients who neither had a DLT nor completed the window."""
        return self.outcomes.count(Outcome.NOT_EVALUABLE)

    @property
    def tally(self) -> Tally:
        """Return the tally of this cohort alone."""
        return tally_letters({letter: self.outcomes.count(letter) for letter in set(self.outcomes)})

    def __str__(self) -> str:
        if not self.days:
            return f"{self.label}{''.join(self.outcomes)}"
        return f"{self.label}{''.join(map(_write_outcome, self.outcomes, self.days))}"


def _write_outcome(outcome: Outcome, days: float | None) -> str:
    return outcome.value if days is None else f"{outcome}{_DATED[outcome]}{days:.12g}"


MAX_LETTERS = 10_000  # of a notation; a trial has some dozens
_WORD = re.compile(r"[^ \t\r\n]+")  # other white space is not ASCII, or not seen
_NUMBER = re.compile(r"[+-]?[0-9.]*[0-9]", re.ASCII)
_LETTERS = frozenset(Outcome)
_DATED = {Outcome.PENDING: "", Outcome.DLT: "@"}  # with what stands between the letter and its days
_DAYS = r"(?:0|[1-9][0-9]{0,4})(?:\.[0-9]{0,2}[1-9])?"
_ONE = re.compile(rf"\?(?:{_DAYS})?|T(?:@{_DAYS})?|[NMX]", re.ASCII)
_MANY = re.compile(rf"(?:{_ONE.pattern})*", re.ASCII)
_BACKWARDS = re.compile(r"(?:[NTMX?]|[0-9.]+(?:\?|@T))*", re.ASCII)  # a label comes first


def parse_outcomes(text: str) -> tuple[Cohort, ...]:
    """Read outcome notation.

    Parameters
    ----------
    text : str
        For instance ``"1NNN 2NT?"``; empty when nobody has been treated.

    Returns
    -------
    tuple of Cohort

    Raises
    ------
    NotationError
        With the position of the character that could not be read.

    Examples
    --------
    >>> [str(cohort) for cohort in parse_outcomes("1NNN  -1NT?X")]
    ['1NNN', '-1NT?X']
    """
    if not isinstance(text, str):
        raise InputError(f'outcomes are a text such as "1NNN 2NT?", not {text!r}')
    if len(text) > MAX_LETTERS:
        raise NotationError(text, MAX_LETTERS, f"outcomes end after {MAX_LETTERS} characters")
    return tuple(_parse_cohort(text, word.start(), word.end()) for word in _WORD.finditer(text))


def _parse_cohort(text: str, start: int, end: int) -> Cohort:
    word = text[start:end]
    named, letters = _split(word)
    try:
        label = read_label(named)
    except InputError:
        raise _unreadable(text, start, end) from None
    if not letters or not _MANY.fullmatch(letters):
        raise _unreadable(text, start, end)
    if _LETTERS.issuperset(letters):
        return Cohort(label=label, outcomes=tuple(Outcome(letter) for letter in letters))
    patients = _ONE.findall(letters)
    days = tuple([float(one[1:].lstrip("@")) if one[1:] else None for one in patients])
    return Cohort(label=label, outcomes=tuple(Outcome(one[0]) for one in patients), days=days)


def _split(word: str) -> tuple[str, str]:
    """Return the label of a cohort, as written, and the outcomes after it."""
    written = _BACKWARDS.match(word[::-1])
    place = len(word) - (written.end() if written else 0)
    return word[:place], word[place:]


def _unreadable(text: str, start: int, end: int) -> NotationError:
    """Say which character of a word is the first that cannot be read, and what should stand."""
    word = text[start:end]
    number = _NUMBER.match(word)
    if find_label_fault(word) is None and not (number and word[number.end() :].islower()):
        problem = f"level {word} has no outcomes; write one letter a patient, such as 1NNT"
        return NotationError(text, end - 1, problem)
    named, _ = _split(word)
    if number is None and not re.match("[A-Za-z0-9]", named):
        problem = f"{text[start]!a} where a level label such as 1 or -1 should stand"
        return NotationError(text, start, problem)
    fault = find_label_fault(named if number is None else number[0])
    if fault is not None:
        shown = printable(named) if number is None else number[0]
        return NotationError(text, start, f"{shown} {fault}")
    after = 0 if number is None else number.end()
    read = _MANY.match(word, after)
    place = read.end() if read else after
    is_dated = word[place] == "@" or re.search(r"(?:\?|T@)[0-9.]*\Z", word[:place])
    if is_dated and word[place] in "@.+-0123456789":
        problem = (
            "days from dosing are written as ?14 (followed for 14 days) and T@9 (DLT on day 9)"
        )
        return NotationError(text, start + place, f"{word[place]!a} cannot stand here; {problem}")
    return NotationError(
        text,
        start + place,
        f"{word[place]!a} is not an outcome; write N (no DLT), T (DLT), "
        "? (pending), X (not evaluable) or M (moderate toxicity, no DLT), in capitals",
    )


def format_outcomes(cohorts: Iterable[Cohort]) -> str:
    """Write cohorts in the notation that ``parse_outcomes`` reads.

    Parameters
    ----------
    cohorts : iterable of Cohort

    Returns
    -------
    str

    Examples
    --------
    >>> format_outcomes(parse_outcomes("1NNN  2NT?"))
    '1NNN 2NT?'
    """
    return " ".join(str(cohort) for cohort in cohorts)


def tally_cohorts(cohorts: Iterable[Cohort], labels: Sequence[Label]) -> tuple[Tally, ...]:
    """Add cohorts up by dose level.

    Parameters
    ----------
    cohorts : iterable of Cohort
    labels : sequence of int or str
        The ladder's labels, lowest level first.

    Returns
    -------
    tuple of Tally
        One a level, lowest first; the order of the cohorts leaves no trace.

    Raises
    ------
    LadderError
        For a cohort at a level that is not on the ladder.
    """
    index = {label: level for level, label in enumerate(labels)}
    sums = [Tally()] * len(labels)
    for cohort in cohorts:
        if cohort.label not in index:
            raise LadderError(cohort.label, labels)
        level = index[cohort.label]
        sums[level] = sums[level].plus(cohort.tally)
    return tuple(sums)


def tally_letters(n: Mapping[Outcome, int]) -> Tally:
    """Return the tally of so many patients with each letter."""
    n_dlts, n_moderate = n.get(Outcome.DLT, 0), n.get(Outcome.MODERATE, 0)
    return Tally(
        n_evaluable=n.get(Outcome.NO_DLT, 0) + n_moderate + n_dlts,
        n_dlts=n_dlts,
        n_pending=n.get(Outcome.PENDING, 0),
        n_moderate=n_moderate,
    )


def last_tally(cohorts: Reversible[Cohort]) -> Tally:
    """Return the last cohort with patients who count, at the level of the very last one.

    Empty where there is none: who was not evaluable leaves no trace, except for the level.
    """
    label = None
    for cohort in reversed(cohorts):
        if label not in (None, cohort.label):
            break
        label = cohort.label
        if cohort.tally.n_patients:
            return cohort.tally
    return Tally()
