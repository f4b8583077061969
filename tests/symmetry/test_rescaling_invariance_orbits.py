"""Along an orbit: path norms, the balanced point, and optimizers that do or do not commute with rescaling."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from verified_dynamics.models import MLP
from verified_dynamics.symmetry import (
    EQUIVARIANT,
    UPDATE_RULES,
    EquivarianceError,
    PathNormError,
    SignDescent,
    assert_equivariant,
    balance,
    equivariance_error,
    layer_norm_product,
    path_lifting,
    path_magnitudes,
    path_norm,
    rescale,
    scale_groups,
)


def network(seed=0, widths=(5, 7, 6, 3), **options):
    model = MLP(widths, generator=torch.Generator().manual_seed(seed), **options)
    draws = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.copy_(torch.randn(parameter.shape, generator=draws, dtype=parameter.dtype))
    return model


def lifted(model):
    layers = [m for m in model if isinstance(m, nn.Linear)]
    return path_lifting([m.weight for m in layers], [m.bias for m in layers])


def scales_of(model, seed=1, spread=0.7):
    return scale_groups(model).random_scales(torch.Generator().manual_seed(seed), spread=spread)


EXAMPLE = torch.zeros(1, 5)


@pytest.mark.parametrize("q", [1.0, 1.5, 2.0, 4.0])
def test_the_pass_sums_over_all_paths(q):
    model = network(widths=(5, 4, 3, 2))
    expected = lifted(model).abs().pow(q).sum().pow(1 / q).item()
    assert path_norm(model, EXAMPLE, q=q) == pytest.approx(expected, rel=1e-13)


def test_the_path_metric_is_the_diagonal_of_the_jacobian_s_gram_matrix():
    model = network(widths=(5, 4, 3, 2))
    names, parameters = zip(*model.named_parameters(), strict=True)
    shapes = [p.shape for p in parameters]

    def phi(*values):
        weights, biases = values[0::2], values[1::2]
        return path_lifting(weights, biases)

    jacobians = torch.autograd.functional.jacobian(phi, parameters)
    found = path_magnitudes(model, EXAMPLE)
    for name, jacobian, shape in zip(names, jacobians, shapes, strict=True):
        expected = (jacobian.reshape(len(jacobian), -1) ** 2).sum(0).reshape(shape)
        assert torch.allclose(found[name], expected, rtol=1e-12)


def test_the_path_metric_moves_as_one_over_the_square_of_the_factor():
    model = network()
    groups, scales = scale_groups(model), scales_of(model)
    before, factors = path_magnitudes(model, EXAMPLE), groups.diagonal(scales)
    with rescale(model, scales):
        after = path_magnitudes(model, EXAMPLE)
    for name in before:
        assert torch.allclose(after[name], before[name] / factors[name] ** 2, rtol=1e-12)


def test_path_norms_stay_and_layer_products_move():
    model = network()
    before = path_norm(model, EXAMPLE, q=1), layer_norm_product(model)
    with rescale(model, scales_of(model, spread=1.5)):
        assert path_norm(model, EXAMPLE, q=1) == pytest.approx(before[0], rel=1e-13)
        assert not 0.5 < layer_norm_product(model) / before[1] < 2


def test_a_layer_that_is_no_sum_over_paths_is_named():
    with pytest.raises(PathNormError, match="Tanh at 'activation1' is not a sum over paths"):
        path_norm(network(activation="tanh"), EXAMPLE)


def test_balancing_ends_at_equal_norms_of_what_enters_and_leaves():
    model = network()
    result = balance(model)
    groups = scale_groups(model)
    incoming, outgoing = groups.incoming_outgoing({n: p.detach() ** 2 for n, p in model.named_parameters()})
    assert result.converged
    assert torch.allclose(incoming, outgoing, rtol=1e-8)
    assert result.norm_after < result.norm_before


def test_balancing_ends_at_one_point_from_every_start():
    first, second = network(), network()
    rescale(second, scales_of(second, spread=2.0))
    balance(first)
    balance(second)
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=1e-7, atol=1e-9)


def test_no_other_point_of_the_orbit_has_a_smaller_norm():
    model = network()
    least = balance(model).norm_after
    for seed in range(5):
        with rescale(model, scales_of(model, seed, spread=0.1)):
            assert sum((p**2).sum() for p in model.parameters()) > least


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_one_neuron_ends_at_the_closed_form(p):
    model = MLP((3, 1, 2), bias=False, generator=torch.Generator().manual_seed(0))
    incoming = float((model.linear1.weight.detach().abs() ** p).sum())
    outgoing = float((model.linear2.weight.detach().abs() ** p).sum())
    result = balance(model, p=p)
    assert float(result.scales) == pytest.approx((outgoing / incoming) ** (1 / (2 * p)), rel=1e-12)
    assert result.norm_after == pytest.approx(2 * math.sqrt(incoming * outgoing), rel=1e-12)


def test_without_biases_all_layers_end_at_equal_norms():
    model = MLP((6, 9, 4, 3), bias=False, generator=torch.Generator().manual_seed(0))
    balance(model)
    norms = [float(p.detach().norm()) for p in model.parameters()]
    assert max(norms) == pytest.approx(min(norms), rel=1e-8)


def test_balancing_is_undone():
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    balance(model).rescaling.undo()
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_a_disconnected_neuron_is_left_alone_and_reported():
    model = network()
    with torch.no_grad():
        model.linear2.weight[:, 2] = 0.0
    result = balance(model)
    assert result.disconnected == ("linear1[2]",)
    assert result.converged
    assert result.scales[2] == 1.0
    assert "left alone because no path leads through them: linear1[2]" in str(result)


def test_a_chain_of_neurons_that_leads_nowhere_is_disconnected_as_a_whole():
    """linear2[1] has no outgoing weight, so linear1[0], which feeds it alone, has no optimum either."""
    model = MLP((2, 2, 2, 1), bias=False, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.linear2.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
        model.linear3.weight.copy_(torch.tensor([[1.0, 0.0]]))
    assert balance(model).disconnected == ("linear1[0]", "linear2[1]")


def test_an_unfinished_balance_says_so():
    result = balance(network(), max_sweeps=1)
    assert not result.converged
    assert str(result).startswith("not balanced after 1 sweeps")


def test_a_norm_without_positive_exponent_is_refused():
    with pytest.raises(ValueError, match="must be positive, but it is 0"):
        balance(network(), p=0)


def cross_entropy(model, x, y):
    return F.cross_entropy(model(x), y)


def classification():
    draws = torch.Generator().manual_seed(5)
    return torch.randn(30, 5, generator=draws, dtype=torch.float64), torch.randint(
        0, 3, (30,), generator=draws
    )


@pytest.mark.parametrize("rule", UPDATE_RULES)
def test_ten_rules_fall_into_the_two_predicted_classes(rule):
    model = network()
    error = equivariance_error(
        UPDATE_RULES[rule], model, cross_entropy, *classification(), scales=scales_of(model)
    )
    assert error < 1e-11 if rule in EQUIVARIANT else error > 1e-2


@pytest.mark.parametrize("rule", UPDATE_RULES)
def test_every_rule_trains(rule):
    """An update that does nothing would be equivariant: each rule lowers the loss."""
    model, (x, y) = network(), classification()
    before = cross_entropy(model, x, y).item()
    optimizer = UPDATE_RULES[rule](model, x)
    for _ in range(20):
        optimizer.zero_grad()
        cross_entropy(model, x, y).backward()
        optimizer.step()
    assert cross_entropy(model, x, y).item() < before - 1e-3


def test_the_assertion_passes_and_fails():
    draws = torch.Generator().manual_seed(6)
    assert_equivariant(UPDATE_RULES["path-SGD"], network(), cross_entropy, *classification(), generator=draws)
    with pytest.raises(EquivarianceError, match="is not equivariant: after 20 steps"):
        assert_equivariant(UPDATE_RULES["Adam"], network(), cross_entropy, *classification(), generator=draws)


def test_constant_damping_breaks_the_root_free_rule():
    """The damping ρ/θ² is what keeps the rule equivariant: Adagrad without root but with a constant does not."""

    class ConstantDamping(SignDescent):
        def _updated(self, value, gradient, step_size):
            return value - step_size * gradient / (gradient**2 + 1e-3)

    model = network()
    error = equivariance_error(
        lambda m, x: ConstantDamping(m.parameters(), lr=1e-4),
        model,
        cross_entropy,
        *classification(),
        scales=scales_of(model),
    )
    assert error > 1e-3


def test_a_step_size_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="must be positive, but it is -1"):
        SignDescent(network().parameters(), lr=-1)
