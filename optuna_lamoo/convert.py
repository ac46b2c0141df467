"""Between Optuna's trials and the engine's arrays. No maths lives here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo import Categorical, Float, History, Integer, Space
from lamoo.arrays import Floats
from lamoo.space import Parameter

#: The system attribute in which a running trial notes what it was given, so that other workers
#: see it as pending before its parameters are suggested one by one. JSON: name -> Optuna's
#: internal representation.
NOTE = "lamoo:proposal"
_ENQUEUED = "fixed_params"  # where Optuna keeps the parameters of an enqueued trial
_CONSTRAINTS = "constraints"  # where Optuna before 5.0 keeps constraint values


def parameter(distribution: BaseDistribution) -> Parameter:
    """Return the engine's parameter for a distribution.

    Choices that Optuna takes for equal (``True`` and ``1``) become one: it stores both as the
    first of them.

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
            choices = distribution.choices
            stored = {distribution.to_internal_repr(choice) for choice in choices}
            return Categorical(tuple(choices[int(i)] for i in sorted(stored)))
        case _:
            msg = f"LaMOOSampler does not know the distribution {distribution!r}"
            raise NotImplementedError(msg)


def constants(trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Return the parameters that leave no choice, which :func:`union` leaves out."""
    single = {name: parameter(d) for name, d in _latest(trials).items() if d.single()}
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

    Nobody checks an enqueued trial before it runs, but other workers already see it.
    """
    return {
        name: value
        for name, value in params.items()
        if name in distributions and _storable(value, distributions[name])
    }


def _storable(value: object, distribution: BaseDistribution) -> bool:
    try:
        return bool(np.isfinite(distribution.to_internal_repr(value)))
    except (TypeError, ValueError):
        return False


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
class Row:
    """What one finished trial says.

    Args:
        trial: whose row it is; kept, so that no other object can have its identity.
        x: its point, shape ``(d,)``.
        constraints: constraint values by name.
    """

    trial: FrozenTrial
    x: Floats
    constraints: Mapping[str, float]


class Reader:
    """Reads histories from trials, and remembers the finished ones, which do not change any more.

    That only saves time (at 1,000 trials half of what a cheap proposal costs), and only with
    storages that hand out the same objects again; all of Optuna's but the journal do.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._columns: list[tuple[str, BaseDistribution]] = []
        self._rows: dict[int, Row] = {}

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
        finished = [trial for trial in trials if trial.state.is_finished()]
        self._remember(search_space, finished)
        complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
        rows = [self._rows[id(trial)] for trial in complete]
        failed = [self._rows[id(t)].x for t in finished if t.state != TrialState.COMPLETE]
        values = np.array([trial.values for trial in complete], dtype=float)
        return History(
            X=np.array([row.x for row in rows]).reshape(len(rows), len(search_space)),
            Y=signs(directions) * values.reshape(-1, len(directions)),
            G=_constraint_matrix([row.constraints for row in rows]),
            pending=to_points(search_space, [t for t in trials if not t.state.is_finished()]),
            failed=_somewhere(np.array(failed).reshape(len(failed), len(search_space))),
        )

    def _remember(
        self, search_space: Mapping[str, BaseDistribution], finished: Sequence[FrozenTrial]
    ) -> None:
        columns = list(search_space.items())  # their order counts
        if self._columns != columns:
            self._columns, self._rows = columns, {}
        new = [trial for trial in finished if id(trial) not in self._rows]
        X = to_space(search_space).encode([trial.params for trial in new])
        fresh = {id(t): Row(t, x, constraints(t)) for t, x in zip(new, X, strict=True)}
        # those of trials that are gone are forgotten
        self._rows = {id(t): self._rows.get(id(t)) or fresh[id(t)] for t in finished}


def to_points(
    search_space: Mapping[str, BaseDistribution], trials: Sequence[FrozenTrial]
) -> Floats:
    """Return where trials are, or will be as far as is known, one row for each that is anywhere.

    What a trial has goes before what the user enqueued for it, and that before its note.
    """
    known = [
        trial.params
        if trial.state.is_finished()
        else {**proposal(trial, search_space), **enqueued(trial, search_space), **trial.params}
        for trial in trials
    ]
    return _somewhere(to_space(search_space).encode(known))


def _somewhere(X: Floats) -> Floats:
    """Return the points (n, d) that have any parameter."""
    return X[~np.isnan(X).all(axis=1)]


def places(study: Study, keys: Iterable[int | str]) -> dict[int | str, int]:
    """Return index or metric name -> index of each objective, names only if a key is one.

    A study under Hyperband does not tell its metric names.
    """
    named = any(isinstance(key, str) for key in keys)
    names = (study.metric_names or []) if named else []
    found: dict[int | str, int] = {j: j for j in range(len(study.directions))}
    return found | {name: j for j, name in enumerate(names)}


def signs(directions: Sequence[StudyDirection]) -> Floats:
    """Return 1 for each objective to minimise and -1 for each to maximise."""
    return np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in directions])


def _constraint_matrix(rows: Sequence[Mapping[str, float]]) -> Floats:
    """Return one column per constraint name, NaN where a trial does not report it."""
    names = sorted({name for row in rows for name in row})
    return np.array([[row.get(name, np.nan) for name in names] for row in rows], dtype=float)


def constraints(trial: FrozenTrial) -> dict[str, float]:
    """Return a trial's constraint values by name, also those that Optuna before 5.0 wrote."""
    recorded: Any = getattr(trial, "constraints", None)
    if not recorded:
        recorded = dict(enumerate(trial.system_attrs.get(_CONSTRAINTS) or ()))
    return {str(name): float(value) for name, value in recorded.items()}


def constraint_note(g: Floats) -> dict[str, list[float]]:
    """Return constraint values (c,) as all versions of Optuna read them from a trial."""
    return {_CONSTRAINTS: np.nan_to_num(g).tolist()} if len(g) else {}


def enqueued(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that the user fixed for a trial, nothing if he did not."""
    return possible(trial.system_attrs.get(_ENQUEUED) or {}, search_space)


def note(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, float]:
    """Return what a running trial notes about its proposal."""
    return {name: search_space[name].to_internal_repr(value) for name, value in params.items()}


def proposal(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that a running trial was given, nothing if it has no note."""
    return {
        name: search_space[name].to_external_repr(value)
        for name, value in (trial.system_attrs.get(NOTE) or {}).items()
        if name in search_space
    }
