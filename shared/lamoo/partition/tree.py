"""The partition: a binary tree of regions, grown from the observations.

Zhao et al., "Multi-objective Optimization by Learning Space Partitions" (ICLR 2022), section 3.1.
The tree is lazy: a node is split when its children are first asked for, so that walking down one
path costs one boundary per level and not one per node.

With many features a boundary takes milliseconds to learn, by the cube of their number. Then, and
where a solver is to be fast, all of them are learned at certain history lengths only
(:func:`lamoo.space.schedule.scheduled`), and remembered: another tree, the teacher, is grown from
the observations that there were, and this one splits where that one does. So the tree depends on
the history alone, as always.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import rankdata

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats, Ints, Memo
from lamoo.checks import check, check_whole, is_flag, is_number, is_one_of
from lamoo.partition.features import boundary_features, many_features
from lamoo.partition.region import Region
from lamoo.partition.split import Boundary, Kernel, label, learn_boundary
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.schedule import scheduled

Selection = Literal["path", "leaf"]

#: A boundary that leaves less than this share of a node on one side separates only stragglers from
#: it. Up to 33 observations one is enough; of the most that a tree is grown from, it takes eight.
MIN_SHARE = 0.03
#: Observations a tree is grown from at most: the best and a spread of the rest. 512 cost a third
#: more and found no more (evolutionary solver, 600 trials, three problems, three seeds).
MAX_OBSERVATIONS = 256
#: Teachers that are remembered: those of a few studies that take turns.
_teachers: Memo[Node] = Memo(8)


@dataclass(frozen=True)
class Partition:
    """The settings of the partition; the defaults are what measurements favour.

    Args:
        leaf_size: nodes with fewer observations than twice this are not split.
        kernel: the boundary's kernel, see :func:`lamoo.partition.split.learn_boundary`.
        selection: ``"path"`` walks from the root to the better child, ``"leaf"`` compares all
            leaves (section 3.2).
        c_p: the exploration weight of UCB, as a share of the root's hypervolume.
        absolute: whether ``c_p`` is a hypervolume instead, in the units of the objectives and from
            the reference point that was given (or inferred from the observations).

    Raises:
        ValueError: if a setting is outside what is listed here.
    """

    leaf_size: int = 10
    kernel: Kernel = "linear"
    selection: Selection = "path"
    c_p: float = 0.1
    absolute: bool = False

    def __post_init__(self) -> None:
        """Check the settings."""
        check_whole("leaf_size", self.leaf_size, 1)
        fine = is_one_of(self.kernel, ("linear", "poly", "rbf"))
        check("kernel", self.kernel, "'linear', 'poly' or 'rbf'", fine=fine)
        fine = is_one_of(self.selection, ("path", "leaf"))
        check("selection", self.selection, "'path' or 'leaf'", fine=fine)
        check("c_p", self.c_p, "at least 0, a number", fine=is_number(self.c_p, 0))
        check("absolute", self.absolute, "True or False", fine=is_flag(self.absolute))


#: What the paper describes (section 3 and its experiments), and not what its published code does:
#: polynomial support vector machines, path selection, C_p a tenth of the hypervolume.
PAPER = Partition(kernel="poly")
#: No partition, the solver alone, to see what the partition is worth: the root is never split.
ALONE = Partition(leaf_size=sys.maxsize)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Observations:
    """What all nodes of one tree share: all observations, or a representative part of them.

    Args:
        index: where these observations stand in the history, shape ``(n,)``.
        features: of the observations, then all pending points, then all whose training was
            stopped, shape ``(n + p + s, f)``.
        values: objective values, shape ``(n, m)``.
        violation: total constraint violations, shape ``(n,)``.
        Y: the values rescaled.
        reference_point: shape ``(m,)``, rescaled like ``Y``.
        volume: the hypervolume of all, in the units of the objectives; 0 where nobody asks.
        settings: how to grow.
    """

    index: Ints
    features: Floats
    values: Floats
    violation: Floats
    Y: Floats
    reference_point: Floats
    volume: float
    settings: Partition

    @property
    def feasible(self) -> Bools:
        """Which observations violate no constraint, shape ``(n,)``."""
        return np.asarray(self.violation == 0)

    @cached_property
    def dominates(self) -> Floats:
        """Return 1 where row dominates column, else 0, shape ``(n, n)``."""
        return pareto.dominance_matrix(self.values, self.violation).astype(float)


@dataclass(frozen=True, eq=False)
class Node:
    """A region, the observations inside it, and its two parts.

    Args:
        data: what all nodes share.
        rows: indices (into ``data``) of the observations inside the region.
        pending: indices (into ``data.features``) of the running points inside the region.
        stopped: indices (into ``data.features``) of the points inside whose training was stopped.
        region: the region itself.
        teacher: the same node of the tree that tells where to split, ``None`` where it is this one.
    """

    data: Observations
    rows: Ints
    pending: Ints
    stopped: Ints
    region: Region
    teacher: Node | None = None

    @property
    def members(self) -> Ints:
        """The indices (into the history) of the observations inside the region."""
        return self.data.index[self.rows]

    @cached_property
    def hypervolume(self) -> float:
        """The hypervolume of the members, the value ``v_j`` of section 3.2."""
        feasible = self.rows[self.data.feasible[self.rows]]
        return pareto.hypervolume(self.data.Y[feasible], self.data.reference_point)

    @property
    def visits(self) -> int:
        """How often the region was chosen: its members, and those that run or were stopped."""
        return len(self.rows) + len(self.pending) + len(self.stopped)

    @cached_property
    def children(self) -> tuple[Node, ...]:
        """The good and the bad part, or nothing where the node is a leaf."""
        if self.teacher is not None:
            taught = self.teacher.children
            parts = self._parts(taught[0].region.sides[-1][0], taught) if taught else ()
            return parts if all(len(part.rows) for part in parts) else ()
        settings = self.data.settings
        if len(self.rows) < 2 * settings.leaf_size:
            return ()
        good = self.good
        if good.all():
            return ()
        parts = self._parts(learn_boundary(self.data.features[self.rows], good, settings.kernel))
        smallest = min(len(part.rows) for part in parts)
        return parts if smallest >= max(1.0, MIN_SHARE * len(self.rows)) else ()

    def _parts(
        self, boundary: Boundary, teachers: Sequence[Node | None] = (None, None)
    ) -> tuple[Node, ...]:
        """Return the good and the bad side of a boundary."""
        side = boundary.decision(self.data.features) > 0
        return tuple(
            Node(
                self.data,
                self.rows[side[self.rows] == chosen],
                self.pending[side[self.pending] == chosen],
                self.stopped[side[self.stopped] == chosen],
                self.region.cut(boundary, good=chosen),
                teacher,
            )
            for chosen, teacher in zip((True, False), teachers, strict=True)
        )

    @cached_property
    def good(self) -> Bools:
        """Which members belong to the better half by dominance number, shape ``(n,)``."""
        inside = np.zeros(len(self.data.Y))
        inside[self.rows] = 1.0
        # a product with a vector: several times faster than cutting the submatrix out
        number = (inside @ self.data.dominates)[self.rows]
        return label(number, self._mean_ranks)

    def _mean_ranks(self) -> Floats:
        """Return the mean of each member's ranks in all objectives, ``(n,)``; ties share theirs."""
        return np.asarray(rankdata(self.data.Y[self.rows], axis=0).mean(axis=1), dtype=float)


