"""Building, running and recording ensembles, and what they refuse."""

import pytest
import torch
from small_networks import NETWORKS, make_mlp, regression, square_loss
from torch import nn

from verified_dynamics.ensemble import Ensemble, EnsembleError, train

X, Y = regression("mlp", 12)


def small(members: int = 3) -> Ensemble:
    return Ensemble.build(make_mlp, range(members))


@pytest.mark.parametrize("network", NETWORKS)
def test_ensemble_computes_what_its_members_compute(network):
    ensemble = Ensemble.build(NETWORKS[network], range(4))
    x, y = regression(network, 9)
    outputs = ensemble(x)
    losses = ensemble.map(square_loss, x, y)
    gradients = ensemble.gradients(square_loss, x, y)
    for k in range(4):
        member = ensemble.member(k)
        torch.testing.assert_close(outputs[k], member(x), rtol=1e-12, atol=1e-12)
        loss = square_loss(ensemble.member(k), x, y)
        torch.testing.assert_close(losses[k], loss, rtol=1e-12, atol=1e-12)
        square_loss(member, x, y).backward()
        for name, parameter in member.named_parameters():
            torch.testing.assert_close(gradients[name][k], parameter.grad, rtol=1e-10, atol=1e-12)


def test_running_an_ensemble_leaves_its_buffers():
    ensemble = Ensemble.build(NETWORKS["batch norm"], range(2))
    before = {name: tensor.clone() for name, tensor in ensemble.buffers.items()}
    ensemble(X)
    ensemble.gradients(square_loss, X, Y)
    assert all(torch.equal(before[name], ensemble.buffers[name]) for name in before)


def test_seed_means_one_network_with_default_initialisation_too():
    state = torch.random.get_rng_state()
    one, other = Ensemble.build(NETWORKS["scalar"], [5, 6]), Ensemble.build(NETWORKS["scalar"], [6])
    assert torch.equal(one.parameters["0.weight"][1], other.parameters["0.weight"][0])
    assert not torch.equal(one.parameters["0.weight"][0], one.parameters["0.weight"][1])
    assert torch.equal(state, torch.random.get_rng_state())


