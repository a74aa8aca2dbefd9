"""The interval designs on small ladders, whole, against their prose written plainly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from scipy.stats import beta

from escalation.designs import Decision, make_design
from escalation.designs.base import LevelStatus
from escalation.designs.interval.base import IntervalDesign, bisect_decisions, has_boundaries
from escalation.designs.interval.isotonic import select_mtd
from escalation.designs.interval.posterior import exceeds, heaviest_interval, on_common_scale
from escalation.outcomes import Tally
from tests.designs.reference import select_as_boin

NAMES = ("boin", "keyboard", "mtpi-2", "mtpi", "tpi", "i3+3")
FEWEST = {"boin": 3, "keyboard": 3, "mtpi-2": 1, "mtpi": 1, "tpi": 1, "i3+3": 3, "g3+3": 3}


def made(name: str, **options: Any) -> IntervalDesign:
    given = {"n_levels": 3, "max_patients": 30} | options
    if name != "g3+3":
        given = {"target": 0.3} | given
    design = make_design(name, **given)
    assert isinstance(design, IntervalDesign)
    return design


# --- boundaries, one number of DLTs after the other -----------------------------------------------


def reading(name: str, n: int, x: int, target: float) -> int:  # noqa: PLR0911
    """Return 0 to escalate, 1 to stay, 2 to de-escalate, with the options' defaults."""
    t = Fraction(str(target))
    rate, half = Fraction(x, n), Fraction(1, 20)
    if name == "boin":
        low, high = t * 6 / 10, t * 14 / 10

        def likelihood(p: Fraction) -> Fraction:
            return p**x * (1 - p) ** (n - x)

        if likelihood(low) >= likelihood(t):
            return 0
        return 2 if likelihood(high) > likelihood(t) else 1
    if name == "i3+3":
        if rate < t - half:
            return 0
        if rate <= t + half:
            return 1
        return 1 if Fraction(x - 1, n) < t - half else 2
    if name == "g3+3":
        if n in (3, 6):
            return 0 if x <= n // 6 else 1 if (n, x) == (3, 1) else 2
        return 0 if rate < Fraction(20, 100) else 2 if rate > Fraction(29, 100) else 1
    low, high, prior = target - 0.05, target + 0.05, 1.0
    if name == "tpi":
        prior = 0.005
        sigma = beta.std(x + prior, n - x + prior)
        low, high = target - 1.5 * sigma, target + sigma
    cdf = beta(x + prior, n - x + prior).cdf
    if name in ("keyboard", "mtpi-2"):
        edges = [max(low - 0.1, 0), low, high, min(high + 0.1, 1)]
    else:
        edges = [0, low, high, 1]
    mass = [cdf(b) - cdf(a) for a, b in itertools.pairwise(edges)]
    if name != "tpi":
        mass = [m / (b - a) for m, (a, b) in zip(mass, itertools.pairwise(edges), strict=True)]
    return max((2, 1, 0), key=lambda k: round(mass[k], 12))


@pytest.mark.parametrize("name", FEWEST)
@pytest.mark.parametrize("target", [0.2, 0.3, 0.7])
def test_boundaries_against_every_number_of_dlts_by_itself(name, target):
    if name == "g3+3":
        target = 0.25
    design = made(name, target=target) if name != "g3+3" else made(name)
    for n in range(1, 13):
        readings = [reading(name, n, x, target) for x in range(n + 1)]
        up = readings.count(0) - 1
        down = readings.index(2) if 2 in readings else n + 1
        assert readings == sorted(readings)
        assert design.boundaries(n) == (up, down), n


@pytest.mark.parametrize("name", ["keyboard", "mtpi-2", "mtpi", "i3+3"])
@pytest.mark.parametrize("target", [0.07, 0.93])
def test_boundaries_near_the_ends_against_every_number_of_dlts(name, target):
    """Where a neighbour of the target key is cut short."""
    design = made(name, target=target)
    for n in range(1, 13):
        readings = [reading(name, n, x, target) for x in range(n + 1)]
        down = readings.index(2) if 2 in readings else n + 1
        assert design.boundaries(n) == (readings.count(0) - 1, down), n


