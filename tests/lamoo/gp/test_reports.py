"""Trainings that were stopped: what is learned of them, by brute force and closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from lamoo import Float, History, Integer, Settings, Space, Task, pareto, suggest
from lamoo.curves import Curve, Curves
from lamoo.gp.acquisition import AtTheEnd, predict
from lamoo.gp.feasibility import constraint_processes
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.model import _believe, _learn_objectives, learn
from lamoo.gp.process import condition
from lamoo.gp.reference_point import (
    Expectation,
    _with_expected_ends,
    current_ref_point,
    inferred_ref_point,
)
from lamoo.gp.reports import MOST, reports_of
from lamoo.gp.training import MAX_TRAINING, apply, training_set
from lamoo.space.known import Known
from lamoo.space.partial import Partial

SPACE = Space({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)})
STEPS = 27


def curve_of(x, until=STEPS, rng=None):
    """Return a curve of two objectives: an error that falls, the faster the larger b, and a size.

    In the end the error is (a - .3)^2.
    """
    steps = np.arange(1.0, STEPS + 1)
    gap = steps ** -(0.5 + x[1]) - STEPS ** -(0.5 + x[1])
    noise = 0.0 if rng is None else 0.01 * rng.standard_normal(STEPS) * (gap > 0)
    values = np.column_stack([(x[0] - 0.3) ** 2 + gap + noise, np.full(STEPS, 1 - x[0])])
    return Curve(steps[:until], values[:until], values[-1] if until == STEPS else None)


def studied(n, stopped, rng, until=3):
    """Return a history of n complete trainings and others that were stopped at a step."""
    X = rng.random((n + stopped, 2))
    curves = [curve_of(x, STEPS if i < n else until) for i, x in enumerate(X)]
    unknown = np.full((stopped, 2), np.nan)
    return History(
        X[:n],
        np.array([curve.final for curve in curves[:n]]),
        partial=Partial(X[n:], unknown, np.empty((stopped, 0)), unknown, Curves.of(curves[n:], 2)),
        curves=Curves.of(curves[:n], 2),
    )


def model_of(history, space=SPACE):
    clean = Task(space, history).cleaned
    return _learn_objectives(space, clean, training_set(clean), MAX_TRAINING)


def test_the_last_report_and_those_at_a_third_and_a_ninth_are_learned(rng):
    history = studied(4, 5, rng, until=9)
    found = reports_of(history, room=1000)
    expected = []
    for i in range(9):
        curve = curve_of(history.X[i] if i < 4 else history.partial.X[i - 4])
        for step in (9, 3, 1):
            row = curve.values[step - 1]
            expected.append((i, np.log(step) / np.log(STEPS), *row))
    order = np.lexsort((-found.step, found.rows))
    given = np.column_stack([found.rows, found.step, found.Y])[order]
    np.testing.assert_allclose(given, expected)


def test_of_little_room_the_last_reports_are_kept(rng):
    history = studied(4, 5, rng, until=9)
    counts = [len(reports_of(history, room).rows) for room in (27, 26, 17, 8, 0)]
    assert counts == [9 * MOST, 18, 9, 5, 5]
    assert reports_of(studied(4, 0, rng), room=100) is None


def test_steps_are_counted_from_the_first_and_up_to_each_ones_last(rng):
    steps = [np.array([10.0, 20.0, 30.0]), np.array([10.0, 40.0, 70.0, 100.0])]
    curves = [Curve(s, np.column_stack([s, s])) for s in steps]
    short = Curve(np.array([10.0, 20.0]), np.ones((2, 2)))
    X = rng.random((3, 2))
    unknown = np.full((1, 2), np.nan)
    history = History(
        X[:2],
        np.zeros((2, 2)),
        partial=Partial(X[2:], unknown, np.empty((1, 0)), unknown, Curves.of([short], 2)),
        curves=Curves.of([replace(c, final=np.zeros(2)) for c in curves], 2),
    )
    found = reports_of(history, room=100)
    mine = found.step[found.rows == 2]  # the longest has 91 steps from the first one on
    np.testing.assert_allclose(np.sort(mine), [0.0, np.log(11) / np.log(91)])
    own = found.step[found.rows == 0]  # 21 steps, of which a third and a ninth are at the first
    np.testing.assert_allclose(own, [0.0])


def test_left_out_blocks_are_predicted_from_all_others(rng):
    X, y = rng.random((20, 3)), rng.standard_normal(20)
    together = rng.integers(0, 7, size=20)
    h = Hyperparameters(np.full(3, 0.7), 1.0, 0.05, 0.3, 0.2)
    categorical = np.zeros(3, dtype=bool)
    process = condition(X, y, categorical, h)
    expected = np.empty(20)
    for label in range(7):
        mine = together == label
        others = condition(X[~mine], y[~mine], categorical, h)
        expected[mine] = others.predict(X[mine])[0]
    np.testing.assert_allclose(process.left_out(y, together), expected, atol=1e-9)
    np.testing.assert_allclose(process.left_out(y, np.arange(20)), process.left_out(y))


def test_gradients_at_the_end_are_differences(rng):
    X, y = rng.random((12, 3)), rng.standard_normal(12)
    h = Hyperparameters(np.full(3, 0.7), 1.0, 0.05, 0.3, 0.2)
    process = AtTheEnd(condition(X, y, np.zeros(3, dtype=bool), h))
    x, step = rng.random(2), 1e-6
    mean, std, dmean, dstd = process.predict_gradient(x)
    np.testing.assert_allclose(process.predict(x[None]), [[mean], [std]])
    for j in range(2):
        up, down = (process.predict((x + s * np.eye(2)[j])[None]) for s in (step, -step))
        assert dmean[j] == pytest.approx((up[0] - down[0])[0] / (2 * step), abs=1e-5)
        assert dstd[j] == pytest.approx((up[1] - down[1])[0] / (2 * step), abs=1e-5)


@pytest.mark.parametrize("until", [1, 3, 9])
def test_left_out_curves_end_where_is_predicted(rng, until):
    """What stopped trainings would have become, against all others' final values alone."""
    history = studied(6, 40, rng, until)
    truth = (history.partial.X[:, 0] - 0.3) ** 2
    learned = model_of(history)
    alone = model_of(replace(history, partial=studied(1, 0, rng).partial))
    assert isinstance(learned.processes[0], AtTheEnd)

    def error(model):
        mean, std = (values[:, 0] for values in predict(model.processes, history.partial.X))
        target = model.transforms[0](truth)
        scale = model.transforms[0](np.array([0.0, 0.1]))
        return np.abs(mean - target).mean() / np.ptp(scale), np.abs(mean - target) / std

    (with_reports, deviations), (without, _) = error(learned), error(alone)
    assert with_reports < 0.7 * without
    assert np.median(deviations) < 2


