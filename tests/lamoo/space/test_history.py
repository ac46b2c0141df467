"""What is known about a study: shapes, violations, and what must not be proposed again."""

from dataclasses import replace

import numpy as np
import pytest

from lamoo import History
from lamoo.curves import Curve, Curves
from lamoo.space.partial import Partial

NAN, INF = np.nan, np.inf


def example():
    return History(
        X=np.array([[0.1, 0.2], [0.3, NAN], [0.1, 0.2]]),
        Y=np.array([[1.0, 2.0], [INF, -INF], [3.0, 4.0]]),
        G=np.array([[-1.0, 2.0], [NAN, NAN], [0.5, 3.0]]),
        pending=np.array([[0.5, 0.5], [0.5, 0.5], [0.7, NAN]]),
        failed=np.array([[0.9, 0.9]]),
    )


def test_what_is_left_out_is_empty_and_has_the_right_width():
    history = History(np.zeros((4, 3)), np.zeros((4, 2)))
    assert history.G.shape == (4, 0)
    assert history.pending.shape == history.failed.shape == (0, 3)
    assert history.violation.tolist() == [0.0] * 4
    assert History(np.empty((0, 3)), np.empty((0, 2))).tried.shape == (0, 3)


@pytest.mark.parametrize("name", ["X", "Y", "G", "pending", "failed"])
def test_arrays_are_private_copies_that_nobody_can_write(name):
    arrays = {"X": np.zeros((2, 1)), "Y": np.zeros((2, 1)), "G": np.zeros((2, 1))}
    arrays |= {"pending": np.zeros((2, 1)), "failed": np.zeros((2, 1))}
    history = History(**arrays)
    arrays[name][0, 0] = 7.0
    assert getattr(history, name)[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        getattr(history, name)[0, 0] = 7.0


def test_histories_that_differ_in_what_is_pending_share_the_rest(rng):
    history = History(rng.random((40, 3)), rng.random((40, 2)))
    grown = history.with_pending(rng.random(3)).with_pending(rng.random(3))
    for name in ("X", "Y", "noise", "denoised"):
        assert getattr(grown, name) is getattr(history, name)
    assert grown.points is history.points
    assert grown.settled is history
    assert np.shares_memory(history.first(7).X, history.X)
    other = History(history.X, history.Y, pending=grown.pending)
    assert other.settled is other.with_pending(rng.random(3)).settled
    assert not len(other.settled.pending)


FACTS = ("group", "inside", "violation", "means", "noisy", "tried")


@pytest.mark.parametrize(
    "changes",
    [
        {"pending": np.array([[0.2, 0.2]])},
        {"failed": np.empty((0, 2))},
        {"Y": np.array([[5.0, 6.0], [7.0, 8.0], [5.0, 6.0]])},
        {"G": np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])},
        {"noise": np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])},
        {"denoised": np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])},
        {"X": np.array([[0.1, 0.2], [0.3, NAN], [1.4, 0.2]]), "pending": np.empty((0, 2))},
    ],
)
def test_what_follows_from_a_history_is_the_same_whatever_it_was_made_of(changes):
    history = example()
    for name in FACTS:
        getattr(history, name)
    replaced, fresh = history.replaced(**changes), replace(example(), **changes)
    for name in FACTS:
        np.testing.assert_array_equal(getattr(replaced, name), getattr(fresh, name))


