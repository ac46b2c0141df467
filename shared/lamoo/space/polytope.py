"""Points that keep linear constraints, where hardly any uniform ones do.

Of ten ordered numbers, ``x0 <= x1 <= ... <= x9``, one draw in 3.6 million is in order; of sixty
bits with at most one set there are 61 words among 1e18.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from lamoo.arrays import Bools, Floats, Ints

#: Constraints are tight if of so many uniform draws none keeps them.
DRAWS = 1024
#: How often each number is drawn anew. Thirty ordered ones lie as far apart after that as they
#: should, up to a sixth; most others forget where they began in a few rounds.
SWEEPS = 32
#: How exactly values of lists are compared, as a share of the range.
CLOSE = 1e-9
#: How often bounds are tightened by each other, and branches that the search for a first point may
#: look at.
ROUNDS, NODES = 4, 1000


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Polytope:
    """Numbers (p,), real or from lists, with ``A @ numbers <= b``.

    Args:
        A: weights, shape ``(c, p)``.
        b: bounds, shape ``(c,)``.
        low: the least value of each number, shape ``(p,)``.
        high: the largest.
        values: all values of each number in increasing order, ``None`` where it is real.
    """

    A: Floats
    b: Floats
    low: Floats
    high: Floats
    values: tuple[Floats | None, ...]

    @cached_property
    def tight(self) -> bool:
        """Whether none of :data:`DRAWS` uniform draws keeps the constraints."""
        U = np.random.default_rng(0).random((DRAWS, len(self.low)))
        N = self.low + U * (self.high - self.low)
        for j, values in enumerate(self.values):
            if values is not None:
                N[:, j] = values[(U[:, j] * len(values)).astype(np.intp)]
        return not self._keep(N).any()

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw numbers (k, p) that keep the constraints, ``k <= n``, none if none is found.

        Nearly uniformly, by Markov chains that begin in the middle: each number is drawn anew from
        what the others leave it (Gibbs), and so are pairs of them (Metropolis): where a sum is
        given, no number can change alone.
        """
        if self._middle is None:
            return np.empty((0, len(self.low)))
        N, p = np.repeat(self._middle[None], n, axis=0), len(self.low)
        for _ in range(SWEEPS):
            slack, order = self.b - N @ self.A.T, rng.permutation(p).tolist()
            for j in order:
                free = self._free(slack, N, j)
                new = np.where(self._size(free, j) > 0, self._drawn(free, j, rng), N[:, j])
                slack -= np.outer(new - N[:, j], self.A[:, j])
                N[:, j] = new
            for i, j in zip(order[::2], order[1::2], strict=False):
                self._exchange(N, slack, i, j, rng)
        return N[self._keep(N)]

    def _keep(self, N: Floats) -> Bools:
        """Tell which numbers (n, p) keep the constraints."""
        return np.asarray((N @ self.A.T <= self.b).all(axis=1))

    def _exchange(self, N: Floats, slack: Floats, i: int, j: int, rng: np.random.Generator) -> None:
        """Draw two numbers of each row anew, in place: one, then the other from what is left.

        The first is drawn from where it could be with any second, as often as not in vain.
        """
        a, (low, high) = self.A[:, [i, j]], self._box[:, j]
        if not (a != 0).all(axis=1).any():  # no constraint is about both
            return
        old = N[:, [i, j]]
        ends = [np.outer(old[:, 1] - end, a[:, 1]) for end in (low, high)]
        anywhere = self._free(slack + np.maximum(*ends), N, i)
        first = np.where(self._size(anywhere, i) > 0, self._drawn(anywhere, i, rng), old[:, 0])
        rest = self._free(slack - np.outer(first - old[:, 0], a[:, 0]), N, j)
        before, after = self._size(self._free(slack, N, j), j), self._size(rest, j)
        taken = (after > 0) & (rng.random(len(N)) * before <= after)
        new = np.stack([first, self._drawn(rest, j, rng)], axis=1)
        new = np.where(taken[:, None], new, old)
        slack -= (new - old) @ a.T
        N[:, [i, j]] = new

    def _free(self, slack: Floats, N: Floats, j: int) -> Floats:
        """Return between what numbers (2, n) number ``j`` may be, given the others.

        The second is less than the first where it may be nothing.
        """
        a = self.A[:, j]
        some = a != 0
        ends = N[:, j, None] + slack[:, some] / a[some]
        up = ends[:, a[some] > 0].min(axis=1, initial=self._box[1, j])
        down = ends[:, a[some] < 0].max(axis=1, initial=self._box[0, j])
        broken = (slack[:, ~some] < 0).any(axis=1)  # by what number j has no part in
        return np.array([down, np.where(broken, -np.inf, up)])

    def _size(self, free: Floats, j: int) -> Floats:
        """Return how much of number ``j`` lies between numbers (2, n): a length or a count."""
        ends = free if self.values[j] is None else self._places(free, j)
        return np.asarray(np.maximum(ends[1] - ends[0], 0.0))

    def _drawn(self, free: Floats, j: int, rng: np.random.Generator) -> Floats:
        """Draw number ``j``, shape ``(n,)``, between numbers (2, n), of which there must be any."""
        u, values = rng.random(free.shape[1]), self.values[j]
        if values is None:
            return np.asarray(free[0] + u * (np.maximum(free[1], free[0]) - free[0]))
        first, last = self._places(free, j)
        place = first + (u * np.maximum(last - first, 0)).astype(np.intp)
        return np.asarray(values[np.minimum(place, len(values) - 1)])

    def _places(self, free: Floats, j: int) -> Ints:
        """Return where the list of number ``j`` is between numbers (2, n): first place, and end."""
        values, close = self.values[j], CLOSE * (self.high[j] - self.low[j])
        assert values is not None  # noqa: S101 - for the type checker
        first = np.searchsorted(values, free[0] - close)
        return np.array([first, np.searchsorted(values, free[1] + close, side="right")])

    @cached_property
    def _box(self) -> Floats:
        """The least and the largest values (2, p) that the constraints leave each number."""
        low, high = self.low.copy(), self.high.copy()
        for _ in range(ROUNDS):
            least = np.minimum(self.A * low, self.A * high)
            slack = self.b[:, None] - (least.sum(axis=1, keepdims=True) - least)
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = np.where(self.A != 0, slack / self.A, np.nan)
            up = np.where(self.A > 0, ends, np.inf).min(axis=0, initial=np.inf)
            down = np.where(self.A < 0, ends, -np.inf).max(axis=0, initial=-np.inf)
            low, high = np.maximum(low, down), np.minimum(high, up)
        return np.array([np.minimum(low, high), high])

    @cached_property
    def _middle(self) -> Floats | None:
        """Numbers (p,) that keep the constraints, ``None`` if none are found.

        Real ones are as far from what limits them as they can be, in shares of their ranges.
        """
        p, (low, high) = len(self.low), self._box
        real = np.array([values is None for values in self.values])
        codes = [*map(_coded, low, high, self.values)]
        owner = np.repeat(np.arange(p), [len(code.weights) for code in codes])
        of_each = np.arange(p)[:, None] == owner
        T = of_each * np.concatenate([code.weights for code in codes])
        base, whole = np.array([code.base for code in codes]), ~real[owner]
        away = np.linalg.norm(self.A * np.where(real, high - low, 0.0), axis=1, keepdims=True)
        k, m, one = len(owner), int((~whole).sum()), of_each[of_each.sum(axis=1) > 1]
        inner = np.eye(k)[~whole]
        found = milp(  # z (k,), and last a distance, which is made as large as it can be
            -np.eye(k + 1)[-1],
            integrality=np.append(whole, 0),
            bounds=Bounds(np.zeros(k + 1), np.append([codes[j].most for j in owner], 1.0)),
            constraints=[
                # so far from every constraint, from a list one value, so far from every bound
                LinearConstraint(np.hstack([self.A @ T, away]), ub=self.b - self.A @ base),
                LinearConstraint(np.hstack([one, np.zeros((len(one), 1))]), 1.0, 1.0),
                LinearConstraint(np.hstack([inner, np.ones((m, 1))]), ub=1.0),
                LinearConstraint(np.hstack([inner, -np.ones((m, 1))]), lb=0.0),
            ],
            options={"node_limit": NODES},
        )
        if found.x is None:
            return None
        z = found.x[:-1]
        return np.asarray(base + T @ np.where(whole, np.round(z), z))


class _Coded(NamedTuple):
    """A number as ``base + weights @ z``, with ``z`` from 0 to ``most``, whole for a list.

    Where there are several weights one ``z`` is 1 and the others are 0.
    """

    base: float
    weights: Floats
    most: float


def _coded(low: float, high: float, values: Floats | None) -> _Coded:
    """Return how a linear program has a number, between two if it is real."""
    if values is None:
        return _Coded(low, np.array([high - low]), 1.0)
    steps = np.diff(values)
    if np.allclose(steps, steps[:1]):
        return _Coded(values[0], steps[:1] if len(steps) else np.zeros(1), len(values) - 1.0)
    return _Coded(0.0, values, 1.0)
