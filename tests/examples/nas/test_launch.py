"""The searches at the papers' scale, tried out on a few invented images."""

import re

import optuna
import pytest


def options(command, task, folder, *more):
    storage = f"sqlite:///{folder / 'nas.db'}"
    tiny = ("--data", "synthetic", "--epochs", 1, "--steps", 1, "--batch", 4, "--device", "cpu")
    where = ("--storage", storage, "--study", task, "--checkpoints", folder)
    return [str(option) for option in (command, task, *tiny, *where, *more)]


@pytest.mark.parametrize(
    "task",
    [
        pytest.param("cifar10", marks=pytest.mark.slow),
        pytest.param("imagenet", marks=pytest.mark.slow),
    ],
)
def test_a_search_runs_and_a_trial_is_trained_to_the_end(load, tmp_path, capsys, task):
    launch = load("launch")
    launch.main(options("search", task, tmp_path, "--trials", 2))
    told = capsys.readouterr().out
    assert "trial 0: " in told
    assert "trial 1: " in told
    study = optuna.load_study(study_name=task, storage=f"sqlite:///{tmp_path / 'nas.db'}")
    job = launch.TASKS[task]
    for trial in study.trials:
        assert trial.values[1] == job.cost(job.space.decode(trial.params))
    assert not list(tmp_path.glob("*.pt"))
    launch.main(options("search", task, tmp_path, "--trials", 2))  # all done already
    assert len(study.trials) == 2

    launch.main(options("train", task, tmp_path, "--trial", 1, "--seeds", 2))
    told = capsys.readouterr().out
    assert re.search(r"Test error [\d.]+ ± [\d.]+ %", told)


def test_a_network_whose_worker_died_is_found_by_its_first_number(load):
    launch = load("launch")
    study = optuna.create_study()
    first = study.ask()
    assert launch.first_number(first) == 0
    study.tell(first, state=optuna.trial.TrialState.FAIL)
    study.tell(study.ask(), 0.0)
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        retry = optuna.storages.RetryHeartbeatStaleTrialCallback()
    retry(study, study.trials[0])
    again = study.ask()
    assert again.number == 2
    assert launch.first_number(again) == 0


def test_training_to_the_end_needs_a_trial(load, tmp_path, capsys):
    launch = load("launch")
    with pytest.raises(SystemExit):
        launch.main(options("train", "cifar10", tmp_path))
    assert "train needs --trial NUMBER" in capsys.readouterr().err


def test_missing_images_are_told_before_any_trial(load, tmp_path):
    launch = load("launch")
    arguments = options("search", "cifar10", tmp_path)
    arguments[arguments.index("synthetic")] = str(tmp_path / "nowhere")
    with pytest.raises(SystemExit, match="binary version"):
        launch.main(arguments)
