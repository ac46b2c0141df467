"""Extrapolated curves: the regression by least squares, and what is stopped."""

import numpy as np
import pytest
from scipy.special import stdtr
from scipy.stats import kstest

from lamoo.curves import Curve, Curves
from lamoo.early import stops
from lamoo.early.extrapolation import DRAWS, Extrapolation, extrapolate, reaching

STEPS = np.arange(1.0, 11)


def decaying(rng, n=40):
    """Return curves ``(n, steps, 2)`` that settle at a level of their own, and a size."""
    level, speed = rng.random(n), rng.uniform(0.5, 2, n)
    error = level[:, None] + np.exp(-speed[:, None] * STEPS) + rng.normal(0, 0.005, (n, len(STEPS)))
    size = np.broadcast_to(rng.integers(1, 9, n)[:, None], error.shape)
    return np.stack([error, size], axis=2)


def study(tables):
    return Curves.of([Curve(STEPS, table, table[-1]) for table in tables], tables.shape[2])


def test_the_forecast_is_weighted_least_squares(rng):
    for _ in range(20):
        n = int(rng.integers(4, 30))
        x, at = rng.random(n), rng.uniform(-0.5, 1.5)
        y = 2 * x + rng.random(n)
        distance = np.abs(x - at)
        w = (1 - (distance / distance.max()) ** 3) ** 3
        A = np.column_stack([np.ones(n), x])
        fit = np.linalg.inv(A.T @ np.diag(w) @ A) @ A.T @ np.diag(w)  # y -> coefficients
        error = y - A @ (fit @ y)
        pairs = w.sum() ** 2 / (w**2).sum()
        freedom = max(pairs - 2, 1)
        row = np.array([1, at]) @ fit
        variance = (w @ error**2) / w.sum() * pairs / freedom * (1 + row @ row)
        expected = (row @ y, np.sqrt(variance), freedom)
        np.testing.assert_allclose(extrapolate(x, y, at), expected)


def test_the_forecast_holds_what_it_promises(rng):
    # where a line and noise of one size are true, shares of the forecast are uniform, about
    shares = []
    for _ in range(400):
        x = rng.random(15)
        mean, std, freedom = extrapolate(x, 3 * x + rng.standard_normal(15), at=0.4)
        shares.append(stdtr(freedom, (1.2 + rng.standard_normal() - mean) / std))
    assert kstest(shares, "uniform").pvalue > 0.01


@pytest.mark.parametrize("x", [[1.0, 1.0, 1.0, 1.0], [0.0, 2.0, 0.0, 2.0]])
def test_places_that_say_nothing_give_the_mean(x):
    mean, std, _ = extrapolate(np.array(x), np.array([1.0, 2.0, 3.0, 6.0]), 1.0)
    assert mean == pytest.approx(3.0)
    assert 1 < std < 10


def test_the_chance_of_one_objective_is_that_of_its_forecast(rng):
    tables = decaying(rng)
    others = study(tables[1:])
    own = tables[0].copy()
    own[:, 0] = tables[:, :, 0].min(axis=0) + 0.01
    rivals = others.finals[others.finals[:, 1] <= own[0, 1]]
    for k in (1, 3, 6):
        seen, finals = tables[1:, k - 1, 0], others.finals[:, 0]
        forecasts = [
            extrapolate(seen, finals, own[k - 1, 0]),
            extrapolate(tables[1:, :k, 0].min(axis=1), finals, own[:k, 0].min()),
        ]
        least = rivals[:, 0].min()
        expected = max(stdtr(freedom, (least - mean) / std) for mean, std, freedom in forecasts)
        chance = reaching(Curve(STEPS[:k], own[:k]), others)
        assert chance == pytest.approx(expected, abs=2 / DRAWS)
        assert 0.01 < expected < 0.99


def test_the_chance_of_two_objectives_is_that_one_of_them_is_better(rng):
    # one rival on the front: dominated means worse in both, independently
    steps = np.array([1.0, 2.0])
    first = rng.random((30, 2)) + 0.2
    finals = first + rng.normal(0, 0.2, (30, 2))
    finals[0] = finals.min(axis=0) - 0.05
    curves = [Curve(steps, np.array([a, f]), f) for a, f in zip(first, finals, strict=True)]
    others, own = Curves.of(curves, 2), first.min(axis=0)
    worse = 1.0
    for j in range(2):
        mean, std, freedom = extrapolate(first[:, j], finals[:, j], own[j])
        worse *= 1 - stdtr(freedom, (finals[0, j] - mean) / std)
    chance = reaching(Curve(steps[:1], own[None]), others)
    assert chance == pytest.approx(1 - worse, abs=0.01)
    assert 0.05 < chance < 0.95


def run(rule, tables):
    """Train one after the other; return how many steps each made."""
    others, made = Curves.of([], tables.shape[2]), []
    for table in tables:
        k = 1
        while k < len(STEPS) and not rule.stops(Curve(STEPS[:k], table[:k]), others):
            k += 1
        final = table[-1] if k == len(STEPS) else None
        others = others.and_of(Curves.of([Curve(STEPS[:k], table[:k], final)], tables.shape[2]))
        made.append(k)
    return np.array(made)


