"""The search space: named parameters and the points of the unit cube that stand for them.

Every parameter owns one column. A number is placed linearly (or logarithmically) between its
bounds; a parameter with finitely many values divides ``[0, 1]`` into one cell per value and sits
in the middle of its cell, so that a uniform draw, snapped, is a fair draw of every kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy.stats import qmc

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.activity import Activity
from lamoo.space.known import Known
from lamoo.space.rows import first_rows

#: A space with at most this many configurations is enumerated rather than sampled.
ENUMERABLE = 20_000
#: A grid with at least this many values is treated as if it were continuous, then snapped.
FINE = 32
#: A grid of floats with at least this many steps is no grid: floats cannot number its values.
COUNTABLE = 2.0**53
_LARGEST = float(np.finfo(float).max)
#: How many points tell the range of a fact, and from which ratio on its scale is logarithmic.
LANDMARKS, WIDE = 256, 10.0


class Parameter(Protocol):
    """What the space asks of a parameter: one column of the unit cube."""

    @property
    def levels(self) -> float:
        """The number of values it can take, ``inf`` if continuous."""

    def to_unit(self, values: Sequence[Any]) -> Floats:
        """Place values in the unit interval; one that the parameter cannot take becomes NaN."""

    def from_unit(self, u: Floats) -> list[Any]:
        """Return the nearest values, as Python scalars within the bounds."""

    def snap(self, u: Floats) -> Floats:
        """Move to the nearest representable place in the unit interval."""


def _check_bounds(low: float, high: float, *, log: bool, step: float | None) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        msg = f"low and high must be finite with low <= high, got low={low!r}, high={high!r}"
        raise ValueError(msg)
    if log and low <= 0:
        msg = f"low must be positive on a log scale, got low={low!r}"
        raise ValueError(msg)
    if step is not None and not (math.isfinite(step) and step > 0):
        msg = f"step must be positive and finite, got step={step!r}"
        raise ValueError(msg)
    if log and step is not None:
        msg = "step and log cannot be combined"
        raise ValueError(msg)


@dataclass(frozen=True)
class _Scale:
    """A monotone map between numbers and the unit interval, ``low`` at 0 and ``high`` at 1."""

    low: float
    high: float
    log: bool

    def to_unit(self, values: Sequence[float] | Floats) -> Floats:
        v = np.asarray(values, dtype=float)
        low, high = float(self.low), float(self.high)
        if self.log:
            v = np.log(np.where(v > 0, v, np.nan))
            low, high = math.log(low), math.log(high)
        # halves, because high - low overflows for the widest ranges a float can express
        width = high / 2 - low / 2
        if width == 0:
            return np.where(np.isfinite(v), 0.5, np.nan)
        with np.errstate(over="ignore"):
            return np.asarray((v / 2 - low / 2) / width)

    def from_unit(self, u: Floats) -> Floats:
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            with np.errstate(over="ignore"):  # at the largest float; the caller keeps the bounds
                return np.asarray(np.exp(low + u * (high - low)))
        return np.asarray(self.low * (1 - u) + self.high * u)


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
    def _steps(self) -> float:
        """How many steps there are between the bounds, ``inf`` without a step."""
        if self.step is None:
            return math.inf
        # halves, because high - low may be more, and half a step less, than a float can express
        return (self.high / 2 - self.low / 2) / self.step * 2

    @property
    def _scale(self) -> _Scale:
        if self.step is None or self._steps >= COUNTABLE:
            return _Scale(self.low, self.high, self.log)
        top = self.low + (self.levels - 1) * self.step
        low, high = self.low - self.step / 2, top + self.step / 2
        return _Scale(max(low, -_LARGEST), min(high, _LARGEST), log=False)

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
        return _cell(u, self.levels)


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
        _check_bounds(self.low, self.high, log=self.log, step=None if self.log else self.step)
        if self.log and self.step != 1:
            msg = f"step must be 1 on a log scale, got step={self.step!r}"
            raise ValueError(msg)

    @property
    def levels(self) -> float:
        """The number of values."""
        return (self.high - self.low) // self.step + 1

    @property
    def _scale(self) -> _Scale:
        top = self.low + (int(self.levels) - 1) * self.step
        return _Scale(self.low - self.step / 2, top + self.step / 2, self.log)

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

    def gaps(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the distances to the places of the next value up and down, ``inf`` below 1."""
        v = np.array(self.from_unit(u), dtype=float)
        scale = self._scale
        up, down = scale.to_unit(v + self.step) - u, u - scale.to_unit(v - self.step)
        return up, np.where(np.isnan(down), np.inf, down)

    def snap(self, u: Floats) -> Floats:
        """Move to the place of the nearest integer."""
        if not self.log:
            return _cell(u, self.levels)
        known = np.isfinite(u)
        out = np.full(u.shape, np.nan)
        out[known] = self.to_unit(self.from_unit(u[known]))
        return out


