"""Trainings that were stopped, begun again: which and when, by looking at all of them."""

from dataclasses import replace

import numpy as np
import pytest

from lamoo import Float, History, Integer, Settings, Space, Task, exhausted, suggest
from lamoo.curves import Curve, Curves
from lamoo.early import reaching
from lamoo.gp.equivalence import log_new
from lamoo.gp.model import learn
from lamoo.partition.place import Place
from lamoo.solvers import SOLVERS, Solver, again, gp
from lamoo.space.partial import Partial

GRID = Space({"a": Integer(0, 4), "b": Integer(0, 4)})
STEPS = 9
OWN = sorted(name for name, solver in SOLVERS.items() if solver.needs is None)


def curve_of(x, until=STEPS):
    """Return a curve of two objectives: an error that falls by as much everywhere, and a size."""
    steps = np.arange(1.0, STEPS + 1)
    error = (x[0] - 0.3) ** 2 + 0.1 * x[1] + 1 / steps - 1 / STEPS
    values = np.column_stack([error, np.full(STEPS, 1 - x[0])])
    return Curve(steps[:until], values[:until], values[-1] if until == STEPS else None)


def trained(X, stopped, until=3, **others):
    """Return a history of points whose trainings ended, and of others that were stopped."""
    unknown = np.full((len(stopped), 2), np.nan)
    curves = Curves.of([curve_of(x, until) for x in stopped], 2)
    return History(
        X,
        np.array([curve_of(x).final for x in X]).reshape(-1, 2),
        partial=Partial(stopped, unknown, np.empty((len(stopped), 0)), unknown, curves),
        curves=Curves.of([curve_of(x) for x in X], 2),
        retrains=True,
        **others,
    )


def split(rng, n=14):
    X = rng.permutation(GRID.enumerate())
    return X[:n], X[n:]


def test_of_all_that_is_untried_or_was_stopped_the_best_is_proposed(rng):
    """By brute force: what is new by its acquisition, the others by that times their chance."""
    stopped_won = []
    for kept in (2, 4, 6, 8, 9, 10):
        X, others = split(rng)
        stopped, fresh = others[:kept], others[kept:]
        history = Task(GRID, trained(X, stopped, until=6)).cleaned
        place = Place.everywhere(GRID, history)
        seed = int(rng.integers(2**31))
        model = learn(GRID, history, np.random.default_rng(seed), None)
        new = model.score(fresh) + log_new(GRID, history)(fresh)
        chances = [reaching(curve_of(x, 6), history.curves) for x in stopped]
        with np.errstate(divide="ignore"):
            old = model.score(stopped) + np.log(chances)
        stopped_won.append(old.max() > new.max())
        freshest = fresh[np.argmax(new)]
        best = stopped[np.argmax(old)] if stopped_won[-1] else freshest
        np.testing.assert_array_equal(again.better(freshest, model, place), best)
        np.testing.assert_array_equal(gp.propose(place, np.random.default_rng(seed)), best)
        # nobody who does not retrain asks for one
        shut = replace(place, history=replace(history, retrains=False))
        asked = gp.propose(shut, np.random.default_rng(seed))
        np.testing.assert_array_equal(asked, freshest)
    assert any(stopped_won)
    assert not all(stopped_won)


def test_a_solver_that_asks_for_what_was_stopped_gets_it_once(rng):
    """What else is as good as tried gives way to the emptiest place."""
    space = Space({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)})
    lost = np.array([0.3, 0.1])
    history = trained(rng.random((8, 2)), lost[None])
    own = Solver(lambda place, rng: lost)
    settings = Settings(n_startup=4, solver=own)
    asked = suggest(Task(space, history, settings), 2, rng)
    assert history.can_retrain(asked).tolist() == [True, False]
    shut = replace(history, retrains=False)
    assert not (suggest(Task(space, shut, settings), 1, rng) == lost).all()


@pytest.mark.parametrize("solver", OWN)
def test_where_nothing_is_untried_each_that_was_stopped_comes_once_more(rng, solver):
    X, others = split(rng)
    settings = Settings(solver=solver, n_startup=4)
    history = trained(X, others)
    assert not exhausted(Task(GRID, history, settings))
    assert exhausted(Task(GRID, replace(history, retrains=False), settings))
    asked = suggest(Task(GRID, history, settings), len(others), rng)
    assert {*map(tuple, asked)} == {*map(tuple, others)}
    running = replace(history, pending=asked)
    assert exhausted(Task(GRID, running, settings))
    for x in asked:
        history = history.with_outcome(x, curve_of(x).final, np.empty(0))
    assert exhausted(Task(GRID, history, settings))


def test_what_is_fixed_or_forbidden_is_not_asked_for_again(rng):
    X, others = split(rng)
    space = replace(GRID, fixed={"a": 2})
    task = Task(space, trained(X, others), Settings(n_startup=4))
    asked = suggest(task, 12, rng)
    assert {params["a"] for params in space.decode(asked)} == {2}
