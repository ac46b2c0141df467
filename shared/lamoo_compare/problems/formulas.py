"""Problems that are formulas, written from their papers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Float, Space
from lamoo_compare.problems.base import Direction, Params, Problem

# Each maps points X (n, d), within the parameters' own bounds, to values (n, m), minimised.


def _branin_currin(X: Floats) -> Floats:
    x, y = X.T
    a, b = 15 * x - 5, 15 * y
    branin = (b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6) ** 2
    branin += 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10
    # exp(-1 / 2y) tends to 0 as y does
    rise = 1 - np.exp(-1 / (2 * np.maximum(y, 1e-12)))
    currin = rise * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60)
    return np.stack([branin, currin / (100 * x**3 + 500 * x**2 + 4 * x + 20)], axis=1)


def branin_currin() -> Problem:
    """Return Branin and Currin on the unit square (Belakaria et al., NeurIPS 2019)."""
    return _continuous(
        "branin-currin",
        _box(2, 0.0, 1.0),
        _branin_currin,
        (18.0, 6.0),
        59.4066,
        "an evolutionary front of 272,000 points, rounded up (BoTorch has 59.3601 by NSGA-II)",
    )


def _vehicle_safety(X: Floats) -> Floats:
    a, b, c, d, e = X.T
    mass = 1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d
    mass += 4.4559504 * e
    acceleration = 6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d
    acceleration += 0.0861 * a * e + 0.3628 * b * d - 0.1106 * a**2 - 0.3437 * c**2
    acceleration += 0.1764 * d**2
    intrusion = -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c
    intrusion += -0.0118 * b * d - 0.0204 * c * d - 0.008 * c * e - 0.0241 * b**2
    intrusion += 0.0109 * d**2
    return np.stack([mass, acceleration, intrusion], axis=1)


def vehicle_safety() -> Problem:
    """Return vehicle crash-worthiness (Liao et al. 2008; RE3-5-4 of Tanabe and Ishibuchi 2020).

    Mass, acceleration and toe-board intrusion as functions of five plate thicknesses.
    """
    return _continuous(
        "vehicle-safety",
        _box(5, 1.0, 3.0),
        _vehicle_safety,
        (1864.72022, 11.81993945, 0.2903999384),
        247.37,
        "an evolutionary front of 1.8 million points, rounded up (BoTorch has 246.8161)",
    )


def _dtlz2(X: Floats, m: int, optimum: Floats | float = 0.5) -> Floats:
    radius = 1 + ((X[:, m - 1 :] - optimum) ** 2).sum(axis=1, keepdims=True)
    angle = X[:, : m - 1] * np.pi / 2
    ones = np.ones((len(X), 1))
    cosines = np.cumprod(np.hstack([ones, np.cos(angle)]), axis=1)[:, ::-1]
    sines = np.hstack([ones, np.sin(angle[:, ::-1])])
    return np.asarray(radius * cosines * sines)


def _ball(m: int) -> float:
    """Return the volume of the positive part of the unit ball in m dimensions."""
    return float(math.pi ** (m / 2) / math.gamma(m / 2 + 1) / 2**m)


def dtlz2(d: int, m: int = 2, corner: float = 1.1) -> Problem:
    """Return DTLZ2 (Deb et al. 2005): the front is the unit sphere's positive part.

    The reference point has the same ``corner`` in every objective. With 100 parameters 6.5 is
    about what the best twentieth of random points beat; the usual 1.1 is out of anybody's reach
    within hundreds of trials.
    """
    return _continuous(
        f"dtlz2-d{d}" + (f"-m{m}" if m > 2 else ""),
        _box(d, 0.0, 1.0),
        partial(_dtlz2, m=m),
        (corner,) * m,
        corner**m - _ball(m),
        "closed form",
    )


def shifted_dtlz2(d: int, m: int = 2) -> Problem:
    """Return DTLZ2 with its best points off the centre, between .2 and .8 in each parameter.

    In the centre they are where a model's trend and the mean of random points lead by themselves.
    """
    plain = dtlz2(d, m, 6.0)
    optimum = np.random.default_rng(77).uniform(0.2, 0.8, d)[m - 1 :]
    return _continuous(
        f"{plain.name}-shifted",
        _box(d, 0.0, 1.0),
        partial(_dtlz2, m=m, optimum=optimum),
        plain.reference_point,
        plain.best_hypervolume,
        plain.source,
    )


def _c2_dtlz2(Y: Floats, r: float) -> Floats:
    """Return the constraint value of objective values (n, 2): inside one of three balls."""
    ends = [((Y - end) ** 2).sum(axis=1) for end in np.eye(2)]
    # as BoTorch has it, whose middle ball is wider by the square root of 2
    middle = ((Y - math.sqrt(0.5)) ** 2).sum(axis=1) - r**2
    return np.asarray(np.min([*ends, middle], axis=0) - r**2)


def c2_dtlz2(d: int) -> Problem:
    """Return C2-DTLZ2 (Jain and Deb 2014): DTLZ2 of which only three pieces are feasible.

    Its best hypervolume is the integral over what is feasible of the objective space.
    """
    plain = dtlz2(d)

    def constrain(params: Params) -> tuple[float, ...]:
        return tuple(_c2_dtlz2(np.array([plain.evaluate(params)]), 0.2).tolist())

    return replace(
        plain,
        name=f"c2-dtlz2-d{d}",
        best_hypervolume=0.4,
        source="the integral over the feasible part, to four digits",
        constraints=1,
        constrain=constrain,
    )


def _constrained(
    problem: Problem, constrain: Callable[[Floats], tuple[float, ...]], constraints: int
) -> Problem:
    """Return the problem with constraints: point (d,) in its own units -> values, kept if <= 0."""

    def of_params(params: Params) -> tuple[float, ...]:
        return constrain(np.array([params[name] for name in problem.space.parameters]))

    return replace(problem, constraints=constraints, constrain=of_params)


def _osy(X: Floats) -> Floats:
    first = -25 * (X[:, 0] - 2) ** 2 - ((X[:, 1:5] - [2, 1, 4, 1]) ** 2).sum(axis=1)
    return np.stack([first, (X**2).sum(axis=1)], axis=1)


def _osy_constraints(x: Floats) -> tuple[float, ...]:
    a, b, c, d, e, f = x.tolist()
    return (
        2 - a - b,
        a + b - 6,
        b - a - 2,
        a - 3 * b - 2,
        (c - 3) ** 2 + d - 4,
        4 - (e - 3) ** 2 - f,
    )


def osy() -> Problem:
    """Return the problem of Osyczka and Kundu (1995): six parameters, six constraints."""
    bounds = [(0.0, 10.0), (0.0, 10.0), (1.0, 5.0), (0.0, 6.0), (1.0, 5.0), (0.0, 10.0)]
    plain = _continuous(
        "osy", bounds, _osy, (-75.0, 75.0), 10_090.0, "NSGA-II, 320,000 evaluations, rounded up"
    )
    return _constrained(plain, _osy_constraints, 6)


def _welded_beam(X: Floats) -> Floats:
    weld, length, depth, width = X.T
    cost = 1.10471 * weld**2 * length + 0.04811 * depth * width * (14 + length)
    return np.stack([cost, 2.1952 / (depth**3 * width)], axis=1)


def _welded_beam_constraints(x: Floats) -> tuple[float, ...]:
    weld, length, depth, width = x.tolist()
    arm = math.sqrt(0.25 * (length**2 + (weld + depth) ** 2))
    shear = 6000 / (math.sqrt(2) * weld * length)
    inertia = 0.707 * weld * length * (length**2 / 12 + 0.25 * (weld + depth) ** 2)
    torsion = 6000 * (14 + 0.5 * length) * arm / (2 * inertia)
    stress = math.sqrt(shear**2 + torsion**2 + length * shear * torsion / arm)
    buckling = 64746.022 * (1 - 0.0282346 * depth) * depth * width**3
    return (
        stress - 13600,
        504000 / (depth**2 * width) - 30000,
        weld - width,
        6000 - buckling,
    )


def welded_beam() -> Problem:
    """Return the welded beam (Deb and Sundar 2006): cost and deflection, four constraints."""
    bounds = [(0.125, 5.0), (0.1, 10.0), (0.1, 10.0), (0.125, 5.0)]
    plain = _continuous(
        "welded-beam",
        bounds,
        _welded_beam,
        (40.0, 0.015),
        0.5130,
        "NSGA-II, 320,000 evaluations, rounded up",
    )
    return _constrained(plain, _welded_beam_constraints, 4)


def _disc_brake(X: Floats) -> Floats:
    inner, outer, force, discs = X.T
    area, cubes = outer**2 - inner**2, outer**3 - inner**3
    mass = 4.9e-5 * area * (discs - 1)
    return np.stack([mass, 9.82e6 * area / (force * discs * cubes)], axis=1)


def _disc_brake_constraints(x: Floats) -> tuple[float, ...]:
    inner, outer, force, discs = x.tolist()
    area, cubes = outer**2 - inner**2, outer**3 - inner**3
    return (
        20 - (outer - inner),
        force / (3.14 * area) - 0.4,
        2.22e-3 * force * cubes / area**2 - 1,
        900 - 2.66e-2 * force * discs * cubes / area,
    )


def disc_brake() -> Problem:
    """Return the disc brake (Ray and Liew 2002): mass and stopping time, four constraints."""
    bounds = [(55.0, 80.0), (75.0, 110.0), (1000.0, 3000.0), (11.0, 20.0)]
    plain = _continuous(
        "disc-brake",
        bounds,
        _disc_brake,
        (5.7771, 3.9651),
        11.22,
        "NSGA-II, 320,000 evaluations, rounded up",
    )
    return _constrained(plain, _disc_brake_constraints, 4)


def noisy(problem: Problem, noise: tuple[float, ...]) -> Problem:
    """Return the problem with normal noise of these standard deviations in what is observed."""
    return replace(problem, name=f"{problem.name}-noisy", noise=noise)


def _dtlz7(X: Floats) -> Floats:
    x = X[:, 0]
    g = 1 + 9 * X[:, 1:].mean(axis=1)
    return np.stack([x, (1 + g) * 2 - x * (1 + np.sin(3 * np.pi * x))], axis=1)


def dtlz7(d: int) -> Problem:
    """Return DTLZ7 (Deb et al. 2005) with two objectives: a front in four pieces."""
    # the front's hypervolume is the integral of 15 minus the running minimum of f2 (g = 1)
    x = (np.arange(200_000) + 0.5) / 200_000
    lowest = np.minimum.accumulate(4 - x * (1 + np.sin(3 * np.pi * x)))
    best = (15 - lowest).mean() + 14 * (15 - lowest[-1])
    return _continuous(
        f"dtlz7-d{d}",
        _box(d, 0.0, 1.0),
        _dtlz7,
        (15.0, 15.0),
        float(best),
        "the integral over the front",
    )


def _zdt(X: Floats, g: Floats) -> Floats:
    return np.stack([X[:, 0], g - np.sqrt(X[:, 0] * g)], axis=1)


def _zdt1(X: Floats) -> Floats:
    return _zdt(X, 1 + 9 * X[:, 1:].mean(axis=1))


def zdt1(d: int) -> Problem:
    """Return ZDT1 (Zitzler et al. 2000): a convex front, reached where all but one are 0."""
    return _continuous(
        f"zdt1-d{d}", _box(d, 0.0, 1.0), _zdt1, (1.1, 1.1), 1.21 - 1 / 3, "closed form"
    )


def _zdt4(X: Floats) -> Floats:
    rest = X[:, 1:]
    rugged = rest**2 - 10 * np.cos(4 * np.pi * rest)
    return _zdt(X, 1 + 10 * rest.shape[1] + rugged.sum(axis=1))


def zdt4(d: int) -> Problem:
    """Return ZDT4 (Zitzler et al. 2000): ZDT1's front behind 21^(d-1) local ones.

    The reference point (1.1, 100) is about what the best twentieth of random points beat.
    """
    bounds = [(0.0, 1.0)] + [(-5.0, 5.0)] * (d - 1)
    best = 1.1 * 100 - 1 / 3
    return _continuous(f"zdt4-d{d}", bounds, _zdt4, (1.1, 100.0), best, "closed form")


def _wfg4(X: Floats, m: int, k: int) -> Floats:
    d = X.shape[1]
    y = X / (2.0 * np.arange(1, d + 1))
    # s_multi (Huband et al. 2006, table XI) with A = 30, B = 10, C = 0.35
    distance = np.abs(y - 0.35) / (2 * (np.floor(0.35 - y) + 0.35))
    y = (1 + np.cos((4 * 30 + 2) * np.pi * (0.5 - distance)) + 4 * 10 * distance**2) / (10 + 2)
    position = y[:, :k].reshape(len(y), m - 1, -1).mean(axis=2)
    angle = position * np.pi / 2
    ones = np.ones((len(y), 1))
    sines = np.cumprod(np.hstack([ones, np.sin(angle)]), axis=1)[:, ::-1]
    cosines = np.hstack([ones, np.cos(angle[:, ::-1])])
    shape = 2.0 * np.arange(1, m + 1) * sines * cosines
    return np.asarray(y[:, k:].mean(axis=1, keepdims=True) + shape)


def wfg4(d: int, m: int = 2) -> Problem:
    """Return WFG4 (Huband et al. 2006) with four position parameters, six with four objectives.

    Every parameter is multi-modal; the front is the positive part of an ellipsoid of half-axes 2,
    4, 6, ...
    """
    bounds = [(0.0, 2.0 * i) for i in range(1, d + 1)]
    corner, half_axes = 2.0 * np.arange(1, m + 1) + 1.0, 2.0 * np.arange(1, m + 1)
    best = corner.prod() - half_axes.prod() * _ball(m)
    return _continuous(
        f"wfg4-d{d}" + (f"-m{m}" if m > 2 else ""),
        bounds,
        partial(_wfg4, m=m, k=max(4, 2 * (m - 1))),
        tuple(corner.tolist()),
        float(best),
        "closed form",
    )


def _kursawe(X: Floats) -> Floats:
    pairs = np.sqrt(X[:, :-1] ** 2 + X[:, 1:] ** 2)
    first = (-10 * np.exp(-0.2 * pairs)).sum(axis=1)
    second = (np.abs(X) ** 0.8 + 5 * np.sin(X**3)).sum(axis=1)
    return np.stack([first, second], axis=1)


def kursawe() -> Problem:
    """Return Kursawe's problem (1991; Deb's variant) with three parameters: a broken front."""
    return _continuous(
        "kursawe",
        _box(3, -5.0, 5.0),
        _kursawe,
        (-14.0, 1.0),
        37.35,
        "an evolutionary front of 20,000 points, rounded up",
    )


def _box(d: int, low: float, high: float) -> list[tuple[float, float]]:
    return [(low, high)] * d


def _continuous(
    name: str,
    bounds: Sequence[tuple[float, float]],
    function: Callable[[Floats], Floats],
    reference_point: tuple[float, ...],
    best_hypervolume: float,
    source: str,
) -> Problem:
    """Return a problem on the parameters ``x0, x1, ...``, everything minimised."""
    space = Space({f"x{i}": Float(low, high) for i, (low, high) in enumerate(bounds)})

    def evaluate(params: Params) -> tuple[float, ...]:
        x = np.array([[params[name] for name in space.parameters]], dtype=float)
        return tuple(function(x)[0].tolist())

    smaller: Direction = "minimize"
    directions = (smaller,) * len(reference_point)
    return Problem(name, space, directions, evaluate, reference_point, best_hypervolume, source)
