"""Training one network: the same result for the same seed, also after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from images import Images
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the learning rate rises for a tenth of the steps and then falls.

    With ``average`` it rises for an epoch and stays, and what is judged is a running average of the
    weights: after each epoch the network is as good as if it had been the last, and how many more
    there are need not be known (Izmailov et al. 2018; Hägele et al. 2024).

    Args:
        optimizer: ``"sgd"`` (with Nesterov's momentum) or ``"adamw"``.
        learning_rate: its largest value.
        momentum: of ``"sgd"``.
        weight_decay: as the optimizer takes it.
        smoothing: of the labels.
        average: which share of the average stays with each step (its decay), ``None`` for no
            average. It is less at the start: (1 + t) / (10 + t) after t steps.
        epochs: how often all images are seen.
        batch: images per step.
        steps: at most so many per epoch, to try things out.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.0
    average: float | None = None
    epochs: int = 5
    batch: int = 128
    steps: int | None = None


def seed_of(*numbers: int) -> int:
    """Return one seed for several numbers, whatever they are far from those of other numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def train(
    build: Callable[[], nn.Module],
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Path | None = None,
    on_epoch: Callable[[int, nn.Module], None] = lambda _, __: None,
) -> nn.Module:
    """Return a trained network.

    Args:
        build: returns the network with fresh weights.
        images: to train on.
        recipe: how.
        seed: of the weights, the order of the images and all else that is random.
        device: ``"cpu"`` or ``"cuda"``.
        checkpoint: a file that keeps the state after each epoch. If it is there, the training goes
            on from it and ends as it would have without the interruption.
        on_epoch: called with the number of finished epochs and the network as it is then (with
            ``recipe.average``, the average), at the start and after each.
    """
    torch.manual_seed(seed)
    network = build().to(device, memory_format=torch.channels_last)
    optimizer = _optimizer(network, recipe)
    per_epoch = steps_per_epoch(images, recipe)
    schedule = _schedule(optimizer, recipe, per_epoch)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "schedule": schedule}
    average = None
    if recipe.average is not None:
        parts["average"] = average = _averaged(network, recipe.average)
    judged = network if average is None else average.module
    first = _restore(checkpoint, parts, device)
    on_epoch(first, judged)
    for epoch in range(first, recipe.epochs):
        torch.manual_seed(seed_of(seed, epoch))  # of what is dropped at random
        network.train()
        for x, y in islice(images.batches(recipe.batch, seed=seed_of(seed, epoch)), per_epoch):
            with _precision(device):
                output = network(moved(x, device))
                loss = functional.cross_entropy(
                    output, y.to(device), label_smoothing=recipe.smoothing
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            if average is not None:
                average.update_parameters(network)
        _keep(checkpoint, parts, epoch + 1)
        on_epoch(epoch + 1, judged)
    return judged


def moved(x: Tensor, device: str) -> Tensor:
    """Return images where they are needed, and so that convolutions take half the time."""
    return x.to(device, non_blocking=True, memory_format=torch.channels_last)


def steps_per_epoch(images: Images, recipe: Recipe) -> int:
    """Return how many steps an epoch has: whole batches, at least one."""
    whole = max(1, len(images) // recipe.batch)
    return whole if recipe.steps is None else min(whole, recipe.steps)


def _optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    weights, lr, decay = network.parameters(), recipe.learning_rate, recipe.weight_decay
    match recipe.optimizer:
        case "sgd":
            m = recipe.momentum
            return torch.optim.SGD(weights, lr, m, weight_decay=decay, nesterov=m > 0)
        case "adamw":
            return torch.optim.AdamW(weights, lr, weight_decay=decay)
    raise ValueError(f"optimizer must be 'sgd' or 'adamw', got {recipe.optimizer!r}")


def _schedule(optimizer: Optimizer, recipe: Recipe, per_epoch: int) -> LRScheduler:
    if recipe.average is not None:
        return LinearLR(optimizer, 1 / per_epoch, total_iters=per_epoch)
    return OneCycleLR(
        optimizer,
        recipe.learning_rate,
        total_steps=recipe.epochs * per_epoch + 1,
        pct_start=0.1,
        cycle_momentum=False,
    )


def _averaged(network: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of a network that averages its weights and running statistics."""

    def mixed(averages: Any, now: Any, steps: Any) -> None:
        early = (1 + int(steps)) / (10 + int(steps))  # what it began with would stay too long
        get_ema_multi_avg_fn(min(decay, early))(averages, now, steps)

    return AveragedModel(network, multi_avg_fn=mixed, use_buffers=True)


@contextmanager
def _precision(device: str) -> Iterator[None]:
    """Compute in half precision where that is fast."""
    with torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda")):
        yield


def _restore(checkpoint: Path | None, parts: dict[str, Any], device: str) -> int:
    """Bring the state of a file back, if there is one; return how many epochs it has."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["epochs"])


def _keep(checkpoint: Path | None, parts: dict[str, Any], epochs: int) -> None:
    """Write the state to a file that is there as a whole or not at all."""
    if checkpoint is None:
        return
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    aside = checkpoint.with_suffix(".partial")
    torch.save(
        {name: part.state_dict() for name, part in parts.items()} | {"epochs": epochs}, aside
    )
    aside.replace(checkpoint)


@torch.no_grad()
def error(network: nn.Module, images: Images, *, device: str = "cpu", batch: int = 500) -> float:
    """Return the share of images that a network gets wrong, in percent."""
    network.eval()
    wrong = 0
    for x, y in images.batches(batch):
        with _precision(device):
            said = network(moved(x, device)).argmax(1)
        wrong += int((said != y.to(device)).sum())
    return 100 * wrong / len(images)
