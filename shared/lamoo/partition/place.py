"""Where a solver works: what was observed, and the region that the proposal must lie in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.partition.region import Region
from lamoo.space import Space
from lamoo.space.history import History


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Place:
    """All that a solver is given; the search space is ``region.space``.

    Args:
        history: all observations and what is running, inside the region or not.
        region: where the proposal must lie.
        members: indices of the observations inside the region, shape ``(k,)``.
        reference_point: where hypervolume is measured from (m,), minimised; ``None`` to infer it.
    """

    history: History
    region: Region
    members: Ints
    reference_point: Floats | None = None

    @classmethod
    def everywhere(
        cls, space: Space, history: History, reference_point: Floats | None = None
    ) -> Place:
        """Return the whole space as a place, of which all observations are members.

        Args:
            space: the search space.
            history: all observations and what is running.
            reference_point: see :class:`Place`.
        """
        return cls(history, Region(space), np.arange(history.n), reference_point)

    def unseen(self, X: Floats) -> Floats:
        """Return those of points (n, d) that lie in the region and were never tried."""
        return self.history.unseen(X[self.region.contains(X)])

    def untried(self, X: Floats) -> Floats:
        """Return those of points (n, d) that lie in the region and repeat nothing."""
        return self.history.untried(X[self.region.contains(X)])

    def left(self) -> Floats:
        """Return all never tried points of the region, shape ``(k, d)``.

        Raises:
            ValueError: if its space cannot be enumerated.
        """
        X = self.history.unseen(self.region.space.enumerate())
        return X[self.region.contains(X)]
