"""Every screen of the page, with an address that exists in the demo trial, or the planned one."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from escalation.trial.demo.star_t import STAR_T
from escalation.web.acts import ACTS
from tests.web.planned import PLANNED

__all__ = ["address_of", "every_address", "screens_of"]

# what stands for an argument of an address, by its name
GIVEN: dict[str, object] = {
    "trial": STAR_T.trial,
    "first": 1,
    "last": 2,
    "subject": "TJ-001",
    "seq": 61,
    "entry": 61,
    "filename": "style.css",
    "picture": "course",
    "form": "html",
    "number": 1,
    "decision": 48,
    "name": "course",
    "table": "kinetics",
    "token": "none",
    # calculations
    "question": "simulate",
    "ending": "json",
}

# rooms that there are in a trial with a plan
OF_A_PLAN = ("screening", "visits", "endpoints")


def screens_of(app: Flask, method: str = "GET") -> Iterator[Rule]:
    """Yield the rules of the page that answer to a method."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            yield rule


def address_of(app: Flask, rule: Rule, **given: object) -> str:
    """Return an address of a rule, in the demo trial."""
    values = {**GIVEN, **given}
    wanted = {name: values[name] for name in rule.arguments}
    built = app.url_map.bind("localhost").build(rule.endpoint, wanted)
    return str(built)


def every_address(app: Flask, method: str = "GET") -> Iterator[tuple[Rule, str]]:
    """Yield each rule with its addresses: one, or one an act."""
    for rule in screens_of(app, method):
        if "act" in rule.arguments:
            for name, act in ACTS.items():
                trial = PLANNED if act.needs_plan else STAR_T.trial
                yield rule, address_of(app, rule, act=name, trial=trial)
        elif rule.endpoint.partition(".")[0] in OF_A_PLAN:
            yield rule, address_of(app, rule, trial=PLANNED, subject="PL-003")
        else:
            yield rule, address_of(app, rule)
