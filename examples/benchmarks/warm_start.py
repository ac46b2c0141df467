"""Measure what an earlier study saves: accuracy and latency from one device to another.

    python examples/benchmarks/warm_start.py --seeds 8 --first-seed 700

NAS-Bench-201's test accuracies (CIFAR-10) and latencies on 27 devices are read from
``nb201_v11.npz`` in the folder that the environment variable LAMOO_TABLES names. Without it
there is nothing to measure.

A source is a study of 100 trials on the first device; an unrelated one is the same table with its
architectures shuffled. What is counted are trials until the median hypervolume over the seeds is
where a cold start's median is after half, and after all, of the trials.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import optuna
from asking import positive
from optuna.study import Study
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo_compare.problems import NASBENCH201_OPERATIONS, tables_folder
from optuna_lamoo import LaMOOSampler

PAIRS = (("pixel3", "raspi4"), ("1080ti_32", "pixel2"), ("eyeriss", "fpga"))
SOURCE_TRIALS = 100


def values_of(file: Path, device: str, shuffled: int | None = None) -> Floats:
    """Return error and latency, each from 0 to 1, by the six operations, shape ``(5,) * 6 + (2,)``.

    Args:
        file: the table.
        device: whose latency.
        shuffled: seed of a shuffle of the architectures.
    """
    with np.load(file) as table:
        ops = table["ops"]
        Y = np.stack([-table["cifar10_test_v11"], table[f"lat_{device}"]], axis=1).astype(float)
    Y = (Y - Y.min(axis=0)) / np.ptp(Y, axis=0)
    if shuffled is not None:
        Y = Y[np.random.default_rng(shuffled).permutation(len(Y))]
    values = np.empty((5,) * 6 + (2,))
    values[tuple(ops.T)] = Y
    return values


def search(values: Floats, sampler: LaMOOSampler, trials: int) -> Study:
    """Search one table."""

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        choices = NASBENCH201_OPERATIONS
        at = [choices.index(trial.suggest_categorical(f"Op{i}", choices)) for i in range(6)]
        return tuple(values[tuple(at)].tolist())

    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return study


def curve(study: Study, values: Floats) -> Floats:
    """Return the share of the best hypervolume after each trial."""
    reference = np.full(2, 1.1)
    Y = np.array([trial.values for trial in study.trials])
    best = pareto.hypervolume(values.reshape(-1, 2), reference)
    return pareto.hypervolume_curve(Y, reference) / best


def trials_to(curves: Sequence[Floats], level: float) -> str:
    """Return after how many trials the median is at a level."""
    reached = np.flatnonzero(np.median(curves, axis=0) >= level - 1e-12)
    return str(reached[0] + 1) if len(reached) else "never"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=positive, default=8)
    parser.add_argument("--first-seed", type=int, default=700)
    parser.add_argument("--trials", type=positive, default=60)
    parser.add_argument("--pairs", type=positive, default=len(PAIRS), help="how many of the pairs")
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    console, file = Console(), tables_folder() / "nb201_v11.npz"
    if not file.is_file():
        console.print(f"skipped: there is no {file}; set LAMOO_TABLES to its folder")
        return
    half, whole = max(1, options.trials // 2), options.trials
    table = Table(
        "from",
        "to",
        "start",
        f"share at {half}",
        f"at {whole}",
        f"trials to a cold start's at {half}",
        f"at {whole}",
    )
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for source, target in PAIRS[: options.pairs]:
        values = values_of(file, target)
        starts: dict[str, Callable[[int], Floats | None]] = {
            "cold": lambda _: None,
            "similar": lambda _, source=source: values_of(file, source),  # type: ignore[misc]
            "unrelated": lambda seed, source=source: values_of(file, source, shuffled=seed),  # type: ignore[misc]
        }
        curves: dict[str, list[Floats]] = {name: [] for name in starts}
        for seed in track(seeds, f"{source} to {target}", console=console, transient=True):
            for name, earlier in starts.items():
                known = earlier(seed)
                warm = None
                if known is not None:
                    quick = LaMOOSampler(seed=seed, solver="evolutionary")
                    warm = search(known, quick, SOURCE_TRIALS)
                study = search(values, LaMOOSampler(seed=seed, warm_start=warm), whole)
                curves[name].append(curve(study, values))
        cold = np.median(curves["cold"], axis=0)
        for name, runs in curves.items():
            median = np.median(runs, axis=0)
            shares = [f"{median[n - 1]:.4f}" for n in (half, whole)]
            counts = [trials_to(runs, cold[n - 1]) for n in (half, whole)]
            table.add_row(source, target, name, *shares, *counts)
    console.print(table)


if __name__ == "__main__":
    main()
