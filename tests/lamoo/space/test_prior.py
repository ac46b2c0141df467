"""What is known of points before any evaluation, in the engine."""

import numpy as np
import pytest

from lamoo import (
    Categorical,
    Float,
    History,
    Integer,
    Known,
    Settings,
    Space,
    Task,
    exhausted,
    suggest,
)
from lamoo.gp.acquisition import KnownObjective
from lamoo.gp.ehvi import box_decomposition, log_ehvi, sides_of
from lamoo.gp.inputs import inputs_of
from lamoo.gp.model import learn
from lamoo.gp.transfer import best_points, predictions, relevant
from lamoo.pareto import hypervolume
from lamoo.partition.features import boundary_features
from lamoo.space.answers import vectorized
from lamoo.space.known import total_violation
from lamoo.space.prior import Prior

PARAMETERS = {"a": Float(0, 1), "b": Float(0, 1), "w": Integer(1, 64), "c": Categorical("xyz")}


def cost(X):
    """Return a cost that spans orders of magnitude."""
    return 10 ** (2 * X[:, 0] + X[:, 2]) * (1 + (X[:, 3] > 0.5))


SPACE = Space(
    PARAMETERS,
    known=Known({1: cost}, features=lambda X: np.stack([X[:, 1] ** 2, X[:, 0] * X[:, 1]], axis=1)),
)


def example(n=25, space=SPACE):
    """Return a history of an error and the known cost."""
    X = space.sample(n, np.random.default_rng(5))
    error = (X[:, 0] - 0.3) ** 2 + (X[:, 1] - 0.6) ** 2 - X[:, 2]
    return History(X, np.stack([error, cost(X)], axis=1))


def test_a_known_objective_is_predicted_exactly(rng):
    history, X = example(), SPACE.sample(50, rng)
    process = learn(SPACE, history, rng, None).factors[0].processes[1]
    assert isinstance(process, KnownObjective)
    mean, std = process.predict(inputs_of(SPACE, X))
    np.testing.assert_array_equal(std, 0)
    np.testing.assert_allclose(mean, process.transform(cost(X)), rtol=1e-9, atol=1e-9)
    # and it orders points as their costs do
    np.testing.assert_array_equal(np.argsort(mean), np.argsort(cost(X)))


def test_the_gradient_is_that_of_the_score():
    history = example()
    model = learn(SPACE, history, np.random.default_rng(0), None)
    checked = 0
    for x in SPACE.sample(30, np.random.default_rng(1)):
        value, slope = model.score_gradient(x)
        assert value == pytest.approx(model.score(x[None])[0], rel=1e-6)
        for j in (0, 1):
            if not 0.05 < x[j] < 0.95 or value < -20:  # far off the tails are too steep to compare
                continue
            up, down = x.copy(), x.copy()
            up[j], down[j] = x[j] + 1e-4, x[j] - 1e-4
            difference = (model.score(up[None])[0] - model.score(down[None])[0]) / 2e-4
            assert slope[j] == pytest.approx(difference, rel=0.02, abs=0.02)
            checked += 1
    assert checked > 10


def test_where_every_objective_is_known_the_improvement_is_the_exact_one(rng):
    known = Known({0: lambda X: X[:, 0], 1: lambda X: 1 - X[:, 0] * X[:, 1]})
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, known=known)
    X = space.sample(12, rng)
    Y = np.stack([known.objectives[j](X) for j in (0, 1)], axis=1)
    reference = np.array([1.0, 1.0])
    model = learn(space, History(X, Y), rng, reference)
    new = space.sample(40, rng)
    values = np.stack([known.objectives[j](new) for j in (0, 1)], axis=1)
    before = hypervolume(Y, reference)
    gains = np.array([hypervolume(np.vstack([Y, y]), reference) - before for y in values])
    transforms = [process.transform for process in model.factors[0].processes]
    slopes = [t(np.array([1.0]))[0] - t(np.array([0.0]))[0] for t in transforms]  # they are linear
    better = gains > 1e-6
    assert better.sum() > 3
    np.testing.assert_allclose(
        np.exp(model.score(new))[better], (gains * np.prod(slopes))[better], rtol=1e-4
    )


def test_an_improvement_with_no_uncertainty_has_a_finite_gradient():
    from lamoo.gp.ehvi import log_ehvi_gradient

    front, std = np.array([[0.2, 0.6], [0.5, 0.3]]), np.array([0.1, 0.0])
    sides = sides_of(*box_decomposition(front, np.array([1.0, 1.0])))
    for mean in np.array([[0.4, 0.1], [0.9, 0.9], [0.0, 0.0]]):
        value, dmean, dstd = log_ehvi_gradient(mean, std, sides)
        np.testing.assert_allclose(value, log_ehvi(mean[None], std[None], sides)[0])
        assert np.isfinite(dmean).all()
        assert dstd[1] == 0


