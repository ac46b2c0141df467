"""Equivalent configurations, learned from pairs of observations with equal values.

Different configurations may be one and the same thing: a network whose branches are swapped, a
parameter without effect. Nobody says so, but their values are equal to the last digit. From pairs
of observations, with equal values and with different ones, a logistic regression learns what two
points have in common if they are equivalent; a point that probably is the equivalent of one already
evaluated teaches nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Floats, Ints, Memo
from lamoo.gp.embedding import groups_alike
from lamoo.gp.plateaus import plateaus
from lamoo.gp.training import training_set
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.schedule import scheduled

#: Observations that are compared at most: 8,128 pairs.
MOST = 128
#: Nothing is learned from fewer pairs with equal values: one or two may be chance.
FEWEST = 3
#: Nor if each of the objectives is equal in more than this share of all pairs: objectives that take
#: few values are equal by chance, most often for neighbours, so that a rule learned from them would
#: keep the search away from the neighbourhood of good points.
COMMON = 0.03
#: Choices are counted in groups of parameters alike that have at most this many.
_MOST_LEVELS = 32
#: Of the normal prior of the regression's weights.
_PRECISION = 0.3
#: Rules that are remembered: those of a few studies that take turns.
_rules: Memo[Rule | None] = Memo(8)


def log_new(space: Space, history: History) -> Callable[[Floats], Floats]:
    """Return a function of points (n, d): the log probability ``(n,)`` to be equivalent to none.

    That is, to no point observed. The probability follows from plateaus, and where no parameter is
    continuous also from the rule of :func:`learn`, which is not calibrated; the least one counts.
    The log is 0 as long as there is neither.
    """
    if not _any(history):
        return _all_new
    history = history.replaced(Y=history.means)
    compared = _compared(history)
    flat = plateaus(space, compared)
    if space.smooth.any():
        return flat.log_new
    early = _compared(history.first(scheduled(history.n)))
    learned_from = early.X, early.Y, space.alike
    rule = _rules(lambda: learn(*learned_from), *learned_from)
    if rule is None:
        return flat.log_new

    def least(X: Floats) -> Floats:
        by_rule = -np.logaddexp(0.0, rule.log_odds(X, compared.X).max(axis=1))
        return np.asarray(np.minimum(by_rule, flat.log_new(X)))

    return least


def _all_new(X: Floats) -> Floats:
    return np.zeros(len(X))


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Rule:
    """Log odds that two points have the same values.

    Args:
        groups: columns of each group of parameters alike.
        levels: the choices of each group that are counted.
        weights: of the features of a pair, the last one the intercept.
    """

    groups: tuple[Ints, ...]
    levels: tuple[Floats, ...]
    weights: Floats

    def log_odds(self, A: Floats, B: Floats) -> Floats:
        """Return the log odds of pairs of points (a, d) and (b, d), shape ``(a, b)``."""
        total = np.full((len(A), len(B)), self.weights[-1])
        features = pair_features(A, B, self.groups, self.levels)
        for weight, feature in zip(self.weights[:-1], features, strict=True):
            total += weight * feature
        return total


def learn(X: Floats, Y: Floats, alike: Ints) -> Rule | None:
    """Learn the rule from different points (n, d) and their values (n, m).

    Args:
        X: the points.
        Y: their values.
        alike: see :attr:`lamoo.space.Space.alike`, shape ``(d,)``.

    Returns:
        ``None`` if fewer than :data:`FEWEST` pairs have equal values, or all have; or if none of
        the objectives tells points apart (see :data:`COMMON`), so that equal values are chance.
    """
    label = np.unique(Y, axis=0, return_inverse=True)[1].ravel()
    pairs = np.triu_indices(len(X), 1)
    equal = (label[:, None] == label)[pairs].astype(float)
    alone = min((y[:, None] == y)[pairs].mean() for y in Y.T)
    if not FEWEST <= equal.sum() < len(equal) or alone > COMMON:
        return None
    groups, levels = [], []
    for group in groups_alike(alike):
        choices = np.unique(X[:, group][~np.isnan(X[:, group])])
        if 0 < len(choices) <= _MOST_LEVELS:
            groups.append(group)
            levels.append(choices)
    # takes half a second, and most studies need none
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    features = np.stack([f[pairs] for f in pair_features(X, X, groups, levels)], axis=1)
    model = LogisticRegression(C=1 / _PRECISION, solver="newton-cholesky").fit(features, equal)
    return Rule(tuple(groups), tuple(levels), np.append(model.coef_[0], model.intercept_))


def pair_features(
    A: Floats, B: Floats, groups: Sequence[Ints], levels: Sequence[Floats]
) -> Iterator[Floats]:
    """Yield the features of pairs of points (a, d) and (b, d), each ``(a, b)``.

    For each parameter: whether it differs. For each group of parameters alike, as if it did not
    matter which of them makes which choice: how many choices differ, whether any does, and, if none
    does, how often each choice was made. (The more parameters of a network do nothing, the less it
    matters which of them.)

    Args:
        A: points, NaN where a parameter is inactive.
        B: other points.
        groups: columns of each group of parameters alike.
        levels: the choices of each group that are counted.
    """
    A, B = np.nan_to_num(A, nan=-1.0), np.nan_to_num(B, nan=-1.0)
    for a, b in zip(A.T, B.T, strict=True):
        yield (a[:, None] != b).astype(float)
    for group, choices in zip(groups, levels, strict=True):
        ours, theirs = ((X[:, group, None] == choices).sum(axis=1).astype(float) for X in (A, B))
        shared = sum(np.minimum.outer(a, b) for a, b in zip(ours.T, theirs.T, strict=True))
        away = np.asarray(len(group) - shared)
        yield away
        yield (away > 0).astype(float)
        for count in ours.T:
            yield (away == 0) * count[:, None]


def _any(history: History) -> bool:
    """Tell whether two different points had equal values."""
    if history.n < 2 or any(len(np.unique(y)) == history.n for y in history.means.T):
        return False  # one objective that tells all apart is found sooner than equal rows
    points, values = history.group.max() + 1, np.unique(history.means, axis=0)
    return bool(len(values) < points)


def _compared(history: History) -> History:
    """Return at most :data:`MOST` observations that stand for all, each point once."""
    once = np.unique(history.group, return_index=True)[1]
    return training_set(history.at(np.sort(once)), MOST)
