"""A trust region without a tree, the simplest rival of the partition: solvers confined to a box.

The box stands around a member of the front and has the length of TuRBO's (Eriksson et al. 2019):
0.8 of the space at first, twice as long after three trials in a row that joined the front, half as
long after as many in a row that did not as there are parameters (four at least), and new when it is
tiny. Of the choices, a share of at most half its length may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lamoo import ALONE, History, pareto
from lamoo.partition.features import boundary_features
from lamoo.partition.place import Place
from lamoo.partition.split import Boundary
from lamoo.solvers import SOLVERS, Solver, is_global
from lamoo.space import Space
from optuna_lamoo import LaMOOSampler

Floats = NDArray[np.float64]

LONGEST, FIRST, SHORTEST = 1.6, 0.8, 0.5**7
SUCCESSES, FEWEST_FAILURES = 3, 4


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Box:
    """Takes the place of a learned boundary: positive inside.

    Args:
        space: tells which features are numbers and which are choices.
        centre: the point (d,) in the middle.
        length: of a side, a share of the space.
    """

    space: Space
    centre: Floats
    length: float

    def decision_function(self, features: Floats) -> Floats:
        """Return half a side less the distance from the centre, of features (n, p)."""
        centre = boundary_features(self.space, self.centre[None])
        numbers = int((~self.space.categorical).sum())
        choices = int(self.space.levels[self.space.categorical].sum())
        away = np.abs(features - centre)
        # the features begin with the numbers less a half, and end with one column per choice
        most = away[:, :numbers].max(axis=1, initial=0.0)
        if choices:
            differ = away[:, features.shape[1] - choices :].sum(axis=1) / 2
            most = np.maximum(most, differ / self.space.categorical.sum())
        return np.asarray(self.length / 2 - most + 1e-9)


def length_of(history: History) -> float:
    """Return the length that the box has after a history."""
    failures = max(FEWEST_FAILURES, history.X.shape[1])
    length, streak = FIRST, 0
    for i in range(1, history.n):
        Y, violation = history.Y[: i + 1], history.violation[: i + 1]
        worse = (Y[:-1] <= Y[-1]).all(axis=1) & (violation[:-1] <= violation[-1])
        joined = not worse.any() and violation[-1] == violation.min()
        streak = max(streak, 0) + 1 if joined else min(streak, 0) - 1
        if streak == SUCCESSES:
            length, streak = min(2 * length, LONGEST), 0
        if streak == -failures:
            length, streak = length / 2, 0
        if length < SHORTEST:
            length = FIRST
    return length


def boxed(name: str) -> Solver:
    """Return a solver of the engine, confined to the box where it would be to a leaf.

    To be used without a tree. A surrogate is left unconfined in every other pair of turns, as with
    the tree.
    """
    solver = SOLVERS[name]

    def propose(place: Place, rng: np.random.Generator) -> Floats | None:
        history, region = place.history, place.region
        if solver.global_turns and is_global(history):
            return solver.propose(place, rng)
        front = history.X[pareto.nondominated(history.means, history.violation)]
        centre = front[rng.integers(len(front))]
        box = Boundary(Box(region.space, centre, length_of(history)))  # type: ignore[arg-type]
        inside = region.cut(box, good=True)
        near = place.members[inside.contains(history.X[place.members])]
        return solver.propose(replace(place, region=inside, members=near), rng)

    return Solver(propose)


def _sampler(solver: str, seed: int) -> LaMOOSampler:
    return LaMOOSampler(seed=seed, solver=boxed(solver), partition=ALONE)


def gp(seed: int) -> LaMOOSampler:
    """Return the default solver in a box, for ``--samplers examples/benchmarks/boxes.py:gp``."""
    return _sampler("gp", seed)


def gp_fast(seed: int) -> LaMOOSampler:
    """Return the cheaper one in a box."""
    return _sampler("gp-fast", seed)


def evolutionary(seed: int) -> LaMOOSampler:
    """Return the evolutionary solver in a box."""
    return _sampler("evolutionary", seed)
