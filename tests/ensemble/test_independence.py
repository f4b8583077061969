"""Member k of an ensemble is the k-th network trained alone, whatever the size of the ensemble."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import NETWORKS, regression, square_loss
from torch import nn

from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.ensemble.batches import Batches

SIZES = (1, 2, 3, 5, 8, 17, 32)
OPTIMIZERS = {
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
}


def rate(seed: int) -> float:
    """A learning rate that a member's seed determines, so that sub-ensembles can be compared."""
    return (0.01, 0.003, 0.02)[seed % 3]


def trained(network, seeds, optimizer="momentum", *, own_rates=False, samples=17, **options):
    ensemble = Ensemble.build(NETWORKS[network], seeds)
    method, settings_ = OPTIMIZERS[optimizer]
    rates = [rate(seed) for seed in seeds] if own_rates else 0.01
    options = {"steps": 4, "record": recorder(network), "record_at": (0, 3, 4)} | options
    trajectory = train(
        ensemble, square_loss, regression(network, samples),
        optimizer=method, optimizer_options=settings_, learning_rate=rates, **options,
    )  # fmt: skip
    return ensemble, trajectory


def recorder(network):
    x, y = regression(network, 7, seed=1)
    return lambda ensemble, step: {"loss": ensemble.map(square_loss, x, y), "output": ensemble(x)}


def assert_equal(small, large, rows):
    """Bit equality of everything that a training gives."""
    (one, short), (all_, long) = small, large
    for name in one.parameters:
        assert torch.equal(one.parameters[name], all_.parameters[name][rows]), name
    for name in one.buffers:
        assert torch.equal(one.buffers[name], all_.buffers[name][rows]), name
    assert torch.equal(short.losses, long.losses[rows])
    for name in short.values:
        assert torch.equal(short.values[name], long.values[name][rows]), name


@pytest.mark.parametrize(
    ("network", "optimizer"),
    [*[(network, "momentum") for network in NETWORKS], ("mlp", "adam"), ("conv", "adam"), ("mlp", "adamw")],
)
def test_member_does_not_depend_on_the_size(network, optimizer):
    large = trained(network, range(32), optimizer)
    for size in SIZES:
        assert_equal(trained(network, range(size), optimizer), large, list(range(size)))


@pytest.mark.parametrize("network", NETWORKS)
def test_member_does_not_depend_on_the_size_with_batches_and_rates(network):
    options = {"batch_size": 8, "own_rates": True, "steps": 5}
    large = trained(network, range(32), "adam", **options)
    for size in SIZES:
        assert_equal(trained(network, range(size), "adam", **options), large, list(range(size)))


@pytest.mark.parametrize("samples", [1, 2, 64, 1000])
def test_member_does_not_depend_on_the_size_for_any_number_of_samples(samples):
    for network in ("mlp", "scalar"):
        large = trained(network, range(5), samples=samples)
        for k in range(5):
            assert_equal(trained(network, [k], samples=samples), large, [k])


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6, unique=True),
    st.data(),
    st.sampled_from(["mlp", "scalar"]),
)
@settings(max_examples=15, deadline=None)
def test_any_selection_in_any_order_and_chunks(seeds, data, network):
    rows = data.draw(st.permutations(range(len(seeds))))[: data.draw(st.integers(1, len(seeds)))]
    chunk = data.draw(st.integers(1, 6))
    large = trained(network, seeds, own_rates=True, batch_size=4, samples=11)
    small = trained(network, [seeds[r] for r in rows], own_rates=True, batch_size=4, samples=11, chunk=chunk)
    assert_equal(small, large, list(rows))


@pytest.mark.parametrize("network", ["mlp", "scalar"])
def test_member_does_not_depend_on_the_size_on_two_threads(network):
    torch.set_num_threads(2)
    large = trained(network, range(17), steps=2, record_at=(2,))
    for size in (1, 2, 5):
        assert_equal(trained(network, range(size), steps=2, record_at=(2,)), large, list(range(size)))


@pytest.mark.parametrize("chunk", [1, 2, 3, 8])
def test_chunks_change_nothing(chunk):
    assert_equal(
        trained("mlp", range(8), "adam", chunk=chunk), trained("mlp", range(8), "adam"), list(range(8))
    )


def test_own_data_gives_each_member_its_own_problem():
    sets = [regression("mlp", 20, seed=k) for k in range(4)]
    x, y = (torch.stack(column) for column in zip(*sets, strict=True))
    for batch_size in (None, 6):
        ensemble = Ensemble.build(NETWORKS["mlp"], range(4))
        train(ensemble, square_loss, (x, y), steps=5, shared_data=False, batch_size=batch_size)
        for k, own in enumerate(sets):
            alone = Ensemble.build(NETWORKS["mlp"], [k])
            train(alone, square_loss, own, steps=5, batch_size=batch_size)
            for name in alone.parameters:
                assert torch.equal(alone.parameters[name][0], ensemble.parameters[name][k])


