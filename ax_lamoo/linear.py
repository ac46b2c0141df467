"""Linear constraints between parameters, in the user's units.

Ax allows them between numbers: linear ranges and ordered choices.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ax.core.parameter import FixedParameter, Parameter, ParameterType, RangeParameter
from ax.core.parameter_constraint import ParameterConstraint
from ax.core.search_space import SearchSpace

from lamoo.arrays import Bools, Floats, Ints

#: How exactly a constraint is kept; Ax asks for 1e-8.
EQUAL = 1e-9
#: How far a number may be from what follows from the others, as a share of its range: rounding, or
#: the room between two inequalities that are taken for an equality.
ON_PLANE = 1e-6
#: A weight of at most this share of the largest does not let its parameter be solved for.
SMALL = 1e-12


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Solved:
    """A parameter that follows from the others by an equality constraint, and has no column.

    Args:
        own: Ax's parameter.
        index: its index among the tunable parameters.
        weights: of all of these, shape ``(p,)``, 0 for itself and others that follow.
        constant: its value where they are all 0: it is that minus their weighted sum.
    """

    own: RangeParameter
    index: int
    weights: Floats
    constant: float

    def numbers(self, N: Floats) -> Floats:
        """Return its values, given the numbers (n, p) of all parameters."""
        return np.asarray(self.constant - N @ self.weights)


@dataclass(frozen=True, eq=False)
class Linear:
    """The linear constraints of a search space with ``p`` tunable parameters.

    Args:
        A: weights, shape ``(c, p)``.
        b: shape ``(c,)``; kept where ``A @ numbers <= b``, up to rounding.
        solved: what follows from an equality constraint.
    """

    A: Floats
    b: Floats
    solved: tuple[Solved, ...]

    @cached_property
    def used(self) -> Ints:
        """The indices of the parameters that are in any constraint."""
        return np.flatnonzero((self.A != 0).any(axis=0))

    def violation(self, N: Floats) -> Floats:
        """Return how far numbers (n, p) are from keeping the constraints, ``(n,)``."""
        return np.asarray(np.max(N @ self.A.T - self.b, axis=1))

    def complete(self, N: Floats) -> Floats:
        """Return numbers (n, p) with those that follow from the others."""
        N = N.copy()
        for solved in self.solved:
            N[:, solved.index] = solved.numbers(N)
        return N

    def without_solved(self) -> tuple[Floats, Floats]:
        """Return ``A`` (c, p) and ``b`` (c,) of the same limits of what does not follow."""
        A, b = self.A.copy(), self.b.copy()
        for solved in self.solved:
            weight = self.A[:, solved.index]
            A -= np.outer(weight, solved.weights)
            b -= weight * solved.constant
            A[:, solved.index] = 0.0
        return A, b

    def on_plane(self, N: Floats) -> Bools:
        """Tell where numbers (n, p) hold what follows from the others."""
        kept = np.ones(len(N), dtype=bool)
        for solved in self.solved:
            width = float(solved.own.upper) - float(solved.own.lower)
            kept &= np.abs(N[:, solved.index] - solved.numbers(N)) <= ON_PLANE * width
        return kept


def in_words(constraint: ParameterConstraint) -> str:
    """Return a linear constraint as a user writes it, with names in order.

    Ax keeps ``>=`` with all signs turned, and names in an order that changes from run to run.

    Example:
        >>> in_words(ParameterConstraint(inequality="2*x - y <= 1"))
        '2*x - y <= 1'
        >>> in_words(ParameterConstraint(inequality="x + y >= 0.5"))
        'x + y >= 0.5'
    """
    weights, bound, sign = constraint.constraint_dict, constraint.bound, "<="
    if constraint.is_equality:
        sign = "=="
    elif max(weights.values()) < 0:
        weights, bound, sign = {name: -w for name, w in weights.items()}, -bound, ">="
    terms = ""
    for name, weight in sorted(weights.items()):
        size = "" if abs(weight) == 1 else f"{abs(weight):.12g}*"
        terms += f"{' - ' if weight < 0 else ' + '}{size}{name}"
    return f"{'-' if terms[1:2] == '-' else ''}{terms[3:]} {sign} {bound:.12g}"


def linear_of(search_space: SearchSpace, fixed: Collection[str]) -> Linear:
    """Return the linear constraints of a search space.

    Args:
        search_space: Ax's.
        fixed: names of the parameters that are not solved for.
    """
    A, b = _inequalities(search_space)
    solved = _solve(search_space, *_equalities(search_space, A, b), fixed)
    limits = [(A, b + EQUAL * np.minimum(1.0, _magnitudes(search_space)))]
    for each in solved:
        row = np.zeros((1, A.shape[1]))
        row[0, each.index] = 1.0
        limits += [(-row, -np.array([each.own.lower])), (row, np.array([each.own.upper]))]
    A, b = (np.concatenate(parts) for parts in zip(*limits, strict=True))
    return Linear(A, b, solved)


def _signed(search_space: SearchSpace) -> list[tuple[ParameterConstraint, int]]:
    """Return the constraints, and the sign of each as an inequality; an equality has both."""
    return [
        (constraint, sign)
        for constraint in search_space.parameter_constraints
        for sign in ((1, -1) if constraint.is_equality else (1,))
    ]


def _inequalities(search_space: SearchSpace) -> tuple[Floats, Floats]:
    """Return ``A`` (c, p) and ``b`` (c,) of the linear constraints: ``A @ numbers <= b``."""
    tunable, signed = list(search_space.tunable_parameters), _signed(search_space)
    A, b = np.zeros((len(signed), len(tunable))), np.zeros(len(signed))
    for i, (constraint, sign) in enumerate(signed):
        b[i] = sign * constraint.bound
        for name, weight in constraint.constraint_dict.items():
            if name in tunable:
                A[i, tunable.index(name)] = sign * weight
            else:
                b[i] -= sign * weight * float(search_space.parameters[name].value)
    return A, b


def _magnitudes(search_space: SearchSpace) -> Floats:
    """Return how large the terms of each inequality can be, shape ``(c,)``.

    Where they are small (``1e-12*x <= 1e-12*y``), so is what may be due to rounding.
    """
    parameters, found = search_space.parameters, []
    for constraint, _ in _signed(search_space):
        terms = [abs(constraint.bound)]
        for name, weight in constraint.constraint_dict.items():
            terms += [abs(weight * float(value)) for value in _extremes(parameters[name])]
        found.append(max(terms))
    return np.array(found)


def _extremes(parameter: Parameter) -> list[Any]:
    """Return values of a number between which all others lie."""
    if isinstance(parameter, RangeParameter):
        return [parameter.lower, parameter.upper]
    return [parameter.value] if isinstance(parameter, FixedParameter) else list(parameter.values)


def _equalities(search_space: SearchSpace, A: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return the pairs of inequalities that are equalities, as ``A`` (e, p) and ``b`` (e,).

    ``Client`` takes no equality, so that people give two inequalities, ``<=`` and ``>=``: with
    other weights (``x + y <= 1``, ``2*x + 2*y >= 2``), or a little room between them.
    """
    size = np.abs(A).max(axis=1, initial=0.0)
    some = size > 0
    A, b = A[some] / size[some, None], b[some] / size[some]
    widths = [
        own.upper - own.lower if isinstance(own, RangeParameter) else np.inf
        for own in search_space.tunable_parameters.values()
    ]
    narrow = ON_PLANE * np.where(A != 0, widths, np.inf).min(axis=1, initial=np.inf)
    opposite = (np.abs(A[:, None] + A) <= SMALL).all(axis=2)
    room = b[:, None] + b
    alike = opposite & (room >= -SMALL * np.abs(b)) & (room <= narrow)
    first, second = np.nonzero(np.triu(alike, k=1))
    return A[first], (b[first] - b[second]) / 2


