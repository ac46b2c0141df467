"""A box that stands for a region, found by patient rule induction.

PRIM (Friedman and Fisher, "Bump hunting in high-dimensional data", 1999) begins with the whole
space and peels off, side by side, what holds least of the region.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.partition.region import Region
from lamoo.report.box import ROUNDING, Box
from lamoo.space import Space

#: Uniform points that a box is found with: a region of 1 % of the space still has 200 of them.
DRAWS = 20_000
#: With fewer uniform points in a region or a box, others are drawn inside it.
FEW_INSIDE = 200
#: How much of the box one peel takes at most (Friedman and Fisher 1999 advise 5 to 10 %).
PEEL = 0.05
#: Choices go one by one where there are no more of them. As long as there are, several go at once,
#: which is as small a share: thousands one by one, each with a look at all others, take minutes.
SINGLY = 200
#: While a box is looked for, so many are drawn inside it where too few are left. Then it is seen
#: how many of them are in the region, and nothing is left to peel off where nearly all are.
REFILL, PURE = 1000, 0.99
#: From then on one of so many columns is peeled at a time: a box of forty takes a thousand peels.
TOGETHER = 8
#: Peeling ends when the box holds this share of its region or less.
LEAST = 0.3
#: Rules are left out as long as that costs at most this share of the box's F-score.
NEGLIGIBLE = 0.03
#: A smaller box must have an F-score that is better by this factor: the simplest of equals is told.
BETTER = 1.001


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Uniform:
    """Uniform points of a space, and of boxes that hold too few of them.

    A box of ten ranges, each half as wide as the space, holds a thousandth of that.

    Args:
        space: of ``d`` parameters.
        points: of it (n, d).
    """

    space: Space
    points: Floats

    def inside(self, box: Box, n: int = DRAWS) -> tuple[Floats, float]:
        """Return uniform points (k, d) of a box, and which share of the space it takes.

        Drawn are ``n`` where it holds few of the space's.
        """
        found = self.points[box.contains(self.points, self.space.levels)]
        if len(found) >= FEW_INSIDE:
            return found, len(found) / len(self.points)
        X, weights, share = self._drawn(box, n)
        if weights is not None:
            X = X[np.random.default_rng(1).choice(len(X), len(X), p=weights / weights.sum())]
        return X, share

    def shares_without(self, box: Box, columns: Sequence[int]) -> list[float]:
        """Return which share of the space a box takes without the rule of each of some columns."""
        outside = box.outside(self.points, self.space.levels)
        broken = outside.sum(axis=1)
        if (broken == 0).sum() >= FEW_INSIDE:
            return [float((broken == outside[:, j]).mean()) for j in columns]
        n = REFILL if self.space.activity.rules else 0  # elsewhere the ranges tell it
        return [self._drawn(box.freed([j]), n)[2] for j in columns]

    def _drawn(self, box: Box, n: int) -> tuple[Floats, Floats | None, float]:
        """Return points (n, d) of a box, their weights (n,) as uniform ones, and its share.

        Drawn is a value for every column. In one that turns out not to exist any other would have
        done, so that such a point stands for as many as the rule leaves out, too.
        """
        rng, space = np.random.default_rng(0), self.space
        X, chances = np.empty((n, space.dimension)), np.ones(space.dimension)
        X[:] = space.draw(n, rng)
        for j in box.conditions():
            low, high = float(box.low[j]), float(box.high[j])
            if np.isfinite(space.levels[j]):
                known = self._raw[:, j]
                known = known[box.allows(known, j, space.levels)]
                chances[j] = max(len(known), 1) / len(self._raw)
                X[:, j] = rng.choice(known, n) if len(known) else box.draw(space, n, rng)[:, j]
            else:
                chances[j] = max(high, 0.0) - low
                X[:, j] = rng.uniform(low, high, n)
        share = float(np.prod(chances))
        if not space.activity.rules:
            return X, None, share
        X = space.activity.mask(X)
        weights = np.exp(-(np.isnan(X) @ np.log(chances)))
        return X, weights, share * float(weights.mean())

    @cached_property
    def _raw(self) -> Floats:
        """Uniform points (n, d) with a value also for what is inactive."""
        return self.space.draw(len(self.points), np.random.default_rng(2))


def find_box(region: Region, U: Floats, found: Floats, front: Floats) -> Box:
    """Return a box around a region: patient rule induction (Friedman and Fisher 1999, PRIM).

    Peels off, side by side, what raises the density of the region most, and returns the box of that
    sequence with the best F-score of coverage and purity. Members of the front are not peeled off.

    Args:
        region: what to describe.
        U: uniform points of the space (n, d).
        found: points of the region (k, d).
        front: members of the front inside the region (f, d).
    """
    uniform = Uniform(region.space, U)
    if not len(found) or not region.sides:
        return Box.whole(region.space.dimension)
    steps = [*_peeled(region, uniform, found, front)]
    volume = float(region.contains(U).mean())
    if volume * len(U) < FEW_INSIDE:  # the smallest box tells it better
        purity = float(region.contains(uniform.inside(steps[-1].box, REFILL)[0]).mean())
        volume = replace(steps[-1], purity=purity).volume
    best, best_score = steps[0], 0.0
    for step in steps:
        score = step.score(volume)
        if score > best_score * BETTER:
            best, best_score = step, score
    return _simplified(best.box, uniform, found, volume if np.isnan(best.purity) else best.volume)


def _peeled(region: Region, uniform: Uniform, found: Floats, front: Floats) -> Iterator[_Step]:
    """Yield the whole space, and then what is left of it after one peel, or several, at a time.

    Args:
        region: what to describe.
        uniform: points of the space.
        found: points of the region (k, d).
        front: members of the front inside the region (f, d), which stay.
    """
    space, U = region.space, uniform.points
    box = Box.whole(space.dimension)
    within, covered = U, found  # those inside the box; a peel only tests the column it changes
    each = 1 / len(U)  # which share of the space one of the former stands for
    seen = False
    while len(covered) > LEAST * len(found):
        purity = float(region.contains(within).mean()) if seen else np.nan
        yield _Step(box, len(within) * each, len(covered) / len(found), purity)
        peels = [] if purity >= PURE else list(_peels(box, within, covered, front, space))
        if not peels:
            return
        densest: dict[int, _Peel] = {}
        for peel in sorted(peels, key=lambda peel: peel.density, reverse=True):
            densest.setdefault(peel.column, peel)
        for j, peel in islice(densest.items(), max(1, space.dimension // TOGETHER) if seen else 1):
            box = peel.of(box)
            within, covered = (X[box.allows(X[:, j], j, space.levels)] for X in (within, covered))
        if len(within) < FEW_INSIDE:
            within, share = uniform.inside(box, REFILL)
            each, seen = share / len(within), True


def _simplified(box: Box, uniform: Uniform, found: Floats, volume: float) -> Box:
    """Return a box without the rules that hardly matter, dropped one by one, the least first."""
    outside = box.outside(found, uniform.space.levels)
    broken = outside.sum(axis=1)
    share, conditions = uniform.inside(box)[1], box.conditions()
    floor = (1 - NEGLIGIBLE) * _Step(box, share, float((broken == 0).mean())).score(volume)
    while conditions:
        shares = uniform.shares_without(box, conditions)
        kept = [float((broken == outside[:, j]).mean()) for j in conditions]
        scores = [_Step(box, *pair).score(volume) for pair in zip(shares, kept, strict=True)]
        k = int(np.argmax(scores))
        if scores[k] < floor:
            break
        j = conditions[k]
        broken = broken - outside[:, j]
        box = box.freed([j])
        conditions = box.conditions()
    return box


@dataclass(frozen=True)
class _Step:
    """A box, and how well it stands for a region.

    Args:
        box: the box.
        share: of the space in it.
        coverage: the share of the region's points in it.
        purity: how much of the box is in the region, NaN where that was not looked at.
    """

    box: Box
    share: float
    coverage: float
    purity: float = np.nan

    @property
    def volume(self) -> float:
        """The region's share of the space, by what is in the box and how much of it that is."""
        return self.share * self.purity / self.coverage

    def score(self, volume: float) -> float:
        """Return the F-score of purity and coverage, given the region's share of the space."""
        purity = self.purity
        if np.isnan(purity):
            purity = min(self.coverage * volume / self.share, 1.0) if self.share else 1.0
        return 2 * purity * self.coverage / max(purity + self.coverage, 1e-12)


