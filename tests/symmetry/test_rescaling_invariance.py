"""Acting with a rescaling: the function stays, the action is undone, and bad scales are refused in one sentence."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from verified_dynamics.models import MLP, ResNet
from verified_dynamics.symmetry import ScaleGroupError, noether_audit, rescale, scale_groups

# Sums of a few hundred products in float64: about a hundred roundings of 1e-16 each.
ROUNDING = 1e-13


def network(seed=0, widths=(5, 7, 6, 3), **options):
    return MLP(widths, generator=torch.Generator().manual_seed(seed), **options)


def inputs(n=11, d=5, seed=1):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def square(model, x):
    return model(x).square().mean()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-4, 4), min_size=13, max_size=13))
def test_no_output_changes_for_any_scales(logs):
    model, x = network(), inputs()
    before = model(x)
    with rescale(model, torch.exp(torch.tensor(logs, dtype=torch.float64))):
        assert torch.allclose(model(x), before, rtol=0, atol=1e-11 * before.norm().item())


def test_rescalings_compose_as_a_group():
    model, groups = network(), scale_groups(network())
    draws = torch.Generator().manual_seed(3)
    first, second = groups.random_scales(draws), groups.random_scales(draws)
    together, apart = copy.deepcopy(model), copy.deepcopy(model)
    rescale(together, first * second)
    rescale(apart, first)
    rescale(apart, second)
    for p, q in zip(together.parameters(), apart.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=1e-14, atol=0)


def test_undo_restores_every_bit():
    model = network()
    before = copy.deepcopy(model.state_dict())
    applied = rescale(model, scale_groups(model).random_scales(torch.Generator().manual_seed(4)))
    assert any(not torch.equal(p, before[name]) for name, p in model.state_dict().items())
    applied.undo()
    applied.undo()
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_the_context_undoes_after_an_error_too():
    model = network()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ZeroDivisionError), rescale(model, {"linear1[0]": 3.0}):
        _ = 1 / 0
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_undo_after_training_carries_the_trained_function_back():
    model, x = network(), inputs()
    applied = rescale(model, {"linear1[0]": 5.0})
    torch.optim.SGD(model.parameters(), lr=0.1).zero_grad()
    square(model, x).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.1 * parameter.grad
    trained = model(x)
    applied.undo()
    assert torch.allclose(model(x), trained, rtol=0, atol=ROUNDING)
    with torch.no_grad():
        scaled = rescale(model, {"linear1[0]": 5.0})
    assert torch.allclose(model(x), trained, rtol=0, atol=ROUNDING)
    scaled.undo()


def test_single_precision_is_rounded_once():
    model = network(dtype=torch.float32)
    exact = {name: p.detach().double() for name, p in model.named_parameters()}
    groups = scale_groups(model)
    scales = groups.random_scales(torch.Generator().manual_seed(5))
    factors = groups.diagonal(scales)
    rescale(model, scales)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, (exact[name] * factors[name]).float())


def test_scales_by_label_leave_the_others_at_one():
    model, groups = network(), scale_groups(network())
    assert groups.scales({"linear2[3]": 2.0}).tolist() == [2.0 if k == 7 + 3 else 1.0 for k in range(13)]
    before = model.linear1.weight.clone()
    rescale(model, {"linear1[2]": 2.0})
    assert torch.equal(model.linear1.weight[2], 2 * before[2])
    assert torch.equal(model.linear1.weight[3], before[3])


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        (torch.tensor([1.0] * 12 + [-2.0]), "must be positive and finite"),
        (torch.tensor([0.0] + [1.0] * 12), "must be positive and finite"),
        (torch.tensor([float("nan")] + [1.0] * 12), "must be positive and finite"),
        (torch.tensor([float("inf")] + [1.0] * 12), "must be positive and finite"),
        (torch.ones(12), r"13 free scale groups, but the scales have shape \(12,\)"),
        (torch.ones(13, 1), r"pass a tensor of shape \(13,\)"),
        ({"linear1[9]": 2.0}, "no free scale group 'linear1\\[9\\]'; the nearest is"),
        ({"linear3[0]": 2.0}, "no free scale group"),
    ],
)
def test_bad_scales_are_refused_and_nothing_changes(scales, message):
    model = network()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ScaleGroupError, match=message) as caught:
        rescale(model, scales)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_scales_beyond_the_range_of_the_precision_are_refused():
    model = network(dtype=torch.float32)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ScaleGroupError, match="out of the range of torch.float32"):
        rescale(model, {"linear1[0]": 1e300})
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_groups_of_another_model_are_refused():
    with pytest.raises(ScaleGroupError, match="call scale_groups on this model"):
        rescale(network(), torch.ones(4), groups=scale_groups(network(widths=(5, 4, 3))))


def test_the_report_counts_ties_and_says_what_is_pinned():
    report = str(
        scale_groups(ResNet(3, image_channels=1, width=4, generator=torch.Generator().manual_seed(0)))
    )
    assert "tied over several channels" in report
    assert "because BatchNorm divides its input" in report
    assert "because the scale of the network's output is part of the function" in report
    assert "Tanh is not known to commute" in str(scale_groups(network(activation="tanh")))


def test_the_audit_is_at_rounding_for_the_loss_and_not_with_a_penalty():
    model, x = network(), inputs()
    audit = noether_audit(model, square, x)
    assert audit.violation < ROUNDING
    assert "13 scale groups" in str(audit)
    penalised = noether_audit(model, lambda m, x: square(m, x) + sum((p**2).sum() for p in m.parameters()), x)
    assert penalised.violation > 0.01
    exact = scale_groups(model).difference({n: 2 * p.detach() ** 2 for n, p in model.named_parameters()})
    assert torch.allclose(penalised.charges, exact, rtol=0, atol=1e-12)


def test_an_audit_finds_wrong_groups():
    """The groups of a ReLU network do not fit the same network with GELU: the audit notices."""
    groups = scale_groups(network())
    assert noether_audit(network(activation="gelu"), square, inputs(), groups=groups).violation > 1e-3


def test_a_dead_neuron_counts_as_satisfied():
    model = network()
    with torch.no_grad():
        model.linear1.weight[0].zero_()
        model.linear1.bias[0] = -1.0
    audit = noether_audit(model, square, inputs())
    assert audit.violations[0] == 0
    assert audit.violation < ROUNDING


def test_a_loss_that_is_no_scalar_is_refused():
    with pytest.raises(ValueError, match="must be a scalar, but it has shape"):
        noether_audit(network(), lambda model, x: model(x), inputs())


def test_a_network_without_free_groups_has_nothing_to_audit():
    audit = noether_audit(nn.Sequential(nn.Linear(5, 3, dtype=torch.float64)), square, inputs())
    assert audit.violation == 0.0
    assert str(audit) == "no free scale groups, nothing to audit"
