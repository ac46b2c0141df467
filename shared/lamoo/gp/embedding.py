"""The features of points in which a Gaussian process measures distances, and those of its trend.

======== ============ =====================================================================
symbol   shape        meaning
======== ============ =====================================================================
``X``    ``(n, d)``   points of the unit cube, NaN where inactive
``Z``    ``(n, p)``   Euclidean features of ``X``, divided by length scales
``F``    ``(n, q)``   trend features of ``X``, times their standard deviations
======== ============ =====================================================================

Beside the parameters themselves there are

- counts: where categorical parameters are *alike* (they have the same choices, as the operations
  on the edges or layers of a network), how often each choice is used tells more than where it is
  used, so the counts are features and trend features next to the one-hot choices;
- sums: numbers may be *increments* (displacements along a trajectory, angles of an arm's joints,
  durations), each of which moves all that follows in its *chain*: then their cumulative sums stand
  for them, wherever numbers are named here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.kernel import agreement, squared_distances

#: Chains, each by which of the numbers (of ``q``) are its increments, in their order.
Chains = tuple[tuple[int, ...], ...]
#: Distance between an active and an inactive number: that of the middle to the bounds.
_INACTIVE = 0.5
#: In groups of at least this many parameters alike, choices are counted.
_ALIKE = 3
#: Choices of more observed values than this are no one-hot features but codes, from which the same
#: distances follow: 60 parameters with 300 values each would have nine thousand features. Costs are
#: about equal from 10 values on for asks one at a time, most of which is fits, from 25 in batches.
_MANY = 16


@dataclass(frozen=True)
class Embedding:
    """A map of points to Euclidean features whose distances define the kernel.

    - A number x gives (x - .5, .5 * active): inactive, it lies at the centre and .25 in squared
      distance from active ones.
    - A group of g parameters alike gives the counts of their choices / sqrt(2 g).
    - A choice gives its one-hot / sqrt(2): different choices lie 1 apart. Being inactive is one
      more choice; a choice that was never observed lies 1 from all others. Choices of many
      have codes instead (:meth:`codes`), which lie 1 apart where they differ.

    Args:
        categorical: which columns hold choices ``(d,)``.
        levels: observed values of each categorical column.
        groups: columns of each group of parameters alike.
        dimension: how many columns were active, on average.
        absent: columns that no observation has: nothing is known of them, so that they count as
            inactive everywhere. Otherwise whoever has one would stay unknown, however near to it
            was looked.
        chains: of :class:`lamoo.gp.hyperparameters.Hyperparameters`.
    """

    categorical: Bools
    levels: tuple[Floats, ...]
    groups: tuple[Ints, ...]
    dimension: float
    absent: Bools
    chains: Chains

    @cached_property
    def owner(self) -> Ints:
        """Return which length scale divides each feature, shape ``(p,)``."""
        numbers, choices = np.flatnonzero(~self.categorical), np.flatnonzero(self.categorical)
        groups = len(self.categorical) + np.arange(len(self.groups))
        each = [len(levels) for levels in self._counted]
        onehots = choices[self._place]
        return np.concatenate([numbers, numbers, np.repeat(groups, each), onehots]).astype(np.intp)

    @cached_property
    def _counted(self) -> list[Floats]:
        """The observed values of each group's columns."""
        place = np.cumsum(self.categorical) - 1
        return [
            np.unique(np.concatenate([self.levels[place[j]] for j in group]))
            for group in self.groups
        ]

    @cached_property
    def _place(self) -> Ints:
        """Which of the choices each one-hot feature belongs to."""
        sizes = [len(levels) if len(levels) <= _MANY else 0 for levels in self.levels]
        return np.repeat(np.arange(len(sizes)), sizes).astype(np.intp)

    @cached_property
    def _all_levels(self) -> Floats:
        """The value that each one-hot feature stands for."""
        return np.concatenate([np.empty(0), *(v for v in self.levels if len(v) <= _MANY)])

    @cached_property
    def coded(self) -> Ints:
        """Return which columns have codes instead of one-hot features, shape ``(c,)``."""
        many = [len(levels) > _MANY for levels in self.levels]
        return np.flatnonzero(self.categorical)[many]

    def codes(self, X: Floats) -> Floats:
        """Return codes of the choices of many in points (n, d), ``(n, c)``.

        Each observed value of each column has its own, 0 and more; others have negative ones.
        """
        choices, before = _number_inactive(X[:, self.coded]), 0
        codes = -2.0 - choices
        many = (levels for levels in self.levels if len(levels) > _MANY)
        for j, levels in enumerate(many):
            at = _position(choices[:, j], levels)
            codes[:, j] = np.where(at < len(levels), before + at, codes[:, j])
            before += len(levels)
        return codes

    def _counts(self, X: Floats) -> list[Floats]:
        """Return how often each group's parameters take each observed value, less the mean."""
        counts = []
        for group, levels in zip(self.groups, self._counted, strict=True):
            values = _number_inactive(X[:, group])
            count = _counted(values, levels) - len(group) / max(len(levels), 1)
            counts.append(count / np.sqrt(2.0 * len(group)))
        return counts

    @cached_property
    def _lacking(self) -> bool:
        """Whether any column is absent."""
        return bool(self.absent.any())

    @cached_property
    def numbers(self) -> Ints:
        """Return which columns hold numbers, shape ``(q,)``."""
        return np.flatnonzero(~self.categorical)

    @cached_property
    def sums(self) -> Floats:
        """Return the cumulative sums of increments as a matrix, ``(q, q)``; other numbers stay.

        Sums are divided by the root of half their number: sums of independent increments vary as
        much as increments do, on average.
        """
        sums = np.eye(len(self.numbers))
        for chain in self.chains:
            scale = math.sqrt(max(len(chain) / 2.0, 1.0))
            sums[np.ix_(chain, chain)] = np.tri(len(chain)) / scale
        return sums

    def features(self, X: Floats) -> tuple[Floats, Floats, Floats]:
        """Return features (n, p) of points (n, d), and those of the linear and quadratic trend.

        Both trends' are 0 where inactive.
        """
        if self._lacking:
            X = np.where(self.absent, np.nan, X)
        numbers = X[:, self.numbers]
        inactive = np.isnan(numbers)
        centred = np.where(inactive, 0.0, numbers - 0.5)
        if self.chains:
            centred = centred @ self.sums.T
        active = np.where(inactive, 0.0, _INACTIVE)
        counts = self._counts(X)
        blocks = [centred, active, *counts]
        if len(self._all_levels):  # sums round by the layout, which an empty block would change
            choices = _number_inactive(X[:, self.categorical])
            chosen = np.take(choices, self._place, axis=1) == self._all_levels
            blocks.append(chosen / np.sqrt(2.0))
        features = np.concatenate(blocks, axis=1)
        return features, np.concatenate([centred, *counts], axis=1), centred**2

    def scaled(self, lengthscales: Floats, linear: float, quadratic: float) -> Scaled:
        """Return the embedding with the hyperparameters of a process.

        Args:
            lengthscales: one per column, then one per group, shape ``(d + groups,)``.
            linear: prior variance of the linear trend's weights.
            quadratic: prior variance of the quadratic trend's weights.
        """
        chosen = lengthscales[: len(self.categorical)][self.categorical]
        return Scaled(
            self,
            lengthscales[self.owner],
            np.sqrt(linear),
            np.sqrt(quadratic),
            len(self.owner) - len(self._all_levels),
            float(0.5 * (chosen**-2).sum()),
            0.5 * lengthscales[self.coded] ** -2,
        )


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Scaled:
    """An embedding with the length scales and the trend's variances of a process.

    Args:
        embedding: of points.
        lengthscales: of the features ``(p,)``.
        linear: standard deviation of the linear trend's weights.
        quadratic: standard deviation of the quadratic trend's weights.
        uncounted: how many features there are before those of choices.
        choices: the squared norm of a point's scaled one-hot features. It is the same for all
            points, also where a choice was never observed, which so lies 1 from all others.
        weights: what each code adds to the product of two points that have it, shape ``(c,)``.
    """

    embedding: Embedding
    lengthscales: Floats
    linear: float
    quadratic: float
    uncounted: int
    choices: float
    weights: Floats

    def __call__(self, X: Floats) -> tuple[Floats, Floats]:
        """Return Z (n, p + c), whose last columns are codes, and F (n, q) of points (n, d)."""
        features, linear, quadratic = self.embedding.features(X)
        F = np.concatenate([self.linear * linear, self.quadratic * quadratic], axis=1)
        Z = features / self.lengthscales
        return (np.concatenate([Z, self.embedding.codes(X)], axis=1) if len(self.weights) else Z), F

    def squared(self, norms_a: Floats, A: Floats, norms_b: Floats, B: Floats) -> Floats:
        """Return squared distances between the rows of Z (a, p + c) and another Z, ``(a, b)``.

        Args:
            norms_a: those of the first, from :meth:`norms`.
            A: the first.
            norms_b: those of the second.
            B: the second.
        """
        p = len(self.lengthscales)
        squared = squared_distances(norms_a, A[:, :p], norms_b, B[:, :p])
        if len(self.weights):
            squared -= 2.0 * agreement(A[:, p:], B[:, p:], self.weights)
        return squared

    def norms(self, Z: Floats) -> Floats:
        """Return squared norms of Z (n, p + c), ``(n,)``."""
        Z = Z[:, : self.uncounted]
        return np.asarray(np.einsum("ij,ij->i", Z, Z) + self.choices)


