"""What an earlier study says about the points of this one: predictions as known features.

Observations of another task are never mixed with this one's. A model of the earlier study predicts
its objectives at any point, and the predictions are inputs of this study's surrogates and
boundaries, which find out from their own observations how far to rely on them: hardly after few
trials if the tasks are unrelated, and less and less the more is known of the task itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from scipy.stats import kendalltau

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.sample import process_of
from lamoo.gp.training import apply, training_set, transforms_of
from lamoo.numerics import own_state
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.known import Known

#: Observations of an earlier study that its model is trained on at most: half of
#: :data:`lamoo.gp.training.MAX_TRAINING`, since its predictions are asked at every candidate, next
#: to this study's own model.
MAX_SOURCE = 128
#: As long as this study has fewer observations, every prediction is kept.
ENOUGH = 16
#: After that a prediction is kept if Kendall's tau with any objective is significant at this level.
LEVEL = 0.05
#: How many points of an earlier study's front are tried first.
FIRST = 5


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class SourceModel:
    """An earlier study, a source task of transfer learning, and what it says of a space's points.

    Args:
        space: this study's space.
        history: the earlier study's observations, in this space.
    """

    space: Space
    history: History

    @cached_property
    def predict(self) -> Callable[[Floats], Floats]:
        """See :func:`predictions`; the model is fitted when it is first asked for."""
        return predictions(self.space, self.history)

    @cached_property
    def first(self) -> Floats:
        """Its best points, worth trying first, shape ``(k, d)``."""
        return best_points(self.space, self.history, FIRST)


@own_state()
def with_sources(known: Known, sources: Sequence[SourceModel], history: History) -> Known:
    """Return what is known, and what earlier studies predict as further features.

    Args:
        known: of this study's space.
        sources: of earlier studies.
        history: of this study; predictions that it does not confirm are left out (see
            :func:`relevant`), which is decided when features are first asked for.
    """
    if not sources:
        return known

    @cache
    def kept() -> list[tuple[SourceModel, Bools]]:
        return [(each, relevant(each.predict(history.X), history.Y)) for each in sources]

    def features(X: Floats) -> Floats:
        blocks = [source.predict(X)[:, which] for source, which in kept() if which.any()]
        if known.features is not None:
            blocks.append(known.features(X))
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(X), 0))

    first = np.concatenate([source.first for source in sources])
    return replace(known, features=features, first=first)


@own_state()
def predictions(space: Space, source: History) -> Callable[[Floats], Floats]:
    """Return a function of points (n, d): what an earlier study predicts of them, ``(n, m)``.

    Args:
        space: this study's space.
        source: its observations, in this space; a parameter that it did not have is NaN
            everywhere, and then of no influence.
    """
    plain = replace(space, known=Known())
    data = training_set(source, MAX_SOURCE)
    fits = fit_objectives(plain, data)
    targets = apply(transforms_of(data, [fitted.learn_transform for fitted in fits]), data.Y)
    processes = [
        process_of(data.X, t, plain, fitted.hyperparameters)
        for t, fitted in zip(targets.T, fits, strict=True)
    ]
    missing = np.isnan(data.X).all(axis=0)

    @own_state()
    def predict(X: Floats) -> Floats:
        X = np.where(missing, np.nan, X)
        return np.stack([process.predict(X)[0] for process in processes], axis=1)

    return predict


def relevant(predicted: Floats, Y: Floats) -> Bools:
    """Tell which predictions (n, k) correlate with any of the objectives (n, m), shape ``(k,)``.

    By Kendall's tau at the level :data:`LEVEL`; all count with fewer than :data:`ENOUGH` rows.
    """
    if len(Y) < ENOUGH:
        return np.ones(predicted.shape[1], dtype=bool)

    def goes_with(p: Floats, y: Floats) -> bool:
        constant = np.ptp(p) == 0 or np.ptp(y) == 0
        return not constant and bool(kendalltau(p, y).pvalue < LEVEL)

    finite = failures.finite(Y)
    return np.array([any(goes_with(p, y) for y in finite.T) for p in predicted.T], dtype=bool)


@own_state()
def best_points(space: Space, source: History, size: int) -> Floats:
    """Return up to ``size`` points (k, d) of an earlier study's front, far apart, the ends first.

    Each once, by the mean of its evaluations. Parameters that the earlier study did not have are
    put in the middle of their range. Points outside this space's bounds are left out.

    Args:
        space: this study's.
        source: the earlier study's observations, in this space.
        size: how many points are wanted at most.
    """
    if not source.n:
        return np.empty((0, space.dimension))
    source = source.at(np.flatnonzero(failures.sound(source.means)))
    front = source.at(np.flatnonzero(pareto.nondominated(source.means, source.violation)))
    once = np.sort(np.unique(front.group, return_index=True)[1])
    once = once[np.isfinite(front.means[once]).all(axis=1)]
    if not len(once):
        return np.empty((0, space.dimension))
    order = pareto.far_apart(pareto.normalise(front.means[once]), min(size, len(once)))
    missing = np.isnan(source.X).all(axis=0)
    X = np.where(missing, 0.5, front.X[once][order])
    inside = ((X >= 0) & (X <= 1) | np.isnan(X)).all(axis=1)
    return np.asarray(X[inside])
