"""Numbers, rules and faults of endpoints as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from escalation.binomial import percent
from escalation.endpoints import BelowLimit, Share, Summary, Trapezoid
from escalation.errors import InputError
from escalation.plan import Plan
from escalation.reports.view import Block, Item, Items
from escalation.text import list_briefly
from escalation.trial import TrialState
from escalation.trial.findings.profiles import Measured

__all__ = [
    "SUMMARY_HEADS",
    "fault_items",
    "flag_blocks",
    "plan_of",
    "say_below",
    "say_courses",
    "say_day",
    "say_geometric",
    "say_number",
    "say_range",
    "say_responses",
    "say_share",
    "say_trapezoid",
    "summary_cells",
    "summary_document",
]


def plan_of(state: TrialState) -> Plan:
    """Return the plan that a trial goes by.

    Raises
    ------
    InputError
        For a trial without one.
    """
    if state.plan is None:
        raise InputError(
            "the trial has no plan that says what is measured; "
            "adopt one with `escalation trial plan FILE`"
        )
    return state.plan


def say_number(number: float | None) -> str:
    """Write a number with four digits; a dash for none.

    Examples
    --------
    >>> [say_number(n) for n in (9391.899, 0.012345, 240.76, 1234567.0, 3e-7, 0, -2.5, None)]
    ['9392', '0.01235', '240.8', '1.235E6', '3E-7', '0', '-2.5', '-']
    """
    if number is None:
        return "-"
    size = abs(float(f"{number:.4g}"))
    if size == 0:
        return "0"
    if size >= 1e5 or size < 1e-3:
        mantissa, _, exponent = f"{number:.3E}".partition("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{int(exponent)}"
    return f"{float(f'{number:.4g}'):.10f}".rstrip("0").rstrip(".")


def say_day(day: float | None) -> str:
    """Write a day; a dash for none."""
    return "-" if day is None else f"{day:.10g}"


def say_range(summary: Summary) -> str:
    """Say a median with its range, where there is one: ``10 (7 to 14)``."""
    if not summary.n or summary.minimum == summary.maximum:
        return say_number(summary.median)
    least, most = say_number(summary.minimum), say_number(summary.maximum)
    return f"{say_number(summary.median)} ({least} to {most})"


def say_geometric(summary: Summary) -> str:
    """Say a geometric mean with its CV: ``240.8 (162 %)``."""
    if summary.n_not_positive:
        return f"none: {summary.n_not_positive} not above 0"
    if summary.geometric_mean is None:
        return "-"
    cv = "" if summary.geometric_cv is None else f" ({summary.geometric_cv:.0f} %)"
    return f"{say_number(summary.geometric_mean)}{cv}"


SUMMARY_HEADS = ("n", "geo. mean (CV)", "median (range)", "mean (SD)")


def summary_cells(summary: Summary, *, days: bool = False) -> tuple[str, ...]:
    """Return the cells of a summary, as ``SUMMARY_HEADS`` names them; of days only the median."""
    if days:
        return (str(summary.n), "", say_range(summary))
    spread = "" if summary.sd is None else f" ({say_number(summary.sd)})"
    return (
        str(summary.n),
        say_geometric(summary),
        say_range(summary),
        f"{say_number(summary.mean)}{spread}",
    )


def summary_document(summary: Summary) -> dict[str, float | int | None]:
    """Return a summary for JSON, numbers in full."""
    return {
        "n": summary.n,
        "mean": summary.mean,
        "sd": summary.sd,
        "median": summary.median,
        "minimum": summary.minimum,
        "maximum": summary.maximum,
        "geometric_mean": summary.geometric_mean,
        "geometric_cv_percent": summary.geometric_cv,
        "n_not_positive": summary.n_not_positive,
    }


def say_share(share: Share) -> str:
    """Say a proportion with its limits: ``2/6, 33 % (4-78)``."""
    if share.proportion is None or share.lower is None or share.upper is None:
        return "-"
    limits = percent(share.lower, share.upper)
    return f"{share.count}/{share.among}, {percent(share.proportion)} % ({limits})"


def say_trapezoid(trapezoid: Trapezoid) -> str:
    """Say the rule of areas."""
    if trapezoid is Trapezoid.LINEAR:
        return "the linear trapezoidal rule"
    return "the trapezoidal rule, linear up and logarithmic down"


_BELOW = {
    BelowLimit.STANDARD: "0 before the first measurable sample and missing after it",
    BelowLimit.ENDS: (
        "0 before the first and after the last measurable sample and missing between them"
    ),
    BelowLimit.ZERO: "0",
    BelowLimit.HALF: "half the limit",
    BelowLimit.MISSING: "missing",
}


def say_below(below: BelowLimit) -> str:
    """Say the rule for samples below the limit of quantification."""
    return f"A sample below the limit of quantification is {_BELOW[below]}."


def say_responses(table: str) -> str:
    """Say what a picture of responses shows, whose numbers are in a table."""
    return (
        "A bar for each level, each disease and all patients at each assessment: the shares of "
        "patients with each response, and of those who were due and not assessed; beside it the "
        f"responders with exact limits. The numbers are in {table}."
    )


def say_courses(table: str) -> str:
    """Say what a picture of courses by level shows, whose numbers are in a table."""
    return (
        "A panel for each level, with a line for each patient on a logarithmic axis by days since "
        "the infusion; open triangles are samples below the limit of quantification. A line in "
        "colour is the level's mean or median by visit, and a last panel compares the levels. The "
        f"numbers are in {table}."
    )


def flag_blocks(flags: Sequence[str]) -> Iterator[Block]:
    """Yield what the plan says of gaps in its source, where they bite."""
    if flags:
        yield Items([Item(text=flag) for flag in dict.fromkeys(flags)], bullet="! ")


def fault_items(
    said: Iterable[tuple[Measured, Sequence[str]]],
) -> Iterator[Item]:
    """Yield what is wrong, or has to be known, a patient an item; who has no sample in one."""
    without = []
    for measured, words in said:
        if not measured.n_samples and not measured.n_not_done:
            without.append(measured.subject)
        elif words:
            yield Item(text=f"{measured.subject}: {'; '.join(words)}.")
    if without:
        yield Item(text=f"No sample of {list_briefly(without, 40)}.")
