"""A box stands for a region: the rules of a known one are found again."""

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.partition.features import boundary_features
from lamoo.partition.region import Region
from lamoo.partition.split import Boundary, Linear
from lamoo.report.boxes import Box, find_box, importance

SPACE = Space(
    {"x": Float(0, 1), "n": Integer(1, 10), "c": Categorical("abcd"), "free": Float(0, 1)}
)


def half_where(column, bound):
    """Return the region of points whose feature is below a bound, the boundary being a plane."""
    features = boundary_features(SPACE, SPACE.sample(1, np.random.default_rng(0))).shape[1]
    weights = np.zeros(features)
    weights[column] = -1.0
    return Region(SPACE).cut(Boundary(Linear(weights, bound)), good=True)


@pytest.mark.parametrize("bound", [0.3, 0.5, 0.8])
def test_a_half_space_is_one_rule(bound, rng):
    region = half_where(0, bound - 0.5)
    U = SPACE.sample(20_000, rng)
    box = find_box(region, U, U[region.contains(U)], np.empty((0, 4)))
    assert box.conditions() == [0]
    assert box.low[0] == 0
    assert box.high[0] == pytest.approx(bound, abs=0.06)  # a peel takes 5 %


def test_without_a_boundary_there_is_no_rule(rng):
    U = SPACE.sample(500, rng)
    assert find_box(Region(SPACE), U, U, np.empty((0, 4))).conditions() == []


def test_the_front_stays_inside(rng):
    region = half_where(0, -0.2)
    U = SPACE.sample(20_000, rng)
    front = np.array([[0.299, 0.95, 0.125, 0.5]])
    box = find_box(region, U, U[region.contains(U)], front)
    assert box.contains(front, SPACE.levels).all()


def test_a_box_holds_what_keeps_all_rules(rng):
    box = Box(np.array([0.2, 0, 0, 0]), np.array([0.6, 1, 1, 1]), (None, None, (0, 2), None))
    X = SPACE.sample(500, rng)
    X[::7, 0] = np.nan
    inside = [
        (np.isnan(x[0]) or 0.2 <= x[0] <= 0.6) and p["c"] in ("a", "c")
        for x, p in zip(X, SPACE.decode(X), strict=True)
    ]
    assert box.contains(X, SPACE.levels).tolist() == inside
    assert box.conditions() == [0, 2]


def test_the_importance_is_the_chance_to_leave(rng):
    """A uniform draw of x leaves the half below .3 seven times out of ten; others never do."""
    region = half_where(0, -0.2)
    U = SPACE.sample(4_000, rng)
    found = importance(region, U[region.contains(U)], rng)
    np.testing.assert_allclose(found, [0.7, 0, 0, 0], atol=0.05)
