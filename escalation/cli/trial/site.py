"""The site: who was enrolled and dosed, what happened, and what was wrong in an entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from functools import partial
from typing import Any

import click

from escalation.cli.label import LABEL
from escalation.cli.options import CarefulCommand
from escalation.cli.trial.common import MEASURE, read_days
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.errors import RefusedError
from escalation.labels import Label, read_label
from escalation.outcomes import Outcome
from escalation.trial import (
    Events,
    Recorder,
    TrialState,
    continue_infusion,
    correct_entry,
    dose_subject,
    enrol_subject,
    record_outcome,
)
from escalation.trial.adverse_events.record import FOLLOWED_UP
from escalation.trial.codec import dump_event
from escalation.trial.events import (
    AdverseEventFollowedUp,
    EventOutcome,
    Finding,
    FindingsRecorded,
    OutcomeRecorded,
    Relation,
    Toxicity,
)

__all__ = ["correct", "dose", "enrol", "outcome"]

_deviation = click.option(
    "--deviation",
    metavar="TEXT",
    help="Why it was done although a gate says no. It stays visible.",
)


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--weight", type=MEASURE, metavar="KG", help="Needed where doses are per kg or m2.")
@click.option("--height", type=MEASURE, metavar="CM", help="Needed where doses are per m2.")
@click.option(
    "--level", type=LABEL, metavar="LABEL", help="Refuse unless this level is the open one."
)
@click.option("--cohort", type=WholeNumber(), metavar="N", help="Which, where several are open.")
@click.option("--replaces", metavar="SUBJECT", help="Whom the subject replaces.")
@click.option("--site", metavar="NAME", help="Who has the subject in care: see trial site.")
@_deviation
@recording_options
def enrol(
    *,
    recording: Recording,
    subject: str,
    weight: float | None,
    height: float | None,
    level: Label | None,
    cohort: int | None,
    replaces: str | None,
    site: str | None,
    deviation: str | None,
) -> None:
    """Give a subject a place in an open cohort.

    SUBJECT is a pseudonym such as TJ-011; names and dates of birth are refused. Where backfill or
    an expansion is open beside the escalation, say which cohort.

    Example: escalation trial enrol TJ-011 --weight 61.5 --height 170 --as "Lin Mei"
    """
    recording.record(
        partial(
            enrol_subject,
            subject=subject,
            weight_kg=weight,
            height_cm=height,
            level=level,
            cohort=cohort,
            replaces=replaces,
            site=site,
            deviation=deviation,
        ),
        subject=subject,
        site=site,
    )


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--infused", type=float, metavar="AMOUNT", help="What was infused, such as 1.85E8.")
@click.option(
    "--planned", type=float, metavar="AMOUNT", help="What was planned.  [default: by the protocol]"
)
@click.option("--lot", metavar="LOT", help="Lot of the product.")
@click.option(
    "--further",
    is_flag=True,
    help="A further part of the dose, or a repeated infusion: amounts add up.",
)
@_deviation
@recording_options
def dose(
    *,
    recording: Recording,
    subject: str,
    infused: float | None,
    planned: float | None,
    lot: str | None,
    further: bool,
    deviation: str | None,
) -> None:
    """Record an infusion, on the day it was given.

    Amounts are totals, not per kg. The DLT window begins on this day; with --further, on the day of
    the first infusion or of the last, as the protocol's [evaluability] says.

    Example: escalation trial dose TJ-011 --infused 3.7e8 --lot L-011 --as "Lin Mei"
    """
    if further:
        if planned is not None:
            raise click.UsageError("--planned goes with the first infusion, not with --further")
        recording.record(
            partial(
                continue_infusion, subject=subject, infused=infused, lot=lot, deviation=deviation
            )
        )
        return
    recording.record(
        partial(
            dose_subject,
            subject=subject,
            infused=infused,
            planned=planned,
            lot=lot,
            deviation=deviation,
        ),
        subject=subject,
    )


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--dlt", is_flag=True, help="A dose-limiting toxicity.")
@click.option("--no-dlt", is_flag=True, help="The window closed without one.")
@click.option(
    "--moderate",
    is_flag=True,
    help="The window closed with a toxicity of grade 2 or more, but no DLT.",
)
@click.option("--not-evaluable", is_flag=True, help="To be replaced; needs --reason.")
@click.option(
    "--term",
    multiple=True,
    metavar="TEXT",
    help="A toxicity; may be repeated, each with the following four.",
)
@click.option("--grade", type=WholeNumber(), multiple=True, metavar="1-5", help="Its grade.")
@click.option(
    "--onset", callback=read_days, multiple=True, metavar="DATE", help="The day it began."
)
@click.option(
    "--relation",
    multiple=True,
    metavar="WORD",
    help=f"If known, its relation ({', '.join(Relation)})",
)
@click.option(
    "--narrative", multiple=True, metavar="TEXT", help="What happened, in words; - for none."
)
@click.option("--reason", metavar="TEXT", help="Why the subject is not evaluable.")
@recording_options
def outcome(
    *,
    recording: Recording,
    subject: str,
    dlt: bool,
    no_dlt: bool,
    moderate: bool,
    not_evaluable: bool,
    term: tuple[str, ...],
    grade: tuple[int, ...],
    onset: tuple[date, ...],
    relation: tuple[str, ...],
    narrative: tuple[str, ...],
    reason: str | None,
) -> None:
    """Record what happened: a DLT, none, moderate, or not evaluable.

    "No DLT" can be said from the day on which the DLT window closes, and so can "moderate": no DLT,
    but a related toxicity of grade 2 or more, which counts in the titration of the design
    accelerated.

    Example: escalation trial outcome TJ-010 --dlt --term CRS --grade 3 --onset 2026-05-26
    --as "Lin Mei"
    """
    flags = (dlt, no_dlt, moderate, not_evaluable)
    given = [said for said, is_so in zip(_OUTCOMES.values(), flags, strict=True) if is_so]
    if len(given) != 1:
        raise click.UsageError(
            "say what the outcome is: --dlt, --no-dlt, --moderate or --not-evaluable"
        )
    recording.record(
        partial(
            record_outcome,
            subject=subject,
            outcome=given[0],
            toxicities=_toxicities(term, grade, onset, relation, narrative),
            reason=reason,
        ),
        subject=subject,
    )


_OUTCOMES = {
    "dlt": Outcome.DLT,
    "no-dlt": Outcome.NO_DLT,
    "moderate": Outcome.MODERATE,
    "not-evaluable": Outcome.NOT_EVALUABLE,
}


def _toxicities(
    term: Sequence[str],
    grade: Sequence[int],
    onset: Sequence[date],
    relation: Sequence[str],
    narrative: Sequence[str],
) -> tuple[Toxicity, ...]:
    """Put together what was given in step: the first term with the first grade, and so on."""
    n = len(term)
    for name, values, optional in (
        ("grade", grade, False),
        ("onset", onset, False),
        ("relation", relation, True),
        ("narrative", narrative, True),
    ):
        if len(values) != n and (values or not optional):
            raise click.UsageError(
                f"--term is given {_times(n)} and --{name} {_times(len(values))}: every toxicity "
                "needs a --term, a --grade and an --onset"
                + (f"; --{name} is given for each, - for none, or not at all" if optional else "")
            )
    for word in relation:
        if word not in ("-", *Relation):
            raise click.UsageError(f"--relation is one of {', '.join(Relation)}, not {word!a}")
    return tuple(
        Toxicity(
            term=term[k],
            grade=grade[k],
            onset=onset[k],
            relation=Relation(relation[k]) if relation and relation[k] != "-" else None,
            narrative=narrative[k] if narrative and narrative[k] != "-" else None,
        )
        for k in range(n)
    )


def _times(n: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(n, f"{n} times")


@click.command(cls=CarefulCommand)
@click.argument("entry", type=WholeNumber())
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="What a field should say, such as infused=3.48E8; nothing after = empties it.",
)
@click.option("--withdraw", is_flag=True, help="Treat the entry as never made.")
@click.option("--reason", metavar="TEXT", required=True, help="Why the entry was wrong.")
@recording_options
def correct(
    *, recording: Recording, entry: int, settings: tuple[str, ...], withdraw: bool, reason: str
) -> None:
    """Correct an earlier entry; the entry itself stays.

    ENTRY is its number in `escalation trial log`: an enrolment (on, level, weight_kg,
    height_cm), a dosing (on, planned, infused, lot), an outcome (on, outcome, reason; of its
    toxicity term, grade, onset, relation, narrative; where there are several: toxicities, as
    JSON), a report of an adverse event (every field of it but the subject; serious as words with
    commas between), a screening (on, disease, sex, born, consented, site), a waiver (on, criteria
    with commas between, reason), a result (on, visit, reason; test, value, unit, answer and so on),
    a visit (on, visit, missed, note) or the end of somebody's part (on, why, reason).

    Example: escalation trial correct 60 --set lot=L-10 --reason "misread" --as "Lin Mei"
    """
    if withdraw == bool(settings):
        raise click.UsageError("give --set FIELD=VALUE, or --withdraw")
    changes = None if withdraw else _read_changes(settings)
    recording.record(partial(_correct, entry=entry, changes=changes, reason=reason))


def _correct(
    state: TrialState,
    recorder: Recorder,
    *,
    entry: int,
    changes: Mapping[str, Any] | None,
    reason: str,
) -> Events:
    """Correct an entry; what is said of a toxicity goes to the only one the entry has.

    What is said of a follow-up goes to what it changes.
    """
    fact = state.fact(entry)
    if changes and fact is not None and isinstance(fact.event, AdverseEventFollowedUp):
        followed = {name: changes[name] for name in changes if name in FOLLOWED_UP}
        others = {name: changes[name] for name in changes if name not in FOLLOWED_UP}
        if followed:
            changes = {**others, "changes": dict(fact.event.changes) | followed}
    if changes and fact is not None and isinstance(fact.event, FindingsRecorded):
        changes = _of_result(entry, fact.event, changes)
    said = {name: value for name, value in (changes or {}).items() if name in _OF_TOXICITY}
    if changes and said and fact is not None and isinstance(fact.event, OutcomeRecorded):
        toxicities = dump_event(fact.event)["toxicities"]
        if len(toxicities) > 1 or "toxicities" in changes:
            raise RefusedError(
                f"entry {entry} cannot be corrected",
                [f"It has {len(toxicities)} toxicities: give all of them, as toxicities=JSON."],
            )
        others = {name: value for name, value in changes.items() if name not in _OF_TOXICITY}
        changes = {**others, "toxicities": [dict(*toxicities) | said]}
    return correct_entry(state, recorder, entry=entry, changes=changes, reason=reason)


def _of_result(entry: int, event: FindingsRecorded, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes in which what is said of a result goes to the only one that an entry has."""
    said = {name: changes[name] for name in changes if name in _OF_FINDING}
    others = {name: changes[name] for name in changes if name not in _OF_FINDING}
    if not said:
        return others
    findings = dump_event(event)["findings"]
    if len(findings) > 1 or "findings" in changes:
        raise RefusedError(
            f"entry {entry} cannot be corrected",
            [f"It has {len(findings)} results: record the right one (trial measure --reason)."],
        )
    return {**others, "findings": [dict(*findings) | said]}


