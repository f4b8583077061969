"""Networks on which the search for scale groups is tried, and the independent check that it is tried with."""

import torch
import torch.nn.functional as F
from torch import nn

from verified_dynamics.models import MLP, ConvNet, DenseNet, ResNet


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


class Net(nn.Module):
    """Layers by name and a forward function of them: Net(lambda net, x: net.a(x), a=nn.Linear(2, 3))."""

    def __init__(self, function, **layers):
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.function(self, x)


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, dtype=torch.float64)


def conv(inputs, outputs, size=3, **options):
    return nn.Conv2d(inputs, outputs, size, **{"padding": size // 2, **options})


def two(between, first=None, second=None):
    """first, a function of its ReLU, second: Linear 4 -> 4 -> 2 unless given."""
    return Net(
        lambda net, x: net.b(between(torch.relu(net.a(x)))), a=first or linear(4, 4), b=second or linear(4, 2)
    )


def disturb(model, seed=3):
    """Random parameters and running statistics, so that no symmetry holds by accident of initial values."""
    model.double()
    draw = generator(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=draw, dtype=torch.float64) + 0.1)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=draw, dtype=torch.float64))
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=draw, dtype=torch.float64) + 0.5)
    return model


def _block(net, x):
    h = torch.relu(net.a(x))
    return net.c(torch.relu(h + net.b(h)))


def _projected(net, x):
    h = torch.relu(net.a(x))
    return net.d(torch.relu(net.b(h) + net.c(h)))


def _gated(net, x):
    h = torch.relu(net.a(x))
    return net.c(h * torch.sigmoid(net.b(h.mean((2, 3), keepdim=True))))


def _squared(h):
    return h * h


def _shift_in_place(h):
    h.add_(1)
    return h


def _tied():
    net = two(lambda h: h, second=linear(4, 4))
    net.b.weight = net.a.weight
    return net


def _shared_memory():
    net = two(lambda h: h, second=linear(4, 4))
    net.b.weight = nn.Parameter(net.a.weight.data.t())
    return net


def _hooked(layer):
    net = nn.Sequential(linear(4, 4), nn.ReLU(), linear(4, 2))
    net[layer].register_forward_hook(lambda module, arguments, value: value + 1)
    return net


def _inner_layer():
    outer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    return Net(
        lambda net, x: net.c(net.outer(x)) + net.d(torch.relu(net.outer.linear1(x))),
        outer=outer,
        c=linear(4, 2),
        d=linear(8, 2),
    )


def models():
    """(network, number of free groups) of the package's own architectures, which read images (n, 3, 8, 8)."""
    draw = {"generator": generator()}
    return {
        "conv": (ConvNet((3, 4, 6), 2, **draw), 10),
        "conv grouped, average": (ConvNet((3, 4, 6), 2, groups=2, pooling="average", **draw), 10),
        "conv depthwise": (ConvNet((3, 4, 6), 2, depthwise=True, **draw), 3 + 4 + 4 + 6),
        "conv flattened": (ConvNet((3, 4, 6), 2, image_size=8, **draw), 10),
        "conv batch norm": (ConvNet((3, 4, 6), 2, batch_norm=True, **draw), 10),
        "residual": (ResNet(2, width=4, blocks=(2, 1), **draw), (4 + 2 * 4) + (8 + 8)),
        "residual plain": (ResNet(2, width=4, batch_norm=False, **draw), (4 + 4) + (8 + 8)),
        "residual eighteen": (ResNet.eighteen(2, width=4, **draw), 3 * (4 + 8 + 16 + 32)),
        "concatenating": (DenseNet(2, width=4, growth=3, layers=2, **draw), 10),
        "concatenating batch norm": (DenseNet(2, width=4, growth=3, batch_norm=True, **draw), 13),
        "mlp of pixels": (nn.Sequential(nn.Flatten(), MLP((192, 6, 5, 2), **draw)), 11),
        "mlp leaky": (nn.Sequential(nn.Flatten(), MLP((192, 6, 2), activation="leaky_relu", **draw)), 6),
        "mlp linear": (nn.Sequential(nn.Flatten(), MLP((192, 6, 2), activation="linear", **draw)), 6),
        "mlp batch norm": (nn.Sequential(nn.Flatten(), MLP((192, 6, 5, 2), batch_norm=True, **draw)), 11),
    }


IMAGE, VECTOR, SERIES, VOLUME = normal(5, 3, 8, 8), normal(7, 4), normal(5, 3, 9), normal(4, 2, 4, 4, 4)
SQUARE = normal(6, 4, 4)  # (n, T, d) with T = d: no size tells the two axes apart

