"""The posterior of the CRM's one parameter, by quadrature that no recommendation hangs on.

Gauss-Legendre panels, no wider than four times the least standard deviation that so many patients
can leave, over all of beta that so many patients can reach. One panel ends where P(DLT) at the
lowest level is the target, so that the probability of either side is as right as the mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, exp, fsum, log, log1p, pi, sqrt
from typing import Literal

from escalation.designs.crm_model import CrmModel
from escalation.errors import InputError

__all__ = ["CrmFit", "Grid", "fit_crm", "grid_size", "make_grid", "posterior"]

N_NODES = 12  # of a panel
PANEL = 4.0  # its width, in standard deviations
REACH = 8.0  # prior standard deviations beyond where the posterior can have its mode
FEWEST = 16  # patients that a grid is made for; then doubled
FLAT = 40.0  # of beta: beyond it no data tell P(DLT) from 0 or from its ceiling

Method = Literal["bayes", "mle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Nodes of the quadrature, increasing.

    Attributes
    ----------
    betas : tuple of float
    log_weights : tuple of float
        Logarithms of weight times prior density, up to a constant.
    log_p, log_q : tuple of tuple of float
        For each level, log P(DLT) and log(1 - P(DLT)) at the nodes.
    n_below : int
        Nodes below the split.
    """

    betas: tuple[float, ...]
    log_weights: tuple[float, ...]
    log_p: tuple[tuple[float, ...], ...]
    log_q: tuple[tuple[float, ...], ...]
    n_below: int


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
        For data that do not fit each other or the ladder; for maximum likelihood without both a
        patient with a DLT and one without, which has no maximum.

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
        terms = grid.log_p[level] if has_dlt else _log_without(grid, level, weight)
        log_density = [total + n * term for total, term in zip(log_density, terms, strict=True)]
    estimate, variance, _ = _moments(grid, log_density)
    return CrmFit(model=model, estimate=estimate, variance=variance, p_dlt=model.p_dlt(estimate))


def posterior(grid: Grid, n_dlts: Sequence[int], n_without: Sequence[int]) -> tuple[float, float]:
    """Return the posterior mean of beta, and P(beta below the split), from counts by level."""
    log_density: Sequence[float] = grid.log_weights
    for x, y, log_p, log_q in zip(n_dlts, n_without, grid.log_p, grid.log_q, strict=True):
        if x or y:
            log_density = [
                total + x * p + y * q for total, p, q in zip(log_density, log_p, log_q, strict=True)
            ]
    mean, _, below = _moments(grid, log_density)
    return mean, below


def grid_size(n_patients: int) -> int:
    """Return for how many patients to make a grid, so that a few of them serve a whole trial."""
    n = FEWEST
    while n < n_patients:
        n *= 2
    return n


@lru_cache(maxsize=64)
def make_grid(model: CrmModel, split: float, n: int) -> Grid:
    """Make the grid for a posterior after ``n`` patients at most."""
    narrowest = 1 / sqrt(1 / model.prior_sd**2 + n * _sharpest(model))
    lowest, highest = model.doses[0], model.doses[-1]
    prior = 1 / (2 * model.prior_sd**2)
    # the farthest that n patients can draw the mode: a DLT each at the lowest level, or none each
    # at the highest
    first = _peak(lambda b: n * model.log_terms(lowest, b)[0] - prior * b * b, -FLAT, 0.0)
    last = _peak(lambda b: n * model.log_terms(highest, b)[1] - prior * b * b, 0.0, FLAT)
    first -= REACH * model.prior_sd
    last += REACH * model.prior_sd
    inside = min(max(split, first), last)
    edges = [*_panels(first, inside, PANEL * narrowest), *_panels(inside, last, PANEL * narrowest)]
    nodes = [
        (left + width / 2 * (1 + x), log(width / 2 * w))
        for left, width in edges
        for x, w in _legendre(N_NODES)
    ]
    betas = tuple(beta for beta, _ in nodes)
    terms = [[model.log_terms(dose, beta) for beta in betas] for dose in model.doses]
    return Grid(
        betas=betas,
        log_weights=tuple(log_weight - prior * beta * beta for beta, log_weight in nodes),
        log_p=tuple(tuple(p for p, _ in level) for level in terms),
        log_q=tuple(tuple(q for _, q in level) for level in terms),
        n_below=sum(beta < inside for beta in betas),
    )


def _panels(left: float, right: float, most: float) -> list[tuple[float, float]]:
    """Cut an interval into equal panels no wider than ``most``, as (left edge, width)."""
    n = ceil((right - left) / most)
    return [(left + (right - left) * k / n, (right - left) / n) for k in range(n)]


def _sharpest(model: CrmModel) -> float:
    """Return the most Fisher information on beta that one patient can give, at any P(DLT)."""
    most = 0.0
    for k in range(1, 400):
        p = model.ceiling * k / 400
        score = model.score(p)
        if model.kind == "empiric":
            most = max(most, p * score**2 / (1 - p))
        else:
            most = max(most, p * (1 - p) * score**2)
    return most


@lru_cache(maxsize=4)
def _legendre(n: int) -> tuple[tuple[float, float], ...]:
    """Return nodes, increasing, and weights of Gauss-Legendre quadrature on (-1, 1)."""
    found = []
    for k in range(n, 0, -1):
        x = cos(pi * (k - 0.25) / (n + 0.5))
        for _ in range(8):  # Newton, which doubles the digits each time
            before, value = 1.0, x
            for j in range(2, n + 1):
                before, value = value, ((2 * j - 1) * x * value - (j - 1) * before) / j
            slope = n * (x * value - before) / (x * x - 1)
            x -= value / slope
        found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return tuple(found)


def _moments(grid: Grid, log_density: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and variance of beta, and P(beta below the split)."""
    top = max(log_density)
    density = [exp(value - top) for value in log_density]
    total = sum(density)
    mean = sum([d * beta for d, beta in zip(density, grid.betas, strict=True)]) / total
    squares = [d * (beta - mean) ** 2 for d, beta in zip(density, grid.betas, strict=True)]
    return mean, sum(squares) / total, sum(density[: grid.n_below]) / total


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


def _log_without(grid: Grid, level: int, weight: float) -> Sequence[float]:
    if weight == 1:
        return grid.log_q[level]
    return [log1p(-weight * exp(p)) for p in grid.log_p[level]]


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

    estimate = _peak(log_likelihood, -FLAT, FLAT)
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


def _peak(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function with one peak has it, by golden section."""
    ratio = (sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(60):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
    return (low + high) / 2
