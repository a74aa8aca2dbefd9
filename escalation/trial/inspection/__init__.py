"""Is what the entries say what their commands would have returned? Each is recorded again."""

from escalation.trial.inspection.inspect import Difference, inspect_entries

__all__ = ["Difference", "inspect_entries"]
