"""The command family of the simulations: a command parses, asks, and returns its view.

A module is imported when its command is called, so that ``escalation --help`` stays quick;
matplotlib only where a picture is asked for.
"""
