"""Cells of the comparison that run in Ax: its default strategy and LaMOO's, through its client."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    from ax_lamoo import lamoo_generation_strategy
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"Samplers of Ax: {error}") from error

from lamoo import Partition
from lamoo.space import Categorical, Float, Integer
from lamoo_compare.problems import Problem

ParameterConfig = ChoiceParameterConfig | RangeParameterConfig


def _default(client: Client, seed: int, **options: Any) -> None:
    client.configure_generation_strategy(initialization_random_seed=seed, **options)


def _lamoo(**options: Any) -> Callable[[Client, int], None]:
    def configure(client: Client, seed: int) -> None:
        client.set_generation_strategy(lamoo_generation_strategy(seed=seed, **options))

    return configure


#: name -> what gives a client its generation strategy.
STRATEGIES: dict[str, Callable[[Client, int], None]] = {
    "ax": _default,
    "ax-random": lambda client, seed: _default(client, seed, method="random_search"),
    "ax-lamoo": _lamoo(),
    "ax-lamoo-evolutionary": _lamoo(solver="evolutionary"),
    "ax-lamoo-qlognehvi": _lamoo(solver="qlognehvi"),
    # a leaf that is never full is never split
    "ax-lamoo-gp-alone": _lamoo(partition=Partition(leaf_size=sys.maxsize)),
}


def client_for(problem: Problem, strategy: str, seed: int) -> Client:
    """Return a client for a problem, with objectives ``f0, f1`` ... and constraints ``c0`` ..."""
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
    """Return a parameter as Ax has it; a grid is an ordered choice."""
    conditions = problem.conditions.items()
    children = [(value, child) for child, (parent, value) in conditions if parent == name]
    match problem.space.parameters[name]:
        case Float(low, high, log, None):
            scaling = "log" if log else "linear"
            return RangeParameterConfig(name, (low, high), "float", scaling=scaling)
        case Integer(low, high, log, 1):
            scaling = "log" if log else "linear"
            return RangeParameterConfig(name, (low, high), "int", scaling=scaling)
        case Categorical(choices):
            values, ordered = list(choices), False
        case Float() | Integer() as grid:
            cells = (np.arange(int(grid.levels)) + 0.5) / grid.levels
            values, ordered = grid.from_unit(cells), True
    dependents: dict[Any, list[str]] = {}
    for value, child in children:
        dependents.setdefault(value, []).append(child)
    kind = type(values[0]).__name__
    return ChoiceParameterConfig(name, values, kind, ordered, dependents or None)


def search(
    problem: Problem, strategy: str, seed: int, trials: int, batch: int
) -> tuple[list[tuple[float, float]], list[tuple[float, ...]], list[dict[str, Any]]]:
    """Run trials, a batch at a time.

    Returns:
        The wall-clock and CPU seconds per trial asked for, the values that are scored, and the
        parameters.
    """
    logging.disable(logging.WARNING)
    client = client_for(problem, strategy, seed)
    rng = np.random.default_rng(seed)
    asks: list[tuple[float, float]] = []
    values: list[tuple[float, ...]] = []
    asked: list[dict[str, Any]] = []
    while len(asked) < trials:
        wall, cpu = time.perf_counter(), time.process_time()
        found = client.get_next_trials(max_trials=min(batch, trials - len(asked)))
        each = (time.perf_counter() - wall) / len(found), (time.process_time() - cpu) / len(found)
        for index, params in found.items():
            told = problem.observe(problem.evaluate(params), rng)
            data = {f"f{i}": value for i, value in enumerate(told)}
            data |= {f"c{i}": value for i, value in enumerate(problem.constrain(params))}
            client.complete_trial(trial_index=index, raw_data=data)
            asks.append(each)
            values.append(problem.scored(params))
            asked.append(dict(params))
    return asks, values, asked
