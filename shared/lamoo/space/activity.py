"""Which parameters are active: conditions of a dynamic space, learned from the trials.

A define-by-run framework shows which parameters a trial had, but not why. Here the values of one
parent, or a small decision tree, recover the condition ("``C`` exists iff ``model == 'svm'``") from
the observed pattern of missing values.

Some columns *exclude* each other: they are ranges of one parameter, which has another one in each
branch. Which of them a point has is one question with several answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.rows import DIGITS

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

#: A pattern that takes a tree with more leaves than this is no condition: an accident of the data.
MAX_LEAVES = 16
#: One of so few leaves, a single threshold of a single parent, is hardly an accident.
SIMPLE_LEAVES = 2
#: A parameter that is missing in early evaluations only was either added to the program while the
#: study ran, or sits in a branch that happens to be entered lately. It counts as added once this
#: many evaluations had it, and none since the first of them lacked it.
ADDED = 8
#: A tree is first learned from about this many observations, spread over all of them, which saves
#: time if it reproduces the rest; otherwise from all.
ENOUGH = 512
#: A parameter with at most so many values may decide alone which branch a point is in: a choice, or
#: a number of layers.
FEW = 16
#: The label of a point that has none of several columns that exclude each other.
NONE = -1


class Condition(Protocol):
    """Tells where one parameter is active, by the values of others."""

    def predict(self, X: Floats) -> Bools:
        """Tell where a parameter is active, ``(n,)``, by its parents' values (n, k)."""


@dataclass(frozen=True)
class OneOf:
    """A known condition: one parent has one of some values.

    Args:
        values: places in the unit interval; an inactive parent has none of them.
    """

    values: tuple[float, ...]

    def predict(self, X: Floats) -> Bools:
        """Tell where the parent (n, 1) has one of the values, ``(n,)``."""
        return np.asarray(np.isclose(X, self.values, rtol=0).any(axis=1))


@dataclass(frozen=True)
class Activity:
    """Known or learned conditions, parents before children.

    Args:
        rules: for each conditional column, the columns its activity depends on and the condition
            on their values, -1 where inactive.
    """

    rules: tuple[tuple[int, Ints, Condition], ...] = ()

    def mask(self, X: Floats) -> Floats:
        """Return points (n, d) with the parameters that would be inactive set to NaN."""
        if not self.rules or not len(X):
            return X
        out = X.copy()
        active: dict[tuple[int, bytes], Bools] = {}  # parameters of one branch share a condition
        for column, parents, condition in self.rules:
            asked = id(condition), parents.tobytes()
            if asked not in active:
                active[asked] = condition.predict(np.nan_to_num(out[:, parents], nan=-1.0))
            out[~active[asked], column] = np.nan
        return out

    def complete(self, X: Floats) -> tuple[Floats, Bools]:
        """Return points (n, d) without what is inactive, and which lack nothing that is active."""
        active = ~np.isnan(self.mask(np.nan_to_num(X, nan=0.5)))
        lacks = np.asarray((active & np.isnan(X)).any(axis=1))
        return np.where(active, X, np.nan), ~lacks


@dataclass(frozen=True)
class Kinds:
    """What is known of columns beforehand.

    Args:
        levels: how many values each has, ``(d,)``.
        categorical: which are unordered, ``(d,)``.
        exclusive: columns that exclude each other.
    """

    levels: Floats
    categorical: Bools
    exclusive: tuple[tuple[int, ...], ...] = ()


class Labels(Protocol):
    """Tells which of several columns is active, by the values of others, its parents."""

    @property
    def simple(self) -> bool:
        """Whether it is hardly an accident: a single parent, or a single threshold of one."""

    @property
    def used(self) -> list[int]:
        """The parents, by their places among them, that make a difference."""

    def predict(self, X: Floats) -> Ints:
        """Return labels (n,) by the parents' values (n, k); :data:`NONE` where none is."""


@dataclass(frozen=True)
class ByValue:
    """The label that goes with each value of one parent.

    Args:
        values: places in the unit interval, increasing, -1 where the parent is inactive.
        labels: of each.
        ordered: whether a value that was never seen has the label of the nearest; otherwise it has
            ``other``.
        other: see there.
    """

    values: tuple[float, ...]
    labels: tuple[int, ...]
    ordered: bool
    other: int

    simple = True

    @property
    def used(self) -> list[int]:
        """The only parent."""
        return [0]

    def predict(self, X: Floats) -> Ints:
        """Return labels (n,) by the parent's values (n, 1)."""
        away = np.abs(X - self.values)
        nearest = np.argmin(away, axis=1)
        found = np.asarray(self.labels)[nearest]
        seen = np.isclose(away[np.arange(len(X)), nearest], 0.0, rtol=0)
        if self.ordered:
            seen |= X[:, 0] >= 0
        return np.where(seen, found, np.where(X[:, 0] >= 0, self.other, NONE))


