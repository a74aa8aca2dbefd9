"""What an interval design does at a level by the follow-up of its pending patients."""

from __future__ import annotations

from escalation.dataclass import dataclass
from escalation.designs.base import LevelStatus
from escalation.nearness import is_above

__all__ = ["FollowUpBoundaries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpBoundaries:
    """What is done at a level by the total follow-up of its pending patients, in windows (STFT).

    Attributes
    ----------
    escalate_from : float
        The least STFT to escalate; minus infinity for any, infinity for none.
    deescalate_to : float
        The greatest STFT to de-escalate; likewise.
    suspended : bool
        Whether enrolment is suspended instead, whatever the follow-up.
    eliminated : bool
        Whether the level is left for good.
    """

    escalate_from: float
    deescalate_to: float
    suspended: bool = False
    eliminated: bool = False

    def status(self, stft: float) -> LevelStatus:
        """Return how the level is judged at a total follow-up."""
        if self.eliminated:
            return LevelStatus.TOO_TOXIC
        if not is_above(self.escalate_from, stft):
            return LevelStatus.CLEARED
        above = not is_above(stft, self.deescalate_to)
        return LevelStatus.ABOVE_TARGET if above else LevelStatus.OPEN
