"""When the next patient comes, for many trials at once: only those who pass screening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulations.timing.assumptions import Given, Learned, Poisson, Regular, Timing

__all__ = ["Stream", "stream_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_LONGEST = 1e6  # days between patients whose rate is next to 0
_SAME = 1e-9  # days: an arrival at the moment of an outcome comes after it


class Stream:
    """Arrivals of the trials of a chunk, each trial by its number in the chunk.

    Attributes
    ----------
    ends : bool
        Whether there comes a time after which nobody arrives.
    forgets : bool
        Whether who comes next is the same whenever one asks. Else it is to be asked again when a
        place comes free, as who comes before is not screened.
    """

    ends = False
    forgets = True

    def was_open(self, trials: Ints, since: Floats, until: Floats) -> None:
        """Note that a place was free in some trials for some days."""

    def was_always_open(self, until: Floats) -> None:
        """Note that whoever came until a day of each trial is counted already."""

    def first(self, n: int) -> Floats:
        """Return each trial's first arrival."""
        raise NotImplementedError

    def next_after(self, trials: Ints, day: Floats) -> Floats:
        """Return the arrival that follows one on a day."""
        raise NotImplementedError

    def next_from(self, trials: Ints, day: Floats) -> Floats:
        """Return the first arrival from a day on, those before it being gone."""
        raise NotImplementedError

    def count(
        self, until: Floats, open_days: Floats, n_enrolled: Ints, following: Floats, *, waits: bool
    ) -> dict[str, NDArray[np.int64]]:
        """Return how many came until a day, failed screening, were turned away, still waited.

        Parameters
        ----------
        until : float array, shape (N,)
            Day of each trial's last decision.
        open_days : float array, shape (N,)
            Of them, those on which a place was free.
        n_enrolled : int array, shape (N,)
        following : float array, shape (N,)
            Arrival of the one after the last who was enrolled.
        waits : bool
            Whether patients wait for a place.
        """
        raise NotImplementedError


def stream_of(timing: Timing, rng: np.random.Generator, n: int, *, from_day: float = 0.0) -> Stream:
    """Return the arrivals of so many trials, the first after a day."""
    stream = _stream_of(timing, rng, n, from_day)
    return _OnWholeDays(stream, n) if timing.whole_days else stream


def _stream_of(timing: Timing, rng: np.random.Generator, n: int, from_day: float) -> Stream:
    arrivals = timing.arrivals
    if isinstance(arrivals, Poisson):
        return _ByChance(arrivals.rates(), rng, timing.screen_failure, from_day, n)
    if isinstance(arrivals, Learned):
        rates = rng.gamma(arrivals.n_patients + 0.5, 1 / arrivals.days, n)
        return _EachByChance(rates, rng, timing.screen_failure, from_day)
    return _ByDate(arrivals, rng, timing.screen_failure, n, from_day)


class _ByChance(Stream):
    """A Poisson process: it has no memory, so what comes next depends on the day alone."""

    def __init__(
        self,
        steps: Sequence[tuple[float, float]],
        rng: np.random.Generator,
        screen_failure: float,
        from_day: float,
        n: int,
    ) -> None:
        self.rng = rng
        self.from_day = from_day
        self.expected_while_open = np.zeros(n)
        self.passing = 1 - screen_failure
        self.gap = 1 / steps[0][1] if len(steps) == 1 else None
        self.days = np.array([day for day, _ in steps])
        self.rates = np.array([rate for _, rate in steps])
        self.expected = np.concatenate([[0.0], np.cumsum(np.diff(self.days) * self.rates[:-1])])

    def first(self, n: int) -> Floats:
        return self.next_after(np.arange(n), np.full(n, self.from_day))

    def next_after(self, trials: Ints, day: Floats) -> Floats:
        e = self.rng.standard_exponential(len(day), dtype=np.float32)
        if self.gap is not None:
            return day + e * np.float64(self.gap / self.passing)
        return self._day_of(self.n_expected(day) + e / self.passing)

    next_from = next_after

    def n_expected(self, day: Floats) -> Floats:
        """Return how many are expected until a day."""
        if self.gap is not None:
            return day / self.gap
        step = np.searchsorted(self.days, day, side="right") - 1
        return np.asarray(self.expected[step] + (day - self.days[step]) * self.rates[step])

    def was_open(self, trials: Ints, since: Floats, until: Floats) -> None:
        if self.gap is None:
            expected = self.n_expected(until) - self.n_expected(since)
            self.expected_while_open[trials] += np.maximum(expected, 0)

    def was_always_open(self, until: Floats) -> None:
        before = self.n_expected(np.full(len(until), self.from_day))
        self.expected_while_open = np.maximum(self.n_expected(until) - before, 0)

    def _day_of(self, expected: Floats) -> Floats:
        """Return the day until which so many are expected."""
        step = np.searchsorted(self.expected, expected, side="right") - 1
        rates = self.rates[step]
        with np.errstate(divide="ignore", invalid="ignore"):
            more = (expected - self.expected[step]) / rates
        return np.asarray(self.days[step] + np.where(rates > 0, more, np.inf))

    def count(
        self, until: Floats, open_days: Floats, n_enrolled: Ints, following: Floats, *, waits: bool
    ) -> dict[str, NDArray[np.int64]]:
        # who comes does not depend on what happens otherwise: the rest is drawn afterwards
        rng = self.rng
        before = self.n_expected(np.full(len(until), self.from_day))
        expected = np.maximum(self.n_expected(until) - before, 0)
        if waits:
            turned_away = np.zeros(len(until), dtype=np.int64)
            more = np.maximum(self.n_expected(until) - self.n_expected(following), 0)
            waiting = np.where(following < until, 1 + rng.poisson(more * self.passing), 0)
            failed = rng.poisson(expected * (1 - self.passing))
        else:
            days = until - self.from_day
            was_open = expected * np.where(days > 0, open_days / np.maximum(days, _SAME), 0.0)
            if self.gap is None:
                was_open = self.expected_while_open
            turned_away = rng.poisson(np.maximum(expected - was_open, 0))
            waiting = np.zeros(len(until), dtype=np.int64)
            failed = rng.poisson(was_open * (1 - self.passing))
        return {
            "n_arrived": n_enrolled + turned_away + waiting + failed,
            "n_screen_failures": failed,
            "n_turned_away": turned_away,
            "n_still_waiting": waiting,
        }


