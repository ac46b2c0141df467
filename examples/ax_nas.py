"""Search for accurate and small networks with Ax: its default strategy, and LaMOO's.

    python examples/ax_nas.py

Ax's tutorial on multi-objective neural architecture search, on a task that needs no download: a
perceptron with two hidden layers reads scikit-learn's digits, each put somewhere in a larger noisy
picture. The better it is to find them, the larger it has to be. Both strategies get the same
trials and seeds, with their own defaults, and differ in the one line that is marked.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from extras import needs, positive

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Ax says what it proposes, and warns of other packages and of optimisations that it repeats
logging.disable(logging.INFO)
for package in ("ax", "botorch", "gpytorch", "linear_operator", "torch"):
    warnings.filterwarnings("ignore", module=rf"{package}\.")

try:
    import numpy as np
    import torch
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
    from matplotlib.figure import Figure
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
    from rich.table import Table
    from sklearn.datasets import load_digits
    from torch import nn

    import ax_lamoo
    from lamoo import pareto
except ModuleNotFoundError as error:
    needs(error, "ax", "demo", besides=" (install the torch you want before)")

LAMOO, DEFAULT = "LaMOO", "Ax's default"
COLORS = {LAMOO: "tab:red", DEFAULT: "tab:gray"}
MARKERS = {LAMOO: "o", DEFAULT: "x"}

# --- what is searched: the tutorial's space and objectives ----------------------------------------

PARAMETERS = [
    RangeParameterConfig(
        name="hidden_size_1", parameter_type="int", bounds=(16, 128), scaling="log"
    ),
    RangeParameterConfig(
        name="hidden_size_2", parameter_type="int", bounds=(16, 128), scaling="log"
    ),
    RangeParameterConfig(
        name="learning_rate", parameter_type="float", bounds=(1e-4, 1e-2), scaling="log"
    ),
    RangeParameterConfig(name="epochs", parameter_type="int", bounds=(1, 4)),
    RangeParameterConfig(name="dropout", parameter_type="float", bounds=(0.0, 0.5)),
    ChoiceParameterConfig(
        name="batch_size", parameter_type="int", values=[32, 64, 128, 256], is_ordered=True
    ),
]
# What is of interest: Ax's objective thresholds, and where the hypervolume is measured from.
ACCURACY, SIZE = 0.5, 30_000
THRESHOLDS = [f"val_acc >= {ACCURACY}", f"num_params <= {SIZE}"]

SIDE = 12  # pixels; a digit has 8
COPIES = 8  # of each digit, at different places


@cache
def data() -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    """Return pictures (n, pixels) and labels (n,), to train and to validate with."""
    rng = np.random.default_rng(0)
    digits, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(digits))
    parts = []
    for part in (order[:1200], order[1200:]):
        chosen = np.repeat(part, COPIES)
        pictures = rng.normal(0.0, 0.1, (len(chosen), SIDE, SIDE))
        places = rng.integers(0, SIDE - 8 + 1, (len(chosen), 2))
        for picture, i, (row, column) in zip(pictures, chosen, places, strict=True):
            picture[row : row + 8, column : column + 8] += digits[i].reshape(8, 8) / 16
        X = torch.tensor(pictures.reshape(len(chosen), -1), dtype=torch.float32)
        parts.append((X, torch.tensor(labels[chosen])))
    return tuple(parts)


@cache  # nothing is trained twice, whoever proposes it
def train(
    hidden_size_1: int,
    hidden_size_2: int,
    learning_rate: float,
    epochs: int,
    dropout: float,
    batch_size: int,
) -> dict[str, float]:
    """Train a network; return its validation accuracy and number of parameters."""
    torch.manual_seed(0)
    (X, y), (X_validation, y_validation) = data()
    sizes = (X.shape[1], hidden_size_1, hidden_size_2)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
    net = nn.Sequential(*layers, nn.Linear(hidden_size_2, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X[batch]), y[batch]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        right = net(X_validation).argmax(dim=1) == y_validation
    size = sum(parameter.numel() for parameter in net.parameters())
    return {"val_acc": right.double().mean().item(), "num_params": float(size)}


# --- the search -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Search:
    """What one search found, and what its proposals cost.

    Args:
        values: accuracy and number of parameters of each trial, shape (n, 2).
        seconds: CPU time that each proposal took, shape (n,).
    """

    values: Any
    seconds: Any


def search(strategy: str, trials: int, seed: int, on_trial: Callable[[], Any]) -> Search:
    """Run one search."""
    client = Client(random_seed=seed)
    client.configure_experiment(parameters=PARAMETERS)
    client.configure_optimization(objective="val_acc, -num_params", outcome_constraints=THRESHOLDS)
    if strategy == LAMOO:
        # ================================ the line that differs ================================
        client.set_generation_strategy(ax_lamoo.lamoo_generation_strategy(seed=seed))
        # =======================================================================================
    else:
        # what Ax does when nothing is said, but with a seed
        client.configure_generation_strategy(initialization_random_seed=seed)
    values, seconds = [], []
    while len(values) < trials:
        start = time.process_time()
        proposed = client.get_next_trials(max_trials=1)
        seconds.append(time.process_time() - start)
        for index, parameters in proposed.items():
            result = train(**parameters)
            client.complete_trial(trial_index=index, raw_data=result)
            values.append([result["val_acc"], result["num_params"]])
            on_trial()
    return Search(np.array(values), np.array(seconds))


def search_all(trials: int, seeds: int, console: Console) -> dict[str, list[Search]]:
    """Run each strategy on each seed, with a progress bar; return the searches by strategy."""
    columns = "{task.description:18}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    searches: dict[str, list[Search]] = {LAMOO: [], DEFAULT: []}
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, total=trials * seeds) for name in searches}
        for seed in range(seeds):
            for name, group in searches.items():
                group.append(search(name, trials, seed, partial(progress.advance, bars[name])))
    return searches


# --- the comparison -------------------------------------------------------------------------------


def minimised(values: Any) -> Any:
    """Return accuracies and sizes (n, 2) as two objectives to be minimised."""
    return values * [-1.0, 1.0]


def shares(values: Any) -> Any:
    """Return the hypervolume after each trial (n,), as a share of the box that it is measured in.

    The box lies between the thresholds and a network that is always right and has no parameters.
    """
    reference = np.array([-ACCURACY, SIZE])
    volumes = [
        pareto.hypervolume(minimised(values[: n + 1]), reference) for n in range(len(values))
    ]
    return np.array(volumes) / ((1 - ACCURACY) * SIZE)


def report(searches: dict[str, list[Search]], curves: dict[str, Any]) -> Table:
    """Return the comparison as a table."""
    seeds, trials = curves[LAMOO].shape
    table = Table(title=f"After {trials} trials (median of seeds: {seeds})", title_justify="left")
    table.add_column("strategy")
    for column in ("hypervolume, %", "CPU s per proposal", "CPU s of all proposals"):
        table.add_column(column, justify="right")
    for name, curve in curves.items():
        seconds = np.median([s.seconds.sum() for s in searches[name]])
        share = 100 * np.median(curve[:, -1])
        table.add_row(name, f"{share:.2f}", f"{seconds / trials:.3f}", f"{seconds:.1f}")
    return table


def summary(curves: dict[str, Any]) -> str:
    """Return how soon LaMOO was where the default ended."""
    ours, default = (np.median(curves[name], axis=0) for name in (LAMOO, DEFAULT))
    reached = np.flatnonzero(ours >= default[-1])
    if not len(reached):
        return f"LaMOO did not reach the default's hypervolume in {len(ours)} trials."
    return f"LaMOO had the default's final hypervolume after {reached[0] + 1} trials."


def draw(searches: dict[str, list[Search]], curves: dict[str, Any], path: Path) -> None:
    """Draw hypervolume against trials, and the fronts found."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in curves.items():
        trials = np.arange(1, curve.shape[1] + 1)
        low, median, high = np.quantile(100 * curve, [0.0, 0.5, 1.0], axis=0)
        left.plot(trials, median, color=COLORS[name], label=name)
        left.fill_between(trials, low, high, color=COLORS[name], alpha=0.2, lw=0)
        fronts = [s.values[pareto.nondominated(minimised(s.values))] for s in searches[name]]
        accuracy, size = np.concatenate(fronts).T
        right.plot(size, 100 * accuracy, MARKERS[name], color=COLORS[name], ms=5, label=name)
    left.set(xlabel="trials", ylabel="hypervolume, %", ylim=(0, None))
    left.set_title("Median over seeds, band over all seeds")
    right.set(xlabel="parameters", ylabel="validation accuracy, %", xlim=(0, SIZE))
    right.set_ylim(bottom=100 * ACCURACY)
    right.set_title("Pareto fronts found, all seeds")
    for axes in (left, right):
        axes.legend(loc="lower right")
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, compare, and write the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=40, help="per search (40)")
    parser.add_argument("--seeds", type=positive, default=3, help="searches per strategy (3)")
    parser.add_argument("--output", type=Path, default=Path("docs/ax_nas.png"), help="the picture")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    console.print(
        "Perceptrons that read digits, validation accuracy against parameters:\n"
        f"{options.seeds} searches of {options.trials} trials with each strategy"
    )
    searches = search_all(options.trials, options.seeds, console)
    curves = {name: np.array([shares(s.values) for s in group]) for name, group in searches.items()}
    draw(searches, curves, options.output)
    console.print(report(searches, curves))
    console.print(
        f"Hypervolume from (accuracy {ACCURACY}, {SIZE:,} parameters); 100 %: (accuracy 1, none)",
        summary(curves),
        f"Picture: {options.output}",
        sep="\n",
        highlight=False,
    )


if __name__ == "__main__":
    main()
