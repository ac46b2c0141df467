"""Several processes at one study: is every trial finished once, nothing repeated, nothing lost?

    python examples/benchmarks/workers.py
    python examples/benchmarks/workers.py --storages journal --samplers lamoo tpe --trials 25

Every storage x sampler is a row: so many processes work on one study of NAS-Bench-201 (accuracy and
latency), each for so many trials, and evaluation takes no time, so that they meet as often as they
can. The row `memory` is one process with as many trials in all, for comparison. Hypervolume is a
share of the best; of the time of an ask, until its last suggestion, the median and a quantile are
told, and the median of CPU time, which does not count waiting for storage or other programs.
PostgreSQL and Optuna's gRPC proxy are started and stopped (servers.py;
`pip install "lamoo[distributed]"`).
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import optuna
from asking import ask, one_thread, positive, repeats
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table
from servers import STORAGES, connect, shared

from lamoo_compare.problems import load
from lamoo_compare.samplers import SAMPLERS

PROBLEM = "nb201-cifar10-latency"
COLUMNS = {
    "sampler": "sampler",
    "storage": "storage",
    "processes": "processes",
    "trials": "trials each",
    "finished": "finished once",
    "repeats": "repeats",
    "share": "hypervolume",
    "wall": "s in all",
    "ask": "ms per ask",
    "ask95": "95 %",
    "cpu": "CPU ms",
}
Row = dict[str, str | int | float]


def study_in(storage: BaseStorage, sampler: str, seed: int) -> optuna.Study:
    """Open the study, or make it."""
    return optuna.create_study(
        directions=load(PROBLEM).directions,
        sampler=SAMPLERS[sampler](seed),
        storage=storage,
        study_name="study",
        load_if_exists=True,
    )


def run_trials(study: optuna.Study, trials: int) -> list[tuple[float, float]]:
    """Run trials; return the wall-clock and CPU seconds of each ask."""
    problem, seconds = load(PROBLEM), []
    for _ in range(trials):
        trial, params, ask_seconds = ask(study, problem)
        study.tell(trial, problem.evaluate(params))
        seconds.append(ask_seconds)
    return seconds


def work(place: str, sampler: str, seed: int, trials: int) -> list[tuple[float, float]]:
    """Run trials of a study that others work at too."""
    quiet()
    return run_trials(study_in(connect(place), sampler, seed), trials)


def quiet() -> None:
    """Let Optuna report nothing but errors."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def compete(storage: str, sampler: str, processes: int, trials: int, seed: int) -> Row:
    """Run one row."""
    began = time.perf_counter()
    if storage == "memory":
        study = study_in(InMemoryStorage(), sampler, seed)
        asks = run_trials(study, trials)
        return row_of(study, storage, sampler, 1, trials, asks, began)
    with shared(storage) as place:
        study = study_in(connect(place), sampler, seed)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            # the same seed, as where one script is started several times
            running = [pool.submit(work, place, sampler, seed, trials) for _ in range(processes)]
            asks = [seconds for each in running for seconds in each.result()]
        return row_of(study, storage, sampler, processes, trials, asks, began)


def row_of(
    study: optuna.Study,
    storage: str,
    sampler: str,
    processes: int,
    trials: int,
    asks: Sequence[tuple[float, float]],
    began: float,
) -> Row:
    """Return what a finished study comes to."""
    problem, found = load(PROBLEM), study.get_trials(deepcopy=False)
    complete = [trial for trial in found if trial.state == TrialState.COMPLETE]
    if {trial.number for trial in complete} != set(range(len(found))):
        raise RuntimeError(f"{storage}, {sampler}: trials are missing or not finished")
    wall, cpu = 1e3 * np.array(asks).T
    hypervolume = problem.hypervolume([trial.values for trial in complete])
    return {
        "sampler": sampler,
        "storage": storage,
        "processes": processes,
        "trials": trials,
        "finished": len(complete),
        "repeats": repeats(trial.params for trial in complete),
        "share": round(hypervolume / problem.best_hypervolume, 4),
        "wall": round(time.perf_counter() - began, 1),
        "ask": round(float(np.median(wall))),
        "ask95": round(float(np.quantile(wall, 0.95))),
        "cpu": round(float(np.median(cpu))),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the rows, print them as a table and write them."""
    options = parse(arguments)
    quiet()
    one_thread()
    console, rows, table = Console(width=110), [], Table(*COLUMNS.values())
    for sampler in options.samplers:
        for storage in ["memory", *options.storages]:
            total = options.trials * (options.processes if storage == "memory" else 1)
            rows.append(compete(storage, sampler, options.processes, total, options.seed))
            table.add_row(*map(str, rows[-1].values()))
            console.print(*rows[-1].values())  # already now: the whole takes minutes
    console.print(table)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--storages", nargs="*", choices=STORAGES, default=[*STORAGES])
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=["lamoo", "tpe"])
    parser.add_argument("--processes", type=positive, default=4)
    parser.add_argument("--trials", type=positive, default=100, help="of each process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/workers.csv"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