def test_a_window_on_an_array_that_somebody_can_write_is_copied():
    X = np.zeros((4, 1))
    window = X[:2]
    window.flags.writeable = False
    shown = np.frombuffer(memoryview(bytearray(16))).reshape(2, 1)
    shown.flags.writeable = False
    assert not np.shares_memory(History(window, np.zeros((2, 1))).X, X)
    assert not np.shares_memory(History(shown, np.zeros((2, 1))).X, shown)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros((2, 1)), "Y": np.zeros((3, 1))}, "X must be"),
        ({"X": np.zeros(2), "Y": np.zeros((2, 1))}, "X must be"),
        ({"X": [0.0, 0.0], "Y": [[0.0], [0.0]]}, "X must be"),
        ({"X": np.zeros((1, 1)), "Y": np.array([[NAN]])}, "Y must not hold NaN"),
        ({"X": np.zeros((2, 1)), "Y": np.zeros((2, 1)), "G": np.zeros((1, 1))}, "G must have"),
        ({"X": np.zeros((2, 1)), "Y": np.zeros((2, 1)), "pending": np.zeros((1, 2))}, "pending"),
        ({"X": np.zeros((2, 1)), "Y": np.zeros((2, 1)), "failed": np.zeros((1, 2))}, "failed"),
    ],
)
def test_shapes_that_disagree_are_named(arrays, message):
    with pytest.raises(ValueError, match=message):
        History(**arrays)


def test_lists_are_arrays_as_well():
    history = History([[0.5]], [[1, 2]], [[3]], pending=[[0.25]], noise=[[0, 1]])
    assert history.Y.dtype == history.G.dtype == float
    assert history.Y.tolist() == [[1, 2]]
    assert history.violation.tolist() == [3]
    assert history.noisy.tolist() == [[False, True]]
    assert history.tried.tolist() == [[0.5], [0.25]]


@pytest.mark.parametrize(
    ("G", "violation"),
    [
        ([-1.0, 0.0], 0.0),
        ([2.0, -5.0], 2.0),
        ([2.0, 0.5], 2.5),
        ([NAN, NAN], 0.0),
        ([NAN, 3.0], 3.0),
        ([INF, INF], INF),
        ([-INF, 1.0], 1.0),
        ([1e308, 1e308], INF),
    ],
)
def test_violation_is_the_sum_of_what_is_positive(G, violation):
    history = History(np.zeros((1, 1)), np.zeros((1, 1)), np.array([G]))
    assert history.violation.tolist() == [violation]


def test_all_that_was_tried_is_not_unseen():
    X = np.array([[0.7, NAN], [0.1, 0.2], [0.4, 0.4], [0.9, 0.9], [0.4, 0.4], [0.2, 0.3]])
    np.testing.assert_array_equal(example().unseen(X), [[0.4, 0.4], [0.2, 0.3]])
    assert len(example().tried) == 7
    assert example().unseen(X[:0]).shape == (0, 2)


def test_what_would_turn_out_to_be_an_old_trial_is_the_last_resort():
    # (0.3, inactive) was evaluated: whoever answers 0.3 again is not asked for more.
    again = np.array([[0.3, 0.6], [0.3, 0.8]])
    np.testing.assert_array_equal(example().unseen(again), again)
    new = [[0.4, 0.6]]
    np.testing.assert_array_equal(example().unseen(np.concatenate([again, new])), new)
    # (0.7, inactive) is only running: perhaps it was not asked for everything yet
    np.testing.assert_array_equal(
        example().unseen(np.array([[0.7, 0.7], [0.3, 0.3]])), [[0.7, 0.7]]
    )


def test_a_pending_point_moves_to_the_observations_when_it_is_told():
    history = example().with_outcome(
        np.array([0.7, NAN]), np.array([5.0, 6.0]), np.array([1.0, 1.0])
    )
    assert history.n == 4
    np.testing.assert_array_equal(history.pending, example().pending[:2])
    np.testing.assert_array_equal(history.X[3], [0.7, NAN])
    np.testing.assert_array_equal(history.Y[3], [5.0, 6.0])


def test_of_two_equal_pending_points_one_is_told():
    history = example().with_outcome(np.array([0.5, 0.5]), np.array([5.0, 6.0]), np.empty(0))
    np.testing.assert_array_equal(history.pending, [[0.5, 0.5], [0.7, NAN]])
    np.testing.assert_array_equal(history.G[3], [NAN, NAN])


