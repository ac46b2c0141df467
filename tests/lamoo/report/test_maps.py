"""Maps of regions that are known: where they look, and what they find there."""

from dataclasses import dataclass

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.partition.region import Region
from lamoo.report.maps import COMPLETIONS, PLACES, map_places, most_telling, region_map

CUBE = Space({name: Float(0, 1) for name in "abc"})


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
    u = map_places(parameter)
    assert len(u) == parameter.levels
    assert (np.diff(u) > 0).all()
    values = [*map(repr, Space({"p": parameter}).decode(u[:, None]))]
    assert len(set(values)) == len(u)


@pytest.mark.parametrize("parameter", [Float(-1, 1), Float(1e-5, 1, log=True), Integer(0, 10_000)])
def test_many_values_have_places_over_the_whole_range(parameter):
    u = map_places(parameter)
    assert len(u) == PLACES
    np.testing.assert_allclose(u, np.linspace(0, 1, PLACES), atol=1e-3)


def test_a_map_is_the_share_of_the_others_settings_that_is_inside():
    axes = (np.linspace(0.05, 0.95, 7), np.linspace(0.05, 0.95, 5))
    region = Region(CUBE).cut(Above(0, 0.5), good=True)
    shares = region_map(region, (0, 1), axes)
    np.testing.assert_array_equal(shares, np.tile((axes[0] > 0.5).astype(float), (5, 1)))
    # the third number is above .25 in three cases of four, four standard deviations
    both = region_map(region.cut(Above(2, 0.25), good=True), (0, 1), axes)
    assert (both[:, axes[0] <= 0.5] == 0).all()
    error = 4 * np.sqrt(0.75 * 0.25 / COMPLETIONS)
    np.testing.assert_allclose(both[:, axes[0] > 0.5], 0.75, atol=error)


def test_what_a_region_is_about_comes_first():
    region = Region(CUBE).cut(Above(2, 0.75), good=True).cut(Above(1, 0.2), good=True)
    assert most_telling(region, CUBE.sobol(0, 64, 0)) == [2, 1, 0]
    nowhere = Region(CUBE).cut(Above(2, 2.0), good=True)
    assert most_telling(nowhere, CUBE.sobol(0, 64, 0)) == [0, 1, 2]
