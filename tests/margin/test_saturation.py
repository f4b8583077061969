"""Scaling, the exact saturated forward pass, and degrees."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from verified_dynamics.margin.saturation import (
    Saturated,
    SaturationError,
    approach_exponent,
    degree_table,
    exact_saturated_forward,
    homogeneity_degree,
    one_minus_cosine,
    saturate,
    saturation_gap,
)
from verified_dynamics.models import MLP, Transformer

TOKENS = torch.randint(0, 10, (3, 6), generator=torch.Generator().manual_seed(3))


def transformer(seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return Transformer(10, 16, 2, 4, context=6, generator=generator, **options)


def test_saturate_scales_every_parameter_in_double_precision_and_puts_the_same_tensors_back():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    before = {name: p.data_ptr() for name, p in model.named_parameters()}
    values = {name: p.detach().clone() for name, p in model.named_parameters()}
    with saturate(model, scale=7.0) as inside:
        assert inside is model
        for name, p in model.named_parameters():
            assert p.dtype == torch.float64
            assert torch.equal(p, 7 * values[name].double())
        assert torch.equal(model[1].running_var, torch.ones(4, dtype=torch.float64))
    assert {name: p.data_ptr() for name, p in model.named_parameters()} == before
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_saturate_restores_after_an_exception():
    model = nn.Linear(2, 2)
    weight = model.weight.detach().clone()
    with pytest.raises(RuntimeError, match="inside"), saturate(model):
        raise RuntimeError("inside")
    assert torch.equal(model.weight, weight)


def test_a_tied_parameter_is_scaled_once():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    weight = model[0].weight.detach().clone().double()
    with saturate(model, scale=10.0):
        assert torch.allclose(model[1].weight, 10 * weight, rtol=1e-15)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_must_be_positive_and_finite(scale):
    with pytest.raises(SaturationError, match="positive finite"), saturate(nn.Linear(1, 1), scale=scale):
        pass


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused_with_the_parameters_name(dtype):
    model = nn.Linear(2, 2).to(dtype)
    with pytest.raises(SaturationError, match=r"'weight'.*model.double\(\)"), saturate(model):
        pass
    with pytest.raises(SaturationError, match="'weight'"):
        exact_saturated_forward(model, torch.ones(1, 2))


@settings(max_examples=20, deadline=None)
@given(layers=st.integers(1, 4), seed=st.integers(0, 1000))
def test_a_relu_network_without_biases_has_its_depth_as_degree(layers, seed):
    widths = [3, *[8] * (layers - 1), 5]
    model = MLP(widths, bias=False, generator=torch.Generator().manual_seed(seed))
    x = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + 1))
    if bool(model(x).any()):  # all units may be dead, and zero has no degree
        assert homogeneity_degree(model, x) == pytest.approx(layers, abs=1e-9)
        assert degree_table(model, x)[-1].degree == layers


def test_degree_of_a_function_of_named_parameters():
    parameters = {"a": torch.tensor(2.0), "b": torch.tensor(3.0)}
    assert homogeneity_degree(lambda p: p["a"] ** 2 * p["b"], parameters=parameters) == pytest.approx(
        3, abs=1e-12
    )
    with pytest.raises(SaturationError, match="parameters="):
        homogeneity_degree(lambda p: p)
    with pytest.raises(SaturationError, match="no degree"):
        homogeneity_degree(lambda p: 0 * p["a"], parameters=parameters)
    with pytest.raises(SaturationError, match="Two different scales"):
        homogeneity_degree(lambda p: p["a"], parameters=parameters, scales=(2.0, 2.0))


@pytest.mark.parametrize(
    ("options", "degree", "power"),
    [
        ({"normalisation": "branch_norm"}, 1, None),
        ({"normalisation": "branch_norm", "biases": True}, 1, 2.0),
        ({"normalisation": "branch_norm", "layer_norm_eps": 1e-5}, 1, 12.0),
        ({"normalisation": "post_norm"}, 1, 4.0),
        ({"normalisation": "post_norm", "biases": True}, 1, 2.0),
        ({"normalisation": "pre_ln"}, 3, 4.0),
        ({"normalisation": "pre_ln", "final_norm": True}, 1, 4.0),
        ({"normalisation": "branch_norm", "activation": "gelu"}, 1, None),
    ],
)
def test_degrees_and_rates_of_three_encoders(options, degree, power):
    model = transformer(**options)
    encoder = next(row for row in reversed(degree_table(model, TOKENS, call=model.encode)))
    assert encoder.degree == degree or encoder.kind == "LayerNorm"
    assert approach_exponent(model, TOKENS, call=model.encode) == power
    assert homogeneity_degree(model, TOKENS) == pytest.approx(degree + 1, abs=1e-2)


def test_head_has_degree_two_and_its_weights_degree_zero():
    rows = {row.path: row.degree for row in degree_table(transformer(), TOKENS)}
    assert rows["blocks.0.0.body.query"] == rows["blocks.0.0.body.value"] == 2
    assert rows["blocks.0.0.body.weights"] == 0
    assert rows["blocks.0.0.body.output"] == 3
    assert rows[""] == 2


@pytest.mark.parametrize("mask", ["causal", "multiplicative", "none"])
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "leaky_relu"])
def test_the_scaled_model_tends_to_the_exact_one(mask, activation):
    model = transformer(seed=5, mask=mask, activation=activation)
    assert float(saturation_gap(model, TOKENS, scale=64.0, call=model.encode)) < 1e-12
    assert float(saturation_gap(model, TOKENS, scale=1.0, call=model.encode)) > 1e-3


def test_sigmoids_become_steps_and_biases_vanish():
    model = nn.Sequential(nn.Linear(1, 3), nn.Sigmoid()).double()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0], [-2.0], [0.0]]))
        model[0].bias.copy_(torch.tensor([0.0, 0.0, 0.0]))
    assert exact_saturated_forward(model, torch.ones(1, 1)).tolist() == [[1.0, 0.0, 0.5]]
    deep = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    with saturate(deep, scale=1e8), torch.no_grad():
        scaled = deep(x) / 1e16
    assert torch.allclose(exact_saturated_forward(deep, x), scaled, atol=1e-7)


def test_pytorch_layer_norm_and_softmax_follow_the_rules():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.project = nn.LayerNorm(4), nn.Linear(4, 4)

        def forward(self, x):
            y = self.norm(self.project(x))
            return torch.softmax(y @ y.mT / 2, dim=-1) @ y

    torch.manual_seed(0)
    model, x = Attention().double(), torch.randn(1, 5, 4, dtype=torch.float64)
    exact = exact_saturated_forward(model, x)
    with saturate(model, scale=1e6), torch.no_grad():
        assert float(one_minus_cosine(model(x), exact).max()) < 1e-9


@pytest.mark.parametrize("bias", [False, True])
def test_convolutions_follow_the_rule_of_linear_maps(bias):
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, bias=bias), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(3, 2, 3, bias=bias),
        nn.Flatten(), nn.Linear(8, 2, bias=bias),
    ).double()  # fmt: skip
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    assert degree_table(model, x)[-1].degree == 3
    with saturate(model, scale=1e7), torch.no_grad():
        scaled = model(x) / 1e21
    exact = exact_saturated_forward(model, x)
    assert torch.allclose(exact, scaled, rtol=1e-5, atol=1e-7)
    assert torch.equal(exact, model(x)) != bias


def test_saturated_is_a_module_with_the_same_parameters():
    model = transformer()
    assert torch.equal(Saturated(model)(TOKENS), exact_saturated_forward(model, TOKENS))
    assert {id(p) for p in Saturated(model).parameters()} == {id(p) for p in model.parameters()}


def test_an_operation_without_a_rule_is_named():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return torch.erfinv(x * self.weight / 10)

    with pytest.raises(SaturationError, match="'erfinv'"):
        exact_saturated_forward(Odd(), torch.ones(2))


def test_active_dropout_is_refused():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    with pytest.raises(SaturationError, match=r"model.eval\(\)"):
        exact_saturated_forward(model, torch.ones(1, 2))
    exact_saturated_forward(model.eval(), torch.ones(1, 2))


def test_ties_that_smaller_terms_decide_are_refused():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.ones(1)), nn.Parameter(torch.tensor([0.0, 1.0]))

        def forward(self, x):
            return torch.softmax(self.weight * self.weight * x + self.bias, dim=-1)

    with pytest.raises(SaturationError, match="smaller terms decide"):
        exact_saturated_forward(Tied().double(), torch.ones(2))