@pytest.mark.parametrize("network", NETWORKS)
def test_member_in_single_precision_is_equal_to_rounding(network):
    """Two steps of rounding at 6e-8: 1e-5 leaves a hundred of them."""

    def single(seeds):
        ensemble = Ensemble.build(lambda generator: NETWORKS[network](generator).float(), seeds)
        data = tuple(column.float() for column in regression(network, 17))
        train(ensemble, square_loss, data, steps=2, learning_rate=0.01)
        return ensemble

    large, small = single(range(5)), single([3])
    for name in small.parameters:
        torch.testing.assert_close(small.parameters[name][0], large.parameters[name][3], rtol=1e-5, atol=1e-5)


def plain_loop(module: nn.Module, data, optimizer: str, learning_rate: float, steps: int) -> nn.Module:
    """The training loop that everybody writes, on one ordinary module."""
    module = copy.deepcopy(module)
    method, options = OPTIMIZERS[optimizer]
    stepper = method(module.parameters(), lr=learning_rate, **options)
    for _ in range(steps):
        stepper.zero_grad()
        square_loss(module, *data).backward()
        stepper.step()
    return module


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_ensemble_is_the_plain_loop(network, optimizer):
    """Other kernels sum in another order, so equality is to rounding, 1e-16 for one gradient.

    Twenty steps of SGD keep this below 1e-11. Adam divides a gradient by its size: a rounding of 1e-16 in one of
    1e-6 moves the weight by 1e-10 of the learning rate, hence 1e-9. Where the true gradient is zero (biases
    before a BatchNorm) Adam follows the rounding itself: these entries have no effect and are left out.
    """
    biases_without_effect = {"batch norm": ("0.bias", "1.running_mean"), "conv": ("4.bias", "5.running_mean")}
    close = 1e-11 if optimizer == "momentum" else 1e-9
    ensemble = Ensemble.build(NETWORKS[network], range(3))
    data = regression(network, 33)
    modules = [plain_loop(ensemble.member(k), data, optimizer, rate(k), 20) for k in range(3)]
    rates = [rate(k) for k in range(3)]
    method, options = OPTIMIZERS[optimizer]
    train(
        ensemble,
        square_loss,
        data,
        steps=20,
        optimizer=method,
        learning_rate=rates,
        optimizer_options=options,
    )
    for k, module in enumerate(modules):
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if name in biases_without_effect.get(network, ()):
                continue
            stacked = {**ensemble.parameters, **ensemble.buffers}[name][k]
            torch.testing.assert_close(stacked, tensor.detach(), rtol=close, atol=close)


def test_diverged_member_disturbs_no_other():
    seeds, data = range(6), regression("mlp", 20)
    calm, wild = (Ensemble.build(NETWORKS["mlp"], seeds) for _ in range(2))
    rates = torch.full((6,), 0.01)
    options = {"steps": 50, "optimizer": torch.optim.SGD}
    train(calm, square_loss, data, learning_rate=rates, **options)
    rates[2] = 1e6
    quiet = torch.tensor([0, 1, 3, 4, 5])
    wild.parameters["0.weight"][2] = float("nan")
    trajectory = train(wild, square_loss, data, learning_rate=rates, **options)
    assert trajectory.diverged.tolist() == [False, False, True, False, False, False]
    assert not trajectory.losses[2].isfinite().any() and trajectory.losses[quiet].isfinite().all()
    for name in calm.parameters:
        assert torch.equal(calm.parameters[name][quiet], wild.parameters[name][quiet])


def test_member_that_blows_up_on_its_way_is_flagged():
    ensemble = Ensemble.build(NETWORKS["scalar"], range(3))
    rates = torch.tensor([0.01, 1e3, 0.01])
    trajectory = train(ensemble, square_loss, regression("scalar", 20), steps=60, learning_rate=rates)
    assert trajectory.diverged.tolist() == [False, True, False]
    assert trajectory.losses[1, 0].isfinite() and not trajectory.losses[1, -1].isfinite()


def test_batches_of_a_member_depend_on_its_seed_alone_and_are_epochs():
    many, lone = Batches(range(5), 10, 4), Batches([3], 10, 4)
    draws = [(many.draw(), lone.draw()) for _ in range(6)]
    assert all(torch.equal(m[3], alone[0]) for m, alone in draws)
    first = torch.cat([draws[0][0][3], draws[1][0][3]])
    assert len(first.unique()) == 8
    assert not torch.equal(draws[0][0][0], draws[0][0][1])
    assert not torch.equal(Batches([3], 10, 4, stream=1).draw(), draws[0][1])
