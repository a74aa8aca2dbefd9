"""The CRM against quadrature by numpy, derivatives by differences and its prose written plainly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from math import erf, inf, log, sqrt
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from scipy.stats import norm

from escalation.designs import Crm, Decision, make_design
from escalation.designs.base import LevelStatus
from escalation.designs.crm import design as module
from escalation.designs.crm import many
from escalation.designs.crm.fit import CrmFit, fit_crm
from escalation.designs.crm.grid import (
    FLAT,
    Grid,
    _find_peak,
    _legendre,
    _panels,
    _sharpest,
    grid_size,
    make_grid,
    posterior,
)
from escalation.designs.crm.likelihood import _find_root, maximise_likelihood
from escalation.designs.crm.model import (
    LEAST_SD,
    MOST_SD,
    PRIOR_SD,
    CrmModel,
    calibrate_skeleton,
)
from escalation.designs.crm.options import CrmOptions
from escalation.errors import DesignError, InputError
from escalation.outcomes import Tally

FIVE = (0.05, 0.10, 0.20, 0.33, 0.50)
MODELS = [
    CrmModel(skeleton=FIVE),
    CrmModel(skeleton=FIVE, prior_sd=0.5),
    CrmModel(skeleton=FIVE, kind="logistic"),
    CrmModel(skeleton=(0.2, 0.4), kind="logistic", intercept=1.0, prior_sd=0.8),
    CrmModel(skeleton=(0.3,), prior_sd=2.0),
    CrmModel(skeleton=FIVE, prior_sd=0.05),
    CrmModel(skeleton=FIVE, prior_sd=10.0),
]


def p_dlt(model: CrmModel, beta: Any) -> np.ndarray:
    """Return P(DLT), a row a level, by the formula of the docstring."""
    skeleton, power = np.array(model.skeleton)[:, None], np.exp(np.atleast_1d(beta))
    if model.kind == "empiric":
        return skeleton**power
    return expit(model.intercept + power * (logit(skeleton) - model.intercept))


# --- model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("beta", [-1.3, 0.0, 0.7])
def test_the_curve_and_its_slopes_against_formula_and_differences(model, beta):
    expected = p_dlt(model, beta)[:, 0]
    assert model.p_dlt(beta) == pytest.approx(tuple(expected), rel=1e-12)
    for level, dose in enumerate(model.doses):
        log_p, log_q = model.log_terms(dose, beta)
        assert (log_p, log_q) == pytest.approx((log(expected[level]), log(1 - expected[level])))
        after, before = (model.log_terms(dose, beta + h) for h in (1e-6, -1e-6))
        slopes = [(a - b) / 2e-6 for a, b in zip(after, before, strict=True)]
        assert model.slopes(dose, beta) == pytest.approx(slopes, rel=1e-6, abs=1e-9)
        assert model.beta_at(level, expected[level]) == pytest.approx(beta, abs=1e-9)


@pytest.mark.parametrize("model", [m for m in MODELS if len(m.skeleton) > 1])
def test_between_two_levels_both_are_equally_near(model):
    n = len(model.skeleton)
    for lower, upper in itertools.combinations(range(n), 2):
        beta = model.beta_between(lower, upper, 0.3)
        p = p_dlt(model, beta)[:, 0]
        assert p[lower] + p[upper] == pytest.approx(0.6, abs=1e-9)
        assert p[lower] < 0.3 < p[upper]


def test_terms_far_out_are_finite_to_the_last_digits():
    for model in MODELS:
        for beta in (-FLAT, FLAT):
            for dose in model.doses:
                assert all(np.isfinite(model.slopes(dose, beta)))
    empiric = MODELS[0]
    assert empiric.slopes(empiric.doses[0], 20.0)[1] == pytest.approx(0.0, abs=1e-280)
    assert empiric.slopes(empiric.doses[0], -FLAT)[1] == pytest.approx(1.0)


def test_the_defaults_of_a_model_are_the_usual_ones():
    model = CrmModel(skeleton=(0.1, 0.2))
    assert (model.kind, model.intercept, model.prior_sd) == ("empiric", 3.0, sqrt(1.34))
    assert model.ceiling == 1
    logistic = CrmModel(skeleton=(0.1, 0.2), kind="logistic")
    assert logistic.ceiling == pytest.approx(expit(3.0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "probit"}, 'model must be "empiric" or "logistic", not \'probit\''),
        ({"prior_sd": 0.0499}, "prior_sd must be from 0.05 to 10, not 0.0499"),
        ({"prior_sd": 10.001}, "prior_sd must be from 0.05 to 10, not 10.001"),
        ({"prior_sd": True}, "prior_sd must be from 0.05 to 10, not True"),
        ({"prior_sd": inf}, "prior_sd must be from 0.05 to 10, not inf"),
        ({"intercept": 20.001}, "intercept must be from -20 to 20, not 20.001"),
        ({"intercept": -20.001}, "intercept must be from -20 to 20, not -20.001"),
        ({"skeleton": ()}, "skeleton is empty; give one number a level"),
        ({"skeleton": (0.0, 0.2)}, "skeleton must be of numbers between 0 and 1, not 0.0"),
        ({"skeleton": (0.1, 1.0)}, "skeleton must be of numbers between 0 and 1, not 1.0"),
        ({"skeleton": (0.1, "a")}, "skeleton must be of numbers between 0 and 1, not 'a'"),
        ({"skeleton": (0.1, 0.1)}, "skeleton must increase from level to level, not 0.1, 0.1"),
        ({"skeleton": (0.1, 0.3, 0.2)}, "skeleton must increase from level to level, not 0.3, 0.2"),
        (
            {"kind": "logistic", "intercept": 0.0, "skeleton": (0.1, 0.5)},
            "skeleton must stay below 0.5, which P(DLT) cannot exceed with intercept 0; not 0.5",
        ),
    ],
)
def test_what_makes_no_curve_is_refused_from_the_limit_on(options, said):
    with pytest.raises(DesignError) as refused:
        CrmModel(**{"skeleton": (0.1, 0.2)} | options)
    assert str(refused.value) == said


def test_the_limits_of_a_curve_themselves_are_taken():
    for options in ({"prior_sd": 0.05}, {"prior_sd": 10}, {"intercept": -20}, {"intercept": 20}):
        CrmModel(skeleton=(0.1, 0.2), **options)
    CrmModel(skeleton=(0.1, 0.4999), kind="logistic", intercept=0.0)
    CrmModel(skeleton=(0.1, 0.5))


@pytest.mark.parametrize("kind", ["empiric", "logistic"])
@pytest.mark.parametrize("prior_mtd", [0, 1, 3])
def test_a_calibrated_skeleton_has_its_indifference_interval(kind, prior_mtd):
    skeleton = calibrate_skeleton(
        n_levels=4, target=0.3, halfwidth=0.06, prior_mtd=prior_mtd, kind=kind
    )
    model = CrmModel(skeleton=skeleton, kind=kind)
    assert skeleton[prior_mtd] == 0.3
    for lower in range(3):
        beta = model.beta_between(lower, lower + 1, 0.3)
        p = model.p_dlt(beta)
        assert (p[lower], p[lower + 1]) == pytest.approx((0.24, 0.36), abs=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prior_mtd": -1}, "the prior MTD -1 is outside 0 .. 3"),
        ({"prior_mtd": 4}, "the prior MTD 4 is outside 0 .. 3"),
        (
            {"halfwidth": 0.3},
            "needs 0 < target - halfwidth < target + halfwidth < 1, not target=0.3 halfwidth=0.3",
        ),
        (
            {"halfwidth": 0.0},
            "needs 0 < target - halfwidth < target + halfwidth < 1, not target=0.3 halfwidth=0",
        ),
        (
            {"kind": "logistic", "intercept": 0.0, "halfwidth": 0.2},
            "needs 0 < target - halfwidth < target + halfwidth < 0.5, not target=0.3 halfwidth=0.2",
        ),
        ({"halfwidth": 0.29, "n_levels": 40}, "halfwidth 0.29 is too wide for 40 levels: skeleton"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_from_the_limit_on(options, said):
    usual = {"n_levels": 4, "target": 0.3, "halfwidth": 0.05, "prior_mtd": 1}
    with pytest.raises(DesignError) as refused:
        calibrate_skeleton(**usual | options)
    assert str(refused.value).startswith(said)


# --- quadrature -----------------------------------------------------------------------------------


def by_numpy(
    model: CrmModel, n_dlts: Sequence[int], n_without: Sequence[int], split: float, n: int = 20_000
) -> tuple[float, float, float]:
    """Return posterior mean, variance and P(beta below the split), by fine midpoints."""
    ends = sorted({-9 * model.prior_sd - 4, min(max(split, -20), 20), 9 * model.prior_sd + 4})
    betas, weights = [], []
    for left, right in itertools.pairwise(ends):
        edge = np.linspace(left, right, n + 1)
        betas.append((edge[1:] + edge[:-1]) / 2)
        weights.append(np.full(n, (right - left) / n))
    beta, width = np.concatenate(betas), np.concatenate(weights)
    score = np.exp(beta) * np.array(model.doses)[:, None]
    if model.kind == "empiric":
        log_p, log_q = score, np.log(-np.expm1(score))
    else:
        log_p = -np.logaddexp(0, -score - model.intercept)
        log_q = -np.logaddexp(0, score + model.intercept)
    density = np.array(n_dlts) @ log_p + np.array(n_without) @ log_q
    density = density + norm.logpdf(beta, scale=model.prior_sd)
    density = np.exp(density - density.max()) * width
    total, below = density.sum(), density[beta < split].sum()
    mean = density @ beta / total
    return mean, density @ (beta - mean) ** 2 / total, below / total


DATA = [
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (3, 3, 0, 0, 0)),
    ((0, 0, 1, 2, 0), (3, 3, 2, 1, 0)),
    ((9, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 30)),
    ((2, 0, 5, 0, 9), (7, 1, 11, 0, 9)),
]


@pytest.mark.parametrize(("n_dlts", "n_without"), DATA)
@pytest.mark.parametrize("model", [*MODELS[:3], *MODELS[5:]])
def test_the_posterior_against_fine_midpoints(model, n_dlts, n_without):
    split = model.beta_at(0, 0.25)
    n = sum(n_dlts) + sum(n_without)
    mean, variance, below = by_numpy(model, n_dlts, n_without, split)
    grid = make_grid(model, split, grid_size(n))
    near = 3e-7 * max(1, model.prior_sd) ** 2  # what so many midpoints are right to
    assert posterior(grid, n_dlts, n_without) == pytest.approx((mean, below), abs=near)
    counts = list(zip(range(5), n_dlts, n_without, strict=True))
    levels = [k for k, x, y in counts for _ in range(x + y)]
    dlts = [dlt for _, x, y in counts for dlt in [True] * x + [False] * y]
    fit = fit_crm(model, levels, dlts)
    assert (fit.estimate, fit.variance) == pytest.approx((mean, variance), abs=near)
    assert fit.p_dlt == pytest.approx(tuple(p_dlt(model, mean)[:, 0]), abs=1e-6)


@pytest.mark.parametrize("split", [-50.0, -3.0, 0.0, 1.7, 50.0])
@pytest.mark.parametrize("model", MODELS)
def test_without_data_it_is_the_prior_in_closed_form(model, split):
    grid = make_grid(model, split, 16)
    none = (0,) * len(model.skeleton)
    mean, below = posterior(grid, none, none)
    assert mean == pytest.approx(0, abs=1e-10)
    assert below == pytest.approx((1 + erf(split / (model.prior_sd * sqrt(2)))) / 2, abs=1e-10)
    assert list(grid.betas) == sorted(grid.betas)
    assert grid.n_below == sum(beta < split for beta in grid.betas)
    fit = fit_crm(model, [], [])
    assert fit.variance == pytest.approx(model.prior_sd**2, rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n", [16, 64])
def test_a_grid_reaches_as_far_as_so_many_patients_can_draw_the_mode(model, n):
    """Eight prior deviations beyond the modes after a DLT each, or none each, by scipy."""
    grid = make_grid(model, 0.0, n)
    modes = []
    for dose, which in ((model.doses[0], 0), (model.doses[-1], 1)):
        found = minimize_scalar(
            lambda b, dose=dose, which=which: (
                b * b / (2 * model.prior_sd**2) - n * model.log_terms(dose, b)[which]
            ),
            bounds=(-FLAT, FLAT),
            method="bounded",
            options={"xatol": 1e-8},
        )
        modes.append(found.x)
    reach = 8 * model.prior_sd
    widest = np.diff(grid.betas).max()
    assert modes[0] - reach <= grid.betas[0] <= modes[0] - reach + widest
    assert modes[1] + reach - widest <= grid.betas[-1] <= modes[1] + reach


@pytest.mark.parametrize("n", [2, 5, 12])
def test_nodes_and_weights_against_numpy(n):
    nodes, weights = np.polynomial.legendre.leggauss(n)
    found = np.array(_legendre(n))
    assert found[:, 0] == pytest.approx(nodes, abs=1e-14)
    assert found[:, 1] == pytest.approx(weights, abs=1e-14)


def test_panels_cover_an_interval_and_are_no_wider_than_asked():
    assert _panels(0.0, 1.0, 0.5) == [(0.0, 0.5), (0.5, 0.5)]
    panels = _panels(-2.0, 3.0, 1.1)
    assert len(panels) == 5
    assert [left + width for left, width in panels] == pytest.approx([-1, 0, 1, 2, 3])
    assert [left for left, _ in panels] == pytest.approx([-2, -1, 0, 1, 2])
    assert _panels(1.0, 1.0, 0.5) == []


def test_a_peak_is_found_on_either_side_and_at_an_end():
    for peak in (-3.0, -0.25, 0.0, 1.5, 4.0):
        assert _find_peak(lambda b, peak=peak: -((b - peak) ** 2), -3.0, 4.0) == pytest.approx(
            peak, abs=1e-6
        )


def test_the_sharpest_information_against_differences():
    """The most of p'(beta)^2 / (p (1 - p)) at any P(DLT)."""
    for model in MODELS:
        betas = np.linspace(-8, 8, 4001)
        p = p_dlt(model, betas)[0]
        slope = (p_dlt(model, betas + 1e-6)[0] - p_dlt(model, betas - 1e-6)[0]) / 2e-6
        inside = (p > 1e-4) & (p < 1 - 1e-4)
        information = slope[inside] ** 2 / (p[inside] * (1 - p[inside]))
        assert _sharpest(model) == pytest.approx(information.max(), rel=2e-3)


