"""What is remembered of trials that have finished, which do not change any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from optuna.trial import FrozenTrial

from lamoo.arrays import Ints


@dataclass(frozen=True)
class News:
    """What trials say that was not known.

    Args:
        anew: whether what was remembered is void, since trials are gone or somebody interrupted
            the program while it was read.
        finished: trials that have finished since.
        rows: when each finished trial was first read, in the order of the trials.
        unfinished: the others.
    """

    anew: bool
    finished: list[FrozenTrial]
    rows: Ints
    unfinished: list[FrozenTrial]


class Head:
    """Remembers the leading trials that are finished, so that they need not be looked at again.

    That only saves time, as for :class:`Finished`: lists that begin with the same objects compare
    in no time.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._trials: list[FrozenTrial] = []

    def known(self, trials: Sequence[FrozenTrial]) -> int:
        """Return how many leading trials are those remembered: all of them, or none."""
        mine = self._trials
        k = len(mine)
        # the last one first: a storage that makes its trials anew would have them all compared
        same = 0 < k <= len(trials) and trials[k - 1] is mine[-1] and trials[:k] == mine
        return k if same else 0

    def finished(self, trials: Sequence[FrozenTrial]) -> int:
        """Return how many leading trials are finished, and remember them."""
        k = known = self.known(trials)
        while k < len(trials) and trials[k].state.is_finished():
            k += 1
        if k > known or not known:
            self._trials = [*trials[:k]]
        return k


class Finished:
    """Tells which finished trials are new. What it remembers of the others need not be read again.

    That only saves time (at 20,000 trials most of what a cheap proposal costs), and only with
    storages that hand out the same objects again, as all of Optuna's do.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._whole = False
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[int, int] = {}
        self._trials: list[FrozenTrial] = []
        self._head, self._head_rows = Head(), np.empty(0, dtype=np.intp)

    @contextmanager
    def read(self, trials: Sequence[FrozenTrial]) -> Iterator[News]:
        """Give what is new, for a block that remembers what it needs of it.

        A block that does not come to its end may have remembered a part: a user presses Ctrl-C
        when they like, and a notebook goes on with the same sampler. Then all is new next time.
        """
        if not self._whole:
            self._forget()
        self._whole = False
        yield self._news(trials)
        self._whole = True

    def _news(self, trials: Sequence[FrozenTrial]) -> News:
        """Return what is new, and remember it."""
        k = self._head.known(trials)
        # one look at each trial: thousands of them are not in the processor's cache
        rows = [self._rows.get(id(trial), -1) for trial in trials[k:]]
        anew = not self._rows or k + len(rows) - rows.count(-1) < len(self._rows)
        if anew:
            self._forget()
            rows, k = [-1] * len(trials), 0
        tail = trials[k:]
        finished, unfinished = [], []
        for j in [j for j, row in enumerate(rows) if row < 0]:
            if not tail[j].state.is_finished():
                unfinished.append(tail[j])
                continue
            finished.append(tail[j])
            rows[j] = self._rows[id(tail[j])] = len(self._rows)
        self._trials += finished  # kept, so that no other object can have their identity
        places = np.concatenate([self._head_rows[:k], np.array(rows, dtype=np.intp)])
        self._head_rows = places[: self._head.finished(trials)]
        return News(anew, finished, places[places >= 0], unfinished)
