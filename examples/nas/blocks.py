"""The parts of chain-like networks: convolutions, inverted bottlenecks, a head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from counting import Part
from torch import Tensor, nn

ACTIVATIONS = {"relu": nn.ReLU, "hardswish": nn.Hardswish, "silu": nn.SiLU, "gelu": nn.GELU}


def chain(parts: Mapping[str, Part]) -> nn.Sequential:
    """Return the module of named parts, one after the other."""
    return nn.Sequential(OrderedDict((name, part.build()) for name, part in parts.items()))


class DropPath(nn.Module):
    """Leaves out, while training, what a branch adds for some of the images.

    Huang et al., "Deep Networks with Stochastic Depth" (ECCV 2016).
    """

    def __init__(self, rate: float) -> None:
        """Drop this share of the images."""
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return it with some images at 0 and the others scaled up."""
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.rate
        return x * keep / (1 - self.rate)


class Residual(nn.Module):
    """Adds its input to what a body makes of it."""

    def __init__(self, body: nn.Module, drop: float) -> None:
        """Wrap a body whose output has its input's shape."""
        super().__init__()
        self.body, self.drop = body, DropPath(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        return x + self.drop(self.body(x))


class SqueezeExcite(nn.Module):
    """Weighs channels by what all of the image says (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int, squeezed: int, activation: str) -> None:
        """Go through a layer of ``squeezed`` channels."""
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.activation = ACTIVATIONS[activation]()
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels."""
        weight = self.excite(self.activation(self.squeeze(x.mean((2, 3), keepdim=True))))
        return x * weight.sigmoid()


# --- what blocks are made of ----------------------------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """A convolution with normalisation and, if one is named, an activation."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    groups: int = 1
    activation: str | None = None

    def build(self) -> nn.Module:
        """Return the module."""
        conv = nn.Conv2d(
            self.inputs,
            self.outputs,
            self.kernel,
            self.stride,
            self.kernel // 2,
            groups=self.groups,
            bias=False,
        )
        modules = OrderedDict[str, nn.Module](conv=conv, norm=nn.BatchNorm2d(self.outputs))
        if self.activation is not None:
            modules["activation"] = ACTIVATIONS[self.activation]()
        return nn.Sequential(modules)


@dataclass(frozen=True)
class Squeeze:
    """Squeeze-and-excite through a layer of ``squeezed`` channels."""

    channels: int
    squeezed: int
    activation: str

    def build(self) -> nn.Module:
        """Return the module."""
        return SqueezeExcite(self.channels, self.squeezed, self.activation)


@dataclass(frozen=True)
class Classifier:
    """A score per class from the mean of each channel."""

    inputs: int
    classes: int
    dropout: float = 0.0

    def build(self) -> nn.Module:
        """Return the module."""
        return nn.Sequential(
            OrderedDict[str, nn.Module](
                pool=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),
                dropout=nn.Dropout(self.dropout),
                linear=nn.Linear(self.inputs, self.classes),
            )
        )


# --- blocks ---------------------------------------------------------------------------------------


class Block(Protocol):
    """A part made of units, one after the other; they are what is counted."""

    def units(self) -> dict[str, Part]:
        """Return the units by name."""

    def build(self) -> nn.Module:
        """Return the module, with fresh weights."""


def units_of(blocks: Iterable[Block]) -> list[Part]:
    """Return the units of blocks, one after the other."""
    return [unit for block in blocks for unit in block.units().values()]


@dataclass(frozen=True)
class Conv:
    """A convolution, its input added to it if ``skip`` is set and the shapes allow it."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    activation: str = "relu"
    skip: bool = False

    def units(self) -> dict[str, Part]:
        """Return the one convolution."""
        unit = Unit(self.inputs, self.outputs, self.kernel, self.stride, 1, self.activation)
        return {"conv": unit}

    def build(self) -> nn.Module:
        """Return the module."""
        same = self.stride == 1 and self.inputs == self.outputs
        return _block(self.units(), 0.0, skip=self.skip and same)


@dataclass(frozen=True)
class MBConv:
    """An inverted bottleneck: widen, convolve each channel alone, narrow.

    Sandler et al., "MobileNetV2" (CVPR 2018); with ``squeeze`` as in EfficientNet (Tan and Le,
    ICML 2019), whose squeezed layer has so many channels as that share of the block's input.
    """

    inputs: int
    outputs: int
    kernel: int
    expansion: int
    stride: int = 1
    activation: str = "relu"
    skip: bool = True
    squeeze: float = 0.0
    drop: float = 0.0

    def units(self) -> dict[str, Part]:
        """Return the convolutions, and squeeze-and-excite before the last."""
        middle, act = self.inputs * self.expansion, self.activation
        found: dict[str, Part] = {}
        if self.expansion != 1:
            found["expand"] = Unit(self.inputs, middle, 1, activation=act)
        found["depthwise"] = Unit(middle, middle, self.kernel, self.stride, middle, act)
        if self.squeeze:
            squeezed = max(1, int(self.inputs * self.squeeze))
            found["squeeze"] = Squeeze(middle, squeezed, act)
        found["project"] = Unit(middle, self.outputs, 1)
        return found

    def build(self) -> nn.Module:
        """Return the module."""
        same = self.stride == 1 and self.inputs == self.outputs
        return _block(self.units(), self.drop, skip=self.skip and same)


@dataclass(frozen=True)
class Head:
    """What turns the last features into classes; ``hidden`` channels in between, if any."""

    inputs: int
    classes: int
    hidden: int = 0
    activation: str = "relu"
    dropout: float = 0.0

    def units(self) -> dict[str, Part]:
        """Return the convolution, if there is one, and the classifier."""
        if not self.hidden:
            return {"classifier": Classifier(self.inputs, self.classes, self.dropout)}
        return {
            "conv": Unit(self.inputs, self.hidden, 1, activation=self.activation),
            "classifier": Classifier(self.hidden, self.classes, self.dropout),
        }

    def build(self) -> nn.Module:
        """Return the module."""
        return chain(self.units())


def _block(units: Mapping[str, Part], drop: float, *, skip: bool) -> nn.Module:
    """Return units with or without their input added; weights have the same names either way."""
    body = chain(units)
    return Residual(body, drop) if skip else nn.Sequential(OrderedDict(body=body))
