"""The good region of an experiment in words."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.core.parameter import ParameterType, RangeParameter

from ax_lamoo.reduction import good_region, kept_values
from ax_lamoo.task import Task
from lamoo.report.box import Box
from lamoo.report.existence import existence_in
from lamoo.report.words import Explanation, in_words, rounded_range, where_in_words


def explain(client: Client) -> Explanation:
    """Return the good region of an experiment as rules that a person can act on.

    The region is that of the tree's leaf that is reached along the good sides; the rules are a box
    around it, found by patient rule induction: ``(low, high)`` for a range parameter, choices for
    any other. Printed, it is text. :func:`ax_lamoo.reduced_space` makes parameters of the same box.

    Raises:
        UserInputError: if there is no partition: with one objective, another generation strategy,
            during the start-up, or where a strategy of one's own has moved on from LaMOO's node.

    Example:
        >>> import ax_lamoo
        >>> from ax.api.configs import RangeParameterConfig
        >>> client = Client(random_seed=0)
        >>> client.configure_experiment(
        ...     parameters=[
        ...         RangeParameterConfig(name=name, parameter_type="float", bounds=(-5, 5))
        ...         for name in ("x", "noise")
        ...     ]
        ... )
        >>> client.configure_optimization(objective="-near, -far")
        >>> strategy = ax_lamoo.lamoo_generation_strategy(seed=0, solver="evolutionary")
        >>> client.set_generation_strategy(strategy)
        >>> for _ in range(50):
        ...     for index, params in client.get_next_trials(max_trials=1).items():
        ...         raw_data = {"near": params["x"] ** 2, "far": (params["x"] - 1) ** 2}
        ...         _ = client.complete_trial(trial_index=index, raw_data=raw_data)
        >>> found = explain(client)
        >>> low, high = found.rules["x"]
        >>> -5 < low <= 0 and 1 <= high < 5
        True
        >>> list(found.importance)[0]
        'x'
    """
    task, found = good_region(client, "explain")
    names = list(task.space.parameters)
    return in_words(found, names, partial(_rule, task), _choices(task), task.history)


def existing(task: Task, columns: tuple[int, int]) -> str:
    """Return in words where two columns exist together, empty if everywhere."""
    space, names = task.space, list(task.space.parameters)
    rng = np.random.default_rng(0)
    found = existence_in(Box.whole(space.dimension), space, task.history.X, rng).together(columns)
    where = {names[p]: _rule(task, box, p) for p, box in found.items()}
    return where_in_words(where, _choices(task))


def _choices(task: Task) -> list[str]:
    """Return the parameters whose rules are choices."""
    columns = task.encoding.columns.items()
    return [name for name, column in columns if not isinstance(column.own, RangeParameter)]


def _rule(task: Task, box: Box, j: int) -> tuple[Any, ...]:
    """Return what a column is to be kept in by a box that has a condition for it."""
    name, column = list(task.encoding.columns.items())[j]
    values, own = kept_values(task, box)[name], column.own
    if not isinstance(own, RangeParameter):
        return tuple(values)
    low, high = min(values), max(values)
    if own.parameter_type != ParameterType.FLOAT:
        return low, high
    return rounded_range(box, j, (float(low), float(high)), (float(own.lower), float(own.upper)))
