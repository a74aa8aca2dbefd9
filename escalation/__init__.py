"""Deciding and recording: dose-escalation rules, protocols, and the trial that follows them."""

__version__ = "0.2.0"
