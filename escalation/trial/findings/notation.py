"""Results as people type them: ``ALT=130 U/L (7..40) @2026-03-01``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from escalation.errors import InputError, printable
from escalation.trial.events import Finding

__all__ = ["NOTATION", "read_finding", "read_findings"]

NOTATION = "TEST=VALUE UNIT (LOWER..UPPER) @DATE by NAME"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SAID = re.compile(
    rf"(?P<below><)?\s*(?P<value>{_NUMBER})(?=[x×]\s?10|[^\w.,]|$)"
    r"(?:\s*(?P<unit>[^\s(@](?:[^(@]*[^\s(@])?))?",
    re.ASCII,
)
_LIMITS = re.compile(
    rf"\s*\(\s*(?:(?P<lower>{_NUMBER})?\s*\.\.\s*(?P<upper>{_NUMBER})?"
    rf"|(?P<least>{_NUMBER})\s*[-\u2013]\s*(?P<most>{_NUMBER}))\s*\)",
    re.ASCII,
)
_END = re.compile(r"(?:\s*@\s*(?P<on>\S+))?(?:\s+by\s+(?P<by>\S.*))?", re.ASCII)
_NOT_DONE = re.compile(r"not done(?:\s*:\s*(?P<why>.+))?", re.IGNORECASE)


def read_finding(text: str) -> Finding:
    """Read one result, or the answer to a criterion.

    A number has its unit, and may have the laboratory's limits of normal in it; after ``<`` it is
    the limit of quantification that the result is below. Anything else is an answer. The day of the
    sample and who says so may follow.

    Parameters
    ----------
    text : str
        As ``NOTATION``; ``TEST=not done: WHY`` says that there is none.

    Raises
    ------
    InputError

    Examples
    --------
    >>> found = read_finding("ALT=130 U/L (7..40) @2026-03-01")
    >>> found.value, found.unit, found.lower, found.upper, str(found.on)
    (130.0, 'U/L', 7.0, 40.0, '2026-03-01')
    >>> read_finding("I2.5=yes by Dr Li").answer
    'yes'
    >>> read_finding("car_t=<50 copies/ug").below
    True
    """
    test, equals, said = (part.strip() for part in text.partition("="))
    if not (test and equals and said):
        raise InputError(f"{text!a} is not a result; write it as {NOTATION}, or TEST=yes")
    not_done = _NOT_DONE.fullmatch(said)
    if not_done is not None:
        if not_done["why"] is None:
            raise InputError(f"{text!a}: say why, as in {printable(test)}=not done: no sample")
        return Finding(test=test, not_done=not_done["why"])
    number = _SAID.match(said)
    if number is None:
        return _read_answer(text, test, said)
    rest = said[number.end() :]
    limits = _LIMITS.match(rest)
    ended = _END.fullmatch(rest if limits is None else rest[limits.end() :])
    if ended is None or (limits is not None and not any(limits.groups())):
        raise InputError(f"{text!a} cannot be read; write it as {NOTATION}")
    return Finding(
        test=test,
        value=float(number["value"]),
        unit=number["unit"],
        below=number["below"] is not None,
        lower=_limit(limits, "lower", "least"),
        upper=_limit(limits, "upper", "most"),
        on=_day(text, ended["on"]),
        by=ended["by"],
    )


def read_findings(texts: Iterable[str]) -> list[Finding]:
    """Read results as ``read_finding`` does.

    Raises
    ------
    InputError
        With every one that cannot be read.
    """
    found, faults = [], []
    for text in texts:
        try:
            found.append(read_finding(text))
        except InputError as error:
            faults.append(str(error))
    if len(faults) > 1:
        raise InputError("\n  ".join([f"{len(faults)} results cannot be read", *faults]))
    if faults:
        raise InputError(*faults)
    return found


def _limit(found: re.Match[str] | None, *names: str) -> float | None:
    said = [found[name] for name in names if found[name] is not None] if found is not None else []
    return float(said[0]) if said else None


def _read_answer(text: str, test: str, said: str) -> Finding:
    answer = re.fullmatch(rf"(?P<answer>[^@]*?){_END.pattern}", said)
    if answer is None or not answer["answer"]:
        raise InputError(f"{text!a} cannot be read; write it as {NOTATION}, or TEST=yes @DATE")
    if re.match(r"<?\s*[-+]?[\d.,]", said):
        number = printable(said.split(maxsplit=1)[0])
        raise InputError(
            f"{text!a}: {number} is not a number; decimals come after a point: {NOTATION}"
        )
    return Finding(test=test, answer=answer["answer"], on=_day(text, answer["on"]), by=answer["by"])


def _day(text: str, on: str | None) -> date | None:
    if on is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", on, re.ASCII):
            return date.fromisoformat(on)
    except ValueError:
        pass
    raise InputError(f"{text!a}: {printable(on)} is not a day; write it as @2026-01-31")
