"""When to stop: whether anything is left to try, and whether the last trials gained anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Floats
from lamoo.checks import check, check_whole, is_number
from lamoo.numerics import own_state
from lamoo.space.history import History
from lamoo.task import Settings, Task, check_task, reached_reference_point

#: Random points that are looked at before a whole space is searched for one that is left.
GLANCE = 64
#: Results before which a space that nobody declared may hold more than was asked for so far.
FEW_RESULTS, EQUAL_RESULTS = 5, 10


def conclusive(Y: Floats) -> bool:
    """Tell whether observations (n, m) are enough to believe that the space seen so far is all.

    Where nobody declared the space it is known from the parameters that trials asked for, and a
    trial that failed, or returned values that stand for a failure, may have ended before it asked
    for all of its own. So at least one observation must be a measurement
    (:func:`lamoo.failures.measured`), of :data:`FEW_RESULTS` or, where all are equal and may stand
    for failures, of :data:`EQUAL_RESULTS`.
    """
    if not failures.measured(Y).all(axis=1).any():
        return False
    return len(Y) >= (FEW_RESULTS if (Y != Y[0]).any() else EQUAL_RESULTS)


@own_state()
def exhausted(task: Task) -> bool:
    """Tell whether no configuration is left to propose: all were tried, or none may be.

    One whose training was stopped is left if it may be trained once more.

    Where the space is only what was asked for so far, see :func:`conclusive`.
    ``False`` where there are too many to look (see :data:`lamoo.space.ENUMERABLE`).

    Raises:
        ValueError: if ``task`` is none.
    """
    check_task(task)
    space, history = task.space, task.history
    if not space.enumerable:
        return False
    fewer = space.known.violation is not None or history.key is not None
    if not fewer and not np.isnan(history.X).any() and len(history.tried) < space.size:
        return False
    space = task.domain
    history = history.with_running(space.activity.mask)

    def left(X: Floats) -> bool:
        X = X[space.allows(X)]
        if history.can_retrain(X).any():
            return True
        X = history.unseen(X)
        return not history.surely_repeats(X).all()

    # mostly a few random points show that there is something left
    if left(space.sample(GLANCE, np.random.default_rng(len(history.tried)))):
        return False
    return not left(space.enumerate())


@dataclass(frozen=True)
class Convergence:
    """When a study has converged: its hypervolume has hardly grown over the last trials.

    Args:
        n_trials: finished trials, the last ones, over which the gain is measured.
        tolerance: it has when the gain is less than this share of all hypervolume.
        min_trials: it has not before so many finished trials.

    Raises:
        ValueError: if an argument is negative or no number, or ``n_trials`` is 0.

    Example:
        >>> rule = Convergence(n_trials=20, tolerance=0.001, min_trials=30)
        >>> rule.enough(29), rule.enough(30), rule.reached(gain=0.01), rule.reached(gain=0.0)
        (False, True, False, True)
    """

    n_trials: int
    tolerance: float
    min_trials: int

    def __post_init__(self) -> None:
        """Check the arguments, named as both plugins name theirs."""
        check_whole("n_trials", self.n_trials, 1)
        check_whole("min_trials", self.min_trials, 0)
        fine = is_number(self.tolerance, 0)
        check("tolerance", self.tolerance, "at least 0, a number", fine=fine)

    def enough(self, n: int) -> bool:
        """Tell whether ``n`` finished trials are enough to ask for their gain."""
        return n >= max(self.min_trials, self.n_trials + 1)

    def reached(self, gain: float) -> bool:
        """Tell whether a gain, see :func:`recent_gain`, is as good as none."""
        return gain < self.tolerance or gain == self.tolerance == 0


@own_state()
def recent_gain(history: History, k: int, settings: Settings | None = None) -> float:
    """Return which share of the hypervolume the last ``k`` observations added, between 0 and 1.

    1 while nothing feasible dominates the reference point.

    Args:
        history: the observations, in their order.
        k: how many of the last ones are asked about.
        settings: hold the reference point, which the observations infer otherwise.

    Raises:
        ValueError: if ``k`` is negative or no whole number, or the others are none of this.
    """
    check("history", history, "a lamoo.History", fine=isinstance(history, History))
    fine = isinstance(settings, Settings | None)
    check("settings", settings, "lamoo.Settings or None", fine=fine)
    check_whole("k", k, 0)
    feasible = history.violation == 0
    if not feasible.any():
        return 1.0
    feasible[feasible] = failures.sound(history.means[feasible])
    reference = reached_reference_point(history, settings or Settings())
    if reference is None:
        reference = pareto.inferred_reference_point(history.means, history.violation)
    # a share does not depend on the units, and volumes in large ones overflow
    Y, reference = pareto.comparable(history.means, history.violation, reference)
    before = feasible.copy()
    before[max(history.n - k, 0) :] = False
    whole = pareto.hypervolume(Y[feasible], reference)
    if whole <= 0:
        return 1.0
    return max(0.0, 1.0 - pareto.hypervolume(Y[before], reference) / whole)
