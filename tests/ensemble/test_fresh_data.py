"""Training on data that is drawn anew at each step, and with rates that follow a schedule."""

import pytest
import torch
from small_networks import make_mlp, regression, square_loss

from verified_dynamics.ensemble import Ensemble, EnsembleError, train

ADAM = {"optimizer": torch.optim.Adam, "learning_rate": 0.01}


def fresh(step):
    return regression("mlp", 12, seed=100 + step)


def own(step):
    parts = [regression("mlp", 12, seed=100 * member + step) for member in range(3)]
    return tuple(torch.stack(columns) for columns in zip(*parts, strict=True))


def same(first, second):
    return all(torch.equal(first.parameters[name], second.parameters[name]) for name in first.parameters)


@pytest.mark.parametrize("chunk", [None, 1, 2])
def test_shared_fresh_data_trains_each_member_as_a_plain_loop_does(chunk):
    ensemble = Ensemble.build(make_mlp, range(3))
    modules = [ensemble.member(k) for k in range(3)]
    run = train(ensemble, square_loss, fresh, steps=5, chunk=chunk, **ADAM)
    for k, module in enumerate(modules):
        optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
        for step in range(5):
            optimizer.zero_grad()
            loss = square_loss(module, *fresh(step))
            assert run.losses[k, step].item() == pytest.approx(loss.item(), rel=1e-12)
            loss.backward()
            optimizer.step()
        for name, parameter in module.named_parameters():
            assert torch.allclose(ensemble.parameters[name][k], parameter, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("chunk", [1, 2])
def test_members_with_fresh_data_of_their_own_do_not_depend_on_the_chunks(chunk):
    whole, parts = Ensemble.build(make_mlp, range(3)), Ensemble.build(make_mlp, range(3))
    train(whole, square_loss, own, steps=4, shared_data=False, **ADAM)
    train(parts, square_loss, own, steps=4, shared_data=False, chunk=chunk, **ADAM)
    assert same(whole, parts)
    shared = Ensemble.build(make_mlp, range(3))
    train(shared, square_loss, fresh, steps=4, **ADAM)
    assert not same(whole, shared)


def test_a_schedule_multiplies_the_rates_of_each_member():
    rates, factors = torch.tensor([0.1, 0.02, 0.1]), (0.0, 1.0, 0.5)
    data = regression("mlp", 12)
    ensemble = Ensemble.build(make_mlp, range(3))
    start = ensemble.copy()
    train(ensemble, square_loss, data, steps=1, learning_rate=rates, schedule=factors.__getitem__)
    assert same(ensemble, start)
    train(ensemble, square_loss, data, steps=3, learning_rate=rates, schedule=factors.__getitem__)
    for k, rate in enumerate(rates.tolist()):
        module = start.member(k)
        for factor in factors:
            gradients = torch.autograd.grad(square_loss(module, *data), list(module.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(module.parameters(), gradients, strict=True):
                    parameter -= rate * factor * gradient
        for name, parameter in module.named_parameters():
            assert torch.allclose(ensemble.parameters[name][k], parameter, rtol=1e-10, atol=1e-14)


def test_fresh_data_comes_in_batches_of_its_own():
    with pytest.raises(EnsembleError, match="leave batch_size out"):
        train(Ensemble.build(make_mlp, [0]), square_loss, fresh, steps=1, batch_size=4)


def test_fresh_data_that_does_not_fit_is_refused_before_the_first_step():
    with pytest.raises(EnsembleError, match="float32"):
        train(
            Ensemble.build(make_mlp, [0]), square_loss, lambda step: [c.float() for c in fresh(step)], steps=1
        )
    with pytest.raises(EnsembleError, match="first dimension"):
        train(Ensemble.build(make_mlp, range(2)), square_loss, own, steps=1, shared_data=False)
