"""Which parameters are active: conditions of a dynamic space, learned from the trials.

A define-by-run framework shows which parameters a trial had, but not why. Here a small decision
tree per conditional parameter recovers the condition ("``C`` exists iff ``model == 'svm'``") from
the observed pattern of missing values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from lamoo.arrays import Bools, Floats, Ints

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


def learn_activity(X: Floats) -> Activity:
    """Learn from observed points (n, d) when each parameter is active.

    Only columns whose activity strictly contains a parameter's own may explain it, so that two
    parameters of one branch do not explain each other. A pattern that no small tree reproduces
    exactly, or only one that takes more to write down than the pattern itself, is no condition: the
    parameter counts as always active. Nor is one of more than :data:`SIMPLE_LEAVES` leaves where
    the order of the points tells the same (:func:`added_later`).
    """
    known = ~np.isnan(X)
    count = known.sum(axis=0)
    conditional, added = np.flatnonzero(count < len(X)), added_later(X, ADDED)
    rules = []
    trees: dict[bytes, DecisionTreeClassifier | None] = {}
    for j in sorted(conditional, key=lambda j: (-count[j], j)):
        contains = ~(known[:, [j]] & ~known).any(axis=0)
        parents = np.flatnonzero(contains & (count > count[j]))
        if not count[j] or not len(parents):
            continue
        pattern = known[:, j].tobytes()
        if pattern not in trees:  # parameters of one branch share a pattern, and their parents
            trees[pattern] = _exact_tree(np.nan_to_num(X[:, parents], nan=-1.0), known[:, j])
        tree = trees[pattern]
        if tree is not None and added[j] and tree.get_n_leaves() > SIMPLE_LEAVES:
            continue
        if tree is not None and _rule_bits(tree) <= _pattern_bits(int(count[j]), len(X)):
            rules.append((int(j), parents, tree))
    return Activity(tuple(rules))


def added_later(X: Floats, least: int) -> Bools:
    """Tell which columns (d,) were added to the running study, given its points (n, d) in order.

    Those that at least ``least`` points have, and none lacks since the first of them; that may be
    all points.
    """
    present = ~np.isnan(X)
    appeared = np.logical_or.accumulate(present, axis=0)
    return np.asarray((appeared == present).all(axis=0) & (present.sum(axis=0) >= least))


def _exact_tree(inputs: Floats, active: Bools) -> DecisionTreeClassifier | None:
    """Return a small tree that predicts ``active`` (n,) from inputs (n, k) without error, or None.

    To check a tree takes much less time than to learn one, so it is learned from a part first.
    """
    tree = DecisionTreeClassifier(max_leaf_nodes=MAX_LEAVES, random_state=0)
    for step in sorted({-(-len(inputs) // ENOUGH), 1}, reverse=True):
        tree.fit(inputs[::step], active[::step])
        if (tree.predict(inputs) == active).all():
            return tree
    return None


def _rule_bits(tree: DecisionTreeClassifier) -> float:
    """Return the bits that describe a tree: a column, a threshold and a side per split.

    Minimum description length (Rissanen 1978): see :func:`learn_activity`.
    """
    n, columns = tree.tree_.n_node_samples[0], tree.n_features_in_
    return float((tree.get_n_leaves() - 1) * np.log2(2 * n * columns))


def _pattern_bits(active: int, n: int) -> float:
    """Return the bits that list which ``active`` of ``n`` points have a parameter (the entropy)."""
    share = np.array([active, n - active]) / n
    return float(-n * (share * np.log2(share)).sum())