def test_what_does_not_change_with_steps_is_exact(rng):
    history = Task(SPACE, studied(5, 20, rng, until=1)).cleaned
    np.testing.assert_array_equal(history.partial.Y[:, 1], 1 - history.partial.X[:, 0])
    assert np.isnan(history.partial.Y[:, 0]).all()
    size = model_of(history).processes[1]
    assert not isinstance(size, AtTheEnd)
    mean, _ = size.predict(history.partial.X)
    order = np.argsort(history.partial.X[:, 0])
    assert (np.diff(mean[order]) < 0).all()


def test_reports_of_trainings_that_all_ended_change_nothing(rng):
    history = studied(14, 0, rng)
    plain = replace(history, curves=None)
    for seed in range(3):
        with_reports, without = (
            suggest(Task(SPACE, h), 2, np.random.default_rng(seed)) for h in (history, plain)
        )
        np.testing.assert_array_equal(with_reports, without)


def test_the_order_of_stopped_trainings_does_not_matter(rng):
    history = studied(8, 16, rng)
    shuffled = replace(history, partial=history.partial.at(rng.permutation(16)))
    U = rng.random((50, 2))
    for mine, other in zip(
        predict(model_of(history).processes, U),
        predict(model_of(shuffled).processes, U),
        strict=True,
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-3)


