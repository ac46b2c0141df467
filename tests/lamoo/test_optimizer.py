"""From a history to the next points: pure, repeatable, never twice, never an accident."""

import copy
import json
import logging
import os
import pickle
import re
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from threadpoolctl import threadpool_info, threadpool_limits

from lamoo import (
    Categorical,
    Float,
    History,
    Integer,
    Known,
    NothingAllowed,
    Optimizer,
    Partition,
    Settings,
    Space,
    Task,
    chosen_path,
    failures,
    pareto,
    recent_gain,
    suggest,
)
from lamoo import task as tasks
from lamoo.gp import sample
from lamoo.solvers import SOLVERS, Solver, distant
from lamoo.space.activity import Activity, OneOf
from lamoo.space.partial import Partial
from lamoo.space.prior import Prior
from lamoo.space.rows import first_rows, rows_in

NAMES = ["float", "grid", "integer", "choice", "mixed", "tree"]
SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})


def run(space, m, n, solver="evolutionary", seed=0, values=None, **settings):
    """Ask and tell n times; return the optimizer."""
    loop = Optimizer(space, ["minimize"] * m, Settings(solver=solver, **settings), seed=seed)
    corners = np.random.default_rng(m).random((m, space.dimension))
    for _ in range(n):
        params = loop.ask()
        x = np.nan_to_num(space.encode([params])[0], nan=0.3)
        loop.tell(params, ((x - corners) ** 2).sum(axis=1) if values is None else values(params))
    return loop


# ------------------------------------------------------------------------------- pure function


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_equal_arguments_give_equal_points_and_are_not_touched(spaces, make_history, solver, name):
    rng = np.random.default_rng([1, *name.encode()])
    history = make_history(spaces[name], 14, 2, rng, constraints=1, pending=2, failed=1)
    before = {key: np.copy(value) for key, value in vars(history).items()}
    settings = Settings(solver=solver, n_startup=3)
    points = [
        suggest(Task(spaces[name], history, settings), 2, np.random.default_rng(7))
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*points)
    for key, value in before.items():
        np.testing.assert_array_equal(getattr(history, key), value)


def test_another_process_with_other_hashes_suggests_the_same(python, capsys):
    script = """
    import json
    import numpy as np
    from lamoo import *

    space = Space({"a": Float(1e-3, 1, log=True), "b": Categorical("xyz"), "c": Integer(0, 9)})
    X = space.sample(15, np.random.default_rng(0))
    history = History(X, np.stack([X[:, 0] + X[:, 1], (1 - X[:, 0]) * X[:, 2]], axis=1))
    for solver in ("gp", "evolutionary", "random"):
        X = suggest(Task(space, history, Settings(solver=solver)), 2, np.random.default_rng(1))
        print(json.dumps(X.tolist()))
    """
    script = textwrap.dedent(script)
    seed = str(int(os.environ.get("PYTHONHASHSEED", "") == "0"))  # not ours
    done = python("-c", script, environment={"PYTHONHASHSEED": seed})
    assert done.returncode == 0, done.stderr
    exec(script, {})  # noqa: S102 - the same in this process
    assert done.stdout == capsys.readouterr().out
    assert [len(json.loads(line)) for line in done.stdout.splitlines()] == [2, 2, 2]


@pytest.mark.parametrize("name", ["float", "choice", "tree"])
def test_what_is_cached_never_changes_the_result(spaces, make_history, name, forget):
    history = make_history(spaces[name], 40, 2, np.random.default_rng(0))

    def points():
        return suggest(Task(spaces[name], history), 1, np.random.default_rng(3))

    forget()
    cold = points()
    other = make_history(spaces[name], 33, 3, np.random.default_rng(1))
    suggest(Task(spaces[name], other), 1, np.random.default_rng(3))
    np.testing.assert_array_equal(points(), cold)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_run_that_stops_and_resumes_goes_on_as_if_it_had_not(solver):
    whole = run(SQUARE, 2, 16, solver)
    part = run(SQUARE, 2, 12, solver)
    resumed = Optimizer(SQUARE, ["minimize"] * 2, Settings(solver=solver), seed=0)
    resumed.history = part.history
    for x, y in zip(whole.history.X[12:], whole.history.Y[12:], strict=True):
        params = resumed.ask()
        np.testing.assert_allclose(SQUARE.encode([params])[0], x)
        resumed.tell(params, y)


def total(X):
    return np.nansum(X, axis=1)


def totals(X):
    return total(X)[:, None]


def beyond(X):
    return total(X) - 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])  # noqa: S301
@pytest.mark.parametrize("known", [Known(), Known({0: total}, totals, violation=beyond)])
def test_a_copy_goes_on_like_the_original_where_there_are_branches(duplicate, known):
    parameters = {"net": Categorical(("deep", "flat")), "depth": Integer(2, 9), "lr": Float(0, 1)}
    optimizer = Optimizer(Space(parameters, known=known), ["minimize"] * 2, seed=0)

    def advance(each):
        params = each.ask()
        if params["net"] == "flat":
            del params["depth"]
        each.tell(params, [total(each.space.encode([params]))[0], -params["lr"]])
        return params

    for _ in range(13):
        advance(optimizer)
    again = duplicate(optimizer)
    assert [advance(again) for _ in range(2)] == [advance(optimizer) for _ in range(2)]


