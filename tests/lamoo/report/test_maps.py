"""Maps of regions that are known: where they look, and what they find there."""

from dataclasses import dataclass

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.partition.region import Region
from lamoo.report.maps import COMPLETIONS, PLACES, map_places, region_map, telling_pairs
from lamoo.space.activity import Activity, OneOf

CUBE = Space({name: Float(0, 1) for name in "abc"})
NONE = np.empty((0, 3))


@dataclass(frozen=True)
class Above:
    """A boundary across one number: good above ``start``."""

    column: int
    start: float

    def decision(self, features):
        return features[:, self.column] - (self.start - 0.5)


@pytest.mark.parametrize(
    "parameter",
    [
        Float(0, 1, step=0.25),
        Integer(-3, 9),
        Integer(1, 30, log=True),
        Categorical(("x", "y", "z")),
        Categorical((True, False, None)),
    ],
)
def test_there_is_one_place_for_each_value(parameter):
    u = map_places(parameter, np.empty(0), [])
    assert len(u) == parameter.levels
    assert (np.diff(u) > 0).all()
    values = [*map(repr, Space({"p": parameter}).decode(u[:, None]))]
    assert len(set(values)) == len(u)


@pytest.mark.parametrize("parameter", [Float(-1, 1), Float(1e-5, 1, log=True), Integer(0, 10_000)])
def test_many_values_have_places_over_the_whole_range(parameter):
    u = map_places(parameter, np.empty(0), [])
    assert len(u) == PLACES
    np.testing.assert_allclose(u, np.linspace(0, 1, PLACES), atol=1e-3)


def test_of_many_choices_those_of_the_best_trials_have_places():
    parameter = Categorical(tuple(range(1000)))
    tried = [7, 999, 3, *range(500, 540), 7]
    numbers = [9, 2, 8, *[1] * 40, 0]
    X = (np.array(tried) + 0.5) / 1000
    X[4] = np.nan  # a trial without the parameter
    best = {7, 999, *range(500, 540)} - {501}
    u = map_places(parameter, X, numbers)
    assert set(parameter.from_unit(u)) == best
    assert (np.diff(u) > 0).all()
    # two trials leave room for choices that nobody tried, the first ones
    assert parameter.from_unit(map_places(parameter, X[1:3], [0, 0])) == [*range(40), 999]


def test_a_map_is_the_share_of_the_others_settings_that_is_inside():
    axes = (np.linspace(0.05, 0.95, 7), np.linspace(0.05, 0.95, 5))
    region = Region(CUBE).cut(Above(0, 0.5), good=True)
    shares = region_map(region, (0, 1), axes, NONE)
    np.testing.assert_array_equal(shares, np.tile((axes[0] > 0.5).astype(float), (5, 1)))
    # the third number is above .25 in three cases of four, four standard deviations
    both = region_map(region.cut(Above(2, 0.25), good=True), (0, 1), axes, NONE)
    assert (both[:, axes[0] <= 0.5] == 0).all()
    error = 4 * np.sqrt(0.75 * 0.25 / COMPLETIONS)
    np.testing.assert_allclose(both[:, axes[0] > 0.5], 0.75, atol=error)


def test_what_a_region_is_about_comes_first():
    region = Region(CUBE).cut(Above(2, 0.75), good=True).cut(Above(1, 0.2), good=True)
    assert telling_pairs(region, CUBE.sobol(0, 64, 0)) == [(2, 1)]
    nowhere = Region(CUBE).cut(Above(2, 2.0), good=True)
    assert telling_pairs(nowhere, CUBE.sobol(0, 64, 0)) == [(0, 1)]


#: Two models with parameters of their own, one of which opens another one, and one that both have.
BRANCHES = Space(
    {
        "a1": Float(0, 1),
        "a2": Float(0, 1),
        "b1": Float(0, 1),
        "b2": Float(0, 1),
        "deep": Categorical((False, True)),
        "model": Categorical(("a", "b", "c")),
        "x": Float(0, 1),
    },
    activity=Activity(
        (
            (0, np.array([5]), OneOf((1 / 6,))),
            (1, np.array([5]), OneOf((1 / 6,))),
            (2, np.array([5]), OneOf((0.5,))),
            (4, np.array([5]), OneOf((0.5,))),
            (3, np.array([4]), OneOf((0.75,))),
        )
    ),
)
NOTHING = np.empty((0, 7))


def test_a_map_has_gaps_where_two_never_exist_together(rng):
    names = list(BRANCHES.parameters)
    region = Region(BRANCHES).cut(Above(0, 0.5), good=True)  # features of numbers: a1 comes first
    for pair in [("model", "a1"), ("model", "x"), ("deep", "b2"), ("b2", "b1"), ("a1", "b1")]:
        columns = names.index(pair[0]), names.index(pair[1])
        axes = tuple(map_places(BRANCHES.parameters[name], np.empty(0), [])[::5] for name in pair)
        shares = region_map(region, columns, axes, NOTHING)
        for (row, col), share in np.ndenumerate(shares):
            # by brute force: both set, and all others as the space has them
            X = BRANCHES.draw(2_000, rng)
            X[:, columns[0]], X[:, columns[1]] = axes[0][col], axes[1][row]
            X = BRANCHES.activity.mask(X)
            X = X[~np.isnan(X[:, columns]).any(axis=1)]
            assert np.isnan(share) == (not len(X))
            if len(X):
                truth = region.contains(X).mean()
                assert share == pytest.approx(truth, abs=4 * 0.5 / np.sqrt(COMPLETIONS) + 0.05)
    assert np.isnan(shares).all()


def test_each_branch_has_its_picture_of_what_tells_there():
    names = list(BRANCHES.parameters)
    observed = BRANCHES.sobol(0, 128, 0)
    region = Region(BRANCHES).cut(Above(1, 0.75), good=False).cut(Above(2, 0.7), good=False)
    pairs = [{names[i], names[j]} for i, j in telling_pairs(region, observed)]
    # a2 and b1 make the region; nothing is of c alone, which is only part of the others
    assert len(pairs) == 2
    assert {"a2"} < pairs[0] | pairs[1]
    assert [len(pair & {"a1", "a2"}) > 0 for pair in pairs] == [
        len(pair & {"b1", "b2", "deep"}) == 0 for pair in pairs
    ]
    assert any("b1" in pair for pair in pairs)
    for pair in pairs:  # of a model and what it opens there is only one row
        assert "model" not in pair


def test_a_pair_that_one_point_had_is_not_shown():
    flat = BRANCHES.sobol(0, 60, 0)
    flat[:, [2, 3, 4]] = np.nan
    flat[0, [2, 3, 4]] = 0.75, 0.75, 0.75
    for i, j in telling_pairs(Region(BRANCHES), flat):
        assert (~np.isnan(flat[:, [i, j]]).any(axis=1)).sum() >= 5
    alone = flat[:1]  # unless there is no other
    assert len(telling_pairs(Region(BRANCHES), alone)) == 1
