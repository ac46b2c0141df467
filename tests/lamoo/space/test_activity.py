"""Conditions of a dynamic space, learned from which parameters the points have."""

import numpy as np
import pytest

from lamoo.space.activity import ADDED, Activity, Kinds, OneOf, learn_activity


def observed(space, prune, n, seed):
    X = space.sample(n, np.random.default_rng(seed))
    return space.encode([prune(params) for params in space.decode(X)])


@pytest.mark.parametrize("seed", range(5))
def test_nested_conditions_are_recovered_exactly(spaces, prune, seed):
    space = spaces["tree"]
    activity = learn_activity(observed(space, prune, 120, seed))
    fresh = space.sample(2_000, np.random.default_rng((seed, 1)))
    wanted = space.encode([prune(params) for params in space.decode(fresh)])
    np.testing.assert_allclose(activity.mask(fresh), wanted, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_few_points_never_take_away_what_they_have_shown(spaces, prune, seed):
    """Whatever is believed after n points, it agrees with all n of them."""
    space = spaces["tree"]
    X = observed(space, prune, 40, seed)
    for n in range(1, 41, 3):
        kept = learn_activity(X[:n]).mask(X[:n])
        np.testing.assert_array_equal(kept, X[:n])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("before", "after"), [(1, 30), (3, 30), (10, 30), (10, 10), (30, 30), (30, 3), (5, 100)]
)
@pytest.mark.parametrize("d", [2, 8])
def test_a_parameter_that_the_code_gained_or_lost_is_always_active(before, after, d, seed):
    X = np.random.default_rng(seed).random((before + after, d))
    X[:before, 0] = np.nan
    assert learn_activity(X).rules == ()


def test_a_condition_beyond_a_small_tree_is_none(rng):
    X = rng.random((400, 3))
    X[np.sin(20 * X[:, 1]) + np.sin(20 * X[:, 2]) > 0, 0] = np.nan
    assert learn_activity(X).rules == ()


