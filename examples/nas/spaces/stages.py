"""Small convolutional networks in two or three stages, for images of 14 to 32 pixels.

Each stage repeats one block: how often, how wide, which kind, kernel, expansion, and whether its
input is added to it. About 10^8 networks of 500 to 400,000 parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from blocks import Block, Conv, Head, MBConv, chain, units_of
from counting import Cost, chain_cost
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from torch import nn

from spaces import Get, SearchSpace

#: Of each stage: how deep, and how wide; a third stage of depth 0 is none.
DEPTHS = ((1, 2), (1, 4), (0, 3))
WIDTHS = ((4, 16, 4), (8, 32, 8), (16, 64, 16))


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind, one after the other; the first halves the image, but in stage 1.

    Args:
        depth: how many.
        width: their channels.
        block: ``"conv"`` or ``"mbconv"``.
        kernel: pixels.
        expansion: how much wider a ``"mbconv"`` is inside; 1 for ``"conv"``.
        skip: whether a block's input is added to its output, where the shapes agree.
    """

    depth: int
    width: int
    block: str
    kernel: int
    expansion: int = 1
    skip: bool = False


@dataclass(frozen=True)
class Network:
    """A network of stages."""

    stages: tuple[Stage, ...]
    activation: str

    def parts(self, channels: int = 1, classes: int = 10) -> dict[str, Block]:
        """Return the parts by name; parts of one name differ only in width."""
        width = self.stages[0].width
        found: dict[str, Block] = {"stem": Conv(channels, width, 3, 1, self.activation)}
        for i, stage in enumerate(self.stages, 1):
            for j in range(stage.depth):
                stride = 2 if i > 1 and j == 0 else 1
                name = f"stage{i}_block{j + 1}_{stage.block}{stage.kernel}"
                found[name] = _block(stage, width, stride, self.activation)
                width = stage.width
        found[f"head{len(self.stages)}"] = Head(width, classes)
        return found

    def build(self, channels: int = 1, classes: int = 10) -> nn.Sequential:
        """Return the network with fresh weights."""
        return chain(self.parts(channels, classes))

    def cost(self, size: int = 14, channels: int = 1, classes: int = 10) -> Cost:
        """Return what the network costs on square images of ``size`` pixels."""
        units = units_of(self.parts(channels, classes).values())
        return chain_cost(units, (channels, size, size))


def _block(stage: Stage, width: int, stride: int, activation: str) -> Block:
    if stage.block == "conv":
        return Conv(width, stage.width, stage.kernel, stride, activation, stage.skip)
    return MBConv(width, stage.width, stage.kernel, stage.expansion, stride, activation, stage.skip)


def _distributions() -> dict[str, BaseDistribution]:
    found: dict[str, BaseDistribution] = {
        "activation": CategoricalDistribution(["relu", "hardswish"])
    }
    for i, (depths, (low, high, step)) in enumerate(zip(DEPTHS, WIDTHS, strict=True), 1):
        found |= {
            f"depth{i}": IntDistribution(*depths),
            f"width{i}": IntDistribution(low, high, step=step),
            f"block{i}": CategoricalDistribution(["conv", "mbconv"]),
            f"kernel{i}": CategoricalDistribution([3, 5]),
            f"expansion{i}": IntDistribution(1, 4),
            f"skip{i}": CategoricalDistribution([False, True]),
        }
    return found


def _read(get: Get) -> Network:
    stages = []
    for i in range(1, len(DEPTHS) + 1):
        depth = get(f"depth{i}")
        if depth == 0:
            continue
        stage = Stage(depth, get(f"width{i}"), get(f"block{i}"), get(f"kernel{i}"))
        if stage.block == "mbconv":
            stage = replace(stage, expansion=get(f"expansion{i}"))
        # where a single block changes the shape, there is nothing to add
        if i == 1 or depth > 1:
            stage = replace(stage, skip=get(f"skip{i}"))
        stages.append(stage)
    return Network(tuple(stages), get("activation"))


def _encode(network: Network) -> dict[str, Any]:
    params: dict[str, Any] = {"activation": network.activation}
    for i in range(1, len(DEPTHS) + 1):
        if i > len(network.stages):
            params[f"depth{i}"] = 0
            continue
        stage = network.stages[i - 1]
        params |= {f"depth{i}": stage.depth, f"width{i}": stage.width}
        params |= {f"block{i}": stage.block, f"kernel{i}": stage.kernel}
        if stage.block == "mbconv":
            params[f"expansion{i}"] = stage.expansion
        if i == 1 or stage.depth > 1:
            params[f"skip{i}"] = stage.skip
    return params


SPACE = SearchSpace(_distributions(), _read, _encode)
