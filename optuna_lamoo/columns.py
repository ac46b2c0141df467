"""The columns of the engine's space, and what a trial has in each.

Mostly a parameter is one column. One with a range per branch has a column for each of them, and
one whose ranges follow from other parameters' values has one for where in its range it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from lamoo import Space
from optuna_lamoo.distributions import parameter, storable, within

#: The column of a parameter whose ranges follow from other parameters' values: where in its own
#: range it is.
SHARE = FloatDistribution(0.0, 1.0)


def column(name: str, distribution: BaseDistribution) -> str:
    """Return what one of several ranges of a parameter is called, ``"lr@[0.001, 1.0]"``.

    A program may ask for a number in a range that depends on what it got before. Then each range
    is a parameter of its own to the engine, which learns when it is active.
    """
    return name + _suffix(distribution)


def _suffix(distribution: BaseDistribution) -> str:
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        return ""
    step = "" if distribution.step in (None, 1) else f", step {distribution.step}"
    return f"@[{distribution.low}, {distribution.high}{step}]"


def share(name: str) -> str:
    """Return what the column of a parameter is called whose ranges follow from other values.

    ``y`` between ``x`` and 1, say: where in its range it is means more than its value, and tells
    what to answer whatever the range.
    """
    return f"{name}@share"


def named(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the values of columns by the names that the user knows."""
    return {c.removesuffix(_suffix(search_space[c])): value for c, value in params.items()}


def branches(search_space: Mapping[str, BaseDistribution]) -> dict[str, list[str]]:
    """Return the columns of each parameter that has a range per branch, by its name."""
    found: dict[str, list[str]] = {}
    for c, distribution in search_space.items():
        if c.endswith("]") and c.endswith(suffix := _suffix(distribution)) and suffix:
            found.setdefault(c.removesuffix(suffix), []).append(c)
    return found


def to_space(
    distributions: Mapping[str, BaseDistribution], fixed: Mapping[str, Any] | None = None
) -> Space:
    """Return the engine's space, with those of the given values held fixed that it can take."""
    parameters = {name: parameter(d) for name, d in distributions.items()}
    several = [mine for mine in branches(distributions).values() if len(mine) > 1]
    return Space(parameters, possible(fixed or {}, distributions), exclusive=several)


def possible(
    params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the parameters that have a distribution and a value that Optuna could store.

    One that has a range per branch is in all columns whose ranges hold the value.

    Nobody checks an enqueued trial before it runs, but other workers already see it.
    """
    return {
        name: value
        for name, value in placed(params, distributions).items()
        if name in distributions and storable(value, distributions[name])
    }


def placed(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> Mapping[str, Any]:
    """Return parameters of which only values are known in all columns whose ranges hold those."""
    if params.keys() <= search_space.keys():
        return params
    found = dict(params)
    for name, columns in branches(search_space).items():
        if name in params:
            found |= {c: params[name] for c in columns if within(params[name], search_space[c])}
    return found


def answers(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> Mapping[str, Any]:
    """Return what a trial has in each column."""
    if trial.params.keys() <= search_space.keys():
        return trial.params
    found: dict[str, Any] = {}
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if name in search_space:
            found[name] = value
        elif share(name) in search_space:
            found[share(name)] = float(parameter(distribution).to_unit([value])[0])
        else:
            found[column(name, distribution)] = value
    return found
