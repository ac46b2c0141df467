"""Successive halving for several objectives: at a few steps only the best go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.checks import check, check_whole, is_number
from lamoo.curves import Curve, Curves


@dataclass(frozen=True)
class Halving:
    """Stops a trial that is not among the best at a rung.

    Rungs are the steps ``min_step``, ``min_step * reduction_factor``, ``min_step *
    reduction_factor**2``, ... A trial that comes to one goes on if it is among the best
    ``1 / reduction_factor`` of all that have come as far until then, itself included; the first
    few, of whom that is less than one, go on. Nobody waits for anybody.

    Better is who is in an earlier layer of dominance. Of the layer of which only some can go on
    those do that are far apart: first each objective's best, then always the farthest from those
    (the greedy epsilon-net).

    Sources: Schmucker, Donini, Zafar, Salinas and Archambeau, "Multi-objective asynchronous
    successive halving" (2021), algorithm 1 and the epsilon-net of section 3; Li et al., "A system
    for massively parallel hyperparameter tuning" (2020).

    Args:
        reduction_factor: at each rung one in so many goes on, an integer, at least 2.
        min_step: the first rung, above 0. Less than 1 is for steps that are shares of a training.

    Raises:
        ValueError: if one is less, infinite or no number.
    """

    reduction_factor: int = 3
    min_step: float = 1

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_whole("reduction_factor", self.reduction_factor, 2)
        fine = is_number(self.min_step) and 0 < self.min_step < math.inf
        check("min_step", self.min_step, "a finite number above 0", fine=fine)

    def stops(self, curve: Curve, others: Curves) -> bool:
        """Tell whether to stop a trial that has just made its last report.

        Args:
            curve: of the trial, with a value of each objective.
            others: all other trials of the study.
        """
        rung = self._rung(curve)
        if rung is None:
            return False
        rivals = others.at(rung)
        rivals = rivals[~np.isnan(rivals).any(axis=1)]
        rivals = rivals[np.lexsort(rivals.T)]  # so that their order decides no tie
        own = curve.values[np.searchsorted(curve.steps, rung)]
        return not goes_on(np.vstack([rivals, own]), (len(rivals) + 1) // self.reduction_factor)

    def _rung(self, curve: Curve) -> float | None:
        """Return the rung that the last report came to, ``None`` if the one before had."""
        steps = np.append(-np.inf, curve.steps)
        if steps[-1] < self.min_step:
            return None
        rung = self.min_step
        while rung * self.reduction_factor <= steps[-1]:
            rung *= self.reduction_factor
        return rung if steps[-2] < rung else None


def goes_on(Y: Floats, places: int) -> bool:
    """Tell whether the last of some points is among the best, see :class:`Halving`.

    Args:
        Y: values ``(n, m)``; ``inf`` is allowed.
        places: how many are; with none everybody is.

    Example:
        >>> Y = np.array([[0.0, 4.0], [4.0, 0.0], [1.0, 3.9], [2.0, 2.0]])
        >>> goes_on(Y, 3), goes_on(Y[[0, 1, 3, 2]], 3)
        (True, False)
    """
    if not places:
        return True
    layer = pareto.layers(Y)
    inner, edge = (layer < layer[-1]).sum(), np.flatnonzero(layer == layer[-1])
    left = places - int(inner)
    if not 0 < left < len(edge):
        return left > 0
    chosen = pareto.far_apart(pareto.normalise(Y)[edge], left)
    return bool((chosen == len(edge) - 1).any())
