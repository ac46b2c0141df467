"""One parameter of Ax, and what the engine makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from ax.core.observation import ObservationFeatures
from ax.core.parameter import ChoiceParameter, ParameterType, RangeParameter
from ax.core.parameter import Parameter as AxParameter
from ax.core.search_space import SearchSpace
from ax.exceptions.core import UnsupportedError, UserInputError

from lamoo import Categorical, Float, Integer
from lamoo.arrays import Floats
from lamoo.space import COUNTABLE, Parameter

#: What Ax lets a generator choose.
Tunable: TypeAlias = RangeParameter | ChoiceParameter


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Column:
    """One parameter of Ax, and what the engine makes of it.

    Args:
        own: Ax's parameter.
        parameter: the engine's. A real range is linear (of a logarithmic one it is the decimal
            logarithm, so that bounds such as 1e-4 come back exactly); ordered choices are
            consecutive integers, from 0 on unless they are consecutive integers themselves.
    """

    own: Tunable
    parameter: Parameter

    @property
    def ordered(self) -> bool:
        """Whether it is a list of choices whose order counts."""
        return isinstance(self.own, ChoiceParameter) and isinstance(self.parameter, Integer)

    @cached_property
    def choices(self) -> list[Any]:
        """Its values, where it is a list of choices."""
        return list(self.own.values) if isinstance(self.own, ChoiceParameter) else []

    def values(self, given: Sequence[Any]) -> list[Any]:
        """Return the engine's values of Ax's.

        Numbers between or beyond ordered choices (the space was changed since) stay there; any
        other value that is no choice is NaN.
        """
        if self.ordered:
            return [self._position(value) for value in given]
        return [_linear(self.own, value) for value in given] if self._real else list(given)

    def to_unit(self, given: Sequence[Any]) -> Floats:
        """Return where values lie in the engine's unit interval, shape ``(n,)``."""
        return self.parameter.to_unit(self.values(given))

    def from_unit(self, u: Floats) -> list[Any]:
        """Return Ax's values at places in the unit interval (n,), rounded as Ax does."""
        values = self._exactly(u)
        own = self.own
        return [rounded(own, v) for v in values] if isinstance(own, RangeParameter) else values

    def numbers(self, u: Floats) -> Floats:
        """Return the numbers at places in the unit interval (n,), not rounded."""
        return np.array(self._exactly(u), dtype=float)

    def _exactly(self, u: Floats) -> list[Any]:
        """Return Ax's values at places in the unit interval (n,), not rounded."""
        values = self.parameter.from_unit(u)
        if self.ordered:
            return [self.choices[v - self._first] for v in values]
        return [_from_linear(self.own, v) for v in values] if self._real else values

    @property
    def _real(self) -> bool:
        """Whether it is a range of real numbers."""
        return isinstance(self.own, RangeParameter) and isinstance(self.parameter, Float)

    @property
    def _first(self) -> int:
        """What the engine calls the first of ordered choices."""
        return self.parameter.low if isinstance(self.parameter, Integer) else 0

    def _position(self, value: Any) -> float:
        if value in self.choices:
            return self._first + self.choices.index(value)
        if isinstance(value, str) or isinstance(self.choices[0], str):
            return math.nan
        numbers = np.array(self.choices, dtype=float)
        return self._first + between(value, numbers, np.arange(float(len(numbers))))


def column_of(own: Tunable) -> Column:
    """Return the column of a parameter."""
    return Column(own, _parameter(own))


def rounded(own: RangeParameter, value: float) -> Any:
    """Return a number as Ax would propose it: of the parameter's type, digits and range."""
    return min(max(own.cast(value), own.lower), own.upper)


def between(value: float, places: Floats, values: Floats) -> float:
    """Interpolate linearly in increasing places (k,), and beyond their ends as at them."""
    if len(places) < 2:
        return float(values[0] + value - places[0])
    i = int(np.clip(np.searchsorted(places, value) - 1, 0, len(places) - 2))
    share = (value - places[i]) / (places[i + 1] - places[i])
    return float(values[i] + share * (values[i + 1] - values[i]))


def check_fixed(fixed: ObservationFeatures | None, space: SearchSpace) -> None:
    """Raise if a parameter is fixed at what it cannot be: Ax would take the nearest, or nothing.

    Raises:
        UserInputError: if it is.
    """
    for name, value in (fixed.parameters if fixed is not None else {}).items():
        parameter = space.parameters.get(name)
        if parameter is None:
            raise UserInputError(
                f"fixed_parameters names {name!r}, which is not one of {list(space.parameters)}"
            )
        if not _possible(parameter, value):
            raise UserInputError(f"fixed_parameters holds {name}={value!r}, but it is {parameter}")


def _possible(parameter: AxParameter, value: Any) -> bool:
    """Tell whether a parameter can have a value, which may be an int for a float or back."""
    try:
        cast = parameter.cast(value)
    except (TypeError, ValueError, OverflowError, UnsupportedError):
        return False
    return bool(cast == value and parameter.validate(cast))


def _parameter(own: Tunable) -> Parameter:
    """Return the engine's parameter."""
    if isinstance(own, RangeParameter):
        if own.parameter_type == ParameterType.INT:
            return Integer(int(own.lower), int(own.upper), log=own.log_scale)
        return Float(_linear(own, own.lower), _linear(own, own.upper))
    if not own.is_ordered:
        return Categorical(tuple(own.values))
    return _integers(own.values, log=bool(own.log_scale))


def _integers(choices: Sequence[Any], *, log: bool) -> Integer:
    """Return the engine's parameter for ordered choices.

    Consecutive integers are what they are; of anything else only the order counts.
    """
    last, low = len(choices) - 1, choices[0]
    numeric = not isinstance(low, str | bool) and abs(low) < COUNTABLE
    if numeric and all(choice == low + i for i, choice in enumerate(choices)) and low == int(low):
        return Integer(int(low), int(low) + last, log=log and low > 0)
    return Integer(0, last)


def _linear(own: Tunable, value: float) -> float:
    """Return a number on the scale on which a range is linear, NaN if it has no place there."""
    if own.log_scale:
        return math.log10(value) if value > 0 else math.nan
    if isinstance(own, RangeParameter) and own.logit_scale:
        return math.log(value / (1.0 - value)) if 0.0 < value < 1.0 else math.nan
    return float(value)


def _from_linear(own: Tunable, value: float) -> float:
    """Return the number that :func:`_linear` has taken there."""
    if own.log_scale:
        return float(10.0**value)
    if isinstance(own, RangeParameter) and own.logit_scale:
        return 1.0 / (1.0 + math.exp(-value))
    return value
