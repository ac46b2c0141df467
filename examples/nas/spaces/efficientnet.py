"""An EfficientNet-style space of inverted bottlenecks for ImageNet.

Seven stages as in Tan and Le, "EfficientNet" (ICML 2019), whose B0 is one of the networks. Of each
stage are chosen: how deep, how wide, the kernel, the expansion, and squeeze-and-excite or not; and
for all of them the size of the images. About 10^18 networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks import Block, Conv, Head, MBConv, chain, units_of
from counting import Cost, chain_cost
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from torch import nn

from spaces import Get, SearchSpace

#: Of each stage: B0's width, the deepest, and the stride of its first block.
STAGES = (
    (16, 2, 1),
    (24, 4, 2),
    (40, 4, 2),
    (80, 5, 2),
    (112, 5, 1),
    (192, 6, 2),
    (320, 2, 1),
)
STEM, HIDDEN, SQUEEZE = 32, 1280, 0.25


@dataclass(frozen=True)
class Stage:
    """Inverted bottlenecks, one after the other.

    Args:
        depth: how many.
        width: their channels.
        kernel: pixels.
        expansion: how much wider they are inside; 1 in the first stage.
        squeeze: whether channels are weighed by squeeze-and-excite.
    """

    depth: int
    width: int
    kernel: int
    expansion: int
    squeeze: bool


@dataclass(frozen=True)
class Network:
    """A network of seven stages for square images of ``size`` pixels."""

    stages: tuple[Stage, ...]
    size: int = 224

    def parts(self, channels: int = 3, classes: int = 1000, drop: float = 0.0) -> dict[str, Block]:
        """Return the parts by name; ``drop`` is the rate of the last block, and rises to it."""
        found: dict[str, Block] = {"stem": Conv(channels, STEM, 3, 2, "silu")}
        width, total = STEM, sum(stage.depth for stage in self.stages)
        for i, (stage, (_, _, first)) in enumerate(zip(self.stages, STAGES, strict=True), 1):
            for j in range(stage.depth):
                found[f"stage{i}_block{j + 1}"] = MBConv(
                    width,
                    stage.width,
                    stage.kernel,
                    stage.expansion,
                    stride=first if j == 0 else 1,
                    activation="silu",
                    squeeze=SQUEEZE if stage.squeeze else 0.0,
                    drop=drop * len(found) / total,
                )
                width = stage.width
        found["head"] = Head(width, classes, HIDDEN, "silu", dropout=0.2)
        return found

    def build(self, channels: int = 3, classes: int = 1000, drop: float = 0.0) -> nn.Sequential:
        """Return the network with fresh weights."""
        return chain(self.parts(channels, classes, drop))

    def cost(self, channels: int = 3, classes: int = 1000) -> Cost:
        """Return what the network costs on images of its size."""
        units = units_of(self.parts(channels, classes).values())
        return chain_cost(units, (channels, self.size, self.size))


B0 = Network(
    (
        Stage(1, 16, 3, 1, squeeze=True),
        Stage(2, 24, 3, 6, squeeze=True),
        Stage(2, 40, 5, 6, squeeze=True),
        Stage(3, 80, 3, 6, squeeze=True),
        Stage(3, 112, 5, 6, squeeze=True),
        Stage(4, 192, 5, 6, squeeze=True),
        Stage(1, 320, 3, 6, squeeze=True),
    )
)


# --- the search space -----------------------------------------------------------------------------


def _distributions() -> dict[str, BaseDistribution]:
    found: dict[str, BaseDistribution] = {"size": IntDistribution(160, 256, step=32)}
    for i, (width, deepest, _) in enumerate(STAGES, 1):
        narrow, wide = (8 * round(factor * width / 8) for factor in (0.75, 1.25))
        found |= {
            f"depth{i}": IntDistribution(1, deepest),
            f"width{i}": IntDistribution(narrow, wide, step=8),
            f"kernel{i}": CategoricalDistribution([3, 5, 7]),
            f"squeeze{i}": CategoricalDistribution([False, True]),
        }
        if i > 1:
            found[f"expansion{i}"] = CategoricalDistribution([3, 4, 6])
    return found


def _read(get: Get) -> Network:
    stages = tuple(
        Stage(
            get(f"depth{i}"),
            get(f"width{i}"),
            get(f"kernel{i}"),
            get(f"expansion{i}") if i > 1 else 1,
            get(f"squeeze{i}"),
        )
        for i in range(1, len(STAGES) + 1)
    )
    return Network(stages, get("size"))


def _encode(network: Network) -> dict[str, Any]:
    params: dict[str, Any] = {"size": network.size}
    for i, stage in enumerate(network.stages, 1):
        params |= {f"depth{i}": stage.depth, f"width{i}": stage.width}
        params |= {f"kernel{i}": stage.kernel, f"squeeze{i}": stage.squeeze}
        if i > 1:
            params[f"expansion{i}"] = stage.expansion
    return params


SPACE = SearchSpace(_distributions(), _read, _encode)
