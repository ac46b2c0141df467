"""Samplers of Optuna that want the whole search space before they begin.

An objective of Optuna only tells it while it runs: so the first trial is drawn at random, and a
parameter that shows up later is drawn at random in every trial.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


class SpaceOfFirstTrial(BaseSampler):
    """Sampler whose search space are the parameters of the first trial that gave values.

    Args:
        seed: of what is drawn at random.
    """

    def __init__(self, seed: int) -> None:
        """Wait for the first trial."""
        self._seed = seed
        self._random = RandomSampler(seed=seed)
        self._space: dict[str, BaseDistribution] = {}

    @abstractmethod
    def _begin(self, study: Study, done: Sequence[FrozenTrial]) -> None:
        """Start, now that the search space is known from the trials that gave values."""

    def infer_relative_search_space(
        self,
        study: Study,
        trial: FrozenTrial,  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, BaseDistribution]:
        """Return the parameters of the first trial that gave values, in its order."""
        if not self._space:
            done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if done:
                self._space = {n: d for n, d in done[0].distributions.items() if not d.single()}
            if self._space:
                self._begin(study, done)
        return self._space

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw what is not in the search space."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)
