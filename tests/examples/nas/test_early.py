"""Learning curves that are recorded, and a search that stops trainings, on invented images."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pytest

from lamoo_compare.problems import curves


@pytest.fixture
def small(load, monkeypatch):
    """Give the modules, which train 60 images for four epochs."""
    record = load("record")
    monkeypatch.setattr(record, "TRAIN", 60)
    monkeypatch.setattr(record, "VALID", 40)
    monkeypatch.setattr(record, "EPOCHS", 4)
    record.splits.cache_clear()
    yield record, load("early")
    record.splits.cache_clear()


def test_the_table_holds_the_costs_of_its_networks(load):
    record = load("record")
    table = curves.columns()
    for i, params in enumerate(curves.configurations()):
        if (params["optimizer"], params["log10_learning_rate"]) == ("sgd", -3):
            cost = record.network_of(params).cost(record.SIZE)
            same = slice(i, i + 8)  # the recipes
            assert set(table["macs"][same]) == {cost.macs}
            assert set(table["parameters"][same]) == {cost.parameters}


def test_recording_goes_on_and_writes_one_table(small, invented, tmp_path, monkeypatch):
    record, _ = small
    some = list(curves.configurations())[:3]
    monkeypatch.setattr(record, "configurations", lambda: some)
    whole, halves = tmp_path / "whole.npz", tmp_path / "halves.npz"
    record.main(["--data", str(invented), "--out", str(whole)])
    real = record.curves_of

    def dying(params, images, seed):
        if lines.exists():
            raise KeyboardInterrupt
        return real(params, images, seed)

    lines = halves.with_suffix(".jsonl")
    monkeypatch.setattr(record, "curves_of", dying)
    with pytest.raises(SystemExit, match="The same command goes on"):
        record.main(["--data", str(invented), "--out", str(halves)])
    assert len(record.rows(lines)) == 1
    with lines.open("a") as file:
        file.write('{"row": 2, "par')  # and half a line of one that was killed
    monkeypatch.setattr(record, "curves_of", real)
    record.main(["--data", str(invented), "--out", str(halves)])
    tables = [dict(np.load(file)) for file in (whole, halves)]
    for name in ("parameters", "macs", "valid", "test"):
        np.testing.assert_array_equal(tables[0][name], tables[1][name])
    assert tables[0]["valid"].shape == tables[0]["test"].shape == (3, 4)


def trials_of(folder):
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(folder / "study.journal"))
    )
    return optuna.load_study(study_name="early", storage=storage).trials


def options(folder, invented, trials, workers=1):
    where = ("--data", invented, "--folder", folder)
    return [str(o) for o in (*where, "--trials", trials, "--workers", workers, "--rule", "halving")]


def test_a_search_that_was_interrupted_goes_on_from_the_last_epoch(
    small, invented, tmp_path, monkeypatch, capsys
):
    record, early = small
    # in this process, where the small sizes are known
    monkeypatch.setattr(early, "EPOCHS", 4)
    monkeypatch.setattr(early, "search", lambda setting, _: early.work(setting, running()))
    whole, halves = tmp_path / "whole", tmp_path / "halves"

    def running():
        return [t.number for t in trials_of(folder) if not t.state.is_finished()]

    def search(where):
        nonlocal folder
        folder = where
        early.open_study(early.Setting(folder, 9))
        early.main(options(folder, invented, 9))

    folder = whole
    search(whole)
    said = capsys.readouterr().out
    assert re.search(
        r"9 trials, [1-8] of them stopped, took \d+ epochs; in full they would have", said
    )

    real, epochs = record.error, []

    def dying(network, images):
        epochs.append(1)
        if len(epochs) == 5:
            raise KeyboardInterrupt
        return real(network, images)

    monkeypatch.setattr(record, "error", dying)
    search(halves)
    before = trials_of(halves)
    assert before[-1].state == optuna.trial.TrialState.RUNNING
    assert len(before) < 9
    search(halves)
    found, expected = (
        [(t.params, t.state, t.values, t.user_attrs.get("lamoo:reports")) for t in trials_of(f)]
        for f in (halves, whole)
    )
    assert found == expected
    assert not list(halves.glob("*.pt"))


@pytest.mark.slow
def test_two_processes_share_a_search_and_go_on_after_a_kill(load, invent, tmp_path, patience):
    program = load("early").__file__
    folder = tmp_path / "kept"
    command = [sys.executable, program, *options(folder, invent(1600, 500), 10, workers=2)]
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and len([*folder.glob("trial_*.pt")]) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = trials_of(folder)
    running = [trial for trial in before if not trial.state.is_finished()]
    assert running
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience)
    assert done.returncode == 0, done.stderr
    after = trials_of(folder)
    assert all(trial.state.is_finished() for trial in after)
    assert 10 <= len(after) <= 11  # two may begin the last at the same time
    for old, new in zip(before, after, strict=False):
        assert old.params.items() <= new.params.items()
    for trial in running:
        kept = trial.user_attrs.get("lamoo:reports", "[]")
        assert after[trial.number].user_attrs["lamoo:reports"].startswith(kept[:-1])
    assert not list(folder.glob("*.pt"))
