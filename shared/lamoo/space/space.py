"""The search space: named parameters and the points of the unit cube that stand for them.

Every parameter owns one column, in which :mod:`lamoo.space.parameters` places its values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import qmc

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.activity import Activity, Kinds
from lamoo.space.known import Known, amounts
from lamoo.space.parameters import Float, Parameter, Scale, near, number_at, placed, to_cells
from lamoo.space.rows import first_rows

#: A space with at most this many configurations is enumerated rather than sampled.
ENUMERABLE = 20_000
#: A grid with at least this many values is treated as if it were continuous, then snapped.
FINE = 32
#: The range of a known feature is that over this many uniform points of the space.
LANDMARKS = 256
#: How far a value's place may be off by rounding: single precision has seven digits.
ROUNDED = 1e-6
#: A known feature whose largest value is more than this many times its least is on a log scale.
WIDE = 10.0


@dataclass(frozen=True)
class Space:
    """Named parameters, and what can be said about points without knowing any objective.

    Args:
        parameters: name -> :class:`lamoo.Float`, :class:`lamoo.Integer` or
            :class:`lamoo.Categorical`; their order is the order of the columns.
        fixed: values that every proposed point must have (for instance the parameters that a user
            has fixed for the trial at hand). Observed points may have others.
        activity: when each parameter is active, where that is known; otherwise it is learned from
            the observations.
        known: what is known of points without evaluating them.
        exclusive: names of parameters of which a configuration has at most one: the ranges that one
            parameter has in different branches.

    Raises:
        ValueError: if a parameter is none of these, ``fixed`` names an unknown one or an
            impossible value, or ``exclusive`` an unknown one.

    Example:
        >>> from lamoo.space import Categorical, Float
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
    exclusive: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        """Check the parameters, the fixed values and what excludes each other."""
        parameters: Any = self.parameters  # whatever was given, here and below
        if not isinstance(parameters, Mapping) or not all(
            hasattr(parameter, "from_unit") and not isinstance(parameter, type)
            for parameter in parameters.values()
        ):
            msg = (
                "parameters must map names to lamoo.Float, lamoo.Integer or lamoo.Categorical, got "
                f"{parameters!r}"
            )
            raise ValueError(msg)
        self._check_fixed()
        self._check_exclusive()

    def _check_fixed(self) -> None:
        fixed: Any = self.fixed
        if not isinstance(fixed, Mapping):
            msg = f"fixed must map names of parameters to values, got {fixed!r}"
            raise ValueError(msg)
        for name, value in self.fixed.items():
            if name not in self.parameters:
                msg = f"fixed names {name!r}, which is not one of {list(self.parameters)}"
                raise ValueError(msg)
            try:
                place = self.parameters[name].to_unit([value])
                impossible = place.shape != (1,) or bool(np.isnan(place[0]))
            except (TypeError, ValueError, OverflowError):  # a text for a number
                impossible = True
            if impossible:
                msg = f"fixed value {value!r} is impossible for {name!r}: {self.parameters[name]}"
                raise ValueError(msg)

    def _check_exclusive(self) -> None:
        exclusive: Any = self.exclusive
        if not isinstance(exclusive, Sequence) or not all(
            isinstance(group, Sequence) and all(isinstance(name, str) for name in group)
            for group in exclusive
        ):
            msg = f"exclusive must be a list of lists of names, got {exclusive!r}"
            raise ValueError(msg)
        unknown = sorted({name for group in exclusive for name in group} - {*self.parameters})
        if unknown:
            msg = f"exclusive names {unknown}, which are not among {list(self.parameters)}"
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
        """Which columns are unordered, shape ``(d,)``."""
        return np.array([not p.ordered for p in self.parameters.values()], dtype=bool)

    @cached_property
    def kinds(self) -> Kinds:
        """What tells which parameters others depend on, see :mod:`lamoo.space.activity`."""
        index = {name: j for j, name in enumerate(self.parameters)}
        groups = tuple(tuple(index[name] for name in group) for group in self.exclusive)
        return Kinds(self.levels, self.categorical, groups)

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
        kinds = ["" if p.ordered else repr(p) for p in self.parameters.values()]
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
        lines = self._lines
        try:
            values = [[p[name] for name in lines.names] for p in params]
            together = np.array(values, dtype=float).reshape(len(params), len(lines.names))
        except (KeyError, TypeError, ValueError, OverflowError):  # missing, or no number
            lines = lines.none
        else:
            X[:, lines.columns] = placed(together, lines.low, lines.high)
        for j, (name, parameter) in enumerate(self.parameters.items()):
            if name not in lines.names:
                rows = [i for i, p in enumerate(params) if name in p]
                if rows:
                    X[rows, j] = parameter.to_unit([params[i][name] for i in rows])
        return near(X)

    def decode(self, X: Floats) -> list[dict[str, Any]]:
        """Return parameter dictionaries of points ``(n, d)``; NaN entries are left out."""
        absent, lines = np.isnan(X), self._lines
        within = np.clip(X[:, lines.columns], 0, 1)
        numbers = np.clip(number_at(within, lines.low, lines.high), lines.low, lines.high)
        found = dict(zip(lines.names, numbers.T.tolist(), strict=True))
        columns = [
            found[name] if name in found else parameter.from_unit(np.where(gone, 0.5, u))
            for (name, parameter), u, gone in zip(
                self.parameters.items(), X.T, absent.T, strict=True
            )
        ]
        if not absent.any() and columns:
            return [
                dict(zip(self.parameters, row, strict=True)) for row in zip(*columns, strict=True)
            ]
        names = [*self.parameters]
        return [
            {names[j]: columns[j][i] for j in np.flatnonzero(~gone)}
            for i, gone in enumerate(absent)
        ]

    @cached_property
    def _lines(self) -> _Lines:
        """The continuous parameters on a linear scale, which are encoded and decoded together."""
        which = [
            (j, name, p)
            for j, (name, p) in enumerate(self.parameters.items())
            if isinstance(p, Float) and p.linear
        ]
        bounds = np.array([(float(p.low), float(p.high)) for _, _, p in which]).reshape(-1, 2)
        columns = np.array([j for j, *_ in which], dtype=np.intp)
        return _Lines(columns, {name: None for _, name, _ in which}, *bounds.T)

    def holds(self, X: Floats) -> Bools:
        """Tell which entries of points (n, d) are values of their parameters, shape ``(n, d)``.

        Neither out of bounds nor between two values; what is missing (NaN) is none.
        """
        return np.asarray(np.abs(X - self._nearest(X)) <= ROUNDED)

    def snap(self, X: Floats) -> Floats:
        """Move points ``(n, d)`` to the nearest that can be proposed.

        Fixed parameters take their value; parameters that would be inactive become NaN.
        """
        out = self._nearest(X)
        for j, (name, parameter) in enumerate(self.parameters.items() if self.fixed else ()):
            if name in self.fixed:
                out[:, j] = parameter.snap(parameter.to_unit([self.fixed[name]]))[0]
        return self.activity.mask(out)

    def _nearest(self, X: Floats) -> Floats:
        """Return points (n, d), each number of them moved to its parameter's nearest value."""
        out, (cells, others) = np.clip(X, 0, 1), self._evenly
        if len(cells):
            out[:, cells] = to_cells(X[:, cells], self.levels[cells])
        for j, parameter in others:
            out[:, j] = parameter.snap(X[:, j])
        return out

    def gaps(self, X: Floats) -> tuple[Floats, Floats]:
        """Return how far the next value up and down is, both ``(n, d)``, 0 where continuous."""
        up = np.empty(X.shape)
        up[:] = 1.0 / self.levels
        down, (_, others) = up.copy(), self._evenly
        for j, parameter in others:
            up[:, j], down[:, j] = parameter.gaps(X[:, j])
        return up, down

    @cached_property
    def _evenly(self) -> tuple[Ints, list[tuple[int, Parameter]]]:
        """The columns of even cells, and those that are not even; all others are continuous.

        A hundred parameters of one kind are moved together, a hundred times as fast.
        """
        even = np.array([p.even for p in self.parameters.values()], dtype=bool)
        others = [(j, p) for j, p in enumerate(self.parameters.values()) if not even[j]]
        return np.flatnonzero(even & np.isfinite(self.levels)), others

    def allows(self, X: Floats) -> Bools:
        """Tell which points (n, d) keep the known constraints, or may do so, shape ``(n,)``.

        Raises:
            TypeError: if their violation is told in truth values, of which true would be a 1.
        """
        violation = self.known.violation
        return np.ones(len(X), dtype=bool) if violation is None else ~(amounts(violation, X) > 0)

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw ``n`` points uniformly, shape ``(n, d)``."""
        return self.snap(rng.random((n, self.dimension)))

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw ``n`` points as :meth:`sample` does, with a value also for what is inactive."""
        return replace(self, activity=Activity()).sample(n, rng)

    def sobol(self, start: int, n: int, seed: int) -> Floats:
        """Return points ``start .. start + n`` of a scrambled Sobol sequence, ``(n, d)``.

        Dimensions beyond what Sobol numbers are tabulated for are drawn uniformly.

        Args:
            start: how many points of the sequence come before.
            n: how many are returned.
            seed: of the scrambling.
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
        return [*self.parameters.values()][j].places()

    def enumerate(self) -> Floats:
        """Return all configurations that can be proposed, shape ``(size, d)``.

        Raises:
            ValueError: if there are more than :data:`ENUMERABLE`.
        """
        if not self.enumerable:
            msg = f"a space with {self.size} configurations cannot be enumerated"
            raise ValueError(msg)
        columns = [self.places(j) if free else np.full(1, 0.5) for j, free in enumerate(self.free)]
        total = math.prod(map(len, columns))
        X, rest = np.empty((total, len(columns))), total
        for x, column in zip(X.T, columns, strict=True):  # NumPy's grids have 32 axes at most
            rest //= len(column)
            x[:] = np.tile(np.repeat(column, rest), total // (rest * len(column)))
        X = self.snap(X)
        return first_rows(X) if self.activity.rules else X

    # ------------------------------------------------------------------- what is known of points

    @cached_property
    def known_landmarks(self) -> Floats:
        """What is known of some uniform points, the same ones always, shape ``(n, k)``."""
        return self.known.predictors(self.sample(LANDMARKS, np.random.default_rng(0)))

    @cached_property
    def known_scales(self) -> list[Scale]:
        """The scale of each known feature: its range over uniform points, logarithmic if wide."""
        return [_spanning(column) for column in self.known_landmarks.T]

    def known_features(self, X: Floats) -> Floats:
        """Return the known objectives and features of points (n, d), scaled, shape ``(n, k)``.

        NaN where unknown; about ``[0, 1]`` each, see :attr:`known_scales`, and never further from
        it than 10 times its width.
        """
        # of features that are unknown at all landmarks not even their number is known
        scales = self.known_scales
        known = self.known.predictors(X)[:, : len(scales)]
        scaled = [
            # on a logarithmic scale, far below all landmarks (0, say) is as good as a little
            scale.to_unit(np.maximum(column, scale.low / 1e3) if scale.log else column)
            for scale, column in zip(scales, known.T, strict=True)
        ]
        return np.clip(np.stack(scaled, axis=1), -10.0, 10.0) if scaled else known


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class _Lines:
    """Continuous parameters on a linear scale, as arrays.

    Args:
        columns: in the space, shape ``(k,)``.
        names: in the same order; the values of this mapping mean nothing.
        low: lower bounds, shape ``(k,)``.
        high: upper bounds, shape ``(k,)``.
    """

    columns: Ints
    names: Mapping[str, None]
    low: Floats
    high: Floats

    @property
    def none(self) -> _Lines:
        """No parameter at all."""
        return _Lines(self.columns[:0], {}, self.low[:0], self.high[:0])


def _spanning(values: Floats) -> Scale:
    """Return a scale from the least to the largest value, logarithmic if that is tenfold."""
    values = values[~np.isnan(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low == high:
        high = low + max(abs(low), 1.0)
    return Scale(low, high, log=low > 0 and high > WIDE * low)
