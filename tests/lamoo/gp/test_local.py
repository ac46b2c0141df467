"""Local models: the order of candidates by definition, and what is learned again."""

import numpy as np
import pytest

from lamoo import History
from lamoo.gp import local
from lamoo.gp.ehvi import box_decomposition, log_ehvi, sides_of
from lamoo.gp.inputs import inputs_of
from lamoo.gp.process import condition


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["float", "integer", "mixed"])
def test_candidates_are_ordered_by_the_acquisition(spaces, make_history, name, m):
    rng = np.random.default_rng([m, *name.encode()])
    history = make_history(spaces[name], 40, m, rng, constraints=m % 2, failed=3)
    near = history.at(np.arange(25))
    learned = local.learn(spaces[name], history, near, 250)
    X, pending = spaces[name].sample(60, rng), spaces[name].sample(4, rng)
    order, acquisition = local.rank(learned, X, pending, 7, None)
    scores = acquisition.score(X)
    assert sorted(order) == list(range(60))
    np.testing.assert_allclose(scores[order], np.sort(scores)[::-1], rtol=1e-5, atol=1e-6)
    assert len(learned.constraints) == m % 2 + 1
    assert len(acquisition.factors) == 2


def test_all_but_the_finalists_are_ordered_by_the_screening(spaces, make_history, rng, monkeypatch):
    history = make_history(spaces["float"], 30, 2, rng)
    learned = local.learn(spaces["float"], history, history, 250)
    X = spaces["float"].sample(90, rng)
    whole, acquisition = local.rank(learned, X, X[:0], 0, None)
    monkeypatch.setattr(local, "FINALISTS", 8)
    order = local.rank(learned, X, X[:0], 0, None)[0]
    # so few on the front that the screening is the criterion
    np.testing.assert_array_equal(acquisition.score(X)[order], acquisition.score(X)[whole])


def test_expected_improvement_is_of_narrowed_deviations(spaces, make_history, rng):
    space = spaces["float"]
    history = make_history(space, 30, 2, rng)
    learned = local.learn(space, history, history, 250)
    X = space.sample(20, rng)
    _, acquisition = local.rank(learned, X, X[:0], 0, None)
    each = [process.predict(inputs_of(space, X)) for process in learned.objectives]
    mean, std = (np.stack(columns, axis=1) for columns in zip(*each, strict=True))
    boxes = sides_of(*box_decomposition(learned.front, learned.inferred(0)))
    np.testing.assert_allclose(acquisition.score(X), log_ehvi(mean, std / 2, boxes), rtol=1e-9)


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize(("name", "shared"), [("float", 3), ("float", 2), ("mixed", 3)])
def test_nothing_is_gained_below_a_floor_that_is_far_away(spaces, rng, m, name, shared):
    """Three values of 0 show it, though no local process learns from them; two do not."""
    space = spaces[name]
    Y = 0.1 + rng.random((30, m))
    Y[:shared, 0] = 0.0
    history = History(space.sample(30, rng), Y)
    learned = local.learn(space, history, history.at(np.arange(shared, 30)), 250)
    X, pending = space.sample(20, rng), space.sample(3, rng)
    criterion = local.rank(learned, X, pending, 0, None)[1].factors[-1].criterion
    at = learned.targets.min(axis=0, keepdims=True)
    below = at - np.eye(1, m)
    certain = np.full((1, m), 1e-6)
    gained = criterion.value(below, certain) - criterion.value(at, certain)
    if name == "float" and shared == 3:
        assert gained == pytest.approx(0.0, abs=1e-4)
    else:
        assert gained > 0.1


def test_what_is_believed_is_what_is_predicted(spaces, make_history, rng):
    space = spaces["float"]
    history = make_history(space, 30, 2, rng)
    learned = local.learn(space, history, history, 250)
    pending = space.sample(5, rng)
    _, processes, believed = local.believe(learned, pending)
    y = learned.transforms[1](history.Y[:, 1])
    anew = condition(
        inputs_of(space, np.concatenate([history.X, pending])),
        np.concatenate([y, believed[:, 1]]),
        space.categorical,
        learned.objectives[1].hyperparameters,
    )
    X = space.sample(20, rng)
    np.testing.assert_allclose(processes[1].predict(X), anew.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["float", "mixed"])
def test_hundreds_are_believed_block_by_block_whatever_is_remembered(
    spaces, make_history, name, rng, monkeypatch
):
    monkeypatch.setattr(local, "BLOCK", 4)
    space = spaces[name]
    history = make_history(space, 30, 2, rng)
    step_by_step = local.learn(space, history, history, 250)
    pending, X = space.sample(13, rng), space.sample(20, rng)
    for k in (*range(14), 9, 13):
        believed = local.believe(step_by_step, pending[:k])
        each = zip(believed.whole, believed.processes, strict=True)
        # all but the last one to four points are remembered
        sizes = [(len(whole._Z) - 30, len(process._Z) - 30) for whole, process in each]
        assert sizes == [(max(k - 1, 0) // 4 * 4, k)] * 2
        at_once = local.learn(space, history, history, 250)
        order, acquisition = local.rank(step_by_step, X, pending[:k], 1, None)
        again, same = local.rank(at_once, X, pending[:k], 1, None)
        np.testing.assert_array_equal(order, again)
        np.testing.assert_array_equal(acquisition.score(X), same.score(X))
    y = step_by_step.transforms[0](history.Y[:, 0])
    anew = condition(
        inputs_of(space, np.concatenate([history.X, pending])),
        np.concatenate([y, believed.means[:, 0]]),
        space.categorical,
        step_by_step.objectives[0].hyperparameters,
        alike=space.alike,
    )
    found, expected = believed.processes[0].predict(X), anew.predict(X)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    # other points are pending now
    other = local.believe(step_by_step, pending[::-1]).processes[0].predict(X)
    np.testing.assert_allclose(other, expected, rtol=1e-5, atol=1e-6)


def test_equal_data_give_the_same_process(spaces, make_history, rng):
    history = make_history(spaces["mixed"], 30, 2, rng)
    again = History(history.X.copy(), history.Y.copy())
    one, other = (local.learn(spaces["mixed"], h, h, 250) for h in (history, again))
    assert one.objectives[0] is other.objectives[0]


def test_until_something_is_feasible_only_feasibility_counts(spaces, make_history, rng):
    space = spaces["float"]
    history = make_history(space, 30, 2, rng)
    history = History(history.X, history.Y, 0.1 + history.X[:, :1])
    X = space.sample(40, rng)
    learned = local.learn(space, history, history, 250)
    order, acquisition = local.rank(learned, X, X[:0], 0, None)
    assert len(acquisition.factors) == 1
    mean, std = learned.constraints[0].predict(X)
    np.testing.assert_array_equal(order, np.argsort(mean / std))
