"""Lengths of the history at which something is learned anew."""

from lamoo.space.schedule import begun, power_of_two, rarely_scheduled, scheduled


def test_what_costs_much_is_learned_rarely_and_at_lengths_that_a_newcomer_meets_too():
    lengths = [scheduled(n) for n in range(1, 2_000)]
    assert lengths[:31] == list(range(1, 32))
    assert all(k <= n < 1.07 * k + 1 for n, k in enumerate(lengths, 1))
    assert all(scheduled(k) == k for k in lengths)
    assert lengths == sorted(lengths)
    for low in (32, 64, 128, 256, 512):
        assert len({k for k in lengths if low <= k < 2 * low}) == 16


def test_powers_of_two_by_trial():
    powers = {2**k for k in range(12)}
    for n in range(1, 2_000):
        assert power_of_two(n) == max(k for k in powers if k <= n)
    assert power_of_two(0) == 0


def test_forms_are_chosen_at_some_of_the_lengths_at_which_fits_are_adjusted():
    lengths = sorted({rarely_scheduled(n) for n in range(2_000)})
    assert lengths == [*range(10), 10, 15, 20, 25, 30, *(2**k for k in range(5, 11))]
    assert all(scheduled(k) == k for k in lengths)
    assert all(max(k for k in lengths if k <= n) == rarely_scheduled(n) for n in range(2_000))


def test_fits_begin_anew_at_lengths_at_which_they_are_adjusted_and_that_a_newcomer_meets_too():
    lengths = [begun(n) for n in range(2_000)]
    assert sorted(set(lengths)) == [*range(33), 64, 128, 256, 512, 1024]
    assert all(k <= n and begun(k) == scheduled(k) == k for n, k in enumerate(lengths))
