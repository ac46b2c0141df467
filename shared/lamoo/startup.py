"""Proposals that no solver makes: the spread-out start, and evaluating a point once more."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from lamoo import pareto
from lamoo.arrays import Bools, Floats
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.rows import groups

#: Points of which one is chosen by its known objectives, at the start.
START_CHOICES = 128
#: Points of the Sobol sequence of which the first untried one is taken. In a finite space all may
#: have been tried; then the next point is found as it is after the start.
SEQUENCE_CHOICES = 8
#: The inverse of the golden ratio: its multiples, modulo 1, are spread evenly, however many.
GOLDEN = (5**0.5 - 1) / 2
#: After so many configurations gave the same values when they were repeated, none is repeated.
CERTAIN = 3


def next_start(space: Space, history: History, seed: int) -> Floats | None:
    """Return the next untried point of a Sobol sequence, ``None`` if none is near.

    Where objectives are known the points are spread over their values; points that are worth trying
    first (:attr:`lamoo.space.known.Known.first`) take every other turn.

    Args:
        space: the search space.
        history: what was tried; the number of these points is the position in the sequence.
        seed: of the sequence.
    """
    first = space.known.first
    if first is not None and len(history.tried) % 2 == 0:
        first = space.snap(first)
        first = history.unseen(first[space.allows(first)])
        if len(first):
            return np.asarray(first[0])
    if space.known.objectives:
        return _by_known_cost(space, history, seed)
    X = space.sobol(len(history.tried), SEQUENCE_CHOICES, seed)
    X = history.unseen(X[space.allows(X)])
    return X[0] if len(X) else None


def _by_known_cost(space: Space, history: History, seed: int) -> Floats | None:
    """Return an untried point at the next quantile of the known objectives' mean rank.

    Quantiles follow the golden ratio, so that any number of them are spread evenly.
    """
    i = len(history.tried)
    X = space.sample(START_CHOICES, np.random.default_rng((seed, i)))
    X = history.unseen(X[space.allows(X)])
    if not len(X):
        return None
    costs = space.known_features(X)[:, : len(space.known.objectives)]
    for column in costs.T:  # what is unknown counts as neither cheap nor expensive
        unknown = np.isnan(column)
        column[unknown] = 0.0 if unknown.all() else np.nanmedian(column)
    order = np.argsort(rankdata(costs, axis=0).sum(axis=1), kind="stable")
    quantile = (0.5 + i * GOLDEN) % 1.0
    return np.asarray(X[order[int(quantile * len(X))]])


def least_sure(space: Space, history: History) -> Floats | None:
    """Return the point (d,) that was evaluated least often of those that may be on the front.

    Those are the members of the front, and the points that only noise may keep from it. Among
    equally often evaluated ones members of the front go first, then earlier observations.

    Returns:
        ``None`` if none of them may be proposed now (the space may have been narrowed), nothing was
        observed, or there is no noise: at least :data:`CERTAIN` points were repeated, and each
        gave the same values again.
    """
    if not history.n:
        return None
    again = np.bincount(history.group) > 1
    spread = np.bincount(history.group, (history.Y != history.means).any(axis=1))
    if again.sum() >= CERTAIN and not spread.any():
        return None
    front = pareto.nondominated(history.means, history.violation)
    rows = np.flatnonzero(front | _may_be_best(history, front))
    X = history.X[rows]
    fine = space.allows(X) & (np.isclose(space.snap(X), X, rtol=0, equal_nan=True)).all(axis=1)
    X, rows = X[fine], rows[fine]
    if not len(X):
        return None
    label = groups(np.concatenate([X, history.tried]))
    often = np.bincount(label[len(X) :], minlength=label.max() + 1)[label[: len(X)]]
    return np.asarray(X[np.lexsort((~front[rows], often))[0]])


def _may_be_best(history: History, front: Bools) -> Bools:
    """Tell which points (n,) would be on the front if their means were as low as noise allows.

    That is lower than observed by the standard error times sqrt(2 ln n), the margin of UCB1 (Auer
    et al. 2002): it grows, so no unlucky point is given up for ever. The noise is that of repeated
    evaluations, pooled over all points; as long as nothing was repeated it counts as 0.
    """
    feasible = history.violation == 0
    best = history.means[front & feasible]
    often = np.bincount(history.group)[history.group]
    free = history.n - len(np.unique(history.group))
    with np.errstate(all="ignore"):  # what is infinite says nothing of the noise
        errors = (history.Y - history.means) ** 2
        noise = np.sqrt(np.where(np.isfinite(errors), errors, 0.0).sum(axis=0) / max(free, 1))
        margin = np.sqrt(2 * np.log(history.n) / often)[:, None] * noise
        low = history.means - np.where(np.isfinite(margin), margin, 0.0)
    beaten = np.zeros(history.n, dtype=bool)
    for y in best:
        beaten |= (y <= low).all(axis=1) & (y < low).any(axis=1)
    return np.asarray(feasible & ~beaten)
