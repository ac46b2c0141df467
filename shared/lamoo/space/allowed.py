"""What is said where no point is found that keeps the known constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamoo.arrays import Floats
from lamoo.space.known import FUNCTIONS
from lamoo.space.space import Space

#: Random points of which the nearest is told where none keeps the known constraints.
LOOKED_AT = 64


class NothingAllowed(ValueError):  # noqa: N818  it says what is wrong
    """No point is found that keeps the known constraints.

    Args:
        message: what to say.
        nearest: what was found instead.
    """

    def __init__(self, message: str, nearest: Nearest | None = None) -> None:
        """Keep both."""
        super().__init__(message)
        self.nearest = nearest


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Nearest:
    """Of some random points, the one that breaks the known constraints least.

    Args:
        x: the point, ``(d,)``.
        amount: by how much it breaks them.
        among: how many points there were.
        size: how many configurations there are, if all were looked at.
        limits: what the constraints are called.
    """

    x: Floats
    amount: float
    among: int
    size: float | None
    limits: tuple[str, ...]

    def message(self, params: Mapping[str, Any]) -> str:
        """Return a sentence that says what was found, and what the user can do.

        Args:
            params: the point's parameters, as their user knows them.
        """
        found = (
            "no configuration was found that keeps them, by random draws and by descent"
            if self.size is None
            else f"none of all {self.size:.0f} configurations keeps them"
        )
        functions = FUNCTIONS in self.limits
        return (
            f"{' and '.join(self.limits)}: {found}"
            f"{' (each function must return at most 0)' if functions else ''}. Of {self.among} "
            f"random ones {dict(params)} breaks them least, by {self.amount:.4g}. Check their "
            "signs, loosen them or widen the search space"
        ) + (
            "; where few configurations keep them, "
            "return how far each is off, or try one that is known to keep them first"
            if functions
            else ""
        )


def nearest_of(space: Space, X: Floats) -> Nearest:
    """Return which of points (n, d) breaks the known constraints least; all of them do."""
    assert space.known.violation is not None  # noqa: S101 - for the type checker
    violation = space.known.violation(X)
    k = int(np.argmin(violation))
    size = space.size if space.enumerable else None
    return Nearest(X[k], float(violation[k]), len(X), size, space.known.limits)
