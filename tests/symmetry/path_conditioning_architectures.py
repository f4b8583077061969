"""Architectures as practitioners write them, on which path conditioning is tried, with their free groups counted."""

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from path_conditioning_networks import Inverted, PreActivation, ResNet18, TransformerBlock, UNet
from rescaling_architectures import Net, conv, disturb, generator, normal
from torch import Tensor, nn


class Case(NamedTuple):
    """A network in float64, an example input (or a tuple of them) and the number of free groups."""

    model: nn.Module
    example: Tensor | tuple[Tensor, ...]
    count: int


IMAGE, DIGIT, VECTOR = normal(5, 3, 16, 16), normal(4, 1, 28, 28), normal(7, 8)
SERIES, VOLUME, SEQUENCE = normal(5, 3, 20), normal(3, 2, 6, 6, 6), normal(4, 6, 8)


def mlp(*widths, activation=nn.ReLU, bias=True, between=()):
    layers = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(inputs, outputs, bias=bias), activation(), *(layer() for layer in between)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1], bias=bias))


def normalised(inputs, outputs, **options):
    return nn.Sequential(conv(inputs, outputs, bias=False, **options), nn.BatchNorm2d(outputs), nn.ReLU())


def head(channels, outputs=3):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, outputs))


def deep(factor):
    """99 hidden layers of width 20 as initialised by torch, weights multiplied by the factor, untouched otherwise."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = mlp(20, *(20,) * 99, 5).double()
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight *= factor
    return model


def with_dead_neurons():
    """Hidden unit 2 of the first layer has no input, unit 3 no output; unit 1 of the second layer has neither."""
    model = disturb(mlp(8, 6, 5, 3))
    with torch.no_grad():
        model[1].weight[2], model[1].bias[2] = 0, 0
        model[3].weight[:, 3] = 0
        model[3].weight[1], model[3].bias[1], model[5].weight[:, 1] = 0, 0, 0
    return model


def frozen():
    model = disturb(mlp(8, 6, 5, 4, 3))
    model[3].requires_grad_(False)
    return model


def shared():
    layer = nn.Linear(6, 6)
    return nn.Sequential(
        nn.Linear(8, 6),
        nn.ReLU(),
        layer,
        nn.ReLU(),
        layer,
        nn.ReLU(),
        nn.Linear(6, 5),
        nn.ReLU(),
        nn.Linear(5, 3),
    )


def tied():
    model = mlp(8, 6, 6, 6, 5, 3)
    model[5].weight = model[3].weight
    return model


def _functional(net, x):
    h = F.relu(net.a(x))
    left = F.max_pool2d(F.relu(net.b(h)), 2)
    right = F.avg_pool2d(F.leaky_relu(net.c(h), 0.1), 2)
    joined = torch.cat([left, right], dim=1)
    pooled = net.d(joined).relu()
    return net.e(torch.cat([pooled.mean((2, 3)), torch.flatten(F.adaptive_max_pool2d(pooled, 1), 1)], 1))


def _inception(net, x):
    h = net.stem(x)
    return net.head(torch.cat([net.one(h), net.three(h), net.five(h), net.pooled(h)], 1))


def inception():
    return Net(
        _inception,
        stem=normalised(3, 4),
        one=normalised(4, 2, size=1),
        three=nn.Sequential(normalised(4, 3, size=1), normalised(3, 4)),
        five=nn.Sequential(normalised(4, 2, size=1), normalised(2, 3, size=5)),
        pooled=nn.Sequential(nn.MaxPool2d(3, 1, 1), normalised(4, 2, size=1)),
        head=head(2 + 4 + 3 + 2),
    )


class Lists(nn.Module):
    """Stages in a ModuleList of nested Sequentials, with an identity skip around each."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Sequential(nn.Linear(8, 6)), nn.ReLU())
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Sequential(nn.Linear(6, 5), nn.ReLU()), nn.Linear(5, 6)) for _ in range(3)
        )
        self.heads = nn.ModuleDict({"out": nn.Linear(6, 3)})

    def forward(self, x):
        x = self.first(x)
        for stage in self.stages:
            x = torch.relu(x + stage(x))
        return self.heads["out"](x)


class Siamese(nn.Module):
    """One embedding of images and one of vectors, added and read by two heads."""

    def __init__(self):
        super().__init__()
        self.image = nn.Sequential(normalised(3, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6))
        self.vector = mlp(8, 5, 6)
        self.first, self.second = nn.Linear(6, 2), nn.Linear(6, 1)

    def forward(self, image, vector):
        h = torch.relu(self.image(image) + self.vector(vector))
        return {"first": self.first(h), "second": self.second(h)}


