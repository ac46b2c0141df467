"""A region over two of its parameters, as plain data for a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.numerics import own_state
from lamoo.partition.region import Region
from lamoo.space import Categorical, Parameter, Space

#: Places per axis where a parameter has more values: an odd number, so that the middle is one.
#: Of more choices those of the best trials are shown.
PLACES = 41
#: Settings of the other parameters per pair of places: shares come in steps of 1.6 %.
COMPLETIONS = 64
#: Points that histograms are made of, everywhere and in the region, and their bins.
DRAWS, INSIDE, BINS = 4096, 512, 8
#: With fewer points of a pair inside, or everywhere, histograms say nothing.
LEAST = 32
#: Pairs that are shown at most, and of how many parameters pairs are made.
PANELS, CANDIDATES = 4, 16
#: A pair that fewer observed points have is not shown, if there is another one.
FEW = 5


def map_places(parameter: Parameter, observed: Floats, numbers: Sequence[int]) -> Floats:
    """Return where along a parameter's unit interval a map looks, at most :data:`PLACES`.

    Of a number's values some that are spread; of choices, which have nothing between them, those
    of the trials that fewest others dominate.

    Args:
        parameter: one of the space's.
        observed: where each trial is along it, shape ``(n,)``, NaN where it has none.
        numbers: the dominance number of each.
    """
    if parameter.levels <= PLACES:
        return parameter.places()
    if not isinstance(parameter, Categorical):
        return np.unique(parameter.snap(np.linspace(0, 1, PLACES)))
    best = observed[np.argsort(numbers, kind="stable")]
    tried = np.floor(best[~np.isnan(best)] * parameter.levels).clip(0, parameter.levels - 1)
    # the untried ones follow those that were tried
    first = np.unique(np.append(tried, np.arange(parameter.levels)), return_index=True)[1]
    return parameter.places()[np.sort(np.argsort(first)[:PLACES])]


@own_state()
def region_map(
    region: Region, columns: tuple[int, int], axes: tuple[Floats, Floats], observed: Floats
) -> Floats:
    """Return how much of the region lies at each pair of places, shape ``(ny, nx)``.

    That is the share of the other parameters' settings (:data:`COMPLETIONS` uniform ones, of those
    that have both parameters) with which a point is inside; NaN where the two never exist together.

    Args:
        region: of a space of ``d`` parameters.
        columns: the two parameters that the map shows.
        axes: places along each, shapes ``(nx,)`` and ``(ny,)``.
        observed: points (n, d), which complete where hardly any uniform point has both parameters.
    """
    x, y = np.meshgrid(*axes)
    partial = np.full((x.size, region.space.dimension), np.nan)
    partial[:, columns[0]], partial[:, columns[1]] = x.ravel(), y.ravel()
    others = _having(region.space, columns, observed)
    return region.share(partial, others).reshape(x.shape)


def _having(space: Space, columns: tuple[int, int], observed: Floats) -> Floats:
    """Return points (n, d) that have two parameters, with a value also for what is inactive."""
    rng = np.random.default_rng(0)
    drawn = space.draw(DRAWS, rng)
    having = drawn[_both(space.activity.mask(drawn), columns)][:COMPLETIONS]
    seen = observed[_both(observed, columns)]
    if len(having) == COMPLETIONS or not len(seen):
        return having
    more = seen[rng.integers(len(seen), size=COMPLETIONS - len(having))]
    filled = np.where(np.isnan(more), drawn[: len(more)], more)
    return np.concatenate([having, filled])


def _both(X: Floats, columns: tuple[int, int]) -> Bools:
    """Tell which points (n, d) have both of two parameters, ``(n,)``."""
    first, second = columns
    return ~np.isnan(X[:, first]) & ~np.isnan(X[:, second])


@own_state()
def telling_pairs(region: Region, observed: Floats) -> list[tuple[int, int]]:
    """Return the pairs of columns that a region is best shown over, the more telling one first.

    One pair, or up to :data:`PANELS` in a conditional space: one for each largest set of parameters
    that points were observed to have together (say, those of each model family), with a parameter
    that not all of these sets have. The sets that most points fit into come first. A parameter
    tells as much as its values inside differ from those everywhere, by the total variation distance
    between histograms of :data:`BINS` bins, among the points that have the pair; a pair counts by
    the share of the observed points that have it.

    Args:
        region: of a space of ``d`` parameters.
        observed: points (n, d), at least one; the region is sampled from those inside where it is
            small.
    """
    rng = np.random.default_rng(0)
    members = observed[region.contains(observed)]
    inside, everywhere = region.sample(INSIDE, members, rng), region.space.sample(DRAWS, rng)
    telling = _Telling(inside, everywhere, observed)
    sets = _largest_sets(observed)
    common = np.asarray(np.stack(sets).all(axis=0))
    pairs: list[tuple[int, int]] = []
    for together in sets:
        own = together if len(sets) == 1 else together & ~common
        pair = telling.best(np.flatnonzero(together), own)
        if pair is not None and pair not in pairs:
            pairs.append(pair)
    enough = [pair for pair in pairs if _both(observed, pair).sum() >= FEW]
    return (enough or pairs)[:PANELS]


def _largest_sets(observed: Floats) -> list[Bools]:
    """Return the sets (d,) of parameters of points (n, d) that are in no other point's set.

    Those that most points fit into come first.
    """
    patterns, count = np.unique(~np.isnan(observed), axis=0, return_counts=True)
    inside = np.asarray((patterns[:, None] <= patterns[None]).all(axis=2))  # which in which
    largest = np.flatnonzero(inside.sum(axis=1) == 1)
    order = sorted(largest.tolist(), key=lambda k: -float(count @ inside[:, k]))
    return [np.asarray(patterns[k]) for k in order]


@dataclass(frozen=True)
class _Telling:
    """How much parameters tell about a region.

    Args:
        inside: points (k, d) of the region.
        everywhere: points (m, d) of the space.
        observed: points (n, d).
    """

    inside: Floats
    everywhere: Floats
    observed: Floats

    def best(self, columns: Ints, own: Bools) -> tuple[int, int] | None:
        """Return the most telling pair of columns, one of them at least among ``own`` (d,).

        ``None`` where there is none.
        """
        first = sorted(columns.tolist(), key=lambda j: -self.distance(j, (j, j)))[:CANDIDATES]
        pairs = [(i, j) for i, j in combinations(first, 2) if own[i] or own[j]]
        if not pairs:
            return None
        i, j = max([pair for pair in pairs if self._varies(pair)] or pairs, key=self._worth)
        return (i, j) if self.distance(i, (i, j)) >= self.distance(j, (i, j)) else (j, i)

    def _varies(self, pair: tuple[int, int]) -> bool:
        """Tell whether both of a pair have several values among the points that have them."""
        having = self.everywhere[_both(self.everywhere, pair)]
        return all(len(having) and np.ptp(having[:, j]) > 0 for j in pair)

    def _worth(self, pair: tuple[int, int]) -> tuple[float, float]:
        seen = float(_both(self.observed, pair).mean())
        return seen * sum(self.distance(j, pair) for j in pair), seen

    def distance(self, j: int, pair: tuple[int, int]) -> float:
        """Return how far a column's values inside are from those everywhere, among a pair's."""
        some, all_ = (X[_both(X, pair), j] for X in (self.inside, self.everywhere))
        if min(len(some), len(all_)) < LEAST:
            return 0.0
        return float(np.abs(_histogram(some) - _histogram(all_)).sum())


def _histogram(u: Floats) -> Floats:
    """Return the shares of values (n,) in each bin."""
    return np.histogram(u, bins=BINS, range=(0.0, 1.0))[0] / len(u)