def test_the_size_of_a_grid_is_doubled():
    sizes = [grid_size(n) for n in (0, 1, 16, 17, 32, 33, 64, 300)]
    assert sizes == [16, 16, 16, 32, 32, 64, 64, 512]


# --- likelihood -----------------------------------------------------------------------------------


def log_likelihood(model: CrmModel, patients: Sequence[tuple[int, float, bool]], beta: float):
    p = p_dlt(model, beta)[:, 0]
    return sum(log(p[k]) if dlt else log(1 - weight * p[k]) for k, weight, dlt in patients)


PATIENTS = [
    [(0, 1.0, False), (1, 1.0, True)],
    [(0, 1.0, False)] * 3 + [(1, 1.0, True), (1, 1.0, False), (1, 0.4, False)],
    [(1, 1.0, True)] * 2 + [(0, 0.7, False), (1, 0.0, False)],
    [(0, 1.0, False)] * 20 + [(1, 1.0, True)],
    [(0, 1.0, True)] * 6 + [(1, 1.0, False)],
]


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("model", MODELS[:3])
def test_maximum_and_curvature_of_the_likelihood_against_scipy(model, patients):
    levels, weights, dlts = zip(*patients, strict=True)
    fit = fit_crm(model, levels, dlts, weights=weights, method="mle")
    found = minimize_scalar(
        lambda beta: -log_likelihood(model, patients, beta),
        bounds=(-6, 6),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert fit.estimate == pytest.approx(found.x, abs=1e-5)
    step = 1e-3
    low, here, high = (log_likelihood(model, patients, fit.estimate + k * step) for k in (-1, 0, 1))
    assert fit.variance == pytest.approx(-(step**2) / (low - 2 * here + high), rel=1e-6)
    assert fit.p_dlt == pytest.approx(tuple(p_dlt(model, fit.estimate)[:, 0]), rel=1e-9)


def test_where_there_is_no_maximum():
    model = MODELS[0]
    assert maximise_likelihood(model, {}) == inf
    assert maximise_likelihood(model, {(0, 1.0, False): 3}) == inf
    assert maximise_likelihood(model, {(0, 1.0, False): 3, (1, 0.5, False): 1}) == inf
    assert maximise_likelihood(model, {(0, 1.0, True): 3}) == -inf
    assert maximise_likelihood(model, {(0, 1.0, True): 3, (0, 0.0, False): 2}) == -inf
    assert maximise_likelihood(model, {(0, 1.0, True): 3, (1, 1.0, False): 0}) == -inf
    half = maximise_likelihood(model, {(0, 1.0, True): 1, (0, 1.0, False): 1})
    assert model.p_dlt(half)[0] == pytest.approx(0.5, rel=1e-12)
    few = maximise_likelihood(model, {(0, 1.0, True): 1, (4, 1.0, False): 10_000})
    assert few > 1
    many = maximise_likelihood(model, {(0, 1.0, True): 10_000, (4, 1.0, False): 1})
    assert many < -3


SLOPES: dict[str, Any] = {
    "straight": lambda b: -b,
    "exponential": lambda b: float(np.expm1(-b)),
    "flat at both ends": lambda b: -float(np.tanh(b)),
    "cubic": lambda b: -(b**3) - b,
}


@pytest.mark.parametrize("slope", SLOPES.values(), ids=SLOPES)
@pytest.mark.parametrize("root", [-39.5, -20, -3.3, -1, -0.5, 0, 0.2, 1, 1.7, 2, 15, 39.9])
def test_a_root_is_found_to_the_last_digits_in_few_steps(slope, root):
    """Halving would take more than forty."""
    asked = []

    def counted(beta: float) -> float:
        asked.append(beta)
        return slope(beta - root)

    assert _find_root(counted) == pytest.approx(root, abs=1e-12)
    assert len(asked) <= 26


def test_a_root_beyond_what_data_can_tell_is_infinite():
    assert _find_root(lambda b: FLAT + 1 - b) == inf
    assert _find_root(lambda b: -FLAT - 1 - b) == -inf
    assert _find_root(lambda b: FLAT - b) == FLAT
    assert _find_root(lambda b: -FLAT - b) == -inf


@pytest.mark.parametrize("n_dlts", [1, 2, 30, 200])
@pytest.mark.parametrize("n_without", [1, 2, 30, 200])
def test_one_level_is_fitted_by_its_rate_however_far_out(n_dlts, n_without):
    for model in (MODELS[0], CrmModel(skeleton=FIVE, kind="logistic", intercept=9.0)):
        for level in (0, 4):
            counts = {(level, 1.0, True): n_dlts, (level, 1.0, False): n_without}
            beta = maximise_likelihood(model, counts)
            rate = n_dlts / (n_dlts + n_without)
            assert model.p_dlt(beta)[level] == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95])
