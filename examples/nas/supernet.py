r"""Weight sharing: one supernet for all networks, split where LaMOO's partition says.

    python examples/nas/supernet.py

1. One supernet for the networks of ``spaces/stages.py`` is trained on Fashion-MNIST: each step
   takes a few single paths in which every choice has its turn equally often.
2. Networks are scored with its weights. LaMOO learns a partition from the scores, and the boundary
   at the root says which choice to separate: each side gets a supernet of its own, which starts
   from the shared weights (few-shot architecture search).
3. What the scores are worth: Kendall's tau with the error of networks that were trained alone,
   beside that of a score that costs nothing, the number of parameters.
4. The best by their scores are trained alone.

The scores are kept as a study, to start a search from (see ``lamoo_warm`` below):

    lamoo compare examples/nas/fashion.py --samplers examples/nas/fashion.py:lamoo_told \
        examples/nas/supernet.py:lamoo_warm --seeds 5 --trials 50 \
        --reference-point 40 5.5 7
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import fashion
    import numpy as np
    import optuna
    import torch
    from fashion import Setting
    from images import InMemory, Splits
    from optuna.distributions import BaseDistribution
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Table
    from scipy.stats import kendalltau
    from spaces import values
    from spaces.stages import SPACE, Network
    from torch import Tensor, nn
    from torch.func import functional_call
    from torch.nn import functional
    from training import Recipe, error, moved, seed_of, train

    from lamoo import pareto
    from optuna_lamoo import LaMOOSampler
    from optuna_lamoo.knowledge import knowledge_of
except ModuleNotFoundError as missing:
    needs(missing, "demo", besides=", and torch (https://pytorch.org)")

#: How networks are trained alone, to know the truth.
ALONE = Recipe(optimizer="sgd", learning_rate=0.1)
#: Where the scores are kept.
SCORES = Path("results/supernet/scores.journal")
#: Of each step of a supernet: networks, and images that each of them sees.
PATHS, BATCH = 4, 100

Options = Mapping[str, tuple[Any, ...]]


# --- shared weights -------------------------------------------------------------------------------


#: The values of each choice.
ALL: Options = {name: values(d) for name, d in SPACE.distributions.items()}


def fresh_weights(seed: int) -> dict[str, Tensor]:
    """Return the weights that all networks share, by name, each as large as any network needs it.

    They are those of the largest networks of each kind; what is named alike is shared.
    """
    torch.manual_seed(seed)
    found: dict[str, Tensor] = {}
    for block, kernel, depth in product(ALL["block1"], ALL["kernel1"], ALL["depth3"]):
        chosen = {f"block{i}": block for i in (1, 2, 3)} | {f"kernel{i}": kernel for i in (1, 2, 3)}
        chosen["depth3"] = depth
        largest = SPACE.read(lambda name, chosen=chosen: chosen.get(name, ALL[name][-1]))
        network = largest.build().to(memory_format=torch.channels_last)
        for name, weight in network.named_parameters():
            found.setdefault(name, weight)
    return found


def copied(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights that can be trained on without changing the given ones."""
    return {name: nn.Parameter(weight.detach().clone()) for name, weight in weights.items()}


