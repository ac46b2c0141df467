"""Regions: two sides share nothing and leave nothing out; sampling stays inside and ends."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from lamoo import Categorical, Float, Integer, Known, Space
from lamoo.partition.features import boundary_features
from lamoo.partition.region import MAX_DRAWS, Region
from lamoo.partition.split import Boundary, Linear, learn_boundary
from lamoo.space.rows import first_rows

SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})


@dataclass(frozen=True)
class Line:
    """A boundary that needs no learning: ``weights @ features > threshold`` is good."""

    weights: tuple[float, ...]
    threshold: float

    def decision(self, features):
        return features[:, : len(self.weights)] @ np.array(self.weights) - self.threshold


def corner(size):
    """Return the part of the square where both numbers are below ``size``."""
    sides = (Line((1.0, 0.0), size - 0.5), Line((0.0, 1.0), size - 0.5))
    return Region(SQUARE).cut(sides[0], good=False).cut(sides[1], good=False)


def learned(space, seed, depth=3):
    """Return a region of a few random, learned boundaries, and its members."""
    rng = np.random.default_rng(seed)
    region, members = Region(space), space.sample(60, rng)
    for kernel in ("linear", "poly", "rbf")[:depth]:
        features = boundary_features(space, members)
        score = features @ rng.normal(size=features.shape[1])
        boundary = learn_boundary(features, score <= np.median(score), kernel)
        region = region.cut(boundary, good=bool(rng.integers(2)))
        inside = region.contains(members)
        members = members[inside] if inside.sum() > 8 else members
    return region, members[region.contains(members)]


@pytest.mark.parametrize("name", ["float", "grid", "integer", "choice", "mixed", "tree"])
def test_the_whole_space_has_no_border(spaces, name, rng):
    region = Region(spaces[name])
    X = spaces[name].sample(20, rng)
    assert region.contains(X).all()
    assert (region.margin(X) == np.inf).all()
    assert region.contains(X[:0]).shape == region.margin(X[:0]).shape == (0,)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("name", ["float", "grid", "mixed", "tree"])
def test_the_two_sides_of_a_boundary_share_nothing_and_leave_nothing_out(spaces, name, kernel, rng):
    space = spaces[name]
    features = boundary_features(space, space.sample(50, rng))
    boundary = learn_boundary(features, features[:, 0] > np.median(features[:, 0]), kernel)
    X = space.sample(500, rng)
    good, bad = (Region(space).cut(boundary, good=side) for side in (True, False))
    assert (good.contains(X) != bad.contains(X)).all()
    np.testing.assert_array_equal(good.margin(X), -bad.margin(X))


def test_the_border_itself_is_bad():
    boundary = Line((1.0, 0.0), 0.0)
    X = np.array([[0.5, 0.1], [0.5 + 1e-9, 0.1], [0.2, 0.1]])
    assert Region(SQUARE).cut(boundary, good=True).contains(X).tolist() == [False, True, False]
    assert Region(SQUARE).cut(boundary, good=False).contains(X).tolist() == [True, False, True]


def test_the_chances_along_the_path_are_multiplied():
    """Decision values are log odds: the product of the logistic function of each."""
    X = np.array([[0.25, 0.1], [0.5, 0.75], [0.9, 0.9]])
    chance = 1 / (1 + np.exp(X - 0.5))
    np.testing.assert_allclose(corner(0.5).log_chance(X), np.log(chance).sum(axis=1))
    assert (Region(SQUARE).log_chance(X) == 0).all()


def test_the_margin_is_the_smallest_decision_on_the_path():
    region = corner(0.75)
    X = np.array([[0.25, 0.5], [0.5, 0.125], [0.25, 1.0]])
    np.testing.assert_allclose(region.margin(X), [0.25, 0.25, -0.25])
    assert region.contains(X).tolist() == [True, True, False]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["float", "grid", "integer", "choice", "mixed"])
def test_inside_means_a_positive_margin(spaces, name, seed):
    region, _ = learned(spaces[name], seed)
    X = spaces[name].sample(400, np.random.default_rng(seed))
    inside, margin = region.contains(X), region.margin(X)
    assert (margin[inside] >= 0).all()
    assert (margin[~inside] <= 0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["float", "grid", "integer", "choice", "mixed", "tree"])
def test_samples_are_inside_distinct_and_repeat_themselves(spaces, name, seed):
    space = spaces[name]
    region, members = learned(space, seed)
    X = region.sample(40, members, np.random.default_rng(seed))
    assert region.contains(X).all()
    assert len(first_rows(X)) == len(X) <= 40
    assert len(X) == 40 or space.enumerable
    np.testing.assert_array_equal(space.snap(X), X)
    again = region.sample(40, members, np.random.default_rng(seed))
    np.testing.assert_array_equal(X, again)


def test_samples_are_uniform(rng):
    X = corner(0.3).sample(250, np.empty((0, 2)), rng)
    assert len(X) == 250
    assert all(stats.kstest(column / 0.3, "uniform").pvalue > 1e-3 for column in X.T)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_points_are_looked_at_a_few_at_a_time_where_choices_are_many(kernel, rng, monkeypatch):
    space = Space({"c": Categorical(tuple(range(50))), "x": Float(0, 1)})
    X = space.sample(333, rng)
    learned = learn_boundary(boundary_features(space, X), X[:, 0] + X[:, 1] > 1, kernel)
    cut = Region(space).cut(learned, good=False)
    of_region = [getattr(cut, name) for name in ("contains", "margin", "log_chance")]
    whole, rows = [each(X) for each in of_region], []

    def counted(space, part):
        rows.append(len(part))
        return boundary_features(space, part)

    monkeypatch.setattr("lamoo.partition.region.FEATURES", 52 * 100)
    monkeypatch.setattr("lamoo.partition.region.boundary_features", counted)
    assert all(np.allclose(a, each(X)) for a, each in zip(whole, of_region, strict=True))
    assert rows == 3 * [100, 100, 100, 33]
    assert cut.contains(X[:0]).shape == (0,)


@pytest.mark.parametrize(("size", "least"), [(1e-2, 50), (1e-3, 40), (1e-7, 3)])
def test_where_rejection_fails_it_walks_from_members(size, least, rng):
    region = corner(size)
    members = np.array([[0.4 * size, 0.7 * size]])
    X = region.sample(50, members, rng)
    assert len(first_rows(X)) == len(X) >= least
    assert region.contains(X).all()


def test_a_small_region_without_members_gives_what_can_be_found(rng):
    X = corner(1e-7).sample(50, np.empty((0, 2)), rng)
    assert X.shape == (0, 2)


def test_an_empty_region_ends(rng, monkeypatch):
    boundary = Line((1.0, 0.0), 0.0)
    region = Region(SQUARE).cut(boundary, good=True).cut(boundary, good=False)
    drawn, sample = [], Space.sample
    monkeypatch.setattr(Space, "sample", lambda at, n, rng: drawn.append(n) or sample(at, n, rng))
    X = region.sample(50, rng.random((5, 2)), rng)
    assert X.shape == (0, 2)
    assert MAX_DRAWS <= sum(drawn) <= 2 * MAX_DRAWS


def test_members_outside_are_no_place_to_walk_from(rng):
    region = corner(1e-7)
    X = region.sample(20, np.array([[0.9, 0.9], [0.4e-7, 0.4e-7]]), rng)
    assert len(X)
    assert region.contains(X).all()


def test_all_of_a_small_discrete_region_is_found(rng):
    space = Space({"a": Integer(0, 9), "b": Categorical("xyz"), "c": Integer(1, 9, log=True)})
    everything = space.enumerate()
    region = Region(space).cut(Line((1.0, 1.0), 0.6), good=True)
    wanted = everything[region.contains(everything)]
    X = region.sample(len(wanted) + 10, np.empty((0, 3)), rng)
    assert 0 < len(wanted) < len(everything)
    assert {tuple(x) for x in X} == {tuple(x) for x in wanted}


def test_fixed_parameters_are_fixed_in_every_sample(rng):
    space = Space(SQUARE.parameters, {"b": 0.25})
    region = Region(space, corner(0.3).sides)
    X = region.sample(20, rng.random((5, 2)) * 0.3, rng)
    assert len(X) == 20
    assert (X[:, 1] == 0.25).all()


def test_asking_for_nothing_gives_nothing(rng):
    assert corner(0.5).sample(0, np.empty((0, 2)), rng).shape == (0, 2)


def test_share_is_that_of_all_completions(rng):
    space = Space({"x": Float(0, 1), "y": Float(0, 1), "k": Categorical(("a", "b"))})
    whole = Region(space)
    plane = Boundary(Linear(np.array([0, 1.0, 0, 0, 0, 0, 0]), 0.2))  # y - .5 > -.2
    half = whole.cut(plane, good=True)
    X = np.array([[0.1, np.nan, np.nan], [np.nan, 0.9, 0.25], [0.5, 0.1, np.nan]])
    assert whole.share(X, space.draw(16, rng)).tolist() == [1.0, 1.0, 1.0]
    assert half.share(X, space.draw(4_000, rng)) == pytest.approx([0.7, 1.0, 0.0], abs=0.03)


def test_a_region_keeps_the_known_constraints(rng):
    space = Space(
        {"x": Float(0, 1), "y": Float(0, 1)}, known=Known(violation=lambda X: X.sum(axis=1) - 0.01)
    )
    region = Region(space)
    X = region.sample(64, np.array([[0.002, 0.003]]), rng)
    assert len(X) > 8
    assert (X.sum(axis=1) <= 0.01).all()
    assert region.contains(np.array([[0.5, 0.5], [0.005, 0.005]])).tolist() == [False, True]


@pytest.mark.parametrize("name", ["float", "mixed", "tree", "choice"])
def test_what_approaches_a_point_is_inside_and_mixes_it_with_members(spaces, name):
    # seeds 0-4: every choice is the point's or a member's, every number lies between the two
    for seed in range(5):
        region, members = learned(spaces[name], seed, depth=1)
        rng = np.random.default_rng(seed)
        X = rng.random((3, region.space.dimension))
        near = region.approach(X, members, 200, rng)
        assert region.contains(near).all()
        corners = np.concatenate([X, region.space.snap(X), members])
        inside = np.isnan(near) | (
            (near >= np.nanmin(corners, axis=0) - 1e-9)
            & (near <= np.nanmax(corners, axis=0) + 1e-9)
        )
        assert inside.all()


def test_the_first_that_approaches_a_point_is_the_nearest_and_no_member_means_none(rng):
    region, member, outside = corner(0.5), np.array([[0.1, 0.1]]), np.array([[0.9, 0.4]])
    near = region.approach(outside, member, 400, rng)
    assert near[0] == pytest.approx([0.5, 0.25], abs=0.02)  # the border, on the way to the member
    assert (np.diff(np.abs(near - outside).sum(axis=1)) >= 0).all()
    assert region.approach(outside, member[:0], 400, rng).shape == (0, 2)
