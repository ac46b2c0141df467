"""A region over two of its parameters, as plain data for a heat map."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats
from lamoo.numerics import own_state
from lamoo.partition.region import Region
from lamoo.space import Parameter

#: Places per axis where a parameter has more values: an odd number, so that the middle is one.
PLACES = 41
#: Settings of the other parameters per pair of places: shares come in steps of 1.6 %.
COMPLETIONS = 64
#: Points that histograms are made of, everywhere and in the region, and their bins.
DRAWS, INSIDE, BINS = 4096, 512, 8


def map_places(parameter: Parameter) -> Floats:
    """Return where along a parameter's unit interval a map looks, at most :data:`PLACES`."""
    if parameter.levels > PLACES:
        return np.unique(parameter.snap(np.linspace(0, 1, PLACES)))
    return parameter.places()


@own_state()
def region_map(region: Region, columns: tuple[int, int], axes: tuple[Floats, Floats]) -> Floats:
    """Return how much of the region lies at each pair of places, shape ``(ny, nx)``.

    That is the share of the other parameters' settings (:data:`COMPLETIONS` uniform ones) with
    which a point is inside.

    Args:
        region: of a space of ``d`` parameters.
        columns: the two parameters that the map shows.
        axes: places along each, shapes ``(nx,)`` and ``(ny,)``.
    """
    x, y = np.meshgrid(*axes)
    partial = np.full((x.size, region.space.dimension), np.nan)
    partial[:, columns[0]], partial[:, columns[1]] = x.ravel(), y.ravel()
    return region.share(partial, COMPLETIONS, np.random.default_rng(0)).reshape(x.shape)


@own_state()
def most_telling(region: Region, observed: Floats) -> list[int]:
    """Return the columns, those first whose values in a region differ most from those everywhere.

    By the total variation distance between histograms of :data:`BINS` bins.

    Args:
        region: of a space of ``d`` parameters.
        observed: points (n, d); the region is sampled from those inside where it is small.
    """
    rng = np.random.default_rng(0)
    members = observed[region.contains(observed)]
    inside, everywhere = region.sample(INSIDE, members, rng), region.space.sample(DRAWS, rng)
    if not len(inside):
        return list(range(region.space.dimension))
    distance = [
        np.abs(_histogram(inside[:, j]) - _histogram(everywhere[:, j])).sum()
        for j in range(region.space.dimension)
    ]
    return sorted(range(len(distance)), key=lambda j: -distance[j])


def _histogram(u: Floats) -> Floats:
    """Return the shares of values (n,) in each bin; an inactive one is in none."""
    return np.histogram(u[~np.isnan(u)], bins=BINS, range=(0.0, 1.0))[0] / len(u)
