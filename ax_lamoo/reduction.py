"""A smaller search space for a follow-up experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, DerivedParameterConfig, RangeParameterConfig
from ax.core.parameter import (
    ChoiceParameter,
    DerivedParameter,
    FixedParameter,
    Parameter,
    ParameterType,
    RangeParameter,
)
from ax.exceptions.core import UserInputError
from ax.generation_strategy.generation_strategy import GenerationStrategy

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.registry import LaMOOGenerators
from ax_lamoo.task import Task
from lamoo import chosen_path
from lamoo.report import regions
from lamoo.report.box import ROUNDING, Box

Kind: TypeAlias = Literal["float", "int", "str", "bool"]

KINDS: dict[ParameterType, Kind] = {
    ParameterType.FLOAT: "float",
    ParameterType.INT: "int",
    ParameterType.STRING: "str",
    ParameterType.BOOL: "bool",
}


#: What configures a parameter of a client's experiment.
Config: TypeAlias = RangeParameterConfig | ChoiceParameterConfig | DerivedParameterConfig


def reduced_space(client: Client) -> list[Config]:
    """Return an experiment's parameters narrowed to the good region, for a follow-up experiment.

    The region is that of the tree's leaf that is reached along the good sides, and what is returned
    is a box around it (patient rule induction). Members of the front that lie in the region stay
    inside. A hierarchical search space remains one, without the branches that are left out; fixed
    and derived parameters stay what they are. Linear constraints are to be given again: what they
    are about keeps a range of two values at least, as Ax asks.

    Raises:
        UserInputError: if there is no partition yet.
    """
    task, found = good_region(client, "reduced_space")
    search_space = client._experiment.search_space  # noqa: SLF001 - no public way
    parameters, values = search_space.parameters, kept_values(task, found.box)
    constraints = search_space.parameter_constraints
    limited = {name for constraint in constraints for name in constraint.constraint_dict}
    kept: dict[str, Config] = {}
    names = list(search_space.top_level_parameters)
    while names:
        own = parameters[names.pop()]
        config = _config(own, values.get(own.name, ()), least=2 if own.name in limited else 1)
        kept[own.name] = config
        if isinstance(config, ChoiceParameterConfig) and config.dependent_parameters:
            names += [name for opened in config.dependent_parameters.values() for name in opened]
    return [
        kept[name]
        for name, own in parameters.items()
        if name in kept and _needed(own) <= kept.keys()
    ]


def _needed(parameter: Parameter) -> set[str]:
    """Return the names of the parameters that one is derived from."""
    derived = isinstance(parameter, DerivedParameter)
    return {*parameter.parameter_names_to_weights} if derived else set()


def moved_on(strategy: GenerationStrategy) -> str | None:
    """Say to which node a strategy has gone from LaMOO's, ``None`` if it has not.

    Those of :func:`ax_lamoo.lamoo_generation_strategy` end with LaMOO's, a user's own may go on.
    """
    if isinstance(strategy.adapter, LaMOOAdapter):
        return None
    before = [
        node.name
        for node in strategy._nodes  # noqa: SLF001 - no public way
        if node.trials_from_node
        and any(spec.generator_enum is LaMOOGenerators.LAMOO for spec in node.generator_specs)
    ]
    if not before:
        return None
    return (
        f"There is no partition: the generation strategy has moved on from LaMOO's node "
        f"{before[-1]!r} to {strategy.current_node_name!r}, which learns none."
    )


def good_region(client: Client, who: str) -> tuple[Task, regions.RegionReport]:
    """Return what is known of an experiment, and of its good region.

    Args:
        client: of the experiment.
        who: asks, for the error.

    Raises:
        UserInputError: if there is no partition, or this is no client: an experiment does not
            know its generation strategy.
    """
    if not isinstance(client, Client):
        raise UserInputError(
            f"{who} asks for Ax's client, got {type(client).__name__}. Of an experiment and its "
            "strategy one is made by client = Client(); client.set_experiment(experiment); "
            "client.set_generation_strategy(strategy)"
        )
    experiment, strategy = client._experiment, client._generation_strategy  # noqa: SLF001 - no public way
    adapter = strategy.fit(experiment=experiment)
    if not isinstance(adapter, LaMOOAdapter) or not adapter.is_moo_problem:
        if (text := moved_on(strategy)) is not None:
            raise UserInputError(text)
        raise UserInputError(
            f"There is no partition yet: {who} asks for two objectives or more, "
            "ax_lamoo.lamoo_generation_strategy(), and more trials than its start-up."
        )
    task = adapter.task()
    root = chosen_path(task)[0]
    found = regions.explain(regions.good_path(root), task.history, np.random.default_rng(0))
    return task, found


def kept_values(task: Task, box: Box) -> dict[str, list[Any]]:
    """Return the ends, or the choices, of each parameter that has a condition."""
    out = {}
    names, columns = list(task.encoding.columns), list(task.encoding.columns.values())
    for j in box.conditions():
        cells, u = box.cells[j], np.array([box.low[j], box.high[j]])
        if np.isfinite(task.space.levels[j]):
            places = task.space.places(j)
            inside = (places >= u[0] - ROUNDING) & (places <= u[1] + ROUNDING)
            kept = places[inside] if cells is None else places[list(cells)]
            if isinstance(columns[j].own, RangeParameter):
                kept = kept[[0, -1]] if len(kept) else kept  # of which only the ends are asked
            u = kept if len(kept) else u
        out[names[j]] = columns[j].from_unit(u)
    return out


def _config(parameter: Parameter, values: Sequence[Any], least: int) -> Config:
    """Return a parameter's configuration, narrowed to some values.

    Args:
        parameter: of the experiment.
        values: to keep; none leave it as it is.
        least: how many values it keeps at least, if it has as many.
    """
    kind = KINDS[parameter.parameter_type]
    if isinstance(parameter, DerivedParameter):
        return DerivedParameterConfig(parameter.name, parameter.expression_str, kind)
    if parameter.is_disabled:
        return _choices(parameter, [parameter.default_value], kind)
    if isinstance(parameter, RangeParameter):
        return _range(parameter, values, kind, least)
    if isinstance(parameter, FixedParameter):
        return _choices(parameter, [parameter.value], kind)
    assert isinstance(parameter, ChoiceParameter)  # noqa: S101 - Ax has no other kind
    every = list(parameter.values)
    inside = [k for k, value in enumerate(every) if not values or value in values]
    if len(inside) < least:  # and those next to it: what constraints are about is ordered
        inside = [k for k in range(inside[0] - 1, inside[0] + 2) if 0 <= k < len(every)]
    return _choices(parameter, [every[k] for k in inside], kind)


def _range(parameter: RangeParameter, values: Sequence[Any], kind: Kind, least: int) -> Config:
    low, high = parameter.lower, parameter.upper
    if values:
        low, high = max(low, min(values)), min(high, max(values))
    if low == high and least > 1:
        whole = parameter.parameter_type == ParameterType.INT
        step = 1 if whole else parameter.upper - parameter.lower
        low, high = max(low - step, parameter.lower), min(high + step, parameter.upper)
    if low == high:  # Ax takes no range of one value
        return ChoiceParameterConfig(parameter.name, [low], kind, is_ordered=True)
    scaling = "log" if parameter.log_scale else "linear"
    return RangeParameterConfig(parameter.name, (low, high), kind, scaling=scaling)


def _choices(parameter: Parameter, values: list[Any], kind: Kind) -> ChoiceParameterConfig:
    """Return the configuration of a list of choices, with what each of them brings along."""
    dependents = parameter.dependents if parameter.is_hierarchical else {}
    opened = {value: list(names) for value, names in dependents.items() if value in values}
    ordered = parameter.is_ordered if isinstance(parameter, ChoiceParameter) else True
    return ChoiceParameterConfig(
        parameter.name, values, kind, is_ordered=ordered, dependent_parameters=opened or None
    )
