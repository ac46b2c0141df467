"""Stopping bad trainings early, with several objectives and whatever sampler proposes them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo.curves import Curve, Curves
from lamoo.early import Rule, rule_of, stops
from optuna_lamoo import notes, reports
from optuna_lamoo.memory import Finished
from optuna_lamoo.messages import warn_once

_CAME_TO_AN_END = (TrialState.COMPLETE, TrialState.PRUNED)


class EarlyStopping(BasePruner):
    """Pruner that knows several objectives: it stops trainings that will not reach the front.

    It decides for trials that report through :func:`optuna_lamoo.track`, whatever the study's
    sampler. What it decides follows from what the storage holds, so workers that give it to the
    same study agree. A trial that has come as far as the longest complete one is never stopped, nor
    one that has not reported every objective, nor one that :class:`~optuna_lamoo.LaMOOSampler` asks
    for although its configuration was stopped before, unless it diverges.

    Whatever the rule, a training that repeats a finished one of the same parameters to the digit,
    two reports or more, is stopped: it is known what comes of it. That is for trainings that are
    not random, and for samplers that propose by chance what they did before; what was enqueued, or
    is asked for by ``LaMOOSampler``, is meant.

    Args:
        rule: ``"curves"`` stops a trial when what finished trials became, from where they were at
            its step, leaves it hardly a chance to reach the front
            (:class:`lamoo.early.Extrapolation`); ``"halving"`` lets the best third go on at steps
            1, 3, 9, ... (:class:`lamoo.early.Halving`, which is MO-ASHA); or one of these two with
            other settings.

    Raises:
        ValueError: if the rule is none of these.

    Example:
        >>> import optuna, optuna_lamoo
        >>> optuna.logging.set_verbosity(optuna.logging.ERROR)
        >>> study = optuna.create_study(
        ...     directions=["minimize"] * 2,
        ...     sampler=optuna_lamoo.LaMOOSampler(seed=0),
        ...     pruner=optuna_lamoo.EarlyStopping(),
        ... )
        >>> def objective(trial):
        ...     trial = optuna_lamoo.track(trial)
        ...     x, size = trial.suggest_float("x", 0, 1), trial.suggest_int("size", 1, 9)
        ...     for epoch in range(1, 10):
        ...         error = x + 1 / size + 1 / epoch
        ...         trial.report([error, size], epoch)
        ...         if trial.should_prune():
        ...             raise optuna.TrialPruned
        ...     return error, size
        >>> study.optimize(objective, n_trials=40)
        >>> len(study.get_trials(states=[optuna.trial.TrialState.PRUNED])) > 10
        True
    """

    def __init__(self, rule: str | Rule = "curves") -> None:
        """Check the rule."""
        self._rule = rule_of(rule)
        self._memory = Memory()

    def __getstate__(self) -> dict[str, Any]:
        """Return all but what only saves time."""
        return {"_rule": self._rule}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy without memories."""
        vars(self).update(state)
        self._memory = Memory()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial is better stopped after its last report."""
        directions = study.directions
        own = reports.curve(trial, directions)
        if not len(own):
            return False
        missing = np.isnan(own.values[-1])
        if missing.any():
            warn_once(
                study.study_name,
                "no trial is stopped before it has reported every objective: nothing is known of "
                f"{np.flatnonzero(missing).tolist()}. What does not change with steps is reported "
                "once, in the first report; known_objectives of LaMOOSampler need not be.",
            )
            return False
        others = self._memory.curves(study, trial, directions)
        if not stops(self._rule, own, others) and not self._known(own, trial):
            return False
        # to stop it in the same place again would teach nothing. Asked last: a database is read
        # once more for the system attributes of a trial at hand
        return not (own.sound and notes.again(trial))

    def _known(self, own: Curve, trial: FrozenTrial) -> bool:
        """Tell whether a trial repeats one that finished, which it was not meant to."""
        same = self._memory.of_same(trial)
        return any(own.repeats(other) for other in same) and not notes.deliberate(trial)


class Memory:
    """The curves of a study. Those of finished trials are remembered, which only saves time."""

    def __init__(self) -> None:
        """Start without memories."""
        self._turn = threading.Lock()
        self._finished, self._curves = Finished(), Curves.of([], 0)
        self._trials: list[FrozenTrial] = []  # whose curves these are

    def curves(self, study: Study, at: FrozenTrial, directions: Sequence[StudyDirection]) -> Curves:
        """Return the curves of all trials but the one at hand."""
        trials = study.get_trials(deepcopy=False)
        m = len(directions)
        with self._turn, self._finished.read(trials) as news:
            if news.anew:
                self._curves, self._trials = Curves.of([], m), []
            if news.finished:
                new = Curves.of([reports.curve(t, directions) for t in news.finished], m)
                self._curves = self._curves.and_of(new)
                self._trials += news.finished
            finished = self._curves  # the same as before if nothing is new
        running = [t for t in news.unfinished if t._trial_id != at._trial_id]
        if not running:
            return finished  # with all that was derived from it
        return finished.and_of(Curves.of([reports.curve(t, directions) for t in running], m))

    def of_same(self, at: FrozenTrial) -> list[Curve]:
        """Return the curves of what finished, by the last look, with the parameters of a trial.

        Without those that failed: a retry repeats one, and is to come farther.
        """
        with self._turn:
            return [
                self._curves.curve(row)
                for row, trial in enumerate(self._trials)
                if trial.params == at.params and trial.params and trial.state in _CAME_TO_AN_END
            ]
