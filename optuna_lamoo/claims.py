"""Points for trials, each a different one: propose, note, look whether another has the same.

A proposal reads the study once. A note must be seen by others, so the study is read again after it
was written: of two workers with the same point at least the later writer sees the other's note.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial

from lamoo import History, Space, Task, exhausted
from lamoo.arrays import Floats, Ints
from lamoo.space.rows import rows_in
from optuna_lamoo import notes, reader
from optuna_lamoo.memory import Head
from optuna_lamoo.snapshot import Snapshot
from optuna_lamoo.stale import present
from optuna_lamoo.view import View

#: How often a worker gives way to another that was just given the same configuration.
MAX_YIELDS = 16
#: Seconds that it waits at most before it tries again: two workers in step would meet for ever.
BACKOFF = 0.02

#: Returns a point (1, d), given the task, the trial's number and how many points were proposed for
#: the trial before.
Propose = Callable[[Task, int, int], Floats]


def generator(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Return a random generator that belongs to one purpose within one trial."""
    return np.random.default_rng((seed, number, purpose))


def as_begun(study: Study) -> list[FrozenTrial]:
    """Return the trials as they were when this thread asked for its trial, as Optuna remembers.

    A study that shows only some of them, as under Hyperband, does not remember.
    """
    if type(study) is not Study:
        return study.get_trials(deepcopy=False)
    return study._get_trials(deepcopy=False, use_cache=True)  # noqa: SLF001 - as Optuna's samplers do


