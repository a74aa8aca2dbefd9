"""Exact operating characteristics against other packages, theory, and plain arithmetic."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from escalation.designs import VARIANTS, APlusB, Design, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.exact import end_probabilities, exact_batch, exact_characteristics
from simulations.graph.build import TransitionGraph, build_graph

DATA = Path(__file__).parents[2] / "data"
TIGHT = 1e-12


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open() as file:
        return list(csv.DictReader(file))


@cache
def scenarios() -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows_of("scenarios.csv"):
        found[row["scenario"]].append(float(row["p_true"]))
    return dict(found)


@cache
def graph_of(kind: str, n_levels: int) -> TransitionGraph:
    """Build the graph for a variant as the packages name it."""
    plain = {"escOnly": "declare", "deesc": "expand-below", "T_b_U_arrays": "confirm"}
    if kind in plain:
        return build_graph(ThreePlusThree(n_levels=n_levels, variant=plain[kind]))
    movement, constants = kind.split("_")
    design = APlusB(
        n_levels=n_levels,
        **{name: int(constants[constants.index(name.upper()) + 1]) for name in "abcde"},
        below="expand" if movement == "deesc" else "declare",
        top="declare",
    )
    return build_graph(design)


@cache
def found_for(kind: str, scenario: str) -> OperatingCharacteristics:
    p = scenarios()[scenario]
    return exact_characteristics(graph_of(kind, len(p)), p)


def grouped(name: str) -> list[object]:
    """Return (variant, scenario, rows) of a reference file, one parameter set each."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows_of(name):
        groups[row["variant"], row["scenario"]].append(row)
    return [pytest.param(*key, rows, id="-".join(key)) for key, rows in groups.items()]


def assert_doses(kind: str, scenario: str, rows: list[dict[str, str]]) -> None:
    found = found_for(kind, scenario)
    by_dose = {
        "p_select": [found.p_no_mtd, *found.p_select],
        "exp_n": [0, *found.patients],
        "exp_dlt": [0, *found.dlts],
    }
    assert [int(row["dose"]) for row in rows] == list(range(len(found.p_select) + 1))
    for name, ours in by_dose.items():
        if name in rows[0]:
            assert ours == pytest.approx([float(row[name]) for row in rows], rel=0, abs=TIGHT)
    if "exp_prop" in rows[0]:
        p = scenarios()[scenario]
        graph = graph_of(kind, len(p))
        n = graph.n_evaluable[graph.ends]
        share = end_probabilities(graph, np.array([p]))[0] @ (n / n.sum(axis=1, keepdims=True))
        theirs = [float(row["exp_prop"]) for row in rows[1:]]
        assert share == pytest.approx(theirs, rel=0, abs=TIGHT)
    assert found.p_inconclusive == 0


@pytest.mark.parametrize(("kind", "scenario", "rows"), grouped("threep3_bcrm_per_dose.csv"))
def test_doses_against_bcrm(kind, scenario, rows):
    assert_doses(kind, scenario, rows)


@pytest.mark.parametrize(
    ("kind", "scenario", "rows"), grouped("threep3_precautionary_per_dose.csv")
)
def test_doses_against_precautionary(kind, scenario, rows):
    assert_doses(kind, scenario, rows)


@pytest.mark.parametrize(("kind", "scenario", "rows"), grouped("threep3_AplusB_per_dose.csv"))
def test_doses_against_AplusB(kind, scenario, rows):
    assert_doses(kind, scenario, rows)


@pytest.mark.parametrize("source", ["bcrm", "precautionary", "AplusB"])
def test_summaries_against(source):
    rows = rows_of(f"threep3_{source}_summary.csv")
    assert len(rows) >= 14
    for row in rows:
        found = found_for(row["variant"], row["scenario"])
        ours = {
            "EN": found.sample_size.mean,
            "SDN": found.sample_size.sd,
            "EDLT": found.total_dlts.mean,
            "p_none": found.p_no_mtd,
        }
        for name, value in ours.items():
            if name in row:
                assert value == pytest.approx(float(row[name]), rel=0, abs=TIGHT), (row, name)


@pytest.mark.parametrize(
    ("file", "column", "figure"),
    [
        ("threep3_bcrm_sample_size_dist.csv", "N", "sample_size"),
        ("threep3_bcrm_dlt_dist.csv", "n_dlt", "total_dlts"),
    ],
)
def test_distributions_against_bcrm(file, column, figure):
    groups = [param.values for param in grouped(file)]
    assert len(groups) == 30
    for kind, scenario, rows in groups:
        theirs = {int(row[column]): float(row["prob"]) for row in rows}
        found = getattr(found_for(kind, scenario), figure)
        ours = dict(zip(found.values.tolist(), found.p.tolist(), strict=True))
        for value in theirs.keys() | ours.keys():
            assert ours.get(value, 0) == pytest.approx(theirs.get(value, 0), rel=0, abs=TIGHT)


