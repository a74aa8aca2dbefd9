"""A trial's forecast as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from escalation.labels import schema_of
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from escalation.text import count
from simulations.probabilities import QUANTILES, error_of_share
from simulations.questions.forecast import Forecast
from simulations.questions.question import say_left_out
from simulations.questions.standing import Stands
from simulations.reports.timing import list_assumptions
from simulations.scenarios.scenario import Scenario
from simulations.timing.assumptions import Timing
from simulations.timing.file import timing_document
from simulations.words import say_error

__all__ = ["FORECAST_COLUMNS", "Foretold", "Told", "view_forecast"]

_EVENTS = {
    "next_decision": "next decision",
    "last_decision": "last decision",
    "last_outcome": "last outcome",
}
FORECAST_COLUMNS = {
    "trial": "id of the trial",
    "on": "the day of the question",
    "entry": "last entry of the record that was used",
    "scenario": "name of the scenario",
    "figure": "what is foretold",
    "level": "label of the dose level; empty for the whole trial",
    "q05": "by then in 5 % of simulated trials; empty where fewer come so far",
    "q25": "in 25 %",
    "q50": "in half of them",
    "q75": "in 75 %",
    "q95": "in 95 %",
    "p": "probability, 0 to 1",
    "mcse": "its Monte Carlo standard error",
    "trials": "simulated trials",
    "seed": "seed of the random numbers",
    "digest": "digest of the protocol",
}


class Foretold(NamedTuple):
    """A scenario, and what is foretold under it."""

    scenario: Scenario
    forecast: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A forecast and what it was made from.

    Attributes
    ----------
    trial : str
    entry : int
        The last entry that was used.
    stands : Stands
    timing : Timing
    found : sequence of Foretold
        One a scenario.
    by : sequence of date
        Days of which P(finished by then) is asked.
    """

    trial: str
    entry: int
    stands: Stands
    timing: Timing
    found: Sequence[Foretold]
    by: Sequence[date] = ()


def view_forecast(asked: Told) -> View:
    """Return the view."""
    return View(
        page=partial(_page, asked),
        document=partial(_document, asked),
        rows=partial(_rows, asked),
        columns=FORECAST_COLUMNS,
    )


def _page(asked: Told) -> Iterator[Block]:
    stands, protocol = asked.stands, asked.stands.protocol
    run = asked.found[0].forecast
    yield Heading(f"Trial {asked.trial}, forecast on {stands.on}, from entry {asked.entry}", 2, "=")
    said = (describe_origin(protocol), say_left_out(protocol))
    yield Paragraph(" ".join(filter(None, said)), "  ")
    yield Paragraph(_say_standing(stands), "  ")
    yield Paragraph(
        f"{run.trials:,} simulated trials a scenario go on from here, seed {run.seed}. P(DLT) is "
        "assumed, and dates are only as good as what is assumed:",
        "  ",
    )
    yield list_assumptions(asked.timing, protocol)
    for scenario, forecast in asked.found:
        yield GAP
        yield Heading(f"Scenario {scenario.name}")
        yield _dates(forecast)
        yield Paragraph(
            "Percentages are shares of the simulated trials that have come so far by then: nine "
            "of ten between the first and the last."
        )
        yield GAP
        yield _ends(scenario, forecast, protocol.short_names)
        n = forecast.n_patients
        low, middle, high = (int(n[int(q * (len(n) - 1))]) for q in (0.05, 0.5, 0.95))
        yield Paragraph(
            f"Patients still to be dosed: median {middle}; in nine of ten trials {low} to {high}."
        )
        for day in asked.by:
            p = forecast.p_by(forecast.last_decision, day)
            error = say_error(100 * error_of_share(p, forecast.trials), 2)
            yield Paragraph(f"The last decision is made by {day} in {100 * p:.1f} % {error}.")
    yield GAP
    yield Paragraph(
        f"Whoever is pending, overdue or not, is taken to have had no DLT until {stands.on}; what "
        "is still open about them is part of the forecast. Holds, amendments and a committee that "
        "chooses otherwise are not.",
        "  ",
    )


