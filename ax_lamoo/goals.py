"""What the user wants: Ax's optimization config as weights, thresholds and limits of metrics.

Ax's own functions for this make an objective of every metric of ``"a + b, -c"``, and do not scale
the threshold of ``-0.01 * a``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ax.core.objective import Objective
from ax.core.optimization_config import MultiObjectiveOptimizationConfig
from ax.exceptions.core import UserInputError
from ax.utils.common.sympy import parse_objective_expression

from lamoo.arrays import Floats


def weights_of(objective: Objective, metrics: Sequence[str]) -> Floats:
    """Return the weights of metrics in each objective, maximised, shape ``(m, k)``.

    Args:
        objective: one or several, each a weighted sum.
        metrics: signatures, ``k``.
    """
    signatures = objective.metric_name_to_signature
    weights = np.zeros((len(_sums(objective)), len(metrics)))
    for row, terms in zip(weights, _sums(objective), strict=True):
        for name, weight in terms:
            row[metrics.index(signatures[name])] = weight
    return weights


def thresholds_of(
    config: MultiObjectiveOptimizationConfig, weights: Floats, metrics: Sequence[str]
) -> Floats:
    """Return the thresholds of the objectives, maximised, shape ``(m,)``, NaN without one.

    Args:
        config: its thresholds are absolute.
        weights: of :func:`weights_of`, shape ``(m, k)``.
        metrics: signatures, ``k``.
    """
    bounds = {t.metric_signatures[0]: t.bound for t in config.objective_thresholds}
    thresholds = np.full(len(weights), np.nan)
    for j in np.flatnonzero(np.count_nonzero(weights, axis=1) == 1):
        k = int(np.flatnonzero(weights[j])[0])
        thresholds[j] = weights[j, k] * bounds.get(metrics[k], np.nan)
    return thresholds


def metrics_alone(objective: Objective) -> dict[str, float]:
    """Return the names of the metrics that are objectives of their own, and their weights."""
    return {terms[0][0]: terms[0][1] for terms in _sums(objective) if len(terms) == 1}


def check_linear(objective: Objective) -> None:
    """Raise if an objective holds a power of a metric, which Ax would drop.

    Raises:
        UserInputError: for ``"1/latency"``, of which Ax 1.3 makes ``"latency"``.
    """
    try:
        parsed = parse_objective_expression(objective.expression)
    except Exception:  # noqa: BLE001  a name that is no formula was told to Ax by other means
        return
    for expression in parsed if isinstance(parsed, tuple) else (parsed,):
        for term in expression.as_coefficients_dict():
            if term.is_Pow and str(term) not in objective.metric_names:
                raise UserInputError(
                    f"objective {objective.expression!r} is not linear: Ax drops the power in "
                    f"{str(term)!r} and would follow {str(term.base)!r}. Report {str(term)!r} as a "
                    "metric of its own and call configure_optimization again"
                )


def _sums(objective: Objective) -> list[list[tuple[str, float]]]:
    """Return the names and weights of each objective's metrics."""
    # what is public does not tell which belong together
    sums: list[list[tuple[str, float]]] = objective._parsed[1]  # noqa: SLF001
    return sums
