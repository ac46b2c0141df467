"""Rows of arrays of points: which are equal, which were there before, which repeat another one.

Points are the same if they are equal to nine digits; NaN (an inactive parameter) equals NaN. Every
row becomes a number of 64 bits, and numbers are compared: the chance that any two of 20,000
different rows share one is 1e-11.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lamoo.arrays import Bools, Floats, Ints

Keys = NDArray[np.uint64]

#: Decimals to which values in the unit interval are compared: what differs by less is rounding.
DIGITS = 9

#: Shifts and factors that spread every bit of a number over all of them (splitmix64; Steele, Lea
#: and Flood, "Fast splittable pseudorandom number generators", 2014).
_MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_GOLDEN = 0x9E3779B97F4A7C15
_BLOCK = 1024


def rows_in(X: Floats, others: Floats) -> Bools:
    """Tell which rows of ``X`` (n, d) occur among ``others`` (k, d)."""
    return occur(X, row_keys(others))


def row_keys(X: Floats) -> Keys:
    """Return the sorted keys of points (n, d), in which :func:`occur` looks others up."""
    return np.sort(keys_of(X))


def occur(X: Floats, keys: Keys) -> Bools:
    """Tell which rows of ``X`` (n, d) are among the points that the keys were made of."""
    return among(keys_of(X), keys)


def among(mine: Keys, keys: Keys) -> Bools:
    """Tell which of some keys (n,) are among others, which are sorted."""
    if not len(keys):
        return np.zeros(len(mine), dtype=bool)
    place = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
    return np.asarray(keys[place] == mine)


def repeats(X: Floats, observed: Floats) -> Bools:
    """Tell which points (n, d) agree with one of ``observed`` (k, d) wherever that is active.

    What a program asks for next depends on the answers it got so far. So a trial that would give
    all the answers an earlier one got is that trial again, whatever else the point holds: values
    for branches that it will not enter. Observed points without inactive parameters need no such
    care, :func:`rows_in` finds them.

    Example:
        >>> repeats(np.array([[0.25, 0.1], [0.75, 0.1]]), np.array([[0.25, np.nan]]))
        array([ True, False])
    """
    return agree(X, answers(observed))


def answers(observed: Floats) -> list[tuple[Bools, Keys]]:
    """Return the sets of columns (d,) that observed points (n, d) have active, and their keys.

    Points in which everything was active are left out: no other point repeats those.
    """
    active = ~np.isnan(observed)
    partial = active.any(axis=1) & ~active.all(axis=1)
    if not partial.any():
        return []
    rows = observed[partial]
    which = groups(active[partial].astype(float))
    found = []
    for k in range(which.max() + 1):
        alike = rows[which == k]
        columns = ~np.isnan(alike[0])
        found.append((columns, row_keys(alike[:, columns])))
    return found


def agree(X: Floats, answered: list[tuple[Bools, Keys]]) -> Bools:
    """Tell which points (n, d) repeat an observed one, see :func:`repeats`.

    Args:
        X: the points.
        answered: what :func:`answers` returned of the observed ones.
    """
    found = np.zeros(len(X), dtype=bool)
    for columns, keys in answered:
        found |= occur(X[:, columns], keys)
    return found


def groups(X: Floats) -> Ints:
    """Number the distinct rows of ``X`` (n, d), shape ``(n,)``.

    Without columns all rows count as distinct.
    """
    if not X.size:
        return np.arange(len(X), dtype=np.intp)
    return np.asarray(np.unique(keys_of(X), return_inverse=True)[1], dtype=np.intp).ravel()


def first_rows(X: Floats) -> Floats:
    """Return the distinct rows of ``X`` (n, d), each where it first stands."""
    return X[first_of(keys_of(X))]


def first_of(keys: Keys) -> Ints:
    """Return where each distinct one of some keys first stands, increasing, ``(k,)``."""
    return np.sort(np.unique(keys, return_index=True)[1])


def keys_of(X: Floats) -> Keys:
    """Return one number per row (n, d), shape ``(n,)``, in their order; 0 without columns."""
    # a block at a time stays in the processor's cache
    blocks = [_block_keys(X[i : i + _BLOCK]) for i in range(0, len(X), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=np.uint64)


def _block_keys(X: Floats) -> Keys:
    rounded = np.round(X, DIGITS)
    rounded += 0.0  # because -0.0 equals 0.0
    rounded[np.isnan(rounded)] = np.inf
    bits = np.ascontiguousarray(rounded).view(np.uint64)
    # each value goes with its column, since it counts differently in each
    bits += np.arange(1, X.shape[1] + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    for shift, factor in _MIXING:
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    bits ^= bits >> np.uint64(31)
    return np.asarray(bits.sum(axis=1, dtype=np.uint64))
