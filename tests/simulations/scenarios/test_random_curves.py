"""Random curves, against the published algorithms in their plain form and against theory."""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import beta, chisquare, ks_2samp, kstest, norm

from escalation.designs import VARIANTS, APlusB, Boin, RollingSix, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.compare.metrics import metric_values
from simulations.engines.characteristics import correct_levels
from simulations.engines.exact import end_probabilities, exact_characteristics
from simulations.engines.ladder import ladder_automaton
from simulations.graph.build import NO_MTD, build_graph
from simulations.probabilities import QUANTILES
from simulations.questions.averages import (
    CurveSummaries,
    average_in_blocks,
    average_over_curves,
)
from simulations.scenarios.random import (
    CURVES_AT_ONCE,
    LOG_DOSE_STEP,
    draw_in_blocks,
    logistic_normal,
    paoletti,
    pseudo_uniform,
)

PRIORS = {
    "logistic-normal": logistic_normal,
    "pseudo-uniform": pseudo_uniform,
    "paoletti": paoletti,
}
BY_LEVEL = {name: PRIORS[name] for name in ("pseudo-uniform", "paoletti")}


def rng(seed: int = 20261125) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
@pytest.mark.parametrize("n_levels", [1, 2, 5, 12])
@pytest.mark.parametrize("target", [0.05, 0.25, 0.5, 0.7])
def test_curves_are_probabilities_that_never_fall(prior, n_levels, target):
    curves = prior(2000, rng(), target=target, n_levels=n_levels)
    assert curves.shape == (2000, n_levels)
    assert (curves >= 0).all()
    assert (curves <= 1).all()
    assert (np.diff(curves, axis=1) >= 0).all()


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_the_same_seed_gives_the_same_curves(prior):
    first, second, other = (prior(50, rng(s), target=0.3, n_levels=4) for s in (1, 1, 2))
    assert (first == second).all()
    assert not (first == other).any()


@pytest.mark.parametrize("prior", BY_LEVEL.values(), ids=BY_LEVEL)
@pytest.mark.parametrize("n_levels", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("target", [0.1, 0.25, 1 / 3, 0.6])
def test_the_correct_level_is_the_one_drawn_and_is_uniform(prior, n_levels, target):
    curves = prior(6000, rng(7), target=target, n_levels=n_levels)
    drawn = rng(7).integers(n_levels, size=6000)  # the first numbers of the stream
    assert (correct_levels(curves, target) == drawn).all()
    counts = np.bincount(drawn, minlength=n_levels)
    if n_levels > 1:
        assert chisquare(counts).pvalue > 1e-3


def pseudo_uniform_as_published(n_curves, generator, target, n_levels):
    """Draw curve by curve, again and again until the level drawn is the correct one."""
    curves = []
    for _ in range(n_curves):
        level = int(generator.integers(n_levels))
        share = generator.beta(max(n_levels - 1 - level, 0.5), 1)
        bound = target + (1 - target) * share
        while True:
            tried = np.sort(generator.random((64, n_levels)) * bound, axis=1)
            accepted = np.flatnonzero(correct_levels(tried, target) == level)
            if accepted.size:
                break
        curves.append(tried[accepted[0]])
    return np.array(curves)


@pytest.mark.parametrize(("target", "n_levels"), [(0.25, 3), (0.4, 4)])
def test_pseudo_uniform_against_the_algorithm_as_published(target, n_levels):
    plain = pseudo_uniform_as_published(800, rng(1), target, n_levels)
    fast = pseudo_uniform(20_000, rng(2), target=target, n_levels=n_levels)
    plain_correct, fast_correct = (correct_levels(c, target) for c in (plain, fast))
    for level in range(n_levels):
        one, other = plain[plain_correct == level], fast[fast_correct == level]
        for place in range(n_levels):
            assert ks_2samp(one[:, place], other[:, place]).pvalue > 1e-3 / n_levels
        # how levels go together, not only each of them
        assert ks_2samp(np.ptp(one, axis=1), np.ptp(other, axis=1)).pvalue > 1e-3


def test_the_upper_bound_of_pseudo_uniform_against_theory():
    """With one level the bound leaves P(DLT) uniform up to the target."""
    curves = pseudo_uniform(5000, rng(), target=0.3, n_levels=1)
    assert kstest(curves[:, 0] / 0.3, "uniform").pvalue > 1e-3
    # with two and the lower one correct: B ~ 0.3 + 0.7 Beta(1, 1), and both lie below it
    lower = pseudo_uniform(5000, rng(), target=0.3, n_levels=2)
    lower = lower[correct_levels(lower, 0.3) == 0]

    def top(x: float) -> float:
        """P(the upper level is at most x): x >= 0.3, the lower between 0.6 - x' and 0.3."""

        def given(share: float) -> float:
            b = 0.3 + 0.7 * share
            whole = area(b)
            return area(min(x, b)) / whole

        return quad(lambda share: given(share) * beta.pdf(share, 1, 1), 0, 1, limit=200)[0]

    def area(b: float) -> float:  # of lower <= 0.3, upper in [0.6 - lower, b]
        first = max(0.0, 0.6 - b)
        return quad(lambda v: b - (0.6 - v), first, 0.3)[0]

    shares = [(lower[:, 1] <= x).mean() for x in (0.4, 0.6, 0.8)]
    for x, share in zip((0.4, 0.6, 0.8), shares, strict=True):
        p = top(x)
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / len(lower))


