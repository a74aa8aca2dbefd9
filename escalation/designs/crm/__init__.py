"""The continual reassessment method."""