# name: (network, input, number of free groups), all of whose symmetry the search must find
FOLLOWED = {
    **{name: (model, IMAGE, count) for name, (model, count) in models().items()},
    "strided, dilated, unpadded": (
        nn.Sequential(
            conv(3, 4, 5, stride=2), nn.ReLU(), conv(4, 5, padding=0, dilation=1), nn.Flatten(), linear(20, 2)
        ),
        IMAGE,
        9,
    ),
    "reflected padding": (nn.Sequential(conv(3, 4, padding_mode="reflect"), nn.ReLU(), conv(4, 2)), IMAGE, 4),
    "groups to more channels": (
        nn.Sequential(conv(3, 6, groups=3), nn.ReLU(), conv(6, 4, groups=2)),
        IMAGE,
        6,
    ),
    "one dimension": (
        nn.Sequential(
            nn.Conv1d(3, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 5, 2), nn.Flatten(), linear(10, 2)
        ),
        SERIES,
        9,
    ),
    "three dimensions": (
        nn.Sequential(nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), nn.ReLU(), nn.Conv3d(3, 2, 2)),
        VOLUME,
        3,
    ),
    "several poolings": (
        nn.Sequential(
            conv(3, 4),
            nn.MaxPool2d(3, 1, 1),
            nn.AvgPool2d(2),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            linear(16, 2),
        ),
        IMAGE,
        4,
    ),
    "functional pooling": (
        two(lambda h: F.adaptive_avg_pool2d(F.max_pool2d(h, 2), 1).flatten(1), conv(3, 4)),
        IMAGE,
        4,
    ),
    "functional dropout, leaky": (two(lambda h: F.dropout(F.leaky_relu(-h, 0.3), 0.5, False)), VECTOR, 4),
    "dropout": (nn.Sequential(conv(3, 4), nn.Dropout2d(), nn.Dropout(0.3), nn.ReLU(), conv(4, 2)), IMAGE, 4),
    "mean over positions": (two(lambda h: h.mean((2, 3)), conv(3, 4)), IMAGE, 4),
    "mean over the last axes": (two(lambda h: torch.mean(h, dim=(-1, -2)), conv(3, 4)), IMAGE, 4),
    "view": (two(lambda h: h.view(h.size(0), -1), conv(3, 4), linear(256, 2)), IMAGE, 4),
    "reshape to a tuple": (two(lambda h: h.reshape((h.shape[0], -1)), conv(3, 4), linear(256, 2)), IMAGE, 4),
    "view of known size": (two(lambda h: h.view(-1, 256), conv(3, 4), linear(256, 2)), IMAGE, 4),
    "features last": (two(lambda h: h), SQUARE, 4),
    "features last, flattened": (two(lambda h: h.flatten(1), second=linear(16, 2)), SQUARE, 4),
    "batch norm over time steps": (
        nn.Sequential(linear(4, 5), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), linear(20, 2)),
        SQUARE,
        4,
    ),
    "batch norm after flatten": (
        nn.Sequential(conv(3, 2), nn.Flatten(), nn.BatchNorm1d(128), nn.ReLU(), linear(128, 2)),
        IMAGE,
        128,
    ),
    "prelu per channel": (nn.Sequential(conv(3, 4), nn.PReLU(4), conv(4, 2)), IMAGE, 4),
    "relu in place": (nn.Sequential(conv(3, 4), nn.ReLU(inplace=True), conv(4, 2)), IMAGE, 4),
    "no activation at all": (nn.Sequential(linear(4, 5), nn.Identity(), linear(5, 2)), VECTOR, 5),
    "identity skip": (Net(_block, a=linear(4, 5), b=linear(5, 5), c=linear(5, 2)), VECTOR, 5),
    "projection skip": (
        Net(_projected, a=linear(4, 5), b=linear(5, 3), c=linear(5, 3), d=linear(3, 2)),
        VECTOR,
        8,
    ),
    "difference of multiples": (two(lambda h: torch.relu(h * 0.5 - h / 3)), VECTOR, 4),
    "weighted sum": (two(lambda h: torch.add(h, sum([h, h]), alpha=0.3)), VECTOR, 4),
    "cat of branches": (
        Net(
            lambda n, x: n.c(torch.cat([torch.relu(n.a(x)), n.b(x)], 1)),
            a=conv(3, 4),
            b=conv(3, 2),
            c=conv(6, 2),
        ),
        IMAGE,
        6,
    ),
    "cat with the input": (
        Net(lambda n, x: n.b(torch.cat([torch.relu(n.a(x)), x], 1)), a=linear(4, 5), b=linear(9, 2)),
        VECTOR,
        5,
    ),
    "cat with a sigmoid": (
        Net(
            lambda n, x: n.c(torch.cat([n.a(x).sigmoid(), n.b(x)], 1)),
            a=conv(3, 4),
            b=conv(3, 2),
            c=conv(6, 2),
        ),
        IMAGE,
        2,
    ),
    "cat with itself": (two(lambda h: torch.cat([h, h], dim=-1), second=linear(8, 2)), VECTOR, 4),
    "broadcast over positions": (
        two(lambda h: h + h.mean((2, 3), keepdim=True), conv(3, 4), conv(4, 2)),
        IMAGE,
        4,
    ),
}

