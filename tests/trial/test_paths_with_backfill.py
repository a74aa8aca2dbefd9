"""Every reachable path of a 3+3 with backfill, entered through the commands, ends as theory says.

Each cohort of the escalation is decided and approved, and with it as much backfill at each level
below as the protocol opens; all are enrolled, dosed and judged, and every way in which they turn
out is followed. Where backfill counts at no decision the ends have the probabilities of the exact
engine, which knows of no backfill; where it counts, those of a walk over tallies written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from itertools import product
from math import comb, prod

import numpy as np
import pytest

from escalation.designs import VARIANTS
from escalation.designs.base import Action
from escalation.outcomes import Tally
from escalation.protocol import Backfill, Protocol
from escalation.trial import decide, dose_subject, enrol_subject
from escalation.trial.events import Choice, Purpose
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph

from .bench import CHAIR, SITE, Bench

P_DLT = [0.10, 0.25, 0.35]
Way = tuple[tuple[int, int, int], ...]  # level, patients, DLTs
Draw = Callable[[Sequence[int]], Iterable[tuple[int, ...]]]
CASES = [
    ("confirm", 2, 1, None),
    ("confirm", 2, 2, "1/3"),
    pytest.param("confirm", 3, 1, None, marks=pytest.mark.slow),
    *(pytest.param(variant, 3, 2, "1/3", marks=pytest.mark.slow) for variant in VARIANTS),
]


def every(sizes: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Return every way in which groups of these sizes can turn out, as their DLTs."""
    return product(*(range(n + 1) for n in sizes))


def one_of(seed: int) -> Draw:
    """Return a draw of one way at random, the same from the same seed."""
    random = np.random.default_rng(seed)
    return lambda sizes: [tuple(int(random.integers(n + 1)) for n in sizes)]


def probability(way: Way) -> float:
    return prod(
        comb(n, x) * P_DLT[level - 1] ** x * (1 - P_DLT[level - 1]) ** (n - x)
        for level, n, x in way
    )


def places(table: Backfill, treated: tuple[int, int], backfilled: int) -> int:
    """Say how many more may be backfilled at a level below the current one, in plain numbers."""
    n, n_dlts = treated
    if table.stop_at_rate == "1/3" and n and 3 * n_dlts >= n:
        return 0
    return max(min(table.per_cohort, (table.max_per_level or 0) - backfilled), 0)


# ---------------------------------------------------------------- through the commands


def treat(bench: Bench, number: int) -> list[str]:
    cohort = bench.state.cohorts[number - 1]
    names = [f"S{number:02}-{k}" for k in range(1, cohort.n_opened + 1)]
    for name in names:
        bench.do(enrol_subject, SITE, subject=name, cohort=number)
        bench.do(dose_subject, SITE, subject=name)
    return names


def backfill(bench: Bench, level: int, n: int) -> None:
    """Open as many places as the protocol has; one more would be a departure."""
    choice = Choice(action="enrol", level=level, n_to_enrol=n + 1, purpose=Purpose.BACKFILL)
    assert "needs a rationale" in bench.refused(decide, CHAIR, choice=choice)
    if n:
        bench.open_cohort(choice=replace(choice, n_to_enrol=n))


def walk(bench: Bench, draw: Draw, way: Way = ()) -> Iterator[tuple[Bench, Way]]:
    """Yield the ends of the trial that the draws lead to, each with how it came there."""
    bench.open_cohort()
    current = bench.state.open_cohort
    if current is None:
        yield bench, way
        return
    protocol = bench.state.protocol
    assert protocol is not None
    treated, beside = bench.state.tallies(), bench.state.tallies(Purpose.BACKFILL)
    for level in range(1, int(current.level)):
        seen, more = treated[level - 1], beside[level - 1].n_patients
        n = places(protocol.backfill, (seen.n_evaluable, seen.n_dlts), more)
        backfill(bench, level, n)
    opened = [c for c in bench.state.open_cohorts if c.number >= current.number]
    names = [treat(bench, cohort.number) for cohort in opened]
    for dlts in draw([cohort.n_opened for cohort in opened]):
        child = copy(bench)
        for n_dlts, members in zip(dlts, names, strict=True):
            for name in members[:n_dlts]:
                child.dlt(name)
            for name in members[n_dlts:]:
                child.no_dlt(name)
        seen_now = tuple(
            (int(cohort.level), cohort.n_opened, n) for cohort, n in zip(opened, dlts, strict=True)
        )
        yield from walk(child, draw, (*way, *seen_now))


# ---------------------------------------------------------------- over tallies


