"""Local models: what is learned of a neighbourhood, once for many proposals.

In many dimensions one model of few observations is right nowhere. A local model has the transforms
and hyperparameters that the whole history teaches (:func:`lamoo.gp.fitting.fit_objectives`), and is
conditioned on what lies near (several trust regions: Eriksson et al., "Scalable global optimization
via local Bayesian optimization", 2019; Daulton et al., "Multi-objective Bayesian optimization over
high-dimensional search spaces", 2022).

Nothing that is learned depends on what is pending, so that one learning serves a whole batch: the
means of the kriging believer do not change with what is believed, and standard deviations are
updated at all candidates together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats, Ints
from lamoo.gp.acquisition import Acquisition, Criterion, Factor, Feasibility, improvement
from lamoo.gp.equivalence import log_new
from lamoo.gp.fitting import (
    apply,
    fit_objectives,
    points_of,
    remembered_process,
    training_set,
    transforms_of,
    values_of,
)
from lamoo.gp.inputs import inputs_of
from lamoo.gp.model import constraint_processes, failure_process, floor_of, inferred_ref_point
from lamoo.gp.process import GP, Prediction
from lamoo.gp.targets import Transform
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.rows import rows_in

#: Standard deviations of objectives are multiplied by this. They are about right, or too small, but
#: of many candidates the best by expected improvement are those that change most and are least
#: known, and what is hoped of them hardly comes true: on the trajectory of MORBO's benchmark the
#: best ten of 400 by full deviations gained hardly more than any ten (docs/benchmarks/large).
NARROWING = 0.5
#: Candidates that are scored exactly, the best by the screening.
FINALISTS = 128
#: Predictions at candidates that are remembered: those of a few objectives in a few neighbourhoods.
_PREDICTIONS = 16


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Local:
    """What a history teaches of a neighbourhood.

    Args:
        history: the observations, nothing pending.
        space: their space.
        near: those that the processes are conditioned on.
        transforms: of the objectives' values.
        objectives: one process each.
        constraints: one process for each constraint that was violated near, and one for failures.
    """

    history: History
    space: Space
    near: History
    transforms: Sequence[Transform]
    objectives: tuple[GP, ...]
    constraints: tuple[GP, ...]
    _inferred: dict[int, Floats] = field(default_factory=dict, repr=False)

    @cached_property
    def targets(self) -> Floats:
        """The transformed values of all observations, shape ``(n, m)``."""
        return apply(self.transforms, self.history.means)

    @cached_property
    def front(self) -> Floats:
        """Those that nobody dominates, shape ``(f, m)``."""
        return self.targets[pareto.nondominated(self.targets, self.history.violation)]

    @cached_property
    def floor(self) -> Floats | None:
        """Where several have 0, the best of an objective, see :func:`lamoo.gp.model.floor_of`."""
        return floor_of(self.targets, self.transforms, self.space)

    def inferred(self, turn: int) -> Floats:
        """Return :func:`lamoo.gp.model.inferred_ref_point`, of two that take turns."""
        if turn % 2 not in self._inferred:
            violation = self.history.violation
            self._inferred[turn % 2] = inferred_ref_point(self.targets, violation, turn)
        return self._inferred[turn % 2]


def learn(history: History, near: History, space: Space, size: int) -> Local:
    """Learn from a history what is said by :class:`Local`.

    Args:
        history: at least one observation, nothing pending, nothing that was reported along the way.
        near: some of its observations, at least one.
        space: its space, without known objectives.
        size: how many observations hyperparameters are learned from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    fits = fit_objectives(history, space, size)
    data = training_set(history, size)
    transforms = transforms_of(data, [fitted.learn_transform for fitted in fits])
    inputs = inputs_of(space, points_of(near))
    each = zip(values_of(near), transforms, fits, strict=True)
    return Local(
        history,
        space,
        near,
        transforms,
        tuple(
            remembered_process(inputs, values.transformed(f), space, fitted.hyperparameters)
            for values, f, fitted in each
        ),
        (*constraint_processes(history, near, space, size), *failure_process(history, space)),
    )


@lru_cache(maxsize=_PREDICTIONS)
def _remembered(process: GP, inputs: bytes, n: int) -> Prediction:
    return process.at(np.frombuffer(inputs).reshape(n, -1))


def believe(local: Local, pending: Floats) -> tuple[tuple[GP, ...], Floats]:
    """Condition the objectives' processes on what they predict for pending points (p, d).

    Objectives of a pending point that were observed already need not be predicted.

    Returns:
        The processes, and what was predicted, shape ``(p, m)``.
    """
    inputs, partial = inputs_of(local.space, pending), local.history.partial
    if not len(pending):
        return local.objectives, np.empty((0, len(local.objectives)))
    believed, processes = [], []
    for process, y in zip(local.objectives, partial.Y.T, strict=True):
        unknown = ~rows_in(pending, partial.X[~np.isnan(y)])
        processes.append(process.believing(inputs[unknown]) if unknown.any() else process)
        believed.append(process.predict(inputs)[0])
    return tuple(processes), np.stack(believed, axis=1)


def rank(
    local: Local, X: Floats, pending: Floats, turn: int, reference: Floats | None
) -> tuple[Ints, Acquisition]:
    """Order candidates (k, d) by the acquisition, the best first.

    Args:
        local: what was learned.
        X: the candidates.
        pending: points (p, d) whose values are not all known.
        turn: the number of points tried so far.
        reference: the user's reference point (m,), minimised, ``None`` to infer one.

    Returns:
        The order ``(k,)``, and the acquisition.
    """
    history, inputs = local.history, inputs_of(local.space, X)
    contents = np.ascontiguousarray(inputs).tobytes()
    screened, factors = np.zeros(len(X)), []
    exactly: list[tuple[Criterion, Floats, Floats]] = []
    if local.constraints:
        at = [process.predict(inputs) for process in local.constraints]
        mean, std = (np.stack(columns, axis=1) for columns in zip(*at, strict=True))
        factors.append(Factor(local.constraints, Feasibility(), Feasibility()))
        exactly.append((Feasibility(), mean, std))
        screened += Feasibility().value(mean, std)
    feasible = history.violation == 0
    if feasible.any():
        processes, believed = believe(local, pending)
        if reference is None:
            ref_point = local.inferred(turn)
        else:
            ref_point = apply(local.transforms, reference[None])[0]
        # rays must be the same whoever asks
        rng = np.random.default_rng(history.n)
        front = np.concatenate([local.front, believed])
        criterion, screening = improvement(front, ref_point, rng, local.floor)
        at_X = [_remembered(process, contents, len(X)) for process in local.objectives]
        mean = np.stack([p.mean for p in at_X], axis=1)
        stds = [process.std(p) for p, process in zip(at_X, processes, strict=True)]
        std = NARROWING * np.stack(stds, axis=1)
        factors.append(Factor(processes, criterion, screening, NARROWING))
        exactly.append((criterion, mean, std))
        screened += screening.value(mean, std)
    order = np.argsort(-screened, kind="stable")
    best = order[:FINALISTS]
    scores = log_new(history, local.space)(X[best])
    for criterion, mean, std in exactly:
        scores += criterion.value(mean[best], std[best])
    order[:FINALISTS] = best[np.argsort(-scores, kind="stable")]
    return order, Acquisition(local.space, tuple(factors))
