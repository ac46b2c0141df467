"""The kernel of Gaussian processes: Matern-5/2 of Euclidean distances."""

from __future__ import annotations

import numpy as np

from lamoo.arrays import Floats


def squared_distances(norms_a: Floats, A: Floats, norms_b: Floats, B: Floats) -> Floats:
    """Return squared distances between the rows of A (a, p) and B (b, p), shape ``(a, b)``."""
    product = A @ B.T
    product *= -2.0
    product += norms_a[:, None]
    product += norms_b
    return np.asarray(product)


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