def test_seeds_make_the_difference():
    one, same, other = (run(SQUARE, 2, 14, seed=seed).history.X for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not rows_in(one, other).any()


# -------------------------------------------------------------------------------------- start


def test_the_start_is_a_sobol_sequence():
    X = run(SQUARE, 2, 8, seed=5, n_startup=8).history.X
    np.testing.assert_allclose(X, SQUARE.sobol(0, 8, seed=5))


@pytest.mark.parametrize("n_startup", [0, 1])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_search_can_start_from_nothing(solver, n_startup):
    loop = run(SQUARE, 2, 4, solver, n_startup=n_startup)
    assert len(first_rows(loop.history.X)) == 4
    empty = History(np.empty((0, 2)), np.empty((0, 2)))
    X = suggest(Task(SQUARE, empty, Settings(n_startup=n_startup)), 3, np.random.default_rng(0))
    assert len(first_rows(X)) == 3


def test_asking_for_no_points_gives_none():
    empty = History(np.empty((0, 2)), np.empty((0, 2)))
    assert suggest(Task(SQUARE, empty), 0, np.random.default_rng(0)).shape == (0, 2)


# --------------------------------------------------------------------------------- never twice


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_configuration_is_proposed_once_before_any_is_repeated(spaces, solver):
    space = spaces["grid"]
    loop = run(space, 2, 24, solver)
    assert {tuple(x) for x in loop.history.X} == {tuple(x) for x in space.enumerate()}
    # then it goes on
    assert rows_in(space.encode([loop.ask() for _ in range(3)]), space.enumerate()).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_first_batch_holds_every_configuration_once(spaces, seed):
    space = spaces["grid"]
    empty = History(np.empty((0, 3)), np.empty((0, 2)))
    X = suggest(Task(space, empty, Settings(seed=seed)), 24, np.random.default_rng(seed))
    assert len(first_rows(X)) == 24


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_runs_or_failed_is_not_proposed(spaces, solver):
    space = spaces["grid"]
    everything = space.enumerate()
    history = History(
        everything[:8], everything[:8, :2], pending=everything[8:14], failed=everything[14:20]
    )
    X = suggest(Task(space, history, Settings(solver=solver)), 4, np.random.default_rng(0))
    assert {tuple(x) for x in X} == {tuple(x) for x in everything[20:]}


def test_fixed_parameters_leave_few_configurations_and_all_are_used(spaces):
    space = Space(spaces["grid"].parameters, {"a": 2, "c": 1.0})
    history = History(spaces["grid"].sample(12, np.random.default_rng(0)), np.zeros((12, 2)))
    X = suggest(Task(space, history, Settings()), 3, np.random.default_rng(0))
    proposed = [(p["a"], p["c"]) for p in space.decode(X)]
    assert proposed == [(2, 1.0)] * 3
    fresh = history.unseen(space.enumerate())
    assert rows_in(fresh, X).all()


# ------------------------------------------------------------------------------- in the region


def test_a_proposal_lies_in_the_chosen_leaf(spaces, make_history, solver, name, m):
    """Of the Gaussian process this holds in two turns of four."""
    settings = Settings(solver=solver, n_startup=5, partition=Partition(leaf_size=4))
    n = 18 if name == "grid" else 30
    history = make_history(spaces[name], n, m, np.random.default_rng([m, *name.encode()]))
    assert (n // 2) % 2 == 1
    leaf = chosen_path(Task(spaces[name], history, settings))[-1]
    assert len(leaf.region.sides) > 0
    x = suggest(Task(spaces[name], history, settings), 1, np.random.default_rng(0))
    everything = spaces[name].enumerate() if name == "grid" else x
    if len(history.unseen(everything[leaf.region.contains(everything)])):
        assert leaf.region.contains(x).all()
    assert not rows_in(x, history.tried).any()


def test_where_the_leaf_is_exhausted_the_search_goes_on_around_it(spaces):
    space = spaces["grid"]
    everything = space.enumerate()
    settings = Settings(solver="random", partition=Partition(leaf_size=3))
    Y = np.stack([everything[:, 0], everything[:, 1]], axis=1)
    best = np.argsort(Y.sum(axis=1))
    history = History(everything[best[:16]], Y[best[:16]])
    leaf = chosen_path(Task(space, history, settings))[-1]
    assert not len(history.unseen(everything[leaf.region.contains(everything)]))
    x = suggest(Task(space, history, settings), 1, np.random.default_rng(0))
    assert not rows_in(x, history.tried).any()


# -------------------------------------------------------------------------------- hard histories


HARD = {
    "constant": np.ones_like,
    "one constant": lambda Y: np.hstack([np.zeros_like(Y[:, :1]), Y[:, 1:]]),
    "constant and huge": lambda Y: np.full_like(Y, 1e17),
    "huge": lambda Y: 1e300 * (Y - 0.5),
    "too huge": lambda Y: 1.7e308 * (2 * np.round(Y) - 1),
    "tiny": lambda Y: 1e-300 * Y,
    "some inf": lambda Y: np.where(Y > 0.6, np.inf, Y),
    "some -inf": lambda Y: np.where(Y < 0.2, -np.inf, Y),
    "all inf": lambda Y: np.full_like(Y, np.inf),
    "one outlier": lambda Y: np.where(Y == Y.max(axis=0), 1e12, Y),
    "equal objectives": lambda Y: np.repeat(Y[:, :1], Y.shape[1], axis=1),
    "two values": np.round,
}


# five objectives (slower) only with what is hardest for rays
@pytest.mark.parametrize(
    ("hard", "m"),
    [(hard, m) for hard in HARD for m in (1, 2, 3)]
    + [(hard, 5) for hard in ("constant", "too huge", "some inf", "some -inf")],
)
@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_no_values_stop_the_search(spaces, solver, hard, m, caplog):
    rng = np.random.default_rng(m)
    name = NAMES[(list(HARD).index(hard) + m) % len(NAMES)]
    X = spaces[name].sample(22, rng)
    tasks._warned.clear()
    history = History(X, HARD[hard](rng.random((22, m))))
    for reference in (None, [0.5] * m):
        settings = Settings(solver=solver, reference_point=reference)
        x = suggest(Task(spaces[name], history, settings), 1, rng)
        np.testing.assert_array_equal(spaces[name].snap(x), x)
        assert not rows_in(x, X).any()
    assert not [r for r in caplog.records if "could not propose" in r.getMessage()]


@pytest.mark.parametrize("solver", SOLVERS)
def test_duplicated_points_with_different_values_do_no_harm(spaces, solver, rng):
    X = np.repeat(spaces["mixed"].sample(3, rng), 8, axis=0)
    history = History(X, rng.random((24, 2)))
    x = suggest(Task(spaces["mixed"], history, Settings(solver=solver)), 2, rng)
    assert not rows_in(x, X).any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_points_from_outside_the_space_do_no_harm(solver, rng):
    """The bounds were narrowed, or a user enqueued such values."""
    params = [{"a": a, "b": b} for a, b in zip(rng.normal(0, 5, 20), rng.random(20), strict=True)]
    params[0]["a"], params[1]["a"], params[2]["a"] = np.inf, -np.inf, 1e300
    history = History(SQUARE.encode(params), rng.random((20, 2)))
    x = suggest(Task(SQUARE, history, Settings(solver=solver)), 2, rng)
    assert ((x >= 0) & (x <= 1)).all()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("G", [1.0, np.inf])
def test_a_search_goes_on_while_nothing_is_feasible(solver, G, rng):
    history = History(rng.random((20, 2)), rng.random((20, 2)), np.full((20, 2), G))
    x = suggest(Task(SQUARE, history, Settings(solver=solver)), 2, rng)
    assert len(first_rows(x)) == 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_parameters_with_a_single_value_are_repeated(solver):
    space = Space({"a": Float(2, 2), "b": Categorical(("x",)), "c": Integer(3, 3, log=True)})
    loop = Optimizer(space, ["minimize", "minimize"], Settings(solver=solver, n_startup=2))
    for _ in range(5):
        params = loop.ask()
        assert params == {"a": 2.0, "b": "x", "c": 3}
        loop.tell(params, [1.0, 2.0])


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS)
def test_proposals_hold_just_the_parameters_that_exist(spaces, make_history, prune, solver, m):
    history = make_history(spaces["tree"], 90, m, np.random.default_rng(m))
    X = suggest(Task(spaces["tree"], history, Settings(solver=solver)), 6, np.random.default_rng(m))
    for params in spaces["tree"].decode(X):
        assert params == prune(params)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_program_gets_every_parameter_it_may_ask_for(spaces, prune, solver):
    """Also while the conditions are not known yet, and whichever it then reports."""
    space = spaces["tree"]
    worker = Optimizer(space, ["minimize", "minimize"], Settings(solver=solver, n_startup=6))
    for i in range(18):
        params = worker.ask()
        assert params.keys() == space.parameters.keys()
        assert len(worker.history.pending) == 1
        x = np.nan_to_num(space.encode([prune(params)])[0], nan=0.5)
        worker.tell(prune(params) if i % 5 else params, [(x**2).sum(), ((1 - x) ** 2).sum()])
        assert len(worker.history.pending) == 0


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
@pytest.mark.parametrize("solver", SOLVERS)
def test_conditional_configurations_are_not_repeated_either(solver, seed):
    space = Space({"a": Categorical("xy"), "b": Integer(1, 5), "c": Categorical("uvw")})
    worker = Optimizer(space, ["minimize"] * 2, Settings(solver=solver, n_startup=5), seed=seed)
    seen = set()
    for _ in range(3 + 15):
        params = worker.ask()
        if params["a"] == "x":
            del params["b"]
        b = params.get("b", 0)
        worker.tell(params, [b + (params["c"] == "u"), 5 - b + (params["c"] == "v")])
        seen.add(tuple(params.items()))
    assert len(seen) == 18


# ------------------------------------------------------------------------------------ failures


def test_a_penalty_next_to_the_best_choices_counts_as_failed_unless_something_is_smooth(rng):
    """And every trial is still known: none is proposed again, nor is the penalty believed."""
    X = (rng.integers(0, 4, size=(12, 3)) + 0.5) / 4
    Y = np.stack([X.sum(axis=1), -X.sum(axis=1)], axis=1)
    Y[[3, 7]] = 9.0
    history = History(X, Y, failed=np.full((1, 3), 0.125))
    choices = Space({name: Categorical(tuple("abcd")) for name in "xyz"})

    def believed(history, space):
        return Task(space, history).sound

    kept = believed(history, choices)
    rest = np.setdiff1d(np.arange(12), [3, 7])
    np.testing.assert_array_equal(kept.X, X[rest])
    np.testing.assert_array_equal(kept.Y, Y[rest])
    np.testing.assert_array_equal(kept.failed, [[0.125] * 3, X[3], X[7]])
    np.testing.assert_array_equal(kept.ended, X[[3, 7]])
    assert rows_in(history.tried, kept.tried).all()
    np.testing.assert_array_equal(chosen_path(Task(choices, history))[0].members, rest)
    unbounded = replace(history, Y=np.where(np.arange(12)[:, None] == 5, np.inf, Y))
    np.testing.assert_array_equal(
        chosen_path(Task(choices, unbounded))[0].members, np.delete(rest, 4)
    )
    numbers = Space({name: Float(0, 1) for name in "xyz"})
    assert believed(history, numbers) is history
    violating = replace(history, G=np.ones((12, 1)))
    assert believed(violating, choices) is violating


def test_one_penalty_does_not_keep_the_search_from_what_lies_next_to_it(monkeypatch):
    """Each choice but the first costs 1, and a trial without any is given the worst values."""
    space = Space({f"op{i}": Categorical(tuple(range(8))) for i in range(5)})

    def proposed_cost(seed):
        rng = np.random.default_rng(seed)
        choices = rng.integers(0, 8, size=(20, 5)) * (rng.random((20, 5)) < 0.6)
        choices[0] = 0
        choices = np.unique(choices, axis=0)
        cost = (choices > 0).sum(axis=1)
        Y = np.stack([8.0 - choices.max(axis=1), cost], axis=1)
        Y[cost == 0] = 9.0
        history = History((choices + 0.5) / 8, Y)
        x = [suggest(Task(space, history), 1, np.random.default_rng(k))[0] for k in range(2)]
        return (np.array(x) > 1 / 8).sum(axis=1).mean()

    known = np.mean([proposed_cost(seed) for seed in range(8)])
    monkeypatch.setattr(failures, "penalties", lambda Y: np.zeros(len(Y), dtype=bool))
    believed = np.mean([proposed_cost(seed) for seed in range(8)])
    assert known < believed - 0.5


def test_a_numerical_failure_falls_back_with_one_warning(monkeypatch, caplog, rng):
    def singular(*_, **__):
        raise np.linalg.LinAlgError("the kernel matrix is hopeless")

    tasks._warned.clear()
    monkeypatch.setattr(sample, "condition", singular)
    history = History(rng.random((20, 2)), rng.random((20, 2)))
    with caplog.at_level(logging.DEBUG, logger="lamoo"):
        for _ in range(3):
            x = suggest(Task(SQUARE, history), 2, rng)
            assert ((x >= 0) & (x <= 1)).all()
    messages = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(messages) == 1
    assert "'gp' could not propose (LinAlgError: the kernel matrix is hopeless)" in messages[0]


def test_what_a_solver_raised_is_told_where_the_settings_say(monkeypatch, caplog, rng):
    """A framework's users look into its own log, and its logger may pass nothing on."""

    def singular(*_, **__):
        raise np.linalg.LinAlgError("the kernel matrix is hopeless")

    monkeypatch.setattr(sample, "condition", singular)
    caplog.set_level(logging.DEBUG, "of.theirs")
    history = History(rng.random((20, 2)), rng.random((20, 2)))
    suggest(Task(SQUARE, history, Settings(logger=logging.getLogger("of.theirs"))), 1, rng)
    raised = [r for r in caplog.records if r.exc_info]
    assert [(r.name, r.levelname) for r in raised] == [("of.theirs", "DEBUG")]


def test_each_cause_of_a_fallback_is_told_once(monkeypatch, caplog, rng):
    def singular(*_, **__):
        raise np.linalg.LinAlgError(f"pivot {rng.random()}")  # no two alike

    def deprecated(*_, **__):  # where the user's filters turn warnings into errors
        raise FutureWarning("a library changes")

    tasks._warned.clear()
    history = History(rng.random((20, 2)), rng.random((20, 2)))
    for broken in (singular, deprecated):
        monkeypatch.setattr(sample, "condition", broken)
        for _ in range(3):
            assert suggest(Task(SQUARE, history), 1, rng).shape == (1, 2)
    messages = [r.getMessage() for r in caplog.records]
    assert len(messages) == 2
    assert "LinAlgError: pivot" in messages[0]
    assert "FutureWarning: a library changes" in messages[1]


def test_the_users_state_of_libraries_changes_no_proposal(no_excuses, rng):
    # bits far from the data and from the front: densities of 0
    X = rng.random((40, 2))
    history = History(X, np.column_stack([np.exp(20 * X[:, 0]), 1e9 * X[:, 1] - X[:, 0]]))

    def proposals():
        generator = np.random.default_rng(0)
        return np.concatenate([suggest(Task(SQUARE, history, s), 2, generator) for s in settings])

    settings = [Settings(solver=solver) for solver in ("gp", "evolutionary")]
    expected = proposals()
    before = np.random.get_state()[1].copy()  # noqa: NPY002  the one that must not be touched
    with no_excuses(), np.errstate(all="raise"), special.errstate(all="raise"):
        assert np.array_equal(proposals(), expected)
        assert {*np.geterr().values()} == {*special.geterr().values()} == {"raise"}
        chosen_path(Task(SQUARE, history))
        recent_gain(history, 5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_mistake_in_the_code_is_not_taken_for_a_numerical_failure(monkeypatch, rng):
    def mistaken(*_, **__):
        raise TypeError("a mistake")

    monkeypatch.setattr(sample, "condition", mistaken)
    history = History(rng.random((20, 2)), rng.random((20, 2)))
    with pytest.raises(TypeError, match="a mistake"):
        suggest(Task(SQUARE, history), 1, rng)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_reference_point_that_nobody_beats_is_told_once(solver, caplog, rng):
    tasks._warned.clear()
    history = History(rng.random((20, 2)), rng.random((20, 2)))
    settings = Settings(solver=solver, reference_point=[-1.0, -1.0])
    with caplog.at_level(logging.WARNING, logger="lamoo"):
        for _ in range(3):
            assert suggest(Task(SQUARE, history, settings), 1, rng).shape == (1, 2)
    assert len(caplog.records) == 1
    assert "reference_point" in caplog.records[0].getMessage()


def test_a_reference_point_steers_the_search():
    """Only the part of the front that it leaves is searched."""

    def values(params):
        return [params["a"] + 0.1 * params["b"], 1 - params["a"] + 0.1 * params["b"]]

    Y = run(SQUARE, 2, 25, "gp", reference_point=[0.4, 1.0], values=values).history.Y[10:]
    assert (Y[:, 0] < 0.45).mean() > 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Settings(solver="gpp"), "solver must be one of"),
        (lambda: Settings(n_startup=-1), "n_startup must be at least 0"),
        (lambda: Settings(reference_point=[1.0, np.inf]), "reference_point must be finite"),
        (lambda: Settings(seed=-1), "seed must be at least 0"),
        (lambda: Optimizer(SQUARE, []), "directions must be"),
        (lambda: Optimizer(SQUARE, ["minimise"]), "directions must be"),
        (lambda: Optimizer(SQUARE, ["minimize"], Settings(reference_point=[1, 2])), "reference_p"),
        (lambda: loop().tell({"a": 0, "b": 0}, [1.0]), "values must hold"),
        (lambda: loop().tell({"a": 0, "b": 0}, [[1.0, 2.0]]), "values must hold"),
        (lambda: loop().tell({"a": 0, "z": 0}, [1.0, 2.0]), "params must be of"),
        (lambda: loop().tell({"a": np.nan, "b": 0}, [1.0, 2.0]), "params must be of"),
        (lambda: loop().tell({"a": 1.01, "b": 0}, [1.0, 2.0]), r"params must be of .* got .*1\.01"),
        (lambda: loop().tell({"a": "z", "b": 0}, [1.0, 2.0]), "params must be of"),
        (lambda: loop().tell([0, 0], [1.0, 2.0]), "params must be of"),
        (lambda: loop().tell({"a": 10**400, "b": 0}, [1.0, 2.0]), "params must be of"),
        (lambda: loop().tell({"a": 0, "b": 0}, [10**400, 2.0]), "values must hold"),
        (lambda: loop().tell({"a": 0, "b": 0}, [1.0, 2.0], [10**400]), "constraints must be a"),
        (lambda: loop().tell({"a": 0, "b": 0}, ["z", 2.0]), "values must hold"),
        (lambda: loop().tell({"a": 0, "b": 0}, [1.0, 2.0], 3.0), "constraints must be a list"),
        (lambda: Optimizer({"a": Float(0, 1)}, ["minimize"]), "space must be a lamoo.Space"),
        (lambda: Optimizer(Space({}), ["minimize"]), "space must have a parameter"),
        (lambda: Optimizer(SQUARE, "minimize"), "directions must be .* in a list"),
        (lambda: Optimizer(SQUARE, None), "directions must be"),
        (lambda: Optimizer(SQUARE, ["minimize"], {"solver": "gp"}), "settings must be"),
        (lambda: Optimizer(SQUARE, ["minimize"], seed="0"), "seed must be at least 0, a whole"),
        (lambda: Settings(solver=distant.propose), "solver must be .* or a lamoo.solvers.Solver"),
        (lambda: Settings(solver=["gp"]), "solver must be one of"),
        (lambda: Partition(c_p=10**400), "c_p must be at least 0, a number"),
        (lambda: recent_gain(history(2, 2), -1), "k must be at least 0, a whole number"),
        (lambda: Settings(n_startup=2.5), "n_startup must be at least 0, a whole number"),
        (lambda: Settings(reevaluate=2.5), "reevaluate must be at least 2, a whole number"),
        (lambda: Settings(reference_point=3.0), "reference_point must be finite or NaN, one"),
        (lambda: Settings(reference_point=[10**400, 1]), "reference_point must be finite or NaN"),
        (lambda: Settings(partition={}), "partition must be a lamoo.Partition"),
        (lambda: suggest(Task(SQUARE, history(3, 2)), 1, None), "history holds points of 3"),
        (lambda: suggest(Task(SQUARE, history(2, 2)), -1, None), "q must be at least 0"),
        (lambda: suggest(Task(SQUARE, history(2, 2)), 1.5, None), "q must be .* a whole number"),
        (lambda: suggest(Task(SQUARE, history(2, 2)), 1, 0), "rng must be a generator such as"),
        (lambda: suggest(Task(SQUARE, history(2, 3), HALF), 1, None), "reference_point must hold"),
        (lambda: chosen_path(Task(SQUARE, history(2, 2).first(0))), "history must hold"),
        (lambda: chosen_path(Task(SQUARE, history(3, 2))), "history holds points of 3"),
    ],
)
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_seed_is_that_of_the_settings_unless_one_is_given():
    def asked(settings=None, **given):
        optimizer = Optimizer(SQUARE, ["minimize"] * 2, settings, **given)
        return [optimizer.ask() for _ in range(3)]

    assert asked(Settings(seed=7)) == asked(seed=7) == asked(Settings(seed=3), seed=7)
    assert asked(Settings(seed=7)) != asked() == asked(seed=0)


