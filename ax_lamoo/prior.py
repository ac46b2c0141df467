"""What the user knows beforehand: functions and earlier experiments, which Ax cannot store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ax.exceptions.core import UserInputError
from ax.utils.common.logger import get_logger

from ax_lamoo.errors import as_user_input
from ax_lamoo.goals import Goals
from ax_lamoo.sources import Source
from lamoo import History, Space
from lamoo.arrays import Floats
from lamoo.gp.transfer import SourceModel
from lamoo.space.answers import Params
from lamoo.space.known import Known
from lamoo.space.prior import Prior, contradictions

logger = get_logger(__name__)

#: How far a reported value may be from the known one besides: Ax's storage rounds to ten decimals.
ROUNDED = 1e-9


@dataclass(frozen=True, eq=False)
class BoundPrior:
    """The user's functions, bound to the points of one search space.

    Args:
        functions: of parameters.
        known: the same of points.
        objectives: index of a known objective -> its metric, and the sign that turns it to
            minimisation.
        decode: returns the user's parameters at points (n, d).
    """

    functions: Prior
    known: Known
    objectives: Mapping[int, tuple[int | str, float]]
    decode: Callable[[Floats], Sequence[Params]]

    def check(self, X: Floats) -> None:
        """Ask again what is unknown of arms (n, d) that ran, which lack no parameter.

        Raises:
            RuntimeError: if a function reads a parameter that is not there.
        """
        known, unknown = self.known, np.zeros(len(X), dtype=bool)
        for j, (name, _) in self.objectives.items():
            for params in self.decode(X[np.isnan(known.objectives[j](X))]):
                self.functions.value(name, params)
        if known.features is not None:
            given = known.features(X)
            unknown |= np.isnan(given).any(axis=1) if given.size else True
        if known.violation is not None:
            unknown |= np.isnan(known.violation(X))
        if known.key is not None:
            unknown |= known.key(X) < 0
        for params in self.decode(X[unknown]):
            self.functions.check(params)

    def contradictions(self, history: History, arms: Sequence[str]) -> Iterator[str]:
        """Yield a sentence for each arm that reported another value than the known one.

        Args:
            history: what was observed in this search space.
            arms: its arms' names.

        Raises:
            UserInputError: if most arms did, see :func:`lamoo.space.prior.contradictions`.
        """
        X, Y, inside = history.X, history.Y, history.inside
        labels = [f"arm {arm}" for arm in np.asarray(arms)[inside]]
        for j, (key, sign) in self.objectives.items():
            expected = self.known.objectives[j](X[inside]) / sign
            with as_user_input():
                yield from contradictions(key, labels, expected, Y[inside, j] / sign, ROUNDED)


class PriorKnowledge:
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
        """Forget what only saves time: the latest answers, and what they were about."""
        self._bound: tuple[Any, BoundPrior] | None = None
        self._models: tuple[Any, list[SourceModel]] | None = None

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

    def bound(
        self,
        about: Any,
        weights: Floats,
        metrics: Sequence[str],
        space: Space,
        decode: Callable[[Floats], Sequence[Params]],
        names: Collection[str],
    ) -> BoundPrior:
        """Return the functions bound to a space's points, once they were tried on some.

        Args:
            about: what tells one search space from another.
            weights: of the metrics in each objective, maximised, shape ``(m, k)``.
            metrics: their names.
            space: the engine's.
            decode: returns the user's parameters at its points (n, d).
            names: of all parameters.

        Raises:
            UserInputError: if a known objective is not one of the experiment's.
            RuntimeError: if a function raises or returns what it must not.
        """
        about = (about, weights.tolist(), list(metrics))
        if self._bound is None or self._bound[0] != about:
            functions, signs = self.functions, _alone(weights, metrics)
            with as_user_input():
                keys = functions.keys({name: j for name, (j, _) in signs.items()})
            objectives = {j: (key, signs[str(key)][1]) for j, key in keys.items()}
            functions.rehearse(space, decode)
            known = functions.bind(objectives, decode, names)
            self._bound = about, BoundPrior(functions, known, objectives, decode)
        return self._bound[1]

    def source_models(
        self,
        about: Any,
        goals: Goals,
        metrics: Sequence[str],
        space: Space,
        encode: Callable[[Sequence[Params]], Floats],
    ) -> Sequence[SourceModel]:
        """Return models of the earlier experiments, of the points of a space.

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
        if self._models is None or self._models[0] != about:
            names = list(space.parameters)
            earlier = [each.history(encode, names, metrics, goals) for each in self._sources]
            if not all(history.n for history in earlier):
                logger.warning(
                    "warm_start: an earlier experiment has no finished trial that shares a "
                    "parameter with this one (%s); nothing is learned from it.",
                    ", ".join(names),
                )
            self._models = about, [SourceModel(space, history) for history in earlier if history.n]
        return self._models[1]


def _alone(weights: Floats, metrics: Sequence[str]) -> Mapping[str, tuple[int, float]]:
    """Return the metrics that are objectives of their own: index, and weight when minimised."""
    found = {}
    for j, row in enumerate(weights):
        if np.count_nonzero(row) == 1:
            k = int(np.flatnonzero(row)[0])
            found[metrics[k]] = j, -float(row[k])
    return found


def encoded(prior: PriorKnowledge) -> dict[str, Any]:
    """Return what is saved."""
    return {"__type": PriorKnowledge.__name__, "names": list(prior.names)}
