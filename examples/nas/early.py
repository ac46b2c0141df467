"""Search networks for Fashion-MNIST and stop bad trainings early, in two processes.

    python examples/nas/early.py
    python examples/nas/early.py --rule halving --trials 90 --workers 3 --folder results/halving

Every trial trains a network of the space that ``record.py`` recorded as a whole, and reports its
accuracy and its multiply-adds after each epoch. What will not reach the front is stopped, and LaMOO
learns from it all the same. At the end: how many epochs that took, the front, and which share of
the hypervolume of the best recorded front it has.

Press Ctrl-C, or kill a process, when you like. The same command goes on: trials that were running
keep their numbers and reports, and go on from their last epoch.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import optuna
    import torch
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import Trial, TrialState
    from record import SIZE, accuracy, network_of, recipe_of, splits
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Table
    from torch import nn
    from training import seed_of, train

    from lamoo_compare.budget import trained
    from lamoo_compare.problems import Problem, load
    from lamoo_compare.problems.curves import EPOCHS, FASHION
    from lamoo_compare.target import suggest
    from optuna_lamoo import EarlyStopping, LaMOOSampler, track
except ModuleNotFoundError as missing:
    needs(missing, "demo", "compare", besides=", and torch (https://pytorch.org)")

#: Of the accuracy in percent, and of log10 of the multiply-adds.
directions = ["maximize", "minimize"]
#: Seconds between two looks at what the processes have done.
LOOK = 1.0


@dataclass(frozen=True)
class Setting:
    """What is searched, and how.

    Args:
        folder: keeps the study and what is being trained.
        trials: of all processes together.
        rule: that stops trainings, ``"none"`` for none.
        seed: of the search and of the trainings.
        data: folder of the images, ``None`` for Debian's.
    """

    folder: Path
    trials: int
    rule: str = "curves"
    seed: int = 0
    data: Path | None = None


def log_macs(params: Mapping[str, Any]) -> float:
    """Return log10 of a network's multiply-adds, which need no training."""
    return math.log10(network_of(params).cost(SIZE).macs)


def open_study(setting: Setting) -> optuna.Study:
    """Return the study that a folder keeps, a new one if there is none."""
    setting.folder.mkdir(parents=True, exist_ok=True)
    none = setting.rule == "none"
    return optuna.create_study(
        study_name="early",
        storage=JournalStorage(JournalFileBackend(str(setting.folder / "study.journal"))),
        sampler=LaMOOSampler(seed=setting.seed, known_objectives={1: log_macs}),
        pruner=optuna.pruners.NopPruner() if none else EarlyStopping(setting.rule),
        directions=directions,
        load_if_exists=True,
    )


def objective(trial: Trial, setting: Setting, problem: Problem) -> tuple[float, float]:
    """Train the network that a trial describes as far as it is worth it, from its last epoch on.

    Raises:
        optuna.TrialPruned: if it was stopped.
    """
    trial = track(trial)
    params = suggest(trial, problem)
    images, found = splits(setting.data), 0.0

    def on_epoch(epoch: int, network: nn.Module) -> None:
        nonlocal found
        if _orphaned():
            sys.exit("the search was killed")  # who goes on with it trains this one, too
        if epoch == 0:
            return
        found = accuracy(network, images.valid)
        trial.report([found, log_macs(params)], epoch)  # what it had reported is passed over
        if trial.should_prune():
            raise optuna.TrialPruned

    train(
        network_of(params).build,
        images.train,
        recipe_of(params),
        seed=seed_of(setting.seed, trial.number),
        checkpoint=checkpoint_of(trial.number, setting),
        on_epoch=on_epoch,
    )
    return found, log_macs(params)


def _orphaned() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def checkpoint_of(number: int, setting: Setting) -> Path:
    """Return the file that keeps a training's state after each epoch."""
    return setting.folder / f"trial_{number}.pt"


def work(setting: Setting, interrupted: Sequence[int]) -> None:
    """Run trials in one process: first some that were interrupted, then new ones while any miss."""
    torch.set_num_threads(1)
    with suppress(KeyboardInterrupt):  # the first process says so
        _run(setting, interrupted)


def _run(setting: Setting, interrupted: Sequence[int]) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, problem = open_study(setting), load("fashion-curves")
    waiting = [Trial(study, study.trials[number]._trial_id) for number in interrupted]
    while waiting or len(study.get_trials(deepcopy=False)) < setting.trials:
        trial = waiting.pop(0) if waiting else study.ask()
        try:
            study.tell(trial, objective(trial, setting, problem))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        checkpoint_of(trial.number, setting).unlink(missing_ok=True)


def search(setting: Setting, workers: int, bar: Progress) -> None:
    """Run processes until the study has its trials.

    Raises:
        RuntimeError: if one of them failed.
    """
    study = open_study(setting)
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    shares = [[trial.number for trial in running[i::workers]] for i in range(workers)]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(setting, share)) for share in shares]
    for process in processes:
        process.start()
    task = bar.add_task("", total=setting.trials)
    for process in processes:
        while process.is_alive():
            process.join(timeout=LOOK)
            done = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
            words = f"{done} of {setting.trials} trials"
            bar.update(task, completed=done, description=words)
    if any(process.exitcode for process in processes):
        raise RuntimeError("a process ended early: the same command goes on from here")


def report(study: optuna.Study) -> tuple[Table, str]:
    """Return the front as a table, and in words what it took."""
    problem = load("fashion-curves")
    table = Table(title="The front", show_edge=False)
    for column in ("trial", "accuracy, %", "MACs", "network"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        values = f"{trial.values[0]:.1f}", f"{10 ** trial.values[1]:,.0f}"
        about = trial.params | {"width": FASHION.widths[trial.params["width"]]}
        words = (
            "{block} {kernel}, width {width}, depth {depth}, {optimizer} 1e{log10_learning_rate}"
        ).format(**about)
        table.add_row(str(trial.number), *values, words)
    epochs = sum(trained(trial, len(directions)) for trial in study.trials)
    stopped = len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
    full = len(study.trials) * EPOCHS
    best = problem.hypervolume([t.values for t in study.best_trials]) / problem.best_hypervolume
    return table, (
        f"{len(study.trials)} trials, {stopped} of them stopped, took {epochs} epochs; in full "
        f"they would have been {full}. Hypervolume: {best:.1%} of the best recorded front's."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=60)
    parser.add_argument("--rule", choices=("curves", "halving", "none"), default="curves")
    parser.add_argument("--workers", type=positive, default=2, help="processes (2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of Fashion-MNIST's .gz files")
    parser.add_argument("--folder", type=Path, default=Path("results/early"), help="keeps all")
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    setting = Setting(options.folder, options.trials, options.rule, options.seed, options.data)
    console = Console()
    columns = ["{task.description}", BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
    try:
        splits(setting.data)
        with Progress(*columns, console=console) as bar:
            search(setting, options.workers, bar)
    except (FileNotFoundError, RuntimeError) as wrong:
        sys.exit(str(wrong))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command goes on from here.")
    table, words = report(open_study(setting))
    console.print(table)
    console.print(words, highlight=False)


if __name__ == "__main__":
    main()
