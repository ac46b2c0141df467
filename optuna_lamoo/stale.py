"""Which running trials still count: a worker that is killed leaves its trial running.

A guess that a trial is dead is wrong at a price: two workers evaluate the same. A guess that it
lives costs next to nothing while there is something else to try. So without better knowledge
(:class:`Patience`) a trial that has run for very long counts on, and its configuration is free
only where nothing else is left; much later it is forgotten.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime

from optuna.storages._heartbeat import BaseHeartbeat, is_heartbeat_enabled
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_lamoo import notes
from optuna_lamoo.snapshot import Snapshot

#: A configuration that so many trials died at is not tried again: it may be what kills them.
DEATHS = 3


@dataclass(frozen=True)
class Patience:
    """How long a trial may run before it is given up.

    Args:
        least: seconds that every trial is given.
        times: how many times as long as the longest completed one.
        shortest: seconds; what took no longer was told or added, and tells nothing of how long
            trials run.
    """

    least: float
    times: float
    shortest: float = 0.0

    def limit(self, trials: Sequence[FrozenTrial]) -> float:
        """Return how many seconds are too long; without completed trials nobody knows."""
        durations = [t.duration for t in trials if t.state is TrialState.COMPLETE]
        seconds = [d.total_seconds() for d in durations if d]
        longest = max((s for s in seconds if s > self.shortest), default=math.inf)
        return max(self.least, self.times * longest)


#: When a configuration is free again where nothing else is left, and when in any case.
DOUBTED, FORGOTTEN = Patience(600.0, 10.0), Patience(86_400.0, 100.0, shortest=1.0)


def present(
    study: Study,
    trials: Sequence[FrozenTrial],
    at: FrozenTrial,
    stale_after: float | None,
    done: int,
) -> Snapshot:
    """Return which trials of a study count for the trial at hand.

    Where the user says how long trials take, that decides; or else heartbeats, where the storage
    has them; or else :data:`DOUBTED` and :data:`FORGOTTEN`.

    Args:
        study: of the trials.
        trials: all of them.
        at: the trial at hand.
        stale_after: how many seconds are too long, if the user says it.
        done: how many leading trials are known to be finished, which need not be looked at.
    """
    now = at.datetime_start
    if stale_after is not None:
        alive = living(trials, now, stale_after, done)
        return Snapshot(alive, alive, _number(trials, alive, at, stale_after), done)
    if is_heartbeat_enabled(study._storage):
        alive = _beating(study, trials, done)
        return Snapshot(alive, alive, at.number, done)
    certain = living(trials, now, finished=done)
    if len(certain) == len(trials):  # what is not even doubted is not forgotten
        return Snapshot(certain, certain, at.number, done)
    counted = living(trials, now, finished=done, patience=FORGOTTEN)
    return Snapshot(counted, certain, at.number, done)


def living(
    trials: Sequence[FrozenTrial],
    now: datetime | None,
    stale_after: float | None = None,
    finished: int = 0,
    patience: Patience = DOUBTED,
) -> list[FrozenTrial]:
    """Return the trials in their order, without those that have been running for too long.

    Those at a configuration that :data:`DEATHS` trials died at are returned all the same, so it is
    never free again.

    Args:
        trials: of one study.
        now: by the clock that wrote when trials began, so that clocks need not agree; with
            ``None`` nothing is dead.
        stale_after: how many seconds are too long; ``None`` for what the patience says.
        finished: how many leading trials are known to be, which need not be looked at.
        patience: how long trials may run if that is not known.
    """
    if now is None:
        return list(trials)
    least = patience.least if stale_after is None else stale_after
    stale = [t for t in trials[finished:] if _running(t) and _age(t, now) > least]
    if stale and stale_after is None:
        limit = patience.limit(trials)
        stale = [t for t in stale if _age(t, now) > limit]
    return _without(trials, stale)


def _beating(study: Study, trials: Sequence[FrozenTrial], finished: int) -> list[FrozenTrial]:
    """Return the trials without those whose heartbeat has stopped."""
    storage = study._storage
    running = [t for t in trials[finished:] if _running(t)]
    if len(running) <= 1 or not isinstance(storage, BaseHeartbeat):  # only the trial at hand
        return list(trials)
    silent = {*storage._get_stale_trial_ids(study._study_id)}  # noqa: SLF001  the public way fails them
    return _without(trials, [t for t in running if t._trial_id in silent])


def _without(trials: Sequence[FrozenTrial], stale: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials without those of the stale ones that did not die where others did."""
    deaths = Counter(_configuration(trial) for trial in stale)
    dead = {t._trial_id for t in stale if deaths[_configuration(t)] < DEATHS}
    return [t for t in trials if t._trial_id not in dead] if dead else list(trials)


def _number(
    trials: Sequence[FrozenTrial], alive: Sequence[FrozenTrial], at: FrozenTrial, limit: float
) -> int:
    """Return the number of the trial at hand as if the dead had never been.

    What takes the place of a trial that was killed so draws what that one would have drawn. But
    nothing is drawn twice: where another trial, which began before the dead were taken for dead,
    has that number, it is the trial's own.
    """
    if len(alive) == len(trials):
        return at.number
    counted = {t._trial_id for t in alive}
    dead = [t for t in trials if t._trial_id not in counted]
    taken: set[int] = set()
    number = at.number
    first = next(i for i, t in enumerate(trials) if t._trial_id not in counted)
    for trial in alive[first:]:  # those before the first of the dead have their own
        began = trial.datetime_start
        if began is None or trial.number > at.number:
            continue
        gone = sum(t.number < trial.number and _age(t, began) > limit for t in dead)
        number = trial.number if trial.number - gone in taken else trial.number - gone
        taken.add(number)
    return number


def _running(trial: FrozenTrial) -> bool:
    return trial.state is TrialState.RUNNING


def _age(trial: FrozenTrial, now: datetime) -> float:
    """Return for how many seconds a trial has been running, 0 if nobody wrote when it began."""
    return (now - (trial.datetime_start or now)).total_seconds()


def _configuration(trial: FrozenTrial) -> Hashable:
    """Return what a trial was given, or the trial itself if it died before that.

    As text: whatever stands in the storage, it can be compared.
    """
    given = sorted(f"{name}: {value}" for name, value in notes.given(trial).items())
    return str(given) if given else trial._trial_id
