"""The ranges that parameters had: one, several that take turns, or others for every trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, groupby
from threading import Lock

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from optuna_lamoo.columns import SHARE, column, share
from optuna_lamoo.memory import Finished

#: A parameter with more ranges has not one per branch: they follow from other parameters' values.
#: So they do, from a few on, if more than every other trial has a new one.
BRANCHES, FEW = 16, 4
#: How often a parameter must return to a range that it left, or how few trials it must have been
#: elsewhere: somebody may change a program, run some trials, and change it back.
RETURNS, BRIEF = 2, 5
#: Trials since a range changed before it is taken for the one that the next trial will have.
SETTLED = 10


def union(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return every parameter that any trial had, by name, with its latest distribution.

    The union and not the intersection, so that parameters of a branch are searched too; a trial
    that never asks for one of them simply does not take it. Parameters with a single value are
    left out, since there is nothing to choose.
    """
    latest = _latest(trials)
    return {name: latest[name] for name in sorted(latest) if not latest[name].single()}


def _latest(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return the latest distribution of every parameter, by name."""
    latest: dict[str, BaseDistribution] = {}
    for trial in trials:
        latest |= trial.distributions
    return latest


@dataclass(frozen=True)
class Range:
    """A range that a parameter had.

    Args:
        distribution: its bounds.
        first: the number of the first trial that had it.
        last: the number of the last one.
    """

    distribution: BaseDistribution
    first: int
    last: int

    def at(self, number: int) -> Range:
        """Return the same with one more trial."""
        return replace(self, first=min(self.first, number), last=max(self.last, number))


@dataclass(frozen=True)
class Seen:
    """What trials say of parameters.

    Args:
        ranges: those that each had; mostly it is one.
        branched: the parameters that have a range per branch.
    """

    ranges: Mapping[str, tuple[Range, ...]]
    branched: frozenset[str] = frozenset()

    def after(self, trials: Sequence[FrozenTrial]) -> Seen:
        """Return the same with more trials."""
        if not trials:
            return self
        ranges = dict(self.ranges)
        for trial in trials:
            for name, distribution in trial.distributions.items():
                known = ranges.get(name, ())
                k = next((k for k, r in enumerate(known) if r.distribution == distribution), None)
                if k is None:
                    ranges[name] = (*known, Range(distribution, trial.number, trial.number))
                elif not known[k].first <= trial.number <= known[k].last:
                    ranges[name] = (*known[:k], known[k].at(trial.number), *known[k + 1 :])
        return Seen(ranges)

    def union(self, *, shares: bool = True, single: bool = False) -> dict[str, BaseDistribution]:
        """Return what :func:`union` does, but other columns for parameters of several ranges.

        Those are called as :func:`column` and :func:`share` say. A range that was narrowed to a
        single value stays: what was tried with other values was something else.

        Args:
            shares: whether there are columns of shares, or the latest range stands for all of
                those.
            single: whether to return parameters that leave no choice, too.
        """
        found: dict[str, BaseDistribution] = {}
        kept = self.moved
        for name, ranges in self.ranges.items():
            if name in self.branched:
                found |= {column(name, r.distribution): r.distribution for r in ranges}
            elif shares and name in self.following:
                found[share(name)] = SHARE
            else:
                found[name] = max(ranges, key=lambda r: r.last).distribution
        return {
            name: found[name]
            for name in sorted(found)
            if single or name in kept or not found[name].single()
        }

    @property
    def moved(self) -> frozenset[str]:
        """The parameters whose range changed while the study went on."""
        return frozenset(n for n, r in self.ranges.items() if len(r) > 1) - self.branched

    @property
    def unsettled(self) -> frozenset[str]:
        """The parameters whose range changed so recently that it may change again."""
        newest = max((r.last for ranges in self.ranges.values() for r in ranges), default=0)
        left = {name: sorted(r.last for r in self.ranges[name])[-2] for name in self.moved}
        return frozenset(name for name, last in left.items() if newest - last < SETTLED)

    @cached_property
    def returning(self) -> frozenset[str]:
        """The parameters of which a range came back after another.

        One that merely moved, since somebody changed the program, does not.
        """
        return frozenset(
            name
            for name, ranges in self.ranges.items()
            if len(ranges) > 1 and name not in self.following
            if any(a.first < b.last and b.first < a.last for a, b in combinations(ranges, 2))
            and not any(column(name, r.distribution) in self.ranges for r in ranges)
        )

    @cached_property
    def following(self) -> frozenset[str]:
        """The parameters whose ranges follow from other parameters' values."""
        return frozenset(
            name
            for name, ranges in self.ranges.items()
            if len(ranges) >= FEW and share(name) not in self.ranges
            if len(ranges) > min(BRANCHES, _span(ranges) / 2)
        )


def _span(ranges: Sequence[Range]) -> int:
    """Return from how many trials ranges are, at most."""
    return max(r.last for r in ranges) - min(r.first for r in ranges) + 1


class Ranges:
    """Reads the ranges of parameters from trials, and remembers the finished ones."""

    def __init__(self) -> None:
        """Start without memories."""
        self._finished = Finished()
        self._seen = Seen({})
        self._certain: frozenset[str] = frozenset()
        self._lock = Lock()

    def read(self, trials: Sequence[FrozenTrial]) -> Seen:
        """Return what the trials of a study say of parameters."""
        with self._lock, self._finished.read(trials) as news:
            if news.anew:
                self._seen, self._certain = Seen({}), frozenset()
            self._seen = self._seen.after(news.finished)
            seen = self._seen.after(news.unfinished)
            for name in seen.returning - self._certain:
                done = [t for t in trials if t.state.is_finished()]
                if _returns(done, name)[0] >= RETURNS:  # and more trials cannot make it fewer
                    self._certain |= {name}
            unsure = {name: _returns(trials, name) for name in seen.returning - self._certain}
            likely = {name for name, (n, k) in unsure.items() if n >= RETURNS or (n and k < BRIEF)}
            return replace(seen, branched=seen.returning & self._certain | likely)


def _returns(trials: Sequence[FrozenTrial], name: str) -> tuple[int, int]:
    """Return how often a parameter returned to a range that it left, and its shortest time away.

    That is a number of trials.
    """
    having = sorted((t for t in trials if name in t.distributions), key=lambda t: t.number)
    runs = [(d, len([*run])) for d, run in groupby(t.distributions[name] for t in having)]
    away = [length for _, length in runs[1:-1]]
    return len(runs) - len({d for d, _ in runs}), min(away, default=0)
