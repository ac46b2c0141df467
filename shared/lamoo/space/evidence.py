"""Which configurations the observed points tell to be complete: what may be asked of a user.

Conditions are learned (:mod:`lamoo.space.activity`), and a few observations leave many readings. A
proposal under a wrong one costs little: the program asks for what it needs. But a function of the
user's must not be asked about what their program would never make, a network of three layers with
the width of one. So of all readings (each parameter may depend on any one other) those that agree
with every observation are kept, and a configuration is complete where they all say the same. It is
the version space of Mitchell ("Generalization as search", 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.activity import FEW, NONE, Kinds, Question, by_value, explained, questions
from lamoo.space.rows import Keys, occur, row_keys, rows_in

#: The label of a point of which readings disagree.
UNSURE = NONE - 1
#: Labels (n,) of points (n, d), or of one parent's values (n,).
Reading = Callable[[Floats], Ints]


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
        told: dict[Reading, Ints] = {}
        for question, reading in self._readings:
            if reading not in told:
                told[reading] = reading(found)
            labels = told[reading]
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
        return any((question.labels == NONE).any() for question, _ in self._readings)

    @cached_property
    def _keys(self) -> Keys:
        return row_keys(self.X)

    @cached_property
    def _readings(self) -> list[tuple[Question, Reading]]:
        """What points leave to be explained, parents first, and what all readings say of each.

        Parameters of one branch share a pattern, and their parents: then one function, too.
        """
        made: dict[bytes, Reading] = {}
        found = []
        for question in questions(self.X, self.kinds.exclusive):
            about = question.labels.tobytes(), question.parents.tobytes()
            pattern = b"%d %s %s" % (len(question.columns), *about)
            if pattern not in made:
                made[pattern] = self._reading(question)
            found.append((question, made[pattern]))
        return found

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

    def _reading(self, question: Question) -> Reading:
        """Return what all readings say of a question: :data:`UNSURE` where they disagree."""
        labels, few = question.labels, set(self._few)
        if len(question.columns) == 1 and (labels == NONE).all():
            return lambda X: np.full(len(X), NONE)  # what would bring it in was not met, see `_met`
        said = _by_time(labels) if len(question.columns) > 1 else []
        for p in question.parents.tolist():
            reading = (_by_choice if p in few else _by_threshold)(self.X[:, p], labels)
            if reading is not None:
                said.append(_of_column(p, reading))
        return _agreed(said) if said else self._by_several(question)

    def _by_several(self, question: Question) -> Reading:
        """Return what a tree over several parents says of points whose choices were met."""
        found = explained(self.X, question, replace(self.kinds, exclusive=()))
        if found is None or not found.exact:
            return lambda X: np.full(len(X), UNSURE)
        told_by = [p for p in found.used if p in self._few]
        seen = row_keys(self.X[:, told_by])

        def labels(X: Floats) -> Ints:
            said = found.which.predict(np.nan_to_num(X[:, found.parents], nan=-1.0))
            return np.where(occur(X[:, told_by], seen), said, UNSURE)

        return labels


def _of_column(p: int, reading: Reading) -> Reading:
    """Return what a reading of one parent's values says of points."""
    return lambda X: reading(X[:, p])


def _agreed(readings: Sequence[Reading]) -> Reading:
    """Return what several readings say together."""

    def labels(X: Floats) -> Ints:
        said = np.stack([reading(X) for reading in readings])
        return np.where(said.min(axis=0) == said.max(axis=0), said[0], UNSURE)

    return labels


def _by_time(labels: Ints) -> list[Reading]:
    """Say the latest of several labels, if none came back after another.

    Then the program may have been changed while it ran. Nothing where some points have none.
    """
    changes = (labels[1:] != labels[:-1]).sum()
    if (labels == NONE).any() or changes != len(np.unique(labels)) - 1:
        return []
    return [lambda X: np.full(len(X), labels[-1])]


def _by_choice(observed: Floats, labels: Ints) -> Reading | None:
    """Tell labels by one parent's values (n,), if each that was observed has one.

    :data:`UNSURE` of a value that was not observed.

    Args:
        observed: the parent's values at the observed points ``(k,)``.
        labels: of those, ``(k,)``.
    """
    known = by_value(observed, labels, ordered=False)
    if known is None:
        return None

    def said(x: Floats) -> Ints:
        values = np.nan_to_num(x, nan=-1.0)[:, None]
        met = np.isclose(values, known.values, rtol=0).any(axis=1)
        return np.where(np.isnan(x), NONE, np.where(met, known.predict(values), UNSURE))

    return said


def _by_threshold(observed: Floats, labels: Ints) -> Reading | None:
    """Tell labels by one number's values (n,), if each label has one interval.

    :data:`UNSURE` between two intervals. Arguments as in :func:`_by_choice`.
    """
    has = ~np.isnan(observed)
    if (labels[~has] != NONE).any() or not has.any():
        return None
    order = np.argsort(observed[has], kind="stable")
    values, of = observed[has][order], labels[has][order]
    if (of[1:] != of[:-1]).sum() != len(np.unique(of)) - 1:
        return None

    def said(x: Floats) -> Ints:
        above = np.searchsorted(values, x, side="left").clip(0, len(of) - 1)
        below = (np.searchsorted(values, x, side="right") - 1).clip(0, len(of) - 1)
        found = np.where(of[above] == of[below], of[above], UNSURE)
        return np.where(np.isnan(x), NONE, found)

    return said
