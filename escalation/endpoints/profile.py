"""One subject's samples of one analyte in time, checked: a profile has one unit and one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import isfinite

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.nearness import is_above

__all__ = ["Profile", "ProfileError", "Sample", "profile_of", "say_days"]

_MOST = 1e100  # no concentration, count or day is so large; sums of such numbers stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A measurement as it was reported.

    Attributes
    ----------
    day : float
        Days since the infusion, which is 0; before it, negative.
    value : float or None
        What was measured; None where the laboratory says only that it is below the limit.
    unit : str
    lloq : float or None
        Lower limit of quantification, in the same unit, where it is known.
    """

    day: float
    value: float | None
    unit: str
    lloq: float | None = None

    @property
    def is_below(self) -> bool:
        """Whether it is below the limit of quantification; a 0 is, whatever the limit."""
        if self.value is None or self.value == 0:
            return True
        return self.lloq is not None and is_above(self.lloq, self.value)

    @property
    def is_given_as_zero(self) -> bool:
        """Whether 0 was reported, which no method measures."""
        return self.value == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Samples in order of time, each on a day of its own, in one unit.

    Attributes
    ----------
    samples : tuple of Sample
    unit : str
    """

    samples: tuple[Sample, ...]
    unit: str

    @property
    def n_below(self) -> int:
        """Samples below the limit of quantification."""
        return sum(sample.is_below for sample in self.samples)

    @property
    def zeros(self) -> list[float]:
        """The days of samples that were given as 0."""
        return [sample.day for sample in self.samples if sample.is_given_as_zero]

    @property
    def baseline(self) -> Sample | None:
        """The last sample on or before the day of the infusion."""
        return next((s for s in reversed(self.samples) if s.day <= 0), None)


class ProfileError(InputError):
    """Samples that are not a profile, with everything that is wrong with them.

    Parameters
    ----------
    what : str
        Whose samples of what, as ``"S003, CAR copies"``.
    faults : iterable of str
        Each says what is wrong, and with which sample.
    """

    def __init__(self, what: str, faults: Iterable[str]) -> None:
        self.what = what
        self.faults = tuple(faults)
        super().__init__(f"{what}: {'; '.join(self.faults)}")


def profile_of(samples: Sequence[Sample], what: str = "profile") -> Profile:
    """Return samples as a profile.

    Parameters
    ----------
    samples : sequence of Sample
        In order of time.
    what : str
        Whose they are and of what; errors begin with it.

    Raises
    ------
    ProfileError
        For samples in two units or without one, out of order, or twice on a day; for a value that
        is negative or not a number; where there are none.

    Examples
    --------
    >>> profile_of([Sample(day=7, value=1.2, unit="copies/µg"), Sample(day=9, value=3, unit="%")])
    Traceback (most recent call last):
    escalation.endpoints.profile.ProfileError: profile: two units, copies/µg (day 7) and % (day 9); a profile has one
    """  # noqa: E501  # an error is one line
    faults = list(dict.fromkeys(_find_faults(samples)))
    if faults:
        raise ProfileError(what, faults)
    return Profile(samples=tuple(samples), unit=samples[0].unit)


def say_days(days: Sequence[float]) -> str:
    """Write days: ``day 0.5``, ``days 7, 10``."""
    return f"day{'s' * (len(days) > 1)} {', '.join(f'{day:.10g}' for day in days)}"


def _find_faults(samples: Sequence[Sample]) -> Iterator[str]:
    if not samples:
        yield "no sample"
        return
    units: dict[str, float] = {}
    for number, sample in enumerate(samples, start=1):
        if not _is_number(sample.day):
            yield f"sample {number}: {sample.day!r} is not a day since the infusion"
        yield from _find_faults_of_one(sample)
        units.setdefault(sample.unit, sample.day)
    named = {unit: day for unit, day in units.items() if unit.strip()}
    if len(named) > 1:
        said = " and ".join(f"{unit} ({say_days([day])})" for unit, day in named.items())
        yield f"{'two' if len(named) == 2 else len(named)} units, {said}; a profile has one"
    for before, after in pairwise(samples):
        if before.day == after.day:
            yield f"two samples of {say_days([after.day])}: give each its part of the day"
        elif before.day > after.day:
            there, here = say_days([before.day]), say_days([after.day])
            yield f"{here} comes after {there}: times are out of order"


def _find_faults_of_one(sample: Sample) -> Iterator[str]:
    where = say_days([sample.day])
    if not sample.unit.strip():
        yield f"{where}: no unit"
    for value, named in ((sample.value, "value"), (sample.lloq, "limit of quantification")):
        if value is None:
            continue
        if not _is_number(value):
            yield f"{where}: the {named} {value!r} is not a number that can be measured"
        elif value < 0:
            yield f"{where}: the {named} {value:g} is negative"
    if sample.lloq == 0:
        yield f"{where}: a limit of quantification of 0 is none; leave it out where it is unknown"


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and isfinite(value) and abs(value) < _MOST  # type: ignore[arg-type]
