"""A plan's settings, its criteria with their flags, and the plans that are shipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.plan import Criterion, Plan, PlannedTest
from escalation.plan.words import describe_asked, describe_criterion, describe_window
from escalation.reports.view import GAP, Block, Heading, Item, Items, Paragraph, Table, View
from escalation.text import count

__all__ = ["view_criteria", "view_plan", "view_plans"]


def view_plans(plans: Sequence[Plan]) -> View:
    """Return the view of plans by name and title."""
    rows = [("name", "title", "digest"), *((p.name, p.title or "", p.digest) for p in plans)]
    named = [{"name": p.name, "title": p.title, "digest": p.digest} for p in plans]
    return View(
        page=lambda: [Table([row[:2] for row in rows], prose=True)],
        document=lambda: {"schema": 1, "plans": named},
        rows=lambda: rows,
    )


def view_plan(plan: Plan, since: str | None = None) -> View:
    """Return the view of a plan: what is measured, when, and by what it is summarised.

    Parameters
    ----------
    plan : Plan
    since : str or None
        Since when a trial goes by it: a sentence.
    """
    return View(
        page=partial(_page, plan, since),
        document=lambda: {"schema": 1, "plan": plan.document, "digest": plan.digest},
        rows=lambda: [("table", "name", "setting", "value"), *_settings(plan)],
    )


def _page(plan: Plan, since: str | None) -> Iterator[Block]:
    yield Heading(f"Plan {plan.name}, digest {plan.digest[:12]}")
    if since is not None:
        yield Paragraph(since)
    if plan.title is not None:
        yield Paragraph(plan.title)
    if plan.source is not None:
        yield Paragraph(f"Taken from {plan.source}.")
    kinds = [criterion.kind for criterion in plan.criteria]
    yield Paragraph(
        f"{count(kinds.count('inclusion'), 'inclusion')} and "
        f"{count(kinds.count('exclusion'), 'exclusion')}, with {count(kinds.count('part'), 'part')}"
        f", are criteria of eligibility; creatinine clearance by {plan.creatinine_clearance}."
    )
    for title, table in (
        ("Diseases", _diseases(plan)),
        ("Visits", _visits(plan)),
        ("Tests", _tests(plan)),
        ("Endpoints", _endpoints(plan)),
    ):
        if table is not None:
            yield GAP
            yield Heading(title)
            yield table
    if plan.notes:
        yield GAP
        yield Heading("Gaps and contradictions of the source")
        yield Items([Item(note) for note in plan.notes])


def _diseases(plan: Plan) -> Table | None:
    rows = [(disease.name, disease.label) for disease in plan.diseases]
    return _with_flags(("name", "disease"), rows, [disease.flags for disease in plan.diseases])


def _visits(plan: Plan) -> Table | None:
    rows = [
        (visit.name, str(visit.day), describe_window(visit), ", ".join(visit.tests))
        for visit in plan.visits
    ]
    flags = [visit.flags for visit in plan.visits]
    return _with_flags(("visit", "day", "window", "tests due"), rows, flags)


def _tests(plan: Plan) -> Table | None:
    rows = [(test.name, *_answered(test)) for test in plan.tests]
    flags = [test.flags for test in plan.tests]
    return _with_flags(("test", "unit", "what it is"), rows, flags)


def _answered(test: PlannedTest) -> tuple[str, str]:
    if test.kind == "choice":
        return "-", f"{test.label}: {', '.join(test.choices)}"
    return (test.unit or "-", test.label) if test.kind == "number" else ("yes/no", test.label)


def _endpoints(plan: Plan) -> Table | None:
    rows: list[tuple[str, str]] = []
    flags: list[tuple[str, ...]] = []
    if plan.response is not None:
        said = plan.response
        assessed = f"{' or '.join(said.responders)} of {said.test} at {', '.join(said.visits)}"
        rows.append(("response", f"{assessed}; not assessed: {said.not_assessed}"))
        flags.append(said.flags)
    if plan.kinetics is not None:
        areas = "linear up, log down" if plan.kinetics.rule == "log" else "linear"
        below = f"below the limit of quantification: {plan.kinetics.below}"
        until = f"area from day 0 to {plan.kinetics.until_day:g}"
        rows.append(("kinetics", f"{plan.kinetics.test}; {areas}; {until}; {below}"))
        flags.append(plan.kinetics.flags)
    for biomarker in plan.biomarkers:
        test = plan.find_test(biomarker.test)
        unit = "" if test is None or test.unit is None else f" {test.unit}"
        back = ""
        if biomarker.threshold is not None:
            back = f"; back at {biomarker.threshold:g}{unit}"
        elif biomarker.share is not None:
            back = f"; back at {100 * biomarker.share:g} % of the baseline"
        rows.append(("biomarker", f"{biomarker.test}{back}"))
        flags.append(biomarker.flags)
    return _with_flags(("endpoint", "from what, and how"), rows, flags)


def _with_flags(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], flags: Sequence[tuple[str, ...]]
) -> Table | None:
    if not rows:
        return None
    notes = {
        place: " ".join(f"! {flag}" for flag in said)
        for place, said in enumerate(flags, start=1)
        if said
    }
    left = [k for k in range(len(head)) if head[k] != "day"]
    return Table([head, *rows], left=left, prose=True, notes=notes)


def _settings(plan: Plan) -> Iterator[tuple[str, str, str, str]]:
    """Yield every setting that is said, a row each."""
    for table, said in plan.document.items():
        if isinstance(said, dict):
            yield from _of_row(table, "", said)
        elif isinstance(said, list) and isinstance(said[0], dict):
            for row in said:
                name = str(row.get("name") or row.get("id") or row.get("test"))
                yield from _of_row(table, name, row)
        else:
            yield ("", "", table, _written(said))


def _of_row(table: str, name: str, row: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    yield from ((table, name, key, _written(value)) for key, value in row.items())


def _written(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


# ------------------------------------------------------------------------------ criteria


def view_criteria(plan: Plan) -> View:
    """Return the view of a plan's criteria: what each asks, of whom, and what is flagged."""
    return View(
        page=partial(_criteria_page, plan),
        document=lambda: {
            "schema": 1,
            "plan": plan.name,
            "digest": plan.digest,
            "criteria": [_criterion(plan, criterion) for _, criterion in _in_order(plan)],
        },
        rows=lambda: _criteria_rows(plan),
    )


