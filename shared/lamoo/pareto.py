"""Objective vectors: who dominates whom, hypervolume, and where to measure it from.

Everything is minimised. A violation is a point's total constraint violation, 0 where feasible.
"""

from __future__ import annotations

import moocore
import numpy as np

from lamoo.arrays import Bools, Floats, Ints, Memo, filled, frozen
from lamoo.failures import finite

#: Up to so many objectives hypervolumes are exact.
EXACT = 5
#: Powers of two of the volumes that a float holds, up or down, with a little room.
_POWERS = 1020.0
#: Answers of :func:`representative` that are remembered: a proposal asks a few times.
_representatives: Memo[Ints] = Memo(32)
#: Of more points than this, those that so many good ones dominate are left out first.
_MANY, _GOOD = 512, 8
#: To find good ones, an objective's median is that of every so many points.
_SOME = 16
_LARGEST = np.finfo(float).max
#: The message where hypervolumes are not :func:`expressible`; the reference point is appended.
INEXPRESSIBLE = (
    "hypervolume, the product of what every objective gained, is beyond what a float can hold: "
    "give the objectives in other units"
)


def dominance_matrix(Y: Floats, violation: Floats | None = None) -> Bools:
    """Tell which points dominate which, shape ``(n, n)``: row dominates column.

    A point dominates another if it is nowhere worse and somewhere better. With constraints, a
    feasible point dominates an infeasible one and, of two infeasible ones, the less violating
    dominates (Deb et al. 2002, constrained domination).

    Args:
        Y: objective values, shape ``(n, m)``; infinities compare as usual.
        violation: total constraint violations, shape ``(n,)``; ``None`` means all feasible.
    """
    n = len(Y)
    no_worse = np.ones((n, n), dtype=bool)
    for y in Y.T:  # objective by objective keeps the memory at n^2 bytes
        # places in the order compare like the values and, in two bytes, several times faster
        place = np.unique(y, return_inverse=True)[1].astype("int16" if n < 2**15 else "int32")
        no_worse &= place[:, None] <= place[None, :]
    dominates = no_worse & ~no_worse.T
    if violation is not None and violation.any():
        v = violation
        both_feasible = (v[:, None] == 0) & (v[None, :] == 0)
        dominates = (dominates & both_feasible) | (v[:, None] < v[None, :])
    return dominates


def dominance_number(Y: Floats, violation: Floats | None = None) -> Ints:
    """Count how many points dominate each point (LaMOO, section 3.1), shape ``(n,)``.

    Example:
        >>> dominance_number(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
        array([0, 0, 2, 3])
    """
    return np.asarray(dominance_matrix(Y, violation).sum(axis=0), dtype=np.intp)


def nondominated(Y: Floats, violation: Floats | None = None) -> Bools:
    """Tell which points nobody dominates, shape ``(n,)``; of equal points all are kept.

    While nothing is feasible these are the least violating points.
    """
    keep = np.ones(len(Y), dtype=bool) if violation is None else violation == np.min(violation)
    if violation is None or (keep.any() and violation[keep.argmax()] == 0):
        left = np.flatnonzero(keep)
        if len(left) > _MANY:
            left = left[~_clearly_dominated(Y if len(left) == len(Y) else Y[left])]
        # moocore is made for finite values: 0.3 does not survive all others
        values = np.clip(Y[left], -_LARGEST, _LARGEST)
        keep[:] = False
        keep[left[moocore.is_nondominated(values, keep_weakly=True)]] = True
    return keep


