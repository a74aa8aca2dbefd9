"""One simulated patient: drawn once, then asked for any day."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

from simulations.patients.assumptions import Ailment, Expansion, Marker, Patients

__all__ = ["Course", "Onset", "Patient", "draw_patient"]

_WEIGHT_SPREAD = 0.18
_MOST_KG, _LEAST_KG = 160.0, 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """An adverse event that a patient has."""

    ailment: Ailment
    grade: int
    start: float
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How something goes in one patient: up or down to an extreme, and back along another line.

    The logarithm of the level is a straight line before the extreme and another after it, and does
    not cross ``floor``, the baseline it began from, where there is one.
    """

    extreme: float
    day: float
    rising: float
    falling: float
    floor: float | None = None

    def at(self, day: float) -> float:
        """Return the level on a day since the infusion; before it, the baseline, or nothing."""
        if day < 0:
            return self.floor or 0.0
        rate = self.rising if day < self.day else self.falling
        level = self.extreme * exp(-rate * abs(day - self.day))
        if self.floor is None:
            return level
        return max(level, self.floor) if self.extreme >= self.floor else min(level, self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What was drawn of one patient."""

    sex: str
    weight_kg: float
    best: str
    response_day: float
    complete_day: float
    cells: Course
    markers: dict[str, Course]
    onsets: tuple[Onset, ...]

    def response(self, day: float, other: str = "other") -> str:
        """Return the response that an assessment finds on a day."""
        if self.best == other or day < self.response_day:
            return other
        return "CR" if self.best == "CR" and day >= self.complete_day else "PR"


def draw_patient(assumed: Patients, relative_dose: float, draws: np.random.Generator) -> Patient:
    """Draw a patient.

    Parameters
    ----------
    assumed : Patients
    relative_dose : float
        Over the starting dose.
    draws : numpy.random.Generator
        Of this patient alone.
    """
    sex = "female" if draws.random() < assumed.female else "male"
    weight = float(np.clip(_around(assumed.weight_kg, _WEIGHT_SPREAD, draws), _LEAST_KG, _MOST_KG))
    which = draws.random()
    best = "CR" if which < assumed.complete else "PR"
    if which >= assumed.complete + assumed.partial:
        best = "other"
    response_day = _around(assumed.response_day, 0.3, draws)
    complete_day = max(response_day, _around(assumed.complete_day, 0.3, draws))
    cells = _draw_expansion(assumed.expansion, relative_dose, draws)
    markers = {marker.test: _draw_marker(marker, draws) for marker in assumed.markers}
    onsets = tuple(_draw_onsets(assumed, draws))
    return Patient(
        sex=sex,
        weight_kg=round(weight, 1),
        best=best,
        response_day=response_day,
        complete_day=complete_day,
        cells=cells,
        markers=markers,
        onsets=onsets,
    )


def _draw_expansion(assumed: Expansion, relative_dose: float, draws: np.random.Generator) -> Course:
    times = (assumed.peak_day, assumed.doubling_days, assumed.half_life_days)
    peak_day, doubling, half_life = (_around(time, assumed.time_spread, draws) for time in times)
    peak = _around(assumed.peak * relative_dose**assumed.per_dose, assumed.spread, draws)
    return Course(extreme=peak, day=peak_day, rising=log(2) / doubling, falling=log(2) / half_life)


def _draw_marker(assumed: Marker, draws: np.random.Generator) -> Course:
    baseline = _around(assumed.baseline, assumed.spread, draws)
    fold = _around(assumed.fold, assumed.spread, draws)
    fold = max(fold, 1.0) if assumed.fold >= 1 else min(fold, 1.0)
    day = _around(assumed.extreme_day, 0.2, draws)
    back = max(_around(assumed.back_day, 0.3, draws), day + 1)
    return Course(
        extreme=baseline * fold,
        day=day,
        rising=log(fold) / day,
        falling=log(fold) / (back - day),
        floor=baseline,
    )


def _draw_onsets(assumed: Patients, draws: np.random.Generator) -> list[Onset]:
    found = []
    for ailment in assumed.ailments:
        has_it = draws.random() < ailment.probability
        shares = np.asarray(ailment.grades, float)
        grade = int(draws.choice(len(shares), p=shares / shares.sum())) + 1
        start = _around(ailment.start_day, 0.4, draws)
        days = _around(ailment.days, 0.5, draws)
        if has_it:
            found.append(Onset(ailment=ailment, grade=grade, start=start, days=days))
    return found


def _around(median: float, spread: float, draws: np.random.Generator) -> float:
    """Draw from a lognormal distribution by its median and the SD of its logarithm."""
    return float(median * exp(spread * draws.standard_normal()))
