"""The options of the interval designs, and what of them makes no design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.base import Clause, Design, LevelStatus
from escalation.designs.interval.posterior import as_written
from escalation.designs.options import (
    CAP,
    COHORT_SIZE,
    EARLY_STOP,
    TARGET,
    cohort_faults,
    count_faults,
    ladder_faults,
    rate_faults,
    switch_faults,
    target_faults,
)
from escalation.errors import DesignError

__all__ = ["IntervalOptions", "Statuses"]

Statuses = tuple[tuple[LevelStatus, ...], ...]

SMALLEST = 1e-6  # of an option: compared as whole numbers, much smaller ones take minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalOptions(Design):
    """What an interval design can be asked to be.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first cohort.
    target : float
        The P(DLT) sought.
    cohort_size : int
    max_patients : int or None
        Patients in the whole trial, a multiple of the cohort size; None only for a question about
        one level.
    cutoff_eli : float
        A level is eliminated when P(P(DLT) > target | data) is above this.
    extrasafe : bool
        Stop as well when P(P(DLT) > target | data) at the lowest level, on the patients on whom
        it would be eliminated, is above ``cutoff_eli`` - ``offset``. BOIN and keyboard have this
        rule; under the other designs it is taken over from BOIN.
    offset : float
    n_earlystop : int or None
        The trial stops, and the MTD is selected, when so many are evaluable at the current level
        and the next cohort would be treated there too.
    titration : bool
        Begin with one patient a level, until the first DLT or the highest level, as ``get.oc`` of
        the R package BOIN does. The level where that ends is filled up to a cohort; a level
        passed with one patient gets a whole cohort when the trial comes back. All of them count,
        so the last cohort before ``max_patients`` may be smaller.
    """

    min_eliminate: ClassVar[int] = 1  # fewest patients on whom a level is eliminated
    extrasafe_is_published: ClassVar[bool] = False  # else its sentence says that it is BOIN's

    n_levels: int
    start: int = 0
    target: float = field(metadata=TARGET)
    cohort_size: int = field(default=3, metadata=COHORT_SIZE)
    max_patients: int | None = field(metadata=CAP)
    cutoff_eli: float = field(
        default=0.95,
        metadata={
            "description": "Eliminate a level when P(P(DLT) > target | data) is above this.",
            "gt": 0.5,
            "lt": 1,
        },
    )
    extrasafe: bool = field(
        default=False, metadata={"description": "Stop earlier for a toxic lowest level."}
    )
    offset: float = field(
        default=0.05,
        metadata={
            "description": "By how much extrasafe lowers cutoff_eli at the lowest level.",
            "gt": 0,
            "lt": 0.5,
        },
    )
    n_earlystop: int | None = field(default=None, metadata=EARLY_STOP)
    titration: bool = field(
        default=False,
        metadata={"description": "Begin with one patient a level, until the first DLT."},
    )

    # what the design makes of them, once
    _clauses: Mapping[str, Clause] = field(init=False, repr=False, compare=False)
    _statuses: Statuses = field(init=False, repr=False, compare=False)
    _short: tuple[int | None, ...] = field(init=False, repr=False, compare=False)
    _unsafe: tuple[int | None, ...] = field(init=False, repr=False, compare=False)

    @property
    def cutoff_at_lowest(self) -> float:
        """The posterior probability above which ``extrasafe`` stops for the lowest level."""
        return float(as_written(self.cutoff_eli) - as_written(self.offset))

    def __post_init__(self) -> None:
        self._fill_in()
        faults = list(self._type_faults()) or list(self._faults())
        if faults:
            raise DesignError(f"{self.name}: {'; '.join(faults)}")

    def _fill_in(self) -> None:
        """Set options whose default depends on others."""

    @property
    def _rates(self) -> tuple[str, ...]:
        """Names of the options that are numbers, not whole ones."""
        return ("target", "cutoff_eli", "offset")

    @property
    def _switches(self) -> tuple[str, ...]:
        """Names of the options that are true or false."""
        return ("extrasafe", "titration")

    def _type_faults(self) -> Iterator[str]:
        unset = ("max_patients", "n_earlystop")
        yield from count_faults(
            self, ("n_levels", "start", "cohort_size", *unset), may_be_unset=unset
        )
        yield from rate_faults(self, self._rates, smallest=SMALLEST)
        yield from switch_faults(self, self._switches)

    def _faults(self) -> Sequence[str]:
        faults = [*ladder_faults(self), *target_faults(self.target)]
        if not 0.5 < self.cutoff_eli < 1:
            faults.append(f"cutoff_eli must be between 0.5 and 1, not {self.cutoff_eli}")
        if not 0 < self.offset < 0.5:
            faults.append(f"offset must be between 0 and 0.5, not {self.offset}")
        faults += cohort_faults(
            cohort_size=self.cohort_size,
            max_patients=self.max_patients,
            n_earlystop=self.n_earlystop,
        )
        if self.titration and self.cohort_size == 1:
            faults.append("titration needs a cohort_size of 2 or more, not 1")
        return faults

    def _interval_faults(self, below: str, above: str) -> Iterator[str]:
        """Name the faults of an interval around the target, from its two reaches."""
        low, high = getattr(self, below), getattr(self, above)
        for option, value in ((below, low), (above, high)):
            if value < 0:
                yield f"{option} must be 0 or more, not {value}"
        if min(low, high) >= 0 and not 0 < self.target - low < self.target + high < 1:
            yield (
                f"needs 0 < target - {below} < target + {above} < 1, not "
                f"target={self.target:g} {below}={low:g} {above}={high:g}"
            )
