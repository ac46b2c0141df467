"""From a task to the next points: grow the tree, choose a leaf, let a solver propose there."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from lamoo.arrays import Floats
from lamoo.checks import check, check_whole
from lamoo.numerics import own_state, single_threaded
from lamoo.partition.branches import neglected
from lamoo.partition.place import Place
from lamoo.partition.region import Region
from lamoo.partition.selection import select
from lamoo.partition.tree import Node, grow
from lamoo.solvers import Propose, again, distant, evolutionary, random
from lamoo.space import Space
from lamoo.space.allowed import LOOKED_AT, NothingAllowed, nearest_of
from lamoo.space.history import History
from lamoo.space.points import Points
from lamoo.startup import least_sure, next_start
from lamoo.task import Settings, Task, check_task, warn_once

#: Characters of an error that a warning repeats.
REASON = 200
#: Of four proposals these go to branches that were tried too little, as long as there are any: one
#: of the two that :func:`lamoo.solvers.is_global` sends to the whole space (0 and 1), and one of
#: the two in a leaf (2 and 3).
BRANCH_TURNS = (0, 3)
#: Results without which what trainings reported along the way tells nothing.
FEWEST_RESULTS = 2
#: What the log calls the place of a global turn.
WHOLE = "the whole space"


@own_state()
def suggest(task: Task, q: int, rng: np.random.Generator) -> Floats:
    """Propose the next ``q`` points to evaluate, shape ``(q, d)``.

    A pure function: equal arguments (and generator state) give equal points, and nothing is
    remembered between calls but what saves time. No point is proposed that was tried before
    while the space holds untried ones.

    Args:
        task: the search space, what was observed and is running, and how to search.
        q: how many points to propose; each takes account of those before it.
        rng: the random generator.

    Raises:
        ValueError: if ``task`` is none, ``q`` is negative, no whole number or too large for memory,
            or ``rng`` is no generator.
        NothingAllowed: if no point is found that keeps the known constraints.
    """
    check_task(task)
    check_whole("q", q, 0)
    expected = "a generator such as np.random.default_rng(0)"
    check("rng", rng, expected, fine=isinstance(rng, np.random.Generator))
    try:
        X = np.empty((q, task.space.dimension))
    except (ValueError, OverflowError, MemoryError):
        msg = f"q must be a number of points that memory has room for, got {q!r}"
        raise ValueError(msg) from None
    with single_threaded():
        began, history = time.perf_counter(), task.cleaned
        for i in range(q):
            if i:
                history = history.with_pending(X[i - 1])
            X[i], how = _next(task, history, rng)
            began = _log(task, history, how, began)
    return X


def beginning(task: Task, solver: str | None = None) -> str | None:
    """Return what to tell people once when the model phase begins, ``None`` before that.

    Args:
        task: the search.
        solver: what proposes, if it is none of the engine's.
    """
    if _starting(task, task.cleaned):
        return None
    return (
        f"model phase, from {task.history.n} results on: "
        f"solver {solver or task.settings.chosen_solver.name}, {task.measured_from}"
    )


def _starting(task: Task, history: History) -> bool:
    """Tell whether too little was observed to learn from.

    Observations outside a space that was narrowed since do not count: it starts again. Where most
    trainings are stopped early there are hardly any results, so for a solver that learns from what
    they reported twice as many trainings do, but for the first results, which tell what becomes of
    reports.
    """
    enough, results = max(task.settings.n_startup, 1), int(history.inside.sum())
    if results >= enough or not task.settings.chosen_solver.learns_stopped:
        return results < enough
    trained = results + int(Points(history.stopped).inside.sum())
    return trained < 2 * enough or results < FEWEST_RESULTS


def _log(task: Task, history: History, how: str, began: float) -> float:
    """Write how a point was found to the log, and return the time now, by the same clock."""
    now = time.perf_counter()
    if task.settings.logger.isEnabledFor(logging.DEBUG):
        task.settings.logger.debug(
            "after %d results, %d running and %d failed: %s, %s, %.3f s",
            history.n,
            len(history.pending),
            len(history.failed),
            how,
            task.measured_from,
            now - began,
        )
    return now


class _Found(NamedTuple):
    """A point (d,), ``None`` if there is none, and how it was found, for the log."""

    x: Floats | None
    how: str


def _next(task: Task, history: History, rng: np.random.Generator) -> tuple[Floats, str]:
    """Return the next point (d,) after a task's history and what was proposed since, and how."""
    ways = _ways(task, history, rng)
    return next((found.x, found.how) for found in ways if found.x is not None)