@pytest.mark.parametrize("target", [0.05, 0.5, 0.9])
@pytest.mark.parametrize(("k1", "k2"), [(0.5, 0.5), (3, 1.5), (3, 4), (100, 0.1)])
def test_tpi_with_other_reaches_against_scipy(target, k1, k2):
    """Also where it never escalates, and never de-escalates."""
    design = made("tpi", target=target, k1=k1, k2=k2)
    for n in range(1, 7):
        readings = []
        for x in range(n + 1):
            posterior = beta(x + 0.005, n - x + 0.005)
            low = posterior.cdf(target - k2 * posterior.std())
            high = posterior.cdf(target + k1 * posterior.std())
            masses = (low, high - low, 1 - high)
            readings.append(max((2, 1, 0), key=lambda k, m=masses: round(m[k], 12)))
        down = readings.index(2) if 2 in readings else n + 1
        assert design.boundaries(n) == (readings.count(0) - 1, down), n


@pytest.mark.parametrize("target", [0.55, 0.8, 0.9])
def test_boin_never_names_more_dlts_than_patients(target):
    """Rates near one: the boundary itself, and not a number beyond all patients."""
    p_saf, p_tox = round(target * 0.9, 4), round(target * 1.05, 4)
    design = made("boin", target=target, p_saf=p_saf, p_tox=p_tox)
    low, t, high = (Fraction(str(p)) for p in (p_saf, target, p_tox))
    for n in range(1, 11):

        def likely(p: Fraction, x: int, n: int = n) -> Fraction:
            return p**x * (1 - p) ** (n - x)

        up = [x for x in range(n + 1) if likely(low, x) >= likely(t, x)]
        down = [x for x in range(n + 1) if likely(high, x) > likely(t, x)]
        assert design.boundaries(n) == (max(up), min(down))


@pytest.mark.parametrize("name", FEWEST)
@pytest.mark.parametrize("cutoff", [0.8, 0.95])
def test_elimination_against_scipy(name, cutoff):
    if name == "g3+3":
        design, target, cutoff = made(name), 0.25, 0.95
    else:
        design, target = made(name, cutoff_eli=cutoff), 0.3
    prior = 0.005 if name == "tpi" else 1
    for n in range(1, 13):
        chances = [beta.sf(target, x + prior, n - x + prior) for x in range(n + 1)]
        above = [x for x, chance in enumerate(chances) if chance > cutoff]
        expected = min(above, default=None) if n >= FEWEST[name] else None
        assert design.elimination(n) == expected
        assert design.unsafe_at_lowest(n) == expected  # without extrasafe


def test_at_a_target_near_0_nobody_needs_a_dlt_to_eliminate_against_scipy():
    design = made("boin", target=0.01)
    for n in range(1, 7):
        chances = [beta.sf(0.01, x + 1, n - x + 1) for x in range(n + 1)]
        above = [x for x, chance in enumerate(chances) if chance > 0.95]
        assert design.elimination(n) == (min(above, default=None) if n >= 3 else None)
    assert design.elimination(3) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_stricter_limit_at_the_lowest_level_against_scipy(name):
    design = made(name, extrasafe=True, offset=0.15, cutoff_eli=0.9)
    prior = 0.005 if name == "tpi" else 1
    assert design.cutoff_at_lowest == 0.75
    for n in range(1, 13):
        chances = [beta.sf(0.3, x + prior, n - x + prior) for x in range(n + 1)]
        above = [x for x, chance in enumerate(chances) if chance > 0.75]
        expected = min(above, default=None) if n >= FEWEST[name] else None
        assert design.unsafe_at_lowest(n) == expected


def test_a_reading_that_rises_is_halved_to_its_boundaries():
    for readings in itertools.combinations_with_replacement((0, 1, 2), 5):
        up = readings.count(0) - 1
        down = readings.index(2) if 2 in readings else 5
        assert bisect_decisions(4, readings.__getitem__) == (up, down)


# --- the decision, in the words of the docstrings -------------------------------------------------


