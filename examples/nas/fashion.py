"""Search convolutional networks for Fashion-MNIST: error, parameters and multiply-adds.

    python examples/nas/fashion.py

Every trial chooses a network (depth, width, kind of block, kernel, expansion and skip connections
of each stage, activation) and how to train it, and trains it. Parameters and multiply-adds follow
from the network, so the sampler is told of them as functions. At the end the networks of the front
are trained again from other seeds and judged on images that the search never saw: the error that a
search reports is that of its luckiest trials.

Press Ctrl-C when you like. The same command goes on from the last epoch, and ends as it would have.
With a GPU, the same search at full size:

    python examples/nas/fashion.py --device cuda --size 28 --images 54000 --epochs 30 --trials 300
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from statistics import mean, stdev
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import numpy as np
    import optuna
    import torch
    from counting import Cost
    from images import Splits, fashion
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
    )
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FrozenTrial, Trial, TrialState
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Table
    from spaces import Get, SearchSpace, stages
    from spaces.stages import Network
    from torch import nn
    from training import Recipe, error, seed_of, train

    from lamoo.pareto import nondominated
    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as missing:
    needs(missing, "demo", besides=", and torch (https://pytorch.org)")

Params = dict[str, Any]

#: Of the error in percent, and of log10 of the parameters and of the multiply-adds.
directions = ["minimize", "minimize", "minimize"]
#: A network that is wrong more often is of no interest, however small.
LIMITS = {0: 40.0}


@dataclass(frozen=True)
class Setting:
    """What a trial costs and sees.

    Args:
        data: folder of the images, ``None`` for Debian's.
        size: of the images, 14 or 28 pixels.
        images: to train on.
        valid: to judge by; they are none of those.
        epochs: per network.
        device: ``"cpu"`` or ``"cuda"``.
        seed: of the trainings.
    """

    data: str | None = None
    size: int = 14
    images: int = 2000
    valid: int = 2000
    epochs: int = 4
    device: str = "cpu"
    seed: int = 0

    def splits(self) -> Splits:
        """Return the images."""
        return _splits(self.data, self.size, self.images, self.valid)


@cache
def _splits(data: str | None, size: int, images: int, valid: int) -> Splits:
    return fashion(Path(data) if data else None, size=size, train=images, valid=valid)


# --- what is searched -----------------------------------------------------------------------------

TRAINING: dict[str, BaseDistribution] = {
    "optimizer": CategoricalDistribution(["sgd", "adamw"]),
    "sgd_lr": FloatDistribution(0.01, 1.0, log=True),
    "momentum": FloatDistribution(0.0, 0.95),
    "adamw_lr": FloatDistribution(3e-4, 3e-2, log=True),
    "weight_decay": FloatDistribution(1e-5, 1e-2, log=True),
}


def _read(get: Get) -> tuple[Network, Recipe]:
    network, optimizer = stages.SPACE.read(get), get("optimizer")
    recipe = Recipe(optimizer, get(f"{optimizer}_lr"), weight_decay=get("weight_decay"))
    if optimizer == "sgd":
        recipe = replace(recipe, momentum=get("momentum"))
    return network, recipe


def _encode(chosen: tuple[Network, Recipe]) -> Params:
    network, recipe = chosen
    params = stages.SPACE.encode(network) | {"optimizer": recipe.optimizer}
    params |= {f"{recipe.optimizer}_lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    return params | ({"momentum": recipe.momentum} if recipe.optimizer == "sgd" else {})


SPACE = SearchSpace({**stages.SPACE.distributions, **TRAINING}, _read, _encode)


@lru_cache(1 << 16)
def _cost(network: Network, size: int) -> Cost:
    return network.cost(size)


def known(size: int) -> dict[int, Callable[[Params], float]]:
    """Return what needs no training: index of an objective -> function of the parameters."""

    def log_parameters(params: Params) -> float:
        return math.log10(_cost(stages.SPACE.decode(params), size).parameters)

    def log_macs(params: Params) -> float:
        return math.log10(_cost(stages.SPACE.decode(params), size).macs)

    return {1: log_parameters, 2: log_macs}


def lamoo_told(seed: int, size: int = 14) -> LaMOOSampler:
    """Return LaMOO, told of the space, what each network costs, and which error is too large."""
    return LaMOOSampler(
        seed=seed,
        known_objectives=known(size),
        search_space=SPACE.distributions,
        reference_point=LIMITS,
    )


def objective(
    trial: Trial,
    setting: Setting = Setting(),
    checkpoint: Path | None = None,
    on_epoch: Callable[[int, nn.Module], None] = lambda _, __: None,
) -> tuple[float, ...]:
    """Train the network that a trial describes, and return its objectives."""
    network, recipe = SPACE.suggest(trial)
    splits, cost = setting.splits(), _cost(network, setting.size)
    module = train(
        network.build,
        splits.train,
        replace(recipe, epochs=setting.epochs),
        seed=seed_of(setting.seed, trial.number),
        device=setting.device,
        checkpoint=checkpoint,
        on_epoch=on_epoch,
    )
    wrong = error(module, splits.valid, device=setting.device)
    return wrong, math.log10(cost.parameters), math.log10(cost.macs)


# --- the search, kept on disk ---------------------------------------------------------------------


def open_study(folder: Path, setting: Setting) -> optuna.Study:
    """Return the study that a folder keeps, a new one if there is none.

    Raises:
        ValueError: if it is of another setting.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="fashion",
        storage=JournalStorage(JournalFileBackend(str(folder / "study.journal"))),
        sampler=lamoo_told(setting.seed, setting.size),
        directions=directions,
        load_if_exists=True,
    )
    mine = asdict(setting)
    found = study.user_attrs.get("setting", mine)
    if found != mine:
        other = ", ".join(f"{name} {found[name]}" for name in mine if found[name] != mine[name])
        raise ValueError(f"{folder} keeps a search with {other}: choose another --folder")
    study.set_user_attr("setting", mine)
    return study


