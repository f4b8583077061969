"""Models that path_condition refuses before anything has changed, and models that it leaves as they are."""

import pytest
import torch
from path_conditioning_architectures import mlp
from path_conditioning_watch import difference, refused, state
from rescaling_architectures import Net, disturb, linear, normal
from torch import nn

from verified_dynamics.symmetry import PathConditioningError, path_condition

X, Y = normal(7, 8), normal(7, 3, seed=2)


def network():
    return disturb(mlp(8, 6, 5, 3))


def with_value(name, value):
    model = network()
    with torch.no_grad():
        dict(model.named_parameters())[name].view(-1)[3] = value
    return model


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["1.weight", "3.bias"])
def test_values_that_are_not_finite(name, value):
    message = refused(PathConditioningError, with_value(name, value), X)
    assert message == f"{name} has values that are NaN or infinite; start from finite parameters."


def test_values_whose_squares_are_not_finite():
    assert "3.weight has values whose squares are out of the range" in refused(
        PathConditioningError, with_value("3.weight", -1e200), X
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.complex64])
def test_precisions_that_are_too_low(dtype):
    message = refused(PathConditioningError, network().to(dtype), X.to(dtype))
    assert f"1.weight has the type {str(dtype).removeprefix('torch.')}" in message
    assert "condition the model in float32 or float64 and convert it afterwards" in message


def test_integer_parameters():
    model = network()
    codes = torch.ones(3, dtype=torch.int8)
    model.register_parameter("codes", nn.Parameter(codes, requires_grad=False))
    assert "codes has the type int8" in refused(PathConditioningError, model, X)


def test_quantised_layers_are_pinned():
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))

    class Codes(nn.Module):
        """A linear layer that keeps its weights as integers in a buffer."""

        def __init__(self, layer):
            super().__init__()
            self.register_buffer("codes", (layer.weight.detach() * 100).round().to(torch.int8))

        def forward(self, x):
            return x @ (self.codes.double() / 100).mT

    model = disturb(model)
    model[2] = Codes(model[2])
    report = path_condition(model, X)
    assert report.groups.count == 0
    assert "matmul is not known to commute with positive factors" in str(report)


def test_a_model_without_values():
    for example in (X, X.to("meta")):
        assert "1.weight is on the meta device and has no values" in _message(network().to("meta"), example)


def _message(model, example):
    with pytest.raises(PathConditioningError) as caught:
        path_condition(model, example)
    return str(caught.value)


def test_a_model_made_in_inference_mode():
    with torch.inference_mode():
        model = network()
    assert "1.weight was made in inference mode and cannot be changed" in _message(model, X)


def test_a_model_with_nothing_to_rescale():
    assert (
        refused(PathConditioningError, nn.ReLU(), X)
        == "ReLU has no parameters, so there is nothing to rescale."
    )
    assert refused(PathConditioningError, torch.relu, X) == (
        "The model is of type builtin_function_or_method; pass a torch.nn.Module."
    )


def test_a_layer_that_has_not_seen_data():
    model = nn.Sequential(nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, 3))
    assert "0.weight is not initialised; run the model once" in _message(model, X)


class Auxiliary(nn.Module):
    """A second head that is read in training mode only."""

    def __init__(self):
        super().__init__()
        self.body, self.head, self.second = linear(8, 6), linear(6, 3), linear(6, 3)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return (self.head(h), self.second(h)) if self.training else self.head(h)


def test_a_head_of_the_mode_that_is_not_traced():
    model = disturb(Auxiliary()).eval()
    before = state(model)
    with pytest.raises(PathConditioningError) as caught:
        path_condition(model, X)
    assert "in training mode, so it was taken back; call model.train() before" in str(caught.value)
    assert not difference(before, state(model))
    report = path_condition(model.train(), X)
    assert report.groups.count == 6
    assert report.output_change < 1e-12


def _hidden_read(net, x):
    scale = sum(float(p.abs().sum()) for p in list(net.parameters())[:1])
    return net.b(torch.relu(net.a(x))) * scale


def test_parameters_that_are_read_unseen():
    model = disturb(Net(_hidden_read, a=linear(8, 4), b=linear(4, 2)))
    before = state(model)
    with pytest.raises(
        PathConditioningError, match="its code reads parameters in a way that tracing does not"
    ):
        path_condition(model, X)
    assert not difference(before, state(model))


def test_a_model_that_draws_numbers_of_its_own_is_not_measured():
    own = torch.Generator().manual_seed(0)
    noise = Net(
        lambda n, x: n.b(torch.relu(n.a(x))) + torch.rand(7, 2, generator=own, dtype=torch.float64),
        a=linear(8, 4),
        b=linear(4, 2),
    )
    report = path_condition(disturb(noise), X)
    assert report.output_change is None
    assert report.groups.count == 4


def _masked(net, x):
    mask = torch.tril(torch.ones(8, 8, dtype=torch.float64))
    return net.b(torch.relu(net.a(x @ mask))) + torch.arange(2.0, dtype=torch.float64)


def test_tensors_that_the_model_makes_do_not_stay_on_it():
    model = disturb(Net(_masked, a=linear(8, 4), b=linear(4, 2)))
    attributes = set(vars(model))
    report = path_condition(model, X)
    assert report.groups.count == 4
    assert report.output_change < 1e-12
    assert set(vars(model)) == attributes


@pytest.mark.parametrize("criterion", ["path", "norm"])
def test_a_model_that_is_frozen_altogether_stays(criterion):
    model = network().requires_grad_(False)
    before = state(model)
    report = path_condition(model, X, criterion=criterion)
    assert not difference(before, state(model))
    assert len(report.frozen) == report.groups.count == 11
    assert report.converged
    assert "left alone, because a frozen parameter touches it: 1[0]" in str(report)


@pytest.mark.parametrize("criterion", ["path", "norm"])
def test_a_model_of_zeros_stays(criterion):
    model = network()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    before = state(model)
    report = path_condition(model, X, criterion=criterion)
    assert not difference(before, state(model))
    assert len(report.skipped) == 11
    assert report.converged


def test_a_parameter_whose_elements_share_memory_is_left_alone():
    model = network()
    model[3].bias = nn.Parameter(torch.full((1,), 0.3, dtype=torch.float64).expand(5))
    before = state(model)
    report = path_condition(model, X)
    assert not difference(before, state(model))
    assert "because one of its parameters shares memory" in str(report)


def test_gradients_stay():
    model = network()
    (model(X) - Y).square().mean().backward()
    before = {name: p.grad.clone() for name, p in model.named_parameters()}
    path_condition(model, X)
    assert all(torch.equal(p.grad, before[name]) for name, p in model.named_parameters())
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())
