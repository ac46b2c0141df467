r"""Search at the papers' scale, on as many machines as you have: CIFAR-10 and ImageNet.

    python examples/nas/launch.py search cifar10 --data cifar-10-batches-bin \
        --storage postgresql://user:password@host/nas --study cifar10 --device cuda
    python examples/nas/launch.py search imagenet --data imagenet --epochs 10 \
        --storage postgresql://user:password@host/nas --study imagenet --device cuda

Start the same command once per GPU, on any machine that reaches the storage; more may join, and
any may stop. A worker that dies is noticed by its heartbeat, and its network is trained again by
another, from its last epoch where --checkpoints is a folder that both see. The storage is Optuna's:
any database that SQLAlchemy knows. Then train what you like of the front to the end:

    python examples/nas/launch.py train cifar10 --trial 123 --epochs 600 --seeds 3 ...

The targets are what the papers report: on CIFAR-10 97.36 % with 1.62 M parameters after 600
networks, on ImageNet 80.4 % with 522 M multiply-adds. They have not been reached with this program,
which was tested on a few images only: it takes GPUs. `--data synthetic --steps 1` tries a setting
out.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import optuna
    import torch
    from counting import Cost
    from fashion import spread
    from images import Splits, cifar10, image_folder, joined, synthetic
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
    from optuna.study import MaxTrialsCallback
    from optuna.trial import Trial, TrialState
    from rich.console import Console
    from rich.table import Table
    from spaces import SearchSpace, efficientnet, nasnet
    from torch import nn
    from training import Recipe, error, seed_of, train

    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as missing:
    needs(missing, "demo", besides=", and torch (https://pytorch.org)")

#: Seconds between two signs of life of a worker, and after how many it is given up.
HEARTBEAT, GRACE = 60, 300
#: How often a network is tried again whose worker died.
RETRIES = 3


@dataclass(frozen=True)
class Task:
    """A data set, a search space, and the two objectives: error, and what a network costs.

    Args:
        space: of networks.
        unit: of the cost.
        cost_of: a network -> its cost.
        size_of: a network -> pixels of the images it wants.
        load: folder, pixels -> images.
        recipe: how networks are trained.
        drop: how often a branch is left out while training, at the last block.
        canonical: a network -> what is the same for networks that are the same.
    """

    space: SearchSpace[Any]
    unit: str
    cost_of: Callable[[Cost], int]
    size_of: Callable[[Any], int]
    load: Callable[[Path, int], Splits]
    recipe: Recipe
    drop: float
    canonical: Callable[[Any], Any]

    def cost(self, network: Any) -> float:
        """Return what a network costs, in millions."""
        return self.cost_of(network.cost()) / 1e6

    def known(self, params: Mapping[str, Any]) -> float:
        """Return what the network of some parameters costs, in millions."""
        return self.cost(self.space.decode(params))


TASKS = {
    "cifar10": Task(
        nasnet.SPACE,
        "M parameters",
        lambda cost: cost.parameters,
        lambda _: 32,
        lambda folder, _: cifar10(folder),
        Recipe("sgd", 0.1, weight_decay=3e-4, epochs=50, batch=128),
        0.2,
        nasnet.canonical,
    ),
    "imagenet": Task(
        efficientnet.SPACE,
        "M multiply-adds",
        lambda cost: cost.macs,
        lambda network: network.size,
        lambda folder, size: image_folder(folder, size=size),
        Recipe("sgd", 0.5, weight_decay=4e-5, smoothing=0.1, epochs=10, batch=256),
        0.2,
        lambda network: network,
    ),
}


@dataclass(frozen=True)
class Job:
    """A task, where its images are, and how and where networks are trained."""

    task: Task
    data: str
    recipe: Recipe
    device: str
    checkpoints: Path

    def images(self, network: Any) -> Splits:
        """Return the images for a network."""
        size = self.task.size_of(network)
        if self.data == "synthetic":
            return synthetic(8, size=size)
        return self.task.load(Path(self.data), size)

    def build(self, network: Any) -> nn.Module:
        """Return a network with fresh weights."""
        module: nn.Module = network.build(drop=self.task.drop)
        return module

    def objective(self, trial: Trial) -> tuple[float, float]:
        """Train the network that a trial describes; return its error, and its cost in millions."""
        network = self.task.space.suggest(trial)
        number, splits = first_number(trial), self.images(network)
        checkpoint = self.checkpoints / f"{trial.study.study_name}_{number}.pt"
        module = train(
            lambda: self.build(network),
            splits.train,
            self.recipe,
            seed=seed_of(number),
            device=self.device,
            checkpoint=checkpoint,
        )
        wrong = error(module, splits.valid, device=self.device)
        checkpoint.unlink(missing_ok=True)
        return wrong, self.task.cost(network)

    def sampler(self, seed: int) -> LaMOOSampler:
        """Return LaMOO, told of the space and of what networks cost."""
        task = self.task
        return LaMOOSampler(
            seed=seed,
            known_objectives={1: task.known},
            canonical=lambda params: task.canonical(task.space.decode(params)),
            search_space=task.space.distributions,
        )


def first_number(trial: Trial) -> int:
    """Return a trial's number, or that of the trial whose worker died and that it repeats."""
    itself = trial.study.get_trials(deepcopy=False)[trial.number]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        first = RetryHeartbeatStaleTrialCallback.retried_trial_number(itself)
    return trial.number if first is None else first