def _clearly_dominated(Y: Floats) -> Bools:
    """Tell which points (n, m) some good ones are better than in every objective, ``(n,)``.

    Most of many points are, which is told sooner than who is on the front.
    """
    columns = np.ascontiguousarray(Y.T)  # reductions along rows this short take ten times as long
    total = np.zeros(len(Y))
    with np.errstate(all="ignore"):  # whoever is chosen, the answer is true
        for y in columns:
            half = y / 2  # because a difference may be larger than a float can express
            low = half.min()
            total += (half - low) / (np.median(half[::_SOME]) - low)
    dominated = np.zeros(len(Y), dtype=bool)
    for good in Y[np.argpartition(total, _GOOD)[:_GOOD]]:
        worse = columns[0] > good[0]
        for y, best in zip(columns[1:], good[1:], strict=True):
            worse &= y > best
        dominated |= worse
    return dominated


def layers(Y: Floats) -> Ints:
    """Return which layer of dominance each point is in, shape ``(n,)``.

    0 for those that nobody dominates, 1 for those that only they do, and so on (non-dominated
    sorting, Deb et al. 2002). Infinities compare as usual; equal points are in the same layer.

    Args:
        Y: objective values, shape ``(n, m)``.

    Example:
        >>> layers(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, np.inf]]))
        array([0, 0, 1, 2])
    """
    if not len(Y):
        return np.zeros(0, dtype=np.intp)
    values = np.clip(Y, -_LARGEST, _LARGEST)  # as for `nondominated`
    return np.asarray(moocore.pareto_rank(values), dtype=np.intp)


def representative(Y: Floats, violation: Floats, size: int) -> Ints:
    """Return the indices, increasing, of at most ``size`` points that stand for all ``n``.

    Half are the best, Pareto layer by layer (the infeasible last, by violation); of the layer that
    is too large to fit, points far apart. Half are spread evenly over the rest.

    Args:
        Y: objective values, shape ``(n, m)``; infinities compare as usual.
        violation: total constraint violations, shape ``(n,)``.
        size: how many are wanted at most.
    """
    if len(Y) <= size:
        return np.arange(len(Y))
    Y, violation = (np.ascontiguousarray(array, dtype=float) for array in (Y, violation))
    return _representatives(lambda: _representative(Y, violation, size), Y, violation, size)


def _representative(Y: Floats, violation: Floats, size: int) -> Ints:
    """Return what :func:`representative` does, in an array that nobody can write."""
    half = size // 2
    feasible = violation == 0
    layer = np.zeros(len(Y), dtype=np.intp)
    layer[feasible] = layers(Y[feasible])
    layer[~feasible] = len(Y) + np.unique(violation[~feasible], return_inverse=True)[1]
    order = np.argsort(layer, kind="stable")
    last = layer[order[half]]
    inner, edge = np.flatnonzero(layer < last), np.flatnonzero(layer == last)
    best = np.concatenate([inner, edge[far_apart(normalise(Y[edge]), half - len(inner))]])
    others = np.ones(len(Y), dtype=bool)
    others[best] = False
    rest = np.flatnonzero(others)
    even = rest[np.linspace(0, len(rest) - 1, size - half).astype(np.intp)]
    return frozen(np.sort(np.concatenate([best, even])))


def far_apart(Y: Floats, size: int) -> Ints:
    """Return ``size`` indices: each objective's best, then always the point farthest from them.

    Args:
        Y: values ``(n, m)``, in comparable units.
        size: at most ``n``.
    """
    chosen = [*dict.fromkeys(Y.argmin(axis=0).tolist())][:size]
    columns = np.ascontiguousarray(Y.T)  # several times faster than the rows of Y
    distance = np.full(len(Y), np.inf)
    for k in range(size):
        if k == len(chosen):
            chosen.append(int(distance.argmax()))
        i = chosen[k]
        away = columns - columns[:, i, None]
        np.minimum(distance, (away**2).sum(axis=0), out=distance)
        distance[i] = -1.0  # not again, even where others lie at the same place
    return np.array(chosen, dtype=np.intp)


