"""Which configurations the observed points tell to be complete: what may be asked of a user.

Conditions are learned (:mod:`lamoo.space.activity`), and a few observations leave many readings. A
proposal under a wrong one costs little: the program asks for what it needs. But a function of the
user's must not be asked about what their program would never make, a network of three layers with
the width of one. So of all readings (each parameter may depend on any one other) those that agree
with every observation are kept, and a configuration is complete where they all say the same. It is
the version space of Mitchell ("Generalization as search", 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.activity import FEW, NONE, Kinds, Question, by_value, explained, questions
from lamoo.space.rows import Keys, occur, row_keys, rows_in

#: The label of a point of which readings disagree.
UNSURE = NONE - 1


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Evidence:
    """What observed points show of which parameters a configuration has.

    As long as all points have the same parameters, so has every configuration: there is no sign of
    branches. Once there is one, a choice that no point made yet may bring in any parameters.

    A parameter of several ranges is several columns that exclude each other. If each range was used
    for a while and then another one, the user may have changed the program: then the latest holds.

    Args:
        X: the points, ``(n, d)``, in the order in which they ran, NaN where a parameter was
            inactive.
        kinds: of their columns.
    """

    X: Floats
    kinds: Kinds

    @cached_property
    def conditional(self) -> bool:
        """Whether any parameter is missing anywhere."""
        return bool(np.isnan(self.X).any())

    def complete(self, X: Floats) -> tuple[Floats, Bools]:
        """Return points (n, d) with NaN for what they surely do not have, and which are complete.

        Complete ones, ``(n,)``, are known to have every parameter that their configuration has, and
        no other.
        """
        if not self.conditional or not len(X):
            return X, np.asarray(~np.isnan(X).any(axis=1))
        found, sure = X.copy(), np.ones(len(X), dtype=bool)
        told: dict[bytes, Ints] = {}  # parameters of one branch share a pattern, and their parents
        for question in self._questions:
            about = question.labels.tobytes(), question.parents.tobytes()
            pattern = b"%d %s %s" % (len(question.columns), *about)
            if pattern not in told:
                told[pattern] = self._labels(question, found)
            labels = told[pattern]
            sure &= labels != UNSURE
            for k, column in enumerate(question.columns):
                found[labels != k, column] = np.nan
                sure &= (labels != k) | ~np.isnan(found[:, column])
        if self._branches:
            sure &= self._met(found)
        always = ~np.isnan(self.X).any(axis=0)
        sure &= ~np.isnan(found[:, always]).any(axis=1)
        shown = occur(X, self._keys)  # whatever is believed, these ran
        found[shown] = X[shown]
        return found, sure | shown

    @cached_property
    def _branches(self) -> bool:
        """Whether any parameter is missing, and not just in another of its ranges."""
        return any((q.labels == NONE).any() for q in self._questions)

    @cached_property
    def _keys(self) -> Keys:
        return row_keys(self.X)

    @cached_property
    def _questions(self) -> list[Question]:
        return questions(self.X, self.kinds.exclusive)

    @cached_property
    def _few(self) -> list[int]:
        """The columns that branches may be told by."""
        return np.flatnonzero(self.kinds.levels <= FEW).tolist()

    def _met(self, X: Floats) -> Bools:
        """Tell which points (n, d) have no choice that was not met, ``(n,)``."""
        sure = np.ones(len(X), dtype=bool)
        for p in self._few:
            sure &= np.isnan(X[:, p]) | rows_in(X[:, [p]], self.X[:, [p]])
        return sure

    def _labels(self, question: Question, X: Floats) -> Ints:
        """Return what all readings say of points (n, d), ``(n,)``, :data:`UNSURE` if nothing."""
        labels, few = question.labels, set(self._few)
        if len(question.columns) == 1 and (labels == NONE).all():
            return np.full(len(X), NONE)  # what would bring it in was not met, see `_met`
        said = _by_time(labels, len(X)) if len(question.columns) > 1 else []
        for p in question.parents.tolist():
            reads = _by_choice if p in few else _by_threshold
            found = reads(self.X[:, p], labels, X[:, p])
            if found is not None:
                said.append(found)
        if not said:
            return self._by_several(question, X)
        agreed = np.where(np.stack(said).min(axis=0) == np.stack(said).max(axis=0), said[0], UNSURE)
        return np.asarray(agreed)

    def _by_several(self, question: Question, X: Floats) -> Ints:
        """Return what a tree over several parents says of points (n, d) whose choices were met."""
        found = explained(self.X, question, replace(self.kinds, exclusive=()))
        if found is None or not found.exact:
            return np.full(len(X), UNSURE)
        labels = found.which.predict(np.nan_to_num(X[:, found.parents], nan=-1.0))
        told_by = [p for p in found.used if p in self._few]
        met = rows_in(X[:, told_by], self.X[:, told_by])
        return np.where(met, labels, UNSURE)


def _by_time(labels: Ints, n: int) -> list[Ints]:
    """Return the latest of several labels for ``n`` points, if none came back after another.

    Then the program may have been changed while it ran. Nothing where some points have none.
    """
    changes = (labels[1:] != labels[:-1]).sum()
    if (labels == NONE).any() or changes != len(np.unique(labels)) - 1:
        return []
    return [np.full(n, labels[-1])]


def _by_choice(observed: Floats, labels: Ints, x: Floats) -> Ints | None:
    """Return the labels (n,) of one parent's values ``x``, if each that was observed has one.

    Args:
        observed: the parent's values at the observed points ``(k,)``.
        labels: of those, ``(k,)``.
        x: the parent's values (n,).
    """
    known = by_value(observed, labels, ordered=False)
    if known is None:
        return None
    values = np.nan_to_num(x, nan=-1.0)
    met = np.isclose(values[:, None], known.values, rtol=0).any(axis=1)
    return np.where(np.isnan(x), NONE, np.where(met, known.predict(values[:, None]), UNSURE))


def _by_threshold(observed: Floats, labels: Ints, x: Floats) -> Ints | None:
    """Return the labels (n,) of one number's values ``x``, if each label has one interval.

    :data:`UNSURE` between two intervals. Arguments as in :func:`_by_choice`.
    """
    has = ~np.isnan(observed)
    if (labels[~has] != NONE).any() or not has.any():
        return None
    order = np.argsort(observed[has], kind="stable")
    values, of = observed[has][order], labels[has][order]
    if (of[1:] != of[:-1]).sum() != len(np.unique(of)) - 1:
        return None
    above = np.searchsorted(values, x, side="left").clip(0, len(of) - 1)
    below = (np.searchsorted(values, x, side="right") - 1).clip(0, len(of) - 1)
    found = np.where(of[above] == of[below], of[above], UNSURE)
    return np.where(np.isnan(x), NONE, found)
