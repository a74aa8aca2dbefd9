"""Assumptions about time: when patients come, when DLTs show, who is lost, how long people take."""