@pytest.mark.parametrize(
    ("step_mean", "gap"), [(0.23, 0.05), (0.38, 0.07), (0.53, 0.10), (0.71, 0.15)]
)
def test_gaps_of_paoletti_against_published_settings(step_mean, gap):
    """Step means that others list for 5 levels and target 0.30, by the average gap they leave.

    The gap is the distance of the next nearest level from the target.
    """
    curves = paoletti(40_000, rng(), target=0.3, n_levels=5, step_mean=step_mean)
    next_nearest = np.sort(np.abs(curves - 0.3), axis=1)[:, 1]
    assert round(float(next_nearest.mean()), 2) == gap
    standard_error = next_nearest.std() / 200
    assert abs(next_nearest.mean() - gap) < 0.0005 + 4 * standard_error


def test_steps_of_paoletti_against_theory():
    curves = paoletti(20_000, rng(), target=0.25, n_levels=4, step_mean=0.5, step_sd=0.3)
    correct = correct_levels(curves, 0.25)
    z = norm.ppf(curves[correct == 0])
    assert norm.cdf(z[:, 0]).max() <= 0.25
    assert kstest(2 * norm.cdf((z[:, 0] - norm.ppf(0.25)) / 0.05), "uniform").pvalue > 1e-3
    steps = np.sqrt(z[:, 3] - z[:, 2])  # |N(0.5, 0.3)|

    def folded(x):
        return norm.cdf(x, 0.5, 0.3) - norm.cdf(-x, 0.5, 0.3)

    assert kstest(steps, folded).pvalue > 1e-3


def test_logistic_normal_against_theory():
    doses = (1.0, 3.0, 10.0)
    curves = logistic_normal(
        40_000, rng(), target=0.3, n_levels=3, doses=doses, reference_dose=3.0,
        mean=(-1.0, 0.2), sd=(0.8, 0.4), correlation=0.0,
    )  # fmt: skip
    at_reference = (logit(curves[:, 1]) + 1.0) / 0.8
    assert kstest(at_reference, "norm").pvalue > 1e-3
    for place, log_dose in ((0, np.log(1 / 3)), (2, np.log(10 / 3))):
        for p in (0.1, 0.3, 0.6):
            theory = quad(
                lambda u, p=p, log_dose=log_dose: norm.pdf(u)
                * norm.cdf((logit(p) + 1.0 - np.exp(0.2 + 0.4 * u) * log_dose) / 0.8),
                -8, 8,
            )[0]  # fmt: skip
            share = (curves[:, place] <= p).mean()
            assert abs(share - theory) < 4 * np.sqrt(theory * (1 - theory) / len(curves))


def test_the_median_of_the_default_prior_is_the_target_in_the_middle_of_the_ladder():
    curves = logistic_normal(40_001, rng(), target=0.2, n_levels=5)
    share = (curves[:, 2] <= 0.2).mean()
    assert abs(share - 0.5) < 4 * 0.5 / 200
    slopes = (logit(curves[:, 3]) - logit(curves[:, 2])) / LOG_DOSE_STEP
    assert kstest(np.log(slopes[np.isfinite(slopes)]), "norm").pvalue > 1e-3
    doubling = logistic_normal(100, rng(), target=0.2, n_levels=3, doses=(5, 10, 20))
    assert doubling == pytest.approx(logistic_normal(100, rng(), target=0.2, n_levels=3))


def test_a_correlation_of_one_leaves_one_number():
    curves = logistic_normal(
        200, rng(), target=0.3, n_levels=2, doses=(1, 2), reference_dose=1,
        mean=(0.5, 0.0), sd=(2.0, 1.0), correlation=1.0,
    )  # fmt: skip
    a = logit(curves[:, 0])
    expected = expit(a + np.exp((a - 0.5) / 2) * np.log(2))
    assert curves[:, 1] == pytest.approx(expected)