def test_stopped_trainings_are_tried_and_nobodys_result(rng):
    """Also where what they reported is better than all that ended."""
    history = studied(8, 16, rng)
    better = replace(history.partial.curves, values=history.partial.curves.values - 5.0)
    lucky = replace(history, partial=replace(history.partial, curves=better))
    assert len(lucky.stopped) == 16
    assert len(lucky.tried) == 24
    assert not len(lucky.open)
    chosen = Task(SPACE, lucky).cleaned
    assert chosen.n == 8
    np.testing.assert_array_equal(chosen.means, history.means)
    x = suggest(Task(SPACE, lucky), 5, rng)
    assert not (np.abs(x[:, None] - lucky.tried).max(axis=2) == 0).any()


@pytest.mark.parametrize(("ended", "stopped"), [(2, 3), (1, 12)])
def test_the_start_lasts_until_enough_were_trained_and_two_ended(ended, stopped, rng):
    """With three trials to start, six trainings."""
    history = studied(ended, stopped, rng)
    x = suggest(Task(SPACE, history, Settings(n_startup=3)), 1, rng)
    np.testing.assert_allclose(x[0], SPACE.sobol(ended + stopped, 8, 0)[0])
    enough = studied(2, 4, rng)
    x = suggest(Task(SPACE, enough, Settings(n_startup=3)), 1, rng)
    assert not np.allclose(x[0], SPACE.sobol(6, 8, 0)[0])


def test_running_trainings_inform_and_are_believed(rng):
    history = studied(8, 6, rng)
    x = np.array([0.95, 0.9])
    silent = replace(history, pending=x[None])
    partial, unknown = history.partial, np.full((1, 2), np.nan)
    told = replace(
        silent,
        partial=Partial(
            np.vstack([partial.X, x]),
            np.vstack([partial.Y, unknown]),
            np.empty((7, 0)),
            np.vstack([partial.noise, unknown]),
            partial.curves.and_of(Curves.of([curve_of(x, 9)], 2)),
        ),
    )
    assert len(told.open) == len(told.pending) == 1
    assert len(told.tried) == len(silent.tried)
    models = [model_of(h) for h in (silent, told)]
    before, after = (predict(model.processes, x[None])[1][0, 0] for model in models)
    assert after < before  # more data, the same hyperparameters
    clean = Task(SPACE, told).cleaned
    processes, believed = _believe(models[1], SPACE, training_set(clean), clean.open)
    mean, std = predict(processes, x[None])
    np.testing.assert_allclose(mean, believed, atol=0.01)
    assert std[0, 0] < 0.5 * after


def test_reports_that_say_nothing_of_the_end_are_left_out(rng):
    """Errors that were reported at random: final values are predicted better without them."""
    history = studied(24, 24, rng)

    def scrambled(curves):
        noise = rng.standard_normal(curves.values.shape) * 10
        return replace(curves, values=noise)

    history = replace(
        history,
        curves=scrambled(history.curves),
        partial=replace(history.partial, curves=scrambled(history.partial.curves)),
    )
    assert not isinstance(model_of(history).processes[0], AtTheEnd)


def test_infinite_reports_are_no_measurements(rng):
    history = studied(8, 8, rng)
    curves = history.partial.curves
    values = curves.values.copy()
    values[curves.begins[3:5]] = np.inf
    spoiled = replace(
        history, partial=replace(history.partial, curves=replace(curves, values=values))
    )
    mean, std = predict(model_of(spoiled).processes, rng.random((9, 2)))
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()


def outer(rng, stopped):
    """Return a history of the front from a = .3 to 1, of which only what is beyond .8 ended."""
    history = studied(8, stopped, rng)
    inner = np.column_stack([rng.uniform(0.1, 0.7, stopped), rng.random(stopped)])
    X = np.column_stack([rng.uniform(0.8, 1, 8), rng.random(8)])
    curves = [curve_of(x, 9) for x in inner]
    return replace(
        history,
        X=X,
        Y=np.array([curve_of(x).final for x in X]),
        partial=replace(history.partial, X=inner, curves=Curves.of(curves, 2)),
        curves=Curves.of([curve_of(x) for x in X], 2),
    )


