"""What repeats the values of another point: learned, and not believed without evidence."""

import itertools
import math

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Space
from lamoo.gp import equivalence

CHOICES = Space(
    {name: Categorical(tuple("abcde")) for name in ("first", "second", "third", "rest")}
)
ALIKE = np.array([0, 0, 0, -1])


def everything():
    """All points of three choices alike and one more, in a fixed random order."""
    X = (np.array(list(itertools.product(range(5), repeat=4))) + 0.5) / 5
    return X[np.random.default_rng(0).permutation(len(X))]


def swapped(X):
    """Values that depend on which choices there are, not on where, and on the last one."""
    return np.stack([np.exp(X[:, :3]).sum(axis=1).round(9) + X[:, 3], X[:, 3]], axis=1)


def test_a_learned_symmetry_tells_which_points_are_copies():
    X = everything()
    Y = swapped(X)
    space = Space(
        {name: Categorical(tuple("abcde")) for name in ("x", "y", "z")}
        | {"rest": Categorical(tuple("fghij"))}
    )
    log_new = equivalence.log_new(space, History(X[:100], Y[:100]))(X[100:])
    known = (np.abs(Y[100:, None] - Y[:100]) < 1e-12).all(axis=2).any(axis=1)
    assert 150 < known.sum() < 375
    assert (log_new <= 0).all()
    assert (log_new[known] < math.log(0.5)).mean() > 0.9
    assert (log_new[~known] > math.log(0.5)).mean() > 0.9


@pytest.mark.parametrize(
    "case",
    [
        "no pair",
        "two pairs",
        "all pairs",
        "few values",
        "one point twice",
        "smooth",
        "one point",
        "no point",
    ],
)
def test_without_a_pair_of_different_points_all_are_new(case, rng):
    X = everything()[:20]
    Y, space = rng.random((20, 2)), CHOICES
    if case == "one point twice":
        X[3], Y[3] = X[5], Y[5]
    if case == "two pairs":
        Y[[1, 2]] = Y[[3, 4]]
    if case == "all pairs":
        Y = np.ones((20, 2))
    if case == "few values":  # equal by chance
        Y = rng.integers(0, 6, size=(20, 2)).astype(float)
        assert len(np.unique(Y, axis=0)) < 18
    if case == "smooth":
        Y, space = np.ones((20, 2)), Space({name: Float(0, 1) for name in "wxyz"})
    n = {"one point": 1, "no point": 0}.get(case, 20)
    log_new = equivalence.log_new(space, History(X[:n], Y[:n].reshape(n, 2)))(everything()[20:30])
    np.testing.assert_array_equal(log_new, np.zeros(10))


def test_features_of_pairs_are_counted_one_by_one(rng):
    X = everything()[:12]
    X[4, 1] = np.nan
    groups, levels = (np.arange(3),), (np.unique(X[:, :3][~np.isnan(X[:, :3])]),)
    features = np.stack(list(equivalence.pair_features(X, X[:7], groups, levels)), axis=2)
    for (i, a), (j, b) in itertools.product(enumerate(X), enumerate(X[:7])):
        differ = [
            float(p != q and not (np.isnan(p) and np.isnan(q))) for p, q in zip(a, b, strict=True)
        ]
        rest = list(b[:3])
        for p in a[:3]:
            if p in rest:
                rest.remove(p)
        same = [float(not rest) * list(a[:3]).count(level) for level in levels[0]]
        wanted = [*differ, len(rest), float(bool(rest)), *same]
        if not np.isnan([*a, *b]).any():  # being inactive is no choice that is counted
            assert features[i, j].tolist() == wanted
        assert features[i, j, :4].tolist() == differ


def test_log_odds_are_the_weighted_features():
    X = everything()[:60]
    rule = equivalence.learn(X, swapped(X), ALIKE)
    assert rule is not None
    features = equivalence.pair_features(X[:4], X, rule.groups, rule.levels)
    wanted = sum(w * f for w, f in zip(rule.weights[:-1], features, strict=True))
    np.testing.assert_allclose(rule.log_odds(X[:4], X), wanted + rule.weights[-1], atol=1e-12)
    assert equivalence.learn(X, np.arange(120.0).reshape(60, 2), ALIKE) is None


def test_a_branch_that_no_observation_has_tells_nothing():
    """Its trials may all have failed."""
    X = everything()[:60]
    wider = np.concatenate([X, np.full((60, 3), np.nan)], axis=1)
    rule = equivalence.learn(wider, swapped(X), np.array([0, 0, 0, -1, 1, 1, 1]))
    assert rule is not None
    assert len(rule.groups) == 1
    assert np.isfinite(rule.log_odds(wider[:4], wider)).all()


def test_equal_arguments_give_equal_answers_whatever_was_remembered():
    X = everything()
    history = History(X[:40], swapped(X[:40]))
    first = equivalence.log_new(CHOICES, history)(X[40:])
    equivalence.log_new(CHOICES, History(X[10:50], swapped(X[10:50])))(X[50:])
    np.testing.assert_array_equal(equivalence.log_new(CHOICES, history)(X[40:]), first)
    equivalence._rules.clear()
    np.testing.assert_array_equal(equivalence.log_new(CHOICES, history)(X[40:]), first)