def search(study: optuna.Study, setting: Setting, trials: int, folder: Path, bar: Progress) -> None:
    """Run a study until it has so many trials; first the one that was interrupted, if any.

    An interrupted trial keeps its number, its parameters and the epochs that it had, so the study
    becomes what it would have been without the interruption.
    """
    task = bar.add_task("searching", total=trials * setting.epochs)
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    interrupted = [Trial(study, trial._trial_id) for trial in running]
    while interrupted or len(study.trials) < trials:
        trial = interrupted.pop(0) if interrupted else study.ask()
        number = trial.number
        checkpoint = folder / f"trial_{number}.pt"

        def on_epoch(epochs: int, _: nn.Module, number: int = number) -> None:
            done = number * setting.epochs + epochs
            bar.update(task, completed=done, description=f"trial {number + 1} of {trials}")

        study.tell(trial, objective(trial, setting, checkpoint, on_epoch))
        checkpoint.unlink(missing_ok=True)
    bar.update(task, completed=trials * setting.epochs)


# --- the front, trained again ---------------------------------------------------------------------


@dataclass(frozen=True)
class Retrained:
    """A network of the front.

    Args:
        trial: where it was found.
        cost: of the network.
        valid: its errors on the validation images, one per fresh seed, in percent.
        test: on the test images.
    """

    trial: FrozenTrial
    cost: Cost
    valid: tuple[float, ...]
    test: tuple[float, ...]


def retrain(study: optuna.Study, setting: Setting, repeats: int, bar: Progress) -> list[Retrained]:
    """Train the networks of a study's front again, from fresh seeds; smallest first.

    Those within the limits, all if there is none. What was trained before is kept with the study.
    """
    front = sorted(study.best_trials, key=lambda trial: trial.values[1])
    front = [trial for trial in front if trial.values[0] <= LIMITS[0]] or front
    task = bar.add_task("training the front again", total=len(front) * repeats)
    found = []
    for trial in front:
        results = []
        for repeat in range(repeats):
            key = f"retrained {trial.number}, seed {repeat}"
            if key not in study.user_attrs:
                study.set_user_attr(key, errors(trial.params, setting, trial.number, repeat))
            results.append(study.user_attrs[key])
            bar.advance(task)
        valid, test = zip(*results, strict=True)
        cost = _cost(stages.SPACE.decode(trial.params), setting.size)
        found.append(Retrained(trial, cost, valid, test))
    return found


