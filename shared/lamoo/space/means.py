"""The means of points that were evaluated repeatedly."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats, Ints


def precision_weights(noise: Floats, group: Ints) -> Floats:
    """Return the weight of each value in the mean of its point's evaluations, shape ``(n, m)``.

    Inversely proportional to the variances where all of a point's are known; of exact values and
    others, the exact ones alone count. Equal where a variance is unknown.

    Args:
        noise: variances of the values, shape ``(n, m)``, 0 where exact, NaN where unknown.
        group: numbers the evaluated points, shape ``(n,)``, equal for one that was repeated.

    Example:
        >>> noise = np.array([[0.25, 0.0], [1.0, 1.0], [1.0, np.nan]])
        >>> precision_weights(noise, np.array([0, 0, 1])).tolist()
        [[1.0, 1.0], [0.25, 0.0], [1.0, 1.0]]
    """
    lowest = np.full((len(group), noise.shape[1]), np.inf)
    np.minimum.at(lowest, group, noise)  # NaN if any is
    least = lowest[group]
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(noise == least, 1.0, least / noise)
    return np.where(np.isnan(least), 1.0, weights)


def averaged(values: Floats, group: Ints, weights: Floats | float = 1.0) -> Floats:
    """Return each value replaced by the weighted mean of its point's evaluations, ``(n, k)``.

    NaN is left out of the means, and is the mean of both infinities and of nothing.

    Args:
        values: of the evaluations, shape ``(n, k)``.
        group: numbers the evaluated points, shape ``(n,)``, equal for one that was repeated.
        weights: of the values, shape ``(n, k)``, or the same for all.

    Example:
        >>> averaged(np.array([[1.0], [3.0], [7.0]]), np.array([0, 0, 1])).tolist()
        [[2.0], [2.0], [7.0]]
    """
    size = np.bincount(group)
    given = ~np.isnan(values) & (np.asarray(weights) > 0)
    shape = (len(size), values.shape[1])
    total, count = np.zeros(shape), np.zeros(shape)
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        np.add.at(total, group, np.where(given, weights * values, 0.0))
        np.add.at(count, group, np.where(given, weights, 0.0))
        np.minimum.at(low, group, np.where(given, values, np.inf))
        np.maximum.at(high, group, np.where(given, values, -np.inf))
        mean = total / np.where(count > 0, count, np.nan)
    # the mean of equal values is that value, to the last digit
    return np.clip(mean, low, high)[group]
