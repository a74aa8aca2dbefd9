"""Every 3+3 there is, on the ladders a test wants."""

import itertools
from collections.abc import Iterable

from escalation.designs import VARIANTS, ThreePlusThree


def every_three_plus_three(
    ladders: Iterable[tuple[int, int, int | None]],
) -> list[ThreePlusThree]:
    """Return all options on each ladder of (n_levels, start, max_patients)."""
    options = itertools.product(VARIANTS, ("treat", "stop"), ("fail", "mtd"), ladders)
    return [
        ThreePlusThree(
            n_levels=n_levels,
            start=start,
            variant=variant,
            untested_below=untested_below,
            two_of_six=two_of_six,
            max_patients=cap,
        )
        for variant, untested_below, two_of_six, (n_levels, start, cap) in options
    ]
