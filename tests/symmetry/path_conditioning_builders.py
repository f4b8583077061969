"""Networks that are put together from layers, for the architectures on which path conditioning is tried."""

import itertools

import torch
import torch.nn.functional as F
from rescaling_architectures import Net, conv, disturb, generator
from torch import nn


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


def functional(net, x):
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


def last_state(net, x):
    return net.head(net.cells(x)[0][:, -1])


def attention_in_torch():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Linear(8, 8), layer, nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
