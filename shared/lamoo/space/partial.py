"""Points of which only some values are known: measured in part, running, or stopped early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.checks import check, checked_array, frozen_table
from lamoo.curves import Curves

#: The arrays of what is partially known.
_ARRAYS = ("X", "Y", "G", "noise")


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
        """Return no points, in arrays that take any number of columns."""
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


def checked_partial(given: Any, d: int, m: int, c: int) -> Partial:
    """Return what is partially known in arrays that nobody can write.

    Args:
        given: a :class:`Partial`, or whatever was given for one.
        d: how many parameters there are.
        m: how many objectives.
        c: how many constraints.

    Raises:
        ValueError: if it is none, shapes disagree, or a variance is negative.
    """
    check("partial", given, "a lamoo.space.partial.Partial", fine=isinstance(given, Partial))
    arrays = {name: checked_array(f"partial.{name}", getattr(given, name)) for name in _ARRAYS}
    k = len(arrays["X"]) if arrays["X"].ndim else 1
    columns = {"X": d, "Y": m, "G": c, "noise": m}
    found = Partial(
        **{
            name: frozen_table(f"partial.{name}", array, (k, columns[name]))
            for name, array in arrays.items()
        },
        curves=given.curves,
    )
    check_curves(found.curves, k)
    check_noise(found.noise)
    return found


def check_noise(noise: Floats) -> None:
    """Check that no variance is negative; NaN, which is unknown, is not.

    Raises:
        ValueError: if one is.
    """
    if (noise < 0).any():
        msg = "noise must hold variances, which are not negative"
        raise ValueError(msg)


def check_curves(curves: Any, size: int) -> None:
    """Check that there is a curve for each of some points, if there are curves.

    Raises:
        ValueError: if there are more or fewer, or something else was given.
    """
    fine = isinstance(curves, Curves | None)
    check("curves", curves, "lamoo.curves.Curves or None", fine=fine)
    if curves is not None and len(curves) != size:
        msg = f"curves must be one per point ({size}), got {len(curves)}"
        raise ValueError(msg)


def some_of(curves: Curves | None, rows: Ints) -> Curves | None:
    """Return the curves of some rows, if there are any."""
    return None if curves is None else curves.some(rows)
