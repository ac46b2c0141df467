"""What a trial costs in spaces of many parameters: a constant amount for each of them."""

import optuna
import pytest
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from optuna_lamoo import LaMOOSampler

from .conftest import Counting


def several(kind):
    """Return an objective of so many parameters; the second trial enters another branch."""

    def objective(trial, n):
        branch = trial.number % 2
        values = [
            trial.suggest_float(f"x{branch}{k}", 0, 1)
            if kind == "float"
            else trial.suggest_int(f"x{branch}{k}", 0, 1)
            for k in range(n)
        ]
        return sum(values), -sum(values)

    return objective


def calls(n, kind):
    study = optuna.create_study(
        directions=["minimize"] * 2,
        storage=Counting(),
        sampler=LaMOOSampler(seed=0, solver="evolutionary"),
    )
    study.optimize(lambda trial: several(kind)(trial, n), n_trials=3)
    return study._storage.calls


@pytest.mark.parametrize("kind", ["float", "int"])
def test_the_first_trial_of_a_branch_does_not_read_or_write_for_each_parameter(kind):
    # of two values each, some are noted: the first that two workers might draw alike
    assert calls(100, kind) == calls(25, kind)
    assert max(calls(100, kind).values()) < 150


def test_the_first_trials_leave_at_most_twice_what_tpe_leaves(tmp_path):
    size = {}
    for sampler in (TPESampler(seed=0), LaMOOSampler(seed=0, solver="evolutionary")):
        path = tmp_path / type(sampler).__name__
        study = optuna.create_study(
            directions=["minimize"] * 2,
            storage=JournalStorage(JournalFileBackend(str(path))),
            sampler=sampler,
        )
        study.optimize(lambda trial: several("float")(trial, 40), n_trials=3)
        size[type(sampler)] = path.stat().st_size
    assert size[LaMOOSampler] < 1.3 * size[TPESampler]


def test_a_table_of_trials_has_rows_that_compare():
    pytest.importorskip("pandas")
    study = optuna.create_study(
        directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0, solver="evolutionary")
    )
    study.optimize(lambda trial: [trial.suggest_float("x", 0, 1)] * 2, n_trials=3)
    table = study.trials_dataframe()
    assert len(table.drop_duplicates()) == 3
    assert len(table.drop_duplicates("state")) == 1
