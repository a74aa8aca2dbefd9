"""Assumptions about time in words: what a duration rests on is printed with it."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.protocol import Protocol, follows_responses
from escalation.reports.view import Item, Items
from escalation.text import count
from simulations.timing.assumptions import (
    Arrivals,
    Given,
    GivenTimes,
    Learned,
    Regular,
    Timing,
    Weibull,
)

__all__ = ["days", "describe_accrual", "describe_arrivals", "list_assumptions"]

ACCRUAL = {
    "lose": "a patient who finds no free place is lost to the trial",
    "wait": "a patient who finds no free place waits for one",
}
_DECIDES = {
    "complete": (
        "The next cohort is decided when the last is filled, whatever has been seen meanwhile, and "
        "every outcome of it is known."
    ),
    "settled": "The next cohort is decided as soon as no pending outcome can change the decision.",
    "arrival": "The next cohort is decided when every outcome of the last is known and a patient "
    "comes.",
}
_ROLLS = "Outcomes are not awaited: a place is free as long as the rule says one more here."
_FOLLOWED = (
    "Outcomes are not awaited: the design is asked when somebody comes who would open the next "
    "cohort, with the follow-up of that moment, and where every outcome is known."
)

_BY_PLACE = (
    "Each place is asked for as well: nobody takes one where the design would treat nobody more at "
    "that level."
)


def days(n: float) -> str:
    """Say a number of days."""
    return count(int(n), "day") if n == int(n) else f"{n:g} days"


def describe_accrual(timing: Timing) -> str:
    """Say what becomes of a patient for whom there is no place: it stands beside every result."""
    return f"accrual = {timing.accrual}: {ACCRUAL[timing.accrual]}"


def describe_arrivals(arrivals: Arrivals) -> str:
    """Say how patients come.

    Examples
    --------
    >>> from simulations.timing.assumptions import Poisson
    >>> describe_arrivals(Poisson(mean_gap_days=10))
    'Patients come by chance, one every 10 days on average.'
    """
    if isinstance(arrivals, Regular):
        return f"Patients come every {days(arrivals.gap_days)}."
    if isinstance(arrivals, Given):
        first, last = arrivals.days[0], arrivals.days[-1]
        return f"{count(len(arrivals.days), 'patient')} come on given days, {first:g} to {last:g}."
    if isinstance(arrivals, Learned):
        return (
            f"Patients come by chance: {count(int(arrivals.n_patients), 'patient')} in "
            f"{days(arrivals.days)} on which a place was free; the rate of each simulated trial is "
            "drawn from what that leaves open."
        )
    if arrivals.sites:
        each = "; ".join(
            f"{site.name} one every {days(site.mean_gap_days)}"
            + f" from day {site.opens_day:g}" * bool(site.opens_day)
            for site in arrivals.sites
        )
        return f"Patients come by chance, on average at {each}."
    changes = "".join(f", every {days(gap)} from day {day:g}" for day, gap in arrivals.ramp)
    gap = days(arrivals.mean_gap_days or 0)
    return f"Patients come by chance, one every {gap} on average{changes}."


def list_assumptions(timing: Timing, protocol: Protocol) -> Items:
    """Return what is assumed of time, and what the protocol says of it."""
    return Items([Item(text) for text in _assumptions(timing, protocol)])


def _assumptions(timing: Timing, protocol: Protocol) -> Iterator[str]:
    yield describe_arrivals(timing.arrivals)
    yield f"{describe_accrual(timing).capitalize()}."
    yield f"The DLT window is {days(protocol.dlt.window_days or 0)}; {_time_to_dlt(timing)}."
    yield from _stagger(protocol)
    if protocol.design.asks_follow_up:
        yield _FOLLOWED
        if timing.decides == "settled":
            yield _BY_PLACE
    else:
        yield _ROLLS if protocol.design.while_pending is not None else _DECIDES[timing.decides]
    if timing.p_response is not None and follows_responses(protocol):
        given = timing.p_response
        shares = ", ".join(f"{p:g}" for p in (given if isinstance(given, tuple) else (given,)))
        by_level = ", by level" if isinstance(given, tuple) else ""
        yield f"P(response) is {shares}{by_level}; it is known when the DLT window closes."
    if timing.decision_delay_days:
        yield f"A decision takes {days(timing.decision_delay_days)} to open the next cohort."
    losses = [
        (timing.screen_failure, "fails screening", "before taking a place"),
        (timing.not_manufactured, "cannot be given the product", "and is replaced"),
        (timing.dose_not_reached, "is given another dose than the level's", "and is replaced"),
        (
            timing.dropout,
            "is lost before the DLT window closes",
            "unless a DLT comes first, and is replaced",
        ),
    ]
    for p, what, then in losses:
        each = p if isinstance(p, tuple) else (p,)
        if any(each):
            shares = ", ".join(f"{100 * share:g} %" for share in each)
            by_level = ", by level" if len(each) > 1 else ""
            yield f"A patient {what} with a probability of {shares}{by_level}, {then}."
    if timing.whole_days:
        yield "Days are whole: what is known on a day comes before who comes or is dosed on it."
    if timing.correlation:
        yield f"The patients of one trial are correlated: {timing.correlation:g} (Gaussian copula)."
    if timing.costs is not None:
        costs = timing.costs
        yield f"Costs are {costs.per_patient:g} a patient dosed and {costs.per_day:g} a day."


def _time_to_dlt(timing: Timing) -> str:
    time = timing.time_to_dlt
    if isinstance(time, Weibull):
        return f"{100 * time.late_share:g} % of the DLTs come in its second half (Weibull)"
    if isinstance(time, GivenTimes):
        return f"a DLT comes after one of {count(len(time.days), 'given time')}"
    return "a DLT comes on any day of it alike"


def _stagger(protocol: Protocol) -> Iterator[str]:
    enrolment = protocol.enrolment
    if enrolment.first_alone_days:
        yield f"The first patient of a cohort is alone for {days(enrolment.first_alone_days)}."
    if enrolment.next_apart_days:
        yield f"Later ones are dosed at least {days(enrolment.next_apart_days)} apart."