HALF = Settings(reference_point=[0.5, 0.5])


def loop():
    return Optimizer(SQUARE, ["minimize", "minimize"])


def history(d, m):
    return History(np.zeros((3, d)), np.zeros((3, m)))


# --------------------------------------------------------------------------------- ask and tell


@pytest.mark.parametrize("solver", SOLVERS)
def test_to_maximise_is_to_minimise_the_negative(solver):
    signs = np.array([-1.0, 1.0])
    point = np.array([0.6, 0.6])
    down = Optimizer(SQUARE, ["minimize"] * 2, Settings(solver=solver, reference_point=point))
    mixed = Optimizer(
        SQUARE, ["maximize", "minimize"], Settings(solver=solver, reference_point=signs * point)
    )
    for _ in range(14):
        params = down.ask()
        assert mixed.ask() == params
        y = np.array([params["a"], (1 - params["a"]) ** 2 + params["b"]])
        down.tell(params, y)
        mixed.tell(params, signs * y)


def test_many_can_be_asked_before_the_first_is_told():
    workers = loop()
    asked = [workers.ask() for _ in range(30)]
    assert len(workers.history.pending) == len(first_rows(workers.history.pending)) == 30
    for params in reversed(asked):
        workers.tell(params, [params["a"], params["b"]])
    assert len(workers.history.pending) == 0
    assert workers.history.n == 30