@dataclass(frozen=True)
class Categorical:
    """One of several unordered choices.

    Raises:
        ValueError: if there is no choice.
    """

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check the choices."""
        object.__setattr__(self, "choices", tuple(self.choices))
        if not self.choices:
            msg = "choices must hold at least one value"
            raise ValueError(msg)

    @property
    def levels(self) -> float:
        """The number of choices."""
        return len(self.choices)

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
        return _cell(u, self.levels)


def near(X: Floats) -> Floats:
    """Return places (n, d), those far outside the unit interval nearer to it, in their order.

    None is further away than the interval is wide, and only half of that stays as it is.
    """
    half = np.clip(X, -0.5, 1.5)
    beyond = np.minimum(np.abs(X - half), 1e12)
    return np.asarray(half + np.sign(X - half) * beyond / (1.0 + 2.0 * beyond))


def _cell(u: Floats, levels: float) -> Floats:
    """Return the middle of the cell, of ``levels`` equal ones, in which each place lies."""
    return np.asarray((np.clip(np.floor(u * levels), 0, levels - 1) + 0.5) / levels)


@dataclass(frozen=True)
class Space:
    """Named parameters, and what can be said about points without knowing any objective.

    Args:
        parameters: name -> :class:`Float`, :class:`Integer` or :class:`Categorical`; their order
            is the order of the columns.
        fixed: values that every proposed point must have (for instance the parameters that a user
            has fixed for the trial at hand). Observed points may have others.
        activity: when each parameter is active, where that is known; otherwise it is learned from
            the observations.
        known: what can be told of points without evaluating them.

    Raises:
        ValueError: if ``fixed`` names an unknown parameter or an impossible value.

    Example:
        >>> space = Space({"lr": Float(1e-4, 1.0, log=True), "act": Categorical(("relu", "gelu"))})
        >>> X = space.encode([{"lr": 1e-2, "act": "gelu"}, {"act": "relu"}])
        >>> X
        array([[0.5 , 0.75],
               [ nan, 0.25]])
        >>> space.decode(X)[1]
        {'act': 'relu'}
    """

    parameters: Mapping[str, Parameter]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    activity: Activity = Activity()
    known: Known = field(default_factory=Known)

    def __post_init__(self) -> None:
        """Check the fixed values."""
        for name, value in self.fixed.items():
            if name not in self.parameters:
                msg = f"fixed names {name!r}, which is not one of {list(self.parameters)}"
                raise ValueError(msg)
            if np.isnan(self.parameters[name].to_unit([value])[0]):
                msg = f"fixed value {value!r} is impossible for {name!r}: {self.parameters[name]}"
                raise ValueError(msg)

    @property
    def dimension(self) -> int:
        """The number of parameters ``d``."""
        return len(self.parameters)

    @cached_property
    def levels(self) -> Floats:
        """The number of values of each parameter, shape ``(d,)``, ``inf`` where continuous."""
        return np.array([p.levels for p in self.parameters.values()], dtype=float)

    @cached_property
    def categorical(self) -> Bools:
        """Which columns are unordered, shape ``(d,)``. Two values have no order to speak of."""
        return np.array([isinstance(p, Categorical) for p in self.parameters.values()], dtype=bool)

    @cached_property
    def smooth(self) -> Bools:
        """Which columns are continuous, or ordered with :data:`FINE` values or more, ``(d,)``."""
        return np.asarray(~self.categorical & (self.levels >= FINE))

    @cached_property
    def alike(self) -> Ints:
        """Which categorical columns share one tuple of choices, shape ``(d,)``.

        Columns with the same choices have the same label ``>= 0``, numbers have -1. In an
        architecture such parameters are the same decision made at several places, and how often
        each choice was made says much about the whole.
        """
        # their representation, because True == 1 and NaN differs from itself
        kinds = [repr(p) if isinstance(p, Categorical) else "" for p in self.parameters.values()]
        labels = {kind: i for i, kind in enumerate(sorted(set(kinds) - {""}))}
        return np.array([labels.get(kind, -1) for kind in kinds], dtype=np.intp)

    @cached_property
    def free(self) -> Bools:
        """Which columns can take more than one value, shape ``(d,)``."""
        pinned = np.array([name in self.fixed for name in self.parameters], dtype=bool)
        return np.asarray((self.levels > 1) & ~pinned)

    @property
    def size(self) -> float:
        """The number of configurations that can be proposed, ``inf`` if any is continuous."""
        with np.errstate(over="ignore"):
            return float(np.prod(self.levels[self.free]))

    @property
    def enumerable(self) -> bool:
        """Whether :meth:`enumerate` is affordable."""
        return self.size <= ENUMERABLE

    def encode(self, params: Sequence[Mapping[str, Any]]) -> Floats:
        """Return the points ``(n, d)`` of parameter dictionaries; NaN where one is missing.

        Numbers outside the bounds (the space was narrowed since) lie outside the unit interval, in
        their order, but no further than its width.
        """
        X = np.full((len(params), self.dimension), np.nan)
        for j, (name, parameter) in enumerate(self.parameters.items()):
            rows = [i for i, p in enumerate(params) if name in p]
            if rows:
                X[rows, j] = parameter.to_unit([params[i][name] for i in rows])
        return near(X)

    def decode(self, X: Floats) -> list[dict[str, Any]]:
        """Return parameter dictionaries of points ``(n, d)``; NaN entries are left out."""
        out: list[dict[str, Any]] = [{} for _ in range(len(X))]
        for j, (name, parameter) in enumerate(self.parameters.items()):
            rows = np.flatnonzero(~np.isnan(X[:, j]))
            for i, value in zip(rows, parameter.from_unit(X[rows, j]), strict=True):
                out[i][name] = value
        return out

    def snap(self, X: Floats) -> Floats:
        """Move points ``(n, d)`` to the nearest that can be proposed.

        Fixed parameters take their value; parameters that would be inactive become NaN.
        """
        out = np.empty_like(X)
        for j, (name, parameter) in enumerate(self.parameters.items()):
            if name in self.fixed:
                out[:, j] = parameter.snap(parameter.to_unit([self.fixed[name]]))[0]
            else:
                out[:, j] = parameter.snap(X[:, j])
        return self.activity.mask(out)

    def allows(self, X: Floats) -> Bools:
        """Tell which points (n, d) keep the known constraints, shape ``(n,)``."""
        violation = self.known.violation
        return np.ones(len(X), dtype=bool) if violation is None else violation(X) <= 0

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw ``n`` points uniformly, shape ``(n, d)``."""
        return self.snap(rng.random((n, self.dimension)))

    def sobol(self, start: int, n: int, seed: int) -> Floats:
        """Return points ``start .. start + n`` of a scrambled Sobol sequence, ``(n, d)``.

        Dimensions beyond what Sobol numbers are tabulated for are drawn uniformly.
        """
        d = min(self.dimension, qmc.Sobol.MAXDIM)
        U = np.random.default_rng((seed, start)).random((n, self.dimension))
        engine = qmc.Sobol(d, rng=np.random.default_rng(seed))
        if start:
            engine.fast_forward(start)
        for i in range(n):  # one by one: a block must have a length that is a power of two
            U[i, :d] = engine.random()[0]
        return self.snap(U)

    def places(self, j: int) -> Floats:
        """Return where the values of the j-th parameter sit, a finite one, increasing, ``(k,)``."""
        parameter = [*self.parameters.values()][j]
        if isinstance(parameter, Integer) and parameter.log:
            return parameter.to_unit(range(parameter.low, parameter.high + 1))
        return (np.arange(parameter.levels) + 0.5) / parameter.levels

    def enumerate(self) -> Floats:
        """Return all configurations that can be proposed, shape ``(size, d)``.

        Raises:
            ValueError: if there are more than :data:`ENUMERABLE`.
        """
        if not self.enumerable:
            msg = f"a space with {self.size} configurations cannot be enumerated"
            raise ValueError(msg)
        columns = [self.places(j) if free else np.full(1, 0.5) for j, free in enumerate(self.free)]
        grid = np.meshgrid(*columns, indexing="ij")
        X = self.snap(np.stack([g.ravel() for g in grid], axis=1))
        return first_rows(X) if self.activity.rules else X

    def perturb(self, X: Floats, rate: Floats, rng: np.random.Generator) -> Floats:
        """Change a few parameters of each point, at least one, and snap.

        A number moves by a normal step whose size is drawn log-uniformly from ``10^-2.5`` to
        ``10^-0.5`` of its range, to the next value at least, and away from a bound that it sits
        on; a choice becomes another one; an inactive parameter first gets a uniform value, in
        case the change activates it.

        Args:
            X: points, shape ``(n, d)``.
            rate: the expected number of changed parameters of each point, shape ``(n,)``.
            rng: the random generator.
        """
        n, d = X.shape
        filled = np.where(np.isnan(X), rng.random((n, d)), X)
        if not self.free.any():
            return self.snap(filled)
        columns = np.flatnonzero(self.free)
        change = np.zeros((n, d), dtype=bool)
        change[:, columns] = rng.random((n, len(columns))) < rate[:, None] / len(columns)
        change[np.arange(n), rng.choice(columns, n)] |= ~change.any(axis=1)
        sigma = 10 ** rng.uniform(-2.5, -0.5, (n, 1))
        step = sigma * rng.standard_normal((n, d))
        up, down = self._gaps(filled)
        rises = np.where(step > 0, filled + up < 1, filled - down <= 0)
        least = np.where(rises, up, down)
        step = np.where(rises, 1.0, -1.0) * np.maximum(np.abs(step), least)
        moved = np.clip(filled + step, 0.0, 1.0)
        turn = rng.integers(1, np.maximum(self._choices, 2), (n, d)) / self.levels
        other = (filled + turn) % 1.0
        return self.snap(np.where(change, np.where(self.categorical, other, moved), filled))

    def _gaps(self, X: Floats) -> tuple[Floats, Floats]:
        """Return how far the next value up and down is, both ``(n, d)``, 0 where continuous."""
        up = np.tile(1.0 / self.levels, (len(X), 1))
        down = up.copy()
        for j, parameter in enumerate(self.parameters.values()):
            if isinstance(parameter, Integer) and parameter.log:
                up[:, j], down[:, j] = parameter.gaps(X[:, j])
        return up, down

    @cached_property
    def _choices(self) -> Floats:
        """The number of choices of each categorical column, 2 elsewhere, shape ``(d,)``."""
        return np.where(self.categorical, self.levels, 2)

    def features(self, X: Floats) -> Floats:
        """Return what a boundary is learned on: ``[x - .5, (x - .5)^2]`` and one-hot choices.

        Up to three numbers are also multiplied in pairs, so that an ellipsoid may be oblique:
        then there are no more products than squares. In 10 dimensions, 45 products harm.

        An inactive parameter has all its features at zero: it pulls a point to neither side. Facts
        count as numbers.

        Args:
            X: points, shape ``(n, d)``.

        Returns:
            Features, shape ``(n, p)``, ``p = 2 * (numbers + facts) + products + sum(choices)``.
        """
        numbers = np.nan_to_num(X[:, ~self.categorical] - 0.5, nan=0.0)
        blocks = [numbers, numbers**2]
        k = numbers.shape[1]
        if k <= 3:
            first, second = np.triu_indices(k, 1)
            blocks.append(numbers[:, first] * numbers[:, second])
        for j in np.flatnonzero(self.categorical):
            k = int(self.levels[j])
            # NaN compares false with every choice, which leaves the row of zeros it should
            cell = np.floor(X[:, j] * k)
            blocks.append((cell[:, None] == np.arange(k)).astype(float))
        if self.known:
            facts = self.facts(X) - 0.5
            blocks += [facts, facts**2]
        return np.concatenate(blocks, axis=1)

    # ------------------------------------------------------------------- what is known of points

    @cached_property
    def _scales(self) -> list[_Scale]:
        """The scale of each fact: its range over some points of the space, logarithmic if wide."""
        facts = self.known.facts(self.sample(LANDMARKS, np.random.default_rng(0)))
        return [_spanning(column) for column in facts.T]

    def facts(self, X: Floats) -> Floats:
        """Return what is known of points (n, d), shape ``(n, k)``, about ``[0, 1]`` each."""
        facts = self.known.facts(X)
        scaled = [
            # on a logarithmic scale, far below all landmarks (0, say) is as good as a little
            scale.to_unit(np.maximum(column, scale.low / 1e3) if scale.log else column)
            for scale, column in zip(self._scales, facts.T, strict=True)
        ]
        return np.clip(np.stack(scaled, axis=1), -10.0, 10.0) if scaled else facts

    def inputs(self, X: Floats) -> Floats:
        """Return what a surrogate learns from: points (n, d) and their facts, ``(n, d + k)``."""
        return np.concatenate([X, self.facts(X)], axis=1) if self.known else X

    @cached_property
    def input_categorical(self) -> Bools:
        """Which columns of :meth:`inputs` are unordered, shape ``(d + k,)``."""
        facts = len(self._scales) if self.known else 0
        return np.concatenate([self.categorical, np.zeros(facts, dtype=bool)])

    @cached_property
    def input_alike(self) -> Ints:
        """:attr:`alike` for the columns of :meth:`inputs`, shape ``(d + k,)``."""
        facts = len(self._scales) if self.known else 0
        return np.concatenate([self.alike, np.full(facts, -1, dtype=np.intp)])

    def input_slopes(self, x: Floats) -> Floats:
        """Return how :meth:`inputs` of one point (d,) change with it, shape ``(d + k, d)``.

        Facts by differences: over neighbouring values, or hardly any way where continuous.
        """
        d = self.dimension
        slopes = np.zeros((len(self.input_categorical), d))
        slopes[:d] = np.eye(d)
        columns = np.flatnonzero(self.smooth & self.free & ~np.isnan(x))
        if len(columns):
            step = np.maximum(1.0 / self.levels[columns], 1e-4)
            up, down = (np.repeat(x[None], len(columns), axis=0) for _ in range(2))
            rows = np.arange(len(columns))
            up[rows, columns] = np.minimum(x[columns] + step, 1.0)
            down[rows, columns] = np.maximum(x[columns] - step, 0.0)
            width = up[rows, columns] - down[rows, columns]
            facts = self.facts(np.concatenate([up, down]))
            slopes[d:, columns] = (facts[: len(rows)] - facts[len(rows) :]).T / width
        return slopes

    def extent(self, j: int) -> tuple[float, float]:
        """Return about the least and the largest value of the j-th objective, a known one."""
        scale = self._scales[self.known_column(j) - self.dimension]
        return scale.low, scale.high

    def known_column(self, j: int) -> int:
        """Return which column of :meth:`inputs` tells the j-th objective, a known one."""
        return self.dimension + sorted(self.known.objectives).index(j)

    def known_objective(self, inputs: Floats, j: int) -> Floats:
        """Return the values (n,) of the j-th objective, a known one, from :meth:`inputs`."""
        column = self.known_column(j)
        return self._scales[column - self.dimension].from_unit(inputs[:, column])


def _spanning(values: Floats) -> _Scale:
    """Return a scale from the least to the largest value, logarithmic if that is tenfold."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        high = low + max(abs(low), 1.0)
    return _Scale(low, high, log=low > 0 and high > WIDE * low)
