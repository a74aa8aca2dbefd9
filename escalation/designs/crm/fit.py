"""Fit the CRM's model to patients, complete or still in their window: Bayes or likelihood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, fsum, isinf, log1p, sqrt

from escalation.dataclass import dataclass
from escalation.designs.crm.grid import grid_size, log_without, make_grid, moments
from escalation.designs.crm.likelihood import maximise_likelihood
from escalation.designs.crm.model import CrmModel, Method
from escalation.errors import InputError

__all__ = ["CrmFit", "fit_crm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmFit:
    """What the data say of beta, and P(DLT) with the estimate plugged in.

    Attributes
    ----------
    model : CrmModel
    estimate : float
        Posterior mean of beta, or its maximum likelihood estimate.
    variance : float
        Posterior variance of beta; for maximum likelihood the inverse of the observed information.
    p_dlt : tuple of float
        P(DLT) at each level at ``estimate``.
    """

    model: CrmModel
    estimate: float
    variance: float
    p_dlt: tuple[float, ...]

    def limits(self, confidence: float = 0.9) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return lower and upper limits of P(DLT) at each level, by the normal approximation.

        Raises
        ------
        InputError
            If ``confidence`` is not between 0 and 1.
        """
        from statistics import NormalDist  # noqa: PLC0415  # it loads much, for limits alone

        if not 0 < confidence < 1:
            raise InputError(f"confidence must be between 0 and 1, not {confidence!r}")
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(self.variance)
        model = self.model
        return model.p_dlt(self.estimate + reach), model.p_dlt(self.estimate - reach)


def fit_crm(
    model: CrmModel,
    levels: Sequence[int],
    dlts: Sequence[bool],
    *,
    weights: Sequence[float] | None = None,
    method: Method = "bayes",
) -> CrmFit:
    """Fit the CRM's model to patients, in any order.

    Parameters
    ----------
    model : CrmModel
    levels : sequence of int
        0-based level of each patient.
    dlts : sequence of bool
        Whether the patient had a DLT.
    weights : sequence of float, optional
        The share of the DLT window that each patient has completed, from 0 to 1, for patients
        still inside it (TITE-CRM); a DLT counts in full, whatever its weight.
    method : {"bayes", "mle"}

    Returns
    -------
    CrmFit

    Raises
    ------
    InputError
        For data that do not fit each other or the ladder; for maximum likelihood where there is
        none, as without both a patient with a DLT and one without.

    References
    ----------
    Cheung YK, Chappell R (2000). Sequential designs for phase I clinical trials with late-onset
    toxicities. Biometrics 56:1177-1182.

    Examples
    --------
    >>> model = CrmModel(skeleton=(0.05, 0.10, 0.20, 0.33, 0.50))
    >>> fit = fit_crm(model, [0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1])
    >>> [round(p, 3) for p in fit.p_dlt]
    [0.113, 0.188, 0.31, 0.447, 0.604]
    """
    counts = _count(model, levels, dlts, weights)
    if method == "mle":
        return _maximise(model, counts)
    if method != "bayes":
        raise InputError(f'method must be "bayes" or "mle", not {method!r}')
    grid = make_grid(model, 0.0, grid_size(len(levels)))
    log_density = list(grid.log_weights)
    for (level, weight, has_dlt), n in counts.items():
        terms = grid.log_p[level] if has_dlt else log_without(grid, level, weight)
        log_density = [total + n * term for total, term in zip(log_density, terms, strict=True)]
    estimate, variance, _ = moments(grid, log_density)
    return CrmFit(model=model, estimate=estimate, variance=variance, p_dlt=model.p_dlt(estimate))


Counts = Counter[tuple[int, float, bool]]


def _count(
    model: CrmModel,
    levels: Sequence[int],
    dlts: Sequence[bool],
    weights: Sequence[float] | None,
) -> Counts:
    """Count patients by level, weight and DLT, so that their order leaves no trace."""
    if weights is None:
        weights = [1.0] * len(levels)
    if not len(levels) == len(dlts) == len(weights):
        raise InputError(
            f"{len(levels)} levels, {len(dlts)} DLTs and {len(weights)} weights; "
            "give one of each a patient"
        )
    n_levels = len(model.skeleton)
    for level in levels:
        if not 0 <= level < n_levels or level != int(level):
            raise InputError(f"level index {level!r} is outside 0 .. {n_levels - 1}")
    for weight in weights:
        if not 0 <= weight <= 1:
            raise InputError(f"a weight is from 0 to 1, not {weight!r}")
    for dlt in dlts:
        if dlt not in (0, 1):
            raise InputError(f"a DLT is true or false, not {dlt!r}")
    return Counter(
        (int(level), 1.0 if dlt else float(weight), bool(dlt))
        for level, dlt, weight in zip(levels, dlts, weights, strict=True)
    )


def _maximise(model: CrmModel, counts: Counts) -> CrmFit:
    """Fit by maximum likelihood."""
    informative = {has_dlt for (_, weight, has_dlt) in counts if weight}
    if len(informative) < 2:
        raise InputError(
            "maximum likelihood needs a patient with a DLT and one without: "
            "the estimate is infinite"
        )

    def log_likelihood(beta: float) -> float:
        return fsum(
            n * _log_term(model, level, weight, has_dlt, beta)
            for (level, weight, has_dlt), n in counts.items()
        )

    estimate = maximise_likelihood(model, counts)
    if isinf(estimate):
        raise InputError(
            "the likelihood has no maximum: it rises as P(DLT) nears what it cannot exceed"
        )
    step = 1e-3
    around = [log_likelihood(estimate + k * step) for k in (-1, 0, 1)]
    curvature = (2 * around[1] - around[0] - around[2]) / step**2
    return CrmFit(
        model=model, estimate=estimate, variance=1 / curvature, p_dlt=model.p_dlt(estimate)
    )


def _log_term(model: CrmModel, level: int, weight: float, has_dlt: bool, beta: float) -> float:
    log_p, log_q = model.log_terms(model.doses[level], beta)
    if has_dlt:
        return log_p
    return log_q if weight == 1 else log1p(-weight * exp(log_p))
