"""The NASNet-style cell space for CIFAR-10: two cells, each repeated.

Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition" (CVPR 2018). A
network is stacked of normal cells and, twice, a reduction cell that halves the image and doubles
the channels. A cell has two inputs, the cell before it and the one before that; each of its blocks
adds up two operations on two of the states so far, and all blocks together are its output (as in
DARTS, Liu et al., ICLR 2019). About 10^31 settings.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from blocks import Classifier, DropPath
from counting import Cost, Part, cost, total
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from torch import Tensor, nn

from spaces import Get, SearchSpace

OPERATIONS = (
    "skip",
    "max_pool_3",
    "avg_pool_3",
    "sep_conv_3",
    "sep_conv_5",
    "sep_conv_7",
    "dil_conv_3",
    "dil_conv_5",
)
CELLS = ("normal", "reduction")
BLOCKS = 5
#: Channels of the stem, for each channel of the first cell.
STEM = 3


@dataclass(frozen=True, order=True)
class Edge:
    """An operation on one of the states of a cell: 0 and 1 are its inputs, 2 its first block."""

    operation: str
    state: int


Block = tuple[Edge, Edge]


# --- parts ----------------------------------------------------------------------------------------


def _unit(inputs: int, outputs: int, kernel: int, *, stride: int, dilation: int) -> nn.Sequential:
    """Return an activation, a convolution of each channel, one of each pixel, a normalisation."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, inputs, kernel, stride, padding, dilation, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Halve(nn.Module):
    """Halves the image by two convolutions of single pixels, one of them shifted by a pixel."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make half of the channels each."""
        super().__init__()
        self.here = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.there = nn.Conv2d(inputs, outputs - outputs // 2, 1, 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return an image of half the size."""
        x = torch.relu(x)
        shifted = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        out: Tensor = self.norm(torch.cat([self.here(x), self.there(shifted)], 1))
        return out


@dataclass(frozen=True)
class Operation:
    """An operation that keeps the number of channels."""

    kind: str
    channels: int
    stride: int

    def build(self) -> nn.Module:
        """Return the module."""
        name, _, size = self.kind.rpartition("_")
        c, stride = self.channels, self.stride
        match name:
            case "max_pool":
                return nn.MaxPool2d(3, stride, 1)
            case "avg_pool":
                return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
            case "sep_conv":
                k = int(size)
                first = _unit(c, c, k, stride=stride, dilation=1)
                return nn.Sequential(first, _unit(c, c, k, stride=1, dilation=1))
            case "dil_conv":
                return _unit(c, c, int(size), stride=stride, dilation=2)
        return nn.Identity() if stride == 1 else Halve(c, c)


@dataclass(frozen=True)
class Entry:
    """What brings an input of a cell to the cell's channels, and to half the size if need be."""

    inputs: int
    outputs: int
    halve: bool

    def build(self) -> nn.Module:
        """Return the module."""
        if self.halve:
            return Halve(self.inputs, self.outputs)
        conv = nn.Conv2d(self.inputs, self.outputs, 1, bias=False)
        return nn.Sequential(nn.ReLU(), conv, nn.BatchNorm2d(self.outputs))


@dataclass(frozen=True)
class Stem:
    """The first convolution."""

    inputs: int
    outputs: int

    def build(self) -> nn.Module:
        """Return the module."""
        conv = nn.Conv2d(self.inputs, self.outputs, 3, padding=1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(self.outputs))


@dataclass(frozen=True)
class Cell:
    """A cell at its place in a network.

    Args:
        blocks: its two edges each.
        before: channels of the cell before the last.
        last: channels of the last cell.
        channels: of each block.
        halve_before: whether the one before the last is twice as large as the last.
        stride: 2 for a reduction.
    """

    blocks: tuple[Block, ...]
    before: int
    last: int
    channels: int
    halve_before: bool
    stride: int

    @property
    def entries(self) -> tuple[Entry, Entry]:
        """The parts at the two inputs."""
        c = self.channels
        return Entry(self.before, c, self.halve_before), Entry(self.last, c, halve=False)

    @property
    def operations(self) -> list[tuple[Operation, Operation]]:
        """The operations of each block."""
        return [tuple(self._operation(edge) for edge in block) for block in self.blocks]  # type: ignore[misc]

    def _operation(self, edge: Edge) -> Operation:
        return Operation(edge.operation, self.channels, self.stride if edge.state < 2 else 1)

    @property
    def outputs(self) -> int:
        """Channels of all blocks together."""
        return self.channels * len(self.blocks)

    def parts(self, size: int) -> Iterator[tuple[Part, tuple[int, ...]]]:
        """Yield every part and the shape of what it is fed with, where the last cell's is ``size``.

        The last part is that of a block.
        """
        larger = 2 * size if self.halve_before else size
        first, second = self.entries
        yield first, (self.before, larger, larger)
        yield second, (self.last, size, size)
        for block, pair in zip(self.blocks, self.operations, strict=True):
            for edge, operation in zip(block, pair, strict=True):
                side = size if edge.state < 2 else size // self.stride
                yield operation, (self.channels, side, side)


@cache
def cell_cost(cell: Cell, size: int) -> Cost:
    """Return what a cell costs, where the image of the cell before it has ``size`` pixels."""
    every = total([cost(part, shape) for part, shape in cell.parts(size)])
    return replace(every, shape=(cell.outputs, *every.shape[1:]))


class CellModule(nn.Module):
    """A cell."""

    def __init__(self, cell: Cell, drop: float) -> None:
        """Build the cell's parts."""
        super().__init__()
        self.cell = cell
        self.entries = nn.ModuleList(entry.build() for entry in cell.entries)
        self.operations = nn.ModuleList(
            nn.ModuleList(operation.build() for operation in pair) for pair in cell.operations
        )
        self.drop = DropPath(drop)

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        """Return the output for the two cells before."""
        states = [self.entries[0](before), self.entries[1](last)]
        for block, pair in zip(self.cell.blocks, self.operations, strict=True):
            added = [
                x if isinstance(op, nn.Identity) else self.drop(op(x))
                for op, x in zip(pair, (states[edge.state] for edge in block), strict=True)
            ]
            states.append(added[0] + added[1])
        return torch.cat(states[2:], 1)


class CellNetwork(nn.Module):
    """Cells, each fed with the two before it."""

    def __init__(self, stem: nn.Module, cells: list[CellModule], head: nn.Module) -> None:
        """Take the parts."""
        super().__init__()
        self.stem, self.cells, self.head = stem, nn.ModuleList(cells), head

    def forward(self, x: Tensor) -> Tensor:
        """Return a score per class, shape ``(n, classes)``."""
        before = last = self.stem(x)
        for cell in self.cells:
            before, last = last, cell(before, last)
        out: Tensor = self.head(last)
        return out


# --- networks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """A network of the space.

    Args:
        normal: blocks of the normal cell.
        reduction: blocks of the reduction cell.
        width: channels of each block in the first cell.
        repeats: normal cells before, between and after the two reductions, each.
    """

    normal: tuple[Block, ...]
    reduction: tuple[Block, ...]
    width: int
    repeats: int

    def cells(self) -> list[Cell]:
        """Return the cells from the first to the last."""
        width = self.width
        before = last = STEM * width
        found: list[Cell] = []
        plan = (["normal"] * self.repeats + ["reduction"]) * 3
        halved = False
        for kind in plan[:-1]:
            reduces = kind == "reduction"
            width *= 2 if reduces else 1
            blocks = self.reduction if reduces else self.normal
            cell = Cell(blocks, before, last, width, halved, 2 if reduces else 1)
            before, last, halved = last, cell.outputs, reduces
            found.append(cell)
        return found

    def build(self, channels: int = 3, classes: int = 10, drop: float = 0.0) -> nn.Module:
        """Return the network with fresh weights; ``drop`` rises to this rate at the last cell."""
        cells = self.cells()
        rates = [drop * (i + 1) / len(cells) for i in range(len(cells))]
        return CellNetwork(
            Stem(channels, STEM * self.width).build(),
            [CellModule(cell, rate) for cell, rate in zip(cells, rates, strict=True)],
            Classifier(cells[-1].outputs, classes).build(),
        )

    def cost(self, size: int = 32, channels: int = 3, classes: int = 10) -> Cost:
        """Return what the network costs on square images of ``size`` pixels, a multiple of 4."""
        costs = [cost(Stem(channels, STEM * self.width), (channels, size, size))]
        for cell in self.cells():
            costs.append(cell_cost(cell, size))
            size = costs[-1].shape[-1]
        costs.append(cost(Classifier(costs[-1].shape[0], classes), costs[-1].shape))
        return total(costs)


def canonical(network: Network) -> Network:
    """Return the network with the edges of each block in order: it does not matter which is first.

    Networks for which it is the same are the same.
    """
    normal, reduction = (
        tuple((min(block), max(block)) for block in blocks)
        for blocks in (network.normal, network.reduction)
    )
    return Network(normal, reduction, network.width, network.repeats)


# --- the search space -----------------------------------------------------------------------------


def _distributions() -> dict[str, BaseDistribution]:
    found: dict[str, BaseDistribution] = OrderedDict(
        width=IntDistribution(16, 48, step=4), repeats=IntDistribution(1, 6)
    )
    for kind in CELLS:
        for b in range(BLOCKS):
            for edge in "ab":
                found[f"{kind}{b}{edge}_op"] = CategoricalDistribution(OPERATIONS)
                found[f"{kind}{b}{edge}_of"] = CategoricalDistribution(tuple(range(b + 2)))
    return found


def _read(get: Get) -> Network:
    normal, reduction = (
        tuple(
            tuple(Edge(get(f"{kind}{b}{edge}_op"), get(f"{kind}{b}{edge}_of")) for edge in "ab")
            for b in range(BLOCKS)
        )
        for kind in CELLS
    )
    return Network(normal, reduction, get("width"), get("repeats"))  # type: ignore[arg-type]


def _encode(network: Network) -> dict[str, Any]:
    params: dict[str, Any] = {"width": network.width, "repeats": network.repeats}
    for kind, blocks in zip(CELLS, (network.normal, network.reduction), strict=True):
        for b, block in enumerate(blocks):
            for name, edge in zip("ab", block, strict=True):
                params[f"{kind}{b}{name}_op"] = edge.operation
                params[f"{kind}{b}{name}_of"] = edge.state
    return params


SPACE = SearchSpace(_distributions(), _read, _encode)