def _criterion(plan: Plan, criterion: Criterion) -> dict[str, Any]:
    return {
        "id": criterion.id,
        "kind": criterion.kind,
        "text": criterion.text,
        "asks": describe_criterion(plan, criterion),
        "of": describe_asked(plan, criterion) or None,
        "waiver": criterion.waiver,
        "flags": list(criterion.flags),
    }


def _criteria_rows(plan: Plan) -> list[tuple[str, ...]]:
    made = [_criterion(plan, criterion) for _, criterion in _in_order(plan)]
    head = ("id", "kind", "text", "asks", "of", "waiver", "flags")
    return [head, *(tuple(_written(said[key] or "") for key in head) for said in made)]


def _criteria_page(plan: Plan) -> Iterator[Block]:
    if not plan.criteria:
        yield Paragraph(f"The plan {plan.name} has no criteria.")
        return
    yield Heading(f"Criteria of the plan {plan.name}, digest {plan.digest[:12]}")
    yield GAP
    ordered = list(_in_order(plan))
    rows = [(f"{'  ' * depth}{c.id}", c.kind, c.text) for depth, c in ordered]
    said = enumerate((_note(plan, criterion) for _, criterion in ordered), start=1)
    notes = {place: note for place, note in said if note}
    yield Table([("criterion", "kind", "in words"), *rows], left=(0, 1, 2), prose=True, notes=notes)


def _note(plan: Plan, criterion: Criterion) -> str:
    """Say what is asked and of whom, then each flag behind a sign of its own."""
    asks, asked = describe_criterion(plan, criterion), describe_asked(plan, criterion)
    said = [] if asks == "yes" else [asks]
    said += [f"asked {asked}"] if asked else []
    said += [f"waiver: {criterion.waiver}"] if criterion.waiver else []
    return " ".join(
        [*([f"= {'; '.join(said)}"] if said else []), *(f"! {flag}" for flag in criterion.flags)]
    )


def _in_order(plan: Plan) -> Iterator[tuple[int, Criterion]]:
    """Yield criteria with their parts below them, each once."""
    seen: set[str] = set()

    def below(criterion: Criterion, depth: int) -> Iterator[tuple[int, Criterion]]:
        if criterion.id in seen:
            return
        seen.add(criterion.id)
        yield depth, criterion
        for name in (*criterion.all_of, *criterion.any_of):
            part = plan.find_criterion(name)
            if part is not None:
                yield from below(part, depth + 1)

    for criterion in plan.criteria:
        if criterion.kind != "part":
            yield from below(criterion, 0)
    for criterion in plan.criteria:  # those that only a condition names
        yield from below(criterion, 0)