def grow(
    space: Space,
    history: History,
    settings: Partition,
    reference_point: Floats | None,
    *,
    early: bool = False,
) -> Node:
    """Return the root of the tree over all observations (section 3.1).

    Args:
        space: the search space.
        history: at least one observation.
        settings: how to split and select.
        reference_point: the user's (m,), or ``None`` to infer one.
        early: whether boundaries are those that were learned at the last scheduled history length
            also where they have few features.
    """
    found = _representative(space, history)
    scaled, scaled_reference = pareto.comparable(found.values, found.violation, reference_point)
    n, others = len(found.rows), [history.pending, history.stopped]
    features = found.features
    if sum(map(len, others)):
        features = np.concatenate([features, boundary_features(space, np.concatenate(others))])
    data = Observations(
        index=found.rows,
        features=features,
        values=found.values,
        violation=found.violation,
        Y=scaled,
        reference_point=scaled_reference,
        volume=_volume(found, reference_point) if settings.absolute else 0.0,
        settings=settings,
    )
    ends = np.cumsum([n, *map(len, others)])
    rows, pending, stopped, _ = np.split(np.arange(ends[-1]), ends)
    teacher = None
    if (early or many_features(space)) and settings.kernel == "linear":
        teacher = _teacher(space, history, settings)
    return Node(data, rows, pending, stopped, Region(space), teacher)


class _Found(NamedTuple):
    """What stands for all observations, see :class:`Observations`."""

    rows: Ints
    features: Floats
    values: Floats
    violation: Floats


def _representative(space: Space, history: History) -> _Found:
    """Return at most :data:`MAX_OBSERVATIONS` observations."""
    index = pareto.representative(history.means, history.violation, MAX_OBSERVATIONS)
    features = boundary_features(space, history.X[index])
    return _Found(index, features, history.means[index], history.violation[index])


def _teacher(space: Space, history: History, settings: Partition) -> Node:
    """Return the tree that tells where to split."""
    found = _representative(space, history.first(scheduled(history.n)))
    return _teachers(lambda: _taught_by(space, found, settings), *found, settings)


def _taught_by(space: Space, found: _Found, settings: Partition) -> Node:
    """Return the root of the tree that is grown from early observations, and nothing pending."""
    rows, features, values, violation = found
    scaled, reference_point = pareto.comparable(values, violation, None)
    data = Observations(
        index=rows,
        features=features,
        values=values,
        violation=violation,
        Y=scaled,
        reference_point=reference_point,
        volume=0.0,
        settings=settings,
    )
    nothing = np.arange(0)
    return Node(data, np.arange(len(rows)), nothing, nothing, Region(space))


def _volume(found: _Found, reference_point: Floats | None) -> float:
    """Return the hypervolume of observations in their own units."""
    Y, violation = found.values, found.violation
    if reference_point is None:
        reference_point = pareto.inferred_reference_point(Y, violation)
    return pareto.hypervolume(failures.finite(Y)[violation == 0], reference_point)
