"""Where designs part, against histories followed one by one without a graph."""

import csv
import itertools
from collections import defaultdict
from math import comb
from pathlib import Path

import numpy as np
import pytest

from escalation.designs import VARIANTS, AcceleratedTitration, Boin, Crm, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.compare.differences import Figure, find_differences
from simulations.compare.metrics import METRICS
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from simulations.questions.paths import iter_paths

CURVES = {3: [0.1, 0.25, 0.4], 4: [0.05, 0.15, 0.3, 0.5]}


def outcomes_from(design, tallies, level, p_dlt):
    """Follow every history from here: P(each level is the MTD), patients to come, by recursion."""
    decision = design.decide(tallies, level)
    found = np.zeros(design.n_levels + 1)
    if decision.level is None:
        if decision.mtd is not None:
            found[decision.mtd] = 1
        return found
    for likely, after in cohorts(decision, tallies, p_dlt):
        found += likely * outcomes_from(design, after, decision.level, p_dlt)
    found[-1] += decision.n_to_enrol
    return found


def cohorts(decision, tallies, p_dlt):
    n, level = decision.n_to_enrol, decision.level
    for x in range(n + 1):
        likely = comb(n, x) * p_dlt[level] ** x * (1 - p_dlt[level]) ** (n - x)
        seen = tallies[level]
        after = Tally(n_evaluable=seen.n_evaluable + n, n_dlts=seen.n_dlts + x)
        yield likely, (*tallies[:level], after, *tallies[level + 1 :])


def does(decision):
    return (decision.level, decision.n_to_enrol, decision.mtd, decision.inconclusive)


def partings(first, second, p_dlt):
    """Follow every history, unmerged, to where the designs part."""
    met = defaultdict(float)

    def follow(tallies, level, probability):
        one, other = first.decide(tallies, level), second.decide(tallies, level)
        if does(one) != does(other):
            met[tallies, level] += probability
        elif one.level is not None:
            for likely, after in cohorts(one, tallies, p_dlt):
                follow(after, one.level, probability * likely)

    follow((Tally(),) * first.n_levels, first.start, 1.0)
    return met


@pytest.mark.parametrize("n_levels", [3, 4])
@pytest.mark.parametrize("pair", list(itertools.permutations(VARIANTS, 2)), ids="-".join)
def test_partings_against_every_history(pair, n_levels):
    first, second = (ThreePlusThree(n_levels=n_levels, variant=variant) for variant in pair)
    p_dlt = CURVES[n_levels]
    found = find_differences(first, second)
    under = found.under(p_dlt)
    expected = partings(first, second, p_dlt)
    places = [(parting.tallies, parting.level) for parting in found.partings]
    assert set(places) == set(expected)
    assert len(places) == len(expected)
    columns = [under.figures.index(Figure("p_select", level)) for level in range(n_levels)]
    columns.append(under.figures.index(Figure("sample_size")))
    for parting, p_met, contributions in zip(
        found.partings, under.p_met, under.contributions, strict=True
    ):
        place = (parting.tallies, parting.level)
        assert p_met == pytest.approx(expected[place], abs=1e-14)
        apart = outcomes_from(second, *place, p_dlt) - outcomes_from(first, *place, p_dlt)
        assert contributions[columns] == pytest.approx(p_met * apart, abs=1e-12)
        assert parting.decisions == (first.decide(*place), second.decide(*place))


