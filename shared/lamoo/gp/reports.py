"""What a surrogate learns from trainings that were stopped: what was reported, and at which step.

The step is one more input of an objective's process, and what is asked of it is the value at the
end (Swersky, Snoek and Adams, "Freeze-thaw Bayesian optimization", 2014, and Poloczek, Wang and
Frazier, "Multi-information source optimization", 2017, model trainings of different lengths so).
Neighbouring reports say nearly the same, so a few of each curve are learned: the last one, and
those at a third, a ninth, ... of its length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.curves import Curves
from lamoo.space.history import History

#: How many reports of a training are learned at most, and by which factor their steps differ.
MOST, FACTOR = 3, 3.0
#: Where the last step is: that of the final values.
END = 1.0


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Reports:
    """Some of what was reported along the way.

    Args:
        rows: of :func:`lamoo.gp.training.points_of`, which point, shape ``(r,)``.
        step: where on its curve, from 0 at the first step to 1 at the last one, on a logarithmic
            scale, shape ``(r,)``.
        Y: objective values, shape ``(r, m)``; what is not finite is no measurement.
    """

    rows: Ints
    step: Floats
    Y: Floats


def reports_of(data: History, room: int) -> Reports | None:
    """Return the reports to learn from, ``None`` where every training came to its end.

    Args:
        data: the observations; what is partially known has the trainings that did not end.
        room: how many reports are wanted at most. Of each training as many as there is room for,
            but the last one of those that did not end in any case.
    """
    unfinished = data.partial.curves
    if unfinished is None or not data.partial.reported.any():
        return None
    finished = data.curves
    both = unfinished if finished is None else finished.and_of(unfinished)
    first, last = both.steps.min(), both.steps.max()

    def learned(depth: int) -> Reports:
        parts = [_some(unfinished, first, last, range(max(depth, 1)), data.n)]
        if finished is not None and depth:
            parts.append(_some(finished, first, None, range(1, depth + 1), 0))
        return Reports(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    found = learned(MOST)
    for depth in range(MOST - 1, -1, -1):
        if len(found.rows) <= room:
            break
        found = learned(depth)
    return found


def _some(
    curves: Curves, first: float, last: float | None, thirds: range, offset: int
) -> tuple[Ints, Floats, Floats]:
    """Return which curves (r,), where on them (r,) and what (r, m) was reported there.

    Args:
        curves: of the trainings.
        first: the first step of all.
        last: the step at which trainings end, by default each at its last report.
        thirds: exponents k; of each training the report at 1 / :data:`FACTOR` ^ k of its steps.
        offset: what is added to the number of each curve to find its point.
    """
    told = np.flatnonzero(curves.ends > curves.begins)
    ends = curves.steps[curves.ends[told] - 1] - first + 1
    whole = ends if last is None else np.full(len(told), last - first + 1)
    owner = np.repeat(np.arange(len(curves)), curves.ends - curves.begins)
    taken = [
        curves.begins[told] + _count(curves, owner, told, first - 1 + ends / FACTOR**k) - 1
        for k in thirds
    ]
    there = [reports >= curves.begins[told] for reports in taken]
    reports, index = np.unique(
        np.concatenate([r[t] for r, t in zip(taken, there, strict=True)]), return_index=True
    )
    mine = np.concatenate([np.flatnonzero(t) for t in there])[index]
    steps = curves.steps[reports] - first + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(steps) / np.log(whole[mine])
    step = np.where(whole[mine] > 1, np.minimum(share, END), 0.0)
    return told[mine] + offset, step, curves.values[reports]


def _count(curves: Curves, owner: Ints, told: Ints, until: Floats) -> Ints:
    """Return how many reports each of some curves (k,) made until a step of its own (k,)."""
    limit = np.full(len(curves), -np.inf)
    limit[told] = until + 1e-9  # a third of three is one
    return np.bincount(owner[curves.steps <= limit[owner]], minlength=len(curves))[told]
