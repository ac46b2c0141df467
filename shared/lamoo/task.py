"""A search task: the space, what was observed and how to search, and what follows from them."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats, Ints
from lamoo.checks import check, check_whole, is_one_of, numbers
from lamoo.gp.model import denoise
from lamoo.partition.tree import Partition
from lamoo.solvers import SOLVERS, Solver
from lamoo.space import Space
from lamoo.space.activity import learn_activity
from lamoo.space.history import History
from lamoo.space.rows import rows_in

logger = logging.getLogger("lamoo")

#: Observations after which a reference point that nothing dominates deserves a warning.
PATIENCE = 20

#: The causes of all warnings of this process so far, since each is given once.
_warned: set[Hashable] = set()


@dataclass(frozen=True)
class Settings:
    """How to search. The defaults need no tuning.

    Args:
        solver: one that :mod:`lamoo.solvers` describes, ``"gp"`` (the fewest trials),
            ``"gp-fast"``, ``"evolutionary"`` (the cheapest proposals), ``"cma"``, ``"botorch"`` or
            ``"random"``; or a :class:`lamoo.solvers.Solver` of one's own.
        n_startup: how many evaluations are spread over the space before anything is learned;
            twice as many, where trainings were stopped early and the solver learns from those.
        reference_point: where hypervolume is measured from, one value per objective, minimised;
            NaN, or ``None`` for all, infers it from the observations.
        partition: the settings of the tree.
        seed: of the spread-out initial points.
        reevaluate: every so many evaluations one goes to the point that has had the fewest, of
            the front and of those that the noise may keep from it, for objectives that are noisy;
            ``None`` for never.
        logger: what warnings go to; a framework's users look for them in its own.
        labels: for messages, what the user calls each objective and what its values are multiplied
            by before they are minimised here.

    Raises:
        ValueError: if the solver is unknown, ``n_startup`` or ``seed`` is negative, the
            reference point is not finite, ``reevaluate`` is less than 2, or ``logger`` is none.
        ModuleNotFoundError: if the solver needs a package that is not installed.
    """

    solver: str | Solver = "gp"
    n_startup: int = 10
    reference_point: Sequence[float] | None = None
    partition: Partition = field(default_factory=Partition)
    seed: int = 0
    reevaluate: int | None = None
    logger: logging.Logger = field(default=logger, repr=False, compare=False)
    labels: Sequence[tuple[str, float]] | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        solver, partition, log = self.solver, self.partition, self.logger
        known = isinstance(solver, Solver) or is_one_of(solver, SOLVERS)
        check("solver", solver, f"one of {list(SOLVERS)} or a lamoo.solvers.Solver", fine=known)
        check("partition", partition, "a lamoo.Partition", fine=isinstance(partition, Partition))
        check_whole("n_startup", self.n_startup, 0)
        if self.reference_point is not None:
            point = numbers(self.reference_point)
            check(
                "reference_point",
                self.reference_point,
                "finite or NaN, one number per objective",
                fine=point is not None and not np.isinf(point).any(),
            )
        check_whole("seed", self.seed, 0)
        fine = isinstance(log, (logging.Logger, logging.LoggerAdapter))
        check("logger", log, "one of logging's", fine=fine)
        check_whole("reevaluate", self.reevaluate, 2, optional=True)
        self.chosen_solver.check()

    @property
    def chosen_solver(self) -> Solver:
        """The solver that the settings hold or name."""
        return self.solver if isinstance(self.solver, Solver) else SOLVERS[self.solver]


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Task:
    """What is searched, and what follows from it: the one owner of each of these facts.

    Its history numbers configurations as the space does, where that knows a key of equal ones.

    Args:
        space: the search space, as it was declared.
        history: all observations and what is running.
        settings: how to search.

    Raises:
        ValueError: if the space and the history disagree on ``d``, or the reference point and the
            history on ``m``.
    """

    space: Space
    history: History
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        """Check what they are, and that the three agree."""
        kinds = {"space": Space, "history": History, "settings": Settings}
        for name, kind in kinds.items():
            given = vars(self)[name]
            check(name, given, f"a lamoo.{kind.__name__}", fine=isinstance(given, kind))
        key, history = self.space.known.key, self.history
        if key is not None and history.key is not key:
            object.__setattr__(self, "history", history.replaced(key=key))
        d, m = history.X.shape[1], history.Y.shape[1]
        if d != self.space.dimension:
            msg = f"history holds points of {d} columns, the space {self.space.dimension}"
            raise ValueError(msg)
        point = self.settings.reference_point
        if point is not None and self.history.n and len(point) != m:
            msg = f"reference_point must hold one value per objective ({m}), got {point!r}"
            raise ValueError(msg)

    @cached_property
    def failures(self) -> Bools:
        """Which observations (n,) stand for failures, not all of them.

        - Infinite values, and absurd ones (see :func:`lamoo.failures.sound`), where an objective
          has others. Infinitely good ones would end the search, since nothing could improve on
          them; infinitely bad ones say less of their neighbours' values than of where trials fail.
        - Where nothing is smooth, likely penalties (see :func:`lamoo.failures.penalties`). One next
          to the best choices spoils them: on NAS-Bench-Graph the cheapest networks do nothing but
          for one operation, and the one that does nothing at all has the worst value of everything.
          Real points that are taken for some teach only where not to go, until another is worse.
        """
        lost = ~failures.sound(self.history.Y)
        if not self.space.smooth.any():
            rows = np.flatnonzero(~lost)
            rest = self.history.at(rows) if lost.any() else self.history
            lost[rows[failures.penalties(rest.means) & (rest.violation == 0)]] = True
        return lost

    @cached_property
    def rows(self) -> Ints:
        """The observations to learn from, as indices into the history.

        Neither failures nor points far outside the space, which was narrowed since: distances to
        those are not what they seem. Unless there are no others.
        """
        sound = ~self.failures
        near = sound & self.history.comparable
        return np.flatnonzero(near if near.any() else sound)

    @cached_property
    def sound(self) -> History:
        """The history of :attr:`rows`, everything that stands for a failure among what failed."""
        history = self.history.with_failures(self.failures)
        if len(self.rows) < history.n:
            history = history.only(np.flatnonzero(self.history.comparable[~self.failures]))
        return _with_constants(_without_infinite_parts(history))

    @cached_property
    def domain(self) -> Space:
        """The space with the conditions under which parameters exist.

        They are learned from the observations, unless some were declared, and from what failed or
        was stopped, as far as that shows more.
        """
        everything = self.sound.points.whole and not self.space.exclusive
        if self.space.activity.rules or everything:
            return self.space
        history = self.sound
        others = np.concatenate([history.failed, history.stopped])
        activity = learn_activity(history.X, self.space.kinds, others)
        return replace(self.space, activity=activity)

    @cached_property
    def cleaned(self) -> History:
        """What is searched with: the sound history, noisy values replaced by what is believed.

        See :func:`lamoo.gp.model.denoise`. What is running is where the conditions put it.
        """
        history = self.sound.with_running(self.domain.activity.mask)
        try:
            return denoise(self.domain, history) if history.n else history
        except (ArithmeticError, ValueError) as error:
            self.settings.logger.debug("noisy values are taken for what they are: %s", error)
            return history

    @cached_property
    def reference_point(self) -> Floats | None:
        """The user's reference point (m,), see :func:`reached_reference_point`."""
        return reached_reference_point(self.cleaned, self.settings)

    @cached_property
    def front(self) -> Ints:
        """The observations that nobody dominates, as indices into the history, ``(k,)``.

        By their means, and one for each point, however often it was evaluated. None breaks a
        constraint or stands for a failure.
        """
        history = self.history
        rows = np.flatnonzero(history.violation == 0)
        rows = rows[np.sort(np.unique(history.group[rows], return_index=True)[1])]
        rows = rows[failures.sound(history.means[rows])]
        return rows[pareto.nondominated(history.means[rows])]

    @cached_property
    def measured_from(self) -> str:
        """The reference point for messages, in the user's directions."""
        known, point = self.cleaned, self.reference_point
        if not known.n:
            return "no reference point yet"
        origin = "reference point"
        if point is None:
            point = pareto.inferred_reference_point(known.means, known.violation)
            origin = "inferred reference point"
        labels = _labels(self.settings, len(point))
        values = [
            f"{name} = {value / scale + 0.0:g}"
            for (name, scale), value in zip(labels, point.tolist(), strict=True)
        ]
        return f"{origin} ({', '.join(values)})"


