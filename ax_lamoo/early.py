"""Stopping bad trainings early, with several objectives: one of Ax's early stopping strategies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
from ax.core.experiment import Experiment
from ax.core.trial import Trial
from ax.core.trial_status import TrialStatus
from ax.early_stopping.strategies import BaseEarlyStoppingStrategy
from ax.generation_strategy.generation_node import GenerationNode

from ax_lamoo.curves import curves_along
from ax_lamoo.errors import as_user_input
from ax_lamoo.goals import Goals, goals_of, weighted
from ax_lamoo.results import settled
from lamoo.arrays import Floats
from lamoo.curves import Curve, Curves
from lamoo.early import RULES, Rule, rule_of, stops


class EarlyStopping(BaseEarlyStoppingStrategy):
    """Strategy that knows several objectives: it stops trainings that will not reach the front.

    Ax's own strategies look at one metric each (``PercentileEarlyStoppingStrategy`` at the first
    objective unless it is told another), and joined by *or* and *and* they still do: a network that
    is small and a little worse is stopped, or one that both are bad at is kept. This one is for
    ``client.set_early_stopping_strategy(...)`` and
    ``OrchestratorOptions(early_stopping_strategy=...)``, with any generation strategy;
    ``client.run_trials`` asks none (Ax 1.3.1), ``client.should_stop_trial_early`` does. It looks at
    the objectives of the experiment, of which each is reported with a progression (map data); what
    does not change while a trial runs may be attached once, with a progression or without.

    A trial that has come as far as the longest completed one is never stopped, nor one of which an
    objective is still unknown, nor a batch trial.

    Args:
        rule: ``"curves"`` stops a trial when what completed trials became, from where they were at
            its step, leaves it hardly a chance to reach the front
            (:class:`lamoo.early.Extrapolation`); ``"halving"`` lets the best third go on at steps
            1, 3, 9, ... (:class:`lamoo.early.Halving`, which is MO-ASHA); or one of these two with
            other settings.

    Raises:
        UserInputError: if the rule is none of these.

    Example:
        >>> from ax.api.client import Client
        >>> from ax.api.configs import RangeParameterConfig
        >>> client = Client()
        >>> x = RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))
        >>> client.configure_experiment(parameters=[x])
        >>> client.configure_optimization(objective="-error, -size")
        >>> client.set_early_stopping_strategy(EarlyStopping("halving"))
        >>> for x in (0.1, 0.5, 0.2, 0.9):
        ...     index = client.attach_trial({"x": x})
        ...     client.attach_data(index, {"error": x, "size": x}, progression=1)
        >>> [client.should_stop_trial_early(index) for index in range(4)]
        [False, True, True, True]
    """

    def __init__(self, rule: str | Rule = "curves") -> None:
        """Check the rule."""
        super().__init__()
        with as_user_input():
            self.rule = rule_of(rule)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"EarlyStopping({self.rule!r})"

    def _should_stop_trials_early(
        self,
        trial_indices: set[int],
        experiment: Experiment,
        current_node: GenerationNode | None = None,  # noqa: ARG002  Ax's signature
    ) -> dict[int, str | None]:
        """Return the trials that are better stopped, and why."""
        curves = curves_of(experiment)
        return {
            index: (f"After step {curves[index].steps[-1]:g}, by {self.rule!r} on all objectives.")
            for index in trial_indices & curves.keys()
            if self._stops(curves, index)
        }

    def _stops(self, curves: dict[int, Curve], index: int) -> bool:
        own = curves[index]
        if not len(own) or np.isnan(own.values[-1]).any():
            return False
        m = own.values.shape[1]
        others = Curves.of([curve for i, curve in curves.items() if i != index], m)
        return stops(self.rule, own, others)

    def _is_harmful(
        self,
        trial_indices: set[int],  # noqa: ARG002  Ax's signature
        experiment: Experiment,  # noqa: ARG002
    ) -> bool:
        """Return ``False``: the rules look at what they might lose."""
        return False


def curves_of(experiment: Experiment) -> dict[int, Curve]:
    """Return what each trial of one arm reported, by its index; objectives are minimised.

    A trial of which nothing was reported is left out.
    """
    config = experiment.optimization_config
    data = experiment.lookup_data()
    if config is None or data.df.empty or not data.has_step_column:
        return {}
    metrics = sorted(metric.signature for metric in experiment.metrics.values())
    goals = goals_of(settled(config, experiment, data.df), metrics)
    latest = dict(iter(data.df.groupby("trial_index")))
    trials = {int(i): t for i in latest if isinstance(t := experiment.trials[i], Trial)}
    index = [(i, trial.arm.name) for i, trial in trials.items() if trial.arm is not None]
    curves, _ = curves_along(experiment, index, metrics)
    return {
        i: Curve(
            curve.steps, _values(curve.values, goals), *_end(trials[i], latest[i], goals, metrics)
        )
        for (i, _), curve in zip(index, curves, strict=True)
    }


def _end(
    trial: Trial, frame: pd.DataFrame, goals: Goals, metrics: list[str]
) -> tuple[Floats | None, bool]:
    """Return the values (m,) that a trial ended with, ``None`` without, and its feasibility."""
    if trial.status is not TrialStatus.COMPLETED:
        return None, True
    means = frame.set_index("metric_signature")["mean"].reindex(metrics)
    outcomes = means.to_numpy(dtype=float)[None]
    A, b = goals.constraints
    feasible = not (weighted(outcomes, A) > b).any()
    return _values(outcomes, goals)[0], feasible


def _values(outcomes: Floats, goals: Goals) -> Floats:
    """Return objectives (k, m) of outcomes (k, o), ``inf`` where one of these is infinite."""
    values = -weighted(np.where(np.isinf(outcomes), np.nan, outcomes), goals.weights)
    for j, weights in enumerate(goals.weights):
        values[np.isinf(outcomes[:, weights != 0]).any(axis=1), j] = np.inf
    return values


def encoded_strategy(strategy: EarlyStopping) -> dict[str, Any]:
    """Return what is saved."""
    name = next(name for name, rule in RULES.items() if type(rule) is type(strategy.rule))
    return {"__type": EarlyStopping.__name__, "rule": name, "settings": asdict(strategy.rule)}


def decoded_strategy(rule: str, settings: Mapping[str, Any]) -> EarlyStopping:
    """Return the strategy that was saved."""
    return EarlyStopping(replace(RULES[rule], **settings))