# P(none), P(select 1 .. 5), E[N], E[DLT], to six digits; ABCDE with - for de-escalating
MILD, STEEP = (0.05, 0.10, 0.20, 0.30, 0.45), (0.12, 0.27, 0.44, 0.53, 0.57)
TABLE = [
    (MILD, "declare", ".026558 .091360 .257032 .316111 .236549 .072390 14.705892 2.663799"),
    (MILD, "expand-below", ".027182 .097121 .277065 .325150 .201091 .072390 16.902815 3.045278"),
    (MILD, "confirm", ".027182 .097127 .277306 .328180 .219673 .050532 17.110231 3.129800"),
    (STEEP, "declare", ".128545 .386111 .364828 .103610 .015138 .001769 10.193268 2.673767"),
    (STEEP, "expand-below", ".142089 .422255 .346986 .077868 .009033 .001769 12.313265 3.141121"),
    (STEEP, "confirm", ".142089 .422267 .347069 .078100 .009518 .000957 12.320024 3.144739"),
    (MILD, "24112", ".003832 .019340 .095589 .208225 .339176 .333840 14.215140 3.209017"),
    (MILD, "44122", ".005396 .035472 .184097 .331816 .335860 .107360 24.221048 4.858513"),
    (MILD, "-44122", ".005410 .035933 .188359 .338881 .324057 .107360 26.113460 5.224346"),
    (MILD, "-33122", ".002124 .015157 .094095 .222696 .359768 .306159 20.572992 4.554415"),
]  # fmt: skip


@pytest.mark.parametrize(("p", "design", "expected"), TABLE)
def test_the_published_table_to_six_digits(p, design, expected):
    if design in VARIANTS:
        rule: Design = ThreePlusThree(n_levels=5, variant=design)
    else:
        below = "expand" if design.startswith("-") else "declare"
        named = dict(zip("abcde", map(int, design.lstrip("-")), strict=True))
        rule = APlusB(n_levels=5, **named, below=below, top="declare")
    found = exact_characteristics(build_graph(rule), p)
    ours = [found.p_no_mtd, *found.p_select, found.sample_size.mean, found.total_dlts.mean]
    assert ours == pytest.approx([float(word) for word in expected.split()], rel=0, abs=5.01e-7)


# ---------------------------------------------------------------- theory


def p_escalate(p):
    """P(0/3) + P(1/3) P(0/3): a binomial sentence, not a graph."""
    none, one = (1 - p) ** 3, 3 * p * (1 - p) ** 2  # scipy's pmf overflows for p of 1e-308
    return none + one * none


@pytest.mark.parametrize(
    ("p", "published"),
    [
        (0.05, 0.973442),
        (0.10, 0.906147),
        (0.20, 0.708608),
        (0.30, 0.494263),
        (0.40, 0.309312),
        (0.50, 0.171875),
    ],
)
def test_p_escalate_against_theory_and_the_published_list(p, published):
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    found = exact_characteristics(graph, [p])
    assert found.p_select[0] == pytest.approx(p_escalate(p), rel=0, abs=1e-15)
    assert found.p_select[0] == pytest.approx(published, rel=0, abs=5.01e-7)


probabilities = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 5e-324, 1e-300, 1e-9, 1 - 2**-53])
ladders = st.integers(1, 5).flatmap(lambda n: st.lists(probabilities, min_size=n, max_size=n))


@given(ladders)
def test_declare_in_closed_form_against_theory(p):
    """Without de-escalation the levels are independent tries, each passed or not."""
    found = exact_characteristics(graph_of("escOnly", len(p)), p)
    up = p_escalate(np.array(p))
    reached = np.concatenate([[1.0], np.cumprod(up)])
    assert found.p_no_mtd == pytest.approx(1 - up[0], rel=0, abs=TIGHT)
    expected = [*(reached[1:-1] * (1 - up[1:])), reached[-1]]
    assert found.p_select == pytest.approx(expected, rel=0, abs=TIGHT)
    n_each = reached[:-1] * (3 + 3 * (3 * np.array(p) * (1 - np.array(p)) ** 2))
    assert found.patients == pytest.approx(n_each, rel=0, abs=TIGHT)


