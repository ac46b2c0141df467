"""What counts as a failure: by definition, on values that no measurement has, and penalties."""

import math

import numpy as np
import pytest

from lamoo import failures

INF = math.inf


def test_infinities_become_the_worst_or_best_finite_value():
    Y = np.array([[1.0, INF, -INF, 0.5], [INF, INF, 2.0, 0.5], [-INF, -INF, 4.0, 0.5]])
    wanted = [[1.0, 0.0, 2.0, 0.5], [1.0, 0.0, 2.0, 0.5], [1.0, 0.0, 4.0, 0.5]]
    np.testing.assert_array_equal(failures.finite(Y), wanted)


@pytest.mark.parametrize("unit", [1.0, 1e100, 1e200])
def test_what_is_huge_and_absurdly_far_counts_as_infinite(unit):
    Y = unit * np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0], [1e20, 6.0], [1.5, 6.5]])
    far = Y.copy()
    far[3] = [-1e121 * unit, 1e102 * unit]
    assert failures.measured(Y).all()
    bad = ~failures.measured(far)
    assert np.argwhere(bad).tolist() == [[3, 0], [3, 1]]
    worst_or_best = Y.copy()
    worst_or_best[3] = [0.0, 7.0 * unit]
    np.testing.assert_array_equal(failures.finite(far), worst_or_best)


def penalties_by_definition(Y):
    """Rows of which every other row is equal or better in every objective, if they are few."""
    alone = [all((y < x).all() or (y == x).all() for y in Y) for x in Y]
    enough = len(Y) >= 8 and Y.shape[1] >= 2
    return [a and enough and sum(alone) <= len(Y) / 4 for a in alone]


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 20])
@pytest.mark.parametrize("m", [1, 2, 3])
def test_penalties_are_worse_than_all_others_in_every_objective(n, m, rng):
    found = 0
    for again in range(6):
        Y = rng.integers(0, 5, size=(n, m)).astype(float)
        Y[rng.permutation(n)[:again]] = rng.choice([4.0, 5.0, np.inf])
        told = failures.penalties(Y)
        assert told.tolist() == penalties_by_definition(Y)
        found += told.any()
    assert found or n < 8 or m < 2
