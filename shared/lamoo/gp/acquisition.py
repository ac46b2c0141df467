"""The acquisition: the log of expected hypervolume improvement times feasibility.

An acquisition is a product of factors, in logs a sum: the expected hypervolume improvement of the
objectives, exact up to three of them and along random rays from four, and the probability that the
constraints hold and the evaluation does not fail. Each factor predicts its outputs by Gaussian
processes and judges the predictions by a criterion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.gp.ehvi import (
    NODES,
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
    reaches,
    sides_of,
)
from lamoo.gp.inputs import input_slopes, inputs_of, known_column, known_values
from lamoo.gp.process import GP
from lamoo.gp.reports import END
from lamoo.gp.targets import Transform
from lamoo.space import Space

#: From this many objectives on, boxes are too many, and rays are taken.
MANY_OBJECTIVES = 4
#: Rays of the acquisition. They order candidates as 2,048 rays do (Spearman's rho .97 to .98), and
#: their best one has .95 to 1 of the best improvement (four to six objectives, 60 points on a
#: spherical front; medians of four seeds).
RAYS = 192
#: Members of the front, or rays, that a criterion for screening is made of. So many rays: rho .88
#: to .89. So many of 100 members, two and three objectives: rho .997 and above, and the best of 200
#: candidates came first or second.
SCREENING = 32
#: Nodes along each of these rays: what few rays leave out is a hundred times as much.
SCREENING_NODES = 2
#: Rays that could go on by less, and boxes that are narrower, have reached the floor.
_NOTHING = 1e-9
#: A known objective's slope along its own column is a difference over this much to either side.
_STEP = 1e-6


class Criterion(Protocol):
    """How good predicted values are, in logs."""

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the criterion ``(n,)`` of means and stds ``(n, m)``."""

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return the criterion at one mean and std ``(m,)``, and its gradients ``(m,)``."""


@dataclass(frozen=True)
class BoxEHVI:
    """Expected hypervolume improvement over a front, exact, for up to three objectives.

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
class RayEHVI:
    """Expected hypervolume improvement along random rays, for many objectives.

    Args:
        ref_point: the reference point ``(m,)``.
        rays: directions ``(r, m)``.
        start: how far each ray runs inside the front's set, ``(r,)``.
        end: how far it may run, farther than that, ``(r,)``.
        nodes: of the quadrature along each.
    """

    ref_point: Floats
    rays: Floats
    start: Floats
    end: Floats
    nodes: int = NODES

    def value(self, mean: Floats, std: Floats) -> Floats:
        """Return the log expected hypervolume improvement, ``(n,)``."""
        rays = self.rays, self.start, self.end
        return log_ray_ehvi(mean, std, self.ref_point, *rays, self.nodes)

    def gradient(self, mean: Floats, std: Floats) -> tuple[float, Floats, Floats]:
        """Return :meth:`value` of one candidate and its gradients in mean and in std."""
        return log_ray_ehvi_gradient(mean, std, self.ref_point, self.rays, self.start, self.end)


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
class KnownObjective:
    """The process of an objective that is known and therefore not learned, but where it is unknown.

    Args:
        space: knows its values.
        objective: its index.
        transform: of its values.
        learned: returns what predicts it from points alone, where its value is unknown.
    """

    space: Space
    objective: int
    transform: Transform
    learned: Callable[[], Process]

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return its values and standard deviations of 0; predictions where it is unknown."""
        values = known_values(self.space, X, self.objective)
        mean, std = self.transform(values), np.zeros(len(X))
        unknown = np.isnan(values)
        if unknown.any():
            mean[unknown], std[unknown] = self.learned().predict(self._points(X[unknown]))
        return mean, std

    def _points(self, X: Floats) -> Floats:
        return X[..., : self.space.dimension]

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return :meth:`predict` and gradients, along the one column that tells its value."""
        column = known_column(self.space, self.objective)
        if np.isnan(x[column]):
            more = (0, len(x) - self.space.dimension)
            value, std, dmean, dstd = self.learned().predict_gradient(self._points(x))
            return value, std, np.pad(dmean, more), np.pad(dstd, more)
        X = np.repeat(x[None], 3, axis=0)
        X[1:, column] += [_STEP, -_STEP]
        mean, above, below = self.predict(X)[0].tolist()
        slope = np.zeros(len(x))
        slope[column] = (above - below) / (2 * _STEP)
        return mean, 0.0, slope, np.zeros(len(x))


