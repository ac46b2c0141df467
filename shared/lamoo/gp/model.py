"""The surrogate model of a study: one Gaussian process per output, learned from the history.

Each objective, and each constraint that was ever violated, has a process of its own on a transform
of its values; one more tells where evaluations fail. Points under evaluation count as if they had
returned what the model predicts (kriging believer; Ginsbourger, Le Riche and Carraro, "Kriging is
well-suited to parallelize optimization", 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from lamoo import failures
from lamoo.arrays import Floats
from lamoo.gp.acquisition import (
    Acquisition,
    AtTheEnd,
    Factor,
    Feasibility,
    KnownObjective,
    Process,
    improvement,
    predict,
)
from lamoo.gp.feasibility import constraint_processes, failure_process
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.inputs import inputs_of
from lamoo.gp.process import GP
from lamoo.gp.reference_point import current_ref_point, expectation, known_ref_point
from lamoo.gp.reports import END
from lamoo.gp.sample import fit_to, objective_process, process_of
from lamoo.gp.targets import Transform, compress, floors, untransformed, zero_is_best
from lamoo.gp.training import (
    MAX_TRAINING,
    Values,
    apply,
    learned_values,
    points_of,
    training_set,
    transforms_of,
)
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.known import Known
from lamoo.space.rows import first_rows, rows_in

#: Standard deviations of objectives are multiplied by this. Hyperparameters are fitted and not
#: integrated over, so off the data the fit is too sure of itself: after 25 or 50 random points,
#: errors on seven problems were 1.0 to 1.6 predicted deviations (root mean square).
WIDENING = 1.3


def learn(
    space: Space,
    history: History,
    rng: np.random.Generator,
    reference: Floats | None,
    size: int = MAX_TRAINING,
) -> Acquisition:
    """Learn the acquisition from a history with at least one observation.

    Args:
        space: tells which columns are unordered, and which of them alike.
        history: observations and what is pending.
        rng: draws the rays.
        reference: the user's reference point (m,), minimised, ``None`` to infer one.
        size: how many observations to learn from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    data = training_set(history, size)
    feasible = data.violation == 0
    constraints = (
        *constraint_processes(space, history, data, size),
        *failure_process(space, history),
    )
    factors: list[Factor] = []
    trust = 1.0
    if constraints:
        factors.append(Factor(constraints, Feasibility(), Feasibility()))
    if feasible.any():  # until then, only feasibility counts
        learned = _learn_objectives(space, history, data, size)
        transforms, inputs, processes = learned.transforms, learned.inputs, learned.processes
        targets = apply(transforms, data.judged)
        processes, believed = _believe(learned, space, data, history.open)
        if reference is not None:
            ref_point = apply(transforms, reference[None])[0]
        elif space.known.objectives:
            ref_point = known_ref_point(targets, data.violation, space, transforms)
        else:
            expect = expectation(processes, constraints, space)
            ref_point = current_ref_point(space, history, targets, data.violation, expect)
        # where there is noise, a lucky value must not hide what is better than its true one
        values = targets
        if data.noisy.any():
            values = np.where(data.noisy, predict(processes, inputs[: data.n])[0], targets)
        front = np.concatenate([values[feasible], believed])
        floor = floor_of(values, transforms, space)
        factors.append(Factor(processes, *improvement(front, ref_point, rng, floor), WIDENING))
        trust = learned.trust
    return Acquisition(space, tuple(factors), trust)


def floor_of(targets: Floats, transforms: Sequence[Transform], space: Space) -> Floats | None:
    """Return the least value of each objective (m,), -inf where targets (n, m) show none.

    It is what the transforms make of 0, see :func:`lamoo.gp.targets.floors`; ``None`` where no
    objective has one.

    Only where some parameters are continuous and none are choices: otherwise equal values are no
    surprise. What repeats all of a result says nothing new, and known objectives are not predicted.
    """
    if space.categorical[space.free].any() or not space.smooth[space.free].any():
        return None
    zero = apply(transforms, np.zeros((1, targets.shape[1])))[0]
    if not zero_is_best(targets, zero).any():  # sooner told than which values are equal
        return None
    floor = floors(first_rows(targets), zero)
    floor[[*space.known.objectives]] = -np.inf
    return floor


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class _Learned:
    """All objectives, learned.

    Args:
        transforms: of the values, one per objective.
        inputs: of all points at which anything was observed, shape ``(n, p)``.
        values: transformed values, one per objective.
        processes: one per objective.
        trust: see :class:`lamoo.gp.acquisition.Acquisition`.
    """

    transforms: Sequence[Transform]
    inputs: Floats
    values: Sequence[Values]
    processes: tuple[Process, ...]
    trust: float


