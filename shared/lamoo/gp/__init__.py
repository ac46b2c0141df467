"""Gaussian processes: how they are fitted to the observations, and the acquisition made of them."""
