"""Samples: values of one objective with where they were observed, and what is fitted to them.

A sample holds its arrays as bytes, so that equal ones are the same key: what is fitted to it is
remembered, which only saves time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.stats import kendalltau

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.embedding import Chains
from lamoo.gp.hyperparameters import Hyperparameters, fit
from lamoo.gp.inputs import alike_inputs, categorical_inputs
from lamoo.gp.process import GP, condition
from lamoo.gp.reports import END
from lamoo.gp.targets import Transform, transformed_noise
from lamoo.gp.training import Values
from lamoo.space import Space

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
#: :class:`lamoo.gp.reports.Reports`: within a factor of 1.2 for trainings of 30 steps.
NEAR = 0.05
#: Fits that are remembered: those of the objectives of a few studies that take turns.
_FITS = 128
#: Processes that are remembered: those of local models of the same neighbours, one per objective.
#: Few, since each holds tens of megabytes where there are many choices.
_PROCESSES = 8


@dataclass(frozen=True)
class Sample:
    """Values of one objective and where they were observed, as bytes: equal if they are the same.

    Args:
        X: the space's inputs (n, p).
        y: values ``(n,)``.
        noise: variances ``(n,)`` of their noise.
        categorical: which columns hold choices ``(p,)``.
        alike: labels of the columns ``(p,)``, see :func:`lamoo.gp.hyperparameters.fit`.
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
        """``X``, ``y``, ``categorical`` and ``alike``."""
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

    def valued(self, y: Floats) -> Sample:
        """Return the sample with other values (n,)."""
        return replace(self, y=y.tobytes())

    def transformed(self, transform: Transform) -> Sample:
        """Return the sample with transformed values and noise."""
        noise = transformed_noise(transform, self.values, self.variances)
        return replace(self, y=transform(self.values).tobytes(), noise=noise.tobytes())

    def process(self, hyperparameters: Hyperparameters) -> GP:
        """Return the Gaussian process conditioned on the values.

        Raises:
            numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
        """
        X, y, columns, labels = self.arrays
        return condition(X, y, columns, hyperparameters, alike=labels, known=self.variances)


def _sample(X: Floats, y: Floats, space: Space, noise: Floats | None = None) -> Sample:
    """Return the sample of values y (n,) and variances (n,) at the space's inputs X (n, p)."""
    known = np.zeros(len(y)) if noise is None else noise
    columns, labels = categorical_inputs(space).tobytes(), alike_inputs(space).tobytes()
    smooth = bool(space.smooth.any())
    return Sample(X.tobytes(), y.tobytes(), known.tobytes(), columns, labels, smooth)


def sample_of(inputs: Floats, values: Values, space: Space) -> Sample:
    """Return the sample of an objective's values, given the inputs of all points (n, p)."""
    sample = _sample(inputs[values.rows], values.y, space, values.noise)
    if values.step is None:
        return sample
    return replace(
        sample,
        X=np.column_stack([inputs[values.rows], values.step]).tobytes(),
        categorical=np.append(categorical_inputs(space), False).tobytes(),
        alike=np.append(alike_inputs(space), -1).tobytes(),
        trial=values.rows.tobytes(),
    )


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
    return _conditioned(sample_of(inputs, values, space), hyperparameters)


def _conditioned(sample: Sample, hyperparameters: Hyperparameters) -> GP:
    process = sample.process(hyperparameters)
    return process.winsorised(sample.values, SURPRISE)[0] if sample.winsorises else process


_remembered_process = lru_cache(maxsize=_PROCESSES)(_conditioned)


def remembered_process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> GP:
    """Return what :func:`objective_process` does; the same object for equal data."""
    return _remembered_process(sample_of(inputs, values, space), hyperparameters)


def fit_winsorised(
    sample: Sample, start: Hyperparameters | None, chains: Chains = ()
) -> Hyperparameters:
    """Fit hyperparameters to an objective, and adjust them to it winsorised if that differs.

    Args:
        sample: transformed values.
        start: hyperparameters to be adjusted, ``None`` for a thorough search.
        chains: of the result, unless ``start`` has its own.
    """
    hyperparameters = _fit(sample, start, chains)
    if not sample.winsorises:
        return hyperparameters
    drawn = sample.process(hyperparameters).winsorised(sample.values, SURPRISE)[1]
    if np.array_equal(drawn, sample.values):
        return hyperparameters
    return _fit(sample.valued(drawn), hyperparameters)


def fit_to(
    X: Floats, y: Floats, space: Space, start: Hyperparameters | None = None
) -> Hyperparameters:
    """Return hyperparameters fitted to values y (n,) at the space's inputs X (n, p).

    They are remembered: for equal data nothing is fitted again.

    Args:
        X: the inputs.
        y: the values.
        space: theirs.
        start: what fitted fewer of the values, to be adjusted; by default the search is thorough.
    """
    return _fit(_sample(X, y, space), start)


@lru_cache(maxsize=_FITS)
def _fit(sample: Sample, start: Hyperparameters | None, chains: Chains = ()) -> Hyperparameters:
    X, y, columns, labels = sample.arrays
    return fit(X, y, columns, alike=labels, known=sample.variances, start=start, chains=chains)


def tau_of(sample: Sample, hyperparameters: Hyperparameters) -> float:
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


def _stepwise_tau(sample: Sample, hyperparameters: Hyperparameters) -> float:
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