@dataclass(frozen=True)
class AtTheEnd:
    """The process of an objective that was also reported along the way: its final value.

    Args:
        process: of the objective; the last of its inputs is the step.
    """

    process: GP

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return means and stds at the last step, ``(n,)``."""
        return self.process.predict(np.column_stack([X, np.full(len(X), END)]))

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return :meth:`predict` at one point's inputs (p,), and the gradients ``(p,)``."""
        mean, std, dmean, dstd = self.process.predict_gradient(np.append(x, END))
        return mean, std, dmean[:-1], dstd[:-1]


@dataclass(frozen=True)
class Factor:
    """One factor of an acquisition: some outputs, and how good what they predict is.

    Args:
        processes: one per output.
        criterion: of what they predict.
        screening: a cheaper estimate of it, to find the candidates that deserve the criterion.
        widening: what the processes' standard deviations are multiplied by.
    """

    processes: tuple[Process, ...]
    criterion: Criterion
    screening: Criterion
    widening: float = 1.0


@dataclass(frozen=True)
class Acquisition:
    """An acquisition function of points, in logs: the sum over its factors.

    Args:
        space: whose points are judged.
        factors: one for the constraints, if any was ever violated, one for the objectives, if
            anything was feasible.
        trust: between 0 and 1, how well the objective that is hardest to predict was predicted
            from all other observations (Kendall's tau, 0 where it is negative).
    """

    space: Space
    factors: tuple[Factor, ...]
    trust: float = 1.0

    def score(self, X: Floats, *, screening: bool = False) -> Floats:
        """Return the log acquisition of points (n, d), or an estimate to screen by, ``(n,)``."""
        total, inputs = np.zeros(len(X)), inputs_of(self.space, X)
        for factor in self.factors:
            criterion = factor.screening if screening else factor.criterion
            mean, std = predict(factor.processes, inputs)
            total += criterion.value(mean, factor.widening * std)
        return total

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the log acquisition of one point (d,) and its gradient (d,)."""
        inputs = inputs_of(self.space, x[None])[0]
        total, slope = 0.0, np.zeros(len(inputs))
        for factor in self.factors:
            each = [process.predict_gradient(inputs) for process in factor.processes]
            mean, std, mean_slope, std_slope = map(np.array, zip(*each, strict=True))
            value, dmean, dstd = factor.criterion.gradient(mean, factor.widening * std)
            total += value
            slope += dmean @ mean_slope + factor.widening * dstd @ std_slope
        return total, slope @ input_slopes(self.space, x) if self.space.known.predicts else slope


def predict(processes: Sequence[Process], X: Floats) -> tuple[Floats, Floats]:
    """Return means and stds of all processes at inputs (n, p), each ``(n, m)``."""
    each = [process.predict(X) for process in processes]
    return np.stack([e[0] for e in each], axis=1), np.stack([e[1] for e in each], axis=1)


def improvement(
    front: Floats, ref_point: Floats, rng: np.random.Generator, floor: Floats | None = None
) -> tuple[Criterion, Criterion]:
    """Return the expected hypervolume improvement over points (f, m), and one to screen by.

    Args:
        front: values, standardised; dominated ones do no harm.
        ref_point: the reference point ``(m,)``.
        rng: draws the rays.
        floor: what no value lies below, ``(m,)``; ``None`` for none. It is forgotten where the
            front leaves nothing to be gained above it.
    """
    front = front[pareto.nondominated(front)]
    lowest = np.full(len(ref_point), -np.inf) if floor is None else floor
    if len(ref_point) >= MANY_OBJECTIVES:
        rays = random_rays(RAYS, len(ref_point), rng)
        start, end = ray_lengths(front, ref_point, rays), reaches(lowest[None], ref_point, rays)[0]
        left = end > start + _NOTHING
        if left.any():
            rays, start, end = rays[left], start[left], end[left]
        else:
            end = np.full(RAYS, np.inf)
        some = slice(SCREENING)
        few_rays = RayEHVI(ref_point, rays[some], start[some], end[some], SCREENING_NODES)
        return RayEHVI(ref_point, rays, start, end), few_rays
    exact = _exact(front, ref_point, lowest)
    if len(front) <= SCREENING:
        return exact, exact
    return exact, _exact(front[pareto.far_apart(front, SCREENING)], ref_point, lowest)


def _exact(front: Floats, ref_point: Floats, floor: Floats) -> BoxEHVI:
    """Return the improvement over a front (f, m) in the boxes that it leaves free above a floor."""
    lower, upper = box_decomposition(front, ref_point)
    raised = np.maximum(lower, floor)
    left = (upper > raised + _NOTHING).all(axis=1)
    if left.any() and (raised > lower).any():
        lower, upper = raised[left], upper[left]
    return BoxEHVI(sides_of(lower, upper))