def test_a_pending_point_is_recognised_though_a_parameter_turned_out_inactive_or_active():
    history = example().with_outcome(np.array([0.5, NAN]), np.array([5.0, 6.0]), np.empty(0))
    np.testing.assert_array_equal(history.pending, [[0.5, 0.5], [0.7, NAN]])
    history = example().with_outcome(np.array([0.7, 0.4]), np.array([5.0, 6.0]), np.empty(0))
    np.testing.assert_array_equal(history.pending, [[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(history.X[3], [0.7, 0.4])
    history = example().with_outcome(np.array([NAN, 0.4]), np.array([5.0, 6.0]), np.empty(0))
    assert len(history.pending) == 3


def test_what_nobody_asked_for_can_be_told():
    history = example().with_outcome(np.array([0.8, 0.1]), np.array([5.0, 6.0]), np.empty(0))
    assert len(history.pending) == 3
    assert history.n == 4


@pytest.mark.parametrize("y", [None, np.array([1.0, NAN])])
def test_a_failure_is_remembered_but_not_observed(y):
    history = example().with_outcome(np.array([0.7, NAN]), y, np.empty(0))
    assert history.n == 3
    assert len(history.pending) == 2
    np.testing.assert_array_equal(history.failed, [[0.9, 0.9], [0.7, NAN]])


def test_constraints_may_appear_late():
    history = History(np.zeros((1, 1)), np.zeros((1, 1)))
    history = history.with_outcome(np.ones(1), np.ones(1), np.array([2.0]))
    history = history.with_outcome(np.full(1, 0.5), np.ones(1), np.array([1.0, 3.0]))
    np.testing.assert_array_equal(history.G, [[NAN, NAN], [2.0, NAN], [1.0, 3.0]])
    assert history.violation.tolist() == [0.0, 2.0, 4.0]


def test_telling_leaves_the_old_history_alone():
    history = example()
    history.with_outcome(np.array([0.7, NAN]), np.array([5.0, 6.0]), np.array([1.0]))
    history.with_pending(np.array([0.2, 0.2]))
    for name in ("X", "Y", "G", "pending", "failed"):
        np.testing.assert_array_equal(getattr(history, name), getattr(example(), name))


def test_with_pending_appends():
    history = example().with_pending(np.array([0.2, 0.2]))
    np.testing.assert_array_equal(history.pending[3], [0.2, 0.2])
    assert len(history.unseen(np.array([[0.2, 0.2]]))) == 0


def test_parts_of_a_history_keep_rows_together():
    history = example()
    first, some = history.first(2), history.at(np.array([2, 0]))
    np.testing.assert_array_equal(first.Y, history.Y[:2])
    np.testing.assert_array_equal(first.G, history.G[:2])
    np.testing.assert_array_equal(some.X, history.X[[2, 0]])
    np.testing.assert_array_equal(some.violation, history.violation[[2, 0]])
    assert len(first.pending) == len(some.failed) == 0


def partially(X, Y):
    return Partial(np.array(X), np.array(Y), np.empty((len(X), 0)), np.full(np.shape(Y), NAN))


def test_what_is_partially_known_was_tried_but_counts_nowhere():
    partial = partially([[0.2, 0.2], [0.5, 0.5]], [[1.0, NAN], [NAN, 0.0]])
    history = History(
        np.array([[0.1, 0.1]]), np.ones((1, 2)), pending=np.array([[0.5, 0.5]]), partial=partial
    )
    assert history.n == 1
    np.testing.assert_array_equal(history.tried, [[0.1, 0.1], [0.5, 0.5], [0.2, 0.2]])
    assert not len(history.unseen(history.tried))
    told = history.with_outcome(np.array([0.7, 0.7]), np.array([2.0, 2.0]), np.array([1.0]))
    assert told.partial.G.shape == (2, 1)
    np.testing.assert_array_equal(told.at(np.array([1])).partial.Y, partial.Y)


def test_constraints_may_be_known_of_what_is_only_partially_known():
    rows, unknown = np.array([[0.2, 0.2], [0.5, 0.5]]), np.full((2, 2), NAN)
    partial = Partial(rows, unknown, np.array([[1.0], [-1.0]]), unknown)
    history = History(rows[:0], unknown[:0], np.empty((0, 1)), partial=partial)
    assert history.G.shape == (0, 1)
    assert history.at(np.arange(0)).partial.G.tolist() == [[1.0], [-1.0]]
    told = history.with_outcome(np.array([0.9, 0.9]), np.ones(2), np.array([2.0]))
    assert told.violation.tolist() == [2.0]


@pytest.mark.parametrize("part", ["X", "Y", "G", "noise"])
def test_shapes_of_what_is_partially_known_are_named(part):
    arrays = dict(vars(partially([[0.2, 0.2]], [[1.0, NAN]])))
    arrays[part] = np.zeros((1, 3))
    with pytest.raises(ValueError, match=rf"partial\.{part} must have shape"):
        History(np.zeros((1, 2)), np.zeros((1, 2)), partial=Partial(**arrays))


def test_negative_variances_are_refused():
    with pytest.raises(ValueError, match="variances"):
        History(np.zeros((1, 1)), np.zeros((1, 1)), noise=np.array([[-1.0]]))


@pytest.mark.parametrize(
    ("values", "noise", "mean"),
    [
        ([1.0, 4.0], [1.0, 2.0], 2.0),  # (1 / 1 + 4 / 2) / (1 / 1 + 1 / 2)
        ([1.0, 4.0, 7.0], [0.0, 2.0, 0.0], 4.0),  # the exact ones alone
        ([1.0, 4.0], [1.0, NAN], 2.5),
        ([1.0, 4.0], [INF, INF], 2.5),
        ([1.0, 4.0], [INF, 1.0], 4.0),
        ([INF, 4.0], [0.5, 0.5], INF),
        ([INF, 4.0], [0.5, 0.0], 4.0),
    ],
)
def test_repeated_evaluations_are_weighed_by_their_precision(values, noise, mean):
    n = len(values)
    history = History(np.ones((n, 1)), np.array(values)[:, None], noise=np.array(noise)[:, None])
    np.testing.assert_allclose(history.means, np.full((n, 1), mean))


def test_equal_precision_is_the_plain_mean(rng):
    X, Y = rng.integers(0, 3, (12, 1)) / 2, rng.random((12, 2))
    weighed = History(X, Y, noise=np.full(Y.shape, 0.3)).means
    np.testing.assert_allclose(weighed, History(X, Y).means)


def test_who_may_be_trained_again_was_stopped_once_and_nothing_else():
    X = np.linspace(0.0, 1.0, 9)[:, None]
    once, twice, done, running, failed, unknown, silent = X[:7]
    rows = np.array([once, twice, twice, done, running, failed, unknown, silent])
    told = [np.ones((2, 2))] * 6 + [np.array([[1.0, NAN]] * 2), np.empty((0, 2))]
    curves = Curves.of([Curve(np.arange(1.0, len(v) + 1), v) for v in told], 2)
    nothing = np.full((8, 2), NAN)
    history = History(
        np.array([done, X[7]]),
        np.ones((2, 2)),
        pending=running[None],
        failed=failed[None],
        partial=Partial(rows, nothing, np.empty((8, 0)), nothing, curves),
        retrains=True,
    )
    assert history.retrainable.tolist() == [0]
    assert history.can_retrain(X).tolist() == [True] + [False] * 8
    assert not history.unseen(once[None]).size  # it was tried for all that
    assert not len(history.with_pending(once).retrainable)
    assert not len(replace(history, retrains=False).retrainable)
    assert not len(History(X, np.ones((9, 2)), retrains=True).retrainable)

    # the first and the eighth are the same configuration
    same = replace(history, key=lambda X: (np.round(8 * X[:, 0]) % 7).astype(int))
    assert not len(same.retrainable)
