"""Engineering designs in closed form, with counts and a catalogue among their parameters.

From the suite of Tanabe and Ishibuchi, "An easy-to-use real-world multi-objective optimization
problem suite" (Applied Soft Computing, 2020), where they are RE2-3-5, RE3-7-5, RE3-4-6 and RE3-4-7.
Where a design has constraints, the last objective is the sum of what they are violated by. The
reference point lies 10 % of the front's range beyond its worst values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Float, Integer, Space
from lamoo_compare.problems.base import Direction, Params, Problem

#: The values of each parameter -> objective values (n, m), minimised.
_Design = Callable[[Mapping[str, Floats]], Floats]

#: Diameters of spring wire that can be bought, inches.
WIRES = np.append(
    [0.092, 0.105, 0.12, 0.135, 0.148, 0.162, 0.177, 0.192, 0.207, 0.225],
    [0.244, 0.263, 0.283, 0.307, 0.331, 0.362, 0.394, 0.4375, 0.5],
)


def coil_spring() -> Problem:
    """Return a coil compression spring (Lampinen and Zelinka 1999): volume of wire, violation."""
    space = Space(
        {
            "coils": Integer(1, 70),
            "diameter": Float(0.6, 3.0),
            "wire": Integer(0, len(WIRES) - 1),  # its place in the catalogue
        }
    )
    return _problem("coil-spring", space, _coil_spring, (0.4406177, 2447136.4), 881300.0)


def _coil_spring(design: Mapping[str, Floats]) -> Floats:
    coils, diameter = design["coils"], design["diameter"]
    wire = WIRES[design["wire"].astype(int)]
    load, preload = 1000.0, 300.0
    ratio = diameter / wire
    stiffness = 11.5e6 * wire**4 / (8 * coils * diameter**3)
    curvature = (4 * ratio - 1) / (4 * ratio - 4) + 0.615 / ratio
    shear = 8 * curvature * load * diameter / (np.pi * wire**3)
    solid = 1.05 * (coils + 2) * wire
    length, travel = load / stiffness + solid, (load - preload) / stiffness
    violated = _violation(
        189000 - shear,
        14 - length,
        ratio - 3,
        6 - preload / stiffness,
        length - preload / stiffness - travel - solid,
        1.25 - travel,
    )
    volume = np.pi**2 * diameter * wire**2 * (coils + 2) / 4
    return np.stack([volume, violated], axis=1)


def speed_reducer() -> Problem:
    """Return a speed reducer (Coello and Pulido 2005): weight, stress of a shaft, violation."""
    bounds = ((2.6, 3.6), (0.7, 0.8), (17, 28), (7.3, 8.3), (7.3, 8.3), (2.9, 3.9), (5.0, 5.5))
    teeth = 2
    space = Space(
        {
            f"x{i + 1}": Integer(int(low), int(high)) if i == teeth else Float(low, high)
            for i, (low, high) in enumerate(bounds)
        }
    )
    reference = (7454.03219, 1796.13691, 437.09482)
    return _problem("speed-reducer", space, _speed_reducer, reference, 2.41e9)


def _speed_reducer(design: Mapping[str, Floats]) -> Floats:
    face, module, teeth, first, second, thin, thick = (design[f"x{i}"] for i in range(1, 8))
    gear = 10 * teeth**2 / 3 + 14.933 * teeth - 43.0934
    weight = (
        0.7854 * face * module**2 * gear
        - 1.508 * face * (thin**2 + thick**2)
        + 7.477 * (thin**3 + thick**3)
        + 0.7854 * (first * thin**2 + second * thick**2)
    )
    pitch = module * teeth
    stress = np.sqrt((745 * first / pitch) ** 2 + 1.69e7) / (0.1 * thin**3)
    other = np.sqrt((745 * second / pitch) ** 2 + 1.575e8) / (0.1 * thick**3)
    violated = _violation(
        1 / 27 - 1 / (face * module * pitch),
        1 / 397.5 - 1 / (face * pitch**2),
        1 / 1.93 - first**3 / (pitch * thin**4),
        1 / 1.93 - second**3 / (pitch * thick**4),
        40 - pitch,
        12 - face / module,
        face / module - 5,
        first - 1.5 * thin - 1.9,
        second - 1.1 * thick - 1.9,
        1300 - stress,
        1100 - other,
    )
    return np.stack([weight, stress, violated], axis=1)


def gear_train() -> Problem:
    """Return a gear train (Deb and Srinivasan 2005): error of the ratio, largest gear, violation.

    All four are numbers of teeth, 5,764,801 designs, so that the best front is known exactly.
    """
    space = Space({f"x{i}": Integer(12, 60) for i in range(1, 5)})
    reference = (6.523934782608696, 54.9, 0.39129274274996395)
    return _problem(
        "gear-train", space, _gear_train, reference, 79.33985829, "all designs, rounded up"
    )


def _gear_train(design: Mapping[str, Floats]) -> Floats:
    a, b, c, d = design.values()
    error = np.abs(6.931 - c * d / (a * b))
    largest = np.max([a, b, c, d], axis=0)
    return np.stack([error, largest, _violation(0.5 - error / 6.931)], axis=1)


def rocket_injector() -> Problem:
    """Return a rocket injector (Vaidyanathan et al. 2003): three responses of flow simulations.

    Temperature of the injector's face, distance from the inlet to the highest temperature, and
    temperature of the post's tip, all scaled.
    """
    space = Space({name: Float(0.0, 1.0) for name in "ahot"})
    reference = (1.087682, 1.2061019913693092, 1.2393120089462544)
    return _problem("rocket-injector", space, _rocket_injector, reference, 1.479)


def _rocket_injector(design: Mapping[str, Floats]) -> Floats:
    # flow angle, change of hydrogen area, change of oxygen area, thickness of the tip
    a, h, o, t = (design[name] for name in "ahot")
    face = (
        (0.692 + 0.477 * a - 0.687 * h - 0.080 * o - 0.0650 * t)
        + (-0.167 * a**2 - 0.0129 * a * h + 0.0796 * h**2 - 0.0634 * a * o - 0.0257 * h * o)
        + (0.0877 * o**2 - 0.0521 * a * t + 0.00156 * h * t + 0.00198 * o * t + 0.0184 * t**2)
    )
    zone = (
        (0.153 - 0.322 * a + 0.396 * h + 0.424 * o + 0.0226 * t)
        + (0.175 * a**2 + 0.0185 * a * h - 0.0701 * h**2 - 0.251 * a * o + 0.179 * h * o)
        + (0.0150 * o**2 + 0.0134 * a * t + 0.0296 * h * t + 0.0752 * o * t + 0.0192 * t**2)
    )
    tip = (
        (0.370 - 0.205 * a + 0.0307 * h + 0.108 * o + 1.019 * t)
        + (-0.135 * a**2 + 0.0141 * a * h + 0.0998 * h**2 + 0.208 * a * o - 0.0301 * h * o)
        + (-0.226 * o**2 + 0.353 * a * t - 0.0497 * o * t - 0.423 * t**2)
        + (0.202 * a**2 * h - 0.281 * a**2 * o - 0.342 * a * h**2 - 0.245 * h**2 * o)
        + (0.281 * h * o**2 - 0.184 * a * t**2 - 0.281 * a * h * o)
    )
    return np.stack([face, zone, tip], axis=1)


def _violation(*limits: Floats) -> Floats:
    """Return the sum (n,) of what is below 0 of limits (n,) that should be at least 0."""
    return np.asarray(sum(np.maximum(-limit, 0.0) for limit in limits))


def _problem(
    name: str,
    space: Space,
    design: _Design,
    reference: tuple[float, ...],
    best: float,
    source: str = "an evolutionary search, rounded up",
) -> Problem:
    """Return the problem of a design, scored from a reference point (m,)."""
    names = list(space.parameters)

    def evaluate(params: Params) -> tuple[float, ...]:
        one = {name: np.array([params[name]], dtype=float) for name in names}
        return tuple(design(one)[0].tolist())

    smaller: Direction = "minimize"
    return Problem(name, space, (smaller,) * len(reference), evaluate, reference, best, source)
