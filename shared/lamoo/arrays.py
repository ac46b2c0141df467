"""Names for the arrays that travel through the engine, and what is done to any array.

======== ============ =====================================================================
symbol   shape        meaning
======== ============ =====================================================================
``X``    ``(n, d)``   points of the unit cube, one column per parameter, NaN where inactive
``Y``    ``(n, m)``   objective values, minimised
``G``    ``(n, c)``   constraint values, satisfied where ``<= 0``
======== ============ =====================================================================
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
_Number = TypeVar("_Number", np.float64, np.intp)
_Made = TypeVar("_Made")


def frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    """Return an array that nobody can write from now on; it must be one's own."""
    array.flags.writeable = False
    return array


def filled(array: Floats, number: float) -> Floats:
    """Return an array with a number where it is NaN, several times as fast as ``np.nan_to_num``."""
    return np.where(np.isnan(array), number, array)


def is_frozen(values: Any) -> bool:
    """Tell whether values are an array of floats, or a view of one, that nobody can write."""
    if type(values) is not np.ndarray or values.dtype != float or values.flags.writeable:
        return False
    owner: Any = values if values.base is None else values.base
    return isinstance(owner, np.ndarray) and owner.base is None and not owner.flags.writeable


class Memo(Generic[_Made]):
    """The latest results of what takes long, by the contents of the arrays they were made of.

    What is no array counts by its hash, as in :func:`functools.lru_cache`: objects without an
    equality of their own by identity. It changes no answer and only saves time. Threads may share
    it; two that ask for the same at once may both make it.

    Args:
        size: how many are kept; the one that was asked for longest ago is forgotten first.

    Example:
        >>> norms, x = Memo[float](8), np.array([3.0, 4.0])
        >>> [norms(lambda: float(np.linalg.norm(x)), each) for each in (x, x.copy())], len(norms)
        ([5.0, 5.0], 1)
    """

    def __init__(self, size: int) -> None:
        """Start without results."""
        self._size, self._turn = size, threading.Lock()
        self._results: OrderedDict[tuple[Hashable, ...], _Made] = OrderedDict()

    def __call__(self, make: Callable[[], _Made], *of: NDArray[Any] | Hashable) -> _Made:
        """Return what was made of equal arrays and other values, or make it now."""
        key = tuple(
            (each.dtype.str, each.shape, each.tobytes()) if isinstance(each, np.ndarray) else each
            for each in of
        )
        with self._turn:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        made = make()
        with self._turn:
            self._results[key] = made
            if len(self._results) > self._size:
                self._results.popitem(last=False)
        return made

    def __len__(self) -> int:
        """Return how many results are kept."""
        return len(self._results)

    def clear(self) -> None:
        """Forget all results."""
        self._results.clear()
