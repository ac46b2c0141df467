"""Random spaces in which choices open other choices, with fronts that are known exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import moocore
import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Categorical, Float, Integer, Parameter, Space
from lamoo_compare.problems.base import Params, Problem

#: Parts that each branch's curve is divided into, to tell the best front.
PARTS = 2_000
#: How many parameters there are, at least and at most.
SIZES = (5, 40)
#: Evaluations of a branch that mostly fails give values within this share of one range.
WINDOW = 0.2
#: How many branches mostly fail: at most this share, each with this chance.
FAILING, CHANCE = 1 / 3, 0.3


def random_tree(seed: int) -> Problem:
    """Return a random space of choices two or three levels deep, 5 to 40 parameters.

    Each way down the tree of choices is a branch with parameters of its own; some parameters belong
    to several branches, some to all. Some branches mostly fail (NaN).

    A branch trades error for cost along a curve, on which it moves by the mean of a few of its
    parameters, its traders. All others only add to the error, in different ways, and nothing at
    their best. So the exact front is that of all the curves.

    Args:
        seed: which space, at least 0.

    Example:
        >>> problem = random_tree(1)
        >>> problem.name, len(problem.space.parameters)
        ('branches-1', 28)
    """
    tree = _grow(np.random.default_rng(seed), 2 + seed % 2)
    curves = [branch.curve(np.linspace(0.0, 1.0, PARTS + 1)) for branch in tree.branches.values()]
    # no place of a curve is better than the two ends of its part are, each in one objective
    bound = np.concatenate([np.column_stack([c[1:, 0], c[:-1, 1]]) for c in curves])
    bound = bound[moocore.is_nondominated(bound)]
    ideal, nadir = bound.min(axis=0), bound.max(axis=0)
    reference = nadir + 0.5 * (nadir - ideal)
    return Problem(
        f"branches-{seed}",
        Space({name: each.parameter for name, each in tree.own.items()}),
        ("minimize", "minimize"),
        tree.evaluate,
        reference_point=(float(reference[0]), float(reference[1])),
        best_hypervolume=float(moocore.hypervolume(bound, ref=reference)),
        source="the formula, along the curves of all branches",
        conditions={name: each.condition for name, each in tree.own.items() if each.condition},
    )


@dataclass(frozen=True)
class _Own:
    """A parameter, where it exists and what it does.

    Args:
        parameter: its values.
        condition: its parent and the values that open it, ``None`` if it always exists.
        role: ``"opens"`` others, ``"trades"``, or adds ``"quadratic"``, ``"steep"`` or
            ``"valley"`` to the error, or by a ``"choice"``.
        best: the value in the unit interval at which it adds nothing.
        weight: what it adds at most, about.
    """

    parameter: Parameter
    condition: tuple[str, tuple[str, ...]] | None
    role: str
    best: float = 0.5
    weight: float = 0.0

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of a choice, none of a number."""
        return tuple(getattr(self.parameter, "choices", ()))

    def unit(self, value: object) -> float:
        """Return where a value lies in the unit interval."""
        return float(self.parameter.to_unit([value])[0])

    def adds(self, u: float, shift: float) -> float:
        """Return what a value u of the unit interval adds to the error, 0 at the best.

        The best is ``shift`` away from that of other branches, or the next value to it.
        """
        if self.role == "choice":
            return self.weight * (abs(u - self.best) > 1e-9)
        place = min(max(self.best + shift, 0.0), 1.0)
        away = abs(u - float(self.parameter.snap(np.array([place]))[0]))
        match self.role:
            case "quadratic":
                return self.weight * 2 * away**2
            case "steep":
                return self.weight * away
            case _:
                return self.weight * (1 - math.exp(-((away / 0.2) ** 2)))


@dataclass(frozen=True)
class _Branch:
    """What the configurations of one branch are worth.

    Args:
        error: its least and its largest.
        cost: its least and its largest.
        bend: how fast the error falls with the cost.
        shifts: how far the best value of each number lies from that in other branches.
        window: the number that decides whether evaluations fail, if they do.
    """

    error: tuple[float, float]
    cost: tuple[float, float]
    bend: float
    shifts: Mapping[str, float]
    window: str | None

    def curve(self, t: Floats) -> Floats:
        """Return error and cost at places t (n,) of the unit interval, ``(n, 2)``."""
        last = math.exp(-self.bend)
        above = (np.exp(-self.bend * t) - last) / (1 - last)
        (low, high), (least, most) = self.error, self.cost
        return np.column_stack([low + (high - low) * above, least + (most - least) * t])


@dataclass(frozen=True)
class _Tree:
    """A random space and its objectives.

    Args:
        own: name -> parameter, parents before children.
        branches: the values of the choices that lead there -> branch.
    """

    own: Mapping[str, _Own]
    branches: Mapping[tuple[str, ...], _Branch]

    def evaluate(self, params: Params) -> tuple[float, float]:
        """Return error and cost of a configuration, NaN if it fails."""
        branch = self.branches[path_of(params, self.own)]
        units = {name: self.own[name].unit(value) for name, value in params.items()}
        if branch.window:
            own = self.own[branch.window]
            place = own.best + branch.shifts[branch.window]
            place = float(own.parameter.snap(np.clip(np.array([place]), 0.0, 1.0))[0])
            if abs(units[branch.window] - place) > WINDOW / 2:
                return math.nan, math.nan
        traded = [u for name, u in units.items() if self.own[name].role == "trades"]
        error, cost = branch.curve(np.array([np.mean(traded)]))[0].tolist()
        for name, u in units.items():
            if self.own[name].role not in ("opens", "trades"):
                error += self.own[name].adds(u, branch.shifts.get(name, 0.0))
        return error, cost


