"""Operating characteristics from the graph: exact, and by Monte Carlo."""
