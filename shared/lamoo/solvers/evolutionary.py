"""Crossover and mutation of a region's front, ranked by the partition itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.stats import mannwhitneyu

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats, Ints, Memo
from lamoo.gp.equivalence import log_new
from lamoo.partition.features import boundary_features, many_features
from lamoo.partition.place import Place
from lamoo.partition.region import Region
from lamoo.partition.split import Boundary, learn_boundary
from lamoo.solvers import random
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.moves import RATES, perturb
from lamoo.space.rows import first_rows
from lamoo.space.schedule import scheduled

#: How many new points inside the region compete for the proposal (256 found less,
#: docs/benchmarks), and rounds of offspring that may be begun to find them.
COMPETITORS, MAX_ROUNDS = 64, 8
#: A front of fewer members is filled up with the next best parents: where one point is best in all
#: objectives, it would have nobody to be crossed with. Other numbers were not tried.
MIN_PARENTS = 5
#: Which share of the proposals looks in a random direction, and which share of the observations is
#: good there. With all proposals less was found on three of four problems, with an eighth of the
#: observations on two, and more on the others (docs/benchmarks, "Cheap solver, again").
DIRECTED, SHARE = 0.5, 0.25
#: The weight of the sum in an augmented Chebyshev distance, ParEGO's.
AUGMENTED = 0.05
#: From more observations than this that boundary is learned from every second, third, ... of them.
MAX_OBSERVATIONS = 1024
#: How often failures by chance may be taken for failures with a reason.
CHANCE = 0.05
#: Boundaries of many features that are remembered: those of a few studies that take turns.
_boundaries: Memo[Boundary | None] = Memo(4)


def parents(place: Place) -> Ints:
    """Return the indices (k,) of the members that none of them dominates.

    If those are few, the next best as well: those that the fewest members dominate, up to
    :data:`MIN_PARENTS` in all.
    """
    history, members = place.history, place.members
    Y, violation = history.means[members], history.violation[members]
    front = pareto.nondominated(Y, violation)
    if front.sum() >= MIN_PARENTS:
        return members[front]
    order = np.argsort(pareto.dominance_number(Y, violation), kind="stable")
    return members[order[:MIN_PARENTS]]


def offspring(
    space: Space,
    front: Floats,
    n: int,
    rng: np.random.Generator,
    mother: int | None = None,
    rates: Sequence[float] = RATES,
) -> Floats:
    """Cross and mutate parents (k, d) into ``n`` points, shape ``(n, d)``.

    Half of the children come from two parents (each parameter from either, evenly), half from
    one; by default one or three parameters are expected to change. A child that enters a branch
    takes its parameters there from whichever of two parents has them.

    Args:
        space: the search space.
        front: the parents.
        n: how many children.
        rng: the random generator.
        mother: the row of the first parent of all children; ``None`` draws one for each.
        rates: expected numbers of changed parameters, see :func:`lamoo.space.moves.perturb`.
    """
    mothers, father = rng.integers(len(front), size=(2, n))
    if mother is not None:
        mothers[:] = mother
    cross = (rng.random((n, 1)) < 0.5) & (rng.random((n, space.dimension)) < 0.5)
    child = np.where(cross, front[father], front[mothers])
    either = np.where(np.isnan(front[father]), front[mothers], front[father])
    return perturb(space, child, rng, rates, spare=either)


def _order(history: History, rng: np.random.Generator) -> Ints:
    """Return the indices (n,) of all observations, best first in a random direction.

    The augmented Chebyshev distance from the front's ideal point (ParEGO, Knowles 2006), the
    objectives weighed at random; an infeasible point comes after all less violating ones.
    """
    Y = failures.finite(history.means)
    front = Y[pareto.nondominated(Y, history.violation)]
    ideal, nadir = front.min(axis=0), front.max(axis=0)
    # halves, because a difference may be larger than a float can express
    width = nadir / 2 - ideal / 2
    with np.errstate(over="ignore"):
        scaled = (Y / 2 - ideal / 2) / np.where(width > 0, width, 1.0)
    weighed = rng.dirichlet(np.ones(Y.shape[1])) * np.clip(scaled, -1e6, 1e6)
    value = weighed.max(axis=1) + AUGMENTED * weighed.sum(axis=1)
    return np.lexsort((value, history.violation))


def unlike_failures(history: History, region: Region) -> Region:
    """Return the region with one more boundary, between what was evaluated and what failed.

    With many features it is learned at scheduled history lengths only, and remembered.
    """
    many = many_features(region.space)
    if many:
        failed = history.failed[: scheduled(len(history.failed))]
        history = history.first(scheduled(history.n)).replaced(failed=failed)
    failed = history.failures(MAX_OBSERVATIONS)
    if not len(failed) or not history.n:
        return region
    X = np.concatenate([history.X[:: -(-history.n // MAX_OBSERVATIONS)], failed])
    good, features = np.arange(len(X)) < len(X) - len(failed), boundary_features(region.space, X)
    learned = partial(_between, features, good)
    found = _boundaries(learned, features, good) if many else learned()
    return region if found is None else region.cut(found, good=True)


def _between(features: Floats, good: Bools) -> Boundary | None:
    """Return the boundary between good points and others, ``None`` if what divides them is chance.

    Args:
        features: of all points, shape ``(n, p)``.
        good: which of them are good, shape ``(n,)``.
    """
    # failures by chance teach nothing: a boundary from every other point must order the rest
    even, odd = slice(0, None, 2), slice(1, None, 2)
    if not good[odd].any():
        return None
    predicted = learn_boundary(features[even], good[even]).decision(features[odd])
    kept, lost = predicted[good[odd]], predicted[~good[odd]]
    if mannwhitneyu(kept, lost, alternative="greater").pvalue > CHANCE:
        return None
    return learn_boundary(features, good)


def propose(place: Place, rng: np.random.Generator) -> Floats | None:
    """Return the offspring most surely inside the region, ``None`` if there is none left.

    The boundaries themselves serve as the acquisition: the chance to be on the right side of
    all of them along the path. That alone keeps proposing around one point of the front, so half
    of the proposals also look in a random direction: the children come from the parent that is
    best there, and one more boundary, around the share of all observations that is best there,
    joins the product. So does one between what was evaluated and what failed. With many features
    (:data:`lamoo.partition.features.MANY`) the first of these is left out: it took most of the time
    and found no more.

    See :class:`lamoo.solvers.Propose` for the arguments.
    """
    history, space = place.history, place.region.space
    beyond, X = unlike_failures(history, place.region), np.empty((0, space.dimension))
    if len(place.members):
        chosen, mother = parents(place), None
        if history.n > 1 and rng.random() < DIRECTED:
            mother, beyond = _directed(place, chosen, beyond, rng)
        X = _children(place, chosen, mother, rng)
    if not len(X):
        return random.propose(place, rng)
    X = history.unseen(X)[:COMPETITORS]  # once more: of all rounds together
    chance = beyond.log_chance(X) + log_new(space, history)(X)
    surest: Floats = X[int(np.argmax(chance))]
    return surest


def _directed(
    place: Place, chosen: Ints, region: Region, rng: np.random.Generator
) -> tuple[int, Region]:
    """Look in a random direction across the front.

    Args:
        place: what was observed.
        chosen: the observations that are parents, ``(k,)``.
        region: where the offspring is to be.
        rng: draws the direction.

    Returns:
        Which of the parents is best in that direction, and the region with one more boundary around
        the observations that are good there.
    """
    history, space = place.history, place.region.space
    order = _order(history, rng)
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    mother = int(np.argmin(rank[chosen]))
    if many_features(space):
        return mother, region
    order = order[:: -(-history.n // MAX_OBSERVATIONS)]
    good = np.arange(len(order)) < max(1, int(SHARE * len(order)))
    learned = learn_boundary(boundary_features(space, history.X[order]), good)
    return mother, region.cut(learned, good=True)


def _children(place: Place, chosen: Ints, mother: int | None, rng: np.random.Generator) -> Floats:
    """Return never tried offspring (c, d) of parents (k,) inside the region.

    Round by round, until there are :data:`COMPETITORS` or a round brings none.
    """
    space = place.region.space
    X = np.empty((0, space.dimension))
    for _ in range(MAX_ROUNDS):
        children = offspring(space, place.history.X[chosen], 2 * COMPETITORS, rng, mother)
        children = place.unseen(children)
        if not len(children):  # the leaf is exhausted around its front
            break
        X = first_rows(np.concatenate([X, children]))
        if len(X) >= COMPETITORS:
            break
    return X
