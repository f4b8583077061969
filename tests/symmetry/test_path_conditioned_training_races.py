"""The races: who crosses when, that nobody disturbs anybody, and what the statistics make of runs that fail."""

import math

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.symmetry.path_conditioned_training.conditioning import path_condition
from verified_dynamics.symmetry.path_conditioned_training.experiments import racing
from verified_dynamics.symmetry.path_conditioned_training.experiments.moons import moon_samples
from verified_dynamics.symmetry.path_conditioned_training.experiments.racing import (
    cross_entropy,
    first_below,
    race,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import moons_networks
from verified_dynamics.symmetry.path_conditioned_training.experiments.speed import (
    at,
    best_rate,
    epochs_apart,
    epochs_at_best_rate,
    epochs_ratio,
    fails,
    ratio_at_best_rates,
    ratio_at_rate,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import (
    STARTS,
    scaled_at_random,
    starting_points,
)
from verified_dynamics.symmetry.path_conditioned_training.stacked import ensemble_objective
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

CPU, SEEDS, NEVER = torch.device("cpu"), (3, 5), math.inf
SHORT = {"learning_rate": 0.3, "threshold": 0.6, "limit": 30, "shared_data": False, "block": 7}


@pytest.fixture(scope="module")
def field():
    """All starting points of two seeds, with their data."""
    x, y = moon_samples(30, SEEDS, CPU)
    start = starting_points(moons_networks(SEEDS, CPU), x[0, :1])
    return start, (x.repeat(len(STARTS), 1, 1), y.repeat(len(STARTS), 1))


def rows(name: str) -> slice:
    first = STARTS.index(name) * len(SEEDS)
    return slice(first, first + len(SEEDS))


def test_all_starting_points_compute_one_function(field):
    start, (x, _) = field
    outputs = start(x, shared=False).unflatten(0, (len(STARTS), -1))
    assert outputs.std() > 0.01
    torch.testing.assert_close(outputs, outputs[:1].expand_as(outputs), rtol=1e-11, atol=1e-13)


def test_the_starting_points_are_what_their_names_say(field):
    start, (x, _) = field
    size = {name: sum(p[rows(name)].square().sum() for p in start.parameters.values()) for name in STARTS}
    assert size["norm"] == min(size.values())
    groups = scale_groups(start.member(0))
    aim = ensemble_objective(start, x[0, :1], groups)
    imbalance = aim.imbalance(torch.zeros(len(start), groups.count, dtype=torch.float64))
    level = {name: float(imbalance[rows(name)].max()) for name in STARTS}
    assert level["path"] < level["path, ten sweeps"] < level["baseline"] < level["random"]
    for name, p in start.parameters.items():
        torch.testing.assert_close(
            p[rows("random, then path")], p[rows("path")], rtol=1e-7, atol=1e-9, msg=name
        )
        if "weight" in name:
            assert not torch.allclose(p[rows("random")], p[rows("path")], rtol=0.1)
            # Found from another point of the orbit, so that the last digits differ.
            assert not torch.equal(p[rows("random, then path")], p[rows("path")])


def test_ten_sweeps_are_the_published_method(field):
    start, (x, _) = field
    model = start.member(0)
    path_condition(model, x[0, :1], solver="sequential", max_iterations=10, max_log_scale=None)
    for name, parameter in model.named_parameters():
        swept = start.parameters[name][rows("path, ten sweeps")][0]
        torch.testing.assert_close(swept, parameter.detach(), rtol=1e-11, atol=1e-13)


def test_a_random_rescaling_belongs_to_its_seed():
    ensemble = moons_networks(SEEDS, CPU)
    together, alone = scaled_at_random(ensemble), scaled_at_random(ensemble.select([1]))
    for name, p in together.parameters.items():
        assert torch.equal(p[1:], alone.parameters[name])
    scales = together.parameters["linear1.bias"] / ensemble.parameters["linear1.bias"]
    assert not torch.allclose(scales[0], scales[1], rtol=0.1)
    assert float(scales.log().std()) == pytest.approx(1.0, abs=0.25)


def test_conditioning_after_a_random_rescaling_races_as_conditioning_alone(field):
    start, data = field
    found = race(start, data, **SHORT)
    path, after, baseline = (found.losses[rows(n)] for n in ("path", "random, then path", "baseline"))
    torch.testing.assert_close(after, path, rtol=1e-6, atol=1e-9, equal_nan=True)
    assert torch.equal(found.epochs[rows("path")], found.epochs[rows("random, then path")])
    assert not torch.allclose(baseline, path, rtol=1e-3, equal_nan=True)


@pytest.mark.parametrize("batch_size", [None, 8])
def test_a_member_races_as_it_does_alone(field, batch_size):
    start, (x, y) = field
    together = race(start, (x, y), batch_size=batch_size, **SHORT)
    assert 0 < together.epochs[rows("path")].min() < together.epochs.max()
    for k in (0, 4, 5):
        alone = race(start.select([k]), (x[k : k + 1], y[k : k + 1]), batch_size=batch_size, **SHORT)
        assert torch.equal(alone.epochs, together.epochs[k : k + 1])
        torch.testing.assert_close(
            alone.losses, together.losses[k : k + 1], rtol=1e-10, atol=0, equal_nan=True
        )


def test_blocks_change_nothing_under_full_batches(field):
    start, data = field
    blocks = race(start, data, **SHORT)
    copy = start.copy()
    whole = train(copy, cross_entropy, data, steps=30, learning_rate=0.3, shared_data=False).losses
    seen = ~blocks.losses.isnan()
    assert seen.any() and not seen.all()
    torch.testing.assert_close(blocks.losses[seen], whole[seen], rtol=0, atol=0, equal_nan=True)
    assert torch.equal(blocks.epochs, first_below(whole, 0.6))
    open_ended = race(start, data, **{**SHORT, "floor": 0.0}).losses
    torch.testing.assert_close(open_ended[rows("path")], whole[rows("path")], rtol=0, atol=0)


def test_the_race_leaves_the_ensemble_as_it_is(field):
    start, data = field
    before = start.copy()
    race(start, data, **SHORT)
    assert all(torch.equal(p, before.parameters[name]) for name, p in start.parameters.items())


def test_a_diverging_member_is_flagged_and_leaves_the_others_alone(field, monkeypatch):
    start, data = field
    rates = torch.full((len(start),), 0.3, dtype=torch.float64)
    running = []
    monkeypatch.setattr(racing, "train", lambda e, *a, **k: running.append(len(e)) or train(e, *a, **k))
    calm = race(start, data, **SHORT)
    second_calm = running[1]
    rates[1] = 1e200
    running.clear()
    wild = race(start, data, **{**SHORT, "learning_rate": rates})
    assert wild.diverged.nonzero().flatten().tolist() == [1]
    assert wild.epochs[1] == NEVER
    others = torch.arange(len(start)) != 1
    assert torch.equal(wild.epochs[others], calm.epochs[others])
    # It leaves with its block of seven epochs, although a network that is not finite moves for ever.
    assert calm.epochs[1] >= 7
    assert running[:2] == [len(start), second_calm - 1]


def test_a_network_that_cannot_move_leaves_early(monkeypatch):
    ensemble = moons_networks(SEEDS, CPU)
    ensemble.parameters["linear5.weight"].zero_()
    ensemble.parameters["linear4.bias"].fill_(-100.0)  # no unit of the last hidden layer is ever active
    calls = []
    monkeypatch.setattr(racing, "train", lambda e, *a, **k: calls.append(len(e)) or train(e, *a, **k))
    found = race(ensemble, moon_samples(30, SEEDS, CPU), **SHORT)
    assert calls == [2]
    assert (found.epochs == NEVER).all()
    assert not found.diverged.any()


def test_an_epoch_is_a_whole_round_of_minibatches(field):
    start, (x, y) = field
    found = race(start, (x, y), batch_size=8, **SHORT)
    copy = start.copy()
    # 21 samples make two minibatches of eight an epoch.
    steps = train(
        copy, cross_entropy, (x, y), steps=14, learning_rate=0.3, batch_size=8, shared_data=False
    ).losses
    means = steps.unflatten(1, (7, 2)).mean(2)
    torch.testing.assert_close(found.losses[:, :7], means, equal_nan=True)
    assert not means[rows("path")].isnan().any()


def test_every_block_draws_minibatches_of_its_own(field):
    start, data = field
    still = {**SHORT, "learning_rate": 0.0, "block": 1, "limit": 3}
    losses = race(start.select([0]), tuple(column[:1] for column in data), batch_size=8, **still).losses[0]
    # The parameters stand still, so that the mean over an epoch differs by the five samples that it leaves out.
    assert len(set(losses.tolist())) == 3


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ([0.7, 0.3, 0.1, 0.05], 3),
        ([0.05, 0.7, 0.7, 0.7], 0),
        ([0.7, 0.05, 0.7, 0.04], 1),
        ([0.7, 0.6, 0.5, 0.1], NEVER),
        ([0.7, math.inf, math.nan, math.nan], NEVER),
        ([0.7, math.nan, 0.05, 0.7], 2),
    ],
)
def test_the_crossing_is_the_first_loss_below_the_threshold(losses, epoch):
    assert float(first_below(torch.tensor([losses]), 0.1)[0]) == epoch


