"""How each objective is fitted: from which observations, on which scale, how smooth.

To choose a transform and to fit hyperparameters costs most of the time. So it is done at certain
history lengths only (:func:`scheduled`), and remembered: what is fitted depends on the history
alone, and the memory only saves time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.embedding import Chains
from lamoo.gp.inputs import alike_inputs, categorical_inputs, inputs_of
from lamoo.gp.process import GP, Hyperparameters, condition, fit
from lamoo.gp.steps import END
from lamoo.gp.targets import Transform, blend, compress, transformed_noise
from lamoo.gp.training import (
    MAX_TRAINING,
    Values,
    bounds,
    learned_values,
    points_of,
    stepwise_values,
    training_set,
    transforms_of,
    values_of,
)
from lamoo.space import Space
from lamoo.space.history import History, Partial
from lamoo.space.known import Known
from lamoo.space.rows import rows_in
from lamoo.space.schedule import scheduled

#: By how much values that are half ranks (:class:`lamoo.gp.targets.Blended`) must be predicted
#: better than linear ones to be preferred, in Kendall's tau: where nothing is smooth, and where
#: something is, which ranks might bend.
MARGIN, SMOOTH_MARGIN = 0.03, 0.12
#: From so many numbers on they may be increments (:mod:`lamoo.gp.embedding`), which so many
#: observations show: of one chain, or of two or three that take turns, as the coordinates of
#: displacements do. In 32 observations increments were seen where there are none.
MANY_INCREMENTS, ENOUGH_FOR_CHAINS, STRIDES = 40, 50, (1, 2, 3)
#: They are increments if, of the order of one objective's left-out values that was missing (1 less
#: Kendall's tau), at most this share still is. Each objective is then fitted to sums, unless its
#: missing order grows by the inverse of this factor or more.
CLEARLY = 0.75
#: Where nothing is smooth, a value counts at most this many standard deviations worse than all
#: others predict it. NAS-Bench-Graph, citeseer and photo, eleven fresh seeds: better in nine of
#: them after 100 trials.
SURPRISE = 3.0
#: With fewer values what all others predict says little: none is winsorised, and no order of only
#: the precise ones is judged.
FEWEST = 8
#: Values count as precise if known noise is at most this share of the variance of all.
PRECISE = 0.1
#: Reports count as of the same step if they are that near on the scale of
#: :class:`lamoo.gp.steps.Reports`: within a factor of 1.2 for trainings of 30 steps.
NEAR = 0.05
#: Histories of fits, and single fits, that are remembered: those of the objectives of a few studies
#: that take turns.
_HISTORIES, _FITS = 8, 128
#: Differences of Kendall's tau below this say nothing.
_EQUAL = 1e-3
#: Processes that are remembered because they are asked for often: those of local models.
_PROCESSES = 32


@dataclass(frozen=True, eq=False)
class ObjectiveFit:
    """How an objective is modelled: on which scale, with which hyperparameters.

    Args:
        learn_transform: learns the transform of its values from values (n,) and a bound.
        hyperparameters: of its Gaussian process.
        tau: how well each value was predicted from all others, in Kendall's tau.
        stepwise: whether it is learned from reports along the way, too: then the step is one more
            input of the process.
    """

    learn_transform: Callable[[Floats, float], Transform]
    hyperparameters: Hyperparameters
    tau: float
    stepwise: bool = False


def fit_objectives(history: History, space: Space, size: int = MAX_TRAINING) -> list[ObjectiveFit]:
    """Return how each objective that is not known is modelled, in their order.

    They are chosen and fitted at history lengths that are powers of two, below 32 at every fifth,
    and adjusted at the scheduled ones. So fits are rare, and yet the same whoever makes them.

    Args:
        history: at least one observation.
        space: tells which columns are unordered, and which of them alike.
        size: how many observations a model is trained on at most.
    """
    unknown = [j for j in range(history.Y.shape[1]) if j not in space.known.objectives]
    if not unknown:
        return []
    n, curves, partial = scheduled(history.n), history.curves, _settled(history)
    partial = partial.at(np.arange(scheduled(len(partial.X))))
    known = History(
        history.X[:n],
        history.Y[:n, unknown],
        history.G[:n],
        noise=history.noise[:n, unknown],
        partial=Partial(
            partial.X,
            partial.Y[:, unknown],
            partial.G,
            partial.noise[:, unknown],
            None if partial.curves is None else partial.curves.only(unknown),
        ),
        curves=None if curves is None else curves.some(np.arange(n)).only(unknown),
    )
    points = history.points.at(slice(n), known.X)
    sets = _training_sets(known.knowing(points), size)
    if space.known.predicts:  # functions cannot be compared, so nothing is remembered of them
        return _fit_all(sets, space, size)
    kinds = space.categorical, space.alike, space.smooth
    key = tuple(array.tobytes() for array in (*_contents(sets), *kinds))
    return [*_remembered_fits(_Fits(key, size, sets, replace(space, known=Known())))]


@dataclass(frozen=True, eq=False)
class _TrainingSets:
    """The parts of a history of a scheduled length that fits are learned from.

    Args:
        early: what forms are chosen by, of a length at which they are.
        late: what they are adjusted to; ``None`` where there is no more.
    """

    early: History
    late: History | None


def _training_sets(history: History, size: int) -> _TrainingSets:
    """Return what is learned from a history of a scheduled length, at most ``size`` observations.

    Half as many are enough to choose by.
    """
    partial, base = history.partial, _base(history.n)
    start = history.first(base)
    if partial.reported.any():  # most trainings are among these
        base, few = _doubling(history.n), _doubling(len(partial.X))
        partial = partial.at(np.arange(few))
        start = replace(history.first(base), partial=partial)
    early = training_set(start, max(1, size // 2))
    if (history.n, len(history.partial.X)) == (base, len(partial.X)):
        return _TrainingSets(early, None)
    return _TrainingSets(early, training_set(history, size))


def _contents(sets: _TrainingSets) -> Iterator[NDArray[Any]]:
    """Yield all arrays that fits depend on, and where the late ones begin."""
    for part in (sets.early, sets.late):
        yield np.array(-1 if part is None else part.n)
        if part is not None:
            partial = part.partial
            yield from (part.X, part.Y, part.G, part.noise, partial.X, partial.Y, partial.noise)
            for curves in (part.curves, partial.curves):
                yield from () if curves is None else (curves.ends, curves.steps, curves.values)


def _settled(history: History) -> Partial:
    """Return what is partially known, without trainings that go on: those say more each time."""
    partial = history.partial
    if partial.curves is None:
        return partial
    return partial.at(np.flatnonzero(~(partial.reported & rows_in(partial.X, history.pending))))


@dataclass(frozen=True)
class _Fits:
    """A history whose objectives are to be fitted: equal if what the fits depend on is.

    Args:
        key: the contents of what they depend on.
        size: how many observations a model is trained on at most.
        sets: of a history as long as those are at which hyperparameters are fitted.
        space: its space, of which nothing is known.
    """

    key: tuple[bytes, ...]
    size: int
    sets: _TrainingSets = field(compare=False)
    space: Space = field(compare=False)


@lru_cache(maxsize=_HISTORIES)
def _remembered_fits(wanted: _Fits) -> tuple[ObjectiveFit, ...]:
    return tuple(_fit_all(wanted.sets, wanted.space, wanted.size))


def _fit_all(sets: _TrainingSets, space: Space, size: int) -> list[ObjectiveFit]:
    """Return how each objective is modelled after a history of a scheduled length."""
    early, late, fewer = sets.early, sets.late, max(1, size // 2)
    columns = zip(
        values_of(early), stepwise_values(early, fewer), bounds(early).tolist(), strict=True
    )
    inputs = inputs_of(space, points_of(early))
    fits = [
        _choose(
            _sample_of(inputs, values, space),
            bound,
            None if whole is None else _sample_of(inputs, whole, space),
        )
        for values, whole, bound in columns
    ]
    many = int((~space.categorical).sum()) >= MANY_INCREMENTS and early.n >= ENOUGH_FOR_CHAINS
    if many and not space.known.predicts:
        data = zip(
            values_of(early), transforms_of(early, [f.learn_transform for f in fits]), strict=True
        )
        samples = [_sample_of(inputs, v.transformed(f), space) for v, f in data]
        fits = _as_chains(samples, fits, [_chains(space, stride) for stride in STRIDES])
    if late is None:
        return fits
    inputs = inputs_of(space, points_of(late))
    learned = learned_values(late, [j for j, f in enumerate(fits) if f.stepwise], size)
    transforms = transforms_of(late, [fitted.learn_transform for fitted in fits], learned)
    each = zip(fits, transforms, learned, strict=True)
    return [
        replace(
            fitted,
            hyperparameters=_fit_winsorised(
                _sample_of(inputs, values.transformed(transform), space), fitted.hyperparameters
            ),
        )
        for fitted, transform, values in each
    ]


def _base(n: int) -> int:
    """Return the largest history length up to ``n`` at which fits are chosen.

    That is any below 10, every fifth below 32, and powers of two from there on.
    """
    if n >= 32:
        return _doubling(n)
    return n // 5 * 5 if n >= 10 else n


def _doubling(n: int) -> int:
    """Return the largest power of two up to ``n``, 0 for 0."""
    return 1 << (n.bit_length() - 1) if n else 0


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
        trial: numbers the trainings ``(n,)`` that reported several of the values; the last input
            is the step then. Nothing where all values are final.
    """

    X: bytes
    y: bytes
    noise: bytes
    categorical: bytes
    alike: bytes
    smooth: bool
    trial: bytes = b""

    @property
    def variances(self) -> Floats:
        """Those of the noise, shape ``(n,)``."""
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
        noise = transformed_noise(transform, self.values, self.variances)
        return replace(self, y=transform(self.values).tobytes(), noise=noise.tobytes())

    def process(self, hyperparameters: Hyperparameters) -> GP:
        """Return the Gaussian process conditioned on the values."""
        X, y, columns, labels = self.arrays
        return condition(X, y, columns, hyperparameters, alike=labels, known=self.variances)


