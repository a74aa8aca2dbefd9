"""Responses at one assessment, counted: CR, PR, other, not assessed, with exact limits."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from escalation.binomial import LEVEL, clopper_pearson
from escalation.dataclass import dataclass

__all__ = ["Assessment", "Denominator", "ResponseCounts", "Share", "count_responses"]


class Assessment(StrEnum):
    """What is known of a patient at one assessment."""

    CR = "CR"
    PR = "PR"
    OTHER = "other"
    NOT_ASSESSED = "not assessed"
    NOT_DUE = "not due"  # its time has not come: in no denominator


class Denominator(StrEnum):
    """Among whom a proportion is taken."""

    DUE = "due"  # everybody whose assessment was due: who was not assessed has not responded
    ASSESSED = "assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A proportion with its exact two-sided limits; None among nobody.

    Attributes
    ----------
    count, among : int
    proportion, lower, upper : float or None
    """

    count: int
    among: int
    proportion: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCounts:
    """A group at one assessment.

    Attributes
    ----------
    n : dict of Assessment to int
        Patients by what is known of them.
    among : int
        The denominator of every proportion.
    denominator : Denominator
    cr, pr, other, responded : Share
        ``responded`` is CR or PR.
    """

    n: dict[Assessment, int]
    among: int
    denominator: Denominator
    cr: Share
    pr: Share
    other: Share
    responded: Share

    @property
    def n_not_assessed(self) -> int:
        """Patients who were due and not assessed, whatever the denominator."""
        return self.n[Assessment.NOT_ASSESSED]

    @property
    def n_not_due(self) -> int:
        """Patients whose assessment is still to come."""
        return self.n[Assessment.NOT_DUE]


def count_responses(
    assessments: Iterable[Assessment],
    denominator: Denominator = Denominator.DUE,
    level: float = LEVEL,
) -> ResponseCounts:
    """Count a group's responses at one assessment.

    Parameters
    ----------
    assessments : iterable of Assessment
        One a patient.
    denominator : Denominator
        Whether patients who were due and not assessed stay in the denominator.
    level : float
        Of confidence, of the exact limits.

    Examples
    --------
    >>> counts = count_responses([Assessment.CR, Assessment.PR, Assessment.NOT_ASSESSED])
    >>> counts.responded.count, counts.among, counts.n_not_assessed
    (2, 3, 1)
    """
    given = list(assessments)
    n = {kind: given.count(kind) for kind in Assessment}
    among = n[Assessment.CR] + n[Assessment.PR] + n[Assessment.OTHER]
    if denominator is Denominator.DUE:
        among += n[Assessment.NOT_ASSESSED]

    def share(*kinds: Assessment) -> Share:
        found = sum(n[kind] for kind in kinds)
        lower, upper = clopper_pearson(among, found, level) if among else (None, None)
        proportion = found / among if among else None
        return Share(count=found, among=among, proportion=proportion, lower=lower, upper=upper)

    return ResponseCounts(
        n=n,
        among=among,
        denominator=denominator,
        cr=share(Assessment.CR),
        pr=share(Assessment.PR),
        other=share(Assessment.OTHER),
        responded=share(Assessment.CR, Assessment.PR),
    )
