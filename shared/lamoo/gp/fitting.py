"""How each objective is fitted: from which observations, on which scale, how smooth.

To choose a transform and to fit hyperparameters costs most of the time. So it is done at certain
history lengths only (:func:`scheduled`), and remembered: what is fitted depends on the history
alone, and the memory only saves time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from scipy.stats import kendalltau

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.inputs import alike_inputs, categorical_inputs, inputs_of
from lamoo.gp.process import GP, Hyperparameters, condition, fit
from lamoo.gp.targets import Transform, blend, compress, transformed_noise
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.prior import Known

#: Observations a model is trained on at most: the best and a spread of the rest. Half as many are
#: enough to choose a transform and to search hyperparameters from their prior. It is no power of
#: two because arithmetic on matrices of 256 rows takes a quarter longer.
MAX_TRAINING = 250
#: By how much values that are half ranks (:class:`lamoo.gp.targets.Blended`) must be predicted
#: better than linear ones to be preferred, in Kendall's tau: where nothing is smooth, and where
#: something is, which ranks might bend.
MARGIN, SMOOTH_MARGIN = 0.03, 0.12
#: Where nothing is smooth, a value counts at most this many standard deviations worse than all
#: others predict it. NAS-Bench-Graph, citeseer and photo, eleven fresh seeds: better in nine of
#: them after 100 trials.
SURPRISE = 3.0
#: With fewer values what all others predict says little: none is winsorised, and no order of only
#: the precise ones is judged.
FEWEST = 8
#: Values count as precise if known noise is at most this share of the variance of all.
PRECISE = 0.1
#: Histories of fits, and single fits, that are remembered: those of the objectives of a few studies
#: that take turns.
_TASKS, _FITS = 8, 128


def training_set(history: History, size: int = MAX_TRAINING) -> History:
    """Return only a representative part, at most ``size`` observations, nothing pending.

    Of those, up to half are points of which only some values are known.
    """
    partial = history.partial
    k = min(len(partial.X), size // 2)
    if k:
        partial = partial.at(np.linspace(0, len(partial.X) - 1, k).astype(np.intp))
    chosen = history.at(pareto.representative(history.means, history.violation, size - k))
    return replace(chosen, partial=partial) if k else chosen


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Values:
    """The values of one objective, wherever it was observed.

    Args:
        rows: of :func:`points_of`, where that was, shape ``(n,)``; complete observations first.
        y: values ``(n,)``, finite.
        noise: variances of their noise ``(n,)``, NaN where unknown.
    """

    rows: Ints
    y: Floats
    noise: Floats

    def transformed(self, transform: Transform) -> Values:
        """Return transformed values, and noise of 0 where it is unknown: a process finds it."""
        return replace(
            self, y=transform(self.y), noise=transformed_noise(transform, self.y, self.noise)
        )


def points_of(data: History) -> Floats:
    """Return all points (n, d) at which anything was observed, the complete ones first."""
    return np.concatenate([data.X, data.partial.X])


def values_of(data: History) -> list[Values]:
    """Return the values of each objective."""
    Y = np.concatenate([data.Y, data.partial.Y])
    noise = np.concatenate([data.noise, data.partial.noise])
    out = []
    for y, variances in zip(Y.T, noise.T, strict=True):
        rows = np.flatnonzero(~np.isnan(y))
        out.append(Values(rows, failures.finite(y[rows, None])[:, 0], variances[rows]))
    return out


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
class ObjectiveFit:
    """How an objective is modelled: on which scale, with which hyperparameters.

    Args:
        learn_transform: learns the transform of its values from values (n,) and a bound.
        hyperparameters: of its Gaussian process.
        tau: how well each value was predicted from all others, in Kendall's tau.
    """

    learn_transform: Callable[[Floats, float], Transform]
    hyperparameters: Hyperparameters
    tau: float


def _bounds(data: History) -> Floats:
    """Return the values (m,) beyond which no hypervolume is gained, see :func:`transforms_of`."""
    return pareto.inferred_reference_point(data.judged, data.violation)


def transforms_of(
    data: History, learners: Sequence[Callable[[Floats, float], Transform]]
) -> list[Transform]:
    """Learn an increasing transform for each objective.

    Args:
        data: the observations.
        learners: one per objective; each is given its values (n,) and the bound beyond which no
            hypervolume is gained: the coordinate of a reference point that all values infer.
    """
    each = zip(learners, values_of(data), _bounds(data).tolist(), strict=True)
    return [learn_transform(values.y, bound) for learn_transform, values, bound in each]


def apply(transforms: Sequence[Transform], Y: Floats) -> Floats:
    """Transform values (n, m), each objective by its own transform."""
    columns = failures.finite(Y).T
    return np.stack([f(y) for f, y in zip(transforms, columns, strict=True)], axis=1)


def fit_objectives(history: History, space: Space, size: int = MAX_TRAINING) -> list[ObjectiveFit]:
    """Return how each objective that is not known is modelled, in their order.

    They are chosen and fitted at history lengths that are powers of two, and adjusted at the
    scheduled ones. So fits are rare, and yet the same whoever makes them.

    Args:
        history: at least one observation.
        space: tells which columns are unordered, and which of them alike.
        size: how many observations a model is trained on at most.
    """
    unknown = [j for j in range(history.Y.shape[1]) if j not in space.known.objectives]
    if not unknown:
        return []
    n = scheduled(history.n)
    partial = history.partial.at(np.arange(scheduled(len(history.partial.X))))
    early = History(
        history.X[:n],
        history.Y[:n, unknown],
        history.G[:n],
        noise=history.noise[:n, unknown],
        partial=replace(partial, Y=partial.Y[:, unknown], noise=partial.noise[:, unknown]),
    )
    if space.known.predicts:  # functions cannot be compared, so nothing is remembered of them
        return _fit_all(early, space, size)
    partial = early.partial
    observed = early.X, early.Y, early.G, early.noise, partial.X, partial.Y, partial.noise
    kinds = space.categorical, space.alike, space.smooth
    key = tuple(array.tobytes() for array in (*observed, *kinds))
    return [*_remembered_fits(_Task(key, size, early, replace(space, known=Known())))]


@dataclass(frozen=True)
class _Task:
    """A history whose objectives are to be fitted: equal if what the fits depend on is.

    Args:
        key: the contents of what they depend on.
        size: how many observations a model is trained on at most.
        history: as long as those are at which hyperparameters are fitted.
        space: its space, of which nothing is known.
    """

    key: tuple[bytes, ...]
    size: int
    history: History = field(compare=False)
    space: Space = field(compare=False)


@lru_cache(maxsize=_TASKS)
def _remembered_fits(task: _Task) -> tuple[ObjectiveFit, ...]:
    return tuple(_fit_all(task.history, task.space, task.size))


def _fit_all(history: History, space: Space, size: int) -> list[ObjectiveFit]:
    """Return how each objective is modelled after a history of a scheduled length."""
    base = 2 ** (history.n.bit_length() - 1) if history.n >= 32 else history.n
    early = training_set(history.first(base), max(1, size // 2))
    columns = zip(values_of(early), _bounds(early).tolist(), strict=True)
    inputs = inputs_of(space, points_of(early))
    fits = [_choose(_sample_of(inputs, values, space), bound) for values, bound in columns]
    if history.n == base:
        return fits
    late = training_set(history, size)
    inputs = inputs_of(space, points_of(late))
    transforms = transforms_of(late, [fitted.learn_transform for fitted in fits])
    each = zip(fits, transforms, values_of(late), strict=True)
    return [
        replace(
            fitted,
            hyperparameters=_fit_winsorised(
                _sample_of(inputs, values.transformed(transform), space), fitted.hyperparameters
            ),
        )
        for fitted, transform, values in each
    ]


@dataclass(frozen=True)
class _Sample:
    """Values of one objective and where they were observed, as bytes: equal if they are the same.

    Args:
        X: the space's inputs (n, p).
        y: values ``(n,)``.
        noise: variances ``(n,)`` of their noise.
        categorical: which columns hold choices ``(p,)``.
        alike: labels of the columns ``(p,)``, see :func:`lamoo.gp.process.fit`.
        smooth: whether the space has a continuous parameter.
    """

    X: bytes
    y: bytes
    noise: bytes
    categorical: bytes
    alike: bytes
    smooth: bool

    @property
    def known(self) -> Floats:
        """The variances ``(n,)``."""
        return np.frombuffer(self.noise)

    @property
    def arrays(self) -> tuple[Floats, Floats, Bools, Ints]:
        """The arrays."""
        columns, labels = np.frombuffer(self.categorical, bool), np.frombuffer(self.alike, np.intp)
        return np.frombuffer(self.X).reshape(-1, len(columns)), self.values, columns, labels

    @property
    def values(self) -> Floats:
        """The values ``(n,)``."""
        return np.frombuffer(self.y)

    @property
    def winsorises(self) -> bool:
        """Whether values that are much worse than predicted are drawn in (winsorised)."""
        return not self.smooth and len(self.values) >= FEWEST

    def valued(self, y: Floats) -> _Sample:
        """Return the sample with other values (n,)."""
        return replace(self, y=y.tobytes())

    def transformed(self, transform: Transform) -> _Sample:
        """Return the sample with transformed values and noise."""
        noise = transformed_noise(transform, self.values, self.known)
        return replace(self, y=transform(self.values).tobytes(), noise=noise.tobytes())

    def process(self, hyperparameters: Hyperparameters) -> GP:
        """Return the Gaussian process conditioned on the values."""
        X, y, columns, labels = self.arrays
        return condition(X, y, columns, hyperparameters, alike=labels, known=self.known)


def _sample(X: Floats, y: Floats, space: Space, noise: Floats | None = None) -> _Sample:
    """Return the sample of values y (n,) and variances (n,) at the space's inputs X (n, p)."""
    known = np.zeros(len(y)) if noise is None else noise
    columns, labels = categorical_inputs(space).tobytes(), alike_inputs(space).tobytes()
    smooth = bool(space.smooth.any())
    return _Sample(X.tobytes(), y.tobytes(), known.tobytes(), columns, labels, smooth)


