"""What is assumed of patients beside their DLTs, as data: all of it invented unless given.

Times are days since the infusion. A spread is the standard deviation of the logarithm between
patients: 0.5 is a CV of some 53 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulations.scenarios.arguments import finite, is_list, show
from simulations.scenarios.checked import Checked

__all__ = ["Ailment", "Expansion", "Marker", "Patients"]

_MOST = 1e12
_MOST_DAYS = 3_660
_MOST_SPREAD = 3.0


def _positive_faults(of: object, *names: str) -> Iterator[str]:
    for name in names:
        value = getattr(of, name)
        most = _MOST_DAYS if "day" in name else _MOST
        if not 0 < finite(value) <= most:
            yield f"{name}: {show(value)} is not above 0 and at most {most:g}"


def _spread_faults(of: object, *names: str) -> Iterator[str]:
    for name in names:
        value = getattr(of, name)
        if not 0 <= finite(value) <= _MOST_SPREAD:
            yield f"{name}: {show(value)} is not a spread from 0 to {_MOST_SPREAD:g}"


def _probability_faults(name: str, value: object) -> Iterator[str]:
    if not 0 <= finite(value) <= 1:
        yield f"{name}: {show(value)} is not a probability from 0 to 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion(Checked):
    """Cells that multiply to a peak and decline: one compartment, two rates.

    The concentration is ``peak`` x 2^-(t_peak - t)/doubling_days before the peak, and ``peak`` x
    2^-(t - t_peak)/half_life_days after it: expansion and decline as in Stein et al. (CPT
    Pharmacometrics Syst Pharmacol 2019;8:285), with one phase of decline.

    Attributes
    ----------
    peak : float
        Median at the starting dose, in the plan's unit.
    per_dose : float
        Power of the dose with which it rises; 0 where it does not.
    peak_day, doubling_days, half_life_days : float
        Medians.
    spread, time_spread : float
        Of the peak, and of each of the three times.
    error : float
        Standard deviation of the logarithm of one measurement.
    lloq : float
        Lower limit of quantification.
    """

    peak: float = 20_000.0
    per_dose: float = 0.5
    peak_day: float = 11.0
    doubling_days: float = 1.0
    half_life_days: float = 16.0
    spread: float = 0.8
    time_spread: float = 0.25
    error: float = 0.15
    lloq: float = 50.0

    def _faults(self) -> Iterator[str]:
        yield from _positive_faults(self, "peak", "peak_day", "doubling_days", "half_life_days")
        yield from _spread_faults(self, "spread", "time_spread", "error")
        if not 0 <= finite(self.lloq) <= _MOST:
            yield f"lloq: {show(self.lloq)} is not a concentration from 0"
        if not -3 <= finite(self.per_dose) <= 3:
            yield f"per_dose: {show(self.per_dose)} is not a power from -3 to 3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker(Checked):
    """A biomarker that goes from its baseline to an extreme, and back.

    Attributes
    ----------
    test : str
        As the plan names it.
    baseline : float
        Median, in the plan's unit.
    fold : float
        The extreme over the baseline: above 1 a peak, below 1 a depletion.
    extreme_day, back_day : float
        When it is reached, and when it is back at the baseline: medians. In between the logarithm
        moves along straight lines.
    spread, error : float
        Of the baseline, and of one measurement.
    """

    test: str
    baseline: float
    fold: float
    extreme_day: float
    back_day: float
    spread: float = 0.4
    error: float = 0.1

    def _faults(self) -> Iterator[str]:
        yield from _positive_faults(self, "baseline", "fold", "extreme_day", "back_day")
        yield from _spread_faults(self, "spread", "error")
        if not finite(self.back_day) > finite(self.extreme_day):
            yield f"back_day: {show(self.back_day)} is not after extreme_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailment(Checked):
    """An adverse event that a patient may have, once.

    Attributes
    ----------
    term, category : str
    probability : float
    grades : tuple of float
        How the grades 1, 2 ... are shared out; grade 3 and more are unrelated to the product,
        because those that are related are the clock's DLTs.
    start_day, days : float
        Medians of the onset and of how long it lasts.
    """

    term: str
    category: str
    probability: float
    grades: tuple[float, ...] = (0.6, 0.4)
    start_day: float = 5.0
    days: float = 6.0

    def _faults(self) -> Iterator[str]:
        yield from _probability_faults("probability", self.probability)
        yield from _positive_faults(self, "start_day", "days")
        grades: Any = self.grades
        if not is_list(grades) or not 1 <= len(grades) <= 4:
            yield f"grades: shares of the grades from 1 up are needed, not {show(grades)}"
        elif not all(finite(share) >= 0 for share in grades) or not sum(map(finite, grades)) > 0:
            yield f"grades: {show(grades)} are no shares"


MARKERS = (
    Marker(test="il6", baseline=4.0, fold=40.0, extreme_day=7.0, back_day=24.0),
    Marker(test="crp", baseline=4.0, fold=15.0, extreme_day=6.0, back_day=22.0),
    Marker(test="ferritin", baseline=200.0, fold=8.0, extreme_day=10.0, back_day=40.0),
    Marker(test="b-cells", baseline=150.0, fold=0.003, extreme_day=9.0, back_day=150.0),
    Marker(
        test="naive-b-cells",
        baseline=45.0,
        fold=1.7,
        extreme_day=120.0,
        back_day=500.0,
        spread=0.1,
        error=0.05,
    ),
)
AILMENTS = (
    Ailment(term="CRS", category="crs", probability=0.6, grades=(0.7, 0.3), start_day=6, days=4),
    Ailment(
        term="ICANS", category="icans", probability=0.08, grades=(0.8, 0.2), start_day=8, days=3
    ),
    Ailment(term="neutropenia", category="haematological", probability=0.7, days=14),
    Ailment(term="anaemia", category="haematological", probability=0.5, days=20),
    Ailment(
        term="infection",
        category="infection",
        probability=0.25,
        grades=(0.3, 0.5, 0.2),
        start_day=30,
        days=9,
    ),
    Ailment(term="fatigue", category="general", probability=0.4, start_day=2, days=12),
    Ailment(term="headache", category="general", probability=0.2, grades=(0.9, 0.1), days=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients(Checked):
    """What is assumed of patients, beyond the clock's DLTs and losses.

    Attributes
    ----------
    female : float
        Share of women.
    weight_kg : float
        Median.
    complete, partial : float
        P(complete response) and P(partial response) in the end. At an assessment before, those
        that have begun are found; a complete one before ``complete_day`` as partial.
    response_day : float
        Median of when a response begins.
    complete_day : float
        Median of when one that becomes complete is; it is partial before.
    not_assessed : float
        P(a result that is due is missing).
    missed : float
        P(a visit is missed).
    jitter_days : float
        Standard deviation of a visit's day, within its window.
    expansion : Expansion
    markers : tuple of Marker
    ailments : tuple of Ailment
    """

    female: float = 0.8
    weight_kg: float = 60.0
    complete: float = 0.45
    partial: float = 0.3
    response_day: float = 25.0
    complete_day: float = 60.0
    not_assessed: float = 0.02
    missed: float = 0.02
    jitter_days: float = 1.0
    expansion: Expansion = Expansion()
    markers: tuple[Marker, ...] = MARKERS
    ailments: tuple[Ailment, ...] = AILMENTS

    def _faults(self) -> Iterator[str]:
        for name in ("female", "complete", "partial", "not_assessed", "missed"):
            yield from _probability_faults(name, getattr(self, name))
        if finite(self.complete) + finite(self.partial) > 1:
            yield "partial: with complete it is more than 1"
        yield from _positive_faults(self, "weight_kg", "response_day", "complete_day")
        if not 0 <= finite(self.jitter_days) <= _MOST_DAYS:
            yield f"jitter_days: {show(self.jitter_days)} is not a number of days from 0"

    def marker(self, test: str) -> Marker | None:
        """Return what is assumed of a test."""
        return next((marker for marker in self.markers if marker.test == test), None)