def test_start_up_is_spread_over_the_known_cost():
    history = History(np.empty((0, 4)), np.empty((0, 2)))
    settings = Settings(n_startup=8)
    X = suggest(Task(SPACE, history, settings), 8, np.random.default_rng(0))
    everything = np.sort(cost(SPACE.sample(4_000, np.random.default_rng(9))))
    quantiles = np.sort(np.searchsorted(everything, cost(X)) / len(everything))
    assert np.diff(quantiles, prepend=0, append=1).max() < 0.25


def test_known_features_that_are_zero_or_constant_are_finite(rng):
    known = Known({0: lambda X: np.where(X[:, 0] < 0.001, 0.0, 10 ** (4 * X[:, 0]))})
    space = Space({"a": Float(0, 1)}, known=known)
    assert np.isfinite(inputs_of(space, np.array([[0.0], [1.0]]))).all()
    flat = Space({"a": Float(0, 1)}, known=Known(features=lambda X: np.full((len(X), 1), 3.0)))
    assert np.isfinite(inputs_of(flat, flat.sample(5, rng))).all()
    assert np.isfinite(boundary_features(flat, flat.sample(5, rng))).all()


def test_an_exhausted_space_is_recognised():
    space = Space({"i": Integer(0, 2), "c": Categorical("ab")})
    X = space.enumerate()
    Y = np.stack([X[:, 0], -X[:, 0]], axis=1)
    assert exhausted(Task(space, History(X, Y)))
    assert exhausted(Task(space, History(X[:4], Y[:4], pending=X[4:5], failed=X[5:])))
    assert not exhausted(Task(space, History(X[:5], Y[:5])))
    only = Space(space.parameters, known=Known(violation=lambda X: X[:, 0] - 0.4))
    assert exhausted(Task(only, History(X[:2], Y[:2])))
    assert not exhausted(Task(only, History(X[1:], Y[1:])))
    twins = History(X[:3], Y[:3], key=lambda X: np.floor(3 * X[:, 0]).astype(int))
    assert not exhausted(Task(space, twins))
    assert exhausted(Task(space, History(X[::2], Y[::2], key=twins.key)))
    named = Space(space.parameters, known=Known(key=twins.key))  # the same, known by the space
    assert not exhausted(Task(named, History(X[:3], Y[:3])))
    assert exhausted(Task(named, History(X[::2], Y[::2])))
    continuous = Space({"x": Float(0, 1)})
    assert not exhausted(Task(continuous, History(np.array([[0.5]]), np.zeros((1, 2)))))


def test_an_earlier_study_predicts_in_the_new_space(rng):
    space = Space({"a": Float(0, 1), "b": Float(0, 1), "new": Float(0, 1)})
    X = np.column_stack([rng.random((60, 2)), np.full(60, np.nan)])
    Y = np.stack([X[:, 0] + X[:, 1] ** 2, 1 - X[:, 0]], axis=1)
    predict = predictions(space, History(X, Y))
    new = space.sample(80, rng)
    predicted = predict(new)
    truth = np.stack([new[:, 0] + new[:, 1] ** 2, 1 - new[:, 0]], axis=1)
    for j in range(2):
        assert np.corrcoef(predicted[:, j], truth[:, j])[0, 1] > 0.95
    # the parameter that it did not have is of no influence
    other = new.copy()
    other[:, 2] = rng.random(80)
    np.testing.assert_array_equal(predicted, predict(other))


def test_predictions_that_the_observations_do_not_confirm_are_dropped(rng):
    Y = rng.random((40, 2))
    Y[5] = np.inf
    predicted = np.column_stack([Y[:, 1] ** 3, -Y[:, 0], np.ones(40), rng.random((40, 100))])
    predicted[5] = 0.5
    kept = relevant(predicted, Y)
    assert kept[:3].tolist() == [True, True, False]
    assert 0 < kept[3:].sum() < 20  # of a hundred unrelated ones, two tests each at 5 %
    assert relevant(predicted[:10], Y[:10]).all()


def test_a_best_point_that_was_repeated_is_one_of_them_once(rng):
    space = Space({"x": Float(0, 1)})
    X = np.array([[0.1], [0.1], [0.1], [0.5], [0.9]])
    noise = rng.normal(0, 0.01, (5, 2))
    points = best_points(space, History(X, np.column_stack([X, 1 - X]) + noise), 5)
    assert sorted(points.ravel().tolist()) == [0.1, 0.5, 0.9]


def test_its_best_points_are_of_its_front_and_inside_the_space(rng):
    space = Space({"a": Float(0, 1), "new": Float(0, 1)})
    X = np.column_stack([np.linspace(-0.5, 1, 31), np.full(31, np.nan)])
    Y = np.stack([X[:, 0], 1 - X[:, 0]], axis=1)  # all are on the front, a third is outside
    points = best_points(space, History(X, Y), 6)
    assert 1 <= len(points) <= 6
    assert ((points >= 0) & (points <= 1)).all()
    assert np.isin(points[:, 0].round(6), X[:, 0].round(6)).all()
    assert not len(best_points(space, History(X[:0], Y[:0]), 6))


