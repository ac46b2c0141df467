"""The good region of an experiment in words."""

from __future__ import annotations

from typing import Any

from ax.api.client import Client
from ax.core.parameter import ParameterType, RangeParameter

from ax_lamoo.reduction import good_region, kept_values
from lamoo.report.words import Explanation, in_words, rounded_range


def explain(client: Client) -> Explanation:
    """Return the good region of an experiment as rules that a person can act on.

    The region is that of the tree's leaf that is reached along the good sides; the rules are a box
    around it, found by patient rule induction: ``(low, high)`` for a range parameter, choices for
    any other. Printed, it is text. :func:`ax_lamoo.reduced_space` makes parameters of the same box.

    Raises:
        UserInputError: if there is no partition yet: with one objective, another generation
            strategy, or during the start-up.

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
    space = client._experiment.search_space  # noqa: SLF001 - no public way
    names = list(task.space.parameters)
    kept = kept_values(task, found.box)

    def rule(j: int) -> tuple[Any, ...]:
        parameter, values = space.parameters[names[j]], kept[names[j]]
        if not isinstance(parameter, RangeParameter):
            return tuple(values)
        low, high = min(values), max(values)
        if parameter.parameter_type != ParameterType.FLOAT:
            return low, high
        bounds = float(parameter.lower), float(parameter.upper)
        return rounded_range(found.box, j, (float(low), float(high)), bounds)

    choices = [name for name in names if not isinstance(space.parameters[name], RangeParameter)]
    return in_words(found, names, rule, choices, task.history.n)
