"""Gaussian processes with expected hypervolume improvement, confined to a region.

Candidates are scored by the model of the whole history; the best are refined by gradient where
parameters are continuous, without leaving the region.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from lamoo.arrays import Bools, Floats, filled
from lamoo.gp.equivalence import log_new
from lamoo.gp.model import learn
from lamoo.gp.training import MAX_TRAINING
from lamoo.partition.place import Place
from lamoo.partition.region import MAX_DRAWS, Region
from lamoo.solvers import again, evolutionary
from lamoo.solvers.evolutionary import offspring, parents
from lamoo.solvers.random import pool
from lamoo.space.moves import perturb

#: From so many observations on ``"gp-fast"`` works less for each proposal.
LONG = 256
#: Climbs begin at points that differ by more than this in some parameter.
_APART = 0.1
#: Points that are looked at between the two ends of a climb, where its end lies outside the region.
_BETWEEN = 17
#: Steps that are tried along a direction, as the change of the parameter that changes most.
_STEPS = np.geomspace(0.002, 0.5, 12)
#: Where none of them leads up, the next are shorter by this.
_SHORTER = 0.05
#: A step that gains less than this, in the logarithm of what is maximised, is the last.
_LITTLE = 0.01
#: An iteration of L-BFGS that gains less than this share of that logarithm is the last.
_TOLERANCE = 1e-5
#: The weight of the last direction in the next conjugate one is at most this.
_TURNED = 1e3


@dataclass(frozen=True)
class Effort:
    """How much work goes into a proposal.

    Args:
        training: observations that the model learns from at most.
        uniform: candidates drawn in the region.
        offspring: candidates that descend from its front.
        finalists: candidates that are scored exactly, the best by the screening.
        neighbours: more candidates around the best one.
        climbs: from how many of the best to climb, where parameters are continuous.
        iterations: steps of each climb at most.
        draws: uniform ones that are sought in a small region, before others are found by a walk
            from its members.
        thorough: whether climbs are those of :func:`refine`, otherwise of :func:`ascend`.
    """

    training: int
    uniform: int
    offspring: int
    finalists: int
    neighbours: int
    climbs: int
    iterations: int
    draws: int = MAX_DRAWS
    thorough: bool = True

    @property
    def whole(self) -> int:
        """Spaces of at most this many configurations are scored whole."""
        return 2 * (self.uniform + self.offspring)


#: More candidates or climbs than these make no difference that could be measured.
THOROUGH = Effort(MAX_TRAINING, 512, 512, 64, 0, 2, 30)
#: On twenty problems the missing hypervolume is 1.1 times as large (docs/benchmarks).
FAST = Effort(96, 32, 128, 32, 64, 1, 5)
#: That after :data:`LONG` observations, where a proposal would cost half as much again.
BRIEF = replace(FAST, offspring=96, finalists=16, iterations=3, draws=32, thorough=False)


def _doubt(trust: float) -> float:
    """Return how often, in a leaf, the evolutionary solver proposes in place of the model.

    It ranks by the partition's boundaries, which know more where the model predicts little: it
    proposes always below a Kendall's tau of .29, every other time at .5, never at 1. On
    NAS-Bench-Graph's cora .84 became .98, on pubmed .74 became .92, and other problems were
    unchanged (docs/benchmarks).

    Args:
        trust: Kendall's tau of left-out values and what is predicted for them, 0 if negative.
    """
    return 2.0 * (1.0 - trust) ** 2


def propose(place: Place, rng: np.random.Generator, effort: Effort = THOROUGH) -> Floats | None:
    """Return the never tried point (d,) of the region with the best acquisition.

    See :class:`lamoo.solvers.Propose` for the arguments; ``effort`` is how hard to look for it.

    Raises:
        ValueError: if a kernel matrix is hopeless (``LinAlgError``); use a simpler solver then.
    """
    X = candidates(place, rng, effort)
    if not len(X):
        return None
    space = place.region.space
    model = learn(space, place.history, rng, place.reference_point, effort.training)
    if place.region.sides and rng.random() < _doubt(model.trust):
        return evolutionary.propose(place, rng)
    return again.better(maximise(model, X, place, rng, effort), model, place)


def propose_fast(place: Place, rng: np.random.Generator) -> Floats | None:
    """Propose with the effort of ``"gp-fast"``, see :func:`propose`."""
    space, effort = place.region.space, FAST
    if place.history.n >= LONG:
        # where all can be climbed along, a step finds more than neighbours do
        climbs_all = space.smooth[space.free].all()
        effort = replace(BRIEF, neighbours=0) if climbs_all else BRIEF
    return propose(place, rng, effort)


class AcquisitionFunction(Protocol):
    """The logarithm of an acquisition function, which the proposal maximises."""

    def score(self, X: Floats, *, screening: bool = False) -> Floats:
        """Return the values of points (n, d), or cheap estimates of them, shape ``(n,)``."""

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the value of one point (d,) and its gradient (d,)."""


