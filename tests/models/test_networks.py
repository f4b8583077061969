"""The layouts of MLP, ConvNet, ResNet and DenseNet: sizes, degrees of homogeneity, skips and bad input."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from verified_dynamics.models import (
    ACTIVATION_DEGREES,
    MLP,
    ConvNet,
    DenseLayer,
    DenseNet,
    ResidualBlock,
    ResNet,
    activation,
)

HOMOGENEOUS = {name: degree for name, degree in ACTIVATION_DEGREES.items() if degree}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=2, channels=3, size=8):
    return torch.randn(n, channels, size, size, generator=generator(5), dtype=torch.float64)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def scale(model, factor):
    for parameter in model.parameters():
        parameter.mul_(factor)
    return model


@given(st.sampled_from(sorted(ACTIVATION_DEGREES)), st.floats(-9, 9), st.floats(0.1, 9))
def test_activations_have_the_degree_that_their_table_gives(name, value, factor):
    x = torch.tensor(value, dtype=torch.float64)
    phi, degree = activation(name), ACTIVATION_DEGREES[name]
    if degree:
        assert torch.allclose(phi(factor * x), factor**degree * phi(x), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", sorted(set(ACTIVATION_DEGREES) - set(HOMOGENEOUS)))
def test_the_other_activations_have_no_degree(name):
    phi, x = activation(name), torch.tensor([1.0, 4.0, 16.0], dtype=torch.float64)
    ratios = phi(2 * x) / phi(x)  # would be 2^k for every x
    assert ratios.max() - ratios.min() > 0.01


@settings(deadline=None)
@given(st.sampled_from(sorted(HOMOGENEOUS)), st.integers(1, 4), st.floats(0.5, 2))
def test_a_bias_free_mlp_is_homogeneous_in_its_weights(name, layers, factor):
    model = MLP((3, *[5] * (layers - 1), 2), activation=name, bias=False, generator=generator())
    x = torch.randn(4, 3, generator=generator(1), dtype=torch.float64)
    before, k = model(x), ACTIVATION_DEGREES[name]
    degree = sum(k**power for power in range(layers))  # 1 + k (1 + k (...)), which is L for k = 1
    assert torch.allclose(scale(model, factor)(x), factor**degree * before, rtol=1e-10, atol=0)


def test_biases_break_the_homogeneity():
    model, x = MLP((3, 5, 2), generator=generator()), images(channels=3, size=1).flatten(1)
    before = model(x)
    assert (scale(model, 2)(x) / before - 4).abs().max() > 0.1


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.booleans())
def test_the_number_of_parameters_of_an_mlp(widths, bias):
    expected = sum(d * m + bias * m for d, m in pairwise(widths))
    assert count(MLP(widths, bias=bias, generator=generator())) == expected


def test_the_initial_law_is_uniform_within_the_inverse_root_of_the_fan_in():
    weight = MLP((400, 300), generator=generator()).linear1.weight
    assert weight.abs().max() <= 1 / 20
    assert weight.abs().max() > 0.999 / 20
    # A uniform law on +-1/20 has variance 1/1200; 120,000 draws fix it to 0.26 %, so 1.5 % is beyond 5 sigma.
    assert weight.var().item() == pytest.approx(1 / 1200, rel=0.015)
    assert abs(weight.mean().item()) < 5 / 20 / math.sqrt(3 * weight.numel())


def test_convolution_kernels_count_their_whole_receptive_field_as_fan_in():
    model = ConvNet((3, 64), 2, kernel_size=3, generator=generator())
    assert 0.95 / math.sqrt(27) < model.features[0].weight.abs().max() <= 1 / math.sqrt(27)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (27 * 4 + 4) + (36 * 8 + 8)),
        ({"bias": False, "batch_norm": True}, 27 * 4 + 8 + 36 * 8 + 16),
        ({"groups": 2}, (27 * 4 + 4) + (18 * 8 + 8)),
        ({"depthwise": True}, (27 + 3 + 3 * 4 + 4) + (36 + 4 + 4 * 8 + 8)),
    ],
)
def test_the_number_of_parameters_of_a_convolutional_network(options, expected):
    head = 8 * 2 + 2 * options.get("bias", True)
    assert count(ConvNet((3, 4, 8), 2, generator=generator(), **options)) == expected + head


@pytest.mark.parametrize("pooling", ["max", "average", "none"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [7, 8])
def test_the_flattening_head_fits_the_images(pooling, stride, size):
    options = {"pooling": pooling, "stride": stride, "image_size": size, "generator": generator()}
    if stride == 2 and pooling != "none":
        with pytest.raises(ValueError, match="too small"):
            ConvNet((3, 4, 4, 4), 2, **options)
    else:
        assert ConvNet((3, 4, 4), 2, **options)(images(size=size)).shape == (2, 2)


@pytest.mark.parametrize("pooling", ["max", "average", "none"])
def test_a_bias_free_convolutional_network_is_homogeneous(pooling):
    model, x = ConvNet((3, 4, 8), 2, bias=False, pooling=pooling, generator=generator()), images()
    before = model(x)
    assert torch.allclose(scale(model, 1.5)(x), 1.5**3 * before, rtol=1e-12, atol=0)


def test_a_residual_block_with_an_empty_branch_is_its_skip():
    block = ResidualBlock(3, 3, stride=1, batch_norm=False, activation="relu", dtype=torch.float64)
    assert isinstance(block.skip, nn.Identity)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(block(images()), images().relu())


@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (3, 2), (4, 2)])
def test_a_skip_is_a_projection_where_shapes_differ(outputs, stride):
    block = ResidualBlock(3, outputs, stride=stride, batch_norm=True, activation="relu", dtype=torch.float64)
    assert block.skip[0].kernel_size == (1, 1)
    assert block(images()).shape == (2, outputs, 8 // stride, 8 // stride)


def test_the_shape_of_resnet_eighteen():
    model = ResNet.eighteen(10, width=64, generator=generator())
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 20  # stem, 16 in blocks, 3 projections
    # 11,173,962 is the count of the usual ResNet-18 for CIFAR-10: 3 x 3 stem, batch norm, ten classes.
    assert count(model) == 11_173_962


def test_batch_norm_makes_training_mode_independent_of_the_scale_of_the_kernel_before_it():
    model = ResNet(2, generator=generator())
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-60  # torch refuses 0 in training
    before = model(images())
    model.stem[0].weight.data *= 2
    assert torch.allclose(model(images()), before, rtol=1e-12)
    model.eval()
    assert not torch.allclose(model(images()), before, rtol=1e-3)


def test_a_dense_layer_keeps_its_input_and_appends_its_features():
    layer = DenseLayer(3, 5, batch_norm=False, activation="relu", dtype=torch.float64)
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    value = layer(images())
    assert value.shape == (2, 8, 8, 8)
    assert torch.equal(value[:, :3], images())
    assert torch.equal(value[:, 3:], layer.branch(images()))


def test_the_head_of_a_dense_network_reads_all_layers():
    model = DenseNet(2, width=6, growth=5, layers=3, generator=generator())
    assert model.head.in_features == 6 + 3 * 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP((3,), generator=generator()), "input and an output width"),
        (lambda: MLP((3, 0, 1), generator=generator()), r"widths\[1\]"),
        (lambda: MLP((3, 2.0), generator=generator()), r"widths\[1\]"),
        (lambda: MLP((3, 4, 2), activation="tahn", generator=generator()), "did you mean 'tanh'"),
        (lambda: activation("zzz"), "choose one of gelu"),
        (lambda: ConvNet((3,), 2, generator=generator()), "one layer more"),
        (lambda: ConvNet((3, 4), 2, kernel_size=2, generator=generator()), "odd"),
        (lambda: ConvNet((3, 4, 6), 2, groups=4, generator=generator()), "4 groups"),
        (lambda: ConvNet((3, 4), 2, pooling="maks", generator=generator()), "did you mean 'max'"),
        (lambda: ConvNet((3, 4, 4), 2, image_size=3, generator=generator()), "too small"),
        (lambda: ResNet(2, blocks=(1, 0), generator=generator()), r"blocks\[1\]"),
        (lambda: ResNet(2, blocks=(), generator=generator()), "blocks"),
        (lambda: DenseNet(2, growth=-1, generator=generator()), "growth"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