def judge(design: IntervalDesign, n: int, x: int) -> LevelStatus:
    if n == 0:
        return LevelStatus.NOT_GIVEN
    if design.titration and n == 1:
        return LevelStatus.OPEN
    whole = max(n, design.cohort_size)
    up, down = design.boundaries(whole)
    limit = design.elimination(whole)
    if limit is not None and x >= limit:
        return LevelStatus.TOO_TOXIC
    if x >= down:
        return LevelStatus.ABOVE_TARGET
    return LevelStatus.CLEARED if n >= design.cohort_size and x <= up else LevelStatus.OPEN


def plain(design: IntervalDesign, seen: Sequence[Tally], level: int) -> tuple[Any, ...]:
    """Return next level, patients and clause of an interval design, or ``None`` and the MTD."""
    size, n_levels = design.cohort_size, design.n_levels
    n, x = [t.n_evaluable for t in seen], [t.n_dlts for t in seen]
    status = [judge(design, *each) for each in zip(n, x, strict=True)]
    ceiling = [*status, LevelStatus.TOO_TOXIC].index(LevelStatus.TOO_TOXIC)

    def unsafe(whole: int) -> bool:
        limit = design.unsafe_at_lowest(whole) if whole else None
        return design.extrasafe and limit is not None and x[0] >= limit

    def select(why: str) -> tuple[Any, ...]:
        for k in range(ceiling):  # nobody completes a cohort any more
            limit = design.elimination(n[k]) if n[k] < size else None
            if limit is not None and x[k] >= limit:
                if k == 0:
                    return None, None, "lowest-eliminated"
                return None, design._select_mtd(seen[:k]), why
        if unsafe(n[0]):
            return None, None, "lowest-unsafe"
        return None, design._select_mtd(seen[:ceiling]), why

    if ceiling == 0:
        return None, None, "lowest-eliminated"
    if unsafe(0 if n[0] <= design.titration else max(n[0], size)):
        return None, None, "lowest-unsafe"
    places = size if design.max_patients is None else design.max_patients - sum(n)
    if places <= 0:
        return select("max-patients")
    here, nobody = level, sum(n) == 0
    if design.titration:
        over = n[-1] > 0 or any(x) or max(n) >= size
        target = level + (n[level] > 0)
        if not over and target < ceiling:
            return target, 1, "start" if nobody and target == design.start else "titrate"
        late = [k for k in range(level) if x[k] and n[k] < size]
        here = min([*late, level])
    if here >= ceiling:
        target, why = ceiling - 1, "eliminated"
    elif status[here] is LevelStatus.CLEARED and here + 1 < ceiling:
        target, why = here + 1, "escalate"
    elif status[here] is LevelStatus.CLEARED:
        target = here
        why = "stay-highest" if here + 1 == n_levels else "stay-below-eliminated"
    elif status[here] is LevelStatus.ABOVE_TARGET:
        target, why = max(here - 1, 0), "deescalate" if here else "stay-lowest"
    else:
        target, why = here, "stay"
    if design.n_earlystop is not None and target == level and n[target] >= design.n_earlystop:
        return select("enough-here")
    if why == "stay" and n[target] < size:
        why = "fill" if n[target] else "start" if nobody and target == design.start else "not-given"
    lacking = size - n[target]
    whole_cohort = design.titration and target != level and not x[target]
    return target, min(size if lacking <= 0 or whole_cohort else lacking, places), why


def said(decision: Decision) -> tuple[Any, ...]:
    if decision.level is None:
        return None, decision.mtd, decision.clause.id
    return decision.level, decision.n_to_enrol, decision.clause.id


