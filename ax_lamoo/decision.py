"""Pick one arm of an experiment's front; :mod:`lamoo.report.decision` does the mathematics.

All four take a client with any generation strategy, or its experiment, name objectives by their
metrics and return a :class:`ax_lamoo.Point`. Arms that ran in several trials count by their means,
arms that break a constraint are left out, and diverged ones (infinite values) as long as there are
others.

Example:
    >>> from ax.api.client import Client
    >>> from ax.api.configs import RangeParameterConfig
    >>> from ax_lamoo import decision
    >>> client = Client()
    >>> width = RangeParameterConfig(name="width", parameter_type="int", bounds=(1, 64))
    >>> client.configure_experiment(parameters=[width])
    >>> client.configure_optimization(objective="accuracy, -latency")
    >>> for width, accuracy in [(4, 0.5), (8, 0.9), (16, 0.94), (32, 0.95)]:
    ...     index = client.attach_trial({"width": width})
    ...     _ = client.complete_trial(index, {"accuracy": accuracy, "latency": 0.5 * width})
    >>> decision.knee(client).parameters
    {'width': 8}
    >>> decision.best_under_limits(client, "accuracy", {"latency": 5}).parameters
    {'width': 8}
    >>> decision.weighted(client, {"accuracy": 1}).outcomes["accuracy"][0]
    0.95
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.core.experiment import Experiment
from ax.exceptions.core import UserInputError

from ax_lamoo.errors import as_user_input
from ax_lamoo.results import Point, Results, experiment_of, results_of
from lamoo.arrays import Floats, Ints
from lamoo.checks import is_number, is_one_of
from lamoo.report import decision


def knee(client: Client | Experiment) -> Point:
    """Return the arm where giving up a little of one objective no longer gains much of another.

    See :func:`lamoo.report.decision.knee`.

    Raises:
        UserInputError: if no feasible trial has finished.
        ModuleNotFoundError: if pymoo is not installed.
    """
    results, rows, Y = _feasible(client)
    return results.point(int(rows[decision.knee(Y)]))


def closest(client: Client | Experiment, ideal: Mapping[str, float] | None = None) -> Point:
    """Return the arm of the front that is nearest to an ideal point.

    Nearest by the objective that misses the ideal by most of the front's range, see
    :func:`lamoo.report.decision.closest`.

    Args:
        client: with some finished trials.
        ideal: metric -> value, by default, and for those that are missing, the best on the front.

    Raises:
        UserInputError: if no feasible trial has finished, or ``ideal`` names no objective.
        ModuleNotFoundError: if pymoo is not installed.
    """
    results, rows, Y = _feasible(client)
    given = {} if ideal is None else ideal
    point = results.goals.factors * _values(results, "ideal", given, np.nan)
    return results.point(int(rows[decision.closest(Y, point.tolist())]))


def weighted(client: Client | Experiment, weights: Mapping[str, float]) -> Point:
    """Return the arm of the front whose pseudo-weights are nearest to the weights given.

    A pseudo-weight says how near an arm is to the best of an objective, in shares that add up to
    one, see :func:`lamoo.report.decision.weighted`.

    Args:
        client: with some finished trials.
        weights: metric -> number of at least 0, some above; those that are missing are 0.

    Raises:
        UserInputError: if no feasible trial has finished, or the weights are not as above.
        ModuleNotFoundError: if pymoo is not installed.
    """
    results, rows, Y = _feasible(client)
    values = _values(results, "weights", weights, 0.0)
    with as_user_input():
        return results.point(int(rows[decision.weighted(Y, values.tolist())]))


def best_under_limits(
    client: Client | Experiment, objective: str, limits: Mapping[str, float]
) -> Point:
    """Return the best arm in one objective among those that keep limits on others.

    Args:
        client: with some finished trials.
        objective: its metric.
        limits: metric of an objective -> the worst value that will do: at most that where it is
            minimised, at least that where it is maximised.

    Raises:
        UserInputError: if no feasible trial has finished, an objective is unknown, or no arm keeps
            the limits; the nearest one is named then.
    """
    results, rows, Y = _feasible(client)
    bounds = results.goals.factors * _values(results, "limits", limits, np.nan)
    if not is_one_of(objective, results.goals.objectives):
        raise UserInputError(
            f"objective must be one of {list(results.goals.objectives)}, got {objective!r}"
        )
    j = results.goals.objectives.index(objective)
    i, keeps = decision.best_under_limits(Y, j, np.where(np.isnan(bounds), np.inf, bounds))
    point = results.point(int(rows[i]))
    if not keeps:
        values = {metric: mean for metric, (mean, _) in point.outcomes.items()}
        raise UserInputError(
            f"limits {dict(limits)}: no arm keeps them; arm {point.arm_name} is the nearest, "
            f"with {values}"
        )
    return point


def _feasible(client: Client | Experiment) -> tuple[Results, Ints, Floats]:
    """Return the results, the rows of feasible arms and their mean objectives (k, m), minimised."""
    results = results_of(experiment_of(client))
    rows, Y = results.arms()
    if not len(rows):
        raise UserInputError("no arm keeps the outcome constraints: there is none to pick")
    return results, rows, Y


def _values(results: Results, name: str, given: object, missing: float) -> Floats:
    """Return one number per objective (m,), in the user's units.

    Raises:
        UserInputError: if it is not a mapping from objectives to finite numbers.
    """
    objectives = results.goals.objectives
    if isinstance(given, Mapping) and set(given) <= set(objectives):
        values: list[Any] = [given.get(objective, missing) for objective in objectives]
        told = [value for key, value in zip(objectives, values, strict=True) if key in given]
        if all(is_number(value) and np.isfinite(float(value)) for value in told):
            return np.array(values, dtype=float)
    raise UserInputError(
        f"{name} must map objectives, of {list(objectives)}, to finite numbers, got {given!r}"
    )
