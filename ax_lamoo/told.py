"""What the user told: their functions and earlier experiments, which Ax cannot store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ax.exceptions.core import UserInputError
from ax.utils.common.logger import get_logger

from ax_lamoo.errors import as_user_input
from ax_lamoo.goals import Goals
from ax_lamoo.sources import Source
from lamoo import History, Space
from lamoo.arrays import Floats
from lamoo.gp.transfer import Lesson
from lamoo.space.answers import Params
from lamoo.space.known import Known
from lamoo.space.prior import Prior, contradictions

logger = get_logger(__name__)

#: How far a reported value may be from the known one besides: Ax's storage rounds to ten decimals.
ROUNDED = 1e-9


class Told:
    """The user's functions and earlier experiments, part of a strategy that is saved without them.

    A generator is made anew for every proposal; the answers so far stay here.

    Args:
        names: the arguments that were given, which is all that is saved.
        functions: the functions; ``None`` after loading.
        sources: earlier experiments.
    """

    def __init__(
        self,
        names: Sequence[str],
        functions: Prior | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """Start without answers."""
        self.names = tuple(names)
        self._functions = functions
        self._sources = tuple(sources)
        self._start_anew()

    def _start_anew(self) -> None:
        """Forget what only saves time."""
        self._taught: tuple[Any, list[Lesson]] | None = None
        self._about: Any = None
        self._known: Known | None = None
        self._objectives: dict[int, tuple[int | str, float]] = {}
        self._decode: Callable[[Floats], Sequence[Params]] = lambda _: []

    def __getstate__(self) -> dict[str, Any]:
        """Return what was given."""
        return {name: vars(self)[name] for name in ("names", "_functions", "_sources")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy without answers."""
        vars(self).update(state)
        self._start_anew()

    @property
    def functions(self) -> Prior:
        """The functions.

        Raises:
            UserInputError: if they were lost when the strategy was saved.
        """
        if self._functions is None:
            given = "".join(f"{name}=..., " for name in self.names)
            raise UserInputError(
                "Functions and earlier experiments cannot be saved, and this strategy had some. "
                "After loading, give them again: client.set_generation_strategy("
                f"lamoo_generation_strategy({given}initialization_budget=0))"
            )
        return self._functions

    def known(
        self,
        about: Any,
        weights: Floats,
        metrics: Sequence[str],
        decode: Callable[[Floats], Sequence[Params]],
        names: Collection[str],
        samples: Sequence[Params],
    ) -> Known:
        """Return what the functions know of a space's points.

        Args:
            about: what tells one search space from another.
            weights: of the metrics in each objective, maximised, shape ``(m, k)``.
            metrics: their names.
            decode: returns the user's parameters at points (n, d).
            names: of all parameters.
            samples: some configurations, on which the functions are tried first.

        Raises:
            UserInputError: if a known objective is not one of the experiment's.
            RuntimeError: if a function raises or returns what it must not.
        """
        about = (about, weights.tolist(), list(metrics))
        if self._known is None or self._about != about:
            signs = _alone(weights, metrics)
            places: dict[int | str, int] = {name: j for name, (j, _) in signs.items()}
            with as_user_input():
                keys = self.functions.keys(places)
            self._decode = decode
            self._objectives = {j: (key, signs[str(key)][1]) for j, key in keys.items()}
            self.functions.rehearse(samples)
            self._known, self._about = self.functions.bind(self._objectives, decode, names), about
        return self._known

    def lessons(
        self,
        about: Any,
        goals: Goals,
        metrics: Sequence[str],
        space: Space,
        encode: Callable[[Sequence[Params]], Floats],
    ) -> Sequence[Lesson]:
        """Return what earlier experiments teach about the points of a space.

        Args:
            about: what tells one search space from another.
            goals: what is optimized, of the metrics.
            metrics: their names.
            space: the engine's.
            encode: returns the points (n, d) of the user's parameters.

        Raises:
            UserInputError: if a table has none of the objectives.
        """
        parts = (goals.weights, *goals.constraints)
        about = (about, [part.tolist() for part in parts], list(metrics))
        if self._taught is None or self._taught[0] != about:
            names = list(space.parameters)
            earlier = [each.history(encode, names, metrics, goals) for each in self._sources]
            if not all(history.n for history in earlier):
                logger.warning(
                    "warm_start: an earlier experiment has no finished trial that shares a "
                    "parameter with this one (%s); nothing is learned from it.",
                    ", ".join(names),
                )
            self._taught = about, [Lesson(history, space) for history in earlier if history.n]
        return self._taught[1]

    def check(self, X: Floats) -> None:
        """Ask again what is unknown of arms (n, d) that ran, which lack no parameter.

        Raises:
            RuntimeError: if a function reads a parameter that is not there.
        """
        known = self._known
        assert known is not None  # noqa: S101 - for the type checker
        unknown = np.zeros(len(X), dtype=bool)
        for j, (name, _) in self._objectives.items():
            for params in self._decode(X[np.isnan(known.objectives[j](X))]):
                self.functions.value(name, params)
        if known.features is not None:
            given = known.features(X)
            unknown |= np.isnan(given).any(axis=1) if given.size else True
        if known.violation is not None:
            unknown |= np.isnan(known.violation(X))
        if known.key is not None:
            unknown |= known.key(X) < 0
        for params in self._decode(X[unknown]):
            self.functions.check(params)

    def contradictions(self, history: History, arms: Sequence[str]) -> Iterator[str]:
        """Yield a sentence for each arm that reported another value than the known one.

        Args:
            history: what was observed, in the space that :meth:`known` was called for.
            arms: its arms' names.

        Raises:
            UserInputError: if most arms did, see :func:`lamoo.space.prior.contradictions`.
        """
        assert self._known is not None  # noqa: S101 - for the type checker
        X, Y = history.X, history.Y
        inside = history.inside
        labels = [f"arm {arm}" for arm in np.asarray(arms)[inside]]
        for j, (key, sign) in self._objectives.items():
            expected = self._known.objectives[j](X[inside]) / sign
            with as_user_input():
                yield from contradictions(key, labels, expected, Y[inside, j] / sign, ROUNDED)


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
