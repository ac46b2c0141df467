"""Between what Ax hands a generator and the engine's arrays. No maths lives here.

Ax's adapter has transformed everything before: numbers are linear, unordered choices are one-hot,
outcomes are standardised, thresholds and constraints absolute. Here its *features* (the columns
that a generator sees) become the engine's parameters, and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from ax.adapter.transforms.one_hot import OH_PARAM_INFIX
from ax.core.search_space import SearchSpaceDigest
from ax.generators.torch_base import TorchOptConfig
from torch import Tensor

from lamoo import Categorical, Float, History, Integer, Space
from lamoo.arrays import Bools, Floats
from lamoo.space import COUNTABLE, Parameter, near
from lamoo.space.activity import Activity, OneOf
from lamoo.space.history import Partial
from lamoo.space.prior import Known as KnownPoints
from lamoo.space.rows import first_rows, rows_in

#: The logarithm of the largest integer that logarithms tell from the next.
LARGEST_LOG = 9.0
#: How exactly an equality constraint is kept; Ax asks for 1e-8.
EQUAL = 1e-9


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Column:
    """One parameter of the engine, and the features in which Ax stores it.

    Args:
        name: the parameter's name.
        features: indices of its features: one, or one per choice where it is one-hot.
        parameter: the engine's view of it. One with finitely many values takes the integers from
            ``first`` on, in the order of ``choices``.
        choices: the values of its feature, shape ``(k,)``; empty where it is continuous.
    """

    name: str
    features: tuple[int, ...]
    parameter: Float | Integer | Categorical
    choices: Floats

    @property
    def one_hot(self) -> bool:
        """Whether there is one feature per choice."""
        return len(self.features) > 1

    @property
    def first(self) -> int:
        """What the engine calls the first choice."""
        return self.parameter.low if isinstance(self.parameter, Integer) else 0

    def values(self, F: Floats) -> Floats:
        """Return the engine's values of feature rows (n, f), shape ``(n,)``.

        Values between or beyond the choices (the space was changed since) stay between or beyond
        them; NaN where a parameter has none, or an unordered one has none of its choices.
        """
        mine: Floats = F[:, list(self.features)]
        if self.one_hot:
            return np.asarray(np.where(mine.max(axis=1) > 0, mine.argmax(axis=1), np.nan))
        column: Floats = mine[:, 0]
        if not len(self.choices):
            return column
        places = np.arange(len(self.choices), dtype=float) + self.first
        found = np.interp(column, self.choices, places)
        below, above = column < self.choices[0], column > self.choices[-1]
        if isinstance(self.parameter, Categorical):
            return np.asarray(np.where(below | above, np.nan, np.round(found)))
        if self.parameter.log:
            return np.asarray(np.where(below | above, 10.0**column, found))
        # beyond the ends as densely as at them
        gaps = np.diff(self.choices) if len(self.choices) > 1 else np.ones(1)
        found = np.where(below, places[0] + (column - self.choices[0]) / gaps[0], found)
        found = np.where(above, places[-1] + (column - self.choices[-1]) / gaps[-1], found)
        return np.asarray(found)

    def to_unit(self, F: Floats) -> Floats:
        """Return where feature rows (n, f) lie in the engine's unit interval, shape ``(n,)``."""
        values = self.values(F)
        if isinstance(self.parameter, Categorical):
            return (values + 0.5) / self.parameter.levels
        return self.parameter.to_unit(values.tolist())

    def places(self) -> Floats:
        """Return where its choices lie in the unit interval, shape ``(k,)``."""
        k = len(self.choices)
        F = np.zeros((k, max(self.features) + 1))
        F[:, list(self.features)] = np.eye(k) if self.one_hot else self.choices[:, None]
        return self.to_unit(F)

    def to_features(self, u: Floats) -> Floats:
        """Return the features of places in the unit interval (n,), shape ``(n, k)``."""
        values = self.parameter.from_unit(u)
        if not len(self.choices):
            return np.array(values, dtype=float)[:, None]
        index = np.array(values, dtype=np.intp) - self.first
        return np.eye(len(self.choices))[index] if self.one_hot else self.choices[index][:, None]


@dataclass(frozen=True, eq=False)
class Solved:
    """A feature that follows from the others by an equality constraint, and is no parameter.

    Args:
        feature: its index.
        weights: of all features, shape ``(f,)``, 0 for itself and others that follow.
        constant: what is left if they are all 0: its value is that minus their weighted sum.
        bounds: the least and the largest value that it may have.
    """

    feature: int
    weights: Floats
    constant: float
    bounds: tuple[float, float]

    def values(self, F: Floats) -> Floats:
        """Return its values in feature rows (n, f), shape ``(n,)``."""
        return np.asarray(self.constant - F @ self.weights)


