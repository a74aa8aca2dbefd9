"""Responses at one assessment, counted, with exact limits; who was not assessed is counted too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from escalation.binomial import LEVEL, clopper_pearson
from escalation.dataclass import dataclass

__all__ = ["NotAssessed", "Responses", "Share", "Unassessed", "count_responses"]


class Unassessed(StrEnum):
    """Why a patient has no response at an assessment."""

    MISSED = "not assessed"
    NOT_DUE = "not due"  # its time has not come: in no denominator


class NotAssessed(StrEnum):
    """What becomes of patients who were due and not assessed."""

    COUNTED = "counted"  # in the denominator: they have not responded
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A proportion with its exact two-sided limits; None among nobody."""

    count: int
    among: int
    proportion: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """A group at one assessment.

    Attributes
    ----------
    shares : mapping of str to Share
        By response.
    responded : Share
        Those who count as responders.
    among : int
        The denominator of every proportion.
    n_not_assessed, n_not_due : int
        Whatever the denominator.
    """

    shares: Mapping[str, Share]
    responded: Share
    among: int
    n_not_assessed: int
    n_not_due: int


def count_responses(
    assessed: Iterable[str | Unassessed],
    *,
    choices: Sequence[str] = ("CR", "PR", "other"),
    responders: Collection[str] = ("CR", "PR"),
    not_assessed: NotAssessed = NotAssessed.COUNTED,
    confidence: float = LEVEL,
) -> Responses:
    """Count a group's responses at one assessment.

    Parameters
    ----------
    assessed : iterable of str or Unassessed
        One a patient: the response, or why there is none.
    choices : sequence of str
        Responses in the order that they are shown in. Others that occur come after them.
    responders : collection of str
        Which of them count as responders.
    not_assessed : NotAssessed
        Whether patients who were due and not assessed stay in the denominator.
    confidence : float
        Of the exact limits.

    Examples
    --------
    >>> responses = count_responses(["CR", "PR", Unassessed.MISSED])
    >>> responses.responded.count, responses.among, responses.n_not_assessed
    (2, 3, 1)
    """
    given = list(assessed)
    found = [one for one in given if not isinstance(one, Unassessed)]
    n_missed = sum(one is Unassessed.MISSED for one in given)
    among = len(found) + n_missed * (not_assessed is NotAssessed.COUNTED)

    def share(n: int) -> Share:
        lower, upper = clopper_pearson(among, n, confidence) if among else (None, None)
        return Share(
            count=n,
            among=among,
            proportion=n / among if among else None,
            lower=lower,
            upper=upper,
        )

    shown = dict.fromkeys([*choices, *found])
    return Responses(
        shares={one: share(found.count(one)) for one in shown},
        responded=share(sum(one in responders for one in found)),
        among=among,
        n_not_assessed=n_missed,
        n_not_due=sum(one is Unassessed.NOT_DUE for one in given),
    )
