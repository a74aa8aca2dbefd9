"""Yes, no and not known, as Kleene's logic joins them, and results against a limit.

None is what is not known: it never passes, and never fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from escalation.nearness import is_above

__all__ = ["all_hold", "compare", "negate", "some_hold"]


def negate(holds: bool | None) -> bool | None:
    """Tell whether something does not hold."""
    return None if holds is None else not holds


def all_hold(found: Iterable[bool | None]) -> bool | None:
    """Tell whether all hold: one that does not settles it, whatever is not known.

    Examples
    --------
    >>> all_hold([True, None]), all_hold([None, False])
    (None, False)
    """
    seen = set(found)
    return False if False in seen else None if None in seen else True


def some_hold(found: Sequence[bool | None], n: int) -> bool | None:
    """Tell whether at least ``n`` hold.

    Examples
    --------
    >>> [some_hold([True, None, False], n) for n in (1, 2, 3)]
    [True, None, False]
    """
    if found.count(True) >= n:
        return True
    return None if len(found) - found.count(False) >= n else False


def compare(
    comparator: str, value: float, limit: float, *, upper: float = 0.0, below: bool = False
) -> bool | None:
    """Tell whether a result meets a limit; equal is what differs by rounding only.

    Parameters
    ----------
    comparator : str
        ``>=``, ``>``, ``<``, ``<=`` or ``between``, which includes both its limits.
    value, limit, upper : float
        In one unit; ``upper`` is for ``between``.
    below : bool
        Whether the result is somewhere below ``value``, its limit of quantification.

    Examples
    --------
    >>> compare(">=", 60.0, 60.0), compare("<", 5.0, 10.0, below=True)
    (True, True)
    >>> compare("<", 50.0, 10.0, below=True) is None
    True
    """
    match comparator:
        case ">=":
            return _at_least(value, limit, below)
        case ">":
            return _more_than(value, limit, below)
        case "<":
            return negate(_at_least(value, limit, below))
        case "<=":
            return negate(_more_than(value, limit, below))
        case _:
            reached = _at_least(value, limit, below)
            return all_hold((reached, negate(_more_than(value, upper, below))))


def _at_least(value: float, limit: float, below: bool) -> bool | None:
    if below:
        return None if _above(value, limit) else False
    return not _above(limit, value)


def _more_than(value: float, limit: float, below: bool) -> bool | None:
    if below:
        return None if _above(value, limit) else False
    return _above(value, limit)


def _above(value: float, limit: float) -> bool:
    """Tell whether a number is above another by more than rounding, of whatever sign."""
    return is_above(value, limit) if min(value, limit) >= 0 else is_above(-limit, -value)