def test_it_spares_most_of_what_is_hopeless_and_keeps_the_front():
    spared, stopped, good = [], 0, 0
    for seed in range(6):
        tables = decaying(np.random.default_rng(seed), 80)
        made = run(Extrapolation(), tables)
        final = tables[:, -1]
        best = ~(
            (final[None] <= final[:, None]).all(2) & (final[None] < final[:, None]).any(2)
        ).any(1)
        spared.append(1 - made.mean() / len(STEPS))
        stopped += (made[best] < len(STEPS)).sum()
        good += best.sum()
        assert (made[:6] == len(STEPS)).all()  # nobody is stopped at the start
    assert np.mean(spared) > 0.45
    assert stopped <= 0.1 * good


def test_one_slip_stops_nobody_and_two_bad_reports_do(rng):
    tables = decaying(rng)
    rule, others = Extrapolation(), study(tables[1:])
    own = tables[1:][others.finals[:, 0].argmin()] - 0.01
    own[5, 0] += 5
    assert not any(rule.stops(Curve(STEPS[:k], own[:k]), others) for k in range(1, 10))
    bad = tables.max(axis=0) + 1
    own[:6, 0] = bad[:6, 0] - [5, 0, 5, 5, 0, 0]  # good, bad, good, good, bad, bad
    stopped = [rule.stops(Curve(STEPS[k : k + 1], own[k : k + 1]), others) for k in range(6)]
    assert not any(stopped)  # at their first report
    pairs = [Curve(STEPS[[3, k]], own[[3, k]]) for k in (4, 5)]
    assert not any(rule.stops(pair, others) for pair in pairs)
    assert rule.stops(Curve(STEPS[4:6], own[4:6]), others)


def test_a_training_that_went_wrong_is_stopped_unless_others_recovered(rng):
    tables = decaying(rng, 20)
    own = tables[0].copy()
    own[2:, 0] = np.inf
    curve = Curve(STEPS[:4], own[:4])
    assert reaching(curve, study(tables[1:])) == 0
    tables[1, 0, 0] = np.inf
    assert reaching(curve, study(tables[1:])) == 1


def test_whose_size_nobody_matches_goes_on(rng):
    tables = decaying(rng)
    tables[0, :, 0], tables[0, :, 1] = 9.0, 0.5  # hopeless, but the smallest
    assert reaching(Curve(STEPS[:3], tables[0, :3]), study(tables[1:])) == 1


def test_infeasible_and_failed_results_beat_nobody(rng):
    tables = decaying(rng)
    curves = [Curve(STEPS, table, table[-1]) for table in tables]
    own = Curve(STEPS[:5], np.full((5, 2), 2.0))
    assert reaching(own, Curves.of(curves, 2)) < 0.05
    broken = [Curve(c.steps, c.values, c.final, feasible=False) for c in curves]
    assert reaching(own, Curves.of(broken, 2)) == 1
    failed = Curve(STEPS, tables[0], np.full(2, -np.inf))
    assert reaching(own, Curves.of([*broken, failed], 2)) == 1


def test_few_finished_trials_say_nothing(rng):
    tables = decaying(rng, 10)
    own = Curve(STEPS[:5], np.full((5, 2), 9.0))
    rule = Extrapolation(n_startup=8)
    assert not rule.stops(own, study(tables[:7]))
    assert rule.stops(own, study(tables[:8]))
    assert reaching(own, study(tables[:3])) == 1
    assert reaching(own, Curves.of([], 2)) == 1


def test_units_do_not_matter(rng):
    tables = decaying(rng)
    scaled = tables * [-3e-5, 1e6] * [-1, 1] + [7e-5, 0]
    for k in (2, 5):
        chances = [reaching(Curve(STEPS[:k], t[0, :k]), study(t[1:])) for t in (tables, scaled)]
        assert chances[0] == pytest.approx(chances[1], abs=2 / DRAWS)


@pytest.mark.parametrize("power", [-990, -600, -500, 330, 500, 1000])
def test_units_of_any_size_do_not_matter(rng, power):
    tables = decaying(rng)  # between 0 and 9
    scaled = np.ldexp(tables, power)  # 2^-600 is 2e-181, whose square is 0; 2^330 is beyond 1e99
    usual, chances = (
        [reaching(Curve(STEPS[:3], own[:3]), study(t[10:])) for own in t[:10]]
        for t in (tables, scaled)
    )
    assert chances == usual
    assert any(0 < chance < 1 for chance in usual)
    scaled[0, 4, 0] = np.inf  # still a training that went wrong
    assert reaching(Curve(STEPS[:5], scaled[0, :5]), study(scaled[1:])) == 0


def test_numbers_are_taken_for_what_they_are_whatever_the_program_makes_of_them(rng):
    tables = decaying(rng)
    tables[:, :, 0] = np.round(tables[:, :, 0], 1) * 1e-120  # cubes are less than a float can be
    tables[5, :, 0] = 1.0
    curve, others = Curve(STEPS[:3], tables[0, :3]), study(tables[1:])
    usual = stops(Extrapolation(), curve, others)
    with np.errstate(all="raise"):
        assert stops(Extrapolation(), curve, others) == usual


@pytest.mark.parametrize("wrong", [{"chance": 1.5}, {"chance": -0.1}, {"n_startup": 3}])
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Extrapolation(**wrong)
