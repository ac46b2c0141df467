"""Acquisition: by definition, by Monte Carlo, against BoTorch and moocore, and far in the tails."""

import warnings

import moocore
import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from lamoo.gp import ehvi as acq

REFERENCE = 1.1


def corner(m):
    return np.full(m, REFERENCE)


def ray_ehvi(mean, std, front, reference, rays):
    return acq.log_ray_ehvi(mean, std, reference, rays, acq.ray_lengths(front, reference, rays))


def gradients(function, mean, std, *args):
    """Return a function's value (n,) and gradients (n, m) at candidates, asked one by one."""
    each = [function(u, s, *args) for u, s in zip(mean, std, strict=True)]
    return [np.array(group) for group in zip(*each, strict=True)]


def front_of(kind, m, rng):
    """Return points with many, few or no features that trouble a decomposition."""
    if kind == "general":
        return rng.random((15, m))
    if kind == "ties":
        return rng.integers(0, 4, (30, m)) / 4
    if kind == "duplicates":
        return np.repeat(rng.random((4, m)), 3, axis=0)
    if kind == "on the reference":
        return np.vstack([np.full(m, 0.5), np.eye(m) * 0.2 + (1 - np.eye(m)) * REFERENCE])
    if kind == "beyond":
        return rng.random((3, m)) + 1.2
    return np.empty((0, m))


def volumes_improved(front, points):
    """Return the hypervolume that each point adds, by a library that knows no boxes."""

    def volume(Y):
        Y = Y[(Y < REFERENCE).all(axis=1)]
        return moocore.hypervolume(Y, ref=corner(Y.shape[1])) if len(Y) else 0.0

    return np.array([volume(np.vstack([front, y])) - volume(front) for y in points])


def slopes(function, x, step=1e-6):
    """Return central differences of a function (n, m) -> (n,) by column."""
    out = np.empty(x.shape)
    for j in range(x.shape[1]):
        e = np.zeros(x.shape[1])
        e[j] = step
        out[:, j] = (function(x + e) - function(x - e)) / (2 * step)
    return out


def problem(m, rng, n=20):
    """Return a front, candidates' means and stds, and the boxes' sides."""
    front = rng.random((12, m))
    mean, std = rng.random((n, m)), 0.05 + 0.3 * rng.random((n, m))
    return front, mean, std, acq.sides_of(*acq.box_decomposition(front, corner(m)))


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "kind", ["general", "ties", "duplicates", "on the reference", "beyond", "empty"]
)
def test_boxes_are_disjoint_and_cover_what_is_not_dominated(kind, m, rng):
    front = front_of(kind, m, rng)
    lower, upper = acq.box_decomposition(front, corner(m))
    assert (lower < upper).all()
    # membership; the grid puts points onto the edges of boxes as well
    points = np.vstack([rng.random((2000, m)) * 2 - 0.5, rng.integers(-1, 6, (1000, m)) / 4])
    inside = ((points[:, None] >= lower) & (points[:, None] < upper)).all(axis=2).sum(axis=1)
    dominated = (front[None] <= points[:, None]).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(inside, (points < REFERENCE).all(axis=1) & ~dominated)
    # volume above -1
    below = front[(front < REFERENCE).all(axis=1)]
    covered = moocore.hypervolume(below, ref=corner(m)) if len(below) else 0.0
    volume = np.prod(upper - np.maximum(lower, -1.0), axis=1).sum()
    assert volume == pytest.approx((REFERENCE + 1.0) ** m - covered)


def test_boxes_do_not_depend_on_the_order_of_points(rng):
    front = rng.random((20, 3))
    boxes = acq.box_decomposition(front, corner(3))
    again = acq.box_decomposition(front[::-1], corner(3))
    np.testing.assert_array_equal(boxes, again)