@dataclass(frozen=True, eq=False)
class Columns:
    """All parameters of a search space, in the engine's order.

    Args:
        columns: one per parameter.
        width: the number of features ``f``.
        solved: what follows from them.
    """

    columns: tuple[Column, ...]
    width: int
    solved: tuple[Solved, ...] = ()

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The engine's parameters by name."""
        return {column.name: column.parameter for column in self.columns}

    def encode(self, F: Floats) -> Floats:
        """Return the points (n, d) of feature rows (n, f), as :meth:`lamoo.Space.encode` does."""
        X = [column.to_unit(F) for column in self.columns]
        return near(np.stack(X, axis=1))

    def decode(self, X: Floats) -> Floats:
        """Return the feature rows (n, f) of points (n, d).

        Ax's rows are complete: an inactive parameter gets some value, which Ax drops again.
        """
        F = np.zeros((len(X), self.width))
        for column, u in zip(self.columns, np.nan_to_num(X, nan=0.5).T, strict=True):
            F[:, column.features] = column.to_features(u)
        for solved in self.solved:
            F[:, solved.feature] = solved.values(F)
        return F

    def keep(self, F: Floats) -> Bools:
        """Tell which feature rows (n, f) hold what follows from the others, and can be encoded."""
        off = [np.abs(F[:, s.feature] - s.values(F)) > 1e-6 * np.ptp(s.bounds) for s in self.solved]
        return ~np.any(off, axis=0) if off else np.ones(len(F), dtype=bool)


def parameter_of(feature: str) -> str:
    """Return the name of the parameter that a feature belongs to."""
    return feature.rpartition(OH_PARAM_INFIX)[0] or feature


def columns_of(digest: SearchSpaceDigest, config: TorchOptConfig | None = None) -> Columns:
    """Return the parameters behind the features of a search space.

    Args:
        digest: the search space.
        config: has equality constraints and what is fixed; a continuous parameter that follows
            from others is none for the engine.
    """
    solved = _solved(digest, config)
    given = {s.feature for s in solved}
    groups: dict[str, list[int]] = {}
    for i, feature in enumerate(digest.feature_names):
        if i not in given:
            groups.setdefault(parameter_of(feature), []).append(i)
    columns = [_column(name, tuple(features), digest) for name, features in groups.items()]
    return Columns(tuple(columns), len(digest.feature_names), solved)


def _solved(digest: SearchSpaceDigest, config: TorchOptConfig | None) -> tuple[Solved, ...]:
    """Solve the equality constraints for as many continuous features, by Gauss and Jordan."""
    if config is None or config.equality_constraints is None:
        return ()
    A, b = (array(part) for part in config.equality_constraints)
    M = np.column_stack([A, b.ravel()])
    f = M.shape[1] - 1
    taken = {*digest.discrete_choices, *(config.fixed_features or {})}
    taken |= {i for i, name in enumerate(digest.feature_names) if parameter_of(name) != name}
    pivots: dict[int, int] = {}
    for row in range(len(M)):
        size = np.array([0.0 if i in taken else abs(M[row, i]) for i in range(f)])
        pivot = int(size.argmax())
        if size[pivot] <= 1e-12 or len(pivots) == f - 1:
            continue
        M[row] /= M[row, pivot]
        others = np.arange(len(M)) != row
        M[others] -= np.outer(M[others, pivot], M[row])
        pivots[pivot] = row
        taken.add(pivot)
    return tuple(
        Solved(i, M[row, :f] - np.eye(f)[i], float(M[row, f]), digest.bounds[i])
        for i, row in pivots.items()
    )


def _column(name: str, features: tuple[int, ...], digest: SearchSpaceDigest) -> Column:
    if len(features) > 1:
        k = len(features)
        return Column(name, features, Categorical(tuple(range(k))), np.arange(k, dtype=float))
    (i,) = features
    if i not in digest.discrete_choices:
        low, high = digest.bounds[i]
        return Column(name, features, Float(float(low), float(high)), np.empty(0))
    choices = np.sort(np.array(digest.discrete_choices[i], dtype=float))
    if i in digest.categorical_features:
        return Column(name, features, Categorical(tuple(range(len(choices)))), choices)
    return Column(name, features, _ordered(choices), choices)


