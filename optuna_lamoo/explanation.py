"""The good region of a study in words, and as a smaller search space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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

from lamoo.report import rules
from lamoo.space import Categorical
from optuna_lamoo.knowledge import Knowledge, knowledge_of

#: Significant digits of a bound; it is rounded outwards.
DIGITS = 2


@dataclass(frozen=True)
class Explanation:
    """The good region of a study; printed, it is text.

    Args:
        rules: parameter -> what to keep it in: ``(low, high)`` or a tuple of choices. What is not
            named is free.
        space_share: how much of the search space keeps the rules.
        purity: how much of that lies in the learned region.
        coverage: how much of the learned region keeps the rules.
        front: how many members of the front keep them.
        front_size: of how many.
        hypervolume_share: of all trials' hypervolume, what those that keep them have.
        importance: parameter -> how much of the region is left when it alone is drawn anew,
            from 0 (it does not matter) to 1, the most important first.
        confidence: cross-validated accuracy of the boundaries that were learned (0.5 is a guess);
            ``None`` if nothing is learned yet.
        trials: with values.
    """

    rules: Mapping[str, tuple[Any, ...]]
    space_share: float
    purity: float
    coverage: float
    front: int
    front_size: int
    hypervolume_share: float
    importance: Mapping[str, float]
    confidence: float | None
    trials: int
    choices: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return it as a few lines of text."""
        if self.confidence is None:
            return (
                f"Nothing is learned yet from {self.trials} trials: the good region is the whole "
                "search space."
            )
        said = "; ".join(self._words(name, rule) for name, rule in self.rules.items())
        matter = ", ".join(f"{name} {value:.0%}" for name, value in self.importance.items())
        return (
            f"Good region: {said or 'no rule in single parameters describes it'}\n"
            f"  {self.space_share:.2%} of the search space; {self.front} of {self.front_size} "
            f"members of the front, {self.hypervolume_share:.1%} of the hypervolume "
            f"({self.trials} trials)\n"
            f"  the rules hold {self.coverage:.0%} of the learned region, and "
            f"{self.purity:.0%} of what they hold is in it\n"
            f"  boundaries are right about {self.confidence:.0%} of trials left out\n"
            f"  a new value alone leads out of the region: {matter}"
        )

    __repr__ = __str__

    def _words(self, name: str, rule: tuple[Any, ...]) -> str:
        if name in self.choices:
            return f"{name} in {{{', '.join(map(str, rule))}}}"
        low, high = rule
        return f"{name} in [{low:g}, {high:g}]"


def explain(study: Study) -> Explanation:
    """Return the good region of a study as rules that a person can act on.

    The region is that of the tree's leaf that is reached along the good sides; the rules are a box
    around it, found by patient rule induction.

    Raises:
        ValueError: if the study has no finished trial or nothing to choose.
    """
    return _explained(knowledge_of(study))[1]


def reduced_space(study: Study) -> dict[str, BaseDistribution]:
    """Return the study's distributions narrowed to the good region, for a follow-up study.

    Members of the front that lie in the region stay inside. Kinds, log scales and steps are kept.

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
    found = _explained(known)[1].rules
    return {name: _narrowed(d, found.get(name)) for name, d in known.search_space.items()}


def _explained(known: Knowledge) -> tuple[rules.Explanation, Explanation]:
    rng = np.random.default_rng(0)
    found = rules.explain(rules.good_path(known.path[0]), known.history, rng)
    names = list(known.search_space)
    kept = {names[j]: _rule(known, found.box, j) for j in found.box.conditions()}
    order = sorted(range(len(names)), key=lambda j: -found.importance[j])
    return found, Explanation(
        rules=kept,
        space_share=found.share,
        purity=found.purity,
        coverage=found.coverage,
        front=found.front[0],
        front_size=found.front[1],
        hypervolume_share=found.hypervolume,
        importance={names[j]: float(found.importance[j]) for j in order},
        confidence=found.confidence,
        trials=len(known.trials),
        choices=frozenset(n for n in kept if isinstance(known.space.parameters[n], Categorical)),
    )


def _rule(known: Knowledge, box: rules.Box, j: int) -> tuple[Any, ...]:
    name, distribution = list(known.search_space.items())[j]
    parameter = known.space.parameters[name]
    cells = box.cells[j]
    if cells is not None:
        levels = parameter.levels
        return tuple(parameter.from_unit((np.array(cells) + 0.5) / levels))
    low, high = parameter.from_unit(np.array([box.low[j], box.high[j]]))
    if isinstance(distribution, FloatDistribution) and distribution.step is None:
        # an end that is open is the range's own, not what rounding makes of it
        low = max(_outwards(low, down=True) if box.low[j] > 0 else -math.inf, distribution.low)
        high = min(_outwards(high, down=False) if box.high[j] < 1 else math.inf, distribution.high)
    return low, high


def _outwards(value: float, *, down: bool) -> float:
    """Return a number with few digits, at most or at least the one given."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    rounded = (math.floor if down else math.ceil)(value / unit)
    return float(f"{rounded * unit:.{DIGITS + 1}g}")


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