CONFIGURED: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in (*NAMES, "g3+3")),
    *((name, {"max_patients": 6, "start": 1}) for name in (*NAMES, "g3+3")),
    *((name, {"titration": True, "max_patients": 6}) for name in (*NAMES, "g3+3")),
    ("boin", {"extrasafe": True, "cohort_size": 1, "max_patients": 4, "offset": 0.2}),
    ("tpi", {"extrasafe": True, "cohort_size": 2, "max_patients": 8, "offset": 0.2}),
    ("mtpi-2", {"cohort_size": 4, "max_patients": 8, "extrasafe": True, "offset": 0.4}),
    ("keyboard", {"extrasafe": True, "titration": True, "max_patients": 9, "offset": 0.4}),
    ("keyboard", {"cohort_size": 4, "max_patients": 8, "titration": True, "target": 0.2}),
    ("mtpi", {"n_earlystop": 3, "cohort_size": 2, "max_patients": 10}),
    ("i3+3", {"n_earlystop": 4, "titration": True, "start": 1}),
    ("boin", {"bound_mtd": True, "max_patients": 6, "n_earlystop": 4}),
    ("boin", {"max_patients": None}),
    ("boin", {"cohort_size": 5, "max_patients": 10, "extrasafe": True, "offset": 0.3}),
]
ONE = [Tally(n_evaluable=n, n_dlts=x) for n in (0, 1, 2, 3, 4) for x in range(n + 1)]
FEW = [Tally(n_evaluable=n, n_dlts=x) for n, x in ((0, 0), (1, 0), (1, 1), (3, 0), (3, 1), (3, 3))]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), CONFIGURED)
def test_every_tally_on_small_ladders_against_the_prose(name, options):
    small = [(2, ONE), (3, FEW)]
    for n_levels, tallies in small:
        design = made(name, n_levels=n_levels, **options)
        for seen in itertools.product(tallies, repeat=n_levels):
            for level in range(n_levels):
                found = said(design.decide(seen, level))
                assert found == plain(design, seen, level), (seen, level)


@pytest.mark.parametrize(("name", "options"), CONFIGURED)
def test_every_status_up_to_eight_patients_against_the_prose(name, options):
    design = made(name, **options)
    for n in range(9):
        for x in range(n + 1):
            tally = Tally(n_evaluable=n, n_dlts=x)
            assert design.status(tally) is judge(design, n, x)
            limit = design.elimination(n) if 0 < n < design.cohort_size else None
            toxic = limit is not None and x >= limit
            final = LevelStatus.TOO_TOXIC if toxic else judge(design, n, x)
            assert design.final_status(tally) is final


def test_a_level_with_more_patients_than_the_trial_is_judged_too():
    design = made("boin", max_patients=6, n_levels=2)
    for n in range(5, 40):
        for x in (0, n // 3, n):
            seen = (Tally(n_evaluable=n, n_dlts=x), Tally())
            assert design.status(seen[0]) is judge(design, n, x)
            assert said(design.decide(seen, 0)) == plain(design, seen, 0)


def test_nobody_is_no_patients_that_could_be_too_toxic():
    """At a target so low that a DLT rate above it is nearly sure beforehand."""
    for name in NAMES:
        margins = {"keyboard": ("margin_left", "margin_right"), "mtpi-2": ("margin_left",)}
        options = dict.fromkeys(margins.get(name, ()), 0.01)
        if name in ("mtpi", "i3+3"):
            options = {"eps1": 0.01, "eps2": 0.01}
        design = made(name, target=0.03, cohort_size=1, **options)
        assert design.elimination(0) is None
        assert design.final_status(Tally()) is LevelStatus.NOT_GIVEN


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        ({"cohort_size": 1, "max_patients": None}, tuple(range(1, 31))),
        ({"cohort_size": 1, "max_patients": 300}, tuple(range(1, 301))),
        ({"cohort_size": 20, "max_patients": None}, (20,)),
        ({"cohort_size": 4, "max_patients": 12}, (4, 8, 12)),
        ({"cohort_size": 4, "max_patients": 12, "n_earlystop": 4}, (4,)),
        ({"cohort_size": 4, "max_patients": 12, "n_earlystop": 5}, (4, 8)),
        ({"cohort_size": 4, "max_patients": 12, "n_earlystop": 99}, (4, 8, 12)),
    ],
)
def test_looks_are_after_whole_cohorts(options, stages):
    assert made("boin", **options).stages == stages
    if "n_earlystop" not in options:
        crm = make_design("crm", n_levels=2, target=0.3, **options)
        assert crm.stages == stages


def test_the_interval_designs_alone_have_boundaries():
    for name in FEWEST:
        assert has_boundaries(made(name))
        assert (made(name).by_stages, made(name).by_level) == (False, True)
    assert not has_boundaries(make_design("3+3", n_levels=2))
    assert not has_boundaries(make_design("crm", n_levels=2, target=0.3, max_patients=30))