def warn_once(log: logging.Logger, message: str, cause: Hashable = None) -> None:
    """Warn, unless there was a warning of the same cause before; by default the message."""
    key = (log.name, message if cause is None else cause)
    if key not in _warned:
        _warned.add(key)
        log.warning(message)


def check_task(task: object) -> None:
    """Raise ``ValueError`` unless it is a task."""
    expected = "a lamoo.Task, such as Task(space, history)"
    check("task", task, expected, fine=isinstance(task, Task))


def _labels(settings: Settings, m: int) -> Sequence[tuple[str, float]]:
    """Return what the user calls each of ``m`` objectives, and its factor."""
    return settings.labels or [(f"objective {j}", 1.0) for j in range(m)]


def reached_reference_point(history: History, settings: Settings) -> Floats | None:
    """Return the user's reference point (m,), ``None`` until some feasible point dominates it.

    Before that every hypervolume is 0 and says nothing; an inferred point leads there sooner. What
    the user left open (NaN) is inferred.
    """
    if settings.reference_point is None:
        return None
    point = np.asarray(settings.reference_point, dtype=float)
    given = ~np.isnan(point)
    better = ((history.means < point) | ~given).all(axis=1) & (history.violation == 0)
    if better.any():
        if given.all():
            return point
        inferred = pareto.inferred_reference_point(history.means, history.violation)
        return np.where(given, point, inferred)
    if history.n >= PATIENCE:
        _warn_of_unreached(point, history, settings)
    return None


