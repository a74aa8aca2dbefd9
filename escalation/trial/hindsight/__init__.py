"""What came to light later, held against what was decided and done before it was known."""

from escalation.trial.hindsight.decisions import look_back_at_decisions
from escalation.trial.hindsight.dosings import look_back_at_dosings
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState

__all__ = ["look_back"]


def look_back(state: TrialState) -> list[Remark]:
    """Return what looks otherwise from now, in the order of the entries."""
    found = [*look_back_at_decisions(state), *look_back_at_dosings(state)]
    return sorted(found, key=lambda remark: remark.entry or 0)
