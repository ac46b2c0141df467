"""How objectives are learned: when it is decided, on what, and what it does not depend on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from lamoo import Categorical, Float, History, Known, Space, pareto
from lamoo.gp import forms, sample, training
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.hyperparameters import fit
from lamoo.gp.inputs import alike_inputs, categorical_inputs, inputs_of
from lamoo.gp.process import condition
from lamoo.gp.sample import FEWEST, objective_process, process_of
from lamoo.gp.training import Values, training_set, transforms_of, values_of
from lamoo.space.schedule import scheduled

SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})
CHOICES = Space({name: Categorical(tuple("uvwxyz")) for name in "abc"})


def history_of(n, seed=0):
    X = SQUARE.sobol(0, n, seed)
    return History(X, np.stack([np.sin(5 * X[:, 0]) + X[:, 1], X[:, 0] ** 2], axis=1))


def same(fits, others):
    """Tell whether fits are equal to the last bit."""
    pairs = zip(fits, others, strict=True)
    return all(
        (a.learn_transform, a.tau) == (b.learn_transform, b.tau)
        and all(
            np.array_equal(value, getattr(b.hyperparameters, name))
            for name, value in vars(a.hyperparameters).items()
        )
        for a, b in pairs
    )


@pytest.mark.parametrize("n", [35, 70])
def test_who_comes_between_two_fits_finds_the_fit_objectives_the_last_one(n, forget):
    history, last = history_of(n), scheduled(n)
    assert last < n
    found = fit_objectives(SQUARE, history)
    forget()
    assert same(found, fit_objectives(SQUARE, history.first(last)))
    assert not same(found, fit_objectives(SQUARE, history.first(last - 8)))


@pytest.mark.parametrize("n", [11, 14, 29])
def test_below_thirty_two_forms_are_chosen_at_every_fifth_observation_and_adjusted(n, forget):
    history = history_of(n)
    found = fit_objectives(SQUARE, history)
    forget()
    chosen = fit_objectives(SQUARE, history.first(n // 5 * 5))
    forms, before = [[(f.learn_transform, f.tau) for f in fits] for fits in (found, chosen)]
    assert forms == before
    assert not same(found, chosen)


def test_half_ranks_are_fitted_only_where_they_could_be_better(forget, monkeypatch):
    starts = []

    def counted(*args, start=None, **options):
        starts.append(start)
        return fit(*args, start=start, **options)

    monkeypatch.setattr(sample, "fit", counted)
    X = SQUARE.sobol(0, 30, 0)
    forget()
    # what is predicted in the right order cannot be predicted better; noise can
    plain, noise = X @ [1.0, 2.0], np.random.default_rng(0).standard_normal(30)
    for y, fits in ((plain, 1), (noise, 2)):
        starts.clear()
        (found,) = fit_objectives(SQUARE, History(X, y[:, None]))
        assert len(starts) == fits
        assert (found.tau + forms.SMOOTH_MARGIN >= 1.0) == (fits == 1)
    assert [start is None for start in starts] == [True, False]


def test_a_known_objective_has_no_fit_wherever_it_stands():
    def known(*columns):
        return replace(SQUARE, known=Known(dict.fromkeys(columns, lambda X: X.sum(axis=1))))

    history = history_of(20)
    turned = History(history.X, history.Y[:, ::-1])
    assert len(fit_objectives(known(0), history)) == 1
    assert same(fit_objectives(known(0), history), fit_objectives(known(1), turned))
    assert not same(fit_objectives(known(0), history), fit_objectives(known(1), history))
    assert fit_objectives(known(0, 1), history) == []


def test_tau_is_that_of_what_all_others_predict():
    history = history_of(16)
    for j, fitted in enumerate(fit_objectives(SQUARE, history)):
        bound = pareto.reference_point(history.Y, of_front=False)[j]
        y = fitted.learn_transform(history.Y[:, j], bound)(history.Y[:, j])
        X = inputs_of(SQUARE, history.X)
        predicted = []
        for i in range(len(X)):
            others = np.arange(len(X)) != i
            process = condition(
                X[others],
                y[others],
                categorical_inputs(SQUARE),
                fitted.hyperparameters,
                alike=alike_inputs(SQUARE),
            )
            predicted.append(process.predict(X[i : i + 1])[0][0])
        assert fitted.tau == pytest.approx(kendalltau(predicted, y).statistic)


def test_units_and_zero_of_an_objective_do_not_matter():
    history = history_of(24)
    other = History(history.X, history.Y * [1e4, 1e-3] - [7.0, 50.0])
    for a, b in zip(fit_objectives(SQUARE, history), fit_objectives(SQUARE, other), strict=True):
        assert a.learn_transform is b.learn_transform
        assert a.tau == pytest.approx(b.tau)


def test_transforms_keep_the_order_of_their_own_objective():
    history = history_of(30)
    learners = [fitted.learn_transform for fitted in fit_objectives(SQUARE, history)]
    targets = training.apply(transforms_of(history, learners), history.Y)
    for j in range(2):
        np.testing.assert_array_equal(np.argsort(targets[:, j]), np.argsort(history.Y[:, j]))


@pytest.mark.parametrize("size", [20, 60])
def test_a_training_set_has_the_best_and_is_no_larger(size, rng):
    X = rng.random((60, 2))
    history = History(X, np.stack([X[:, 0], X[:, 1] ** 2], axis=1), pending=X[:3] / 2)
    chosen = training_set(history, size)
    assert chosen.n == size
    assert not len(chosen.pending)
    rows = {tuple(x) for x in chosen.X.tolist()}
    assert rows <= {tuple(x) for x in X.tolist()}
    front = {tuple(x) for x in X[pareto.nondominated(history.Y)].tolist()}
    assert 1 < len(front) < size / 2
    assert front <= rows


@pytest.mark.parametrize(
    ("space", "n", "drawn_in"),
    [(CHOICES, FEWEST - 1, False), (CHOICES, 20, True), (SQUARE, 20, False)],
)
def test_what_surprises_is_drawn_in_where_nothing_is_smooth_and_enough_is_seen(space, n, drawn_in):
    rng = np.random.default_rng(0)
    X = space.sample(n, rng)
    inputs, y = inputs_of(space, X), X.sum(axis=1)
    hyperparameters = sample.fit_to(inputs, y, space)
    y[-1] += 1000.0
    ours = objective_process(
        inputs, Values(np.arange(n), y, np.zeros(n)), space, hyperparameters
    ).predict(inputs)[0]
    plain = process_of(inputs, y, space, hyperparameters).predict(inputs)[0]
    assert (np.abs(ours - plain).max() > 1) == drawn_in
    if drawn_in:  # only what is worse than expected
        assert ours[-1] < plain[-1]


def test_values_are_those_that_are_there():
    Y = np.array([[1.0, 2.0], [np.inf, 3.0], [4.0, 5.0]])
    first, second = values_of(History(SQUARE.sobol(0, 3, 0), Y))
    assert first.rows.tolist() == second.rows.tolist() == [0, 1, 2]
    assert np.isfinite(first.y).all()
    assert first.y.argmax() == 1
    np.testing.assert_array_equal(second.y, Y[:, 1])
