"""From your own PyTorch model to a front of smaller ones, and to the one you keep.

    python examples/nas/tutorial.py                 # one to two minutes of one core

docs/tutorial.md walks through it, and every block of code there is from this file. The model is a
small convolutional network for the handwritten digits that come with scikit-learn.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import matplotlib as mpl
    import numpy as np
    import optuna
    import torch
    from rich.console import Console
    from rich.progress import track
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    from optuna_lamoo import LaMOOSampler, decision, explain
    from optuna_lamoo.visualization import matplotlib as visualization
except ModuleNotFoundError as error:
    needs(error, "demo", "decision", "plots", besides=", and torch (https://pytorch.org)")

mpl.use("Agg")  # pictures go to files


# --- your model ----------------------------------------------------------------------------------


class Net(nn.Module):
    """What you have: two convolutions and a hidden layer."""

    def __init__(self) -> None:
        """Make the layers."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 10) of pictures (n, 1, 8, 8)."""
        return self.layers(x)


# --- 1. its fixed numbers become arguments -------------------------------------------------------


def build(channels: Sequence[int], kernel: int, hidden: int) -> nn.Module:
    """Return your model with other numbers: ``Net()`` is ``build((32, 64), 3, 128)``."""
    layers: list[nn.Module] = []
    inputs = 1
    for outputs in channels:
        layers += [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU()]
        inputs = outputs
    layers += [nn.MaxPool2d(2), nn.Flatten()]
    inputs *= 4 * 4
    if hidden:
        layers += [nn.Linear(inputs, hidden), nn.ReLU()]
        inputs = hidden
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


# --- 2. the search space -------------------------------------------------------------------------


def suggest(trial: optuna.Trial) -> None:
    """Ask a trial for everything that is searched."""
    depth = trial.suggest_int("depth", 1, 3)
    for i in range(depth):
        trial.suggest_categorical(f"channels{i}", [4, 8, 16, 32, 64])
    trial.suggest_categorical("kernel", [1, 3])
    trial.suggest_categorical("hidden", [0, 32, 128])
    trial.suggest_float("lr", 1e-4, 3e-2, log=True)


def architecture(params: dict[str, Any]) -> tuple[tuple[int, ...], int, int]:
    """Return the arguments of ``build`` that a trial's parameters stand for."""
    channels = tuple(params[f"channels{i}"] for i in range(params["depth"]))
    return channels, params["kernel"], params["hidden"]


# --- 3. what is known before training ------------------------------------------------------------


@cache  # the learning rate changes neither, so each architecture is counted once
def costs(channels: tuple[int, ...], kernel: int, hidden: int) -> tuple[int, int]:
    """Return the number of parameters, and of FLOPs for one picture."""
    with torch.device("meta"):  # shapes without numbers
        net, picture = build(channels, kernel, hidden), torch.empty(1, 1, 8, 8)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(picture)
    return sum(p.numel() for p in net.parameters()), counter.get_total_flops()


def n_params(params: dict[str, Any]) -> int:
    """Return the number of parameters of a trial's network."""
    return costs(*architecture(params))[0]


def n_flops(params: dict[str, Any]) -> int:
    """Return the FLOPs of a trial's network."""
    return costs(*architecture(params))[1]


# --- 4. the objective ----------------------------------------------------------------------------


@cache
def data() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return pictures (n, 1, 8, 8) and labels (n,) to train, to search and to report with."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 1, 8, 8).astype(np.float32) / 16
    rest, test, y_rest, y_test = train_test_split(X, y, test_size=400, random_state=0, stratify=y)
    train, validation, y_train, y_validation = train_test_split(
        rest, y_rest, test_size=597, random_state=0, stratify=y_rest
    )
    parts = {
        "train": (train, y_train),
        "validation": (validation, y_validation),
        "test": (test, y_test),
    }
    return {name: (torch.tensor(a), torch.tensor(b)) for name, (a, b) in parts.items()}


def train(net: nn.Module, lr: float, epochs: int) -> None:
    """Train a network; its seed is torch's."""
    X, y = data()["train"]
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X[batch]), y[batch]).backward()
            optimizer.step()