def test_slopes_without_end_are_steps():
    curves = logistic_normal(50, rng(), target=0.3, n_levels=3, mean=(0.0, 800.0))
    assert set(np.unique(curves[:, [0, 2]])) == {0.0, 1.0}


# ---------------------------------------------------------------- averages


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_averages_against_one_scenario_after_the_other(prior):
    target = 0.3
    graph = build_graph(Boin(n_levels=3, target=target, max_patients=12))
    curves = prior(60, rng(), target=target, n_levels=3)
    averages = average_over_curves(graph, curves, target)
    one_by_one: dict[str, list[float]] = {name: [] for name in averages.figures}
    for curve in curves.tolist():
        found = exact_characteristics(graph, curve)
        against = found.against_target(curve, target)
        values = metric_values(graph, curve, target=target)  # as compare has them
        weights = end_probabilities(graph, np.array([curve]))[0]
        above = sum(n for n, p in zip(found.patients, curve, strict=True) if p > target)
        for name, value in {
            **against,
            "p_no_mtd": found.p_no_mtd,
            "p_inconclusive": found.p_inconclusive,
            "sample_size": found.sample_size.mean,
            "total_dlts": found.total_dlts.mean,
            "patients_above": above,
            **{name: float(weights @ values[name]) for name in ("share_above", "dlt_rate")},
        }.items():
            one_by_one[name].append(value)
    for name, values in one_by_one.items():
        assert averages.figures[name] == pytest.approx(values, abs=1e-12)
        summary = averages.summary()[name]
        assert summary.mean == pytest.approx(np.mean(values))
        assert summary.mcse == pytest.approx(np.std(values, ddof=1) / np.sqrt(60))
        assert summary.quantiles == pytest.approx([np.quantile(values, q) for q in QUANTILES])


def test_figures_by_correct_level_add_up():
    graph = build_graph(ThreePlusThree(n_levels=3))
    curves = logistic_normal(500, rng(), target=0.25, n_levels=3)
    averages = average_over_curves(graph, curves, 0.25)
    counts, means = averages.n_by_correct_level(), averages.by_correct_level("pcs")
    assert list(means) == [0, 1, 2, NO_MTD]
    together = sum(counts[level] * means[level].mean for level in means) / 500
    assert together == pytest.approx(averages.summary()["pcs"].mean)


def test_curves_in_blocks_are_those_at_once_and_their_figures_too():
    """The first block is what one draw of so many curves gives."""
    n, target = CURVES_AT_ONCE + 700, 0.25
    draw = partial(paoletti, rng=rng(3), target=target, n_levels=3)
    blocks = list(draw_in_blocks(draw, n))
    assert [len(block) for block in blocks] == [CURVES_AT_ONCE, 700]
    first = paoletti(CURVES_AT_ONCE, rng(3), target=target, n_levels=3)
    assert (blocks[0] == first).all()
    graph, done = build_graph(ThreePlusThree(n_levels=3)), []
    at_once = average_over_curves(graph, np.vstack(blocks), target)
    parts = list(average_in_blocks(graph, iter(blocks), target))
    assert (at_once.p_dlt == np.vstack(blocks)).all()
    assert (at_once.correct == np.concatenate([part.correct for part in parts])).all()
    for name, values in at_once.figures.items():
        assert (np.concatenate([part.figures[name] for part in parts]) == values).all(), name
    found = CurveSummaries(parts, target, progress=done.append)
    assert done == [CURVES_AT_ONCE, 700]
    assert found.n_curves == at_once.n_curves == n
    assert found.n_by_correct_level() == at_once.n_by_correct_level()
    for name, summary in at_once.summary().items():
        assert_same(found.summary()[name], summary)
        groups = found.by_correct_level(name)
        for level, of_level in at_once.by_correct_level(name).items():
            assert_same(groups[level], of_level)
        assert list(groups) == list(at_once.by_correct_level(name))


def assert_same(here, there):
    """Quantiles of numbers that were not kept are those of numpy, to the bit."""
    assert here.quantiles == there.quantiles
    assert here.mean == pytest.approx(there.mean, rel=1e-12, abs=1e-15)
    assert here.sd == pytest.approx(there.sd, rel=1e-9, abs=1e-12)
    assert here.mcse == pytest.approx(there.mcse, rel=1e-9, abs=1e-12)


def test_memory_hardly_grows_with_the_number_of_curves():
    """Around each quantile some numbers are kept, by the square root of how many there are."""
    automaton = ladder_automaton(ThreePlusThree(n_levels=5))
    peaks = []
    for n in (40_000, 120_000):
        tracemalloc.start()
        draw = partial(pseudo_uniform, rng=rng(), target=0.25, n_levels=5)
        CurveSummaries(average_in_blocks(automaton, draw_in_blocks(draw, n), 0.25), 0.25)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 0.4 * 80_000 * (9 * 8 + 1)