def open_study(options: argparse.Namespace, sampler: LaMOOSampler) -> optuna.Study:
    """Return the study of a storage that all workers share."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = RDBStorage(
            options.storage,
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(RETRIES),
        )
    return optuna.create_study(
        storage=storage,
        study_name=options.study,
        sampler=sampler,
        directions=["minimize", "minimize"],
        load_if_exists=True,
    )


def search(study: optuna.Study, job: Job, trials: int, console: Console) -> None:
    """Take part in a search until all workers together have finished so many trials."""

    def say(_: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.state == TrialState.COMPLETE:
            wrong, cost = trial.values
            console.print(f"trial {trial.number}: {wrong:.2f} %, {cost:.3f} {job.task.unit}")

    limit = MaxTrialsCallback(trials, states=(TrialState.COMPLETE,))
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < trials:
        # a network that is too large for the GPU fails, and the search goes on
        study.optimize(job.objective, callbacks=[say, limit], catch=torch.OutOfMemoryError)
    table = Table("trial", "error, %", job.task.unit, title="The front so far", show_edge=False)
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        table.add_row(str(trial.number), f"{trial.values[0]:.2f}", f"{trial.values[1]:.3f}")
    console.print(table)


def train_one(study: optuna.Study, job: Job, number: int, seeds: int, console: Console) -> None:
    """Train a trial's network on all images but the test's, from fresh seeds, and test it."""
    network = job.task.space.decode(study.trials[number].params)
    splits, results = job.images(network), []
    for seed in range(seeds):
        module = train(
            lambda: job.build(network),
            joined(splits),
            job.recipe,
            seed=seed_of(number, 1 + seed),
            device=job.device,
            checkpoint=job.checkpoints / f"{study.study_name}_{number}_final{seed}.pt",
            on_epoch=lambda epoch, _: console.print(f"epoch {epoch} of {job.recipe.epochs}"),
        )
        results.append(error(module, splits.test, device=job.device))
        console.print(f"seed {seed}: test error {results[-1]:.2f} %")
    cost = f"{job.task.cost(network):.3f} {job.task.unit}"
    console.print(f"Test error {spread(results)} %, {100 - mean(results):.2f} % right, {cost}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("search", "train"))
    parser.add_argument("task", choices=tuple(TASKS))
    parser.add_argument("--data", required=True, help="folder of the images, or synthetic")
    parser.add_argument("--storage", required=True, help="URL of a database, see Optuna")
    parser.add_argument("--study", required=True, help="name of the study in it")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--trials", type=positive, default=600, help="of all workers (600)")
    parser.add_argument("--epochs", type=positive, help="per network (cifar10 50, imagenet 10)")
    parser.add_argument("--batch", type=positive, help="images per step (128, 256)")
    parser.add_argument("--steps", type=positive, help="per epoch, to try out (all)")
    parser.add_argument("--seed", type=int, default=0, help="the same for all workers (0)")
    parser.add_argument("--checkpoints", type=Path, default=Path("results/checkpoints"))
    parser.add_argument("--trial", type=int, help="train: which")
    parser.add_argument("--seeds", type=positive, default=3, help="train: how many (3)")
    options = parser.parse_args(arguments)
    if options.command == "train" and options.trial is None:
        parser.error("train needs --trial NUMBER")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    task, console = TASKS[options.task], Console()
    given = {name: getattr(options, name) for name in ("epochs", "batch", "steps")}
    recipe = replace(task.recipe, **{name: n for name, n in given.items() if n is not None})
    job = Job(task, options.data, recipe, options.device, options.checkpoints)
    study = open_study(options, job.sampler(options.seed))
    try:
        job.images(task.space.decode({}))  # a missing folder is told before any trial
        if options.command == "train":
            train_one(study, job, options.trial, options.seeds, console)
        else:
            search(study, job, options.trials, console)
    except (FileNotFoundError, ValueError) as wrong:
        sys.exit(str(wrong))


if __name__ == "__main__":
    main()
