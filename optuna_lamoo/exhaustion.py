"""When nothing is left to try: whether a study is exhausted, and how it is stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import exhausted
from lamoo.arrays import Floats
from lamoo.stopping import conclusive
from optuna_lamoo import columns
from optuna_lamoo.messages import logger, warn_once
from optuna_lamoo.snapshot import Snapshot
from optuna_lamoo.view import View

#: Trials of which one may look whether a range has moved, before a study is stopped.
LOOK = 10


def nothing_left(
    view: View,
    study: Study,
    trial: FrozenTrial,
    snapshot: Snapshot,
    values: Sequence[float] | None,
) -> bool:
    """Tell whether every configuration was tried, and nothing is enqueued.

    What trials asked for need not be all there is (:func:`lamoo.stopping.conclusive`). And a single
    range of numbers may move on, none of which was asked for twice: one more trial looks whether it
    does, where that costs little.

    Args:
        view: of the study.
        study: the one.
        trial: the one at hand, which is about to finish.
        snapshot: of the study, with that trial.
        values: of the trial, ``None`` unless it is complete.
    """
    trials = snapshot.certain
    search_space = view.search_space(trials)
    space = columns.to_space(search_space)
    if not search_space or not space.enumerable:
        return False
    if any(trial.state == TrialState.WAITING for trial in trials):
        return False
    if view.unsettled(trials):
        return False  # what the next trial will have for a range is not known
    guessed = view.guessed(search_space)
    # Optuna keeps choices from changing
    numbers = [d for d in guessed if not isinstance(d, CategoricalDistribution)]
    if len(numbers) == len(search_space) == 1 and len(trials) > LOOK:
        trials = snapshot.without(trial).certain
    task = view.task(study, trials, search_space, space)
    if guessed and not conclusive(_with(task.history.Y, values)):
        return False
    if not exhausted(task):
        return False
    # where none may be tried at all, the next proposal says so
    return bool(task.space.allows(task.domain.enumerate()).any())


def _with(Y: Floats, values: Sequence[float] | None) -> Floats:
    """Return observations (n, m) with those of the trial at hand, if it has some."""
    return Y if values is None else np.concatenate([Y, np.reshape(values, (1, Y.shape[1]))])


def stop(study: Study) -> None:
    """Stop a study that has nothing left, and say so once.

    Whoever asks and tells has no loop that could be stopped, and is told what comes.
    """
    said = getattr(study, "_stop_flag", False)
    if not end(study):
        warn_once(
            study.study_name,
            "every configuration was tried. Whoever asks and tells must stop by themselves: what "
            "is asked for now has been tried before",
        )
    elif not said:
        logger.warning("Study %r: every configuration was tried; stopping it.", study.study_name)


def end(study: Study) -> bool:
    """Let the loop over a study's trials end, and tell whether there is one."""
    try:
        study.stop()
    except (RuntimeError, AttributeError):
        return False
    return True
