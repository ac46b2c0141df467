"""Does a faulty objective cost more than the trials that it loses?

    python examples/benchmarks/faults.py
    python examples/benchmarks/faults.py --samplers lamoo --faults raises nan --seeds 10

Every problem x sampler x fault x seed is a study that runs until so many trials have finished with
values that are true. Their hypervolume is compared, pair by pair of problem and seed, with that of
the study without faults: Wilcoxon's signed-rank test on log10 of what is missing to the best known
hypervolume, two-sided, Holm's correction over the faults of a sampler. The row ``again``, the same
without faults and with other seeds, shows what chance alone does. ``faults.csv`` has a row per
study; studies that stand there are not run again.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import math
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from asking import one_thread, positive
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.stats import wilcoxon

from lamoo_compare.problems import PROBLEMS, Problem, load
from lamoo_compare.samplers import SAMPLERS
from lamoo_compare.target import suggest

COMPARED = ("nb201-cifar10-latency", "dtlz2-d10", "model-search")
FINISHED = {"lamoo": 40, "lamoo-evolutionary": 100}
OTHER_SEEDS = 1_000
#: Workers, and how much longer a tenth of the trials take, where time is at fault.
WORKERS, LONGER = 4, 100
SMALLEST_GAP = 1e-4

Values = list[float]


def _raise(_: Values) -> Any:
    raise RuntimeError("a fault")


def _one(value: float) -> Callable[[Values], Any]:
    """Return a fault: the first objective has this value."""
    return lambda values: [value, *values[1:]]


#: What a share of the trials do instead of returning their values.
FAULTY: dict[str, tuple[float, Callable[[Values], Any]]] = {
    "raises": (0.3, _raise),
    "nan": (0.3, _one(math.nan)),
    "inf": (0.3, _one(math.inf)),
    "minus inf": (0.3, _one(-math.inf)),
    "wrong type": (0.3, lambda values: ["?", *values[1:]]),
    "wrong number": (0.3, lambda values: [*values, 0.0]),
    "1e300": (0.3, _one(1e300)),
    "pruned": (0.2, lambda _: TrialState.PRUNED),
}
#: What all trials return.
CHANGED: dict[str, Callable[[Values], Values]] = {
    "constant objective": lambda values: [*values, 7.0],
    "in units of 1e300": lambda values: [1e-300 * value for value in values],
    "in units of 1e-300": lambda values: [1e300 * value for value in values],
}
FAULTS = ("none", "again", *FAULTY, *CHANGED, "4 workers", "4 workers, slow trials")


def run(problem_name: str, sampler: str, fault: str, seed: int, finished: int) -> dict[str, Any]:
    """Return the row of one study: its missing share of hypervolume, and what became of trials."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    problem = load(problem_name)
    seed_used = seed + (OTHER_SEEDS if fault == "again" else 0)
    directions = [*problem.directions, *["minimize"] * (fault == "constant objective")]
    study = optuna.create_study(directions=directions, sampler=SAMPLERS[sampler](seed_used))
    if fault.startswith("4 workers"):
        true = in_parallel(study, problem, finished, seed, slow=fault != "4 workers")
    else:
        true = one_by_one(study, problem, finished, seed, fault)
    share = problem.hypervolume(true) / problem.best_hypervolume
    return {
        "problem": problem_name,
        "sampler": sampler,
        "fault": fault,
        "seed": seed,
        "finished": finished,
        "trials": len(study.trials),
        "front": front_is_right(study),
        "log10_gap": round(math.log10(max(1 - share, SMALLEST_GAP)), 4),
    }


def one_by_one(
    study: optuna.Study, problem: Problem, finished: int, seed: int, fault: str
) -> list[tuple[float, ...]]:
    """Run a study until so many trials told the truth; return their true values."""
    share, faulty = FAULTY.get(fault, (0.0, _raise))
    changed = CHANGED.get(fault, list)
    true: list[tuple[float, ...]] = []

    def objective(trial: optuna.Trial) -> Any:
        values = problem.evaluate(suggest(trial, problem))
        if np.random.default_rng((seed, trial.number)).random() < share:
            wrong = faulty([*values])
            if wrong is TrialState.PRUNED:
                raise optuna.TrialPruned
            return wrong
        true.append(values)
        if len(true) == finished:
            study.stop()
        return changed([*values])

    study.optimize(objective, n_trials=4 * finished, catch=RuntimeError)
    return true


