"""What trials reported while they ran: one vector of values per step.

Everything is minimised. A report that was no finite number is ``inf``, the worst there is: the
training went wrong. NaN stands for an objective of which nothing was reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lamoo.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Curve:
    """What one trial reported, and what came of it.

    Args:
        steps: at which it reported, increasing, shape ``(k,)``.
        values: what it reported, shape ``(k, m)``, see :func:`held`.
        final: the values that the trial ended with, shape ``(m,)``; ``None`` for one that was
            stopped, failed or is running.
        feasible: whether it ended with all constraints satisfied, as far as is known.
    """

    steps: Floats
    values: Floats
    final: Floats | None = None
    feasible: bool = True

    @classmethod
    def nothing(cls, m: int) -> Curve:
        """Return the curve of a trial of ``m`` objectives that reported nothing."""
        return cls(np.empty(0), np.empty((0, m)))

    def __len__(self) -> int:
        """Return the number of reports."""
        return len(self.steps)

    @property
    def sound(self) -> bool:
        """Whether anything was reported, and nothing had gone wrong by the last report."""
        last = self.values[-1:]
        return bool(np.isfinite(last).any() and not np.isinf(last).any())

    def repeats(self, other: Curve) -> bool:
        """Tell whether another one reported the same, and went on.

        At least two reports, which differ: a training that does not move says nothing. Where
        trainings are random, no two are the same.

        Example:
            >>> two, other = (Curve(np.arange(k), np.sqrt(np.arange(k))[:, None]) for k in (2, 3))
            >>> two.repeats(other), other.repeats(two), two.repeats(two)
            (True, False, False)
        """
        k = len(self)
        return (
            k < len(other)
            and bool((self.values != self.values[:1]).any())
            and np.array_equal(self.steps, other.steps[:k])
            and np.array_equal(self.values, other.values[:k])
        )


def held(values: Floats, given: Bools) -> Floats:
    """Return reports (k, m) in which an objective that was not given keeps its value.

    It is what was given last or, before that, what was given first: an objective that does not
    change with steps is given once, at any of them. NaN where it never was, ``inf`` for what was
    given and is no finite number.

    Args:
        values: as reported, shape ``(k, m)``.
        given: which of them were, shape ``(k, m)``.

    Example:
        >>> values = np.array([[0.5, np.nan], [0.4, 7.0], [np.nan, np.nan]])
        >>> held(values, np.array([[True, False], [True, True], [True, False]])).tolist()
        [[0.5, 7.0], [0.4, 7.0], [inf, 7.0]]
    """
    k, m = values.shape
    if not k:
        return values
    rows = np.maximum.accumulate(np.where(given, np.arange(k)[:, None], -1), axis=0)
    rows = np.where(rows >= 0, rows, given.argmax(axis=0))
    found = np.where(np.isfinite(values), values, np.inf)[rows, np.arange(m)]
    return np.where(given.any(axis=0), found, np.nan)


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of many trials, one after the other.

    Args:
        steps: of all reports, shape ``(r,)``, increasing within each of ``n`` curves.
        values: of all reports, shape ``(r, m)``.
        ends: where each curve ends, shape ``(n,)``: the ``i``-th is ``[ends[i - 1], ends[i])``.
        finals: the values that each trial ended with, shape ``(n, m)``, NaN for those that did not.
        feasible: which trials ended with all constraints satisfied, shape ``(n,)``.
    """

    steps: Floats
    values: Floats
    ends: Ints
    finals: Floats
    feasible: Bools

    @classmethod
    def of(cls, curves: Sequence[Curve], m: int) -> Curves:
        """Return curves of ``m`` objectives in one."""
        unknown = np.full(m, np.nan)
        return cls(
            steps=np.concatenate([np.empty(0), *(c.steps for c in curves)]),
            values=np.concatenate([np.empty((0, m)), *(c.values for c in curves)]),
            ends=np.cumsum([len(c) for c in curves], dtype=np.intp),
            finals=np.array(
                [unknown if c.final is None else c.final for c in curves], dtype=float
            ).reshape(len(curves), m),
            feasible=np.array([c.feasible for c in curves], dtype=bool),
        )

    def __len__(self) -> int:
        """Return the number of curves."""
        return len(self.ends)

    def and_of(self, others: Curves) -> Curves:
        """Return these curves and then others."""
        return Curves(
            steps=np.concatenate([self.steps, others.steps]),
            values=np.concatenate([self.values, others.values]),
            ends=np.concatenate([self.ends, others.ends + len(self.steps)]),
            finals=np.concatenate([self.finals, others.finals]),
            feasible=np.concatenate([self.feasible, others.feasible]),
        )

    def curve(self, row: int) -> Curve:
        """Return the curve with an index."""
        reports = slice(self.begins[row], self.ends[row])
        final = self.finals[row] if self.ended[row] else None
        return Curve(self.steps[reports], self.values[reports], final, bool(self.feasible[row]))

    def some(self, rows: Ints) -> Curves:
        """Return only the curves with the given indices (k,), in their order."""
        length = (self.ends - self.begins)[rows]
        ends = np.cumsum(length)
        reports = np.arange(length.sum()) + np.repeat(self.begins[rows] - ends + length, length)
        return Curves(
            steps=self.steps[reports],
            values=self.values[reports],
            ends=ends,
            finals=self.finals[rows],
            feasible=self.feasible[rows],
        )

    def only(self, objectives: Sequence[int]) -> Curves:
        """Return the curves with only some of the objectives, by their indices."""
        kept = [*objectives]
        return replace(self, values=self.values[:, kept], finals=self.finals[:, kept])

    @cached_property
    def begins(self) -> Ints:
        """Where each curve begins, shape ``(n,)``."""
        return np.concatenate([np.zeros(1, dtype=np.intp), self.ends])[:-1]

    @cached_property
    def ended(self) -> Bools:
        """Which trials ended with values, shape ``(n,)``."""
        return np.asarray(~np.isnan(self.finals).any(axis=1))

    @cached_property
    def longest(self) -> float:
        """The last step of the longest trial that ended with values, ``inf`` while none did."""
        rows = self.ends[self.ended & (self.ends > self.begins)] - 1
        return float(self.steps[rows].max()) if len(rows) else np.inf

    @cached_property
    def constant(self) -> Bools:
        """Which objectives do not change with steps, shape ``(m,)``.

        Those that never did between two reports of a trial, nor from its last one to the end; none
        while no trial has made two reports.
        """
        length = self.ends - self.begins
        told = length > 0
        first = np.repeat(self.values[self.begins[told]], length[told], axis=0)
        same = (self.values == first).all(axis=0)
        told &= self.ended
        same &= (self.values[self.ends[told] - 1] == self.finals[told]).all(axis=0)
        return np.asarray(same & (length > 1).any())

    @property
    def m(self) -> int:
        """How many objectives there are."""
        return int(self.values.shape[1])

    def at(self, step: float) -> Floats:
        """Return what each trial first reported at a step or after it, shape ``(n, m)``.

        NaN for a trial that did not come as far.
        """
        rows = self.begins + self._before(step, "left")
        there = rows < self.ends
        found = np.full((len(self), self.m), np.nan)
        found[there] = self.values[rows[there]]
        return found

    def until(self, step: float) -> tuple[Bools, Floats, Floats]:
        """Return what trials that came as far as a step had reported by then.

        Returns:
            Which of the ``n`` trials had reported anything by then, and came as far, ``(n,)``; of
            those what each reported last, and the best of each objective so far, ``(k, m)``.
        """
        count = self._before(step, "right")
        there = count > 0
        there[there] = self.steps[self.ends[there] - 1] >= step
        begins, count = self.begins[there], count[there]
        last = self.values[begins + count - 1]
        if not len(begins):
            return there, last, last
        # runs of reports by turns: those of a trial until the step, and what is to be left out
        edges = np.stack([begins, begins + count], axis=1).ravel()
        inside = edges[: -1 if edges[-1] == len(self.values) else None]  # the last run ends there
        return there, last, np.minimum.reduceat(self.values, inside, axis=0)[::2]

    def _before(self, step: float, side: str) -> Ints:
        """Return how many reports each trial made before a step (``"left"``) or until then."""
        early = self.steps < step if side == "left" else self.steps <= step
        count = np.concatenate([np.zeros(1, dtype=np.intp), np.cumsum(early)])
        return np.asarray(count[self.ends] - count[self.begins], dtype=np.intp)
