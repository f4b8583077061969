"""Layers that pad, enlarge, pool or convolve backwards, each in a small network, as in FOLLOWED and PINNED."""

import torch
import torch.nn.functional as F
from rescaling_architectures import IMAGE, SERIES, SQUARE, VECTOR, VOLUME, Net, conv, linear, normal, two
from torch import nn


def between(*layers, first=None, second=None):
    """Convolution 3 -> 4, ReLU, the layers, convolution 4 -> 2 unless given."""
    return nn.Sequential(first or conv(3, 4), nn.ReLU(), *layers, second or conv(4, 2))


def called(function):
    return two(function, conv(3, 4), conv(4, 2))


def series(*layers):
    return between(*layers, first=nn.Conv1d(3, 4, 3), second=nn.Conv1d(4, 2, 1))


def volume(*layers):
    return between(*layers, first=nn.Conv3d(2, 3, 2), second=nn.Conv3d(3, 2, 1))


def _padded_to(net, x):
    """A U-Net's habit: the smaller value is padded to the size of the larger one, then both are concatenated."""
    large = torch.relu(net.a(x))
    small = torch.relu(net.b(F.max_pool2d(large, 3)))
    small = net.up(small)
    missing = large.size(2) - small.size(2)
    small = F.pad(small, [missing // 2, missing - missing // 2, missing // 2, missing - missing // 2])
    return net.c(torch.cat([large, small], 1))


def _resized_to(net, x):
    large = torch.relu(net.a(x))
    small = F.interpolate(torch.relu(net.b(F.max_pool2d(large, 3))), size=large.shape[2:], mode="bilinear")
    return net.c(large + small)


# name: (network, input, number of free groups), all of whose symmetry the search must find
FOLLOWED_LAYERS = {
    "transposed convolution": (
        between(nn.ConvTranspose2d(4, 5, 2, stride=2), nn.ReLU(), second=conv(5, 2)),
        IMAGE,
        4 + 5,
    ),
    "transposed convolution in groups": (
        between(nn.ConvTranspose2d(4, 6, 3, groups=2, stride=2, output_padding=1), second=conv(6, 2)),
        IMAGE,
        4 + 6,
    ),
    "transposed convolution, depthwise": (
        between(nn.ConvTranspose2d(4, 4, 3, groups=4, bias=False, dilation=2)),
        IMAGE,
        4 + 4,
    ),
    "cat of flattened branches": (
        Net(
            lambda n, x: n.c(torch.cat([n.a(x).relu().flatten(1), n.b(x).mean((2, 3)).flatten(1)], 1)),
            a=conv(3, 4, stride=4),
            b=conv(3, 2),
            c=linear(18, 2),
        ),
        IMAGE,
        4 + 2,
    ),
    "transposed convolution of the image": (
        nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.ReLU(), nn.Flatten(), linear(400, 2)),
        IMAGE,
        4,
    ),
    "transposed convolution to a size": (
        Net(
            lambda n, x: n.c(n.b(torch.relu(n.a(x)), output_size=x.shape[2:])),
            a=conv(3, 4, stride=2),
            b=nn.ConvTranspose2d(4, 4, 2, stride=2),
            c=conv(4, 2),
        ),
        IMAGE,
        4 + 4,
    ),
    "transposed convolution of a series": (series(nn.ConvTranspose1d(4, 4, 3), nn.ReLU()), SERIES, 4 + 4),
    "transposed convolution of a volume": (volume(nn.ConvTranspose3d(3, 3, 2)), VOLUME, 3 + 3),
    "upsampling, nearest": (between(nn.Upsample(scale_factor=2)), IMAGE, 4),
    "upsampling, bilinear": (
        between(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)),
        IMAGE,
        4,
    ),
    "upsampling, bicubic": (between(nn.Upsample(size=11, mode="bicubic")), IMAGE, 4),
    "upsampling by name": (between(nn.UpsamplingBilinear2d(11), nn.UpsamplingNearest2d(5)), IMAGE, 4),
    "upsampling of a series": (series(nn.Upsample(scale_factor=2, mode="linear")), SERIES, 4),
    "upsampling of a volume": (volume(nn.Upsample(scale_factor=2, mode="trilinear")), VOLUME, 3),
    "interpolation": (called(lambda h: F.interpolate(h, scale_factor=0.5, mode="area")), IMAGE, 4),
    "interpolation, antialiased": (
        called(lambda h: F.interpolate(h, size=3, mode="bilinear", antialias=True)),
        IMAGE,
        4,
    ),
    "interpolation to another value's size": (
        Net(_resized_to, a=conv(3, 4), b=conv(4, 4), c=conv(4, 2)),
        IMAGE,
        4,
    ),
    "padding to another value's size": (
        Net(_padded_to, a=conv(3, 4), b=conv(4, 5), up=nn.ConvTranspose2d(5, 3, 2, stride=2), c=conv(7, 2)),
        IMAGE,
        4 + 5 + 3,
    ),
    "zero padding": (between(nn.ZeroPad2d((1, 2, -1, 0)), nn.ConstantPad2d(1, 0.0)), IMAGE, 4),
    "zero padding of a series": (series(nn.ZeroPad1d(2)), SERIES, 4),
    "zero padding of a volume": (volume(nn.ZeroPad3d(1)), VOLUME, 3),
    "padding by what is there": (
        between(nn.ReflectionPad2d(1), nn.ReplicationPad2d(2), nn.CircularPad2d(1)),
        IMAGE,
        4,
    ),
    "functional padding": (
        called(
            lambda h: F.pad(F.pad(F.pad(h, (1, 1)), (0, 1, 2, 3), value=0.0), (1, 1, 1, 1), mode="reflect")
        ),
        IMAGE,
        4,
    ),
    "pooling of volumes": (
        volume(nn.AvgPool3d(2, 1), nn.MaxPool3d(2, 1, 1), nn.AdaptiveAvgPool3d(2), nn.AdaptiveMaxPool3d(1)),
        VOLUME,
        3,
    ),
    "functional pooling of volumes": (
        two(
            lambda h: F.adaptive_avg_pool3d(F.max_pool3d(F.avg_pool3d(h, 2, 1), 2, 1, 1), 1),
            nn.Conv3d(2, 3, 2),
            nn.Conv3d(3, 2, 1),
        ),
        VOLUME,
        3,
    ),
    "power-average pooling": (between(nn.LPPool2d(2, 2)), IMAGE, 4),
    "power-average pooling of a series": (series(nn.LPPool1d(3, 2)), SERIES, 4),
    "functional power-average pooling": (called(lambda h: F.lp_pool2d(h, 2.5, 2)), IMAGE, 4),
    "dropout of volumes": (volume(nn.Dropout3d(0.3)), VOLUME, 3),
    "functional dropout of channels": (called(lambda h: F.dropout2d(h, 0.3, True)), IMAGE, 4),
}