@pytest.mark.parametrize("pair", list(itertools.combinations(VARIANTS, 2)), ids="-".join)
def test_totals_against_every_path(pair):
    designs = [ThreePlusThree(n_levels=4, variant=variant) for variant in pair]
    under = find_differences(*designs).under(CURVES[4])
    for design, totals in zip(designs, under.totals, strict=True):
        by_path = dict.fromkeys(under.figures, 0.0)
        for path in iter_paths(build_graph(design), CURVES[4]):
            if path.decision.mtd is not None:
                by_path[Figure("p_select", path.decision.mtd)] += path.probability
            else:
                by_path[Figure("p_no_mtd")] += path.probability
            for level, n, x in path.cohorts:
                for figure, count in (("patients", n), ("dlts", x)):
                    by_path[Figure(figure, level)] += path.probability * count
                by_path[Figure("sample_size")] += path.probability * n
                by_path[Figure("total_dlts")] += path.probability * x
        assert totals == pytest.approx(list(by_path.values()), abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ThreePlusThree(n_levels=5), ThreePlusThree(n_levels=5, variant="declare")),
        (ThreePlusThree(n_levels=4, max_patients=12), ThreePlusThree(n_levels=4)),
        (ThreePlusThree(n_levels=4), Boin(n_levels=4, target=0.3, max_patients=18)),
        (
            Boin(n_levels=4, target=0.3, max_patients=18),
            Boin(n_levels=4, target=0.3, max_patients=18, n_earlystop=9),
        ),
        (
            ThreePlusThree(n_levels=4, start=2),
            ThreePlusThree(n_levels=4, start=2, untested_below="stop"),
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("edge", [False, True])
def test_contributions_add_up_to_the_difference(first, second, edge):
    p_dlt = [0.05, 0.10, 0.20, 0.33, 0.50][: first.n_levels]
    if edge:
        p_dlt = [0.0, *p_dlt[1:-1], 1.0]
    found = find_differences(first, second)
    under = found.under(p_dlt, target=0.3)
    assert len(found.partings) > 0
    assert under.contributions.sum(axis=0) == pytest.approx(under.difference, abs=1e-12)
    assert 0 < under.p_met.sum() <= 1 + 1e-12
    assert {figure.name for figure in under.figures} >= set(METRICS)
    for design, totals in zip((first, second), under.totals, strict=True):
        exact = exact_characteristics(build_graph(design), p_dlt)
        columns = [under.figures.index(Figure("p_select", k)) for k in range(first.n_levels)]
        assert totals[columns] == pytest.approx(exact.p_select, abs=1e-12)


def published(file, **row_has):
    with Path(f"tests/data/{file}.csv").open() as opened:
        rows = [row for row in csv.DictReader(opened) if row_has.items() <= row.items()]
    return [float(row["p_select"]) for row in rows if row["dose"] != "0"]


def test_the_gap_of_the_variants_at_the_top_level_against_precautionary_and_bcrm():
    confirm = published("threep3_precautionary_per_dose", scenario="D5_skeleton", start="1")
    declare = published(
        "threep3_bcrm_per_dose", scenario="D5_skeleton", start="1", variant="escOnly"
    )
    assert (round(confirm[4], 4), round(declare[4], 4)) == (0.0297, 0.0467)
    found = find_differences(
        ThreePlusThree(n_levels=5), ThreePlusThree(n_levels=5, variant="declare")
    )
    under = found.under([0.05, 0.10, 0.20, 0.33, 0.50])
    selected = [under.figures.index(Figure("p_select", level)) for level in range(5)]
    assert under.totals[:, selected] == pytest.approx(np.array([confirm, declare]), abs=1e-12)
    top = selected[4]
    explained = under.contributions[:, top]
    assert explained.sum() == pytest.approx(under.difference[top], abs=1e-12)
    # all of it where the top level is cleared by three: one declares there, the other goes on
    for parting, part in zip(found.partings, explained, strict=True):
        if abs(part) > 1e-15:
            assert parting.tallies[4] == Tally(n_evaluable=3)
            assert parting.decisions[0].level == 4
            assert parting.decisions[1].mtd == 4


def test_designs_that_do_the_same_do_not_part():
    found = find_differences(ThreePlusThree(n_levels=3), ThreePlusThree(n_levels=3))
    assert found.partings == ()
    assert found.n_only_first == found.n_only_second == 0
    under = found.under([0.1, 0.2, 0.3])
    assert under.contributions.shape == (0, len(under.figures))
    assert (under.difference == 0).all()


def test_data_sets_met_under_one_design_alone_by_hand():
    confirm, declare = (ThreePlusThree(n_levels=1, variant=v) for v in ("confirm", "declare"))
    found = find_differences(confirm, declare)
    # 0/0, x/3, then x/6 after 1/3; "confirm" treats three more after 0/3 too
    data = [
        {(int(n[0]), int(x[0])) for n, x in zip(g.n_evaluable, g.n_dlts, strict=True)}
        for g in found.graphs
    ]
    assert data[1] == {(0, 0), *((3, x) for x in range(4)), *((6, x) for x in range(1, 5))}
    assert data[0] - data[1] == {(6, 0)}
    assert (found.n_shared, found.n_only_first, found.n_only_second) == (9, 1, 0)


def test_two_ladders_or_starts_are_refused():
    design = ThreePlusThree(n_levels=3)
    for other in (ThreePlusThree(n_levels=4), ThreePlusThree(n_levels=3, start=1)):
        with pytest.raises(InputError, match="one ladder, from one start"):
            find_differences(design, other)


FEWER = {"n_levels": 3, "target": 0.25, "max_patients": 9}
COHERENT = {"n_levels": 4, "target": 0.25, "max_patients": 15, "halfwidth": 0.05}
REMEMBERING_AND_GRADED = [
    (Crm(**COHERENT), Crm(**COHERENT, coherent=False)),
    (Crm(**FEWER), Boin(**FEWER)),
    (AcceleratedTitration(n_levels=3, moderate_events=1), AcceleratedTitration(n_levels=3)),
    # the second has no moderate toxicities to count on so short a ladder
    (AcceleratedTitration(n_levels=3), AcceleratedTitration(n_levels=3, moderate_events=9)),
    (
        AcceleratedTitration(n_levels=3, moderate_events=9),
        AcceleratedTitration(n_levels=3, variant="declare", moderate_events=1),
    ),
]


@pytest.mark.parametrize("pair", REMEMBERING_AND_GRADED)
def test_contributions_add_up_where_more_than_tallies_counts(pair):
    """The totals come from each graph's own start, the contributions from where the two part."""
    n_levels = pair[0].n_levels
    p_dlt, q = CURVES[n_levels], [0.2, 0.5, 0.3, 0.4][:n_levels]
    found = find_differences(*pair, p_moderate=q)
    under = found.under(p_dlt, target=0.25)
    assert found.partings
    for totals, design in zip(under.totals, pair, strict=True):
        exact = exact_characteristics(build_graph(design, p_moderate=q), p_dlt)
        selected = [under.figures.index(Figure("p_select", level)) for level in range(n_levels)]
        assert totals[selected] == pytest.approx(exact.p_select, abs=1e-12)
    assert under.contributions.sum(axis=0) == pytest.approx(under.difference, abs=1e-12)
    assert 0 < under.p_met.sum() <= 1 + 1e-12
    for parting in found.partings:
        asked = [design.decide(parting.tallies, parting.level, parting.last) for design in pair]
        assert list(parting.decisions) == asked
        assert does(asked[0]) != does(asked[1])


def test_only_the_last_cohort_makes_a_coherent_crm_part_from_another():
    found = find_differences(*REMEMBERING_AND_GRADED[0])
    assert {parting.decisions[0].clause.id for parting in found.partings} == {"stay-coherent"}
    assert all(parting.last.n_dlts for parting in found.partings)
