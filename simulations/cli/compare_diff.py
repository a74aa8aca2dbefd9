"""`escalation compare --diff`: where two designs part, and what that contributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from escalation.cli.options import echo_json, identity, line
from escalation.designs import Clause
from escalation.errors import InputError, did_you_mean
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from escalation.text import align
from simulations.cli.common import echo_csv
from simulations.cli.compare_output import Form, describe_contenders, print_contenders
from simulations.compare.differences import (
    DesignDifference,
    Figure,
    Parting,
    ScenarioDifference,
    find_differences,
)
from simulations.compare.metrics import target_interval
from simulations.compare.result import Contender, short_labels
from simulations.scenarios.scenario import Scenario
from simulations.words import in_words, scaled

__all__ = ["show_differences"]

SHOWN = 3  # data sets for each reason in the text; all are in JSON and CSV
SMALLEST = 1e-12  # contributions below are rounding


def show_differences(
    ladder: Protocol,
    contenders: Sequence[Contender],
    scenarios: Sequence[Scenario],
    *,
    target: float,
    interval: tuple[float, float] | None,
    by: str | None,
    form: Form,
    p_moderate: Sequence[float] | None,
) -> None:
    """Print where two designs part under each scenario."""
    limits = target_interval(target, interval)
    found = find_differences(contenders[0].design, contenders[1].design, p_moderate=p_moderate)
    results = [
        found.under(scenario.p_dlt, target=target, interval=interval) for scenario in scenarios
    ]
    named = {_key(figure, ladder): figure for figure in results[0].figures}
    if by is not None and by not in named:
        raise InputError(f"--by: no figure is called {by!r}; {did_you_mean(by, named)}")
    if form == "json":
        document = {
            **identity(ladder),
            **describe_contenders(ladder, contenders),
            "target": target,
            "interval": list(limits),
            **({} if p_moderate is None else {"p_moderate": list(p_moderate)}),
            **_partings(found, ladder),
            "results": [
                _result(scenario, under, ladder)
                for scenario, under in zip(scenarios, results, strict=True)
            ],
        }
        echo_json(document)
    elif form == "csv":
        _print_csv(ladder, found, scenarios, results)
    else:
        print_contenders(ladder, contenders)
        labels = short_labels([one.label for one in contenders])
        _print_counts(found, labels)
        for scenario, under in zip(scenarios, results, strict=True):
            figure = _largest(under) if by is None else named[by]
            click.echo(f"\nScenario {scenario.name}")
            p_dlt = " ".join(f"{p:.3g}" for p in scenario.p_dlt)
            met = f"{100 * under.p_met.sum():.2f} %"
            click.echo(f"P(DLT) {p_dlt}; a trial parts with probability {met}\n")
            _print_result(ladder, found, under, figure, labels)


def _key(figure: Figure, ladder: Protocol) -> str:
    """Return what ``--by`` calls a figure."""
    return figure.name if figure.level is None else f"{figure.name}:{ladder.labels[figure.level]}"


def _largest(under: ScenarioDifference) -> Figure:
    """Return the P(select) that differs most."""
    selected = [figure for figure in under.figures if figure.name == "p_select"]
    return max(selected, key=lambda figure: abs(under.difference[under.figures.index(figure)]))


def _data(parting: Parting, ladder: Protocol) -> str:
    """Write a data set: ``1: 0/3, 2: 1/3``, the levels given only, with moderate toxicities."""
    return ", ".join(
        f"{label}: {tally.n_dlts}/{tally.n_evaluable}"
        + f" and {tally.n_moderate} moderate" * (tally.n_moderate > 0)
        for label, tally in zip(ladder.labels, parting.tallies, strict=True)
        if tally.n_evaluable
    )


def _last(parting: Parting, found: DesignDifference) -> str:
    """Write the last cohort where it counts for one of the designs; nothing elsewhere."""
    last = parting.last
    return f"{last.n_dlts}/{last.n_evaluable}" if found.remembers and last.n_evaluable else ""


def _partings(found: DesignDifference, ladder: Protocol) -> dict[str, Any]:
    return {
        "data_sets": {
            "both": found.n_shared,
            "first_only": found.n_only_first,
            "second_only": found.n_only_second,
        },
        "partings": [
            {
                "data": _data(parting, ladder),
                "levels": [
                    {
                        "level": label,
                        "n_evaluable": tally.n_evaluable,
                        "n_dlts": tally.n_dlts,
                        **({"n_moderate": tally.n_moderate} if found.asks_moderate else {}),
                    }
                    for label, tally in zip(ladder.labels, parting.tallies, strict=True)
                ],
                "current_level": ladder.labels[parting.level],
                **({"last_cohort": _last(parting, found)} if found.remembers else {}),
                "decisions": [answer(ladder, decision) for decision in parting.decisions],
            }
            for parting in found.partings
        ],
    }


def _result(scenario: Scenario, under: ScenarioDifference, ladder: Protocol) -> dict[str, Any]:
    """Return one scenario's differences; partings in the order of the list above them."""
    keys = [_key(figure, ladder) for figure in under.figures]
    return {
        "scenario": {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
        "figures": {
            key: {"first": float(first), "second": float(second), "difference": float(gap)}
            for key, first, second, gap in zip(keys, *under.totals, under.difference, strict=True)
        },
        "partings": [
            {
                "p_met": float(p_met),
                "contributions": dict(zip(keys, contributions.tolist(), strict=True)),
            }
            for p_met, contributions in zip(under.p_met, under.contributions, strict=True)
        ],
    }


def _print_csv(
    ladder: Protocol,
    found: DesignDifference,
    scenarios: Sequence[Scenario],
    results: Sequence[ScenarioDifference],
) -> None:
    keys = [_key(figure, ladder) for figure in results[0].figures]
    rows: list[list[object]] = [
        ["scenario", "data", "current_level", "last_cohort", "first", "second", "p_met", *keys]
    ]
    for scenario, under in zip(scenarios, results, strict=True):
        for parting, p_met, row in zip(
            found.partings, under.p_met.tolist(), under.contributions.tolist(), strict=True
        ):
            said = [describe_decision(decision, ladder) for decision in parting.decisions]
            level, last = ladder.labels[parting.level], _last(parting, found)
            place = [_data(parting, ladder), level, last]
            rows.append([scenario.name, *place, *said, p_met, *row])
    echo_csv(rows)


def _print_counts(found: DesignDifference, labels: Sequence[str]) -> None:
    if not found.partings:
        line("The designs do the same wherever a trial can come: they never part.")
        return
    n = len(found.partings)
    line(
        f"They part at {n} data set{'s' * (n != 1)}. Of all data sets {found.n_shared} can be met "
        f"under both, {found.n_only_first} under {labels[0]} alone, {found.n_only_second} under "
        f"{labels[1]} alone. A change is {labels[1]} minus {labels[0]}; all is exact.",
        indent="  ",
    )


def _print_result(
    ladder: Protocol,
    found: DesignDifference,
    under: ScenarioDifference,
    figure: Figure,
    labels: Sequence[str],
) -> None:
    click.echo(_totals(ladder, under, labels))
    if not found.partings:
        return
    column = under.figures.index(figure)
    parts = under.contributions[:, column]
    reasons: dict[tuple[Clause, ...], list[int]] = {}
    for place in np.argsort(-np.abs(parts), kind="stable").tolist():
        if abs(parts[place]) > SMALLEST:
            clauses = tuple(decision.clause for decision in found.partings[place].decisions)
            reasons.setdefault(clauses, []).append(place)
    click.echo()
    line(f"{_say(figure, ladder)}: {_show(figure, under.difference[column], sign=True)} in all")
    for clauses, places in sorted(reasons.items(), key=lambda one: -abs(parts[one[1]].sum())):
        n = len(places)
        click.echo()
        line(
            f"{_show(figure, parts[places].sum(), sign=True)} from {n} data set{'s' * (n != 1)}, "
            f"met with probability {100 * under.p_met[places].sum():.3g} %, where"
        )
        for label, clause in zip(labels, clauses, strict=True):
            line(f"  {label}: {clause.text}", indent="    ")
        for place in places[:SHOWN]:
            parting = found.partings[place]
            data = _data(parting, ladder) or "nobody treated"
            last = _last(parting, found)
            line(
                f"  {_show(figure, parts[place], sign=True)} ({100 * under.p_met[place]:.3g} %)  "
                f"{data}, at level {ladder.labels[parting.level]}"
                + f", the last cohort {last}"
                * bool(last),
                indent="      ",
            )
            said = (
                f"{label}: {describe_decision(decision, ladder)}"
                for label, decision in zip(labels, parting.decisions, strict=True)
            )
            line(f"      {' '.join(said)}", indent="        ")
        if n > SHOWN:
            click.echo(f"  and {n - SHOWN} more, in --json and --csv")


def _totals(ladder: Protocol, under: ScenarioDifference, labels: Sequence[str]) -> str:
    rows = [["", *labels, "change"]]
    for figure, first, second in zip(under.figures, *under.totals, strict=True):
        if figure.name == "p_inconclusive" and not first and not second:
            continue
        shown = [_show(figure, first), _show(figure, second)]
        rows.append([_say(figure, ladder), *shown, _show(figure, second - first, sign=True)])
    return align(rows)


def _say(figure: Figure, ladder: Protocol) -> str:
    level_name = None if figure.level is None else ladder.short_names[figure.level]
    return in_words(figure.name, level_name, unit=True)


def _show(figure: Figure, value: float, *, sign: bool = False) -> str:
    return f"{scaled(figure.name, value):{'+' if sign else ''}.3f}"
