"""Who may do what, and by what a subject may be called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date

from escalation.trial.events import Role

__all__ = ["MAY", "VOTING", "lacks_role", "subject_id_fault"]

VOTING = frozenset({Role.CHAIR, Role.MEMBER})

# What a role is delegated for. Overriding the rule and approving are the chair's; whoever
# registered the trial may delegate as well, or nobody could begin.
MAY: dict[str, frozenset[Role]] = {
    "record patients": frozenset({Role.SITE}),
    "record adverse events": frozenset({Role.SITE}),
    "adjudicate": frozenset({Role.ADJUDICATOR, Role.CHAIR}),
    "rule on evaluability": frozenset({Role.ADJUDICATOR, Role.CHAIR}),
    "freeze the data": frozenset({Role.SITE}),
    "open a site": frozenset({Role.CHAIR}),
    "record a decision": VOTING | {Role.STATISTICIAN},
    "override the rule": frozenset({Role.CHAIR}),
    "vote": VOTING,
    "circulate a decision": VOTING | {Role.STATISTICIAN},
    "register a key": frozenset({Role.CHAIR}),
    "keep a timestamp": frozenset(Role),
    "sign as proposed": VOTING | {Role.STATISTICIAN},
    "sign as approved": frozenset({Role.CHAIR}),
    "sign as reviewed": frozenset(Role),
    "hold enrolment": frozenset(Role),
    "resume enrolment": frozenset({Role.CHAIR}),
    "amend the protocol": frozenset({Role.CHAIR}),
    "adopt a plan": frozenset({Role.CHAIR}),
    "close the trial": frozenset({Role.CHAIR}),
    "delegate roles": frozenset({Role.CHAIR}),
}


def lacks_role(person: str, roles: Collection[Role], task: str) -> str | None:
    """Say that someone may not do a task; None if they may."""
    allowed = MAY[task]
    if allowed & set(roles):
        return None
    *others, last = [str(role) for role in Role if role in allowed]
    needed = f"{', '.join(others)} or {last}" if others else last
    has = f"has the role {', '.join(sorted(roles))}" if roles else "has no role in this trial"
    return f'"{person}" {has}; to {task} takes {needed}.'


MAX_ID = 20
_ID = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*", re.ASCII)
_MAX_LETTERS = 4  # in a row: a code of a site or study, not a surname


def subject_id_fault(subject: str) -> str | None:
    """Say what is wrong with a subject's id; None for a pseudonym such as ``TJ-003``.

    Names and dates of birth must not come into the ledger, from which nothing can be erased. So
    an id is capitals and digits in groups, with at most four letters in a row, and nothing in it
    reads as a date.

    Examples
    --------
    >>> subject_id_fault("TJ-003")
    >>> subject_id_fault("SMITH-1")
    'more than 4 letters in a row could be a name'
    >>> subject_id_fault("19800213")
    '19800213 could be a date of birth'
    """
    if not _ID.fullmatch(subject) or len(subject) > MAX_ID:
        return f"it must be capitals and digits in groups joined by -, at most {MAX_ID} characters"
    if not re.search(r"[0-9]", subject):
        return "without a digit it could be a name"
    if re.search(rf"[A-Z]{{{_MAX_LETTERS + 1},}}", subject):
        return f"more than {_MAX_LETTERS} letters in a row could be a name"
    for text in _digit_runs(subject):
        if _may_be_date(text):
            return f"{text} could be a date of birth"
    return None


def _digit_runs(subject: str) -> Iterator[str]:
    """Yield every run of digits, and three groups of digits that a date could be written in."""
    yield from re.findall(r"[0-9]+", subject)
    for found in re.finditer(r"(?<![0-9])(?=([0-9]{1,4}-[0-9]{1,2}-[0-9]{1,4})(?![0-9]))", subject):
        yield found[1]
    months = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
    yield from (
        found[0] for found in re.finditer(rf"[0-9]{{1,2}}-?({months})-?[0-9]{{2,4}}", subject)
    )


_ORDERS = ((0, 1, 2), (2, 1, 0), (2, 0, 1))  # year-month-day, day-month-year, month-day-year
_YEARS = range(1900, 2100)


def _may_be_date(text: str) -> bool:
    if text.isdigit():
        splits = {8: ((2, 2, 4),), 6: ((2, 2, 2),)}.get(len(text), ())
        groups = [_split(text, sizes) for sizes in splits]
        groups += [_split(text[k:], (4, 2, 2)) for k in range(len(text) - 7)]  # also national ids
    elif re.search(r"[A-Z]", text):
        return True
    else:
        groups = [tuple(text.split("-"))]
    return any(_is_date(*(group[k] for k in order)) for group in groups for order in _ORDERS)


def _split(text: str, sizes: tuple[int, ...]) -> tuple[str, ...]:
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple(text[start : start + size] for start, size in zip(starts, sizes, strict=True))


def _is_date(year: str, month: str, day: str) -> bool:
    if len(month) > 2 or len(day) > 2 or len(year) not in (2, 4):
        return False
    full_year = int(year) if len(year) == 4 else 2000 + int(year)
    try:
        date(full_year, int(month), int(day))
    except ValueError:
        return False
    return full_year in _YEARS
