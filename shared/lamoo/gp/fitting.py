"""How each objective is fitted: from which observations, on which scale, how smooth.

To choose a transform and to fit hyperparameters costs most of the time. So it is done at certain
history lengths only (:func:`scheduled`), and remembered: what is fitted depends on the history
alone, and the memory only saves time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamoo.arrays import Memo
from lamoo.gp.forms import ObjectiveFit, choose
from lamoo.gp.increments import as_chains, candidates
from lamoo.gp.inputs import inputs_of
from lamoo.gp.sample import fit_winsorised, sample_of
from lamoo.gp.training import (
    MAX_TRAINING,
    bounds,
    learned_values,
    points_of,
    stepwise_values,
    training_set,
    transforms_of,
    values_of,
)
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.partial import Partial
from lamoo.space.rows import rows_in
from lamoo.space.schedule import power_of_two, rarely_scheduled, scheduled

#: The fits of these many histories are remembered: those of a few studies that take turns.
_fits: Memo[list[ObjectiveFit]] = Memo(8)


def fit_objectives(space: Space, history: History, size: int = MAX_TRAINING) -> list[ObjectiveFit]:
    """Return how each objective that is not known is modelled, in their order.

    They are chosen and fitted at history lengths that are powers of two, below 32 at every fifth,
    and adjusted at the scheduled ones. So fits are rare, and yet the same whoever makes them.

    Args:
        space: tells which columns are unordered, and which of them alike.
        history: at least one observation.
        size: how many observations a model is trained on at most.
    """
    unknown = [j for j in range(history.Y.shape[1]) if j not in space.known.objectives]
    if not unknown:
        return []
    n, curves, partial = scheduled(history.n), history.curves, _settled(history)
    partial = partial.at(np.arange(scheduled(len(partial.X))))
    known = History(
        history.X[:n],
        history.Y[:n, unknown],
        history.G[:n],
        noise=history.noise[:n, unknown],
        partial=Partial(
            partial.X,
            partial.Y[:, unknown],
            partial.G,
            partial.noise[:, unknown],
            None if partial.curves is None else partial.curves.only(unknown),
        ),
        curves=None if curves is None else curves.some(np.arange(n)).only(unknown),
    )
    points = history.points.at(slice(n), known.X)
    sets = _training_sets(known.knowing(points), size)
    if space.known.predicts:  # functions cannot be compared, so nothing is remembered of them
        return _fit_all(space, sets, size)
    kinds = space.categorical, space.alike, space.smooth
    return [*_fits(lambda: _fit_all(space, sets, size), *_contents(sets), *kinds, size)]


@dataclass(frozen=True, eq=False)
class _TrainingSets:
    """The parts of a history of a scheduled length that fits are learned from.

    Args:
        early: what forms are chosen by, of a length at which they are.
        late: what they are adjusted to; ``None`` where there is no more.
    """

    early: History
    late: History | None


def _training_sets(history: History, size: int) -> _TrainingSets:
    """Return what is learned from a history of a scheduled length, at most ``size`` observations.

    Half as many are enough to choose by.
    """
    partial, base = history.partial, rarely_scheduled(history.n)
    start = history.first(base)
    if partial.reported.any():  # most trainings are among these
        base, few = power_of_two(history.n), power_of_two(len(partial.X))
        partial = partial.at(np.arange(few))
        start = history.first(base).replaced(partial=partial)
    early = training_set(start, max(1, size // 2))
    if (history.n, len(history.partial.X)) == (base, len(partial.X)):
        return _TrainingSets(early, None)
    return _TrainingSets(early, training_set(history, size))


def _contents(sets: _TrainingSets) -> Iterator[NDArray[Any]]:
    """Yield all arrays that fits depend on, and where the late ones begin."""
    for part in (sets.early, sets.late):
        yield np.array(-1 if part is None else part.n)
        if part is not None:
            partial = part.partial
            yield from (part.X, part.Y, part.G, part.noise, partial.X, partial.Y, partial.noise)
            for curves in (part.curves, partial.curves):
                yield from () if curves is None else (curves.ends, curves.steps, curves.values)


def _settled(history: History) -> Partial:
    """Return what is partially known, without trainings that go on: those say more each time."""
    partial = history.partial
    if partial.curves is None:
        return partial
    return partial.at(np.flatnonzero(~(partial.reported & rows_in(partial.X, history.pending))))


def _fit_all(space: Space, sets: _TrainingSets, size: int) -> list[ObjectiveFit]:
    """Return how each objective is modelled after a history of a scheduled length."""
    fits = _chosen(space, sets.early, max(1, size // 2))
    return fits if sets.late is None else _adjusted(fits, space, sets.late, size)


def _chosen(space: Space, early: History, size: int) -> list[ObjectiveFit]:
    """Return each objective's form that predicts best what is known early, and its fit."""
    columns = zip(
        values_of(early), stepwise_values(early, size), bounds(early).tolist(), strict=True
    )
    inputs = inputs_of(space, points_of(early))
    fits = [
        choose(
            sample_of(inputs, values, space),
            bound,
            None if whole is None else sample_of(inputs, whole, space),
        )
        for values, whole, bound in columns
    ]
    chains = candidates(space, early.n)
    if not chains or space.known.predicts:
        return fits
    transforms = transforms_of(early, [fitted.learn_transform for fitted in fits])
    data = zip(values_of(early), transforms, strict=True)
    samples = [sample_of(inputs, values.transformed(f), space) for values, f in data]
    return as_chains(samples, fits, chains)


def _adjusted(
    fits: list[ObjectiveFit], space: Space, late: History, size: int
) -> list[ObjectiveFit]:
    """Return fits with their hyperparameters adjusted to all that is known, forms as they are."""
    inputs = inputs_of(space, points_of(late))
    learned = learned_values(late, [j for j, f in enumerate(fits) if f.stepwise], size)
    transforms = transforms_of(late, [fitted.learn_transform for fitted in fits], learned)
    each = zip(fits, transforms, learned, strict=True)
    return [
        replace(
            fitted,
            hyperparameters=fit_winsorised(
                sample_of(inputs, values.transformed(transform), space), fitted.hyperparameters
            ),
        )
        for fitted, transform, values in each
    ]
