"""Which running trials are taken for dead: a worker that is killed leaves its trial running."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from optuna_lamoo import convert

#: Seconds that every trial is given, and how many times as long as the longest completed one.
PATIENCE, TIMES = 600.0, 10.0
#: A configuration that so many trials died at is not tried again: it may be what kills them.
DEATHS = 3


def living(
    trials: Sequence[FrozenTrial],
    now: datetime | None,
    stale_after: float | None = None,
    finished: int = 0,
) -> list[FrozenTrial]:
    """Return the trials in their order, without those that run but are taken for dead.

    A trial is dead that has been running for too long. Nothing else can tell: a trial may well
    outlive the process that asked for it. Those at a configuration that :data:`DEATHS` trials died
    at are returned all the same, so it is never free again.

    Args:
        trials: of one study.
        now: by the clock that wrote when trials began, so that clocks need not agree; with
            ``None`` nothing is dead.
        stale_after: how many seconds are too long; ``None`` for :data:`TIMES` times as long as the
            longest completed trial took, and at least :data:`PATIENCE`. Before any has completed
            nobody knows how long trials take, and none is dead.
        finished: how many leading trials are known to be, which need not be looked at.
    """
    if now is None:
        return list(trials)
    least = PATIENCE if stale_after is None else stale_after
    running, complete = TrialState.RUNNING, TrialState.COMPLETE
    stale = [t for t in trials[finished:] if t.state is running and _age(t, now) > least]
    if stale and stale_after is None:
        durations = [t.duration for t in trials if t.state is complete]
        # a trial that was added, and not run, has no duration
        seconds = [d.total_seconds() for d in durations if d]
        longest = max(seconds, default=math.inf)
        stale = [t for t in stale if _age(t, now) > TIMES * longest]
    deaths = Counter(_configuration(trial) for trial in stale)
    dead = {t._trial_id for t in stale if deaths[_configuration(t)] < DEATHS}
    return [t for t in trials if t._trial_id not in dead] if dead else list(trials)


def _age(trial: FrozenTrial, now: datetime) -> float:
    """Return for how many seconds a trial has been running, 0 if nobody wrote when it began."""
    return (now - (trial.datetime_start or now)).total_seconds()


def _configuration(trial: FrozenTrial) -> Hashable:
    """Return what a trial was given, or the trial itself if it died before that.

    As text: whatever stands in the storage, it can be compared.
    """
    given = trial.system_attrs.get(convert.NOTE) or trial.params
    return str(given) if given else trial._trial_id
