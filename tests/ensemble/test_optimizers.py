"""Which optimizers leave the members of a stacked tensor independent."""

import pytest
import torch
from small_networks import make_mlp, regression, square_loss

from verified_dynamics.ensemble import Ensemble, EnsembleError, train
from verified_dynamics.ensemble.optimizers import check_elementwise

X, Y = regression("mlp", 12)
ELEMENTWISE = (
    "SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adagrad", "Adadelta", "RMSprop", "Rprop", "ASGD",
)  # fmt: skip
MIXING = ("LBFGS", "Adafactor", "Muon", "SparseAdam")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_optimizers_treat_members_alone(name):
    optimizer = getattr(torch.optim, name)
    rates = [0.01, 0.02, 0.01, 0.03]
    ensemble = Ensemble.build(make_mlp, range(4))
    train(ensemble, square_loss, (X, Y), steps=4, optimizer=optimizer, learning_rate=rates)
    for k, rate in enumerate(rates):
        alone = Ensemble.build(make_mlp, [k])
        train(alone, square_loss, (X, Y), steps=4, optimizer=optimizer, learning_rate=rate)
        for parameter in alone.parameters:
            assert torch.equal(alone.parameters[parameter][0], ensemble.parameters[parameter][k])


@pytest.mark.parametrize("name", MIXING)
def test_mixing_optimizers_are_refused(name):
    if not hasattr(torch.optim, name):
        pytest.skip(f"this torch has no {name}")
    with pytest.raises(EnsembleError, match=name):
        train(
            Ensemble.build(make_mlp, [0]), square_loss, (X, Y), steps=1, optimizer=getattr(torch.optim, name)
        )


class NormalisedDescent(torch.optim.Optimizer):
    """Steps along the gradient of a tensor divided by its norm: a mixture over the entries of a stacked tensor."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad / parameter.grad.norm()


class SignDescent(NormalisedDescent):
    """Steps along the sign of the gradient: elementwise."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad.sign()


def test_own_optimizers_are_tried():
    check_elementwise(SignDescent, {})
    with pytest.raises(EnsembleError, match="NormalisedDescent mixes"):
        check_elementwise(NormalisedDescent, {})


def test_rates_that_are_not_neighbours_are_written_back():
    ensemble = Ensemble.build(make_mlp, range(5))
    start = ensemble.copy()
    train(ensemble, square_loss, (X, Y), steps=1, learning_rate=[0.1, 0.0, 0.1, 0.0, 0.1])
    moved = (ensemble.parameters["0.weight"] != start.parameters["0.weight"]).flatten(1).any(dim=1)
    assert moved.tolist() == [True, False, True, False, True]
