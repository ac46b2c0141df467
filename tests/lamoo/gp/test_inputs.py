"""What a surrogate learns from: points, what is known of them, and how that changes with them."""

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Known, Space
from lamoo.gp.inputs import (
    alike_inputs,
    categorical_inputs,
    input_slopes,
    inputs_of,
    known_column,
    known_range,
    known_values,
)

PARAMETERS = {
    "x": Float(0, 1),
    "n": Integer(0, 99),
    "c": Categorical("xyz"),
    "e": Categorical("xyz"),
    "y": Float(0, 1),
}


def cost(X):
    return 10 ** (3 * X[:, 0]) + X[:, 1]


SPACE = Space(
    PARAMETERS,
    known=Known({2: lambda X: X[:, 4] - 7, 0: cost}, features=lambda X: X[:, :1] * X[:, 4:]),
)


def test_inputs_are_the_points_and_then_what_is_known(rng):
    X = SPACE.sample(40, rng)
    inputs = inputs_of(SPACE, X)
    assert inputs.shape == (40, 8)
    np.testing.assert_array_equal(inputs[:, :5], X)
    assert categorical_inputs(SPACE).tolist() == [False, False, True, True, *4 * [False]]
    labels = alike_inputs(SPACE)
    assert labels[2] == labels[3] >= 0
    assert (np.delete(labels, [2, 3]) == -1).all()
    plain = Space(PARAMETERS)
    np.testing.assert_array_equal(inputs_of(plain, X), X)


def test_known_objectives_come_back_from_the_inputs(rng):
    X = SPACE.sample(40, rng)
    inputs = inputs_of(SPACE, X)
    assert (known_column(SPACE, 0), known_column(SPACE, 2)) == (5, 6)
    for j in (0, 2):
        values = SPACE.known.objectives[j](X)
        np.testing.assert_allclose(known_values(SPACE, inputs, j), values)
        assert (np.argsort(inputs[:, known_column(SPACE, j)]) == np.argsort(values)).all()
    low, high = known_range(SPACE, 2)
    assert -7 <= low < -6.95
    assert -6.05 < high <= -6


@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_those_of_the_inputs(seed):
    (x,) = SPACE.sample(1, np.random.default_rng(seed))
    slopes = input_slopes(SPACE, x)
    assert slopes.shape == (8, 5)
    np.testing.assert_array_equal(slopes[:5], np.eye(5))
    assert not slopes[5:, [2, 3]].any()
    for j, step in ((0, 1e-5), (4, 1e-5), (1, 0.01)):  # a neighbouring integer is .01 away
        ends = np.array([x, x])
        ends[:, j] += [step, -step]
        ends = np.clip(ends, 0, 1)
        rise = np.subtract(*inputs_of(SPACE, ends)) / (ends[0, j] - ends[1, j])
        np.testing.assert_allclose(slopes[5:, j], rise[5:], rtol=1e-3, atol=1e-6)


def test_what_is_fixed_or_inactive_has_no_slope():
    space = Space(PARAMETERS, {"x": 0.5}, known=SPACE.known)
    slopes = input_slopes(space, np.array([0.5, np.nan, 1 / 6, 1 / 6, 0.3]))
    assert not slopes[5:, [0, 1]].any()
    assert slopes[5:, 4].any()
