"""Small networks and data for the tests of ensembles."""

from itertools import pairwise

import torch
from torch import nn


def make_mlp(generator):
    widths = (10, 20, 16, 3)
    layers = []
    for fan_in, fan_out in pairwise(widths):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(
                torch.randn(fan_out, fan_in, generator=generator, dtype=torch.float64) / fan_in**0.5
            )
            layer.bias.zero_()
        layers += [layer, nn.Tanh() if len(layers) else nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def make_scalar_mlp(generator):
    """One output: the shape for which a lone member's sums are the easiest to get wrong."""
    return nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 1)).double()


def make_conv(generator):
    """Ends at one position, where sums over samples run along the columns of all members."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 6)),
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, groups=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6, 3),
    ).double()


def make_curved(generator):
    """Activations whose last bits depend on their place, at widths that leave a remainder to vector loops."""
    curved = (nn.GELU(), nn.SiLU(), nn.Softplus(), nn.Sigmoid(), nn.ELU(), nn.SELU(), nn.CELU(), nn.Mish())
    layers = [layer for activation in curved for layer in (nn.Linear(7, 7), activation)]
    return nn.Sequential(nn.Linear(10, 7), nn.GELU("tanh"), *layers, nn.Linear(7, 3)).double()


def make_batch_norm(generator):
    return nn.Sequential(nn.Linear(10, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3)).double()


def square_loss(model, x, y):
    output = model(x)  # (n, k)
    return ((output - y[:, : output.shape[1]]) ** 2).mean()


NETWORKS = {"mlp": make_mlp, "scalar": make_scalar_mlp, "conv": make_conv, "curved": make_curved}
NETWORKS["batch norm"] = make_batch_norm


def regression(network: str, samples: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    shape = (6, 6) if network == "conv" else (10,)
    x = torch.randn(samples, *shape, generator=generator, dtype=torch.float64)
    return x, torch.randn(samples, 3, generator=generator, dtype=torch.float64)
