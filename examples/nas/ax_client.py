"""A test problem in Ax: its whole search space, conditions and all, in a client."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

from lamoo.space import Categorical, Float, Integer
from lamoo_compare.ax_sampler import STRATEGIES
from lamoo_compare.problems import Problem

ParameterConfig = ChoiceParameterConfig | RangeParameterConfig


def client_for(problem: Problem, strategy: str, seed: int) -> Client:
    """Return a client for a problem, with objectives ``f0, f1`` ... and constraints ``c0`` ...

    ``strategy`` is one of ``lamoo_compare.ax_sampler.STRATEGIES``: ``"lamoo"``, ``"default"``, ...
    """
    client = Client(random_seed=seed)
    client.configure_experiment(
        parameters=[_parameter(problem, n) for n in problem.space.parameters]
    )
    signs = ["-" if direction == "minimize" else "" for direction in problem.directions]
    client.configure_optimization(
        objective=", ".join(f"{sign}f{i}" for i, sign in enumerate(signs)),
        outcome_constraints=[f"c{i} <= 0" for i in range(problem.constraints)],
    )
    STRATEGIES[strategy](client, seed)
    return client


def _parameter(problem: Problem, name: str) -> ParameterConfig:
    """Return a parameter as Ax has it; a grid, or a number that opens others, is a choice."""
    dependents: dict[Any, list[str]] = {}
    for child, (parent, opened_by) in problem.conditions.items():
        for value in opened_by if parent == name else ():
            dependents.setdefault(value, []).append(child)
    match problem.space.parameters[name]:
        case Float(low, high, log, None):
            scaling = "log" if log else "linear"
            return RangeParameterConfig(name, (low, high), "float", scaling=scaling)
        case Integer(low, high, log, 1) if not dependents:
            scaling = "log" if log else "linear"
            return RangeParameterConfig(name, (low, high), "int", scaling=scaling)
        case Categorical(choices):
            values, ordered = list(choices), False
        case Float() | Integer() as grid:
            cells = (np.arange(int(grid.levels)) + 0.5) / grid.levels
            values, ordered = grid.from_unit(cells), True
    kind = type(values[0]).__name__
    return ChoiceParameterConfig(name, values, kind, ordered, dependents or None)


def search(problem: Problem, strategy: str, seed: int, trials: int) -> list[tuple[float, ...]]:
    """Run trials, one after the other; return the values that are scored."""
    logging.disable(logging.WARNING)
    client = client_for(problem, strategy, seed)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(trials):
        for index, params in client.get_next_trials(max_trials=1).items():
            told = problem.observe(problem.evaluate(params), rng)
            data = {f"f{i}": value for i, value in enumerate(told)}
            data |= {f"c{i}": value for i, value in enumerate(problem.constrain(params))}
            client.complete_trial(trial_index=index, raw_data=data)
            values.append(problem.scored(params))
    return values
