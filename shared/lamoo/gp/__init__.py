"""Gaussian processes: what they learn from the observations, and what a point is worth to them."""