def _sample(X: Floats, y: Floats, space: Space, noise: Floats | None = None) -> _Sample:
    """Return the sample of values y (n,) and variances (n,) at the space's inputs X (n, p)."""
    known = np.zeros(len(y)) if noise is None else noise
    columns, labels = categorical_inputs(space).tobytes(), alike_inputs(space).tobytes()
    smooth = bool(space.smooth.any())
    return _Sample(X.tobytes(), y.tobytes(), known.tobytes(), columns, labels, smooth)


def _sample_of(inputs: Floats, values: Values, space: Space) -> _Sample:
    """Return the sample of an objective's values, given the inputs of all points (n, p)."""
    sample = _sample(inputs[values.rows], values.y, space, values.noise)
    if values.step is None:
        return sample
    columns, labels = (
        np.append(categorical_inputs(space), False),
        np.append(alike_inputs(space), -1),
    )
    return replace(
        sample,
        X=np.column_stack([inputs[values.rows], values.step]).tobytes(),
        categorical=columns.tobytes(),
        alike=labels.tobytes(),
        trial=values.rows.tobytes(),
    )


@lru_cache(maxsize=_FITS)
def _choose(sample: _Sample, bound: float, whole: _Sample | None = None) -> ObjectiveFit:
    """Choose the transform that predicts left-out values best.

    Judged by the order of the values (Kendall's tau), which is the same for all transforms, while
    likelihoods could not be compared. Smooth functions are better left as they are (Branin: .97
    linear, .87 half by ranks). Costs that spread over orders of magnitude are not (training time
    of HPOBench's networks: .33 and .72), nor is what one bad choice can ruin, so that values come
    in cliffs (accuracy on NAS-Bench-201: .49 and .58). Equal to a hair, linear is chosen: half by
    ranks, model size on NAS-Bench-201 took 80 trials where it takes 30.

    Where trainings were stopped, ``whole`` is the sample with what was reported along the way. It
    is learned from unless final values are predicted better without, those of all other trainings
    given.
    """
    fitted = _better_transform(sample, bound)
    if whole is None:
        return fitted
    stepwise = replace(_better_transform(whole, bound), stepwise=True)
    if len(sample.values) >= FEWEST and fitted.tau > stepwise.tau + MARGIN:
        return fitted
    return stepwise


