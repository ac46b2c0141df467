"""What a surrogate learns from: the points of a space, and next to them what is known of each.

The first ``d`` columns of the inputs are the point, the other ``k`` its known objectives and
features (:meth:`lamoo.space.Space.known_features`).
"""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space import Space

#: Half the width over which the slope of a known feature is measured along a continuous parameter.
STEP = 1e-4


def inputs_of(space: Space, X: Floats) -> Floats:
    """Return the inputs of points (n, d), shape ``(n, d + k)``."""
    return np.concatenate([X, space.known_features(X)], axis=1) if space.known.predicts else X


def categorical_inputs(space: Space) -> Bools:
    """Tell which columns of the inputs are unordered, shape ``(d + k,)``."""
    return np.concatenate([space.categorical, np.zeros(_known(space), dtype=bool)])


def alike_inputs(space: Space) -> Ints:
    """Return :attr:`lamoo.space.Space.alike` for the columns of the inputs, shape ``(d + k,)``."""
    return np.concatenate([space.alike, np.full(_known(space), -1, dtype=np.intp)])


def _known(space: Space) -> int:
    """Return the number ``k`` of known features."""
    return len(space.known_scales) if space.known.predicts else 0


def input_slopes(space: Space, x: Floats) -> Floats:
    """Return the derivatives of the inputs of one point (d,) by the point, ``(d + k, d)``.

    Those of known features are differences: between neighbouring values, or over hardly any
    distance (:data:`STEP`) where the parameter is continuous. They are 0 along choices, coarse
    grids, and what is fixed or inactive, and where what is known of the rest is unknown.
    """
    d = space.dimension
    slopes = np.zeros((d + _known(space), d))
    slopes[:d] = np.eye(d)
    columns = np.flatnonzero(space.smooth & space.free & ~np.isnan(x))
    if len(columns):
        step = np.maximum(1.0 / space.levels[columns], STEP)
        up, down = (np.repeat(x[None], len(columns), axis=0) for _ in range(2))
        rows = np.arange(len(columns))
        up[rows, columns] = np.minimum(x[columns] + step, 1.0)
        down[rows, columns] = np.maximum(x[columns] - step, 0.0)
        width = up[rows, columns] - down[rows, columns]
        known = space.known_features(np.concatenate([up, down]))
        slopes[d:, columns] = (
            np.nan_to_num(known[: len(rows)] - known[len(rows) :], nan=0.0).T / width
        )
    return slopes


def known_column(space: Space, j: int) -> int:
    """Return which column of the inputs tells the j-th objective, a known one."""
    return space.dimension + _rank(space, j)


def known_values(space: Space, inputs: Floats, j: int) -> Floats:
    """Return the values (n,) of the j-th objective, a known one, from inputs ``(n, d + k)``."""
    return space.known_scales[_rank(space, j)].from_unit(inputs[:, known_column(space, j)])


def known_range(space: Space, j: int) -> tuple[float, float]:
    """Return about the least and the largest value of the j-th objective, a known one.

    As far as it is known, and between 0 and 1 where it is nowhere.
    """
    scale = space.known_scales[_rank(space, j)]
    return scale.low, scale.high


def known_everywhere(space: Space, j: int) -> bool:
    """Tell whether the j-th objective, a known one, is known of all configurations (about)."""
    return not np.isnan(space.known_landmarks[:, _rank(space, j)]).any()


def _rank(space: Space, j: int) -> int:
    """Return how many known objectives come before the j-th objective."""
    return sorted(space.known.objectives).index(j)
