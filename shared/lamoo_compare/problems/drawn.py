"""Problems drawn from a seed, fresh ones for whoever asks, so that no rule can be fitted to them.

``drawn-<family>-<seed>``, for any seed:

=========== ======================================================================== ==========
family      what                                                                     objectives
=========== ======================================================================== ==========
``process`` draws from Gaussian processes of 2 to 8 numbers, some with heavy tails   2 to 4
``forest``  sums of random trees over integers and choices: plateaus and steps       2 or 3
``network`` small random networks of numbers, integers and choices, of which one     2 to 5
            decides whether some of the others exist
``system``  configurations of a system: powers of two, switches and modes; effects   2 or 3
            that multiply, act together, and fall off cliffs; some outliers
``turned``  DTLZ2, ZDT1 or DTLZ7, its optimum anywhere and its valleys askew         2 or 3
=========== ======================================================================== ==========
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import moocore
import numpy as np

from lamoo import pareto
from lamoo.arrays import Bools, Floats
from lamoo.space import Categorical, Float, Integer, Space
from lamoo.space.moves import perturb
from lamoo.space.parameters import Parameter
from lamoo_compare.problems.base import Params, Problem
from lamoo_compare.problems.formulas import dtlz2, dtlz7, zdt1

#: Maps points (n, d) of the unit cube to values (n, m), minimised.
Function = Callable[[Floats], Floats]

#: The best front is searched among so many uniform points, then among so many children of the front
#: in so many generations; of a front, only so many have children.
_UNIFORM, _CHILDREN, _GENERATIONS, _PARENTS = 8192, 1024, 60, 300
#: Random features of a Gaussian process.
_FREQUENCIES = 256
#: Of each layer of a network.
_WIDTH = 16
#: Trees whose sum an objective is, and how deep they are.
_TREES, _DEPTH = 20, 5
#: The share of a system's configurations whose values are outliers.
_OUTLIERS = 0.02


def process(seed: int) -> Problem:
    """Return draws from Gaussian processes with Matern-5/2 kernels over 2 to 8 numbers.

    By random Fourier features (Rahimi and Recht 2007). An objective's values are as drawn, or their
    exponentials.
    """
    rng = np.random.default_rng((1, seed))
    d, m = int(rng.integers(2, 9)), int(rng.integers(2, 5))
    space = Space({f"x{j}": Float(0.0, 1.0) for j in range(d)})
    each = [_process(d, rng) for _ in range(m)]
    return _searched(f"drawn-process-{seed}", space, _side_by_side(each))


def _process(d: int, rng: np.random.Generator) -> Function:
    scales = 0.35 * math.sqrt(d) * np.exp(rng.normal(0.0, 0.7, d))
    frequency = _frequencies(_FREQUENCIES, d, rng) / scales
    phase = rng.uniform(0, 2 * np.pi, _FREQUENCIES)
    weights = rng.standard_normal(_FREQUENCIES) * math.sqrt(2 / _FREQUENCIES)
    tail = float(rng.choice([0.0, 0.0, 1.0, 2.0]))

    def f(X: Floats) -> Floats:
        y = np.cos(X @ frequency.T + phase) @ weights
        return np.asarray(np.exp(tail * y) if tail else y)

    return f


def _frequencies(n: int, d: int, rng: np.random.Generator) -> Floats:
    """Draw frequencies (n, d) from the spectral density of the Matern-5/2 kernel.

    That is Student's t with five degrees of freedom.
    """
    return rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(5, (n, 1)) / 5)


def forest(seed: int) -> Problem:
    """Return sums of random trees over integers and choices: flat but for steps."""
    rng = np.random.default_rng((2, seed))
    d, m = int(rng.integers(4, 10)), int(rng.integers(2, 4))
    space = Space({f"p{j}": _discrete(rng) for j in range(d)})
    each = [_trees(space.categorical, rng) for _ in range(m)]
    return _searched(f"drawn-forest-{seed}", space, _side_by_side(each))


def _discrete(rng: np.random.Generator) -> Parameter:
    """Return an integer of 2 to 12 values, or a choice of 2 to 5."""
    if rng.random() < 0.6:
        return Integer(0, int(rng.integers(1, 12)))
    return Categorical(tuple("abcde"[: int(rng.integers(2, 6))]))


def _trees(categorical: Bools, rng: np.random.Generator) -> Function:
    """Return the sum of random trees; each node compares one parameter, each leaf has a value."""
    inner = 2**_DEPTH - 1
    importance = rng.dirichlet(np.full(len(categorical), 0.7))
    feature = rng.choice(len(categorical), (_TREES, inner), p=importance)
    threshold = rng.uniform(0.1, 0.9, (_TREES, inner))
    leaves = rng.standard_normal((_TREES, 2**_DEPTH))

    def f(X: Floats) -> Floats:
        total = np.zeros(len(X))
        for columns, cuts, values in zip(feature, threshold, leaves, strict=True):
            node = np.zeros(len(X), dtype=np.intp)
            for _ in range(_DEPTH):
                x, cut = X[np.arange(len(X)), columns[node]], cuts[node]
                # a choice is compared with one of its values, a number with a bound
                same = np.abs(x - cut) < 0.15
                right = np.where(categorical[columns[node]], same, x > cut)
                node = 2 * node + 1 + right
            total += values[node - inner]
        return total / math.sqrt(_TREES)

    return f


def network(seed: int) -> Problem:
    """Return small random networks over mixed parameters, some of which exist under a condition."""
    rng = np.random.default_rng((3, seed))
    m = int(rng.integers(2, 6))
    parameters: dict[str, Parameter] = {"kind": Categorical(("a", "b", "c"))}
    for j in range(int(rng.integers(3, 9))):
        parameters[f"p{j}"] = _mixed(rng)
    names = [*parameters][1:]
    children = names[: int(rng.integers(0, 3))]
    kind = str(rng.choice(["a", "b", "c"]))
    space = Space(parameters)
    each = [_perceptron(space, rng) for _ in range(m)]
    together = _side_by_side(each)
    column = [name in children for name in space.parameters]
    chosen = float(space.parameters["kind"].to_unit([kind])[0])

    def f(X: Floats) -> Floats:
        missing = (X[:, [0]] != chosen) & column
        return together(np.where(missing, np.nan, X))

    problem = _searched(f"drawn-network-{seed}", space, f)
    return replace(problem, conditions=dict.fromkeys(children, ("kind", (kind,))))


def _mixed(rng: np.random.Generator) -> Parameter:
    kind = rng.integers(5)
    if kind == 0:
        return Categorical(tuple("abcd"[: int(rng.integers(2, 5))]))
    if kind == 1:
        return Integer(1, int(rng.integers(4, 64)))
    return Float(1e-4, 1.0, log=True) if kind == 2 else Float(-1.0, 1.0)


def _perceptron(space: Space, rng: np.random.Generator) -> Function:
    """Return a network of two hidden layers, its output now and then exponential or cut off."""
    columns = _features(space, space.sample(1, rng)).shape[1]
    first = rng.normal(0, 2.0 / math.sqrt(space.dimension), (columns, _WIDTH))
    shift = rng.normal(0, 0.7, _WIDTH)
    second = rng.normal(0, 1.5 / math.sqrt(_WIDTH), (_WIDTH, _WIDTH))
    last = rng.normal(0, 2.0 / math.sqrt(_WIDTH), _WIDTH)
    shape = rng.integers(4)

    def f(X: Floats) -> Floats:
        y = np.tanh(np.tanh(_features(space, X) @ first + shift) @ second) @ last
        # heavy tails; a plateau on which nothing is learned
        return np.asarray(np.exp(2 * y) if shape == 0 else np.minimum(y, 0.5) if shape == 1 else y)

    return f


def _features(space: Space, X: Floats) -> Floats:
    """Return numbers within -1 and 1, and choices one-hot, ``(n, p)``; 0 where inactive."""
    blocks = [np.nan_to_num(2 * X[:, ~space.categorical] - 1)]
    choices = np.flatnonzero(space.categorical).tolist()
    blocks += [(X[:, [j]] == space.places(j)).astype(float) for j in choices]
    return np.concatenate(blocks, axis=1)


def system(seed: int) -> Problem:
    """Return a configurable system: time, cost and, for some, memory.

    After what is published of tuned databases, compilers and video encoders: effects multiply, a
    few pairs of options act together, beyond a bound of two options' sum values jump, and a few
    configurations are far off. Resources that save time cost money.
    """
    rng = np.random.default_rng((4, seed))
    d, m = int(rng.integers(5, 11)), int(rng.integers(2, 4))
    resources = int(rng.integers(2, 4))
    parameters: dict[str, Parameter] = {
        f"resource{j}": Integer(0, int(rng.integers(4, 10))) for j in range(resources)
    }
    for j in range(d - resources):
        parameters[f"option{j}"] = (
            _discrete(rng) if rng.random() < 0.5 else Categorical((False, True))
        )
    space = Space(parameters)
    price = np.where(np.arange(d) < resources, rng.uniform(0.5, 1.5, d), 0.0)
    slopes = [-price * rng.uniform(0.5, 1.2, d), price, price * rng.uniform(-0.5, 1.0, d)]
    each = [_performance(space, slope, rng) for slope in slopes[:m]]
    return _searched(f"drawn-system-{seed}", space, _side_by_side(each))


def _performance(space: Space, slope: Floats, rng: np.random.Generator) -> Function:
    """Return a positive function of configurations; its log has a slope in the resources."""
    columns = _features(space, space.sample(1, rng)).shape[1]
    effects = rng.normal(0, 0.4, columns) * (rng.random(columns) < 0.6)
    together = rng.normal(0, 0.5, (columns, columns)) * (rng.random((columns, columns)) < 0.08)
    pairs = [
        (rng.choice(space.dimension, 2, replace=False), rng.uniform(0.8, 1.5)) for _ in range(2)
    ]
    jumps = rng.normal(0.8, 0.8, len(pairs))
    hashing = rng.uniform(1e3, 1e4, space.dimension)

    def f(X: Floats) -> Floats:
        F = _features(space, X)
        log = F @ effects + ((F @ together) * F).sum(axis=1) + (X - 0.5) @ slope
        for (pair, bound), jump in zip(pairs, jumps, strict=True):
            log += jump * (X[:, pair].sum(axis=1) > bound)
        far = np.modf(np.abs(np.sin(X @ hashing) * 1e4))[0]
        return np.asarray(np.exp(log + np.where(far < _OUTLIERS, 1.5, 0.0)))

    return f


def turned(seed: int) -> Problem:
    """Return DTLZ2, ZDT1 or DTLZ7 with its optimum anywhere and its valleys askew.

    Of the parameters that measure the distance to the front, ``c + R (x - x*)`` is evaluated in
    place of x: x* anywhere, R a random rotation, c where the optimum was. The front stays the same.
    """
    rng = np.random.default_rng((5, seed))
    which, m, d = int(rng.integers(3)), int(rng.integers(2, 4)), int(rng.integers(5, 13))
    plain = (dtlz2(d, m), zdt1(d), dtlz7(d))[which]
    first = m - 1 if which == 0 else 1
    rotation = np.linalg.qr(rng.standard_normal((d - first, d - first)))[0]
    optimum = rng.uniform(0.1, 0.9, d - first)

    def evaluate(params: Params) -> tuple[float, ...]:
        x = np.array([params[name] for name in plain.space.parameters])
        away = rotation @ (x[first:] - optimum)
        # DTLZ2 is least at .5, the others at 0 and defined above it
        x[first:] = 0.5 + away if which == 0 else np.abs(away)
        return plain.evaluate(dict(zip(plain.space.parameters, x.tolist(), strict=True)))

    return replace(plain, name=f"drawn-turned-{seed}", evaluate=evaluate)


#: family -> seed -> problem.
FAMILIES: Mapping[str, Callable[[int], Problem]] = {
    f.__name__: f for f in (process, forest, network, system, turned)
}


def maker(name: str) -> Callable[[], Problem] | None:
    """Return what makes the problem of a name, ``drawn-<family>-<seed>``; ``None`` if it is not so.

    Example:
        >>> maker("drawn-turned-3")().name
        'drawn-turned-3'
    """
    match name.split("-"):
        case ["drawn", family, seed] if family in FAMILIES and seed.isdecimal():
            return partial(FAMILIES[family], int(seed))
    return None


# ------------------------------------------------------------------------ what all are made of


def _side_by_side(each: Sequence[Function]) -> Function:
    return lambda X: np.stack([f(X) for f in each], axis=1)


def _searched(name: str, space: Space, f: Function) -> Problem:
    """Return the problem of a function, scored by the best front that a long search finds."""
    front = _best_front(space, f, np.random.default_rng(0))
    reference = front.max(axis=0) + 0.1 * np.ptp(front, axis=0)

    def evaluate(params: Params) -> tuple[float, ...]:
        return tuple(f(space.encode([params]))[0].tolist())

    return Problem(
        name,
        space,
        ("minimize",) * front.shape[1],
        evaluate,
        tuple(reference.tolist()),
        float(moocore.hypervolume(front, ref=reference)),
        "the whole space" if space.enumerable else "an evolutionary search",
    )


def _best_front(space: Space, f: Function, rng: np.random.Generator) -> Floats:
    """Return the values (k, m) of the best front that is found."""
    X = space.enumerate() if space.enumerable else space.sample(_UNIFORM, rng)
    X, Y = _front(X, f(X))
    for _ in range(0 if space.enumerable else _GENERATIONS):
        children = perturb(space, X[rng.integers(len(X), size=_CHILDREN)], rng)
        X, Y = _front(np.concatenate([X, children]), np.concatenate([Y, f(children)]))
    return Y


def _front(X: Floats, Y: Floats) -> tuple[Floats, Floats]:
    """Return the points and values that nobody dominates, far apart where they are many."""
    keep = np.flatnonzero(moocore.is_nondominated(Y))
    if len(keep) > _PARENTS:
        keep = keep[pareto.far_apart(pareto.normalise(Y[keep]), _PARENTS)]
    return X[keep], Y[keep]