@pytest.mark.parametrize(
    "design",
    [
        *(
            ThreePlusThree(n_levels=4, start=start, variant=variant)
            for variant in VARIANTS
            for start in (0, 2)
        ),
        ThreePlusThree(n_levels=1),
        ThreePlusThree(n_levels=3, start=2, untested_below="stop"),
        ThreePlusThree(n_levels=3, two_of_six="mtd"),
        ThreePlusThree(n_levels=3, third=3),
        ThreePlusThree(n_levels=7),
        RollingSix(n_levels=3, start=1),
        APlusB(n_levels=3, start=1, a=4, b=2, c=1, d=2, e=2, third=4, f=4),
        APlusB(n_levels=3, a=1, b=5, c=1, d=1, e=1, borderline="mtd"),
    ],
    ids=repr,
)
def test_averages_level_by_level_are_those_of_the_graph(design):
    """Shares of a trial's patients among them, also under curves that fall, and of 0 and 1."""
    curves = rng().random((40, design.n_levels))
    curves[:4] = [[0], [1], [0.25], [0.5]]
    here = average_over_curves(ladder_automaton(design), curves, 0.25)
    there = average_over_curves(build_graph(design), curves, 0.25)
    assert list(here.figures) == list(there.figures)
    for name, values in there.figures.items():
        assert here.figures[name] == pytest.approx(values, rel=0, abs=1e-12), name


def test_the_share_with_a_dlt_of_a_long_ladder_that_all_pass_is_none():
    """On twenty levels, each with three patients, the last with six: 63 in all."""
    automaton = ladder_automaton(ThreePlusThree(n_levels=20))
    averages = average_over_curves(automaton, [[0.0] * 19 + [1e-300]], 0.25)
    assert averages.figures["sample_size"] == pytest.approx([63])
    assert averages.figures["dlt_rate"] == pytest.approx([0], abs=1e-200)
    toxic = average_over_curves(automaton, [[0.0] * 19 + [1.0]], 0.25)
    # three DLTs at the top end it, and three more patients confirm the level below: 63 in all
    assert toxic.figures["share_above"] == pytest.approx([3 / 63])
    assert toxic.figures["dlt_rate"] == pytest.approx([3 / 63])


def test_one_curve_has_no_standard_error():
    graph = build_graph(ThreePlusThree(n_levels=2))
    summary = average_over_curves(graph, [[0.1, 0.3]], 0.25).summary()["pcs"]
    assert summary.mcse is None
    assert summary.sd is None


def test_a_trial_that_has_ended_treats_nobody_above_the_target():
    graph = build_graph(ThreePlusThree(n_levels=1), [Tally(n_evaluable=3, n_dlts=2)], 0)
    averages = average_over_curves(graph, [[0.4]], 0.25)
    assert averages.figures["share_above"].tolist() == [0]
    assert averages.figures["dlt_rate"].tolist() == [0]
    assert averages.figures["pcs"].tolist() == [1]


@pytest.mark.parametrize(
    ("prior", "arguments", "message"),
    [
        (pseudo_uniform, {"n_curves": 0}, "one curve"),
        (pseudo_uniform, {"target": float("nan")}, "target"),
        (pseudo_uniform, {"target": 1.0}, "target"),
        (pseudo_uniform, {"n_levels": 0}, "level"),
        (paoletti, {"step_mean": float("inf")}, "steps"),
        (paoletti, {"step_sd": 0.0}, "steps"),
        (paoletti, {"sd_at_mtd": float("nan")}, "correct level"),
        (logistic_normal, {"sd": (-1.0, 1.0)}, "SDs"),
        (logistic_normal, {"mean": (float("nan"), 1.0)}, "means"),
        (logistic_normal, {"correlation": 1.1}, "correlation"),
        (logistic_normal, {"doses": (1.0, 2.0)}, "2 doses"),
        (logistic_normal, {"doses": (3.0, 2.0, 1.0)}, "not above"),
        (logistic_normal, {"reference_dose": 2.0}, "needs the doses"),
        (logistic_normal, {"doses": (1, 2, 3), "reference_dose": -2.0}, "positive"),
    ],
)
def test_bad_arguments_are_named(prior, arguments, message):
    settings = {"n_curves": 10, "target": 0.3, "n_levels": 3} | arguments
    with pytest.raises(InputError, match=message):
        prior(settings.pop("n_curves"), rng(), **settings)
