"""The Gaussian process: by definition, against GPyTorch, by finite differences and properties."""

import dataclasses
import warnings

import numpy as np
import pytest

from lamoo.gp import embedding, hyperparameters
from lamoo.gp import process as gp_process
from lamoo.gp.hyperparameters import Hyperparameters, fit
from lamoo.gp.process import condition

KINDS = ["numbers", "choices", "alike", "mixed", "many"]


def data(kind, n, rng):
    """Return points, values, the categorical mask and labels of parameters alike.

    `mixed` has inactive numbers and choices; so have `alike` inactive choices, and `many`, where
    they have 40 values, each of which occurs.
    """
    d = 6
    X = rng.random((n, d))
    categorical = np.full(d, kind in ("choices", "alike", "many"))
    labels = None
    if kind == "mixed":
        categorical[[0, 2, 3, 5]] = True
        labels = np.array([4, 0, 4, 4, 0, 2])
    if kind in ("alike", "many"):
        labels = np.zeros(d, dtype=int)
    levels = 40 if kind == "many" else 4
    X[:, categorical] = (np.floor(X[:, categorical] * levels) + 0.5) / levels
    if kind in ("mixed", "alike", "many"):
        X[rng.random(n) < 0.3, 2] = np.nan
    if kind == "mixed":
        X[rng.random(n) < 0.3, 4] = np.nan
    if kind == "many":
        X.flat[:levels] = (np.arange(min(levels, X.size)) + 0.5) / levels
    y = np.nansum(np.sin(4 * X), axis=1) + 0.1 * rng.standard_normal(n)
    return X, (y - y.mean()) / y.std(), categorical, labels


def guess(kind, rng):
    """Return arbitrary hyperparameters for :func:`data`."""
    groups = kind in ("mixed", "alike", "many")
    numbers = kind in ("mixed", "numbers")
    return Hyperparameters(
        0.5 + rng.random(6 + groups), 1.3, 0.02, 0.4 if groups or numbers else 0.0, 0.3 * numbers
    )


def counts(x, group):
    """Return how many of a group's parameters have each value, as a dictionary."""
    values = [-1.0 if np.isnan(x[j]) else x[j] for j in group]
    return {v: values.count(v) for v in values}


def kernel(a, b, categorical, labels, h, levels):
    """Return the covariance of two points, pair by pair, as the documentation says."""
    squared = linear = quadratic = 0.0
    for j, (s, t) in enumerate(zip(a, b, strict=True)):
        same = s == t or (np.isnan(s) and np.isnan(t))
        if categorical[j]:
            distance = 0.0 if same else 1.0
        else:
            flags = 0.25 * (np.isnan(s) != np.isnan(t))
            u, v = np.nan_to_num([s - 0.5, t - 0.5])
            distance = (u - v) ** 2 + flags
            linear += u * v
            quadratic += u**2 * v**2
        squared += distance / h.lengthscales[j] ** 2
    for i, group in enumerate(labels):
        mean = len(group) / levels
        one, two = counts(a, group), counts(b, group)
        # an unused choice counts 0
        rest = levels - len({*one, *two})
        gaps = sum((one.get(v, 0) - two.get(v, 0)) ** 2 for v in {*one, *two})
        product = sum((one.get(v, 0) - mean) * (two.get(v, 0) - mean) for v in {*one, *two})
        product += rest * mean**2
        squared += gaps / (2 * len(group)) / h.lengthscales[len(a) + i] ** 2
        linear += product / (2 * len(group))
    r = np.sqrt(5 * squared)
    matern = (1 + r + r * r / 3) * np.exp(-r)
    return h.signal * matern + h.linear * linear + h.quadratic * quadratic


def kernel_matrix(A, B, kind, X, categorical, labels, h):
    groups = [] if labels is None else [np.flatnonzero(categorical & (labels == labels[0]))]
    # values observed by the group, being inactive among them
    levels = len({v for x in X for v in counts(x, groups[0])}) if groups else 0
    return np.array([[kernel(a, b, categorical, groups, h, levels) for b in B] for a in A])


