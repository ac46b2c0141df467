"""egobox's multi-objective optimiser as a sampler of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo.arrays import Floats
from lamoo_compare.errors import CompareError
from optuna_lamoo.objectives import constraints

try:
    import egobox
except ModuleNotFoundError as missing:
    raise CompareError(f"sampler egobox: {missing}. pip install 'lamoo[egobox]'") from missing


class EgoboxSampler(BaseSampler):
    """What egobox's ``Belfegor`` suggests, with its default settings.

    As many trials as by its own default are a Latin hypercube, for which it wants the whole search
    space: the first trial is drawn at random, and parameters that show up later always are. It is
    told the trials that gave values, with their constraints; of failures and running trials it is
    told nothing.

    Args:
        seed: of all choices.
    """

    def __init__(self, seed: int) -> None:
        """Wait for the first trial."""
        self._seed = seed
        self._random = RandomSampler(seed=seed)
        self._start: Floats | None = None
        self._space: dict[str, BaseDistribution] = {}

    def infer_relative_search_space(
        self,
        study: Study,
        trial: FrozenTrial,  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, BaseDistribution]:
        """Return the parameters of the first trial that gave values, in its order."""
        if self._start is None:
            done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if done:
                self._space = {n: d for n, d in done[0].distributions.items() if not d.single()}
                n = max(len(self._space) + 1, 5)  # Belfegor's own default
                specs = self._specs()
                self._start = (
                    egobox.sampling(specs, n, seed=self._seed) if specs else np.empty((0, 0))
                )
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the next point of the start, or what egobox suggests."""
        if self._start is None or not search_space:
            return {}
        told = [
            t
            for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if self._space.keys() <= t.params.keys()
        ]
        if trial.number < len(self._start) or len(told) < len(self._start):
            point = self._start[trial.number % len(self._start)]
        else:
            point = self._suggestion(study, told, trial.number)
        pairs = zip(self._space.items(), point.tolist(), strict=True)
        return {name: _from_number(d, number) for (name, d), number in pairs}

    def _suggestion(self, study: Study, told: Sequence[FrozenTrial], number: int) -> Floats:
        signs = np.where([d == StudyDirection.MAXIMIZE for d in study.directions], -1.0, 1.0)
        limits = [list(constraints(t).values()) for t in told]
        Y = np.array([[*(signs * t.values), *limit] for t, limit in zip(told, limits, strict=True)])
        X = np.array([_numbers(self._space, t.params) for t in told], dtype=float)
        search = egobox.Belfegor(self._specs(), n_obj=len(signs), n_cstr=len(limits[0]))
        try:
            point: Floats = np.asarray(search.suggest(X, Y, seed=self._seed + number))[0]
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # Rust's, which is no Exception
                raise
            raise RuntimeError(f"egobox panicked: {error}") from error
        return point

    def _specs(self) -> list[Any]:
        return [_spec(d) for d in self._space.values()]

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw what egobox does not know."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)


def _spec(d: BaseDistribution) -> Any:
    """Return a parameter as egobox has it: choices and steps are counted, logarithms taken."""
    match d:
        case CategoricalDistribution():
            return egobox.XSpec(egobox.XType.ENUM, [len(d.choices)])
        case IntDistribution() | FloatDistribution() if d.step is not None and not d.log:
            return egobox.XSpec(egobox.XType.INT, [0, round((d.high - d.low) / d.step)])
        case IntDistribution() | FloatDistribution():
            ends = np.log([d.low, d.high]) if d.log else [d.low, d.high]
            return egobox.XSpec(egobox.XType.FLOAT, [float(end) for end in ends])
    raise CompareError(f"egobox has no parameter like {d}")


def _numbers(space: Mapping[str, BaseDistribution], params: Mapping[str, Any]) -> list[float]:
    """Return parameters as egobox's numbers."""
    return [_to_number(d, params[name]) for name, d in space.items()]


def _to_number(d: BaseDistribution, value: Any) -> float:
    if isinstance(d, IntDistribution | FloatDistribution):
        if d.log:
            return math.log(value)
        return float(value) if d.step is None else float(round((value - d.low) / d.step))
    return float(d.to_internal_repr(value))


def _from_number(d: BaseDistribution, number: float) -> Any:
    if isinstance(d, IntDistribution | FloatDistribution):
        if d.log:
            number = math.exp(number)
        elif d.step is not None:
            number = d.low + round(number) * d.step
        number = min(max(number, d.low), d.high)
        return round(number) if isinstance(d, IntDistribution) else number
    return d.to_external_repr(round(number))