def _sample_of(inputs: Floats, values: Values, space: Space) -> _Sample:
    """Return the sample of an objective's values, given the inputs of all points (n, p)."""
    return _sample(inputs[values.rows], values.y, space, values.noise)


@lru_cache(maxsize=_FITS)
def _choose(sample: _Sample, bound: float) -> ObjectiveFit:
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
        transformed = sample.transformed(learn_transform(sample.values, bound))
        hyperparameters = _fit_winsorised(transformed, None)
        tau = _tau(transformed, hyperparameters)
        judged.append(ObjectiveFit(learn_transform, hyperparameters, tau))
    linear, blended = judged
    margin = SMOOTH_MARGIN if sample.smooth else MARGIN
    return blended if blended.tau > linear.tau + margin else linear


def process_of(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    """Return the Gaussian process conditioned on values y (n,) at the space's inputs X."""
    return _sample(X, y, space).process(hyperparameters)


def objective_process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> GP:
    """Return the Gaussian process conditioned on an objective's values.

    Where nothing is smooth, values that are much worse than predicted are winsorised (see
    :data:`SURPRISE`). Among choices, one that ruins everything may lie next to the best ones, and
    would drag down what is predicted for those (the network that does nothing, on NAS-Bench-Graph).
    Values that are much better than predicted stay. On smooth functions, where a surprise also
    tells how rough they are, it was not tried.
    """
    sample = _sample_of(inputs, values, space)
    process = sample.process(hyperparameters)
    return process.winsorised(values.y, SURPRISE)[0] if sample.winsorises else process


def _fit_winsorised(sample: _Sample, start: Hyperparameters | None) -> Hyperparameters:
    """Fit hyperparameters to an objective, and adjust them to it winsorised if that differs."""
    hyperparameters = _fit(sample, start)
    if not sample.winsorises:
        return hyperparameters
    drawn = sample.process(hyperparameters).winsorised(sample.values, SURPRISE)[1]
    if np.array_equal(drawn, sample.values):
        return hyperparameters
    return _fit(sample.valued(drawn), hyperparameters)


def fit_to(X: Floats, y: Floats, space: Space) -> Hyperparameters:
    """Fit hyperparameters, or remember them: equal data give an equal result."""
    return _fit(_sample(X, y, space), None)


@lru_cache(maxsize=_FITS)
def _fit(sample: _Sample, start: Hyperparameters | None) -> Hyperparameters:
    X, y, columns, labels = sample.arrays
    return fit(X, y, columns, alike=labels, known=sample.known, start=start)


def _tau(sample: _Sample, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values (n,) and what all others predict for them.

    Where some are much more precise than others (see :data:`PRECISE`), of those: the order of the
    rest is mostly noise.
    """
    y, left_out = sample.values, sample.process(hyperparameters).left_out(sample.values)
    precise = sample.known <= PRECISE * y.var()
    if precise.sum() >= FEWEST:
        y, left_out = y[precise], left_out[precise]
    if (y == y[0]).all():  # tau would be NaN, with a warning
        return 0.0
    return float(kendalltau(left_out, y).statistic)
