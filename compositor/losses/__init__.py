"""Losses: loss terms, feature statistics, style targets, and the objective."""
