"""Events in words that are nearly those of the protocol's rules, and that no such rule sees.

Rules compare categories word by word: to a rule about "crs" an event of the category "cytokine
release syndrome", or of none and the term "CRS", is another one. That has to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from escalation.protocol import Protocol
from escalation.text import as_compared
from escalation.trial.adverse_events.definition import same_word
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState

__all__ = ["rule_categories", "warn_of_near_words"]

_NEAR = 0.85  # haematological, hematologic


def warn_of_near_words(state: TrialState) -> Iterator[Remark]:
    """Name the events, not ruled on yet, whose category may be meant for one of the rules."""
    known = () if state.protocol is None else rule_categories(state.protocol)
    if not known:
        return
    for subject in state.subjects.values():
        for event in subject.events:
            now = event.now
            if event.ruling is not None or any(same_word(word, now.category) for word in known):
                continue
            said = now.term if now.category is None else now.category
            meant = next((word for word in known if _is_near(as_compared(word), said)), None)
            if meant is None:
                continue
            has = "no category" if now.category is None else f'the category "{now.category}"'
            yield Remark(
                entry=event.entry,
                text=f"Adverse event {event.entry} of {subject.id} ({now.term}) has {has}, and the "
                f'protocol has rules about "{meant}", which do not see it: if that is meant, '
                "correct its category.",
            )


def rule_categories(protocol: Protocol) -> tuple[str, ...]:
    """Return the categories that rules are about, or leave out."""
    found = [rule.category for rule in protocol.pause]
    for rule in protocol.dlt.rules:
        found += [rule.category, *rule.except_categories]
        found += [exception.category for exception in rule.exceptions]
    return tuple(dict.fromkeys(word for word in found if word is not None))


@lru_cache(maxsize=1024)
def _is_near(known: str, said: str) -> bool:
    """Tell whether a word may be meant for another: nearly spelled so, or initials of it."""
    one, other = (re.findall(r"[^\W_]+", word) for word in (known, as_compared(said)))
    if "".join(one) == "".join(other):
        return True
    if _initials(one) == "".join(other) or _initials(other) == "".join(one):
        return True
    return SequenceMatcher(None, known, as_compared(said)).ratio() >= _NEAR


def _initials(words: list[str]) -> str | None:
    return "".join(word[0] for word in words) if len(words) > 1 else None
