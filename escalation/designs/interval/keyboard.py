"""The keyboard design (Yan, Mandrekar & Yuan 2017), and mTPI-2 (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign, bisect_decisions
from escalation.designs.interval.posterior import as_written, heaviest_interval, on_common_scale

__all__ = ["Keyboard", "MTpi2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyboard(IntervalDesign):
    """Keyboard: goes towards the most likely of equally wide intervals of P(DLT).

    The rates from 0 to 1 are laid out in keys as wide as the target key, with a shorter one at
    either end where it does not come out even. Go towards the key with the most posterior mass
    per unit of width under a uniform prior: escalate where it lies below the target key,
    de-escalate where it lies above.

    The posterior has one peak, so the keys grow heavier up to it and lighter after it, and the
    target key need only be compared with its two neighbours.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``; a level is eliminated on three patients or more.
    margin_left, margin_right : float
        The target key is from target - margin_left to target + margin_right.

    References
    ----------
    Yan F, Mandrekar SJ, Yuan Y (2017). Keyboard: a novel Bayesian toxicity probability interval
    design for phase I clinical trials. Clin Cancer Res 23(15):3994-4003.

    Examples
    --------
    >>> Keyboard(n_levels=5, target=0.3, max_patients=30).boundaries(6)
    (1, 3)
    """

    name: ClassVar[str] = "keyboard"
    min_eliminate: ClassVar[int] = 3
    extrasafe_is_published: ClassVar[bool] = True

    margin_left: float = field(
        default=0.05,
        metadata={
            "description": "From the target key's lower end to the target.",
            "ge": 0,
            "lt": 1,
        },
    )
    margin_right: float = field(
        default=0.05,
        metadata={
            "description": "From the target to the target key's upper end.",
            "ge": 0,
            "lt": 1,
        },
    )

    @property
    def _rates(self) -> tuple[str, ...]:
        return (*super(Keyboard, self)._rates, "margin_left", "margin_right")

    def _faults(self) -> Sequence[str]:
        return [
            *super(Keyboard, self)._faults(),
            *self._interval_faults("margin_left", "margin_right"),
        ]

    def _key(self) -> tuple[Fraction, Fraction]:
        target = as_written(self.target)
        return target - as_written(self.margin_left), target + as_written(self.margin_right)

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        low, high = self._key()
        width = high - low
        edges, scale = on_common_scale(
            [max(low - width, Fraction(0)), low, high, min(high + width, Fraction(1))]
        )
        return bisect_decisions(n, lambda x: heaviest_interval(n, x, edges, scale))

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        low, high = map(float, self._key())
        key = f"the target key ({low:g}, {high:g})"
        return (
            f"the strongest key at a level lies below {key}",
            f"the strongest key at a level is {key}",
            f"the strongest key at a level lies above {key}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MTpi2(Keyboard):
    """mTPI-2: the keyboard design, but a level is eliminated on any number of patients.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``.
    margin_left, margin_right : float
        As in ``Keyboard``; the paper's epsilon 1 and epsilon 2.

    References
    ----------
    Guo W, Wang SJ, Yang S, Lynn H, Ji Y (2017). A Bayesian interval dose-finding design
    addressing Ockham's razor: mTPI-2. Contemp Clin Trials 58:23-33.

    Examples
    --------
    >>> design = MTpi2(n_levels=5, target=0.2, max_patients=30, cohort_size=1)
    >>> design.elimination(1), Keyboard(n_levels=5, target=0.2, max_patients=30).elimination(1)
    (1, None)
    """

    name: ClassVar[str] = "mtpi-2"
    min_eliminate: ClassVar[int] = 1
    extrasafe_is_published: ClassVar[bool] = False
