"""The one-parameter models of the CRM: how P(DLT) at each level follows from one number, beta.

At beta = 0, the centre of its normal prior, P(DLT) is the skeleton; it falls as beta rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from itertools import pairwise
from math import exp, expm1, isfinite, log, log1p, sqrt
from typing import Literal

from escalation.dataclass import dataclass
from escalation.errors import DesignError

__all__ = ["INTERCEPT", "PRIOR_SD", "CrmModel", "Method", "ModelKind", "calibrate_skeleton"]

ModelKind = Literal["empiric", "logistic"]
Method = Literal["bayes", "mle"]
PRIOR_SD = sqrt(1.34)  # the usual choice since O'Quigley & Shen 1996
INTERCEPT = 3.0
LEAST_SD, MOST_SD = 0.05, 10.0
MOST_INTERCEPT = 20.0
HUGE = 700.0  # exp of more is not a number


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmModel:
    """A curve of P(DLT) by level with one parameter, beta, and its prior N(0, ``prior_sd``^2).

    ``empiric``: P(DLT) = skeleton ^ exp(beta). ``logistic``: logit P(DLT) = ``intercept`` +
    exp(beta) x, with the doses x such that P(DLT) is the skeleton at beta = 0.

    Attributes
    ----------
    skeleton : tuple of float
        The prior guess of P(DLT), one a level, strictly increasing.
    kind : {"empiric", "logistic"}
    intercept : float
        Of the logistic model.
    prior_sd : float
    doses : tuple of float
        What exp(beta) is multiplied with, all negative: the log of the skeleton, or its logit
        less the intercept.

    Raises
    ------
    DesignError
        For a skeleton or numbers that make no such curve.

    References
    ----------
    O'Quigley J, Pepe M, Fisher L (1990). Continual reassessment method: a practical design for
    phase 1 clinical trials in cancer. Biometrics 46:33-48.
    Cheung YK (2011). Dose Finding by the Continual Reassessment Method. Chapman & Hall/CRC.

    Examples
    --------
    >>> model = CrmModel(skeleton=(0.05, 0.10, 0.20, 0.33, 0.50))
    >>> [round(p, 3) for p in model.p_dlt(0.51)]
    [0.007, 0.022, 0.069, 0.158, 0.315]
    """

    skeleton: tuple[float, ...]
    kind: ModelKind = "empiric"
    intercept: float = INTERCEPT
    prior_sd: float = PRIOR_SD
    doses: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_kind(self.kind, self.intercept)
        _check_range("prior_sd", self.prior_sd, LEAST_SD, MOST_SD)
        _check_skeleton(self.skeleton)
        if self.kind == "logistic" and not self.skeleton[-1] < self.ceiling:
            raise DesignError(
                f"skeleton must stay below {self.ceiling:.4g}, which P(DLT) cannot exceed with "
                f"intercept {self.intercept:g}; not {self.skeleton[-1]!r}"
            )
        object.__setattr__(self, "doses", tuple(map(self.score, self.skeleton)))

    @property
    def ceiling(self) -> float:
        """What P(DLT) stays below, whatever beta."""
        return _ceiling(self.kind, self.intercept)

    def p_dlt(self, beta: float) -> tuple[float, ...]:
        """Return P(DLT) at each level."""
        return tuple([exp(self.log_terms(dose, beta)[0]) for dose in self.doses])

    def log_terms(self, dose: float, beta: float) -> tuple[float, float]:
        """Return log P(DLT) and log(1 - P(DLT)) at one of ``doses``, to the last digits."""
        score = exp(beta) * dose
        if self.kind == "empiric":
            return score, log(-expm1(score))
        score += self.intercept
        return _log_p_logistic(score), _log_p_logistic(-score)

    def slopes(self, dose: float, beta: float) -> tuple[float, float]:
        """Return how both of ``log_terms`` change with beta."""
        score = exp(beta) * dose
        if self.kind == "empiric":
            return score, -score / expm1(min(-score, HUGE))
        p = 1 / (1 + exp(min(-score - self.intercept, HUGE)))
        q = 1 / (1 + exp(score + self.intercept))
        return score * q, -score * p

    def beta_at(self, level: int, p: float) -> float:
        """Return the beta at which P(DLT) at a level is ``p``, below ``ceiling``."""
        return log(self.score(p) / self.doses[level])

    def beta_between(self, lower: int, upper: int, p: float) -> float:
        """Return the beta at which P(DLT) at two levels is equally near to ``p``."""
        left, right = self.beta_at(lower, p), self.beta_at(upper, p)
        doses = (self.doses[lower], self.doses[upper])
        while left < (middle := (left + right) / 2) < right:
            if sum(exp(self.log_terms(dose, middle)[0]) for dose in doses) > 2 * p:
                left = middle
            else:
                right = middle
        return left

    def score(self, p: float) -> float:
        """Return what exp(beta) times the dose must be for P(DLT) to be ``p``."""
        return _score(p, self.kind, self.intercept)


def calibrate_skeleton(
    *,
    n_levels: int,
    target: float,
    halfwidth: float,
    prior_mtd: int,
    kind: ModelKind = "empiric",
    intercept: float = INTERCEPT,
) -> tuple[float, ...]:
    """Return the skeleton whose indifference interval is ``target`` plus or minus ``halfwidth``.

    Wherever beta lies between two levels, that is where both are equally near to the target,
    P(DLT) is ``target - halfwidth`` at the lower and ``target + halfwidth`` at the upper; and it
    is the target at ``prior_mtd`` before the first patient.

    Parameters
    ----------
    n_levels : int
    target : float
        The P(DLT) sought.
    halfwidth : float
        Of the indifference interval, as a probability.
    prior_mtd : int
        0-based level of the MTD before the first patient.
    kind : {"empiric", "logistic"}
    intercept : float
        Of the logistic model.

    Returns
    -------
    tuple of float
        One a level.

    Raises
    ------
    DesignError
        If the interval leaves what the model can reach, or the ladder is too long for it.

    References
    ----------
    Lee SM, Cheung YK (2009). Model calibration in the continual reassessment method.
    Clin Trials 6(3):227-238.

    Examples
    --------
    >>> skeleton = calibrate_skeleton(n_levels=5, target=0.25, halfwidth=0.05, prior_mtd=2)
    >>> [round(p, 4) for p in skeleton]
    [0.084, 0.1567, 0.25, 0.3545, 0.4603]
    """
    _check_kind(kind, intercept)
    low, high = target - halfwidth, target + halfwidth
    ceiling = _ceiling(kind, intercept)
    if not 0 < low < high < ceiling:
        raise DesignError(
            f"needs 0 < target - halfwidth < target + halfwidth < {ceiling:.4g}, not "
            f"target={target:g} halfwidth={halfwidth:g}"
        )
    if not 0 <= prior_mtd < n_levels:
        raise DesignError(f"the prior MTD {prior_mtd} is outside 0 .. {n_levels - 1}")
    # at one beta the dose of a level leads to ``low``, that of the next to ``high``
    step = _score(high, kind, intercept) / _score(low, kind, intercept)
    centre = _score(target, kind, intercept)
    doses = [centre * step ** (level - prior_mtd) for level in range(n_levels)]
    if kind == "empiric":
        skeleton = tuple(map(exp, doses))
    else:
        skeleton = tuple(exp(_log_p_logistic(intercept + dose)) for dose in doses)
    skeleton = (*skeleton[:prior_mtd], float(target), *skeleton[prior_mtd + 1 :])
    try:
        _check_skeleton(skeleton)
    except DesignError as error:
        raise DesignError(
            f"halfwidth {halfwidth:g} is too wide for {n_levels} levels: {error}"
        ) from error
    return skeleton


def _ceiling(kind: ModelKind, intercept: float) -> float:
    return 1.0 if kind == "empiric" else 1 / (1 + exp(-intercept))


def _score(p: float, kind: ModelKind, intercept: float) -> float:
    return log(p) if kind == "empiric" else _logit(p) - intercept


def _check_kind(kind: str, intercept: float) -> None:
    if kind not in ("empiric", "logistic"):
        raise DesignError(f'model must be "empiric" or "logistic", not {kind!r}')
    _check_range("intercept", intercept, -MOST_INTERCEPT, MOST_INTERCEPT)


def _check_range(option: str, value: float, low: float, high: float) -> None:
    if not (_is_number(value) and low <= value <= high):
        raise DesignError(f"{option} must be from {low:g} to {high:g}, not {value!r}")


def _check_skeleton(skeleton: Sequence[float]) -> None:
    if not skeleton:
        raise DesignError("skeleton is empty; give one number a level")
    for p in skeleton:
        if not (_is_number(p) and 0 < p < 1):
            raise DesignError(f"skeleton must be of numbers between 0 and 1, not {p!r}")
    for p, following in pairwise(skeleton):
        if not p < following:
            raise DesignError(
                f"skeleton must increase from level to level, not {p!r}, {following!r}"
            )


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]  # one of them


def _logit(p: float) -> float:
    return log(p) - log1p(-p)


def _log_p_logistic(score: float) -> float:
    return score - log1p(exp(score)) if score < 0 else -log1p(exp(-score))
