"""What follows from a task: by definition, once, and the same for whoever asks."""

from dataclasses import replace

import numpy as np
import pytest

from lamoo import Float, History, Settings, Space, Task, chosen_path, pareto, suggest
from lamoo import task as tasks
from lamoo.solvers import Solver, random
from lamoo.space.history import Partial

SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})


def history(n, rng, m=2):
    return History(rng.random((n, 2)), rng.random((n, m)))


def reference_point(observed, point):
    return Task(SQUARE, observed, Settings(reference_point=point)).reference_point


def test_the_reference_point_is_the_users_once_a_feasible_point_dominates_it(rng):
    observed = history(12, rng)
    best = observed.Y[0]
    assert reference_point(observed, None) is None
    assert reference_point(observed, observed.Y.min(axis=0).tolist()) is None
    np.testing.assert_array_equal(reference_point(observed, (best + 1e-9).tolist()), best + 1e-9)
    infeasible = replace(observed, G=np.ones((12, 1)))
    assert reference_point(infeasible, [2.0, 2.0]) is None
    with pytest.raises(ValueError, match="one value per objective"):
        reference_point(observed, [1.0, 1.0, 1.0])


def test_what_the_user_left_open_of_it_is_inferred(rng):
    observed = history(12, rng)
    inferred = pareto.reference_point(observed.Y, of_front=False)
    found = reference_point(observed, [2.0, np.nan])
    np.testing.assert_array_equal(found, [2.0, inferred[1]])


def test_an_infinitely_good_failure_does_not_reach_it(rng):
    observed = history(12, rng)
    lucky = History(
        np.vstack([observed.X, [[0.5, 0.5]]]), np.vstack([observed.Y, [[-np.inf, -np.inf]]])
    )
    assert reference_point(lucky, [-1.0, -1.0]) is None


def test_a_batch_finds_each_fact_out_once(monkeypatch, rng):
    found = []

    def counted(name):
        function = getattr(tasks, name)
        monkeypatch.setattr(tasks, name, lambda *args: found.append(name) or function(*args))

    for name in ("learn_activity", "denoise", "reached_reference_point"):
        counted(name)
    task = Task(SQUARE, history(30, rng), Settings(solver="random", reference_point=[2.0, 2.0]))
    assert len(suggest(task, 4, rng)) == 4
    chosen_path(task)
    assert sorted(found) == ["denoise", "learn_activity", "reached_reference_point"]


def test_the_solver_is_given_the_leaf_that_is_shown(rng):
    """Also where a point of which one value is infinite is still running."""
    given = []

    def spy(place, rng):
        given.append(place)
        return random.propose(place, rng)

    X = rng.random((40, 2))
    observed = History(X, np.stack([X[:, 0], (X[:, 0] - 0.5) ** 2 + X[:, 1]], axis=1))
    part = np.array([[np.inf, np.nan]])
    waiting = rng.random((1, 2))
    partial = Partial(waiting, part, np.empty((1, 0)), np.full((1, 2), np.nan))
    observed = replace(observed, partial=partial, pending=waiting)
    task = Task(SQUARE, observed, Settings(solver=Solver(spy)))
    leaf = chosen_path(task)[-1]
    assert leaf.region.sides
    assert len(leaf.data.features) == 40  # what stands for a failure does not count as running
    suggest(task, 1, rng)
    np.testing.assert_array_equal(given[0].members, leaf.members)
    np.testing.assert_array_equal(given[0].region.contains(X), leaf.region.contains(X))
