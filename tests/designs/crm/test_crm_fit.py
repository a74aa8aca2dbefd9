"""The CRM's skeletons and fits, against dfcrm and against quadrature written another way."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from escalation.designs.crm.fit import CrmFit, fit_crm
from escalation.designs.crm.grid import grid_size, make_grid, posterior
from escalation.designs.crm.likelihood import maximise_likelihood
from escalation.designs.crm.many import maximise_likelihoods
from escalation.designs.crm.model import CrmModel, calibrate_skeleton
from escalation.errors import DesignError, InputError
from tests.designs.reference import only, rows

STD = (0.05, 0.10, 0.20, 0.33, 0.50)
SKELETONS = list(rows("dfcrm_getprior.csv"))
FITS = [row for row in rows("dfcrm_fits.csv") if not row["note"]]


def numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(";")]


def far(found: object, theirs: str, within: float) -> bool:
    return not np.allclose(found, numbers(theirs), rtol=0, atol=within)


def test_skeletons_against_dfcrm():
    assert len(SKELETONS) == 144
    differing = []
    for row in SKELETONS:
        skeleton = calibrate_skeleton(
            n_levels=int(row["nlevel"]),
            target=float(row["target"]),
            halfwidth=float(row["halfwidth"]),
            prior_mtd=int(row["nu"]) - 1,
            kind=row["model"],
            intercept=float(row["intcpt"] or 3),
        )
        if far(skeleton, row["skeleton"], 1e-12):
            differing.append(str(row))
    only(differing)


def fitted(row: dict[str, str]) -> CrmFit:
    model = CrmModel(
        skeleton=tuple(numbers(row["prior"])),
        kind=row["model"],
        intercept=float(row["intcpt"]),
        prior_sd=float(row["scale"]),
    )
    weights = None
    if row["obswin"]:
        weights = [min(days / float(row["obswin"]), 1) for days in numbers(row["followup"])]
    levels = [int(level) - 1 for level in row["level"].split(";")]
    dlts = [dlt == "1" for dlt in row["tox"].split(";")]
    return fit_crm(model, levels, dlts, weights=weights, method=row["method"])


def test_fits_against_dfcrm():
    """Maximum likelihood apart, whose variance is negative there in one row, all columns agree."""
    assert len(FITS) == 103
    assert {(row["fn"], row["method"]) for row in FITS} == set(
        itertools.product(("crm", "titecrm"), ("bayes", "mle"))
    )
    differing = []
    for row in FITS:
        fit, target = fitted(row), float(row["target"])
        bayes = row["method"] == "bayes"
        within = 1e-6 if bayes else 1e-4
        nearest = min(range(len(fit.p_dlt)), key=lambda j, p=fit.p_dlt, t=target: abs(p[j] - t))
        wrong = [
            far(fit.estimate, row["estimate"], within),
            far(fit.p_dlt, row["ptox"], within),
            nearest != int(row["mtd"]) - 1,
        ]
        if bayes:
            lower, upper = fit.limits(float(row["conf_level"]))
            wrong += [
                far(fit.variance, row["post_var"], within),
                far(lower, row["ptoxL"], within),
                far(upper, row["ptoxU"], within),
            ]
        if any(wrong):
            differing.append(f"{row['id']}: {wrong}")
    only(differing)


@pytest.mark.parametrize("kind", ["empiric", "logistic"])
def test_maximum_likelihood_against_scipy(kind):
    """The slope is zero where scipy's minimiser, which knows no slope, has the maximum."""
    model, rng = CrmModel(skeleton=STD, kind=kind, prior_sd=10), np.random.default_rng(3)
    differing = []
    for _ in range(300):
        n = rng.integers(0, 12, 5)
        x = rng.binomial(n, rng.choice([0.1, 0.3, 0.6]))
        counts = {(j, 1.0, True): int(x[j]) for j in range(5)}
        counts |= {(j, 1.0, False): int(n[j] - x[j]) for j in range(5)}
        log_density = density(model, x, n - x)
        found = maximise_likelihood(model, counts)
        if not x.sum() or (x == n).all():
            right = math.inf if not x.sum() else -math.inf
            wrong = found != right
        else:
            best = minimize_scalar(
                lambda b, f=log_density: -f(b) - b * b / 200, bounds=(-20, 20), method="bounded"
            )
            wrong = abs(found - best.x) > 1e-4
        if wrong:
            differing.append(f"{n} {x}: {found}")
    only(differing)