def tokens():
    return torch.randint(11, (4, 6), generator=generator(1))


def _last_state(net, x):
    return net.head(net.cells(x)[0][:, -1])


def attention_in_torch():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Linear(8, 8), layer, nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))


# name: network, example and count; a count is the sum over hidden layers of their units (channels), tied ones once.
FULLY_CONNECTED = {
    "mlp": lambda: Case(disturb(mlp(8, 16, 12, 3)), VECTOR, 28),
    "mlp without biases": lambda: Case(disturb(mlp(8, 16, 12, 3, bias=False)), VECTOR, 28),
    "mlp, leaky": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=nn.LeakyReLU)), VECTOR, 16),
    "mlp, prelu": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=nn.PReLU)), VECTOR, 16),
    "mlp, linear": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=nn.Identity)), VECTOR, 16),
    "mlp, dropout": lambda: Case(disturb(mlp(8, 9, 7, 3, between=[nn.Dropout])), VECTOR, 16),
    "mlp, one output": lambda: Case(disturb(mlp(8, 9, 1)), VECTOR, 9),
    "mlp, one hidden unit": lambda: Case(disturb(mlp(8, 1, 1)), VECTOR, 1),
    "mlp over time steps": lambda: Case(
        disturb(nn.Sequential(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 3))), SEQUENCE, 9
    ),
    "hundred layers": lambda: Case(deep(1.0), normal(4, 20), 99 * 20),
    "hundred layers, tiny weights": lambda: Case(deep(1e-3), normal(4, 20), 99 * 20),
    "nested lists with skips": lambda: Case(disturb(Lists()), VECTOR, 6 + 3 * 5),
    "dead neurons": lambda: Case(with_dead_neurons(), VECTOR, 6 + 5),
    "frozen layer": lambda: Case(frozen(), VECTOR, 6 + 5 + 4),
    "layer used twice": lambda: Case(disturb(shared()), VECTOR, 5),
    "tied parameter": lambda: Case(disturb(tied()), VECTOR, 5),
    "batch norm of features": lambda: Case(
        disturb(
            nn.Sequential(
                nn.Linear(8, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 6), nn.ReLU(), nn.Linear(6, 3)
            )
        ),
        VECTOR,
        9 + 6,
    ),
}

