"""The good region of a study in words, and as a smaller search space."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study

from lamoo.report import boxes
from lamoo.report.words import Explanation, in_words, rounded_range
from optuna_lamoo.knowledge import Knowledge, knowledge_of


def explain(study: Study) -> Explanation:
    """Return the good region of a study as rules that a person can act on.

    The region is that of the tree's leaf that is reached along the good sides; the rules are a box
    around it, found by patient rule induction.

    Raises:
        ValueError: if the study has no finished trial or nothing to choose.
    """
    return _explained(knowledge_of(study))


def reduced_space(study: Study) -> dict[str, BaseDistribution]:
    """Return the study's distributions narrowed to the good region, for a follow-up study.

    Members of the front that lie in the region stay inside. Kinds, log scales and steps are kept. A
    parameter with a range per branch is narrowed in each: ``"lr@[0.001, 1.0]"`` holds for trials
    that ask for ``lr`` between 0.001 and 1. Of one whose range follows from other values,
    ``"high@share"`` is where in its range it should be, from 0 to 1.

    Raises:
        ValueError: as :func:`explain`.

    Example:
        >>> import optuna
        >>> from optuna_lamoo import LaMOOSampler
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study(
        ...     directions=["minimize", "minimize"],
        ...     sampler=LaMOOSampler(seed=0, solver="evolutionary"),
        ... )
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", -5, 5)
        ...     return x**2, (x - 1) ** 2
        >>> study.optimize(objective, n_trials=60)
        >>> x = reduced_space(study)["x"]
        >>> -5 < x.low <= 0 and 1 <= x.high < 5
        True
    """
    known = knowledge_of(study)
    found = _explained(known).rules
    return {name: _narrowed(d, found.get(name)) for name, d in known.search_space.items()}


def _explained(known: Knowledge) -> Explanation:
    rng = np.random.default_rng(0)
    found = boxes.explain(boxes.good_path(known.path[0]), known.history, rng)
    parameters = known.space.parameters
    return in_words(
        found,
        list(known.search_space),
        lambda j: _rule(known, found.box, j),
        [name for name, parameter in parameters.items() if not parameter.ordered],
        len(known.trials),
    )


def _rule(known: Knowledge, box: boxes.Box, j: int) -> tuple[Any, ...]:
    name, distribution = list(known.search_space.items())[j]
    parameter = known.space.parameters[name]
    cells = box.cells[j]
    if cells is not None:
        return tuple(parameter.from_unit(parameter.places()[list(cells)]))
    low, high = parameter.from_unit(np.array([box.low[j], box.high[j]]))
    if isinstance(distribution, FloatDistribution) and distribution.step is None:
        return rounded_range(box, j, (low, high), (distribution.low, distribution.high))
    return low, high


def _narrowed(distribution: BaseDistribution, rule: tuple[Any, ...] | None) -> BaseDistribution:
    if rule is None:
        return distribution
    match distribution:
        case CategoricalDistribution():
            return CategoricalDistribution(rule)
        case IntDistribution():
            low, high = rule
            return IntDistribution(low, high, log=distribution.log, step=distribution.step)
        case FloatDistribution():
            low, high = rule
            step, origin = distribution.step, Decimal(str(distribution.low))
            if step is not None:  # 3 * 0.1 is more than 0.3, of which Optuna would warn
                indices = (round((x - distribution.low) / step) for x in (low, high))
                low, high = (float(origin + k * Decimal(str(step))) for k in indices)
            return FloatDistribution(low, high, log=distribution.log, step=step)
        case _:
            return distribution
