"""A box in the unit cube: rules for single parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from lamoo.arrays import Bools, Floats
from lamoo.space import Space
from lamoo.space.activity import Activity

#: What rounding may move a place by.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Box:
    """A range per number and a set of choices per category, in the unit cube.

    Args:
        low: shape ``(d,)``, 0 where there is no condition.
        high: shape ``(d,)``, 1 where there is none.
        cells: which cells of a column are inside, ``None`` for a number or where all are.
    """

    low: Floats
    high: Floats
    cells: tuple[tuple[int, ...] | None, ...]

    @staticmethod
    def whole(d: int) -> Box:
        """Return the box without a rule, of ``d`` parameters."""
        return Box(np.zeros(d), np.ones(d), (None,) * d)

    def contains(self, X: Floats, levels: Floats) -> Bools:
        """Tell which points (n, d) are inside; a parameter that is inactive keeps no rule."""
        return np.asarray(~self.outside(X, levels).any(axis=1))

    def outside(self, X: Floats, levels: Floats) -> Bools:
        """Tell which parameters of points (n, d) break the rule of their column, ``(n, d)``."""
        columns = [~self.allows(u, j, levels) for j, u in enumerate(X.T)]
        return np.array(columns, dtype=bool).reshape(X.shape[::-1]).T

    def allows(self, u: Floats, j: int, levels: Floats) -> Bools:
        """Tell which values (n,) of column j keep its rule; an inactive parameter does."""
        cells = self.cells[j]
        if cells is None:
            ok = (u >= self.low[j] - ROUNDING) & (u <= self.high[j] + ROUNDING)
        else:
            ok = np.isin(np.floor(u * levels[j]), cells)
        return np.asarray(ok | np.isnan(u))

    def draw(self, space: Space, n: int, rng: np.random.Generator) -> Floats:
        """Draw ``n`` points (n, d) inside, with a value also for what is inactive."""
        X = self.low + (self.high - self.low) * rng.random((n, space.dimension))
        for j, cells in enumerate(self.cells):
            if cells is not None:
                X[:, j] = (rng.choice(cells, n) + 0.5) / space.levels[j]
        return replace(space, activity=Activity()).snap(X)

    def freed(self, columns: Iterable[int]) -> Box:
        """Return the box without the rules of some columns."""
        low, high, cells = self.low.copy(), self.high.copy(), list(self.cells)
        for j in columns:
            low[j], high[j], cells[j] = 0.0, 1.0, None
        return Box(low, high, tuple(cells))

    def conditions(self) -> list[int]:
        """Return the columns that have a condition."""
        ranged = (self.low > 0) | (self.high < 1)
        return [j for j, cells in enumerate(self.cells) if ranged[j] or cells is not None]

    def with_range(self, j: int, low: float, high: float) -> Box:
        """Return the box with another range of column j."""
        lows, highs = self.low.copy(), self.high.copy()
        lows[j], highs[j] = low, high
        return Box(lows, highs, self.cells)

    def with_cells(self, j: int, cells: tuple[int, ...] | None) -> Box:
        """Return the box with other choices of column j."""
        return Box(self.low, self.high, (*self.cells[:j], cells, *self.cells[j + 1 :]))
