"""The clock: a design in time, with arrivals, losses, late outcomes and a committee's delay."""
