"""Whatever path_condition refuses, it refuses in one sentence, before anything has changed."""

import copy

import numpy as np
import pytest
import torch
from path_conditioning_architectures import mlp
from path_conditioning_watch import difference, state
from rescaling_architectures import Net, disturb, linear, normal
from torch import nn

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.symmetry import PathConditioningError, ScaleGroupError, path_condition, scale_groups
from verified_dynamics.symmetry.path_conditioned_training import condition_ensemble

X, Y = normal(7, 8), normal(7, 3, seed=2)


def network():
    return disturb(mlp(8, 6, 5, 3))


def trained(model, kind=torch.optim.Adam):
    """An optimizer with a state, of a model whose gradients are there as well."""
    optimizer = kind(model.parameters(), lr=0.01)
    (model(X) - Y).square().mean().backward()
    optimizer.step()
    return optimizer


def refused(error, model, example=X, *, optimizer=None, **options):
    """The message of the error; model, gradients and optimizer are compared bit by bit."""
    before = state(model, optimizer) if isinstance(model, nn.Module) else None
    options = options if optimizer is None else {**options, "optimizer": optimizer}
    for dry_run in (True, False):
        with pytest.raises(error) as caught:
            path_condition(model, example, dry_run=dry_run, **options)
        if before is not None:
            assert not difference(before, state(model, optimizer))
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        (
            "criterion",
            "pth",
            "There is no criterion 'pth'; the nearest is 'path'. Choose one of 'path', 'norm'.",
        ),
        ("criterion", None, "There is no criterion None. Choose one of"),
        ("solver", "newtn", "There is no solver 'newtn'; the nearest is 'newton'."),
        ("solver", "block", "the nearest is 'blocks'. Choose one of 'newton', 'blocks', 'sequential'."),
        ("biases", "non", "There is no choice of biases 'non'; the nearest is 'none'."),
        ("biases", True, "There is no choice of biases True. Choose one of 'all', 'hidden', 'none'."),
        ("max_log_scale", 0, "max_log_scale is 0; give a positive number, or None for no limit."),
        ("max_log_scale", -1.0, "max_log_scale is -1.0; give a positive number"),
        ("max_log_scale", float("nan"), "max_log_scale is nan; give a positive number"),
        ("max_log_scale", "3", "max_log_scale is '3'; give a positive number"),
        ("tol", 0.0, "tol is 0.0; give a positive number, 1e-8 for instance."),
        ("tol", -1e-8, "tol is -1e-08; give a positive number"),
        ("tol", None, "tol is None; give a positive number"),
        (
            "max_iterations",
            0,
            "max_iterations is 0; give a positive whole number, or None for the solver's own limit.",
        ),
        ("max_iterations", 2.5, "max_iterations is 2.5; give a positive whole number"),
    ],
)
def test_an_option_that_is_not_known_or_not_positive(option, value, words):
    model = network()
    message = refused(PathConditioningError, model, optimizer=trained(model), **{option: value})
    assert words in message


def test_numbers_of_numpy_and_no_limit_are_options():
    assert path_condition(network(), X, tol=np.float32(1e-6), max_log_scale=np.float64(2)).converged
    assert path_condition(network(), X, max_iterations=np.int64(50), max_log_scale=None).limited == 0


def with_value(name, value):
    model = network()
    with torch.no_grad():
        dict(model.named_parameters())[name].view(-1)[3] = value
    return model


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["1.weight", "3.bias"])
def test_values_that_are_not_finite(name, value):
    message = refused(PathConditioningError, with_value(name, value))
    assert message == f"{name} has values that are NaN or infinite; start from finite parameters."


