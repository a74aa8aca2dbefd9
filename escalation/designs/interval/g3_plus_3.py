"""G3+3, the generalized 3+3 (Ji, Zhang, Ji & Kummar 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, ClassVar

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign
from escalation.outcomes import Tally

__all__ = ["G3Plus3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class G3Plus3(IntervalDesign):
    """G3+3: the answers of the 3+3 on 3 and 6 patients, rates elsewhere.

    On 3 or 6 patients decide as the 3+3 does: of 3, escalate with no DLT, stay with one,
    de-escalate with more; of 6, escalate with at most one, else de-escalate. On any other number,
    escalate where the observed DLT rate is below 0.20, de-escalate where it is above 0.29, else
    stay. A level on three patients or more at which P(P(DLT) > 0.25 | data) is above 0.95 is
    eliminated, with all above it. The MTD is the highest level given below all that were
    eliminated or whose rate says to de-escalate; it needs no isotonic regression.

    Where the rate at the lowest level says to de-escalate, the trial goes on there, as under the
    other interval designs; at the end no MTD is selected. So the authors describe it. Their
    package FIND 0.1.1 selects the lowest level all the same.

    Attributes
    ----------
    n_levels, start, cohort_size, max_patients, n_earlystop, titration
        As in ``IntervalOptions``. The numbers above are part of the design and no options.

    References
    ----------
    Ji Y, Zhang Y, Ji A, Kummar S (2025). The generalized 3+3 (G3) design for phase I trials: a
    design for clinicians. Contemp Clin Trials 158:108077.

    Examples
    --------
    >>> design = G3Plus3(n_levels=5, max_patients=30)
    >>> design.boundaries(3), design.boundaries(6), design.boundaries(9)
    ((0, 2), (1, 2), (1, 3))
    """

    name: ClassVar[str] = "g3+3"
    min_eliminate: ClassVar[int] = 3

    target: float = field(default=0.25, init=False, repr=False)
    cutoff_eli: float = field(default=0.95, init=False, repr=False)
    extrasafe: bool = field(default=False, init=False, repr=False)
    offset: float = field(default=0.05, init=False, repr=False)

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        if n == 3:  # the 3+3 stays with 1/3; with 6 patients the rates give its answers
            return 0, 2
        return (n - 1) // 5, 29 * n // 100 + 1

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        rate = "the observed DLT rate at a level is"
        return (
            f"{rate} below 0.20",
            f"{rate} from 0.20 to 0.29, or 1/3 on three patients",
            f"{rate} above 0.29, except for 1/3 on three patients",
        )

    def selection(self) -> str:
        """Say in words which level is selected as the MTD."""
        return (
            "the highest level given below every level that is eliminated or whose DLT rate says "
            "to de-escalate; without one, no MTD is declared"
        )

    def _select_mtd(self, tallies: Sequence[Tally]) -> int | None:
        mtd = None
        for level, tally in enumerate(tallies):
            if self._says_to_go_down(tally):
                break
            if tally.n_evaluable:
                mtd = level
        return mtd

    def _says_to_go_down(self, tally: Tally) -> bool:
        # the cap can cut the last cohort short: nobody comes to make up for its rate
        return tally.n_dlts >= self.boundaries(tally.n_evaluable)[1]

    def _select_many(self, tallies: Sequence[Tally], which: Any) -> Any:
        from escalation.designs.interval.many import select_highest  # noqa: PLC0415  # loads numpy

        return select_highest(
            tallies,
            which,
            [self._is_eliminated_at_last(seen) or self._says_to_go_down(seen) for seen in tallies],
        )
