"""The results of a person that count, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.reports.view import Block, Paragraph, Table
from escalation.trial import TrialState
from escalation.trial.findings.results import Result, results_of
from escalation.trial.findings.words import say_number, say_result

__all__ = ["result_blocks"]

_HEADS = ("day", "visit", "test", "result", "normal", "by", "since")


def result_blocks(state: TrialState, subject: str) -> Iterator[Block]:
    """Yield the results of somebody by their days, or that there is none."""
    found = results_of(state, subject)
    if not found:
        yield Paragraph("None is recorded.")
        return
    rows = [_row(state, result) for result in found]
    yield Table([_HEADS, *rows], left=range(len(_HEADS)))


def _row(state: TrialState, result: Result) -> Sequence[str]:
    said = result.finding
    test = None if state.plan is None else state.plan.find_test(said.test)
    limits = [None if one is None else say_number(one) for one in (said.lower, said.upper)]
    normal = " to ".join(one or "-" for one in limits) if any(limits) else "-"
    return (
        str(result.on),
        result.visit or "-",
        said.test if test is None else test.label,
        say_result(said).removeprefix(said.test).strip(),
        normal,
        result.by,
        f"entry {result.seq}",
    )
