"""A box that stands for a region, so that it can be said in rules, and how far to trust it.

A rule is a range of one parameter, or a set of choices. The box is found by patient rule induction
(PRIM; Friedman and Fisher, "Bump hunting in high-dimensional data", 1999).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.numerics import own_state
from lamoo.pareto import nondominated
from lamoo.partition.region import Region
from lamoo.partition.split import learn_boundary
from lamoo.partition.tree import Node
from lamoo.report.box import ROUNDING, Box
from lamoo.report.existence import Existence, existence_in
from lamoo.space import Space
from lamoo.space.history import History

#: Uniform points that a box is found with: a region of 1 % of the space still has 200 of them.
DRAWS = 20_000
#: With fewer uniform points in the region than the first number, it is sampled from its members on:
#: as many points as the second says. With fewer in a box, others are drawn inside it.
FEW_INSIDE, INSIDE = 200, 1000
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
#: Points of the region with which a parameter's importance is estimated (to 1 %, standard error).
REDRAWN = 2000
#: Of the cross-validation.
FOLDS = 5


@dataclass(frozen=True)
class RegionReport:
    """What is to be said of a region, in the unit cube.

    Args:
        box: the rules.
        share: how much of the space the box takes.
        region_share: how much of the space the region itself takes.
        purity: how much of the box is in the region.
        coverage: how much of the region is in the box.
        front: members of the front in the box, and all of them.
        hypervolume: of the observations in the box, as a share of all.
        importance: per column, the share of the region's points that leave it when that parameter
            alone is drawn anew, shape ``(d,)``.
        confidence: cross-validated accuracy of the boundaries, ``None`` where there is none.
        existence: which parameters exist inside the box, and where.
    """

    box: Box
    share: float
    region_share: float
    purity: float
    coverage: float
    front: tuple[int, int]
    hypervolume: float
    importance: Floats
    confidence: float | None
    existence: Existence


def good_path(root: Node) -> tuple[Node, ...]:
    """Return the nodes from the root along the good sides, where the front is as a rule."""
    path: tuple[Node, ...] = (root,)
    while path[-1].children:
        path = (*path, path[-1].children[0])
    return path


@own_state()
def explain(path: Sequence[Node], history: History, rng: np.random.Generator) -> RegionReport:
    """Describe the last node of a path from the root.

    Args:
        path: from the root.
        history: what the tree was grown from.
        rng: for the uniform points.
    """
    root, region = path[0], path[-1].region
    space, levels = region.space, region.space.levels
    U = space.sample(DRAWS, rng)
    inside = region.contains(U)
    uniform = Uniform(space, U)
    members = history.X[region.contains(history.X)]
    # too few where the region is small: then a walk from its members finds more
    found = U[inside] if inside.sum() >= FEW_INSIDE else region.sample(INSIDE, members, rng)
    front = history.X[nondominated(history.means, history.violation)]
    box = find_box(region, U, found, front[region.contains(front)])
    existence = existence_in(box, space, history.X, rng)
    box = box.freed(np.flatnonzero(existence.absent).tolist())
    kept = box.contains(history.X, levels)
    boxed, share = uniform.inside(box)
    purity = float(region.contains(boxed).mean())
    coverage = float(box.contains(found, levels).mean()) if len(found) else 1.0
    few = inside.sum() < FEW_INSIDE and len(found)
    rows = np.flatnonzero(kept[root.data.index])
    whole = root.hypervolume
    some = Node(root.data, rows, np.arange(0), np.arange(0), region)
    return RegionReport(
        box=box,
        share=share,
        region_share=share * purity / coverage if few and coverage else float(inside.mean()),
        purity=purity,
        coverage=coverage,
        front=(int(box.contains(front, levels).sum()), len(front)),
        hypervolume=some.hypervolume / whole if whole else 0.0,
        importance=importance(region, found[~existence.strange(found)], rng),
        confidence=confidence(path, rng),
        existence=existence,
    )


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
    space, uniform = region.space, Uniform(region.space, U)
    box = Box.whole(space.dimension)
    if not len(found) or not region.sides:
        return box
    within, covered = U, found  # those inside the box; a peel only tests the column it changes
    each = 1 / len(U)  # which share of the space one of the former stands for
    seen, steps = False, []
    while len(covered) > LEAST * len(found):
        purity = float(region.contains(within).mean()) if seen else np.nan
        steps.append(_Step(box, len(within) * each, len(covered) / len(found), purity))
        peels = [] if purity >= PURE else list(_peels(box, within, covered, front, space))
        if not peels:
            break
        densest: dict[int, _Peel] = {}
        for peel in sorted(peels, key=lambda peel: peel.density, reverse=True):
            densest.setdefault(peel.column, peel)
        for j, peel in islice(densest.items(), max(1, space.dimension // TOGETHER) if seen else 1):
            box = peel.of(box)
            within, covered = (X[box.allows(X[:, j], j, space.levels)] for X in (within, covered))
        if len(within) < FEW_INSIDE:
            within, share = uniform.inside(box, REFILL)
            each, seen = share / len(within), True
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


def importance(region: Region, found: Floats, rng: np.random.Generator) -> Floats:
    """Return, per column, how many points of a region leave it when that column is drawn anew.

    A choice brings the parameters that it opens, also drawn anew. A point that does not have a
    parameter stays where it is.

    Args:
        region: of a space of ``d`` parameters.
        found: points of it (k, d).
        rng: for the new values.
    """
    space = region.space
    out = np.zeros(space.dimension)
    if not len(found):
        return out
    X = found[rng.integers(len(found), size=REDRAWN)]
    new = space.draw(len(X), rng)
    filled = np.where(np.isnan(X), new, X)
    for j in range(space.dimension):
        active = ~np.isnan(X[:, j])
        changed = filled.copy()
        changed[:, j] = new[:, j]
        left = ~region.contains(space.activity.mask(changed))
        out[j] = float((left & active).mean())
    return out


def confidence(path: Sequence[Node], rng: np.random.Generator) -> float | None:
    """Return the cross-validated accuracy of the boundaries along a path, five folds each.

    That is how often a boundary learned on four fifths of a node's members tells the better half of
    the last fifth from the worse, pooled over the nodes. ``None`` where there is no boundary.
    """
    right = total = 0
    for node in path[:-1]:
        features, good = node.data.features[node.rows], node.good
        fold = rng.permutation(len(good)) % FOLDS
        for k in range(FOLDS):
            rest = good[fold != k]
            if rest.all() or not rest.any():
                continue
            learned = learn_boundary(features[fold != k], rest, node.data.settings.kernel)
            found = learned.decision(features[fold == k]) > 0
            right += int((found == good[fold == k]).sum())
            total += len(found)
    return right / total if total else None
