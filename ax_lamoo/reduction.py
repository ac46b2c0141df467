"""A smaller search space for a follow-up experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.core.parameter import ChoiceParameter, Parameter, ParameterType, RangeParameter
from ax.exceptions.core import UserInputError

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.task import Task
from lamoo import chosen_path
from lamoo.report import boxes

KINDS = {
    ParameterType.FLOAT: "float",
    ParameterType.INT: "int",
    ParameterType.STRING: "str",
    ParameterType.BOOL: "bool",
}


def reduced_space(client: Client) -> list[RangeParameterConfig | ChoiceParameterConfig]:
    """Return an experiment's parameters narrowed to the good region, for a follow-up experiment.

    The region is that of the tree's leaf that is reached along the good sides, and what is returned
    is a box around it (patient rule induction). Members of the front that lie in the region stay
    inside. Fixed and derived parameters are not among them: add them as they were.

    Raises:
        UserInputError: if there is no partition yet, or the search space is hierarchical.
    """
    search_space = client._experiment.search_space  # noqa: SLF001 - no public way
    task, found = good_region(client, "reduced_space")
    if search_space.is_hierarchical:
        raise UserInputError("reduced_space cannot narrow a hierarchical search space")
    values = kept_values(task, found.box)
    return [
        _config(parameter, values.get(name, ()))
        for name, parameter in search_space.tunable_parameters.items()
    ]


def good_region(client: Client, who: str) -> tuple[Task, boxes.RegionReport]:
    """Return what is known of an experiment, and of its good region.

    Args:
        client: of the experiment.
        who: asks, for the error.

    Raises:
        UserInputError: if there is no partition yet.
    """
    experiment, strategy = client._experiment, client._generation_strategy  # noqa: SLF001 - no public way
    adapter = strategy.fit(experiment=experiment)
    if not isinstance(adapter, LaMOOAdapter) or not adapter.is_moo_problem:
        raise UserInputError(
            f"There is no partition yet: {who} asks for two objectives or more, "
            "ax_lamoo.lamoo_generation_strategy(), and more trials than its start-up."
        )
    task = adapter.task()
    root = chosen_path(task)[0]
    found = boxes.explain(boxes.good_path(root), task.history, np.random.default_rng(0))
    return task, found


def kept_values(task: Task, box: boxes.Box) -> dict[str, list[Any]]:
    """Return the ends, or the choices, of each parameter that has a condition."""
    out = {}
    names, columns = list(task.encoding.columns), list(task.encoding.columns.values())
    for j in box.conditions():
        cells, u = box.cells[j], np.array([box.low[j], box.high[j]])
        if np.isfinite(task.space.levels[j]):
            places = task.space.places(j)
            inside = (places >= u[0] - 1e-9) & (places <= u[1] + 1e-9)
            kept = places[inside] if cells is None else places[list(cells)]
            if isinstance(columns[j].own, RangeParameter):
                kept = kept[[0, -1]] if len(kept) else kept  # of which only the ends are asked
            u = kept if len(kept) else u
        out[names[j]] = columns[j].from_unit(u)
    return out


def _config(
    parameter: Parameter, values: Sequence[Any]
) -> RangeParameterConfig | ChoiceParameterConfig:
    """Return a parameter's configuration, narrowed to some values; no values leave it as it is."""
    kind = KINDS[parameter.parameter_type]
    if isinstance(parameter, RangeParameter):
        low, high = parameter.lower, parameter.upper
        if values:
            low, high = max(low, min(values)), min(high, max(values))
        scaling = "log" if parameter.log_scale else "linear"
        if low == high:  # Ax takes no range of one value
            return ChoiceParameterConfig(parameter.name, [low], kind, is_ordered=True)
        return RangeParameterConfig(parameter.name, (low, high), kind, scaling=scaling)
    assert isinstance(parameter, ChoiceParameter)  # noqa: S101 - Ax tunes no other kind
    kept = [value for value in parameter.values if not values or value in values]
    return ChoiceParameterConfig(parameter.name, kept, kind, is_ordered=parameter.is_ordered)
