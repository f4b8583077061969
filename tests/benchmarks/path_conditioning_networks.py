"""The networks of the side-by-side with the published code of path-conditioned training."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from verified_dynamics.models import ResNet

CHANNELS = (3, 128, 128, 128, 256, 256, 256, 320, 320, 10)


def mlp(*widths: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with activations between them; the last one has no bias, as in the published experiments."""
    torch.manual_seed(0)
    layers = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1], bias=False))


def nine_convolutions(*, bias: bool = True) -> nn.Sequential:
    """The published fully convolutional network without BatchNorm: two max poolings, one average pooling."""
    torch.manual_seed(0)
    layers = []
    for k, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
        size = 3 if k < 7 else 1
        layers += [nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias), nn.ReLU()]
        if k in (2, 5):
            layers.append(nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten())


VECTOR, IMAGE = torch.ones(1, 784), torch.ones(1, 3, 32, 32)
CHAINS = {
    "784-512-512-10": (lambda: mlp(784, 512, 512, 10), VECTOR),
    "2-64-64-64-64-2": (lambda: mlp(2, 64, 64, 64, 64, 2), torch.ones(1, 2)),
    "9 convolutions": (nine_convolutions, IMAGE),
    "9 convolutions, no biases": (lambda: nine_convolutions(bias=False), IMAGE),
}


def residual_network() -> nn.Module:
    """An 18-layer residual network of the usual width, for runs without the published one."""
    return ResNet.eighteen(10, width=64, generator=torch.Generator().manual_seed(0)).float()


class IdentitySkip(nn.Module):
    """Three linear layers, the middle one inside a skip."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = nn.Linear(10, 16), nn.Linear(16, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.a(x))
        return self.c(torch.relu(h + self.b(h)))


class SharedLayer(IdentitySkip):
    """The middle layer is used twice."""

    def forward(self, x: Tensor) -> Tensor:
        return self.c(torch.relu(self.b(torch.relu(self.b(torch.relu(self.a(x)))))))


def normalised() -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Linear(10, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
    return nn.Sequential(*layers)


def image_classifier() -> nn.Module:
    torch.manual_seed(0)
    layers = (
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
    )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 14 * 14, 10))


def many_nets() -> dict[str, tuple[nn.Module, Tensor]]:
    """Networks, most of them beyond plain chains of ReLU layers, each with a batch of inputs."""
    vectors = torch.randn(32, 10, generator=torch.Generator().manual_seed(1))
    images = torch.randn(32, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    return {
        "plain": (mlp(10, 16, 16, 4), vectors),
        "Tanh": (mlp(10, 16, 16, 4, activation=nn.Tanh), vectors),
        "identity skip": (IdentitySkip(), vectors),
        "a layer used twice": (SharedLayer(), vectors),
        "BatchNorm": (normalised(), vectors),
        "100 layers": (mlp(10, *[20] * 99, 4), vectors),
        "28 x 28, linear head": (image_classifier(), images),
    }
