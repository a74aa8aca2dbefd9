"""Patients: enrolled, dosed, followed up and corrected, and how each of them stands."""
