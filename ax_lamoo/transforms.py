"""Transforms that Ax lacks."""

from __future__ import annotations

import numpy as np
from ax.adapter.data_utils import ExperimentData
from ax.adapter.transforms.base import Transform
from ax.adapter.transforms.int_to_float import IntToFloat
from ax.core.parameter import ParameterType, RangeParameter

#: Larger numbers count as infinite: their squares, and soon their sums, are.
LARGEST = 1e100
#: Integers of so many values are numbers like others to Ax's models, which list those of the rest.
MANY = 100_000


class FiniteY(Transform):
    """Replace infinite outcomes by the least and the largest finite ones of their metric.

    A trial may report infinity (a diverged loss). Ax's other transforms compute means, and after
    that nothing is left of any trial; and they ask for the ends of what was measured, where there
    must be any. Where no outcome of a metric is finite, all of them become 0, also NaN.
    """

    def transform_experiment_data(self, experiment_data: ExperimentData) -> ExperimentData:
        """Return the data with finite means."""
        observations = experiment_data.observation_data
        if "mean" not in observations:  # no trial has data yet
            return experiment_data
        for metric in observations["mean"].columns:
            means = observations["mean", metric].to_numpy(dtype=float)
            finite = means[np.abs(means) <= LARGEST]
            observations["mean", metric] = (
                np.clip(means, finite.min(), finite.max()) if len(finite) else 0.0
            )
        return ExperimentData(arm_data=experiment_data.arm_data, observation_data=observations)


class ManyIntegersToFloat(IntToFloat):
    """Take ranges of :data:`MANY` integers and more for real ones.

    Ax lists every value of an integer, which takes gigabytes from 1e8 on and ends in a
    ``MemoryError`` at last (Ax 1.3.1).
    """

    def _get_transform_parameters(self) -> set[str]:
        """Return their names."""
        return {
            name
            for name, own in self.search_space.parameters.items()
            if isinstance(own, RangeParameter)
            and own.parameter_type == ParameterType.INT
            and own.cardinality() >= MANY
        }
