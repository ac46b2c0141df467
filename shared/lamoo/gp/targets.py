"""Increasing transforms of objective values into something a Gaussian process can model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from lamoo.arrays import Bools, Floats


class Transform(Protocol):
    """An increasing map of one objective's values: who dominates whom stays as it is."""

    def __call__(self, y: Floats) -> Floats:
        """Map values (n,)."""


#: The largest standard deviation of noise, in those of all values: already with that nothing can be
#: learned from a value, and its square is a finite variance.
_LARGEST_STD = 1e3
#: So many points whose value is 0 show that there is no better one, if values are many.
_FLOOR = 3
#: Values are equal if they differ by at most this share of the range of all.
_EQUAL = 1e-9
#: Halvings of a bisection: more than a double has bits.
_HALVINGS = 60


def transformed_noise(transform: Transform, y: Floats, noise: Floats) -> Floats:
    """Return the variances (n,) of transformed values, given variances ``noise`` (n,).

    The delta method with a secant over one standard deviation to each side: the tangent of ranks
    is 0 nearly everywhere. Exact where the transform is linear; 0 where the noise is unknown (NaN),
    since then a process finds it.
    """
    if not (noise > 0).any():
        return np.zeros(len(y))
    std = np.sqrt(np.where(np.isnan(noise), 0.0, noise))
    with np.errstate(over="ignore"):
        half = (transform(y + std) - transform(y - std)) / 2
    return np.asarray(np.minimum(np.abs(half), _LARGEST_STD) ** 2)


def floors(Y: Floats, zero: Floats) -> Floats:
    """Return the least value that each objective can have, as far as values (n, m) show it.

    An error of 0, no violation, nothing wasted: where no value is less than 0, many points may have
    just that. So 0 counts as the least if three observed points have it, up to rounding, and more
    points than share any other value, all those together: where an objective takes few values, or
    only one, the best so far need not be the least. A best value that is shared and not 0 never
    counts: if nearly everywhere two of five tests fail, a search that takes two for the least would
    not look for where none does.

    Args:
        Y: values of distinct points, minimised.
        zero: what 0 is among them, if they are transformed, shape ``(m,)``.

    Returns:
        Shape ``(m,)``, -inf where nothing is shown.

    Example:
        >>> Y = np.array([[0.0, 0.4, 1.0], [0.0, 0.4, 2.0], [0.0, 0.4, 3.0], [0.5, 0.7, 4.0]])
        >>> floors(Y, np.zeros(3))
        array([  0., -inf, -inf])
    """
    out = np.full(Y.shape[1], -np.inf)
    for j in np.flatnonzero(zero_is_best(Y, zero)).tolist():
        y, best, spread = Y[:, j], Y[:, j].min(), np.ptp(Y[:, j])
        steps = np.round((y - best) / (_EQUAL * spread)) if spread > 0 else np.zeros(len(y))
        counts = np.unique(steps, return_counts=True)[1]
        shared = counts[1:][counts[1:] > 1].sum()
        if len(counts) > 1 and counts[0] >= max(_FLOOR, shared + 1):
            out[j] = best
    return out


def zero_is_best(Y: Floats, zero: Floats) -> Bools:
    """Tell of which objectives ``(m,)`` 0 is the best value, up to rounding.

    Args:
        Y: as for :func:`floors`; equal ones change nothing.
        zero: as for :func:`floors`.
    """
    columns = np.ascontiguousarray(Y.T)  # reductions along rows this short take ten times as long
    best, spread = columns.min(axis=1), np.ptp(columns, axis=1)
    return np.asarray(np.abs(best - zero) <= _EQUAL * spread)


def untransformed(transform: Transform, targets: Floats, low: float, high: float) -> Floats:
    """Return the values (n,) between two bounds whose transforms are nearest to targets (n,)."""
    below, above = np.full(len(targets), low), np.full(len(targets), high)
    for _ in range(_HALVINGS):
        middle = below / 2 + above / 2
        less = transform(middle) < targets
        below, above = np.where(less, middle, below), np.where(less, above, middle)
    return np.asarray(below / 2 + above / 2)


@dataclass(frozen=True)
class Compressed:
    """Linear up to a bound, logarithmic beyond it, and then standardised.

    Values worse than the bound cannot gain hypervolume; compressing them keeps a few terrible
    trials from flattening everything else. Inside, the scale stays linear: hypervolume is measured
    there, and bending it (by ranks, or beyond the front's own extent) cost the ends of the front
    on continuous problems.

    Args:
        best: the value that maps to 0 before standardising.
        width: the distance from ``best`` to the bound, positive.
        mean: what is subtracted after compressing.
        std: what is divided by after compressing, positive.
    """

    best: float
    width: float
    mean: float = 0.0
    std: float = 1.0

    def __call__(self, y: Floats) -> Floats:
        """Map values (n,)."""
        with np.errstate(over="ignore"):
            u = np.clip((y - self.best) / self.width, -1e12, 1e300)
        compressed = np.where(u > 1, 1 + np.log1p(np.maximum(u - 1, 0)), u)
        return np.asarray((compressed - self.mean) / self.std)


def compress(y: Floats, bound: float) -> Compressed:
    """Learn :class:`Compressed` from finite values (n,) and the bound beyond which to compress."""
    best = float(y.min())
    raw = Compressed(best, max(float(bound - best), np.finfo(float).tiny))
    u = raw(y)
    return replace(raw, mean=float(u.mean()), std=float(u.std()) or 1.0)


@dataclass(frozen=True)
class Blended:
    """Half linear, half by ranks: the mean of a linear transform and of normal scores.

    For values that come in cliffs or spread over orders of magnitude: ranks make their steps even,
    while the linear half keeps the distances by which hypervolume is measured.

    Args:
        linear: the linear half.
        knots: distinct observed values, increasing, shape ``(k,)``.
        scores: standard normal quantiles of their ranks, increasing, shape ``(k,)``.
    """

    linear: Compressed
    knots: Floats
    scores: Floats

    def __call__(self, y: Floats) -> Floats:
        """Map values (n,); beyond the observed ones only the linear half goes on."""
        after = np.searchsorted(self.knots, y, side="right")
        last = len(self.knots) - 1
        # rounding, and a slope that overflows between subnormal knots, must not leave an interval
        scores = np.clip(
            np.interp(y, self.knots, self.scores),
            self.scores[np.maximum(after - 1, 0)],
            self.scores[np.minimum(after, last)],
        )
        return np.asarray((self.linear(y) + scores) / 2)


def blend(y: Floats, bound: float) -> Blended:
    """Learn :class:`Blended` from finite values (n,); ties share the middle of their ranks."""
    knots, counts = np.unique(y, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return Blended(compress(y, bound), knots, ndtri(middle / len(y)))