def test_values_whose_squares_are_not_finite():
    assert "3.weight has values whose squares are out of the range" in refused(
        PathConditioningError, with_value("3.weight", -1e200)
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
    assert "codes has the type int8" in refused(PathConditioningError, model)


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
        refused(PathConditioningError, nn.ReLU()) == "ReLU has no parameters, so there is nothing to rescale."
    )
    assert refused(PathConditioningError, torch.relu) == (
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


def _branching(net, x):
    h = torch.relu(net.a(x))
    return net.b(h) if h.sum() > 0 else net.b(-h)


def test_a_model_that_cannot_be_traced():
    message = refused(ScaleGroupError, Net(_branching, a=linear(8, 4), b=linear(4, 2)))
    assert "`return net.b(h) if h.sum() > 0 else net.b(-h)`" in message
    assert "because the code branches on a traced value" in message


@pytest.mark.parametrize(
    ("example", "words"),
    [
        (
            X[:, :5],
            "does not accept the example input (7, 5) torch.float64 at '1' (Linear), which gets (7, 5)",
        ),
        (X.float(), "does not accept the example input (7, 8) torch.float32"),
        (torch.ones(7, 8, dtype=torch.long), "does not accept the example input (7, 8) torch.int64"),
        (X[:0], "The example input holds no example"),
        ((X, X), "takes 1 inputs, but the example has 2"),
        ({"x": X}, "The example input is of type dict"),
        (X.numpy(), "The example input is of type ndarray"),
        (None, "The example input is of type NoneType"),
    ],
)
def test_an_example_that_does_not_fit(example, words):
    model = network()
    assert words in refused(ScaleGroupError, model, example, optimizer=trained(model))


def test_integers_are_an_example_where_the_model_reads_them():
    tokens = torch.randint(11, (4, 2), generator=torch.Generator().manual_seed(0))
    model = disturb(nn.Sequential(nn.Embedding(11, 4), nn.Flatten(), network()))
    assert path_condition(model, tokens).groups.count == 6 + 5
    assert "torch.int64 at '0' (Embedding)" in refused(ScaleGroupError, model, tokens + 11)


def test_an_optimizer_that_does_not_train_the_model():
    message = refused(ScaleGroupError, network(), optimizer=trained(network()))
    assert message == "Adam holds no parameter of this model; pass the optimizer that trains it, or none."


def test_an_optimizer_whose_state_cannot_be_carried():
    model = network()
    message = refused(ScaleGroupError, model, optimizer=trained(model, torch.optim.Adadelta))
    assert "create the optimizer after the rescaling" in message


@pytest.mark.parametrize("other", [mlp(8, 6, 3), mlp(8, 7, 5, 3)])
def test_groups_of_another_model(other):
    message = refused(ScaleGroupError, network(), groups=scale_groups(other))
    assert "belong to a model with other parameters" in message
    assert "The groups are of type str" in refused(ScaleGroupError, network(), groups="all")


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
    trained(model)
    before = {name: p.grad.clone() for name, p in model.named_parameters()}
    path_condition(model, X)
    assert all(torch.equal(p.grad, before[name]) for name, p in model.named_parameters())
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_surrounding_gradient_mode_does_not_matter(mode):
    expected, model = network(), network()
    path_condition(expected, X)
    with mode():
        path_condition(model, X)
    assert not difference(state(expected), state(model))


@pytest.mark.parametrize("options", [{"solver": "sequential"}, {"criterion": "paths"}, {"tol": 0}])
def test_an_ensemble_is_refused_in_the_same_words(options):
    ensemble = Ensemble.build(lambda generator: network(), [0, 1])
    before = {name: p.detach().clone() for name, p in ensemble.parameters.items()}
    with pytest.raises(PathConditioningError):
        condition_ensemble(ensemble, X, **options)
    assert all(torch.equal(p, before[name]) for name, p in ensemble.parameters.items())


def test_the_watch_sees_a_single_bit():
    model = network()
    optimizer = trained(model)
    before, kept = state(model, optimizer), copy.deepcopy(optimizer.state_dict())
    moment = next(iter(optimizer.state.values()))["exp_avg"]
    moment.view(-1)[0] = torch.nextafter(moment.view(-1)[0], torch.tensor(1e9, dtype=torch.float64))
    assert difference(before, state(model, optimizer)) == ["optimizer 0 exp_avg"]
    optimizer.load_state_dict(kept)
    assert not difference(before, state(model, optimizer))
