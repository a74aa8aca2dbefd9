"""How many came how far, by level: a table, the same in words, and as CONSORT draws it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import Block, Paragraph, Table, View
from escalation.text import as_compared, count
from escalation.trial import TrialState
from escalation.trial.screening.flow import Flow, LevelFlow, Reason, count_flow

__all__ = ["FLOW", "flow_rows", "note_flow", "say_flow", "some_reasons", "view_flow"]

MOST_REASONS = 12
FLOW = "Flow of patients, from screening to analysis"


def view_flow(state: TrialState, trial: str) -> View:
    """Return the view of how many were screened, enrolled, dosed and counted."""
    flow = count_flow(state)
    return View(
        page=lambda: _page(flow),
        document=lambda: {**trial_heading(state, trial), **_document(flow)},
        rows=lambda: _rows(flow),
        columns=_COLUMNS,
    )


def _page(flow: Flow) -> Iterator[Block]:
    yield Table(list(flow_rows(flow)), ruled=True)
    yield from (Paragraph(note, "  ") for note in note_flow(flow))


def note_flow(flow: Flow) -> Iterator[str]:
    """Yield what has to be known to read the numbers."""
    if flow.n_again:
        yield f"Screened more than once, and counted once by the last time: {flow.n_again}."
    if flow.n_unscreened:
        yield (
            f"Enrolled without a screening on record, imported or before there was a plan: "
            f"{flow.n_unscreened}."
        )
    yield (
        "Everybody dosed is analysed for safety; for DLTs, those evaluable. Who left the study is "
        "counted among those dosed as well."
    )


def some_reasons(reasons: Sequence[Reason], most: int = MOST_REASONS) -> list[Reason]:
    """Return reasons, the most frequent first; those beyond ``most`` together."""
    if len(reasons) <= most:
        return list(reasons)
    kept, others = reasons[: most - 1], reasons[most - 1 :]
    n = sum(reason.n for reason in others)
    return [*kept, Reason(text=f"{len(others)} other reasons", n=n)]


def flow_rows(flow: Flow) -> Iterator[Sequence[str]]:
    """Yield rows of a table, with a column a level, which are empty before the enrolment."""
    n = len(flow.levels) + 2
    yield from ((*row, *[""] * (n - len(row))) for row in _flow_rows(flow))


def _flow_rows(flow: Flow) -> Iterator[Sequence[str]]:
    columns = (flow.all, *flow.levels)

    def row(name: str, number: Callable[[LevelFlow], int], depth: int = 0) -> Sequence[str]:
        return (f"{'  ' * depth}{name}", *(str(number(column)) for column in columns))

    yield ("", "all", *(f"level {level.label}" for level in flow.levels))
    yield ("screened", str(flow.n_screened))
    yield ("  failed screening", str(sum(r.n for r in flow.failed)))
    yield from _reason_rows(flow.failed, 2)
    yield ("  left before they were enrolled", str(sum(r.n for r in flow.left)))
    yield from _reason_rows(flow.left, 2)
    yield ("  in screening", str(flow.n_in_screening))
    yield row("enrolled", lambda c: c.n_enrolled)
    yield row("not dosed", lambda c: sum(r.n for r in c.not_dosed), 1)
    yield from _by_level(columns, lambda c: c.not_dosed, 2)
    yield row("waiting to be dosed", lambda c: c.n_waiting, 1)
    yield row("dosed", lambda c: c.n_dosed)
    yield row("evaluable", lambda c: c.n_evaluable, 1)
    yield row("with a DLT", lambda c: c.n_dlts, 2)
    yield row("pending", lambda c: c.n_pending, 1)
    yield row("not evaluable", lambda c: c.n_not_evaluable, 1)
    yield row("replaced", lambda c: c.n_replaced)
    yield row("completed the study", lambda c: c.n_completed)
    yield row("left the study", lambda c: sum(r.n for r in c.left))
    yield from _by_level(columns, lambda c: c.left, 1)
    yield row("in the study", lambda c: c.n_on_study)


def _reason_rows(reasons: Sequence[Reason], depth: int) -> Iterator[Sequence[str]]:
    for reason in some_reasons(reasons):
        yield (f"{'  ' * depth}{_cut(reason.text)}", str(reason.n))


def _by_level(
    columns: Sequence[LevelFlow], of: Callable[[LevelFlow], Sequence[Reason]], depth: int
) -> Iterator[Sequence[str]]:
    """Yield a row a reason, with how many at each level."""
    every = some_reasons(of(columns[0]))
    named = [as_compared(reason.text) for reason in every]
    together = len(of(columns[0])) > len(every)
    counts = []
    for column in columns:
        found = {as_compared(reason.text): reason.n for reason in of(column)}
        counted = [found.pop(name, 0) for name in named]
        counts.append([*counted[:-1], sum(found.values())] if together else counted)
    for place, reason in enumerate(every):
        yield (f"{'  ' * depth}{_cut(reason.text)}", *(str(column[place]) for column in counts))


def _cut(text: str) -> str:
    return textwrap.shorten(text, 44, placeholder=" ...")


def say_flow(flow: Flow) -> str:
    """Say the flow in words, for who cannot see the picture."""
    failed = sum(r.n for r in flow.failed)
    said = (
        f"{flow.n_screened} screened; {failed} failed screening, {sum(r.n for r in flow.left)} "
        f"left before they were enrolled, {flow.n_in_screening} in screening; "
        f"{flow.all.n_enrolled} enrolled, {flow.all.n_dosed} dosed, {flow.all.n_evaluable} "
        f"evaluable, {flow.all.n_replaced} replaced"
    )
    levels = [
        f"level {one.label}: {one.n_dosed} dosed, {one.n_evaluable} evaluable, "
        f"{count(one.n_dlts, 'DLT')}"
        for one in flow.levels
        if one.n_dosed
    ]
    return ". ".join([said, *levels]) + "."


# ---------------------------------------------------------------- rows and JSON

_COLUMNS = {
    "stage": "",
    "reason": "of those who came no further; empty for all of the stage",
    "level": 'label; "all" for all levels; empty before enrolment',
    "n": "people",
}
_STAGES = (
    *("n_enrolled", "n_waiting", "n_dosed", "n_evaluable", "n_dlts", "n_pending"),
    *("n_not_evaluable", "n_replaced", "n_completed", "n_on_study"),
)


def _rows(flow: Flow) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    yield "screened", None, None, flow.n_screened
    for stage, reasons in (("failed", flow.failed), ("left_before", flow.left)):
        yield stage, None, None, sum(reason.n for reason in reasons)
        for reason in reasons:
            yield stage, reason.text, None, reason.n
    yield "in_screening", None, None, flow.n_in_screening
    for level in (flow.all, *flow.levels):
        label = "all" if level.label is None else level.label
        for name in _STAGES:
            yield name.removeprefix("n_"), None, label, getattr(level, name)
        for stage, reasons in (("not_dosed", level.not_dosed), ("left", level.left)):
            yield stage, None, label, sum(reason.n for reason in reasons)
            for reason in reasons:
                yield stage, reason.text, label, reason.n


def _document(flow: Flow) -> dict[str, Any]:
    document = asdict(flow)
    for level, said in zip((flow.all, *flow.levels), (document["all"], *document["levels"]),
                           strict=True):  # fmt: skip
        said["n_on_study"] = level.n_on_study
    return document
