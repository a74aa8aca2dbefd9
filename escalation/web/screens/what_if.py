"""What if: the next two cohorts as a tree, from where a trial stands."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint, current_app, g, render_template, request
from markupsafe import Markup

from escalation.errors import EscalationError
from escalation.web.access import READS, needs
from escalation.web.blocks import write
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("what_if", __name__, url_prefix="/t/<trial>")

FOUND_BY_NAME = "simulations.web.what_if"  # it stands above this package
MOST_LETTERS = 300  # of numbers that are typed


@screens.get("/what-if")
@needs(READS)
def ahead(trial: str) -> tuple[str, int]:
    """Show the tree, with the probabilities that are asked for."""
    here, there = g.trial, desk(current_app)
    tree = import_module(FOUND_BY_NAME)
    asked = {
        name: request.args.get(name, "").strip()[:MOST_LETTERS]
        for name in ("p_dlt", "scenario", "p_moderate")
    }
    on = there.today(here.state)
    key = (trial, here.seq, here.state.head, "what if", on, *asked.values())
    body, fault = Markup(""), None
    try:
        body = there.made(key, lambda: write(tree.what_if(here.state, on=on, **asked)))
    except EscalationError as error:
        fault = str(error)
        plain = (trial, here.seq, here.state.head, "what if", on, "", "", "")
        body = there.made(plain, lambda: write(tree.what_if(here.state, on=on)))
    page = render_template(
        "trial/what_if.html",
        body=body,
        fault=fault,
        asked=asked,
        names=tree.curve_names(here.state),
        asks_moderate=tree.counts_moderate(here.state),
        n_levels=0 if here.state.protocol is None else len(here.state.protocol.levels),
    )
    return page, 422 if fault else 200