def maximise(
    acquisition: AcquisitionFunction,
    X: Floats,
    place: Place,
    rng: np.random.Generator,
    effort: Effort = THOROUGH,
) -> Floats:
    """Return the best never tried point (d,) found: a candidate, or the end of a climb from one.

    Args:
        acquisition: what is maximised.
        X: the candidates (k, d), never tried points of the region, at least one.
        place: the region, which is not left, and what was tried.
        rng: the random generator.
        effort: how hard to look.
    """
    history, region = place.history, place.region
    screened = acquisition.score(X, screening=True)
    order = np.argsort(-screened, kind="stable")[: 4 * effort.finalists]
    # what repeats an observation improves nothing
    is_new = log_new(region.space, history)
    new = is_new(X[order])
    best_first = np.argsort(-(screened[order] + new), kind="stable")[: effort.finalists]
    X = X[order[best_first]]
    scores = acquisition.score(X) + new[best_first]
    if effort.neighbours:
        near = around(X[int(np.argmax(scores))], effort.neighbours, place, rng)
        scores = np.concatenate([scores, acquisition.score(near) + is_new(near)])
        X = np.concatenate([X, near])
    smooth = region.space.free & region.space.smooth
    best: Floats = X[int(np.argmax(scores))]
    if not smooth.any():
        return best
    starts = _spread(X, scores, effort.climbs)
    climb = refine if effort.thorough else ascend
    tries = [climb(acquisition, region, x, smooth, effort.iterations) for x in starts]
    finalists = history.unseen(np.array([best, *tries]))
    new = is_new(finalists)
    if not (effort.thorough or new.any()):
        return np.asarray(finalists[-1])  # it is the only climb, and that never ends lower
    winner: Floats = finalists[int(np.argmax(acquisition.score(finalists) + new))]
    return winner


def around(x: Floats, n: int, place: Place, rng: np.random.Generator) -> Floats:
    """Return never tried points (k, d) of the region, of ``n`` small changes of a point (d,)."""
    return place.untried(perturb(place.region.space, np.repeat(x[None], n, axis=0), rng))


def candidates(place: Place, rng: np.random.Generator, effort: Effort = THOROUGH) -> Floats:
    """Return never tried points (k, d) of the region worth scoring.

    All there are in a small space; otherwise uniform ones and offspring of the region's front.
    """
    history, space = place.history, place.region.space
    if space.size <= effort.whole or (space.known.objectives and space.enumerable):
        return place.left()
    X = pool(place, effort.uniform, rng, effort.draws)
    if len(place.members):
        children = offspring(space, history.X[parents(place)], effort.offspring, rng)
        X = np.concatenate([X, place.unseen(children)])
    return X


def _spread(X: Floats, scores: Floats, size: int) -> Floats:
    """Return the best candidate and then the best ones that are not near one of those chosen.

    At most ``size`` of them, shape ``(k, d)``.
    """
    order = np.argsort(-scores, kind="stable")
    points = filled(X, 0.5)
    chosen = [order[0]]
    for i in order[1:]:
        if len(chosen) == size:
            break
        if np.abs(points[i] - points[chosen]).max(axis=1).min() > _APART:
            chosen.append(i)
    return X[chosen]


