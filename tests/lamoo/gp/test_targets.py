"""The transform of objective values: increasing, standardised, unimpressed by extremes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from lamoo.gp.targets import blend, compress, floors, transformed_noise, untransformed

numbers = st.one_of(
    st.floats(-10, 10), st.floats(-1e300, 1e300), st.sampled_from([0.0, 1.0, 1e-300, 1e17])
)
samples = npst.arrays(float, st.integers(1, 20), elements=numbers)
shares = st.floats(0.01, 1)


def learn(y, share, kind=compress):
    """Compress what is beyond a share of the range."""
    return kind(y, y.min() + share * (y.max() - y.min()))


@pytest.mark.parametrize("kind", [compress, blend])
@given(samples, samples, shares)
def test_order_is_kept_and_values_stay_finite(kind, y, fresh, share):
    mapped = learn(y, share, kind)(np.sort(np.concatenate([y, fresh])))
    assert np.isfinite(mapped).all()
    assert (np.diff(mapped) >= 0).all()


def test_ranks_of_subnormal_steps_are_those_of_any_steps():
    steps = np.array([0.0, 1.0, 2.0, 3.0])
    y = 1e-310 * steps
    between = np.array([0.5e-310, 1.5e-310])
    transform = blend(y, 1.0)
    np.testing.assert_array_equal(transform.scores, blend(steps, 10.0).scores)
    assert (np.diff(transform(np.sort(np.concatenate([y, between])))) >= 0).all()


@given(st.integers(2, 20), shares, st.integers(0, 100), st.sampled_from([1e-9, 1.0, 1e9]))
def test_distinct_values_stay_distinct(n, share, seed, scale):
    y = scale * np.sort(np.random.default_rng(seed).normal(size=n))
    assert (np.diff(learn(y, share)(y)) > 0).all()


@given(samples, shares)
def test_what_it_was_learned_from_has_mean_0_and_std_1(y, share):
    mapped = learn(y, share)(y)
    if mapped.std() > 0:  # values may be too close to be told apart at their scale
        assert mapped.mean() == pytest.approx(0, abs=1e-6)
        assert mapped.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 5.0, -1e17, 1e300])
@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_a_constant_objective_is_0(margin, value):
    y = np.full(5, value)
    assert (compress(y, value + margin)(y) == 0).all()


def test_the_bound_is_where_the_logarithm_starts():
    transform = compress(np.array([2.0, 3.0, 4.0, 104.0]), bound=4.0)
    raw = transform(np.array([1.0, 2.0, 3.0, 4.0, 104.0])) * transform.std + transform.mean
    np.testing.assert_allclose(raw, [-0.5, 0.0, 0.5, 1.0, 1 + math.log(51)])


def test_one_terrible_value_does_not_flatten_the_rest():
    y = np.append(np.linspace(0, 1, 20), 1e12)
    mapped = compress(y, bound=1.1)(y)
    assert mapped[19] - mapped[0] > 0.1
    linear = compress(y, bound=1e12)(y)
    assert linear[19] - linear[0] < 1e-9


@given(st.integers(2, 20), shares, st.floats(-5, 5), st.sampled_from([1e-9, 1.0, 1e9]))
def test_units_do_not_matter(n, share, shift, scale):
    y = np.random.default_rng(n).normal(size=n)
    moved = learn(scale * (y + shift), share)
    np.testing.assert_allclose(moved(scale * (y + shift)), learn(y, share)(y), atol=1e-6)


@given(samples)
def test_ranks_are_half_of_a_blend(y):
    bound = float(y.max())
    ranks = 2 * blend(y, bound)(y) - compress(y, bound)(y)
    expected = stats.norm.ppf((stats.rankdata(y) - 0.5) / len(y))
    np.testing.assert_allclose(ranks, expected, atol=1e-6)


def test_noise_is_scaled_where_the_transform_is_linear():
    transform = compress(np.linspace(0.0, 10.0, 50), 20.0)
    noise = np.array([0.0, 0.04, np.nan])
    width = 1 / (transform.width * transform.std)
    np.testing.assert_allclose(
        transformed_noise(transform, np.full(3, 5.0), noise),
        [0.0, 0.04 * width**2, 0.0],
        atol=1e-12,
    )


@pytest.mark.parametrize("learn_transform", [compress, blend])
def test_noise_of_transformed_values_is_that_of_samples(learn_transform):
    rng = np.random.default_rng(0)
    transform = learn_transform(rng.exponential(1.0, 400), 1.0)
    # of first order: nearly exact where the noise is small, no more than the size where it is not
    for y, std, error in ((0.5, 0.05, 0.1), (0.5, 0.3, 0.5), (2.0, 0.3, 0.5)):
        sampled = transform(y + std * rng.standard_normal(20_000)).std()
        told = np.sqrt(transformed_noise(transform, np.array([y]), np.array([std**2])))[0]
        assert told == pytest.approx(sampled, rel=error)


@pytest.mark.parametrize("learn_transform", [compress, blend])
def test_transforms_are_undone(learn_transform):
    y = np.random.default_rng(0).exponential(1.0, 100)
    transform = learn_transform(y, 1.0)
    back = untransformed(transform, transform(y), float(y.min()), float(y.max()))
    np.testing.assert_allclose(back, y, rtol=1e-9)
    assert untransformed(transform, np.array([1e9]), 0.0, 3.0)[0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("values", "floor"),
    [
        ([0.0, 0.0, 0.0, 1.0, 2.0], 0.0),
        ([0.0, 6e-17, 4e-20, 1.0, 2.0], 0.0),  # the cosine of a right angle
        ([-7.0, -7.0, -7.0, -7.0, -7.0], None),  # it may be the worst as well
        ([0.0, 0.0, 1.0, 2.0, 3.0], None),  # twice is chance
        ([0.0, 1.0, 1.0, 1.0, 2.0], None),  # not the best
        ([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0], 0.0),
        ([0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0], None),  # values are few
        ([0.0, 1e-6, 2e-6, 1.0, 2.0], None),
        ([0.0, 0.0, 0.0, 1.7e308, 1.6e308], 0.0),
        ([0.4, 0.4, 0.4, 0.4, 0.5], None),  # of five tests two fail; there may be better
        ([-1.0, -1.0, -1.0, 0.0, 2.0], None),
    ],
)
def test_a_floor_is_0_where_three_have_it_and_nobody_is_below(values, floor):
    y = np.array(values)
    Y = np.stack([y, np.arange(len(y))], axis=1)
    found = floors(Y, np.zeros(2))
    assert found.tolist() == [-np.inf if floor is None else floor, -np.inf]