def test_where_all_trainings_were_stopped_hypervolume_is_gained(rng):
    grid = SPACE.sobol(0, 256, 0)
    inside = (0.3 < grid[:, 0]) & (grid[:, 0] < 0.7)

    def worse(stopped, reference=None, *, running=False):
        """Return by how much, in logs, the front's inside promises less than all else."""
        history = outer(rng, stopped)
        history = replace(history, pending=history.partial.X) if running else history
        clean = Task(SPACE, history).cleaned
        score = learn(SPACE, clean, rng, reference).score(grid)
        return score.max() - score[inside].max()

    assert worse(6) < 1
    # near and far reference points take turns, and one that is given is taken as it is
    assert worse(7) > 20
    assert worse(6, np.array([curve_of([0.8, 0.0]).final[0], 0.2])) > 20
    # nor does it change where trainings go on, and nobody was stopped
    assert worse(6, running=True) > 10


def expecting(processes, constraints=()):
    """Return what processes expect of points of SPACE, or of another with two numbers."""
    return Expectation(
        lambda X: predict(processes, X)[0],
        (lambda X: predict(constraints, X)[0]) if constraints else None,
    )


def test_the_far_reference_point_lies_behind_the_front_that_is_expected(rng):
    steps = Space({"a": Integer(0, 30), "b": Integer(0, 30)})
    for space in (SPACE, steps):  # random points, and all of them
        clean = Task(space, outer(rng, 6)).cleaned
        model, feasible = model_of(clean, space), clean.violation == 0
        targets = apply(model.transforms, clean.judged)[feasible]
        as_results_say = inferred_ref_point(targets, np.zeros(8), 14)
        told = targets, np.zeros(8), expecting(model.processes)
        found = current_ref_point(space, clean, *told)
        X = steps.enumerate()
        front = predict(model.processes, X)[0]
        front = front[pareto.nondominated(front)]
        assert (front < found).all(axis=1).mean() > 0.99
        assert (front < as_results_say).all(axis=1).mean() < 0.8
        assert (found >= as_results_say).all()
        # 10 % behind it, where all points were looked at
        if space is steps:
            both = np.concatenate([front, targets])
            both = both[pareto.nondominated(both)]
            behind = both.max(axis=0) + 0.1 * np.ptp(both, axis=0)
            np.testing.assert_allclose(found, np.maximum(behind, as_results_say))
        # not at the other turn, nor where nobody was stopped
        near = current_ref_point(space, Task(space, outer(rng, 7)).cleaned, *told)
        np.testing.assert_array_equal(near, inferred_ref_point(targets, np.zeros(8), 15))
        running = replace(clean, pending=clean.partial.X)
        found = current_ref_point(space, running, *told)
        np.testing.assert_array_equal(found, as_results_say)


def test_nothing_is_expected_where_nothing_is_allowed(rng):
    clean = Task(SPACE, outer(rng, 6)).cleaned
    model = model_of(clean)
    targets = apply(model.transforms, clean.judged)
    shut = replace(SPACE, known=Known(violation=lambda X: np.ones(len(X))))
    found = current_ref_point(shut, clean, targets, clean.violation, expecting(model.processes))
    np.testing.assert_array_equal(found, inferred_ref_point(targets, clean.violation, 14))


def test_the_front_that_is_expected_is_feasible(rng):
    """The front is from a = .3 on; below .6 a constraint is broken."""
    history = outer(rng, 16)
    partial = replace(history.partial, G=0.6 - history.partial.X[:, :1])
    history = replace(history, G=0.6 - history.X[:, :1], partial=partial)
    clean = Task(SPACE, history).cleaned
    model = model_of(clean)
    constraints = constraint_processes(SPACE, clean, training_set(clean), MAX_TRAINING)
    targets = apply(model.transforms, clean.judged)

    def behind(*constraints):
        expect = expecting(model.processes, constraints)
        return _with_expected_ends(targets.min(axis=0), targets, SPACE, expect)  # of no matter

    found = behind(*constraints)
    X = SPACE.sample(1024, np.random.default_rng(0))
    kept = X[predict(constraints, X)[0][:, 0] <= 0]
    assert kept[:, 0].min() > 0.55
    expected = np.concatenate([targets, predict(model.processes, kept)[0]])
    np.testing.assert_allclose(found, pareto.reference_point(expected, of_front=True))
    # the size at a = .3 is beyond what is feasible
    assert behind()[1] > found[1] + 0.1
