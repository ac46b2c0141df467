"""Uniform sampling inside a region."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats
from lamoo.partition.place import Place
from lamoo.partition.region import MAX_DRAWS

#: Points that one is drawn from: enough that some were never tried, where few are left.
DRAWN = 32


def pool(place: Place, n: int, rng: np.random.Generator, draws: int = MAX_DRAWS) -> Floats:
    """Draw up to ``n`` distinct, never tried points of the region, shape ``(k, d)``.

    Where drawing finds none in a space that can be enumerated, all that are left are returned:
    none are overlooked.

    Args:
        place: the region, and what was tried.
        n: how many points are drawn.
        rng: the random generator.
        draws: see :meth:`lamoo.partition.region.Region.sample`.
    """
    history, region = place.history, place.region
    X = history.unseen(region.sample(n, history.X[place.members], rng, draws))
    if not len(X) and region.space.enumerable:
        return place.left()
    return X


def propose(place: Place, rng: np.random.Generator) -> Floats | None:
    """Return a uniformly drawn, never tried point (d,) of the region, ``None`` if there is none.

    See :class:`lamoo.solvers.Propose` for the arguments.
    """
    X = pool(place, DRAWN, rng)
    return X[rng.integers(len(X))] if len(X) else None
