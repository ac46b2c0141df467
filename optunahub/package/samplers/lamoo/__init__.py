from optuna_lamoo import explain
from optuna_lamoo import LaMOOSampler
from optuna_lamoo import mean_front
from optuna_lamoo import reduced_space
from optuna_lamoo import StopWhenConverged

from lamoo import Partition


__all__ = [
    "LaMOOSampler",
    "Partition",
    "StopWhenConverged",
    "explain",
    "mean_front",
    "reduced_space",
]
