"""The surrogate model of a study: one Gaussian process per output, and what a point is worth.

Each objective, and each constraint that was ever violated, has a process of its own on a
transform of its values. Points under evaluation count as if they had returned what the model
predicts (kriging believer). The worth of a point is its log expected hypervolume improvement
(exact up to three objectives, along random rays from four) times its probability of feasibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from lamoo import pareto
from lamoo.acquisition import (
    box_decomposition,
    log_ehvi,
    log_ehvi_gradient,
    log_feasibility,
    log_feasibility_gradient,
    log_ray_ehvi,
    random_rays,
)
from lamoo.arrays import Floats, Ints
from lamoo.history import History
from lamoo.space import Space
from lamoo.surrogate import GP, Hyperparameters, condition, fit
from lamoo.targets import Transform, blend, compress

#: Observations a model is trained on at most: the best and a spread of the rest.
MAX_TRAINING = 256
#: From this many objectives on, boxes are too many: rays.
MANY_OBJECTIVES = 4
RAYS = 192


class Acquisition(Protocol):
    """The worth of predicted values, in logs."""

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the worth ``(n,)`` of means and stds ``(n, m)``."""

    def gradient(self, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the worth ``(n,)`` and its gradients ``(n, m)`` in mean and in std."""


@dataclass(frozen=True)
class Boxes:
    """Exact hypervolume improvement over a front, for up to three objectives.

    Args:
        lower: lower corners ``(b, m)`` of the boxes that the front leaves free.
        upper: upper corners ``(b, m)``.
    """

    lower: Floats
    upper: Floats

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        return log_ehvi(mean, std, self.lower, self.upper)

    def gradient(self, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
        """Return :meth:`value` and its gradients in mean and in std."""
        return log_ehvi_gradient(mean, std, self.lower, self.upper)


@dataclass(frozen=True)
class Rays:
    """Hypervolume improvement along random rays, for many objectives.

    Args:
        front: values ``(f, m)``.
        corner: the reference point ``(m,)``.
        rays: directions ``(r, m)``.
    """

    front: Floats
    corner: Floats
    rays: Floats

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        return self.gradient(mean, std)[0]

    def gradient(self, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
        """Return :meth:`value` and its gradients in mean and in std."""
        return log_ray_ehvi(mean, std, self.front, self.corner, self.rays)


@dataclass(frozen=True)
class Feasibility:
    """The probability that all constraints hold."""

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log probability, ``(n,)``."""
        return log_feasibility(mean, std)

    def gradient(self, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
        """Return :meth:`value` and its gradients in mean and in std."""
        return log_feasibility_gradient(mean, std)


@dataclass(frozen=True)
class Model:
    """What a point is worth: a sum over groups of outputs.

    Args:
        parts: pairs of the processes of some outputs and the worth of what they predict.
    """

    parts: tuple[tuple[tuple[GP, ...], Acquisition], ...]

    def score(self, X: Floats) -> Floats:
        """Return the log acquisition of points (n, d), shape ``(n,)``."""
        total = np.zeros(len(X))
        for processes, acquisition in self.parts:
            total += acquisition.value(*predict(processes, X))
        return total

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the log acquisition of one point (d,) and its gradient (d,)."""
        total, slope = 0.0, np.zeros(len(x))
        for processes, acquisition in self.parts:
            each = [process.predict_gradient(x[None]) for process in processes]
            mean, std, mean_slope, std_slope = (
                np.stack(group, 1) for group in zip(*each, strict=True)
            )
            value, dmean, dstd = acquisition.gradient(mean, std)
            total += float(value[0])
            slope += dmean[0] @ mean_slope[0] + dstd[0] @ std_slope[0]
        return total, slope


def learn(
    history: History, space: Space, rng: np.random.Generator, reference: Floats | None
) -> Model:
    """Learn the model of a history with at least one observation.

    Args:
        history: observations and what is pending.
        space: tells which columns are unordered, and which of them alike.
        rng: draws the rays.
        reference: the user's reference point (m,), ``None`` to infer one.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is hopeless.
    """
    data = history.at(training_set(history))
    feasible = data.violation == 0
    constraints = _constraint_processes(data, space)
    parts: list[tuple[tuple[GP, ...], Acquisition]] = []
    if constraints:
        parts.append((constraints, Feasibility()))
    if feasible.any():  # before that, only feasibility counts
        transforms = _transforms(data, space)
        targets = _apply(transforms, data.Y)
        processes = _objective_processes(history, data, targets, space)
        processes, believed = _believe(processes, data.X, targets, history.pending, space)
        turn = len(history.tried)
        corner = (
            _corner(targets, data.violation, turn)
            if reference is None
            else _apply(transforms, reference[None])[0]
        )
        front = np.concatenate([targets[feasible], believed])
        parts.append((processes, _improvement(front, corner, rng)))
    return Model(tuple(parts))


def training_set(history: History) -> Ints:
    """Return the indices of at most :data:`MAX_TRAINING` observations, in their order.

    Half are the best by dominance number, half are spread evenly over the rest.
    """
    if history.n <= MAX_TRAINING:
        return np.arange(history.n)
    order = np.argsort(pareto.dominance_number(history.Y, history.violation), kind="stable")
    half = MAX_TRAINING // 2
    rest = np.sort(order[half:])
    even = rest[np.linspace(0, len(rest) - 1, MAX_TRAINING - half).astype(int)]
    return np.sort(np.concatenate([order[:half], even]))


def scheduled(n: int) -> int:
    """Return the largest history length up to ``n`` at which hyperparameters are fitted.

    Every length below 32, then every second, fourth, ... : about 16 fits per doubling, and a
    process that starts in the middle of a study arrives at the same fit.

    Example:
        >>> [scheduled(n) for n in (5, 31, 35, 100, 1000)]
        [5, 31, 34, 100, 992]
    """
    step = max(1, 2 ** ((n // 16).bit_length() - 1)) if n >= 32 else 1
    return n // step * step


def predict(processes: Sequence[GP], X: Floats) -> tuple[Floats, Floats]:
    """Return means and stds of all processes at points (n, d), each ``(n, m)``."""
    each = [process.predict(X) for process in processes]
    return np.stack([e[0] for e in each], axis=1), np.stack([e[1] for e in each], axis=1)


def _transforms(data: History, space: Space) -> list[Transform]:
    """Learn an increasing transform for each objective.

    Linear but for outliers; half by ranks where no parameter is ordered (eight fresh seeds of
    NAS-Bench-201 accuracy against latency, 100 trials: .954 of the best hypervolume linear, .987
    blended; on continuous problems ranks lose).
    """
    Y = pareto.finite(data.Y)
    learn_transform = blend if space.categorical.all() else compress
    bound = pareto.reference_point(Y, of_front=False, violation=data.violation)
    return [learn_transform(y, b) for y, b in zip(Y.T, bound, strict=True)]


def _apply(transforms: Sequence[Transform], Y: Floats) -> Floats:
    columns = pareto.finite(Y).T
    return np.stack([f(y) for f, y in zip(transforms, columns, strict=True)], axis=1)


def _objective_processes(
    history: History, data: History, targets: Floats, space: Space
) -> tuple[GP, ...]:
    """Condition on the data with hyperparameters of an earlier, scheduled part of the history.

    So fits are rare, and yet the same whoever makes them.
    """
    early = history.first(scheduled(history.n))
    early = early.at(training_set(early))
    fitted = _apply(_transforms(early, space), early.Y)
    hyperparameters = [_fit(early.X, t, space) for t in fitted.T]
    return tuple(
        _condition(data.X, t, space, h) for t, h in zip(targets.T, hyperparameters, strict=True)
    )


def _constraint_processes(data: History, space: Space) -> tuple[GP, ...]:
    """Return one process per constraint that was ever violated, feasible where ``<= 0``."""
    processes = []
    for g in data.G.T[(data.G > 0).any(axis=0)]:
        known = ~np.isnan(g)
        X, target = data.X[known], _signed_log(g[known])
        processes.append(_condition(X, target, space, _fit(X, target, space)))
    return tuple(processes)


def _signed_log(g: Floats) -> Floats:
    """Compress constraint values (n,), 0 staying 0."""
    largest = 1e300  # the mean of two such values does not overflow
    g = np.clip(g, -largest, largest)
    scale = float(np.median(np.abs(g))) or 1.0
    with np.errstate(over="ignore"):
        return np.asarray(np.sign(g) * np.log1p(np.minimum(np.abs(g) / scale, largest)))


def _believe(
    processes: tuple[GP, ...], X: Floats, targets: Floats, pending: Floats, space: Space
) -> tuple[tuple[GP, ...], Floats]:
    """Condition also on what the processes predict for pending points; return that as well."""
    if not len(pending):
        return processes, targets[:0]
    believed = predict(processes, pending)[0]
    X, targets = np.concatenate([X, pending]), np.concatenate([targets, believed])
    return tuple(
        _condition(X, t, space, process.hyperparameters)
        for t, process in zip(targets.T, processes, strict=True)
    ), believed


def _corner(targets: Floats, violation: Floats, turn: int) -> Floats:
    """Infer the reference point (m,) from targets (n, m).

    With two objectives a near and a far corner take turns: the near one alone neglects the
    front's ends, the far one alone its middle.
    """
    near = targets.shape[1] == 2 and turn % 2 == 1
    return pareto.reference_point(targets, of_front=near, violation=violation)


def _improvement(front: Floats, corner: Floats, rng: np.random.Generator) -> Acquisition:
    """Return the expected hypervolume improvement over points (f, m) below a corner (m,)."""
    front = front[pareto.nondominated(front)]
    if len(corner) < MANY_OBJECTIVES:
        return Boxes(*box_decomposition(front, corner))
    return Rays(front, corner, random_rays(RAYS, len(corner), rng))


def _condition(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    return condition(X, y, space.categorical, hyperparameters, alike=space.alike)


def _fit(X: Floats, y: Floats, space: Space) -> Hyperparameters:
    """Fit hyperparameters, or remember them: equal data give an equal result."""
    return _remembered_fit(*(a.tobytes() for a in (X, y, space.categorical, space.alike)))


@lru_cache(maxsize=128)
def _remembered_fit(X: bytes, y: bytes, categorical: bytes, alike: bytes) -> Hyperparameters:
    columns = np.frombuffer(categorical, dtype=bool)
    points = np.frombuffer(X).reshape(-1, len(columns))
    return fit(points, np.frombuffer(y), columns, alike=np.frombuffer(alike, dtype=np.intp))
