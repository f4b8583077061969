"""Data of the members, what is recorded along their training, and the statistics made of it."""

import math

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.degeneracy import transient_structure as ts
from verified_dynamics.degeneracy.transient_structure import experiments

PROBLEM = ts.Problem(dimension=2, examples=4, noise_variance=0.125)
MEMBERS = ts.Members(PROBLEM, (3, 10, math.inf), (0, 5))


def test_members_of_a_seed_share_inputs_noise_and_start():
    x, y = MEMBERS.training_data(6, device="cpu")(4)
    assert x.shape == (6, 6, 4, 2) and y.shape == (6, 6, 4)
    torch.testing.assert_close(x[0], x[2], rtol=0, atol=0)
    torch.testing.assert_close(x[1], x[5], rtol=0, atol=0)
    assert not torch.equal(x[0], x[1]) and not torch.equal(y[0], y[2])
    ensemble = ts.build(MEMBERS, width=8, layers=1, heads=2, device="cpu")
    for tensor in ensemble.parameters.values():
        torch.testing.assert_close(tensor[0], tensor[4], rtol=0, atol=0)
    assert not torch.equal(ensemble.parameters["token.weight"][0], ensemble.parameters["token.weight"][1])


def test_draws_depend_on_seed_and_step_alone():
    alone = ts.Members(PROBLEM, (10,), (5,)).training_data(6, device="cpu")(4)
    together = MEMBERS.training_data(6, device="cpu")(4)
    for one, all_of_them in zip(alone, together, strict=True):
        torch.testing.assert_close(one[0], all_of_them[3], rtol=0, atol=0)
    assert not torch.equal(MEMBERS.training_data(6, device="cpu")(3)[0], together[0])


def test_pools_of_a_seed_are_nested_and_their_tasks_are_drawn_evenly():
    (small, _), (large, _), (gaussian, _) = MEMBERS.pools()
    torch.testing.assert_close(small.tasks, large.tasks[:3], rtol=0, atol=0)
    assert gaussian.tasks is None
    quiet = ts.Members(ts.Problem(2, 4, 1e-12), (3,), (0,))
    x, y = quiet.in_pool_sequences(6000, device="cpu")
    tasks = quiet.pools()[0][0].tasks.float()
    misfit = (y[0, :, :, None] - x[0] @ tasks.T).abs().sum(dim=1)  # (n, M)
    counts = torch.bincount(misfit.argmin(dim=1), minlength=3)
    assert float(misfit.min(dim=1).values.max()) < 1e-3
    # Three counts of 2000 with a standard deviation of 37 each.
    assert (counts - 2000).abs().max() < 4.5 * 37


def test_probe_sequences_have_the_first_task():
    quiet = ts.Members(ts.Problem(2, 4, 1e-12), (3, 10), (0, 5))
    x, y = quiet.first_task_sequences(3, device="cpu")
    for j in range(2):
        task = quiet.pools()[0][j].tasks[0].float()
        for i in (0, 1):
            torch.testing.assert_close(y[2 * i + j], x[2 * i + j] @ task, rtol=1e-4, atol=1e-4)


def test_one_cycle_goes_up_and_down():
    factor = ts.triangle(100, 0.5)
    values = [factor(step) for step in range(100)]
    assert values[0] == pytest.approx(0.02) and max(values) == 1 and values[-1] == pytest.approx(0.02)
    assert values.index(max(values)) in (49, 50)
    with pytest.raises(ValueError, match="warm_up is a share"):
        ts.triangle(100, 1.5)


def test_a_pool_of_two_and_a_half_tasks_is_refused():
    with pytest.raises(ValueError, match="whole number"):
        ts.Members(PROBLEM, (2.5,), (0,)).pools()


