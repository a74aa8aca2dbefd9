"""What was measured, assessed and answered, result by result, as the plan names it."""
