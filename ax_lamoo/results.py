"""What an experiment found: its finished trials, and the front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ax.api.client import Client
from ax.core.experiment import Experiment
from ax.core.optimization_config import OptimizationConfig
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import DataRequiredError, UserInputError
from ax.service.utils.best_point import derelativize_opt_config

from ax_lamoo.curves import cut_short
from ax_lamoo.errors import as_user_input
from ax_lamoo.goals import Goals, check_bounds, goals_of, judged, weighted, with_sums
from lamoo import History, failures, pareto
from lamoo.arrays import Floats, Ints

#: Trials that will not report anything better.
FINISHED = (TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)


class Point(NamedTuple):
    """An arm and what it measured; Ax's own tuple, as of ``client.get_pareto_frontier()``.

    Args:
        parameters: of the arm.
        outcomes: metric -> its mean over the arm's trials, and the standard error of that mean, NaN
            if it is not known.
        trial_index: the last trial that ran the arm.
        arm_name: of the arm.
    """

    parameters: dict[str, Any]
    outcomes: dict[str, tuple[float, float]]
    trial_index: int
    arm_name: str


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Measurements:
    """What the finished trials measured, a row for each arm of each trial.

    Args:
        arms: their names, ``n``.
        trials: their indices, ``n``.
        parameters: of the arms, ``n``.
        metrics: their names, ``k``.
        means: shape ``(n, k)``, NaN where one is missing.
        sems: standard errors, shape ``(n, k)``, NaN where one is not known.
    """

    arms: tuple[str, ...]
    trials: tuple[int, ...]
    parameters: tuple[dict[str, Any], ...]
    metrics: tuple[str, ...]
    means: Floats
    sems: Floats


@dataclass(frozen=True, eq=False)
class Results:
    """What counts of an experiment: the arms that measured all objectives and constraints.

    Args:
        measured: all that was measured.
        goals: what is optimized.
        rows: the rows that count.
    """

    measured: Measurements
    goals: Goals
    rows: Ints

    @cached_property
    def history(self) -> History:
        """The rows that count, with arms as points: an arm of several trials is judged by its mean.

        Not by where it lies in the search space, which may have changed.
        """
        A, b = self.goals.constraints
        Y = -weighted(self.measured.means, self.goals.weights)
        G = weighted(self.measured.means, A) - b
        numbers = {name: i for i, name in enumerate(dict.fromkeys(self.measured.arms))}
        X = np.array([[numbers[name]] for name in self.measured.arms], dtype=float)
        noise = weighted(self.measured.sems**2, self.goals.weights**2)
        return History(X[self.rows], Y[self.rows], G[self.rows], noise=noise[self.rows])

    def arms(self, *, min_trials: int = 1) -> tuple[Ints, Floats]:
        """Return the first row of each feasible arm, and its mean objectives (k, m), minimised.

        Raises:
            UserInputError: if ``min_trials`` is no whole number of at least 1.
        """
        with as_user_input():
            confirmed = self.history.confirmed(min_trials)
        first = np.sort(np.unique(self.history.group, return_index=True)[1])
        chosen = first[confirmed[first]]
        return chosen, self.history.means[chosen]

    def point(self, row: int) -> Point:
        """Return an arm, given one of its rows."""
        name = self.measured.arms[self.rows[row]]
        mine = [i for i in self.rows.tolist() if self.measured.arms[i] == name]
        means, sems = self.measured.means[mine], self.measured.sems[mine]
        found = {
            metric: _pooled(mean, sem)
            for metric, mean, sem in zip(self.measured.metrics, means.T, sems.T, strict=True)
            if not np.isnan(mean).all()
        }
        parameters, trial = self.measured.parameters[mine[0]], self.measured.trials[mine[-1]]
        return Point(dict(parameters), found, trial, name)


def front(client: Client | Experiment, *, min_trials: int = 1) -> list[Point]:
    """Return the arms that nobody dominates by what they measured, as Ax's own tuples.

    Ax's ``client.get_pareto_frontier(use_model_predictions=False)`` is empty when an objective has
    a threshold and another has none, may leave out the front's ends without any, and judges an arm
    that ran in several trials by its luckiest one. Here it counts by the mean of its trials. Left
    out are arms that break a constraint or are worse than a threshold, and diverged ones (infinite
    values) as long as there are others.

    Args:
        client: with any generation strategy, also before or after LaMOO's turns; or its
            experiment, as Ax's orchestrator has it.
        min_trials: arms with fewer finished trials are left out: 2 trusts none that was measured
            once.

    Raises:
        UserInputError: if no trial has finished with all that counts, or ``min_trials`` is no
            whole number of at least 1.

    Example:
        >>> from ax.api.client import Client
        >>> from ax.api.configs import RangeParameterConfig
        >>> client = Client()
        >>> x = RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))
        >>> client.configure_experiment(parameters=[x])
        >>> client.configure_optimization("-loss, -size", outcome_constraints=["loss <= 0.8"])
        >>> for x, loss in [(0.1, 0.9), (0.2, 0.6), (0.3, 0.7), (0.4, 0.2)]:
        ...     index = client.attach_trial({"x": x})
        ...     _ = client.complete_trial(index, {"loss": loss, "size": x})
        >>> [(point.parameters, point.outcomes["loss"][0]) for point in front(client)]
        [({'x': 0.2}, 0.6), ({'x': 0.4}, 0.2)]
    """
    results = results_of(experiment_of(client))
    rows, Y = results.arms(min_trials=min_trials)
    inside = ~(results.goals.thresholds < Y).any(axis=1)
    rows, Y = rows[inside], Y[inside]
    if not len(rows):
        return []
    index = np.flatnonzero(failures.sound(Y))
    index = index[pareto.nondominated(Y[index])]
    return [results.point(row) for row in rows[index].tolist()]


def results_of(experiment: Experiment) -> Results:
    """Return what an experiment found.

    Raises:
        UserInputError: if it has no optimization config, no finished trial with all that counts, or
            a constraint refers to a baseline that was not measured.
    """
    config = experiment.optimization_config
    if config is None:
        raise UserInputError("the experiment has no objectives: configure_optimization(...) first")
    measured = measurements_of(experiment)
    if measured.arms:
        config = absolute(config, experiment)
        goals = goals_of(config, measured.metrics)
        used = np.concatenate([goals.weights, goals.constraints[0]])
        whole = ~np.isnan(measured.means[:, (used != 0).any(axis=0)]).any(axis=1)
        if whole.any():
            return Results(measured, goals, np.flatnonzero(whole))
    raise UserInputError(
        "no trial has finished with all objectives and constrained metrics yet: run some first"
    )


def measurements_of(experiment: Experiment) -> Measurements:
    """Return what the finished trials measured, of a curve its last value.

    Not of trials that were cut short: what they would have become is unknown.
    """
    short = cut_short(experiment)
    data = experiment.lookup_data().df
    data = data[data["metric_name"].isin(experiment.metrics)]
    keys = ["trial_index", "arm_name"]
    wide = data.groupby([*keys, "metric_name"])[["mean", "sem"]].last().unstack()
    metrics = tuple(sorted(experiment.metrics))
    ran = [
        (index, arm)
        for index, trial in sorted(experiment.trials.items())
        if trial.status in FINISHED and index not in short
        for arm in trial.arms
        if arm not in trial.abandoned_arms and (index, arm.name) in wide.index
    ]
    rows = [(index, arm.name) for index, arm in ran]
    means, sems = (
        np.array(wide[part].reindex(index=rows, columns=metrics), dtype=float)
        if rows
        else np.empty((0, len(metrics)))
        for part in ("mean", "sem")
    )
    return Measurements(
        arms=tuple(arm.name for _, arm in ran),
        trials=tuple(index for index, _ in ran),
        parameters=tuple(dict(arm.parameters) for _, arm in ran),
        metrics=metrics,
        means=means,
        sems=sems,
    )


def experiment_of(client: Client | Experiment) -> Experiment:
    """Return a client's experiment, or the experiment itself.

    Raises:
        UserInputError: if it is neither.
    """
    if isinstance(client, Client):
        return client._experiment  # noqa: SLF001 - no public way
    if not isinstance(client, Experiment):
        raise UserInputError(f"client must be Ax's Client or Experiment, got {client!r}")
    return client


def settled(
    config: OptimizationConfig, experiment: Experiment, frame: pd.DataFrame
) -> OptimizationConfig:
    """Return an optimization config without the bounds that nothing can be judged by yet.

    Those that are left do not refer to the baseline any more.

    Args:
        config: what the user wants.
        experiment: has the baseline.
        frame: its data, some.
    """
    signatures, baseline = frame["metric_signature"], experiment.status_quo
    of_baseline = signatures[frame["arm_name"] == baseline.name] if baseline is not None else ()
    return absolute(judged(config, {*signatures}, {*of_baseline})[0], experiment)


def absolute(config: OptimizationConfig, experiment: Experiment) -> OptimizationConfig:
    """Return an optimization config whose bounds do not refer to the baseline any more.

    Raises:
        UserInputError: if the baseline was not measured, or as
            :func:`ax_lamoo.goals.check_bounds` does.
    """
    if not any(constraint.relative for constraint in config.all_constraints):
        return config
    check_bounds(config)
    try:
        return derelativize_opt_config(with_sums(config), experiment)
    except DataRequiredError as error:
        raise UserInputError(
            "a constraint refers to the baseline, which has not been measured yet: "
            "client.attach_baseline(...), and complete its trial"
        ) from error


def _pooled(means: Floats, sems: Floats) -> tuple[float, float]:
    """Return the mean of a metric over an arm's trials (n,), and its standard error.

    Precise ones weigh more (by the inverse of the variance), and exact ones alone count. Where a
    standard error is unknown all weigh the same, and their spread tells that of the mean.
    """
    given = ~np.isnan(means)
    means, sems = means[given], sems[given]
    n = len(means)
    if n == 1:
        return float(means[0]), float(sems[0])
    if np.isnan(sems).any():
        return float(means.mean()), float(means.std(ddof=1) / np.sqrt(n))
    if (sems == 0).any():
        return float(means[sems == 0].mean()), 0.0
    weights = (sems.min() / sems) ** 2
    return float(means @ weights / weights.sum()), float(sems.min() / np.sqrt(weights.sum()))
