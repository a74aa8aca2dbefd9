"""Toxicity curves: P(DLT) over dose, each fixed by values that a person knows.

A curve is fixed by P(DLT) at two doses, or at one dose together with how steeply it rises. All
rise with dose; a scenario that does not is written as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from escalation.nearness import is_above, is_same
from simulations.scenarios.arguments import (
    CurveError,
    dose_faults,
    point_faults,
    positive_faults,
    show,
    skeleton_faults,
)

__all__ = ["emax", "logistic", "power", "weibull"]

Points = Sequence[tuple[float, float]]


def logistic(
    doses: Sequence[float], *, p_at: Points, slope: float | None = None
) -> tuple[float, ...]:
    """Evaluate a curve that is logistic in log dose, ``logit p = a + slope * log(dose)``.

    Parameters
    ----------
    doses : sequence of float, shape (n_levels,)
        Doses of the ladder, positive and increasing, in any one unit.
    p_at : sequence of (float, float)
        One or two pairs (dose, P(DLT)) through which the curve passes, in the same unit; the
        doses need not be on the ladder, 0 < P < 1.
    slope : float, optional
        With one pair: how steeply the curve rises. The odds of a DLT grow as dose to this power,
        so that doubling the dose multiplies them by ``2**slope``.

    Returns
    -------
    tuple of float, shape (n_levels,)
        P(DLT) at each dose.

    Raises
    ------
    CurveError
        With everything that is wrong with the arguments.

    References
    ----------
    Neuenschwander B, Branson M, Gsponer T (2008). Critical aspects of the Bayesian approach to
    phase I cancer trials. Statistics in Medicine 27(13):2420-2439.

    Examples
    --------
    Odds of 1/9 at dose 1 that double with every doubling of the dose:

    >>> [round(p, 4) for p in logistic([1, 2, 4], p_at=[(1, 0.1)], slope=1)]
    [0.1, 0.1818, 0.3077]
    """
    _check(doses, p_at, {"slope": slope})
    return _rise(doses, _points(p_at), slope, _logit, _expit)


def weibull(
    doses: Sequence[float], *, p_at: Points, shape: float | None = None
) -> tuple[float, ...]:
    """Evaluate a Weibull curve, ``p = 1 - exp(-(dose / scale)**shape)``.

    Parameters
    ----------
    doses : sequence of float, shape (n_levels,)
        Doses of the ladder, positive and increasing, in any one unit.
    p_at : sequence of (float, float)
        One or two pairs (dose, P(DLT)) through which the curve passes, 0 < P < 1.
    shape : float, optional
        With one pair: how steeply the curve rises. ``-log(1 - p)`` grows as dose to this power;
        with 1 the curve is exponential, the "one-hit" curve.

    Returns
    -------
    tuple of float, shape (n_levels,)
        P(DLT) at each dose.

    Raises
    ------
    CurveError
        With everything that is wrong with the arguments.

    References
    ----------
    Carlborg FW (1981). Dose-response functions in carcinogenesis and the Weibull model. Food and
    Cosmetics Toxicology 19(2):255-263.

    Examples
    --------
    Half escape at dose 1, so a quarter escape at twice that:

    >>> [round(p, 4) for p in weibull([1, 2], p_at=[(1, 0.5)], shape=1)]
    [0.5, 0.75]
    """
    _check(doses, p_at, {"shape": shape})
    return _rise(doses, _points(p_at), shape, _cloglog, _inverse_cloglog)


def emax(
    doses: Sequence[float], *, p_at: Points, pmax: float | None = None, hill: float | None = None
) -> tuple[float, ...]:
    """Evaluate an Emax curve, ``p = pmax * dose**hill / (d50**hill + dose**hill)``.

    With ``pmax=1`` it is the logistic curve in log dose, and ``hill`` its slope.

    Parameters
    ----------
    doses : sequence of float, shape (n_levels,)
        Doses of the ladder, positive and increasing, in any one unit.
    p_at : sequence of (float, float)
        One or two pairs (dose, P(DLT)) through which the curve passes, 0 < P < ``pmax``.
    pmax : float, optional
        The plateau, P(DLT) at very high doses, 0 < ``pmax`` <= 1.
    hill : float, optional
        How steeply the curve rises to it; 1 is the plain Emax curve. With one pair both are
        needed, with two pairs either of them.

    Returns
    -------
    tuple of float, shape (n_levels,)
        P(DLT) at each dose.

    Raises
    ------
    CurveError
        With everything that is wrong with the arguments.

    References
    ----------
    Holford NHG, Sheiner LB (1981). Understanding the dose-effect relationship: clinical
    application of pharmacokinetic-pharmacodynamic models. Clinical Pharmacokinetics 6(6):429-453.

    Examples
    --------
    Half the plateau at dose 2, so two thirds of it at dose 4:

    >>> [round(p, 4) for p in emax([1, 2, 4], p_at=[(2, 0.3)], pmax=0.6, hill=1)]
    [0.2, 0.3, 0.4]
    """
    _check(doses, p_at, {"pmax": pmax, "hill": hill})
    points = _points(p_at)
    if len(points) == 1 and (pmax is None or hill is None):
        raise CurveError(["p_at: with one pair, pmax and hill are both needed"])
    if len(points) > 1 and (pmax is None) == (hill is None):
        raise CurveError(["p_at: with two pairs, either pmax or hill is needed, and not both"])
    highest = points[-1][1]
    if pmax is not None and not (is_above(pmax, highest) and pmax <= 1):
        raise CurveError([f"pmax: above {show(highest)} and at most 1 needed, not {show(pmax)}"])
    plateau = _plateau(points, hill or 1) if pmax is None else float(pmax)
    return _rise(
        doses,
        points,
        hill,
        link=lambda p: math.log(p) - math.log(plateau - p),
        inverse=lambda x: plateau * _expit(x),
    )


def power(
    doses: Sequence[float] | None,
    *,
    skeleton: Sequence[float],
    p_at: Points | None = None,
    theta: float | None = None,
) -> tuple[float, ...]:
    """Evaluate the power curve over a skeleton, ``p[i] = skeleton[i]**theta``.

    It is the "empiric" working model of the continual reassessment method (CRM).

    Parameters
    ----------
    doses : sequence of float, shape (n_levels,), or None
        Doses of the ladder, by which ``p_at`` finds its level; not needed with ``theta``.
    skeleton : sequence of float, shape (n_levels,)
        Prior guess of P(DLT) at each level, increasing, each strictly between 0 and 1.
    p_at : sequence of (float, float)
        One pair (dose, P(DLT)) through which the curve passes; the dose is one of ``doses``.
    theta : float, optional
        The exponent, in place of ``p_at``: with 1 the skeleton itself, below 1 more toxic,
        above 1 less.

    Returns
    -------
    tuple of float, shape (n_levels,)
        P(DLT) at each level.

    Raises
    ------
    CurveError
        With everything that is wrong with the arguments.

    References
    ----------
    O'Quigley J, Pepe M, Fisher L (1990). Continual reassessment method: a practical design for
    phase 1 clinical trials in cancer. Biometrics 46(1):33-48.

    Examples
    --------
    >>> [round(p, 4) for p in power([1, 2, 3], skeleton=[0.1, 0.2, 0.3], p_at=[(2, 0.04)])]
    [0.01, 0.04, 0.09]
    """
    faults = list(skeleton_faults(skeleton))
    if (p_at is None) == (theta is None):
        faults.append("theta: either theta or p_at is needed, and not both")
    faults += positive_faults("theta", theta)
    wrong = [] if doses is None and p_at is None else dose_faults(doses)
    if p_at is not None:
        wrong += point_faults(p_at, most=1)
    faults += wrong
    if faults:
        raise CurveError(faults)
    ladder = [] if doses is None else [float(dose) for dose in doses]
    if ladder and len(ladder) != len(skeleton):
        faults.append(f"skeleton: one value a dose, {len(ladder)} in all, not {len(skeleton)}")
    points = [] if p_at is None else _points(p_at)
    for dose, _ in points:
        if dose not in ladder:
            listed = ", ".join(map(show, ladder))
            faults.append(f"p_at[0]: {show(dose)} is not one of the doses, {listed}")
    if faults:
        raise CurveError(faults)
    for dose, p in points:
        theta = math.log(p) / math.log(skeleton[ladder.index(dose)])
    return tuple(math.exp((theta or 1) * math.log(prior)) for prior in skeleton)


def _rise(
    doses: Sequence[float],
    points: Points,
    slope: float | None,
    link: Callable[[float], float],
    inverse: Callable[[float], float],
) -> tuple[float, ...]:
    """Evaluate ``inverse(a + slope * log(dose))``, anchored at the lower point."""
    (low_dose, low_p), (high_dose, high_p) = points[0], points[-1]
    log_low = math.log(low_dose)
    if slope is None:
        slope = (link(high_p) - link(low_p)) / (math.log(high_dose) - log_low)
    return tuple(inverse(link(low_p) + slope * (math.log(dose) - log_low)) for dose in doses)


def _plateau(points: Points, hill: float) -> float:
    """Solve for pmax: 1/p is linear in dose**-hill, and 1/pmax its intercept."""
    (low_dose, low_p), (high_dose, high_p) = points
    decay = -hill * (math.log(high_dose) - math.log(low_dose))
    # written with exp(decay) <= 1, which cannot overflow
    gap = -math.expm1(decay)
    fall = (1 / low_p - 1 / high_p) * math.exp(decay) / gap if gap else math.inf
    intercept = 1 / high_p - fall
    if not (is_above(intercept, 1) or is_same(intercept, 1)):
        fault = f"hill: {show(hill)} gives no plateau up to 1; give a larger one, or pmax instead"
        raise CurveError([fault])
    return min(max(1 / intercept, high_p), 1)  # rounding must not put it below, or above 1


def _points(p_at: Points) -> list[tuple[float, float]]:
    return sorted((float(dose), float(p)) for dose, p in p_at)


def _check(doses: object, p_at: Points, steepness: dict[str, float | None]) -> None:
    faults = [*dose_faults(doses), *point_faults(p_at)]
    for name, value in steepness.items():
        faults += positive_faults(name, value)
    if not faults and len(steepness) == 1:
        [(name, value)] = steepness.items()
        if len(p_at) == 1 and value is None:
            faults.append(f"p_at: with one pair, {name} is needed too; or give a second pair")
        elif len(p_at) > 1 and value is not None:
            faults.append(f"{name}: two pairs in p_at fix the curve; leave {name} out")
    if faults:
        raise CurveError(faults)


def _logit(p: float) -> float:
    return math.log(p) - math.log1p(-p)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


def _cloglog(p: float) -> float:
    return math.log(-math.log1p(-p))


def _inverse_cloglog(x: float) -> float:
    return -math.expm1(-math.exp(min(x, 700)))
