"""Linear constraints between parameters, in the user's units.

Ax allows them between numbers: linear ranges and ordered choices.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.search_space import SearchSpace

from lamoo.arrays import Bools, Floats, Ints

#: How exactly a constraint is kept; Ax asks for 1e-8.
EQUAL = 1e-9
#: How far a number may be from what follows from the others, as a share of its range: rounding.
ON_PLANE = 1e-6
#: A weight of at most this size does not let its parameter be solved for.
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


def linear_of(search_space: SearchSpace, fixed: Collection[str]) -> Linear:
    """Return the linear constraints of a search space.

    Args:
        search_space: Ax's.
        fixed: names of the parameters that are not solved for.
    """
    A, b, equal = _constraints(search_space)
    solved = _solve(search_space, A[equal], b[equal], fixed)
    limits = [
        (A[~equal], b[~equal] + EQUAL),
        (A[equal], b[equal] + EQUAL),
        (-A[equal], EQUAL - b[equal]),
    ]
    for each in solved:
        row = np.zeros((1, A.shape[1]))
        row[0, each.index] = 1.0
        limits += [(-row, -np.array([each.own.lower])), (row, np.array([each.own.upper]))]
    A, b = (np.concatenate(parts) for parts in zip(*limits, strict=True))
    return Linear(A, b, solved)


def _constraints(search_space: SearchSpace) -> tuple[Floats, Floats, Bools]:
    """Return ``A`` (c, p) and ``b`` (c,) of the linear constraints, and which are equalities.

    ``Client`` takes no equality, so that people give two inequalities, ``<=`` and ``>=``.
    """
    tunable = list(search_space.tunable_parameters)
    constraints = search_space.parameter_constraints
    A, b = np.zeros((len(constraints), len(tunable))), np.zeros(len(constraints))
    for i, constraint in enumerate(constraints):
        b[i] = constraint.bound
        for name, weight in constraint.constraint_dict.items():
            if name in tunable:
                A[i, tunable.index(name)] = weight
            else:
                b[i] -= weight * float(search_space.parameters[name].value)
    equal = np.array([constraint.is_equality for constraint in constraints], dtype=bool)
    rows = np.column_stack([A, b])
    # of two inequalities that say the opposite, the second follows from the first as an equality
    first, second = np.nonzero(np.triu((rows[:, None] == -rows).all(axis=2), k=1))
    both = ~equal[first] & ~equal[second]
    equal[first[both]] = True
    kept = ~np.isin(np.arange(len(b)), second[both])
    return A[kept], b[kept], equal[kept]


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
