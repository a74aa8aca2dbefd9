"""Random toxicity curves: priors over scenarios, so that no scenario is chosen by hand.

Each function draws ``n_curves`` curves that never fall, as an array of shape (N, L), from the
generator it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from simulations.probabilities import check_target
from simulations.scenarios.arguments import CurveError, dose_faults

__all__ = [
    "CURVES_AT_ONCE",
    "LOG_DOSE_STEP",
    "draw_in_blocks",
    "logistic_normal",
    "paoletti",
    "pseudo_uniform",
]

Floats = NDArray[np.float64]

CURVES_AT_ONCE = 10_000
LOG_DOSE_STEP = float(np.log(2))  # between levels without doses: each doubles the one below


def draw_in_blocks(draw: Callable[[int], Floats], n_curves: int) -> Iterator[Floats]:
    """Draw curves a block at a time, so that memory does not grow with their number.

    Parameters
    ----------
    draw : callable (n_curves) -> float array, shape (n_curves, L)
        From one generator, so that the blocks differ.
    n_curves : int
        In all.
    """
    for first in range(0, n_curves, CURVES_AT_ONCE):
        yield draw(min(CURVES_AT_ONCE, n_curves - first))


def logistic_normal(
    n_curves: int,
    rng: np.random.Generator,
    *,
    target: float,
    n_levels: int,
    doses: Sequence[float] | None = None,
    reference_dose: float | None = None,
    mean: tuple[float, float] | None = None,
    sd: tuple[float, float] = (2.0, 1.0),
    correlation: float = 0.0,
) -> Floats:
    """Draw from the two-parameter logistic model with a bivariate normal prior.

    logit p = a + b log(dose / reference dose), where (a, log b) is normal.

    Parameters
    ----------
    n_curves : int
    rng : numpy.random.Generator
    target : float
        Target P(DLT), by default the median of P(DLT) at the reference dose.
    n_levels : int
    doses : sequence of float, shape (L,), optional
        Without, every level has twice the dose of the one below.
    reference_dose : float, optional
        Where p depends on a alone; the middle of the ladder on a log scale by default.
    mean : (float, float), optional
        Of a and log b; (logit(target), 0) by default.
    sd : (float, float)
        Of a and log b; by default the weakly informative prior of Neuenschwander et al. (2015).
    correlation : float
        Between a and log b.

    Returns
    -------
    float array, shape (N, L)

    Raises
    ------
    InputError
        If an argument is not what it should be.

    References
    ----------
    Neuenschwander B, Branson M, Gsponer T (2008). Critical aspects of the Bayesian approach to
    phase I cancer trials. Statistics in Medicine 27(13):2420-2439.

    Neuenschwander B, Matano A, Tang Z, Roychoudhury S, Wandel S, Bailey S (2015). A Bayesian
    industry approach to phase I combination trials in oncology. In: Zhao W, Yang H (eds.),
    Statistical Methods in Drug Combination Studies, chapter 6. Chapman & Hall/CRC.

    Examples
    --------
    >>> curves = logistic_normal(1000, np.random.default_rng(1), target=0.3, n_levels=3)
    >>> curves.shape, bool((np.diff(curves) >= 0).all())
    ((1000, 3), True)
    """
    from scipy.special import expit, logit  # type: ignore[import-untyped]  # noqa: PLC0415  # slow

    _check(n_curves, target, n_levels)
    if doses is None:
        if reference_dose is not None:
            raise InputError("a reference dose needs the doses of the levels")
        log_dose = LOG_DOSE_STEP * (np.arange(n_levels) - (n_levels - 1) / 2)
    else:
        if faults := dose_faults(doses):
            raise CurveError(faults)
        if len(doses) != n_levels:
            raise InputError(f"{len(doses)} doses for a ladder of {n_levels} levels")
        logs = np.log(np.asarray(doses, dtype=np.float64))
        middle = logs.mean()
        if reference_dose is not None:
            if not 0 < reference_dose < np.inf:
                raise InputError(f"the reference dose must be positive, not {reference_dose}")
            middle = np.log(reference_dose)
        log_dose = logs - middle
    centre = np.array((float(logit(target)), 0.0) if mean is None else mean)
    spread = np.array(sd)
    if centre.shape != (2,) or not np.isfinite(centre).all():
        raise InputError(f"the prior means must be two numbers, of a and log b, not {mean}")
    if spread.shape != (2,) or not ((spread >= 0) & np.isfinite(spread)).all():
        raise InputError(f"the prior SDs must be two numbers from 0 up, of a and log b, not {sd}")
    if not -1 <= correlation <= 1:
        raise InputError(f"the prior correlation must be from -1 to 1, not {correlation}")
    z = rng.standard_normal((n_curves, 2))
    z[:, 1] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]
    a, log_b = (centre + spread * z).T
    with np.errstate(over="ignore"):  # a slope without end is a step
        slopes = np.minimum(np.exp(log_b), np.finfo(np.float64).max)
        logits = a[:, np.newaxis] + slopes[:, np.newaxis] * log_dose
    return np.asarray(expit(logits))


def pseudo_uniform(
    n_curves: int, rng: np.random.Generator, *, target: float, n_levels: int
) -> Floats:
    """Draw by the pseudo-uniform algorithm of Clertant and O'Quigley.

    The correct level j of J, counted from 1, is drawn uniformly; then M ~ Beta(max(J - j, 0.5), 1)
    and the upper bound B = target + (1 - target) M. The curve is J uniform numbers on [0, B] in
    ascending order, given that level j is the correct one.

    The authors draw the J numbers again and again until it is. Here P(DLT) of level j is drawn
    from its distribution given that, and the levels below and above uniformly in the room that
    it leaves, which is the same distribution and ends also where a success is one in millions.
    "Correct" is ``characteristics.correct_level``: unlike the authors' nearest level, the lowest
    is not correct with a P(DLT) above the target.

    Parameters
    ----------
    n_curves : int
    rng : numpy.random.Generator
    target : float
    n_levels : int

    Returns
    -------
    float array, shape (N, L)

    Raises
    ------
    InputError
        If an argument is not what it should be.

    References
    ----------
    Clertant M, O'Quigley J (2017). Semiparametric dose finding methods. Journal of the Royal
    Statistical Society B 79(5):1487-1508.

    Zhou H, Murray TA, Pan H, Yuan Y (2018). Comparative review of novel model-assisted designs
    for phase I clinical trials. Statistics in Medicine 37(14):2208-2222, which gives the steps.

    Examples
    --------
    >>> curves = pseudo_uniform(1000, np.random.default_rng(1), target=0.3, n_levels=3)
    >>> curves.shape, bool((np.diff(curves) >= 0).all())
    ((1000, 3), True)
    """
    _check(n_curves, target, n_levels)
    level = rng.integers(n_levels, size=n_curves)
    n_above = n_levels - 1 - level
    share = rng.beta(np.maximum(n_above, 0.5), 1)
    bound = target + (1 - target) * np.maximum(share, 1e-12)  # above the target, also rounded
    p = _at_correct_level(level, n_above, bound, target, rng)
    # the nearest level leaves no other between itself and its mirror image beyond the target
    mirror = 2 * target - p
    below, above = np.minimum(p, mirror), np.maximum(p, mirror)
    curves = rng.random((n_curves, n_levels))
    room_above = bound - above
    for place in range(n_levels):  # a level at a time takes half as long as all of them
        is_below = place < level
        curves[:, place] *= np.where(is_below, below, room_above)
        curves[:, place] += np.where(is_below, 0.0, above)
    curves[np.arange(n_curves), level] = p
    curves.sort(axis=1)  # those below stay below, those above above
    return curves


def _at_correct_level(
    level: NDArray[np.intp],
    n_above: NDArray[np.intp],
    bound: Floats,
    target: float,
    rng: np.random.Generator,
) -> Floats:
    """Draw P(DLT) of the correct level: its density is the room it leaves to the others.

    The density is largest at the target, so that draws from its support are kept in proportion
    to it; at least about one in twice the number of levels is.
    """
    low = np.where(n_above > 0, np.maximum(2 * target - bound, 0), 0)
    high = np.where(level > 0, np.minimum(2 * target, bound), target)
    p = np.empty(len(level))
    missing = np.arange(len(level))
    # what a draw rests on, of those that are missing; powers of floats need no conversion
    given = [level.astype(np.float64), n_above.astype(np.float64), bound, bound - target]
    given += [low, high - low]
    while len(missing):
        j, k, b, room, lowest, width = given
        drawn = lowest + width * rng.random(len(missing))
        mirror = 2 * target - drawn
        room_below = np.maximum(np.minimum(drawn, mirror), 0) / target
        room_above = np.maximum(b - np.maximum(drawn, mirror), 0) / room
        p[missing] = drawn  # those that are rejected are drawn again
        density = room_below**j * room_above**k
        again = np.flatnonzero(rng.random(len(missing)) >= density)
        missing, given = missing[again], [one[again] for one in given]
    return p


def paoletti(
    n_curves: int,
    rng: np.random.Generator,
    *,
    target: float,
    n_levels: int,
    step_mean: float = 0.55,
    step_sd: float = 0.35,
    sd_at_mtd: float = 0.05,
) -> Floats:
    """Draw by the algorithm of Paoletti, O'Quigley and Maccario.

    With z the normal quantile function: the correct level is drawn uniformly, and its z(p) from
    a normal distribution around z(target). From level to level z(p) then rises by the square of
    a normal number. Next to a correct level on one side of the target, the step starts from its
    mirror image 2 target - p on the other side, so that the correct level stays the nearest.

    As in ``pseudo_uniform``, the lowest level is not correct with a P(DLT) above the target.

    Parameters
    ----------
    n_curves : int
    rng : numpy.random.Generator
    target : float
    n_levels : int
    step_mean, step_sd : float
        Of the numbers squared. 0.35 is the SD of Liu and Yuan, who choose the mean by the
        average gap it leaves around the target.
    sd_at_mtd : float
        Of z(p) at the correct level; 0.05 is Liu and Yuan's. p is kept where it has a mirror image.

    Returns
    -------
    float array, shape (N, L)

    Raises
    ------
    InputError
        If an argument is not what it should be.

    References
    ----------
    Paoletti X, O'Quigley J, Maccario J (2004). Design efficiency in dose finding studies.
    Computational Statistics & Data Analysis 45(2):197-214.

    Liu S, Yuan Y (2015). Bayesian optimal interval designs for phase I clinical trials. Journal
    of the Royal Statistical Society C 64(3):507-523, section 4.1.

    Examples
    --------
    >>> curves = paoletti(1000, np.random.default_rng(1), target=0.3, n_levels=3)
    >>> curves.shape, bool((np.diff(curves) >= 0).all())
    ((1000, 3), True)
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  # slow

    _check(n_curves, target, n_levels)
    if not np.isfinite(step_mean):
        raise InputError(f"the mean of the steps must be a number, not {step_mean}")
    for name, sd in (("steps", step_sd), ("correct level", sd_at_mtd)):
        if not 0 < sd < np.inf:
            raise InputError(f"the SD of the {name} must be positive, not {sd}")
    level = rng.integers(n_levels, size=n_curves)
    z_target = ndtri(target)
    # p with a mirror image within 0 and 1
    p_low = max(0.0, 2 * target - 1)
    p_high = np.where(level > 0, min(1.0, 2 * target), target)
    u_low, u_high = (ndtr((ndtri(p) - z_target) / sd_at_mtd) for p in (p_low, p_high))
    z = z_target + sd_at_mtd * ndtri(u_low + (u_high - u_low) * rng.random(n_curves))
    p = np.minimum(ndtr(z), p_high)
    z_mirror = ndtri(np.clip(2 * target - p, 0, 1))
    steps = rng.normal(step_mean, step_sd, (n_curves, n_levels - 1)) ** 2
    risen = np.hstack([np.zeros((n_curves, 1)), np.cumsum(steps, axis=1)])
    risen -= risen[np.arange(n_curves), level][:, np.newaxis]
    start = np.where(
        np.arange(n_levels) < level[:, np.newaxis],
        np.minimum(z, z_mirror)[:, np.newaxis],
        np.maximum(z, z_mirror)[:, np.newaxis],
    )
    curves = np.asarray(ndtr(start + risen))
    curves[np.arange(n_curves), level] = p
    return curves


def _check(n_curves: int, target: float, n_levels: int) -> None:
    if n_curves < 1:
        raise InputError(f"at least one curve is needed, not {n_curves}")
    if n_levels < 1:
        raise InputError(f"a ladder has at least one level, not {n_levels}")
    check_target(target)
