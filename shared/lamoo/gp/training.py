"""What objectives are learned from: a representative part of a history, on some scale.

Each objective has values of its own: it is learned wherever it was observed, also where others were
not, and along the curves of trainings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Floats, Ints
from lamoo.gp.reports import END, reports_of
from lamoo.gp.targets import Transform, transformed_noise
from lamoo.space.history import History

#: Observations a model is trained on at most: the best and a spread of the rest. Half as many are
#: enough to choose a transform and to search hyperparameters from their prior. It is no power of
#: two because arithmetic on matrices of 256 rows takes a quarter longer.
MAX_TRAINING = 250


def training_set(history: History, size: int = MAX_TRAINING) -> History:
    """Return only a representative part, at most ``size`` observations, nothing pending or failed.

    Of those, up to half are points of which only some values are known.
    """
    partial = history.partial
    k = min(len(partial.X), size // 2)
    if k:
        partial = partial.at(np.linspace(0, len(partial.X) - 1, k).astype(np.intp))
    chosen = history.at(pareto.representative(history.means, history.violation, size - k))
    return chosen.replaced(partial=partial) if k else chosen


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Values:
    """The values of one objective, wherever it was observed.

    Args:
        rows: of :func:`points_of`, where that was, shape ``(n,)``; complete observations first.
        y: values ``(n,)``, finite.
        noise: variances of their noise ``(n,)``, NaN where unknown.
        step: at which step each was observed ``(n,)``, see :class:`lamoo.gp.reports.Reports`;
            ``None`` where all are final.
    """

    rows: Ints
    y: Floats
    noise: Floats
    step: Floats | None = None

    def transformed(self, transform: Transform) -> Values:
        """Return transformed values, and noise of 0 where it is unknown: a process finds it."""
        return replace(
            self, y=transform(self.y), noise=transformed_noise(transform, self.y, self.noise)
        )


def points_of(data: History) -> Floats:
    """Return all points (n, d) at which anything was observed, the complete ones first."""
    return np.concatenate([data.X, data.partial.X])


def values_of(data: History) -> list[Values]:
    """Return the values of each objective."""
    Y = np.concatenate([data.Y, data.partial.Y])
    noise = np.concatenate([data.noise, data.partial.noise])
    out = []
    for y, variances in zip(Y.T, noise.T, strict=True):
        rows = np.flatnonzero(~np.isnan(y))
        out.append(Values(rows, failures.finite(y[rows, None])[:, 0], variances[rows]))
    return out


def stepwise_values(data: History, size: int) -> list[Values | None]:
    """Return the values of each objective, and what was reported of it along the way.

    Args:
        data: the observations.
        size: how many values are wanted at most.

    Returns:
        One for each objective; ``None`` where there is nothing to learn from reports, because every
        training came to its end or because the objective is known wherever one was stopped.
    """
    each = values_of(data)
    reports = reports_of(data, size - data.n)
    if reports is None:
        return [None] * len(each)
    unknown = np.isnan(data.partial.Y[data.partial.reported])
    return [
        _along(values, reports.rows, reports.step, y) if open_ended.any() else None
        for values, y, open_ended in zip(each, reports.Y.T, unknown.T, strict=True)
    ]


def _along(values: Values, rows: Ints, step: Floats, y: Floats) -> Values | None:
    """Return final values and what was reported, as far as that is finite, of one objective."""
    told = np.isfinite(y)
    if not told.any():
        return None
    return Values(
        np.concatenate([values.rows, rows[told]]),
        failures.finite(np.concatenate([values.y, y[told]])[:, None])[:, 0],
        np.concatenate([values.noise, np.full(told.sum(), np.nan)]),
        np.concatenate([np.full(len(values.rows), END), step[told]]),
    )


def learned_values(data: History, stepwise: Collection[int], size: int) -> list[Values]:
    """Return what each objective is learned from.

    Args:
        data: the observations.
        stepwise: the objectives that are learned from reports, too.
        size: how many values are wanted at most.
    """
    ended = values_of(data)
    if not stepwise:
        return ended
    each = zip(ended, stepwise_values(data, size), strict=True)
    return [
        (whole or replace(values, step=np.full(len(values.rows), END))) if j in stepwise else values
        for j, (values, whole) in enumerate(each)
    ]


def bounds(data: History) -> Floats:
    """Return the values (m,) beyond which no hypervolume is gained, see :func:`transforms_of`."""
    return pareto.inferred_reference_point(data.judged, data.violation)


def transforms_of(
    data: History,
    learners: Sequence[Callable[[Floats, float], Transform]],
    values: Sequence[Values] | None = None,
) -> list[Transform]:
    """Learn an increasing transform for each objective.

    Args:
        data: the observations.
        learners: one per objective; each is given its values (n,) and the bound beyond which no
            hypervolume is gained: the coordinate of a reference point that all values infer.
        values: the values of each objective, if not the final ones.
    """
    each = zip(learners, values or values_of(data), bounds(data).tolist(), strict=True)
    return [learn_transform(values.y, bound) for learn_transform, values, bound in each]


def apply(transforms: Sequence[Transform], Y: Floats) -> Floats:
    """Transform values (n, m), each objective by its own transform."""
    columns = failures.finite(Y).T
    return np.stack([f(y) for f, y in zip(transforms, columns, strict=True)], axis=1)
