"""When what costs much is learned anew: at certain lengths of the history only.

Fits, and boundaries of many features, are remembered in between. What is learned depends on the
history alone, so that it is the same whoever learns it: a process that starts in the middle of a
study, or one that remembers nothing.
"""

from __future__ import annotations


def scheduled(n: int) -> int:
    """Return the largest history length up to ``n`` at which what costs much is learned.

    Every length below 32, then every second, fourth, ...: 16 per doubling.

    Example:
        >>> [scheduled(n) for n in (5, 31, 35, 100, 1000)]
        [5, 31, 34, 100, 992]
    """
    step = max(1, 2 ** ((n // 16).bit_length() - 1)) if n >= 32 else 1
    return n // step * step
