"""A region of the search space: the intersection of the sides that a path chose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Bools, Floats
from lamoo.partition.features import boundary_features, feature_count
from lamoo.partition.split import Boundary
from lamoo.space import Space
from lamoo.space.moves import perturb
from lamoo.space.rows import first_rows

#: Uniform draws that rejection sampling may spend before it walks from known members instead, at
#: most so many at a time, and rounds of that walk, in each of which all points take a step. They
#: only bound the effort where a region is small: then the walk finds what is left of it.
MAX_DRAWS, MAX_ROUNDS = 4096, 16
#: Numbers in a table of features: sixteen megabytes.
FEATURES = 1 << 21
#: Points, and rounds, that the search for points that keep the known constraints may take.
POPULATION, MAX_DESCENTS = 256, 64


@dataclass(frozen=True)
class Region:
    """Points on the chosen side of every boundary; without boundaries, the whole space.

    Args:
        space: the search space.
        sides: pairs of a boundary and whether the good side was chosen, from the root down.
    """

    space: Space
    sides: tuple[tuple[Boundary, bool], ...] = ()

    def cut(self, boundary: Boundary, *, good: bool) -> Region:
        """Return the part of this region on one side of a boundary."""
        return Region(self.space, (*self.sides, (boundary, good)))

    def contains(self, X: Floats) -> Bools:
        """Tell which points (n, d) are inside and may be proposed, shape ``(n,)``.

        The boundary itself belongs to the bad side, so the two sides share no point and leave
        none out.
        """
        inside = self.space.allows(X)
        for value, good in self._decisions(X):
            inside = inside & ((value > 0) == good)
        return inside

    def margin(self, X: Floats) -> Floats:
        """Return how deep inside points (n, d) are, shape ``(n,)``.

        The smallest decision value along the path, counted positive on the chosen side; ``inf``
        where there is no boundary.
        """
        depth = np.full(len(X), np.inf)
        for value, good in self._decisions(X):
            depth = np.minimum(depth, value if good else -value)
        return depth

    def log_chance(self, X: Floats) -> Floats:
        """Return how surely points (n, d) are on the chosen side of every boundary, ``(n,)``.

        The logarithm of the product of each boundary's chance along the path, where decision
        values are taken for log odds; 0 where there is no boundary.
        """
        total = np.zeros(len(X))
        for value, good in self._decisions(X):
            total -= np.logaddexp(0.0, -value if good else value)
        return total

    def _decisions(self, X: Floats) -> list[tuple[Floats, bool]]:
        """Return, for each side, the decision values (n,) of points (n, d), and the side chosen.

        Few points at a time where they have many features: a map of a parameter of ten thousand
        choices looks at a hundred thousand points, whose features would be 8 GB.
        """
        if not self.sides:
            return []
        few = max(1, FEATURES // feature_count(self.space))
        parts = [X[i : i + few] for i in range(0, len(X), few)] or [X]
        found = []
        for part in parts:
            features = boundary_features(self.space, part)
            found.append([boundary.decision(features) for boundary, _ in self.sides])
        values = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return [(value, good) for value, (_, good) in zip(values, self.sides, strict=True)]

    def share(self, X: Floats, others: Floats) -> Floats:
        """Return which share of the completions of partial points (k, d) is inside, ``(k,)``.

        Where a point is NaN, anything may stand. Completions in which a parameter that is given
        does not exist count for nothing; NaN where there is no other.

        Args:
            X: partial points.
            others: points (n, d) that complete each, with a value also for what is inactive.
        """
        whole = np.where(np.isnan(X)[:, None], others, X[:, None]).reshape(-1, X.shape[1])
        whole = self.space.activity.mask(whole)
        lost = np.isnan(whole).reshape(len(X), len(others), X.shape[1]) & ~np.isnan(X)[:, None]
        exist = ~lost.any(axis=2)
        inside = self.contains(whole).reshape(exist.shape) & exist
        count = exist.sum(axis=1)
        return np.where(count, inside.sum(axis=1) / np.maximum(count, 1), np.nan)

    def sample(
        self, n: int, members: Floats, rng: np.random.Generator, draws: int = MAX_DRAWS
    ) -> Floats:
        """Draw up to ``n`` distinct points of the region, ``(k, d)`` with ``k <= n``.

        Uniform rejection first, of what the known constraints allow where it is known how to draw
        that; where the region is too small for it, a random walk from its members, which cannot
        leave it. The effort is bounded: a region that holds fewer points
        (or none that can be found) gives fewer, never one outside.

        Args:
            n: how many points are wanted.
            members: known points of the region to walk from, shape ``(k, d)``; may be empty.
            rng: the random generator.
            draws: no more are begun after so many uniform ones.
        """
        found, draw = np.empty((0, self.space.dimension)), self.space.known.draw
        if draw is not None:
            X = self.space.snap(draw(n, rng))
            found = first_rows(X[self.contains(X)])
        drawn, batch = 0, n
        while draw is None and len(found) < n and drawn < draws:
            X = self.space.sample(batch, rng)
            found = first_rows(np.concatenate([found, X[self.contains(X)]]))
            drawn, batch = drawn + batch, min(2 * batch, MAX_DRAWS)
        if len(found) >= n:
            return found[:n]
        return self._walk(n, found, members, rng)

    def approach(self, X: Floats, members: Floats, n: int, rng: np.random.Generator) -> Floats:
        """Return points (k, d) of the region near points outside, the nearest first.

        Nearest by the sum over all parameters, where another choice is 1 away. They are mixtures
        of a point and a member, which lie on the straight line between them (choices from
        either) or take each parameter from either. The effort is bounded: of ``n`` mixtures those
        inside are returned.

        Args:
            X: points to come near to, shape ``(p, d)``, at least one.
            members: known points of the region, shape ``(k, d)``; without any, none is returned.
            n: how many mixtures are looked at.
            rng: the random generator.
        """
        if not len(members):
            return X[:0]
        share = rng.random((n, 1))
        x, member = X[rng.integers(len(X), size=n)], members[rng.integers(len(members), size=n)]
        member = np.where(np.isnan(member), x, member)
        either = np.where(rng.random(x.shape) < share, x, member)
        straight = (rng.random((n, 1)) < 0.5) & ~self.space.categorical
        mixed = self.space.snap(np.where(straight, member + share * (x - member), either))
        mixed, x = mixed[inside := self.contains(mixed)], self.space.snap(x)[inside]
        away = np.where(self.space.categorical, np.sign(np.abs(mixed - x)), np.abs(mixed - x))
        return mixed[np.argsort(np.nansum(away, axis=1), kind="stable")]

    def _descend(self, rng: np.random.Generator) -> Floats:
        """Return points (k, d) that keep the known constraints, where hardly any do.

        From random points to less violating ones, until some violate nothing.
        """
        violation, X = self.space.known.violation, self.space.sample(POPULATION, rng)
        if violation is None:
            return X[:0]
        for _ in range(MAX_DESCENTS):
            amount = np.nan_to_num(violation(X), nan=0.0)  # what is unknown may be kept
            if (amount <= 0).any():
                break
            best = X[np.argsort(amount, kind="stable")[: POPULATION // 8]]
            mothers = best[rng.integers(len(best), size=POPULATION)]
            children = perturb(self.space, mothers, rng)
            X = first_rows(np.concatenate([best, children]))
        return X[self.space.allows(X)]

    def _walk(self, n: int, found: Floats, members: Floats, rng: np.random.Generator) -> Floats:
        """Extend found points by steps from them and from members that stay inside."""
        snapped = self.space.snap(members)
        start = np.concatenate([found, snapped[self.contains(snapped)]])
        if not len(start):
            descended = self._descend(rng)
            start = found = descended[self.contains(descended)]
        if not len(start):
            return found
        for _ in range(MAX_ROUNDS):
            origin = start[rng.integers(len(start), size=max(2 * n, 64))]
            X = perturb(self.space, origin, rng)
            X = X[self.contains(X)]
            start = first_rows(np.concatenate([start, X]))
            found = first_rows(np.concatenate([found, X]))
            if len(found) >= n:
                break
        return found[:n]