def test_failures_are_remembered_and_others_results_accepted():
    worker = loop()
    worker.tell({"a": 0.5, "b": 0.5}, [1.0, 2.0], constraints=[0.3])
    for values in (None, [1.0, np.nan]):
        worker.tell(worker.ask(), values)
    assert worker.history.n == 1
    assert len(worker.history.failed) == 2
    assert worker.history.violation.tolist() == [0.3]


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_a_limit_that_could_not_be_measured_is_not_kept(solver):
    """Where the constraint diverges both objectives are at their best."""
    worker = Optimizer(SQUARE, ["minimize", "minimize"], Settings(solver=solver))
    for _ in range(24):
        params = worker.ask()
        diverged = params["a"] < 0.5
        limits = [np.nan if diverged else -1.0]
        worker.tell(params, [params["a"] + params["b"], params["a"] - params["b"]], limits)
    assert len(worker.history.failed) > 2
    assert worker.history.X[:, 0].min() >= 0.5
    assert min(params["a"] for params, _ in worker.front()) >= 0.5


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_tensors_are_numbers_whatever_made_them(kind):
    torch = pytest.importorskip("torch")
    row = torch.tensor([0.5, -0.25], dtype=getattr(torch, kind), requires_grad=True)
    worker = loop()
    for told in (row, [*row], (row[0], -0.25)):
        worker.tell({"a": 0.5, "b": 0.5}, told, told)
    assert worker.history.Y.tolist() == worker.history.G.tolist() == [[0.5, -0.25]] * 3
    with pytest.raises(ValueError, match="values must hold one number per objective"):
        worker.tell({"a": 0.5, "b": 0.5}, [row, 1.0])


