"""Optimizer state that is carried along a rescaling equals the state gathered on the rescaled network."""

import copy

import pytest
import torch
from rescaling_architectures import generator, normal

from verified_dynamics.models import MLP
from verified_dynamics.symmetry.rescaling_invariance import ScaleGroupError, rescale, scale_groups

X, Y = normal(20, 4), normal(20, 2, seed=2)

# A learning rate of 0 keeps the network in place; a tiny eps keeps it out of the way.
CARRIED = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {"amsgrad": True}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.0}),
    "nadam": (torch.optim.NAdam, {}),
    "adagrad": (torch.optim.Adagrad, {}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": 0.9, "centered": True, "eps": 1e-60}),
}


def network():
    return MLP((4, 6, 5, 2), generator=generator())


def gather(model, kind, options, steps=4):
    optimizer = kind(model.parameters(), **{"lr": 0.0, **options})
    for step in range(steps):
        optimizer.zero_grad()
        (model(X[5 * step :]) - Y[5 * step :]).square().mean().backward()
        optimizer.step()
    return optimizer


def states(model, optimizer):
    return {
        (name, key): value
        for name, p in model.named_parameters()
        for key, value in optimizer.state[p].items()
    }


@pytest.mark.parametrize(("kind", "options"), CARRIED.values(), ids=CARRIED)
def test_the_state_is_that_of_the_rescaled_network(kind, options):
    model = network()
    groups = scale_groups(model)
    scales = groups.random_scales(generator(1))
    elsewhere = copy.deepcopy(model)
    rescale(elsewhere, scales)
    optimizer = gather(model, kind, options)
    rescale(model, scales, optimizer=optimizer)
    expected = states(elsewhere, gather(elsewhere, kind, options))
    carried = states(model, optimizer)
    assert carried.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.allclose(
            torch.as_tensor(carried[key]), torch.as_tensor(value), rtol=1e-10, atol=1e-300
        ), key


@pytest.mark.parametrize(
    "kind", [torch.optim.Adadelta, torch.optim.Rprop, torch.optim.ASGD, torch.optim.Adamax]
)
def test_unknown_state_is_refused_before_anything_changes(kind):
    model = network()
    optimizer = gather(model, kind, {})
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    kept = {key: copy.deepcopy(value) for key, value in states(model, optimizer).items()}
    with pytest.raises(ScaleGroupError, match="create the optimizer after the rescaling") as caught:
        rescale(model, scale_groups(model).random_scales(generator(1)), optimizer=optimizer)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    for key, value in states(model, optimizer).items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(kept[key])), key


def test_a_parameter_that_is_a_single_number_is_no_obstacle():
    model = network()
    model.register_parameter("unused", torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64)))
    optimizer = torch.optim.Adam(model.parameters())
    model.unused.grad = torch.ones_like(model.unused)
    optimizer.step()
    rescale(model, scale_groups(network()).random_scales(generator(1)), optimizer=optimizer)
    assert optimizer.state[model.unused]["step"] == 1


@pytest.mark.parametrize(("kind", "options"), CARRIED.values(), ids=CARRIED)
def test_undo_restores_model_and_state_bit_by_bit(kind, options):
    model = network()
    optimizer = gather(model, kind, options)
    before, kept = copy.deepcopy(model.state_dict()), copy.deepcopy(states(model, optimizer))
    with rescale(model, scale_groups(model).random_scales(generator(1)), optimizer=optimizer):
        moved = states(model, optimizer)
        assert not all(torch.equal(torch.as_tensor(moved[k]), torch.as_tensor(v)) for k, v in kept.items())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for key, value in states(model, optimizer).items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(kept[key])), key


def test_undo_after_further_steps_carries_the_state_back_by_its_factors():
    model = network()
    groups = scale_groups(model)
    optimizer = gather(model, torch.optim.SGD, {"momentum": 0.9})
    applied = rescale(model, groups.random_scales(generator(1)), groups=groups, optimizer=optimizer)
    (model(X) - Y).square().mean().backward()
    optimizer.step()
    trained = {name: p.detach().clone() for name, p in model.named_parameters()}
    momentum = {name: optimizer.state[p]["momentum_buffer"].clone() for name, p in model.named_parameters()}
    applied.undo()
    for name, p in model.named_parameters():
        factor = applied.diagonal[name]
        assert torch.allclose(p, trained[name] / factor, rtol=1e-14)
        assert torch.allclose(optimizer.state[p]["momentum_buffer"], momentum[name] * factor, rtol=1e-14)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (torch.optim.Adam(network().parameters()), "Adam holds no parameter of this model"),
        (torch.optim.Adam, "The optimizer is of type type; pass a torch.optim.Optimizer"),
    ],
)
def test_an_optimizer_that_does_not_train_the_model_is_refused(optimizer, message):
    model = network()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ScaleGroupError, match=message):
        rescale(model, scale_groups(model).random_scales(generator(1)), optimizer=optimizer)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