@pytest.mark.parametrize("variant", VARIANTS)
@given(p=st.lists(probabilities, min_size=4, max_size=4), start=st.integers(0, 3))
@settings(max_examples=30)
def test_sums_and_walds_identity_against_theory(variant, p, start):
    """E[DLTs at a level] = P(DLT) x E[patients there], whatever the stopping rule."""
    found = exact_characteristics(cached_graph(variant, 4, start), p)
    assert found.p_select.sum() + found.p_no_mtd + found.p_inconclusive == pytest.approx(1, TIGHT)
    assert np.isfinite(found.p_select).all()
    assert found.dlts == pytest.approx(p * found.patients, rel=0, abs=TIGHT)
    assert found.sample_size.mean == pytest.approx(found.patients.sum(), rel=0, abs=TIGHT)
    assert found.total_dlts.mean == pytest.approx(found.dlts.sum(), rel=0, abs=TIGHT)
    everything = (
        found.sample_size,
        found.total_dlts,
        *found.patients_by_level,
        *found.dlts_by_level,
    )
    for distribution in everything:
        assert distribution.p.sum() == pytest.approx(1, rel=0, abs=TIGHT)
        assert (distribution.p >= 0).all()
        assert distribution.sd >= 0


@cache
def cached_graph(variant: str, n_levels: int, start: int) -> TransitionGraph:
    return build_graph(ThreePlusThree(n_levels=n_levels, variant=variant, start=start))


# ---------------------------------------------------------------- another engine


def forward(design: Design, p: list[Fraction]) -> dict[tuple[object, ...], Fraction]:
    """Push exact fractions through ``decide`` with a dictionary; a key is an ended trial."""
    here: dict[tuple[tuple[Tally, ...], int], Fraction] = {
        ((Tally(),) * design.n_levels, design.start): Fraction(1)
    }
    ends: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
    while here:
        after: dict[tuple[tuple[Tally, ...], int], Fraction] = defaultdict(Fraction)
        for (tallies, level), probability in here.items():
            decision = design.decide(tallies, level)
            if decision.level is None:
                ends[tallies, decision.mtd, decision.inconclusive] += probability
                continue
            at, n = decision.level, decision.n_to_enrol
            for x in range(n + 1):
                tally = Tally(
                    n_evaluable=tallies[at].n_evaluable + n, n_dlts=tallies[at].n_dlts + x
                )
                way = comb(n, x) * p[at] ** x * (1 - p[at]) ** (n - x)
                after[(*tallies[:at], tally, *tallies[at + 1 :]), at] += probability * way
        here = after
    return ends


@pytest.mark.parametrize(
    "design",
    [
        *(ThreePlusThree(n_levels=5, variant=variant) for variant in VARIANTS),
        ThreePlusThree(n_levels=4, start=2, two_of_six="mtd"),
        ThreePlusThree(n_levels=4, start=2, untested_below="stop", variant="declare"),
        ThreePlusThree(n_levels=4, max_patients=12),
        APlusB(n_levels=4, a=2, b=4, c=1, d=1, e=2, borderline="mtd", max_patients=20),
    ],
    ids=lambda design: f"{design.name}-{design.n_levels}-{design.start}-{design.below}",
)
@pytest.mark.parametrize("eighths", [(1, 2, 3, 4, 5), (0, 1, 0, 8, 3), (6, 2, 7, 1, 0)])
def test_every_figure_against_exact_fractions(design, eighths):
    p = [Fraction(k, 8) for k in eighths[: design.n_levels]]
    ends = forward(design, p)
    assert sum(ends.values()) == 1
    found = exact_characteristics(build_graph(design), [float(q) for q in p])
    p_by_mtd: dict[object, Fraction] = defaultdict(Fraction)
    by_n: dict[int, Fraction] = defaultdict(Fraction)
    by_x: dict[int, Fraction] = defaultdict(Fraction)
    n_by_level: list[dict[int, Fraction]] = [defaultdict(Fraction) for _ in p]
    x_by_level: list[dict[int, Fraction]] = [defaultdict(Fraction) for _ in p]
    for (tallies, mtd, inconclusive), probability in ends.items():
        p_by_mtd["?" if inconclusive else mtd] += probability
        by_n[sum(t.n_evaluable for t in tallies)] += probability
        by_x[sum(t.n_dlts for t in tallies)] += probability
        for level, tally in enumerate(tallies):
            n_by_level[level][tally.n_evaluable] += probability
            x_by_level[level][tally.n_dlts] += probability
    expected = [float(p_by_mtd[level]) for level in range(design.n_levels)]
    assert found.p_select == pytest.approx(expected, rel=0, abs=TIGHT)
    assert found.p_no_mtd == pytest.approx(float(p_by_mtd[None]), rel=0, abs=TIGHT)
    assert found.p_inconclusive == pytest.approx(float(p_by_mtd["?"]), rel=0, abs=TIGHT)
    for ours, theirs in (
        (found.sample_size, by_n),
        (found.total_dlts, by_x),
        *zip(found.patients_by_level, n_by_level, strict=True),
        *zip(found.dlts_by_level, x_by_level, strict=True),
    ):
        assert set(theirs) == set(ours.values.tolist())
        assert ours.p == pytest.approx([float(theirs[v]) for v in sorted(theirs)], rel=0, abs=TIGHT)
        mean = sum(v * q for v, q in theirs.items())
        variance = sum((v - mean) ** 2 * q for v, q in theirs.items())
        assert ours.mean == pytest.approx(float(mean), rel=0, abs=TIGHT)
        assert ours.sd == pytest.approx(float(variance) ** 0.5, rel=0, abs=1e-7)