def test_limits_are_so_many_deviations_away(confidence):
    model = MODELS[0]
    fit = CrmFit(model=model, estimate=0.2, variance=0.49, p_dlt=model.p_dlt(0.2))
    reach = norm.ppf((1 + confidence) / 2) * 0.7
    lower, upper = fit.limits(confidence)
    assert lower == pytest.approx(tuple(p_dlt(model, 0.2 + reach)[:, 0]), rel=1e-9)
    assert upper == pytest.approx(tuple(p_dlt(model, 0.2 - reach)[:, 0]), rel=1e-9)
    assert fit.limits() == fit.limits(0.9)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 1.1])
def test_a_confidence_that_is_none_is_refused(confidence):
    fit = CrmFit(model=MODELS[0], estimate=0.2, variance=0.49, p_dlt=())
    with pytest.raises(InputError, match="confidence must be between 0 and 1, not"):
        fit.limits(confidence)


@pytest.mark.parametrize(
    ("levels", "dlts", "weights", "said"),
    [
        ([0], [1, 0], None, "1 levels, 2 DLTs and 1 weights; give one of each a patient"),
        ([0, 1], [1, 0], [1.0], "2 levels, 2 DLTs and 1 weights; give one of each a patient"),
        ([5], [1], None, "level index 5 is outside 0 .. 4"),
        ([-1], [1], None, "level index -1 is outside 0 .. 4"),
        ([0.5], [1], None, "level index 0.5 is outside 0 .. 4"),
        ([0], [2], None, "a DLT is true or false, not 2"),
        ([0], [0], [1.01], "a weight is from 0 to 1, not 1.01"),
        ([0], [0], [-0.01], "a weight is from 0 to 1, not -0.01"),
    ],
)
def test_data_that_fit_no_ladder_are_refused_in_one_line(levels, dlts, weights, said):
    with pytest.raises(InputError) as refused:
        fit_crm(MODELS[0], levels, dlts, weights=weights)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("patients", "said"),
    [
        ([], "needs a patient with a DLT and one without"),
        ([(0, 1.0, True)], "needs a patient with a DLT and one without"),
        ([(0, 1.0, False)], "needs a patient with a DLT and one without"),
        ([(0, 1.0, True), (1, 0.0, False)], "needs a patient with a DLT and one without"),
        ([(0, 1.0, True)] * 99 + [(0, 0.01, False)], "the likelihood has no maximum: it rises"),
    ],
)
def test_a_likelihood_without_a_maximum_is_refused(patients, said):
    levels, weights, dlts = zip(*patients, strict=True) if patients else ((), (), ())
    model = CrmModel(skeleton=FIVE, kind="logistic", intercept=0.1)
    model = model if len(patients) > 3 else MODELS[0]
    with pytest.raises(InputError, match=said):
        fit_crm(model, levels, dlts, weights=weights, method="mle")


