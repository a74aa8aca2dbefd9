"""Designs side by side, the measures of the field, and why two of them differ."""
