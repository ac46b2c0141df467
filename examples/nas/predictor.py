"""Predict the accuracy of all architectures from a few trained ones, and train the best next.

    python examples/nas/predictor.py                        # three minutes of one core
    python examples/nas/predictor.py --task nb201-imagenet-flops --seeds 3

How well does a predictor that learned from n random architectures order the accuracies of all the
others (Kendall's tau)? Over the whole table, and over the architectures that a search is about: the
best Pareto layers of true accuracy and exact cost. There, what costs more is more accurate, so a
third table says how much of the true front is among the 100 that are predicted best. The last one
lets the predictor choose batches of architectures to train next, as predictor-based searches do,
beside LaMOO with as many trials.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import moocore
    import numpy as np
    import optuna
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table
    from scipy.stats import kendalltau
    from sklearn.ensemble import RandomForestRegressor

    from lamoo import History, Known, Space, pareto
    from lamoo.arrays import Floats, Ints
    from lamoo.gp.fitting import fit_objectives
    from lamoo.gp.inputs import inputs_of
    from lamoo.gp.sample import process_of
    from lamoo.gp.training import transforms_of
    from lamoo_compare.problems import Problem

    sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    from asking import loadable
    from known_costs import hypervolumes
except ModuleNotFoundError as error:
    needs(error, "demo")

TASKS = [
    f"nb201-{data}-{cost}"
    for data in ("cifar10", "cifar100", "imagenet")
    for cost in ("params", "flops", "latency")
]
SIZES = (25, 50, 100, 200)
#: The front region: so many Pareto layers of the true values.
LAYERS = 5
#: So many that a predictor thinks best are looked through for the true front.
SHORTLIST = 100
#: The search: random architectures to start with, and how many are chosen at a time.
START, BATCH = 20, 20


@dataclass(frozen=True)
class Table201:
    """All architectures of a task with two objectives, accuracy and an exact cost.

    Args:
        problem: the task.
        space: the same, with what is known of an architecture: features, and the cost.
        X: its points (n, d).
        Y: error and cost (n, 2), both minimised.
        onehot: the operations (n, 30).
        facts: what is known (n, k).
        layer: the Pareto layer of each, 0 for the front.
    """

    problem: Problem
    space: Space
    X: Floats
    Y: Floats
    onehot: Floats
    facts: Floats
    layer: Ints

    def best(self, layers: int) -> Ints:
        """Return the rows of the best Pareto layers."""
        return np.flatnonzero(self.layer < layers)


def table_of(problem: Problem) -> Table201:
    """Enumerate a task."""
    X = problem.space.enumerate()
    cells = problem.space.decode(X)
    Y = np.array([problem.evaluate(cell) for cell in cells]) * [-1, 1]
    features = np.array([problem.features(cell) for cell in cells])
    facts = np.column_stack([features, Y[:, 1]])
    row_of = {x.tobytes(): i for i, x in enumerate(X)}
    known = Known(features=lambda points: facts[[row_of[x.tobytes()] for x in points]])
    space = Space(problem.space.parameters, known=known)
    onehot = (X[:, :, None] == np.unique(X)).reshape(len(X), -1).astype(float)
    return Table201(problem, space, X, Y, onehot, facts, moocore.pareto_rank(Y))


# --- predictors: the table and which rows were trained -> errors (n,), on some scale --------------

Predict = Callable[[Table201, Ints], Floats]


def forest(table: Table201, trained: Ints, *, features: bool) -> Floats:
    """Predict by a random forest on the operations."""
    X = np.concatenate([table.onehot, table.facts], axis=1) if features else table.onehot
    model = RandomForestRegressor(random_state=0).fit(X[trained], table.Y[trained, 0])
    return model.predict(X)


def process(table: Table201, trained: Ints, *, features: bool) -> Floats:
    """Predict by LaMOO's surrogate, a Gaussian process on a scale that it chooses."""
    space = table.space if features else table.problem.space
    history = History(table.X[trained], table.Y[trained, :1])
    (objective_fit,) = fit_objectives(space, history)
    (transform,) = transforms_of(history, [objective_fit.learn_transform])
    inputs, targets = inputs_of(space, history.X), transform(history.Y[:, 0])
    learned = process_of(inputs, targets, space, objective_fit.hyperparameters)
    return learned.predict(inputs_of(space, table.X))[0]


def cost_alone(table: Table201, _: Ints) -> Floats:
    """Predict that what costs more is better."""
    return -table.Y[:, 1]


PREDICTORS: dict[str, Predict] = {
    "cost alone": cost_alone,
    "random forest": lambda table, trained: forest(table, trained, features=False),
    "random forest, features": lambda table, trained: forest(table, trained, features=True),
    "LaMOO's surrogate": lambda table, trained: process(table, trained, features=False),
    "LaMOO's surrogate, features": lambda table, trained: process(table, trained, features=True),
}
CHOOSERS = ("random forest, features", "LaMOO's surrogate, features")


#: What is measured of a predictor.
MEASURES = (
    "Kendall's tau, all architectures",
    f"Kendall's tau, the best {LAYERS} Pareto layers",
    f"Of the true front, found in the {SHORTLIST} that are predicted best",
)


