"""The posterior of the CRM's one parameter, by quadrature on which no recommendation depends.

Gauss-Legendre panels, no wider than four times the least standard deviation that so many patients
can leave, over all of beta that so many patients can reach. One panel ends where P(DLT) at the
lowest level is the target, so that the probability of either side is as right as the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, cos, exp, log, log1p, pi, sqrt

from escalation.dataclass import dataclass
from escalation.designs.crm.model import CrmModel

__all__ = ["FLAT", "Grid", "grid_size", "log_without", "make_grid", "moments", "posterior"]

N_NODES = 12  # of a panel
PANEL = 4.0  # its width, in standard deviations
REACH = 8.0  # prior standard deviations beyond where the posterior can have its mode
FEWEST = 16  # patients that a grid is made for; then doubled
FLAT = 40.0  # of beta: beyond it no data tell P(DLT) from 0 or from its ceiling


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


def posterior(
    grid: Grid,
    n_dlts: Sequence[int],
    n_without: Sequence[int],
    pending: Sequence[tuple[int, float]] = (),
) -> tuple[float, float]:
    """Return the posterior mean of beta, and P(beta below the split), from counts by level.

    ``pending`` are level and weight of those who count in part as without a DLT.
    """
    log_density: Sequence[float] = grid.log_weights
    for x, y, log_p, log_q in zip(n_dlts, n_without, grid.log_p, grid.log_q, strict=True):
        if x or y:
            log_density = [
                total + x * p + y * q for total, p, q in zip(log_density, log_p, log_q, strict=True)
            ]
    for level, weight in pending:
        terms = log_without(grid, level, weight)
        log_density = [total + term for total, term in zip(log_density, terms, strict=True)]
    mean, _, below = moments(grid, log_density)
    return mean, below


def log_without(grid: Grid, level: int, weight: float) -> Sequence[float]:
    """Return log(1 - ``weight`` P(DLT)) at the nodes: one without a DLT who counts in part."""
    if weight == 1:
        return grid.log_q[level]
    return [log1p(-weight * exp(p)) for p in grid.log_p[level]]


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
    first = _find_peak(lambda b: n * model.log_terms(lowest, b)[0] - prior * b * b, -FLAT, 0.0)
    last = _find_peak(lambda b: n * model.log_terms(highest, b)[1] - prior * b * b, 0.0, FLAT)
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


def moments(grid: Grid, log_density: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and variance of beta, and P(beta below the split)."""
    top = max(log_density)
    density = [exp(value - top) for value in log_density]
    total = sum(density)
    mean = sum([d * beta for d, beta in zip(density, grid.betas, strict=True)]) / total
    squares = [d * (beta - mean) ** 2 for d, beta in zip(density, grid.betas, strict=True)]
    return mean, sum(squares) / total, sum(density[: grid.n_below]) / total


def _find_peak(function: Callable[[float], float], low: float, high: float) -> float:
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
