"""CMA-ES in a region: ranks, what the distribution starts from, and that it converges."""

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Integer, Space, pareto
from lamoo.partition.features import boundary_features
from lamoo.partition.place import Place
from lamoo.partition.region import Region
from lamoo.partition.split import learn_boundary

pytest.importorskip("cmaes", reason="needs lamoo[cma]")

from lamoo.solvers import cma

MIXED = Space(
    {
        "a": Float(0, 1),
        "b": Integer(1, 5),
        "c": Integer(1, 8, log=True),
        "d": Categorical("xyz"),
        "e": Categorical("uvwxy"),
        "f": Float(2.0, 2.0),
    }
)


def test_ranks_are_by_dominance_then_by_what_would_be_missed(rng):
    Y = rng.random((40, 2))
    observed = History(rng.random((40, 1)), Y)
    places = cma.ranks(observed, np.array([1.1, 1.1]))
    assert sorted(places) == list(range(40))
    number = pareto.dominance_number(Y)
    assert (np.diff(number[np.argsort(places)]) >= 0).all()
    front = np.flatnonzero(number == 0)
    whole = pareto.hypervolume(Y, np.full(2, 1.1))
    lost = [
        whole - pareto.hypervolume(np.delete(Y[front], i, axis=0), np.full(2, 1.1))
        for i in range(len(front))
    ]
    assert (np.argsort(places[front]) == np.argsort(-np.array(lost))).all()


def test_what_violates_less_is_better_and_anything_feasible_better_still(rng):
    G = np.array([[3.0], [-1.0], [0.5], [0.0]])
    places = cma.ranks(History(rng.random((4, 1)), rng.random((4, 2)), G), None)
    assert places[[2, 0]].tolist() == [2.0, 3.0]


@pytest.mark.parametrize("m", [1, 2, 4, 8])
def test_infinite_values_and_ties_have_ranks(m):
    Y = np.full((6, m), 2.0)
    Y[0], Y[1, 0], Y[2, -1] = np.inf, np.inf, -np.inf
    apart = np.arange(6)[:, None] / 6
    assert sorted(cma.ranks(History(apart, Y), None)) == list(range(6))


def test_repeated_evaluations_are_ranked_by_their_mean():
    X = np.array([[0.1], [0.5], [0.1]])
    Y = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]])  # one lucky value, mean 2
    assert cma.ranks(History(X, Y), None)[1] == 0


def test_points_survive_the_way_through_coordinates(rng):
    coordinates = cma.Coordinates(MIXED)
    search = cma.replay(coordinates, MIXED.sample(30, rng), rng.permutation(30) * 1.0, 0)
    X = np.array([coordinates.point(search.ask()) for _ in range(200)])
    assert (X >= 0).all()
    assert (X <= 1).all()
    columns = np.concatenate([coordinates.ordered, coordinates.unordered])
    np.testing.assert_allclose(MIXED.snap(X)[:, columns], X[:, columns])
    # every value of every coarse parameter is within reach
    for j in columns:
        assert len(np.unique(X[:, j])) >= 3


def test_the_distribution_follows_good_points(rng):
    X = MIXED.sample(200, rng)
    good = MIXED.snap(np.array([[0.8, 0.7, 0.4, 0.5, 0.1, 0.5]]))[0]
    values = (X != good).sum(axis=1) + np.abs(X[:, 0] - good[0])
    coordinates = cma.Coordinates(MIXED)
    search = cma.replay(coordinates, X, values, 0)
    near = np.array([coordinates.point(search.ask()) for _ in range(300)])
    assert abs(near[:, 0].mean() - 0.8) < abs(X[:, 0].mean() - 0.8)
    for j in (3, 4):
        assert (near[:, j] == good[j]).mean() > (X[:, j] == good[j]).mean() + 0.1


def test_generations_are_told_in_order_and_an_unfinished_one_is_not(rng):
    coordinates = cma.Coordinates(MIXED)
    X, values = MIXED.sample(86, rng), rng.random(86)
    search = cma.replay(coordinates, X, values, 0)
    assert search.generation == 43 // search.population_size > 1
    rest = 43 % search.population_size
    assert rest > 0
    # what is not told does not matter
    other = X.copy()
    other[86 - rest :] = MIXED.sample(rest, rng)
    a, b = cma.replay(coordinates, X, values, 1), cma.replay(coordinates, other, values, 1)
    np.testing.assert_array_equal(coordinates.point(a.ask()), coordinates.point(b.ask()))


def test_where_no_draw_is_inside_the_nearest_point_is_taken(rng):
    """All members lie in one corner, the region is the other."""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    X = np.vstack([rng.random((30, 2)) * 0.02, 1 - rng.random((30, 2)) * 0.02])
    boundary = learn_boundary(boundary_features(space, X), np.arange(60) >= 30)
    region = Region(space).cut(boundary, good=True)
    history = History(X[:30], rng.random((30, 2)))
    points = np.array(
        [
            cma.propose(Place(history, region, np.arange(30)), np.random.default_rng(seed))
            for seed in range(10)
        ]
    )
    assert region.contains(points).all()
    uniform = region.sample(1000, X[30:], rng)
    away = np.quantile(np.linalg.norm(uniform - 0.01, axis=1), 0.1)
    assert (np.linalg.norm(points - 0.01, axis=1) < away).all()


@pytest.mark.parametrize("seed", range(3))
def test_it_converges(seed):
    """Told generation by generation, without a region: closer to an optimum that is oblique."""
    space = Space({name: Float(0, 1) for name in "abcd"})
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]
    X = space.sobol(0, 20, seed)
    history = History(X, value_of(X, rotation))
    for i in range(100):
        x = cma.propose(Place.everywhere(space, history), np.random.default_rng((seed, i)))
        history = history.with_outcome(x, value_of(x[None], rotation)[0], np.empty(0))
    uniform = value_of(space.sample(20_000, np.random.default_rng(seed)), rotation)
    assert history.Y.min() < uniform.min() * 5  # 120 trials, where chance takes thousands
    assert np.median(history.Y[-20:]) < np.quantile(uniform, 0.05)


def value_of(X, rotation):
    """Return a badly scaled quadratic function of points (n, 4), shape ``(n, 1)``."""
    return (np.array([1.0, 4.0, 16.0, 64.0]) * ((X - 0.6) @ rotation.T) ** 2).sum(
        axis=1, keepdims=True
    )