def path_of(params: Params, own: Mapping[str, _Own]) -> tuple[str, ...]:
    """Return the choices that lead to a configuration's branch."""
    return tuple(params[name] for name in own if own[name].role == "opens" and name in params)


def _grow(rng: np.random.Generator, levels: int) -> _Tree:
    """Return a random tree whose choices are so many levels deep."""
    own = dict(_choices(rng, levels))
    size = round(math.exp(rng.uniform(*np.log(SIZES))))
    own["size"] = _Own(Float(1.0, 1000.0, log=True), None, "trades")
    number = 0
    while len(own) < size or number < 2:
        own[f"x{number}"] = _parameter(rng, own)
        number += 1
    # those that few branches have would be unimportant, were all weights alike
    paths = [*_paths(own, ())]
    most = max(len(_added(own, path)) for path in paths)
    for name, each in own.items():
        if each.role not in ("opens", "trades"):
            weight = 1.2 * rng.uniform(0.5, 1.5) / max(most, 3)
            own[name] = _Own(each.parameter, each.condition, each.role, each.best, weight)
    found: dict[tuple[str, ...], _Branch] = {}
    failing = 0
    for path in paths:
        may_fail = failing < int(FAILING * len(paths)) and rng.random() < CHANCE
        found[path] = _branch(rng, own, path, may_fail=may_fail)
        failing += found[path].window is not None
    return _Tree(own, found)


def _choices(
    rng: np.random.Generator,
    levels: int,
    name: str = "choice",
    condition: tuple[str, tuple[str, ...]] | None = None,
) -> Iterator[tuple[str, _Own]]:
    """Yield a choice and those below it; one way down is as long as the levels."""
    values = tuple("abcd"[: int(rng.integers(2, 5 if condition is None else 4))])
    yield name, _Own(Categorical(values), condition, "opens")
    deepest = rng.integers(len(values))
    for i, value in enumerate(values if levels > 1 else ()):
        if i == deepest or rng.random() < 0.3:
            yield from _choices(rng, levels - 1, f"{name}_{value}", (name, (value,)))


def _parameter(rng: np.random.Generator, own: Mapping[str, _Own]) -> _Own:
    """Return a random parameter that a random part of the branches have."""
    parents = [name for name, each in own.items() if each.role == "opens"]
    where = rng.random()
    condition: tuple[str, tuple[str, ...]] | None = None
    if where > 0.25:
        parent = parents[rng.integers(len(parents))]
        values = own[parent].choices
        k = int(rng.integers(2, len(values))) if where < 0.4 and len(values) > 2 else 1
        chosen = sorted(rng.choice(len(values), k, replace=False).tolist())
        condition = (parent, tuple(values[i] for i in chosen))
    low = float(rng.uniform(0.0, 1.0))
    kinds: Sequence[Parameter] = (
        Float(low, low + 2.0),
        Float(1e-4, 1.0, log=True),
        Integer(1, 12),
        Integer(2, 256, log=True),
        Categorical(("p", "q", "r")),
    )
    parameter = kinds[rng.choice(5, p=(0.3, 0.2, 0.15, 0.15, 0.2))]
    role = str(rng.choice(["trades", "quadratic", "steep", "valley"], p=(0.2, 0.3, 0.25, 0.25)))
    if not parameter.ordered:
        role = "choice"
    best = float(parameter.snap(rng.random(1))[0])
    return _Own(parameter, condition, role, best)


def _paths(own: Mapping[str, _Own], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield all ways down, beginning with those choices."""
    params: dict[str, str] = {}
    for name, each in own.items():
        if each.role != "opens" or not _exists(each, params):
            continue
        if len(params) < len(path):
            params[name] = path[len(params)]
            continue
        for value in each.choices:
            yield from _paths(own, (*path, value))
        return
    yield path


def _exists(each: _Own, params: Params) -> bool:
    return each.condition is None or params.get(each.condition[0]) in each.condition[1]


def _added(own: Mapping[str, _Own], path: tuple[str, ...]) -> list[str]:
    """Return the parameters of a branch that add to the error."""
    params: dict[str, str] = {}
    found = []
    for name, each in own.items():
        if not _exists(each, params):
            continue
        if each.role == "opens":
            params[name] = path[len(params)]
        elif each.role != "trades":
            found.append(name)
    return found


def _branch(
    rng: np.random.Generator, own: Mapping[str, _Own], path: tuple[str, ...], *, may_fail: bool
) -> _Branch:
    """Return what a branch is worth: costly ones err less, for the most part."""
    rich = rng.random()
    low, least = 0.5 * (1 - rich) ** 1.5 + rng.uniform(0.0, 0.15), rich + rng.uniform(0.0, 0.3)
    numbers = [name for name in _added(own, path) if own[name].role != "choice"]
    mine = [name for name in numbers if (c := own[name].condition) and len(c[1]) == 1]
    return _Branch(
        (low, low + rng.uniform(0.15, 0.4)),
        (least, least + rng.uniform(0.3, 1.0)),
        rng.uniform(1.0, 4.0),
        {name: rng.normal(0.0, 0.07) for name in numbers},
        str(rng.choice(mine)) if mine and may_fail else None,
    )