def test_what_is_recorded_is_the_loss_and_the_distances():
    evaluation = ts.Evaluation(MEMBERS, n=50, probe=2, device="cpu")
    ensemble = ts.build(MEMBERS, width=8, layers=1, heads=2, device="cpu")
    found = evaluation(ensemble, 0)
    (x, y), (far, _) = evaluation.data
    member = 3
    with torch.no_grad():
        f = ensemble.member(member)(x[member], y[member]).double()
    torch.testing.assert_close(
        found["loss"][member, 0], (f - y[member]).square().mean(0), rtol=1e-5, atol=1e-6
    )
    pool = MEMBERS.pools()[1][1]
    memory = ts.discrete_mmse(x[member], y[member], pool.tasks, noise_variance=0.125)
    torch.testing.assert_close(
        found["to_dmmse"][member, 0], (f - memory).square().mean(0), rtol=1e-5, atol=1e-6
    )
    levels = evaluation.levels()
    assert float(levels["between"][4:].abs().max()) == 0
    assert (levels["dmmse_loss"].mean(-1)[:2, 0] < levels["ridge_loss"].mean(-1)[:2, 0]).all()
    torch.testing.assert_close(far[0], far[2], rtol=0, atol=0)
    assert found["probe"].shape == (6, 2 * 4)


def test_training_lowers_the_loss_and_starts_at_any_batch():
    ensemble = ts.build(MEMBERS, width=8, layers=1, heads=2, device="cpu")
    twin = ensemble.select(range(len(ensemble)))
    options = {"batch": 32, "learning_rate": 1e-2, "warm_up": 0.3, "record": None, "record_at": ()}
    found = ts.train_on_pools(ensemble, MEMBERS, steps=40, **options)
    assert (found.losses[:, -8:].mean(1) < found.losses[:, :2].mean(1)).all()
    later = ts.train_on_pools(twin, MEMBERS, steps=2, first=40, **options)
    assert not torch.equal(later.losses[:, 0], found.losses[:, 0])


def dataset(share: float, rise: float) -> xr.Dataset:
    """A made-up training whose function ends at ridge + share (dMMSE - ridge), and whose Gaussian loss ends risen."""
    steps = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    axes = ("pool", "seed", "step", "law", "token")
    place = np.linspace(0, share, len(steps))
    shape = (1, 2, len(steps), 2, 3)
    square = np.broadcast_to(place[:, None, None], shape) ** 2
    curve = np.array([5, 4, 3, 2, 1, 1, 1, rise, rise], dtype=float)
    loss = np.broadcast_to(curve[:, None, None], shape).copy()
    levels = {
        name: (("pool", "seed", "law", "token"), np.ones((1, 2, 2, 3))) for name in ("ridge_loss", "between")
    }
    return xr.Dataset(
        {
            "to_ridge": (axes, 2 * square),
            "to_dmmse": (axes, 2 * (np.sqrt(square) - 1) ** 2),
            "loss": (axes, loss),
            **levels,
        },
        coords={"step": steps, "law": ["pool", "gaussian"], "pool": ["4"]},
    ).assign(between=(("pool", "seed", "law", "token"), np.full((1, 2, 2, 3), 2.0)))


def test_statistics_of_a_made_up_training():
    data = dataset(share=0.7, rise=1.8)
    np.testing.assert_allclose(experiments.final_coordinate("4")(data), 0.7)
    np.testing.assert_allclose(experiments.late_rise(data, "4"), 1.8)
    assert experiments.critical_step(data, "4").values.tolist() == [5, 5]
    np.testing.assert_allclose(experiments.late_rise(dataset(0.1, 1.0), "4"), 1.0)
    np.testing.assert_allclose(experiments.off_pool_ratio("4")(data), 1.0)
    np.testing.assert_allclose(experiments.change_of_gaussian_loss("4")(data), 1.8 / 5)


def test_the_loss_of_a_sequence_is_in_nats():
    def model(x, y):
        return y + 0.5

    x, y = torch.zeros(3, 4, 2), torch.zeros(3, 4)
    assert float(ts.sequence_loss(0.125)(model, x, y)) == pytest.approx(4 * 0.25 / 0.25)
