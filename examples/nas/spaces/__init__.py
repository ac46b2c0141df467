"""Search spaces of networks: parameters of a trial on one side, PyTorch modules on the other.

To search another space, write a module like ``spaces/stages.py``: distributions, and one function
that reads an architecture from them. Which parameters exist when, is said in that function only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

Architecture = TypeVar("Architecture")
Get = Callable[[str], Any]


@dataclass(frozen=True)
class SearchSpace(Generic[Architecture]):
    """A search space.

    Args:
        distributions: of all parameters, by name.
        read: returns an architecture, given a function parameter -> value that it calls for those
            parameters that the architecture has, and for no others.
        encode: returns the parameters of an architecture.
    """

    distributions: Mapping[str, BaseDistribution]
    read: Callable[[Get], Architecture]
    encode: Callable[[Architecture], dict[str, Any]]

    def suggest(self, trial: BaseTrial) -> Architecture:
        """Return the architecture that a trial asks for."""
        return self.read(lambda name: _ask(trial, name, self.distributions[name]))

    def decode(self, params: Mapping[str, Any]) -> Architecture:
        """Return the architecture of some parameters; one that is missing has its first value.

        A sampler that has not yet seen all conditions may leave one out.
        """
        return self.read(lambda name: params.get(name, values(self.distributions[name])[0]))

    def draw(self, rng: np.random.Generator) -> Architecture:
        """Return a random architecture, each parameter uniform among those of its kind."""

        def get(name: str) -> Any:
            choices = values(self.distributions[name])
            return choices[int(rng.integers(len(choices)))]

        return self.read(get)


def values(distribution: BaseDistribution) -> tuple[Any, ...]:
    """Return the values of a distribution, of a continuous one its ends.

    Raises:
        TypeError: if it is of an unknown kind.
    """
    match distribution:
        case CategoricalDistribution():
            return tuple(distribution.choices)
        case IntDistribution():
            return tuple(range(distribution.low, distribution.high + 1, distribution.step))
        case FloatDistribution():
            return distribution.low, distribution.high
    raise TypeError(f"unknown kind of distribution: {distribution!r}")


def _ask(trial: BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    """Ask a trial for a parameter."""
    match distribution:
        case CategoricalDistribution():
            return trial.suggest_categorical(name, distribution.choices)
        case IntDistribution():
            low, high, step = distribution.low, distribution.high, distribution.step
            return trial.suggest_int(name, low, high, step=step, log=distribution.log)
        case FloatDistribution():
            low, high, step = distribution.low, distribution.high, distribution.step
            return trial.suggest_float(name, low, high, step=step, log=distribution.log)
    raise TypeError(f"unknown kind of distribution: {distribution!r}")
