"""A study is what its storage says: stopped, resumed, moved to another process, all the same."""

import itertools
import json
from pathlib import Path

import pytest
from optuna.trial import TrialState

N_TRIALS = 14


def told(study):
    return [(trial.number, trial.params, trial.values, trial.state) for trial in study.trials]


@pytest.fixture(scope="module")
def uninterrupted(worker):
    """Give a function that returns what a run in one go and in memory comes to."""
    known = {}

    def run(solver):
        if solver not in known:
            known[solver] = told(worker.work("memory", "", "mixed", solver, N_TRIALS))
        return known[solver]

    return run


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random", "cma"])
def test_seeded_runs_repeat_exactly(worker, solver, uninterrupted):
    again = told(worker.work("memory", "", "mixed", solver, N_TRIALS))
    assert again == uninterrupted(solver)
    assert len({str(params) for _, params, _, _ in again}) == N_TRIALS


FEW = [
    ("gp", 1, "journal"),
    ("gp", 3, "sqlite"),
    ("gp", 9, "journal"),
    ("evolutionary", 9, "sqlite"),
]


@pytest.mark.parametrize(
    ("solver", "stop", "kind"),
    [
        pytest.param(*case, marks=() if case in FEW else pytest.mark.slow)
        for case in itertools.product(("gp", "evolutionary"), (1, 3, 9), ("sqlite", "journal"))
    ],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    worker, solver, stop, kind, uninterrupted, tmp_path
):
    path = str(tmp_path / "study")
    worker.work(kind, path, "mixed", solver, stop)
    study = worker.work(kind, path, "mixed", solver, N_TRIALS - stop)
    assert told(study) == uninterrupted(solver)


@pytest.mark.parametrize("kind", ["journal", pytest.param("sqlite", marks=pytest.mark.slow)])
def test_another_process_goes_on_exactly(worker, patience, kind, uninterrupted, tmp_path):
    path = str(tmp_path / "study")
    worker.work(kind, path, "mixed", "gp", 6)
    given = {"kind": kind, "path": path, "objective": "mixed", "solver": "gp"}
    # with other hashes than here, where their seed is random
    worker.finish(worker.start(2, **given, n_trials=N_TRIALS - 6), patience)
    assert told(worker.work(kind, path, "mixed", "gp", 0)) == uninterrupted("gp")


def test_another_seed_is_another_run(worker, uninterrupted):
    study = worker.work("memory", "", "mixed", "gp", 0)
    study.sampler = type(study.sampler)(seed=6, n_startup_trials=4)
    study.optimize(worker.mixed, n_trials=3)
    assert not any(a == b for a, b in zip(told(study), uninterrupted("gp"), strict=False))


@pytest.mark.parametrize("kind", ["memory", "sqlite", "journal"])
def test_nothing_but_one_note_is_written(worker, kind, tmp_path):
    study = worker.work(kind, str(tmp_path / "study"), "mixed", "gp", 8)
    assert study.user_attrs == {}
    assert study._storage.get_study_system_attrs(study._study_id) == {}
    for trial in study.trials:
        assert trial.state == TrialState.COMPLETE
        assert trial.user_attrs == {}
        assert set(trial.system_attrs) <= {"lamoo:proposal"}
    # The note says what the trial was given, as plain numbers, in Optuna's own representation.
    note = json.loads(study.trials[-1].system_attrs["lamoo:proposal"])
    distributions = study.trials[-1].distributions
    assert all(type(value) in (int, float) for value in note.values())
    assert {
        name: distributions[name].to_external_repr(note[name]) for name in distributions
    } == study.trials[-1].params


@pytest.mark.slow
def test_no_other_session_of_pytest_shuts_a_server_out(make_storage, tmp_path_factory):
    # Each that begins shuts the folder of all sessions' files to others than its own user.
    storage = make_storage("postgresql")
    with storage._backend.engine.connect() as connection:
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar())
    assert folder.is_dir()
    assert not folder.is_relative_to(tmp_path_factory.getbasetemp().parent.resolve())
