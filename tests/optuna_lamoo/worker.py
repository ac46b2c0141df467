"""A process that works on a study: what the tests of storages and of concurrency run and start.

``python worker.py '{"kind": ..., "path": ..., ...}'`` calls :func:`work` with these arguments.
"""

import json
import os
import subprocess
import sys

import optuna
import sqlalchemy
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from lamoo import Partition
from optuna_lamoo import LaMOOSampler


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


OBJECTIVES = {"mixed": mixed, "cells": cells}


def open_storage(kind: str, path: str) -> BaseStorage:
    if kind == "memory":
        return InMemoryStorage()
    if kind == "journal":
        return JournalStorage(JournalFileBackend(path))
    storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})
    storage.engine.dispose()  # of the connections that were made before what follows

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def _(connection, record):
        connection.execute("PRAGMA synchronous = OFF")  # no waiting for the disk

    return storage


def work(kind: str, path: str, objective: str, solver: str, n_trials: int) -> optuna.Study:
    """Run some trials of the study in a storage, which is made if it is not there."""
    study = optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=LaMOOSampler(
            seed=5,
            n_startup_trials=4,
            solver=solver,
            partition=Partition(leaf_size=2),
            warn_independent_sampling=False,
        ),
        storage=open_storage(kind, path),
        study_name="study",
        load_if_exists=True,
    )
    study.optimize(OBJECTIVES[objective], n_trials=n_trials)
    return study


def start(hash_seed: int = 0, **arguments) -> subprocess.Popen:
    """Start a process that does :func:`work`."""
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-W", "error", __file__, json.dumps(arguments)],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": str(hash_seed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    """Wait for a process, and show what it said if it failed."""
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    work(**json.loads(sys.argv[1]))
