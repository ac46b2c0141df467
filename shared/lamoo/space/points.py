"""What follows from evaluated points alone, found once for all histories that hold the same ones.

In a study of ten thousand trials each look at all points costs milliseconds, and a proposal that
looks twenty times at what has not changed costs twice as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from lamoo.arrays import Bools, Floats, Ints
from lamoo.space.activity import added_later
from lamoo.space.parameters import TRUE_TO_SCALE
from lamoo.space.rows import Keys, answers, keys_of

_Cached = TypeVar("_Cached")


def already_knowing(found: _Cached, properties: Mapping[str, object]) -> _Cached:
    """Return an object that has the values of some of its cached properties already.

    ``functools.cached_property`` looks for them among the attributes, also of a frozen dataclass.

    Args:
        found: one's own, just made.
        properties: name -> what the property would return.
    """
    vars(found).update(properties)
    return found


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Points:
    """Evaluated points, in the order of the trials, and what follows from them.

    Args:
        X: the points, shape ``(n, d)``, which nobody changes; NaN where a parameter was inactive.
    """

    X: Floats

    def at(self, members: Ints | slice, X: Floats) -> Points:
        """Return some of the points, with what is known of them already.

        Args:
            members: their indices, each at most once, or the part that they are.
            X: they, shape ``(k, d)``.
        """
        known: dict[str, object] = {}
        if "keys" in vars(self):
            known["keys"] = self.keys[members]
        if vars(self).get("distinct"):
            known["distinct"] = True
        return already_knowing(Points(X), known)

    def extended(self, X: Floats) -> Points:
        """Return more points, and what is known of them if only the new ones are looked at.

        Args:
            X: all points, shape ``(n + k, d)``, which begin with these.
        """
        new, found = Points(X[len(self.X) :]), vars(self)
        known: dict[str, object] = {}
        if "keys" in found:
            known["keys"] = np.concatenate([self.keys, new.keys])
        if "sorted_keys" in found:
            places = np.searchsorted(self.sorted_keys, new.sorted_keys)
            known["sorted_keys"] = np.insert(self.sorted_keys, places, new.sorted_keys)
        if "whole" in found:
            known["whole"] = self.whole and new.whole
        for name in {"inside", "comparable"} & found.keys():
            known[name] = np.concatenate([getattr(self, name), getattr(new, name)])
        return already_knowing(Points(X), known)

    @cached_property
    def keys(self) -> Keys:
        """One number per point, shape ``(n,)``, see :mod:`lamoo.space.rows`."""
        return keys_of(self.X)

    @cached_property
    def whole(self) -> bool:
        """Whether every point has every parameter."""
        return not np.isnan(self.X).any()

    @cached_property
    def inside(self) -> Bools:
        """Which points lie in the unit cube, shape ``(n,)``; what is inactive lies nowhere."""
        return self._within(0.0)

    @cached_property
    def comparable(self) -> Bools:
        """Which are not far outside it, see :func:`lamoo.space.parameters.near`, ``(n,)``."""
        return self._within(TRUE_TO_SCALE)

    def _within(self, margin: float) -> Bools:
        X, low, high = self.X, -margin, 1 + margin
        # two numbers tell if all are; of NaN they tell nothing
        if X.size and X.min() >= low and X.max() <= high:
            return np.ones(len(X), dtype=bool)
        return np.asarray((((X >= low) & (X <= high)) | np.isnan(X)).all(axis=1))

    @cached_property
    def sorted_keys(self) -> Keys:
        """The keys in their own order, shape ``(n,)``."""
        return np.sort(self.keys)

    @cached_property
    def distinct(self) -> bool:
        """Whether no point was evaluated twice. Without columns all points are distinct."""
        keys = self.sorted_keys
        return not self.X.size or not (keys[1:] == keys[:-1]).any()

    @cached_property
    def group(self) -> Ints:
        """Numbers the points, the same where they are equal, shape ``(n,)``."""
        if self.distinct:
            return np.arange(len(self.X), dtype=np.intp)
        return np.asarray(np.unique(self.keys, return_inverse=True)[1], dtype=np.intp).ravel()

    def answers(self, least: int, others: Floats) -> list[tuple[Bools, Keys]]:
        """Return what :func:`lamoo.space.rows.answers` does of these points and others (k, d).

        Of these, those that had every parameter which was added to the running study: points from
        before that do not show what a program does that asks for it.

        Args:
            least: from how many points on a parameter counts as added, see
                :func:`lamoo.space.activity.added_later`.
            others: more points.
        """
        asked = self.X[:0]
        if not self.whole:  # points that have every parameter tell nothing
            added = added_later(self.X, least)
            asked = self.X[~np.isnan(self.X[:, added]).any(axis=1)]
        return answers(np.concatenate([asked, others]) if len(others) else asked)
