"""What a run of the clock is about: the protocol's numbers beside the assumptions, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Design
from escalation.errors import InputError
from escalation.protocol import Protocol
from simulations.probabilities import check_probabilities
from simulations.scenarios.arguments import show
from simulations.timing.assumptions import MAX_DAYS, Given, GivenTimes, Regular, Timing

__all__ = ["Setting"]

Floats = NDArray[np.float64]

_LEAST_COUNTING = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """A protocol, the true P(DLT), and what is assumed of time.

    Attributes
    ----------
    protocol : Protocol
    timing : Timing
    p_dlt, p_moderate, not_manufactured, dose_not_reached : float array, shape (L,)
    window : float
        Days from dosing to the day on which "no DLT" is known.
    alone, apart : float
        Days from the first patient of a cohort to the second, and between the next.
    """

    protocol: Protocol
    timing: Timing
    p_dlt: Floats
    p_moderate: Floats
    not_manufactured: Floats
    dose_not_reached: Floats
    window: float
    alone: float
    apart: float

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        p_dlt: Sequence[float],
        timing: Timing,
        p_moderate: Sequence[float] | None = None,
    ) -> Setting:
        """Check what is given.

        Raises
        ------
        InputError
            If the protocol has no DLT window, or a stagger or a DLT time is longer than it, or
            probabilities do not fit the ladder.
        """
        if not isinstance(protocol, Protocol):
            raise InputError(f"a protocol is needed, not {type(protocol).__name__}")
        if not isinstance(timing, Timing):
            raise InputError(f"a Timing is needed, not {type(timing).__name__}")
        design, n = protocol.design, protocol.design.n_levels
        if protocol.dlt.window_days is None:
            raise InputError(
                "the protocol names no DLT window, and there is no clock without one: give "
                "window_days in its [dlt] table"
            )
        if protocol.dlt.window_days > MAX_DAYS:
            raise InputError(
                f"the protocol's DLT window of {show(protocol.dlt.window_days)} days is longer "
                f"than {MAX_DAYS} days, a century"
            )
        window = float(protocol.dlt.window_days - protocol.dlt.infusion_day)
        for name in ("first_alone_days", "next_apart_days"):
            days = getattr(protocol.enrolment, name)
            if days > window:
                raise InputError(
                    f"enrolment.{name} is {days} in the protocol, longer than the DLT window of "
                    f"{window:g} days: the stagger must lie inside the window"
                )
        if isinstance(timing.time_to_dlt, GivenTimes) and max(timing.time_to_dlt.days) > window:
            raise InputError(
                f"time_to_dlt: a DLT after {max(timing.time_to_dlt.days):g} days lies outside the "
                f"DLT window of {window:g} days"
            )
        unmade = np.array(timing.by_level("not_manufactured", n))
        unreached = np.array(timing.by_level("dose_not_reached", n))
        counts = (1 - timing.dropout) * ((1 - unmade) * (1 - unreached)).min()
        if counts < _LEAST_COUNTING:
            raise InputError(
                "dropout, not_manufactured and dose_not_reached leave less than one patient in a "
                "hundred who counts: so many are replaced that a trial would not end"
            )
        if p_moderate is None and design.asks_moderate:
            raise InputError(
                f"{design.name} counts moderate toxicities: p_moderate is needed, the P(moderate "
                "toxicity) of a patient without a DLT at each level"
            )
        return cls(
            protocol=protocol,
            timing=timing,
            p_dlt=check_probabilities(p_dlt, n, "p_dlt"),
            p_moderate=check_probabilities(
                [0.0] * n if p_moderate is None else p_moderate, n, "p_moderate"
            ),
            not_manufactured=unmade,
            dose_not_reached=unreached,
            window=window,
            alone=float(protocol.enrolment.first_alone_days),
            apart=float(protocol.enrolment.next_apart_days),
        )

    @property
    def design(self) -> Design:
        """The protocol's design."""
        return self.protocol.design

    @property
    def waits(self) -> bool:
        """Whether patients wait for a place."""
        return self.timing.accrual == "wait"

    @property
    def delay(self) -> float:
        """Days from what a decision rests on until the next cohort is open."""
        days = self.timing.decision_delay_days
        return float(ceil(days)) if self.timing.whole_days else days

    @property
    def staggers(self) -> bool:
        """Whether patients of a cohort are kept apart."""
        return self.alone > 0 or self.apart > 0

    @property
    def places_on_dosing(self) -> bool:
        """Whether a place is given on the day of dosing, for the rule may close it until then.

        So it is where patients are kept apart and decisions are made as soon as they are settled,
        under a design that may leave a level after any patient or opens one place after another.
        """
        design = self.design
        may_leave = design.while_pending is not None or design.asks_moderate or not design.by_stages
        backfills = self.protocol.backfill.max_per_level is not None
        settled = self.timing.decides == "settled"
        return self.staggers and settled and may_leave and not backfills

    @cached_property
    def replaces(self) -> bool:
        """Whether a patient can turn out not evaluable."""
        lost = self.not_manufactured.any() or self.dose_not_reached.any()
        return bool(lost) or self.timing.dropout > 0

    @cached_property
    def has_ties(self) -> bool:
        """Whether several outcomes of a trial can be known at the same moment."""
        timing = self.timing
        at_once = self.not_manufactured.any() or self.dose_not_reached.any()
        if isinstance(timing.time_to_dlt, GivenTimes) or not self.window or at_once:
            return True
        if timing.whole_days:
            return True
        alike = self.waits or isinstance(timing.arrivals, Regular | Given)
        return alike and not self.apart