@dataclass(frozen=True)
class _Peel:
    """What makes a box smaller: another range or other choices of one column.

    Args:
        column: which.
        density: how many points of the region are left for each uniform one.
        range: of a number.
        cells: of a category, of which some go; all of them.
        gone: which.
    """

    column: int
    density: float
    range: tuple[float, float] = (0.0, 1.0)
    cells: tuple[int, ...] = ()
    gone: Collection[int] = frozenset()

    def of(self, box: Box) -> Box:
        """Return a box without the peel."""
        if self.cells:
            rest = tuple(cell for cell in self.cells if cell not in self.gone)
            return box.with_cells(self.column, rest)
        return box.with_range(self.column, *self.range)


def _peels(
    box: Box, within: Floats, covered: Floats, front: Floats, space: Space
) -> Iterator[_Peel]:
    """Yield what may be peeled off a box: no member of the front.

    Args:
        box: to peel.
        within: uniform points inside it (n, d).
        covered: points of the region inside it (k, d).
        front: members of the front (f, d).
        space: of ``d`` parameters.
    """
    points = (within.T, covered.T, front.T)
    columns = zip(*points, space.categorical, space.levels, strict=True)
    for j, (u, of_region, of_front, categorical, levels) in enumerate(columns):
        if levels <= 1:
            continue
        if categorical:
            yield from _choices(box, j, u, of_region, of_front, int(levels))
            continue
        for low, high in _ranges(u, float(box.low[j]), float(box.high[j])):
            peel = box.with_range(j, low, high)
            if peel.allows(of_front, j, space.levels).all():
                many, few = (peel.allows(x, j, space.levels).sum() for x in (u, of_region))
                yield _Peel(j, few / max(many, 1), (low, high))


