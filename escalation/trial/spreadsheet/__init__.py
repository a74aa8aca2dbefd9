"""Patients as people keep them in a spreadsheet: read, written, recorded all or none."""
