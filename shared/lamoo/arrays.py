"""Names for the arrays that travel through the engine.

======== ============ =====================================================================
symbol   shape        meaning
======== ============ =====================================================================
``X``    ``(n, d)``   points of the unit cube, one column per parameter, NaN where inactive
``Y``    ``(n, m)``   objective values, minimised
``G``    ``(n, c)``   constraint values, satisfied where ``<= 0``
======== ============ =====================================================================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
