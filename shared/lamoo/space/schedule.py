"""When what costs much is learned anew: at certain lengths of the history only.

Fits, and boundaries of many features, are remembered in between. What is learned depends on the
history alone, so that it is the same whoever learns it: a process that starts in the middle of a
study, or one that remembers nothing.
"""

from __future__ import annotations

#: Below this length everything is learned anew at each: a fit costs little then, and each
#: observation says much.
_ALWAYS = 32
#: From this length on, and below 32, the forms of models are chosen at every so many observations
#: only, which costs less and finds as much (docs/benchmarks/first-fifty).
_CHOOSING, _EVERY = 10, 5


def scheduled(n: int) -> int:
    """Return the largest history length up to ``n`` at which what costs much is learned.

    Every length below 32, then every second, fourth, ...: 16 per doubling.

    Example:
        >>> [scheduled(n) for n in (5, 31, 35, 100, 1000)]
        [5, 31, 34, 100, 992]
    """
    step = power_of_two(n // 16) if n >= _ALWAYS else 1
    return n // step * step


def rarely_scheduled(n: int) -> int:
    """Return the largest history length up to ``n`` at which forms are chosen, which costs most.

    Every length below 10, every fifth below 32, then once per doubling.

    Example:
        >>> [rarely_scheduled(n) for n in (5, 14, 31, 35, 100, 1000)]
        [5, 10, 30, 32, 64, 512]
    """
    return n // _EVERY * _EVERY if _CHOOSING <= n < _ALWAYS else begun(n)


def begun(n: int) -> int:
    """Return the largest history length up to ``n`` at which a fit without forms begins anew.

    Every length below 32, then once per doubling: in between it is adjusted at scheduled lengths.

    Example:
        >>> [begun(n) for n in (5, 31, 35, 100, 1000)]
        [5, 31, 32, 64, 512]
    """
    return power_of_two(n) if n >= _ALWAYS else n


def power_of_two(n: int) -> int:
    """Return the largest power of two up to ``n``, 0 for 0."""
    return 1 << (n.bit_length() - 1) if n else 0
