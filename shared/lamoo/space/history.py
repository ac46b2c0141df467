"""What was observed in a study: points, their objective values, and what is still running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from lamoo.arrays import Bools, Floats, Ints, filled, frozen
from lamoo.checks import check_callable, check_whole, checked_array, frozen_table
from lamoo.curves import Curve, Curves
from lamoo.space.activity import ADDED
from lamoo.space.means import averaged, precision_weights
from lamoo.space.partial import Partial, check_curves, check_noise, checked_partial, some_of
from lamoo.space.points import Points, already_knowing
from lamoo.space.rows import DIGITS, Keys, agree, among, first_of, groups, keys_of, rows_in

#: What is remembered of a history, and from which of its fields it follows.
_FOLLOWS_FROM = {
    "points": {"X"},
    "violation": {"X", "G"},
    "means": {"X", "Y", "noise", "denoised"},
    "noisy": {"X", "Y", "noise", "denoised"},
}
#: The arrays of a history.
_ARRAYS = ("X", "Y", "G", "pending", "failed", "ended", "noise", "denoised")
#: With fewer failures nothing is learned from where they are: they may be chance.
FEWEST_FAILURES = 3


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class History:
    """Everything observed so far, in the order of the trials.

    Args:
        X: evaluated points, shape ``(n, d)``, NaN where a parameter was inactive.
        Y: their objective values, shape ``(n, m)``, minimised. ``inf`` is allowed, NaN is not.
        G: their constraint values, shape ``(n, c)``, satisfied where ``<= 0``; NaN where none
            was reported, which counts as satisfied.
        pending: points being evaluated now, shape ``(p, d)``.
        failed: points whose evaluation gave no values, shape ``(f, d)``, in the order of the
            trials; they are never proposed again, and what is like them is avoided (see
            :meth:`failures`).
        ended: those of the failed points whose evaluation came to its end but gave values that are
            no measurements (infinite, say), shape ``(e, d)``. Their parameters are complete, so
            that points that would repeat them are recognised.
        noise: variances of the noise in ``Y``, shape ``(n, m)``, 0 where a value is exact; NaN, as
            everywhere by default, where they are unknown and learned from the observations.
        partial: points of which only some values are known.
        denoised: where values are known to be noisy, a model's means, ``(n, m)``, by which points
            are compared; NaN, as everywhere by default, where they are compared by ``Y``.
        key: numbers points (n, d), see :attr:`lamoo.space.known.Known.key`, which a task takes it
            from.
        curves: what each evaluation reported before it ended, ``n`` of them, or ``None`` where
            nobody reports.
        retrains: whether a point whose training was stopped may be proposed once more.

    Raises:
        ValueError: if the shapes disagree, ``Y`` holds NaN or a variance is negative.
    """

    X: Floats
    Y: Floats
    G: Floats = field(default_factory=lambda: np.empty((0, 0)))
    pending: Floats = field(default_factory=lambda: np.empty((0, 0)))
    failed: Floats = field(default_factory=lambda: np.empty((0, 0)))
    ended: Floats = field(default_factory=lambda: np.empty((0, 0)))
    noise: Floats = field(default_factory=lambda: np.empty((0, 0)))
    partial: Partial = field(default_factory=Partial.nothing)
    denoised: Floats = field(default_factory=lambda: np.empty((0, 0)))
    key: Callable[[Floats], Ints] | None = None
    curves: Curves | None = None
    retrains: bool = False

    def __post_init__(self) -> None:
        """Give the empty defaults their shapes, freeze all arrays and check them."""
        given = {name: checked_array(name, getattr(self, name)) for name in _ARRAYS}
        X, Y, G = given["X"], given["Y"], given["G"]
        if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y):
            msg = f"X must be (n, d) and Y (n, m), got {X.shape} and {Y.shape}"
            raise ValueError(msg)
        if np.isnan(Y).any():
            msg = "Y must not hold NaN: put points without values into failed"
            raise ValueError(msg)
        (n, d), m = X.shape, Y.shape[1]
        if not G.size and (len(G) != n or G.ndim != 2):
            G = given["G"] = np.empty((n, 0))
        if G.ndim != 2:
            msg = f"G must be (n, c), got {G.shape}"
            raise ValueError(msg)
        for name in ("noise", "denoised"):
            if not given[name].size:
                given[name] = np.full((n, m), np.nan)
        columns = {"X": d, "Y": m, "G": G.shape[1], "noise": m, "denoised": m}
        for name, array in given.items():
            shape = (n, columns[name]) if name in columns else (-1, d)
            object.__setattr__(self, name, frozen_table(name, array, shape))
        object.__setattr__(self, "partial", checked_partial(self.partial, d, m, G.shape[1]))
        check_curves(self.curves, n)
        check_callable("key", self.key, "a function of points or None")
        check_noise(self.noise)

    @property
    def n(self) -> int:
        """The number of evaluated points."""
        return len(self.X)

    @cached_property
    def points(self) -> Points:
        """The evaluated points, and what follows from them alone."""
        return Points(self.X)

    @property
    def inside(self) -> Bools:
        """Which evaluated points lie in the space as it is now, shape ``(n,)``.

        Others were evaluated before it was narrowed.
        """
        return self.points.inside

    @property
    def comparable(self) -> Bools:
        """Which evaluated points are where they seem to be from inside the space, shape ``(n,)``.

        Others are far outside (see :func:`lamoo.space.parameters.near`).
        """
        return self.points.comparable

    @cached_property
    def violation(self) -> Floats:
        """The sum of each point's constraint violations, shape ``(n,)``, 0 where feasible.

        A point that was evaluated repeatedly has that of its mean constraint values.
        """
        G = self._averaged(self.G)
        with np.errstate(over="ignore"):
            return np.asarray(np.where(G > 0, G, 0.0).sum(axis=1))

    @property
    def group(self) -> Ints:
        """Numbers the evaluated points, the same where one was evaluated repeatedly, ``(n,)``."""
        return self.points.group

    @cached_property
    def means(self) -> Floats:
        """The mean objective values of each point over all its evaluations, shape ``(n, m)``.

        Where their noise is known, precise ones weigh more (by the inverse of the variance).

        Points are compared by these; models learn from the values themselves, whose spread tells
        them the noise.
        """
        known = not np.isnan(self.noise).all()
        weights = precision_weights(self.noise, self.group) if known else 1.0
        means = self._averaged(self.judged, weights)
        return np.where(np.isnan(means), np.inf, means)  # NaN is the mean of both infinities

    def _averaged(self, values: Floats, weights: Floats | float = 1.0) -> Floats:
        """Return values (n, k), those of repeated evaluations replaced by their weighted mean."""
        if self.points.distinct or not values.size:
            return values
        return averaged(values, self.group, weights)

    def confirmed(self, min_trials: int) -> Bools:
        """Tell which evaluations (n,) are feasible, and of points that had so many or more.

        Raises:
            ValueError: if that is no whole number of at least 1; it is what users call
                ``min_trials``.
        """
        check_whole("min_trials", min_trials, 1)
        often = np.bincount(self.group)[self.group]
        return np.asarray((often >= min_trials) & (self.violation == 0))

    @property
    def judged(self) -> Floats:
        """The values by which evaluations are compared, ``(n, m)``: ``denoised`` where given."""
        return np.where(np.isnan(self.denoised), self.Y, self.denoised)

    @cached_property
    def noisy(self) -> Bools:
        """Tell which values are known or were shown to be noisy, shape ``(n, m)``.

        Known noise makes its own value noisy, evaluations that disagree with their repetition make
        all values whose noise is unknown.
        """
        disagree = bool((self.means != self.Y).any())
        return np.where(np.isnan(self.noise), disagree, self.noise > 0)

    @cached_property
    def tried(self) -> Floats:
        """All points that must not be proposed again, shape ``(n + p + f + k, d)``."""
        others = self._unevaluated
        return np.concatenate([self.X, others]) if len(others) else self.X

    @cached_property
    def _unevaluated(self) -> Floats:
        """Those of :attr:`tried` that are no evaluations, ``(p + f + k, d)``."""
        given_up = self._given_up(~self.partial.reported)
        return np.concatenate([self.pending, self.failed, given_up, self.stopped])

    @property
    def open(self) -> Floats:
        """Points whose values are not all known, running or not, shape ``(p + k, d)``.

        A model takes its predictions for the missing values, so that no neighbour is tried next.
        Not those of trainings that were stopped: what they reported is learned, and what they would
        have become is nobody's result.
        """
        return np.concatenate([self.pending, self._given_up(~self.partial.reported)])

    @cached_property
    def stopped(self) -> Floats:
        """Points whose training was stopped after some reports, and did not fail, ``(s, d)``."""
        stopped = self._given_up(self.partial.reported)
        return stopped[~rows_in(stopped, self.failed)] if len(stopped) else stopped

    @cached_property
    def retrainable(self) -> Ints:
        """Rows of ``partial`` whose training was stopped, and may be begun once more, ``(k,)``.

        To stop it may have been a mistake. It is begun again at most once, or a configuration that
        is always stopped would be begun for ever. So these are configurations that were stopped
        once, and were not evaluated, do not run and did not fail; and every objective was
        reported, without which a model could not judge them.
        """
        partial = self.partial
        if not self.retrains or partial.curves is None or not partial.reported.any():
            return np.arange(0)
        others = [self.X, self.pending, self.failed]
        label = (self.key or groups)(np.concatenate([partial.X, *others]))
        _, inverse, often = np.unique(label, return_inverse=True, return_counts=True)
        once = often[inverse.ravel()[: len(partial.X)]] == 1
        last = partial.curves.values[partial.curves.ends - 1]
        once &= partial.reported & ~np.isnan(last).any(axis=1)
        return np.flatnonzero(once & ~self.repeats(partial.X))

    def can_retrain(self, X: Floats) -> Bools:
        """Tell which points (n, d) are among the :attr:`retrainable` ones, shape ``(n,)``."""
        return rows_in(X, self.partial.X[self.retrainable])

    def _given_up(self, which: Bools) -> Floats:
        """Return which points stay partially known, as they do not run any more, ``(k, d)``."""
        partial = self.partial.X[which]
        return partial[~rows_in(partial, self.pending)] if len(partial) else partial

    @cached_property
    def _tried_keys(self) -> Keys:
        others = self._unevaluated
        if not len(others):
            return self.points.sorted_keys
        return np.sort(np.concatenate([self.points.sorted_keys, keys_of(others)]))

    @cached_property
    def _answers(self) -> list[tuple[Bools, Keys]]:
        return self.points.answers(ADDED, self.ended)

    @cached_property
    def _sure_answers(self) -> list[tuple[Bools, Keys]]:
        return self.points.answers(0, self.ended[:0])

    def repeats(self, X: Floats) -> Bools:
        """Tell which points (n, d) would repeat one, see :func:`lamoo.space.rows.repeats`."""
        return agree(X, self._answers)

    def surely_repeats(self, X: Floats) -> Bools:
        """Tell which points (n, d) repeat one also if any late parameter was added to the program.

        A parameter that only the latest evaluations have was either added while the study ran, or
        sits in a branch that was entered late (:func:`lamoo.space.activity.added_later`). Here it
        counts as added from the first evaluation on, and failures do not count: fewer points are
        told.
        """
        return agree(X, self._sure_answers)

    def unseen(self, X: Floats) -> Floats:
        """Return the distinct points of ``X`` (n, d) that were never tried, in their order.

        Those that would turn out to repeat an evaluation, see :func:`lamoo.space.rows.repeats`, are
        returned only if there are no others.
        """
        keys = keys_of(X)
        first = first_of(keys)
        X = X[first[~among(keys[first], self._tried_keys)]]
        again = self.repeats(X)
        X = X if again.all() else X[~again]
        if self.key is None or not len(X):
            return X
        alike = self.key(X)
        once = np.zeros(len(X), dtype=bool)
        once[np.unique(alike, return_index=True)[1]] = True
        return X[once & ~np.isin(alike, self.key(self.tried))]

    def untried(self, X: Floats) -> Floats:
        """Return :meth:`unseen` points without those that would repeat an evaluation."""
        X = self.unseen(X)
        return X[~self.repeats(X)]

    def failures(self, size: int, first: int | None = None) -> Floats:
        """Return failed points (k, d) to learn from: at most ``size``, spread over all of them.

        None while there are fewer than :data:`FEWEST_FAILURES`: that may be chance.

        Args:
            size: how many are wanted at most.
            first: how many of the first failures count; by default all do.
        """
        n = len(self.failed[:first])
        if n < FEWEST_FAILURES:
            return self.failed[:0]
        return self.failed[np.linspace(0, n - 1, min(n, size)).astype(np.intp)]

    def with_pending(self, x: Floats) -> History:
        """Return this history with one more point (d,) under evaluation."""
        more = self.replaced(pending=np.concatenate([self.pending, x[None]]))
        return already_knowing(more, {"_settled": self.settled})

    def with_running(self, place: Callable[[Floats], Floats]) -> History:
        """Return this history with the points under evaluation elsewhere.

        One that was proposed before the conditions were known holds values for branches that its
        trial does not enter.

        Args:
            place: returns where points (n, d) are, the same shape.
        """
        pending = place(self.pending)
        if not len(pending) or np.array_equal(pending, self.pending, equal_nan=True):
            return self
        partial, running = self.partial, rows_in(self.partial.X, self.pending)
        X = np.where(running[:, None], place(partial.X), partial.X)
        return self.replaced(pending=pending, partial=replace(partial, X=X))

    @property
    def settled(self) -> History:
        """This history with nothing pending.

        It is the same object for all histories that :meth:`with_pending` made of one, so that what
        is cached for it serves a whole batch.
        """
        # a history must not cache itself: the cycle would stay until the garbage collector runs
        return self._settled if len(self.pending) else self

    @cached_property
    def _settled(self) -> History:
        return self.replaced(pending=self.pending[:0])

    def only(self, members: Ints) -> History:
        """Return only some evaluations, by their indices, and all that gave no values."""
        some = self.at(members)
        return some.replaced(pending=self.pending, failed=self.failed, ended=self.ended)

    def with_failures(self, lost: Bools) -> History:
        """Return this history with some observations (n,) among what failed."""
        if not lost.any():
            return self
        X = self.X[lost]
        failed, ended = (np.concatenate([some, X]) for some in (self.failed, self.ended))
        return self.only(np.flatnonzero(~lost)).replaced(failed=failed, ended=ended)

    def with_outcome(
        self, x: Floats, y: Floats | None, g: Floats, rounding: float | Floats = 0.0
    ) -> History:
        """Return this history with the outcome of evaluating a point, its noise unknown.

        Args:
            x: the point, shape ``(d,)``; it is no longer pending. Which parameters are active
                may have been believed otherwise: the pending point that is meant agrees on those
                that both have.
            y: its objective values (m,); ``None`` or any NaN means that it failed.
            g: its constraint values (c,).
            rounding: how far it may be from the pending point that is meant, in each parameter.
        """
        pending = self._waiting_without(x, rounding)
        if y is None or np.isnan(y).any():
            return self.replaced(pending=pending, failed=np.concatenate([self.failed, x[None]]))
        X, width = frozen(np.concatenate([self.X, x[None]])), max(self.G.shape[1], len(g))
        partial, curves, blank = self.partial, self.curves, np.full((1, len(y)), np.nan)
        if curves is not None:
            curves = curves.and_of(Curves.of([Curve.nothing(len(y))], len(y)))
        if len(partial.X):
            partial = replace(partial, G=_padded(partial.G, width))
        return replace(
            self,
            X=X,
            Y=np.concatenate([self.Y, y[None]]),
            G=np.concatenate([_padded(self.G, width), _padded(g[None], width)]),
            pending=pending,
            noise=np.concatenate([self.noise, blank]),
            denoised=np.concatenate([self.denoised, blank]),
            partial=partial,
            curves=curves,
        ).knowing(self.points.extended(X))

    def _waiting_without(self, x: Floats, rounding: float | Floats) -> Floats:
        """Return the pending points without the nearest that agrees with a point (d,).

        On the parameters that both have, of which there must be some.
        """
        apart = np.abs(self.pending - x)
        shared, apart = ~np.isnan(apart), filled(apart, 0.0)
        alike = (apart <= rounding + 10.0**-DIGITS).all(axis=1) & shared.any(axis=1)
        if not alike.any():
            return self.pending
        nearest = np.argmin(np.where(alike, apart.max(axis=1), np.inf))
        return np.delete(self.pending, nearest, axis=0)

    def replaced(self, **changes: Any) -> History:
        """Return this history with other fields, knowing what follows from the others already."""
        known = {"points": self.points, **vars(self)}
        kept = {
            name: known[name]
            for name, fields in _FOLLOWS_FROM.items()
            if name in known and fields.isdisjoint(changes)
        }
        return already_knowing(replace(self, **changes), kept)

    def knowing(self, points: Points) -> History:
        """Return this history, knowing what is known of its points already, which are equal."""
        return already_knowing(self, {"points": points})

    def first(self, n: int) -> History:
        """Return only the first ``n`` evaluations and what is partially known, see :meth:`at`."""
        return self.at(slice(min(n, self.n)))

    def at(self, members: Ints | slice) -> History:
        """Return only some evaluations and what is partially known.

        Nothing is pending or failed in it; :meth:`only` keeps that.

        Args:
            members: indices of the evaluations, each at most once, or the part of them that is
                wanted.
        """
        part = History(
            self.X[members],
            self.Y[members],
            self.G[members],
            noise=self.noise[members],
            denoised=self.denoised[members],
            partial=self.partial,
            key=self.key,
            curves=some_of(self.curves, np.arange(self.n)[members]),
            retrains=self.retrains,
        )
        return part.knowing(self.points.at(members, part.X))


def _padded(G: Floats, width: int) -> Floats:
    """Return constraint values (n, c) with columns of NaN after them, ``(n, width)``."""
    return np.concatenate([G, np.full((len(G), width - G.shape[1]), np.nan)], axis=1)
