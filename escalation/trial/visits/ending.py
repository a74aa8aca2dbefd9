"""How somebody's part in a study ended: by death, or by leaving it."""

from __future__ import annotations

from datetime import date

from escalation.dataclass import dataclass
from escalation.trial.events import Leaving
from escalation.trial.state import TrialState

__all__ = ["Ending", "find_death", "find_ending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The last day on which somebody could be seen, and the entry that says so."""

    on: date
    entry: int
    why: Leaving

    @property
    def text(self) -> str:
        """What happened: ``died on 2026-03-01``."""
        if self.why is Leaving.DEATH:
            return f"died on {self.on}"
        return f"left the study on {self.on} ({self.why})"


def find_ending(state: TrialState, subject: str) -> Ending | None:
    """Return how somebody's part ended, by the earlier day; None while it goes on."""
    death, left = find_death(state, subject), _find_leaving(state, subject)
    found = [ending for ending in (death, left) if ending is not None]
    return min(found, key=lambda ending: ending.on, default=None)


def find_death(state: TrialState, subject: str) -> Ending | None:
    """Return somebody's death, by the earliest day that is said; None for who lives.

    It is an adverse event, a toxicity of grade 5 (then it was by the day of the outcome), or how
    their part ended.
    """
    found = []
    known = state.subjects.get(subject)
    death = None if known is None else known.death
    if death is not None and death.died_on is not None:
        found.append(Ending(on=death.died_on, entry=death.entry, why=Leaving.DEATH))
    for fact in () if known is None else known.outcomes:
        if any(toxicity.grade == 5 for toxicity in fact.event.toxicities):
            found.append(Ending(on=fact.event.on, entry=fact.seq, why=Leaving.DEATH))
    left = _find_leaving(state, subject)
    if left is not None and left.why is Leaving.DEATH:
        found.append(left)
    return min(found, key=lambda ending: ending.on, default=None)


def _find_leaving(state: TrialState, subject: str) -> Ending | None:
    left = state.chart(subject).left
    return None if left is None else Ending(on=left.event.on, entry=left.seq, why=left.event.why)
