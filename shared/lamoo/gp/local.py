"""Local models: what is learned of a neighbourhood, once for many proposals.

In many dimensions one model of few observations is right nowhere. A local model has the transforms
and hyperparameters that the whole history teaches (:func:`lamoo.gp.fitting.fit_objectives`), and is
conditioned on what lies near (several trust regions: Eriksson et al., "Scalable global optimization
via local Bayesian optimization", 2019; Daulton et al., "Multi-objective Bayesian optimization over
high-dimensional search spaces", 2022).

Nothing that is learned depends on what is pending, so that one learning serves a whole batch: the
means of the kriging believer do not change with what is believed, and standard deviations are
updated at all candidates together. What is pending is believed block by block, and full blocks are
remembered: of hundreds of pending points only the last few are believed anew for each proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats, Ints
from lamoo.gp.acquisition import Acquisition, Criterion, Factor, Feasibility, improvement
from lamoo.gp.equivalence import log_new
from lamoo.gp.feasibility import constraint_processes, failure_process
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.inputs import inputs_of
from lamoo.gp.model import floor_of
from lamoo.gp.process import GP, Prediction
from lamoo.gp.reference_point import inferred_ref_point
from lamoo.gp.sample import remembered_process
from lamoo.gp.targets import Transform
from lamoo.gp.training import apply, points_of, training_set, transforms_of, values_of
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.rows import rows_in

#: Standard deviations of objectives are multiplied by this. Not since they were too large, they are
#: about right or too small: but of many candidates expected improvement prefers those that are
#: farthest from all data, and these hardly ever improve anything. On the trajectory of MORBO's
#: benchmark the best ten of 400 by full deviations gained hardly more than any ten
#: (docs/benchmarks/large).
NARROWING = 0.5
#: Candidates that are scored exactly, the best by the screening.
FINALISTS = 128
#: Pending points that are believed at a time.
BLOCK = 64


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Local:
    """What a history teaches of a neighbourhood.

    Args:
        space: their space.
        history: the observations, nothing pending.
        near: those that the processes are conditioned on.
        transforms: of the objectives' values.
        objectives: one process each.
        constraints: one process for each constraint that was violated near, and one for failures.

    What follows is remembered, which only saves time: inferred reference points by the parity of
    the turn, and for each objective the process that believes the latest pending points, and what
    one predicted at the latest candidates.
    """

    space: Space
    history: History
    near: History
    transforms: Sequence[Transform]
    objectives: tuple[GP, ...]
    constraints: tuple[GP, ...]
    _inferred: dict[int, Floats] = field(default_factory=dict, repr=False)
    _believing: dict[int, tuple[bytes, GP]] = field(default_factory=dict, repr=False)
    _predicted: dict[int, tuple[GP, bytes, Prediction]] = field(default_factory=dict, repr=False)

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
        """Return :func:`lamoo.gp.reference_point.inferred_ref_point`, of two that take turns."""
        if turn % 2 not in self._inferred:
            violation = self.history.violation
            self._inferred[turn % 2] = inferred_ref_point(self.targets, violation, turn)
        return self._inferred[turn % 2]

    def believing(self, j: int, inputs: Floats) -> GP:
        """Return the j-th objective's process, which believes the full blocks of inputs (b, d).

        Blocks begin with the first input, so that the result is the same whatever is remembered.

        Raises:
            numpy.linalg.LinAlgError: if the grown kernel matrix is singular.
        """
        contents = inputs.tobytes()
        known, process = self._believing.get(j, (b"", self.objectives[j]))
        if not contents.startswith(known):
            known, process = b"", self.objectives[j]
        for start in range(len(known) // inputs[:1].nbytes if known else 0, len(inputs), BLOCK):
            process = process.believing(inputs[start : start + BLOCK])
        self._believing[j] = contents, process
        return process

    def predicted(self, j: int, process: GP, inputs: Floats) -> Prediction:
        """Return what the j-th objective's process predicts at candidates (c, d)."""
        contents = inputs.tobytes()
        before, same, prediction = self._predicted.get(j, (None, b"", None))
        if prediction is None or before is not process or same != contents:
            prediction = process.at(inputs)
            self._predicted[j] = process, contents, prediction
        return prediction


def learn(space: Space, history: History, near: History, size: int) -> Local:
    """Learn from a history what is said by :class:`Local`.

    Args:
        space: its space, without known objectives.
        history: at least one observation, nothing pending, nothing that was reported along the way.
        near: some of its observations, at least one.
        size: how many observations hyperparameters are learned from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    fits = fit_objectives(space, history, size)
    data = training_set(history, size)
    transforms = transforms_of(data, [fitted.learn_transform for fitted in fits])
    inputs = inputs_of(space, points_of(near))
    each = zip(values_of(near), transforms, fits, strict=True)
    return Local(
        space,
        history,
        near,
        transforms,
        tuple(
            remembered_process(inputs, values.transformed(f), space, fitted.hyperparameters)
            for values, f, fitted in each
        ),
        (*constraint_processes(space, history, near, size), *failure_process(space, history)),
    )


class Believed(NamedTuple):
    """The objectives' processes, which believe what is pending.

    Args:
        whole: those that believe all but the last points.
        processes: those that believe all.
        means: what they predict for pending points, shape ``(p, m)``.
    """

    whole: tuple[GP, ...]
    processes: tuple[GP, ...]
    means: Floats


def believe(local: Local, pending: Floats) -> Believed:
    """Condition the objectives' processes on what they predict for pending points (p, d).

    Objectives of a pending point that were observed already need not be predicted.

    Raises:
        numpy.linalg.LinAlgError: if a grown kernel matrix is singular.
    """
    inputs, partial = inputs_of(local.space, pending), local.history.partial
    whole, processes, means = [], [], []
    for j, (process, y) in enumerate(zip(local.objectives, partial.Y.T, strict=True)):
        unknown = inputs[~rows_in(pending, partial.X[~np.isnan(y)])]
        full = max(len(unknown) - 1, 0) // BLOCK * BLOCK
        whole.append(local.believing(j, unknown[:full]))
        rest = unknown[full:]
        processes.append(whole[-1].believing(rest) if len(rest) else whole[-1])
        means.append(process.predict(inputs)[0])
    return Believed(tuple(whole), tuple(processes), np.stack(means, axis=1))


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
        believed = believe(local, pending)
        if reference is None:
            ref_point = local.inferred(turn)
        else:
            ref_point = apply(local.transforms, reference[None])[0]
        # rays must be the same whoever asks
        rng = np.random.default_rng(history.n)
        front = np.concatenate([local.front, believed.means])
        criterion, screening = improvement(front, ref_point, rng, local.floor)
        at_X = [local.predicted(j, process, inputs) for j, process in enumerate(believed.whole)]
        mean = np.stack([p.mean for p in at_X], axis=1)
        stds = [process.std(p) for p, process in zip(at_X, believed.processes, strict=True)]
        std = NARROWING * np.stack(stds, axis=1)
        factors.append(Factor(believed.processes, criterion, screening, NARROWING))
        exactly.append((criterion, mean, std))
        screened += screening.value(mean, std)
    order = np.argsort(-screened, kind="stable")
    best = order[:FINALISTS]
    scores = log_new(local.space, history)(X[best])
    for criterion, mean, std in exactly:
        scores += criterion.value(mean[best], std[best])
    order[:FINALISTS] = best[np.argsort(-scores, kind="stable")]
    return order, Acquisition(local.space, tuple(factors))
