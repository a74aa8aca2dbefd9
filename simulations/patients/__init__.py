"""Simulated patients: what a site would have recorded of those who come to a simulated trial.

A statistician rehearses every table, figure and export with them before the first patient.
"""
