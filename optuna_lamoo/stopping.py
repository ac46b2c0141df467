"""When to stop: a callback that ends a study once it hardly gains hypervolume any more."""

from __future__ import annotations

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import Convergence, recent_gain
from optuna_lamoo.knowledge import results_of
from optuna_lamoo.messages import logger


class StopWhenConverged:
    """Callback that stops a study when hypervolume has hardly grown over the last trials.

    What counts is what the storage holds, so each of several workers that has the callback stops
    after its own trial; enqueued trials are left to whoever goes on. Hypervolume is measured from
    the sampler's reference point, or else from 10 % beyond the worst value of each objective,
    outliers left out.

    Args:
        n_trials: finished trials, the last ones, over which the gain is measured.
        tolerance: the study ends when the gain is less than this share of all hypervolume.
        min_trials: it does not end before so many finished trials.

    Raises:
        ValueError: if an argument is negative or no number, or ``n_trials`` is 0.

    Example:
        >>> import optuna
        >>> from optuna_lamoo import LaMOOSampler
        >>> optuna.logging.set_verbosity(optuna.logging.ERROR)
        >>> study = optuna.create_study(directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0))
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0, 1)
        ...     return x, (1 - x) ** 2
        >>> study.optimize(objective, n_trials=500, callbacks=[StopWhenConverged(tolerance=0.01)])
        >>> len(study.trials) < 100
        True
    """

    def __init__(self, n_trials: int = 20, tolerance: float = 0.001, min_trials: int = 30) -> None:
        """Check the arguments."""
        self._rule = Convergence(n_trials, tolerance, min_trials)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Stop the study if it has converged."""
        finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if not self._rule.enough(len(finished)):
            return
        known = results_of(study)
        gain = recent_gain(known.history, self._rule.n_trials, known.settings)
        if self._rule.reached(gain):
            logger.warning(
                "Study %r: the last %d trials gained %.2g %% of hypervolume, less than %.2g %%: "
                "stopping after trial %d.",
                study.study_name,
                self._rule.n_trials,
                100 * gain,
                100 * self._rule.tolerance,
                trial.number,
            )
            study.stop()
