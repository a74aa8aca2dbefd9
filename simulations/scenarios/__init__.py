"""Assumed toxicity curves: by numbers, by formula, from files, at random."""
