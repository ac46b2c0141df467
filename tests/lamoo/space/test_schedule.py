"""Lengths of the history at which something is learned anew."""

from lamoo.space.schedule import scheduled


def test_what_costs_much_is_learned_rarely_and_at_lengths_that_a_newcomer_meets_too():
    lengths = [scheduled(n) for n in range(1, 2_000)]
    assert lengths[:31] == list(range(1, 32))
    assert all(k <= n < 1.07 * k + 1 for n, k in enumerate(lengths, 1))
    assert all(scheduled(k) == k for k in lengths)
    assert lengths == sorted(lengths)
    for low in (32, 64, 128, 256, 512):
        assert len({k for k in lengths if low <= k < 2 * low}) == 16
