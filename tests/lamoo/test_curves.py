"""What trials reported, against loops over reports."""

import numpy as np
import pytest

from lamoo.curves import Curve, Curves, held


def random_curves(rng, n=12, m=3, longest=9):
    """Return curves of different lengths, some empty, at steps of their own."""
    curves = []
    for _ in range(n):
        k = int(rng.integers(0, longest))
        steps = np.sort(rng.choice(3 * longest, size=k, replace=False)).astype(float)
        final = rng.random(m) if rng.random() < 0.6 else None
        curves.append(Curve(steps, rng.integers(0, 5, size=(k, m)).astype(float), final))
    return curves


def test_what_is_not_given_keeps_its_value(rng):
    for _ in range(50):
        k, m = int(rng.integers(1, 7)), int(rng.integers(1, 4))
        values, given = rng.random((k, m)), rng.random((k, m)) < 0.5
        values[rng.random((k, m)) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
        found = held(values, given)
        for j in range(m):
            rows = np.flatnonzero(given[:, j])
            for i in range(k):
                if not len(rows):
                    assert np.isnan(found[i, j])
                    continue
                row = rows[rows <= i].max() if (rows <= i).any() else rows.min()
                value = values[row, j]
                assert found[i, j] == (value if np.isfinite(value) else np.inf)


def test_the_first_report_at_a_step_or_after_it(rng):
    curves = random_curves(rng)
    for step in range(-1, 30):
        expected = [
            next((v for s, v in zip(c.steps, c.values, strict=True) if s >= step), [np.nan] * 3)
            for c in curves
        ]
        np.testing.assert_array_equal(Curves.of(curves, 3).at(step), np.array(expected))


def test_the_last_and_the_best_report_until_a_step(rng):
    curves = random_curves(rng)
    for step in range(-1, 30):
        there, last, best = Curves.of(curves, 3).until(step)
        early = [c.values[c.steps <= step] for c in curves]
        reached = [len(c) > 0 and c.steps[-1] >= step for c in curves]
        np.testing.assert_array_equal(
            there, [len(e) > 0 and r for e, r in zip(early, reached, strict=True)]
        )
        kept = [e for e, t in zip(early, there, strict=True) if t]
        np.testing.assert_array_equal(last, np.array([e[-1] for e in kept]).reshape(-1, 3))
        np.testing.assert_array_equal(best, np.array([e.min(axis=0) for e in kept]).reshape(-1, 3))


def test_curves_one_after_the_other_are_curves_at_once(rng):
    curves = random_curves(rng)
    whole, joined = Curves.of(curves, 3), Curves.of([], 3)
    for curve in curves:
        joined = joined.and_of(Curves.of([curve], 3))
    for name in ("steps", "values", "ends", "finals", "feasible", "begins", "ended"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    assert len(joined) == len(curves)
    done = [c.steps[-1] for c in curves if c.final is not None and len(c)]
    assert whole.longest == max(done)
    assert Curves.of([], 3).longest == np.inf


@pytest.mark.parametrize(
    ("last", "final", "same"),
    [
        ([1.0, 7.0], [0.5, 7.0], [False, True]),
        ([1.0, 7.0], [0.5, 8.0], [False, False]),  # measured at the end
        ([2.0, 7.0], None, [True, True]),
        ([2.0, 9.0], None, [True, False]),
    ],
)
def test_what_does_not_change_with_steps(last, final, same):
    steps, first = np.array([1.0, 2.0]), [2.0, 7.0]
    final = None if final is None else np.array(final)
    lone = Curve(steps[:1], np.array([[5.0, 5.0]]))
    curves = [
        lone,
        Curve(steps, np.array([first, last]), final),
        Curve(steps[:0], np.empty((0, 2))),
    ]
    assert Curves.of(curves, 2).constant.tolist() == same
    assert Curves.of([lone], 2).constant.tolist() == [False, False]  # nobody knows


def test_a_curve_repeats_one_that_went_on(rng):
    rows = rng.integers(0, 3, size=(40, 6, 2)).astype(float)
    rows[rng.random(rows.shape) < 0.1] = np.inf
    rows[20:] = rows[:20]  # each once more
    curves = [Curve(np.arange(1.0, 1 + k), row[:k]) for row in rows for k in (0, 1, 2, 3, 6)]
    late = Curve(np.arange(2.0, 8), rows[0])
    found = [[own.repeats(other) for other in (*curves, late)] for own in curves]
    lists = [list(zip(c.steps, map(tuple, c.values), strict=True)) for c in (*curves, late)]
    assert found == [
        [
            len(own) < len(other)
            and other[: len(own)] == own
            and len({values for _, values in own}) > 1
            for other in lists
        ]
        for own in lists[:-1]
    ]
    assert 40 < np.sum(found) < 400
