"""Search NAS-Bench-201 for accurate and small networks, with LaMOO and with Optuna's default.

    python examples/nasbench201.py

A network is six choices among five operations. NAS-Bench-201 trained all 15,625 of them on
CIFAR-10, so a trial looks its result up and the true Pareto front is known. Both samplers get the
same trials and seeds. The only line that differs is the one that makes the sampler.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from extras import needs, positive

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
    import optuna
    from matplotlib.figure import Figure
    from optuna.samplers import BaseSampler, TPESampler
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
    from rich.table import Table

    from lamoo_compare.problems import NASBENCH201_OPERATIONS, load
    from optuna_lamoo import LaMOOSampler

    problem = load("nb201-cifar10-size")
except ModuleNotFoundError as error:
    needs(error, "demo", besides=" (`make demo` does)")

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "LaMOO": lambda seed: LaMOOSampler(seed=seed),
    "Optuna's default": lambda seed: TPESampler(seed=seed),
}
COLORS = {"LaMOO": "tab:red", "Optuna's default": "tab:gray"}
MARKERS = {"LaMOO": "o", "Optuna's default": "x"}
SHORT = {"none": "none", "skip_connect": "skip", "nor_conv_1x1": "1x1", "nor_conv_3x3": "3x3"}


def objective(trial: optuna.Trial) -> tuple[float, ...]:
    """Return validation accuracy (percent) and parameters (millions) of a network."""
    cell = {f"Op{i}": trial.suggest_categorical(f"Op{i}", NASBENCH201_OPERATIONS) for i in range(6)}
    return problem.evaluate(cell)


def search(sampler: BaseSampler, trials: int, on_trial: Callable[[], None]) -> optuna.Study:
    """Run one search."""
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=trials, callbacks=[lambda *_: on_trial()])
    return study


def search_all(trials: int, seeds: int, console: Console) -> dict[str, list[optuna.Study]]:
    """Run each sampler on each seed, with a progress bar; return the studies by sampler."""
    columns = "{task.description:18}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    studies: dict[str, list[optuna.Study]] = {name: [] for name in SAMPLERS}
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, total=trials * seeds) for name in SAMPLERS}
        for seed in range(seeds):
            for name, make in SAMPLERS.items():
                study = search(make(seed), trials, partial(progress.advance, bars[name]))
                studies[name].append(study)
    return studies


def shares(studies: Sequence[optuna.Study]) -> Any:
    """Return the hypervolume after each trial, as a share of the true front's."""
    curves = [problem.hypervolume_curve([t.values for t in study.trials]) for study in studies]
    return np.array(curves) / problem.best_hypervolume


def front_table(study: optuna.Study) -> Table:
    """Return the Pareto front that a study found, most accurate network first."""
    table = Table(title="Pareto front found by LaMOO (first seed)")
    for column in ("accuracy, %", "parameters, M"):
        table.add_column(column, justify="right")
    for edge in ("0→1", "0→2", "1→2", "0→3", "1→3", "2→3"):
        table.add_column(edge)
    found = {tuple(t.values): t for t in study.best_trials}
    for (accuracy, size), trial in sorted(found.items(), reverse=True):
        operations = [SHORT.get(op, "pool") for op in trial.params.values()]
        table.add_row(f"{accuracy:.2f}", f"{size:.3f}", *operations)
    return table


def summary(curves: dict[str, Any]) -> str:
    """Return the comparison in words."""
    medians = {name: np.median(curve, axis=0) for name, curve in curves.items()}
    ours, default = medians.values()
    seeds, trials = curves["LaMOO"].shape
    lines = [f"Hypervolume after {trials} trials (median of {seeds} seeds; true front: 100 %)"]
    lines += [f"  {name:17} {100 * curve[-1]:.2f} %" for name, curve in medians.items()]
    reached = np.flatnonzero(ours >= default[-1])
    if len(reached):
        lines += [f"LaMOO had the default's final hypervolume after {reached[0] + 1} trials."]
    else:
        lines += [f"LaMOO did not reach the default's hypervolume in {trials} trials."]
    return "\n".join(lines)


def draw(curves: dict[str, Any], studies: dict[str, list[optuna.Study]], path: Path) -> None:
    """Draw hypervolume against trials, and the fronts found."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in curves.items():
        low, median, high = np.quantile(100 * curve, [0.25, 0.5, 0.75], axis=0)
        trials = np.arange(1, len(median) + 1)
        left.plot(trials, median, color=COLORS[name], label=name)
        left.fill_between(trials, low, high, color=COLORS[name], alpha=0.2, lw=0)
        points = np.array([t.values for study in studies[name] for t in study.best_trials])
        right.plot(points[:, 1], points[:, 0], MARKERS[name], color=COLORS[name], ms=5, label=name)
    accuracy, size = zip(*sorted(problem.best_front), strict=True)
    right.step(size, accuracy, where="post", color="black", lw=0.8, label="true front")
    # the first trials are far below what matters
    left.set(xlabel="trials", ylabel="hypervolume, % of the true front's", ylim=(85, 100.2))
    left.set_title("Median over seeds, band between the quartiles")
    right.set(xlabel="parameters, millions", ylabel="validation accuracy, %", ylim=(80, None))
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
    parser.add_argument("--trials", type=positive, default=100, help="per search (100)")
    parser.add_argument("--seeds", type=positive, default=5, help="searches per sampler (5)")
    parser.add_argument("--output", type=Path, default=Path("nasbench201.png"), help="the picture")
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console()
    console.print(
        "NAS-Bench-201, CIFAR-10, validation accuracy against parameters:\n"
        f"{options.seeds} searches of {options.trials} trials with each sampler"
    )
    studies = search_all(options.trials, options.seeds, console)
    curves = {name: shares(group) for name, group in studies.items()}
    console.print(front_table(studies["LaMOO"][0]))
    console.print(summary(curves), highlight=False)
    draw(curves, studies, options.output)
    console.print(f"Picture: {options.output}")


if __name__ == "__main__":
    main()
