"""Parts of the space where all values are equal: found from observations, by their definition."""

import itertools
import math

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Integer, Optimizer, Settings, Space
from lamoo.gp.plateaus import BY_CHANCE, plateaus

TREES = Space(
    {
        "family": Categorical(("tree", "other")),
        "depth": Integer(1, 8),
        "leaf": Integer(1, 64, log=True),
        "criterion": Categorical(("gini", "entropy")),
        "rate": Float(0, 1),
    }
)


def tree(depth, leaf, criterion):
    return {"family": "tree", "depth": depth, "leaf": leaf, "criterion": criterion}


def chances(observed, values, asked):
    found = plateaus(TREES, History(TREES.encode(observed), np.array(values, dtype=float)))
    return np.exp(found.log_new(TREES.encode(asked)))


STUMPS = [tree(1, 1, "gini"), tree(1, 64, "gini"), tree(1, 8, "entropy"), tree(2, 8, "gini")]


def test_the_odds_fall_with_each_test_that_a_plateau_passes():
    values = [[2, 1], [2, 1], [2, 1], [1, 2]]
    asked = [tree(1, 20, "gini"), tree(1, 20, "entropy"), tree(2, 20, "gini")]
    # between the first two, and of them and the third, which is well inside as far as numbers go
    np.testing.assert_allclose(chances(STUMPS[:2] + STUMPS[3:], values[1:], asked), [0.5, 1, 1])
    passed = BY_CHANCE / (1 + BY_CHANCE)
    more = [*STUMPS, tree(1, 64, "entropy")]
    np.testing.assert_allclose(chances(more, [*values, [2, 1]], asked), [passed, passed, 1])


@pytest.mark.parametrize(
    "other", [tree(1, 8, "gini"), {"family": "other", "rate": 0.5}, tree(2, 8, "gini")]
)
def test_a_point_with_other_values_inside_ends_a_plateau(other):
    inside = other == tree(1, 8, "gini")
    (found,) = chances([*STUMPS[:2], other], [[2, 1], [2, 1], [3, 0]], [tree(1, 20, "gini")])
    assert found == (1.0 if inside else 0.5)


def test_what_lies_between_two_equal_points_may_still_be_their_optimum():
    """Of a valley both sides are equal: nothing is ruled out by two points, or by its rim."""
    space = Space({"x": Integer(0, 8), "y": Integer(0, 8)})
    rim = [(2, 2), (2, 6), (6, 2), (6, 6), (0, 0)]
    X = space.encode([{"x": x, "y": y} for x, y in rim])
    Y = np.array([[(x - 4) ** 2 + (y - 4) ** 2, 1.0] for x, y in rim])
    found = plateaus(space, History(X, Y))
    (middle,) = np.exp(found.log_new(space.encode([{"x": 4, "y": 4}])))
    assert middle == 0.5


@pytest.mark.parametrize("case", ["choices", "all equal", "none equal", "nothing"])
def test_without_plateaus_everything_is_new(case, rng):
    X, Y = TREES.encode(STUMPS), rng.random((4, 2))
    if case == "choices":  # the space that equivalence was made for
        space = Space({name: Categorical("abc") for name in "xyz"})
        X = np.array(list(itertools.product((1 / 6, 0.5, 5 / 6), repeat=3)))
        Y = np.stack([X.sum(axis=1), -X.sum(axis=1)], axis=1).round(6)
    else:
        space = TREES
        if case == "all equal":
            Y[:] = 1
        if case == "nothing":
            X, Y = X[:1], Y[:1]
    found = plateaus(space, History(X, Y))
    assert len(found.tests) == 0
    np.testing.assert_array_equal(found.log_new(X), np.zeros(len(X)))


@pytest.mark.parametrize("seed", range(3))
def test_boxes_are_those_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    space = Space({"a": Integer(0, 9), "b": Float(0, 1), "c": Categorical("pq")})
    X = space.sample(24, rng)
    Y = np.stack([X[:, 0].round(1) // 0.4, X[:, 2]], axis=1)
    fresh = space.sample(200, rng)
    wanted = np.zeros(len(fresh))
    for i, j in itertools.combinations(range(24), 2):
        if (Y[i] != Y[j]).any():
            continue
        low, high = np.minimum(X[i], X[j]), np.maximum(X[i], X[j])
        held = [k for k in range(24) if (X[k] >= low).all() and (X[k] <= high).all()]
        if any((Y[k] != Y[i]).any() for k in held):
            continue
        tests = 0
        for k in held:
            strict = [low[c] < X[k, c] < high[c] or low[c] == high[c] for c in (0, 1)]
            tests += all(strict)
        for f, x in enumerate(fresh):
            if (x >= low).all() and (x <= high).all():
                wanted[f] = min(wanted[f], math.log(1 / (1 + BY_CHANCE**-tests)))
    np.testing.assert_allclose(plateaus(space, History(X, Y)).log_new(fresh), wanted)
    assert (wanted < 0).any()
    assert (wanted == 0).any()


@pytest.mark.parametrize("seed", range(2))
def test_a_search_does_not_ask_for_a_plateau_again_and_again(seed):
    """A tree of depth 1 is the front's cheap end, whatever the least size of its leaves."""
    space = Space({"depth": Integer(1, 8), "leaf": Integer(1, 64, log=True)})
    settings = Settings(solver="gp-fast", n_startup=5)
    optimizer, stumps = Optimizer(space, ["minimize", "minimize"], settings, seed), 0
    for _ in range(30):
        params = optimizer.ask()
        depth, leaf = params["depth"], params["leaf"]
        slip = 0.0 if depth == 1 else 0.05 * math.log2(leaf) + 0.01 * (depth * leaf % 5)
        optimizer.tell(params, (1 / depth + slip, float(depth)))
        stumps += depth == 1
    assert stumps <= 10  # 16 and 18 where nobody looks for plateaus
