"""What follows from a task: by definition, once, and the same for whoever asks."""

from dataclasses import replace

import numpy as np
import pytest

from lamoo import (
    Categorical,
    Float,
    History,
    Integer,
    Settings,
    Space,
    Task,
    chosen_path,
    exhausted,
    pareto,
    suggest,
)
from lamoo import task as tasks
from lamoo.curves import Curve, Curves
from lamoo.solvers import Solver, random
from lamoo.space.partial import Partial

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


def test_points_far_outside_a_narrowed_space_teach_only_while_there_are_no_others(rng):
    far, near = [[1.7, 0.5], [0.5, -0.8]], [[1.4, -0.5]]
    X = np.vstack([rng.random((12, 2)), far, near])
    observed = History(X, rng.random((15, 2)), failed=np.array([[0.1, 3.0]]))
    task = Task(SQUARE, observed)
    rows = [*range(12), 14]
    assert task.rows.tolist() == rows
    np.testing.assert_array_equal(task.cleaned.X, X[rows])
    np.testing.assert_array_equal(task.cleaned.failed, observed.failed)
    assert chosen_path(task)[0].members.tolist() == rows
    assert Task(SQUARE, observed.at(np.array([12, 13]))).rows.tolist() == [0, 1]


@pytest.mark.parametrize(("inside", "asked"), [(2, 0), (3, 1)])
def test_a_narrowed_space_starts_again(rng, inside, asked):
    calls = []

    def propose(place, rng):
        calls.append(place.history.n)
        return random.propose(place, rng)

    outside = rng.random((12, 2)) + np.array([1.1, 0.0])
    X = np.vstack([outside, rng.random((inside, 2))])
    settings = Settings(solver=Solver(propose), n_startup=3)
    suggest(Task(SQUARE, History(X, rng.random((len(X), 2))), settings), 1, rng)
    assert len(calls) == asked


@pytest.mark.parametrize("branches", [False, True])
def test_a_batch_finds_each_fact_out_once(branches, monkeypatch, rng):
    found = []

    def counted(name):
        function = getattr(tasks, name)
        monkeypatch.setattr(tasks, name, lambda *args: found.append(name) or function(*args))

    for name in ("learn_activity", "denoise", "reached_reference_point"):
        counted(name)
    observed = history(30, rng)
    if branches:  # there are no conditions to learn where all points have everything
        X = np.where((observed.X[:, :1] > 0.5) & [False, True], np.nan, observed.X)
        observed = History(X, observed.Y)
    task = Task(SQUARE, observed, Settings(solver="random", reference_point=[2.0, 2.0]))
    assert len(suggest(task, 4, rng)) == 4
    chosen_path(task)
    learned = ["learn_activity"] if branches else []
    assert sorted(found) == ["denoise", *learned, "reached_reference_point"]


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


def test_a_branch_that_only_failed_or_stopped_trials_had_is_a_condition(rng):
    """They carry parameters, and in a study that stops most trials there are few others."""
    space = Space({"kind": Categorical("ab"), "x": Float(0, 1), "y": Float(0, 1)})
    a = np.array([[0.25, u, np.nan] for u in rng.random(8)])
    b = np.array([[0.75, np.nan, u] for u in rng.random(2)])
    failed = History(a, rng.random((8, 2)), failed=b)
    reports = Curves.of([Curve(np.arange(3), rng.random((3, 2)))] * 2, 2)
    unknown = np.full((2, 2), np.nan)
    stopped = replace(
        failed,
        failed=b[:0],
        partial=Partial(b, unknown, np.empty((2, 0)), unknown, reports),
    )
    for observed in (failed, stopped):
        masked = Task(space, observed).domain.activity.mask(np.full((2, 3), [0.25, 0.5, 0.5]))
        np.testing.assert_array_equal(masked[0], [0.25, 0.5, np.nan])


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
def test_what_was_proposed_before_the_conditions_were_known_is_running(solver, reports, rng):
    # "x" is asked for where "kind" is "u", "y" where it is "v": eight configurations.
    space = Space(
        {"kind": Categorical(("u", "v")), "x": Integer(0, 3), "y": Integer(0, 3)},
    )
    every = [{"kind": "u", "x": k} for k in range(4)] + [{"kind": "v", "y": k} for k in range(4)]
    X = space.encode(every)
    done, running = np.array([0, 1, 2, 4, 6, 7]), space.encode([{"kind": "u", "x": 3, "y": 2}])
    Y = rng.random((8, 2))
    told = History(X[done], Y[done], pending=running)
    if reports:
        curve = Curve.nothing(2)
        curve = replace(curve, steps=np.array([1.0]), values=np.ones((1, 2)))
        nothing = np.full((1, 2), np.nan)
        partial = Partial(running, nothing, nothing[:, :0], nothing, Curves.of([curve], 2))
        none = Curves.of([Curve.nothing(2)] * 6, 2)
        told = replace(told, partial=partial, curves=none, retrains=True)
    settings = Settings(solver=solver, n_startup=0)
    found = suggest(Task(space, told, settings), 1, rng)
    np.testing.assert_array_equal(found, X[[5]])  # the only one that is left
    assert not exhausted(Task(space, told, settings))
    last = told.with_outcome(X[5], Y[5], np.empty(0))
    assert exhausted(Task(space, last, settings))
