"""Pooling on masses against the matrix of the layer, written out and raised to the power."""

import pytest
import torch
import torch.nn.functional as F
from rescaling_architectures import generator, two
from torch import nn

from verified_dynamics.symmetry.rescaling_invariance import path_norm
from verified_dynamics.symmetry.rescaling_invariance.pooling import interpolated, pooled, pooling_layer

POOLS = {
    "max": (nn.MaxPool2d(2), (6, 5)),
    "max, overlapping and padded": (nn.MaxPool2d(3, stride=2, padding=1), (7, 6)),
    "max, dilated": (nn.MaxPool2d(2, dilation=2), (6, 7)),
    "max, ceiling": (nn.MaxPool2d(3, ceil_mode=True), (7, 7)),
    "max, rows": (nn.MaxPool1d(3, stride=1, padding=1), (7,)),
    "max, volumes": (nn.MaxPool3d(2), (4, 3, 4)),
    "average": (nn.AvgPool2d((2, 3)), (6, 6)),
    "average, padded": (nn.AvgPool2d(3, padding=1), (6, 7)),
    "average without the padding": (nn.AvgPool2d(3, padding=1, count_include_pad=False), (6, 7)),
    "average, ceiling": (nn.AvgPool2d(3, ceil_mode=True), (7, 8)),
    "average with a divisor": (nn.AvgPool2d(2, divisor_override=3), (6, 6)),
    "average, rows": (nn.AvgPool1d(3, stride=2, padding=1), (9,)),
    "average, volumes": (nn.AvgPool3d(2, stride=1, padding=1, count_include_pad=False), (3, 4, 3)),
    "adaptive average": (nn.AdaptiveAvgPool2d((3, None)), (7, 2)),
    "adaptive average, rows": (nn.AdaptiveAvgPool1d(4), (10,)),
    "adaptive average, volumes": (nn.AdaptiveAvgPool3d(2), (5, 4, 3)),
    "adaptive max": (nn.AdaptiveMaxPool2d(3), (7, 8)),
}


def matrix(layer, positions):
    """The layer's outputs for every unit input: path weights of an average, membership of the windows of a maximum."""
    size = int(torch.tensor(positions).prod())
    unit = torch.eye(size, dtype=torch.float64).reshape(size, 1, *positions)
    return layer(unit).reshape(size, -1).T  # (outputs, inputs)


@pytest.mark.parametrize("q", [1.0, 2.0])
@pytest.mark.parametrize("name", POOLS)
def test_pooling_is_its_matrix_raised_to_the_power(name, q):
    layer, positions = POOLS[name]
    x = torch.rand(2, 3, *positions, generator=generator(), dtype=torch.float64) + 0.1
    expected = x.flatten(2) @ (matrix(layer, positions) ** q).T
    torch.testing.assert_close(pooled(layer, x, q).flatten(2), expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("function", "args", "options"),
    [
        (F.max_pool2d, (3, 2), {"padding": 1}),
        (F.avg_pool2d, (3, 2, 1, False, False), {}),
        (F.adaptive_avg_pool2d, ((2, 3),), {}),
        (F.max_pool1d, (2,), {}),
    ],
)
def test_a_pooling_function_is_its_layer(function, args, options):
    layer = pooling_layer(function, args, options)
    x = torch.randn(2, 3, *(8,) * (1 if "1d" in function.__name__ else 2), generator=generator())
    assert torch.equal(layer(x), function(x, *args, **options))
    assert pooling_layer(F.relu, (), {}) is None


@pytest.mark.parametrize(
    ("positions", "options"),
    [
        ((3, 4), {"scale_factor": 2, "mode": "nearest"}),
        ((3, 4), {"scale_factor": 2, "mode": "bilinear", "align_corners": False}),
        ((3, 4), {"size": (7, 5), "mode": "bilinear", "align_corners": True}),
        ((3, 5), {"scale_factor": (1.7, 2.0), "mode": "bilinear"}),
        ((5,), {"scale_factor": 2, "mode": "linear"}),
        ((2, 3, 2), {"scale_factor": 2, "mode": "trilinear"}),
    ],
)
def test_interpolation_is_its_matrix_raised_to_the_power(positions, options):
    x = torch.rand(1, 2, *positions, generator=generator(), dtype=torch.float64) + 0.1
    expected = x.flatten(2) @ (matrix(lambda v: F.interpolate(v, **options), positions) ** 2).T
    torch.testing.assert_close(interpolated(x, 2.0, options).flatten(2), expected, rtol=1e-13, atol=0)


def test_interpolation_whose_weights_do_not_factor_is_not_followed():
    assert interpolated(torch.ones(1, 1, 4, 4), 2.0, {"scale_factor": 2, "mode": "bicubic"}) is None


def test_a_weighted_sum_weighs_its_paths():
    doubled, plain = two(lambda h: torch.add(h, h, alpha=2)), two(lambda h: h)
    doubled.load_state_dict(plain.state_dict())
    with torch.no_grad():
        for model in (doubled, plain):
            model.b.bias.zero_()
    x = torch.ones(1, 4, dtype=torch.float64)
    # One path of weight one and one of weight two where there was one: 1 + 2² = 5.
    assert path_norm(doubled, x) ** 2 == pytest.approx(5 * path_norm(plain, x) ** 2, rel=1e-13)


def test_a_thousand_layers_stay_within_range():
    draw = generator(1)
    layers = [nn.Linear(4, 4, bias=False, dtype=torch.float64) for _ in range(1000)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.randn(4, 4, generator=draw, dtype=torch.float64))
    network = nn.Sequential(*layers)
    x = torch.ones(1, 4, dtype=torch.float64)
    with (
        torch.no_grad()
    ):  # at its own scale the product is beyond float64 on the way, and at the end it is not
        for layer in layers[:500]:
            layer.weight.mul_(1e-3)
        for layer in layers[500:]:
            layer.weight.mul_(1e3)
    first = path_norm(network, x)
    with torch.no_grad():
        for layer in layers[:500]:
            layer.weight.mul_(1e3)
        for layer in layers[500:]:
            layer.weight.mul_(1e-3)
    assert first == pytest.approx(path_norm(network, x), rel=1e-9)
    assert 0 < first < float("inf")
