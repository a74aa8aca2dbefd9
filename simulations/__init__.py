"""What a design would do, over many trials: exact and simulated operating characteristics."""
