"""Maps of a region: where they look, and what they find there."""

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.partition.features import boundary_features
from lamoo.partition.region import Region
from lamoo.partition.split import Boundary, Linear
from lamoo.report.maps import PLACES, map_places, most_telling, region_map


@pytest.mark.parametrize(
    ("parameter", "count"),
    [
        (Float(0, 1), PLACES),
        (Float(0, 1, step=0.25), 5),
        (Integer(1, 9, log=True), 9),
        (Categorical("abc"), 3),
    ],
)
def test_a_map_looks_at_every_value_or_evenly(parameter, count):
    places = map_places(parameter)
    assert len(places) == count
    values = Space({"p": parameter}).enumerate() if count < PLACES else None
    if values is None:
        np.testing.assert_allclose(places, np.linspace(0, 1, PLACES))
    else:
        np.testing.assert_allclose(places, values[:, 0])


def test_a_map_shows_the_half_that_is_inside_and_what_tells_most(rng):
    space = Space({name: Float(0, 1) for name in "abc"})
    weights = np.zeros(boundary_features(space, space.sample(1, rng)).shape[1])
    weights[1] = 1.0  # inside where b > 1/2
    region = Region(space).cut(Boundary(Linear(weights, 0.0)), good=True)
    x, y = np.linspace(0, 1, 5), np.array([0.1, 0.4, 0.6, 0.9])
    shares = region_map(region, (0, 1), (x, y))
    np.testing.assert_array_equal(shares, np.repeat([0.0, 0, 1, 1], 5).reshape(4, 5))
    unseen = region_map(region, (0, 2), (x, y))  # b is one of the other parameters
    np.testing.assert_allclose(unseen, 0.5, atol=0.25)
    assert most_telling(region, space.sample(50, rng))[0] == 1
