"""What a boundary is learned on: features of points in which a plane can close an ellipsoid."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats, filled
from lamoo.space import Space

#: Up to this many numbers are also multiplied in pairs, so that an ellipsoid may be oblique: then
#: there are no more products than squares. In 10 dimensions, 45 products harm.
OBLIQUE = 3
#: With more features than this a boundary takes milliseconds to learn: by the cube of their number.
MANY = 64


def boundary_features(space: Space, X: Floats) -> Floats:
    """Return ``[x - .5, (x - .5)^2]`` of numbers, products of few, and one-hot choices.

    An inactive parameter has all its features at zero: it pulls a point to neither side. Known
    features (:meth:`lamoo.space.Space.known_features`) count as numbers, but are not multiplied;
    those that are unknown pull to neither side, too.

    Args:
        space: the points' space.
        X: points, shape ``(n, d)``.

    Returns:
        Features, shape ``(n, p)``, ``p = 2 * (numbers + known) + products + sum(choices)``; the
        numbers come first.
    """
    numbers = filled(X[:, ~space.categorical] - 0.5, 0.0)
    blocks = [numbers, numbers**2]
    if numbers.shape[1] <= OBLIQUE:
        first, second = np.triu_indices(numbers.shape[1], 1)
        blocks.append(numbers[:, first] * numbers[:, second])
    for j in np.flatnonzero(space.categorical):
        k = int(space.levels[j])
        # NaN compares false with every choice, which leaves the row of zeros it should
        cell = np.floor(X[:, j] * k)
        blocks.append((cell[:, None] == np.arange(k)).astype(float))
    if space.known.predicts:
        known = filled(space.known_features(X) - 0.5, 0.0)
        blocks += [known, known**2]
    return np.concatenate(blocks, axis=1)


def feature_count(space: Space) -> int:
    """Return how many features the parameters of a space have, but for products."""
    choices = space.levels[space.categorical].sum()
    return int(2 * (~space.categorical).sum() + choices)


def many_features(space: Space) -> bool:
    """Tell whether boundaries in a space take long to learn, see :data:`MANY`."""
    return feature_count(space) > MANY