def table(**starts) -> xr.Dataset:
    """Epochs by learning rate and seed, for every starting point."""
    values = np.array([starts[name] for name in starts], dtype=float)  # (start, rate, seed)
    coordinates = {
        "start": list(starts),
        "learning_rate": [0.1, 0.3][: values.shape[1]],
        "seed": range(values.shape[2]),
    }
    return xr.DataArray(values, coordinates, ("start", "learning_rate", "seed")).to_dataset(name="epochs")


RESULTS = table(
    baseline=[[100, 100, 100, NEVER], [50, 60, 40, NEVER]],
    path=[[50, 60, NEVER, NEVER], [45, 66, 60, 40]],
)


def test_ratios_are_taken_seed_by_seed_at_equal_rates():
    ratio = ratio_at_rate("path", 0.1)(RESULTS)
    np.testing.assert_array_equal(ratio, [0.5, 0.6, NEVER, np.nan])
    np.testing.assert_allclose(ratio_at_rate("path", 0.3)(RESULTS), [0.9, 1.1, 1.5, 0.0])
    assert epochs_ratio("path")(RESULTS).sizes == {"learning_rate": 2, "seed": 4}
    assert ratio.dims == ("seed",)


def test_the_best_rate_has_the_smallest_median_and_failures_count():
    assert best_rate(RESULTS, "baseline") == 0.3
    assert best_rate(RESULTS, "path") == 0.3
    assert best_rate(table(path=[[50, 50, 50], [10, NEVER, NEVER]]), "path") == 0.1
    assert best_rate(table(path=[[50, 50, 50], [50, 50, 50]]), "path") == 0.1
    assert best_rate(table(path=[[10, 10, 50, 50], [35, 35, 38, 38]]), "path") == 0.1
    assert best_rate(table(path=[[10, 10, 50, 50], [25, 25, 33, 33]]), "path") == 0.3


