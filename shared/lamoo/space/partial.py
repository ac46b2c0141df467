"""Points of which only some values are known: what runs, was stopped, or was measured in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Bools, Floats, Ints, frozen_table
from lamoo.curves import Curves


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Partial:
    """Points of which only some values are known, in the order of the trials.

    Each objective and constraint is learned where it was observed (decoupled observations). Whether
    such a point is on the front is unknown, so it counts neither there nor in a hypervolume.

    Args:
        X: the points, shape ``(k, d)``; those that are pending, too, are still being evaluated.
        Y: their objective values, shape ``(k, m)``, NaN where unknown.
        G: their constraint values, shape ``(k, c)``, NaN where unknown.
        noise: variances of the noise in ``Y``, shape ``(k, m)``, NaN where unknown.
        curves: what was reported of each before its training ended or was stopped, ``k`` of them,
            or ``None`` where nobody reports.
    """

    X: Floats
    Y: Floats
    G: Floats
    noise: Floats
    curves: Curves | None = None

    @classmethod
    def nothing(cls) -> Partial:
        """Return no points, whose arrays take the shapes that are asked of them."""
        none = np.empty((0, 0))
        return cls(none, none, none, none)

    def at(self, rows: Ints) -> Partial:
        """Return only the points with the given indices."""
        curves = some_of(self.curves, rows)
        return Partial(self.X[rows], self.Y[rows], self.G[rows], self.noise[rows], curves)

    @property
    def reported(self) -> Bools:
        """Which of the points reported while they were trained, shape ``(k,)``."""
        if self.curves is None:
            return np.zeros(len(self.X), dtype=bool)
        return np.asarray(self.curves.ends > self.curves.begins)

    def checked(self, d: int, m: int, c: int) -> Partial:
        """Return the same with frozen arrays.

        Args:
            d: columns of ``X``.
            m: of ``Y`` and ``noise``.
            c: of ``G``.

        Raises:
            ValueError: if the shapes disagree, or a variance is negative.
        """
        k = len(self.X)
        found = Partial(
            X=frozen_table("partial.X", self.X, (k, d)),
            Y=frozen_table("partial.Y", self.Y, (k, m)),
            G=frozen_table("partial.G", self.G, (k, c)),
            noise=frozen_table("partial.noise", self.noise, (k, m)),
            curves=self.curves,
        )
        check_curves(found.curves, k)
        check_noise(found.noise)
        return found


def check_noise(noise: Floats) -> None:
    """Check that there is no negative variance.

    Raises:
        ValueError: if there is one.
    """
    if (noise < 0).any():
        msg = "noise must hold variances, which are not negative"
        raise ValueError(msg)


def check_curves(curves: Curves | None, size: int) -> None:
    """Check that there is a curve for each of some points, or none at all.

    Raises:
        ValueError: if there are more or fewer.
    """
    if curves is not None and len(curves) != size:
        msg = f"curves must be one per point ({size}), got {len(curves)}"
        raise ValueError(msg)


def some_of(curves: Curves | None, rows: Ints) -> Curves | None:
    """Return the curves of some rows, if there are any."""
    return None if curves is None else curves.some(rows)
