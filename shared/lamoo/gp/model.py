"""The surrogate model of a study: one Gaussian process per output, and what a point is worth.

Each objective, and each constraint that was ever violated, has a process of its own on a
transform of its values. Points under evaluation count as if they had returned what the model
predicts (kriging believer). The worth of a point is its log expected hypervolume improvement
(exact up to three objectives, along random rays from four) times its probability of feasibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Floats
from lamoo.gp.ehvi import (
    Sides,
    box_decomposition,
    log_ehvi,
    log_ehvi_gradient,
    log_feasibility,
    log_feasibility_gradient,
    log_ray_ehvi,
    log_ray_ehvi_gradient,
    random_rays,
    ray_lengths,
    sides_of,
)
from lamoo.gp.fitting import (
    MAX_TRAINING,
    Values,
    apply,
    fit_to,
    objective_process,
    points_of,
    process_of,
    recipes_of,
    scheduled,
    training_set,
    transforms_of,
    values_of,
)
from lamoo.gp.inputs import (
    input_slopes,
    inputs_of,
    known_column,
    known_range,
    known_values,
)
from lamoo.gp.process import GP
from lamoo.gp.targets import Transform, compress, untransformed
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.rows import rows_in

#: From this many objectives on, boxes are too many: rays.
MANY_OBJECTIVES = 4
RAYS = 192
#: Standard deviations of objectives are multiplied by this. Hyperparameters are fitted and not
#: integrated over, so off the data the fit is too sure of itself: after 25 or 50 random points,
#: errors on seven problems were 1.0 to 1.6 predicted deviations (root mean square).
WIDENING = 1.3
#: Evaluations, and failures, at most, from which it is learned where evaluations fail.
MAX_OUTCOMES = 64
#: Points of the front, or rays, that screening is content with.
ROUGH = 32


class Acquisition(Protocol):
    """The worth of predicted values, in logs."""

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the worth ``(n,)`` of means and stds ``(n, m)``."""

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return the worth of one mean and std ``(m,)``, and its gradients ``(m,)`` in them."""


@dataclass(frozen=True)
class Boxes:
    """Exact hypervolume improvement over a front, for up to three objectives.

    Args:
        sides: of the boxes that the front leaves free.
    """

    sides: Sides

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        return log_ehvi(mean, std, self.sides)

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return :meth:`value` of one candidate and its gradients in mean and in std."""
        return log_ehvi_gradient(mean, std, self.sides)


@dataclass(frozen=True)
class Rays:
    """Hypervolume improvement along random rays, for many objectives.

    Args:
        corner: the reference point ``(m,)``.
        rays: directions ``(r, m)``.
        start: how far each ray runs inside the front's set, ``(r,)``.
    """

    corner: Floats
    rays: Floats
    start: Floats

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        return log_ray_ehvi(mean, std, self.corner, self.rays, self.start)

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return :meth:`value` of one candidate and its gradients in mean and in std."""
        return log_ray_ehvi_gradient(mean, std, self.corner, self.rays, self.start)


@dataclass(frozen=True)
class Feasibility:
    """The probability that all constraints hold."""

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log probability, ``(n,)``."""
        return log_feasibility(mean, std)

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return :meth:`value` of one candidate and its gradients in mean and in std."""
        return log_feasibility_gradient(mean, std)


class Process(Protocol):
    """What predicts one output from the inputs of points (:mod:`lamoo.gp.inputs`)."""

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return means and stds, ``(n,)``."""

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return mean and std at one point's inputs (p,), and their gradients ``(p,)``."""


@dataclass(frozen=True)
class Exact:
    """A known objective, which is not learned.

    Args:
        space: knows its values.
        objective: its index.
        transform: of its values.
    """

    space: Space
    objective: int
    transform: Transform

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return its values and standard deviations of 0."""
        return self.transform(known_values(self.space, X, self.objective)), np.zeros(len(X))

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return :meth:`predict` and gradients, along the one column that tells its value."""
        column = known_column(self.space, self.objective)
        X = np.repeat(x[None], 3, axis=0)
        X[1:, column] += [1e-6, -1e-6]
        mean, above, below = self.predict(X)[0].tolist()
        slope = np.zeros(len(x))
        slope[column] = (above - below) / 2e-6
        return mean, 0.0, slope, np.zeros(len(x))


