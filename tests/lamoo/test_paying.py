"""Whether climbs pay: what was a climb, what it brought, how often it is tried."""

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Space, pareto
from lamoo.solvers import paying
from lamoo.space.moves import perturb

D = 40
SPACE = Space({f"x{i}": Float(0, 1) for i in range(D)})


def searched(rng, *, climbs_gain, n=300, m=2, each=4):
    """Return 100 random points, then children and every few of them a climb, of which one gains."""
    X, Y = [*rng.random((100, D))], [*rng.uniform(1.0, 1.2, (100, m))]
    while len(X) < n:
        climb = len(X) % each == 0
        parent = X[rng.integers(len(X))]
        X.append(
            rng.random(D) if climb else perturb(SPACE, parent[None], rng, rates=[10.0])[0].copy()
        )
        better = 1.0 - 0.002 * len(X)
        Y.append(rng.uniform(better, better + 0.1, m) if climb == climbs_gain else np.full(m, 1.3))
    return History(np.array(X), np.array(Y))


def test_climbs_are_told_from_children(rng):
    history = searched(rng, climbs_gain=True)
    climbed = paying.moved(history.X)[100:]
    np.testing.assert_array_equal(climbed, np.arange(100, 300) % 4 == 0)


def test_what_is_inactive_is_nobodys():
    X = np.full((4, 6), np.nan)
    X[:, :2] = [[0.1, 0.2], [0.1, 0.3], [0.1, 0.2], [0.4, 0.5]]
    np.testing.assert_array_equal(paying.moved(X), [True, False, False, True])


@pytest.mark.parametrize("m", [2, 3, 4])
def test_gains_are_those_of_the_hypervolume(m, rng, monkeypatch):
    monkeypatch.setattr(paying, "RAYS", 2**16)
    Y, violation = rng.random((60, m)), np.where(rng.random(60) < 0.3, 1.0, 0.0)
    found = paying.gains(Y, violation, 20)
    scaled, reference = pareto.comparable(Y, violation, None)
    scaled[violation > 0] = reference
    volumes = [pareto.hypervolume(scaled[:k], reference) for k in range(20, 61)]
    expected = np.diff(volumes)
    ratio = found.sum() / expected.sum()
    np.testing.assert_allclose(found, ratio * expected, atol=0.02 * found.max())
    assert (found[violation[20:] > 0] == 0).all()


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("climbs_gain", [True, False])
def test_what_gains_is_done_more(climbs_gain, m):
    rng = np.random.default_rng([m, climbs_gain])
    history = searched(rng, climbs_gain=climbs_gain, m=m)
    found = paying.share(SPACE, history, 100)
    assert found == pytest.approx(0.95 if climbs_gain else 0.02, abs=0.02)


def test_before_anything_is_known_few_climb(rng):
    history = searched(rng, climbs_gain=True)
    # squares of one and three
    assert paying.share(SPACE, history.first(100), 100) == pytest.approx(0.1)
    assert paying.share(SPACE, history, 300) == pytest.approx(0.1)


def test_only_the_latest_count(rng):
    early = searched(rng, climbs_gain=False)
    late = searched(rng, climbs_gain=True, n=100 + paying.JUDGED)
    X = np.concatenate([early.X, late.X[100:]])
    Y = np.concatenate([early.Y, late.Y[100:] - 1.0])
    assert paying.share(SPACE, History(X, Y), 100) > 0.9


def test_nothing_gained_and_nothing_finite_say_nothing(rng):
    X = rng.random((150, D))
    for Y in (np.ones((150, 2)), np.full((150, 2), np.inf)):
        assert 0.02 <= paying.share(SPACE, History(X, Y), 100) <= 0.1
    nothing_feasible = History(X, rng.random((150, 2)), np.ones((150, 1)))
    assert 0.02 <= paying.share(SPACE, nothing_feasible, 100) <= 0.1


def test_choices_have_no_say(rng):
    mixed = Space({f"x{i}": Float(0, 1) if i % 2 else Categorical("abc") for i in range(D)})
    X = mixed.sample(200, rng)
    history = History(X, rng.random((200, 2)))
    other = X.copy()
    other[:, ::2] = other[0, ::2]
    assert paying.share(mixed, history, 100) == paying.share(mixed, History(other, history.Y), 100)


@pytest.mark.parametrize("kind", ["grid", "continuous"])
def test_what_moved_is_what_the_definition_says(kind, rng):
    for _ in range(100):
        n, k = rng.integers(1, 40), rng.integers(1, 6)
        X = rng.random((n, k))
        if kind == "grid":
            X = (np.round(4 * X) - 2.0) * rng.choice([1.0, -1.0], (n, k))  # zeros of either sign
        else:  # some numbers of others
            X = np.where(rng.random((n, k)) < 0.5, X[rng.integers(n, size=(n, k)), np.arange(k)], X)
        X[rng.random((n, k)) < 0.1] = np.nan
        since = int(rng.integers(n + 1))
        inherited = [
            sum(x in before for x, before in zip(X[i], X[:i].T, strict=True))
            for i in range(since, n)
        ]
        active = (~np.isnan(X[since:])).sum(axis=1)
        np.testing.assert_array_equal(paying.moved(X, since), np.array(inherited) < active / 2)


def test_coordinates_that_share_a_place_are_told_apart(monkeypatch, rng):
    X = rng.random((200, 4))
    X[100:150] = X[:50]
    expected = paying.moved(X, 100)
    assert expected[50:].all()
    assert not expected[:50].any()
    monkeypatch.setattr(paying, "SLOTS", 1)
    np.testing.assert_array_equal(paying.moved(X, 100), expected)