def _ordered(choices: Floats) -> Integer:
    """Return the engine's parameter for ordered numbers (k,).

    Consecutive integers, also those of which Ax took the logarithm, are what they are; of anything
    else only the order counts.
    """
    counted = np.arange(len(choices))
    low = float(np.round(choices[0]))
    if abs(low) < COUNTABLE and np.array_equal(choices, low + counted):
        return Integer(int(low), int(low) + len(choices) - 1)
    if 0.0 <= choices[0] <= LARGEST_LOG:
        low = float(np.round(10.0 ** choices[0]))
        # compared as Ax has them: far apart in logarithms is never close in numbers
        if np.allclose(choices, np.log10(low + counted), rtol=0.0, atol=1e-12):
            return Integer(int(low), int(low) + len(choices) - 1, log=True)
    return Integer(0, len(choices) - 1)


def space_of(columns: Columns, config: TorchOptConfig, activity: Activity) -> Space:
    """Return the engine's space, with what is fixed and the linear constraints."""
    fixed = config.fixed_features or {}
    row = np.zeros((1, columns.width))
    row[:, list(fixed)] = list(fixed.values())
    values = {
        column.name: column.values(row)[0].item()
        for column in columns.columns
        if any(i in fixed for i in column.features)
    }
    for column in columns.columns:
        if column.name in values and not isinstance(column.parameter, Float):
            values[column.name] = round(values[column.name])
    limits = _limits(columns, config)
    if not limits:
        return Space(columns.parameters, values, activity)

    def violation(X: Floats) -> Floats:
        F = columns.decode(X)
        return np.asarray(np.max([np.max(F @ A.T - b, axis=1) for A, b in limits], axis=0))

    return Space(columns.parameters, values, activity, KnownPoints(violation=violation))


def _limits(columns: Columns, config: TorchOptConfig) -> list[tuple[Floats, Floats]]:
    """Return ``(A, b)`` of shapes (c, f) and (c,), kept where ``A @ features <= b``."""
    limits = []
    if config.linear_constraints is not None:
        A, b = (array(part) for part in config.linear_constraints)
        limits.append((A, b.ravel()))
    if config.equality_constraints is not None:
        A, b = (array(part) for part in config.equality_constraints)
        limits += [(A, b.ravel() + EQUAL), (-A, EQUAL - b.ravel())]
    for solved in columns.solved:
        low, high = solved.bounds
        A = np.zeros((2, columns.width))
        A[:, solved.feature] = -1.0, 1.0
        limits.append((A, np.array([-low, high])))
    return limits


def together(own: KnownPoints, told: KnownPoints) -> KnownPoints:
    """Return what is known of points, with the constraints of both."""
    violations = [v for v in (own.violation, told.violation) if v is not None]
    if len(violations) < 2:
        return replace(told, violation=violations[0] if violations else None)

    def violation(X: Floats) -> Floats:
        return np.asarray(sum(np.maximum(each(X), 0.0) for each in violations))

    return replace(told, violation=violation)


@dataclass(frozen=True)
class Branch:
    """A parameter of a hierarchical space, and what makes it active.

    Args:
        name: the parameter.
        parent: the one that it depends on.
        rows: feature rows ``(f,)`` with each of the parent's values that activate it.
    """

    name: str
    parent: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Measured:
    """The arms that have data, in the user's units.

    Args:
        arms: their names, ``n``.
        features: their rows ``(n, f)``.
        metrics: the signatures of the outcomes, ``k``.
        outcomes: their outcomes, shape ``(n, k)``, NaN where one is missing.
        sems: standard errors of the outcomes, shape ``(n, k)``, NaN where unknown.
        running: whether more may be reported, shape ``(n,)``.
    """

    arms: tuple[str, ...]
    features: Floats
    metrics: tuple[str, ...]
    outcomes: Floats
    sems: Floats
    running: Bools

    def at(self, kept: Bools) -> Measured:
        """Return only some of the arms (n,)."""
        return Measured(
            tuple(np.array(self.arms, dtype=object)[kept]),
            self.features[kept],
            self.metrics,
            self.outcomes[kept],
            self.sems[kept],
            self.running[kept],
        )


@dataclass(frozen=True, eq=False)
class Known:
    """What the adapter knows of an experiment, and what is wanted.

    Args:
        measured: the arms that have data.
        objectives: weights of the outcomes in each objective, maximised, shape ``(m, k)``.
        thresholds: of the objectives, maximised, shape ``(m,)``, NaN where there is none.
        constraints: ``(A, b)`` of shapes ``(c, k)`` and ``(c,)``, satisfied where
            ``A @ outcomes <= b``.
        failed: feature rows ``(j, f)`` of arms that ended without data.
        branches: of a hierarchical space, parents before children.
        search_space: what tells the user's search space from another.
        decode: returns the user's parameters at the engine's points (n, d), given the columns.
        encode: returns the engine's points (n, d) of such parameters, NaN where the search space
            does not know one or its value.
        seed: a number that belongs to the experiment; ``None`` while it has no trials.
    """

    measured: Measured
    objectives: Floats
    thresholds: Floats
    constraints: tuple[Floats, Floats]
    failed: Floats
    branches: tuple[Branch, ...]
    search_space: str
    decode: Callable[[Columns, Floats], Sequence[Mapping[str, Any]]]
    encode: Callable[[Columns, Sequence[Mapping[str, Any]]], Floats]
    seed: int | None


