"""What a simulated trial's clock is told, as data: arrivals, losses, and how long people take.

What the protocol says (the DLT window, the stagger, backfill, the expansion) is not said again
here. Days are days, with fractions, from the day on which the trial opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, get_args

from simulations.scenarios.arguments import finite, is_list, show
from simulations.scenarios.checked import AssumptionError, Checked

__all__ = [
    "MAX_DAYS",
    "MIN_GAP_DAYS",
    "Accrual",
    "Arrivals",
    "Costs",
    "Decides",
    "Given",
    "GivenTimes",
    "Learned",
    "Poisson",
    "Regular",
    "Site",
    "TimeToDlt",
    "Timing",
    "TimingError",
    "Uniform",
    "Weibull",
]

MAX_DAYS = 36_525  # a century
MIN_GAP_DAYS = 1e-6  # a million patients a day
_MOST_DATES = 100_000
_MOST_COST = 1e12

Accrual = Literal["lose", "wait"]
Decides = Literal["complete", "settled", "arrival"]


class TimingError(AssumptionError):
    """Assumptions about time that cannot be, with every fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed(Checked):
    """Assumptions about time."""

    refused: ClassVar[type[AssumptionError]] = TimingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(_Timed):
    """A site of the trial.

    Attributes
    ----------
    name : str
    opens_day : float
        Day from which patients come.
    mean_gap_days : float
        Mean days between its patients.
    """

    name: str
    opens_day: float = 0.0
    mean_gap_days: float

    def _faults(self) -> Iterator[str]:
        name: Any = self.name
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            yield f"name: one line of text is needed, not {show(name)}"
        yield from _day_faults("opens_day", self.opens_day)
        yield from _gap_faults("mean_gap_days", self.mean_gap_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisson(_Timed):
    """Patients who come by chance, at a rate that may rise or fall.

    Attributes
    ----------
    mean_gap_days : float or None
        Mean days between patients, from the first day; None where sites say it.
    ramp : tuple of (float, float)
        Days from which the mean gap is another, each with that gap.
    sites : tuple of Site
        Instead: where the patients come from. Their rates add up.
    """

    mean_gap_days: float | None = None
    ramp: tuple[tuple[float, float], ...] = ()
    sites: tuple[Site, ...] = ()

    def _faults(self) -> Iterator[str]:
        if not self.sites:
            if self.mean_gap_days is None:
                yield "mean_gap_days: missing; give it, or sites"
            else:
                yield from _gap_faults("mean_gap_days", self.mean_gap_days)
        elif self.mean_gap_days is not None or self.ramp:
            yield "sites: each says its own mean_gap_days and opens_day; leave out the others"
        yield from _ramp_faults(self.ramp)
        sites: Any = self.sites
        if not is_list(sites) or not all(isinstance(site, Site) for site in sites):
            yield f"sites: a list of sites is needed, not {show(sites)}"
            return
        names = [site.name for site in sites]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield f"sites: {show(name)} is there twice"

    def rates(self) -> tuple[tuple[float, float], ...]:
        """Return the days from which the rate is another, and the patients a day from then on."""
        if not self.sites:
            steps = ((0.0, self.mean_gap_days or MAX_DAYS), *self.ramp)
            return tuple((day, 1 / gap) for day, gap in steps)
        days = sorted({0.0, *(site.opens_day for site in self.sites)})
        return tuple(
            (day, sum(1 / site.mean_gap_days for site in self.sites if site.opens_day <= day))
            for day in days
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Regular(_Timed):
    """Patients who come every so many days, the first after as many."""

    gap_days: float

    def _faults(self) -> Iterator[str]:
        yield from _gap_faults("gap_days", self.gap_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(_Timed):
    """Patients who come on given days, in order, and nobody after them."""

    days: tuple[float, ...]

    def _faults(self) -> Iterator[str]:
        if not is_list(self.days) or not 1 <= len(self.days) <= _MOST_DATES:
            yield f"days: 1 to {_MOST_DATES} days are needed, in order, not {show(self.days)}"
            return
        wrong = False
        for i, day in enumerate(self.days):
            for fault in _day_faults(f"days[{i}]", day):
                yield fault
                wrong = True
        for i, (before, day) in enumerate(pairwise(self.days), start=1):
            if not wrong and day < before:
                yield f"days[{i}]: {show(day)} is before {show(before)}; give days in order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(_Timed):
    """Patients who come by chance, at a rate that is known from those who came.

    It is drawn for each trial from its posterior distribution, gamma with shape ``n_patients`` +
    1/2 and rate ``days`` (Jeffreys' prior for a Poisson process).

    Attributes
    ----------
    n_patients : int
        Who came while a place was free.
    days : float
        Days on which one was.
    """

    n_patients: int
    days: float

    def _faults(self) -> Iterator[str]:
        if not 0 <= finite(self.n_patients) <= _MOST_DATES or self.n_patients % 1:
            yield f"n_patients: {show(self.n_patients)} is not a number of patients"
        if not 0 < finite(self.days) <= MAX_DAYS:
            yield f"days: {show(self.days)} is not above 0 and at most {MAX_DAYS} days, a century"


Arrivals = Poisson | Regular | Given | Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(_Timed):
    """A DLT comes on any day of the window alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull(_Timed):
    """A DLT comes as a Weibull time in the window, early or late.

    Attributes
    ----------
    late_share : float
        Share of the DLTs that come in the second half of the window.
    """

    late_share: float = 0.5

    def _faults(self) -> Iterator[str]:
        if not 0 < finite(self.late_share) < 1:
            yield f"late_share: {show(self.late_share)} is not strictly between 0 and 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTimes(_Timed):
    """A DLT comes after so many days, each of them as likely: for instance those observed."""

    days: tuple[float, ...]

    def _faults(self) -> Iterator[str]:
        if not is_list(self.days) or not 1 <= len(self.days) <= _MOST_DATES:
            yield f"days: a list of days from dosing to the DLT is needed, not {show(self.days)}"
            return
        for i, day in enumerate(self.days):
            yield from _day_faults(f"days[{i}]", day)


TimeToDlt = Uniform | Weibull | GivenTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs(_Timed):
    """Prices, in any currency.

    Attributes
    ----------
    per_patient : float
        Of a patient who was dosed.
    per_day : float
        Of a day from the opening of the trial to its last outcome.
    """

    per_patient: float = 0.0
    per_day: float = 0.0

    def _faults(self) -> Iterator[str]:
        for name in ("per_patient", "per_day"):
            value = getattr(self, name)
            if not 0 <= finite(value) <= _MOST_COST:
                yield f"{name}: {show(value)} is not an amount from 0 to {_MOST_COST:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing(_Timed):
    """What is assumed of time, beyond what the protocol says.

    Attributes
    ----------
    arrivals : Poisson, Regular, Given or Learned
    screen_failure : float
        P(screening failure): the patient goes before taking a place.
    time_to_dlt : Uniform, Weibull or GivenTimes
        When in the DLT window a DLT comes.
    dropout : float
        P(lost before the window closes, unless a DLT came before), on any day of it alike; the
        patient is replaced.
    not_manufactured : float, or tuple of one a level
        P(there is nothing to give on the day of dosing); the patient is replaced.
    dose_not_reached : float, or tuple of one a level
        P(the dose given is not the level's); the patient is dosed, does not count, is replaced.
    decision_delay_days : float
        Days from what a decision rests on until the next cohort is open.
    accrual : {"lose", "wait"}
        Whether a patient who finds no free place is gone, or waits for one.
    decides : {"complete", "settled", "arrival"}
        When the next cohort is decided: when every outcome of the last is known; as soon as no
        pending outcome can change the decision; or when they are known and somebody comes, only
        for backfill that opens after responses. A design that does not wait for outcomes (rolling
        six, time-to-event designs) decides as it says itself.
    correlation : float
        Of the patients of one trial, on the normal scale behind their DLTs (a Gaussian copula): 0
        for independent patients.
    whole_days : bool
        Whether everything happens on whole days, as a record has it: who comes in the course of a
        day comes on it, and who is dosed on the same day is dosed after what became known on it.
    costs : Costs or None
    p_response : float, tuple of one a level, or None
        P(response), known when the DLT window closes, of a patient who is not lost: for backfill
        that opens after a response.
    """

    arrivals: Arrivals
    screen_failure: float = 0.0
    time_to_dlt: TimeToDlt = Uniform()
    dropout: float = 0.0
    not_manufactured: float | tuple[float, ...] = 0.0
    dose_not_reached: float | tuple[float, ...] = 0.0
    decision_delay_days: float = 0.0
    accrual: Accrual = "lose"
    decides: Decides = "complete"
    correlation: float = 0.0
    whole_days: bool = False
    costs: Costs | None = None
    p_response: float | tuple[float, ...] | None = None

    def _faults(self) -> Iterator[str]:
        kinds: Any
        for name, kinds in (
            ("arrivals", Arrivals),
            ("time_to_dlt", TimeToDlt),
            ("costs", Costs | None),
        ):
            if not isinstance(getattr(self, name), kinds):
                yield f"{name}: {show(getattr(self, name))} is not one of {_names_of(kinds)}"
        for name in ("screen_failure", "dropout", "correlation"):
            yield from _below_one(name, getattr(self, name))
        for name in ("not_manufactured", "dose_not_reached"):
            value = getattr(self, name)
            if is_list(value):
                for level, p in enumerate(value):
                    yield from _below_one(f"{name}[{level}]", p)
            else:
                yield from _below_one(name, value)
        each = self.p_response if is_list(self.p_response) else (self.p_response or 0.0,)
        for level, p in enumerate(each):
            if not 0 <= finite(p) <= 1:
                name = f"p_response[{level}]" if len(each) > 1 else "p_response"
                yield f"{name}: {show(p)} is not a probability from 0 to 1"
        yield from _day_faults("decision_delay_days", self.decision_delay_days)
        if type(self.whole_days) is not bool:
            yield f"whole_days: must be true or false, not {show(self.whole_days)}"
        for name, choices in (("accrual", get_args(Accrual)), ("decides", get_args(Decides))):
            if getattr(self, name) not in choices:
                known = " or ".join(f'"{choice}"' for choice in choices)
                yield f"{name}: must be {known}, not {show(getattr(self, name))}"

    def by_level(self, name: str, n_levels: int) -> tuple[float, ...]:
        """Return ``not_manufactured``, ``dose_not_reached`` or ``p_response`` at each level.

        Raises
        ------
        TimingError
            If it is given by level for another number of levels.
        """
        value: float | tuple[float, ...] = getattr(self, name) or 0.0
        if not isinstance(value, tuple):
            return (value,) * n_levels
        if len(value) != n_levels:
            raise TimingError(
                [f"{name}: needs one probability a level, {n_levels} in all, not {len(value)}"]
            )
        return value


def _names_of(kinds: Any) -> str:
    """Return the names of several classes, as ``Poisson, Regular, Given``."""
    return ", ".join(kind.__name__.replace("NoneType", "None") for kind in get_args(kinds))


def _gap_faults(name: str, value: object) -> Iterator[str]:
    if not 0 < finite(value) <= MAX_DAYS:
        yield f"{name}: {show(value)} is not above 0 and at most {MAX_DAYS} days, a century"
    elif finite(value) < MIN_GAP_DAYS:
        yield f"{name}: {show(value)} is more than a million patients a day"


def _day_faults(name: str, value: object) -> Iterator[str]:
    if not 0 <= finite(value) <= MAX_DAYS:
        yield f"{name}: {show(value)} is not from 0 to {MAX_DAYS} days, a century"


def _below_one(name: str, value: object) -> Iterator[str]:
    p = finite(value)
    if p == 1:
        yield f"{name}: must be below 1, or a trial never ends"
    elif not 0 <= p < 1:
        yield f"{name}: {show(value)} is not a probability from 0 to below 1"


def _ramp_faults(ramp: object) -> Iterator[str]:
    if not is_list(ramp):
        yield f"ramp: pairs [from day, mean gap in days] are needed, not {show(ramp)}"
        return
    before = 0.0
    for i, pair in enumerate(ramp):
        if not is_list(pair) or len(pair) != 2:
            yield f"ramp[{i}]: a pair [from day, mean gap in days] is needed, not {show(pair)}"
            continue
        day = finite(pair[0])
        if not 0 < day <= MAX_DAYS:
            yield f"ramp[{i}]: {show(pair[0])} is not a day above 0 and up to {MAX_DAYS}"
        elif not day > before:
            yield f"ramp[{i}]: day {show(pair[0])} is not after {show(before)}; give days in order"
        else:
            before = day
        yield from _gap_faults(f"ramp[{i}]", pair[1])
