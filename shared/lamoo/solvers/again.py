"""Trainings that were stopped, begun again: where that promises more than anything untried.

A configuration whose training was stopped counts as tried, and to stop it may have been a mistake.
Its promise is the product of two numbers: the model's acquisition, which knows its curve, and its
chance to reach the front, by the curves of all trainings that have finished since
(:func:`lamoo.early.reaching`). Either of them alone would begin too many again.
"""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.early import reaching
from lamoo.gp.acquisition import Acquisition
from lamoo.gp.equivalence import log_new
from lamoo.gp.model import learn
from lamoo.partition.place import Place
from lamoo.space.history import History

#: What no chance counts as, since its logarithm is needed: of several the most hopeful is found.
_NO_CHANCE = 1e-300


def better(x: Floats, acquisition: Acquisition, place: Place) -> Floats:
    """Return a proposal (d,), or a point whose training was stopped that promises more.

    Args:
        x: what promises most of all that is untried.
        acquisition: the model's, in logs.
        place: the region, which is not left, and what was tried.
    """
    rows = _candidates(place)
    if not len(rows):
        return x
    new = log_new(place.region.space, place.history)(x[None])[0]
    least = float(acquisition.score(x[None])[0] + new)
    found = _most_promising(rows, acquisition, place.history, least)
    return x if found is None else found


def propose(place: Place, rng: np.random.Generator) -> Floats | None:
    """Return the point (d,) of the region whose stopped training promises most.

    ``None`` if none may be trained once more, see :attr:`lamoo.space.history.History.retrainable`.
    See :class:`lamoo.solvers.Propose` for the arguments.

    Raises:
        ValueError: if a kernel matrix is hopeless (``LinAlgError``).
    """
    rows = _candidates(place)
    if not len(rows):
        return None
    model = learn(place.region.space, place.history, rng, place.reference_point)
    return _most_promising(rows, model, place.history, -np.inf)


def _candidates(place: Place) -> Ints:
    """Return the rows of what is partially known that may be trained once more, ``(k,)``."""
    rows, space = place.history.retrainable, place.region.space
    if not len(rows):
        return rows
    X = place.history.partial.X[rows]
    there = np.isclose(space.snap(X), X, rtol=0, equal_nan=True).all(axis=1)
    return rows[there & place.region.contains(X)]


def _most_promising(
    rows: Ints, acquisition: Acquisition, history: History, least: float
) -> Floats | None:
    """Return the point (d,) whose stopped training promises most, ``None`` if less than that.

    Args:
        rows: of what is partially known, which to choose from.
        acquisition: the model's, in logs.
        history: what was observed.
        least: what it must exceed, a log.
    """
    finished, stopped = history.curves, history.partial.curves
    assert finished is not None and stopped is not None  # noqa: PT018, S101 - for the type checker
    scores, found = acquisition.score(history.partial.X[rows]), None
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] <= least:  # no chance is above 1
            break
        promise = scores[i] + np.log(max(reaching(stopped.curve(rows[i]), finished), _NO_CHANCE))
        if promise > least:
            least, found = promise, rows[i]
    return None if found is None else history.partial.X[found]
