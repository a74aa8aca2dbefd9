"""The expansion at the MTD beside the escalation, and how it stands to its own boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from escalation.binomial import LEVEL, binomial_limits, clopper_pearson
from escalation.outcomes import Tally
from escalation.protocol import Advice, ExpansionMonitoring, Protocol
from escalation.protocol.expansion import BoundaryStatus, judge_expansion, parse_fraction
from escalation.text import count, join_words

__all__ = [
    "boundary_rule",
    "describe_at_mtd",
    "describe_expansion",
    "describe_outlook",
    "expansion_document",
    "expansion_rule",
    "headline",
]

NONE_GIVEN = "The protocol names no boundary for the expansion, so none is checked."


def headline(protocol: Protocol, advice: Advice) -> str | None:
    """Say that the escalation has ended, and a boundary that is reached; None without expansion."""
    if advice.expansion is None:
        return None
    said = f"The escalation has ended: MTD {protocol.describe_level(advice.expansion.level)}."
    if judge_expansion(protocol.expansion, advice.expansion.tally) is BoundaryStatus.REACHED:
        said += " The expansion has reached its boundary: stop it and reconsider."
    return said


def describe_expansion(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say what was seen at the MTD, escalation and expansion apart, and how the boundary stands."""
    expansion = advice.expansion
    if expansion is not None:
        level = expansion.level
        yield from describe_at_mtd(
            protocol.expansion,
            advice.tallies[level],
            advice.escalation[level],
            expansion.tally,
            expansion.cohorts,
        )


def describe_at_mtd(
    monitoring: ExpansionMonitoring,
    everybody: Tally,
    before: Tally,
    seen: Tally,
    cohorts: Sequence[int],
) -> Iterator[str]:
    """Say what everybody at the MTD had, the escalation's and the expansion's patients apart.

    Parameters
    ----------
    monitoring : ExpansionMonitoring
    everybody, before, seen : Tally
        All at the MTD, those of the escalation, and those of the expansion.
    cohorts : sequence of int
        Numbers of the expansion's cohorts.
    """
    if everybody.n_evaluable:
        limits = clopper_pearson(everybody.n_evaluable, everybody.n_dlts)
        low, high = map(_percentage, limits)
        rate = _percentage(everybody.n_dlts / everybody.n_evaluable)
        yield (
            f"At the MTD {everybody.n_dlts} of {everybody.n_evaluable} had a DLT, {rate} %; exact "
            f"{100 * LEVEL:g} % limits {low} to {high} %."
        )
    which = "cohort" if len(cohorts) == 1 else "cohorts"
    numbers = ", ".join(map(str, cohorts))
    yield f"Escalation: {_counts(before, 'at that level')}."
    yield f"Expansion: {_counts(seen, f'({which} {numbers})')}."
    yield _boundary_now(monitoring, seen)


def describe_outlook(monitoring: ExpansionMonitoring) -> str | None:
    """Say what holds for further patients at an MTD just declared; None without a boundary."""
    rule = boundary_rule(monitoring)
    return None if rule is None else f"Further patients at the MTD are an expansion. {rule}"


def expansion_rule(monitoring: ExpansionMonitoring) -> str | None:
    """Say how many are treated at the MTD and what stops them; None where neither is given."""
    n = monitoring.n_patients
    planned = None
    if n is not None:
        planned = f"{count(n, 'patient')} {'are' if n > 1 else 'is'} to be treated in it."
    return " ".join(filter(None, (planned, boundary_rule(monitoring)))) or None


def boundary_rule(monitoring: ExpansionMonitoring) -> str | None:
    """Say the boundary of the expansion as a rule; None where none is given."""
    words = _boundary_words(monitoring)
    if words is None:
        return None
    return (
        f"The expansion is stopped and reconsidered at {words}, counting its own evaluable "
        "patients and not those of the escalation."
    )


def expansion_document(protocol: Protocol, advice: Advice) -> dict[str, Any] | None:
    """Return the expansion under the names of ``decide --json``; None where there is none."""
    expansion = advice.expansion
    if expansion is None:
        return None
    monitoring = protocol.expansion
    return {
        "level": protocol.labels[expansion.level],
        "cohorts": list(expansion.cohorts),
        **_tally_document(expansion.tally),
        "escalation": _tally_document(advice.escalation[expansion.level]),
        "stop_at_rate": monitoring.stop_at_rate,
        "stop_at": list(monitoring.stop_at),
        "boundary": judge_expansion(monitoring, expansion.tally),
    }


def _tally_document(tally: Tally) -> dict[str, Any]:
    n = tally.n_evaluable
    return {
        "n_evaluable": n,
        "n_dlts": tally.n_dlts,
        "n_pending": tally.n_pending,
        "p_dlt_limits": asdict(binomial_limits(n, tally.n_dlts)) if n else None,
    }


def _counts(tally: Tally, which: str) -> str:
    """Write ``10 patients (cohort 4), 2 with a DLT, 1 pending``."""
    n = tally.n_patients
    pending = f", {tally.n_pending} pending" if tally.n_pending else ""
    return f"{n} patient{'s' * (n != 1)} {which}, {tally.n_dlts} with a DLT{pending}"


def _boundary_now(monitoring: ExpansionMonitoring, seen: Tally) -> str:
    rule = boundary_rule(monitoring)
    if rule is None:
        return NONE_GIVEN
    so_far = f"{seen.n_dlts} of {seen.n_evaluable}"
    match judge_expansion(monitoring, seen):
        case BoundaryStatus.REACHED:
            held = ", however the pending patients turn out" if seen.n_pending else ""
            return f"{rule} It is reached: {so_far}{held}."
        case BoundaryStatus.PENDING:
            return f"{rule} Whether it is reached depends on the pending patients: {so_far} so far."
        case BoundaryStatus.BEYOND:
            last = parse_fraction(monitoring.stop_at[-1])[1]
            return (
                f"{rule} The boundaries end at {last} patients: none is named for "
                f"{seen.n_evaluable}, of whom {seen.n_dlts} had a DLT."
            )
    return f"{rule} It is not reached: {so_far}."


def _boundary_words(monitoring: ExpansionMonitoring) -> str | None:
    if monitoring.stop_at_rate is not None:
        return f"a DLT rate of {monitoring.stop_at_rate} or more"
    if not monitoring.stop_at:
        return None
    (least, among), *others = map(parse_fraction, monitoring.stop_at)
    first = f"{least} DLT{'s' * (least != 1)} among the first {among}"
    return join_words(
        [first, *(f"{least} among the first {among}" for least, among in others)], "or"
    )


def _percentage(p: float) -> str:
    """Write P(DLT) in per cent to one decimal, a half rounded up; never a certainty."""
    if p in (0, 1):
        return f"{100 * p:.0f}"
    if not 0.0005 <= p < 0.9995:
        return "<0.1" if p < 0.5 else ">99.9"
    from decimal import ROUND_HALF_UP, Decimal  # noqa: PLC0415  # few of those who decide print one

    return str((100 * Decimal(repr(p))).quantize(Decimal("0.1"), ROUND_HALF_UP))