@pytest.mark.parametrize(("n_dlts", "beta"), [(3, -math.inf), (2, -math.inf), (1, "finite")])
def test_a_likelihood_that_rises_to_the_ceiling_has_no_maximum(n_dlts, beta):
    """With intercept 0, P(DLT) stays below one half."""
    model = CrmModel(skeleton=(0.1, 0.2), kind="logistic", intercept=0)
    found = maximise_likelihood(model, {(0, 1.0, True): n_dlts, (0, 1.0, False): 3 - n_dlts})
    assert found == beta if beta != "finite" else model.p_dlt(found)[0] == pytest.approx(1 / 3)


def alone(model: CrmModel, n_dlts, without) -> list[float]:
    """Fit one data set after another."""
    found = []
    for fit, x in enumerate(n_dlts.tolist()):
        counts = {(j, 1.0, True): n for j, n in enumerate(x)}
        for weight, y in without.items():
            counts |= {(j, weight, False): n for j, n in enumerate(y[fit].tolist())}
        found.append(maximise_likelihood(model, counts))
    return found


MODELS = [
    CrmModel(skeleton=STD),
    CrmModel(skeleton=STD, kind="logistic"),
    CrmModel(skeleton=(0.001, 0.01, 0.5, 0.9, 0.999)),
    CrmModel(skeleton=(0.1, 0.2, 0.3, 0.4, 0.45), kind="logistic", intercept=0),
    CrmModel(skeleton=(1e-9, 1e-6, 1e-4, 1e-3, 1e-2), kind="logistic", intercept=-4),
    CrmModel(skeleton=STD, kind="logistic", intercept=20),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.kind} {model.skeleton[0]}")
@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.4, 0.0), (0.7, 1e-3)], ids=str)
def test_likelihoods_together_are_those_one_by_one(model, weights):
    """With weights, without patients, without DLTs, with nothing else, and beyond the ceiling."""
    rng = np.random.default_rng(4)
    x = rng.binomial(rng.integers(0, 9, (400, 5)), rng.choice([0, 0.1, 0.5, 1], (400, 1)))
    without = {weight: rng.integers(0, 9, (400, 5)) for weight in weights}
    for n in without.values():
        n[rng.random(400) < 0.3] = 0
    x[:20] = 0
    found, single = maximise_likelihoods(model, x, without), np.array(alone(model, x, without))
    finite = np.isfinite(single)
    assert (found[~finite] == single[~finite]).all()
    assert set(single[~finite]) == {math.inf, -math.inf}
    assert finite.sum() > 3
    assert found[finite] == pytest.approx(single[finite], rel=0, abs=1e-13)


def test_likelihoods_together_against_dfcrm():
    """The same columns as one by one, patients still in their window by their weights."""
    n_rows = 0
    for row in FITS:
        if row["method"] != "mle":
            continue
        fit, by_weight = fitted(row), {}
        x = np.zeros((1, len(fit.p_dlt)))
        days = numbers(row["followup"]) if row["obswin"] else None
        for patient, (level, dlt) in enumerate(
            zip(row["level"].split(";"), row["tox"].split(";"), strict=True)
        ):
            weight = min(days[patient] / float(row["obswin"]), 1) if days else 1.0
            seen = x if dlt == "1" else by_weight.setdefault(weight, np.zeros_like(x))
            seen[0, int(level) - 1] += 1
        (found,) = maximise_likelihoods(fit.model, x, by_weight)
        assert found == pytest.approx(fit.estimate, rel=0, abs=1e-13)
        n_rows += 1
    assert n_rows > 10


