"""Long studies: CPU time of asking and telling, and memory, against the number of trials.

    python examples/benchmarks/soak.py                       # all runs: about half an hour
    python examples/benchmarks/soak.py --samplers lamoo-evolutionary --trials 2000

Each run is one study with Optuna's ``InMemoryStorage``, in a process of its own with one thread
for linear algebra; the random sampler shows what Optuna itself takes. ``soak.csv`` has a row per
block of trials, ``soak.png`` draws it. Runs that stand there already are not run again.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import optuna
from ask_time import peak_memory
from asking import ask, one_thread, positive
from rich.console import Console
from rich.progress import Progress

from lamoo_compare.problems import PROBLEMS, load
from lamoo_compare.samplers import SAMPLERS

#: Ten numbers; eight mixed parameters, six of them conditional.
COMPARED = ("dtlz2-d10", "model-search")
TRIALS = {"lamoo": 3_000, "lamoo-evolutionary": 20_000, "random": 20_000}
BLOCKS = 40

Row = dict[str, str | int | float]


def soak(problem_name: str, sampler: str, trials: int) -> Iterator[Row]:
    """Yield a row after each block of trials of one study.

    CPU milliseconds per ask (mean and largest of the block) and per tell, with all that Optuna
    does; and the most memory that the process has had, in MB.
    """
    optuna.logging.disable_default_handler()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    problem = load(problem_name)
    study = optuna.create_study(directions=problem.directions, sampler=SAMPLERS[sampler](0))
    asks: list[float] = []
    tells: list[float] = []
    for i in range(1, trials + 1):
        trial, params, (_, cpu) = ask(study, problem)
        asks.append(cpu)
        values, start = problem.evaluate(params), time.process_time()
        study.tell(trial, values)
        tells.append(time.process_time() - start)
        if i * BLOCKS // trials > (i - 1) * BLOCKS // trials:
            yield {
                "problem": problem_name,
                "sampler": sampler,
                "trials": i,
                "ask_ms": round(1e3 * float(np.mean(asks)), 2),
                "ask_max_ms": round(1e3 * max(asks), 2),
                "tell_ms": round(1e3 * float(np.mean(tells)), 3),
                "peak_mb": round(peak_memory() / 1e6, 1),
            }
            asks, tells = [], []


def run(problem: str, sampler: str, trials: int, rows: multiprocessing.Queue[Row]) -> None:
    """Send the rows of one run as they come."""
    for row in soak(problem, sampler, trials):
        rows.put(row)


def draw(rows: Sequence[dict[str, str]], path: Path) -> None:
    """Draw CPU time per ask, and memory, against the number of trials, for each problem."""
    # not at the top: the processes whose memory is measured have no use for it
    from matplotlib.figure import Figure  # noqa: PLC0415
    from plots import finish, log_scale, style  # noqa: PLC0415

    problems = [*dict.fromkeys(row["problem"] for row in rows)]
    figure = Figure(figsize=(9, 0.8 + 2.4 * len(problems)), layout="constrained")
    grid = figure.subplots(len(problems), 2, squeeze=False, sharex=True)
    for (time_axes, memory_axes), problem in zip(grid, problems, strict=True):
        mine = [row for row in rows if row["problem"] == problem]
        for sampler in dict.fromkeys(row["sampler"] for row in mine):
            run_ = [row for row in mine if row["sampler"] == sampler]
            n = [int(row["trials"]) for row in run_]
            for axes, column in ((time_axes, "ask_ms"), (memory_axes, "peak_mb")):
                axes.plot(n, [float(r[column]) for r in run_], label=sampler, **style(sampler))
        log_scale(time_axes)
        time_axes.set(ylabel="CPU ms per ask", title=problem)
        memory_axes.set(ylabel="peak memory, MB", title=problem, ylim=(0, None))
        memory_axes.grid(visible=True, color="0.93")
    figure.supxlabel("trials")
    finish(figure, path)


def write(rows: Sequence[dict[str, str]], table: Path) -> None:
    """Write the table."""
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing; write the table after each block, and in the end the picture."""
    options = parse(arguments)
    console = Console()
    one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    table = options.out / "soak.csv"
    rows = list(csv.DictReader(table.read_text().splitlines())) if table.exists() else []
    context = multiprocessing.get_context("spawn")
    with Progress(console=console) as progress, context.Manager() as manager:
        for problem in options.problems:
            for sampler in options.samplers:
                trials = options.trials or TRIALS.get(sampler, 1_000)
                task = progress.add_task(f"{problem} {sampler}", total=trials)
                mine = [r for r in rows if (r["problem"], r["sampler"]) == (problem, sampler)]
                if mine and int(mine[-1]["trials"]) == trials:
                    progress.update(task, completed=trials)
                    continue
                rows = [row for row in rows if row not in mine]
                queue = manager.Queue()
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    done = pool.submit(run, problem, sampler, trials, queue)
                    while not (done.done() and queue.empty()):
                        time.sleep(0.2)
                        while not queue.empty():
                            row = queue.get()
                            rows.append({key: str(value) for key, value in row.items()})
                            write(rows, table)
                            progress.update(task, completed=row["trials"])
                    done.result()
    draw(rows, options.out / "soak.png")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, metavar="NAME")
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, metavar="NAME")
    parser.add_argument("--trials", type=positive, help=f"per run; by default {TRIALS}")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the table")
    options = parser.parse_args(arguments)
    options.problems = options.problems or COMPARED
    options.samplers = options.samplers or [*TRIALS]
    return options


if __name__ == "__main__":
    main()
