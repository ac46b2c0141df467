"""Record learning curves: train every network of a small space, epoch by epoch.

    python examples/nas/record.py fashion-curves
    python examples/nas/record.py digits-curves --out digits_curves.npz

These made the tables of two problems of ``lamoo compare``: 320 convolutional networks on
Fashion-MNIST, about forty minutes of one core, and 288 perceptrons on scikit-learn's digits, five
minutes; 27 epochs each. Each network is written down as it ends, so Ctrl-C is no loss: the same
command goes on. Several of them at the same time share the work.

The recipe is one that can be stopped: the learning rate is constant and the weights are averaged,
so no epoch is better for being the last. Where the learning rate falls until then
(``Recipe(average=None)``), the last epochs bring what earlier ones do not tell of.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs

try:
    import numpy as np
    import torch
    from counting import Cost, measure
    from images import Images, Splits, digits, fashion
    from rich.progress import Progress
    from spaces.stages import Network, Stage
    from torch import nn
    from training import Recipe, error, seed_of, train

    from lamoo_compare.problems.curves import DIGITS, EPOCHS, FASHION, Recorded
except ModuleNotFoundError as missing:
    needs(missing, "demo", "compare", besides=", and torch (https://pytorch.org)")

#: Pixels, images to train on, to judge a search by and to judge its result by.
SIZE, TRAIN, VALID, TEST = 7, 2048, 4000, 1000
#: Of the running average of the weights, see :class:`training.Recipe`: three epochs long.
AVERAGE = 0.99
#: The same numbers for the digits; the test has the other 329.
DIGITS_SIZE, DIGITS_TRAIN, DIGITS_VALID = 8, 768, 700


@cache
def splits(folder: Path | None = None) -> Splits:
    """Return the images, read once."""
    found = fashion(folder, size=SIZE, train=TRAIN, valid=VALID)
    return found._replace(test=found.test.part(0, TEST))


def network_of(params: Mapping[str, Any]) -> Network:
    """Return the network of a configuration."""
    depth, block, kernel = (params[name] for name in ("depth", "block", "kernel"))
    width = FASHION.widths[params["width"]]
    expansion = 2 if block == "mbconv" else 1
    first = Stage(1, width, block, kernel, expansion, skip=True)
    second = Stage(depth, 2 * width, block, kernel, expansion, skip=depth > 1)
    return Network((first, second), "relu")


def recipe_of(params: Mapping[str, Any]) -> Recipe:
    """Return how a configuration is trained."""
    rate = 10.0 ** params["log10_learning_rate"]
    return Recipe(params["optimizer"], rate, average=AVERAGE, epochs=EPOCHS, batch=64)


class Trainable(Protocol):
    """A network."""

    def build(self) -> nn.Module:
        """Return it with fresh weights."""

    def cost(self, size: int) -> Cost:
        """Return what it costs on square images of ``size`` pixels."""


@dataclass(frozen=True)
class Perceptron:
    """One hidden layer between an image, averaged to ``pixels`` x ``pixels``, and ten classes."""

    width: int
    pixels: int

    def build(self) -> nn.Sequential:
        """Return it with fresh weights."""
        return nn.Sequential(
            nn.AdaptiveAvgPool2d(self.pixels),
            nn.Flatten(),
            nn.Linear(self.pixels**2, self.width),
            nn.ReLU(),
            nn.Linear(self.width, 10),
        )

    def cost(self, size: int) -> Cost:
        """Return what it costs on square images of ``size`` pixels."""
        with torch.device("meta"):
            return measure(self.build(), (1, size, size))


@cache
def digits_splits(_: Path | None = None) -> Splits:
    """Return scikit-learn's digits."""
    return digits(train=DIGITS_TRAIN, valid=DIGITS_VALID)


def perceptron_of(params: Mapping[str, Any]) -> Perceptron:
    """Return the perceptron of a configuration."""
    return Perceptron(DIGITS.widths[params["width"]], params["pixels"])


def digits_recipe_of(params: Mapping[str, Any]) -> Recipe:
    """Return how a perceptron is trained; its running average, too, is three epochs long."""
    rate, batch = 2.0 ** params["log2_learning_rate"], 2 ** params["log2_batch"]
    average = 1 - batch / (3 * DIGITS_TRAIN)
    return Recipe(params["optimizer"], rate, average=average, epochs=EPOCHS, batch=batch)