def hypervolume(Y: Floats, reference: Floats) -> float:
    """Return the volume dominated by points ``(n, m)`` up to the reference point ``(m,)``.

    Points that do not dominate the reference point add nothing; no points have volume 0. One that
    does and holds ``-inf`` has volume ``inf``. Exact up to :data:`EXACT` objectives; beyond, where
    that takes seconds, an estimate to about a percent along directions that are always the same
    (Deng and Zhang 2019), so that of two sets the one that holds the other has no less.
    """
    inside = (Y < reference).all(axis=1)
    if not inside.any():
        return 0.0
    if np.isneginf(Y[inside]).any():
        return np.inf
    inner = np.ascontiguousarray(Y[inside])
    if len(reference) > EXACT:
        return float(moocore.hv_approx(inner, ref=reference, nsamples=2048, method="DZ2019-HW"))
    return float(moocore.hypervolume(inner, ref=reference))


def expressible(Y: Floats, reference: Floats) -> bool:
    """Tell whether hypervolumes of points (n, m) are neither too large nor too small for a float.

    What is measured from a reference point (m,) lies in a box up to it. Points that hold NaN or an
    infinite value do not count.

    Example:
        >>> Y = np.array([[0.0, 1.0], [1.0, 0.0]])
        >>> [expressible(unit * Y, unit * np.array([2.0, 2.0])) for unit in (1.0, 1e-200, 1e200)]
        [True, False, False]
    """
    inside = Y[np.isfinite(Y).all(axis=1) & (Y < reference).all(axis=1)]
    if not len(inside):
        return True
    sides = reference / 2 - inside.min(axis=0) / 2  # halves, whose difference a float can hold
    powers = np.log2(np.maximum(sides, np.finfo(float).tiny)) + 1
    return bool(abs(powers.sum()) <= _POWERS)


def contributions(Y: Floats, reference: Floats) -> Floats:
    """Return what the hypervolume would lose without each of ``n`` points, shape ``(n,)``.

    Exact up to :data:`EXACT` objectives; beyond, a multiple of an estimate along rays from the
    reference point (Deng and Zhang 2019). A point that stands twice loses nothing.

    Args:
        Y: finite objective values, shape ``(n, m)``, of which none dominates another.
        reference: shape ``(m,)``.
    """
    n, m = Y.shape
    if not n:
        return np.zeros(0)
    if 2 <= m <= EXACT:
        return np.asarray(moocore.hv_contributions(Y, ref=reference))
    rays = np.abs(np.random.default_rng(0).standard_normal((1024, m))) + 1e-6
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    # how far each ray runs inside what each point dominates, and the two farthest
    length = (np.maximum(reference - Y, 0.0)[:, None] / rays).min(axis=2)
    second, first = np.sort(np.vstack([np.zeros((1, len(rays))), length]), axis=0)[-2:]
    gain = (first**m - second**m) / len(rays)
    return np.asarray(np.bincount(length.argmax(axis=0), gain, minlength=n), dtype=float)


def hypervolume_curve(Y: Floats, reference: Floats) -> Floats:
    """Return the hypervolume after each of ``n`` points, in their order, shape ``(n,)``.

    What a point adds is its own box up to the reference point without the part that the front
    before it dominates, which is a small problem even where the front is large.

    Args:
        Y: objective values, shape ``(n, m)``, ``m >= 2``; points that hold NaN add nothing.
        reference: shape ``(m,)``.
    """
    front, volume, curve = np.empty((0, Y.shape[1])), 0.0, np.empty(len(Y))
    exact = Y.shape[1] <= EXACT
    for i, y in enumerate(Y):
        if (y < reference).all() and not (front <= y).all(axis=1).any():
            if exact and np.isfinite(y).all() and np.isfinite(volume):
                # most of these are dominated, which moocore finds out faster than we could
                shared = hypervolume(np.maximum(front, y), reference)
                volume += max(float(np.prod(reference - y)) - shared, 0.0)
                front = np.vstack([front[(front < y).any(axis=1)], y])
            else:
                front = np.vstack([front[(front < y).any(axis=1)], y])
                volume = hypervolume(front, reference)
        curve[i] = volume
    return curve


