"""The kinds of parameters: each places its values in the unit interval, and finds them there.

A number is placed linearly, or logarithmically, between its bounds. A parameter with finitely many
values divides ``[0, 1]`` into one cell per value and sits in the middle of its cell, so that a
uniform draw, snapped, is a fair draw of every kind. (On a log scale the cells of integers are as
wide as the logarithm makes them.)
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lamoo.arrays import Floats
from lamoo.checks import is_flag, is_number, is_whole

#: A grid of floats with at least this many steps counts as continuous: the 53 bits of a double
#: cannot number its values.
COUNTABLE = 2.0**53
_LARGEST = float(np.finfo(float).max)


class Parameter(Protocol):
    """What the engine asks of a parameter, which owns one column of the unit cube."""

    @property
    def levels(self) -> float:
        """The number of values it can take, ``inf`` if continuous."""

    @property
    def ordered(self) -> bool:
        """Whether its values have an order, as numbers do and choices do not."""

    @property
    def even(self) -> bool:
        """Whether it is continuous, or its values sit in the middles of equally wide cells.

        Columns of such parameters are snapped together, without asking each.
        """

    def places(self) -> Floats:
        """Return where its values sit in the unit interval, finitely many, increasing, ``(k,)``."""

    def gaps(self, u: Floats) -> tuple[Floats, Floats]:
        """Return how far from places (n,) the next value up and down is, ``(n,)`` each.

        0 where continuous; past the last value they are as far as if the values went on.
        """

    def to_unit(self, values: Sequence[Any]) -> Floats:
        """Place values in the unit interval, shape ``(n,)``.

        Numbers out of bounds lie outside of it; what the parameter cannot take becomes NaN.
        """

    def from_unit(self, u: Floats) -> list[Any]:
        """Return the values nearest to places (n,), as Python scalars within the bounds."""

    def snap(self, u: Floats) -> Floats:
        """Move places (n,) to the nearest at which a value sits, NaN staying NaN."""


#: How far outside the unit interval distances are what they seem.
TRUE_TO_SCALE = 0.5


def near(X: Floats) -> Floats:
    """Return places (n, d), those far outside the unit interval brought nearer to it.

    Their order stays. None is further away than the interval is wide, and what is within
    :data:`TRUE_TO_SCALE` of it stays as it is.
    """
    half = np.clip(X, -TRUE_TO_SCALE, 1 + TRUE_TO_SCALE)
    beyond = np.minimum(np.abs(X - half), 1e12)
    return np.asarray(half + np.sign(X - half) * beyond / (1.0 + 2.0 * beyond))


def placed(v: Floats, low: float | Floats, high: float | Floats) -> Floats:
    """Return the places of numbers between bounds, which are different."""
    # halves, because high - low overflows for the widest ranges a float can express
    width = high / 2 - low / 2
    with np.errstate(over="ignore"):
        return np.asarray((v / 2 - low / 2) / width)


def number_at(u: Floats, low: float | Floats, high: float | Floats) -> Floats:
    """Return the numbers at places between bounds."""
    return np.asarray(low * (1 - u) + high * u)


def to_cells(u: Floats, levels: float | Floats) -> Floats:
    """Return the middle of the cell, of ``levels`` equal ones, in which each place lies."""
    return np.asarray((np.clip(np.floor(u * levels), 0, levels - 1) + 0.5) / levels)


def _middles(levels: float) -> Floats:
    """Return the middles of ``levels`` equal cells of the unit interval, ``(levels,)``."""
    return (np.arange(levels) + 0.5) / levels


def _even_gaps(u: Floats, levels: float) -> tuple[Floats, Floats]:
    """Return the width of ``levels`` equal cells, for the next value up and down alike."""
    width = np.full(u.shape, 1.0 / levels)
    return width, width


def _check_bounds(low: float, high: float, *, log: bool, step: float | None) -> None:
    numbers = is_number(low) and is_number(high)
    if not (numbers and math.isfinite(low) and math.isfinite(high) and low <= high):
        msg = f"low and high must be finite with low <= high, got low={low!r}, high={high!r}"
        raise ValueError(msg)
    if not is_flag(log):
        msg = f"log must be True or False, got log={log!r}"
        raise ValueError(msg)
    if log and low <= 0:
        msg = f"low must be positive on a log scale, got low={low!r}"
        raise ValueError(msg)
    if step is not None and not (is_number(step) and math.isfinite(step) and step > 0):
        msg = f"step must be positive and finite, got step={step!r}"
        raise ValueError(msg)
    if log and step is not None:
        msg = "step and log cannot be combined"
        raise ValueError(msg)


def _numbers(values: Sequence[Any] | Floats) -> Floats:
    """Return values as numbers ``(n,)``; NaN for those that are none, as choices of before."""
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        v = np.asarray(values, dtype=float)
        if v.ndim == 1:
            return v
    found = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            found[i] = float(value)
    return found


@dataclass(frozen=True)
class Scale:
    """A monotone map between numbers and the unit interval.

    Args:
        low: the number at 0.
        high: the number at 1.
        log: whether the map is linear in the logarithm.
    """

    low: float
    high: float
    log: bool

    def to_unit(self, values: Sequence[float] | Floats) -> Floats:
        """Return numbers' places, shape ``(n,)``; NaN for what is none, or has no logarithm."""
        v = _numbers(values)
        low, high = float(self.low), float(self.high)
        if self.log:
            v = np.log(np.where(v > 0, v, np.nan))
            low, high = math.log(low), math.log(high)
        if high / 2 - low / 2 == 0:
            return np.where(np.isfinite(v), 0.5, np.nan)
        return placed(v, low, high)

    def from_unit(self, u: Floats) -> Floats:
        """Return the numbers at places, shape ``(n,)``."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            with np.errstate(over="ignore"):  # at the largest float; the caller keeps the bounds
                return np.asarray(np.exp(low + u * (high - low)))
        return number_at(u, self.low, self.high)


@dataclass(frozen=True)
class Float:
    """A real number in ``[low, high]``, on a log scale or on the grid ``low + k * step``.

    Raises:
        ValueError: if the bounds are not finite and ordered, not positive on a log scale, or
            ``step`` is not positive or combined with ``log``.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        """Check the bounds."""
        _check_bounds(self.low, self.high, log=self.log, step=self.step)

    @property
    def levels(self) -> float:
        """The number of values, ``inf`` without a step."""
        if self.low == self.high:
            return 1
        if self.step is None or self._steps >= COUNTABLE:
            return math.inf
        # the tolerance forgives 0.3 / 0.1 = 2.9999999999999996
        return math.floor(self._steps + 1e-8) + 1

    @property
    def ordered(self) -> bool:
        """Numbers have an order."""
        return True

    @property
    def even(self) -> bool:
        """Without a step it is continuous; a grid's cells are equally wide."""
        return True

    @property
    def linear(self) -> bool:
        """Whether it is continuous, and evenly spread between bounds that are numbers of Python."""
        plain = self.step is None and not self.log and self.high / 2 - self.low / 2 > 0
        return plain and type(self.low) in (int, float) and type(self.high) in (int, float)

    @property
    def _steps(self) -> float:
        """How many steps there are between the bounds, ``inf`` without a step."""
        if self.step is None:
            return math.inf
        # halves, because high - low may be more, and half a step less, than a float can express
        return (self.high / 2 - self.low / 2) / self.step * 2

    @property
    def _scale(self) -> Scale:
        if self.step is None or self._steps >= COUNTABLE:
            return Scale(self.low, self.high, self.log)
        top = self.low + (self.levels - 1) * self.step
        low, high = self.low - self.step / 2, top + self.step / 2
        return Scale(max(low, -_LARGEST), min(high, _LARGEST), log=False)

    def places(self) -> Floats:
        """Return where the values of a grid sit, ``(k,)``."""
        return _middles(self.levels)

    def gaps(self, u: Floats) -> tuple[Floats, Floats]:
        """Return a step of the grid, 0 where continuous."""
        return _even_gaps(u, self.levels)

    def to_unit(self, values: Sequence[Any]) -> Floats:
        """Place numbers in the unit interval (outside it if out of bounds, NaN if impossible)."""
        return self._scale.to_unit(values)

    def from_unit(self, u: Floats) -> list[Any]:
        """Return Python floats within the bounds, on the grid if there is one."""
        if self.step is not None and self._steps < COUNTABLE:
            k = np.clip(np.floor(u * self.levels), 0, self.levels - 1)
            v = self.low + k * self.step
        else:
            v = self._scale.from_unit(np.clip(u, 0, 1))
        return [float(x) for x in np.clip(v, self.low, self.high)]

    def snap(self, u: Floats) -> Floats:
        """Clip into the unit interval, onto the grid if there is one."""
        if self.levels == math.inf:
            return np.clip(u, 0, 1)
        return to_cells(u, self.levels)