def _ways(task: Task, history: History, rng: np.random.Generator) -> Iterator[_Found]:
    """Yield the next point by one way of finding it after another, until there is one.

    The last way always finds one.
    """
    space, settings = task.domain, task.settings
    if _starting(task, history):
        yield _Found(next_start(space, history, settings.seed), "start-up")
    if not _any_allowed(space, history, settings.seed):
        yield _Found(_broken(space, settings, rng), "known constraints broken")
    if settings.reevaluate and len(history.tried) % settings.reevaluate == 0:
        yield _Found(least_sure(space, history), "model phase: evaluated again")
    if history.n:
        yield _by_solver(task, history, rng)
    everywhere = Place(history, Region(space), np.arange(0))
    yield _Found(random.propose(everywhere, rng), "at random")
    how = "nothing untried is left: evaluated again"
    yield _Found(least_sure(space, history), how)
    yield _Found(_repeated(space, history, rng), how)


def _by_solver(task: Task, history: History, rng: np.random.Generator) -> _Found:
    """Return what the solver proposes, or a simpler one where it finds nothing or fails.

    A point that would repeat an evaluation, see :func:`lamoo.space.rows.repeats`, is the last
    resort.
    """
    last_resort = _Found(None, "")
    for name, propose, place, where in _attempts(task, history):
        how = f"model phase: solver {name} in {where}, {len(place.members)} results"
        try:
            x = propose(place, rng)
        # a warning where the user's filters turn those of libraries into errors
        except (ArithmeticError, ValueError, Warning) as error:
            _tell_of_failure(task.settings, error)
            continue
        if x is not None and not history.repeats(x[None])[0]:
            if history.can_retrain(x[None])[0]:
                return _Found(x, f"{how}, where a training was stopped")
            return _Found(_apart(x, Place.everywhere(task.domain, history), rng), how)
        last_resort = _Found(x, how) if last_resort.x is None else last_resort
    return last_resort


class _Attempt(NamedTuple):
    """Who is to propose, and where, with their names for the log."""

    name: str
    propose: Propose
    place: Place
    where: str


def _attempts(task: Task, history: History) -> Iterator[_Attempt]:
    """Yield who is to propose and where: the solver in the chosen leaf first.

    Where a leaf is exhausted, its nearest ancestor that is not takes its place. In a global turn
    the solver works in the whole space. Branches that were tried too little take turns with both.
    Where nothing untried is left, trainings that were stopped are begun again.
    """
    solver, reference_point = task.settings.chosen_solver, task.reference_point
    name, everywhere = solver.name, Place.everywhere(task.domain, history, reference_point)
    propose, in_whole_space = solver.proposing(task.domain, history)
    if len(history.tried) % 4 in BRANCH_TURNS:
        for branch, unknown in neglected(task.domain, history):
            place = Place.everywhere(branch, history, reference_point)
            if unknown:
                spread = partial(_spread_out, seed=task.settings.seed)
                yield _Attempt("Sobol", spread, place, "a branch without results")
            yield _Attempt(name, propose, place, "a branch that was tried little")
    if in_whole_space:
        yield _Attempt(name, propose, everywhere, WHOLE)
    else:
        path = select(_tree(task, history))
        for depth in reversed(range(len(path))):
            node = path[depth]
            kind = "leaf" if depth == len(path) - 1 else "node"
            where = f"the {kind} at depth {depth} of the tree"
            place = Place(history, node.region, node.members, reference_point)
            yield _Attempt(name, propose, place, where)
    yield _Attempt("evolutionary", evolutionary.propose, everywhere, WHOLE)
    yield _Attempt("random", random.propose, everywhere, WHOLE)
    yield _Attempt("gp", again.propose, everywhere, WHOLE)


