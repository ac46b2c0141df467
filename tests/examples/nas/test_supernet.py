"""Shared weights: the same networks, fair turns, and the split along the partition."""

from collections import Counter

import numpy as np
import optuna
import pytest


@pytest.fixture
def supernet(load):
    return load("supernet")


def test_a_path_is_the_network_itself_with_slices_of_the_weights(supernet, rng):
    import torch

    weights = supernet.fresh_weights(0)
    torch.manual_seed(0)
    x = torch.randn(6, 1, 14, 14)
    for _ in range(6):
        network = supernet.SPACE.draw(rng)
        alone = network.build().train()
        for name, weight in alone.named_parameters():
            weight.data.copy_(weights[name][supernet.cut(weight.shape)])
        assert torch.allclose(alone(x), supernet.output_of(network, weights, x), atol=1e-5)


def test_every_value_has_its_turn_equally_often(supernet, rng):
    for _ in range(10):
        networks = supernet.fair_paths(supernet.ALL, 4, rng)
        params = [supernet.SPACE.encode(network) for network in networks]
        for name in ("activation", "depth1", "depth2", "depth3", "width1", "block2", "kernel1"):
            count = Counter(p[name] for p in params)
            assert set(count.values()) == {4 // len(supernet.ALL[name])}
    only = {**supernet.ALL, "kernel1": (5,)}
    assert {n.stages[0].kernel for n in supernet.fair_paths(only, 4, rng)} == {5}


def test_shared_training_changes_what_is_on_the_paths_and_learns(supernet, load):
    import torch

    data = load("images").synthetic(300, channels=1, size=14, classes=3, seed=1)
    before = supernet.fresh_weights(0)
    weights = supernet.copied(before)
    # convolutions of 3 in the first stage, and few other choices: that is learned in a few steps
    only = {name: choices[:1] for name, choices in supernet.ALL.items()} | {"width1": (12, 16)}
    supernet.train_shared(weights, data.train, epochs=8, options=only)
    changed = {name for name, w in weights.items() if not torch.equal(w, before[name])}
    assert any(name.startswith("stage1_block1_conv3") for name in changed)
    assert not any("stage1_block1_mbconv" in n or "stage1_block1_conv5" in n for n in changed)
    network = supernet.SPACE.decode({"kernel1": 3, "block1": "conv", "width1": 16})
    assert supernet.shared_error(network, weights, data.test) < 40  # guessing: 67


def test_the_split_is_at_the_choice_that_decides(supernet, rng):
    study = optuna.create_study(directions=["minimize"] * 3)
    for _ in range(60):
        network = supernet.SPACE.draw(rng)
        trial = supernet.trial_of(network, 0.0)
        trial.values = (trial.params["kernel2"] + rng.normal(0, 0.3, 3)).tolist()
        study.add_trial(trial)
    split = supernet.split_of(study)
    assert split.name == "kernel2"
    assert split.sides == ((3,), (5,))
    assert str(split).startswith("kernel2 (3: ")


def test_a_split_takes_something_learned(supernet, rng):
    study = supernet.scores_study(None, [supernet.SPACE.draw(rng)], [10.0])
    with pytest.raises(ValueError, match="no boundary yet"):
        supernet.split_of(study)


def test_the_front_of_scores_is_not_dominated(supernet, rng):
    networks = [supernet.SPACE.draw(rng) for _ in range(40)]
    errors = rng.uniform(10, 50, 40).tolist()
    values = [(e, *supernet.costs_of(n)) for n, e in zip(networks, errors, strict=True)]
    chosen = supernet.front_of(networks, errors, 3)
    assert len(chosen) == 3
    for network, wrong in chosen:
        mine = np.array((wrong, *supernet.costs_of(network)))
        assert not any((v <= mine).all() and (v < mine).any() for v in np.array(values))


def test_a_warm_start_needs_scores(supernet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"run python examples/nas/supernet\.py here first"):
        supernet.lamoo_warm(0)


def test_the_program_measures_and_its_scores_start_a_search(
    supernet, load, invented, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    sizes = ("--images", 60, "--valid", 40, "--epochs", 1, "--networks", 40)
    more = ("--judged", 5, "--best", 1, "--data", invented)
    supernet.main([str(option) for option in (*sizes, *more)])
    told = capsys.readouterr().out
    for line in (
        "LaMOO separates",
        "one supernet",
        "split in two",
        "not split",
        "number of parameters",
    ):
        assert line in told

    fashion = load("fashion")
    study = optuna.create_study(directions=fashion.directions, sampler=supernet.lamoo_warm(0))
    trial = study.ask()
    fashion.SPACE.suggest(trial)
    scores = optuna.load_study(
        study_name="scores",
        storage=optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(supernet.SCORES))
        ),
    )
    assert len(scores.trials) == 40
    # the first trial is a network of the scores' front
    network = {n: v for n, v in trial.params.items() if n in supernet.ALL}
    assert network in [t.params for t in scores.best_trials]