@pytest.mark.parametrize("kind", KINDS)
def test_posterior_is_the_textbooks(kind, rng):
    X, y, categorical, labels = data(kind, 25, rng)
    T = data(kind, 8, rng)[0]
    h = guess(kind, rng)
    gp = condition(X, y, categorical, h, alike=labels)
    mean, std = gp.predict(T)
    K, k, prior = (
        kernel_matrix(A, B, kind, X, categorical, labels, h) for A, B in ((X, X), (T, X), (T, T))
    )
    K += h.noise * np.eye(len(K))
    np.testing.assert_allclose(mean, k @ np.linalg.solve(K, y), atol=1e-9)
    variance = np.diag(prior - k @ np.linalg.solve(K, k.T))
    np.testing.assert_allclose(std**2, variance, atol=1e-9)


def test_posterior_is_gpytorchs(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
        gpytorch = pytest.importorskip("gpytorch")
        from gpytorch.kernels import LinearKernel, MaternKernel, ScaleKernel

        X, y, categorical, _ = data("numbers", 30, rng)
        T = rng.random((10, 6))
        h = guess("numbers", rng)

        def features(A):
            return torch.tensor(np.hstack([A - 0.5, (A - 0.5) ** 2]))

        class Twin(gpytorch.models.ExactGP):
            def __init__(self, x, y, likelihood):
                super().__init__(x, y, likelihood)
                self.mean_module = gpytorch.means.ZeroMean()
                first, last = tuple(range(6)), tuple(range(6, 12))
                local = ScaleKernel(MaternKernel(2.5, ard_num_dims=6, active_dims=first))
                linear, quadratic = LinearKernel(active_dims=first), LinearKernel(active_dims=last)
                self.covar_module = local + linear + quadratic

            def forward(self, x):
                return gpytorch.distributions.MultivariateNormal(
                    self.mean_module(x), self.covar_module(x)
                )

        likelihood = gpytorch.likelihoods.GaussianLikelihood()
        twin = Twin(features(X), torch.tensor(y), likelihood).double().eval()
        local, linear, quadratic = twin.covar_module.kernels
        local.base_kernel.lengthscale, local.outputscale = torch.tensor(h.lengthscales), h.signal
        linear.variance, quadratic.variance = h.linear, h.quadratic
        likelihood.noise = h.noise
        with torch.no_grad(), gpytorch.settings.fast_computations(False, False, False):
            posterior = twin(features(T))
            wanted = posterior.mean.numpy(), posterior.stddev.numpy()
    mean, std = condition(X, y, categorical, h).predict(T)
    np.testing.assert_allclose(mean, wanted[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(std, wanted[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_codes_of_choices_tell_what_their_one_hot_features_do(kind, rng, monkeypatch):
    X, y, categorical, labels = data(kind, 60, rng)
    T = np.concatenate([X[:5], X[rng.integers(60, size=(20, 6)), np.arange(6)]])
    results = []
    for many in (1, 60):
        monkeypatch.setattr(embedding, "_MANY", many)
        h = fit(X, y, categorical, alike=labels)
        gp = condition(X, y, categorical, h, alike=labels)
        grown = gp.believing(T[5:9])
        found = [np.array([h.signal, h.noise]), h.lengthscales, *gp.predict(T), *grown.predict(T)]
        results.append([*found, grown.std(gp.at(T)), *grown.predict_gradient(T[7])[2:]])
        assert (len(gp._scaled.weights) > 0) == (many == 1)
    for coded, onehot in zip(*results, strict=True):
        np.testing.assert_allclose(coded, onehot, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_predictions_are_finite_differences(kind, rng):
    X, y, categorical, labels = data(kind, 30, rng)
    gp = condition(X, y, categorical, guess(kind, rng), alike=labels)
    T = data(kind, 5, rng)[0]
    each = [gp.predict_gradient(x) for x in T]
    mean, std, dmean, dstd = map(np.array, zip(*each, strict=True))
    np.testing.assert_allclose([mean, std], gp.predict(T), rtol=1e-9)
    step = 1e-5
    for j in range(6):
        if categorical[j]:
            assert not dmean[:, j].any()
            assert not dstd[:, j].any()
            continue
        e = step * np.eye(6)[j]
        ahead, behind = gp.predict(T + e), gp.predict(T - e)
        np.testing.assert_allclose(dmean[:, j], (ahead[0] - behind[0]) / (2 * step), atol=1e-6)
        np.testing.assert_allclose(dstd[:, j], (ahead[1] - behind[1]) / (2 * step), atol=1e-6)
        assert not dmean[np.isnan(T[:, j]), j].any()


@pytest.mark.parametrize(
    "chains", [((0, 1, 2, 3, 4, 5, 6),), ((0, 2, 4, 6), (1, 3, 5)), ((5, 1, 3),)]
)
def test_increments_count_by_their_sums(chains, rng):
    """A process of increments is one of their sums, which are computed here by definition."""
    X, T, d = rng.random((25, 7)), rng.random((6, 7)), 7
    y, numbers = rng.standard_normal(25), np.zeros(d, bool)
    h = Hyperparameters(0.5 + rng.random(d), 1.3, 0.02, 0.4, 0.3)

    def sums(X):
        out = X.copy()
        for chain in chains:
            for k, j in enumerate(chain):
                led = sum(X[:, i] - 0.5 for i in chain[: k + 1])
                out[:, j] = 0.5 + led / np.sqrt(len(chain) / 2)
        return out

    steps = condition(X, y, numbers, dataclasses.replace(h, chains=chains))
    places = condition(sums(X), y, numbers, h)
    np.testing.assert_allclose(steps.predict(T), places.predict(sums(T)), rtol=1e-9)
    believing = steps.believing(X[:2] / 2), places.believing(sums(X[:2] / 2))
    np.testing.assert_allclose(believing[0].predict(T), believing[1].predict(sums(T)), rtol=1e-8)
    _, _, dmean, dstd = steps.predict_gradient(T[0])
    step = 1e-5 * np.eye(d)
    ahead, behind = np.array(steps.predict(T[0] + step)), np.array(steps.predict(T[0] - step))
    np.testing.assert_allclose([dmean, dstd], (ahead - behind) / 2e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_it_interpolates(kind, rng):
    X, y, categorical, labels = data(kind, 20, rng)
    h = guess(kind, rng)
    h = Hyperparameters(h.lengthscales, h.signal, 1e-9, h.linear, h.quadratic)
    mean, std = condition(X, y, categorical, h, alike=labels).predict(X)
    np.testing.assert_allclose(mean, y, atol=1e-5)
    assert std.max() < 1e-3


def test_far_away_the_prior_returns(rng):
    X, y, categorical, _ = data("choices", 20, rng)
    h = Hyperparameters(np.full(6, 0.05), 1.7, 0.01, 0.0, 0.0)
    mean, std = condition(X, y, categorical, h).predict(np.full((1, 6), 0.99))
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    np.testing.assert_allclose(std**2, 1.7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.05, 1.0, 50.0])
def test_kernels_are_positive_semidefinite(kind, scale, rng):
    # inactive values included; one block of the joint posterior of data and new points
    X, _, categorical, labels = data(kind, 40, rng)
    h = guess(kind, rng)
    h = Hyperparameters(scale * h.lengthscales, h.signal, h.noise, h.linear, h.quadratic)
    K = kernel_matrix(X, X, kind, X, categorical, labels, h)
    assert np.linalg.eigvalsh(K).min() > -1e-9


def test_a_trend_extrapolates(rng):
    # 30 parameters, 40 points in one corner: a plain process would return to its mean
    X = 0.5 * rng.random((40, 30))
    T = 0.5 + 0.5 * rng.random((50, 30))
    w = rng.standard_normal(30)
    y = X @ w
    shift, scale = y.mean(), y.std()
    categorical = np.zeros(30, dtype=bool)
    gp = condition(X, (y - shift) / scale, categorical, fit(X, (y - shift) / scale, categorical))
    assert np.corrcoef(gp.predict(T)[0], T @ w)[0, 1] > 0.9


def test_counts_predict_what_was_never_seen(rng):
    # the value depends on how often a choice is used, wherever it is used
    X = (rng.integers(0, 4, (20, 8)) + 0.5) / 4
    T = (rng.integers(0, 4, (200, 8)) + 0.5) / 4

    def cost(A):
        return np.array([0.0, 1.0, 3.0, 10.0])[np.floor(A * 4).astype(int)].sum(axis=1)

    y = (cost(X) - cost(X).mean()) / cost(X).std()
    categorical = np.ones(8, dtype=bool)

    def skill(labels):
        h = fit(X, y, categorical, alike=labels)
        mean, _ = condition(X, y, categorical, h, alike=labels).predict(T)
        return np.corrcoef(mean, cost(T))[0, 1]

    assert skill(np.zeros(8, dtype=int)) > 0.99
    assert skill(None) < 0.9


def test_only_three_or_more_categorical_parameters_are_counted(rng):
    X, y, categorical, _ = data("mixed", 15, rng)  # columns 1 and 4 are numbers
    for labels, groups in (([0, 0, 0, 1, 0, 1], 0), ([0, 0, 0, 0, 0, -1], 1), ([-1] * 6, 0)):
        h = fit(X, y, categorical, alike=np.array(labels))
        assert len(h.lengthscales) == 6 + groups


def test_unseen_choices_are_as_far_as_any_other(rng):
    X = np.array([[0.125, 0.5], [0.375, 0.5], [0.125, 0.2]])
    categorical = np.array([True, False])
    h = Hyperparameters(np.array([0.8, 1.0]), 1.0, 1e-6, 0.0, 0.0)
    gp = condition(X[:1], np.ones(1), categorical, h)
    seen = condition(X, np.ones(3), categorical, h)
    # one choice away from the only observation, observed elsewhere or not
    assert gp.predict(np.array([[0.625, 0.5]]))[0] == gp.predict(np.array([[0.875, 0.5]]))[0]
    r = np.sqrt(5) / 0.8
    wanted = (1 + r + r * r / 3) * np.exp(-r)
    assert gp.predict(np.array([[0.625, 0.5]]))[0][0] == pytest.approx(wanted, rel=1e-5)
    assert seen.predict(np.array([[0.625, 0.5]]))[1][0] > seen.predict(X)[1].max()


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_almost_no_data(n, kind, rng):
    X, _, categorical, labels = data(kind, 5, rng)
    y = np.zeros(n)
    h = fit(X[:n], y, categorical, alike=labels)
    mean, std = condition(X[:n], y, categorical, h, alike=labels).predict(X)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    assert np.isfinite(std).all()


def test_repeated_points_are_survived_by_jitter(rng):
    X = np.repeat(rng.random((3, 2)), 20, axis=0)
    y = np.repeat(rng.standard_normal(3), 20)
    h = Hyperparameters(np.full(2, 3.0), 1.0, 0.0, 0.0, 0.0)
    mean, std = condition(X, y, np.zeros(2, dtype=bool), h).predict(X)
    np.testing.assert_allclose(mean, y, atol=1e-3)
    assert np.isfinite(std).all()


def test_hopeless_matrices_raise():
    h = Hyperparameters(np.ones(1), np.nan, 1e-3, 0.0, 0.0)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        condition(np.zeros((2, 1)), np.zeros(2), np.zeros(1, dtype=bool), h)


def test_blocks_of_candidates_change_nothing(rng, monkeypatch):
    X, y, categorical, labels = data("mixed", 20, rng)
    gp = condition(X, y, categorical, guess("mixed", rng), alike=labels)
    T = data("mixed", 50, rng)[0]
    whole = gp.predict(T)
    monkeypatch.setattr(gp_process, "_CHUNK", 7)
    np.testing.assert_allclose(gp.predict(T), whole, rtol=1e-12)
    assert gp.predict(T[:0])[0].shape == (0,)


@pytest.mark.parametrize("kind", KINDS[:-1])  # who is left out must not take values along
def test_values_far_worse_than_all_others_predict_are_drawn_in(kind, rng):
    X, y, categorical, labels = data(kind, 20, rng)
    h = guess(kind, rng)

    def left_out(values, i):
        """Return mean and std of an observation at point i from all others, by leaving it out."""
        others = np.arange(len(y)) != i
        process = condition(X[others], values[others], categorical, h, alike=labels)
        mean, std = process.predict(X[[i]])
        return mean[0], np.hypot(std[0], np.sqrt(h.noise))

    y[4] += 30.0
    y[9] -= 30.0
    expected = y
    for _ in range(2):
        bounds = [mean + 3 * std for mean, std in (left_out(expected, i) for i in range(20))]
        expected = np.minimum(expected, bounds)
    process, drawn = condition(X, y, categorical, h, alike=labels).winsorised(y, 3.0)
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    assert drawn[4] < y[4] - 10
    assert drawn[9] == y[9]  # surprises to the better are not
    again = condition(X, drawn, categorical, h, alike=labels)
    np.testing.assert_allclose(process.predict(X)[0], again.predict(X)[0], rtol=1e-6)


def test_without_surprises_winsorising_changes_nothing(rng):
    X, y, categorical, labels = data("choices", 30, rng)
    before = condition(X, y, categorical, fit(X, y, categorical), alike=labels)
    after, drawn = before.winsorised(y, 10.0)
    np.testing.assert_array_equal(drawn, y)
    np.testing.assert_array_equal(before.predict(X)[0], after.predict(X)[0])


def test_inputs_are_left_alone(rng):
    X, y, categorical, labels = data("mixed", 15, rng)
    for array in (X, y, categorical, labels):
        array.flags.writeable = False
    h = fit(X, y, categorical, alike=labels)
    gp = condition(X, y, categorical, h, alike=labels)
    gp.predict(X)
    gp.predict_gradient(X[0])


@pytest.mark.parametrize("kind", KINDS)
def test_known_noise_is_on_the_diagonal(kind, rng):
    X, y, categorical, labels = data(kind, 25, rng)
    T, h = data(kind, 8, rng)[0], guess(kind, rng)
    known = rng.exponential(0.3, len(X)) * (rng.random(len(X)) < 0.7)
    mean, std = condition(X, y, categorical, h, alike=labels, known=known).predict(T)
    K, k, prior = (
        kernel_matrix(A, B, kind, X, categorical, labels, h) for A, B in ((X, X), (T, X), (T, T))
    )
    K += np.diag(h.noise + known)
    np.testing.assert_allclose(mean, k @ np.linalg.solve(K, y), atol=1e-9)
    variance = np.diag(prior - k @ np.linalg.solve(K, k.T))
    np.testing.assert_allclose(std**2, variance, atol=1e-9)


def test_known_noise_is_that_of_botorch(rng):
    torch, models = pytest.importorskip("torch"), pytest.importorskip("botorch.models")
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.means import ZeroMean

    X, y, categorical, _ = data("numbers", 20, rng)
    h = Hyperparameters(0.5 + rng.random(6), 1.3, 0.02, 0.0, 0.0)
    known, T = rng.exponential(0.3, 20), rng.random((7, 6))
    tensors = [torch.tensor(a) for a in (X, y[:, None], (h.noise + known)[:, None])]
    kernel = ScaleKernel(MaternKernel(2.5, ard_num_dims=6))
    twin = models.SingleTaskGP(
        *tensors, covar_module=kernel, mean_module=ZeroMean(), outcome_transform=None
    ).double()
    kernel.outputscale, kernel.base_kernel.lengthscale = h.signal, torch.tensor(h.lengthscales)
    twin.eval()
    with torch.no_grad():
        posterior = twin.posterior(torch.tensor(T))
    mean, std = condition(X, y, categorical, h, known=known).predict(T)
    np.testing.assert_allclose(mean, posterior.mean[:, 0].numpy(), atol=1e-4)
    np.testing.assert_allclose(std**2, posterior.variance[:, 0].numpy(), atol=1e-4)


def test_what_no_observation_has_changes_no_prediction(rng):
    # the last two, a number and a choice, belong to a branch whose evaluations all failed
    X = rng.random((12, 4))
    X[:, 2:] = np.nan
    categorical = np.array([False, False, False, True])
    y = np.sin(5 * X[:, 0]) - X[:, 1]
    y = (y - y.mean()) / y.std()
    gp = condition(X, y, categorical, fit(X, y, categorical))
    without, given = rng.random((50, 4)), rng.random((50, 4))
    without[:, 2:] = np.nan
    given[:, :2] = without[:, :2]
    np.testing.assert_array_equal(gp.predict(given), gp.predict(without))
    assert gp.predict(np.column_stack([X[:, :2], given[:12, 2:]]))[1].max() < 0.1
    x = given[0].copy()
    *_, mean_slope, std_slope = gp.predict_gradient(x)
    np.testing.assert_array_equal([mean_slope[2:], std_slope[2:]], 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_to_believe_is_to_condition_on_the_own_means(kind, rng):
    X, y, categorical, labels = data(kind, 60, rng)
    h, points = guess(kind, rng), data(kind, 30, rng)[0]
    believed = points[:7]
    plain = condition(X, y, categorical, h, alike=labels)
    kept, grown = plain.at(points), plain.believing(believed[:3]).believing(believed[3:])
    values = np.concatenate([y, plain.predict(believed)[0]])
    anew = condition(np.concatenate([X, believed]), values, categorical, h, alike=labels)
    mean, std = anew.predict(points)
    np.testing.assert_allclose(grown.predict(points), (mean, std), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(kept.mean, mean, atol=1e-8)
    np.testing.assert_allclose(grown.std(kept), std, rtol=1e-6)
    np.testing.assert_allclose(plain.std(kept), plain.predict(points)[1], rtol=1e-6)
    if kind != "mixed":
        x = points[8]
        np.testing.assert_allclose(
            np.concatenate(grown.predict_gradient(x)[2:]),
            np.concatenate(anew.predict_gradient(x)[2:]),
            rtol=1e-5,
            atol=1e-7,
        )


@pytest.mark.parametrize("spread", [0.0, 1e-9, 1e-4])
@pytest.mark.parametrize("cluster", [1e-9, 1e-3, 1.0])
@pytest.mark.parametrize("scale", [-3.0, 0.0, 5.0])
@pytest.mark.parametrize("d", [2, 300])
def test_a_batch_of_points_that_hardly_differ_may_be_believed(d, scale, cluster, spread, rng):
    # the hardest hyperparameters that a fit may return: most is explained, and with least noise
    signal, noise, trend = (
        bounds[end]
        for bounds, end in (
            (hyperparameters._SIGNAL_BOUNDS, 1),
            (hyperparameters._NOISE_BOUNDS, 0),
            (hyperparameters._TREND_BOUNDS, 1),
        )
    )
    scales = np.full(d, np.exp(1 + 0.5 * np.log(d) + scale))
    h = Hyperparameters(scales, signal, noise, trend, trend)
    X = np.clip(rng.random(d) + cluster * rng.standard_normal((60, d)), 0, 1)
    gp = condition(X, rng.standard_normal(60), np.zeros(d, dtype=bool), h)
    batch = np.clip(X[0] + spread * rng.standard_normal((50, d)), 0, 1)
    points = rng.random((20, d))
    grown = gp.believing(batch)
    before, after = gp.predict(points)[1], grown.predict(points)[1]
    assert np.isfinite(after).all()
    assert (after <= before * (1 + 1e-4) + 1e-3).all()  # to know more makes nothing less sure
    assert grown.predict(batch)[1].max() < 2e-3  # two of the least noise


def test_a_point_may_be_believed_twice(rng):
    X, y, categorical, _ = data("numbers", 20, rng)
    h = Hyperparameters(np.ones(6), 1.0, 0.0, 0.3, 0.3)
    grown = condition(X, y, categorical, h).believing(np.concatenate([X[:1], X[:1]]))
    assert np.isfinite(grown.predict(X)).all()