def test_a_masked_value_is_none():
    worker = loop()
    worker.tell({"a": 0.5, "b": 0.5}, np.ma.masked_array([0.5, 1e20], mask=[False, True]))
    assert (worker.history.n, len(worker.history.failed)) == (0, 1)


@pytest.mark.parametrize("rounded", [np.float32, lambda value: float(f"{value:.4g}")])
def test_what_is_told_rounded_is_what_was_asked(rounded):
    space = Space({"x": Float(0, 1), "rate": Float(1e-5, 1, log=True), "n": Integer(1, 9999)})
    optimizer = Optimizer(space, ["minimize", "maximize"], Settings(solver="random"), seed=0)
    asked = [optimizer.ask() for _ in range(20)]
    for k, params in enumerate(reversed(asked), 1):
        told = {**params, "x": rounded(params["x"]), "rate": rounded(params["rate"])}
        optimizer.tell(told, [told["x"], told["rate"]])
        left = space.encode(asked[: 20 - k])
        np.testing.assert_array_equal(optimizer.history.pending, left)
    optimizer.ask()
    # another integer is another configuration, however near
    near = space.decode(optimizer.history.pending)[0]
    optimizer.tell({**near, "n": near["n"] % 9999 + 1}, [1.0, 1.0])
    assert len(optimizer.history.pending) == 1


