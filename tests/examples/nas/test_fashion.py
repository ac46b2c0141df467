"""The search on Fashion-MNIST, on invented images."""

import json
import re

import optuna
import pytest


def options(folder, invented, *, trials=7):
    sizes = ("--images", 60, "--valid", 40, "--epochs", 2, "--repeats", 2)
    where = ("--data", invented, "--folder", folder, "--trials", trials)
    return [str(option) for option in (*sizes, *where)]


def trials_of(fashion, folder):
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(folder / "study.journal"))
    )
    study = optuna.load_study(study_name="fashion", storage=storage)
    return [(t.number, t.state.name, t.params, t.values) for t in study.trials]


def test_an_interrupted_search_becomes_what_it_would_have(
    load, invented, tmp_path, monkeypatch, capsys
):
    fashion = load("fashion")
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    fashion.main(options(whole, invented))
    told = capsys.readouterr().out
    assert "trained again from fresh seeds" in told
    assert re.search(r" \d+\.\d\d points (better|worse)\s+than the search said", told)

    real, calls = fashion.train, []

    def dying(*arguments, on_epoch, **more):
        def stop(epochs, network):
            on_epoch(epochs, network)
            if len(calls) == 6 and epochs == 1:
                raise KeyboardInterrupt

        calls.append(1)
        return real(*arguments, on_epoch=stop, **more)

    monkeypatch.setattr(fashion, "train", dying)
    with pytest.raises(SystemExit, match="The same command goes on"):
        fashion.main(options(halves, invented))
    assert [state for _, state, *_ in trials_of(fashion, halves)] == ["COMPLETE"] * 5 + ["RUNNING"]
    assert (halves / "trial_5.pt").exists()
    monkeypatch.setattr(fashion, "train", real)
    fashion.main(options(halves, invented))
    assert trials_of(fashion, halves) == trials_of(fashion, whole)
    assert len(trials_of(fashion, whole)) == 7
    front = [json.loads((folder / "front.json").read_text()) for folder in (whole, halves)]
    assert front[0] == front[1]
    assert all(len(network["test"]) == 2 for network in front[0])
    assert not list(halves.glob("*.pt"))

    with pytest.raises(SystemExit, match="keeps a search with seed 0: choose another --folder"):
        fashion.main([*options(whole, invented), "--seed", "1"])


def test_missing_images_are_told(load, tmp_path):
    fashion = load("fashion")
    with pytest.raises(SystemExit, match="apt install dataset-fashion-mnist"):
        fashion.main(["--data", str(tmp_path), "--folder", str(tmp_path)])


def test_training_settings_are_read_and_written(load, rng):
    fashion = load("fashion")
    for _ in range(20):
        chosen = fashion.SPACE.draw(rng)
        params = fashion.SPACE.encode(chosen)
        assert fashion.SPACE.decode(params) == chosen
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
