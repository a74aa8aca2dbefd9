"""What can be recorded from the page: one form an act, in order, by the name in its address."""

from __future__ import annotations

from escalation.web.acts.base import Act
from escalation.web.acts.patients import Enrol

__all__ = ["ACTS"]

ACTS: dict[str, type[Act]] = {act.name: act for act in (Enrol,)}
