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
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo.arrays import Floats
from lamoo_compare.errors import CompareError
from lamoo_compare.first_trial import SpaceOfFirstTrial
from optuna_lamoo.objectives import constraints, signs

try:
    import egobox
except ModuleNotFoundError as missing:
    raise CompareError(f"sampler egobox: {missing}. pip install 'lamoo[egobox]'") from missing


class EgoboxSampler(SpaceOfFirstTrial):
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
        super().__init__(seed)
        self._start: Floats | None = None

    def _begin(self, study: Study, done: Sequence[FrozenTrial]) -> None:  # noqa: ARG002
        n = max(len(self._space) + 1, 5)  # Belfegor's own default
        self._start = egobox.sampling(self._specs(), n, seed=self._seed)

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
        turn = signs(study.directions)
        limits = [list(constraints(t).values()) for t in told]
        Y = np.array([[*(turn * t.values), *limit] for t, limit in zip(told, limits, strict=True)])
        X = np.array([_numbers(self._space, t.params) for t in told], dtype=float)
        search = egobox.Belfegor(self._specs(), n_obj=len(turn), n_cstr=len(limits[0]))
        try:
            point: Floats = np.asarray(search.suggest(X, Y, seed=self._seed + number))[0]
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # Rust's, which is no Exception
                raise
            raise RuntimeError(f"egobox panicked: {error}") from error
        return point

    def _specs(self) -> list[Any]:
        return [_spec(d) for d in self._space.values()]


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
