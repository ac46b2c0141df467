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

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
_Number = TypeVar("_Number", np.float64, np.intp)


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