@dataclass(frozen=True)
class ByTree:
    """The labels that a small decision tree has learned."""

    tree: DecisionTreeClassifier

    @property
    def simple(self) -> bool:
        """Whether it is a single threshold of a single parent."""
        return bool(self.tree.get_n_leaves() <= SIMPLE_LEAVES)

    @property
    def used(self) -> list[int]:
        """The parents that it splits by."""
        return [int(k) for k in np.unique(self.tree.tree_.feature) if k >= 0]  # -2 is a leaf

    @property
    def bits(self) -> float:
        """How many bits write it down: a column, a threshold and a side per split.

        Minimum description length (Rissanen 1978): see :func:`learn_activity`.
        """
        n, columns = self.tree.tree_.n_node_samples[0], self.tree.n_features_in_
        return float((self.tree.get_n_leaves() - 1) * np.log2(2 * n * columns))

    def predict(self, X: Floats) -> Ints:
        """Return labels (n,) by the parents' values (n, k)."""
        return np.asarray(self.tree.predict(X))


@dataclass(frozen=True)
class Labelled:
    """A learned condition: what tells which of some columns is active says that it is this one.

    Args:
        which: tells.
        label: of the column.
    """

    which: Labels
    label: int

    def predict(self, X: Floats) -> Bools:
        """Tell where the column is active, ``(n,)``, by its parents' values (n, k)."""
        return np.asarray(self.which.predict(X) == self.label)


@dataclass(frozen=True)
class Question:
    """A parameter that some points lack, or several columns that exclude each other.

    Args:
        columns: the one, or those.
        labels: which of them each observed point has, ``(n,)``, :data:`NONE` for none.
        parents: the columns that may tell.
    """

    columns: tuple[int, ...]
    labels: Ints
    parents: Ints


def questions(X: Floats, exclusive: Sequence[Sequence[int]] = ()) -> list[Question]:
    """Return what the activity of observed points (n, d) leaves to be explained, parents first.

    A parent must be active wherever the parameter is, and somewhere else besides, so that two
    parameters of one branch do not explain each other. Of several columns that exclude each other a
    parent may also be active in the same points: it decides which of them those have.

    Args:
        X: the points.
        exclusive: columns that exclude each other.
    """
    known = ~np.isnan(X)
    count = known.sum(axis=0)
    grouped = {j for group in exclusive for j in group}
    alone = [j for j in np.flatnonzero(count < len(X)).tolist() if j not in grouped]
    asked: list[tuple[int, ...]] = [*((j,) for j in alone), *(tuple(group) for group in exclusive)]
    found = []
    for columns in sorted(asked, key=lambda c: (-known[:, c].any(axis=1).sum(), len(c), c)):
        mine = known[:, columns]
        has = np.asarray(mine.any(axis=1))
        contains = ~(has[:, None] & ~known).any(axis=0)
        larger = count > has.sum()
        if len(columns) > 1:
            larger |= (count == has.sum()) & ~np.isin(np.arange(X.shape[1]), [*grouped])
        labels = np.where(has, mine.argmax(axis=1), NONE)
        found.append(Question(columns, labels, np.flatnonzero(contains & larger)))
    return found


def learn_activity(X: Floats, kinds: Kinds | None = None, others: Floats | None = None) -> Activity:
    """Learn from observed points (n, d) when each parameter is active.

    A single parent of few values that tells it all is preferred (an unordered one first, and one of
    the fewest values), a small tree is next. A pattern that neither reproduces exactly, or only one
    that takes more to write down than the pattern itself, is no condition: the parameter counts as
    always active. Nor is a tree of more than :data:`SIMPLE_LEAVES` leaves where the order of the
    points tells the same (:func:`added_later`). Of columns that exclude each other a point has at
    most one, and one at least where all points had one, however well that is told.

    Args:
        X: the points.
        kinds: of their columns; by default numbers, of which none can tell alone.
        others: points that gave no values (k, d), see :func:`_shown`. They count as far as no
            condition that the observed ones show is lost.
    """
    kinds = kinds or Kinds(np.full(X.shape[1], np.inf), np.zeros(X.shape[1], dtype=bool))
    learned, others = _learned(X, kinds), _shown(X, X[:0] if others is None else others)
    if not len(others):
        return learned
    more = _learned(np.concatenate([others, X]), kinds)
    kept = {j for j, *_ in learned.rules} <= {j for j, *_ in more.rules}
    return more if kept else learned


def _shown(X: Floats, others: Floats) -> Floats:
    """Return points without values (k, d) that seem to have all that their program asks for.

    They may have ended before that. So one is left out if all its parameters stand in an observed
    point (n, d) that has more of them, or if all observed points have all. Nor is any returned
    where parameters were added to the running study, since then the order of the points counts.
    """
    has, theirs = ~np.isnan(X), ~np.isnan(others)
    added = added_later(X, 1) & ~has.all(axis=0)
    if not len(others) or has.all() or added.any():
        return others[:0]
    sets = np.unique(has, axis=0)[:, None]
    part = (theirs <= sets).all(axis=2) & (theirs != sets).any(axis=2)
    return np.asarray(others[~part.any(axis=0)])


