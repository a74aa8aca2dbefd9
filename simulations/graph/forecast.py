"""How many states a graph is going to have, and how much memory, told before it is spent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

__all__ = ["Foreseen", "find_fitting", "foresee_bytes", "foresee_states", "most_states"]

_MOST, _MOST_BYTES = 5_000_000, 3 * 2**29
_SAFELY = 1.2
_SHARE_OF_ENDS = 0.4
_SURE = 0.75  # of the most states, as long as they have not been found: to be said to fit
_FEWEST = 4  # cohorts, to tell by how states grow


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a graph and the figures of a scenario are going to take.

    Attributes
    ----------
    n_states : int or None
        About so many; None where levels are followed one by one, and states do not matter.
    n_bytes : int
        At most so many.
    """

    n_states: int | None
    n_bytes: int

    def __str__(self) -> str:
        room = f"take up to {-(-self.n_bytes // (10 * 2**20)) * 10} MiB"
        if self.n_states is None:
            return f"what is found level by level can {room}"
        return f"the trial can reach about {say_about(self.n_states)} states, which {room}"


def say_about(number: int) -> str:
    """Return a number in two digits, as people write it."""
    rounded = round(number, 2 - len(str(number)))
    return f"{rounded / 1e6:g} million" if rounded >= 10**6 else f"{rounded:,}"


def foresee_states(sizes: Mapping[int, int], step: int, begun: int, most: int) -> dict[int, int]:
    """Return how many states have at most so many patients: those found, then those expected.

    The states with so many patients grow as a power of that number, which rises less and less, and
    falls where trials stop early. From cohort to cohort it is taken to rise half as much again, or
    to go on falling, and never to multiply faster than at last, so that rather too few states are
    expected than too many.

    Parameters
    ----------
    sizes : mapping of int to int
        How many states there are by their number of patients, as far as they have been found.
    step : int
        Patients of a cohort.
    begun, most : int
        Patients at the start, and in the largest trial.

    Returns
    -------
    dict
        By the number of patients, ascending.
    """
    totals: dict[int, int] = {}
    total = 0.0
    for n_patients in sorted(sizes):
        total += sizes[n_patients]
        totals[n_patients] = round(total)
    for n_patients, size in _expect(sizes, step, begun, slowing=0.5):
        if n_patients > most:
            break
        total += size
        totals[n_patients] = round(total)
    return totals


def _expect(
    sizes: Mapping[int, int], step: int, begun: int, *, slowing: float
) -> Iterator[tuple[int, float]]:
    """Yield numbers of patients, cohort by cohort, and how many states are expected there.

    Parameters
    ----------
    sizes, step, begun
        As ``foresee_states`` takes them.
    slowing : float
        By how much the power rises, as a share of how much it did a cohort before; 1 also for one
        that does not fall.
    """
    now = max(sizes)
    here, before, earlier = (
        sum(sizes.get(n, 0) for n in range(now - (back + 1) * step + 1, now - back * step + 1))
        for back in range(3)
    )
    done = (now - begun) // step
    if done < _FEWEST or not earlier:
        return
    power = log(here / before) / log(done / (done - 1))
    change = power - log(before / earlier) / log((done - 1) / (done - 2))
    if slowing == 1:
        change, power = max(change, 0.0), max(power, 0.0)
    expected = float(here)
    for n_patients in itertools.count(now + step, step):
        done += 1
        change *= slowing if change > 0 else 1.0
        power += change
        expected *= min((done / (done - 1)) ** power, max(here / before, 1.0))
        yield n_patients, expected


def find_fitting(sizes: Mapping[int, int], step: int, begun: int, max_states: int) -> int | None:
    """Return so many patients that their trials have no more states; None where none are known.

    Where states are still to be found, they are taken to go on multiplying from cohort to cohort as
    they did, though they do so less and less: rather too few patients fit than too many.

    A smaller trial has the states of the larger one, up to its last cohorts: these are cut off,
    and end with its most patients where the larger trial goes on to as many as ``step - 1`` more.
    So a number of patients fits where all states up to those of the whole cohorts do.

    Parameters
    ----------
    sizes, step, begun
        As ``foresee_states`` takes them.
    max_states : int
    """
    total, held = 0.0, begun
    for n_patients in sorted(sizes):
        total += sizes[n_patients]
        if total <= max_states:
            held = n_patients
    if total <= max_states:
        for n_patients, size in _expect(sizes, step, begun, slowing=1.0):
            total += size
            if total > _SURE * max_states:
                break
            held = n_patients
    # with whole cohorts only, there are no states between one and the next
    whole = all((n - begun) % step == 0 for n in sizes)
    fits = (held if whole else held - step + 1) // step * step
    return fits if fits > begun else None


def foresee_bytes(n_levels: int, cohort: int, n_states: float, n_ends: float) -> int:
    """Return what a graph takes at most, with the figures of a scenario that has so many ends."""
    a_state = 4 * n_levels + 16 * (cohort + 1) + 40  # half of the children are for simulation
    return round(_SAFELY * (n_states * a_state + n_ends * (32 * n_levels + 40)))


def most_states(n_levels: int, cohort: int) -> int:
    """Return how many states are held at most: fewer on long ladders, where each takes more."""
    held = _MOST_BYTES // foresee_bytes(n_levels, cohort, 1000, 1000 * _SHARE_OF_ENDS) * 1000
    return min(_MOST, held)