# ---------------------------------------------------------------- continuing from data


def continued(design: Design, outcomes: str, p: list[float]) -> OperatingCharacteristics:
    cohorts = parse_outcomes(outcomes)
    labels = range(1, design.n_levels + 1)
    graph = build_graph(design, tally_cohorts(cohorts, labels), cohorts[-1].label - 1)
    return exact_characteristics(graph, p)


def mixture(parts: list[tuple[float, OperatingCharacteristics]], figure: str) -> dict[int, float]:
    mixed: dict[int, float] = defaultdict(float)
    for weight, part in parts:
        distribution = getattr(part, figure)
        for value, q in zip(distribution.values.tolist(), distribution.p.tolist(), strict=True):
            mixed[value] += weight * q
    return mixed


def assert_mixes(whole, parts, *, n_first=0, x_first=None):
    """Assert the law of total probability; ``n_first`` patients are in no part's future."""
    for figure in ("p_select", "p_no_mtd", "p_inconclusive"):
        mixed = sum(weight * getattr(part, figure) for weight, part in parts)
        assert getattr(whole, figure) == pytest.approx(mixed, rel=0, abs=TIGHT)
    ours = dict(zip(whole.sample_size.values.tolist(), whole.sample_size.p.tolist(), strict=True))
    theirs = mixture(parts, "sample_size")
    for n in theirs.keys() | {value - n_first for value in ours}:
        assert ours.get(n + n_first, 0) == pytest.approx(theirs.get(n, 0), rel=0, abs=TIGHT)
    dlts = sum(
        weight * (part.dlts.sum() + x) for (weight, part), x in zip(parts, x_first, strict=True)
    )
    assert whole.dlts.sum() == pytest.approx(dlts, rel=0, abs=TIGHT)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("p", [[0.1, 0.25, 0.4, 0.6], [0.0, 1.0, 0.3, 0.0], [0.5, 0.2, 0.9, 0.3]])
def test_mixing_over_the_first_cohort_gives_the_whole_trial(variant, p):
    design = ThreePlusThree(n_levels=4, variant=variant)
    whole = exact_characteristics(build_graph(design), p)
    cohorts = ("NNN", "NNT", "NTT", "TTT")
    parts = [
        (binom.pmf(x, 3, p[0]), continued(design, f"1{letters}", p))
        for x, letters in enumerate(cohorts)
    ]
    assert_mixes(whole, parts, n_first=3, x_first=range(4))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "outcomes", ["1NN?", "1T??", "1???", "1NNN 2N??", "1N?? 2N?N", "2NT? 1?", "1NNN 2TT?"]
)
def test_mixing_over_the_pending_gives_the_trial_with_pending(variant, outcomes):
    p = [0.15, 0.3, 0.5]
    design = ThreePlusThree(n_levels=3, variant=variant)
    whole = continued(design, outcomes, p)
    places = [i for i, letter in enumerate(outcomes) if letter == "?"]
    at = []
    for cohort in parse_outcomes(outcomes):
        at += [cohort.label - 1] * cohort.tally.n_pending
    parts, n_dlts = [], []
    for way in itertools.product((0, 1), repeat=len(places)):
        letters, weight = list(outcomes), 1.0
        for place, level, dlt in zip(places, at, way, strict=True):
            letters[place] = "NT"[dlt]
            weight *= p[level] if dlt else 1 - p[level]
        parts.append((weight, continued(design, "".join(letters), p)))
        n_dlts.append(sum(way))
    assert_mixes(whole, parts, n_first=len(places), x_first=n_dlts)