# --- the MTD --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lower", "upper"), [((3, 1), (3, 0)), ((6, 3), (3, 1)), ((2, 2), (9, 1)), ((12, 5), (1, 0))]
)
def test_the_pooled_estimate_of_two_levels_against_variances_of_scipy(lower, upper):
    """Found by the limit up to which a level may be selected, to nine digits."""
    parts = []
    for n, x in (lower, upper):
        a, b = x + 0.05, n - x + 0.05
        parts.append((a / (a + b), 1 / beta.var(a, b)))
    pooled = sum(p * w for p, w in parts) / sum(w for _, w in parts)
    seen = [Tally(n_evaluable=n, n_dlts=x) for n, x in (lower, upper)]
    assert select_mtd(seen, 0.999, at_most=pooled * (1 - 1e-9)) is None
    assert select_mtd(seen, 0.999, at_most=pooled * (1 + 1e-9)) == 1  # below the target the upper
    assert select_mtd(seen, 0.001, at_most=pooled * (1 + 1e-9)) == 0
    assert select_mtd([Tally(), *seen, Tally()], 0.999) == 2


def test_three_levels_pooled_against_the_max_min_formula():
    sizes = (0, 1, 3, 4)
    one = [(n, x) for n in sizes for x in range(n + 1)]
    for seen in itertools.product(one, repeat=3):
        tallies = [Tally(n_evaluable=n, n_dlts=x) for n, x in seen]
        for target in (0.1, 0.3):
            assert select_mtd(tallies, target) == select_as_boin(seen, target, fewest=99), seen


def test_of_estimates_equally_near_the_lower_and_none_without_patients():
    assert select_mtd([Tally(), Tally()], 0.3) is None
    assert select_mtd([], 0.3) is None
    one, two = Tally(n_evaluable=10, n_dlts=2), Tally(n_evaluable=10, n_dlts=4)
    middle = (2.05 / 10.1 + 4.05 / 10.1) / 2
    assert select_mtd([one, two], middle) == 0
    assert select_mtd([one, two], middle + 1e-6) == 1
    assert select_mtd([one, two], middle + 1e-6, at_most=4.05 / 10.1 - 1e-6) == 0


# --- the posterior, in whole numbers --------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_heaviest_interval_against_scipy(n):
    edges, scale = (0, 3, 3, 7, 12, 20), 20
    for x in range(n + 1):
        cdf = beta(x + 1, n - x + 1).cdf
        mass = {
            i: (cdf(b / scale) - cdf(a / scale)) / (b - a)
            for i, (a, b) in enumerate(itertools.pairwise(edges))
            if b > a
        }
        assert heaviest_interval(n, x, edges, scale) == max(mass, key=mass.__getitem__)


def test_of_equally_heavy_intervals_the_upper():
    assert heaviest_interval(2, 1, (0, 1, 2), 2) == 1  # symmetric about a half
    assert heaviest_interval(2, 1, (0, 1, 3, 4), 4) == 1
    assert heaviest_interval(0, 0, (0, 2, 5, 9, 10), 10) == 3  # uniform: all alike
    assert heaviest_interval(3, 1, (0, 2, 2), 4) == 0  # the second has no width


def test_rates_are_whole_numbers_over_one_denominator():
    thirds = [Fraction(0), Fraction(1, 6), Fraction(3, 4), Fraction(1)]
    assert on_common_scale(thirds) == ((0, 2, 9, 12), 12)


def test_exceeding_is_strict_in_whole_numbers():
    """After no patient P(rate > 0.25) is 0.75; after one DLT of one it is 1 - 0.25**2."""
    assert not exceeds(0, 0, 0.25, 0.75)
    assert exceeds(0, 0, 0.25, 0.749999)
    assert not exceeds(1, 1, 0.25, 0.9375)
    assert exceeds(1, 1, 0.25, 0.93749)
    for n in range(1, 9):
        for x in range(n + 1):
            chance = float(beta.sf(0.3, x + 1, n - x + 1))
            assert exceeds(n, x, 0.3, round(chance - 1e-6, 9))
            assert not exceeds(n, x, 0.3, round(chance + 1e-6, 9))
