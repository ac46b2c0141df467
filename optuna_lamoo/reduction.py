"""A smaller search space for a follow-up study, which keeps the conditions of the first one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

from lamoo import Space


@dataclass(frozen=True, eq=False, repr=False)
class ReducedSpace(Mapping[str, BaseDistribution]):
    """Distributions by name, and :meth:`suggest`, which asks a trial for those that it needs.

    As a mapping it holds every parameter of every branch that is kept.

    Args:
        distributions: of the columns that are kept.
        space: of all columns, with the conditions under which they exist.
        called: column -> name of the parameter, where that is another one.
    """

    distributions: Mapping[str, BaseDistribution]
    space: Space
    called: Mapping[str, str]

    def __getitem__(self, name: str) -> BaseDistribution:
        """Return the distribution of a parameter."""
        return self.distributions[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.distributions)

    def __len__(self) -> int:
        """Return how many parameters there are."""
        return len(self.distributions)

    def __repr__(self) -> str:
        """Return the distributions as they are written."""
        return f"{type(self).__name__}({dict(self.distributions)!r})"

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """Ask a trial for the parameters that exist, one after the other, and return them by name.

        What exists follows from the answers before, as it did in the trials of the first study.

        Args:
            trial: a running one, or one of fixed parameters.
        """
        names = list(self.space.parameters)
        conditions = {j: (parents, rule) for j, parents, rule in self.space.activity.rules}
        x = np.full((1, len(names)), np.nan)
        found: dict[str, Any] = {}
        for j in [*(j for j in range(len(names)) if j not in conditions), *conditions]:
            distribution = self.distributions.get(names[j])
            if distribution is None:
                continue
            if j in conditions:
                parents, rule = conditions[j]
                if not rule.predict(np.nan_to_num(x[:, parents], nan=-1.0))[0]:
                    continue
            name = self.called.get(names[j], names[j])
            if name not in found:  # a parameter with a range per branch is asked for once
                found[name] = _asked(trial, name, distribution)
                x[0, j] = self.space.parameters[names[j]].to_unit([found[name]])[0]
        return found


def _asked(trial: BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    """Ask a trial for a parameter, as an objective does."""
    match distribution:
        case FloatDistribution(low=low, high=high, log=log, step=step):
            return trial.suggest_float(name, low, high, log=log, step=step)
        case IntDistribution(low=low, high=high, log=log, step=step):
            return trial.suggest_int(name, low, high, log=log, step=step)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name, choices)
        case _:
            msg = f"{name} has a distribution that no trial can be asked for: {distribution!r}"
            raise NotImplementedError(msg)