@pytest.mark.parametrize("m", [2, 3])
def test_the_number_of_boxes_grows_linearly(m, rng):
    simplex = rng.dirichlet(np.ones(m), size=200)  # all non-dominated
    lower, _ = acq.box_decomposition(simplex, corner(m))
    assert len(lower) <= (m - 1) * 200 + 1


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sides_are_those_of_the_boxes_and_no_edge_comes_twice(m, rng):
    lower, upper = acq.box_decomposition(rng.random((12, m)), corner(m))
    sides = acq.sides_of(lower, upper)
    np.testing.assert_array_equal(sides.edges[sides.low], lower)
    np.testing.assert_array_equal(sides.edges[sides.high], upper)
    np.testing.assert_array_equal(sides.owner[sides.low], np.tile(np.arange(m), (len(lower), 1)))
    pairs = {*zip(sides.edges.tolist(), sides.owner.tolist(), strict=True)}
    assert len(pairs) == len(sides.edges)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_ehvi_is_the_mean_improvement_of_samples(m, rng):
    front, mean, std, sides = problem(m, rng, n=4)
    value = np.exp(acq.log_ehvi(mean, std, sides))
    for i in range(4):
        gains = volumes_improved(front, mean[i] + std[i] * rng.standard_normal((4000, m)))
        error = gains.std() / np.sqrt(len(gains))
        assert abs(value[i] - gains.mean()) < 4 * error


def test_one_objective_is_expected_improvement(rng):
    _, mean, std, sides = problem(1, rng)
    z = (sides.edges[sides.high[0]] - mean) / std
    wanted = std * (z * norm.cdf(z) + norm.pdf(z))
    np.testing.assert_allclose(np.exp(acq.log_ehvi(mean, std, sides)), wanted[:, 0], 1e-9)


@pytest.mark.parametrize("m", [2, 3])
def test_ehvi_is_botorchs(m, rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
        pytest.importorskip("botorch")
        from botorch.acquisition.multi_objective import analytic
        from botorch.utils.multi_objective.box_decompositions import (
            FastNondominatedPartitioning,
        )
        from botorch.utils.testing import MockModel, MockPosterior

        front, mean, std, sides = problem(m, rng, n=10)
        goal = torch.full((m,), -REFERENCE, dtype=torch.double)
        cells = FastNondominatedPartitioning(ref_point=goal, Y=-torch.tensor(front))
        posterior = MockPosterior(
            mean=-torch.tensor(mean)[:, None, :], variance=torch.tensor(std)[:, None, :] ** 2
        )
        ehvi = analytic.ExpectedHypervolumeImprovement(MockModel(posterior), goal, cells)
        wanted = ehvi(torch.zeros(10, 1, 1, dtype=torch.double)).numpy()
    np.testing.assert_allclose(np.exp(acq.log_ehvi(mean, std, sides)), wanted, rtol=1e-8)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_without_uncertainty_it_is_the_improvement(m, rng):
    front, _, _, sides = problem(m, rng)
    points = rng.random((10, m)) * 0.3
    value = acq.log_ehvi(points, np.zeros((10, m)), sides)
    np.testing.assert_allclose(np.exp(value), volumes_improved(front, points), atol=1e-7)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("std", [1e-6, 1e-2, 10.0])
def test_hopeless_candidates_are_still_ranked(m, std, rng):
    front, _, _, sides = problem(m, rng)
    mean = REFERENCE + np.logspace(-1, 4, 60)[:, None] * np.ones(m)
    exact = acq.log_ehvi(mean, np.full_like(mean, std), sides)
    rays = acq.random_rays(64, m, rng)
    along = rays, acq.ray_lengths(front, corner(m), rays)
    estimate = acq.log_ray_ehvi(mean, np.full_like(mean, std), corner(m), *along)
    _, dmean, dstd = gradients(
        acq.log_ray_ehvi_gradient, mean, np.full_like(mean, std), corner(m), *along
    )
    for value in (exact, estimate):
        assert np.isfinite(value).all()
        assert (np.diff(value) < 0).all()
    assert np.isfinite(dmean).all()
    assert np.isfinite(dstd).all()


@pytest.mark.parametrize("z", [-1e9, -1e5, -1e3, -30.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 1e9])
def test_log_h_keeps_its_digits(z):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):  # enough digits to survive the cancellation
        x = mpmath.mpf(z)
        wanted = float(mpmath.log(mpmath.npdf(x) + x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2))
    assert acq._log_h(np.array([z]))[0] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("mean", [0.0, 5.0, 50.0])
