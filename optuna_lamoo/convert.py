"""Between Optuna's trials and the engine's arrays. No maths lives here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, groupby
from numbers import Real
from threading import Lock
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, PartialFixedSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo import Categorical, Float, History, Integer, Space
from lamoo.arrays import Floats, Ints
from lamoo.space import ENUMERABLE, Parameter

#: The system attribute in which a running trial notes what it was given, so that other workers
#: see it as pending before its parameters are suggested one by one. JSON as text, which tables of
#: trials can compare: name -> Optuna's internal representation. A long note goes on in attributes
#: with this and a number for a name. Earlier versions left the mapping itself.
NOTE = "lamoo:proposal"
#: How many characters of JSON a storage takes for one attribute: MySQL has room for 65,535.
ROOM = 60_000
#: A parameter with more ranges has not one per branch: they follow from other parameters' values.
#: So they do, from a few on, if more than every other trial has a new one.
BRANCHES, FEW = 16, 4
#: How often a parameter must return to a range that it left, or how few trials it must have been
#: elsewhere: somebody may change a program, run some trials, and change it back.
RETURNS, BRIEF = 2, 5
_ENQUEUED = "fixed_params"  # where Optuna keeps the parameters of an enqueued trial
_CONSTRAINTS = "constraints"  # where Optuna before 5.0 keeps constraint values


def parameter(distribution: BaseDistribution) -> Parameter:
    """Return the engine's parameter for a distribution.

    Choices that Optuna takes for equal (``True`` and ``1``) become one, see :func:`merged`.

    Raises:
        NotImplementedError: for a kind of distribution that Optuna 5.0 does not have.
    """
    match distribution:
        case FloatDistribution():
            step, log = distribution.step, distribution.log
            return Float(distribution.low, distribution.high, log=log, step=step)
        case IntDistribution():
            step, log = distribution.step, distribution.log
            return Integer(distribution.low, distribution.high, log=log, step=step)
        case CategoricalDistribution():
            firsts = _firsts(distribution)
            return Categorical(tuple(distribution.choices[i] for i in dict.fromkeys(firsts)))
        case _:
            msg = f"LaMOOSampler does not know the distribution {distribution!r}"
            raise NotImplementedError(msg)


def _firsts(distribution: CategoricalDistribution) -> list[int]:
    """Return for each choice the index of the first one that Optuna takes for equal."""
    choices = distribution.choices
    try:  # hashes find in one step what Optuna looks for among all the choices
        first: dict[Any, int] = {}
        found = [first.setdefault(choice, i) for i, choice in enumerate(choices)]
    except TypeError:  # a list, say, has none
        found = [-1] * len(choices)
    for i, choice in enumerate(choices):
        if found[i] < 0 or choice != choice:  # noqa: PLR0124  NaN, equal to itself in Optuna only
            found[i] = int(distribution.to_internal_repr(choice))
    return found


def merged(distribution: BaseDistribution) -> list[tuple[Any, Any]]:
    """Return choices that are never tried, and for each the one that Optuna takes for equal.

    Python says ``True == 1 == 1.0``, and Optuna stores of equal choices the first. A sampler could
    still hand out the second; the study would then say that the first was evaluated.
    """
    if not isinstance(distribution, CategoricalDistribution):
        return []
    choices, firsts = distribution.choices, _firsts(distribution)
    return [(choices[i], choices[k]) for i, k in enumerate(firsts) if i != k]


def constants(
    trials: Sequence[FrozenTrial], branched: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the parameters that leave no choice, which :func:`union` leaves out.

    Of one that has a range per branch that may be so in some branch.
    """
    latest = _latest(trials)
    for trial in trials if branched else ():
        for name in branched & trial.distributions.keys():
            if trial.distributions[name].single():
                latest[name] = trial.distributions[name]
    single = {name: parameter(d) for name, d in latest.items() if d.single()}
    middle = np.array([0.5])
    return {name: p.from_unit(p.snap(middle))[0] for name, p in single.items()}


def to_space(
    distributions: Mapping[str, BaseDistribution], fixed: Mapping[str, Any] | None = None
) -> Space:
    """Return the engine's space, with those of the given values held fixed that it can take."""
    parameters = {name: parameter(d) for name, d in distributions.items()}
    return Space(parameters, possible(fixed or {}, distributions))