def test_narrow_ranges_far_from_zero_are_recognised_when_told():
    """Between these bounds there are only nine floats: what is asked is rounded to one."""
    space = Space({"a": Float(1e15, 1e15 + 1)})
    worker = Optimizer(space, ["minimize"])
    for _ in range(12):
        params = worker.ask()
        worker.tell(params, [params["a"] - 1e15])
    assert len(worker.history.pending) == 0


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("solver", "n"), [("gp", 35), ("evolutionary", 100)])
def test_solvers_are_better_than_chance(solver, n, seed):
    """Distances to two corners of a six-dimensional cube, against uniform draws."""
    space = Space({str(i): Float(0, 1) for i in range(6)})
    draws = np.random.default_rng(seed).random((20, n, 6))
    corners = np.random.default_rng(2).random((2, 6))
    reference = np.full(2, 0.6 * ((corners[0] - corners[1]) ** 2).sum() + 0.1)
    chance = [
        pareto.hypervolume(((X[:, None] - corners) ** 2).sum(axis=2), reference) for X in draws
    ]
    found = run(space, 2, n, solver, seed=seed).history.Y
    assert pareto.hypervolume(found, reference) > 1.2 * np.mean(chance)
    if solver == "gp":
        assert pareto.hypervolume(found, reference) > 1.5 * max(chance)


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_linear_algebra_has_one_thread_while_proposing_and_its_own_number_after(monkeypatch, rng):
    inside = []

    def spy(place, rng):
        inside.append(blas_threads())
        return place.region.space.sample(1, rng)[0]

    monkeypatch.setitem(SOLVERS, "random", Solver(spy))
    X = SQUARE.sample(5, rng)
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        assert before, "threadpoolctl knows no linear algebra of this NumPy and SciPy"
        suggest(Task(SQUARE, History(X, X), Settings(solver="random", n_startup=1)), 1, rng)
        assert blas_threads() == before != {1}
    assert inside == [{1}]


@pytest.mark.parametrize("solver", SOLVERS)
def test_known_constraints_hold_for_every_proposal(solver, rng):
    def within(X):
        return X.sum(axis=1) <= 0.4

    space = Space(
        {f"x{j}": Float(0, 1) for j in range(4)},
        known=Known(violation=lambda X: np.where(within(X), 0.0, 1.0)),
    )
    X = space.sample(30_000, rng)
    X = X[within(X)][:25]  # a thousandth of the cube
    history = History(X, np.column_stack([X[:, 0], 1 - X[:, 1]]))
    proposals = suggest(Task(space, history, Settings(solver=solver, n_startup=0)), 8, rng)
    assert within(proposals).all()
    started = suggest(Task(space, history.first(0), Settings(solver=solver, n_startup=6)), 6, rng)
    assert within(started).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_known_conditions_need_no_learning(solver, rng):
    activity = Activity(((1, np.array([0]), OneOf((0.25,))),))
    parameters = {"kind": Categorical(("deep", "flat")), "depth": Float(0, 1), "x": Float(0, 1)}
    space = Space(parameters, activity=activity)
    X = space.sample(30, rng)
    X = X[X[:, 0] == 0.75]  # "deep" was never tried
    history = History(X, np.column_stack([X[:, 2], 1 - X[:, 2]]))
    proposals = suggest(Task(space, history, Settings(solver=solver, n_startup=0)), 6, rng)
    np.testing.assert_array_equal(np.isnan(proposals[:, 1]), proposals[:, 0] == 0.75)


