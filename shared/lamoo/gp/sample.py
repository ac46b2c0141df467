"""Samples: values of one objective with where they were observed, and what is fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from lamoo.arrays import Bools, Floats, Ints, Memo
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
_fits: Memo[Hyperparameters] = Memo(128)
#: Processes that are remembered: those of local models of the same neighbours, one per objective.
#: Few, since each holds tens of megabytes where there are many choices.
_processes: Memo[GP] = Memo(8)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Sample:
    """Values of one objective and where they were observed.

    Args:
        X: the space's inputs ``(n, p)``.
        y: values ``(n,)``.
        noise: variances of their noise ``(n,)``.
        categorical: which columns hold choices ``(p,)``.
        alike: labels of the columns ``(p,)``, see :func:`lamoo.gp.hyperparameters.fit`.
        smooth: whether the space has a continuous parameter.
        trial: numbers the trainings ``(n,)`` that reported several of the values; the last input
            is the step then. ``None`` where all values are final.
    """

    X: Floats
    y: Floats
    noise: Floats
    categorical: Bools
    alike: Ints
    smooth: bool
    trial: Ints | None = None

    @property
    def contents(self) -> tuple[NDArray[Any] | bool | None, ...]:
        """All of it, by which a :class:`lamoo.arrays.Memo` tells samples apart."""
        arrays = self.X, self.y, self.noise, self.categorical, self.alike, self.trial
        return (*arrays, self.smooth)

    @property
    def winsorises(self) -> bool:
        """Whether values that are much worse than predicted are winsorised (:data:`SURPRISE`)."""
        return not self.smooth and len(self.y) >= FEWEST

    def transformed(self, transform: Transform) -> Sample:
        """Return the sample with transformed values and noise."""
        noise = transformed_noise(transform, self.y, self.noise)
        return replace(self, y=transform(self.y), noise=noise)

    def process(self, hyperparameters: Hyperparameters) -> GP:
        """Return the Gaussian process conditioned on the values.

        Raises:
            numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
        """
        X, y, choices = self.X, self.y, self.categorical
        return condition(X, y, choices, hyperparameters, alike=self.alike, known=self.noise)


def _sample(X: Floats, y: Floats, space: Space, noise: Floats | None = None) -> Sample:
    """Return the sample of values y (n,) and variances (n,) at the space's inputs X (n, p)."""
    X, y = np.ascontiguousarray(X), np.ascontiguousarray(y)  # sums round by the layout
    noise = np.zeros(len(y)) if noise is None else noise
    smooth = bool(space.smooth.any())
    return Sample(X, y, noise, categorical_inputs(space), alike_inputs(space), smooth)


def sample_of(inputs: Floats, values: Values, space: Space) -> Sample:
    """Return the sample of an objective's values, given the inputs of all points (n, p)."""
    sample = _sample(inputs[values.rows], values.y, space, values.noise)
    if values.step is None:
        return sample
    return replace(
        sample,
        X=np.ascontiguousarray(np.column_stack([sample.X, values.step])),
        categorical=np.append(sample.categorical, False),
        alike=np.append(sample.alike, -1),
        trial=values.rows,
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
    return process.winsorised(sample.y, SURPRISE)[0] if sample.winsorises else process


def remembered_process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> GP:
    """Return what :func:`objective_process` does; the same object for equal data."""
    sample = sample_of(inputs, values, space)
    made = partial(_conditioned, sample, hyperparameters)
    return _processes(made, *sample.contents, hyperparameters)


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
    y = sample.process(hyperparameters).winsorised(sample.y, SURPRISE)[1]
    if np.array_equal(y, sample.y):
        return hyperparameters
    return _fit(replace(sample, y=y), hyperparameters)


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


def _fit(sample: Sample, start: Hyperparameters | None, chains: Chains = ()) -> Hyperparameters:
    def fitted() -> Hyperparameters:
        X, y, choices, noise = sample.X, sample.y, sample.categorical, sample.noise
        return fit(X, y, choices, alike=sample.alike, known=noise, start=start, chains=chains)

    return _fits(fitted, *sample.contents, start, chains)


def tau_of(sample: Sample, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values (n,) and what all others predict for them.

    Where some are much more precise than others (see :data:`PRECISE`), of those: the order of the
    rest is mostly noise.
    """
    if sample.trial is not None:
        return _stepwise_tau(sample, sample.trial, hyperparameters)
    y, left_out = sample.y, sample.process(hyperparameters).left_out(sample.y)
    precise = sample.noise <= PRECISE * y.var()
    if precise.sum() >= FEWEST:
        y, left_out = y[precise], left_out[precise]
    if (y == y[0]).all():  # tau would be NaN, with a warning
        return 0.0
    return float(kendalltau(left_out, y).statistic)


def _stepwise_tau(sample: Sample, trial: Ints, hyperparameters: Hyperparameters) -> float:
    """Return Kendall's tau of values and what all other trainings predict for them.

    Of final values; of few, of all values at about the same step: that a value gets better as the
    training goes on is easily predicted.
    """
    y, step = sample.y, sample.X[:, -1]
    left_out = sample.process(hyperparameters).left_out(y, trial)
    ended = step == END
    if ended.sum() >= FEWEST:
        y, left_out, step = y[ended], left_out[ended], step[ended]
    near = np.triu(np.abs(step - step[:, None]) <= NEAR, 1)
    order = np.sign(y - y[:, None]) * near
    pairs = np.abs(order).sum()
    return float((order * np.sign(left_out - left_out[:, None])).sum() / pairs) if pairs else 0.0
