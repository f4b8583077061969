"""Small residual networks with identity and projection skips."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.models.activations import activation as activation_named
from verified_dynamics.models.initialisation import convolution, initialise, linear
from verified_dynamics.models.options import floating, positive


class ResidualBlock(nn.Module):
    """activation(skip(x) + branch(x)) with a branch of two 3 x 3 convolutions.

    x: (n, inputs, h, w) -> (n, outputs, h/stride, w/stride). The skip is the identity where the shapes agree,
    and a 1 x 1 convolution (a projection) otherwise.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        stride: int,
        batch_norm: bool,
        activation: str,
        dtype: torch.dtype,
    ):
        super().__init__()

        def normalised(layer: nn.Module) -> nn.Module:
            norm = nn.BatchNorm2d(outputs, dtype=dtype) if batch_norm else nn.Identity()
            return nn.Sequential(layer, norm)

        options = {"bias": not batch_norm, "dtype": dtype}
        self.first = normalised(convolution(inputs, outputs, 3, stride=stride, **options))
        self.inner = activation_named(activation)
        self.second = normalised(convolution(outputs, outputs, 3, **options))
        self.skip = nn.Identity()
        if inputs != outputs or stride != 1:
            self.skip = normalised(convolution(inputs, outputs, 1, stride=stride, **options))
        self.outer = activation_named(activation)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.skip(x) + self.second(self.inner(self.first(x))))


class ResNet(nn.Module):
    """A residual network x (n, image_channels, h, w) -> (n, classes).

    Stage i has `blocks[i]` residual blocks of width * 2^i channels; every stage but the first halves height
    and width. `ResNet.eighteen` has the shape of a ResNet-18 (eight blocks in four stages).
    """

    def __init__(
        self,
        classes: int,
        *,
        image_channels: int = 3,
        width: int = 8,
        blocks: Sequence[int] = (1, 1),
        batch_norm: bool = True,
        activation: str = "relu",
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        positive(classes=classes, image_channels=image_channels, width=width)
        if not blocks:
            raise ValueError("blocks must name at least one stage, but it is empty.")
        positive(**{f"blocks[{index}]": count for index, count in enumerate(blocks)})
        options = {"batch_norm": batch_norm, "activation": activation, "dtype": floating(dtype)}
        self.stem = nn.Sequential(
            convolution(image_channels, width, 3, bias=not batch_norm, dtype=dtype),
            nn.BatchNorm2d(width, dtype=dtype) if batch_norm else nn.Identity(),
            activation_named(activation),
        )
        self.stages = nn.Sequential()
        channels = width
        for stage, count in enumerate(blocks):
            layers = []
            for index in range(count):
                stride = 2 if stage and not index else 1
                layers.append(ResidualBlock(channels, width * 2**stage, stride=stride, **options))
                channels = width * 2**stage
            self.stages.append(nn.Sequential(*layers))
        self.collect = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = linear(channels, classes, bias=True, dtype=dtype)
        initialise(self, generator)

    @classmethod
    def eighteen(cls, classes: int, *, width: int = 8, **options) -> "ResNet":
        """The ResNet-18 arrangement of blocks, two in each of four stages, at the given width."""
        return cls(classes, width=width, blocks=(2, 2, 2, 2), **options)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.collect(self.stages(self.stem(x))))
