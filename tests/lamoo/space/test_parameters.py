"""What each kind of parameter answers; round trips through a space are in test_space.py."""

import math

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer

CHOICES = (True, 1, None, math.nan, "a", "", 0, False, 0.5, ("t", 2))


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Integer(3, 9), range(3, 10)),
        (Integer(0, 50, step=20), [0, 20, 40]),
        (Integer(1, 300, log=True), range(1, 301)),
        (Integer(7, 7, log=True), [7]),
        (Float(0, 0.35, step=0.1), [0, 0.1, 0.2, 0.3]),
        (Float(2.5, 2.5), [2.5]),
        (Categorical(CHOICES), CHOICES),
    ],
)
def test_places_and_gaps_are_those_of_the_values(parameter, values):
    places = parameter.places()
    np.testing.assert_allclose(places, parameter.to_unit(list(values)), rtol=0, atol=1e-12)
    assert (np.diff(places) > 0).all()
    assert len(places) == parameter.levels
    np.testing.assert_allclose(parameter.snap(places), places, rtol=0, atol=1e-12)
    up, down = parameter.gaps(places)
    np.testing.assert_allclose(up[:-1], np.diff(places), rtol=0, atol=1e-12)
    np.testing.assert_allclose(down[1:], np.diff(places), rtol=0, atol=1e-12)


def test_what_is_continuous_has_no_gaps():
    u = np.array([0.0, 0.3, 1.0])
    for parameter in (Float(-1, 2), Float(1e-3, 10, log=True)):
        assert parameter.levels == math.inf
        np.testing.assert_array_equal(parameter.gaps(u), np.zeros((2, 3)))