def _warn_of_unreached(point: Floats, history: History, settings: Settings) -> None:
    """Say which of the first observations is nearest to the reference point (m,)."""
    given = ~np.isnan(point)
    Y = failures.finite(history.Y[:PATIENCE])  # always the same ones: it is told once
    width = np.ptp(Y, axis=0)
    with np.errstate(over="ignore"):  # farther than a float can express is far enough
        short = np.where(given, np.maximum(Y - point, 0.0), 0.0)
        worst = (short / np.where(width > 0, width, 1.0)).max(axis=1)
    nearest = Y[np.lexsort((worst, history.violation[:PATIENCE]))[0]]
    labels = _labels(settings, len(point))
    asked = [
        f"{name} {'<=' if scale > 0 else '>='} {bound / scale:g}"
        for (name, scale), bound in zip(labels, point.tolist(), strict=True)
        if not np.isnan(bound)
    ]
    found = [
        f"{name} = {value / scale + 0.0:g}"
        for (name, scale), value in zip(labels, nearest.tolist(), strict=True)
    ]
    warn_once(
        settings.logger,
        f"reference_point ({', '.join(asked)}) is not dominated by any of the first "
        f"{PATIENCE} observations; nearest is ({', '.join(found)}). "
        "Until it is, another point is inferred",
    )


def _without_infinite_parts(history: History) -> History:
    """Return the history with points of which one known value is infinite among what failed.

    One such value makes a failure of a point (see :attr:`Task.failures`), whatever the others are.
    """
    partial = history.partial
    if not len(partial.X):
        return history
    known = ~np.isnan(partial.Y)
    together = failures.measured(np.concatenate([history.Y, partial.Y]))
    good, measured = together[history.n :], together.any(axis=0)
    lost: Bools = np.asarray((known & ~good & measured).any(axis=1))
    if not lost.any():
        return history
    X = partial.X[lost]
    return history.replaced(
        partial=partial.at(np.flatnonzero(~lost)),
        pending=history.pending[~rows_in(history.pending, X)],
        failed=np.concatenate([history.failed, X]),
    )


def _with_constants(history: History) -> History:
    """Return the history with objectives that do not change with steps known wherever reported.

    The number of parameters, say: then it is exact although the training was stopped.
    """
    partial, ended = history.partial, history.curves
    if partial.curves is None or not partial.reported.any():
        return history
    curves = partial.curves if ended is None else ended.and_of(partial.curves)
    Y, told = partial.Y.copy(), partial.reported
    last = partial.curves.values[partial.curves.ends[told] - 1]
    Y[told] = np.where(curves.constant & np.isnan(Y[told]) & np.isfinite(last), last, Y[told])
    return history.replaced(partial=replace(partial, Y=Y))
