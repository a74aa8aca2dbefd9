"""Titration against a trial conducted forwards, cohort by cohort, by the published boundaries."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from escalation.designs import make_design
from escalation.designs.interval.isotonic import select_mtd
from escalation.outcomes import Tally
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from tests.designs.reference import rows, whole

ENDS = (("escalate", "le"), ("deescalate", "ge"), ("eliminate", "ge"))
Limits = dict[int, tuple[int | None, ...]]  # by the number of patients
LIMITS: dict[float, Limits] = defaultdict(dict)
for row in rows("boin_boundaries.csv"):
    if (row["cohortsize"], row["extrasafe"]) == ("1", "FALSE"):
        limits = tuple(whole(row[f"{what}_if_dlt_{end}"]) for what, end in ENDS)
        LIMITS[float(row["target"])][int(row["n"])] = limits
Seen = tuple[tuple[int, int], ...]  # patients and DLTs by level


@dataclass
class Result:
    p_select: list[float] = field(default_factory=list)  # none, then each level
    patients: list[float] = field(default_factory=list)
    dlts: list[float] = field(default_factory=list)


def conduct(p: tuple[float, ...], cap: int, target: float) -> Result:
    """Conduct every trial at once: single patients, two more where that ended, then threes."""
    top = len(p) - 1
    result = Result([0.0] * (top + 2), [0.0] * (top + 1), [0.0] * (top + 1))
    now: dict[tuple[Seen, int], float] = {}
    chance = 1.0
    for at in range(top + 1):  # the first DLT is at level `at`, or nobody has one
        before = ((1, 0),) * at
        nobody = ((0, 0),) * (top - at)
        now[(*before, (1, 1), *nobody), at] = chance * p[at]
        chance *= 1 - p[at]
    now[((1, 0),) * (top + 1), top] = chance
    size = 2
    while now:
        later: dict[tuple[Seen, int], float] = defaultdict(float)
        for (seen, level), weight in now.items():
            n, x = seen[level]
            fit = min(size, cap - sum(m for m, _ in seen))
            for k in range(fit + 1):
                w = weight * math.comb(fit, k) * p[level] ** k * (1 - p[level]) ** (fit - k)
                then = (*seen[:level], (n + fit, x + k), *seen[level + 1 :])
                after = move(then, level, cap, LIMITS[target])
                if after is None:
                    finish(result, then, w, target)
                else:
                    later[then, after] += w
        now, size = later, 3
    return result


def eliminated(seen: Seen, limits: Limits) -> int:
    """Return the lowest eliminated level, or one above the highest."""
    fewest = [(limits[n][2] if n else None) for n, _ in seen]
    too_toxic = [i for i, (_, x) in enumerate(seen) if fewest[i] is not None and x >= fewest[i]]
    return min(too_toxic, default=len(seen))


def move(seen: Seen, level: int, cap: int, limits: Limits) -> int | None:
    """Return the next level, None at the end; every level that is left has a whole cohort."""
    ceiling = eliminated(seen, limits)
    if ceiling == 0 or sum(n for n, _ in seen) >= cap:
        return None
    n, x = seen[level]
    up, down, _ = limits[n]
    if level >= ceiling:
        return ceiling - 1
    if x <= up:
        return min(level + 1, ceiling - 1)
    return max(level - 1, 0) if x >= down else level


def finish(result: Result, seen: Seen, weight: float, target: float) -> None:
    # the selection at the end has its own oracle, select.mtd, in designs/interval/test_boin.py
    ceiling = eliminated(seen, LIMITS[target])
    tolerated = [Tally(n_evaluable=n, n_dlts=x) for n, x in seen[:ceiling]]
    mtd = select_mtd(tolerated, target)
    result.p_select[0 if mtd is None else mtd + 1] += weight
    for level, (n, x) in enumerate(seen):
        result.patients[level] += n * weight
        result.dlts[level] += x * weight


@pytest.mark.parametrize(
    "p", [(0.1, 0.3, 0.5), (0.3, 0.2, 0.45), (0.5, 0.6, 0.7), (0.0, 0.0, 0.0), (0.0, 1.0, 1.0)]
)
@pytest.mark.parametrize("target", [0.2, 0.25, 0.3])
def test_titration_against_trials_conducted_as_get_oc_does_by_the_published_table(p, target):
    design = make_design("boin", n_levels=3, target=target, max_patients=15, titration=True)
    exact = exact_characteristics(build_graph(design), p)
    theirs = conduct(p, 15, target)
    assert [exact.p_no_mtd, *exact.p_select] == pytest.approx(theirs.p_select, abs=1e-12)
    assert list(exact.patients) == pytest.approx(theirs.patients, abs=1e-11)
    assert list(exact.dlts) == pytest.approx(theirs.dlts, abs=1e-11)


def test_titration_against_figures_of_trials_conducted_as_get_oc_does():
    """Where 1/3 already de-escalates; 0.66 % is level 1, no MTD is one trial in 5,000."""
    design = make_design("boin", n_levels=5, target=0.25, max_patients=24, titration=True)
    exact = exact_characteristics(build_graph(design), (0.05, 0.10, 0.20, 0.33, 0.50))
    assert [round(100 * p, 2) for p in exact.p_select] == [0.66, 11.54, 45.03, 38.32, 4.42]
    assert round(100 * exact.p_no_mtd, 2) == 0.02
    assert round(sum(exact.dlts), 2) == 5.86
