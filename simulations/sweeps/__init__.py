"""Sweeps: a study of designs, scenarios and settings of the clock, a row a cell in one file."""