_OF_FINDING = tuple(field.name for field in fields(Finding) if field.name != "on")
_OF_TOXICITY = tuple(field.name for field in fields(Toxicity))
_TEXTS = (
    *("on", "lot", "reason", "term", "onset", "relation", "narrative"),
    *("started", "ended", "aware", "scale", "scale_version", "category", "code", "dictionary"),
    *("graded_by", "action", "treatment", "disease", "sex", "born", "consented", "site"),
)


def _read_changes(settings: Sequence[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (equals and name):
            raise click.UsageError(f"--set takes FIELD=VALUE, not {setting!a}")
        if name in changes:
            raise click.UsageError(f"--set gives {name} twice")
        changes[name] = _read_value(name, value)
    return changes


def _read_value(name: str, value: str) -> Any:
    if not value:
        return None
    if name in _READ_BY:
        return _READ_BY[name](value)
    if name in _TEXTS:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _read_outcome(value: str) -> str:
    """Read an outcome of a subject, or of an adverse event."""
    word = value.casefold()
    if word in map(str, EventOutcome):
        return word
    if word.replace(" ", "-") not in _OUTCOMES:
        known = ", ".join((*_OUTCOMES, *EventOutcome))
        raise click.UsageError(f"outcome is one of {known}, not {value!a}")
    return _OUTCOMES[word.replace(" ", "-")]


_READ_BY: dict[str, Callable[[str], Any]] = {
    "level": read_label,
    "outcome": _read_outcome,
    "serious": lambda value: [word.strip() for word in value.split(",")],
    "criteria": lambda value: [word.strip() for word in value.split(",")],
}
