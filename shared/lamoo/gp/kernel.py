"""The kernel of Gaussian processes: Matern-5/2 of Euclidean distances."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from lamoo.arrays import Floats


def squared_distances(norms_a: Floats, A: Floats, norms_b: Floats, B: Floats) -> Floats:
    """Return squared distances between the rows of A (a, p) and B (b, p), shape ``(a, b)``."""
    product = A @ B.T
    product *= -2.0
    product += norms_a[:, None]
    product += norms_b
    return np.asarray(product)


def agreement(A: Floats, B: Floats, weights: Floats) -> Floats:
    """Return the sum of weights (c,) of the columns in which codes (a, c) and (b, c) agree.

    Of many codes few agree: those are found by a product of sparse one-hot matrices.

    Args:
        A: whole numbers that no two columns share, few of them negative, which may be any.
        B: such codes, too.
        weights: of the columns.

    Returns:
        Shape ``(a, b)``.

    Example:
        >>> agreement(np.array([[1.0, 2.0]]), np.array([[1.0, 3.0], [0.0, 2.0]]), np.ones(2))
        array([[1., 1.]])
    """
    if len(A) == 1:
        return np.asarray((B == A) @ weights)[None]
    width = int(max(A.max(initial=0.0), B.max(initial=0.0))) + 1
    ours, theirs = _onehots(A, width, weights), _onehots(B, width, np.ones(len(weights)))
    agreeing = np.asarray((ours @ theirs.T).toarray())
    rows = np.flatnonzero((B < 0).any(axis=1))
    if len(rows):
        negative = np.zeros((len(A), len(rows)))
        for a, b, weight in zip(A.T, B[rows].T, weights, strict=True):
            negative += weight * ((a[:, None] == b) & (b < 0))
        agreeing[:, rows] += negative
    return agreeing


def _onehots(codes: Floats, width: int, values: Floats) -> csr_array:
    """Return codes (n, c) below a width one-hot, times a value for each column (c,)."""
    there = codes >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    ones = np.broadcast_to(values, codes.shape)[there]
    return csr_array((ones, codes[there].astype(np.intp), ends), shape=(len(codes), width))


def matern(squared: Floats) -> tuple[Floats, Floats]:
    """Return the Matern-5/2 correlation of squared distances, and -2 times its derivative.

    With s = sqrt(5 r^2): (1 + s + s^2 / 3) exp(-s), and 5/3 (1 + s) exp(-s).
    """
    s = np.sqrt(np.maximum(5.0 * squared, 0.0))
    decay = np.exp(-s)
    slope = (s + 1.0) * decay
    s *= s
    s *= decay
    s /= 3.0
    s += slope
    slope *= 5.0 / 3.0
    return s, slope
