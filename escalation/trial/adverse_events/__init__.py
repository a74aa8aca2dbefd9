"""Adverse events as events: their course, what the protocol's definition says, what they pause."""