def output_of(network: Network, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Return what a network with shared weights says of images, shape ``(n, classes)``.

    The network itself is built and reads a slice of each weight: the first channels. Channels are
    normalised over the images given, since networks share no running means.
    """
    with torch.device("meta"):
        module = network.build()
    state = {name: weights[name][cut(p.shape)] for name, p in module.named_parameters()}
    state |= {name: torch.zeros_like(b, device=x.device) for name, b in module.named_buffers()}
    output: Tensor = functional_call(module.train(), state, x)
    return output


def cut(shape: Sequence[int]) -> tuple[slice, ...]:
    """Return the slices that cut a shape out of a larger one."""
    return tuple(slice(n) for n in shape)


def fair_paths(options: Options, paths: int, rng: np.random.Generator) -> list[Network]:
    """Return random networks in which each choice has each of its values equally often.

    Or as nearly as ``paths`` can be divided; strict fairness as in FairNAS (Chu et al., ICCV 2021),
    for every choice at once.
    """
    columns = {
        name: [choices[i] for i in rng.permutation(np.resize(rng.permutation(len(choices)), paths))]
        for name, choices in options.items()
    }
    return [SPACE.read(lambda name, i=i: columns[name][i]) for i in range(paths)]


def train_shared(
    weights: dict[str, Tensor],
    images: InMemory,
    *,
    epochs: int,
    options: Options = ALL,
    learning_rate: float = 0.1,
    seed: int = 0,
    device: str = "cpu",
    on_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train shared weights in place on single paths (Guo et al., SPOS, ECCV 2020).

    Each step adds up the gradients of a few networks on the same images. ``options`` are the values
    that the choices may have, by default all.
    """
    optimizer = torch.optim.SGD(weights.values(), learning_rate, 0.9, nesterov=True)
    steps = epochs * math.ceil(len(images) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        for x, y in images.batches(BATCH, seed=seed_of(seed, epoch)):
            optimizer.zero_grad(set_to_none=True)
            for network in fair_paths(options, PATHS, rng):
                said = output_of(network, weights, moved(x, device))
                functional.cross_entropy(said, y.to(device)).backward()
            nn.utils.clip_grad_norm_(weights.values(), 5.0)
            optimizer.step()
            schedule.step()
        on_epoch()


@torch.no_grad()
def shared_error(
    network: Network, weights: Mapping[str, Tensor], images: InMemory, device: str = "cpu"
) -> float:
    """Return the share of images that a network with shared weights gets wrong, in percent."""
    wrong = 0
    for x, y in images.batches(500):
        wrong += int((output_of(network, weights, moved(x, device)).argmax(1).cpu() != y).sum())
    return 100 * wrong / len(images)


# --- the split ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """A choice whose values are separated.

    Args:
        name: of the choice.
        shares: value -> share of the networks with it that are on the good side of the boundary.
    """

    name: str
    shares: Mapping[Any, float]

    @property
    def sides(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The values with more than the average on the good side, and the others."""
        middle = (min(self.shares.values()) + max(self.shares.values())) / 2
        good = tuple(value for value, share in self.shares.items() if share > middle)
        return good, tuple(value for value in self.shares if value not in good)

    def __str__(self) -> str:
        """Return it in words."""
        shares = ", ".join(f"{value}: {share:.0%}" for value, share in self.shares.items())
        good, rest = self.sides
        return f"{self.name} ({shares} on the good side): {list(good)} | {list(rest)}"


def split_of(study: optuna.Study) -> Split:
    """Return which choice the boundary at the root of LaMOO's tree separates most.

    That is the one whose values differ most in how many of their networks are on the good side.

    Raises:
        ValueError: if nothing is learned from the study yet.
    """
    known = knowledge_of(study)
    children = known.path[0].children
    if not children:
        raise ValueError("the partition has no boundary yet: score more networks")
    region = children[0].region
    others = known.space.draw(2048, np.random.default_rng(0))
    splits = []
    for j, (name, parameter) in enumerate(known.space.parameters.items()):
        places = parameter.places()  # all, as there are few
        partial = np.full((len(places), known.space.dimension), np.nan)
        partial[:, j] = places
        shares = region.share(partial, others).tolist()
        splits.append(Split(name, dict(zip(parameter.from_unit(places), shares, strict=True))))
    return max(splits, key=lambda split: np.ptp(list(split.shares.values())))


# --- scores as a study ----------------------------------------------------------------------------


def scores_study(
    path: Path | None, networks: Sequence[Network], errors: Sequence[float]
) -> optuna.Study:
    """Return the scores of networks as a study with the objectives of ``fashion.py``."""
    storage = None
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(storage=storage, study_name="scores", directions=fashion.directions)
    study.add_trials([trial_of(*pair) for pair in zip(networks, errors, strict=True)])
    return study


def trial_of(network: Network, wrong: float) -> optuna.trial.FrozenTrial:
    """Return a network and its error as a finished trial."""
    params = SPACE.encode(network)
    distributions: dict[str, BaseDistribution] = {n: SPACE.distributions[n] for n in params}
    return optuna.trial.create_trial(
        params=params, distributions=distributions, values=[wrong, *costs_of(network)]
    )


def costs_of(network: Network) -> tuple[float, float]:
    """Return the objectives that need no training."""
    cost = network.cost()
    return math.log10(cost.parameters), math.log10(cost.macs)


def lamoo_warm(seed: int) -> LaMOOSampler:
    """Return the sampler of ``fashion.py``, started from the scores that this program has kept.

    Raises:
        FileNotFoundError: if it has not been run here.
    """
    if not SCORES.exists():
        raise FileNotFoundError(f"no {SCORES}: run python examples/nas/supernet.py here first")
    storage = JournalStorage(JournalFileBackend(str(SCORES)))
    return LaMOOSampler(
        seed=seed,
        known_objectives=fashion.known(14),
        search_space=fashion.SPACE.distributions,
        reference_point=fashion.LIMITS,
        warm_start=optuna.load_study(study_name="scores", storage=storage),
    )


# --- the program ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """The settings of one run of this program, and where it says how far it is.

    Args:
        splits: the images.
        setting: of the trainings alone.
        seed: of everything.
        bar: shows the progress.
    """

    splits: Splits
    setting: Setting
    seed: int
    bar: Progress

    def each(self, what: str, items: Sequence[Any]) -> Iterator[Any]:
        """Yield items, and show how many are done."""
        yield from self.bar.track(items, description=what)

    def shared(
        self,
        what: str,
        weights: dict[str, Tensor],
        epochs: int,
        options: Options = ALL,
        learning_rate: float = 0.1,
    ) -> None:
        """Train shared weights in place."""
        task = self.bar.add_task(what, total=epochs)
        images: Any = self.splits.train
        train_shared(
            weights,
            images,
            epochs=epochs,
            options=options,
            learning_rate=learning_rate,
            seed=self.seed,
            device=self.setting.device,
            on_epoch=lambda: self.bar.advance(task),
        )

    def score(self, network: Network, weights: Mapping[str, Tensor]) -> float:
        """Return a network's error with shared weights."""
        valid: Any = self.splits.valid
        return shared_error(network, weights, valid, self.setting.device)

    def alone(self, network: Network, seed: int) -> float:
        """Return a network's error after a training of its own."""
        recipe, device = replace(ALONE, epochs=self.setting.epochs), self.setting.device
        module = train(network.build, self.splits.train, recipe, seed=seed, device=device)
        return error(module, self.splits.valid, device=device)


def measure(run: Run, options: argparse.Namespace, console: Console) -> None:
    """Train, split, score, and say what the scores are worth."""
    rng, weights = np.random.default_rng(run.seed), fresh_weights(run.seed)
    run.shared("supernet", weights, options.epochs)
    networks = list(dict.fromkeys(SPACE.draw(rng) for _ in range(options.networks)))
    one_shot = [run.score(network, weights) for network in run.each("scores", networks)]
    study = scores_study(SCORES, networks, one_shot)
    split = split_of(study)
    console.print(f"LaMOO separates {split}", highlight=False)

    parts = []
    for side in split.sides:
        part, only = copied(weights), {**ALL, split.name: side}
        run.shared(f"{split.name} in {list(side)}", part, options.epochs // 2, only, 0.05)
        parts.append(part)
    longer = copied(weights)
    run.shared("one, as long as both", longer, 2 * (options.epochs // 2), learning_rate=0.05)

    def few_shot(network: Network) -> float:
        value = SPACE.encode(network).get(split.name)
        return run.score(network, parts[value in split.sides[1]])

    judged = networks[: options.judged]
    few = [few_shot(network) for network in run.each("scores of the parts", judged)]
    long = [run.score(network, longer) for network in run.each("scores, longer", judged)]
    alone = [run.alone(network, run.seed) for network in run.each("alone", judged)]
    again = [run.alone(network, run.seed + 1) for network in run.each("alone again", judged)]
    truth = np.add(alone, again) / 2
    size = [-costs_of(network)[0] for network in judged]
    table = Table("score", "Kendall's tau with the error alone", "95 % interval", show_edge=False)
    for name, score in (
        ("one supernet", one_shot[: len(judged)]),
        ("trained on, split in two", few),
        ("trained on as long, not split", long),
        ("number of parameters", size),
    ):
        low, high = interval(score, truth)
        table.add_row(name, f"{tau(score, truth):.2f}", f"{low:.2f} to {high:.2f}")
    table.add_row("one training with another", f"{tau(alone, again):.2f}", "the ceiling")
    console.print(f"{len(judged)} random networks")
    console.print(table)

    chosen = front_of(networks, one_shot, options.best)
    table = Table("weights", "shared weights, %", "alone, %", show_edge=False)
    for network, wrong in run.each("the best alone", chosen):
        parameters = network.cost().parameters
        table.add_row(f"{parameters:,}", f"{wrong:.2f}", f"{run.alone(network, run.seed + 2):.2f}")
    console.print("The front by the scores of one supernet, trained alone")
    console.print(table)
    console.print(f"Scores: {SCORES}", soft_wrap=True)


def tau(score: Any, truth: Any) -> float:
    """Return Kendall's tau."""
    return float(kendalltau(score, truth).statistic)


def interval(score: Any, truth: Any, *, draws: int = 1000) -> tuple[float, float]:
    """Return the middle 95 % of Kendall's tau over networks drawn with replacement."""
    a, b, rng = np.asarray(score), np.asarray(truth), np.random.default_rng(0)
    rows = rng.integers(len(a), size=(draws, len(a)))
    low, high = np.nanquantile([tau(a[row], b[row]) for row in rows], [0.025, 0.975])
    return float(low), float(high)


def front_of(
    networks: Sequence[Network], errors: Sequence[float], size: int
) -> list[tuple[Network, float]]:
    """Return networks of the front and their scores, far apart, the smallest first."""
    Y = np.array([[e, *costs_of(n)] for n, e in zip(networks, errors, strict=True)])
    front = np.flatnonzero(pareto.nondominated(Y, np.zeros(len(Y))))
    some = front[pareto.far_apart(pareto.normalise(Y[front]), min(size, len(front)))]
    return [(networks[i], errors[i]) for i in sorted(some, key=lambda i: Y[i, 1])]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=positive, default=20, help="of the supernet (20)")
    parser.add_argument("--networks", type=positive, default=128, help="to score (128)")
    parser.add_argument("--judged", type=positive, default=30, help="to train alone, twice (30)")
    parser.add_argument("--best", type=positive, default=8, help="of the front, trained (8)")
    parser.add_argument("--images", type=positive, default=2000, help="to train on (2000)")
    parser.add_argument("--valid", type=positive, default=2000, help="to judge by (2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", metavar="FOLDER", help="of Fashion-MNIST's four .gz files")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=positive, default=1, help="of the CPU (1)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    setting = Setting(
        data=options.data, images=options.images, valid=options.valid, device=options.device
    )
    console = Console()
    columns = "{task.description:24}", BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    try:
        splits = setting.splits()
        with Progress(*columns, console=console) as bar:
            measure(Run(splits, setting, options.seed, bar), options, console)
    except (FileNotFoundError, ValueError) as wrong:
        sys.exit(str(wrong))


if __name__ == "__main__":
    main()
