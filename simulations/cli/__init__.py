"""The command family of the simulations.

numpy and matplotlib are imported by the commands when they run, not by the modules, so that
``escalation --help`` stays quick.
"""
