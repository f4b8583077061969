"""Layer means of the path-conditioned point against brute force, and the exact objects of small networks."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training import (
    INITIALISATIONS,
    balanced,
    glorot,
    kaiming_fan_in,
    kaiming_fan_out,
    layer_optimum,
    uniform_default,
)
from verified_dynamics.symmetry.path_conditioned_training.path_kernel import (
    layers_of,
    lifting,
    lifting_jacobian,
    path_activations,
    path_metric_masses,
)

SMALL = (3, 4, 3, 2)


def brute_force(widths, variances, bias_variances):
    """The layer means by a general minimiser, from a list of every parameter's expected diagonal and exponents."""
    depth = len(widths) - 1
    forward, backward = [1.0], [1.0]
    for n, v, b in zip(widths[:-1], variances, bias_variances, strict=True):
        forward.append(n * v * forward[-1] + (b or 0.0))
    for n, v in zip(reversed(widths[1:]), reversed(variances), strict=True):
        backward.insert(0, n * v * backward[0])
    weights = [(k, backward[k] * forward[k - 1], widths[k] * widths[k - 1]) for k in range(1, depth + 1)]
    biases = [(k, backward[k], widths[k]) for k in range(1, depth + 1) if bias_variances[k - 1] is not None]
    total = sum(n for *_, n in weights + biases)

    def objective(free):
        z = [0.0, *free, 0.0]
        exponents = [(g, n, z[k - 1] - z[k]) for k, g, n in weights] + [(g, n, -z[k]) for k, g, n in biases]
        mass = sum(n * g * math.exp(e) for g, n, e in exponents)
        return math.log(mass) - sum(n * e for _, n, e in exponents) / total

    return minimize(objective, np.zeros(depth - 1), method="BFGS", options={"gtol": 1e-9}).x


@pytest.mark.parametrize("widths", [(5, 7, 6, 3), (9, 4, 9, 4, 9), (30, 20, 3)], ids=str)
@pytest.mark.parametrize("name", INITIALISATIONS)
def test_closed_form_is_the_minimum_without_biases(widths, name):
    variances = INITIALISATIONS[name](widths)
    expected = brute_force(widths, variances, [None] * len(variances))
    np.testing.assert_allclose(layer_optimum(widths, variances), expected, atol=2e-6)


@pytest.mark.parametrize("widths", [(5, 7, 6, 3), (9, 4, 9, 4, 9), (30, 20, 3), (2, 12, 12, 12, 2)], ids=str)
@pytest.mark.parametrize("output_bias", [True, False])
def test_newton_finds_the_minimum_with_biases(widths, output_bias):
    variances = uniform_default(widths)
    biases = list(variances) if output_bias else [*variances[:-1], None]
    found = layer_optimum(widths, variances, biases)
    # The general minimiser stops where its numerical gradient is about 1e-8.
    np.testing.assert_allclose(found, brute_force(widths, variances, biases), atol=2e-5)
    assert (found - layer_optimum(widths, variances)).abs().max() > 0.01, "the biases change nothing"


@pytest.mark.parametrize(
    ("widths", "variances", "biases"),
    [((39, 8, 13, 2), (6e-4, 2e-3, 0.1), (None, 0.0, None)), ((37, 11, 23), (1e-4, 2e-3), (0.75, 80.0))],
)
def test_full_newton_steps_that_lead_astray_are_shortened(widths, variances, biases):
    """Far from the optimum full steps run in circles here."""
    np.testing.assert_allclose(
        layer_optimum(widths, variances, biases), brute_force(widths, variances, biases), atol=2e-5
    )


@pytest.mark.parametrize("bias_variances", [None, [None] * 3], ids=["left out", "none in any layer"])
def test_no_biases_by_either_spelling(bias_variances):
    found = layer_optimum((784, 512, 256, 10), kaiming_fan_in((784, 512, 256, 10)), bias_variances)
    # z_l = −Σ log(F_m / GM) with F = 2 n_m: by hand.
    mean = (math.log(512) + math.log(256) + math.log(10)) / 3
    np.testing.assert_allclose(found, [mean - math.log(512), 2 * mean - math.log(512 * 256)], rtol=1e-12)


