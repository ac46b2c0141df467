"""What a network costs, before any training: counted by PyTorch's own counter, without arithmetic.

Networks are made of parts. A part is counted once, on the device "meta", where nothing is computed
and no memory is taken, and then remembered: a sampler may ask for thousands of networks a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Part(Protocol):
    """What a network is made of: hashable, so that it is counted once."""

    def build(self) -> nn.Module:
        """Return the module, with fresh weights."""


@dataclass(frozen=True)
class Cost:
    """What a network, or a part of one, costs.

    Args:
        parameters: numbers that are learned.
        macs: multiply-adds for one image, which the literature often calls FLOPs.
        shape: of what comes out for one image.
    """

    parameters: int
    macs: int
    shape: tuple[int, ...]


def measure(module: nn.Module, shape: tuple[int, ...]) -> Cost:
    """Return what a module costs for one image of a shape."""
    device = next((p.device for p in module.parameters()), torch.device("meta"))
    was_training = module.training
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = module.eval()(torch.empty(1, *shape, device=device))
    module.train(was_training)
    parameters = sum(p.numel() for p in module.parameters())
    return Cost(parameters, counter.get_total_flops() // 2, tuple(output.shape[1:]))


@cache
def cost(part: Part, shape: tuple[int, ...]) -> Cost:
    """Return what a part costs for one image of a shape."""
    with torch.device("meta"):
        return measure(part.build(), shape)


def chain_cost(parts: Iterable[Part], shape: tuple[int, ...]) -> Cost:
    """Return what parts cost together, each fed with what the one before it gives."""
    costs = []
    for part in parts:
        costs.append(cost(part, shape))
        shape = costs[-1].shape
    return total(costs)


def total(costs: Sequence[Cost]) -> Cost:
    """Return what parts cost together; the shape is that of the last."""
    parameters, macs = sum(one.parameters for one in costs), sum(one.macs for one in costs)
    return Cost(parameters, macs, costs[-1].shape)
