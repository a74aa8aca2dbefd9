"""Trials whose patients are followed by a plan: every number is typed or drawn with a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from math import exp
from typing import Any

from escalation.plan import Biomarker, Disease, Kinetics, Plan, PlannedTest, Response, Visit
from escalation.protocol import Protocol
from escalation.tracker import Command
from escalation.trial import Recorder, TrialState, evolve
from escalation.trial.events import Event, Finding, FindingsRecorded, PlanAdopted, SubjectScreened
from tests.trial.bench import SITE, Bench, recorded
from tests.trial.small_trials import typed

COPIES, CELLS, PG = "copies/µg", "cells/µL", "pg/mL"
DAYS = (0, 4, 7, 10, 14, 21, 28, 56, 84)
NAMES = ("D0", "D4", "D7", "D10", "W2", "W3", "W4", "W8", "W12")

PLAN = Plan(
    name="endpoints",
    tests=(
        PlannedTest(name="car", label="CAR copies in blood", unit=COPIES, domain="PC"),
        PlannedTest(name="il6", label="Interleukin 6", unit=PG),
        PlannedTest(name="b-cells", label="B cells in blood", unit=CELLS),
        PlannedTest(
            name="response", label="Response", kind="choice", choices=("CR", "PR", "other")
        ),
    ),
    diseases=(Disease(name="sle", label="SLE"), Disease(name="aav", label="ANCA vasculitis")),
    visits=tuple(
        Visit(name=name, label=name, day=day, before=min(day, 3), after=min(day, 3))
        for name, day in zip(NAMES, DAYS, strict=True)
    ),
    response=Response(test="response", visits=("W2", "W4", "W8", "W12")),
    kinetics=Kinetics(test="car"),
    biomarkers=(Biomarker(test="il6"), Biomarker(test="b-cells", threshold=50.0)),
)


def append(state: TrialState, *events: object) -> TrialState:
    """Record events as they stand, whatever a command would say to them."""
    for event in events:
        state = evolve(state, recorded(state, event, SITE))  # type: ignore[arg-type]
    return state


def followed(history: str, plan: Plan | None = PLAN) -> TrialState:
    """Return a trial with the history typed, and the plan adopted."""
    state = typed(history).state
    if plan is None:
        return state
    return append(state, PlanAdopted(on=_last(state), plan=plan.document, digest=plan.digest))


def _last(state: TrialState):
    return max(s.dosed_on for s in state.subjects.values() if s.dosed_on is not None)


def screened(state: TrialState, diseases: Mapping[str, str]) -> TrialState:
    return append(
        state,
        *(
            SubjectScreened(on=_last(state), subject=subject, disease=disease)
            for subject, disease in diseases.items()
        ),
    )


def measured(
    state: TrialState,
    subject: str,
    test: str,
    values: Mapping[int, float | str],
    unit: str | None = COPIES,
    *,
    named: bool = True,
    lloq: float | None = None,
) -> TrialState:
    """Record results by day: a number, ``<`` for below the limit, or an answer."""
    events = []
    for day, value in values.items():
        visit = NAMES[DAYS.index(day)] if named and day in DAYS else None
        events.append(on_day(state, subject, day, result(test, value, unit, lloq), visit=visit))
    return append(state, *events)


def result(
    test: str, value: float | str, unit: str | None = COPIES, lloq: float | None = None
) -> Finding:
    if value == "<":
        return Finding(test=test, value=lloq, unit=unit, below=True)
    if isinstance(value, str):
        return Finding(test=test, answer=value)
    return Finding(test=test, value=float(value), unit=unit)


def on_day(
    state: TrialState, subject: str, day: int, *findings: Finding, visit: str | None = None
) -> FindingsRecorded:
    dosed = state.subjects[subject].dosed_on
    assert dosed is not None
    return FindingsRecorded(
        on=dosed + timedelta(days=day), subject=subject, findings=findings, visit=visit
    )


def drawn(
    n_patients: int, n_levels: int = 3, *, seed: int = 1, names: Iterable[str] = ()
) -> TrialState:
    """Return a trial of so many patients with every sample of every test, drawn with a seed."""
    bench, events = draw(n_patients, n_levels, seed=seed, names=names)
    return append(bench.state, *events)


@dataclass
class Told(Bench):
    """A trial in memory that remembers what was typed."""

    steps: list[tuple[Command, Recorder]] = field(default_factory=list)

    def do(
        self, command: Callable[..., tuple[Event, ...]], by: str, on: int | None = None, **kw: Any
    ) -> tuple[Event, ...]:
        events = super().do(command, by, on, **kw)
        told = Recorder(name=by, on=events[0].on, at=self.entries[-1].at)
        self.steps.append((partial(command, **kw), told))
        return events


def draw(
    n_patients: int, n_levels: int = 3, *, seed: int = 1, names: Iterable[str] = ()
) -> tuple[Told, list[Event]]:
    """Return such a trial without its plan and findings, and these as events."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    protocol = Protocol.plain(n_levels).with_design(
        "boin", target=0.3, cohort_size=1, max_patients=max(n_patients, 3)
    )
    bench = Told.started(replace(protocol, name="drawn"))
    named = list(names) or [f"S{k:03}" for k in range(1, n_patients + 1)]
    for subject in named:
        bench.open_cohort()
        bench.treat(subject)
        bench.now += 2
        bench.no_dlt(subject)
    adopted = PlanAdopted(on=_last(bench.state), plan=PLAN.document, digest=PLAN.digest)
    found = [event for subject in named for event in _drawn_events(bench.state, subject, rng)]
    return bench, [adopted, *found]


def _drawn_events(state: TrialState, subject: str, rng: random.Random) -> list[FindingsRecorded]:
    level = int(state.subjects[subject].level)
    top = 2000 * 3 ** (level - 1) * exp(rng.gauss(0, 0.8))
    rise, fall = rng.uniform(0.4, 0.9), rng.uniform(0.05, 0.25)
    storm, back = 4 * exp(rng.gauss(0, 0.4)), rng.uniform(25, 90)
    events = []
    for day, visit in zip(DAYS, NAMES, strict=True):
        copies = top * (exp(-fall * day) - exp(-rise * day)) * exp(rng.gauss(0, 0.2))
        findings = [result("car", "<", COPIES, 50.0) if copies < 50 else result("car", copies)]
        il6 = storm * (1 + 30 * level * day * exp(-day / 3)) * exp(rng.gauss(0, 0.2))
        findings.append(result("il6", "<", PG, 3.0) if il6 < 3 else result("il6", il6, PG))
        cells = 180 * (exp(-day) + max(0.0, (day - 14) / back) ** 2) * exp(rng.gauss(0, 0.2))
        findings.append(
            result("b-cells", "<", CELLS, 1.0) if cells < 1 else result("b-cells", cells, CELLS)
        )
        if visit in PLAN.response.visits and rng.random() < 0.9:  # type: ignore[union-attr]
            findings.append(result("response", rng.choice(("CR", "PR", "PR", "other"))))
        events.append(on_day(state, subject, day, *findings, visit=visit))
    return events