# name: (network, input) in which no channel may be rescaled, or only with care: the search must pin
PINNED = {
    "gelu": (nn.Sequential(linear(4, 5), nn.GELU(), linear(5, 2)), VECTOR),
    "layer norm": (two(lambda h: F.layer_norm(h, (4,))), VECTOR),
    "softmax": (two(lambda h: h.softmax(-1)), VECTOR),
    "gating": (Net(_gated, a=conv(3, 4), b=conv(4, 4, 1), c=conv(4, 2)), IMAGE),
    "square": (two(_squared), VECTOR),
    "constant added": (two(lambda h: h + 1), VECTOR),
    "constant added in place": (two(_shift_in_place), VECTOR),
    "rounded quotient": (two(lambda h: torch.div(h, 0.1, rounding_mode="floor")), VECTOR),
    "inverse": (two(lambda h: 1 / (h + 0.1)), VECTOR),
    "threshold": (two(lambda h: torch.where(h > 0.3, h, 0.0)), VECTOR),
    "upper bound": (two(lambda h: h.clamp(max=1.0)), VECTOR),
    "group norm": (nn.Sequential(conv(3, 4), nn.ReLU(), nn.GroupNorm(2, 4), conv(4, 2)), IMAGE),
    "layer used twice": (Net(lambda n, x: n.a(torch.relu(n.a(x))), a=linear(4, 4)), VECTOR),
    "cat of unlisted parts": (two(lambda h: torch.cat(h.chunk(2, 1), 1)), VECTOR),
    "tied weights": (_tied(), VECTOR),
    "shared memory": (_shared_memory(), VECTOR),
    "layer inside another": (_inner_layer(), SQUARE),
    "hook on a layer": (_hooked(0), VECTOR),
    "hook on an activation": (_hooked(1), VECTOR),
    "weight read elsewhere": (
        Net(lambda n, x: n.b(torch.relu(n.a(x))) + n.a.weight.sum(), a=linear(4, 4), b=linear(4, 2)),
        VECTOR,
    ),
    "transposed weight": (
        Net(lambda n, x: F.linear(torch.relu(n.a(x)), n.a.weight.t()), a=linear(4, 5)),
        VECTOR,
    ),
    "weight norm": (
        nn.Sequential(nn.utils.parametrizations.weight_norm(linear(4, 5)), nn.ReLU(), linear(5, 2)),
        VECTOR,
    ),
    "matrix attribute": (two(lambda h: h.mT.mT), SQUARE),
    "detached attribute": (two(lambda h: h.data), VECTOR),
    "permuted": (two(lambda h: h.permute(0, 2, 1)), SQUARE),
    "cat along time": (two(lambda h: torch.cat([h, h], 1).flatten(1), second=linear(32, 2)), SQUARE),
    "positions as features": (nn.Sequential(conv(3, 8), nn.ReLU(), linear(8, 2)), IMAGE),
    "positions pooled with channels": (
        nn.Sequential(nn.Conv1d(3, 4, 3, padding=1), nn.AvgPool2d(3, 1, 1), nn.Conv1d(4, 2, 3)),
        SERIES,
    ),
    "features pooled": (nn.Sequential(linear(4, 8), nn.MaxPool1d(3, 1, 1), linear(8, 2)), VECTOR),
    "batch merged with channels": (
        two(lambda h: h.reshape(h.shape[0] * 4, -1), conv(3, 4), linear(64, 2)),
        IMAGE,
    ),
    "another size for the batch": (
        two(lambda h: h.reshape(h.size(2), -1), conv(3, 4), linear(160, 2)),
        IMAGE,
    ),
    "batch norm of time steps": (
        nn.Sequential(linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), linear(4, 2)),
        SQUARE,
    ),
    "batch norm of rows": (
        nn.Sequential(linear(4, 4), nn.BatchNorm2d(4), nn.ReLU(), linear(4, 2)),
        normal(6, 4, 5, 4),
    ),
    "no batch axis": (nn.Sequential(conv(3, 4), nn.ReLU(), nn.Flatten(1), linear(64, 2)), normal(3, 8, 8)),
}
