"""A small network whose layers are concatenated to their inputs, as in a DenseNet."""

import torch
from torch import Tensor, nn

from verified_dynamics.models.activations import activation as activation_named
from verified_dynamics.models.initialisation import convolution, initialise, linear
from verified_dynamics.models.options import floating, positive


class DenseLayer(nn.Module):
    """x (n, inputs, h, w) -> cat(x, activation(norm(convolution(x)))) (n, inputs + growth, h, w)."""

    def __init__(self, inputs: int, growth: int, *, batch_norm: bool, activation: str, dtype: torch.dtype):
        super().__init__()
        self.branch = nn.Sequential(
            convolution(inputs, growth, 3, bias=not batch_norm, dtype=dtype),
            nn.BatchNorm2d(growth, dtype=dtype) if batch_norm else nn.Identity(),
            activation_named(activation),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.branch(x)], dim=1)


class DenseNet(nn.Module):
    """A concatenating network x (n, image_channels, h, w) -> (n, classes) with `layers` dense layers."""

    def __init__(
        self,
        classes: int,
        *,
        image_channels: int = 3,
        width: int = 8,
        growth: int = 4,
        layers: int = 3,
        batch_norm: bool = False,
        activation: str = "relu",
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        positive(classes=classes, image_channels=image_channels, width=width, growth=growth, layers=layers)
        self.stem = nn.Sequential(
            convolution(image_channels, width, 3, bias=True, dtype=floating(dtype)),
            activation_named(activation),
        )
        options = {"batch_norm": batch_norm, "activation": activation, "dtype": dtype}
        self.layers = nn.Sequential(
            *(DenseLayer(width + growth * depth, growth, **options) for depth in range(layers))
        )
        self.collect = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = linear(width + growth * layers, classes, bias=True, dtype=dtype)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.collect(self.layers(self.stem(x))))
