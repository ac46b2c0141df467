"""What trials reported while they ran: one vector of values per step.

Everything is minimised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Bools, Floats


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Curve:
    """What one trial reported, and what came of it.

    Args:
        steps: at which it reported, increasing, shape ``(k,)``.
        values: what it reported, shape ``(k, m)``, see :func:`held`; NaN in an objective that was
            not reported, or was no number.
        final: the values that the trial ended with, shape ``(m,)``; ``None`` for one that was
            stopped, failed or is running.
    """

    steps: Floats
    values: Floats
    final: Floats | None = None

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps)

    def at(self, step: float) -> Floats | None:
        """Return the values (m,) of the first report at a step or after it, ``None`` before."""
        row = int(np.searchsorted(self.steps, step))
        return self.values[row] if row < len(self) else None


def held(values: Floats, given: Bools) -> Floats:
    """Return reports (k, m) in which an objective that was not given keeps its value.

    It is what was given last or, before that, what was given first: an objective that does not
    change with steps is given once, at any of them. NaN where it never was.

    Args:
        values: as reported, shape ``(k, m)``.
        given: which of them were, shape ``(k, m)``; NaN may be a value that was given.
    """
    k, m = values.shape
    if given.all() or not k:
        return values
    rows = np.where(given, np.arange(k)[:, None], -1)
    last = np.maximum.accumulate(rows, axis=0)
    row = np.where(last >= 0, last, given.argmax(axis=0))
    return np.where(given.any(axis=0), values[row, np.arange(m)], np.nan)


def constant(curves: Sequence[Curve], m: int) -> Bools:
    """Tell which objectives do not change with steps, shape ``(m,)``.

    Those that never did in any curve of several reports, nor between the last report and the end;
    without such curves nothing is known to be constant.

    Args:
        curves: of one study.
        m: the number of objectives.
    """
    told = [curve for curve in curves if len(curve) > 1]
    same = np.full(m, bool(told))
    for curve in told:
        first = curve.values[0]
        same &= (curve.values == first).all(axis=0)
        if curve.final is not None:
            same &= curve.final == first
    return same