def _number_inactive(choices: Floats) -> Floats:
    """Return choices with NaN replaced by -1, so that being inactive is one more choice."""
    return np.where(np.isnan(choices), -1.0, choices)


def _counted(values: Floats, levels: Floats) -> Ints:
    """Return how often each level, increasing, is in each row of values (n, k), ``(n, l)``."""
    if len(levels) <= _MANY:
        return np.asarray((values[:, :, None] == levels).sum(axis=1))
    shape = len(values), len(levels) + 1
    places = _position(values, levels) + shape[1] * np.arange(len(values))[:, None]
    return np.bincount(places.ravel(), minlength=shape[0] * shape[1]).reshape(shape)[:, :-1]


def _position(values: Floats, levels: Floats) -> Ints:
    """Return where values stand among levels, increasing; what is no level comes after the last."""
    at = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    return np.where(levels[at] == values, at, len(levels))


def embed(X: Floats, categorical: Bools, alike: Ints | None, chains: Chains) -> Embedding:
    """Return the embedding that knows the choices observed in X (n, d)."""
    choices = _number_inactive(X[:, categorical])
    levels = tuple(np.unique(column) for column in choices.T)
    labels = np.full(len(categorical), -1) if alike is None else np.where(categorical, alike, -1)
    active = ~np.isnan(X)
    dimension = float(active.sum() / max(len(X), 1))
    absent = np.asarray(~active.any(axis=0))
    return Embedding(categorical, levels, groups_alike(labels), dimension, absent, chains)


def groups_alike(labels: Ints) -> tuple[Ints, ...]:
    """Return the columns of each group that is large enough for its choices to be counted.

    Args:
        labels: equal and at least 0 where columns are alike, shape ``(d,)``.
    """
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]
    return tuple(group for group in groups if len(group) >= _ALIKE)