def _better_transform(sample: _Sample, bound: float) -> ObjectiveFit:
    linear = _fit_transformed(sample, compress, bound)  # half ranks are fitted from there
    least = linear.tau + (SMOOTH_MARGIN if sample.smooth else MARGIN)
    if least >= 1.0:  # no order is better than the right one
        return linear
    blended = _fit_transformed(sample, blend, bound, linear.hyperparameters)
    return blended if blended.tau > least else linear


def _fit_transformed(
    sample: _Sample,
    learn_transform: Callable[[Floats, float], Transform],
    bound: float,
    start: Hyperparameters | None = None,
) -> ObjectiveFit:
    transformed = sample.transformed(learn_transform(sample.values, bound))
    hyperparameters = _fit_winsorised(transformed, start)
    return ObjectiveFit(learn_transform, hyperparameters, _tau(transformed, hyperparameters))


def _chains(space: Space, stride: int) -> Chains:
    """Return the chains that numbers may be increments of, so many that take turns.

    Numbers follow one another by the numbers in their names (``x2`` before ``x10``, ``y0`` between
    ``x0`` and ``x1``): Optuna's spaces are in the order of the alphabet. Otherwise as declared.
    """
    names = [name for name, p in space.parameters.items() if p.ordered]
    numbered = [[int(digits) for digits in re.findall(r"\d+", name)] for name in names]
    order = sorted(range(len(names)), key=numbered.__getitem__)
    return tuple(tuple(order[first::stride]) for first in range(stride))


