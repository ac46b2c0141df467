"""Which member of a front to take; the methods are pymoo's.

Everything is minimised, and every row is feasible. An index is that of a row of the values given.
A row that stands for a failure (:func:`lamoo.failures.sound`) is taken only if all do.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Floats, Ints
from lamoo.numerics import own_state


@own_state()
def knee(Y: Floats) -> int:
    """Return where giving up a little of one objective no longer gains much of another.

    Of the members of the front with an outstanding trade-off to their neighbours (Rachmawati and
    Srinivasan 2009, by pymoo; objectives rescaled to the front's range) the nearest to the ideal
    point, and the nearest of all where nobody stands out.

    Args:
        Y: objective values, shape ``(n, m)``, at least one row.

    Raises:
        ModuleNotFoundError: if pymoo is not installed.
    """
    index, F = _front(Y)
    if len(index) <= F.shape[1]:  # too few to have neighbours: the nearest to the ideal point
        return closest(Y)
    method = _pymoo("pymoo.mcdm.high_tradeoff").HighTradeoffPoints()
    with warnings.catch_warnings():  # it divides by zero, and changes the filters
        warnings.simplefilter("ignore")
        chosen = method.do(F)
    found = np.arange(len(F)) if chosen is None else np.atleast_1d(chosen)
    return int(index[found[np.linalg.norm(F[found], axis=1).argmin()]])


@own_state()
def closest(Y: Floats, ideal: Sequence[float] | None = None) -> int:
    """Return the member of the front that is nearest to an ideal point.

    Nearest by the achievement scalarising function (pymoo's ASF), that is, by the objective that
    misses the ideal by most of the front's range. One that is the same all over the front misses it
    by as much everywhere, and has no say.

    Args:
        Y: objective values, shape ``(n, m)``, at least one row.
        ideal: one value per objective, minimised; NaN, and ``None`` for all of them, is the best
            on the front.

    Raises:
        ModuleNotFoundError: if pymoo is not installed.
    """
    index, F = _front(Y)
    varies = np.ptp(F, axis=0) > 0
    if not varies.any():
        return int(index[0])
    target = np.zeros(F.shape[1])
    if ideal is not None:
        low, span = _range(failures.finite(Y)[index])
        with np.errstate(over="ignore"):  # an ideal may be as far away as it likes
            target = np.nan_to_num((np.asarray(ideal, dtype=float) - low) / span)
            target -= target[varies].min()  # which all miss alike
    F, target = F[:, varies], target[varies]
    asf = _pymoo("pymoo.decomposition.asf").ASF()
    missed = asf.do(F, weights=np.ones(F.shape[1]), utopian_point=target)
    # among equals the one with the smaller sum
    return int(index[np.lexsort([F.sum(axis=1), np.round(np.ravel(missed), 12)])[0]])


@own_state()
def weighted(Y: Floats, weights: Sequence[float]) -> int:
    """Return the member of the front whose pseudo-weights are nearest to the weights given.

    A pseudo-weight says how near a point is to the best of an objective, in shares that add up to
    one (Deb 2001, by pymoo): ``[1, 0]`` asks for the best of the first objective.

    Args:
        Y: objective values, shape ``(n, m)``, at least one row.
        weights: ``m`` numbers.

    Raises:
        ValueError: if the weights are not one number of at least 0 per objective, some above.
        ModuleNotFoundError: if pymoo is not installed.
    """
    m = Y.shape[1]
    w = np.asarray(weights, dtype=float)
    if w.shape != (m,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        msg = f"weights must hold {m} numbers of at least 0, some above, got {list(weights)}"
        raise ValueError(msg)
    index, F = _front(Y)
    if len(index) == 1:
        return int(index[0])
    # where an objective is the same all over the front it has no say
    varies = np.ptp(F, axis=0) > 0
    if not varies.any() or w[varies].sum() == 0:
        return closest(Y)
    # who is the worst of all, but for rounding, has no pseudo-weights
    rows = np.flatnonzero((F[:, varies] < 1).any(axis=1))
    method = _pymoo("pymoo.mcdm.pseudo_weights").PseudoWeights(w[varies] / w[varies].sum())
    return int(index[rows[np.ravel(method.do(F[np.ix_(rows, varies)]))[0]]])


def best_under_limits(Y: Floats, objective: int, limits: Floats) -> tuple[int, bool]:
    """Return the best point in one objective among those that keep limits on others.

    Args:
        Y: objective values, shape ``(n, m)``, at least one row.
        objective: its column.
        limits: the worst values that will do, shape ``(m,)``, ``inf`` where any will.

    Returns:
        The point, and whether it keeps the limits: where none does it is the nearest, by how far
        the objectives exceed them, in shares of their ranges.
    """
    index = np.flatnonzero(failures.sound(Y))
    span = np.ptp(failures.finite(Y)[index], axis=0)
    Y = Y[index]
    keeps = (Y <= limits).all(axis=1)
    if not keeps.any():
        excess = np.zeros_like(Y)  # also of what is infinite, and has no limit
        np.subtract(Y, limits, out=excess, where=Y > limits)
        excess /= np.where(span > 0, span, 1.0)
        return int(index[excess.sum(axis=1).argmin()]), False
    candidates = np.flatnonzero(keeps)
    # among equals one that nobody dominates
    numbers = pareto.dominance_number(Y[candidates])
    return int(index[candidates[np.lexsort([numbers, Y[candidates, objective]])[0]]]), True


def _front(Y: Floats) -> tuple[Ints, Floats]:
    """Return the front of points (n, m), no two alike, and its values (k, m), 0 to 1 over it."""
    index = np.flatnonzero(failures.sound(Y))
    index = index[pareto.nondominated(Y[index])]
    # of equal ones the first
    index = index[np.sort(np.unique(Y[index], axis=0, return_index=True)[1])]
    F = failures.finite(Y)[index]  # what is measured is judged by all points
    low, span = _range(F)
    return index, (F - low) / span


def _range(F: Floats) -> tuple[Floats, Floats]:
    """Return the best value and the width (m,) of each objective on a front (k, m), finite."""
    span = np.ptp(F, axis=0)
    return F.min(axis=0), np.where(span > 0, span, 1.0)


def _pymoo(module: str) -> ModuleType:
    try:
        with warnings.catch_warnings():  # of SciPy's older names
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        msg = f"picking a trial needs pymoo: pip install 'lamoo[decision]' ({error})"
        raise ModuleNotFoundError(msg) from error
