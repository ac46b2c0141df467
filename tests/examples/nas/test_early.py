"""Learning curves that are recorded, and a search that stops trainings, on invented images."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import optuna
import pytest
from sklearn.datasets import load_digits

from lamoo_compare.problems import curves

#: What trains a network, and does not change its cost.
RECIPE = {"optimizer", "log10_learning_rate", "log2_learning_rate", "log2_batch"}


@pytest.fixture
def small(load, monkeypatch):
    """Give the modules, which train 60 images for four epochs."""
    record = load("record")
    monkeypatch.setattr(record, "TRAIN", 60)
    monkeypatch.setattr(record, "VALID", 40)
    monkeypatch.setattr(record, "EPOCHS", 4)
    monkeypatch.setattr(record, "DIGITS_TRAIN", 60)
    record.splits.cache_clear()
    record.digits_splits.cache_clear()
    yield record, load("early")
    record.splits.cache_clear()
    record.digits_splits.cache_clear()


@pytest.mark.parametrize("recorded", curves.RECORDED.values(), ids=lambda each: each.name)
def test_the_table_holds_the_costs_of_its_networks(load, recorded):
    recording, table = load("record").RECORDINGS[recorded.name], recorded.columns
    every = list(recorded.configurations())
    recipes = math.prod(len(v) for name, v in recorded.choices.items() if name in RECIPE)
    for i in range(0, len(every), recipes):
        cost = recording.network_of(every[i]).cost(recording.size)
        same = slice(i, i + recipes)
        assert set(table["macs"][same]) == {cost.macs}
        assert set(table["parameters"][same]) == {cost.parameters}


def test_the_cost_of_a_perceptron(load):
    found = load("record").Perceptron(width=5, pixels=4).cost(8)
    assert (found.macs, found.parameters) == (16 * 5 + 5 * 10, 17 * 5 + 6 * 10)


def test_every_digit_is_in_one_part(load):
    parts = load("record").digits_splits()
    assert [len(part) for part in parts] == [768, 700, 329]
    found = np.concatenate([part.x.flatten(1).numpy() for part in parts])
    found = np.column_stack([found, np.concatenate([part.y.numpy() for part in parts])])
    everything = load_digits()
    wanted = np.column_stack([everything.data, everything.target])
    pixels = (wanted[:, :-1] - everything.data.mean()) / everything.data.std()
    wanted = np.column_stack([pixels, wanted[:, -1]])
    order, other = (np.lexsort(each.round(3).T) for each in (found, wanted))
    np.testing.assert_allclose(found[order], wanted[other], atol=1e-3)


@pytest.mark.parametrize("name", list(curves.RECORDED))
def test_recording_goes_on_and_writes_one_table(small, invented, tmp_path, monkeypatch, name):
    record, _ = small
    recording = record.RECORDINGS[name]
    some = {key: values[:1] for key, values in recording.recorded.choices.items()}
    rate = next(key for key in some if "learning_rate" in key)
    some[rate] = recording.recorded.choices[rate][:3]
    few = replace(recording, recorded=replace(recording.recorded, choices=some))
    monkeypatch.setitem(record.RECORDINGS, name, few)
    whole, halves = tmp_path / "whole.npz", tmp_path / "halves.npz"
    record.main([name, "--data", str(invented), "--out", str(whole)])
    real = record.curves_of

    def dying(recording, params, images, seed):
        if lines.exists():
            raise KeyboardInterrupt
        return real(recording, params, images, seed)

    lines = halves.with_suffix(".jsonl")
    monkeypatch.setattr(record, "curves_of", dying)
    with pytest.raises(SystemExit, match="The same command goes on"):
        record.main([name, "--data", str(invented), "--out", str(halves)])
    assert len(record.rows(lines, name)) == 1
    with lines.open("a") as file:
        # what somebody recorded of another problem in the same file
        file.write('\n{"problem": "other", "row": 1, "macs": 7}\n')
        file.write('{"row": 2, "par')  # and half a line of one that was killed
    monkeypatch.setattr(record, "curves_of", real)
    record.main([name, "--data", str(invented), "--out", str(halves)])
    tables = [dict(np.load(file)) for file in (whole, halves)]
    for column in ("parameters", "macs", "valid", "test"):
        np.testing.assert_array_equal(tables[0][column], tables[1][column])
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
    monkeypatch.setattr(early, "search", lambda setting, *_: early.work(setting, running()))
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
    record, program = load("record"), load("early").__file__
    images = invent(record.TRAIN + record.VALID, record.TEST)
    folder = tmp_path / "kept"
    command = [sys.executable, program, *options(folder, images, 10, workers=2)]
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and len([*folder.glob("trial_*.pt")]) < 2:
        time.sleep(0.05)
    assert process.poll() is None
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