def _learn_objectives(space: Space, history: History, data: History, size: int) -> _Learned:
    """Learn all objectives from data, a representative part of the history."""
    m, known = data.Y.shape[1], space.known.objectives
    fits = fit_objectives(space, history, size)
    fit_of = dict(zip([j for j in range(m) if j not in known], fits, strict=True))
    learners = [compress if j in known else fit_of[j].learn_transform for j in range(m)]
    stepwise = {j for j, fitted in fit_of.items() if fitted.stepwise}
    learned = learned_values(data, stepwise, size)
    transforms = transforms_of(data, learners, learned)
    inputs = inputs_of(space, points_of(data))
    values = [v.transformed(f) for v, f in zip(learned, transforms, strict=True)]
    processes: tuple[Process, ...] = tuple(
        KnownObjective(space, j, transforms[j], _learner(space, data, values[j]))
        if j in known
        else _process(inputs, values[j], space, fit_of[j].hyperparameters)
        for j in range(m)
    )
    trust = min([1.0, *(max(0.0, fitted.tau) for fitted in fits)])
    return _Learned(transforms, inputs, values, processes, trust)


def _learner(space: Space, data: History, values: Values) -> Callable[[], GP]:
    """Return a function that learns one objective from the points alone, when first called.

    Args:
        space: theirs; nothing that is known of it is used.
        data: the observations.
        values: the objective's, transformed.
    """

    @cache
    def learned() -> GP:
        plain = replace(space, known=Known())
        X = points_of(data)[values.rows]
        return process_of(X, values.y, plain, fit_to(X, values.y, plain))

    return learned


def _process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> Process:
    """Return the process of an objective's final values."""
    process = objective_process(inputs, values, space, hyperparameters)
    return process if values.step is None else AtTheEnd(process)


def denoise(space: Space, history: History) -> History:
    """Return the history with the model's means in place of values that are known to be noisy.

    Otherwise a trial that was measured with much noise, and luckily, would stand on the front: it
    would hide whatever is better than its true value, and attract the tree. Noisy expected
    hypervolume improvement (Daulton, Balandat and Bakshy 2021) averages over the model for the same
    reason.

    Args:
        space: its space.
        history: at least one observation.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    noisy = history.noise > 0
    if not noisy.any():
        return history
    data = training_set(history)
    learned = _learn_objectives(space, history, data, MAX_TRAINING)
    targets = predict(learned.processes, inputs_of(space, history.X))[0]
    Y, columns = failures.finite(history.Y), []
    for transform, y, target in zip(learned.transforms, Y.T, targets.T, strict=True):
        columns.append(untransformed(transform, target, float(y.min()), float(y.max())))
    return history.replaced(denoised=np.where(noisy, np.stack(columns, axis=1), np.nan))


def _believe(
    learned: _Learned, space: Space, data: History, pending: Floats
) -> tuple[tuple[Process, ...], Floats]:
    """Condition also on what the processes predict for pending points (kriging believer).

    Objectives of a pending point that were observed already need not be predicted.

    Returns:
        The processes, and what was predicted, shape ``(p, m)``.
    """
    processes, inputs = learned.processes, learned.inputs
    if not len(pending):
        return processes, np.empty((0, len(processes)))
    running = inputs_of(space, pending)
    believed = predict(processes, running)[0]
    everywhere = np.concatenate([inputs, running])

    def believing(j: int, hyperparameters: Hyperparameters) -> Process:
        values, seen = learned.values[j], ~np.isnan(data.partial.Y[:, j])
        unknown = np.flatnonzero(~rows_in(pending, data.partial.X[seen]))
        more = Values(
            np.concatenate([values.rows, len(inputs) + unknown]),
            np.concatenate([values.y, believed[unknown, j]]),
            np.concatenate([values.noise, np.zeros(len(unknown))]),
            None
            if values.step is None
            else np.concatenate([values.step, np.full(len(unknown), END)]),
        )
        return _process(everywhere, more, space, hyperparameters)

    def again(j: int, process: Process) -> Process:
        fitted = process.process if isinstance(process, AtTheEnd) else process
        return believing(j, fitted.hyperparameters) if isinstance(fitted, GP) else process

    return tuple(again(j, process) for j, process in enumerate(processes)), believed
