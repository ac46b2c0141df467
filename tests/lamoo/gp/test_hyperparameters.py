"""Hyperparameters: the density that a fit maximises, by definition and by finite differences."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lamoo.gp import hyperparameters
from lamoo.gp.hyperparameters import Hyperparameters, fit

from .test_process import KINDS, data, kernel_matrix


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_the_objective_is_a_finite_difference(kind, rng):
    X, y, categorical, labels = data(kind, 30, rng)
    objective = hyperparameters._Objective(X, y, categorical, labels)
    theta = objective.prior.mean + 0.3 * rng.standard_normal(len(objective.prior.mean))
    gradient = objective(theta)[1]
    steps = 1e-5 * np.eye(len(theta))
    wanted = [(objective(theta + e)[0] - objective(theta - e)[0]) / 2e-5 for e in steps]
    np.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-5)


def test_the_objective_is_the_negative_log_posterior(rng):
    scipy_stats = pytest.importorskip("scipy.stats")
    X, y, categorical, labels = data("mixed", 20, rng)
    objective = hyperparameters._Objective(X, y, categorical, labels)

    def density(theta):
        values = np.exp(theta)
        h = Hyperparameters(values[:7], *values[7:])
        K = kernel_matrix(X, X, "mixed", X, categorical, labels, h) + h.noise * np.eye(20)
        return -scipy_stats.multivariate_normal(np.zeros(20), K).logpdf(y)

    one = objective.prior.mean
    two = one + 0.3 * rng.standard_normal(len(one))
    # up to a constant; the prior's own part by its definition
    excess = two - one
    prior = 0.5 * excess @ objective.prior.precision @ excess
    assert objective(two)[0] - objective(one)[0] == pytest.approx(
        density(two) - density(one) + prior, rel=1e-8
    )


@pytest.mark.parametrize("kind", KINDS)
def test_fit_improves_on_its_starts_and_repeats(kind, rng):
    X, y, categorical, labels = data(kind, 40, rng)
    objective = hyperparameters._Objective(X, y, categorical, labels)
    h = fit(X, y, categorical, alike=labels)
    values = [*h.lengthscales, h.signal, h.noise, h.linear, h.quadratic]
    theta = np.log([v for v in values if v > 0])
    value, gradient = objective(theta)
    assert value < objective(objective.prior.mean)[0]
    low, high = objective.prior.bounds.T
    inner = (theta > low + 1e-6) & (theta < high - 1e-6)
    assert np.abs(gradient[inner]).max() < 0.1  # stationary
    again = fit(X.copy(), y.copy(), categorical, alike=labels)
    np.testing.assert_array_equal(h.lengthscales, again.lengthscales)
    assert (h.signal, h.noise) == (again.signal, again.noise)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_as_probable_as_the_mode_but_for_a_hundredth(kind, rng):
    X, y, categorical, labels = data(kind, 40, rng)
    objective = hyperparameters._Objective(X, y, categorical, labels)
    mode = min(
        minimize(objective, start, jac=True, bounds=objective.prior.bounds, tol=1e-12).fun
        for start in (objective.prior.mean, objective.prior.mean - 0.5)
    )
    h = fit(X, y, categorical, alike=labels)
    values = np.array([*h.lengthscales, h.signal, h.noise, h.linear, h.quadratic])
    assert objective(np.log(values[values > 0]))[0] < mode + 0.01


def test_an_irrelevant_parameter_gets_a_long_length_scale(rng):
    X = rng.random((80, 3))
    y = np.sin(8 * X[:, 0]) + 0.7 * np.cos(5 * X[:, 1])
    h = fit(X, (y - y.mean()) / y.std(), np.zeros(3, dtype=bool))
    assert h.lengthscales[0] < h.lengthscales[1] < h.lengthscales[2]
    assert h.lengthscales[2] > 5 * h.lengthscales[0]
    assert h.noise < 1e-3


def test_the_fit_recovers_the_noise(rng):
    X = rng.random((200, 2))
    y = np.sin(5 * X[:, 0]) + np.cos(4 * X[:, 1])
    y = (y - y.mean()) / y.std() + 0.3 * rng.standard_normal(200)
    h = fit(X, y, np.zeros(2, dtype=bool))
    assert np.sqrt(h.noise) == pytest.approx(0.3, rel=0.2)


def test_the_gradient_knows_the_known_noise(rng):
    X, y, categorical, labels = data("mixed", 20, rng)
    known = rng.exponential(0.3, 20)
    objective = hyperparameters._Objective(X, y, categorical, labels, known)
    theta = objective.prior.mean + 0.1
    slope = objective(theta)[1]
    for j, step in enumerate(1e-5 * np.eye(len(theta))):
        numeric = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-5
        assert slope[j] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_noise_that_is_known_is_not_found_again(rng):
    X = rng.random((60, 1))
    std = np.where(rng.random(60) < 0.5, 0.7, 0.0)
    y = np.sin(6 * X[:, 0]) + std * rng.standard_normal(60)
    told = fit(X, y, np.zeros(1, bool), known=std**2)
    assert told.noise < 0.02 < fit(X, y, np.zeros(1, bool)).noise


def test_scales_are_those_of_a_space_of_as_many_parameters_as_exist_at_a_time(rng):
    # four branches of two parameters each: the prior is that of two dimensions, not of eight
    X = np.full((8, 8), np.nan)
    for i in range(8):
        X[i, 2 * (i % 4) : 2 * (i % 4) + 2] = rng.random(2)
    y = rng.standard_normal(8)
    numbers = np.zeros(8, dtype=bool)
    branched = hyperparameters._Objective(X, y, numbers, None).prior
    flat = hyperparameters._Objective(rng.random((8, 2)), y, numbers[:2], None).prior
    np.testing.assert_array_equal(branched.mean[:8], flat.mean[0])
