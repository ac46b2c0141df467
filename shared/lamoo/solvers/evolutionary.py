"""Crossover and mutation of a region's front, ranked by the partition itself."""

from __future__ import annotations

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats, Ints
from lamoo.history import History
from lamoo.region import Region
from lamoo.solvers import random
from lamoo.space import Space, first_rows

#: How many new points inside the region compete for the proposal.
COMPETITORS = 64
MIN_PARENTS = 5
MAX_ROUNDS = 8


def parents(history: History, members: Ints) -> Floats:
    """Return the members (k, d) that nobody of them dominates, and the next best if few."""
    inside = history.at(members)
    number = pareto.dominance_number(inside.Y, inside.violation)
    order = np.argsort(number, kind="stable")
    return inside.X[order[: max(MIN_PARENTS, int((number == 0).sum()))]]


def offspring(space: Space, front: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Cross and mutate parents (k, d) into ``n`` points, shape ``(n, d)``.

    Half of the children come from two parents (each parameter from either, evenly), half from
    one; one or three parameters are expected to change.
    """
    mother, father = rng.integers(len(front), size=(2, n))
    cross = (rng.random((n, 1)) < 0.5) & (rng.random((n, space.dimension)) < 0.5)
    child = np.where(cross, front[father], front[mother])
    return space.perturb(child, rng.choice([1.0, 3.0], n), rng)


def propose(
    history: History,
    region: Region,
    members: Ints,
    rng: np.random.Generator,
    reference: Floats | None = None,
) -> Floats | None:
    """Return the offspring that lies deepest inside the region, ``None`` if there is none left.

    The depth is the smallest decision value along the path: the boundaries themselves serve as
    the acquisition. In the whole space, where there is no boundary, the first offspring wins.

    See :class:`lamoo.solvers.Solver` for the arguments.
    """
    X = np.empty((0, history.X.shape[1]))
    if len(members):
        front = parents(history, members)
        for _ in range(MAX_ROUNDS):
            children = offspring(region.space, front, 2 * COMPETITORS, rng)
            children = history.unseen(children[region.contains(children)])
            X = first_rows(np.concatenate([X, children]))
            if len(X) >= COMPETITORS:
                break
    if not len(X):
        return random.propose(history, region, members, rng, reference)
    X = X[:COMPETITORS]
    deepest: Floats = X[int(np.argmax(region.margin(X)))]
    return deepest
