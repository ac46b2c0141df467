"""Uniform sampling inside a region."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.partition.region import Region
from lamoo.space.history import History


def pool(
    history: History, region: Region, members: Ints, n: int, rng: np.random.Generator
) -> Floats:
    """Draw up to ``n`` distinct, never tried points of a region, shape ``(k, d)``.

    Where drawing finds none in a space that can be enumerated, all that are left are returned:
    none are overlooked.
    """
    X = history.unseen(region.sample(n, history.X[members], rng))
    if not len(X) and region.space.enumerable:
        everything = history.unseen(region.space.enumerate())
        X = everything[region.contains(everything)]
    return X


def propose(
    history: History,
    region: Region,
    members: Ints,
    rng: np.random.Generator,
    reference: Floats | None = None,  # noqa: ARG001  one signature for all solvers
) -> Floats | None:
    """Return a uniformly drawn, never tried point (d,) of the region, ``None`` if there is none.

    See :class:`lamoo.solvers.Solver` for the arguments.
    """
    X = pool(history, region, members, 32, rng)
    return X[rng.integers(len(X))] if len(X) else None
