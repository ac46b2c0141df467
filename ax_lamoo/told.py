"""What the user tells beforehand: his functions, which Ax cannot store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ax.exceptions.core import UserInputError

from lamoo import History
from lamoo.arrays import Floats
from lamoo.space.functions import TOLERANCE, Bound, Functions, Params, bind

#: How far a reported value may be from the known one besides: Ax's storage rounds to ten decimals.
ROUNDED = 1e-9


class Told:
    """The user's functions, part of a strategy that is saved without them.

    A generator is made anew for every proposal; the answers so far stay here.

    Args:
        names: the arguments that were given, which is all that is saved.
        functions: the functions; ``None`` after loading.
    """

    def __init__(self, names: Sequence[str], functions: Functions | None = None) -> None:
        """Start without answers."""
        self.names = tuple(names)
        self._functions = functions
        self._about: Any = None
        self._bound: Bound | None = None

    @property
    def functions(self) -> Functions:
        """The functions.

        Raises:
            UserInputError: if they were lost when the strategy was saved.
        """
        if self._functions is None:
            given = "".join(f"{name}=..., " for name in self.names)
            raise UserInputError(
                f"Functions cannot be saved, and this strategy had some. After loading, give them "
                f"again: client.set_generation_strategy(lamoo_generation_strategy("
                f"{given}initialization_budget=0))"
            )
        return self._functions

    def bound(
        self,
        about: Any,
        weights: Floats,
        metrics: Sequence[str],
        decode: Callable[[Floats], Sequence[Params]],
    ) -> Bound:
        """Return the functions for the engine.

        Args:
            about: what tells one search space from another.
            weights: of the metrics in each objective, maximised, shape ``(m, k)``.
            metrics: their names.
            decode: returns the user's parameters at points (n, d).

        Raises:
            UserInputError: if a known objective is not one of the experiment's.
        """
        about = (about, weights.tolist(), list(metrics))
        if self._bound is None or self._about != about:
            signs = _alone(weights, metrics)
            places: dict[int | str, int] = {name: j for name, (j, _) in signs.items()}
            try:
                keys = self.functions.keys(places)
            except ValueError as error:
                raise UserInputError(str(error)) from error
            objectives = {j: (key, signs[str(key)][1]) for j, key in keys.items()}
            self._bound, self._about = bind(self.functions, objectives, decode), about
        return self._bound

    def check(self, bound: Bound, history: History, arms: Sequence[str]) -> None:
        """Raise if a known objective is not what an arm reported.

        Raises:
            UserInputError: if they differ by more than a millionth.
        """
        X, Y = history.X, history.Y
        inside = (((X >= 0) & (X <= 1)) | np.isnan(X)).all(axis=1)
        for j, function in bound.known.objectives.items():
            expected, reported = function(X[inside]), Y[inside, j]
            wrong = ~np.isclose(expected, reported, rtol=TOLERANCE, atol=ROUNDED)
            if wrong.any():
                first = int(np.flatnonzero(wrong)[0])
                arm = arms[int(np.flatnonzero(inside)[first])]
                raise UserInputError(
                    f"a known objective is {abs(expected[first])!r} for arm {arm}, but its trial "
                    f"reported {abs(reported[first])!r}: they must agree to a millionth"
                )


def _alone(weights: Floats, metrics: Sequence[str]) -> Mapping[str, tuple[int, float]]:
    """Return the metrics that are objectives of their own: index, and weight when minimised."""
    found = {}
    for j, row in enumerate(weights):
        if np.count_nonzero(row) == 1:
            k = int(np.flatnonzero(row)[0])
            found[metrics[k]] = j, -float(row[k])
    return found


def encoded(told: Told) -> dict[str, Any]:
    """Return what is saved."""
    return {"__type": Told.__name__, "names": list(told.names)}