def in_parallel(
    study: optuna.Study, problem: Problem, finished: int, seed: int, *, slow: bool
) -> list[tuple[float, ...]]:
    """Run a study by four workers on a clock of its own until so many trials have finished."""
    rng = np.random.default_rng((seed, 1))
    true: list[tuple[float, ...]] = []
    running: list[tuple[float, int, optuna.Trial, tuple[float, ...]]] = []
    clock = 0.0
    while len(true) < finished:
        while len(running) < WORKERS:
            trial = study.ask()
            values = problem.evaluate(suggest(trial, problem))
            longer = LONGER if slow and rng.random() < 0.1 else 1
            done = clock + longer * rng.uniform(0.5, 1.5)
            heapq.heappush(running, (done, trial.number, trial, values))
        clock, _, trial, values = heapq.heappop(running)
        study.tell(trial, values)
        true.append(values)
    return true


def front_is_right(study: optuna.Study) -> bool:
    """Tell whether the study's front is what a comparison of all pairs of trials says."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    sign = [1 if d == optuna.study.StudyDirection.MINIMIZE else -1 for d in study.directions]
    Y = np.array([trial.values for trial in complete]) * sign
    no_worse = (Y[:, None] <= Y[None]).all(axis=2)
    dominated = (no_worse & ~no_worse.T).any(axis=0)
    wanted = {t.number for t, bad in zip(complete, dominated, strict=True) if not bad}
    return wanted == {trial.number for trial in study.best_trials}


def report(rows: Sequence[dict[str, str]], console: Console) -> None:
    """Print, per sampler, a row per fault: how it compares with the study that has none."""
    for sampler in dict.fromkeys(row["sampler"] for row in rows):
        mine = [row for row in rows if row["sampler"] == sampler]
        gaps = {(r["fault"], r["problem"], r["seed"]): float(r["log10_gap"]) for r in mine}
        table = Table("fault", "pairs", "trials", "median gap", "difference", "p", "Holm", "fronts")
        tested = {}
        for fault in [f for f in FAULTS if any(row["fault"] == f for row in mine)]:
            base = "4 workers" if fault == "4 workers, slow trials" else "none"
            pairs = [(p, s) for f, p, s in gaps if f == fault and (base, p, s) in gaps]
            ours = np.array([gaps[fault, *pair] for pair in pairs])
            theirs = np.array([gaps[base, *pair] for pair in pairs])
            p = 1.0 if (ours == theirs).all() else float(wilcoxon(ours, theirs).pvalue)
            runs = [row for row in mine if row["fault"] == fault]
            right = sum(row["front"] == "True" for row in runs)
            trials = np.mean([int(row["trials"]) for row in runs])
            difference = float(np.median(ours - theirs))
            tested[fault] = (len(pairs), trials, np.median(ours), difference, p, right)
        holm = corrected({f: t[4] for f, t in tested.items() if f not in ("none", "again")})
        for fault, (pairs_, trials, gap, difference, p, right) in tested.items():
            table.add_row(
                fault,
                str(pairs_),
                f"{trials:.0f}",
                f"{gap:.2f}",
                f"{difference:+.3f}",
                f"{p:.3f}",
                f"{holm[fault]:.3f}" if fault in holm else "",
                f"{right} of {pairs_}",
            )
        console.print(f"\n{sampler}, after {mine[0]['finished']} finished trials")
        console.print(table)


def corrected(p: dict[str, float]) -> dict[str, float]:
    """Return p-values corrected by Holm's method."""
    found, largest = {}, 0.0
    for k, name in enumerate(sorted(p, key=lambda name: p[name])):
        largest = max(largest, min(1.0, (len(p) - k) * p[name]))
        found[name] = largest
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, write the table after each study, and report."""
    options = parse(arguments)
    console = Console()
    one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "faults.csv"
    rows = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
    there = {(r["problem"], r["sampler"], r["fault"], int(r["seed"])) for r in rows}
    cells = [
        (problem, sampler, fault, seed)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for sampler in options.samplers
        for problem in options.problems
        for fault in options.faults
    ]
    missing = [cell for cell in cells if cell not in there]
    context = multiprocessing.get_context("spawn")
    with (
        Progress(console=console) as progress,
        ProcessPoolExecutor(options.jobs, mp_context=context) as pool,
    ):
        task = progress.add_task("studies", total=len(missing))
        futures = [
            pool.submit(run, *cell, options.finished or FINISHED.get(cell[1], 40))
            for cell in missing
        ]
        for future in as_completed(futures):
            rows.append({key: str(value) for key, value in future.result().items()})
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, rows[0], lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            progress.advance(task)
    report(rows, console)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, metavar="NAME", default=COMPARED)
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, metavar="NAME")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, metavar="FAULT", default=FAULTS)
    parser.add_argument("--seeds", type=positive, default=5, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--finished", type=positive, help=f"trials; by default {FINISHED}")
    parser.add_argument("--jobs", type=positive, default=1, help="processes at a time")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the table")
    options = parser.parse_args(arguments)
    options.samplers = options.samplers or [*FINISHED]
    return options


if __name__ == "__main__":
    main()
