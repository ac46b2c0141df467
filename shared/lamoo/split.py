"""One boundary: good points on one side, bad points on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.svm import SVC, LinearSVC

from lamoo.arrays import Bools, Floats

Kernel = Literal["linear", "poly", "rbf"]


def label(dominance_number: Floats, tie_break: Floats) -> Bools:
    """Label the better half of the points good (LaMOO, section 3.1), shape ``(n,)``.

    Good is a dominance number at most the median, or below it if that leaves nobody bad. If all
    numbers are equal (many objectives: nobody dominates anybody) the tie-break decides alike.

    Args:
        dominance_number: how many points dominate each point, shape ``(n,)``.
        tie_break: a second criterion, smaller is better, shape ``(n,)``.

    Returns:
        True where good. Both labels occur unless both criteria are constant.
    """
    for score in (dominance_number, tie_break):
        good = score <= np.median(score)
        if good.all():
            good = score < np.median(score)
        if good.any():
            return np.asarray(good)
    return np.ones(len(dominance_number), dtype=bool)


@dataclass(frozen=True)
class Boundary:
    """A learned surface in feature space; ``decision`` is positive on the good side.

    Args:
        model: the fitted support vector machine.
    """

    model: LinearSVC | SVC

    def decision(self, features: Floats) -> Floats:
        """Return the signed decision value of each row (n, p), shape ``(n,)``."""
        if isinstance(self.model, LinearSVC):
            # the same product as decision_function's, without a millisecond of input checks
            return np.asarray(features @ self.model.coef_[0] + self.model.intercept_[0])
        return np.asarray(self.model.decision_function(features))


def learn_boundary(features: Floats, good: Bools, kernel: Kernel = "linear") -> Boundary:
    """Fit a support vector machine (C = 1) that tells good points from bad (section 3.1).

    Args:
        features: shape ``(n, p)``, as :meth:`lamoo.space.Space.features` makes them. Because they
            hold squares, the linear kernel can already close an ellipsoid around an optimum.
        good: labels, shape ``(n,)``, both present.
        kernel: ``"linear"``, ``"poly"`` (cubic) or ``"rbf"``.

    Raises:
        ValueError: if only one label is present.
    """
    if good.all() or not good.any():
        msg = "good must hold both labels"
        raise ValueError(msg)
    if kernel == "linear":
        # the primal problem, solved to a fixed accuracy without random sweeps: deterministic
        model: LinearSVC | SVC = LinearSVC(C=1.0, dual=False)
    else:
        model = SVC(C=1.0, kernel=kernel)
    return Boundary(model.fit(features, good))
