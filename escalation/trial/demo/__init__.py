"""Trials for the demonstration, as commands one after the other."""