@dataclass(frozen=True)
class Integer:
    """An integer ``low + k * step`` in ``[low, high]``, evenly spread or on a log scale.

    Raises:
        ValueError: as for :class:`Float`; additionally a log scale needs ``step=1``.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        """Check the bounds."""
        logarithmic = is_flag(self.log) and bool(self.log)
        step = None if logarithmic else self.step
        _check_bounds(self.low, self.high, log=self.log, step=step)
        whole = is_whole(self.low, self.low) and is_whole(self.high, self.low)
        if not (whole and is_whole(self.step, 1)):
            msg = (
                f"low, high and step must be whole numbers, got low={self.low!r}, "
                f"high={self.high!r}, step={self.step!r}"
            )
            raise ValueError(msg)
        if self.log and self.step != 1:
            msg = f"step must be 1 on a log scale, got step={self.step!r}"
            raise ValueError(msg)

    @property
    def levels(self) -> float:
        """The number of values."""
        return (self.high - self.low) // self.step + 1

    @property
    def ordered(self) -> bool:
        """Numbers have an order."""
        return True

    @property
    def even(self) -> bool:
        """Not on a log scale, where the logarithm makes cells narrower towards the end."""
        return not self.log

    @property
    def _scale(self) -> Scale:
        top = self.low + (int(self.levels) - 1) * self.step
        return Scale(self.low - self.step / 2, top + self.step / 2, self.log)

    def places(self) -> Floats:
        """Return where the integers sit, ``(k,)``."""
        if not self.log:
            return _middles(self.levels)
        return self.to_unit(range(self.low, self.high + 1))

    def gaps(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the distances to the next integer up and down, ``inf`` below 1 on a log scale."""
        if not self.log:
            return _even_gaps(u, self.levels)
        v = np.array(self.from_unit(u), dtype=float)
        scale = self._scale
        up, down = scale.to_unit(v + self.step) - u, u - scale.to_unit(v - self.step)
        return up, np.where(np.isnan(down), np.inf, down)

    def to_unit(self, values: Sequence[Any]) -> Floats:
        """Place integers in the unit interval (outside it if out of bounds, NaN if impossible)."""
        return self._scale.to_unit(values)

    def from_unit(self, u: Floats) -> list[Any]:
        """Return the nearest Python ints within the bounds."""
        v = self._scale.from_unit(np.clip(u, 0, 1))
        k = np.clip(np.round((v - self.low) / self.step), 0, self.levels - 1)
        # beyond 2^53 the float of the last index may be larger than the index
        last = int(self.levels) - 1
        return [self.low + min(int(i), last) * self.step for i in k]

    def snap(self, u: Floats) -> Floats:
        """Move to the place of the nearest integer."""
        if not self.log:
            return to_cells(u, self.levels)
        known = np.isfinite(u)
        out = np.full(u.shape, np.nan)
        out[known] = self.to_unit(self.from_unit(u[known]))
        return out