def measured(table: Table201, predict: Predict, trained: Ints) -> tuple[float, float, float]:
    """Return the measures of a predictor, over the architectures that were not trained."""
    predicted = predict(table, trained)
    rest = np.setdiff1d(np.arange(len(table.X)), trained)
    groups = rest, np.intersect1d(rest, table.best(LAYERS))
    every, region = (kendalltau(predicted[g], table.Y[g, 0]).statistic for g in groups)
    front = np.setdiff1d(table.best(1), trained)
    found = np.intersect1d(front, next_batch(table, predicted, trained, SHORTLIST))
    return float(every), float(region), len(found) / max(len(front), 1)


# --- the search -----------------------------------------------------------------------------------


def next_batch(table: Table201, predicted: Floats, trained: Ints, size: int) -> Ints:
    """Return the rows to train next: the best predicted layers, those far apart on the last.

    Predicted values are of another scale than errors, so layers are of predictions only.
    """
    rest = np.setdiff1d(np.arange(len(table.X)), trained)
    Y = np.stack([predicted, table.Y[:, 1]], axis=1)
    chosen = rest[:0]
    while len(chosen) < size:
        front = rest[pareto.nondominated(Y[rest])]
        room = min(size - len(chosen), len(front))
        chosen = np.concatenate([chosen, front[pareto.far_apart(pareto.normalise(Y[front]), room)]])
        rest = np.setdiff1d(rest, front)
    return chosen


def search(table: Table201, predict: Predict | None, trials: int, seed: int) -> Floats:
    """Return the share of the best hypervolume after each trial of a search, ``(trials,)``.

    Without a predictor all architectures are random.
    """
    order = np.random.default_rng(seed).permutation(len(table.X))
    trained = order[: START if predict else trials][:trials]
    while predict and len(trained) < trials:
        size = min(BATCH, trials - len(trained))
        chosen = next_batch(table, predict(table, trained), trained, size)
        trained = np.concatenate([trained, chosen])
    values = table.Y[trained] * [-1, 1]
    return table.problem.hypervolume_curve(values) / table.problem.best_hypervolume


def lamoo(table: Table201, trials: int, seed: int) -> Floats:
    """Return the same of LaMOO, told the cost and the features."""
    problem = table.problem
    known: dict[str, Any] = {"known_objectives": {1: lambda params: problem.evaluate(params)[1]}}
    return np.array(hypervolumes(problem, seed, trials, features=problem.features, **known))


# --- the tables -----------------------------------------------------------------------------------


def quartiles(values: Sequence[float], form: str) -> str:
    """Return the median and the quartiles as text."""
    low, middle, high = (form.format(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
    return f"{middle} ({low} to {high})"


def predictor_tables(
    table: Table201, sizes: Sequence[int], seeds: int, console: Console
) -> list[Table]:
    """Measure all predictors on the same random architectures; return a table per measure."""
    tables = [Table("predictor", *(f"n = {n}" for n in sizes), title=name) for name in MEASURES]
    with Progress(console=console) as progress:
        bar = progress.add_task("predicting", total=len(PREDICTORS) * len(sizes) * seeds)
        for name, predict in PREDICTORS.items():
            values = np.empty((len(MEASURES), len(sizes), seeds))
            for (i, n), seed in itertools.product(enumerate(sizes), range(seeds)):
                trained = np.random.default_rng(seed).permutation(len(table.X))[:n]
                values[:, i, seed] = measured(table, predict, trained)
                progress.advance(bar)
            for said, rows in zip(tables, values, strict=True):
                said.add_row(name, *(quartiles(row, "{:.2f}") for row in rows))
    return tables


def search_table(table: Table201, trials: int, seeds: int, console: Console) -> Table:
    """Search with each chooser, at random, and with LaMOO."""
    searches: dict[str, Callable[[int], Floats]] = {
        f"batches of {BATCH}, {name}": lambda seed, name=name: search(
            table, PREDICTORS[name], trials, seed
        )
        for name in CHOOSERS
    }
    searches["LaMOO, one at a time"] = lambda seed: lamoo(table, trials, seed)
    searches["random"] = lambda seed: search(table, None, trials, seed)
    steps = [n for n in range(START, trials + 1, BATCH) if n < trials] + [trials]
    said = Table("search", *(f"{n} trials" for n in steps), title="Share of the best hypervolume")
    with Progress(console=console) as progress:
        bar = progress.add_task("searching", total=len(searches) * seeds)
        for name, run in searches.items():
            shares = []
            for seed in range(seeds):
                shares.append(run(seed))
                progress.advance(bar)
            columns = np.array(shares)[:, np.array(steps) - 1].T
            said.add_row(name, *(quartiles(column, "{:.3f}") for column in columns))
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables; return 1 if the task's table is absent."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=TASKS, default="nb201-cifar10-flops", metavar="TASK")
    parser.add_argument("--sizes", nargs="+", type=positive, default=SIZES, help="25 50 100 200")
    parser.add_argument("--trials", type=positive, default=100, help="of a search (100)")
    parser.add_argument("--seeds", type=positive, default=10)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console()
    problems = loadable([options.task], console)
    if not problems:
        return 1
    table = table_of(problems[options.task])
    console.print(f"{options.task}, {options.seeds} seeds: medians (and quartiles)")
    for said in predictor_tables(table, options.sizes, options.seeds, console):
        console.print(said)
    console.print(search_table(table, options.trials, options.seeds, console))
    return 0


if __name__ == "__main__":
    sys.exit(main())
