"""Path norms of layers, against networks in which every layer is written as plain weights."""

import copy

import pytest
import torch
from rescaling_architectures import (
    FOLLOWED,
    IMAGE,
    PINNED,
    VECTOR,
    Net,
    conv,
    disturb,
    generator,
    linear,
    two,
)
from rescaling_layers import FOLLOWED_LAYERS
from torch import nn

from verified_dynamics.symmetry.rescaling_invariance import PathNormError, path_norm, rescale, scale_groups

FOLLOWED = FOLLOWED | FOLLOWED_LAYERS
powers = pytest.mark.parametrize("q", [1.0, 2.0, 3.0])


def depthwise(channels, size, value):
    layer = nn.Conv2d(channels, channels, size, stride=size, groups=channels, bias=False, dtype=torch.float64)
    nn.init.constant_(layer.weight, value)
    return layer


def around(layer, head=None):
    torch.manual_seed(0)
    return nn.Sequential(conv(3, 4), nn.ReLU(), layer, head or conv(4, 2)).double()


@powers
@pytest.mark.parametrize(
    ("layer", "plain"),
    [
        (nn.AvgPool2d(2), depthwise(4, 2, 1 / 4)),
        (nn.MaxPool2d(2), depthwise(4, 2, 1.0)),
        (nn.AdaptiveAvgPool2d(1), depthwise(4, 8, 1 / 64)),
        (nn.LeakyReLU(0.3), nn.Identity()),
        (nn.Dropout(0.5), nn.ReLU()),
    ],
)
def test_a_layer_is_the_convolution_that_it_stands_for(layer, plain, q):
    with torch.random.fork_rng(devices=[]):
        first, second = around(layer), around(plain)
    assert path_norm(first, IMAGE, q=q) == pytest.approx(path_norm(second, IMAGE, q=q), rel=1e-13)


@powers
def test_a_mean_over_positions_is_the_pooling_to_one_position(q):
    body, head = disturb(conv(3, 4)), disturb(linear(4, 2))
    pooled = nn.Sequential(body, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    for mean in (lambda h: h.mean((2, 3)), lambda h: torch.mean(h, dim=(-2, -1))):
        assert path_norm(two(mean, body, head), IMAGE, q=q) == pytest.approx(
            path_norm(pooled, IMAGE, q=q), rel=1e-13
        )


@powers
@pytest.mark.parametrize(
    ("function", "factor"),
    [
        (lambda h: 0.5 * h, 0.5),
        (lambda h: h / -4, 0.25),
        (lambda h: torch.mul(h, -3), 3.0),
        (lambda h: -h, 1.0),
        (lambda h: h.view(h.size(0), -1), 1.0),
    ],
)
def test_a_scalar_multiplies_every_path(function, factor, q):
    first = disturb(nn.Linear(4, 4, bias=False, dtype=torch.float64))
    second = disturb(nn.Linear(4, 2, bias=False, dtype=torch.float64))
    plain = path_norm(two(lambda h: h, first, second), VECTOR, q=q)
    assert path_norm(two(function, first, second), VECTOR, q=q) == pytest.approx(factor * plain, rel=1e-13)


@powers
def test_a_difference_counts_the_paths_of_both_sides(q):
    net = Net(lambda n, x: n.a(x) - n.b(x), a=disturb(linear(4, 3)), b=disturb(linear(4, 3)))
    parts = [path_norm(nn.Sequential(layer), VECTOR, q=q) ** q for layer in (net.a, net.b)]
    assert path_norm(net, VECTOR, q=q) ** q == pytest.approx(sum(parts), rel=1e-13)


def supported():
    for name, (model, x, _) in FOLLOWED.items():
        try:
            path_norm(disturb(model), x)
        except PathNormError:
            continue
        yield name


@powers
@pytest.mark.parametrize("name", list(supported()))
def test_the_path_norm_is_invariant(name, q):
    model, x, _ = FOLLOWED[name]
    disturb(model).eval()
    groups = scale_groups(model, x)
    before = path_norm(model, x, q=q)
    with rescale(model, groups.random_scales(generator(2)), groups=groups):
        assert path_norm(model, x, q=q) == pytest.approx(before, rel=1e-12)


def test_most_architectures_have_a_path_norm():
    assert len(list(supported())) > 0.7 * len(FOLLOWED)


BROKEN = {
    "tanh": two(lambda h: h.tanh()),
    "softmax": two(lambda h: h.softmax(-1)),
    "sigmoid": two(torch.sigmoid),
    "constant": two(lambda h: h + 1),
    "part": two(lambda h: h[:, :4]),
    "weight": Net(lambda n, x: n.a(x) + n.a.weight.sum(), a=linear(4, 4)),
    "gelu": PINNED["gelu"][0],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_sum_over_paths_is_refused_in_one_sentence(name):
    with pytest.raises(PathNormError) as caught:
        path_norm(BROKEN[name].double(), VECTOR)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm2d(4, affine=False),
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.Tanh(),
    ],
)
def test_options_that_are_not_followed_are_refused(layer):
    with pytest.raises(PathNormError) as caught:
        path_norm(around(copy.deepcopy(layer)), IMAGE)
    assert "\n" not in str(caught.value)