# name: (network, input) in which no channel may be rescaled, or only with care: the search must pin
PINNED_LAYERS = {
    "padding with ones": (between(nn.ConstantPad2d(1, 1.0)), IMAGE),
    "functional padding with ones": (called(lambda h: F.pad(h, (1, 1), value=1.0)), IMAGE),
    "functional padding with ones by position": (called(lambda h: F.pad(h, (1, 1), "constant", 1)), IMAGE),
    "padding of channels": (
        Net(lambda n, x: n.b(F.pad(n.a(x), (0, 0, 0, 0, 0, 1))), a=conv(3, 3), b=conv(4, 2)),
        IMAGE,
    ),
    "padding of features": (two(lambda h: F.pad(h, (1, 0)), second=linear(5, 2)), VECTOR),
    "padding of features as positions": (nn.Sequential(linear(4, 4), nn.ZeroPad1d(1), linear(6, 2)), SQUARE),
    "wrapped padding of features": (
        two(lambda h: F.pad(h, (1, 1), mode="circular"), second=linear(6, 2)),
        SQUARE,
    ),
    "padding of flattened positions": (
        two(lambda h: F.pad(h.flatten(1), (1, 1)), conv(3, 4), linear(258, 2)),
        IMAGE,
    ),
    # The widths stay, so that nothing but the axis tells that the features move.
    "features shifted by padding": (nn.Sequential(linear(4, 4), nn.ZeroPad1d((1, -1)), linear(4, 2)), SQUARE),
    "features enlarged and cut": (
        nn.Sequential(linear(4, 4), nn.Upsample(scale_factor=2), nn.ZeroPad1d((-2, -2)), linear(4, 2)),
        SQUARE,
    ),
    "upsampling of features": (
        nn.Sequential(linear(4, 4), nn.Upsample(scale_factor=2), linear(8, 2)),
        SQUARE,
    ),
    "power-average pooling of features": (
        nn.Sequential(linear(4, 4), nn.LPPool1d(2, 2), linear(2, 2)),
        SQUARE,
    ),
    "volume pooled without a batch": (
        nn.Sequential(conv(3, 4), nn.AvgPool3d(3, 1, 1), conv(4, 2)),
        IMAGE,
    ),
    "transposed convolution of features": (
        nn.Sequential(linear(4, 4), nn.ConvTranspose1d(4, 3, 2), nn.Sigmoid()),
        SQUARE,
    ),
    "transposed convolution without a batch": (
        nn.Sequential(conv(3, 4), nn.ConvTranspose2d(4, 2, 2)),
        normal(3, 8, 8),
    ),
    "relu six": (between(nn.ReLU6()), IMAGE),
    "threshold": (between(nn.Threshold(0.1, 0.0)), IMAGE),
    "alpha dropout": (between(nn.AlphaDropout(0.3)), IMAGE),
    "channel shuffle": (between(nn.ChannelShuffle(2)), IMAGE),
    "pixel shuffle": (between(nn.PixelShuffle(2), second=conv(1, 2)), IMAGE),
    "unflatten": (
        nn.Sequential(linear(4, 8), nn.Unflatten(1, (2, 4)), nn.Flatten(), linear(8, 2)),
        VECTOR,
    ),
    "split": (two(lambda h: h.split(2, 1)[0] + h.chunk(2, 1)[1], conv(3, 4), conv(2, 2)), IMAGE),
    "sum with a broadcast channel": (
        Net(lambda n, x: n.c(n.a(x) + n.b(x)), a=conv(3, 4), b=conv(3, 1), c=conv(4, 2)),
        IMAGE,
    ),
    "indices of a pooling": (
        two(lambda h: F.max_pool2d(h, 2, return_indices=True)[0], conv(3, 4), conv(4, 2)),
        IMAGE,
    ),
}