def test_no_seed_chooses_its_own_rate():
    data = table(path=[[10, 30, 30], [40, 20, 20]])
    # The first seed alone is best at the small rate; the others choose the large one for it.
    np.testing.assert_array_equal(epochs_at_best_rate(data, "path"), [40, 30, 30])
    same = table(path=[[10, 30, 30], [40, 20, 20]], baseline=[[10, 30, 30], [40, 20, 20]])
    np.testing.assert_array_equal(ratio_at_best_rates("path")(same), [1, 1, 1])
    # For the last seed the others' medians at both rates are 60, and the smaller rate is taken, where it fails.
    np.testing.assert_array_equal(epochs_at_best_rate(RESULTS, "path"), [45, 66, 60, NEVER])


def test_a_statistic_of_one_part_of_the_data():
    deep = xr.concat([RESULTS, 2 * RESULTS], "depth").assign_coords(depth=[3, 4])
    np.testing.assert_array_equal(at(ratio_at_best_rates("path"), depth=4)(deep), [0.9, 1.1, 1.5, np.nan])
    doubled = at(lambda data: epochs_at_best_rate(data, "path"), depth=4)(deep)
    np.testing.assert_array_equal(doubled, 2 * epochs_at_best_rate(RESULTS, "path"))


def test_failures_are_counted():
    assert fails("path", 0.1)(RESULTS).values.tolist() == [False, False, True, True]


def test_epochs_apart_is_zero_only_for_equal_epochs():
    assert epochs_apart("path", "path")(RESULTS).values.tolist() == [0, 0, 0, 0]
    apart = epochs_apart("path", "baseline")(RESULTS)
    np.testing.assert_allclose(apart.values[:2], [0.5, 0.4])
    assert not np.isfinite(apart.values[2:]).any() or apart.values[3] == 1


def test_members_of_one_seed_have_one_seed(field):
    start, _ = field
    assert isinstance(start, Ensemble)
    assert start.seeds == SEEDS * len(STARTS)