@dataclass(frozen=True)
class Recording:
    """What makes a table.

    Args:
        recorded: the space.
        size: of the images, pixels.
        splits: the images, given a folder, ``None`` for the usual one.
        network_of: the network of a configuration.
        recipe_of: how it is trained.
    """

    recorded: Recorded
    size: int
    splits: Callable[[Path | None], Splits]
    network_of: Callable[[Mapping[str, Any]], Trainable]
    recipe_of: Callable[[Mapping[str, Any]], Recipe]


RECORDINGS = {
    each.recorded.name: each
    for each in (
        Recording(FASHION, SIZE, splits, network_of, recipe_of),
        Recording(DIGITS, DIGITS_SIZE, digits_splits, perceptron_of, digits_recipe_of),
    )
}


@dataclass
class Curves:
    """What one training was like.

    Args:
        valid: accuracy on the validation images after each epoch, percent.
        test: on the test images.
        seconds: of the CPU, of training alone.
    """

    valid: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    seconds: float = 0.0


def curves_of(recording: Recording, params: Mapping[str, Any], images: Splits, seed: int) -> Curves:
    """Train a configuration and return its learning curves."""
    found, build = Curves(), recording.network_of(params).build
    started = time.process_time()

    def on_epoch(epochs: int, network: nn.Module) -> None:
        nonlocal started
        found.seconds += time.process_time() - started
        if epochs:
            found.valid.append(accuracy(network, images.valid))
            found.test.append(accuracy(network, images.test))
        started = time.process_time()

    train(build, images.train, recording.recipe_of(params), seed=seed, on_epoch=on_epoch)
    return found


def accuracy(network: nn.Module, images: Images) -> float:
    """Return the share of images that a network gets right, in percent to two digits."""
    return round(100 - error(network, images), 2)


def record(recording: Recording, file: Path, images: Splits, bar: Progress) -> None:
    """Train what a file of JSON lines does not hold yet, in random order, and add it line by line.

    Another process may do the same: what both train at the same time is written twice, equal.
    """
    every, name = list(recording.recorded.configurations()), recording.recorded.name
    task = bar.add_task("training", total=len(every))
    for i in np.random.default_rng().permutation(len(every)).tolist():
        done = {row["row"] for row in rows(file, name)}
        bar.update(task, completed=len(done))
        if i in done:
            continue
        curves = curves_of(recording, every[i], images, seed_of(0, i))
        cost = recording.network_of(every[i]).cost(recording.size)
        about = {"problem": name, "row": i, "parameters": cost.parameters, "macs": cost.macs}
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{json.dumps(about | asdict(curves))}")
    bar.update(task, completed=len(every))


def rows(file: Path, problem: str) -> list[dict[str, Any]]:
    """Return what is recorded of a problem, but for half a line of a process that was killed."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    # lines of an earlier version name none
    return [row for row in found if row.get("problem", problem) == problem]


def write_table(file: Path, out: Path, problem: str) -> None:
    """Write a problem's table, rows in the order of ``Recorded.configurations()``."""
    by_row = {row["row"]: row for row in rows(file, problem)}
    table = [by_row[i] for i in sorted(by_row)]
    kinds = {"parameters": int, "macs": int, "seconds": np.float32, "valid": float, "test": float}
    columns = {name: np.array([row[name] for row in table], kind) for name, kind in kinds.items()}
    np.savez_compressed(out, **columns)


def main(arguments: Sequence[str] | None = None) -> None:
    """Record what is missing, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problem", choices=RECORDINGS, help="whose table it is")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of Fashion-MNIST's .gz files")
    parser.add_argument("--out", type=Path, help="the table, by default in this folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    recording = RECORDINGS[options.problem]
    out = options.out or Path(f"{options.problem.replace('-', '_')}.npz")
    lines = out.with_suffix(".jsonl")
    try:
        images = recording.splits(options.data)
        with Progress() as bar:
            record(recording, lines, images, bar)
        write_table(lines, out, options.problem)
    except OSError as wrong:  # no images, or no such folder to write to
        sys.exit(str(wrong))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command goes on from here.")


if __name__ == "__main__":
    main()
