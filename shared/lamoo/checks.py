"""Checks of what users give: what it is, and the sentence that tells what it should have been.

All such sentences have one form, "NAME must be WHAT WAS EXPECTED, got WHAT WAS GIVEN".
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from lamoo.arrays import Floats, frozen, is_frozen

#: What Python and NumPy count among the integers, and is no number.
_NEITHER = (bool, np.timedelta64)


def check(name: str, given: object, expected: str, *, fine: bool) -> None:
    """Check that an argument is what was expected.

    Raises:
        ValueError: if it is not fine, with the sentence that tells so.

    Example:
        >>> check("chance", 0.5, "at most 1", fine=0.5 <= 1)
        >>> check("chance", 2, "at most 1", fine=2 <= 1)
        Traceback (most recent call last):
        ...
        ValueError: chance must be at most 1, got 2
    """
    if not fine:
        msg = f"{name} must be {expected}, got {given!r}"
        raise ValueError(msg)


def check_whole(name: str, given: object, least: int, *, optional: bool = False) -> None:
    """Check that an argument is a whole number (:func:`is_whole`), or ``None`` if it is optional.

    Raises:
        ValueError: if it is anything else, or less than the least that will do.
    """
    expected = f"at least {least}, a whole number{', or None' if optional else ''}"
    check(name, given, expected, fine=(optional and given is None) or is_whole(given, least))


def check_kind(name: str, given: object, *kinds: type) -> None:
    """Check that an argument is of one of some types; ``type(None)`` stands for ``None``.

    Raises:
        ValueError: if it is of another.
    """
    expected = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
    check(name, given, expected, fine=isinstance(given, kinds))


def check_callable(name: str, given: object, expected: str = "a function or None") -> None:
    """Check that an argument is a function, or ``None``.

    Raises:
        ValueError: if it is anything else.
    """
    check(name, given, expected, fine=given is None or callable(given))


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


def checked_array(name: str, given: object) -> Floats:
    """Return what was given as an array of numbers of any shape.

    Raises:
        ValueError: if it is anything else.
    """
    found = array_of(given)
    if found is None:
        msg = f"{name} must be an array of numbers, got {given!r}"
        raise ValueError(msg)
    return found


def frozen_table(name: str, values: Floats, shape: tuple[int, int]) -> Floats:
    """Return values that nobody can write, of a shape whose first number may be -1.

    A copy, unless nobody could write them before: histories that differ in little share the rest.
    What is empty takes the shape.

    Raises:
        ValueError: if the shape is another.
    """
    array = values if is_frozen(values) else np.array(values, dtype=float)
    if not array.size:
        array = array.reshape(max(shape[0], 0), shape[1])
    if array.ndim != 2 or array.shape[1] != shape[1] or shape[0] not in (-1, len(array)):
        msg = f"{name} must have shape {shape}, got {array.shape}"
        raise ValueError(msg)
    return frozen(array)