def test_another_method_is_refused():
    with pytest.raises(InputError, match='method must be "bayes" or "mle", not \'map\''):
        fit_crm(MODELS[0], [0], [1], method="map")


def test_weights_against_fine_midpoints():
    """TITE-CRM: a patient still in the window counts by the share completed; a DLT in full."""
    model = MODELS[0]
    fit = fit_crm(model, [1, 1, 2], [0, 1, 0], weights=[0.3, 0.2, 1.0])
    edge = np.linspace(-12, 12, 60_001)
    beta = (edge[1:] + edge[:-1]) / 2
    p = p_dlt(model, beta)
    density = norm.pdf(beta, scale=model.prior_sd) * (1 - 0.3 * p[1]) * p[1] * (1 - p[2])
    mean = density @ beta / density.sum()
    variance = density @ (beta - mean) ** 2 / density.sum()
    assert (fit.estimate, fit.variance) == pytest.approx((mean, variance), abs=1e-6)


# --- the decision, in the words of the docstring --------------------------------------------------


@cache
def fitted(model: CrmModel, counts: tuple[tuple[int, int], ...], split: float, method: str):
    """Return the estimate of beta and P(P(DLT) at the lowest level > target)."""
    x, y = [b for _, b in counts], [a - b for a, b in counts]
    mean, _, below = by_numpy(model, x, y, split, 1500)
    if method == "bayes":
        return mean, below
    if not any(x):
        return inf, below
    if not any(y):
        return -inf, below
    patients = [
        (k, 1.0, dlt)
        for k, (dlts, without) in enumerate(zip(x, y, strict=True))
        for dlt in [True] * dlts + [False] * without
    ]
    found = minimize_scalar(
        lambda beta: -log_likelihood(model, patients, beta),
        bounds=(-7, 4),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return found.x, below


def plain(  # noqa: PLR0912
    design: Crm, seen: Sequence[Tally], level: int, last: Tally
) -> tuple[Any, ...]:
    """Return next level, patients and clause, or ``None`` and the MTD."""
    n, x = [t.n_evaluable for t in seen], [t.n_dlts for t in seen]
    size, target = design.cohort_size, design.target
    split = design.curve.beta_at(0, target)
    beta, too_toxic = fitted(design.curve, tuple(zip(n, x, strict=True)), split, design.method)
    if beta == inf:
        nearest = design.n_levels - 1
    elif beta == -inf:
        nearest = 0
    else:
        away = [round(abs(p - target), 6) for p in p_dlt(design.curve, beta)[:, 0]]
        nearest = away.index(min(away))

    def select(why: str) -> tuple[Any, ...]:
        given = [k for k in range(design.n_levels) if n[k]]
        if beta == -inf:
            return None, None, why
        if beta == inf:
            return None, max(given), why
        return None, min(given, key=lambda k: (away[k], k)), why

    if sum(n) and design.cutoff_stop < 1 and too_toxic > design.cutoff_stop:
        return None, None, "lowest-too-toxic"
    places = size if design.max_patients is None else design.max_patients - sum(n)
    if places <= 0:
        return select("max-patients")
    stage = design.first_stage or (size if design.method == "mle" else None)
    first, whole = bool(stage) and not any(x), size
    if first:
        whole = stage
        up = n[level] >= stage and level + 1 < design.n_levels
        target_level, why = level + up, "first-stage"
    elif nearest < level:
        target_level, why = nearest, "dlts-only" if beta == -inf else "deescalate"
    elif (
        nearest > level
        and design.coherent
        and last.n_evaluable
        and (last.n_dlts / last.n_evaluable >= target)
    ):
        target_level, why = level, "stay-coherent"
    elif n[level] < size:
        target_level, why = level, "fill" if n[level] else "not-given"
    elif nearest == level:
        target_level, why = level, "dlts-only" if beta == -inf else "stay"
    else:
        target_level, why = nearest if design.skipping else level + 1, "escalate"
    if not sum(n):
        target_level = level
        if level == design.start:
            why = "start"
        elif not first:
            why = "not-given"
    here = n[target_level]
    enough = design.n_earlystop
    if enough is not None and target_level == level and here >= enough:
        return select("enough-here")
    whole = size if here >= whole else whole
    lacking = whole - here if here < whole else size
    return target_level, min(lacking, size, places), why


def said(decision: Decision) -> tuple[Any, ...]:
    if decision.level is None:
        return None, decision.mtd, decision.clause.id
    return decision.level, decision.n_to_enrol, decision.clause.id


USUAL = {"target": 0.3, "max_patients": 9, "skeleton": (0.1, 0.25, 0.42)}
CONFIGURED: list[dict[str, Any]] = [
    {},
    {"start": 1, "cohort_size": 2, "max_patients": 8, "cutoff_stop": 0.7, "prior_sd": 0.8},
    {"skipping": True, "coherent": False, "max_patients": None, "cutoff_stop": 1.0},
    {"method": "mle", "max_patients": 6},
    {"method": "mle", "first_stage": 2, "max_patients": None, "n_earlystop": 4},
    {"first_stage": 1, "cohort_size": 2, "max_patients": 8, "n_earlystop": 3},
    {"model": "logistic", "first_stage": 4, "max_patients": 12, "prior_sd": 0.9},
    {"cohort_size": 1, "max_patients": 5, "skipping": True},
]
FEW = [
    Tally(n_evaluable=n, n_dlts=x)
    for n, x in ((0, 0), (1, 0), (1, 1), (2, 1), (3, 0), (3, 1), (4, 4))
]
LASTS = [Tally(), Tally(n_evaluable=3, n_dlts=1), Tally(n_evaluable=10, n_dlts=3)]


@pytest.fixture(scope="module", autouse=True)
def _once() -> Any:
    yield
    fitted.cache_clear()


@pytest.mark.parametrize("options", CONFIGURED)
def test_every_tally_on_a_small_ladder_against_the_prose(options):
    design = make_design("crm", n_levels=3, **USUAL | options)
    assert isinstance(design, Crm)
    for seen in itertools.product(FEW[::2] if options else FEW[:6], repeat=3):
        for level in range(3):
            for last in LASTS[:2]:
                found = said(design.decide(seen, level, last))
                assert found == plain(design, seen, level, last), (seen, level, last)


@pytest.mark.parametrize(
    ("target", "coherent", "last", "remembered"),
    [
        (0.3, True, (0, 0), 0),
        (0.3, True, (10, 3), 1),  # in whole numbers, 0.3 itself
        (0.3, True, (10, 2), 0),
        (0.3, True, (3, 1), 1),
        (1 / 3, True, (3, 1), 1),
        (0.34, True, (3, 1), 0),
        (0.3, False, (3, 3), 0),
        (0.3, True, (1, 0), 0),
    ],
)
def test_a_cohort_is_remembered_from_the_target_on(target, coherent, last, remembered):
    design = Crm(n_levels=3, target=target, max_patients=9, coherent=coherent)
    n, x = last
    assert design.remember(Tally(n_evaluable=n, n_dlts=x)) == remembered


def test_a_level_is_only_given_or_not():
    design = Crm(n_levels=3, target=0.3, max_patients=9)
    assert design.status(Tally()) is LevelStatus.NOT_GIVEN
    assert design.status(Tally(n_evaluable=1)) is LevelStatus.OPEN
    assert design.status(Tally(n_evaluable=9, n_dlts=9)) is LevelStatus.OPEN
    assert (Crm.by_stages, Crm.by_level, Crm.remembers) == (False, False, True)


def test_the_prior_is_held_against_the_cutoff_in_closed_form():
    """Refused from that prior probability on, within what the quadrature is right to."""
    target, high = 0.3, (0.4, 0.5)
    prior = float(norm.cdf(CrmModel(skeleton=high).beta_at(0, target), scale=sqrt(1.34)))
    assert 0.5 < prior < 0.7
    usual = {"n_levels": 2, "target": target, "max_patients": 9, "skeleton": high}
    Crm(**usual, cutoff_stop=prior + 1e-7)
    with pytest.raises(DesignError) as refused:
        Crm(**usual, cutoff_stop=prior - 1e-7)
    assert str(refused.value) == (
        "crm: before the first patient, P(P(DLT) at the lowest level > target) is "
        f"{prior:.3f}, not below cutoff_stop {prior - 1e-7:g}; use a skeleton that is lower there"
    )
    Crm(**usual, cutoff_stop=1)


def test_a_cutoff_of_one_never_stops():
    """However sure it is that the lowest level is too toxic."""
    seen = (Tally(n_evaluable=300, n_dlts=300), Tally())
    usual = {"n_levels": 2, "target": 0.1, "max_patients": None, "prior_sd": 3.0}
    assert Crm(**usual, cutoff_stop=1)._fit(seen)[1] > 1 - 1e-9
    assert Crm(**usual, cutoff_stop=1).decide(seen, 0).clause.id == "stay"
    assert Crm(**usual, cutoff_stop=0.999).decide(seen, 0).clause.id == "lowest-too-toxic"


# --- many at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["empiric", "logistic"])
@pytest.mark.parametrize("method", ["bayes", "mle"])
def test_prepared_fits_are_at_hand_and_the_same(model, method):
    usual = {"n_levels": 2, "target": 0.3, "max_patients": 60, "model": model, "method": method}
    one = [Tally(n_evaluable=n, n_dlts=x) for n in (0, 2, 30) for x in range(0, n + 1, 5)]
    states = list(itertools.product(one, repeat=2))
    prepared, alone = Crm(**usual), Crm(**usual)
    prepared.prepare(states)
    assert len(prepared._fits) == len(states) > module.FEW
    for seen in states:
        beta, too_toxic = alone._fit(seen)
        found = prepared._fit(seen)
        assert found == pytest.approx((beta, too_toxic), abs=1e-9)
    assert len(prepared._fits) == len(states)


def test_more_fits_than_one_matrix_holds(monkeypatch):
    monkeypatch.setattr(many, "_MOST_ROWS", 10)
    design, alone = (Crm(n_levels=3, target=0.3, max_patients=60) for _ in range(2))
    one = [Tally(n_evaluable=n, n_dlts=x) for n in (0, 1, 2) for x in range(n + 1)]
    states = list(itertools.product(one, repeat=3))
    assert len(states) > many._MOST_ROWS
    design.prepare(states)
    for seen in states:
        assert design._fit(seen) == pytest.approx(alone._fit(seen), abs=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["empiric", "logistic"])
@pytest.mark.parametrize("prior_sd", [LEAST_SD, 0.5, PRIOR_SD, MOST_SD])
@pytest.mark.parametrize("n_patients", [16, 300])
def test_many_posteriors_against_one_with_every_node(model, prior_sd, n_patients):
    skeleton = (0.02, 0.1, 0.25, 0.6)
    curve = CrmModel(skeleton=skeleton, kind=model, prior_sd=prior_sd)
    grid = make_grid(curve, 0.3, n_patients)
    rng = np.random.default_rng(n_patients)
    n = rng.multinomial(n_patients, rng.dirichlet([0.3] * 4, 60))
    x = rng.binomial(n, rng.choice([0.0, 0.1, 0.3, 0.9, 1.0], (60, 4)))
    means, below = many.posteriors(grid, x, n - x)
    for k in range(len(n)):
        expected = posterior(grid, x[k].tolist(), (n - x)[k].tolist())
        assert (means[k], below[k]) == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_a_few_states_and_known_ones_are_not_prepared():
    design = Crm(n_levels=2, target=0.3, max_patients=60)
    few = [(Tally(n_evaluable=n), Tally()) for n in range(module.FEW - 1)]
    design.prepare(few)
    assert not design._fits
    many = [(Tally(n_evaluable=n), Tally()) for n in range(module.FEW)]
    design.prepare(many)
    assert len(design._fits) == module.FEW
    design.prepare([*many, (Tally(n_evaluable=3), Tally(n_evaluable=3))])
    assert len(design._fits) == module.FEW  # one more, which is made when it is asked for


def test_fits_are_kept_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(module, "MAX_FITS", 3)
    fits = module._Fits()
    fits.keep({(1, 0): (0.1, 0.2), (2, 0): (0.1, 0.2)})
    fits.keep({(3, 0): (0.1, 0.2)})
    assert set(fits) == {(1, 0), (2, 0), (3, 0)}
    fits.keep({(4, 0): (0.1, 0.2)})
    assert set(fits) == {(4, 0)}


def test_estimates_are_those_of_the_fit():
    design = Crm(n_levels=3, target=0.3, max_patients=9, skeleton=(0.1, 0.25, 0.42))
    seen = (Tally(n_evaluable=3), Tally(n_evaluable=3, n_dlts=1), Tally())
    fit = fit_crm(design.curve, [0] * 3 + [1] * 3, [0, 0, 0, 0, 0, 1])
    assert design.estimates(seen) == pytest.approx(fit.p_dlt, abs=1e-10)
    mle = Crm(n_levels=3, target=0.3, max_patients=9, skeleton=(0.1, 0.25, 0.42), method="mle")
    fit = fit_crm(design.curve, [0] * 3 + [1] * 3, [0, 0, 0, 0, 0, 1], method="mle")
    assert mle.estimates(seen) == pytest.approx(fit.p_dlt, abs=1e-10)
    assert mle.estimates((Tally(n_evaluable=3), Tally(), Tally())) is None
    assert mle.estimates((Tally(n_evaluable=3, n_dlts=3), Tally(), Tally())) is None


@pytest.mark.parametrize(
    ("given", "gone"),
    [
        (set(), set()),
        ({"target"}, set()),
        ({"skeleton"}, {"halfwidth", "prior_mtd"}),
        ({"halfwidth"}, {"skeleton"}),
        ({"prior_mtd"}, {"skeleton"}),
        ({"model"}, {"intercept"}),
        ({"model", "skeleton"}, {"intercept", "halfwidth", "prior_mtd"}),
    ],
)
def test_options_give_way_to_those_that_replace_them(given, gone):
    design = Crm(n_levels=3, target=0.3, max_patients=9)
    assert isinstance(design, CrmOptions)
    assert design.superseded_by(given) == frozenset(gone)


def test_a_grid_is_a_value():
    assert isinstance(make_grid(MODELS[0], 0.0, 16), Grid)
    assert make_grid(MODELS[0], 0.0, 16) == make_grid(CrmModel(skeleton=FIVE), 0.0, 16)
