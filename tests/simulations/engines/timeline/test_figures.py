"""Every figure of the clock against a simulation written plainly, one trial at a time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from escalation.designs import ThreePlusThree
from simulations.engines.timeline.moments import Moments
from simulations.engines.timeline.result import FIGURES, Timeline
from simulations.engines.timeline.run import simulate_timeline
from simulations.timing.assumptions import Poisson, Timing

from .clerk import ClerksTrial
from .reference import protocol_of

P = [0.15, 0.25, 0.4]
PLAIN = Timing(arrivals=Poisson(mean_gap_days=9))
LOSSES = Timing(
    arrivals=Poisson(mean_gap_days=6),
    screen_failure=0.25,
    dropout=0.15,
    not_manufactured=0.1,
    dose_not_reached=(0, 0.05, 0.1),
    decision_delay_days=5,
    accrual="wait",
    decides="settled",
)
SETTINGS = {
    "plain": (PLAIN, (0, 0), "confirm"),
    "patients wait": (replace(PLAIN, accrual="wait", decision_delay_days=4), (0, 0), "declare"),
    "lose, complete": (replace(LOSSES, accrual="lose", decides="complete"), (7, 2), "confirm"),
    "wait, complete": (replace(LOSSES, decides="complete"), (7, 2), "expand-below"),
    "lose, settled": (replace(LOSSES, accrual="lose"), (0, 0), "confirm"),
    "wait, settled": (LOSSES, (0, 0), "declare-confirm-top"),
    "lose, settled, apart": (replace(LOSSES, accrual="lose"), (7, 2), "declare"),
    "wait, settled, apart": (LOSSES, (7, 2), "confirm"),
}


def figures_of(found: Timeline) -> dict[str, Moments]:
    by_level = {
        f"{name} {level}": moments
        for name in ("patients", "dlts", "days")
        for level, moments in enumerate(getattr(found, name))
    }
    lasts = {"t_decision": found.t_decision.moments, "t_last": found.t_last.moments}
    return dict(found.figures) | by_level | lasts


def far_off(name: str, trials: int, of_clock: int) -> dict[str, tuple[float, float, float]]:
    """Return by how many standard errors means and SDs are off, where it is by five."""
    timing, (alone, apart), variant = SETTINGS[name]
    design = ThreePlusThree(n_levels=3, variant=variant)
    protocol = protocol_of(design, alone=alone, apart=apart)
    rng = Random(5)  # noqa: S311  # not for secrets
    rows = [ClerksTrial(protocol, P, timing, rng).run() for _ in range(trials)]
    found = simulate_timeline(protocol, P, timing, trials=of_clock, seed=77)
    assert set(found.figures) == set(FIGURES) - {"cost"}
    far = {}
    for figure, mine in figures_of(found).items():
        theirs = Moments.of([row[figure] for row in rows])
        for what, error in (("mean", "se"), ("sd", "se_sd")):
            a, b = getattr(mine, what), getattr(theirs, what)
            apart_by = abs(a - b) - 1e-9
            if apart_by > 5 * np.hypot(getattr(mine, error), getattr(theirs, error)):
                far[f"{what} of {figure}"] = (a, b, apart_by)
    for level, share in enumerate(found.p_select):
        other = np.mean([row[f"mtd {level}"] for row in rows])
        apart_by = abs(share - other)
        if apart_by > 5 * (share * (1 - share) * (1 / trials + 1 / of_clock)) ** 0.5:
            far[f"MTD {level}"] = (share, other, apart_by)
    return far


def test_figures_are_those_of_trials_followed_plainly():
    assert far_off("lose, complete", 150, 3_000) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_every_figure_is_that_of_trials_followed_plainly(name):
    assert far_off(name, 4_000, 20_000) == {}
