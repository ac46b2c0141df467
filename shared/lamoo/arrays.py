"""Names for the arrays that travel through the engine, and whether what users give is numbers.

======== ============ =====================================================================
symbol   shape        meaning
======== ============ =====================================================================
``X``    ``(n, d)``   points of the unit cube, one column per parameter, NaN where inactive
``Y``    ``(n, m)``   objective values, minimised
``G``    ``(n, c)``   constraint values, satisfied where ``<= 0``
======== ============ =====================================================================
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
_Number = TypeVar("_Number", np.float64, np.intp)
#: What Python and NumPy count among the integers, and is no number.
_NEITHER = (bool, np.timedelta64)


def frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    """Return an array that nobody can write from now on; it must be one's own."""
    array.flags.writeable = False
    return array


def filled(array: Floats, number: float) -> Floats:
    """Return an array with a number where it is NaN, several times as fast as ``np.nan_to_num``."""
    return np.where(np.isnan(array), number, array)


def is_whole(value: object, least: int) -> bool:
    """Tell whether a value is a whole number, and not less than the least that will do.

    NumPy's are; truth values, which Python takes for 0 and 1, are not, nor are lengths of time,
    which NumPy counts among the integers.
    """
    given: Any = value
    return isinstance(value, Integral) and not isinstance(given, _NEITHER) and int(given) >= least


def is_number(value: object, least: float = -math.inf) -> bool:
    """Tell whether a value is a real number, not NaN, and not less than the least that will do.

    An integer beyond the range of floats is none: nothing can be computed with it. Nor is a truth
    value or a length of time.
    """
    try:
        given: Any = value
        return isinstance(value, Real) and not isinstance(given, _NEITHER) and float(given) >= least
    except OverflowError:
        return False


def is_flag(value: object) -> bool:
    """Tell whether a value is true or false; 1 and 0 are."""
    return isinstance(value, Integral | np.bool_) and value in (True, False)


def is_one_of(value: object, names: Collection[str]) -> bool:
    """Tell whether a value is one of some names; arrays have no single answer to ``in``."""
    return isinstance(value, str) and value in names


def numbers(given: object) -> Floats | None:
    """Return what a user gave as a row of numbers (n,), ``None`` if it is anything else.

    Also tensors of torch, or a list of such; what is masked in an array of NumPy's is NaN.

    Example:
        >>> numbers([1, float("nan")]), numbers("ab"), numbers({0: 1.0}), numbers(3.0)
        (array([ 1., nan]), None, None, None)
    """
    if isinstance(given, list | tuple):
        with contextlib.suppress(RuntimeError):  # a tensor of several numbers, which is none
            given = [value.item() if hasattr(value, "requires_grad") else value for value in given]
    row = array_of(given)
    return row if row is not None and row.ndim == 1 else None


def array_of(given: object) -> Floats | None:
    """Return what a user gave as an array of numbers of any shape, ``None`` if it is anything else.

    Also tensors of torch, or a list of such; what is masked in an array of NumPy's is NaN.

    Example:
        >>> array_of([[1, 2], [3, 4]]), array_of([[1, 2], [3]]), array_of([10**400])
        (array([[1., 2.],
               [3., 4.]]), None, None)
    """
    if type(given) is np.ndarray and given.dtype.kind in "biuf":  # as the engine's own are
        return given.astype(float, copy=False)
    try:
        if isinstance(given, list | tuple):
            given = [plain(row) for row in given]
        return np.asarray(plain(given), dtype=float)
    # the last two: integers beyond 1e308, and what torch raises
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None


def plain(given: Any) -> object:
    """Return arrays and tensors as numbers or lists of them, ``None`` for one that is masked.

    NumPy reads no tensor that has a gradient, lies on a GPU or has the type ``bfloat16``.
    """
    return given.tolist() if hasattr(given, "tolist") else given


def two_names(given: object) -> list[str] | None:
    """Return two different names, ``None`` if anything else is given.

    They may come in an array, or in an index of pandas'.
    """
    row = plain(given)
    if isinstance(row, str) or not isinstance(row, Sequence):
        return None
    names = [name for name in row if isinstance(name, str)]
    return names if len(names) == len(row) == len({*names}) == 2 else None
