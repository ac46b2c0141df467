"""Means of repeated evaluations, by their definition."""

import math

import numpy as np
import pytest

from lamoo.space.means import averaged, precision_weights


def mean(values, weights):
    """Return a weighted mean; NaN, and what has no weight, is left out."""
    kept = [(v, w) for v, w in zip(values, weights, strict=True) if not math.isnan(v) and w > 0]
    total = sum(w for _, w in kept)
    return sum(v * w for v, w in kept) / total if kept else math.nan


def weight(noise, among):
    """Return the weight of a value among its point's evaluations, up to a factor."""
    if any(math.isnan(each) for each in among):
        return 1.0
    if min(among) == 0:
        return float(noise == 0)
    return min(among) / noise


@pytest.mark.parametrize("known", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("exact", [0.0, 0.3])
def test_values_are_weighed_by_their_precision(known, exact, rng):
    n, m = 60, 2
    group, values = rng.integers(25, size=n), rng.standard_normal((n, m))
    group = np.unique(group, return_inverse=True)[1]
    values[rng.random((n, m)) < 0.1] = np.nan
    noise = np.where(rng.random((n, m)) < exact, 0.0, rng.exponential(1.0, (n, m)))
    noise[rng.random((n, 1)).repeat(m, axis=1) >= known] = np.nan
    weights = precision_weights(noise, group)
    found = averaged(values, group, weights)
    for i in range(n):
        mates = np.flatnonzero(group == group[i])
        for j in range(m):
            theirs = noise[mates, j].tolist()
            wanted = [weight(each, theirs) for each in theirs]
            np.testing.assert_allclose(weights[mates, j], wanted)
            np.testing.assert_allclose(found[i, j], mean(values[mates, j].tolist(), wanted))


def test_the_mean_of_equal_values_is_that_value_to_the_last_digit(rng):
    value = rng.random()
    values, group = np.full((7, 1), value), np.zeros(7, dtype=np.intp)
    assert (averaged(values, group, rng.random((7, 1))) == value).all()


def test_the_mean_of_both_infinities_is_nan():
    group = np.array([0, 0, 1, 1])
    found = averaged(np.array([[np.inf], [-np.inf], [np.inf], [1.0]]), group)
    np.testing.assert_array_equal(found[:, 0], [np.nan, np.nan, np.inf, np.inf])