def test_zero_biases_count_though_they_start_no_path():
    widths = (6, 5, 4)
    zero, absent = (layer_optimum(widths, (0.3, 0.2), [b, b]) for b in (0.0, None))
    np.testing.assert_allclose(zero, brute_force(widths, (0.3, 0.2), (0.0, 0.0)), atol=2e-6)
    assert (zero - absent).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("rule", "widths"),
    [(kaiming_fan_in, (784, 50, 50, 50)), (kaiming_fan_out, (50, 50, 50, 7)), (glorot, (40, 10, 40, 10)),
     (balanced, (64, 3, 17, 9))],
)  # fmt: skip
def test_where_the_rule_predicts_that_nothing_moves(rule, widths):
    np.testing.assert_allclose(layer_optimum(widths, rule(widths)), 0, atol=1e-12)


def test_balanced_keeps_the_size_of_a_signal():
    widths = (64, 3, 17, 9)
    gain = math.prod(n * v / 2 for n, v in zip(widths, balanced(widths), strict=False))
    assert gain == pytest.approx(1, rel=1e-12)


def test_a_hundred_layers_neither_overflow_nor_stop_early():
    widths = (20,) * 101
    variances = uniform_default(widths)
    found = layer_optimum(widths, variances, variances)
    assert torch.isfinite(found).all()
    assert 90 < found.abs().max() < 120  # the criterion gives up the first layers: λ of about e^50
    scaled = layer_optimum(widths, [v * 1e8 for v in variances])
    np.testing.assert_allclose(scaled, layer_optimum(widths, variances), atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((3, 4, 2), (1.0,)), "one value for each of 2 layers"),
        (((3, 4, 2), (1.0, 1.0), (1.0,)), "bias_variances needs one value"),
        (((3, 4, 2), (1.0, 0.0)), "positive and finite"),
        (((3, 4, 2), (1.0, 1.0), (1.0, -1.0)), "not be negative"),
        (((3,), ()), "an input and an output width"),
        (((3, 0, 2), (1.0, 1.0)), "all positive"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        layer_optimum(*arguments)


def test_too_few_iterations_are_an_error_and_not_an_answer():
    with pytest.raises(ValueError, match="did not converge in 1 steps"):
        layer_optimum((9, 4, 9), (0.1, 3.0), (0.1, 3.0), max_iterations=1)


@pytest.fixture
def network():
    g = torch.Generator().manual_seed(5)
    model = MLP(SMALL, generator=g)
    theta = torch.randn(39, generator=g, dtype=torch.float64)
    torch.nn.utils.vector_to_parameters(theta, model.parameters())
    return model, theta, torch.randn(9, 3, generator=g, dtype=torch.float64)


def test_the_lifting_gives_the_function_and_its_tangent_kernel(network):
    model, theta, x = network
    activations = path_activations(theta, SMALL, x)
    np.testing.assert_allclose(activations @ lifting(theta, SMALL), model(x).detach(), atol=1e-12)
    rows = [
        torch.cat(
            [g.reshape(-1) for g in torch.autograd.grad(out, list(model.parameters()), retain_graph=True)]
        )
        for out in model(x).reshape(-1).unbind()
    ]
    tangent = torch.stack(rows)
    assert (tangent @ tangent.T).norm() > 1, "all units are silent"
    hidden = [torch.nn.Sequential(*list(model)[:depth])(x) for depth in (2, 4)]
    assert all(0.1 < (h > 0).double().mean() < 0.9 for h in hidden)
    lifted = activations.flatten(0, 1) @ lifting_jacobian(theta, SMALL)
    np.testing.assert_allclose(lifted @ lifted.T, tangent @ tangent.T, atol=1e-11)


def test_masses_are_the_diagonal_of_the_metric_of_stacked_networks(network):
    _, theta, _ = network
    stack = torch.stack([theta, 2 * theta.flip(0)])
    weights, biases = torch.func.vmap(lambda t: layers_of(t, SMALL))(stack)
    parts = []
    for back, front in path_metric_masses(weights, biases):
        parts += [(back[:, :, None] * front[:, None]).flatten(1), back]
    expected = torch.stack([(lifting_jacobian(t, SMALL) ** 2).sum(0) for t in stack])
    np.testing.assert_allclose(torch.cat(parts, 1), expected, rtol=1e-10)


def test_masses_without_biases(network):
    _, theta, _ = network
    weights, biases = layers_of(theta, SMALL)
    bare = path_metric_masses(weights, [None] * 3)
    zero = path_metric_masses(weights, [torch.zeros_like(b) for b in biases])
    for (a, b), (c, d) in zip(bare, zero, strict=True):
        assert torch.equal(a, c) and torch.equal(b, d)
    assert not torch.allclose(bare[2][1], path_metric_masses(weights, biases)[2][1])
