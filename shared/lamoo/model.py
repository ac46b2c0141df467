"""The surrogate model of a study: one Gaussian process per output, and what a point is worth.

Each objective, and each constraint that was ever violated, has a process of its own on a
transform of its values. Points under evaluation count as if they had returned what the model
predicts (kriging believer). The worth of a point is its log expected hypervolume improvement
(exact up to three objectives, along random rays from four) times its probability of feasibility.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.stats import kendalltau

from lamoo import pareto
from lamoo.acquisition import (
    box_decomposition,
    log_ehvi,
    log_ehvi_gradient,
    log_feasibility,
    log_feasibility_gradient,
    log_ray_ehvi,
    random_rays,
    ray_lengths,
)
from lamoo.arrays import Floats, Ints
from lamoo.history import History
from lamoo.space import Space
from lamoo.surrogate import GP, Hyperparameters, condition, fit
from lamoo.targets import Transform, blend, compress

#: Observations a model is trained on at most: the best and a spread of the rest.
MAX_TRAINING = 256
#: Observations that hyperparameters are searched with at most.
MAX_FITTING = 128
#: From this many objectives on, boxes are too many: rays.
MANY_OBJECTIVES = 4
RAYS = 192
#: Standard deviations of objectives are multiplied by this. Hyperparameters are fitted and not
#: integrated over, so off the data the fit is too sure of itself: after 25 or 50 random points,
#: errors on seven problems were 1.0 to 1.6 predicted deviations (root mean square).
WIDENING = 1.3
#: Points of the front, or rays, that rough estimates are content with.
ROUGH = 32
#: How much better half ranks must predict than a linear transform, in Kendall's tau: where nothing
#: is smooth, and where a smooth function might be bent by them.
MARGIN, SMOOTH_MARGIN = 0.03, 0.12


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
        corner: the reference point ``(m,)``.
        rays: directions ``(r, m)``.
        start: how far each ray runs inside the front's set, ``(r,)``.
    """

    corner: Floats
    rays: Floats
    start: Floats

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        return self.gradient(mean, std)[0]

    def gradient(self, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
        """Return :meth:`value` and its gradients in mean and in std."""
        return log_ray_ehvi(mean, std, self.corner, self.rays, self.start)


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
class Part:
    """Some outputs and what they are worth.

    Args:
        processes: one per output.
        acquisition: the worth of what they predict.
        rough: a cheaper estimate of it, to find the candidates that deserve the exact one.
        widening: what the processes' standard deviations are multiplied by.
    """

    processes: tuple[GP, ...]
    acquisition: Acquisition
    rough: Acquisition
    widening: float = 1.0


@dataclass(frozen=True)
class Model:
    """What a point is worth: the sum over its parts.

    Args:
        parts: one for the constraints, if any was ever violated, one for the objectives, if
            anything was feasible.
        trust: between 0 and 1, how well the objective that is hardest to predict was predicted
            where left out.
    """

    parts: tuple[Part, ...]
    trust: float = 1.0

    def score(self, X: Floats, *, rough: bool = False) -> Floats:
        """Return the log acquisition of points (n, d), or a rough estimate, shape ``(n,)``."""
        total = np.zeros(len(X))
        for part in self.parts:
            acquisition = part.rough if rough else part.acquisition
            mean, std = predict(part.processes, X)
            total += acquisition.value(mean, part.widening * std)
        return total

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the log acquisition of one point (d,) and its gradient (d,)."""
        total, slope = 0.0, np.zeros(len(x))
        for part in self.parts:
            each = [process.predict_gradient(x[None]) for process in part.processes]
            mean, std, mean_slope, std_slope = (
                np.stack(group, 1) for group in zip(*each, strict=True)
            )
            value, dmean, dstd = part.acquisition.gradient(mean, part.widening * std)
            total += float(value[0])
            slope += dmean[0] @ mean_slope[0] + part.widening * dstd[0] @ std_slope[0]
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
    constraints = _constraint_processes(history, data, space)
    parts: list[Part] = []
    trust = 1.0
    if constraints:
        parts.append(Part(constraints, Feasibility(), Feasibility()))
    if feasible.any():  # before that, only feasibility counts
        recipes = _recipes(history, space)
        transforms = _transforms(data, [recipe.learn_transform for recipe in recipes])
        targets = _apply(transforms, data.Y)
        processes = tuple(
            _condition(data.X, t, space, recipe.hyperparameters)
            for t, recipe in zip(targets.T, recipes, strict=True)
        )
        processes, believed = _believe(processes, data.X, targets, history.pending, space)
        turn = len(history.tried)
        corner = (
            _corner(targets, data.violation, turn)
            if reference is None
            else _apply(transforms, reference[None])[0]
        )
        front = np.concatenate([targets[feasible], believed])
        parts.append(Part(processes, *_improvement(front, corner, rng), WIDENING))
        trust = min(max(0.0, recipe.tau) for recipe in recipes)
    return Model(tuple(parts), trust)


def training_set(history: History, size: int = MAX_TRAINING) -> Ints:
    """Return the indices of at most ``size`` observations, in their order."""
    return pareto.representative(history.Y, history.violation, size)


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


@dataclass(frozen=True, eq=False)
class Recipe:
    """How an objective is modelled.

    Args:
        learn_transform: learns the transform of its values from values (n,) and a bound.
        hyperparameters: of its Gaussian process.
        tau: how well left-out values were predicted, in Kendall's tau.
    """

    learn_transform: Callable[[Floats, float], Transform]
    hyperparameters: Hyperparameters
    tau: float


def _bounds(data: History) -> Floats:
    """Return beyond which values (m,) nothing can be gained."""
    return pareto.reference_point(pareto.finite(data.Y), of_front=False, violation=data.violation)


def _transforms(
    data: History, learners: Sequence[Callable[[Floats, float], Transform]]
) -> list[Transform]:
    """Learn an increasing transform for each objective."""
    columns = pareto.finite(data.Y).T
    each = zip(learners, columns, _bounds(data).tolist(), strict=True)
    return [learn_transform(y, bound) for learn_transform, y, bound in each]


def _apply(transforms: Sequence[Transform], Y: Floats) -> Floats:
    columns = pareto.finite(Y).T
    return np.stack([f(y) for f, y in zip(transforms, columns, strict=True)], axis=1)


def _recipes(history: History, space: Space) -> list[Recipe]:
    """Choose and fit at history lengths that are powers of two, adjust at the scheduled ones.

    So fits are rare, and yet the same whoever makes them.
    """
    n = scheduled(history.n)
    base = 2 ** (n.bit_length() - 1) if n >= 32 else n
    early = history.first(base)
    early = early.at(training_set(early, MAX_FITTING))
    columns = zip(pareto.finite(early.Y).T, _bounds(early).tolist(), strict=True)
    recipes = [_choose(early.X, y, bound, space) for y, bound in columns]
    if n == base:
        return recipes
    late = history.first(n)
    late = late.at(training_set(late))
    learners = [recipe.learn_transform for recipe in recipes]
    targets = _apply(_transforms(late, learners), late.Y)
    return [
        replace(recipe, hyperparameters=_fit(late.X, t, space, recipe.hyperparameters))
        for t, recipe in zip(targets.T, recipes, strict=True)
    ]


def _choose(X: Floats, y: Floats, bound: float, space: Space) -> Recipe:
    """Choose the transform that predicts left-out values best.

    Judged by the order of the values (Kendall's tau), which is the same for all transforms, while
    likelihoods could not be compared. Smooth functions are better left as they are (Branin: .97
    linear, .87 half by ranks). Costs that spread over orders of magnitude are not (training time
    of HPOBench's networks: .33 and .72), nor is what one bad choice can ruin, so that values come
    in cliffs (accuracy on NAS-Bench-201: .49 and .58). Equal to a hair, linear is chosen: half by
    ranks, model size on NAS-Bench-201 took 80 trials where it takes 30.
    """
    judged = []
    for learn_transform in (compress, blend):
        t = learn_transform(y, bound)(y)
        hyperparameters = _fit(X, t, space)
        tau = _tau(X, t, space, hyperparameters)
        judged.append(Recipe(learn_transform, hyperparameters, tau))
    linear, blended = judged
    margin = SMOOTH_MARGIN if space.smooth.any() else MARGIN
    return blended if blended.tau > linear.tau + margin else linear


def _constraint_processes(history: History, data: History, space: Space) -> tuple[GP, ...]:
    """Return one process per constraint that was ever violated, feasible where ``<= 0``."""
    early = history.first(scheduled(history.n))
    early = early.at(training_set(early))
    processes = []
    for c in np.flatnonzero((data.G > 0).any(axis=0)).tolist():
        reported = data if np.isnan(early.G[:, c]).all() else early
        hyperparameters = _fit(*_reports(reported, c), space)
        processes.append(_condition(*_reports(data, c), space, hyperparameters))
    return tuple(processes)


def _reports(data: History, constraint: int) -> tuple[Floats, Floats]:
    """Return where a constraint was reported (k, d), and its compressed values (k,)."""
    g = data.G[:, constraint]
    known = ~np.isnan(g)
    return data.X[known], _signed_log(g[known])


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


def _improvement(
    front: Floats, corner: Floats, rng: np.random.Generator
) -> tuple[Acquisition, Acquisition]:
    """Return the expected hypervolume improvement over points (f, m), exact and rough."""
    front = front[pareto.nondominated(front)]
    if len(corner) >= MANY_OBJECTIVES:
        rays = random_rays(RAYS, len(corner), rng)
        start = ray_lengths(front, corner, rays)
        return Rays(corner, rays, start), Rays(corner, rays[:ROUGH], start[:ROUGH])
    exact = Boxes(*box_decomposition(front, corner))
    if len(front) <= ROUGH:
        return exact, exact
    return exact, Boxes(*box_decomposition(front[pareto.far_apart(front, ROUGH)], corner))


def _condition(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    return condition(X, y, space.categorical, hyperparameters, alike=space.alike)


def _fit(
    X: Floats, y: Floats, space: Space, start: Hyperparameters | None = None
) -> Hyperparameters:
    """Fit hyperparameters, or remember them: equal data give an equal result."""
    return _remembered_fit(*_contents(X, y, space), start)


def _tau(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values (n,) and what all others predict for them, or remember it."""
    return _remembered_tau(*_contents(X, y, space), hyperparameters)


def _contents(X: Floats, y: Floats, space: Space) -> tuple[bytes, bytes, bytes, bytes]:
    return X.tobytes(), y.tobytes(), space.categorical.tobytes(), space.alike.tobytes()


@lru_cache(maxsize=128)
def _remembered_fit(
    X: bytes, y: bytes, categorical: bytes, alike: bytes, start: Hyperparameters | None
) -> Hyperparameters:
    columns, labels = np.frombuffer(categorical, dtype=bool), np.frombuffer(alike, dtype=np.intp)
    points = np.frombuffer(X).reshape(-1, len(columns))
    return fit(points, np.frombuffer(y), columns, alike=labels, start=start)


@lru_cache(maxsize=128)
def _remembered_tau(
    X: bytes, y: bytes, categorical: bytes, alike: bytes, hyperparameters: Hyperparameters
) -> float:
    columns, labels = np.frombuffer(categorical, dtype=bool), np.frombuffer(alike, dtype=np.intp)
    points, values = np.frombuffer(X).reshape(-1, len(columns)), np.frombuffer(y)
    process = condition(points, values, columns, hyperparameters, alike=labels)
    if (values == values[0]).all():  # tau would be NaN, with a warning
        return 0.0
    return float(kendalltau(process.left_out(values), values).statistic)