def normalise(Y: Floats, violation: Floats | None = None) -> Floats:
    """Rescale each objective so that the front spans about ``[0, 1]``, shape ``(n, m)``.

    The affine map takes each objective's best value to 0 and the middle half of all values to a
    width of about one, so one terrible outlier does not flatten the rest. Values are clipped to
    ``+-1e6``: beyond that, arithmetic on their squares and products has no digits left.
    """
    Y = finite(Y)
    if not len(Y):
        return Y
    ok = np.ones(len(Y), dtype=bool) if violation is None else violation == 0
    base = np.ascontiguousarray(Y.T if ok.all() or not ok.any() else Y[ok].T)
    best = base.min(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = _upper_quartile(base) - best
        full = base.max(axis=1) - best
        scale = np.where(spread > 0, spread, np.where(full > 0, full, 1.0))
        scale = np.where(np.isfinite(scale), scale, np.finfo(float).max)
        scaled = Y / scale - best / scale
    return np.asarray(np.clip(filled(scaled, 0.0), -1e6, 1e6))


def _upper_quartile(columns: Floats) -> Floats:
    """Return ``np.quantile(columns, 0.75, axis=1)`` of finite values, in a ninth of its time.

    To the last digit, so that seeded searches stay what they were.
    """
    n = columns.shape[1]
    below = 3 * (n - 1) // 4
    share = 0.75 * (n - 1) - below
    ordered = np.partition(columns, (below, min(below + 1, n - 1)), axis=1)
    low, high = ordered[:, below], ordered[:, min(below + 1, n - 1)]
    width = high - low
    return np.asarray(low + width * share if share < 0.5 else high - width * (1 - share))


def comparable(Y: Floats, violation: Floats, reference: Floats | None) -> tuple[Floats, Floats]:
    """Return :func:`normalise` of values (n, m), and the reference point (m,) on the same scale.

    Args:
        Y: objective values, shape ``(n, m)``, at least one row.
        violation: total constraint violations, shape ``(n,)``.
        reference: the user's reference point (m,), or ``None`` to infer one.
    """
    if reference is None:
        scaled = normalise(Y, violation)
        return scaled, reference_point(scaled, of_front=False, violation=violation)
    stacked = normalise(np.concatenate([Y, reference[None]]))
    return stacked[:-1], stacked[-1]


def inferred_reference_point(Y: Floats, violation: Floats | None = None) -> Floats:
    """Infer a reference point (m,) a little beyond the worst of values (n, m), outliers left out.

    As :func:`reference_point` over all points; the values may be infinite.
    """
    return reference_point(finite(Y), of_front=False, violation=violation)


def reference_point(Y: Floats, *, of_front: bool, violation: Floats | None = None) -> Floats:
    """Infer a reference point (m,): 10 % of the spread beyond the worst value of each objective.

    Args:
        Y: objective values, shape ``(n, m)``, finite, at least one row.
        of_front: whether the worst is taken over the front only (its nadir, for a close look at
            the front's interior) or over all points (for reaching its ends). In the latter case
            points further out than four times the better three quarters count as outliers, so
            that one terrible trial does not decide; the front itself is always inside.
        violation: total constraint violations, shape ``(n,)``.
    """
    front = Y[nondominated(Y, violation)]
    best, nadir = front.min(axis=0), front.max(axis=0)
    columns = np.ascontiguousarray(Y.T)
    largest = columns.max(axis=1)
    fence = best + 4 * (_upper_quartile(columns) - best)
    far = np.maximum(nadir, np.minimum(largest, fence))
    worst = nadir if of_front else far
    # an objective in which the front is a single value still needs a positive margin
    margin = worst - best
    for spread in (far - best, largest - columns.min(axis=1), np.ones(len(best))):
        margin = np.where(margin > 0, margin, spread)
    return np.asarray(worst + 0.1 * margin)