def errors(params: Params, setting: Setting, number: int, repeat: int) -> tuple[float, float]:
    """Train a network from a seed that no trial had; return validation and test error."""
    network, recipe = SPACE.decode(params)
    splits = setting.splits()
    module = train(
        network.build,
        splits.train,
        replace(recipe, epochs=setting.epochs),
        seed=seed_of(setting.seed, number, 1 + repeat),
        device=setting.device,
    )
    valid, test = (error(module, part, device=setting.device) for part in splits[1:])
    return valid, test


def report(networks: Sequence[Retrained]) -> tuple[Table, str]:
    """Return the front as a table, and in words how lucky the search was."""
    values = [[mean(n.test), n.cost.parameters, n.cost.macs] for n in networks]
    stays = nondominated(np.array(values), np.zeros(len(values)))
    table = Table(title="The front, trained again from fresh seeds", show_edge=False)
    for column in ("trial", "weights", "k MACs", "searched", "again", "test error, %", "front"):
        table.add_column(column, justify="right")
    for network, stay in zip(networks, stays, strict=True):
        table.add_row(
            str(network.trial.number),
            f"{network.cost.parameters:,}",
            f"{network.cost.macs / 1000:,.0f}",
            f"{network.trial.values[0]:.2f}",
            spread(network.valid),
            spread(network.test),
            "yes" if stay else "no",
        )
    luck = mean(mean(n.valid) - n.trial.values[0] for n in networks)
    words = (
        f"On the same validation images the networks of the front are {abs(luck):.2f} points "
        f"{'better' if luck < 0 else 'worse'} than the search said, on average; {sum(stays)} of "
        f"{len(networks)} are still on the front by their mean test error."
    )
    return table, words


def spread(numbers: Sequence[float]) -> str:
    """Return a mean, and the standard deviation if there is one."""
    return f"{mean(numbers):.2f}" + (f" ± {stdev(numbers):.2f}" if len(numbers) > 1 else "")


# --- the command line -----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, train the front again, and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=50)
    parser.add_argument("--repeats", type=positive, default=3, help="fresh seeds (3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", metavar="FOLDER", help="of Fashion-MNIST's four .gz files")
    parser.add_argument("--size", type=int, default=14, choices=(14, 28), help="pixels (14)")
    parser.add_argument("--images", type=positive, default=2000, help="to train on (2000)")
    parser.add_argument("--valid", type=positive, default=2000, help="to judge by (2000)")
    parser.add_argument("--epochs", type=positive, default=4, help="per network (4)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=positive, default=1, help="of the CPU (1)")
    parser.add_argument("--folder", type=Path, default=Path("results/fashion"), help="keeps all")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    setting = Setting(
        data=options.data,
        size=options.size,
        images=options.images,
        valid=options.valid,
        epochs=options.epochs,
        device=options.device,
        seed=options.seed,
    )
    console = Console()
    try:
        setting.splits()
        study = open_study(options.folder, setting)
    except (FileNotFoundError, ValueError) as wrong:
        sys.exit(str(wrong))
    columns = "{task.description:24}", BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    try:
        with Progress(*columns, console=console) as bar:
            search(study, setting, options.trials, options.folder, bar)
            networks = retrain(study, setting, options.repeats, bar)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command goes on from here.")
    table, words = report(networks)
    console.print(table)
    console.print(words, highlight=False)
    rows = [
        {"params": n.trial.params, **asdict(n.cost), "validation": n.valid, "test": n.test}
        for n in networks
    ]
    kept = options.folder / "front.json"
    kept.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    console.print(f"Networks: {kept}", soft_wrap=True)


if __name__ == "__main__":
    main()
