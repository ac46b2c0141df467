"""Whether climbs pay, judged by what they brought.

A climb changes all numbers of a point at once. Where the models are right about that, climbs bring
nearly all that is gained (DTLZ2 with 100 parameters: ten times as much as children do); where they
are not, a fifth of what children bring, and lead the front astray (the trajectory of MORBO's
benchmark, whose parameters are steps). So what they brought lately decides how many climb.

Nobody noted which observations were climbs, but they show it: a child has the numbers of its
parents, all but those that it changed; what climbed has hardly any number of anybody.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lamoo import pareto
from lamoo.arrays import Bools, Floats
from lamoo.gp.ehvi import random_rays, ray_lengths, reaches
from lamoo.space import Space
from lamoo.space.history import History

#: The latest observations that are judged, at most; how many numbers of each are looked at.
JUDGED, LOOKED_AT = 256, 16
#: Before anything is known it counts as if so many climbs had brought so much less than as many
#: children. To begin with more of them cost a third of the hypervolume where they do not pay.
DOUBTS, DOUBT = 5, 1 / 3
#: The share of the proposals that climb, at least and at most: what pays may change.
LEAST, MOST = 0.02, 0.95
#: Rays along which gains of hypervolume are measured.
RAYS = 1024
#: Bits of the numbers of places that coordinates are spread over, and the factor that spreads them
#: (Fibonacci hashing: Knuth, "The art of computer programming" 3, section 6.4).
SLOTS, _SPREADING = 14, 0x9E3779B97F4A7C15


def share(space: Space, history: History, since: int) -> float:
    """Return which share of the proposals is to climb along numbers.

    That is by the squares of what climbs and all others brought on average, so that twice as much
    means four times as often.

    Args:
        space: its space; 0 of the proposals climb where no parameter can.
        history: what was observed.
        since: how many of the first observations say nothing of it.
    """
    columns = np.flatnonzero(space.free & space.smooth)
    if not len(columns):
        return 0.0
    few = columns[np.linspace(0, len(columns) - 1, min(LOOKED_AT, len(columns))).astype(np.intp)]
    since = min(max(since, history.n - JUDGED), history.n)
    gain = gains(history.means, history.violation, since)
    climbed = moved(history.X[:, few], since)
    usual = gain.mean() if gain.any() else 1.0
    by_climbs = (gain[climbed].sum() + DOUBTS * DOUBT * usual) / (climbed.sum() + DOUBTS)
    by_others = (gain[~climbed].sum() + DOUBTS * usual) / ((~climbed).sum() + DOUBTS)
    return float(np.clip(by_climbs**2 / (by_climbs**2 + by_others**2), LEAST, MOST))


def moved(X: Floats, since: int = 0) -> Bools:
    """Tell which points have fewer than half of their coordinates of earlier ones.

    NaN is nobody's.

    Args:
        X: the points, shape ``(n, k)``.
        since: how many of the first are not asked about.

    Returns:
        Shape ``(n - since,)``.
    """
    there = ~np.isnan(X[since:])
    known = np.zeros(there.shape, dtype=bool)
    perhaps = _perhaps_among(X, since)
    for j, (before, column) in enumerate(zip(X[:since].T, X[since:].T, strict=True)):
        values, first, which = np.unique(column, return_index=True, return_inverse=True)
        # few are asked about: to look others up among them is sooner done than to sort all
        candidates = before[perhaps[:, j]]
        place, old = np.searchsorted(values, candidates), np.zeros(len(values) + 1, dtype=bool)
        old[place[np.append(values, np.nan)[place] == candidates]] = True
        known[:, j] = old[which] | (first[which] < np.arange(len(column)))
    return np.asarray((known & there).sum(axis=1) < there.sum(axis=1) / 2)


def _perhaps_among(X: Floats, since: int) -> Bools:
    """Leave out most of the first coordinates that no later point has in the same column.

    Equal ones share one of 2^:data:`SLOTS` places, which is found several times sooner than where a
    number stands among others.

    Args:
        X: the points, shape ``(n, k)``.
        since: how many are first.

    Returns:
        Shape ``(since, k)``: true where a later one may be equal.
    """
    bits = np.ascontiguousarray(X.T + 0.0).view(np.uint64)  # -0.0 equals 0.0
    slots = (bits * np.uint64(_SPREADING)) >> np.uint64(64 - SLOTS)
    taken = np.zeros((len(bits), 1 << SLOTS), dtype=bool)
    found = np.empty((len(bits), since), dtype=bool)
    for row, slot, out in zip(taken, slots.astype(np.intp), found, strict=True):
        row[slot[since:]] = True
        np.take(row, slot[:since], out=out)
    return found.T


def gains(Y: Floats, violation: Floats, since: int) -> Floats:
    """Return what each observation after the first ones added to the hypervolume of all before it.

    An estimate along rays (Deng and Zhang 2019), from a reference point that all values infer.

    Args:
        Y: objective values, shape ``(n, m)``.
        violation: total constraint violations, shape ``(n,)``; what is infeasible adds nothing.
        since: how many are first.

    Returns:
        Multiples of gains, shape ``(n - since,)``.
    """
    scaled, reference = pareto.comparable(Y, violation, None)
    scaled = np.where(violation[:, None] > 0, np.inf, scaled)
    rays = random_rays(RAYS, Y.shape[1], np.random.default_rng(0))
    first = scaled[:since][pareto.nondominated(scaled[:since])]
    gain, later = np.zeros(len(Y) - since), scaled[since:]
    # most add nothing, which is told sooner
    perhaps = np.flatnonzero(~(first[:, None] <= later).all(axis=2).any(axis=0))
    each = reaches(later[perhaps], reference, rays)
    reach = np.vstack([ray_lengths(first, reference, rays)[None], each])
    for before, after in pairwise(reach):  # ten times as fast as to accumulate along an axis
        np.maximum(before, after, out=after)
    gain[perhaps] = np.diff((reach ** Y.shape[1]).mean(axis=1))
    return gain
