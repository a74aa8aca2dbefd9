"""What a statistician asks of a design beside its characteristics."""