def _solve(
    search_space: SearchSpace, A: Floats, b: Floats, fixed: Collection[str]
) -> tuple[Solved, ...]:
    """Solve equalities ``A @ numbers == b`` for as many real numbers, by Gauss and Jordan."""
    tunable = list(search_space.tunable_parameters.values())
    M, p = np.column_stack([A, b]), len(tunable)
    taken = {
        i
        for i, own in enumerate(tunable)
        if not isinstance(own, RangeParameter)
        or own.parameter_type != ParameterType.FLOAT
        or own.name in fixed
    }
    pivots: dict[int, int] = {}
    for row in range(len(M)):
        size = np.array([0.0 if i in taken else abs(M[row, i]) for i in range(p)])
        pivot = int(size.argmax())
        if size[pivot] <= SMALL or len(pivots) == p - 1:
            continue
        M[row] /= M[row, pivot]
        others = np.arange(len(M)) != row
        M[others] -= np.outer(M[others, pivot], M[row])
        pivots[pivot] = row
        taken.add(pivot)
    found = []
    for i, row in pivots.items():
        own = tunable[i]
        assert isinstance(own, RangeParameter)  # noqa: S101 - nothing else is solved for
        found.append(Solved(own, i, M[row, :p] - np.eye(p)[i], float(M[row, p])))
    return tuple(found)
