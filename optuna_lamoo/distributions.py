"""Optuna's distributions as the engine's parameters, and which values they take."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from lamoo import Categorical, Float, Integer
from lamoo.space import ENUMERABLE, Parameter


def parameter(distribution: BaseDistribution) -> Parameter:
    """Return the engine's parameter for a distribution.

    Choices that Optuna takes for equal (``True`` and ``1``) become one, see :func:`merged`.

    Raises:
        NotImplementedError: for a kind of distribution that Optuna 5.0 does not have.
    """
    match distribution:
        case FloatDistribution():
            step, log = distribution.step, distribution.log
            return Float(distribution.low, distribution.high, log=log, step=step)
        case IntDistribution():
            step, log = distribution.step, distribution.log
            return Integer(distribution.low, distribution.high, log=log, step=step)
        case CategoricalDistribution():
            firsts = _firsts(distribution)
            return Categorical(tuple(distribution.choices[i] for i in dict.fromkeys(firsts)))
        case _:
            msg = f"LaMOOSampler does not know the distribution {distribution!r}"
            raise NotImplementedError(msg)


def _firsts(distribution: CategoricalDistribution) -> list[int]:
    """Return for each choice the index of the first one that Optuna takes for equal."""
    choices = distribution.choices
    try:  # hashes find in one step what Optuna looks for among all the choices
        first: dict[Any, int] = {}
        found = [first.setdefault(choice, i) for i, choice in enumerate(choices)]
    except TypeError:  # a list, say, has none
        found = [-1] * len(choices)
    for i, choice in enumerate(choices):
        if found[i] < 0 or choice != choice:  # noqa: PLR0124  NaN, equal to itself in Optuna only
            found[i] = int(distribution.to_internal_repr(choice))
    return found


def merged(distribution: BaseDistribution) -> list[tuple[Any, Any]]:
    """Return choices that are never tried, and for each the one that Optuna takes for equal.

    Python says ``True == 1 == 1.0``, and Optuna stores of equal choices the first. A sampler could
    still hand out the second; the study would then say that the first was evaluated.
    """
    if not isinstance(distribution, CategoricalDistribution):
        return []
    choices, firsts = distribution.choices, _firsts(distribution)
    return [(choices[i], choices[k]) for i, k in enumerate(firsts) if i != k]


def copied(own: BaseDistribution, stored: BaseDistribution) -> bool:
    """Tell whether choices may be a storage's copy of a user's own, written as JSON and read back.

    That knows lists only: of ``(64, 32)`` comes ``[64, 32]``, which is another value.
    """
    if not (
        isinstance(own, CategoricalDistribution) and isinstance(stored, CategoricalDistribution)
    ):
        return False
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        return json.dumps(own.choices) == json.dumps(stored.choices)
    return False


def storable(value: object, distribution: BaseDistribution) -> bool:
    """Tell whether Optuna could store a value, within the bounds or not."""
    try:
        return bool(np.isfinite(float(distribution.to_internal_repr(value))))
    except (TypeError, ValueError, OverflowError):
        return False


def within(value: object, distribution: BaseDistribution) -> bool:
    """Tell whether a value lies in a range."""
    if not storable(value, distribution):
        return False
    return distribution._contains(distribution.to_internal_repr(value))  # noqa: SLF001 - as Optuna asks


def countable(distributions: Mapping[str, BaseDistribution]) -> bool:
    """Tell whether there are so few configurations that two trials may well draw the same."""
    size = 1.0
    for distribution in [*distributions.values()][::-1]:
        size *= 1.0 if distribution.single() else parameter(distribution).levels
        if size > ENUMERABLE:
            return False
    return True
