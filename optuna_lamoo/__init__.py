"""LaMOO for Optuna: ``optuna.create_study(directions=[...], sampler=LaMOOSampler())``.

:func:`explain` and :func:`reduced_space` put what it learned into words, ``optuna_lamoo.decision``
picks a trial of the front, ``optuna_lamoo.visualization`` draws. :func:`mean_front` is the front of
noisy objectives. :func:`track` lets trials of several objectives report while they run, and
:class:`EarlyStopping` stops bad ones, whatever the sampler.
"""

from lamoo.report.words import Explanation
from lamoo.space.answers import vectorized
from optuna_lamoo import decision, visualization
from optuna_lamoo.early import EarlyStopping
from optuna_lamoo.explanation import explain, reduced_space
from optuna_lamoo.reduction import ReducedSpace
from optuna_lamoo.repeats import Repeated, mean_front
from optuna_lamoo.sampler import LaMOOSampler
from optuna_lamoo.stopping import StopWhenConverged
from optuna_lamoo.tracking import track

__all__ = [
    "EarlyStopping",
    "Explanation",
    "LaMOOSampler",
    "ReducedSpace",
    "Repeated",
    "StopWhenConverged",
    "decision",
    "explain",
    "mean_front",
    "reduced_space",
    "track",
    "vectorized",
    "visualization",
]
