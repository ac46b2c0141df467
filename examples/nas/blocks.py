"""The parts of chain-like networks: convolutions, inverted bottlenecks, a head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from counting import Part
from torch import Tensor, nn

ACTIVATIONS = {"relu": nn.ReLU, "hardswish": nn.Hardswish, "silu": nn.SiLU, "gelu": nn.GELU}


def chain(parts: Mapping[str, Part]) -> nn.Sequential:
    """Return the network of named parts, one after the other."""
    return nn.Sequential(OrderedDict((name, part.build()) for name, part in parts.items()))


def conv_unit(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: str | None = None,
) -> nn.Sequential:
    """Return a convolution with normalisation and, if one is named, an activation."""
    modules: dict[str, nn.Module] = {
        "conv": nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        "norm": nn.BatchNorm2d(outputs),
    }
    if activation is not None:
        modules["activation"] = ACTIVATIONS[activation]()
    return nn.Sequential(OrderedDict(modules))


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


@dataclass(frozen=True)
class Conv:
    """A convolution, its input added to it if ``skip`` is set and the shapes allow it."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    activation: str = "relu"
    skip: bool = False

    def build(self) -> nn.Module:
        """Return the module."""
        body = conv_unit(
            self.inputs, self.outputs, self.kernel, stride=self.stride, activation=self.activation
        )
        same = self.stride == 1 and self.inputs == self.outputs
        return Residual(body, 0.0) if self.skip and same else nn.Sequential(OrderedDict(body=body))


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

    def build(self) -> nn.Module:
        """Return the module."""
        middle, act = self.inputs * self.expansion, self.activation
        modules: dict[str, nn.Module] = {}
        if self.expansion != 1:
            modules["expand"] = conv_unit(self.inputs, middle, 1, activation=act)
        modules["depthwise"] = conv_unit(
            middle, middle, self.kernel, stride=self.stride, groups=middle, activation=act
        )
        if self.squeeze:
            squeezed = max(1, int(self.inputs * self.squeeze))
            modules["squeeze"] = SqueezeExcite(middle, squeezed, act)
        modules["project"] = conv_unit(middle, self.outputs, 1)
        body = nn.Sequential(OrderedDict(modules))
        same = self.stride == 1 and self.inputs == self.outputs
        if self.skip and same:
            return Residual(body, self.drop)
        return nn.Sequential(OrderedDict(body=body))


@dataclass(frozen=True)
class Head:
    """What turns the last features into classes; ``hidden`` channels in between, if any."""

    inputs: int
    classes: int
    hidden: int = 0
    activation: str = "relu"
    dropout: float = 0.0

    def build(self) -> nn.Module:
        """Return the module."""
        modules: dict[str, nn.Module] = {}
        if self.hidden:
            modules["conv"] = conv_unit(self.inputs, self.hidden, 1, activation=self.activation)
        modules["pool"] = nn.AdaptiveAvgPool2d(1)
        modules["flatten"] = nn.Flatten()
        if self.dropout:
            modules["dropout"] = nn.Dropout(self.dropout)
        modules["linear"] = nn.Linear(self.hidden or self.inputs, self.classes)
        return nn.Sequential(OrderedDict(modules))