def activity_of(columns: Columns, branches: Sequence[Branch]) -> Activity:
    """Return when each parameter is active, given branches, parents before children."""
    index = {column.name: j for j, column in enumerate(columns.columns)}
    rules = []
    for branch in branches:
        parent = index[branch.parent]
        values = columns.columns[parent].to_unit(np.array(branch.rows))
        rules.append((index[branch.name], np.array([parent]), OneOf(tuple(values.tolist()))))
    return Activity(tuple(rules))


def on_plane(columns: Columns, known: Known) -> Known:
    """Return what is known without the arms that break an equality constraint.

    They have no place where one parameter follows from the others.
    """
    measured = known.measured
    kept, failed = columns.keep(measured.features), columns.keep(known.failed)
    if kept.all() and failed.all():
        return known
    return replace(known, measured=measured.at(kept), failed=known.failed[failed])


def complete(known: Known) -> Bools:
    """Tell which arms (n,) have all outcomes that count."""
    return np.asarray(_counting(known).all(axis=1))


def _counting(known: Known) -> Bools:
    """Tell which of the outcomes that count the arms have, shape ``(n, c)``."""
    weights = np.concatenate([known.objectives, known.constraints[0]])
    outcomes = known.measured.outcomes[:, (weights != 0).any(axis=0)]
    return np.asarray(~np.isnan(outcomes))


def history_of(
    columns: Columns, known: Known, pending: Sequence[Floats], activity: Activity
) -> History:
    """Return what is known of the experiment, all objectives minimised.

    Of a trial that lacks some of the outcomes that count, the others are learned. It may still be
    running; a trial that ended without any of them has failed.

    Args:
        columns: the parameters.
        known: the experiment.
        pending: feature rows (p, f) that wait for each outcome.
        activity: when each parameter is active.
    """

    def points(F: Floats) -> Floats:
        return activity.mask(columns.encode(F))

    measured, (A, b) = known.measured, known.constraints
    X, running = points(measured.features), measured.running
    Y, G = -_combined(measured.outcomes, known.objectives), _combined(measured.outcomes, A) - b
    with np.errstate(over="ignore"):
        noise = _combined(measured.sems**2, known.objectives**2)
    counting = _counting(known)
    whole = counting.all(axis=1)
    some = counting.any(axis=1) & ~whole
    waiting = points(np.concatenate([np.empty((0, columns.width)), *pending]))
    waiting = first_rows(np.concatenate([waiting, X[running & ~whole]]))
    done = rows_in(waiting, X[whole | (some & ~running)])
    return History(
        X[whole],
        Y[whole],
        G[whole],
        waiting[~done],
        np.concatenate([X[~whole & ~some & ~running], points(known.failed)]),
        noise=noise[whole],
        partial=Partial(X[some], Y[some], G[some], noise[some]),
    )


def reference_of(known: Known) -> tuple[float, ...] | None:
    """Return the user's objective thresholds, minimised; ``None`` if they gave none.

    NaN where an objective has none: the engine infers it.
    """
    point = -known.thresholds
    return None if np.isnan(point).all() else tuple(point.tolist())


def labels_of(known: Known) -> tuple[tuple[str, float], ...]:
    """Return what to call each objective, and what its values are multiplied by when minimised."""
    labels = []
    for weights in known.objectives:
        terms = [(known.measured.metrics[k], float(weights[k])) for k in np.flatnonzero(weights)]
        name = " + ".join(f"{weight:g}*{metric}" for metric, weight in terms)
        labels.append((terms[0][0], -terms[0][1]) if len(terms) == 1 else (name, -1.0))
    return tuple(labels)


def array(tensor: Tensor) -> Floats:
    """Return a tensor as an array of floats."""
    return np.asarray(tensor.detach().cpu().numpy(), dtype=float)


def _combined(values: Floats, weights: Floats) -> Floats:
    """Return weighted sums (n, k) of outcomes (n, o), given weights (k, o).

    An outcome of weight 0 does not count, whatever it is: NaN and infinity times 0 are NaN.
    """
    sums = [values[:, w != 0] @ w[w != 0] for w in weights]
    return np.array(sums).reshape(len(weights), len(values)).T
