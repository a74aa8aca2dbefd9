"""Patients, DLTs and stopping of an interval design, in time polynomial in levels and patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.engines.characteristics import Distribution
from simulations.engines.crossings.lists import KINDS, End
from simulations.engines.crossings.transfer import Tables, Transfer

__all__ = ["Figures", "FiguresOf"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """What a design does under one scenario, apart from which MTD is selected.

    Attributes
    ----------
    p_stopped : float
        P(the trial stops because the lowest level is too toxic).
    sample_size, total_dlts : Distribution
    patients_by_level, dlts_by_level : tuple of Distribution, length L
    """

    p_stopped: float
    sample_size: Distribution
    total_dlts: Distribution
    patients_by_level: tuple[Distribution, ...]
    dlts_by_level: tuple[Distribution, ...]


class FiguresOf:
    """The figures of one design: what is possible is found once."""

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer
        one = np.ones(1)
        # sums of numbers of ways, so that nothing possible is lost in rounding
        self._possible = self._marginals([(one, one)] * len(transfer.lists))
        self._possible_dlts = self._which_dlts()

    def under(self, p: Floats, tables: Sequence[Tables]) -> Figures:
        """Return the figures under one scenario, whose ``tables`` are those of ``Transfer``."""
        said = self._marginals([(p[i : i + 1], 1 - p[i : i + 1]) for i in range(len(p))], tables)
        can, step = self._possible, self.transfer.size
        return Figures(
            p_stopped=said.p_stopped,
            sample_size=_distribution(said.cohorts, can.cohorts > 0, step),
            total_dlts=_distribution(self._total_dlts(p), self._possible_dlts, 1),
            patients_by_level=tuple(
                _distribution(found, possible > 0, step)
                for found, possible in zip(said.cohorts_at, can.cohorts_at, strict=True)
            ),
            dlts_by_level=tuple(
                _distribution(found, possible > 0, 1)
                for found, possible in zip(said.dlts_at, can.dlts_at, strict=True)
            ),
        )

    def _marginals(
        self, rates: Sequence[tuple[Floats, Floats]], tables: Sequence[Tables] | None = None
    ) -> _Marginals:
        """Return each figure's sum over all trials; ``rates`` are P(DLT) and P(no DLT)."""
        transfer = self.transfer
        if tables is None:
            tables = [transfer.tables(level, p, q) for level, (p, q) in enumerate(rates)]
        below = [transfer.at_start()]
        for level, table in enumerate(tables):
            below.append(transfer.up(level, below[-1], table))
        above = transfer.all_down(tables)
        cohorts_at, dlts_at = [], []
        for level, lists in enumerate(transfer.lists):
            met = transfer.meetings(level, below[level], above[level])
            by_both = np.zeros(lists.after.shape[1:])  # cohorts, DLTs
            for kind, found in zip(KINDS, met, strict=True):
                if found.any():
                    by_both += np.einsum("cxud,cud->cx", lists.ending(kind, kind.last), found)
            by_both *= transfer.terms(*rates[level])
            cohorts_at.append(by_both.sum(axis=1))
            dlts_at.append(by_both.sum(axis=0))
        ends = (below[-1] * transfer.at_end())[:, 0, 0]
        return _Marginals(float(ends[End.STOPPED].sum()), ends.sum(axis=0), cohorts_at, dlts_at)

    def _total_dlts(self, p: Floats) -> Floats:
        """Return the distribution of all DLTs."""
        return np.asarray(self.dlts_of(p).sum(axis=1))

    def dlts_of(self, p: Floats) -> Floats:
        """Return P(so many DLTs, in so many cohorts), from its values at roots of unity."""
        roots, n = self._roots()
        marked = [(rate * roots, np.full(1, 1 - rate)) for rate in p]
        return np.fft.irfft(self._ends(marked, len(roots)), n, axis=0)

    def cohorts_at(self, p: Floats, levels: NDArray[np.bool_]) -> Floats:
        """Return P(so many cohorts at certain levels, of so many in all); shape (C + 1, C + 1)."""
        n = self.transfer.n_cohorts + 1
        roots = np.exp(-2j * np.pi * np.arange(n // 2 + 1) / n)[:, np.newaxis]
        of_patient = roots ** (1 / self.transfer.size)
        marks = [of_patient if counted else np.ones((1, 1)) for counted in levels]
        marked = [(rate * mark, (1 - rate) * mark) for rate, mark in zip(p, marks, strict=True)]
        return np.fft.irfft(self._ends(marked, len(roots)), n, axis=0)

    def _ends(self, rates: Sequence[tuple[Any, Any]], n_roots: int) -> NDArray[Any]:
        """Sum over all trials by their cohorts, at each root of unity; shape (Z, C + 1)."""
        situation: NDArray[Any] = np.broadcast_to(
            self.transfer.at_start(), (n_roots, *self.transfer.at_start().shape)
        )
        for level, (p, q) in enumerate(rates):
            situation = self.transfer.up(level, situation, self.transfer.tables(level, p, q))
        return np.asarray((situation * self.transfer.at_end()).sum(axis=(1, 2, 3)))

    def _which_dlts(self) -> NDArray[np.bool_]:
        """Return which numbers of all DLTs are possible.

        As their distribution is found, but with 1 for all that is possible so far after each level:
        the sums are small whole numbers, which are told from 0 whatever the rounding.
        """
        roots, n = self._roots()
        transfer = self.transfer
        can = np.zeros((n, *transfer.at_start().shape))
        can[0] = transfer.at_start()
        found: dict[int, Tables] = {}
        for level, lists in enumerate(transfer.lists):
            if id(lists) not in found:
                found[id(lists)] = transfer.possible_tables(level, roots)
            below = np.fft.rfft(can, axis=0)
            ways = np.fft.irfft(transfer.up(level, below, found[id(lists)]), n, axis=0)
            can = (np.rint(ways) > 0).astype(np.float64)
        return np.asarray((can * transfer.at_end()).any(axis=(1, 2, 3, 4)))

    def _roots(self) -> tuple[NDArray[np.complex128], int]:
        n = self.transfer.n_cohorts * self.transfer.size + 1
        return np.exp(-2j * np.pi * np.arange(n // 2 + 1) / n)[:, np.newaxis], n


@dataclass(frozen=True, slots=True, eq=False)
class _Marginals:
    p_stopped: float
    cohorts: Floats
    cohorts_at: list[Floats]
    dlts_at: list[Floats]


def _distribution(found: Floats, possible: NDArray[np.bool_], step: int) -> Distribution:
    values = np.flatnonzero(possible)
    return Distribution(values=values * step, p=np.maximum(found[values], 0.0))
