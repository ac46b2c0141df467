"""What is known of points without an evaluation: functions of points, as the engine asks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import numpy as np

from lamoo.arrays import Bools, Floats, Ints

#: What constraints are called that users give as functions.
FUNCTIONS = "known_constraints"
#: Returns points (n, d) with the parameters that their configurations have, and which (n,) are
#: known to be complete.
Complete = Callable[[Floats], tuple[Floats, Bools]]


@dataclass(frozen=True)
class Known:
    """What is known of points (n, d) without an evaluation: exact functions of them.

    In an architecture search the number of parameters, FLOPs or a latency table follow from the
    architecture; only accuracy costs a training run.

    NaN stands for what is unknown after all.

    Args:
        objectives: index of an objective -> its values (n,), minimised.
        features: what helps to predict the other objectives, shape ``(n, k)``.
        first: points that are worth trying first, shape ``(k, d)``; ``None`` for none.
        violation: how far points are from what may be proposed, shape ``(n,)``, at most 0 where
            they may be, or where that is unknown. Observed points may lie elsewhere.
        draw: returns up to ``n`` random points (k, d) that violate nothing, given ``n`` and a
            random generator, where hardly any uniform ones do so; ``None`` if it is not known how.
        limits: what their user calls the constraints, to say so where nothing keeps them.
        key: numbers points, shape ``(n,)``, the same where they are the same configuration although
            they differ; ``None`` where that does not happen.
    """

    objectives: Mapping[int, Callable[[Floats], Floats]] = field(default_factory=dict)
    features: Callable[[Floats], Floats] | None = None
    first: Floats | None = None
    violation: Callable[[Floats], Floats] | None = None
    draw: Callable[[int, np.random.Generator], Floats] | None = None
    limits: tuple[str, ...] = (FUNCTIONS,)
    key: Callable[[Floats], Ints] | None = None

    @property
    def predicts(self) -> bool:
        """Whether there is anything that a model may learn from."""
        return bool(self.objectives) or self.features is not None

    def predictors(self, X: Floats) -> Floats:
        """Return what a model may learn from besides the points, shape ``(n, k)``.

        The known objectives in the order of their indices, then the features.
        """
        blocks = [self.objectives[j](X)[:, None] for j in sorted(self.objectives)]
        if self.features is not None:
            blocks.append(self.features(X))
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(X), 0))

    def where(self, complete: Complete) -> Known:
        """Return the same, asked about nothing but configurations that are known to be complete."""
        return replace(
            self,
            objectives={j: asked_where(f, complete) for j, f in self.objectives.items()},
            features=None if self.features is None else asked_where(self.features, complete),
            violation=(
                None
                if self.violation is None
                else asked_where(partial(amounts, self.violation), complete)
            ),
            key=None if self.key is None else keys(asked_where(self.key, complete)),
        )


def keys(numbers: Callable[[Floats], Floats]) -> Callable[[Floats], Ints]:
    """Return numbers of points (n, d) with one of its own, negative, wherever one is unknown."""
    unused = count(1)

    def key(X: Floats) -> Ints:
        found = numbers(X)
        unknown = np.flatnonzero(np.isnan(found))
        found[unknown] = [-next(unused) for _ in unknown]
        return found.astype(np.intp)

    return key


def asked_where(
    function: Callable[[Floats], Floats | Ints], complete: Complete
) -> Callable[[Floats], Floats]:
    """Return a function of points (n, d) that is asked about complete ones, NaN elsewhere."""

    def answers(X: Floats) -> Floats:
        X, sure = complete(X)
        given = function(X[sure])
        out = np.full((len(X), *given.shape[1:]), np.nan)
        out[sure] = given
        return out

    return answers


def amounts(violation: Callable[[Floats], Floats], X: Floats) -> Floats:
    """Return the violation of points (n, d), shape ``(n,)``.

    Raises:
        TypeError: if it is told in truth values, of which true would be a 1.
    """
    found = np.asarray(violation(X))
    if found.dtype == bool:
        msg = "violation must return numbers, at most 0 where points may be, and no truth values"
        raise TypeError(msg)
    return found


def total_violation(amounts: Sequence[Floats]) -> Floats:
    """Return the sum of constraints' violations (n,), at most 0 where each is kept.

    NaN where one is unknown and no other is broken.
    """
    each = np.maximum(np.stack(amounts), 0.0)  # of NaN it is NaN
    total = np.nansum(each, axis=0)
    return np.where(np.isnan(each).any(axis=0) & (total == 0), np.nan, total)