def _tree(task: Task, history: History) -> Node:
    """Return the root of the tree over all observations, as the solver wishes it to be grown."""
    settings = task.settings
    early = history.n >= settings.chosen_solver.early
    return grow(task.domain, history, settings.partition, task.reference_point, early=early)


def _spread_out(place: Place, rng: np.random.Generator, seed: int) -> Floats | None:  # noqa: ARG001
    """Propose as at the start, where there is nothing to learn from.

    A model goes to the corners there, and where most trials fail, those fail first.
    """
    return next_start(place.region.space, place.history, seed)


def _apart(x: Floats, everywhere: Place, rng: np.random.Generator) -> Floats:
    """Return a proposal (d,), or a point far from all that were tried if it has a twin there.

    See :mod:`lamoo.solvers.distant`.
    """
    if not distant.has_twin(x, everywhere.region.space, everywhere.history):
        return x
    other = distant.propose(everywhere, rng)
    return x if other is None else other


def _repeated(space: Space, history: History, rng: np.random.Generator) -> Floats:
    """Return a point (d,) that was tried before, where nothing else is left."""
    X = Region(space).sample(1, history.X, rng)
    # where nothing is known to keep the constraints, one that does not
    x: Floats = (X if len(X) else space.sample(1, rng))[0]
    return x


def _any_allowed(space: Space, history: History, seed: int) -> bool:
    """Tell whether any point is known, or found by one search, that keeps the known constraints."""
    if space.known.violation is None:
        return True
    X = space.snap(history.X) if space.fixed else history.X
    if space.allows(X).any():
        return True
    rng = np.random.default_rng((seed, len(history.tried)))
    return len(Region(space).sample(1, X, rng)) > 0


def _broken(space: Space, settings: Settings, rng: np.random.Generator) -> Floats:
    """Return a point (d,) that breaks the known constraints, if somebody asked for some of it.

    Raises:
        NothingAllowed: without fixed parameters.
    """
    nearest = nearest_of(space, space.sample(LOOKED_AT, rng))
    message = nearest.message(space.decode(nearest.x[None])[0])
    if not space.fixed:
        raise NothingAllowed(message, nearest)
    warn_once(settings.logger, f"with {dict(space.fixed)} fixed, {message}", "fixed")
    return nearest.x


def _tell_of_failure(settings: Settings, error: Exception) -> None:
    """Warn that a solver failed, once for each place where errors were raised."""
    settings.logger.debug("solver %r: %s", settings.solver, error, exc_info=error)
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    *_, (frame, line) = traceback.walk_tb(cause.__traceback__)
    reason = f"{type(cause).__name__}: {cause}".partition("\n")[0][:REASON]
    warn_once(
        settings.logger,
        f"solver {settings.solver!r} could not propose ({reason}): a simpler one takes its place, "
        "at the cost of more trials. Further errors from there are not reported",
        (frame.f_code.co_filename, line),
    )


@own_state()
def chosen_path(task: Task) -> tuple[Node, ...]:
    """Return the nodes from the root of the tree to the leaf that is chosen next.

    What stands for a failure (infinite values, penalties) is in none of them.

    Raises:
        ValueError: if there is no observation yet, or ``task`` is none.
    """
    check_task(task)
    if not task.history.n:
        msg = "history must hold at least one observation to grow a tree from"
        raise ValueError(msg)
    root = _tree(task, task.cleaned)
    # the tree's rows are those of the cleaned history; the caller knows the task's own
    index = task.rows[root.data.index]
    return select(replace(root, data=replace(root.data, index=index)))