def possible(
    params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the parameters that have a distribution and a value that Optuna could store.

    One that has a range per branch is in all columns whose ranges hold the value.

    Nobody checks an enqueued trial before it runs, but other workers already see it.
    """
    return {
        name: value
        for name, value in placed(params, distributions).items()
        if name in distributions and _storable(value, distributions[name])
    }


def _storable(value: object, distribution: BaseDistribution) -> bool:
    try:
        return bool(np.isfinite(float(distribution.to_internal_repr(value))))
    except (TypeError, ValueError, OverflowError):
        return False


# ---- Parameters that have a range per branch ----------------------------------------------------


def column(name: str, distribution: BaseDistribution) -> str:
    """Return what one of several ranges of a parameter is called, ``"lr@[0.001, 1.0]"``.

    A program may ask for a number in a range that depends on what it got before. Then each range
    is a parameter of its own to the engine, which learns when it is active.
    """
    return name + _suffix(distribution)


def _suffix(distribution: BaseDistribution) -> str:
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        return ""
    step = "" if distribution.step in (None, 1) else f", step {distribution.step}"
    return f"@[{distribution.low}, {distribution.high}{step}]"


#: The column of a parameter whose ranges follow from other parameters' values: where in its own
#: range it is.
SHARE = FloatDistribution(0.0, 1.0)


def share(name: str) -> str:
    """Return what the column of a parameter is called whose ranges follow from other values.

    ``y`` between ``x`` and 1, say: where in its range it is means more than its value, and tells
    what to answer whatever the range.
    """
    return f"{name}@share"


def asked(trial: FrozenTrial, name: str, distribution: BaseDistribution) -> Any:
    """Return what was proposed for a range of a parameter that has others, ``None`` if nothing."""
    found = proposal(trial, {column(name, distribution): distribution, share(name): SHARE})
    if share(name) in found:
        own, u = parameter(distribution), np.array([found[share(name)]])
        return own.from_unit(own.snap(u))[0]
    return found.get(column(name, distribution))


def named(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the values of columns by the names that the user knows."""
    return {c.removesuffix(_suffix(search_space[c])): value for c, value in params.items()}


def branches(search_space: Mapping[str, BaseDistribution]) -> dict[str, list[str]]:
    """Return the columns of each parameter that has a range per branch, by its name."""
    found: dict[str, list[str]] = {}
    for c, distribution in search_space.items():
        if c.endswith("]") and c.endswith(suffix := _suffix(distribution)) and suffix:
            found.setdefault(c.removesuffix(suffix), []).append(c)
    return found


def placed(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> Mapping[str, Any]:
    """Return parameters of which only values are known in all columns whose ranges hold those."""
    if params.keys() <= search_space.keys():
        return params
    found = dict(params)
    for name, columns in branches(search_space).items():
        if name in params:
            found |= {c: params[name] for c in columns if _within(params[name], search_space[c])}
    return found


def _within(value: object, distribution: BaseDistribution) -> bool:
    """Tell whether a value lies in a range."""
    if not _storable(value, distribution):
        return False
    return distribution._contains(distribution.to_internal_repr(value))  # noqa: SLF001 - as Optuna asks


def answers(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> Mapping[str, Any]:
    """Return what a trial has in each column."""
    if trial.params.keys() <= search_space.keys():
        return trial.params
    found: dict[str, Any] = {}
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if name in search_space:
            found[name] = value
        elif share(name) in search_space:
            found[share(name)] = float(parameter(distribution).to_unit([value])[0])
        else:
            found[column(name, distribution)] = value
    return found


# ---- The space that trials show -----------------------------------------------------------------


def countable(distributions: Mapping[str, BaseDistribution]) -> bool:
    """Tell whether there are so few configurations that two trials may well draw the same."""
    size = 1.0
    for distribution in [*distributions.values()][::-1]:
        size *= 1.0 if distribution.single() else parameter(distribution).levels
        if size > ENUMERABLE:
            return False
    return True


def held(sampler: BaseSampler) -> dict[str, Any]:
    """Return the parameters that ``PartialFixedSampler`` holds, if that is the study's sampler."""
    if not isinstance(sampler, PartialFixedSampler):
        return {}
    return dict(sampler._fixed_params)  # noqa: SLF001 - Optuna has no other way to ask


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
class News:
    """What trials say that was not known.

    Args:
        anew: whether what was remembered is void, since trials are gone.
        finished: trials that have finished since.
        rows: when each finished trial was first read, in the order of the trials.
        unfinished: the others.
    """

    anew: bool
    finished: list[FrozenTrial]
    rows: Ints
    unfinished: list[FrozenTrial]


class Head:
    """Remembers the leading trials that are finished, so that they need not be looked at again.

    That only saves time, as for :class:`Finished`: lists that begin with the same objects compare
    in no time.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._trials: list[FrozenTrial] = []

    def known(self, trials: Sequence[FrozenTrial]) -> int:
        """Return how many leading trials are those remembered: all of them, or none."""
        mine = self._trials
        k = len(mine)
        # the last one first: a storage that makes its trials anew would have them all compared
        same = 0 < k <= len(trials) and trials[k - 1] is mine[-1] and trials[:k] == mine
        return k if same else 0

    def finished(self, trials: Sequence[FrozenTrial]) -> int:
        """Return how many leading trials are finished, and remember them."""
        k = known = self.known(trials)
        while k < len(trials) and trials[k].state.is_finished():
            k += 1
        if k > known or not known:
            self._trials = [*trials[:k]]
        return k


class Finished:
    """Tells which finished trials are new. What it remembers of the others need not be read again.

    That only saves time (at 20,000 trials most of what a cheap proposal costs), and only with
    storages that hand out the same objects again, as all of Optuna's do.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._rows: dict[int, int] = {}
        self._trials: list[FrozenTrial] = []
        self._head, self._head_rows = Head(), np.empty(0, dtype=np.intp)

    def read(self, trials: Sequence[FrozenTrial]) -> News:
        """Return what is new, and remember it."""
        k = self._head.known(trials)
        # one look at each trial: thousands of them are not in the processor's cache
        rows = [self._rows.get(id(trial), -1) for trial in trials[k:]]
        anew = k + len(rows) - rows.count(-1) < len(self._rows)
        if anew:
            self._rows, self._trials, rows, k = {}, [], [-1] * len(trials), 0
        tail = trials[k:]
        finished, unfinished = [], []
        for j in [j for j, row in enumerate(rows) if row < 0]:
            if not tail[j].state.is_finished():
                unfinished.append(tail[j])
                continue
            finished.append(tail[j])
            rows[j] = self._rows[id(tail[j])] = len(self._rows)
        self._trials += finished  # kept, so that no other object can have their identity
        places = np.concatenate([self._head_rows[:k], np.array(rows, dtype=np.intp)])
        self._head_rows = places[: self._head.finished(trials)]
        return News(anew, finished, places[places >= 0], unfinished)


class Ranges:
    """Knows every parameter that any trial had, like :func:`union`, and remembers finished ones."""

    def __init__(self) -> None:
        """Start without memories."""
        self._finished = Finished()
        self._seen = _Seen({})
        self._certain: frozenset[str] = frozenset()
        self._lock = Lock()

    def union(
        self, trials: Sequence[FrozenTrial], *, shares: bool = True
    ) -> dict[str, BaseDistribution]:
        """Return what :func:`union` does, but other columns for parameters of several ranges.

        Those are called as :func:`column` and :func:`share` say.

        Args:
            trials: of one study.
            shares: whether there are columns of shares, or the latest range stands for all of
                those.
        """
        seen = self._read(trials)
        found: dict[str, BaseDistribution] = {}
        for name, ranges in seen.ranges.items():
            if name in seen.branched:
                found |= {column(name, r.distribution): r.distribution for r in ranges}
            elif shares and name in seen.following:
                found[share(name)] = SHARE
            else:
                found[name] = max(ranges, key=lambda r: r.last).distribution
        return {name: found[name] for name in sorted(found) if not found[name].single()}

    def following(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters whose ranges follow from other parameters' values."""
        return self._read(trials).following

    def branched(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters that have a range per branch."""
        return self._read(trials).branched

    def moved(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters whose range changed while the study went on."""
        seen = self._read(trials)
        return frozenset(n for n, r in seen.ranges.items() if len(r) > 1) - seen.branched

    def _read(self, trials: Sequence[FrozenTrial]) -> _Seen:
        with self._lock:
            news = self._finished.read(trials)
            if news.anew:
                self._seen, self._certain = _Seen({}), frozenset()
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


@dataclass(frozen=True)
class _Range:
    """A range that a parameter had.

    Args:
        distribution: its bounds.
        first: the number of the first trial that had it.
        last: the number of the last one.
    """

    distribution: BaseDistribution
    first: int
    last: int

    def at(self, number: int) -> _Range:
        """Return the same with one more trial."""
        return replace(self, first=min(self.first, number), last=max(self.last, number))


@dataclass(frozen=True)
class _Seen:
    """What trials say of parameters.

    Args:
        ranges: those that each had; mostly it is one.
        branched: the parameters that have a range per branch.
    """

    ranges: Mapping[str, tuple[_Range, ...]]
    branched: frozenset[str] = frozenset()

    def after(self, trials: Sequence[FrozenTrial]) -> _Seen:
        """Return the same with more trials."""
        if not trials:
            return self
        ranges = dict(self.ranges)
        for trial in trials:
            for name, distribution in trial.distributions.items():
                known = ranges.get(name, ())
                k = next((k for k, r in enumerate(known) if r.distribution == distribution), None)
                if k is None:
                    ranges[name] = (*known, _Range(distribution, trial.number, trial.number))
                elif not known[k].first <= trial.number <= known[k].last:
                    ranges[name] = (*known[:k], known[k].at(trial.number), *known[k + 1 :])
        return _Seen(ranges)

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


def _span(ranges: Sequence[_Range]) -> int:
    """Return from how many trials ranges are, at most."""
    return max(r.last for r in ranges) - min(r.first for r in ranges) + 1


class Reader:
    """Reads histories from trials, and remembers the finished ones, which do not change any more.

    One thread at a time.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._finished = Finished()
        self._columns: list[tuple[str, BaseDistribution]] = []

    def history(
        self,
        search_space: Mapping[str, BaseDistribution],
        trials: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
    ) -> History:
        """Return what the trials say, with all objectives turned to minimisation.

        Pruned and failed trials have no objective values; their points are only never proposed
        again.
        """
        columns = list(search_space.items())  # their order counts
        if self._columns != columns:
            self._columns, self._finished = columns, Finished()
        news = self._finished.read(trials)
        self._remember(search_space, news, len(directions))
        complete = ~np.isnan(self._values[news.rows]).any(axis=1)
        told, lost = news.rows[complete], news.rows[~complete]
        return History(
            X=self._X[told],
            Y=signs(directions) * self._values[told],
            G=self._G[told],
            pending=to_points(search_space, news.unfinished),
            failed=_somewhere(self._X[lost]),
        )

    def _remember(self, search_space: Mapping[str, BaseDistribution], news: News, m: int) -> None:
        new = news.finished
        if len(new) == len(news.rows):  # nothing was known before
            self._X, self._values = np.empty((0, len(search_space))), np.empty((0, m))
            self._names: list[str] = []
            self._G = np.empty((0, 0))
        values = [_values(trial) or [np.nan] * m for trial in new]
        self._values = np.concatenate([self._values, np.array(values).reshape(len(new), m)])
        X = to_space(search_space).encode([answers(t, search_space) for t in new])
        self._X = np.concatenate([self._X, X])
        self._G = self._with_columns([constraints(t) if _values(t) else {} for t in new])

    def _with_columns(self, reported: Sequence[Mapping[str, float]]) -> Floats:
        """Return the constraint values of all trials, one column per constraint, sorted by name.

        NaN where a trial does not report one.
        """
        names = sorted({*self._names, *(name for row in reported for name in row)})
        G = np.full((len(self._G) + len(reported), len(names)), np.nan)
        G[: len(self._G), [names.index(name) for name in self._names]] = self._G
        for i, row in enumerate(reported, len(self._G)):
            G[i, [names.index(name) for name in row]] = [*row.values()]
        self._names = names
        return G


def _values(trial: FrozenTrial) -> list[float] | None:
    """Return the objective values of a complete trial."""
    return trial.values if trial.state == TrialState.COMPLETE else None


def to_points(
    search_space: Mapping[str, BaseDistribution], trials: Sequence[FrozenTrial]
) -> Floats:
    """Return where trials are, or will be as far as is known, one row for each that is anywhere.

    What a trial has goes before what the user enqueued for it, and that before its note.
    """
    known = [
        answers(trial, search_space)
        if trial.state.is_finished()
        else proposal(trial, search_space)
        | enqueued(trial, search_space)
        | dict(answers(trial, search_space))
        for trial in trials
    ]
    return _somewhere(to_space(search_space).encode(known))


def _somewhere(X: Floats) -> Floats:
    """Return the points (n, d) that have any parameter."""
    return X[~np.isnan(X).all(axis=1)]


def places(study: Study, keys: Iterable[int | str], argument: str) -> dict[int | str, int]:
    """Return index or metric name -> index of each objective, names only if a key is one.

    A study under Hyperband does not tell its metric names.

    Raises:
        ValueError: if a key is a name and the study has none; it names the argument.
    """
    found: dict[int | str, int] = {j: j for j in range(len(study.directions))}
    named = [key for key in keys if isinstance(key, str)]
    if not named:
        return found
    if study.metric_names is None:
        msg = (
            f"{argument} names {named}, but the study's objectives have no names: call "
            f"study.set_metric_names([...]) first, or use indices, {list(found)}"
        )
        raise ValueError(msg)
    return found | {name: j for j, name in enumerate(study.metric_names)}


def signs(directions: Sequence[StudyDirection]) -> Floats:
    """Return 1 for each objective to minimise and -1 for each to maximise."""
    return np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in directions])


def constraints(trial: FrozenTrial) -> dict[str, float]:
    """Return a trial's constraint values by name, also those that Optuna before 5.0 wrote."""
    recorded: Any = getattr(trial, "constraints", None)
    if not recorded:
        values = trial.system_attrs.get(_CONSTRAINTS)
        recorded = dict(enumerate(values)) if isinstance(values, list | tuple) else {}
    return {str(name): float(value) for name, value in recorded.items() if isinstance(value, Real)}


def constraint_note(g: Floats) -> dict[str, list[float]]:
    """Return constraint values (c,) as all versions of Optuna read them from a trial."""
    return {_CONSTRAINTS: np.nan_to_num(g).tolist()} if len(g) else {}


def enqueued(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that the user fixed for a trial, nothing if he did not."""
    return possible(_mapping(trial, _ENQUEUED), search_space)


def _mapping(trial: FrozenTrial, key: str) -> Mapping[str, Any]:
    """Return a system attribute, empty if it is none: anybody may have written into a storage."""
    found = trial.system_attrs.get(key)
    return found if isinstance(found, Mapping) else {}


def note(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, float]:
    """Return what a running trial notes about its proposal."""
    return {name: search_space[name].to_internal_repr(value) for name, value in params.items()}


def proposal(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that a running trial was given, nothing if it has no note.

    What is not among the values that Optuna could have stored is left out.
    """
    found, columns = {}, branches(search_space)
    for name, value in noted(trial).items():
        distribution = search_space.get(columns.get(name, [name])[0])
        if distribution is not None:
            with contextlib.suppress(TypeError, ValueError, LookupError, OverflowError):
                found[name] = distribution.to_external_repr(value)
    return possible(found, search_space)


def given(trial: FrozenTrial) -> dict[str, Any]:
    """Return all that a trial was given, as far as is known: by its note, and what it has."""
    found = noted(trial)
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if not found.keys() & {name, column(name, distribution), share(name)}:
            found[name] = distribution.to_internal_repr(value)
    return found


def noted(trial: FrozenTrial) -> dict[str, Any]:
    """Return a trial's note as it stands in the storage."""
    found: dict[str, Any] = {}
    for part in written(trial).values():
        found |= _parsed(part)
    return found


def written(trial: FrozenTrial) -> dict[str, Any]:
    """Return the attributes that a trial's note stands in, whatever they hold."""
    return {key: part for key, part in trial.system_attrs.items() if key.startswith(NOTE)}


def _parsed(part: object) -> Mapping[str, Any]:
    """Return what an attribute says, nothing if it says nothing."""
    if isinstance(part, str):
        # nested too deeply, too, as somebody might have it
        with contextlib.suppress(ValueError, RecursionError):
            part = json.loads(part)
    return part if isinstance(part, Mapping) else {}


def attributes(note: Mapping[str, float], keys: Iterable[str] = ()) -> dict[str, str]:
    """Return the attributes that a note is written into, each within :data:`ROOM`.

    Args:
        note: name -> Optuna's internal representation.
        keys: attributes that are there; what is not needed any more is emptied.
    """
    parts: list[list[str]] = [[]]
    room = ROOM
    for name, value in note.items():
        item = f"{json.dumps(name)}: {json.dumps(value)}"
        length = len(json.dumps(item))  # as text in JSON: quotes, too, take two characters
        if parts[-1] and length > room:
            parts.append([])
            room = ROOM
        parts[-1].append(item)
        room -= length
    texts = {f"{NOTE}:{k}" if k else NOTE: f"{{{', '.join(part)}}}" for k, part in enumerate(parts)}
    return dict.fromkeys(keys, "{}") | texts