@pytest.mark.parametrize("later", [7, 8, 20])
def test_what_all_later_points_have_was_added_whatever_else_tells_them_apart(later):
    # the six points that lack it lie in the middle of the first column, where none went since
    x = np.concatenate([np.linspace(0.45, 0.55, 6), np.linspace(0, 0.4, later // 2)])
    x = np.concatenate([x, np.linspace(0.6, 1, later - later // 2)])
    X = np.stack([x, np.where(np.arange(len(x)) < 6, np.nan, 0.5)], axis=1)
    assert bool(learn_activity(X).rules) == (later < ADDED)
    # in another order it is a condition: some that lack it came after some that have it
    assert learn_activity(X[::-1]).rules


def test_one_choice_that_is_entered_late_is_a_condition():
    X = np.array([[0.25, np.nan]] * 4 + [[0.75, 0.5]] * 12)
    assert np.isnan(learn_activity(X).mask(np.array([[0.25, 0.5]]))[0, 1])


def test_two_parameters_of_one_branch_do_not_explain_each_other(rng):
    X = rng.random((60, 4))
    X[X[:, 0] < 0.5, 1:3] = np.nan
    rules = learn_activity(X).rules
    assert [column for column, _, _ in rules] == [1, 2]
    assert all(parents.tolist() == [0, 3] for _, parents, _ in rules)


def test_without_gaps_there_is_no_condition(rng):
    X = rng.random((30, 3))
    activity = learn_activity(X)
    assert activity == Activity()
    assert activity.mask(X) is X


def test_a_parameter_that_nobody_had_is_always_active(rng):
    X = rng.random((30, 3))
    X[:, 2] = np.nan
    fresh = rng.random((10, 3))
    np.testing.assert_array_equal(learn_activity(X).mask(fresh), fresh)


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_points_teach_nothing(n):
    assert learn_activity(np.full((n, 3), np.nan)).rules == ()


def test_masking_leaves_its_argument_alone_and_repeats_itself(spaces, prune, rng):
    space = spaces["tree"]
    X = observed(space, prune, 100, 0)
    X.flags.writeable = False
    activity = learn_activity(X)
    fresh = space.sample(50, rng)
    fresh.flags.writeable = False
    masked = activity.mask(fresh)
    assert np.isnan(masked).any()
    np.testing.assert_array_equal(activity.mask(masked), masked)
    np.testing.assert_array_equal(learn_activity(X).mask(fresh), masked)
    assert activity.mask(fresh[:0]).shape == (0, 6)


def test_a_known_condition_holds_for_its_values_only():
    known = Activity(((1, np.array([0]), OneOf((0.25, 0.75))),))
    X = np.array([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5], [np.nan, 0.5]])
    active = ~np.isnan(known.mask(X))[:, 1]
    assert active.tolist() == [True, False, True, False]
    assert np.isnan(X[:, 1]).sum() == 0  # the argument is left as it was


@pytest.mark.parametrize("rare", [0.3, 0.0005])
def test_a_condition_is_learned_from_thousands_as_from_few(rare, rng):
    # from a part, unless what is rare is not in it
    X = rng.random((6_000, 2))
    X[X[:, 0] > rare, 1] = np.nan
    activity = learn_activity(X)
    assert [column for column, *_ in activity.rules] == [1]
    np.testing.assert_array_equal(np.isnan(activity.mask(np.nan_to_num(X, nan=0.5))), np.isnan(X))


def test_an_exception_among_thousands_is_no_condition(rng):
    X = rng.random((6_000, 2))
    X[X[:, 0] > 0.5, 1] = np.nan
    X[1::60, 1] = 0.5  # not in the part that is learned from
    assert learn_activity(X).rules == ()


def test_a_single_choice_that_tells_all_is_preferred():
    # of eight points a threshold of b tells as much as the choice a
    a = np.array([1, 5, 1, 3, 5, 1, 3, 5]) / 6
    b = np.where(a < 0.2, 0.1, 0.8) + np.arange(8) / 100
    X = np.column_stack([b, a, np.where(a < 0.2, 0.5, np.nan)])
    kinds = Kinds(np.array([np.inf, 3.0, np.inf]), np.array([False, True, False]))
    ((column, parents, _),) = learn_activity(X, kinds).rules
    assert (column, parents.tolist()) == (2, [1])
    asked = np.array([[0.9, 1 / 6, 0.5], [0.1, 5 / 6, 0.5], [0.1, 1 / 2, 0.5]])
    active = ~np.isnan(learn_activity(X, kinds).mask(asked)[:, 2])
    assert active.tolist() == [True, False, False]
    # a choice that nobody made may open the branch
    active = ~np.isnan(learn_activity(X[a != 0.5], kinds).mask(asked)[:, 2])
    assert active.tolist() == [True, False, True]


def test_between_numbers_of_layers_the_nearest_tells():
    depth = (np.array([1, 1, 2, 4, 6, 6, 2, 4]) - 0.5) / 6
    X = np.column_stack([depth, np.where(depth > 0.5, 0.5, np.nan)])
    kinds = Kinds(np.array([6.0, np.inf]), np.zeros(2, dtype=bool))
    asked = np.column_stack([(np.arange(1, 7) - 0.5) / 6, np.full(6, 0.5)])
    active = ~np.isnan(learn_activity(X, kinds).mask(asked)[:, 1])
    assert active[[0, 1, 3, 4, 5]].tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n", [2, 4, 8, 30])
def test_ranges_of_one_parameter_exclude_each_other_and_cover_it(seed, n):
    rng = np.random.default_rng(seed)
    X = rng.random((n + 200, 6))
    X[:, 0] = (np.floor(X[:, 0] * 3) + 0.5) / 3
    branch = np.floor(X[:, 0] * 3)
    whole = X.copy()
    for k, column in enumerate((1, 2, 3)):
        X[branch != k, column] = np.nan
    kinds = Kinds(np.array([3.0, *[np.inf] * 5]), np.arange(6) == 0, exclusive=((1, 2, 3),))
    for known in (kinds, Kinds(np.full(6, np.inf), np.zeros(6, dtype=bool), ((1, 2, 3),))):
        masked = learn_activity(X[:n], known).mask(whole)
        assert ((~np.isnan(masked[:, 1:4])).sum(axis=1) == 1).all()
        np.testing.assert_array_equal(masked[:n], X[:n])
        assert not np.isnan(masked[:, [0, 4, 5]]).any()
    if n == 30:  # and by the choice that tells
        np.testing.assert_array_equal(learn_activity(X[:n], kinds).mask(whole), X)


def test_ranges_of_a_parameter_that_some_lack_are_there_where_it_is(rng):
    # b has a range for each choice of a, and none where a is the third
    X = rng.random((60, 4))
    X[:, 0] = (np.floor(X[:, 0] * 3) + 0.5) / 3
    whole, branch = X.copy(), np.floor(X[:, 0] * 3)
    X[branch != 0, 1] = np.nan
    X[branch != 1, 2] = np.nan
    kinds = Kinds(np.array([3.0, *[np.inf] * 3]), np.arange(4) == 0, ((1, 2),))
    np.testing.assert_array_equal(learn_activity(X, kinds).mask(whole), X)


def test_what_is_declared_is_complete_where_nothing_active_is_missing():
    known = Activity(((1, np.array([0]), OneOf((0.25,))),))
    X = np.array([[0.25, 0.5], [0.75, 0.5], [0.25, np.nan], [np.nan, 0.5]])
    found, sure = known.complete(X)
    assert sure.tolist() == [True, True, False, False]
    np.testing.assert_array_equal(found[:2], [[0.25, 0.5], [0.75, np.nan]])


KINDS = Kinds(np.array([3.0, np.inf, np.inf, np.inf]), np.array([True, False, False, False]))


def families(n, rng):
    """A choice of three families; the second and the third have parameters of their own."""
    X = rng.random((n, 4))
    X[:, 0] = (rng.integers(3, size=n) + 0.5) / 3
    X[X[:, 0] != 0.5, 1] = np.nan
    X[X[:, 0] < 0.6, 2:] = np.nan
    return X


@pytest.mark.parametrize("seed", range(5))
def test_failed_points_show_a_branch_that_gave_no_values(seed):
    rng = np.random.default_rng(seed)
    X, fresh = families(20, rng), families(200, rng)
    third = X[:, 0] > 0.6
    assert third.any()
    filled = np.where(np.isnan(fresh), rng.random(fresh.shape), fresh)
    learned = learn_activity(X[~third], KINDS, X[third])
    np.testing.assert_array_equal(learned.mask(filled), fresh)
    alone = learn_activity(X[~third], KINDS).mask(filled)
    assert (np.isnan(alone) != np.isnan(fresh)).any()


@pytest.mark.parametrize("seed", range(5))
def test_points_that_ended_before_they_had_asked_for_everything_teach_nothing(seed):
    rng = np.random.default_rng(seed)
    X = families(40, rng)
    early = families(40, rng)
    early[:, 2:] = np.nan
    early[early[:, 0] == 0.5, 1] = np.nan
    fresh = rng.random((200, 4))
    wanted = learn_activity(X, KINDS).mask(fresh)
    np.testing.assert_array_equal(learn_activity(X, KINDS, early).mask(fresh), wanted)
    # nor in a flat space, nor where there is nothing to compare with
    flat = rng.random((10, 4))
    assert not learn_activity(flat, KINDS, early).rules
    assert not learn_activity(X[:0], KINDS, early).rules


def test_failed_points_that_contradict_the_observed_ones_do_not_count(rng):
    X = families(40, rng)
    wrong = families(10, rng)
    wrong[:, 1:] = rng.random((10, 3))  # all parameters in every family
    fresh = rng.random((200, 4))
    wanted = learn_activity(X, KINDS).mask(fresh)
    np.testing.assert_array_equal(learn_activity(X, KINDS, wrong).mask(fresh), wanted)


def test_where_the_code_gained_a_parameter_failed_points_do_not_count(rng):
    X = families(40, rng)
    X[:10, 3], X[10:, 3] = np.nan, 0.5
    failed = families(10, rng)
    fresh = rng.random((200, 4))
    wanted = learn_activity(X, KINDS).mask(fresh)
    np.testing.assert_array_equal(learn_activity(X, KINDS, failed).mask(fresh), wanted)