def _as_chains(
    samples: Sequence[_Sample], fits: Sequence[ObjectiveFit], candidates: Sequence[Chains]
) -> list[ObjectiveFit]:
    """Return fits to the sums of increments, where that predicts left-out values better.

    Whether numbers are increments is a property of them, so that all objectives say it together;
    which objectives depend on the sums, each says of itself.

    Args:
        samples: of the transformed final values of each objective.
        fits: of each, to the numbers themselves.
        candidates: the chains that they may be increments of.
    """
    missing = _missing(fits)
    others = [
        [_fit_as_chains(*each, chains) for each in zip(samples, fits, strict=True)]
        for chains in candidates
    ]
    ratios = [_missing(other) / missing for other in others]
    other, ratio = min(
        zip(others, ratios, strict=True), key=lambda each: float(np.minimum(each[1], 1.0).prod())
    )
    if ratio.min() > CLEARLY:
        return [*fits]
    each = zip(fits, other, (ratio * CLEARLY < 1.0).tolist(), strict=True)
    return [new if well else fitted for fitted, new, well in each]


def _missing(fits: Sequence[ObjectiveFit]) -> Floats:
    """Return how much of the order of left-out values each fit misses, 1 less Kendall's tau."""
    return np.array([1.0 + _EQUAL - fitted.tau for fitted in fits])


def _fit_as_chains(sample: _Sample, fitted: ObjectiveFit, chains: Chains) -> ObjectiveFit:
    if fitted.stepwise:
        return fitted
    hyperparameters = _fit_winsorised(sample, None, chains)
    return replace(fitted, hyperparameters=hyperparameters, tau=_tau(sample, hyperparameters))


