"""Toxicity curves against their definitions, scipy, and values worked out by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from simulations.scenarios.arguments import CurveError
from simulations.scenarios.curves import emax, logistic, power, weibull

DOSES = (1e6, 3e6, 6e6, 1e7)
POINTS = ((3e6, 0.10), (1e7, 0.30))

ladders = st.lists(st.floats(0.1, 4), min_size=1, max_size=8).map(
    lambda steps: [1e6 * math.exp(sum(steps[: i + 1])) for i in range(len(steps))]
)
probabilities = st.floats(1e-6, 1 - 1e-6)


@st.composite
def two_points(draw, highest=1.0):
    low, step = draw(st.floats(1e-3, 1e3)), draw(st.floats(1.01, 100))
    p = sorted((draw(probabilities) * highest, draw(probabilities) * highest))
    assume(p[0] < p[1])
    return (low, p[0]), (low * step, p[1])


@given(two_points())
@pytest.mark.parametrize("curve", [logistic, weibull])
def test_curves_pass_through_both_fixing_points(curve, points):
    doses, p = zip(*points, strict=True)
    assert curve(doses, p_at=points) == pytest.approx(p, abs=1e-12)
    assert curve(doses, p_at=points[::-1]) == curve(doses, p_at=points)


@given(two_points(highest=0.6))
def test_emax_with_a_plateau_passes_through_both_fixing_points(points):
    doses, p = zip(*points, strict=True)
    assert emax(doses, p_at=points, pmax=0.6) == pytest.approx(p, abs=1e-12)


@given(two_points(), st.floats(0.2, 20))
def test_emax_with_a_hill_exponent_passes_through_both_fixing_points(points, hill):
    doses, p = zip(*points, strict=True)
    try:
        curve = emax(doses, p_at=points, hill=hill)
    except CurveError:
        # no plateau up to 1: even pmax = 1, the highest there is, needs a larger exponent
        odds = special.logit(p)
        assert (odds[1] - odds[0]) / math.log(doses[1] / doses[0]) > hill * (1 - 1e-6)
    else:
        assert curve == pytest.approx(p, abs=1e-12)


@given(ladders, probabilities, st.floats(0.1, 10))
def test_curves_pass_through_one_fixing_point(doses, p, steepness):
    middle = len(doses) // 2
    low, high = [(doses[middle], p * 0.7)], [(doses[middle], p)]
    assert logistic(doses, p_at=high, slope=steepness)[middle] == pytest.approx(p, abs=1e-12)
    assert weibull(doses, p_at=high, shape=steepness)[middle] == pytest.approx(p, abs=1e-12)
    found = emax(doses, p_at=low, pmax=0.7, hill=steepness)
    assert found[middle] == pytest.approx(p * 0.7, abs=1e-12)


@given(ladders, two_points(highest=0.6), st.floats(0.1, 10))
def test_curves_never_fall_and_stay_probabilities(doses, points, steepness):
    for found in (
        logistic(doses, p_at=points),
        weibull(doses, p_at=points),
        emax(doses, p_at=points, pmax=0.6),
        logistic(doses, p_at=points[:1], slope=steepness),
        weibull(doses, p_at=points[:1], shape=steepness),
        emax(doses, p_at=points[:1], pmax=0.6, hill=steepness),
    ):
        assert all(low <= high for low, high in itertools.pairwise(found))
        assert found[0] >= 0
        assert found[-1] <= 1


def test_logistic_against_scipy():
    slope = (special.logit(0.3) - special.logit(0.1)) / math.log(10 / 3)
    intercept = special.logit(0.1) - slope * math.log(3e6)
    theory = special.expit(intercept + slope * np.log(DOSES))
    assert logistic(DOSES, p_at=POINTS) == pytest.approx(theory, abs=1e-12)


def test_weibull_against_scipy():
    shape = math.log(math.log(0.7) / math.log(0.9)) / math.log(10 / 3)
    scale = 3e6 / (-math.log(0.9)) ** (1 / shape)
    theory = stats.weibull_min.cdf(DOSES, shape, scale=scale)
    assert weibull(DOSES, p_at=POINTS) == pytest.approx(theory, abs=1e-12)
    one_point = weibull(DOSES, p_at=[POINTS[0]], shape=shape)
    assert one_point == pytest.approx(theory, abs=1e-12)


def test_emax_against_its_definition():
    d50, hill, pmax = 5e6, 1.7, 0.6
    theory = [pmax * d**hill / (d50**hill + d**hill) for d in DOSES]
    points = list(zip(DOSES, theory, strict=True))
    fixed = [
        emax(DOSES, p_at=points[1:2], pmax=pmax, hill=hill),
        emax(DOSES, p_at=points[::3], pmax=pmax),
        emax(DOSES, p_at=points[::3], hill=hill),
    ]
    for found in fixed:
        assert found == pytest.approx(theory, abs=1e-12)


def test_emax_with_a_plateau_of_one_is_logistic():
    assert emax(DOSES, p_at=POINTS, pmax=1) == pytest.approx(
        logistic(DOSES, p_at=POINTS), abs=1e-12
    )


def test_power_against_its_definition():
    skeleton = (0.05, 0.10, 0.20, 0.30)
    assert power(None, skeleton=skeleton, theta=1) == pytest.approx(skeleton, abs=1e-15)
    theta = math.log(0.25) / math.log(0.20)
    theory = np.array(skeleton) ** theta
    assert power(DOSES, skeleton=skeleton, p_at=[(6e6, 0.25)]) == pytest.approx(theory, abs=1e-12)
    assert power(DOSES, skeleton=skeleton, theta=theta) == pytest.approx(theory, abs=1e-12)


@pytest.mark.parametrize(
    ("found", "by_hand"),
    [
        # odds 1/9, doubled and doubled again
        (logistic([1, 2, 4], p_at=[(1, 0.1)], slope=1), (1 / 10, 2 / 11, 4 / 13)),
        # odds 1 at dose 1 and 4 at dose 4: proportional to the dose
        (logistic([2, 9], p_at=[(1, 0.5), (4, 0.8)]), (2 / 3, 9 / 10)),
        # 1 - 2**-(dose**2)
        (weibull([1, 2, 3], p_at=[(1, 0.5)], shape=2), (1 / 2, 15 / 16, 511 / 512)),
        # half the plateau at dose 2
        (emax([1, 2, 4], p_at=[(2, 0.3)], pmax=0.6, hill=1), (0.2, 0.3, 0.4)),
        # 1/p = 1/0.6 + (2/0.6) / dose
        (emax([2, 6], p_at=[(1, 0.2), (4, 0.4)], hill=1), (0.3, 0.45)),
        (power([1, 2, 3], skeleton=[0.1, 0.2, 0.3], p_at=[(2, 0.04)]), (0.01, 0.04, 0.09)),
    ],
)
def test_curves_against_values_by_hand(found, by_hand):
    assert found == pytest.approx(by_hand, abs=1e-12)


def test_limits_are_nobody_and_everybody_or_the_plateau():
    doses = (1e-300, 1.0, 1e300)
    assert logistic(doses, p_at=[(1, 0.2)], slope=50) == pytest.approx((0, 0.2, 1), abs=1e-12)
    assert weibull(doses, p_at=[(1, 0.2)], shape=50) == pytest.approx((0, 0.2, 1), abs=1e-12)
    plateau = emax(doses, p_at=[(1, 0.2)], pmax=0.6, hill=50)
    assert plateau == pytest.approx((0, 0.2, 0.6), abs=1e-12)
    steep = emax((1, 2), p_at=[(1, 0.1), (2, 0.4)], hill=1e6)
    assert steep == pytest.approx((0.1, 0.4), abs=1e-12)


def test_numpy_arrays_are_lists_too():
    found = logistic(np.array(DOSES), p_at=np.array(POINTS))
    assert found == logistic(DOSES, p_at=POINTS)
    assert all(type(p) is float for p in found)
    assert len(power(np.array(DOSES), skeleton=np.array([0.1, 0.2, 0.3, 0.4]), theta=2)) == 4


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: logistic([], p_at=POINTS), "doses: a list of doses is needed, lowest"),
        (lambda: logistic("12", p_at=POINTS), "doses: a list of doses is needed, lowest"),
        (lambda: logistic([3, 2], p_at=POINTS), "doses[1]: 2 is not above 3 before it"),
        (lambda: logistic([1, 1], p_at=POINTS), "doses[1]: 1 is not above 1 before it"),
        (lambda: logistic([0], p_at=POINTS), "doses[0]: 0 is not a positive number"),
        (lambda: logistic([math.nan], p_at=POINTS), "doses[0]: nan is not a positive number"),
        (lambda: logistic([math.inf], p_at=POINTS), "doses[0]: inf is not a positive number"),
        (lambda: logistic([10**400], p_at=POINTS), "is not a positive number"),
        (lambda: logistic([True], p_at=POINTS), "doses[0]: True is not a positive number"),
        (lambda: logistic([1], p_at=[]), "p_at: one or two pairs [dose, P(DLT)] needed, not []"),
        (lambda: logistic([1], p_at=[(1, 0.1)] * 3), "p_at: one or two pairs"),
        (lambda: logistic([1], p_at=[1, 0.1]), "p_at[0]: a pair [dose, P(DLT)] needed, not 1"),
        (lambda: logistic([1], p_at=[(-1, 0.1)]), "p_at[0]: the dose -1 is not a positive number"),
        (lambda: logistic([1], p_at=[(1, 0)]), "p_at[0]: P(DLT) must be strictly between 0 and 1"),
        (lambda: weibull([1], p_at=[(1, 1)]), "p_at[0]: P(DLT) must be strictly between 0 and 1"),
        (lambda: weibull([1], p_at=[(1, True)]), "not True"),
        (lambda: logistic([1], p_at=[(1, 0.1), (1, 0.2)]), "p_at: the two doses must differ"),
        (
            lambda: logistic([1], p_at=[(1, 0.2), (2, 0.2)]),
            "p_at: P(DLT) must rise with dose, but is 0.2 at 1 and 0.2 at 2",
        ),
        (lambda: logistic([1], p_at=[(1, 0.2), (2, 0.1)]), "P(DLT) must rise with dose"),
        (lambda: logistic([1], p_at=[(1, 0.2)]), "p_at: with one pair, slope is needed too"),
        (lambda: weibull([1], p_at=[(1, 0.2)]), "p_at: with one pair, shape is needed too"),
        (lambda: logistic([1], p_at=POINTS, slope=1), "slope: two pairs in p_at fix the curve"),
        (lambda: logistic([1], p_at=[(1, 0.2)], slope=0), "slope: 0 is not a positive number"),
        (lambda: weibull([1], p_at=[(1, 0.2)], shape="2"), "shape: '2' is not a positive number"),
        (lambda: emax([1], p_at=[(1, 0.2)], pmax=0.5), "pmax and hill are both needed"),
        (lambda: emax([1], p_at=POINTS), "either pmax or hill is needed, and not both"),
        (lambda: emax([1], p_at=POINTS, pmax=0.5, hill=1), "and not both"),
        (
            lambda: emax([1], p_at=POINTS, pmax=0.3),
            "pmax: above 0.3 and at most 1 needed, not 0.3",
        ),
        (lambda: emax([1], p_at=POINTS, pmax=1.1), "at most 1 needed, not 1.1"),
        (lambda: emax([1], p_at=[(1, 0.1), (2, 0.9)], hill=1), "hill: 1 gives no plateau up to 1"),
        (lambda: emax([1], p_at=[(1, 0.1), (2, 0.9)], hill=5e-324), "gives no plateau up to 1"),
        (lambda: emax([1], p_at=[(1, 5e-324), (2, 0.9)], hill=1e9), "gives no plateau up to 1"),
        (lambda: power(None, skeleton=[], theta=1), "skeleton: a list of prior P(DLT) is needed"),
        (lambda: power(None, skeleton=[0.2, 0.1], theta=1), "skeleton[1]: 0.1 is not above 0.2"),
        (lambda: power(None, skeleton=[0.0], theta=1), "skeleton[0]: 0 is not strictly between"),
        (lambda: power(None, skeleton=[0.1]), "theta: either theta or p_at is needed"),
        (lambda: power([1], skeleton=[0.1], theta=1, p_at=[(1, 0.1)]), "and not both"),
        (lambda: power(None, skeleton=[0.1], p_at=[(1, 0.1)]), "doses: a list of doses is needed"),
        (lambda: power([1], skeleton=[0.1], p_at=POINTS), "p_at: one pair [dose, P(DLT)] needed"),
        (
            lambda: power([1, 2], skeleton=[0.1, 0.2], p_at=[(3, 0.1)]),
            "p_at[0]: 3 is not one of the doses, 1, 2",
        ),
        (
            lambda: power([1], skeleton=[0.1, 0.2], theta=1),
            "skeleton: one value a dose, 1 in all",
        ),
    ],
)
def test_arguments_that_fix_no_curve_are_refused(call, fault):
    with pytest.raises(CurveError) as refusal:
        call()
    assert fault in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_fault_is_reported_at_once():
    with pytest.raises(CurveError) as refusal:
        logistic([2, 1], p_at=[(0, 2)], slope=-1)
    assert [fault.partition(":")[0] for fault in refusal.value.faults] == [
        "doses[1]",
        "p_at[0]",
        "p_at[0]",
        "slope",
    ]
