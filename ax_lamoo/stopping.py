"""When to stop: a rule for an experiment that hardly gains hypervolume any more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ax.api.client import Client
from ax.core.experiment import Experiment
from ax.exceptions.core import UserInputError
from ax.global_stopping.strategies.base import BaseGlobalStoppingStrategy
from ax.utils.common.logger import get_logger

from ax_lamoo.errors import as_user_input
from ax_lamoo.results import experiment_of, results_of
from lamoo import Convergence, Settings, recent_gain
from lamoo.checks import check, is_flag

logger = get_logger(__name__)


class StopWhenConverged(BaseGlobalStoppingStrategy):
    """Rule that ends an experiment when hypervolume has hardly grown over the last trials.

    One of Ax's global stopping strategies, for ``OrchestratorOptions(global_stopping_strategy=)``;
    in a loop of one's own it is asked with the client. Hypervolume is measured from the objective
    thresholds; those that are missing are 10 % beyond the worst value of each objective, outliers
    left out. Arms count by the means of their trials, and with one objective it is the objective.

    Args:
        n_trials: finished trials, the last ones, over which the gain is measured.
        tolerance: the experiment ends when the gain is less than this share of all hypervolume.
        min_trials: it does not end before so many finished trials.
        inactive_when_pending_trials: whether it does not end either while trials are running;
            with several at a time there mostly are some.

    Raises:
        UserInputError: if an argument is negative or no number, or ``n_trials`` is 0.

    Example:
        >>> from ax.api.client import Client
        >>> from ax.api.configs import RangeParameterConfig
        >>> client = Client()
        >>> x = RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))
        >>> client.configure_experiment(parameters=[x])
        >>> client.configure_optimization(objective="-near, -far")
        >>> stop = StopWhenConverged(n_trials=5, tolerance=0.01, min_trials=8)
        >>> tried = 0
        >>> while tried < 100 and not stop(client):
        ...     tried += 1
        ...     index = client.attach_trial({"x": (0.618 * tried) % 1})
        ...     raw_data = {"near": (0.618 * tried) % 1, "far": 1 - (0.618 * tried) % 1}
        ...     _ = client.complete_trial(index, raw_data)
        >>> tried < 100
        True
    """

    def __init__(
        self,
        n_trials: int = 20,
        tolerance: float = 0.001,
        min_trials: int = 30,
        inactive_when_pending_trials: bool = False,  # noqa: FBT001, FBT002  Ax's signature
    ) -> None:
        """Check the arguments."""
        with as_user_input():
            self._rule = Convergence(n_trials, tolerance, min_trials)
            flag = inactive_when_pending_trials
            check("inactive_when_pending_trials", flag, "True or False", fine=is_flag(flag))
        super().__init__(min_trials, inactive_when_pending_trials)

    def __call__(self, client: Client | Experiment) -> bool:
        """Tell whether the client's experiment has converged; if so, a message says why."""
        stop, reason = self.should_stop_optimization(experiment_of(client))
        if stop:
            logger.warning(reason)
        return bool(stop)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"StopWhenConverged({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make it."""
        return {
            **asdict(self._rule),
            "inactive_when_pending_trials": self.inactive_when_pending_trials,
        }

    def _should_stop_optimization(self, experiment: Experiment) -> tuple[bool, str]:
        """Return whether to stop, and why."""
        try:
            results = results_of(experiment)
        except UserInputError as error:
            return False, str(error)
        history = results.history
        if not self._rule.enough(history.n):
            return False, f"Only {history.n} trials have measured all that counts."
        settings = Settings(reference_point=tuple(results.goals.thresholds.tolist()))
        gain = recent_gain(history, self._rule.n_trials, settings)
        message = (
            f"The last {self._rule.n_trials} trials gained {100 * gain:.2g} % of hypervolume "
            f"(tolerance {100 * self._rule.tolerance:.2g} %)."
        )
        return self._rule.reached(gain), message


def encoded_rule(rule: StopWhenConverged) -> dict[str, Any]:
    """Return what is saved."""
    return {"__type": StopWhenConverged.__name__, **rule.settings()}
