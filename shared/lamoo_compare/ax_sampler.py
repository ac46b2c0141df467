"""A generation strategy of Ax as a sampler of Optuna, so that both run on one objective."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo import ALONE
from lamoo_compare.errors import CompareError
from lamoo_compare.first_trial import SpaceOfFirstTrial
from optuna_lamoo.objectives import constraints

try:
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
    from ax.exceptions.core import SearchSpaceExhausted

    from ax_lamoo import lamoo_generation_strategy
except ModuleNotFoundError as missing:
    raise CompareError(f"samplers of Ax: {missing}. pip install 'lamoo[ax]'") from missing


def default(client: Client, seed: int, **options: Any) -> None:
    """Give a client Ax's default strategy, or another method of its own."""
    client.configure_generation_strategy(initialization_random_seed=seed, **options)


def _lamoo(**settings: Any) -> Callable[[Client, int], None]:
    def configure(client: Client, seed: int) -> None:
        client.set_generation_strategy(lamoo_generation_strategy(seed=seed, **settings))

    return configure


#: name -> what gives a client its strategy.
STRATEGIES: dict[str, Callable[[Client, int], None]] = {
    "default": default,
    "random": lambda client, seed: default(client, seed, method="random_search"),
    "lamoo": _lamoo(),
    "lamoo-evolutionary": _lamoo(solver="evolutionary"),
    "lamoo-qlognehvi": _lamoo(solver="qlognehvi"),
    "lamoo-gp-alone": _lamoo(partition=ALONE),
}


class AxSampler(SpaceOfFirstTrial):
    """What an Ax client proposes.

    Ax wants the whole search space before it begins, which an Optuna objective only tells while it
    runs. So the first trial is drawn at random, and Ax is told of it; a parameter that shows up
    later is drawn at random in every trial, and Ax never hears of it. Nor does it of what is drawn
    at random once it has tried every configuration.

    Args:
        configure: gives a client its strategy.
        seed: of all choices.
    """

    def __init__(self, configure: Callable[[Client, int], None], seed: int) -> None:
        """Wait for the first trial."""
        super().__init__(seed)
        self._configure = configure
        self._client: Client | None = None
        self._arms: dict[int, int] = {}

    def _begin(self, study: Study, done: Sequence[FrozenTrial]) -> None:
        self._client = client = Client(random_seed=self._seed)
        client.configure_experiment([_parameter(n, d) for n, d in self._space.items()])
        maximized = [d == StudyDirection.MAXIMIZE for d in study.directions]
        client.configure_optimization(
            objective=", ".join(f"{'' if m else '-'}f{i}" for i, m in enumerate(maximized)),
            outcome_constraints=[f"c{i} <= 0" for i in range(len(constraints(done[0])))],
        )
        self._configure(client, self._seed)
        for trial in done:
            if self._space.keys() <= trial.params.keys():
                index = client.attach_trial(_to_ax(trial.params, self._space))
                client.complete_trial(index, _outcomes(trial.values, trial))

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the client for a trial."""
        if self._client is None or not search_space:
            return {}
        try:
            ((index, asked),) = self._client.get_next_trials(max_trials=1).items()
        except SearchSpaceExhausted as error:
            warnings.warn(f"what is asked for now is drawn at random: {error}", stacklevel=2)
            self._client = None
            return {}
        self._arms[trial.number] = index
        return {
            name: d.choices[int(str(asked[name]))] if isinstance(d, CategoricalDistribution)
            else asked[name]
            for name, d in search_space.items()
        }  # fmt: skip

    def after_trial(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the client how its trial ended."""
        if self._client is None or trial.number not in self._arms:
            return
        index = self._arms.pop(trial.number)
        if state == TrialState.COMPLETE and values is not None:
            self._client.complete_trial(index, _outcomes(values, trial))
        else:
            self._client.mark_trial_failed(index)


def _parameter(name: str, d: BaseDistribution) -> ChoiceParameterConfig | RangeParameterConfig:
    match d:
        case CategoricalDistribution():
            values = [str(i) for i in range(len(d.choices))]
            return ChoiceParameterConfig(name, values, "str", is_ordered=False)
        case IntDistribution() | FloatDistribution():
            kind = "int" if isinstance(d, IntDistribution) else "float"
            step = None if d.step in (None, 1) and (kind == "int" or d.step is None) else d.step
            scaling = "log" if d.log else "linear"
            return RangeParameterConfig(
                name, (d.low, d.high), kind, step_size=step, scaling=scaling
            )
    raise CompareError(f"Ax has no parameter like {name}: {d}")


def _to_ax(params: Mapping[str, Any], space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return parameters as Ax has them; a choice is its number, whatever it holds."""
    return {
        name: str(int(d.to_internal_repr(params[name])))
        if isinstance(d, CategoricalDistribution)
        else params[name]
        for name, d in space.items()
    }


def _outcomes(values: Sequence[float], trial: FrozenTrial) -> dict[str, float]:
    outcomes = {f"f{i}": float(value) for i, value in enumerate(values)}
    return outcomes | {f"c{i}": value for i, value in enumerate(constraints(trial).values())}
