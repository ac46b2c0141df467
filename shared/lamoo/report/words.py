"""What was learned of a region, by the names and in the values of the user's parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamoo.report.box import Box
from lamoo.report.regions import RegionReport
from lamoo.space.history import History

#: Significant digits of a bound; it is rounded outwards.
DIGITS = 2
#: Parameters whose importance is printed; a study may have hundreds.
NAMED = 12
#: Choices of one parameter that are printed; there may be thousands.
LISTED = 24


@dataclass(frozen=True)
class Explanation:
    """The good region of a study; printed, it is text.

    Args:
        rules: parameter -> what to keep it in where it exists: ``(low, high)`` or a tuple of
            choices. What is not named is free.
        space_share: how much of the search space keeps the rules.
        purity: how much of that lies in the learned region.
        coverage: how much of the learned region keeps the rules.
        front: how many members of the front keep them.
        front_size: of how many.
        hypervolume_share: of all trials' hypervolume, what those that keep them have.
        importance: parameter -> how much of the region is left when it alone is drawn anew,
            from 0 (it does not matter) to 1, the most important first. Those that do not exist
            where the rules are kept are not among them.
        confidence: cross-validated accuracy of the boundaries that were learned (0.5 is a guess);
            ``None`` if nothing is learned yet.
        trials: with values.
        stopped: trials that were stopped early; what they reported was learned.
        choices: the parameters whose rule is a tuple of choices.
        where: parameter -> where it exists, as rules of the parameters that decide about it; only
            of those that exist in some branches that keep the rules, and not in others.
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
    stopped: int = 0
    choices: frozenset[str] = frozenset()
    where: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as a few lines of text."""
        trials = f"{self.trials} trial" if self.trials == 1 else f"{self.trials} trials"
        if self.confidence is None:
            return (
                f"Nothing is learned yet from {trials}: the good region is "
                f"the whole search space.{self._stopped()}"
            )
        always = "; ".join(self._rule(name) for name in self.rules if name not in self.where)
        nothing = "by branch" if self.rules else "no rule in single parameters describes it"
        branches = "".join(
            f"\n  where {where}: {'; '.join(map(self._rule, names))}"
            for where, names in self._branches().items()
        )
        share = f"{self.space_share:.2%}" if self.space_share >= 1e-4 else f"{self.space_share:.1e}"
        return (
            f"Good region: {always or nothing}{branches}\n"
            f"  {share} of the search space; {self.front} of {self.front_size} "
            f"members of the front, {self.hypervolume_share:.1%} of the hypervolume "
            f"({trials})\n"
            f"  the rules hold {self.coverage:.0%} of the learned region, and "
            f"{self.purity:.0%} of what they hold is in it\n"
            f"  boundaries are right about {self.confidence:.0%} of trials left out\n"
            f"  a new value alone leads out of the region: {self._matter()}"
            f"{self._stopped()}"
        )

    __repr__ = __str__

    def _matter(self) -> str:
        """Return which parameters matter, and how much."""
        all_ = [*self.importance.items()]
        # one that is left out alone would be shorter than the words about it
        first = all_ if len(all_) <= NAMED + 1 else all_[:NAMED]
        named = ", ".join(f"{name} {value:.0%}" for name, value in first)
        if len(first) == len(all_):
            return named
        return f"{named}, {len(all_) - NAMED} others at most {all_[NAMED][1]:.0%} each"

    def _stopped(self) -> str:
        """Return a line about trials that were stopped early, nothing without any."""
        if not self.stopped:
            return ""
        were = "trial was" if self.stopped == 1 else "trials were"
        return f"\n  {self.stopped} more {were} stopped early, and learned from"

    def _branches(self) -> dict[str, list[str]]:
        """Return the parameters that have rules in some branches, by where they exist."""
        found: dict[str, list[str]] = {}
        for name in self.rules:
            if name in self.where:
                where = where_in_words(self.where[name], self.choices)
                found.setdefault(where, []).append(name)
        return found

    def _rule(self, name: str) -> str:
        rule = self.rules[name]
        if name in self.choices:
            return f"{name} in {_set(rule)}"
        low, high = rule
        return f"{name} in [{low:g}, {high:g}]"


def choice(value: object) -> str:
    """Return a choice in words: a text that reads like a choice of another type is quoted.

    Example:
        >>> ", ".join(map(choice, [0, "0", None, "None", "adam"]))
        "0, '0', None, 'None', adam"
    """
    return repr(value) if isinstance(value, str) and _like_another(value) else str(value)


def _set(choices: Sequence[object]) -> str:
    """Return choices in words, the first of them where there are very many."""
    first = choices if len(choices) <= LISTED + 1 else choices[:LISTED]
    more = "" if first is choices else f", and {len(choices) - LISTED} more"
    return f"{{{', '.join(map(choice, first))}{more}}}"


def _like_another(text: str) -> bool:
    """Tell whether a text reads like a number, a truth value, or ``None``."""
    if text in ("None", "True", "False"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def where_in_words(where: Mapping[str, tuple[Any, ...]], choices: Collection[str]) -> str:
    """Return where a parameter exists in words, ``"model = svm, layers in [2, 4]"``.

    Args:
        where: rules of the parameters that decide about it.
        choices: the parameters that have choices.
    """
    return ", ".join(_condition(name, rule, name in choices) for name, rule in where.items())


def _condition(name: str, rule: tuple[Any, ...], choices: bool) -> str:  # noqa: FBT001
    first, *others = rule
    if not others or (not choices and others == [first]):
        return f"{name} = {choice(first)}"
    if choices:
        return f"{name} in {_set(rule)}"
    return f"{name} in [{first:g}, {others[0]:g}]"


def in_words(
    found: RegionReport,
    names: Sequence[str],
    rule: Callable[[Box, int], tuple[Any, ...]],
    choices: Collection[str],
    history: History,
) -> Explanation:
    """Return what was found, by the names and in the values of the user.

    Args:
        found: in the unit cube.
        names: of its columns, ``d``.
        rule: returns what a column is to be kept in by a box that has a condition for it.
        choices: the parameters that have choices.
        history: what it was learned from.
    """
    kept = _rules(found.box, names, rule)
    where = {names[j]: _rules(box, names, rule) for j, box in found.existence.where.items()}
    present = np.flatnonzero(~found.existence.absent).tolist()
    order = sorted(present, key=lambda j: -found.importance[j])
    named = {*kept, *(name for rules in where.values() for name in rules)}
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
        trials=history.n,
        stopped=len(history.stopped),
        choices=frozenset(choices) & named,
        where=where,
    )


def _rules(
    box: Box, names: Sequence[str], rule: Callable[[Box, int], tuple[Any, ...]]
) -> dict[str, tuple[Any, ...]]:
    return {names[j]: rule(box, j) for j in box.conditions()}


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
