"""Branches: which choices open parameters of their own, and which were tried too little to judge.

From two or three unlucky trials a model concludes that a whole branch is worth nothing, and then no
trial corrects it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lamoo import pareto
from lamoo.arrays import Bools, Floats, Ints
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.rows import DIGITS, first_rows

#: A branch is known well enough to be judged after so many trials, and well enough to be left alone
#: after so many if it holds a part of the front.
FEW, ENOUGH = 5, 8
#: A parameter of more values than this does not open a branch with each of them.
MOST_VALUES = 16
#: Uniform points that show what opens parameters, and which branches there are.
PROBES, SHOWN = 256, 512


class Branch(NamedTuple):
    """A branch that was tried too little.

    Args:
        space: the search space confined to it.
        unknown: whether no trial in it gave values, so that there is nothing to learn from.
    """

    space: Space
    unknown: bool


def neglected(space: Space, history: History) -> Iterator[Branch]:
    """Yield each branch that was tried too little, the least tried first.

    A branch is entered by the value of an opener, and by those of the openers above it. It was
    tried as often as the rarest of these values, running and failed trials included: too little if
    less than :data:`FEW` times, or than :data:`ENOUGH` if a trial of the front lies in it.

    Args:
        space: the search space, with its conditions.
        history: at least one observation.
    """
    columns = openers(space)
    if not len(columns):
        return
    shown = space.sample(SHOWN, np.random.default_rng(0))
    paths = first_rows(shown[space.allows(shown)][:, columns])
    front = history.X[pareto.nondominated(history.means, history.violation)][:, columns]
    tried = _rarest(paths, history.tried[:, columns])
    unknown = _rarest(paths, history.X[:, columns]) == 0
    enough = np.where(_taken(paths, front), ENOUGH, FEW)
    for i in np.argsort(tried, kind="stable"):
        if tried[i] < enough[i]:
            yield Branch(_confined(space, columns, paths[i]), bool(unknown[i]))


def openers(space: Space) -> Ints:
    """Return the columns, increasing, whose values decide which other parameters exist.

    Only those with few values, see :data:`MOST_VALUES`.
    """
    if not space.activity.rules:
        return np.empty(0, dtype=np.intp)
    parents = np.unique(np.concatenate([parents for _, parents, _ in space.activity.rules]))
    rng = np.random.default_rng(0)
    X, kinds = space.sample(PROBES, rng), list(space.parameters.values())
    found = []
    for j in parents[space.levels[parents] <= MOST_VALUES].tolist():
        active = X[~np.isnan(X[:, j])]
        changed = np.where(np.isnan(active), 0.5, active)
        changed[:, j] = kinds[j].snap(rng.random(len(active)))
        if (np.isnan(space.activity.mask(changed)) != np.isnan(active)).any():
            found.append(j)
    return np.array(found, dtype=np.intp)


def _rarest(paths: Floats, points: Floats) -> Floats:
    """Return how many points (n, k) have the rarest value of each path (b, k), shape ``(b,)``.

    What is NaN in a path does not count.
    """
    often = np.full(paths.shape, np.inf)
    rounded = (np.round(values.T, DIGITS) for values in (paths, points))
    for count, path, seen in zip(often.T, *rounded, strict=True):
        seen.sort()
        count[:] = np.searchsorted(seen, path, "right") - np.searchsorted(seen, path, "left")
    return np.asarray(np.where(np.isnan(paths), np.inf, often).min(axis=1))


def _taken(paths: Floats, points: Floats) -> Bools:
    """Tell which paths (b, k) any of the points (n, k) took, shape ``(b,)``."""
    same: Bools = np.asarray(np.abs(paths[:, None] - points) < 10.0**-DIGITS)
    return np.asarray(np.any(np.all(same | np.isnan(paths)[:, None], axis=2), axis=1))


def _confined(space: Space, columns: Ints, path: Floats) -> Space:
    """Return the space whose openers have the values of a path (k,) as far as it has some."""
    names = list(space.parameters)
    fixed = {
        names[j]: space.parameters[names[j]].from_unit(np.array([u]))[0]
        for j, u in zip(columns, path, strict=True)
        if not np.isnan(u)
    }
    return replace(space, fixed={**space.fixed, **fixed})
