"""What counts as a failure: values that are no measurements, and penalties for failed trials.

Somebody who must report a trial that failed returns infinity, a number too large to be true, or the
worst values there are. None of them says how good the point is.
"""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Bools, Floats

#: A value is absurd, and no measurement, if it is beyond this and so many times farther from its
#: objective's median than half of all values are.
ABSURD = 1e100
#: Values are clipped to this, so that neither differences nor sums of some hundred overflow.
_FAR = 1e304
#: Penalties are looked for among so many points or more, and are at most this share of them.
FEWEST, RARE = 8, 0.25


def measured(Y: Floats) -> Bools:
    """Tell which values (n, m) say how good a point is, and do not stand for a failure.

    Infinite ones do, and those beyond :data:`ABSURD` that are so many times farther from their
    objective's median than half of all are.
    """
    good = np.isfinite(Y)
    if not (np.abs(np.where(good, Y, 0.0)) > ABSURD).any():
        return good
    halves = Y / 2  # because a difference may be larger than a float can express
    for j, y in enumerate(halves.T):
        known = y[good[:, j]]
        if len(known):
            middle = np.quantile(known, 0.5, method="lower")
            spread = np.quantile(np.abs(known - middle), 0.5, method="lower")
            with np.errstate(over="ignore", invalid="ignore"):
                limit = ABSURD * (max(spread, abs(middle)) or 1.0)
                good[:, j] &= np.abs(y - middle) <= limit
    return good


def sound(Y: Floats) -> Bools:
    """Tell which of ``n`` points have nothing but measurements, all of them if none has.

    The others hold a value that is not :func:`measured` in an objective where some are: they stand
    for failures, and are no members of a front however good their other values are.

    Args:
        Y: objective values, shape ``(n, m)``; NaN is no measurement.

    Example:
        >>> sound(np.array([[np.inf, 0.5], [0.3, 2.0], [1e300, 1.0], [-np.inf, 1.0]]))
        array([False,  True, False, False])
    """
    good = measured(Y)
    kept: Bools = np.asarray((good | ~good.any(axis=0)).all(axis=1))
    return kept if kept.any() else np.ones(len(Y), dtype=bool)


def penalties(Y: Floats) -> Bools:
    """Tell which points (n, m) are likely penalties: worse in every objective than all others.

    Whoever must give a failed trial some values gives the worst there are, the same each time. A
    real point pays for what it lacks: objectives that conflict are rarely all at their worst.

    Example:
        >>> penalties(np.array([[float(i), -float(i)] for i in range(8)] + [[9.0, 9.0]] * 2))[-3:]
        array([False,  True,  True])
    """
    worst = (Y == Y.max(axis=0, initial=-np.inf)).all(axis=1)
    if len(Y) < FEWEST or Y.shape[1] < 2 or not 0 < worst.sum() <= RARE * len(Y):
        return np.zeros(len(Y), dtype=bool)
    strictly = (Y[~worst].max(axis=0) < Y[worst][0]).all()
    return np.asarray(worst & strictly)


def finite(Y: Floats) -> Floats:
    """Replace values that are not :func:`measured` by the worst or best one of their objective.

    An objective without any finite value becomes 0 everywhere. Values are clipped to ``+-1e304``,
    so that their differences do not overflow, nor sums of some hundred of them.
    """
    good = measured(Y)
    if good.all():
        return np.clip(Y, -_FAR, _FAR)
    worst = np.where(good, Y, -np.inf).max(axis=0, initial=-np.inf)
    best = np.where(good, Y, np.inf).min(axis=0, initial=np.inf)
    known = good.any(axis=0)
    worst, best = np.where(known, worst, 0.0), np.where(known, best, 0.0)
    return np.clip(np.where(good, Y, np.where(Y > 0, worst, best)), -_FAR, _FAR)
