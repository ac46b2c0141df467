"""What a boundary is learned on."""

import numpy as np

from lamoo import Categorical, Float, Integer, Space
from lamoo.partition.features import boundary_features


def test_features_computed_by_hand():
    space = Space({"a": Float(0, 1), "b": Categorical("xyz"), "c": Integer(0, 1)})
    X = np.array([[1.0, 5 / 6, 0.25], [np.nan, np.nan, 0.75]])
    # a and c centred, a and c squared, their product, the choice
    expected = [[0.5, -0.25, 0.25, 0.0625, -0.125, 0, 0, 1], [0, 0.25, 0, 0.0625, 0, 0, 0, 0]]
    np.testing.assert_allclose(boundary_features(space, X), expected)


def test_features_of_all_choices_are_their_indicators(spaces, rng):
    X = spaces["choice"].sample(100, rng)
    features = boundary_features(spaces["choice"], X).reshape(100, 6, 6)
    assert (features.sum(axis=2) == 1).all()
    np.testing.assert_array_equal(features.argmax(axis=2), np.floor(X * 6))
