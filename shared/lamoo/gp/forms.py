"""In which form an objective is modelled: on which scale, and whether from reports, too.

Chosen is what predicts left-out values best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lamoo.arrays import Floats, Memo
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.sample import FEWEST, Sample, fit_winsorised, tau_of
from lamoo.gp.targets import Transform, blend, compress

#: By how much values that are half ranks (:class:`lamoo.gp.targets.Blended`) must be predicted
#: better than linear ones to be preferred, in Kendall's tau: where nothing is smooth, and where
#: something is, which ranks might bend.
MARGIN, SMOOTH_MARGIN = 0.03, 0.12
#: Choices that are remembered: those of the objectives of a few studies that take turns.
_choices: Memo[ObjectiveFit] = Memo(128)


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


def choose(sample: Sample, bound: float, whole: Sample | None = None) -> ObjectiveFit:
    """Return the form that predicts left-out values best, fitted.

    Judged by the order of the values (Kendall's tau), which is the same for all transforms, while
    likelihoods could not be compared. Smooth functions are better left as they are (Branin: .97
    linear, .87 half by ranks). Costs that spread over orders of magnitude are not (training time
    of HPOBench's networks: .33 and .72), nor is what one bad choice can ruin, so that values come
    in cliffs (accuracy on NAS-Bench-201: .49 and .58). Equal to a hair, linear is chosen: half by
    ranks, model size on NAS-Bench-201 took 80 trials where it takes 30.

    What was reported along the way is learned from, too, unless final values are predicted better
    without, those of all other trainings given.

    Args:
        sample: final values of the objective.
        bound: the value beyond which no hypervolume is gained.
        whole: where trainings were stopped, the sample with what was reported along the way.
    """
    contents = *sample.contents, bound, *(() if whole is None else whole.contents)
    return _choices(lambda: _better_form(sample, bound, whole), *contents)


def _better_form(sample: Sample, bound: float, whole: Sample | None) -> ObjectiveFit:
    fitted = _better_transform(sample, bound)
    if whole is None:
        return fitted
    stepwise = replace(_better_transform(whole, bound), stepwise=True)
    if len(sample.y) >= FEWEST and fitted.tau > stepwise.tau + MARGIN:
        return fitted
    return stepwise


def _better_transform(sample: Sample, bound: float) -> ObjectiveFit:
    linear = _fit_transformed(sample, compress, bound)  # half ranks are fitted from there
    least = linear.tau + (SMOOTH_MARGIN if sample.smooth else MARGIN)
    if least >= 1.0:  # no order is better than the right one
        return linear
    blended = _fit_transformed(sample, blend, bound, linear.hyperparameters)
    return blended if blended.tau > least else linear


def _fit_transformed(
    sample: Sample,
    learn_transform: Callable[[Floats, float], Transform],
    bound: float,
    start: Hyperparameters | None = None,
) -> ObjectiveFit:
    transformed = sample.transformed(learn_transform(sample.y, bound))
    hyperparameters = fit_winsorised(transformed, start)
    return ObjectiveFit(learn_transform, hyperparameters, tau_of(transformed, hyperparameters))