@dataclass(frozen=True)
class Part:
    """Some outputs and what they are worth.

    Args:
        processes: one per output.
        acquisition: the worth of what they predict.
        screening: a cheaper estimate of it, to find the candidates that deserve the exact one.
        widening: what the processes' standard deviations are multiplied by.
    """

    processes: tuple[Process, ...]
    acquisition: Acquisition
    screening: Acquisition
    widening: float = 1.0


@dataclass(frozen=True)
class Model:
    """What a point is worth: the sum over its parts.

    Args:
        space: whose points are judged.
        parts: one for the constraints, if any was ever violated, one for the objectives, if
            anything was feasible.
        trust: between 0 and 1, how well the objective that is hardest to predict was predicted
            where left out.
    """

    space: Space
    parts: tuple[Part, ...]
    trust: float = 1.0

    def score(self, X: Floats, *, screening: bool = False) -> Floats:
        """Return the log acquisition of points (n, d), or a cheap estimate, shape ``(n,)``."""
        total, inputs = np.zeros(len(X)), inputs_of(self.space, X)
        for part in self.parts:
            acquisition = part.screening if screening else part.acquisition
            mean, std = predict(part.processes, inputs)
            total += acquisition.value(mean, part.widening * std)
        return total

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the log acquisition of one point (d,) and its gradient (d,)."""
        inputs = inputs_of(self.space, x[None])[0]
        total, slope = 0.0, np.zeros(len(inputs))
        for part in self.parts:
            each = [process.predict_gradient(inputs) for process in part.processes]
            mean, std, mean_slope, std_slope = map(np.array, zip(*each, strict=True))
            value, dmean, dstd = part.acquisition.gradient(mean, part.widening * std)
            total += value
            slope += dmean @ mean_slope + part.widening * dstd @ std_slope
        return total, slope @ input_slopes(self.space, x) if self.space.known.predicts else slope


def learn(
    history: History,
    space: Space,
    rng: np.random.Generator,
    reference: Floats | None,
    size: int = MAX_TRAINING,
) -> Model:
    """Learn the model of a history with at least one observation.

    Args:
        history: observations and what is pending.
        space: tells which columns are unordered, and which of them alike.
        rng: draws the rays.
        reference: the user's reference point (m,), ``None`` to infer one.
        size: how many observations to learn from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is hopeless.
    """
    data = training_set(history, size)
    feasible = data.violation == 0
    constraints = _constraint_processes(history, data, space, size) + _failure_process(
        history, space
    )
    parts: list[Part] = []
    trust = 1.0
    if constraints:
        parts.append(Part(constraints, Feasibility(), Feasibility()))
    if feasible.any():  # before that, only feasibility counts
        known = space.known.objectives
        learned = _learn_objectives(history, data, space, size)
        transforms, inputs, processes = learned.transforms, learned.inputs, learned.processes
        targets = apply(transforms, data.judged)
        processes, believed = _believe(learned, data, history.open, space)
        turn = len(history.tried)
        if reference is not None:
            corner = apply(transforms, reference[None])[0]
        elif known:
            corner = _known_corner(targets, data.violation, space, transforms)
        else:
            corner = corner_of(targets, data.violation, turn)
        # where there is noise, lucky values must not bar what is better than the truth
        values = targets
        if data.noisy.any():
            values = np.where(data.noisy, predict(processes, inputs[: data.n])[0], targets)
        front = np.concatenate([values[feasible], believed])
        parts.append(Part(processes, *_improvement(front, corner, rng), WIDENING))
        trust = learned.trust
    return Model(space, tuple(parts), trust)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class _Learned:
    """All objectives, learned.

    Args:
        transforms: of the values, one per objective.
        inputs: of all points at which anything was observed, shape ``(n, p)``.
        values: transformed values, one per objective.
        processes: one per objective.
        trust: see :class:`Model`.
    """

    transforms: Sequence[Transform]
    inputs: Floats
    values: Sequence[Values]
    processes: tuple[Process, ...]
    trust: float


def _learn_objectives(history: History, data: History, space: Space, size: int) -> _Learned:
    """Learn all objectives from data, a representative part of the history."""
    m, known = data.Y.shape[1], space.known.objectives
    recipes = recipes_of(history, space, size)
    recipe_of = dict(zip([j for j in range(m) if j not in known], recipes, strict=True))
    learners = [compress if j in known else recipe_of[j].learn_transform for j in range(m)]
    transforms = transforms_of(data, learners)
    inputs = inputs_of(space, points_of(data))
    values = [v.transformed(f) for v, f in zip(values_of(data), transforms, strict=True)]
    processes: tuple[Process, ...] = tuple(
        Exact(space, j, transforms[j])
        if j in known
        else objective_process(inputs, values[j], space, recipe_of[j].hyperparameters)
        for j in range(m)
    )
    trust = min([1.0, *(max(0.0, recipe.tau) for recipe in recipes)])
    return _Learned(transforms, inputs, values, processes, trust)


def denoise(history: History, space: Space, size: int = MAX_TRAINING) -> History:
    """Return the history with a belief where a value is known to be noisy.

    One trial that was only measured roughly, and luckily, would otherwise stand on the front and
    bar what is better than the truth; it would lead the tree, too. BoTorch's noisy expected
    hypervolume improvement (Daulton et al. 2021) believes its model for the same reason.

    Args:
        history: at least one observation.
        space: its space.
        size: how many observations to learn from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is hopeless.
    """
    noisy = history.noise > 0
    if not noisy.any():
        return history
    data = training_set(history, size)
    learned = _learn_objectives(history, data, space, size)
    targets = predict(learned.processes, inputs_of(space, history.X))[0]
    Y, columns = failures.finite(history.Y), []
    for transform, y, target in zip(learned.transforms, Y.T, targets.T, strict=True):
        columns.append(untransformed(transform, target, float(y.min()), float(y.max())))
    return replace(history, denoised=np.where(noisy, np.stack(columns, axis=1), np.nan))


def predict(processes: Sequence[Process], X: Floats) -> tuple[Floats, Floats]:
    """Return means and stds of all processes at inputs (n, p), each ``(n, m)``."""
    each = [process.predict(X) for process in processes]
    return np.stack([e[0] for e in each], axis=1), np.stack([e[1] for e in each], axis=1)


def _constraint_processes(
    history: History, data: History, space: Space, size: int
) -> tuple[GP, ...]:
    """Return one process per constraint that was ever violated, feasible where ``<= 0``."""
    G = np.concatenate([data.G, data.partial.G])
    violated = np.flatnonzero((G > 0).any(axis=0)).tolist()
    if not violated:
        return ()
    early = training_set(history.first(scheduled(history.n)), size)
    processes = []
    for c in violated:
        reported = early if (~np.isnan(early.G[:, c])).any() else data
        hyperparameters = fit_to(*_reports(reported, c, space), space)
        processes.append(process_of(*_reports(data, c, space), space, hyperparameters))
    return tuple(processes)


def _failure_process(history: History, space: Space) -> tuple[GP, ...]:
    """Return a process that is negative where evaluations gave values, positive where they failed.

    Failures are as a rule no chance: networks that do not fit into memory, rates that diverge.
    Those that are tell the process that everything is noise, and it changes no choice.
    """
    now = _outcomes(history, history.n, len(history.failed), space)
    if now is None:
        return ()
    then = _outcomes(history, scheduled(history.n), scheduled(len(history.failed)), space) or now
    return (process_of(*now, space, fit_to(*then, space)),)


def _outcomes(history: History, n: int, f: int, space: Space) -> tuple[Floats, Floats] | None:
    """Return the inputs (k, p) of the first n evaluations and f failures, and -1 or 1 (k,)."""
    known = replace(history, failed=history.failed[:f]).failures(MAX_OUTCOMES)
    if not len(known):
        return None
    good = training_set(history.first(n), MAX_OUTCOMES).X
    outcome = np.repeat([-1.0, 1.0], [len(good), len(known)])
    return inputs_of(space, np.concatenate([good, known])), outcome


def _reports(data: History, constraint: int, space: Space) -> tuple[Floats, Floats]:
    """Return where a constraint was reported (k, p), and its compressed values (k,)."""
    g = np.concatenate([data.G[:, constraint], data.partial.G[:, constraint]])
    reported = ~np.isnan(g)
    return inputs_of(space, points_of(data)[reported]), signed_log(g[reported])


def signed_log(g: Floats) -> Floats:
    """Compress constraint values (n,), 0 staying 0."""
    largest = 1e300  # the mean of two such values does not overflow
    g = np.clip(g, -largest, largest)
    scale = float(np.median(np.abs(g))) or 1.0
    with np.errstate(over="ignore"):
        return np.asarray(np.sign(g) * np.log1p(np.minimum(np.abs(g) / scale, largest)))


def _believe(
    learned: _Learned, data: History, pending: Floats, space: Space
) -> tuple[tuple[Process, ...], Floats]:
    """Condition also on what the processes predict for pending points; return that as well.

    Objectives of a pending point that were observed already need not be predicted.
    """
    processes, inputs = learned.processes, learned.inputs
    if not len(pending):
        return processes, np.empty((0, len(processes)))
    running = inputs_of(space, pending)
    believed = predict(processes, running)[0]
    everywhere = np.concatenate([inputs, running])

    def believing(j: int, process: GP) -> GP:
        values, seen = learned.values[j], ~np.isnan(data.partial.Y[:, j])
        unknown = np.flatnonzero(~rows_in(pending, data.partial.X[seen]))
        more = Values(
            np.concatenate([values.rows, len(inputs) + unknown]),
            np.concatenate([values.y, believed[unknown, j]]),
            np.concatenate([values.noise, np.zeros(len(unknown))]),
        )
        return objective_process(everywhere, more, space, process.hyperparameters)

    return tuple(
        believing(j, process) if isinstance(process, GP) else process
        for j, process in enumerate(processes)
    ), believed


def corner_of(targets: Floats, violation: Floats, turn: int) -> Floats:
    """Infer the reference point (m,) from targets (n, m).

    With two objectives a near and a far corner take turns: the near one alone neglects the
    front's ends, the far one alone its middle. With three, the far one and one twice as far: a
    front that reaches beyond the worst value observed so far gains hardly anything otherwise
    (VehicleSafety, five seeds: 67 trials to where it took 81).
    """
    m, odd = targets.shape[1], turn % 2 == 1
    corner = pareto.reference_point(targets, of_front=m == 2 and odd, violation=violation)
    if m == 3 and odd:
        best = targets[pareto.nondominated(targets, violation)].min(axis=0)
        corner = 2 * corner - best
    return np.asarray(corner)


def _known_corner(
    targets: Floats, violation: Floats, space: Space, transforms: Sequence[Transform]
) -> Floats:
    """Infer the reference point (m,) where objectives are known: 10 % beyond the space's worst.

    What a known objective can be at worst need not be guessed from the trials, and the front's
    ends are worth reaching, since there is no risk in where they are. After 25 trials of
    NAS-Bench-201 (accuracy and size, features given; median of four seeds) .993 instead of .991
    of the hypervolume, on the authors' task .965 instead of .949.
    """
    corner = pareto.reference_point(targets, of_front=False, violation=violation)
    for j in space.known.objectives:
        best, worst = known_range(space, j)
        corner[j] = transforms[j](np.array([worst + 0.1 * (worst - best)]))[0]
    return corner


def _improvement(
    front: Floats, corner: Floats, rng: np.random.Generator
) -> tuple[Acquisition, Acquisition]:
    """Return the expected hypervolume improvement over points (f, m), exact and for screening."""
    front = front[pareto.nondominated(front)]
    if len(corner) >= MANY_OBJECTIVES:
        rays = random_rays(RAYS, len(corner), rng)
        start = ray_lengths(front, corner, rays)
        return Rays(corner, rays, start), Rays(corner, rays[:ROUGH], start[:ROUGH])
    exact = Boxes(sides_of(*box_decomposition(front, corner)))
    if len(front) <= ROUGH:
        return exact, exact
    few = front[pareto.far_apart(front, ROUGH)]
    return exact, Boxes(sides_of(*box_decomposition(few, corner)))
