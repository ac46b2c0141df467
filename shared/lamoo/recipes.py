"""How each objective is learned: from which observations, on which scale, how smooth.

Choosing and fitting is what costs most, so it follows a schedule of history lengths and is
remembered: a result depends on the history alone, and a cache only saves time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.stats import kendalltau

from lamoo import pareto
from lamoo.arrays import Bools, Floats, Ints
from lamoo.history import History
from lamoo.space import Space
from lamoo.surrogate import GP, Hyperparameters, condition, fit
from lamoo.targets import Transform, blend, compress

#: Observations a model is trained on at most: the best and a spread of the rest.
MAX_TRAINING = 256
#: Observations that hyperparameters are searched with at most.
MAX_FITTING = 128
#: How much better half ranks must predict than a linear transform, in Kendall's tau: where nothing
#: is smooth, and where a smooth function might be bent by them.
MARGIN, SMOOTH_MARGIN = 0.03, 0.12
#: Where nothing is smooth: how many standard deviations a value may be worse than predicted, from
#: how many observations on. NAS-Bench-Graph, citeseer and photo, eleven fresh seeds: better in nine
#: of them after 100 trials.
SURPRISE, FEWEST = 3.0, 8


def training_set(history: History, size: int = MAX_TRAINING) -> History:
    """Return only a representative part, at most ``size`` observations, nothing pending."""
    return history.at(pareto.representative(history.means, history.violation, size))


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


def transforms_of(
    data: History, learners: Sequence[Callable[[Floats, float], Transform]]
) -> list[Transform]:
    """Learn an increasing transform for each objective."""
    columns = pareto.finite(data.Y).T
    each = zip(learners, columns, _bounds(data).tolist(), strict=True)
    return [learn_transform(y, bound) for learn_transform, y, bound in each]


def apply(transforms: Sequence[Transform], Y: Floats) -> Floats:
    """Transform values (n, m), each objective by its own transform."""
    columns = pareto.finite(Y).T
    return np.stack([f(y) for f, y in zip(transforms, columns, strict=True)], axis=1)


def recipes_of(history: History, space: Space) -> list[Recipe]:
    """Return the recipe of each objective that is not known, in their order.

    They are chosen and fitted at history lengths that are powers of two, and adjusted at the
    scheduled ones. So fits are rare, and yet the same whoever makes them.
    """
    unknown = [j for j in range(history.Y.shape[1]) if j not in space.known.objectives]
    if not unknown:
        return []
    history = replace(history, Y=history.Y[:, unknown])
    n = scheduled(history.n)
    base = 2 ** (n.bit_length() - 1) if n >= 32 else n
    early = training_set(history.first(base), MAX_FITTING)
    columns = zip(pareto.finite(early.Y).T, _bounds(early).tolist(), strict=True)
    inputs = space.inputs(early.X)
    recipes = [_choose(inputs, y, bound, space) for y, bound in columns]
    if n == base:
        return recipes
    late = training_set(history.first(n))
    learners = [recipe.learn_transform for recipe in recipes]
    targets = apply(transforms_of(late, learners), late.Y)
    inputs = space.inputs(late.X)
    return [
        replace(recipe, hyperparameters=_fit_winsorised(inputs, t, space, recipe.hyperparameters))
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
        hyperparameters = _fit_winsorised(X, t, space)
        tau = _tau(X, t, space, hyperparameters)
        judged.append(Recipe(learn_transform, hyperparameters, tau))
    linear, blended = judged
    margin = SMOOTH_MARGIN if space.smooth.any() else MARGIN
    return blended if blended.tau > linear.tau + margin else linear


def process_of(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    """Return the Gaussian process conditioned on values y (n,) at the space's inputs X."""
    return condition(X, y, space.input_categorical, hyperparameters, alike=space.input_alike)


def objective_process(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    """Return :func:`process_of` an objective; where nothing is smooth, of winsorised values.

    Among choices one that ruins everything may lie next to the best ones, and drags them down with
    it (the network that does nothing, on NAS-Bench-Graph). Surprises to the better are kept. On
    smooth functions, where a surprise also tells how rough they are, it was not tried.
    """
    process = process_of(X, y, space, hyperparameters)
    if not _winsorises(space, y):
        return process
    return process.winsorised(y, SURPRISE)[0]


def _winsorises(space: Space, y: Floats) -> bool:
    return len(y) >= FEWEST and not space.smooth.any()


def _fit_winsorised(
    X: Floats, y: Floats, space: Space, start: Hyperparameters | None = None
) -> Hyperparameters:
    """Fit hyperparameters to an objective, and adjust them to it winsorised if that differs."""
    hyperparameters = fit_to(X, y, space, start)
    if not _winsorises(space, y):
        return hyperparameters
    drawn = process_of(X, y, space, hyperparameters).winsorised(y, SURPRISE)[1]
    if np.array_equal(drawn, y):
        return hyperparameters
    return fit_to(X, drawn, space, hyperparameters)


def fit_to(
    X: Floats, y: Floats, space: Space, start: Hyperparameters | None = None
) -> Hyperparameters:
    """Fit hyperparameters, or remember them: equal data give an equal result."""
    return _remembered_fit(*_contents(X, y, space), start)


def _tau(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values (n,) and what all others predict for them, or remember it."""
    return _remembered_tau(*_contents(X, y, space), hyperparameters)


def _contents(X: Floats, y: Floats, space: Space) -> tuple[bytes, bytes, bytes, bytes]:
    columns, labels = space.input_categorical, space.input_alike
    return X.tobytes(), y.tobytes(), columns.tobytes(), labels.tobytes()


def _arrays(
    X: bytes, y: bytes, categorical: bytes, alike: bytes
) -> tuple[Floats, Floats, Bools, Ints]:
    """Return the arrays of :func:`_contents`."""
    columns, labels = np.frombuffer(categorical, dtype=bool), np.frombuffer(alike, dtype=np.intp)
    return np.frombuffer(X).reshape(-1, len(columns)), np.frombuffer(y), columns, labels


@lru_cache(maxsize=128)
def _remembered_fit(
    X: bytes, y: bytes, categorical: bytes, alike: bytes, start: Hyperparameters | None
) -> Hyperparameters:
    points, values, columns, labels = _arrays(X, y, categorical, alike)
    return fit(points, values, columns, alike=labels, start=start)


@lru_cache(maxsize=128)
def _remembered_tau(
    X: bytes, y: bytes, categorical: bytes, alike: bytes, hyperparameters: Hyperparameters
) -> float:
    points, values, columns, labels = _arrays(X, y, categorical, alike)
    if (values == values[0]).all():  # tau would be NaN, with a warning
        return 0.0
    process = condition(points, values, columns, hyperparameters, alike=labels)
    return float(kendalltau(process.left_out(values), values).statistic)