class _EachByChance(_ByChance):
    """A Poisson process a trial, each with a rate of its own."""

    def __init__(
        self, rates: Floats, rng: np.random.Generator, screen_failure: float, from_day: float
    ) -> None:
        super().__init__([(0.0, 1.0)], rng, screen_failure, from_day, len(rates))
        self.gaps = 1 / np.maximum(rates, 1 / _LONGEST)

    def next_after(self, trials: Ints, day: Floats) -> Floats:
        e = self.rng.standard_exponential(len(day), dtype=np.float32)
        return day + e * (self.gaps[trials] / self.passing)

    next_from = next_after

    def n_expected(self, day: Floats) -> Floats:
        return day / self.gaps


class _ByDate(Stream):
    """Days known beforehand, the same in every trial; who passes screening is left to chance."""

    def __init__(
        self,
        arrivals: Regular | Given,
        rng: np.random.Generator,
        screen_failure: float,
        n: int,
        from_day: float,
    ) -> None:
        self.rng = rng
        self.ends = isinstance(arrivals, Given)
        self.forgets = screen_failure == 0
        self.passing = 1 - screen_failure
        self.gap = arrivals.gap_days if isinstance(arrivals, Regular) else None
        self.days = np.array([]) if isinstance(arrivals, Regular) else np.array(arrivals.days)
        self.days = np.append(self.days, np.inf)
        # of a trial that has begun, those who came until then are there
        self.before = self._index_from(np.full(n, from_day + 1e-6 * (from_day > 0)))
        self.index = self.before - 1
        self.enrolled = self.index.copy()
        self.n_failed = np.zeros(n, dtype=np.int64)
        self.n_before = np.zeros(n, dtype=np.int64)  # who failed before the one who comes next

    def first(self, n: int) -> Floats:
        return self.next_after(np.arange(n), np.zeros(n))

    def next_after(self, trials: Ints, day: Floats) -> Floats:
        self.n_failed[trials] += self.n_before[trials]
        self.enrolled[trials] = self.index[trials]
        return self._go_to(trials, self.index[trials] + 1)

    def next_from(self, trials: Ints, day: Floats) -> Floats:
        return self._go_to(trials, np.maximum(self.enrolled[trials] + 1, self._index_from(day)))

    def _go_to(self, trials: Ints, index: Ints) -> Floats:
        if self.passing < 1:
            skipped = self.rng.geometric(self.passing, len(trials)) - 1
            self.n_before[trials] = skipped
            index = index + skipped
        self.index[trials] = index
        return self._day(index)

    def _day(self, index: Ints) -> Floats:
        if self.gap is not None:
            return np.asarray((index + 1) * self.gap)
        return np.asarray(self.days[np.minimum(index, len(self.days) - 1)])

    def _index_from(self, day: Floats) -> Ints:
        if self.gap is not None:
            return np.maximum(np.ceil(day / self.gap - _SAME).astype(np.intp) - 1, 0)
        return np.asarray(np.searchsorted(self.days, day - _SAME))

    def count(
        self, until: Floats, open_days: Floats, n_enrolled: Ints, following: Floats, *, waits: bool
    ) -> dict[str, NDArray[np.int64]]:
        # whose outcome is known at once comes at the moment of the decision, and has come
        arrived = np.maximum(self._index_from(until) - self.before, n_enrolled + self.n_failed)
        failed = self.n_failed
        rest = arrived - n_enrolled - failed
        nobody = np.zeros_like(rest)
        waiting = self.rng.binomial(rest, self.passing) if waits and self.passing < 1 else rest
        return {
            "n_arrived": arrived,
            "n_screen_failures": failed + (rest - waiting),
            "n_turned_away": nobody if waits else rest,
            "n_still_waiting": waiting if waits else nobody,
        }


class _OnWholeDays(Stream):
    """Arrivals of another stream, each on the day in the course of which it comes."""

    def __init__(self, of: Stream, n: int) -> None:
        self.of = of
        self.ends, self.forgets = of.ends, of.forgets
        self.came = np.full(n, -np.inf)  # when in the course of it the last one comes

    def was_open(self, trials: Ints, since: Floats, until: Floats) -> None:
        self.of.was_open(trials, since, until)

    def was_always_open(self, until: Floats) -> None:
        self.of.was_always_open(until)

    def first(self, n: int) -> Floats:
        return self._on_day(np.arange(n), self.of.first(n))

    def next_after(self, trials: Ints, day: Floats) -> Floats:
        came = self.came.take(trials)
        since = np.where(np.floor(came) == day, came, day)
        return self._on_day(trials, self.of.next_after(trials, since))

    def next_from(self, trials: Ints, day: Floats) -> Floats:
        return self._on_day(trials, self.of.next_from(trials, day))

    def _on_day(self, trials: Ints, came: Floats) -> Floats:
        self.came[trials] = came
        return np.floor(came)

    def count(
        self, until: Floats, open_days: Floats, n_enrolled: Ints, following: Floats, *, waits: bool
    ) -> dict[str, NDArray[np.int64]]:
        return self.of.count(until, open_days, n_enrolled, following, waits=waits)