def refine(
    acquisition: AcquisitionFunction,
    region: Region,
    start: Floats,
    smooth: Bools,
    iterations: int = THOROUGH.iterations,
    box: Floats | None = None,
) -> Floats:
    """Climb from a point (d,) of the region to a better one inside it.

    L-BFGS over the smooth, active columns; if the end lies outside, the best point inside on the
    straight line to it.

    Args:
        acquisition: what is maximised.
        region: where the end must lie.
        start: a point of the region, shape ``(d,)``.
        smooth: the columns that may change, shape ``(d,)``.
        iterations: of L-BFGS, at most.
        box: the least and largest coordinates of the end, shape ``(2, d)``; by default those of the
            unit cube.
    """
    columns = np.flatnonzero(smooth & ~np.isnan(start))

    def negative(u: Floats) -> tuple[float, Floats]:
        x = start.copy()
        x[columns] = u
        value, slope = acquisition.score_gradient(x)
        return -value, -slope[columns]

    if not len(columns):
        return start
    low, high = (np.zeros(len(start)), np.ones(len(start))) if box is None else box
    result = minimize(
        negative,
        start[columns],
        jac=True,
        method="L-BFGS-B",
        bounds=[*zip(low[columns].tolist(), high[columns].tolist(), strict=True)],
        options={"maxiter": iterations, "ftol": _TOLERANCE},
    )
    line = np.repeat(start[None], _BETWEEN, axis=0)
    line[:, columns] += np.linspace(0, 1, _BETWEEN)[:, None] * (result.x - start[columns])
    end = line[-1].copy()
    # a parameter that the step activates starts from its middle
    line = region.space.snap(filled(line, 0.5))
    line = line[region.contains(line)]
    if not len(line):
        return start
    if np.array_equal(line[-1], end, equal_nan=True):
        return np.asarray(end)
    return np.asarray(line[int(np.argmax(acquisition.score(line)))])


def ascend(
    acquisition: AcquisitionFunction, region: Region, start: Floats, smooth: Bools, iterations: int
) -> Floats:
    """Climb from a point (d,) of the region to a better one inside it, in a few steps.

    Conjugate gradients (Polak and Ribiere 1969) over the smooth, active columns. Of each line
    twelve points are scored at once, which costs what one gradient does: two steps reach what
    three to five iterations of :func:`refine` do, in half the time.

    Args:
        acquisition: what is maximised.
        region: where all points must lie.
        start: a point of the region, shape ``(d,)``.
        smooth: the columns that may change, shape ``(d,)``.
        iterations: steps at most.
    """
    x, before, direction, steps = start, np.zeros(len(start)), np.zeros(len(start)), _STEPS
    for _ in range(iterations):
        value, slope = acquisition.score_gradient(x)
        uphill = _inwards(np.where(smooth & ~np.isnan(x), slope, 0.0), x)
        turned = float(uphill @ (uphill - before)) / (float(before @ before) or 1.0)
        direction = _inwards(uphill + min(max(turned, 0.0), _TURNED) * direction, x)
        before, largest = uphill, np.abs(direction).max()
        if not largest > 0:
            break
        line = np.clip(x + steps[:, None] * (direction / largest), 0.0, 1.0)
        # a parameter that the step activates starts from its middle
        line = region.space.snap(filled(line, 0.5))
        line = line[region.contains(line)]
        scores = acquisition.score(line) if len(line) else np.array([-np.inf])
        best = int(np.argmax(scores))
        if not scores[best] > value:
            steps = _SHORTER * steps
            continue
        x = line[best]
        if scores[best] < value + _LITTLE:
            break
    return x


def _inwards(direction: Floats, x: Floats) -> Floats:
    """Return a direction (d,) without the parts that lead out of the unit cube at a point (d,)."""
    return np.where(((x <= 0) & (direction < 0)) | ((x >= 1) & (direction > 0)), 0.0, direction)
