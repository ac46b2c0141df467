"""Polytopes: what is drawn keeps the constraints, and is as likely as anything else."""

import itertools

import numpy as np
import pytest
from scipy import stats

from lamoo.space.polytope import Polytope

ROUNDING = 1e-9


def polytope(A, b, values):
    """Return one of numbers from 0 to 1, where no values are given."""
    low = [0.0 if v is None else v[0] for v in values]
    high = [1.0 if v is None else v[-1] for v in values]
    lists = tuple(None if v is None else np.array(v, dtype=float) for v in values)
    return Polytope(
        np.array(A, dtype=float),
        np.array(b, dtype=float) + ROUNDING,
        np.array(low),
        np.array(high),
        lists,
    )


def in_order(p):
    """Return ``A`` of numbers that do not decrease."""
    return np.eye(p)[:-1] - np.eye(p, k=1)[:-1]


def sum_of(p, total):
    """Return ``A`` and ``b`` of numbers with a given sum."""
    return [[1] * p, [-1] * p], [total, -total]


def test_ordered_numbers_are_those_of_sorted_uniform_ones(rng):
    drawn = polytope(in_order(10), [0] * 9, [None] * 10).sample(400, rng)
    assert len(drawn) == 400
    assert (np.diff(drawn, axis=1) >= -ROUNDING).all()
    for j in range(10):  # the order statistics of uniform numbers
        assert stats.kstest(drawn[:, j], stats.beta(j + 1, 10 - j).cdf).pvalue > 1e-4


def test_a_small_sum_is_shared_as_by_dirichlet(rng):
    drawn = polytope([[1] * 20], [0.01], [None] * 20).sample(400, rng)
    assert (drawn.sum(axis=1) <= 0.01 + 2 * ROUNDING).all()
    for j in range(20):
        assert stats.kstest(drawn[:, j] / 0.01, stats.beta(1, 20).cdf).pvalue > 1e-4


LISTS = {
    "one bit": ([[1] * 8], [1], [[0, 1]] * 8),
    "three bits": (*sum_of(8, 3), [[0, 1]] * 8),
    "in order": (in_order(3), [0, 0], [range(5)] * 3),
    "uneven values": ([[1, 1, 1]], [100], [[10, 50, 90], [1, 9, 10, 41, 45], [0, 9, 45, 81]]),
    "weights": ([[3, -2, 5], [-1, 1, 0]], [4, 1], [range(4), range(-3, 4), range(3)]),
    "one value": ([[1, 1]], [3], [[2], range(9)]),
}


@pytest.mark.parametrize("name", LISTS)
def test_all_that_is_allowed_is_as_likely(name, rng):
    A, b, values = LISTS[name]
    every = [x for x in itertools.product(*values) if (np.array(A) @ x <= b).all()]
    drawn = [tuple(x) for x in polytope(A, b, values).sample(60 * len(every), rng)]
    counts = [drawn.count(x) for x in every]
    assert sum(counts) == len(drawn) == 60 * len(every)  # nothing else
    assert len(every) == 1 or stats.chisquare(counts).pvalue > 1e-4


def test_some_of_what_no_two_numbers_can_change_into_each_other(rng):
    values = [[10, 50, 90], [1, 9, 10, 41, 45], [0, 9, 45, 81]]
    drawn = polytope(*sum_of(3, 100), values).sample(20, rng)
    assert len(drawn) == 20
    assert {*drawn.sum(axis=1)} == {100.0}


def test_reals_and_lists_together(rng):
    # 2 i + x + y == 3 up to .001, and x <= y
    A = [[2, 1, 1], [-2, -1, -1], [0, 1, -1]]
    drawn = polytope(A, [3.001, -2.999, 0], [range(4), None, None]).sample(300, rng)
    assert (drawn @ np.array(A).T <= np.array([3.001, -2.999, 0]) + 3 * ROUNDING).all()
    assert {*drawn[:, 0]} == {1.0}
    assert stats.kstest(drawn[:, 1], stats.uniform(0, 0.5).cdf).pvalue > 1e-4
    # i is 0 only with the corner of the square
    drawn = polytope([[1, 1, 1]], [1], [range(2), None, None]).sample(300, rng)
    assert {*drawn[:, 0]} == {0.0}, "1 leaves a single point to the others"


def test_what_nothing_keeps_gives_nothing(rng):
    assert polytope([[1, 1], [-1, -1]], [4, -5], [range(3)] * 2).sample(9, rng).shape == (0, 2)
    assert polytope([[2, 2], [-2, -2]], [3, -3], [range(3)] * 2).sample(9, rng).shape == (0, 2)


def test_tight_is_what_uniform_draws_do_not_meet():
    assert polytope(in_order(10), [0] * 9, [None] * 10).tight  # 1 of 10!
    assert not polytope(in_order(3), [0] * 2, [None] * 3).tight
    assert polytope([[1] * 60], [1], [[0, 1]] * 60).tight
    assert not polytope([[1] * 4], [1], [[0, 1]] * 4).tight