# ------------------------------------------------------------------------ what is unknown


def some_known(unknown, n=25, seed=0):
    """Return a history, and its space where one objective and a feature are unknown for some."""
    values = {0: lambda X: X[:, 0] + 1.0}

    def complete(X):
        return X, ~unknown(X)

    known = Known(objectives=values, features=lambda X: X[:, :2] * 2.0).where(complete)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, known=known)
    X = space.sample(n, np.random.default_rng(seed))
    return History(X, np.column_stack([X[:, 0] + 1.0, (X[:, 1] - X[:, 0]) ** 2])), space


def test_where_it_is_unknown_a_known_objective_is_modelled(rng):
    history, space = some_known(lambda X: X[:, 0] > 0.5)
    acquisition = learn(space, history, rng, None)
    process = acquisition.factors[-1].processes[0]
    X = space.sample(200, rng)
    mean, std = process.predict(inputs_of(space, X))
    exact = process.transform(X[:, 0] + 1.0)
    unknown = X[:, 0] > 0.5
    assert (std[~unknown] == 0).all()
    assert (std[unknown] > 0).all()
    np.testing.assert_allclose(mean, exact, atol=0.2)
    score = acquisition.score(X)
    assert np.isfinite(score).all()
    # the gradient is that of the score, on either side
    for x in X[:8]:
        value, slope = acquisition.score_gradient(x)
        np.testing.assert_allclose(value, acquisition.score(x[None])[0], rtol=1e-6)
        steps = 1e-5 * np.eye(2)
        if np.abs(x - 0.5).min() > 1e-3:
            up, down = acquisition.score(x + steps), acquisition.score(x - steps)
            np.testing.assert_allclose(slope, (up - down) / 2e-5, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random", "cma"])
def test_what_is_unknown_everywhere_is_as_if_nobody_had_told(solver):
    history, space = some_known(lambda X: np.ones(len(X), dtype=bool))
    x = suggest(Task(space, history, Settings(solver=solver)), 2, np.random.default_rng(0))
    assert x.shape == (2, 2)
    assert np.isfinite(x).all()
    assert np.isnan(space.known_features(x)).all()
    start = Task(space, History(np.empty((0, 2)), np.empty((0, 2))), Settings(solver=solver))
    assert np.isfinite(suggest(start, 1, np.random.default_rng(0))).all()


def test_an_unknown_constraint_may_be_kept_and_a_broken_one_is_broken():
    amounts = [np.array([1.0, np.nan, -1.0, np.nan]), np.array([-1.0, 2.0, -3.0, -1.0])]
    np.testing.assert_array_equal(total_violation(amounts), [1.0, 2.0, 0.0, np.nan])
    space = Space({"a": Float(0, 1)}, known=Known(violation=lambda X: total_violation(amounts)))
    assert space.allows(np.zeros((4, 1))).tolist() == [False, False, True, True]


def test_configurations_without_a_key_are_like_no_other():
    prior = Prior(canonical=lambda params: params["b"])
    space = Space({"a": Float(0, 1), "b": Integer(0, 3)})
    key = prior.bind({}, space.decode).key
    X = space.encode([{"a": 0.1}, {"a": 0.2}, {"a": 0.1, "b": 1}, {"a": 0.5, "b": 1}])
    keys = np.concatenate([key(X), key(X)])
    assert keys[2] == keys[3] == keys[6] == keys[7]
    assert len(set(keys.tolist())) == 5


@pytest.mark.parametrize("many", [False, True])
def test_a_key_error_for_what_is_not_there_means_unknown_and_any_other_is_an_error(many):
    space = Space({"a": Integer(0, 9), "b": Integer(0, 9)})
    X = space.encode([{"a": k} if k % 3 else {"a": k, "b": 1} for k in range(10)])

    def asked(read, names=None):
        function = vectorized(lambda rows: [read(p) for p in rows]) if many else read
        return Prior({"size": function}).bind({0: ("size", -1.0)}, space.decode, names)

    found = asked(lambda p: p["a"] + p["b"]).objectives[0](X)
    np.testing.assert_array_equal(found, [-k - 1 if k % 3 == 0 else np.nan for k in range(10)])
    for read, names in (
        (lambda p: {}["table"], ["a", "b"]),  # no parameter of that name
        (lambda p: {}[p["a"]], None),  # no text
        (lambda p: {}["a"], None),  # which is there
    ):
        with pytest.raises(RuntimeError, match=r"known_objectives\['size'\] raised KeyError"):
            asked(read, names).objectives[0](X)
