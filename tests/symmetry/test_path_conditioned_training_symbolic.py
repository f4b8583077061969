"""The symbolic networks of the path-conditioning statements against torch: magnitudes, factors, pooling."""

import random
from fractions import Fraction

import pytest
import sympy as sp
import torch
from torch import nn

from verified_dynamics.symmetry import path_magnitudes, scale_groups
from verified_dynamics.symmetry.path_conditioned_training import symbolic
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

NETWORK = LayeredNetwork.of(2, 2, 2, 1)


def rational_point(symbols, seed=4):
    draw = random.Random(seed)
    return {p: sp.Rational(draw.choice([-1, 1]) * draw.randint(1, 30), draw.randint(3, 19)) for p in symbols}


def torch_network(point):
    """The symbolic net 2-2-2-1 at a rational point, and the torch parameter that each block became."""
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    names = [f"{index}.weight" for index in (0, 2, 4)] + [f"{index}.bias" for index in (0, 2, 4)]
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, block in zip(names, (*NETWORK.weights, *NETWORK.biases), strict=True):
            values = [float(Fraction(int(point[p].p), int(point[p].q))) for p in block]
            parameters[name].copy_(torch.tensor(values, dtype=torch.float64).view_as(parameters[name]))
    return model, names


def numbers(expressions, point):
    return torch.tensor([float(e.subs(point)) for e in expressions], dtype=torch.float64)


@pytest.mark.parametrize("statement", [symbolic.layer_masses, symbolic.diagonal_from_squares])
def test_symbolic_diagonal_is_what_torch_computes(statement):
    point = rational_point(NETWORK.parameters)
    model, names = torch_network(point)
    found = path_magnitudes(model, torch.ones(1, 2, dtype=torch.float64))
    measured = torch.cat([found[name].flatten() for name in names])
    assert torch.allclose(numbers(statement().right, point), measured, rtol=1e-12)


def test_a_wrong_parameter_is_seen_in_that_comparison():
    point = rational_point(NETWORK.parameters)
    model, names = torch_network(point)
    with torch.no_grad():
        model[2].weight[0, 1] += 1e-3
    found = path_magnitudes(model, torch.ones(1, 2, dtype=torch.float64))
    measured = torch.cat([found[name].flatten() for name in names])
    assert not torch.allclose(numbers(symbolic.layer_masses().right, point), measured, rtol=1e-12)


def test_symbolic_factors_are_the_library_s_rescaling():
    """λ multiplies what enters a unit: the diagonal that the tracer builds is D of the statements."""
    model, names = torch_network(rational_point(NETWORK.parameters))
    scales = torch.tensor([1.5, 0.25, 3.0, 0.7], dtype=torch.float64)
    groups = scale_groups(model, torch.ones(1, 2, dtype=torch.float64))
    diagonal = groups.diagonal(scales)
    symbols = sp.symbols("lambda1:5", positive=True)
    point = {s: sp.Rational(str(float(v))) for s, v in zip(symbols, scales, strict=True)}
    traced = torch.cat(
        [diagonal[name].expand(dict(model.named_parameters())[name].shape).flatten() for name in names]
    )
    assert torch.allclose(numbers(NETWORK.factors(), point), traced.double(), rtol=1e-12)


@pytest.mark.parametrize(
    ("pooling", "agrees", "differs"),
    [
        (nn.AvgPool1d(2), symbolic.average_pooling_squares, symbolic.average_pooling_unsquared),
        (nn.MaxPool1d(2), symbolic.max_pooling_sums, symbolic.max_pooling_maximum),
    ],
)
def test_pooling_statements_are_what_torch_computes(pooling, agrees, differs):
    """A kernel with a zero on its left, two positions pooled: the magnitude of v times v² is the squared path sum."""
    a1, a2, v = sp.symbols("a1 a2 v", real=True)
    point = {a1: sp.Rational(3, 4), a2: sp.Rational(-5, 2), v: sp.Rational(1, 2)}
    convolution, head = nn.Conv1d(1, 1, 2, padding=1, bias=False), nn.Linear(1, 1, bias=False)
    model = nn.Sequential(
        convolution, pooling, nn.Flatten(), head
    ).double()  # three positions, two are pooled
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([[[0.75, -2.5]]]))
        head.weight.fill_(0.5)
    found = path_magnitudes(model, torch.ones(1, 1, 2, dtype=torch.float64))["3.weight"] * 0.25
    assert float(found) == pytest.approx(float(agrees().right.subs(point)), rel=1e-12)
    assert float(found) != pytest.approx(float(differs().right.subs(point)), rel=1e-3)


def test_both_ranks_of_the_frozen_network_are_five():
    """The control fails for the reason it names: the augmented rank stays, the plain rank does not fall."""
    control = symbolic.frozen_layer_rank()
    assert (control.left, control.right) == (5, 6)


def test_incidence_rank_falls_by_the_hidden_units_of_each_network():
    ranks = [int(r) for r in symbolic.incidence_rank().left]
    assert ranks == [15 - 4, 23 - 5, 16 - 5, 39 - 7]
