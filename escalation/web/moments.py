"""A moment on a page: UTC and, in a trial, what the clock says at its sites."""

from __future__ import annotations

from datetime import datetime

from flask import g
from markupsafe import Markup

from escalation.reports.trial.times import say_time_briefly

__all__ = ["moment"]


def moment(at: datetime) -> Markup:
    """Return a moment in HTML."""
    standing = g.get("trial")
    zones = {} if standing is None else standing.state.site_zones
    utc, *there = say_time_briefly(at, zones)
    said = Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="minutes"), utc)
    return said + "".join(f", {one}" for one in there)