def test_no_data_sets_make_no_fits():
    none = np.zeros((0, 5))
    assert maximise_likelihoods(MODELS[0], none, {1.0: none}).shape == (0,)


def density(model: CrmModel, n_dlts, n_without):
    """Return the log posterior of beta up to a constant, written apart from the package."""

    def log_density(beta):
        total = -(beta**2) / (2 * model.prior_sd**2)
        for p, x, y in zip(model.skeleton, n_dlts, n_without, strict=True):
            if model.kind == "empiric":
                log_p = np.exp(beta) * np.log(p)
                log_q = np.log(-np.expm1(log_p))
            else:
                dose = np.log(p / (1 - p)) - model.intercept
                odds = model.intercept + np.exp(beta) * dose
                log_p, log_q = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
            total += x * log_p + y * log_q
        return total

    return log_density


CASES = [
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (3, 0, 0, 0, 0)),
    ((3, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((0, 1, 3, 3, 1), (6, 5, 6, 4, 1)),
    ((0, 0, 0, 0, 30), (0, 0, 0, 0, 0)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 30)),
    ((30, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
    ((15, 0, 0, 0, 0), (0, 0, 0, 0, 15)),  # as contrary to the model as can be
    ((1, 2, 30, 40, 2), (9, 28, 90, 60, 1)),
]


@pytest.mark.parametrize("prior_sd", [0.3, math.sqrt(1.34), 4])
@pytest.mark.parametrize(("kind", "intercept"), [("empiric", 3), ("logistic", 3), ("logistic", 1)])
def test_posteriors_against_scipy_quad(kind, intercept, prior_sd):
    model = CrmModel(skeleton=STD, kind=kind, intercept=intercept, prior_sd=prior_sd)
    split = model.beta_at(0, 0.25)
    for n_dlts, n_without in CASES:
        grid = make_grid(model, split, grid_size(sum(n_dlts) + sum(n_without)))
        mean, below = posterior(grid, n_dlts, n_without)
        log_density = density(model, n_dlts, n_without)
        around = np.linspace(-12 * prior_sd - 6, 12 * prior_sd + 6, 20_001)
        heights = log_density(around)
        top = heights.max()
        held = around[heights > top - 40]
        edges = np.linspace(held[0], held[-1], 12)

        def integral(power, upto=math.inf, edges=edges, f=log_density, top=top):
            cuts = [*edges[edges < upto], *([upto] if upto < edges[-1] else [])]
            return sum(
                quad(lambda b: b**power * math.exp(f(b) - top), *cut, epsabs=1e-13, epsrel=1e-10)[0]
                for cut in itertools.pairwise(cuts)
            )

        total = integral(0)
        assert mean == pytest.approx(integral(1) / total, rel=0, abs=1e-9)
        assert below == pytest.approx(integral(0, split) / total, rel=0, abs=1e-9)


def test_the_order_of_patients_leaves_no_trace():
    model = CrmModel(skeleton=STD)
    patients = [(0, 0), (0, 1), (1, 0), (3, 1), (1, 1)]
    fits = [fit_crm(model, *zip(*order, strict=True)) for order in itertools.permutations(patients)]
    estimates = np.array([fit.estimate for fit in fits])
    assert np.ptp(estimates) < 1e-13


def test_a_completed_window_is_a_whole_weight_and_an_empty_one_none():
    model = CrmModel(skeleton=STD)
    assert fit_crm(model, [0, 1], [0, 0], weights=[1, 0]).estimate == pytest.approx(
        fit_crm(model, [0], [0]).estimate, abs=1e-13
    )
    assert fit_crm(model, [1], [1], weights=[0.3]) == fit_crm(model, [1], [1])


def test_the_skeleton_is_the_prior_and_falls_with_beta():
    for kind in ("empiric", "logistic"):
        model = CrmModel(skeleton=STD, kind=kind)
        assert model.p_dlt(0.0) == pytest.approx(STD, abs=1e-15)
        curves = np.array([model.p_dlt(beta) for beta in np.linspace(-9, 9, 50)])
        assert (np.diff(curves, axis=0) <= 0).all()
        assert (np.diff(curves, axis=1) >= 0).all()
        assert [model.beta_at(k, model.p_dlt(0.7)[k]) for k in range(5)] == pytest.approx([0.7] * 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"skeleton": ()}, "is empty; give one number a level"),
        ({"skeleton": (0.1, 0.1)}, "must increase from level to level, not 0.1, 0.1"),
        ({"skeleton": (0.2, 0.1)}, "must increase"),
        ({"skeleton": (0.0, 0.1)}, "between 0 and 1, not 0.0"),
        ({"skeleton": (0.1, 1)}, "between 0 and 1, not 1"),
        ({"skeleton": (0.1, math.nan)}, "between 0 and 1, not nan"),
        ({"skeleton": (0.1, True)}, "between 0 and 1, not True"),
        ({"skeleton": (0.1, "0.2")}, "between 0 and 1, not '0.2'"),
        ({"skeleton": STD, "kind": "probit"}, 'must be "empiric" or "logistic"'),
        ({"skeleton": STD, "prior_sd": 0}, "prior_sd must be from 0.05 to 10, not 0"),
        ({"skeleton": STD, "prior_sd": math.inf}, "prior_sd must be from 0.05 to 10"),
        ({"skeleton": STD, "kind": "logistic", "intercept": -1}, "must stay below 0.2689"),
    ],
)
def test_what_makes_no_curve_is_refused(options, said):
    with pytest.raises(DesignError, match=re.escape(said)):
        CrmModel(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"halfwidth": 0.25}, "needs 0 < target - halfwidth"),
        ({"halfwidth": 0}, "needs 0 < target - halfwidth"),
        ({"halfwidth": 0.2, "n_levels": 40, "prior_mtd": 39}, "too wide for 40 levels"),
        ({"prior_mtd": 5}, "outside 0 .. 4"),
        ({"target": 0.7, "halfwidth": 0.2, "kind": "logistic", "intercept": 2}, "< 0.8808"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(options, said):
    given = {"n_levels": 5, "target": 0.25, "halfwidth": 0.05, "prior_mtd": 2} | options
    with pytest.raises(DesignError, match=re.escape(said)):
        calibrate_skeleton(**given)


@pytest.mark.parametrize(
    ("levels", "dlts", "more", "said"),
    [
        ([0], [0, 1], {}, "give one of each a patient"),
        ([5], [0], {}, "level index 5 is outside 0 .. 4"),
        ([0], [2], {}, "a DLT is true or false"),
        ([0], [0], {"weights": [1.5]}, "a weight is from 0 to 1, not 1.5"),
        ([0], [0], {"weights": [math.nan]}, "a weight is from 0 to 1, not nan"),
        ([0, 1], [0, 0], {"method": "mle"}, "needs a patient with a DLT and one without"),
        ([0, 1], [1, 1], {"method": "mle"}, "needs a patient with a DLT and one without"),
        ([0, 1], [1, 0], {"method": "mle", "weights": [1, 0]}, "the estimate is infinite"),
        ([0, 1], [1, 0], {"method": "mle", "weights": [1, 0.1]}, "has no maximum: it rises"),
        ([0], [0], {"method": "map"}, 'must be "bayes" or "mle"'),
    ],
)
def test_data_that_cannot_be_fitted_are_refused(levels, dlts, more, said):
    with pytest.raises(InputError, match=re.escape(said)):
        fit_crm(CrmModel(skeleton=STD), levels, dlts, **more)


def test_limits_need_a_confidence():
    with pytest.raises(InputError, match="between 0 and 1, not 90"):
        fit_crm(CrmModel(skeleton=STD), [0], [0]).limits(90)
