"""What the user knows of a point before it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lamoo.arrays import Floats


@dataclass(frozen=True)
class Known:
    """Functions of points (n, d), which are exact and need no evaluation.

    In an architecture search parameters, FLOPs or a latency table follow from the architecture;
    only accuracy costs a training run.

    Args:
        objectives: index of an objective -> its values (n,), minimised.
        features: what helps to predict the other objectives, shape ``(n, k)``.
        first: points that are worth trying first, shape ``(k, d)``; ``None`` for none.
        violation: how far points are from what may be proposed, shape ``(n,)``, at most 0 where
            they may be. Observed points may lie elsewhere.
    """

    objectives: Mapping[int, Callable[[Floats], Floats]] = field(default_factory=dict)
    features: Callable[[Floats], Floats] | None = None
    first: Floats | None = None
    violation: Callable[[Floats], Floats] | None = None

    def __bool__(self) -> bool:
        """Tell whether there is anything that helps to predict."""
        return bool(self.objectives) or self.features is not None

    def facts(self, X: Floats) -> Floats:
        """Return the objectives, in the order of their indices, and the features, ``(n, k)``."""
        blocks = [self.objectives[j](X)[:, None] for j in sorted(self.objectives)]
        if self.features is not None:
            blocks.append(self.features(X))
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(X), 0))
