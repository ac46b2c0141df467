"""Increasing transforms of objective values into something a Gaussian process can model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from lamoo.arrays import Floats


class Transform(Protocol):
    """An increasing map of one objective's values: who dominates whom stays as it is."""

    def __call__(self, y: Floats) -> Floats:
        """Map values (n,)."""


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
    """The mean of a linear transform and of normal scores.

    For values that come in cliffs or spread over orders of magnitude, which ranks level; the linear
    half keeps sight of where hypervolume is.

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
        return np.asarray((self.linear(y) + np.interp(y, self.knots, self.scores)) / 2)


def blend(y: Floats, bound: float) -> Blended:
    """Learn :class:`Blended` from finite values (n,); ties share the middle of their ranks."""
    knots, counts = np.unique(y, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return Blended(compress(y, bound), knots, ndtri(middle / len(y)))
