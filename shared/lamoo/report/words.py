"""What was learned of a region, by the names and in the values of the user's parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamoo.report.boxes import Box, RegionReport

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
        choices: the parameters whose rule is a tuple of choices.
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


def in_words(
    found: RegionReport,
    names: Sequence[str],
    rule: Callable[[int], tuple[Any, ...]],
    choices: Collection[str],
    trials: int,
) -> Explanation:
    """Return what was found, by the names and in the values of the user.

    Args:
        found: in the unit cube.
        names: of its columns, ``d``.
        rule: returns what a column that has a condition is to be kept in.
        choices: the parameters that have choices.
        trials: with values.
    """
    kept = {names[j]: rule(j) for j in found.box.conditions()}
    order = sorted(range(len(names)), key=lambda j: -found.importance[j])
    return Explanation(
        rules=kept,
        space_share=found.share,
        purity=found.purity,
        coverage=found.coverage,
        front=found.front[0],
        front_size=found.front[1],
        hypervolume_share=found.hypervolume,
        importance={names[j]: float(found.importance[j]) for j in order},
        confidence=found.confidence,
        trials=trials,
        choices=frozenset(kept) & frozenset(choices),
    )


def rounded_range(
    box: Box, column: int, ends: tuple[float, float], bounds: tuple[float, float]
) -> tuple[float, float]:
    """Return the range of a continuous parameter, with few digits, rounded outwards.

    Args:
        box: the rules.
        column: of the parameter.
        ends: of its range in the box.
        bounds: of its whole range. An end that is open is that range's own, not what rounding makes
            of it.
    """
    low = _outwards(ends[0], down=True) if box.low[column] > 0 else -math.inf
    high = _outwards(ends[1], down=False) if box.high[column] < 1 else math.inf
    return max(low, bounds[0]), min(high, bounds[1])


def _outwards(value: float, *, down: bool) -> float:
    """Return a number with few digits, at most or at least the one given."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    rounded = (math.floor if down else math.ceil)(value / unit)
    return float(f"{rounded * unit:.{DIGITS + 1}g}")
