"""Which parameters exist inside a box, and where: what is said of a conditional space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.report.box import Box
from lamoo.space import Space

#: Points of a box by which it is told what exists in it.
LOOKED_AT = 2000


@dataclass(frozen=True)
class Existence:
    """Which parameters exist inside a box, and where.

    Args:
        absent: which columns no point of the box has, shape ``(d,)``.
        where: for each column that some of its points have and others have not, a box with rules
            for those parameters that decide about it. A decision that follows from another one is
            left out: what asks for a kernel does not say that a kernel asks for its model.
    """

    absent: Bools
    where: Mapping[int, Box]

    def together(self, columns: Iterable[int]) -> dict[int, Box]:
        """Return where some columns exist together: column -> a box with a rule for it.

        Without what follows from another one, as in ``where``.
        """
        found = {
            p: self.where[j] for j in columns if j in self.where for p in self.where[j].conditions()
        }
        return {p: box for p, box in found.items() if not _brought(self.where, p, box, found)}

    def strange(self, X: Floats) -> Bools:
        """Tell which points (n, d) have a parameter that no point of the box has, ``(n,)``."""
        return np.asarray((~np.isnan(X) & self.absent).any(axis=1))


def existence_in(box: Box, space: Space, some: Floats, rng: np.random.Generator) -> Existence:
    """Return which parameters exist inside a box, and where.

    By what happens to :data:`LOOKED_AT` points: a parameter decides about another one if that one
    comes or goes when the first is drawn anew.

    Args:
        box: in the unit cube.
        space: its conditions are looked at.
        some: points (n, d) that are looked at as well where they are inside, for what is so rare
            that none of the others has it.
        rng: for the points.
    """
    if not space.activity.rules:
        return Existence(np.zeros(space.dimension, dtype=bool), {})
    some = some[box.contains(some, space.levels)]
    whole, other = (box.draw(space, LOOKED_AT + len(some), rng) for _ in range(2))
    whole[LOOKED_AT:] = np.where(np.isnan(some), whole[LOOKED_AT:], some)
    X = space.activity.mask(whole)
    there = ~np.isnan(X)
    decides = np.zeros((space.dimension, space.dimension), dtype=bool)
    for p in {int(p) for _, parents, _ in space.activity.rules for p in parents}:
        changed = whole.copy()
        changed[:, p] = other[:, p]
        decides[p] = (np.isnan(space.activity.mask(changed)) == there).any(axis=0)
    np.fill_diagonal(decides, val=False)
    where: dict[int, Box] = {}
    for j in (column for column, _, _ in space.activity.rules):  # parents before children
        if there[:, j].any() and not there[:, j].all():
            where[j] = _around(X[there[:, j]], X, np.flatnonzero(decides[:, j]), space)
            where[j] = where[j].freed(_implied(where, j))
    return Existence(np.asarray(~there.any(axis=0)), where)


def _around(some: Floats, X: Floats, columns: Ints, space: Space) -> Box:
    """Return a box with rules for columns in which some points (k, d) differ from all (n, d)."""
    box = Box.whole(space.dimension)
    for j in columns.tolist():
        mine, every = (np.unique(points[~np.isnan(points[:, j]), j]) for points in (some, X))
        if not len(mine) or len(mine) == len(every):
            continue
        if space.categorical[j]:
            cells = np.floor(mine * space.levels[j]).astype(int).tolist()
            box = box.with_cells(j, tuple(cells))
        else:
            low = mine[0] if mine[0] > every[0] else 0.0
            box = box.with_range(j, float(low), float(mine[-1] if mine[-1] < every[-1] else 1.0))
    return box


def _implied(where: Mapping[int, Box], j: int) -> list[int]:
    """Return the rules of a column's box that another of its rules brings along."""
    mine = where[j]
    return [p for p in mine.conditions() if _brought(where, p, mine, mine.conditions())]


def _brought(where: Mapping[int, Box], p: int, box: Box, others: Iterable[int]) -> bool:
    """Tell whether one of some columns exists only where column p keeps its rule of a box."""
    mine = box.cells[p], box.low[p], box.high[p]
    boxes = (where[k] for k in others if k in where)
    return any((q.cells[p], q.low[p], q.high[p]) == mine for q in boxes)
