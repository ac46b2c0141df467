"""A process that works on a study: what the tests of storages and of concurrency run and start.

``python worker.py '{"kind": ..., "path": ..., ...}'`` calls :func:`work` with these arguments, or
:func:`survive` if "kills" is one of them.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import warnings

import optuna
import sqlalchemy
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from lamoo import Partition
from optuna_lamoo import LaMOOSampler, track


def mixed(trial):
    x = trial.suggest_float("x", 0, 1)
    i = trial.suggest_int("i", 1, 64, log=True)
    if trial.suggest_categorical("c", ("one", "two")) == "two":
        return x**2 + i / 64, (x - 1) ** 2 + trial.suggest_float("y", 0, 1)
    return x**2 + 1, (x - 1) ** 2 + 1 / i


def cells(trial):
    """Look up one of 64 architectures."""
    a, b, c = (trial.suggest_categorical(name, (0, 1, 2, 3)) for name in "abc")
    return a + b + c, (a - 2) ** 2 - b * c


def many_cells(trial):
    """Look up one of 1,024 architectures."""
    a, b, c, d, e = (trial.suggest_categorical(name, (0, 1, 2, 3)) for name in "abcde")
    return a + b + c + d * e, (a - 2) ** 2 - b * c + d - e


def training(trial):
    """Train for six epochs what is not stopped before."""
    trial = track(trial)
    x = sum(trial.suggest_float(name, 0, 1) for name in "uvw")
    size = trial.suggest_int("size", 1, 3)
    for epoch in range(1, 7):
        error = x + 1 / size + (1 + x) / epoch
        trial.report([error, size], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return error, size


OBJECTIVES = {"mixed": mixed, "cells": cells, "many_cells": many_cells, "training": training}


def open_storage(kind: str, path: str) -> BaseStorage:
    if kind == "memory":
        return InMemoryStorage()
    if kind == "journal":
        return JournalStorage(JournalFileBackend(path))
    if kind == "journal-kills":  # who is killed keeps the lock, for 30 s unless told otherwise
        lock = JournalFileOpenLock(path, grace_period=15)  # who is slow must keep it too
        return JournalStorage(JournalFileBackend(path, lock_obj=lock))
    beats = {"heartbeat_interval": 1} if kind == "sqlite-heartbeat" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = RDBStorage(
            f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 600}}, **beats
        )
    storage.engine.dispose()  # of the connections that were made before what follows

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def _(connection, record):
        connection.execute("PRAGMA synchronous = OFF")  # no waiting for the disk

    return storage


def work(
    kind: str,
    path: str,
    objective: str,
    solver: str,
    n_trials: int | None,
    stale_after: float | None = None,
    callbacks=(),
) -> optuna.Study:
    """Run some trials of the study in a storage, which is made if it is not there."""
    study = optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=LaMOOSampler(
            seed=5,
            n_startup_trials=4,
            solver=solver,
            partition=Partition(leaf_size=2),
            warn_independent_sampling=False,
            stale_after=stale_after,
        ),
        storage=open_storage(kind, path),
        study_name="study",
        load_if_exists=True,
    )
    study.optimize(OBJECTIVES[objective], n_trials=n_trials, callbacks=callbacks)
    return study


# ---- Workers that are killed ---------------------------------------------------------------------

#: Where a worker can be killed: before it noted what it proposes, and after; before it stored a
#: report, and after; while it evaluates; before it stored the result, and after.
PHASES = ("ask", "note", "report", "reported", "evaluation", "tell", "told")


def survive(total: int, kills: list | int, seed: int = 0, **arguments) -> None:
    """Do :func:`work` until so many trials are complete, in one child after the other.

    Args:
        total: the number of complete trials to end with.
        kills: pairs of a phase and a number of complete trials: a child is killed there. Or how
            many are to be killed at random times, each after it has completed a trial.
        seed: of the random times.
        arguments: of :func:`work`.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    if arguments["kind"].startswith("sqlite"):
        open_storage("sqlite", ":memory:")  # imports what every child would have to
    planned = list(kills) if isinstance(kills, list) else [None] * kills
    while True:
        kill = planned.pop(0) if planned else ()
        heard, tell = os.pipe()
        child = os.fork()
        if child == 0:
            _live(total, kill, tell, arguments)
        os.close(tell)
        if kill is None:
            os.read(heard, 1)  # until it completed a trial, or ended
            time.sleep(rng.uniform(0, 0.2))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(heard)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert not planned, f"not all were killed: {planned}"
            return


def _live(total, kill, tell, arguments) -> None:
    try:
        done = len(completed(arguments["kind"], arguments["path"]))
        if kill:
            _die_in(*kill, done, arguments["kind"])
        enough = MaxTrialsCallback(total, states=(TrialState.COMPLETE,))
        callbacks = [enough, lambda study, trial: os.write(tell, b".")]
        if done < total:
            work(n_trials=None, callbacks=callbacks, **arguments)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def completed(kind: str, path: str) -> list:
    """Return the complete trials of a study, none if there is no study yet."""
    storage = open_storage(kind, path)
    names = [study.study_name for study in optuna.get_all_study_summaries(storage)]
    if "study" not in names:
        return []
    study = optuna.load_study(study_name="study", storage=storage)
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _die_in(phase: str, after: int, done: int, kind: str) -> None:
    """Kill this process in a phase of the trial that follows so many complete ones."""
    complete = [done]

    def die(now: str) -> None:
        if now == phase and complete[0] == after:
            os.kill(os.getpid(), signal.SIGKILL)

    storage = JournalStorage if kind.startswith("journal") else RDBStorage
    note, store = storage.set_trial_system_attr, storage.set_trial_state_values
    report = storage.set_trial_user_attr

    def noting(*args, **kwargs):
        die("ask")
        note(*args, **kwargs)
        die("note")

    def reporting(*args, **kwargs):
        die("report")
        report(*args, **kwargs)
        die("reported")

    def storing(self, trial_id, state, values=None):
        die("tell")
        stored = store(self, trial_id, state, values)
        die("told")
        complete[0] += state == TrialState.COMPLETE
        return stored

    def evaluating(objective):
        def evaluate(trial):
            values = objective(trial)
            die("evaluation")
            return values

        return evaluate

    storage.set_trial_system_attr, storage.set_trial_state_values = noting, storing
    storage.set_trial_user_attr = reporting
    OBJECTIVES.update({name: evaluating(objective) for name, objective in OBJECTIVES.items()})


def start(hash_seed: int = 0, **arguments) -> subprocess.Popen:
    """Start a process that does :func:`work`, or :func:`survive`."""
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-W", "error", __file__, json.dumps(arguments)],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": str(hash_seed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen, patience: float) -> None:
    """Wait for a process, and show what it said if it failed."""
    try:
        said = process.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, said


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = json.loads(sys.argv[1])
    (survive if "kills" in given else work)(**given)