class Tied(nn.Module):
    """Two layers that share one weight, and a weight that is not trained."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(10, 10).double(), nn.Linear(10, 10).double()
        self.second.weight = self.first.weight
        self.gain = nn.Parameter(torch.ones(10, dtype=torch.float64), requires_grad=False)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x))) * self.gain


def test_ties_and_frozen_parameters_stay_what_they_are():
    ensemble = Ensemble.build(lambda generator: Tied(), range(3))
    assert "second.weight" not in ensemble.parameters
    member = ensemble.member(1)
    assert member.second.weight is member.first.weight
    train(ensemble, lambda model, x: (model(x) ** 2).mean(), (X,), steps=3)
    assert torch.equal(ensemble.parameters["gain"], torch.ones(3, 10, dtype=torch.float64))
    torch.testing.assert_close(ensemble(X)[1], ensemble.member(1)(X), rtol=1e-12, atol=1e-12)


def test_member_and_copy_are_independent():
    ensemble = small()
    copy, member = ensemble.copy(), ensemble.member(0)
    with torch.no_grad():
        member[0].weight.zero_()
    train(copy, square_loss, (X, Y), steps=1)
    assert torch.equal(ensemble.parameters["0.weight"], small().parameters["0.weight"])


def test_loss_sees_the_parameters_of_its_member():
    ensemble = small()
    norms = ensemble.map(lambda model: sum((p**2).sum() for p in model.parameters.values()))
    expected = sum((p**2).flatten(1).sum(1) for p in ensemble.parameters.values())
    torch.testing.assert_close(norms, expected)


def test_records_are_snapshots_at_their_steps():
    ensemble = small()
    start = ensemble.parameters["0.weight"].clone()
    trajectory = train(
        ensemble, square_loss, (X, Y), steps=5, record_at=(5, 0, 2),
        record=lambda e, step: {"weight": e.parameters["0.weight"], "step": torch.full((len(e),), step)},
    )  # fmt: skip
    assert trajectory.steps == (0, 2, 5) and trajectory.values["step"].tolist() == [[0, 2, 5]] * 3
    assert torch.equal(trajectory.values["weight"][:, 0], start)
    assert torch.equal(trajectory.values["weight"][:, 2], ensemble.parameters["0.weight"])
    assert trajectory.losses.shape == (3, 5) and not trajectory.diverged.any()


def test_no_steps_change_nothing():
    ensemble = small()
    trajectory = train(ensemble, square_loss, (X, Y), steps=0)
    assert trajectory.losses.shape == (3, 0)
    assert torch.equal(ensemble.parameters["0.weight"], small().parameters["0.weight"])


def shortage(largest: int, seen: list):
    """A record that runs out of memory where more than `largest` members are trained together."""

    def record(ensemble, step):
        seen.append((len(ensemble), step))
        if len(ensemble) > largest and step:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return {"loss": ensemble.map(square_loss, X, Y)}

    return record


def test_shortage_of_memory_halves_the_chunks():
    seen: list = []
    plain, ensemble = small(8), small(8)
    train(plain, square_loss, (X, Y), steps=3)
    trajectory = train(ensemble, square_loss, (X, Y), steps=3, record=shortage(2, seen), record_at=(0, 3))
    assert [count for count, step in seen if step == 3] == [8, 4, 2, 2, 2, 2]
    assert trajectory.values["loss"].shape == (8, 2)
    assert all(torch.equal(plain.parameters[name], ensemble.parameters[name]) for name in plain.parameters)


def test_shortage_for_a_single_member_is_one_sentence_and_leaves_the_ensemble():
    ensemble = small(4)
    with pytest.raises(EnsembleError, match="not enough memory for even one member"):
        train(ensemble, square_loss, (X, Y), steps=2, record=shortage(0, []), record_at=(2,))
    assert torch.equal(ensemble.parameters["0.weight"], small(4).parameters["0.weight"])


def test_real_shortage_on_the_cpu_is_recognised():
    def loss(model, x, y):
        return square_loss(model, x, y) + torch.empty(2**46, dtype=torch.float64).sum() * 0

    with pytest.raises(EnsembleError, match="memory"):
        train(small(2), loss, (X, Y), steps=1)


def test_error_of_the_user_is_passed_on_and_leaves_the_ensemble():
    def record(ensemble, step):
        raise RuntimeError("something of the user")

    ensemble = small()
    with pytest.raises(RuntimeError, match="of the user"):
        train(ensemble, square_loss, (X, Y), steps=2, record=record, record_at=(2,))
    assert torch.equal(ensemble.parameters["0.weight"], small().parameters["0.weight"])


def dropout(generator):
    return nn.Sequential(nn.Linear(10, 3), nn.Dropout(0.5)).double()


REFUSED = {
    "no seed": (lambda: Ensemble.build(make_mlp, []), "at least one seed"),
    "device": (lambda: Ensemble.build(make_mlp, [0], device="cuda:99"), "is not there"),
    "no device": (lambda: Ensemble.build(make_mlp, [0], device="gpu"), "is not there"),
    "no module": (lambda: Ensemble.build(lambda g: 1, [0]), "torch.nn.Module"),
    "member": (lambda: small().member(3), "no member 3"),
    "dropout": (lambda: Ensemble.build(dropout, [0])(X), "random numbers"),
    "tensor": (lambda: train(small(), square_loss, X, steps=1), "tuple of tensors"),
    "lengths": (lambda: train(small(), square_loss, (X, Y[:3]), steps=1), "differ in their first"),
    "own data": (lambda: train(small(), square_loss, (X, Y), steps=1, shared_data=False), "first dimension"),
    "dtype": (lambda: train(small(), square_loss, (X.float(), Y), steps=1), "convert the data"),
    "batch": (lambda: train(small(), square_loss, (X, Y), steps=1, batch_size=13), "batch_size=13"),
    "steps": (lambda: train(small(), square_loss, (X, Y), steps=-1), "at least zero"),
    "chunk": (lambda: train(small(), square_loss, (X, Y), steps=1, chunk=0), "chunk=0"),
    "rates": (lambda: train(small(), square_loss, (X, Y), steps=1, learning_rate=[0.1, 0.2]), "one per member"),
    "rate": (lambda: train(small(), square_loss, (X, Y), steps=1, learning_rate=-0.1), "not negative"),
    "record": (lambda: train(small(), square_loss, (X, Y), steps=1, record_at=(0,)), "both or neither"),
    "late": (
        lambda: train(small(), square_loss, (X, Y), steps=1, record=lambda e, s: {}, record_at=(2,)),
        "between 0 and the 1 steps",
    ),
    "shape": (
        lambda: train(small(), square_loss, (X, Y), steps=1, record_at=(0,), record=lambda e, s: {"a": X}),
        "3 members first, but 'a'",
    ),
    "vector": (lambda: train(small(), lambda m, x, y: m(x)[:, 0], (X, Y), steps=1), "must be a scalar"),
    "constant": (lambda: train(small(), lambda m, x, y: x.sum() * 0, (X, Y), steps=1), "does not depend"),
    "lr twice": (
        lambda: train(small(), square_loss, (X, Y), steps=1, optimizer_options={"lr": 1}), "learning_rate="
    ),
    "unknown option": (
        lambda: train(small(), square_loss, (X, Y), steps=1, optimizer_options={"beta": 1}), "SGD cannot step"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_sentence(case):
    call, words = REFUSED[case]
    with pytest.raises(EnsembleError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_members_have_one_architecture():
    def make(generator):
        return nn.Linear(2, 2 + int(torch.randint(0, 50, (), generator=generator)))

    with pytest.raises(EnsembleError, match="same architecture"):
        Ensemble.build(make, range(8))


def test_dropout_runs_in_evaluation_mode():
    ensemble = Ensemble.build(lambda generator: dropout(generator).eval(), range(2))
    assert torch.equal(ensemble(X)[0], ensemble(X)[0])
