"""Exact characteristics of an interval design whose graph of states is too large."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.designs.base import Design
from escalation.designs.options import MAX_PATIENTS
from escalation.errors import InputError
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.crossings.figures import FiguresOf
from simulations.engines.crossings.lists import KINDS, SPARE, Lists, find_lists
from simulations.engines.crossings.selection import Selection
from simulations.engines.crossings.transfer import Transfer
from simulations.probabilities import check_probabilities

__all__ = ["CrossingEngine", "foresee_figures", "is_by_crossings", "make_transfer"]

_MOST_CELLS = 40_000_000  # of the lists of one level
_KINDS_OF_LEVELS = 4  # at most: the lowest, the highest, those below the start and above it


class CrossingEngine:
    """Exact characteristics of an interval design, its levels followed one by one.

    Parameters
    ----------
    design : Design
        One that ``is_by_crossings``.
    selects : bool
        Whether to find which MTD is selected. That asks for the tallies of all levels together,
        which grow with the power of the levels; all else is polynomial in levels and patients.
    progress : callable, optional
        Told what share of these tallies has been found since.

    Raises
    ------
    InputError
        For another design.
    TooManyTalliesError
        If selection asks for too many tallies.

    Examples
    --------
    >>> from escalation.designs import Boin
    >>> engine = CrossingEngine(Boin(n_levels=12, target=0.3, max_patients=24))
    >>> found = engine.characteristics([0.05 * level for level in range(1, 13)])
    >>> round(float(found.p_select[5]), 4), round(found.sample_size.mean, 2)
    (0.192, 24.0)
    """

    def __init__(
        self,
        design: Design,
        *,
        selects: bool = True,
        progress: Callable[[float], object] | None = None,
    ) -> None:
        self.design, self.n_levels, self.selects = design, design.n_levels, selects
        self._transfer = make_transfer(design)
        self._figures = FiguresOf(self._transfer)
        if design.outline is None:
            raise InputError(f"{design.name} does not say what it looks at")
        self._selection = Selection(self._transfer, design.outline, progress) if selects else None

    def __repr__(self) -> str:
        return f"<CrossingEngine of {self.design.name} on {self.n_levels} levels>"

    def characteristics(self, p_dlt: Sequence[float]) -> OperatingCharacteristics:
        """Return every figure under one scenario, distributions included.

        Where which MTD is selected is not found, ``p_select`` and ``p_no_mtd`` are NaN, and
        ``p_stopped`` says how likely the trial stops before.

        Parameters
        ----------
        p_dlt : sequence of float, length L

        Raises
        ------
        InputError
            For a wrong length, or what is no probability.
        """
        p = check_probabilities(p_dlt, self.n_levels, "P(DLT)")
        transfer = self._transfer
        rates = [p[level : level + 1] for level in range(self.n_levels)]
        tables = [transfer.tables(level, q, 1 - q) for level, q in enumerate(rates)]
        found = self._figures.under(p, tables)
        selected = np.full(self.n_levels + 1, np.nan)
        if self._selection is not None:
            selected = self._selection.probabilities(p, transfer.all_down(tables))
        return OperatingCharacteristics(
            p_select=selected[:-1],
            p_no_mtd=found.p_stopped + float(selected[-1]),
            p_stopped=found.p_stopped if self._selection is None else None,
            p_inconclusive=0.0,
            sample_size=found.sample_size,
            total_dlts=found.total_dlts,
            patients_by_level=found.patients_by_level,
            dlts_by_level=found.dlts_by_level,
        )

    def shares(
        self, p_dlt: ArrayLike, above: NDArray[np.bool_], percents: Sequence[int]
    ) -> list[float]:
        """Return how much of a trial is at certain levels, and how much of it is a DLT.

        Parameters
        ----------
        p_dlt : array_like, shape (L,)
        above : bool array, shape (L,)
            Which levels count.
        percents : sequence of int

        Returns
        -------
        list of float
            The mean share of a trial's patients at these levels; with a DLT; and for each of
            ``percents``, the probability that so much of a trial is at these levels.
        """
        p = check_probabilities(p_dlt, self.n_levels, "P(DLT)")
        at_them, dlts = self._figures.cohorts_at(p, above), self._figures.dlts_of(p)
        in_all = np.arange(self._transfer.n_cohorts + 1)
        some = np.maximum(in_all, 1)
        n_there = in_all[:, np.newaxis]
        n_dlts = np.arange(len(dlts))[:, np.newaxis]
        reached = [100 * n_there >= percent * some for percent in percents]
        return [
            float((at_them * n_there / some).sum()),
            float((dlts * n_dlts / (some * self._transfer.size)).sum()),
            *(min(max(float(at_them[these].sum()), 0.0), 1.0) for these in reached),
        ]


def is_by_crossings(design: Design) -> bool:
    """Tell whether boundaries judge each level, in cohorts of one size, up to a limit."""
    most = design.max_patients
    if not design.by_boundaries or design.outline is None or most is None:
        return False
    size = design.largest_cohort
    n_cohorts = most // size
    n_cells = 2 * (n_cohorts + 1) * (most + 1) * (n_cohorts // 2 + 2) ** 2
    one_size = design.outline.one_size
    return one_size and n_cells <= _MOST_CELLS and most + SPARE * size <= MAX_PATIENTS


def foresee_figures(design: Design) -> int:
    """Return how many bytes all figures but selection take at most."""
    most = design.max_patients or 0
    n_cohorts = most // design.largest_cohort
    steps = (n_cohorts // 2 + 2) ** 2
    of_lists = 2 * (n_cohorts + 1) * (most + 1) * steps * 8
    of_roots = (n_cohorts + 1) * (most // 2 + 1) * steps * 16 * len(KINDS)
    return _KINDS_OF_LEVELS * (of_lists + of_roots) + 3 * of_lists


def make_transfer(design: Design) -> Transfer:
    """Ask the design about its levels.

    Raises
    ------
    InputError
        Where ``is_by_crossings`` says no.
    """
    if not is_by_crossings(design) or design.max_patients is None:
        raise InputError(f"{design.name} with these options is not followed level by level")
    n_cohorts, top = design.max_patients // design.largest_cohort, design.n_levels - 1
    shown = min(design.n_levels, 3)
    found: dict[tuple[int, bool], Lists] = {}
    lists = []
    for level in range(design.n_levels):
        place = 0 if level == 0 else shown - 1 if level == top else 1
        below_start = level < design.start
        if (place, below_start) not in found:
            found[place, below_start] = find_lists(
                design, shown, place, n_cohorts, below_start=below_start
            )
        lists.append(found[place, below_start])
    return Transfer(
        lists=lists, start=design.start, size=design.largest_cohort, n_cohorts=n_cohorts
    )