def test_a_missing_package_is_told_when_the_settings_are_made(monkeypatch):
    absent = Solver(SOLVERS["random"].propose, needs=("not_there", "extra"))
    with pytest.raises(ModuleNotFoundError, match=r"not_there: pip install 'lamoo\[extra\]'"):
        Settings(solver=absent)
    monkeypatch.setitem(SOLVERS, "cma", replace(SOLVERS["cma"], needs=("not_there", "cma")))
    with pytest.raises(ModuleNotFoundError, match=r"'lamoo\[cma\]'"):
        Settings(solver="cma")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solver_and_its_name_are_the_same(solver, rng):
    history = History(SQUARE.sample(14, rng), rng.random((14, 2)))
    X = [
        suggest(Task(SQUARE, history, Settings(solver=s)), 1, np.random.default_rng(0))
        for s in (solver, pickle.loads(pickle.dumps(SOLVERS[solver])))  # noqa: S301
    ]
    np.testing.assert_array_equal(*X)


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e300, 1.7e308])
@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_no_size_of_values_overflows(solver, size, rng):
    # found by test_any_input: shares of hypervolume, distances to the reference point, directions
    X = rng.random((30, 2))
    Y = size * rng.choice([-1.0, 0.0, 1.0], (30, 3))
    space, history = Space({"x": Float(0, 1), "y": Float(0, 1)}), History(X, Y)
    for point in (None, (-1e300, -1e308, 5e-324)):
        settings = Settings(solver=solver, reference_point=point)
        for seed in range(3):
            x = suggest(Task(space, history, settings), 1, np.random.default_rng(seed))
            assert x.shape == (1, 2)
        assert 0 <= recent_gain(history, 5, settings) <= 1


# ---- Nothing is worth paying for twice --------------------------------------------------------


def alike(x):
    """Two objectives that do not conflict: the front is one point."""
    return [((x - 0.37) ** 2).sum(), np.exp(((x - 0.37) ** 2).sum())]


def nearly_alike(x):
    return [((x - 0.37) ** 2).sum(), ((x - 0.38) ** 2).sum()]


@pytest.mark.parametrize(
    ("solver", "objective"),
    [
        ("gp", alike),
        ("gp", nearly_alike),
        ("gp-fast", nearly_alike),
        ("evolutionary", alike),
        ("cma", nearly_alike),
    ],
)
def test_objectives_that_do_not_conflict_make_no_twins(solver, objective):
    asked = Optimizer(SQUARE, ["minimize"] * 2, Settings(solver=solver))
    for _ in range(30):
        params = asked.ask()
        asked.tell(params, objective(np.array([*params.values()])))
    X = asked.history.X
    apart = np.abs(X[:, None] - X).max(axis=2) + np.eye(len(X))
    assert apart.min() >= distant.TWIN
    if solver.startswith("gp"):  # and the optimum was found before
        assert asked.history.Y[:, 0].min() < 1e-4


def test_a_twin_differs_in_nothing_but_a_little():
    space = Space(
        {"a": Float(0, 1), "n": Integer(0, 4000), "c": Categorical("xy"), "b": Float(0, 1)}
    )
    points = [[0.5, 0.5, 0.25, 0.5], [0.5, 0.5, 0.25, np.nan]]
    history = History(space.snap(np.array(points[:1])), np.zeros((1, 2)))
    x = history.X[0]
    for column, step, twin in [
        (0, 0.9e-3, True),
        (0, -0.9e-3, True),
        (0, 1.1e-3, False),
        (1, 1 / 4001, False),  # another integer
        (2, 0.5, False),
        (3, np.nan, False),
    ]:
        near = x.copy()
        near[column] += step
        assert distant.has_twin(near, space, history) == twin, (column, step)
        pending = History(np.empty((0, 4)), np.empty((0, 2))).with_pending(x)
        assert distant.has_twin(near, space, pending) == twin


def test_where_the_solver_sees_nothing_better_the_emptiest_place_is_tried(rng):
    corner = 0.1 * rng.random((40, 2))
    right = [0.5, 0.0] + [0.5, 1.0] * rng.random((20, 2))
    settings = Settings(solver=Solver(lambda place, _: place.history.X[0] + 1e-5))
    history = History(corner, rng.random((40, 2)))
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 21)] * 2), axis=-1).reshape(-1, 2)
    for _ in range(4):
        x = suggest(Task(SQUARE, history, settings), 1, rng)

        def away(X, tried=history.tried):
            return np.linalg.norm(X[:, None] - tried, axis=2).min(axis=1)

        assert away(x)[0] > 0.8 * away(grid).max()
        history = history.with_pending(x[0])
    # where trials fail, or are infeasible, is no place to learn
    X = np.concatenate([corner, right])
    infeasible = History(X, rng.random((60, 2)), np.repeat([0.0, 1.0], [40, 20])[:, None])
    for poor in (infeasible, History(corner, rng.random((40, 2)), failed=right)):
        assert (suggest(Task(SQUARE, poor, settings), 4, rng)[:, 0] < 0.6).all()


def test_a_lucky_rough_value_does_not_end_the_search_where_it_is(rng):
    history = History(rng.random((20, 2)), 1 + rng.random((20, 2)))
    Y, noise = history.Y.copy(), np.zeros((20, 2))
    Y[0], noise[0] = -5.0, 25.0
    rough = History(history.X, Y, noise=noise)
    front = chosen_path(Task(SQUARE, rough))[0]
    assert not (front.data.dominates[0][1:] > 0).all()
    assert (chosen_path(Task(SQUARE, History(history.X, Y)))[0].data.dominates[0][1:] > 0).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_data_and_noise_stop_no_solver(solver, rng):
    def nan(*shape):
        return np.full(shape, np.nan)

    X, Y = rng.random((12, 2)), rng.random((12, 2))
    part = np.array([[0.1, np.nan], [np.nan, 0.2], [np.inf, np.nan], [np.nan, np.nan]])
    partial = Partial(rng.random((4, 2)), part, nan(4, 0), nan(4, 2))
    noise = np.where(rng.random((12, 2)) < 0.5, np.nan, rng.random((12, 2)))
    noise[:2] = [[0.0, np.inf], [1e300, 1e-300]]
    history = History(X, Y, noise=noise, partial=partial, pending=partial.X[1:3])
    x = suggest(
        Task(SQUARE, history, Settings(solver=solver, n_startup=0)), 3, np.random.default_rng(0)
    )
    assert len(np.unique(x, axis=0)) == 3
    assert not rows_in(x, history.tried).any()
    nothing = History(X[:0], Y[:0], partial=partial)
    assert suggest(Task(SQUARE, nothing, Settings(solver=solver)), 1, rng).shape == (1, 2)


