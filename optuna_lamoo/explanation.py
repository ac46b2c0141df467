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

from lamoo import Task
from lamoo.report import regions
from lamoo.report.box import Box
from lamoo.report.existence import existence_in
from lamoo.report.words import Explanation, in_words, rounded_range, where_in_words
from optuna_lamoo import columns
from optuna_lamoo.knowledge import Knowledge, knowledge_of
from optuna_lamoo.reader import Reader
from optuna_lamoo.reduction import ReducedSpace


def explain(study: Study) -> Explanation:
    """Return the good region of a study as rules that a person can act on.

    The region is that of the tree's leaf that is reached along the good sides; the rules are a box
    around it, found by patient rule induction.

    Raises:
        ValueError: if the study has no finished trial or nothing to choose.
    """
    return _explained(knowledge_of(study))


def reduced_space(study: Study) -> ReducedSpace:
    """Return the study's distributions narrowed to the good region, for a follow-up study.

    It is a mapping name -> distribution whose ``suggest(trial)`` asks a trial for the parameters
    that it needs: in a conditional space those of one branch, as learned from the study's trials.
    Branches that the rules exclude are left out, parameters with a single value are kept.

    Members of the front that lie in the region stay inside. Kinds, log scales and steps are kept. A
    parameter with a range per branch is narrowed in each: ``"lr@[0.001, 1.0]"`` holds for trials
    that ask for ``lr`` between 0.001 and 1. Of one whose range follows from other values,
    ``"high@share"`` is where in its range it should be, from 0 to 1.

    Raises:
        ValueError: as :func:`explain`.

    Example:
        >>> import optuna
        >>> from optuna.trial import FixedTrial
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
        >>> space = reduced_space(study)
        >>> -5 < space["x"].low <= 0 and 1 <= space["x"].high < 5
        True
        >>> follow_up = optuna.create_study(directions=study.directions)
        >>> follow_up.optimize(lambda trial: objective(FixedTrial(space.suggest(trial))), 10)
    """
    known = knowledge_of(study)
    found = _explained(known)
    everything = dict(sorted({**known.search_space, **known.constants}.items()))
    history = Reader().history(everything, known.trials, study.directions)
    return ReducedSpace(
        {
            name: _narrowed(distribution, found.rules.get(name))
            for name, distribution in everything.items()
            if name in found.importance or name in known.constants
        },
        Task(columns.to_space(everything), history).domain,
        {c: name for name, mine in columns.branches(everything).items() for c in mine},
    )


def _explained(known: Knowledge) -> Explanation:
    rng = np.random.default_rng(0)
    found = regions.explain(regions.good_path(known.path[0]), known.history, rng)
    return in_words(
        found,
        list(known.search_space),
        lambda box, j: _rule(known, box, j),
        _choices(known),
        known.history,
    )


def existing(known: Knowledge, columns: tuple[int, int]) -> str:
    """Return in words where two columns exist together, empty if everywhere."""
    space, names = known.path[-1].region.space, list(known.search_space)
    rng = np.random.default_rng(0)
    found = existence_in(Box.whole(space.dimension), space, known.history.X, rng).together(columns)
    where = {names[p]: _rule(known, box, p) for p, box in found.items()}
    return where_in_words(where, _choices(known))


def _choices(known: Knowledge) -> list[str]:
    return [name for name, parameter in known.space.parameters.items() if not parameter.ordered]


def _rule(known: Knowledge, box: Box, j: int) -> tuple[Any, ...]:
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
