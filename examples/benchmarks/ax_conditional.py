"""Ax's default strategy and LaMOO's in hierarchical search spaces: choices that open others.

    python examples/benchmarks/ax_conditional.py ax.csv --problems model-search --seeds 3

The problems are those of ``lamoo compare`` that have conditions, asked through Ax's client with all
parameters and what opens them declared beforehand. Ax's spaces are trees (1.3), so a parameter that
several values open becomes one for each. A run is a row of the file, written when it has ended: the
CPU seconds of asking and telling, and shares of the best hypervolume. What is there is not run
again.
"""

from __future__ import annotations

import argparse
import csv
import logging
import math
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from asking import positive

from lamoo.space import Categorical, Parameter
from lamoo_compare.problems import Problem, load

warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
logging.disable(logging.WARNING)
try:
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    from ax_lamoo import lamoo_generation_strategy
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}: pip install 'lamoo[ax]'") from error

PROBLEMS = (
    *("model-search", "depth-and-width-6", "families-cancer"),
    *("branches-10", "branches-14", "branches-18", "branches-19"),
)
#: Shares are written after every so many trials.
EVERY = 10

Config = ChoiceParameterConfig | RangeParameterConfig


def _default(client: Client, seed: int) -> None:
    client.configure_generation_strategy(initialization_random_seed=seed)


def _lamoo(client: Client, seed: int) -> None:
    client.set_generation_strategy(lamoo_generation_strategy(seed=seed))


#: name -> what gives a client its strategy.
STRATEGIES: dict[str, Callable[[Client, int], None]] = {"ax": _default, "lamoo": _lamoo}


def hierarchical(problem: Problem) -> list[Config]:
    """Return a problem's parameters for Ax, each with those that its values open."""
    opened: dict[str, dict[Any, list[str]]] = {}
    configs: list[Config] = []
    for name in reversed(problem.space.parameters):  # children before their parents
        parent, values = problem.conditions.get(name, ("", ()))
        parameter = problem.space.parameters[name]
        for value in values:
            opened.setdefault(parent, {}).setdefault(value, []).append(own_name(name, value))
        names = [own_name(name, value) for value in values] or [name]
        configs += [_config(each, parameter, opened.get(name)) for each in names]
    return configs[::-1]


def own_name(name: str, value: object) -> str:
    """Return what Ax calls a parameter that a value opens."""
    return f"{name}_{value}"


def _config(name: str, parameter: Parameter, opened: dict[Any, list[str]] | None) -> Config:
    """Return a parameter for Ax; one that opens others is a choice, in order if it is a number."""
    if isinstance(parameter, Categorical) or opened:
        values = parameter.from_unit(parameter.places())
        kind, ordered = type(values[0]).__name__, parameter.ordered
        return ChoiceParameterConfig(
            name, values, kind, is_ordered=ordered, dependent_parameters=opened
        )
    kind = type(parameter.low).__name__
    return RangeParameterConfig(
        name,
        (parameter.low, parameter.high),
        kind,
        step_size=parameter.step if kind == "float" else None,
        scaling="log" if parameter.log else "linear",
    )


def run(problem: Problem, strategy: str, seed: int, trials: int) -> tuple[list[float], float]:
    """Return the shares of the best hypervolume after each trial, and the CPU seconds of asking."""
    client = Client(random_seed=seed)
    client.configure_experiment(hierarchical(problem))
    signs = ("-" if direction == "minimize" else "" for direction in problem.directions)
    client.configure_optimization(objective=", ".join(f"{s}f{j}" for j, s in enumerate(signs)))
    STRATEGIES[strategy](client, seed)
    scored, cpu = [], 0.0
    for _ in range(trials):
        start = time.process_time()
        ((index, asked),) = client.get_next_trials(max_trials=1).items()
        cpu += time.process_time() - start
        params: dict[str, Any] = {}
        for name in problem.active(params):
            parent, _ = problem.conditions.get(name, ("", ()))
            params[name] = asked[own_name(name, params[parent]) if parent else name]
        values = problem.evaluate(params)
        start = time.process_time()
        if any(map(math.isnan, values)):
            client.mark_trial_failed(index)
        else:
            client.complete_trial(index, {f"f{j}": float(y) for j, y in enumerate(values)})
        cpu += time.process_time() - start
        scored.append(values)
    return (problem.hypervolume_curve(scored) / problem.best_hypervolume).tolist(), cpu


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not there yet, and print the medians."""
    options = parse(arguments)
    after = range(EVERY, options.trials + 1, EVERY)
    done = read(options.out)
    if not options.out.exists():
        write(options.out, ["problem", "strategy", "seed", "cpu", *after])
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for name in options.problems:
            for strategy in options.strategies:
                if (name, strategy, str(seed)) in done:
                    continue
                shares, cpu = run(load(name), strategy, seed, options.trials)
                row = [f"{shares[n - 1]:.4f}" for n in after]
                write(options.out, [name, strategy, seed, f"{cpu:.1f}", *row])
    sys.stdout.write(table(read(options.out), list(after)))
    return 0


def read(path: Path) -> dict[tuple[str, str, str], list[float]]:
    """Read what has run: problem, strategy and seed -> CPU seconds and shares."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {(row[0], row[1], row[2]): [float(x) for x in row[3:]] for row in rows}


def write(path: Path, row: Sequence[object]) -> None:
    """Append a row."""
    with path.open("a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(row)


def table(runs: dict[tuple[str, str, str], list[float]], after: Sequence[int]) -> str:
    """Return a line per problem and strategy: medians after so many trials, CPU seconds a trial."""
    lines = []
    for name, strategy in sorted({key[:2] for key in runs}):
        each = [row for key, row in runs.items() if key[:2] == (name, strategy)]
        shares = " ".join(
            f"{n}:{median(row[1 + i] for row in each):.3f}" for i, n in enumerate(after)
        )
        cpu = median(row[0] for row in each) / after[-1]
        lines.append(f"{name} {strategy} (seeds: {len(each)}) {shares}  {cpu:.2f} s per trial\n")
    return "".join(lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a CSV file, which grows")
    parser.add_argument("--problems", nargs="+", default=PROBLEMS, metavar="NAME")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=[*STRATEGIES])
    parser.add_argument("--seeds", type=positive, default=3, help="how many (3)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=positive, default=60, help="per run (60)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
