import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verified_dynamics.models import NORMALISATIONS, AttentionWeights, LayerNorm, Transformer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(seed=0, **options):
    return Transformer(7, 8, 2, 2, context=16, generator=generator(seed), **options)


TOKENS = torch.randint(7, (3, 10), generator=generator(1))


def scaled(model, factor):
    model = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


def degree(model, read=lambda model: model.encode(TOKENS)):
    low, high = (read(scaled(model, factor)).norm().item() for factor in (1e3, 1e4))
    return math.log10(high / low)


# Entries whose squares are neither lost nor too large: the variance is exact up to a power of two.
entries = st.floats(-5, 5).filter(lambda value: value == 0 or abs(value) > 1e-100)


@given(st.lists(entries, min_size=3, max_size=3), st.integers(-20, 20))
def test_layer_norm_without_eps_is_exactly_scale_invariant(row, power):
    x = torch.tensor([row], dtype=torch.float64)
    assert torch.equal(LayerNorm(3)(x), LayerNorm(3)(x * 2.0**power))


def test_layer_norm_with_eps_is_not_scale_invariant_and_its_error_is_that_of_the_series():
    x = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    norm = LayerNorm(2, eps=1e-2)
    assert (norm(x) - norm(10 * x)).abs().max() > 1e-3
    for factor in (10.0, 100.0):  # relative error of LN_eps(c x) is eps / (2 c^2 variance) to leading order
        error = 1 - norm(factor * x)[0, 0].item()
        assert error == pytest.approx(1e-2 / (2 * factor**2), rel=2e-4)


def test_layer_norm_of_a_constant_row_is_zero_with_a_finite_gradient():
    x = torch.full((1, 4), 3.0, dtype=torch.float64, requires_grad=True)
    value = LayerNorm(4)(x)
    value.sum().backward()
    assert not value.any()
    assert torch.isfinite(x.grad).all()


def test_layer_norm_agrees_with_the_one_of_torch():
    x = torch.randn(5, 6, generator=generator(), dtype=torch.float64)
    norm = LayerNorm(6, eps=1e-5, bias=True)
    assert torch.allclose(norm(x), torch.nn.functional.layer_norm(x, (6,), eps=1e-5), rtol=1e-13)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("final_norm", [False, True])
def test_the_number_of_parameters_is_the_sum_of_its_parts(biases, final_norm):
    vocabulary, m, hidden, context, layers = 7, 8, 12, 16, 2
    model = network(feed_forward=hidden, biases=biases, final_norm=final_norm)
    per_layer = 4 * m * m + 2 * m * hidden + 2 * m
    expected = vocabulary * m + context * m + layers * per_layer + vocabulary * m + final_norm * m
    if biases:
        expected += layers * (4 * m + hidden + m + 2 * m) + vocabulary + final_norm * m
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize(("mask", "sees"), [("causal", False), ("multiplicative", True), ("none", True)])
def test_only_the_causal_mask_predicts_without_the_future(normalisation, mask, sees):
    model = network(normalisation=normalisation, mask=mask)
    changed = TOKENS.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % 7
    difference = (model(TOKENS) - model(changed))[:, :6].abs().max()
    assert (difference > 1e-3) if sees else (difference == 0)


@pytest.mark.parametrize(("normalisation", "expected"), [("branch_norm", 1), ("post_norm", 1), ("pre_ln", 3)])
def test_the_degree_of_the_bias_free_encoder(normalisation, expected):
    # At c = 10^3 the attention is saturated up to near ties; pre_ln adds degrees 1 and 3, relative error c^-2.
    assert degree(network(normalisation=normalisation)) == pytest.approx(expected, abs=1e-4)


def test_a_classifier_adds_one_degree_and_a_head_has_degree_two():
    model = network()
    assert degree(model, lambda model: model(TOKENS)) == pytest.approx(2, abs=1e-4)
    assert degree(model, lambda model: model.blocks[0][0].body.value(model.token(TOKENS))) == pytest.approx(2)


def test_a_non_homogeneous_normalisation_changes_the_degree():
    assert abs(degree(network(normalisation="pre_ln", layer_norm_eps=1e-5)) - 1) > 0.5


def test_exact_saturation_is_the_limit_of_the_scaled_network():
    model = network()
    exact = scaled(model, 1.0)
    for module in exact.modules():
        if isinstance(module, AttentionWeights):
            module.saturated = True
    reference = exact.encode(TOKENS)
    errors = []
    for factor in (1.0, 4.0, 64.0):
        close = scaled(model, factor).encode(TOKENS) / factor
        errors.append((close - reference).norm().item() / reference.norm().item())
    assert errors[0] > 1e-2
    assert errors[2] < 1e-9


def test_post_norm_rows_are_normalised_and_branch_norm_rows_are_not():
    state = network(normalisation="post_norm").encode(TOKENS)
    assert torch.allclose(state.square().mean(-1), torch.ones(3, 10, dtype=torch.float64), rtol=1e-12)
    assert torch.allclose(state.mean(-1), torch.zeros(3, 10, dtype=torch.float64), atol=1e-13)
    assert network().encode(TOKENS).mean(-1).abs().max() > 1e-2


def test_position_matters_only_through_its_embedding():
    model = network(mask="none")
    order = torch.arange(9, -1, -1)
    assert (model(TOKENS)[:, order] - model(TOKENS[:, order])).abs().max() > 1e-2
    torch.nn.init.zeros_(model.position.weight)
    assert torch.allclose(model(TOKENS)[:, order], model(TOKENS[:, order]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalisation": "pre_norm"}, "did you mean"),
        ({"mask": "multiplicativ"}, "did you mean 'multiplicative'"),
        ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"feed_forward": 0}, "feed_forward"),
        ({"layer_norm_eps": -1.0}, "must not be negative"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        network(**options)
    assert "\n" not in str(caught.value)


def test_more_tokens_than_the_context_are_refused():
    with pytest.raises(ValueError, match="17 tokens are more than the context of 16"):
        network()(torch.zeros(1, 17, dtype=torch.long))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="not divisible"):
        Transformer(7, 8, 1, 3, generator=generator())
