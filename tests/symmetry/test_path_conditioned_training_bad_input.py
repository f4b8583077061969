"""Whatever path_condition refuses, it refuses in one sentence, before anything has changed."""

import copy

import numpy as np
import pytest
import torch
from path_conditioning_architectures import mlp
from path_conditioning_watch import difference, refused, state
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
    message = refused(PathConditioningError, model, X, optimizer=trained(model), **{option: value})
    assert words in message


def test_numbers_of_numpy_and_no_limit_are_options():
    assert path_condition(network(), X, tol=np.float32(1e-6), max_log_scale=np.float64(2)).converged
    assert path_condition(network(), X, max_iterations=np.int64(50), max_log_scale=None).limited == 0


def _branching(net, x):
    h = torch.relu(net.a(x))
    return net.b(h) if h.sum() > 0 else net.b(-h)


def test_a_model_that_cannot_be_traced():
    message = refused(ScaleGroupError, Net(_branching, a=linear(8, 4), b=linear(4, 2)), X)
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
    message = refused(ScaleGroupError, network(), X, optimizer=trained(network()))
    assert message == "Adam holds no parameter of this model; pass the optimizer that trains it, or none."


def test_an_optimizer_whose_state_cannot_be_carried():
    model = network()
    message = refused(ScaleGroupError, model, X, optimizer=trained(model, torch.optim.Adadelta))
    assert "create the optimizer after the rescaling" in message


@pytest.mark.parametrize("other", [mlp(8, 6, 3), mlp(8, 7, 5, 3)])
def test_groups_of_another_model(other):
    message = refused(ScaleGroupError, network(), X, groups=scale_groups(other))
    assert "belong to a model with other parameters" in message
    assert "The groups are of type str" in refused(ScaleGroupError, network(), X, groups="all")


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