def ends(protocol: Protocol, draw: Draw) -> Counter[int | None]:
    """Return the probability of each MTD, by asking the design about tallies added up here."""
    table, n_levels = protocol.backfill, len(protocol.labels)
    nothing = ((0, 0),) * n_levels
    found: Counter[int | None] = Counter()

    def add(seen: tuple[tuple[int, int], ...], at: int, n: int, x: int) -> tuple:
        return tuple((a + n, b + x) if level == at else (a, b) for level, (a, b) in enumerate(seen))

    def tallies(*parts: tuple[tuple[int, int], ...]) -> list[Tally]:
        return [
            Tally(n_evaluable=sum(n for n, _ in level), n_dlts=sum(x for _, x in level))
            for level in zip(*parts, strict=True)
        ]

    def go(own: tuple, more: tuple, level: int, p: float) -> None:
        counted = tallies(own, more) if table.counted == "every decision" else tallies(own)
        said = protocol.design.decide(counted, level)
        if said.action is Action.STOP and table.counted == "final decision":
            said = protocol.design.decide(tallies(own, more), level)
        if said.action is Action.STOP:
            found[None if said.mtd is None else said.mtd + 1] += p
            return
        assert said.level is not None
        groups = [(said.level, said.n_to_enrol, False)]
        for below in range(said.level):
            treated = (own[below][0] + more[below][0], own[below][1] + more[below][1])
            n = places(table, treated, more[below][0])
            groups += [(below, n, True)] if n else []
        for dlts in draw([n for _, n, _ in groups]):
            here, beside, q = own, more, p
            for (at, n, backfilled), x in zip(groups, dlts, strict=True):
                q *= comb(n, x) * P_DLT[at] ** x * (1 - P_DLT[at]) ** (n - x)
                if backfilled:
                    beside = add(beside, at, n, x)
                else:
                    here = add(here, at, n, x)
            go(here, beside, said.level, q)

    go(nothing, nothing, protocol.design.start, 1.0)
    return found


def with_backfill(variant: str, n_levels: int, n: int, rate: str | None, counted: str) -> Protocol:
    table = Backfill(per_cohort=n, max_per_level=2, stop_at_rate=rate, counted=counted)
    return replace(Protocol.plain(n_levels, variant=variant), backfill=table)


def walked(protocol: Protocol, draw: Draw) -> Counter[int | None]:
    found: Counter[int | None] = Counter()
    for bench, way in walk(Bench.started(protocol), draw):
        assert bench.state.stopped is not None
        assert bench.state.oddities == []
        found[bench.state.stopped.event.chosen.mtd] += probability(way)
    return found


@pytest.mark.parametrize(("variant", "n_levels", "n", "rate"), CASES)
def test_backfill_that_never_counts_leaves_the_ends_of_the_exact_engine(variant, n_levels, n, rate):
    protocol = with_backfill(variant, n_levels, n, rate, "never")
    found = walked(protocol, every)
    assert sum(found.values()) == pytest.approx(1, rel=0, abs=1e-12)
    exact = exact_characteristics(build_graph(protocol.design), P_DLT[:n_levels])
    assert [found[k] for k in protocol.labels] == pytest.approx(
        exact.p_select.tolist(), rel=0, abs=1e-12
    )
    assert found[None] == pytest.approx(exact.p_no_mtd, rel=0, abs=1e-12)


@pytest.mark.parametrize("counted", ["every decision", "final decision"])
@pytest.mark.parametrize(("variant", "n_levels", "n", "rate"), CASES)
def test_backfill_that_counts_leads_to_the_ends_of_a_walk_over_tallies(
    variant, n_levels, n, rate, counted
):
    protocol = with_backfill(variant, n_levels, n, rate, counted)
    found, expected = walked(protocol, every), ends(protocol, every)
    for end in (None, *protocol.labels):
        assert found[end] == pytest.approx(expected[end], rel=0, abs=1e-12)


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_paths_drawn_at_random_over_three_levels_end_as_the_walk_over_tallies(variant, counted):
    for seed in range(8):
        protocol = with_backfill(variant, 3, 1 + seed % 2, (None, "1/3")[seed % 3 == 0], counted)
        found = walked(protocol, one_of(seed))
        expected = ends(protocol, one_of(seed))
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_walk_over_tallies_is_the_exact_engine_where_backfill_does_not_count():
    protocol = with_backfill("confirm", 3, 2, "1/3", "never")
    exact = exact_characteristics(build_graph(protocol.design), P_DLT)
    expected = ends(protocol, every)
    assert [expected[k] for k in protocol.labels] == pytest.approx(
        exact.p_select.tolist(), rel=0, abs=1e-12
    )
