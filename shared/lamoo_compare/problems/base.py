"""What a test problem is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.space import Space

Params = Mapping[str, Any]
Direction = Literal["minimize", "maximize"]
#: Parameter -> (parent, values): it exists only where its parent exists and has one of the values.
Conditions = Mapping[str, tuple[str, tuple[Any, ...]]]


@dataclass(frozen=True)
class Problem:
    """A search space, an objective function, and how its results are scored.

    Objective values and the reference point are in the user's directions and in raw units.

    Args:
        name: what :func:`lamoo_compare.problems.load` knows it by.
        space: all parameters, also those that exist under a condition.
        directions: ``"minimize"`` or ``"maximize"``, one per objective.
        evaluate: parameters -> objective values, all NaN where the evaluation fails.
        reference_point: where the hypervolume is measured from. For scoring only: an optimiser
            must not see it.
        best_hypervolume: the hypervolume of the best front known.
        source: where ``best_hypervolume`` comes from.
        conditions: of the parameters that do not always exist. Parents stand before their children.
        best_front: the objective values of the best front, where all of it is known.
        noise: standard deviations of what an evaluation adds to each objective, ``()`` for none;
            ``evaluate`` returns the true values, which are what is scored.
        known: indices of the objectives that need no training.
        features: numbers that say much about a configuration, where somebody knows such.
        canonical: a key that is the same for configurations that are really the same.
        constraints: how many constraints there are.
        constrain: parameters -> constraint values, satisfied where ``<= 0``.
        curves: parameters -> the objective values after each epoch of training, of which
            ``evaluate`` gives the last, shape ``(epochs, m)``; ``None`` if there are no epochs.
    """

    name: str
    space: Space
    directions: tuple[Direction, ...]
    evaluate: Callable[[Params], tuple[float, ...]]
    reference_point: tuple[float, ...]
    best_hypervolume: float
    source: str
    conditions: Conditions = field(default_factory=dict)
    best_front: tuple[tuple[float, ...], ...] = ()
    noise: tuple[float, ...] = ()
    known: tuple[int, ...] = ()
    features: Callable[[Params], Sequence[float]] | None = None
    canonical: Callable[[Params], int] | None = None
    constraints: int = 0
    constrain: Callable[[Params], tuple[float, ...]] = lambda _: ()
    curves: Callable[[Params], Floats] | None = None

    def scored(self, params: Params) -> tuple[float, ...]:
        """Return the true objective values, all NaN where a constraint is violated."""
        values = self.evaluate(params)
        feasible = all(value <= 0 for value in self.constrain(params))
        return values if feasible else (math.nan,) * len(values)

    def observe(self, values: Sequence[float], rng: np.random.Generator) -> tuple[float, ...]:
        """Return what an optimiser is told of an evaluation: true ``values`` (m,) plus noise."""
        if not self.noise:
            return tuple(values)
        return tuple((np.asarray(values) + rng.normal(0.0, self.noise)).tolist())

    def active(self, params: Params) -> Iterator[str]:
        """Yield the names of the parameters that exist, reading ``params`` as it is filled."""
        for name in self.space.parameters:
            parent, values = self.conditions.get(name, (name, ()))
            if parent == name or (parent in params and params[parent] in values):
                yield name

    def hypervolume(self, values: ArrayLike) -> float:
        """Return the hypervolume of objective values ``(n, m)``, in raw units; 0 if ``n = 0``."""
        curve = self.hypervolume_curve(values)
        return float(curve[-1]) if len(curve) else 0.0

    def hypervolume_curve(self, values: ArrayLike) -> Floats:
        """Return the hypervolume after each of ``n`` evaluations, shape ``(n,)``.

        Args:
            values: objective values in the order of evaluation, shape ``(n, m)``. Values that do
                not beat the reference point in every objective (or are NaN) add nothing.
        """
        sign = signs(self.directions)
        Y = sign * np.asarray(values, dtype=float).reshape(-1, len(sign))
        return pareto.hypervolume_curve(Y, sign * np.asarray(self.reference_point))


def signs(directions: Sequence[str]) -> Floats:
    """Return what turns each objective into one to be minimised, shape ``(m,)``."""
    return np.array([-1.0 if direction == "maximize" else 1.0 for direction in directions])
