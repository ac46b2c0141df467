"""Small changes of points: never none, to every neighbour, as many as the rate says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lamoo import Categorical, Float, Integer, Space
from lamoo.space.activity import Activity, OneOf, learn_activity
from lamoo.space.moves import perturb
from lamoo.space.rows import rows_in
from lamoo_compare.problems import load


def _points(problem, n, rng):
    """Return points (n, d) as they are observed: NaN where a parameter does not exist."""
    found = []
    for full in problem.space.decode(problem.space.sample(n, rng)):
        params = {}
        for name in problem.active(params):
            params[name] = full[name]
        found.append(params)
    return problem.space.encode(found)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["float", "grid", "integer", "choice", "mixed"])
def test_a_neighbour_is_another_point_of_the_space(spaces, name, seed):
    rng = np.random.default_rng(seed)
    space = spaces[name]
    corners = space.snap(rng.integers(0, 2, (300, space.dimension)).astype(float))
    X = np.concatenate([space.sample(300, rng), corners])
    moved = perturb(space, X, rng, [1.0])
    np.testing.assert_array_equal(space.snap(moved), moved)
    assert not rows_in(np.abs(moved - X), np.zeros_like(X[:1])).any()


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_the_rate_is_the_expected_number_of_changes(spaces, rate, rng):
    space = spaces["choice"]
    X = space.sample(5_000, rng)
    changes = (perturb(space, X, rng, [rate]) != X).sum(axis=1)
    # binomial, but at least one
    expected = rate + (1 - rate / 6) ** 6
    assert changes.min() == 1
    assert changes.mean() == pytest.approx(expected, abs=4 * changes.std() / np.sqrt(len(X)))


@pytest.mark.parametrize(
    "parameter",
    [Integer(0, 1), Integer(1, 12), Integer(1, 12, log=True), Integer(3, 300, log=True)],
)
def test_every_adjacent_integer_can_be_reached(parameter, rng):
    space = Space({"p": parameter})
    for value in (parameter.low, parameter.low + 1, parameter.high):
        X = np.repeat(space.encode([{"p": value}]), 400, axis=0)
        moved = {p["p"] for p in space.decode(perturb(space, X, rng, [1.0]))}
        adjacent = {value - 1, value + 1} & set(range(parameter.low, parameter.high + 1))
        assert adjacent <= moved
        assert value not in moved


def test_a_choice_becomes_each_other_choice_equally_often(rng):
    space = Space({"p": Categorical("abcdef")})
    X = np.repeat(space.encode([{"p": "c"}]), 5_000, axis=0)
    moved = perturb(space, X, rng, [1.0])
    counts = np.unique(moved, return_counts=True)[1]
    assert len(counts) == 5
    assert stats.chisquare(counts).pvalue > 1e-3


def test_points_from_outside_come_back_and_gaps_are_filled(spaces, rng):
    space = spaces["mixed"]
    X = np.full((50, 5), np.nan)
    X[:, 0], X[:, 1] = 2.0, -1.0
    moved = perturb(space, X, rng, [1.0])
    assert ((moved >= 0) & (moved <= 1)).all()


def test_nothing_moves_where_nothing_is_free(rng):
    space = Space({"a": Float(1, 1), "b": Integer(0, 3)}, {"b": 2})
    X = space.sample(5, rng)
    np.testing.assert_array_equal(perturb(space, X, rng, [1.0]), X)


def test_only_what_is_active_changes_so_that_a_point_becomes_another(rng):
    problem = load("branches-6")  # 39 parameters, 15 of them at a time
    names = list(problem.space.parameters)
    space = replace(problem.space, activity=learn_activity(_points(problem, 400, rng)))
    X = _points(problem, 500, rng)
    moved = perturb(space, X, rng, [1.0])
    assert len(names) > 2 * (~np.isnan(X)).sum(axis=1).mean()
    same_branch = (np.isnan(moved) == np.isnan(X)).all(axis=1)
    assert same_branch.sum() > 100
    changed = (np.nan_to_num(moved, nan=-1) != np.nan_to_num(X, nan=-1)).sum(axis=1)
    assert changed.min() >= 1
    # binomial with a mean of 1, but at least one: as many as in a space without conditions
    assert 1.0 < changed[same_branch].mean() < 1.6


def test_a_branch_that_is_entered_has_its_spare_values(rng):
    rule = (1, np.array([0]), OneOf((0.25,)))
    space = Space({"a": Categorical("xy"), "b": Float(0, 1)}, activity=Activity((rule,)))
    X = np.repeat([[0.75, np.nan]], 200, axis=0)
    spare = np.column_stack([np.full(200, np.nan), np.where(np.arange(200) < 100, 0.3, np.nan)])
    moved = perturb(space, X, rng, [1.0], spare)
    assert (moved[:, 0] == 0.25).all()
    assert (moved[:100, 1] == 0.3).all()
    assert len(np.unique(moved[100:, 1])) == 100
