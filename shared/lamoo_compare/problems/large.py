"""Problems of many parameters: a trajectory, a network of many choices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import BSpline

from lamoo.arrays import Floats, Ints
from lamoo.space import Categorical, Float, Space
from lamoo_compare.problems.base import Params, Problem

#: Where a trajectory is to begin and end in a unit square; obstacles there, and half their width.
START, GOAL, OBSTACLES, HALF = (0.05, 0.05), (0.95, 0.95), 15, 0.05
#: What a unit of length costs outside obstacles and inside, and a unit of missing an end.
OUTSIDE, INSIDE, MISSED = 1.0, 20.0, 10.0
#: Points at which a trajectory is looked at.
ALONG = 1000
#: What each choice of a layer takes, and what it adds to the accuracy, beside all interactions.
COSTS, GAINS = (0.0, 0.3, 0.8, 1.5, 3.0), (-1.5, -0.4, 0.1, 0.5, 0.8)
#: How many standard deviations less memory than random networks a network may take.
SPARED = 1.3


def trajectory(d: int) -> Problem:
    """Return the planning of a way around obstacles (after the rover of Wang et al., AISTATS 2018).

    The ``d / 2`` control points of a cubic B-spline are searched: what the way costs, by its length
    in and outside obstacles, and by how much it misses its start and its goal. A way is to be kept
    together in all its parts, so that single parameters pay little and many together much.
    """
    centres = np.random.default_rng(1234).uniform(0.1, 0.9, (OBSTACLES, 2))
    n = d // 2
    knots = np.concatenate([np.zeros(3), np.linspace(0.0, 1.0, n - 2), np.ones(3)])
    basis = BSpline.design_matrix(np.linspace(0.0, 1.0, ALONG) * (1 - 1e-9), knots, 3).toarray()
    space = Space({f"{axis}{i}": Float(0.0, 1.0) for i in range(n) for axis in "xy"})

    def evaluate(params: Params) -> tuple[float, ...]:
        way = basis @ np.array([params[name] for name in space.parameters], float).reshape(n, 2)
        step = np.linalg.norm(np.diff(way, axis=0), axis=1)
        hit = (np.abs(way[:, None] - centres) <= HALF).all(axis=2).any(axis=1)
        price = np.where(hit, INSIDE, OUTSIDE)
        missed = np.abs(way[0] - START).sum() + np.abs(way[-1] - GOAL).sum()
        return float(((price[1:] + price[:-1]) / 2 * step).sum()), float(MISSED * missed)

    return Problem(
        f"trajectory-d{d}",
        space,
        ("minimize", "minimize"),
        evaluate,
        reference_point=(30.0, 10.0),
        best_hypervolume=_shortest(30.0, 10.0),
        source="the straight way, if there were no obstacles: an upper bound",
    )


def _shortest(cost: float, missed: float) -> float:
    """Return the hypervolume of all straight ways without obstacles, from a reference point.

    A way that misses its ends by t in all, along both axes alike, is t / sqrt(2) shorter.
    """
    whole = float(np.linalg.norm(np.subtract(GOAL, START)))
    saved = missed**2 / (2 * MISSED * np.sqrt(2.0))
    return float((cost - OUTSIDE * whole) * missed + OUTSIDE * saved)


def choices(d: int) -> Problem:
    """Return a network of ``d`` layers with five choices each: error and latency.

    More costly choices are better on average; each layer has likings of its own, for itself, with
    the next one, and in as many pairs as there are half the layers.
    """
    rng = np.random.default_rng(99)
    k = len(COSTS)
    own, chained = rng.normal(size=(d, k)), rng.normal(size=(d - 1, k, k)) * 0.7
    ends = np.array([rng.choice(d, 2, replace=False) for _ in range(d // 2)])
    paired = rng.normal(size=(len(ends), k, k)) * 0.7
    weight = np.exp(0.3 * rng.normal(size=d))
    space = Space({f"layer{i}": Categorical(tuple("abcde")) for i in range(d)})
    rows, links, pairs = np.arange(d), np.arange(d - 1), np.arange(len(ends))

    def values(c: Ints) -> Floats:
        """Return error and latency of choices (d,)."""
        good = np.take(GAINS, c).sum() + 0.5 * own[rows, c].sum()
        good += chained[links, c[:-1], c[1:]].sum() + paired[pairs, *c[ends].T].sum()
        return np.array([100 / (1 + np.exp(good / 12)), weight @ np.take(COSTS, c)])

    def evaluate(params: Params) -> tuple[float, ...]:
        c = np.array(["abcde".index(params[name]) for name in space.parameters])
        error, latency = values(c).tolist()
        return error, latency

    return Problem(
        f"choices-{d}",
        space,
        ("minimize", "minimize"),
        evaluate,
        reference_point=(100.0, 150.0),
        best_hypervolume=13_850.0,
        source="the fronts of many descents of weighted sums, from random starts, rounded up",
    )


def limited_choices(d: int) -> Problem:
    """Return :func:`choices` with a limit to memory, which about a tenth of random networks keep.

    What each choice takes has nothing to do with its accuracy and its latency.
    """
    plain = choices(d)
    memory = np.random.default_rng(7).uniform(size=(d, len(COSTS)))
    limit = memory.mean(axis=1).sum() - SPARED * np.sqrt(memory.var(axis=1).sum())

    def constrain(params: Params) -> tuple[float, ...]:
        c = ["abcde".index(params[name]) for name in plain.space.parameters]
        return (float(memory[np.arange(d), c].sum() - limit),)

    return replace(
        plain,
        name=f"{plain.name}-limited",
        source="that without the limit: an upper bound",
        constraints=1,
        constrain=constrain,
    )