def test_pending_patients_count_with_their_outcome_which_is_still_to_come():
    found = continued(ThreePlusThree(n_levels=1, variant="declare"), "1TT?", [0.25])
    assert found.p_no_mtd == 1
    assert found.patients == pytest.approx([1])
    assert found.dlts == pytest.approx([0.25])


# ---------------------------------------------------------------- many scenarios at once


@pytest.mark.parametrize("n_scenarios", [1, 255, 256, 257, 600])
def test_a_batch_equals_its_rows(n_scenarios):
    rng = np.random.default_rng(20260101)
    p = rng.random((n_scenarios, 4))
    p[rng.random(p.shape) < 0.1] = 0
    p[rng.random(p.shape) < 0.1] = 1
    graph = build_graph(ThreePlusThree(n_levels=4, start=1, max_patients=15))
    batch = exact_batch(graph, p)
    for row in range(0, n_scenarios, max(1, n_scenarios // 60)):
        one = exact_characteristics(graph, p[row])
        for figure in ("p_select", "p_no_mtd", "p_inconclusive", "patients", "dlts"):
            ours = getattr(batch, figure)[row]
            assert ours == pytest.approx(getattr(one, figure), rel=0, abs=TIGHT)


def test_a_batch_from_data_with_pending_equals_its_rows():
    design = ThreePlusThree(n_levels=3)
    cohorts = parse_outcomes("1NNN 2NT?")
    graph = build_graph(design, tally_cohorts(cohorts, (1, 2, 3)), 1)
    p = [[0.1, 0.2, 0.3], [0, 1, 0.5], [1, 0, 0]]
    batch = exact_batch(graph, p)
    for row, scenario in enumerate(p):
        one = exact_characteristics(graph, scenario)
        assert batch.patients[row] == pytest.approx(one.patients, rel=0, abs=TIGHT)
        assert batch.dlts[row] == pytest.approx(one.dlts, rel=0, abs=TIGHT)
        assert batch.p_select[row] == pytest.approx(one.p_select, rel=0, abs=TIGHT)


def test_an_empty_batch_has_no_rows():
    batch = exact_batch(build_graph(ThreePlusThree(n_levels=2)), np.empty((0, 2)))
    assert batch.p_select.shape == batch.patients.shape == (0, 2)
    assert batch.p_no_mtd.shape == (0,)


# ---------------------------------------------------------------- the edges


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("p", list(itertools.product((0.0, 1.0), repeat=3)), ids=str)
def test_certain_outcomes_are_certain(variant, p):
    """Published tools answer NaN where p is 0 or 1, or probabilities that sum to 1.5."""
    found = exact_characteristics(build_graph(ThreePlusThree(n_levels=3, variant=variant)), p)
    certain = [found.p_no_mtd, *found.p_select]
    assert sorted(certain) == [0, 0, 0, 1]
    first = p.index(1.0) if 1.0 in p else 3
    assert certain[first] == 1
    assert found.sample_size.sd == found.total_dlts.sd == 0


@pytest.mark.parametrize(
    "p",
    [
        [0.1, 0.2],
        [0.1, 0.2, 0.3, 0.4],
        [],
        [[0.1, 0.2, 0.3]],
        [0.1, 0.2, float("nan")],
        [0.1, 0.2, float("inf")],
        [0.1, -1e-12, 0.3],
        [0.1, 1.0000001, 0.3],
        [0.1, None, 0.3],
        [0.1, "a", 0.3],
        [0.1, 0.2j, 0.3],
        0.2,
    ],
    ids=str,
)
def test_what_is_no_scenario_is_refused(p):
    graph = build_graph(ThreePlusThree(n_levels=3))
    with pytest.raises(InputError, match=r"P\(DLT\)"):
        exact_characteristics(graph, p)


@pytest.mark.parametrize(
    "p",
    [[0.1, 0.2], [[0.1]], [[0.1, 0.2], [0.3, float("nan")]], [[0.1, 0.2], [0.3]], [[[0.1, 0.2]]]],
    ids=str,
)
def test_what_is_no_batch_is_refused(p):
    graph = build_graph(ThreePlusThree(n_levels=2))
    with pytest.raises(InputError, match=r"P\(DLT\)"):
        exact_batch(graph, p)


def test_the_scenario_is_not_changed():
    p = np.array([0.0, 0.5, 1.0])
    exact_characteristics(build_graph(ThreePlusThree(n_levels=3)), p)
    assert p.tolist() == [0, 0.5, 1]
