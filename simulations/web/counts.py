"""Counts at each level, in place of notation: for whoever has a table before them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wtforms import Field, Form

from escalation.errors import InputError
from simulations.web.options import choice, line

__all__ = ["COUNTS", "Count", "notation_of"]

MOST_PATIENTS = 300  # at a level
_COLUMNS = {"n": "evaluable", "x": "of them with a DLT", "q": "pending"}


class Count(NamedTuple):
    """What was seen at a level: evaluable patients, those of them with a DLT, pending ones."""

    n_evaluable: int
    n_dlts: int
    n_pending: int


class _Counts:
    """The fields of the counts, and what is in them."""

    most_levels = 20

    def fields(self, labels: Sequence[str]) -> dict[str, Field]:
        """Return three places a level, and one for the level where the trial stands."""
        found: dict[str, Field] = {
            f"{column}_{label}": line(f"Level {label}, {said}", is_number=True)
            for label in labels
            for column, said in _COLUMNS.items()
        }
        choices = [("", "the highest with patients"), *((label, label) for label in labels)]
        found["now"] = choice(
            "Level of the last cohort",
            choices,
            "Within a level, DLTs are taken to have come last. That matters to a CRM, which looks "
            "at the last cohort alone too: the notation can be mended in the answer.",
        )
        return found

    def of(self, form: Form) -> list[Field]:
        """Return the fields in a form."""
        return [field for field in form if re.match("[nxq]_|now$", field.name)]

    def read(self, form: Form) -> dict[str, Count]:
        """Return the counts by level, lowest first; nothing where none is filled in.

        Raises
        ------
        InputError
            For what is not a count, or more DLTs than patients.
        """
        labels = [field.name[2:] for field in self.of(form) if field.name.startswith("n_")]
        found = {}
        for label in labels:
            count = Count(*(self._number(form[f"{column}_{label}"]) for column in _COLUMNS))
            if count.n_dlts > count.n_evaluable:
                raise InputError(
                    f"level {label}: {count.n_dlts} with a DLT of {count.n_evaluable} evaluable; "
                    "a patient with a DLT is evaluable"
                )
            if any(count):
                found[label] = count
        if form["now"].data and not found:
            raise InputError("the level of the last cohort is given, and no patients")
        return found

    def _number(self, field: Field) -> int:
        text = field.data or "0"
        if not re.fullmatch("[0-9]{1,3}", text) or int(text) > MOST_PATIENTS:
            raise InputError(
                f"{field.label.text}: a whole number from 0 to {MOST_PATIENTS} is needed"
            )
        return int(text)


COUNTS = _Counts()


def notation_of(counts: Mapping[str, Count], *, now: str, cohort_size: int) -> str:
    """Write counts in notation, in an order in which a trial usually comes to them.

    It climbs by cohorts, then treats the others on its way down to where it stands. Counts do not
    say the order; whoever knows it mends the notation.

    Parameters
    ----------
    counts : mapping of str to Count
        By label, lowest level first.
    now : str
        Label of the level of the last cohort; "" for the highest.
    cohort_size : int
        Patients of the first cohort at a level.

    Examples
    --------
    >>> counts = {"1": Count(6, 1, 0), "2": Count(3, 2, 0)}
    >>> notation_of(counts, now="1", cohort_size=3)
    '1NNN 2NTT 1NNT'
    """
    labels = list(counts)
    now = now or labels[-1]
    if now not in counts:
        raise InputError(f"level {now} is where the trial stands, and has no patients")
    letters = {
        label: "N" * (count.n_evaluable - count.n_dlts) + "T" * count.n_dlts + "?" * count.n_pending
        for label, count in counts.items()
    }
    up: list[str] = []
    down: list[str] = []
    for label in labels:
        cohorts = [
            f"{label}{letters[label][first : first + cohort_size]}"
            for first in range(0, len(letters[label]), cohort_size)
        ]
        # back at a level where there was one cohort, the trial cannot have climbed through it
        n_up = min(1, len(cohorts) - 1) if label == now and now != labels[-1] else len(cohorts)
        up += cohorts[:n_up]
        down += cohorts[n_up:]
    return " ".join([*up, *down])