@dataclass(frozen=True)
class Begun:
    """What was read when a proposal began.

    Args:
        storage: of the study.
        trial_id: of the trial at hand.
        written: how many notes there were before.
        others: the other trials that count.
        search_space: of the study, the distributions of all columns.
    """

    storage: BaseStorage
    trial_id: int
    written: int
    others: Snapshot
    search_space: Mapping[str, BaseDistribution]

    def of(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether it was read for this trial."""
        return self.storage is study._storage and self.trial_id == trial._trial_id


class Claims:
    """Finds points for the trials of a sampler. It remembers only what saves time.

    Args:
        view: of the study.
        stale_after: for how many seconds a trial may run, if the user says it.
        seed: of all random choices.
    """

    def __init__(self, view: View, stale_after: float | None, seed: int) -> None:
        """Start without memories."""
        self._view, self._stale_after, self._seed = view, stale_after, seed
        self._head = Head()
        self._turn = threading.RLock()
        self._written = 0  # how many notes all threads wrote
        self._begun = threading.local()

    def snapshot(self, study: Study, trial: FrozenTrial, *, at_once: bool = True) -> Snapshot:
        """Return the trials that count, with the one at hand.

        Args:
            study: theirs.
            trial: the one at hand.
            at_once: whether they are read now, or may be as they were when the trial began. To read
                them takes a storage long.
        """
        trials = study.get_trials(deepcopy=False) if at_once else as_begun(study)
        done = self._head.finished(trials)
        return present(study, trials, trial, self._stale_after, done)

    def begin(self, study: Study, trial: FrozenTrial) -> Begun:
        """Read the other trials that count, and keep them for this thread's next proposal.

        Optuna asks for the search space first and for the parameters right after that.
        """
        written = self._written  # first, since the reading may miss a note written meanwhile
        others = self._others(study, trial)
        search_space = self._view.search_space(others.trials)
        begun = Begun(study._storage, trial._trial_id, written, others, search_space)
        self._begun.latest = begun
        return begun

    def begun(self, study: Study, trial: FrozenTrial) -> Begun:
        """Return what was read when the proposal began, read anew if another thread wrote a note.

        That one had its turn first, and its point counts.
        """
        begun: Begun | None = getattr(self._begun, "latest", None)
        if begun is not None and begun.of(study, trial) and begun.written == self._written:
            return begun
        return self.begin(study, trial)

    def claim(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: Mapping[str, BaseDistribution],
        space: Space,
        propose: Propose,
        *,
        alone: str | None = None,
    ) -> dict[str, Any]:
        """Return the parameters of a point that no other worker has, and note them for the others.

        Threads take turns. Processes write their notes before they read those of others, so of two
        with the same point at least the later writer sees it, and asks for another.

        Args:
            study: whose trials have points already.
            trial: the one to find a point for.
            search_space: the distributions of the parameters to find.
            space: the same for the engine.
            propose: what proposes a point.
            alone: the one parameter that is not fixed, if nothing is known of it beforehand.
        """
        params: dict[str, Any] = {}
        written, again = notes.written(trial), False
        conditional = alone is None  # otherwise conditions, and what is known, are not looked at
        told = partial(self._told, study, search_space, space, whole=conditional)
        with self._turn:
            # one alone is asked for whenever the user's program comes to it, and nothing was begun
            others = self.begun(study, trial).others if conditional else self._others(study, trial)
            self._begun.latest = None
            for attempt in range(MAX_YIELDS):
                before = others.trials
                task = told(before)
                forgetful = conditional and others.doubtful and exhausted(task)
                if forgetful:  # nothing else is left than what may be lost
                    before = others.certain
                    task = told(before)
                x = propose(task, others.number, attempt)
                params = task.space.decode(x)[0]
                wanted = params if alone is None else {alone: params[alone]}
                self._write(study, trial, notes.note(wanted, search_space), written)
                again = bool(task.history.can_retrain(x)[0])
                now = self._others(study, trial)
                after = now.certain if forgetful else now.trials
                rivals = _changed(before[others.done :], after[others.done :])
                points = reader.to_points(search_space, space, rivals) if rivals else x[:0]
                known_now = partial(told, after)
                if not _taken(x, points, task.history, known_now, conditional=conditional):
                    break
                time.sleep(generator(self._seed, trial.number, attempt).uniform(0, BACKOFF))
                others = self._others(study, trial)
            if again and conditional:
                study._storage.set_trial_system_attr(trial._trial_id, notes.AGAIN, True)  # noqa: FBT003
        return params

    def _told(
        self,
        study: Study,
        search_space: Mapping[str, BaseDistribution],
        space: Space,
        trials: Sequence[FrozenTrial],
        *,
        whole: bool,
    ) -> Task:
        """Return what trials tell for the engine, with ``whole`` also what the user knows."""
        if not whole:
            return Task(space, self._view.history(study, trials, search_space))
        return self._view.task(study, trials, search_space, space)

    def _others(self, study: Study, trial: FrozenTrial) -> Snapshot:
        """Return the other trials that count, as they are now."""
        return self.snapshot(study, trial).without(trial)

    def _write(
        self, study: Study, trial: FrozenTrial, note: Mapping[str, float], written: dict[str, Any]
    ) -> None:
        """Add a note to what a trial has noted already, and to what is known to be written."""
        note = {**notes.noted(trial), **note}
        for key, text in notes.attributes(note, written).items():
            if written.get(key) != text:
                study._storage.set_trial_system_attr(trial._trial_id, key, text)
                written[key] = text
        self._written += 1


def _changed(before: Sequence[FrozenTrial], after: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that were not finished before, and may have changed since."""
    # what is still the same object has not changed since, and is in the history
    known = {*map(id, before)}
    fresh = [t for t in after if id(t) not in known]
    if fresh:
        settled = {t._trial_id for t in before if t.state.is_finished()}
        fresh = [t for t in fresh if t._trial_id not in settled]
    return fresh


def _alike(x: Floats, points: Floats, key: Callable[[Floats], Ints] | None) -> bool:
    """Tell whether a point (1, d) may be one of others (n, d), by what both have or by its key."""
    if not len(points):
        return False
    same = key is not None and np.isin(key(x), key(points)).any()
    return bool(same or rows_in(np.where(np.isnan(x + points), x, points), x).any())


def _taken(
    x: Floats,
    points: Floats,
    before: History,
    now: Callable[[], Task],
    *,
    conditional: bool,
) -> bool:
    """Tell whether others have a point (1, d) since it was proposed, so that another is wanted.

    Args:
        x: the point.
        points: those of others that have changed since, shape ``(n, d)``.
        before: what was known when it was proposed.
        now: returns what is known since its note was written.
        conditional: whether conditions are to be looked at.
    """
    if not _alike(x, points, before.key):
        return False
    # where nothing is untried, two may have the same
    if not (before.can_retrain(x)[0] or len(before.unseen(x))):
        return False
    return not _free(x, before, now(), conditional=conditional)


def _free(x: Floats, before: History, now: Task, *, conditional: bool) -> bool:
    """Tell whether a point (1, d) is still free after others have written or finished something.

    Two points may be one configuration, and conditions tell which: a rival that began before they
    were known has values for branches that it does not enter, and so may the point.

    Args:
        x: the point.
        before: what was known when it was proposed.
        now: what is known since its note was written.
        conditional: whether conditions are to be looked at.
    """
    history = now.history
    if before.can_retrain(x)[0]:
        return bool(history.can_retrain(x)[0])
    if conditional:
        mask = now.domain.activity.mask
        history, x = history.with_running(mask), mask(x)
    repeats = history.repeats(x)[0] and not before.repeats(x)[0]
    return bool(len(history.unseen(x))) and not repeats