def _learned(X: Floats, kinds: Kinds) -> Activity:
    """Learn the conditions of observed points (n, d) alone."""
    added = added_later(X, ADDED)
    rules: list[tuple[int, Ints, Condition]] = []
    learned: dict[bytes, Explained | None] = {}
    for question in questions(X, kinds.exclusive):
        columns, labels, parents = question.columns, question.labels, question.parents
        if (labels == NONE).all() or not len(parents):
            continue
        # parameters of one branch share a pattern, and their parents
        pattern = b"%d %s" % (len(columns), labels.tobytes())
        if len(columns) > 1 or pattern not in learned:
            learned[pattern] = explained(X, question, kinds)
        found = learned[pattern]
        if found is None:
            continue
        if len(columns) == 1:
            if added[columns[0]] and not found.which.simple:
                continue
            if found.bits > _pattern_bits(int((labels != NONE).sum()), len(X)):
                continue
        rules += [(j, found.parents, found.conditions[k]) for k, j in enumerate(columns)]
    return Activity(tuple(rules))


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Explained:
    """What tells a question's labels.

    Args:
        parents: the columns whose values it is given.
        which: tells.
        conditions: where each of the question's columns is active.
        exact: whether it tells those of all observed points.
        bits: how many it takes to write down.
    """

    parents: Ints
    which: Labels
    conditions: tuple[Condition, ...]
    exact: bool
    bits: float

    @property
    def used(self) -> list[int]:
        """The columns that make a difference."""
        return [int(p) for p in self.parents[self.which.used]]


def explained(X: Floats, question: Question, kinds: Kinds) -> Explained | None:
    """Return what tells a question's labels from observed points (n, d), ``None`` if nothing."""
    columns, labels, parents = question.columns, question.labels, question.parents
    if not len(parents):
        return None
    few = [p for p in parents.tolist() if kinds.levels[p] <= FEW]
    each = [(p, by_value(X[:, p], labels, ordered=not kinds.categorical[p])) for p in few]
    told = [(by.ordered, len(by.values), p, by) for p, by in each if by is not None]
    if told:
        *_, p, by = min(told, key=lambda t: t[:3])
        conditions = tuple(Labelled(by, k) for k in range(len(columns)))
        bits = float(np.log2(len(parents)) + len(by.values))
        return Explained(np.array([p]), by, conditions, exact=True, bits=bits)
    inputs = np.nan_to_num(X[:, parents], nan=-1.0)
    tree = _exact_tree(inputs, labels)
    exact = tree is not None
    if tree is None and len(columns) > 1:  # of these each point has one, however well that is told
        tree = _new_tree().fit(inputs, labels)
    if tree is None:
        return None
    which = ByTree(tree)
    conditions = tuple(Labelled(which, k) for k in range(len(columns)))
    return Explained(parents, which, conditions, exact, which.bits)


def by_value(x: Floats, labels: Ints, *, ordered: bool) -> ByValue | None:
    """Return which label goes with each value of one parent, ``None`` if a value has several.

    Args:
        x: the parent's values (n,), NaN where it is inactive.
        labels: that are to be told, shape ``(n,)``.
        ordered: whether its values have an order.
    """
    values, index = np.unique(np.round(np.nan_to_num(x, nan=-1.0), DIGITS), return_inverse=True)
    low, high = np.full(len(values), np.iinfo(np.intp).max), np.full(len(values), NONE - 1)
    np.minimum.at(low, index, labels)
    np.maximum.at(high, index, labels)
    if (low != high).any():
        return None
    # a choice that nobody made yet may open the branch
    most = int(np.bincount(labels - NONE)[1:].argmax()) if (labels != NONE).any() else NONE
    return ByValue(tuple(values.tolist()), tuple(low.tolist()), ordered, most)


def added_later(X: Floats, least: int) -> Bools:
    """Tell which columns (d,) were added to the running study, given its points (n, d) in order.

    Those that at least ``least`` points have, and none lacks since the first of them; that may be
    all points.
    """
    present = ~np.isnan(X)
    appeared = np.logical_or.accumulate(present, axis=0)
    return np.asarray((appeared == present).all(axis=0) & (present.sum(axis=0) >= least))


def _new_tree() -> DecisionTreeClassifier:
    """Return a small tree that has learned nothing yet."""
    # takes a second, and only conditional spaces need it
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    return DecisionTreeClassifier(max_leaf_nodes=MAX_LEAVES, random_state=0)


def _exact_tree(inputs: Floats, labels: Ints) -> DecisionTreeClassifier | None:
    """Return a small tree that predicts labels (n,) from inputs (n, k) without error, or None.

    To check a tree takes much less time than to learn one, so it is learned from a part first.
    """
    tree = _new_tree()
    for step in sorted({-(-len(inputs) // ENOUGH), 1}, reverse=True):
        tree.fit(inputs[::step], labels[::step])
        if (tree.predict(inputs) == labels).all():
            return tree
    return None


def _pattern_bits(active: int, n: int) -> float:
    """Return the bits that list which ``active`` of ``n`` points have a parameter (the entropy)."""
    share = np.array([active, n - active]) / n
    return float(-n * (share * np.log2(share)).sum())