def _choices(
    box: Box, j: int, u: Floats, of_region: Floats, of_front: Floats, levels: int
) -> Iterator[_Peel]:
    """Yield the peels of one choice of a column, or one of several where there are very many.

    All choices are counted at once: there may be hundreds, and as many peels one after the other.
    """
    cells = box.cells[j] or tuple(range(levels))
    if len(cells) == 1:
        return
    many, few, best = (_counts(x, levels) for x in (u, of_region, of_front))
    free = np.array([cell for cell in cells if not best[cell]], dtype=np.intp)
    density = (len(of_region) - few[free]) / np.maximum(len(u) - many[free], 1)
    if len(cells) <= SINGLY:
        for cell, each in zip(free.tolist(), density.tolist(), strict=True):
            yield _Peel(j, each, cells=cells, gone={cell})
    elif len(free):
        gone = free[np.argsort(-density, kind="stable")[: len(cells) // SINGLY]]
        left = (len(of_region) - few[gone].sum()) / max(len(u) - many[gone].sum(), 1)
        yield _Peel(j, float(left), cells=cells, gone={*gone.tolist()})


def _counts(u: Floats, levels: int) -> Ints:
    """Return how many of some values (n,) are in each cell of a column, ``(levels,)``."""
    cell = np.floor(u * levels)
    inside = cell[(cell >= 0) & (cell < levels)]  # NaN is in none
    return np.bincount(inside.astype(np.intp), minlength=levels)


def _ranges(u: Floats, least: float, most: float) -> Iterator[tuple[float, float]]:
    """Yield what is left of a number's range from ``least`` to ``most`` after one peel."""
    u = u[~np.isnan(u)]
    if len(u) < 2:
        return
    low, high = np.quantile(u, [PEEL, 1 - PEEL])
    # a grid has many points at one place: step over it
    above, below = u[u > least + ROUNDING], u[u < most - ROUNDING]
    if len(above) and (low := max(float(low), float(above.min()))) < most:
        yield low, most
    if len(below) and (high := min(float(high), float(below.max()))) > least:
        yield least, high