@dataclass(frozen=True)
class Categorical:
    """One of several unordered choices.

    Args:
        choices: any values, at least one, as a tuple or list.

    Raises:
        ValueError: if there is no choice, or they are given in no order: a set of texts has another
            one in each process, so that seeded runs would not repeat.
    """

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check the choices."""
        choices: Any = self.choices  # whatever was given
        if isinstance(choices, set | frozenset) or not isinstance(choices, Iterable):
            msg = f"choices must be a tuple or list of values, got {choices!r}"
            raise ValueError(msg)
        try:
            object.__setattr__(self, "choices", tuple(choices))
        except TypeError as error:  # of an array without dimensions
            msg = f"choices must be a tuple or list of values, got {choices!r}"
            raise ValueError(msg) from error
        if not self.choices:
            msg = "choices must hold at least one value"
            raise ValueError(msg)

    @property
    def levels(self) -> float:
        """The number of choices."""
        return len(self.choices)

    @property
    def ordered(self) -> bool:
        """Choices have no order."""
        return False

    @property
    def even(self) -> bool:
        """Each choice has a cell, equally wide."""
        return True

    def places(self) -> Floats:
        """Return the middles of the choices' cells, in the order given, ``(k,)``."""
        return _middles(self.levels)

    def gaps(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the width of a cell: choices sit side by side, in an order of no meaning."""
        return _even_gaps(u, self.levels)

    def _index(self, value: object) -> float:
        for i, choice in enumerate(self.choices):
            # True == 1 in Python, but they are different choices; nan is equal to itself here
            same = value is choice or (type(value) is type(choice) and value == choice)
            if same or (value != value and choice != choice):  # noqa: PLR0124
                return i
        return next((i for i, choice in enumerate(self.choices) if choice == value), math.nan)

    def to_unit(self, values: Sequence[Any]) -> Floats:
        """Return the middle of each choice's cell; NaN for a value that is no choice."""
        return (np.array([self._index(v) for v in values], dtype=float) + 0.5) / self.levels

    def from_unit(self, u: Floats) -> list[Any]:
        """Return the choices in whose cells the places lie."""
        k = np.clip(np.floor(u * self.levels), 0, self.levels - 1)
        return [self.choices[int(i)] for i in k]

    def snap(self, u: Floats) -> Floats:
        """Move to the middle of the cell."""
        return to_cells(u, self.levels)
