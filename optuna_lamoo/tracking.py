"""A trial that takes reports of several objectives, in the place of Optuna's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar, overload

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.study import Study
from optuna.trial import BaseTrial, Trial

from optuna_lamoo import objectives, reports
from optuna_lamoo.early import EarlyStopping
from optuna_lamoo.messages import warn_once

Other = TypeVar("Other", bound=BaseTrial)

#: What may be reported: a value per objective, or values by metric name (or index).
Reported = float | Iterable[float | None] | Mapping[str, float] | Mapping[int, float]


@overload
def track(trial: Trial) -> TrackedTrial: ...
@overload
def track(trial: Other) -> Other: ...
def track(trial: BaseTrial) -> BaseTrial:
    """Return a trial whose ``report`` and ``should_prune`` work with several objectives.

    It is the same trial of Optuna in all else. The first line of an objective::

        def objective(trial):
            trial = optuna_lamoo.track(trial)
            network = build(trial)
            for epoch in range(1, 31):
                loss = train(network)
                trial.report([loss, network.size], epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned
            return loss, network.size

    Who is stopped is decided by the study's pruner if that is an :class:`EarlyStopping`, by one
    with its default settings if it is one of Optuna's, which know one objective only, and nobody is
    under ``NopPruner``. With one objective everything is Optuna's own.

    Args:
        trial: as Optuna gives it to an objective, or as ``study.ask()`` returns it. A trial that
            stores nothing, such as ``optuna.trial.FixedTrial``, is returned as it is.
    """
    return TrackedTrial(trial) if type(trial) is Trial else trial


class TrackedTrial(Trial):
    """One of Optuna's trials that takes a report of every objective, see :func:`track`."""

    def __init__(self, trial: Trial) -> None:
        """Share everything with the trial: what one is told the other knows."""
        self.__dict__ = trial.__dict__
        self._reported: int | None = None

    def report(self, value: Reported, step: int) -> None:
        """Store the objectives' values at a step.

        Args:
            value: one number per objective, in the study's order (``None`` for one that is not
                given now), or a mapping from metric names to numbers. An objective that is not
                given keeps its value; one that does not change with steps is given once. Those
                that the sampler knows (``known_objectives``) need not be given. NaN and infinity
                are stored: they say that the training went wrong.
            step: a non-negative integer, never smaller than the last one. At the same step again
                only objectives may be given that were not given yet.

        Raises:
            TypeError: if something is not a number.
            ValueError: if there is not one value per objective, a name is not of the study, or the
                step goes back.
        """
        m = len(self.study.directions)
        if m == 1:
            super().report(_only(value), step)
            return
        raise NotImplementedError

    def should_prune(self) -> bool:
        """Tell whether it is better to stop here, by ``raise optuna.TrialPruned``."""
        raise NotImplementedError
