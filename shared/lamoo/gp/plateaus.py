"""Plateaus: parts of the space where all values are equal, since a parameter does nothing there.

The least size of a leaf does nothing in a tree of depth 1, a learning rate nothing to a single
stump as long as no prediction changes sides. Nobody says so, and a process that also learns from
where the parameter matters expects that it may. Where such a part is an end of the front, it is
asked for again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space import Space
from lamoo.space.history import History

#: Boxes that are looked at, those that were tested most.
MOST = 256
#: The probability that a point between two observations with equal values has these values, too,
#: where there is no plateau.
BY_CHANCE = 0.05
#: Coordinates that differ by less are equal.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Plateaus:
    """Boxes between two observations with equal values, in which none had others.

    Args:
        low: the least coordinates of each box ``(b, d)``, NaN where a parameter is inactive.
        high: the largest; of a choice, the other one.
        categorical: which columns are choices, ``(d,)``.
        tests: how many more observations had the same values well inside each, ``(b,)``.
    """

    low: Floats
    high: Floats
    categorical: Bools
    tests: Ints

    def log_new(self, X: Floats) -> Floats:
        """Return the log probability ``(n,)`` that points (n, d) have values of their own.

        By Bayes' rule: the odds are even before any test, and what is no plateau passes each one
        with :data:`BY_CHANCE`. It is 0 outside all boxes.
        """
        tests = np.where(self.hold(X), self.tests[:, None], -1).max(axis=0, initial=-1)
        plateau = -np.logaddexp(0.0, -tests * np.log(BY_CHANCE))
        return np.asarray(np.where(tests < 0, 0.0, plateau))

    def hold(self, X: Floats, *, well: bool = False) -> Bools:
        """Tell which boxes hold which points (n, d), shape ``(b, n)``.

        Args:
            X: the points.
            well: whether at an end of a number's range counts as outside.
        """
        held = np.ones((len(self.low), len(X)), dtype=bool)
        columns = zip(X.T, self.low.T, self.high.T, self.categorical, strict=True)
        for x, low, high, categorical in columns:
            least, most = low[:, None], high[:, None]
            at_end = (np.abs(x - least) <= _SAME) | (np.abs(x - most) <= _SAME)
            inside = (x > least) & (x < most)
            if categorical:
                inside = at_end
            elif well:
                inside = np.where(most - least > _SAME, inside & ~at_end, at_end)
            else:
                inside |= at_end
            held &= inside | (np.isnan(x) & np.isnan(least))
        return held


def plateaus(space: Space, data: History) -> Plateaus:
    """Find the boxes between observations that have the same parameters and differ in numbers.

    And in one choice at most: two may be equal because they swap theirs. There is none as long as
    all values are equal.

    Args:
        space: their space.
        data: the observations, each point once.
    """
    X, choices = data.X, space.categorical
    label = np.unique(data.means, axis=0, return_inverse=True)[1].ravel()
    branch = np.unique(np.isnan(X), axis=0, return_inverse=True)[1].ravel()
    alike = (label[:, None] == label) & (branch[:, None] == branch) & (label.max() > 0)
    first, second = np.nonzero(np.triu(alike, 1))
    other = np.abs(X[first] - X[second]) > _SAME
    pairs = other[:, ~choices].any(axis=1) & (other[:, choices].sum(axis=1) <= 1)
    first, second = first[pairs], second[pairs]
    low, high = np.minimum(X[first], X[second]), np.maximum(X[first], X[second])
    boxes = Plateaus(low, high, choices, np.zeros(len(low), dtype=np.intp))
    same = label == label[first][:, None]
    tests = (boxes.hold(X, well=True) & same).sum(axis=1)
    rows = np.flatnonzero(~(boxes.hold(X) & ~same).any(axis=1))
    rows = rows[np.argsort(-tests[rows], kind="stable")[:MOST]]
    return Plateaus(low[rows], high[rows], choices, tests[rows])
