"""The sites of a trial: where, since when in care of whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import Block, Paragraph, Table, View
from escalation.trial import TrialState

__all__ = ["view_sites"]


def view_sites(state: TrialState, trial: str) -> View:
    """Return the view of the sites, each with its time zone and the subjects it has in care."""
    return View(
        page=lambda: _page(state),
        document=lambda: {**trial_heading(state, trial), "sites": _documents(state)},
        rows=lambda: _rows(state),
    )


def _documents(state: TrialState) -> list[dict[str, Any]]:
    care: dict[str, list[str]] = {site: [] for site in state.site_zones}
    for subject in state.subjects.values():
        if subject.sites:
            care[subject.sites[-1][1]].append(subject.id)
    return [
        {"site": site, "time_zone": zone, "subjects": care[site]}
        for site, zone in state.site_zones.items()
    ]


def _page(state: TrialState) -> Iterator[Block]:
    if not state.site_zones:
        yield Paragraph("No site has been opened: a day is that of whoever records it.")
        return
    rows = [(s["site"], s["time_zone"], ", ".join(s["subjects"])) for s in _documents(state)]
    yield Table([("site", "time zone", "subjects in care"), *rows], left=(0, 1), prose=True)


def _rows(state: TrialState) -> Iterator[Sequence[object]]:
    yield "site", "time_zone", "subjects"
    for site in _documents(state):
        yield site["site"], site["time_zone"], " ".join(site["subjects"])