def _say_standing(stands: Stands) -> str:
    protocol, underway = stands.protocol, stands.underway
    pending = sum(patient.known is None for patient in underway.patients)
    where = f"level {protocol.labels[underway.level]}"
    free = f"{count(underway.n_free, 'free place')}" if underway.n_free else "no free place"
    return (
        f"As it stands: {where}, {free}, {count(len(underway.patients), 'patient')} in the "
        f"escalation, {pending} of them pending or still to be dosed."
    )


def _dates(forecast: Forecast) -> Table:
    rows = [["", *(f"{100 * q:g} %" for q in QUANTILES)]]
    for name, said in _EVENTS.items():
        dates = forecast.dates(getattr(forecast, name))
        rows.append([said, *("-" if day is None else str(day) for day in dates)])
    return Table(rows)


def _ends(scenario: Scenario, forecast: Forecast, names: Sequence[str]) -> Table:
    rows = [["end", "P(DLT)", "%", ""]]
    shares = [
        *zip((f"MTD {name}" for name in names), scenario.p_dlt, forecast.p_select, strict=True),
        ("no MTD", None, forecast.p_no_mtd),
        ("not determined", None, forecast.p_inconclusive),
        ("patients run out", None, forecast.p_unfinished),
    ]
    for name, p_dlt, p in shares:
        if p_dlt is not None or p or name == "no MTD":
            shown = "" if p_dlt is None else f"{p_dlt:.3g}"
            error = say_error(100 * error_of_share(p, forecast.trials), 2)
            rows.append([name, shown, f"{100 * p:.1f}", error])
    return Table(rows)


def _document(asked: Told) -> dict[str, Any]:
    protocol, labels = asked.stands.protocol, asked.stands.protocol.labels
    results = []
    for scenario, forecast in asked.found:
        dates = {name: forecast.dates(getattr(forecast, name)) for name in _EVENTS}
        results.append(
            {
                "scenario": scenario.name,
                "p_dlt": list(scenario.p_dlt),
                **{
                    name: {
                        f"q{100 * q:02.0f}": None if day is None else str(day)
                        for q, day in zip(QUANTILES, days, strict=True)
                    }
                    for name, days in dates.items()
                },
                "p_select": {
                    str(label): p for label, p in zip(labels, forecast.p_select, strict=True)
                },
                "p_no_mtd": forecast.p_no_mtd,
                "p_inconclusive": forecast.p_inconclusive,
                "p_unfinished": forecast.p_unfinished,
                "se": {
                    "p_select": {
                        str(label): error_of_share(p, forecast.trials)
                        for label, p in zip(labels, forecast.p_select, strict=True)
                    },
                    **{
                        name: error_of_share(getattr(forecast, name), forecast.trials)
                        for name in ("p_no_mtd", "p_inconclusive", "p_unfinished")
                    },
                },
                "patients_to_come": float(forecast.n_patients.mean()),
                "p_finished_by": {
                    str(day): forecast.p_by(forecast.last_decision, day) for day in asked.by
                },
                "trials": forecast.trials,
                "seed": forecast.seed,
            }
        )
    return {
        "schema": schema_of(labels),
        "trial": asked.trial,
        "on": str(asked.stands.on),
        "entry": asked.entry,
        **identity_document(protocol),
        "timing": timing_document(asked.timing),
        "results": results,
    }


def _rows(asked: Told) -> Iterator[Sequence[object]]:
    yield tuple(FORECAST_COLUMNS)
    protocol = asked.stands.protocol
    for scenario, forecast in asked.found:
        first = (asked.trial, asked.stands.on, asked.entry, scenario.name)
        last = (forecast.trials, forecast.seed, protocol.digest)
        for name in _EVENTS:
            days = forecast.dates(getattr(forecast, name))
            yield (*first, name, "", *("" if day is None else day for day in days), "", "", *last)
        shares = [
            *(
                ("p_select", label, p)
                for label, p in zip(protocol.labels, forecast.p_select, strict=True)
            ),
            ("p_no_mtd", "", forecast.p_no_mtd),
            ("p_inconclusive", "", forecast.p_inconclusive),
            ("p_unfinished", "", forecast.p_unfinished),
            *(
                (f"p_finished_by_{d}", "", forecast.p_by(forecast.last_decision, d))
                for d in asked.by
            ),
        ]
        for name, label, p in shares:
            yield (*first, name, label, *[""] * 5, p, error_of_share(p, forecast.trials), *last)
