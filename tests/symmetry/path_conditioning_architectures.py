"""Architectures as practitioners write them, on which path conditioning is tried, with their free groups counted."""

from typing import NamedTuple

from path_conditioning_builders import (
    Lists,
    Siamese,
    attention_in_torch,
    deep,
    frozen,
    functional,
    head,
    inception,
    last_state,
    mlp,
    normalised,
    shared,
    tied,
    tokens,
    with_dead_neurons,
)
from path_conditioning_networks import Excited, Inverted, PreActivation, ResNet18, TransformerBlock, UNet
from rescaling_architectures import Net, conv, disturb, normal
from torch import Tensor, nn


class Case(NamedTuple):
    """A network in float64, an example input (or a tuple of them) and the number of free groups."""

    model: nn.Module
    example: Tensor | tuple[Tensor, ...]
    count: int


IMAGE, DIGIT, VECTOR = normal(5, 3, 16, 16), normal(4, 1, 28, 28), normal(7, 8)
SERIES, VOLUME, SEQUENCE = normal(5, 3, 20), normal(3, 2, 6, 6, 6), normal(4, 6, 8)


# name: network, example and count; a count is the sum over hidden layers of their units (channels), tied ones once.
FULLY_CONNECTED = {
    "mlp": lambda: Case(disturb(mlp(8, 16, 12, 3)), VECTOR, 28),
    "mlp without biases": lambda: Case(disturb(mlp(8, 16, 12, 3, bias=False)), VECTOR, 28),
    "mlp, leaky": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=nn.LeakyReLU)), VECTOR, 16),
    "mlp, steep": lambda: Case(disturb(mlp(8, 9, 7, 3, activation=lambda: nn.LeakyReLU(-2.0))), VECTOR, 16),
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
        disturb(Net(functional, a=conv(3, 4), b=conv(4, 3), c=conv(4, 2), d=conv(5, 6), e=nn.Linear(12, 3))),
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
    "squeezed and excited": lambda: Case(disturb(Excited()), IMAGE, 3 + 4),
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
        disturb(Net(last_state, cells=nn.LSTM(8, 6, batch_first=True), head=mlp(6, 5, 3))), SEQUENCE, 5
    ),
}

CASES = FULLY_CONNECTED | CONVOLUTIONAL | PARTLY_FOLLOWED
