"""LaMOO for Optuna: ``optuna.create_study(directions=[...], sampler=LaMOOSampler())``."""

from optuna_lamoo.sampler import LaMOOSampler

__all__ = ["LaMOOSampler"]