CONVOLUTIONAL = {
    "digits": lambda: Case(
        disturb(
            nn.Sequential(
                *(
                    conv(1, 4),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                    conv(4, 6),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                    nn.Flatten(),
                ),
                *(nn.Linear(6 * 49, 12), nn.ReLU(), nn.Linear(12, 10)),
            )
        ),
        DIGIT,
        4 + 6 + 12,
    ),
    "strided, dilated, padded": lambda: Case(
        disturb(
            nn.Sequential(
                *(
                    conv(3, 4, 5, stride=2, padding=0),
                    nn.ReLU(),
                    conv(4, 6, dilation=2, padding=3),
                    nn.ReLU(),
                ),
                *(nn.Conv2d(6, 5, (3, 1), padding="same"), nn.ReLU(), head(5)),
            )
        ),
        IMAGE,
        4 + 6 + 5,
    ),
    "reflected, replicated, wrapped": lambda: Case(
        disturb(
            nn.Sequential(
                *(
                    conv(3, 4, padding_mode="reflect"),
                    nn.ReLU(),
                    conv(4, 4, padding_mode="replicate"),
                    nn.ReLU(),
                ),
                *(nn.ReflectionPad2d(1), conv(4, 3, padding_mode="circular"), nn.ReLU(), head(3)),
            )
        ),
        IMAGE,
        4 + 4 + 3,
    ),
    "grouped and depthwise": lambda: Case(
        disturb(
            nn.Sequential(
                *(conv(3, 6), nn.ReLU(), conv(6, 8, groups=2), nn.ReLU()),
                *(conv(8, 8, groups=8), nn.ReLU(), conv(8, 5, 1), nn.ReLU(), head(5)),
            )
        ),
        IMAGE,
        6 + 8 + 8 + 5,
    ),
    "average, maximum and power pooling": lambda: Case(
        disturb(
            nn.Sequential(
                *(conv(3, 4), nn.ReLU(), nn.AvgPool2d(3, 2, 1), conv(4, 5), nn.ReLU(), nn.MaxPool2d(3, 2)),
                *(conv(5, 4), nn.ReLU(), nn.LPPool2d(2, 2, 1), nn.AdaptiveMaxPool2d(2), nn.Flatten()),
                nn.Linear(16, 3),
            )
        ),
        IMAGE,
        4 + 5 + 4,
    ),
    "one dimension": lambda: Case(
        disturb(
            nn.Sequential(
                *(
                    nn.Conv1d(3, 4, 3),
                    nn.BatchNorm1d(4),
                    nn.ReLU(),
                    nn.MaxPool1d(2),
                    nn.Conv1d(4, 5, 3, dilation=2),
                ),
                *(nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(5, 3)),
            )
        ),
        SERIES,
        4 + 5,
    ),
    "three dimensions": lambda: Case(
        disturb(
            nn.Sequential(
                *(nn.Conv3d(2, 3, 3, padding=1), nn.BatchNorm3d(3), nn.ReLU(), nn.MaxPool3d(2)),
                *(nn.Conv3d(3, 4, 2), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3)),
            )
        ),
        VOLUME,
        3 + 4,
    ),
    "batch norm, dropout and a classifier": lambda: Case(
        disturb(
            nn.Sequential(
                *(normalised(3, 4), normalised(4, 4), nn.MaxPool2d(2), normalised(4, 6), nn.Dropout2d(0.2)),
                *(
                    nn.AdaptiveAvgPool2d(2),
                    nn.Flatten(),
                    nn.Linear(24, 8),
                    nn.ReLU(),
                    nn.Dropout(),
                    nn.Linear(8, 3),
                ),
            )
        ),
        IMAGE,
        4 + 4 + 6 + 8,
    ),
    "batch norm without parameters": lambda: Case(
        disturb(
            nn.Sequential(
                *(conv(3, 4), nn.BatchNorm2d(4, affine=False), nn.ReLU()),
                *(conv(4, 5), nn.ReLU(), nn.BatchNorm2d(5, track_running_stats=False), head(5)),
            )
        ),
        IMAGE,
        5,  # γ and β of the second normalisation; what enters a normalisation is pinned
    ),
    "functional calls": lambda: Case(
        disturb(Net(_functional, a=conv(3, 4), b=conv(4, 3), c=conv(4, 2), d=conv(5, 6), e=nn.Linear(12, 3))),
        IMAGE,
        4 + 3 + 2 + 6,
    ),
    "inception": lambda: Case(disturb(inception()), IMAGE, 4 + 2 + (3 + 4) + (2 + 3) + 2),
    "two inputs, two heads": lambda: Case(disturb(Siamese()), (IMAGE[:4], VECTOR[:4]), 4 + 5 + 6),
    "residual eighteen": lambda: Case(disturb(ResNet18(8)), IMAGE, 3 * (8 + 16 + 32 + 64)),
    "residual, normalised before": lambda: Case(disturb(PreActivation()), IMAGE, 2 * (4 + 4) + 4),
    "inverted residual": lambda: Case(disturb(Inverted(nn.ReLU)), IMAGE, 4 + 2 * (8 + 8)),
    "inverted residual, bounded": lambda: Case(disturb(Inverted(nn.ReLU6)), IMAGE, 4),
    "u-net, transposed convolutions": lambda: Case(
        disturb(UNet(transposed=True)), IMAGE, 2 * (4 + 6 + 8) + (6 + 2 * 6) + (4 + 2 * 4)
    ),
    "u-net, bilinear": lambda: Case(disturb(UNet(transposed=False)), IMAGE, 2 * (4 + 6 + 8) + 2 * 6 + 2 * 4),
}

PARTLY_FOLLOWED = {
    "gelu": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=nn.GELU)), VECTOR, 0),
    "layer norm": lambda: Case(
        disturb(nn.Sequential(nn.Linear(8, 9), nn.LayerNorm(9), nn.ReLU(), nn.Linear(9, 3))), VECTOR, 0
    ),
    "half of it gelu": lambda: Case(
        disturb(nn.Sequential(mlp(8, 9, 7), nn.GELU(), mlp(7, 6, 3))), VECTOR, 9 + 6
    ),
    "transformer": lambda: Case(
        disturb(nn.Sequential(TransformerBlock(8, 16), TransformerBlock(8, 12), nn.Linear(8, 3))),
        SEQUENCE,
        16 + 12,
    ),
    "transformer layer of torch": lambda: Case(disturb(attention_in_torch()), SEQUENCE, 6),
    "embedded tokens": lambda: Case(
        disturb(nn.Sequential(nn.Embedding(11, 8), nn.Flatten(), mlp(48, 9, 3))), tokens(), 9
    ),
    "recurrent cells": lambda: Case(
        disturb(Net(_last_state, cells=nn.LSTM(8, 6, batch_first=True), head=mlp(6, 5, 3))), SEQUENCE, 5
    ),
}

CASES = FULLY_CONNECTED | CONVOLUTIONAL | PARTLY_FOLLOWED