def test_a_reference_point_that_nobody_beats_is_told_in_the_users_words(caplog):
    found = Optimizer(SQUARE, ["minimize", "maximize"], Settings(reference_point=[-1.0, 4.0]))
    with caplog.at_level(logging.WARNING, logger="lamoo"):
        for i in range(23):
            params = found.ask()
            found.tell(params, [params["a"], i / 100])
    (record,) = caplog.records
    assert "(objective 0 <= -1, objective 1 >= 4)" in record.getMessage()


def test_what_is_known_is_asked_of_configurations_that_the_users_program_makes(grammar):
    program = grammar(5)
    kinds = {"choice": lambda *c: Categorical(c), "float": Float, "int": Integer}
    specs = program.specs.items()
    plain = Space({name: kinds[kind](*rest) for name, (kind, *rest) in specs})
    tried, wrong = [], []

    def cost(params):
        made = program.replay(lambda name, _: params[name])
        shown = len({frozenset(each) for each in tried}) > 1
        if shown and made != dict(params):
            wrong.append(params)
        return float(len(params))

    prior = Prior({0: cost}, lambda params: [cost(params)], [lambda params: cost(params) - 50])
    known = prior.bind({0: (0, 1.0)}, plain.decode)
    optimizer = Optimizer(replace(plain, known=known), ["minimize"] * 2, Settings(n_startup=4))
    for _ in range(14):
        asked = optimizer.ask()
        params = program.replay(lambda name, _, asked=asked: asked[name])
        optimizer.tell(params, [cost(params), params["lr"]])
        tried.append(params)
    assert wrong == []


def test_constraints_that_nothing_keeps_are_an_error_that_can_be_sent():
    space = replace(SQUARE, known=Known(violation=lambda X: X[:, 0] + 1))
    with pytest.raises(NothingAllowed, match="known_constraints: no configuration") as caught:
        Optimizer(space, ["minimize"] * 2).ask()
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(again) == str(caught.value)
    assert again.nearest.amount == pytest.approx(1 + again.nearest.x[0])


def test_a_violation_in_truth_values_is_refused():
    space = replace(SQUARE, known=Known(violation=lambda X: X[:, 0] < 0.5))
    with pytest.raises(TypeError, match="violation must return numbers"):
        Optimizer(space, ["minimize"] * 2).ask()


# ------------------------------------------------------------------------------ what can be seen


def test_each_point_has_a_line_and_the_model_phase_begins_once(caplog):
    caplog.set_level(logging.DEBUG, "lamoo")
    optimizer = Optimizer(SQUARE, ["minimize", "maximize"], Settings("evolutionary", 3))
    for _ in range(30):
        params = optimizer.ask()
        optimizer.tell(params, [params["a"], params["a"] - params["b"]])
    told = [r.getMessage() for r in caplog.records if r.levelno == logging.INFO]
    assert len(told) == 1
    assert told[0].startswith("model phase, from 3 results on: solver evolutionary, inferred refer")
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]
    assert [line.startswith(f"after {n} results") for n, line in enumerate(lines)] == [True] * 30
    assert ["start-up" in line for line in lines] == [True] * 3 + [False] * 27
    sizes = [re.search(r"leaf at depth (\d+) of the tree, (\d+) results", line) for line in lines]
    path = chosen_path(Task(SQUARE, optimizer.history.first(29), optimizer._settings))
    assert sizes[-1].groups() == (str(len(path) - 1), str(len(path[-1].members)))


def test_the_log_tells_the_reference_point_in_the_users_directions(caplog):
    caplog.set_level(logging.INFO, "lamoo")
    settings = Settings("random", 2, reference_point=[2.0, -3.0])
    optimizer = Optimizer(SQUARE, ["minimize", "maximize"], settings)
    for _ in range(3):
        params = optimizer.ask()
        optimizer.tell(params, [params["a"], -params["b"]])
    assert caplog.messages[-1].endswith("reference point (objective 0 = 2, objective 1 = -3)")


def test_what_is_logged_changes_no_proposal(caplog):
    def points(level):
        caplog.set_level(level, "lamoo")
        return run(SQUARE, 2, 8, "gp").history.X

    np.testing.assert_array_equal(points(logging.WARNING), points(logging.DEBUG))


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=20))
def test_the_front_is_what_the_definition_says(rows):
    """By brute force over the means of what is feasible."""
    optimizer = Optimizer(Space({"n": Integer(0, 3)}), ["minimize", "maximize"])
    for n, loss, accuracy, broken in rows:
        optimizer.tell({"n": n}, [loss, accuracy], [broken - 2])
    means = {}
    for n in {n for n, *_ in rows}:
        values = np.array([row[1:] for row in rows if row[0] == n], dtype=float).mean(axis=0)
        if values[2] <= 2:
            means[n] = tuple(values[:2].tolist())
    expected = {
        n: (loss, accuracy)
        for n, (loss, accuracy) in means.items()
        if not any(
            a <= loss and b >= accuracy and (a, b) != (loss, accuracy) for a, b in means.values()
        )
    }
    found = {params["n"]: values for params, values in optimizer.front()}
    assert found.keys() == expected.keys()
    for n, values in found.items():
        assert values == pytest.approx(expected[n])


def test_of_nothing_there_is_no_front_and_failures_are_in_none():
    optimizer = loop()
    assert optimizer.front() == []
    optimizer.tell({"a": 0, "b": 0}, None)
    optimizer.tell({"a": 0.5, "b": 0}, [np.inf, 0.0])
    optimizer.tell({"a": 1, "b": 0}, [1.0, 2.0])
    assert optimizer.front() == [({"a": 1.0, "b": 0.0}, (1.0, 2.0))]
