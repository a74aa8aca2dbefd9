"""The events that committees ask about by name, however a site has called them.

An event is shown that its category or its term names so: one too many does no harm in a list.
"""

from __future__ import annotations

import re

from escalation.text import as_compared
from escalation.trial.adverse_events.listing import ListedEvent

__all__ = ["CRS", "CYTOPENIA", "ICANS", "INFECTION", "is_of"]

CRS = ("crs", "cytokine release syndrome")
ICANS = (
    "icans",
    "immune effector cell-associated neurotoxicity syndrome",
    "neurotoxicity",
)
CYTOPENIA = (
    *("haematolog", "hematolog", "icaht", "cytopeni", "neutropeni", "thrombocytopeni"),
    *("anaemi", "anemi", "lymphopeni", "leukopeni", "neutrophil count", "platelet count"),
)
INFECTION = ("infect", "sepsis", "pneumonia")


def is_of(event: ListedEvent, words: tuple[str, ...]) -> bool:
    """Tell whether a word of an event's category or term begins so."""
    said = as_compared(f"{event.category or ''} {event.term}")
    return any(re.search(rf"\b{re.escape(word)}", said) for word in words)
