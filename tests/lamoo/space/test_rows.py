"""Which rows are the same: compared with tuples in a set."""

import itertools

import numpy as np
import pytest

from lamoo.space.rows import first_rows, groups, repeats, rows_in


def key(row):
    return tuple("nan" if np.isnan(x) else x for x in row)


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_compared_like_tuples_in_a_set(seed):
    rng = np.random.default_rng(seed)
    shape, d = rng.integers(0, 60, 2), rng.integers(1, 4)
    X, others = (rng.choice([-1.0, 0.0, 0.25, 1.0, 2.0, np.nan], (n, d)) for n in shape)
    known = {key(row) for row in others}
    assert rows_in(X, others).tolist() == [key(row) in known for row in X]
    assert [key(row) for row in first_rows(X)] == list(dict.fromkeys(map(key, X)))


@pytest.mark.parametrize("seed", range(20))
def test_repeats_agree_wherever_the_observed_point_is_active(seed):
    rng = np.random.default_rng(seed)
    shape, d = rng.integers(0, 40, 2), rng.integers(1, 5)
    X, observed = (rng.choice([0.25, 0.75, np.nan], (n, d)) for n in shape)

    def repeat(x):
        partial = (o for o in observed if 0 < np.isnan(o).sum() < d)
        return any((np.isnan(o) | (x == o)).all() for o in partial)

    assert repeats(X, observed).tolist() == [repeat(x) for x in X]


def test_rows_are_equal_up_to_rounding():
    X = np.array([[0.1 + 0.2, 1.0], [0.3, 1.0], [-0.0, 1.0], [0.0, 1.0], [0.3 + 1e-6, 1.0]])
    assert len(first_rows(X)) == 3
    assert rows_in(X, np.array([[0.3, 1.0]])).tolist() == [True, True, False, False, False]


def test_every_row_of_a_grid_is_another():
    levels = np.array([0.0, 0.25, 0.5, 1.0, 2.0, -1.0, np.nan])
    X = np.array([*itertools.product(levels, repeat=6)])
    assert len(first_rows(X)) == len(np.unique(groups(X))) == len(X) == 7**6
    assert not rows_in(X[::2], X[1::2]).any()


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_those_of_equal_tuples(seed):
    X = np.random.default_rng(seed).choice([0.25, 0.75, np.nan], (40, 3))
    rows = [key(row) for row in X]
    label = groups(X)
    assert (label[:, None] == label).tolist() == [[a == b for b in rows] for a in rows]


def test_without_columns_rows_are_the_same_and_groups_are_not():
    X = np.empty((3, 0))
    assert first_rows(X).shape == (1, 0)
    assert rows_in(X, X[:1]).all()
    assert not rows_in(X, X[:0]).any()
    assert groups(X).tolist() == [0, 1, 2]
