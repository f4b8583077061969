"""Small convolutional networks without skip connections."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from verified_dynamics.models.activations import activation as activation_named
from verified_dynamics.models.initialisation import convolution, initialise, linear
from verified_dynamics.models.options import floating, one_of, positive

_POOLINGS = {
    "max": lambda: nn.MaxPool2d(2),
    "average": lambda: nn.AvgPool2d(2),
    "none": nn.Identity,
}


class ConvNet(nn.Module):
    """A convolutional network x (n, channels[0], h, w) -> (n, classes).

    Each block is convolution, optional BatchNorm, activation, and pooling by 2 ("max", "average" or "none").
    With `depthwise`, a block's convolution is a depthwise one followed by a 1 x 1 one; else it has `groups`
    groups (the first one, from the image, always has one). The head averages over positions; with
    `image_size` it flattens them instead, and then images must have that height and width.
    """

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
        depthwise: bool = False,
        batch_norm: bool = False,
        pooling: str = "max",
        image_size: int | None = None,
        activation: str = "relu",
        bias: bool = True,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        channels = tuple(channels)
        if len(channels) < 2:
            raise ValueError(f"channels needs the image's channels and one layer more, but it is {channels}.")
        positive(classes=classes, kernel_size=kernel_size, stride=stride, groups=groups)
        positive(**{f"channels[{index}]": count for index, count in enumerate(channels)})
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, but it is {kernel_size}.")
        floating(dtype)
        one_of("pooling", pooling, _POOLINGS)
        layers: list[nn.Module] = []
        for depth, (inputs, outputs) in enumerate(pairwise(channels)):
            layers += _convolutions(
                inputs,
                outputs,
                kernel_size=kernel_size,
                stride=stride,
                groups=inputs if depthwise else groups if depth else 1,
                depthwise=depthwise,
                bias=bias,
                dtype=dtype,
            )
            layers += [nn.BatchNorm2d(outputs, dtype=dtype)] if batch_norm else []
            layers += [activation_named(activation), _POOLINGS[pooling]()]
        self.features = nn.Sequential(*layers)
        positions = 1
        if image_size is not None:
            positive(image_size=image_size)
            size = _final_size(image_size, len(channels) - 1, stride, pooling)
            positions = size * size
        self.collect = nn.AdaptiveAvgPool2d(1) if image_size is None else nn.Identity()
        self.flatten = nn.Flatten()
        self.head = linear(channels[-1] * positions, classes, bias=bias, dtype=dtype)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flatten(self.collect(self.features(x))))


def _convolutions(
    inputs: int, outputs: int, *, groups: int, depthwise: bool, bias: bool, dtype: torch.dtype, **shape: int
) -> list[nn.Module]:
    if inputs % groups or (outputs % groups and not depthwise):
        raise ValueError(f"{inputs} to {outputs} channels cannot be split into {groups} groups.")
    if not depthwise:
        return [convolution(inputs, outputs, groups=groups, bias=bias, dtype=dtype, **shape)]
    return [
        convolution(inputs, inputs, groups=inputs, bias=bias, dtype=dtype, **shape),
        convolution(inputs, outputs, 1, bias=bias, dtype=dtype),
    ]


def _final_size(size: int, blocks: int, stride: int, pooling: str) -> int:
    start = size
    for _ in range(blocks):
        size = (size - 1) // stride + 1
        size = size if pooling == "none" else size // 2
    if size < 1:
        raise ValueError(f"an image of {start} x {start} is too small for {blocks} blocks with this pooling.")
    return size