def test_narrow_boxes_do_not_cancel(mean):
    sides = acq.sides_of(np.array([[0.3]]), np.array([[0.3 + 1e-9]]))
    value = acq.log_ehvi(np.array([[mean]]), np.ones((1, 1)), sides)[0]
    wanted = np.log(1e-9) + norm.logcdf(0.3 - mean)  # width times probability
    assert value == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_gradients_of_ehvi_are_finite_differences(m, rng):
    _, mean, std, sides = problem(m, rng)
    mean[10:] += 2.0  # some in the tails
    value, dmean, dstd = gradients(acq.log_ehvi_gradient, mean, std, sides)
    np.testing.assert_allclose(value, acq.log_ehvi(mean, std, sides), rtol=1e-12)
    by_mean = slopes(lambda u: acq.log_ehvi(u, std, sides), mean)
    by_std = slopes(lambda s: acq.log_ehvi(mean, s, sides), std)
    np.testing.assert_allclose(dmean, by_mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dstd, by_std, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("std", [1e-8, 1e-12, 0.0])  # 0: the objective is known
def test_gradients_are_finite_billions_of_deviations_beyond_all_boxes(m, std, rng):
    front, spread = front_of("general", m, rng), np.full(m, 0.3)
    sides = acq.sides_of(*acq.box_decomposition(front, corner(m)))
    mean, spread[0] = np.full(m, 0.4), std
    mean[0] = 9.0

    def value(step, widening=1.0):
        moved, wider = mean.copy(), spread.copy()
        moved[0], wider[0] = moved[0] + step, widening * wider[0]
        return acq.log_ehvi(moved[None], wider[None], sides)[0]

    found, dmean, dstd = acq.log_ehvi_gradient(mean, spread, sides)
    assert found == value(0.0)
    assert np.isfinite([dmean, dstd]).all()
    # in the first objective it is a parabola, of which a wide difference is exact
    assert dmean[0] == pytest.approx((value(0.1) - value(-0.1)) / 0.2, rel=1e-6)
    steps = value(0.0, 1.001) - value(0.0, 0.999)
    expected = 0.0 if std < 1e-9 else steps / (0.002 * std)
    assert dstd[0] == pytest.approx(expected, rel=1e-4)


def test_blocks_of_candidates_change_nothing(rng, monkeypatch):
    _, mean, std, sides = problem(2, rng)
    whole = acq.log_ehvi(mean, std, sides)
    monkeypatch.setattr(acq, "_CELLS", 3 * sides.low.size)
    np.testing.assert_array_equal(acq.log_ehvi(mean, std, sides), whole)
    assert acq.log_ehvi(mean[:0], std[:0], sides).shape == (0,)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_rays_estimate_ehvi_within_their_noise(m, rng):
    front, mean, std, sides = problem(m, rng)
    exact = np.exp(acq.log_ehvi(mean, std, sides))
    estimates = np.exp(
        [ray_ehvi(mean, std, front, corner(m), acq.random_rays(400, m, rng)) for _ in range(16)]
    )
    error = estimates.std(axis=0, ddof=1) / 4
    # 1 % is the quadrature's
    assert (abs(estimates.mean(axis=0) - exact) < 4 * error + 0.01 * exact).all()


def test_rays_without_a_front_and_certain_values_measure_volume(rng):
    point = np.array([[0.3, 0.2, 0.6, 0.1]])
    rays = acq.random_rays(40_000, 4, rng)
    value = ray_ehvi(point, np.full((1, 4), 1e-4), np.empty((0, 4)), corner(4), rays)
    assert np.exp(value[0]) == pytest.approx(np.prod(REFERENCE - point), rel=0.03)


def ended(front, floor, rays):
    """Return the rays that go on beyond the front, their starts, and their ends at the floor."""
    start = acq.ray_lengths(front, corner(len(floor)), rays)
    end = acq.reaches(floor[None], corner(len(floor)), rays)[0]
    going_on = end > start + 1e-9
    return rays[going_on], start[going_on], end[going_on]


@pytest.mark.parametrize("m", [2, 3, 4])
def test_along_rays_nothing_is_gained_below_a_floor(m, rng):
    """Values that are the greater of a normal and the floor: exact in boxes that end there."""
    floor = np.full(m, 0.1)
    floor[0] = 0.5
    front, mean, std, _ = problem(m, rng)
    front, mean = np.maximum(front, floor + 0.05 * np.arange(m)), mean - 0.3
    lower, upper = acq.box_decomposition(front, corner(m))
    lower = np.maximum(lower, floor)
    left = (lower < upper).all(axis=1)
    exact = np.exp(acq.log_ehvi(mean, std, acq.sides_of(lower[left], upper[left])))
    rays, start, end = ended(front, floor, acq.random_rays(20_000, m, rng))
    estimate = np.exp(acq.log_ray_ehvi(mean, std, corner(m), rays, start, end))
    np.testing.assert_allclose(estimate * len(rays) / 20_000, exact, rtol=0.05)
    assert (np.exp(ray_ehvi(mean, std, front, corner(m), rays)) > 1.05 * estimate).any()


def test_what_certainly_reaches_the_floor_gains_all_that_is_left(rng):
    floor, rays = np.full(4, 0.1), acq.random_rays(20_000, 4, rng)
    far_below = np.full((1, 4), -5.0)
    start = np.zeros(len(rays))
    end = acq.reaches(floor[None], corner(4), rays)[0]
    value = acq.log_ray_ehvi(far_below, np.full((1, 4), 1e-3), corner(4), rays, start, end)
    assert np.exp(value[0]) == pytest.approx(np.prod(REFERENCE - floor), rel=0.03)


@pytest.mark.parametrize("m", [4, 6])
def test_two_nodes_along_rays_order_candidates_as_many_do(m, rng):
    front = rng.random((20, m))
    mean, std = rng.random((400, m)), rng.uniform(0.01, 0.3, (400, m))
    rays = acq.random_rays(32, m, rng)
    along = rays, acq.ray_lengths(front, corner(m), rays), np.inf
    exact, six, two = (acq.log_ray_ehvi(mean, std, corner(m), *along, k) for k in (32, 6, 2))
    assert spearmanr(exact, two).statistic > 0.998
    best = np.argsort(-exact)[:100]
    assert np.abs(six - exact)[best].max() < 0.01


@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("lowest", [-np.inf, 0.2])
def test_gradients_along_rays_are_finite_differences(m, lowest, rng):
    front, mean, std, _ = problem(m, rng)
    along = ended(np.maximum(front, lowest), np.full(m, lowest), acq.random_rays(100, m, rng))
    estimate, dmean, dstd = gradients(acq.log_ray_ehvi_gradient, mean, std, corner(m), *along)

    def value(mean, std):
        return acq.log_ray_ehvi(mean, std, corner(m), *along)

    np.testing.assert_allclose(estimate, value(mean, std), rtol=1e-12)

    # The nodes move with mean and std; the gradient is the integral's: equal up to quadrature.
    by_mean, by_std = slopes(lambda u: value(u, std), mean), slopes(lambda s: value(mean, s), std)
    np.testing.assert_allclose(dmean, by_mean, rtol=0.02, atol=0.05)
    np.testing.assert_allclose(dstd, by_std, rtol=0.02, atol=0.1)


def test_rays_are_uniform_on_the_orthant(rng):
    rays = acq.random_rays(20_000, 3, rng)
    assert (rays > 0).all()
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1.0)
    np.testing.assert_allclose((rays**2).mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(rays.mean(axis=0), 0.5, atol=0.01)  # of the sphere in 3-d


def test_feasibility_is_a_product_of_probabilities(rng):
    mean, std = rng.normal(size=(8, 3)), rng.random((8, 3)) + 0.1
    wanted = norm.cdf(-mean / std).prod(axis=1)
    np.testing.assert_allclose(np.exp(acq.log_feasibility(mean, std)), wanted)
    value, dmean, dstd = gradients(acq.log_feasibility_gradient, mean, std)
    np.testing.assert_allclose(np.exp(value), wanted)
    by_mean = slopes(lambda u: acq.log_feasibility(u, std), mean)
    by_std = slopes(lambda s: acq.log_feasibility(mean, s), std)
    np.testing.assert_allclose(dmean, by_mean, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(dstd, by_std, rtol=1e-5, atol=1e-8)


def test_feasibility_far_away_and_without_constraints():
    mean = np.array([[1e3], [1e6], [-1e6]])
    value, dmean, _ = gradients(acq.log_feasibility_gradient, mean, np.full((3, 1), 0.1))
    assert np.isfinite(value).all()
    assert value[2] == 0
    assert (dmean[:2] < 0).all()
    np.testing.assert_array_equal(acq.log_feasibility(np.empty((4, 0)), np.empty((4, 0))), 0)
