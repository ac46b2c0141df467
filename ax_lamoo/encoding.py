"""Between the parameters of Ax's search space and the engine's points. No maths lives here.

Arms become points from their parameter dictionaries, and points become parameter dictionaries;
Ax's features (one-hot columns, logarithms) are for its own models, see :mod:`ax_lamoo.features`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from ax.core.observation import ObservationFeatures
from ax.core.parameter import DerivedParameter, FixedParameter, RangeParameter
from ax.core.search_space import SearchSpace
from ax.exceptions.core import UserInputError

from ax_lamoo.linear import Linear, in_words, linear_of
from ax_lamoo.parameters import Column, check_fixed, column_of, rounded
from ax_lamoo.sources import known_value
from lamoo import Space
from lamoo.arrays import Bools, Floats
from lamoo.space import near
from lamoo.space.activity import Activity, OneOf
from lamoo.space.known import Known
from lamoo.space.polytope import Polytope

#: A parameter dictionary of Ax.
Params: TypeAlias = Mapping[str, Any]
#: Values of one parameter that are listed at most, to draw from those that constraints allow.
LISTED = 1_000_000
#: Linear constraints that an error lists at most.
NAMED = 8


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Encoding:
    """A search space of Ax and the points that stand for its parameter dictionaries.

    Args:
        search_space: Ax's.
        columns: name -> parameter that the engine chooses, in the order of the columns of points.
        linear: the linear constraints, and what follows from them.
        fixed: name -> value that every proposal has. One that is no parameter of the search space
            is the end of the curves along which arms were measured.
    """

    search_space: SearchSpace
    columns: Mapping[str, Column]
    linear: Linear
    fixed: Mapping[str, Any]

    @cached_property
    def space(self) -> Space:
        """The engine's space, with what is fixed and the linear constraints."""
        parameters = {name: column.parameter for name, column in self.columns.items()}
        fixed = {
            name: self.columns[name].values([value])[0]
            for name, value in self.fixed.items()
            if name in self.columns
        }
        return Space(parameters, fixed, self.activity, self._known)

    @cached_property
    def _known(self) -> Known:
        """What is known of points: the linear constraints, and how to keep tight ones."""
        if not len(self.linear.b):
            return Known()
        polytope = self._polytope
        draw = self._draw if polytope is not None and polytope.tight else None
        return Known(violation=self._violation, draw=draw, limits=(self._limits,))

    def nothing_keeps(self, space: Space, *, untried: bool = False) -> str:
        """Return what to say where no configuration, with what is fixed, keeps the constraints.

        Args:
            space: the engine's, with all constraints.
            untried: whether some do that were tried.
        """
        limits = " and ".join(space.known.limits)
        if untried:
            return f"Every configuration{self._beside} that was found to keep {limits} was tried."
        return f"No configuration{self._beside} was found that keeps {limits}."

    @property
    def all_tried(self) -> str:
        """What to say where every configuration, with what is fixed, was tried."""
        return (
            f"Every configuration of the search space{self._beside} was tried. If several trials "
            "were asked for at once, Ax drops those that were found before this one: ask for fewer."
        )

    @property
    def _beside(self) -> str:
        fixed = {n: v for n, v in self.fixed.items() if n in self.search_space.parameters}
        return f" with {fixed} fixed" if fixed else ""

    @property
    def _limits(self) -> str:
        """What the user calls the linear constraints, the first few of many."""
        given = [in_words(constraint) for constraint in self.search_space.parameter_constraints]
        more = [f"{len(given) - NAMED} more"] if len(given) > NAMED else []
        return f"parameter_constraints {[*given[:NAMED], *more]}"

    @cached_property
    def _polytope(self) -> Polytope | None:
        """The linear constraints of the columns, ``None`` where a list of values is too long."""
        values: list[Floats | None] = []
        for column in (self.columns[name] for name in self._limited):
            if column.own.name in self.fixed:
                given = column.own.cast(self.fixed[column.own.name])
                values.append(np.array([given], dtype=float))
            elif np.isinf(column.parameter.levels):
                values.append(None)
            elif column.parameter.levels <= LISTED:
                values.append(np.unique(column.numbers(column.parameter.places())))
            else:
                return None
        ends = np.array(
            [
                self.columns[name].numbers(np.array([0.0, 1.0])) if own is None else own[[0, -1]]
                for name, own in zip(self._limited, values, strict=True)
            ]
        ).reshape(-1, 2)
        A, b = self.linear.without_solved()
        A = A[:, [self._tunable.index(name) for name in self._limited]]
        return Polytope(A, b, ends[:, 0], ends[:, 1], tuple(values))

    def _draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Return up to ``n`` random points (k, d) that keep the linear constraints."""
        assert self._polytope is not None  # noqa: S101 - for the type checker
        N = self._polytope.sample(n, rng)
        X = rng.random((len(N), len(self.columns)))
        for name, numbers in zip(self._limited, N.T, strict=True):
            X[:, [*self.columns].index(name)] = self.columns[name].to_unit(numbers.tolist())
        return X

    @cached_property
    def activity(self) -> Activity:
        """When each parameter of a hierarchical space is active."""
        index = {name: j for j, name in enumerate(self.columns)}
        rules = []
        for child, (parent, values) in _conditions(self.search_space).items():
            if {child, parent} <= index.keys():
                places = OneOf(tuple(self.columns[parent].to_unit(values).tolist()))
                rules.append((index[child], np.array([index[parent]]), places))
        return Activity(tuple(rules))

    @cached_property
    def _tunable(self) -> list[str]:
        return list(self.search_space.tunable_parameters)

    @cached_property
    def _untunable(self) -> Mapping[str, FixedParameter | DerivedParameter]:
        return dict(self.search_space.nontunable_parameters)

    def encode(self, params: Sequence[Params]) -> Floats:
        """Return the points (n, d) of parameter dictionaries, NaN where one is not active."""
        end = {
            name: v for name, v in self.fixed.items() if name not in self.search_space.parameters
        }
        filled = {**self.search_space.backfill_values(), **end}  # an arm without data has no curve
        X = np.full((len(params), len(self.columns)), np.nan)
        for j, (name, column) in enumerate(self.columns.items()):
            given = [row.get(name, filled.get(name)) for row in params]
            rows = [i for i, value in enumerate(given) if value is not None]
            X[rows, j] = column.to_unit([given[i] for i in rows])
        return self.activity.mask(near(X))

    def encode_others(self, params: Sequence[Params]) -> Floats:
        """Return the points (n, d) of parameter dictionaries that were made elsewhere.

        NaN where the search space does not know a parameter or its value.
        """
        X = np.full((len(params), len(self.columns)), np.nan)
        for j, (name, column) in enumerate(self.columns.items()):
            given = [known_value(column.own, row.get(name)) for row in params]
            rows = [i for i, value in enumerate(given) if value is not None]
            X[rows, j] = np.clip(column.to_unit([given[i] for i in rows]), -1.0, 2.0)
        return X

    def decode(self, X: Floats) -> list[dict[str, Any]]:
        """Return the parameter dictionaries of points (n, d), without what is not active."""
        names = np.array(list(self.columns))
        return [
            {name: value for name, value in row.parameters.items() if name not in absent}
            for row, inactive in zip(self.observation_features(X), np.isnan(X), strict=True)
            for absent in [set(names[inactive])]
        ]

    def observation_features(self, X: Floats) -> list[ObservationFeatures]:
        """Return points (n, d) as Ax keeps proposals.

        With the values of what is not active as metadata, which Ax's models ask for.
        """
        rows = [ObservationFeatures(parameters=params) for params in self.complete(X)]
        if not self.search_space.is_hierarchical:
            return rows
        return [self.search_space.cast_observation_features(row) for row in rows]

    def complete(self, X: Floats) -> list[dict[str, Any]]:
        """Return all parameters at points (n, d), whether they are active or not."""
        filled = np.nan_to_num(X, nan=0.5)
        values = {
            name: column.from_unit(u)
            for (name, column), u in zip(self.columns.items(), filled.T, strict=True)
        }
        if self.linear.solved:
            N = self._numbers(filled)
            for solved in self.linear.solved:
                given = N[:, solved.index].tolist()
                values[solved.own.name] = [rounded(solved.own, value) for value in given]
        for name in self.fixed.keys() & self.columns.keys():
            values[name] = [self.columns[name].own.cast(self.fixed[name])] * len(X)
        return [
            self._with_untunable({name: values[name][i] for name in self._tunable})
            for i in range(len(X))
        ]

    def _with_untunable(self, params: dict[str, Any]) -> dict[str, Any]:
        """Add the parameters that are fixed for all arms, then those that follow from others."""
        for name, parameter in self._untunable.items():
            if isinstance(parameter, FixedParameter):
                params[name] = parameter.value
        for name, parameter in self._untunable.items():
            if isinstance(parameter, DerivedParameter):
                params[name] = parameter.compute(params)
        return params

    def on_plane(self, params: Sequence[Params]) -> Bools:
        """Tell which parameter dictionaries (n,) keep the equality constraints.

        No other has a place where one parameter follows from the others.
        """
        N = np.zeros((len(params), len(self._tunable)))
        for name in self._constrained if self.linear.solved else ():
            own = self.search_space.parameters[name]
            given = [row.get(name, own.backfill_value) for row in params]
            N[:, self._tunable.index(name)] = [np.nan if v is None else float(v) for v in given]
        return self.linear.on_plane(N)

    @cached_property
    def _constrained(self) -> list[str]:
        """The names of the parameters that are in any linear constraint."""
        return [self._tunable[i] for i in self.linear.used]

    @cached_property
    def _limited(self) -> list[str]:
        """The names of those that have a column."""
        return [name for name in self._constrained if name in self.columns]

    def _numbers(self, X: Floats) -> Floats:
        """Return the numbers (n, p) at points (n, d) of parameters that are in any constraint."""
        N, names = np.zeros((len(X), len(self._tunable))), list(self.columns)
        for name in self._limited:
            N[:, self._tunable.index(name)] = self.columns[name].numbers(X[:, names.index(name)])
        return self.linear.complete(N)

    def _violation(self, X: Floats) -> Floats:
        """Return how far points (n, d) are from keeping the linear constraints, ``(n,)``."""
        return self.linear.violation(self._numbers(np.nan_to_num(X, nan=0.5)))


def encoding_of(
    search_space: SearchSpace,
    fixed: Mapping[str, Any] | None = None,
    curve: RangeParameter | None = None,
) -> Encoding:
    """Return the encoding of a search space.

    Args:
        search_space: Ax's.
        fixed: name -> value that every proposal shall have.
        curve: where on its curve an arm was measured. That is no parameter of the search space, but
            helps to predict; proposals are for the curves' end.
    """
    parameters = search_space.parameters
    disabled = {name: p.default_value for name, p in parameters.items() if p.is_disabled}
    values = {**disabled, **(fixed or {})}
    linear = linear_of(search_space, values.keys())
    follow = {solved.own.name for solved in linear.solved}
    tunable = search_space.tunable_parameters
    columns = {name: column_of(own) for name, own in tunable.items() if name not in follow}
    if curve is not None:
        columns[curve.name], values[curve.name] = column_of(curve), curve.upper
    return Encoding(search_space, columns, linear, values)


def fixed_in(
    fixed: ObservationFeatures | None, search_space: SearchSpace
) -> ObservationFeatures | None:
    """Return what is fixed, and with a parameter that depends on others also the branch it is in.

    Ax proposes points of other branches, without the parameter. A choice that the user has fixed
    stays as it is, and one that several values would do for is left open.

    Raises:
        UserInputError: if a parameter is fixed at what it cannot be, or the search space is one
            that Ax cannot keep.
    """
    check_fixed(fixed, search_space)
    check_space(search_space)
    _check_branches(search_space)
    if fixed is None or not search_space.is_hierarchical:
        return fixed
    conditions, asked = _conditions(search_space), dict(fixed.parameters)
    names = list(asked)
    while names:
        parent, values = conditions.get(names.pop(), (None, []))
        if parent is not None and parent not in asked and len(values) == 1:
            asked[parent] = values[0]
            names.append(parent)
    return fixed.clone(replace_parameters=asked)


def _conditions(search_space: SearchSpace) -> dict[str, tuple[str, list[Any]]]:
    """Return each dependent parameter's parent and the values that activate it, parents first.

    What depends on a fixed parameter depends on what that one depends on, if on anything.
    """
    parameters = search_space.parameters
    found: dict[str, tuple[str, list[Any]]] = {}
    level = list(search_space.top_level_parameters)
    while level:
        name = level.pop(0)
        parent = parameters[name]
        for value, children in (parent.dependents if parent.is_hierarchical else {}).items():
            level += [child for child in children if child not in level]
            for child in children:
                if not isinstance(parent, FixedParameter):
                    found.setdefault(child, (name, []))[1].append(value)
                elif name in found:
                    found[child] = found[name]
    return found


def check_space(space: SearchSpace) -> None:
    """Raise if a space has a fidelity, or a hierarchical one a derived parameter.

    Ax ends after the start-up in a ``TypeError`` about ``target_fidelities``, and in a
    ``NotImplementedError`` where there is a trial, or none yet (Ax 1.3.1).

    Raises:
        UserInputError: if it has one.
    """
    fidelities = [p.name for p in space.parameters.values() if p.is_fidelity]
    if fidelities:
        raise UserInputError(
            f"Ax's acquisitions cannot have a fidelity (is_fidelity), here {fidelities[0]!r}, and "
            "LaMOO would take cheap trials for results. Run all trials at its target_value, and "
            "report what they have on the way with progression="
        )
    derived = [p.name for p in space.parameters.values() if isinstance(p, DerivedParameter)]
    if space.is_hierarchical and derived:
        raise UserInputError(
            f"Ax cannot have a derived parameter, here {derived[0]!r}, in a search space with "
            "dependent_parameters. Compute it in the function that runs a trial"
        )


def _check_branches(space: SearchSpace) -> None:
    """Raise if a constraint is about a parameter of a branch: Ax cannot check it in any other.

    Raises:
        UserInputError: if one is.
    """
    children = _conditions(space).keys()
    for constraint in space.parameter_constraints:
        inside = sorted(children & constraint.constraint_dict.keys())
        if inside:
            raise UserInputError(
                f"parameter_constraints holds {constraint}, but {inside[0]!r} exists in one branch "
                "of the search space only, and Ax refuses all trials of the others. Give "
                "lamoo_generation_strategy a function in known_constraints instead, or tune "
                "parameters whose bounds say the same"
            )