def error_of(net: nn.Module, part: str) -> float:
    """Return the share of digits that a network reads wrongly, in percent."""
    X, y = data()[part]
    with torch.no_grad():
        return 100 * float((net(X).argmax(dim=1) != y).double().mean())


def result_of(params: dict[str, Any], part: str, seed: int, epochs: int) -> float:
    """Train a trial's network from scratch, and return its error."""
    torch.manual_seed(seed)
    net = build(*architecture(params))
    train(net, params["lr"], epochs)
    return error_of(net, part)


# --- 5. search -----------------------------------------------------------------------------------


def search(trials: int, epochs: int, folder: Path, seed: int = 0) -> optuna.Study:
    """Return the study of so many trials; one that was stopped goes on."""

    def objective(trial: optuna.Trial) -> tuple[float, int, int]:
        suggest(trial)
        error = result_of(trial.params, "validation", trial.number, epochs)
        return error, n_params(trial.params), n_flops(trial.params)

    sampler = LaMOOSampler(
        seed=seed,
        known_objectives={"parameters": n_params, "FLOPs": n_flops},
        reference_point={"error": 20.0},  # percent; what is worse is of no interest
    )
    study = optuna.create_study(
        study_name="digits",
        storage=f"sqlite:///{folder / 'study.db'}",
        load_if_exists=True,
        directions=["minimize", "minimize", "minimize"],
        sampler=sampler,
    )
    study.set_metric_names(["error", "parameters", "FLOPs"])
    done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
    for _ in track(range(trials - done), "searching"):
        study.optimize(objective, n_trials=1)
    return study


# --- 6. look -------------------------------------------------------------------------------------


def look(study: optuna.Study, folder: Path) -> None:
    """Print the front and the good region in words; draw the search."""
    say("The front: error on the validation digits, parameters, FLOPs")
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        error, parameters, flops = trial.values
        numbers = f"{error:5.2f} %  {parameters:7,.0f}  {flops:9,.0f}"
        say(f"  {numbers}  {architecture(trial.params)}")
    visualization.plot_partition(study).figure.savefig(folder / "partition.png")
    visualization.plot_hypervolume_history(study).figure.savefig(folder / "hypervolume.png")
    say(str(explain(study)))


# --- 7. choose and confirm -----------------------------------------------------------------------


def choose(study: optuna.Study, limit: int) -> optuna.trial.FrozenTrial:
    """Return the most accurate network that has at most so many parameters."""
    return decision.best_under_limits(study, "error", {"parameters": limit})


def confirm(name: str, params: dict[str, Any], seeds: int, epochs: int) -> None:
    """Train a network again with fresh seeds; print its spread on digits never seen."""
    fresh = track(range(1_000, 1_000 + seeds), f"retraining {name}")
    errors = sorted(result_of(params, "test", seed, epochs) for seed in fresh)
    size = f"{n_params(params):,} parameters, {n_flops(params):,} FLOPs"
    spread = f"{np.median(errors):.2f} % ({errors[0]:.2f} to {errors[-1]:.2f})"
    say(f"{name}: {size}, test error {spread}")


YOURS = {"depth": 2, "channels0": 32, "channels1": 64, "kernel": 3, "hidden": 128, "lr": 1e-3}


def say(text: str) -> None:
    """Print."""
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, look, choose, confirm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=80)
    parser.add_argument("--epochs", type=positive, default=10, help="of each training (10)")
    parser.add_argument("--seeds", type=positive, default=10, help="of the last trainings (10)")
    parser.add_argument("--seed", type=int, default=0, help="of the search (0)")
    parser.add_argument("--limit", type=positive, default=5_000, help="parameters at most (5000)")
    parser.add_argument("--out", type=Path, default=Path("tutorial"), help="study and pictures")
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # metric names
    torch.set_num_threads(1)  # networks this small only get slower by more
    options.out.mkdir(parents=True, exist_ok=True)

    study = search(options.trials, options.epochs, options.out, options.seed)
    look(study, options.out)
    chosen = choose(study, options.limit)
    say(f"Chosen: {chosen.params}, validation error {chosen.values[0]:.2f} %")
    confirm("yours", YOURS, options.seeds, options.epochs)
    confirm("chosen", chosen.params, options.seeds, options.epochs)


if __name__ == "__main__":
    main()