def process_of(X: Floats, y: Floats, space: Space, hyperparameters: Hyperparameters) -> GP:
    """Return the Gaussian process conditioned on exact values, which are not winsorised.

    Args:
        X: the space's inputs, shape ``(n, p)``.
        y: transformed values, shape ``(n,)``.
        space: theirs.
        hyperparameters: of the process.

    Raises:
        numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
    """
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

    Args:
        inputs: the space's, of all points at which anything was observed, shape ``(n, p)``.
        values: the objective's, transformed.
        space: theirs.
        hyperparameters: of the process.

    Raises:
        numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
    """
    return _conditioned(_sample_of(inputs, values, space), hyperparameters)


def _conditioned(sample: _Sample, hyperparameters: Hyperparameters) -> GP:
    process = sample.process(hyperparameters)
    return process.winsorised(sample.values, SURPRISE)[0] if sample.winsorises else process


_remembered_process = lru_cache(maxsize=_PROCESSES)(_conditioned)


def remembered_process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> GP:
    """Return what :func:`objective_process` does; the same object for equal data."""
    return _remembered_process(_sample_of(inputs, values, space), hyperparameters)


def _fit_winsorised(
    sample: _Sample, start: Hyperparameters | None, chains: Chains = ()
) -> Hyperparameters:
    """Fit hyperparameters to an objective, and adjust them to it winsorised if that differs."""
    hyperparameters = _fit(sample, start, chains)
    if not sample.winsorises:
        return hyperparameters
    drawn = sample.process(hyperparameters).winsorised(sample.values, SURPRISE)[1]
    if np.array_equal(drawn, sample.values):
        return hyperparameters
    return _fit(sample.valued(drawn), hyperparameters)


def fit_to(X: Floats, y: Floats, space: Space) -> Hyperparameters:
    """Return hyperparameters fitted to values y (n,) at the space's inputs X (n, p).

    They are remembered: for equal data nothing is fitted again.
    """
    return _fit(_sample(X, y, space), None)


@lru_cache(maxsize=_FITS)
def _fit(sample: _Sample, start: Hyperparameters | None, chains: Chains = ()) -> Hyperparameters:
    X, y, columns, labels = sample.arrays
    return fit(X, y, columns, alike=labels, known=sample.variances, start=start, chains=chains)


def _tau(sample: _Sample, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values (n,) and what all others predict for them.

    Where some are much more precise than others (see :data:`PRECISE`), of those: the order of the
    rest is mostly noise.
    """
    if sample.trial:
        return _stepwise_tau(sample, hyperparameters)
    y, left_out = sample.values, sample.process(hyperparameters).left_out(sample.values)
    precise = sample.variances <= PRECISE * y.var()
    if precise.sum() >= FEWEST:
        y, left_out = y[precise], left_out[precise]
    if (y == y[0]).all():  # tau would be NaN, with a warning
        return 0.0
    return float(kendalltau(left_out, y).statistic)


def _stepwise_tau(sample: _Sample, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values and what all other trainings predict for them.

    Of final values; of few, of all values at about the same step: that a value gets better as the
    training goes on is easily predicted.
    """
    y, together = sample.values, np.frombuffer(sample.trial, np.intp)
    left_out = sample.process(hyperparameters).left_out(y, together)
    step = sample.arrays[0][:, -1]
    ended = step == END
    if ended.sum() >= FEWEST:
        y, left_out, step = y[ended], left_out[ended], step[ended]
    near = np.triu(np.abs(step - step[:, None]) <= NEAR, 1)
    order = np.sign(y - y[:, None]) * near
    pairs = np.abs(order).sum()
    return float((order * np.sign(left_out - left_out[:, None])).sum() / pairs) if pairs else 0.0
