import time
from dataclasses import replace

import pytest
import torch
import toy_experiments as toys
import xarray as xr

from verified_dynamics import catalogue
from verified_dynamics.experiments import Profile
from verified_dynamics.experiments.memory import Estimate, LiveTensors, free_memory, tried


def test_live_tensors_are_counted_to_the_byte():
    with LiveTensors("cpu") as watch:
        x = torch.zeros(1000, dtype=torch.float64)
        y = x + 1  # 16 000 bytes live
        y.mul_(2)
        view = x[:10].reshape(2, 5)
        assert watch.live == 16_000
        del y
        assert watch.live == 8_000
        del x, view
    assert watch.live == 0 and watch.peak == 16_000


def stacked(cell, seeds, device):
    """Hold a data set and one matrix for each seed, and a temporary twice as large."""
    data = torch.zeros(cell["rows"], 100, dtype=torch.float64, device=device)
    weights = torch.zeros(len(seeds), 100, 50, dtype=torch.float64, device=device)
    both = torch.cat([weights, weights])
    return xr.Dataset({"value": (("seed",), [float(both.sum() + data.sum())] * len(seeds))})


def toy(function, **settings):
    sizes = Profile(grid={"rows": (10, 1000)}, seeds=300, settings=settings)
    return replace(toys.growth, function=function, full=sizes), sizes


def test_the_estimate_is_the_straight_line_through_the_trials_of_the_largest_cell():
    found = tried(*toy(stacked), "cpu")
    assert found.finished and found.of(300) == pytest.approx(1000 * 800 + 3 * 300 * 40_000, rel=1e-3)


@pytest.mark.parametrize("name", ["effective-support", "path-norm", "softmax-gaps"])
def test_the_estimate_agrees_with_the_measured_peak_of_an_experiment(name):
    experiment = catalogue.find(name)
    estimate = tried(experiment, experiment.smoke, "cpu", seconds=8.0)
    cell = max(experiment.smoke.cells(), key=lambda c: [v for v in c.values() if isinstance(v, int | float)])
    with LiveTensors("cpu") as watch:
        experiment.function(dict(cell), tuple(range(experiment.smoke.seeds)), torch.device("cpu"))
    assert watch.peak > 10_000
    assert estimate.of(experiment.smoke.seeds) == pytest.approx(watch.peak, rel=0.1)


def test_a_long_cell_is_cut_off_and_the_estimate_says_so():
    def long(cell, seeds, device):
        """Hold a matrix for each seed, and go on for hours."""
        weights = torch.ones(len(seeds), 10_000, dtype=torch.float64)
        while True:
            weights = weights * 0.5
            time.sleep(0.01)

    begun = time.monotonic()
    found = tried(*toy(long), "cpu", seconds=1.0)
    assert time.monotonic() - begun < 10
    assert not found.finished and found.of(300) == pytest.approx(2 * 300 * 80_000, rel=0.01)


def test_a_trial_without_tensor_operations_ends_too():
    def idle(cell, seeds, device):
        """Sleep for hours."""
        time.sleep(10_000)

    begun = time.monotonic()
    assert tried(*toy(idle), "cpu", seconds=0.8) is None
    assert time.monotonic() - begun < 10


def test_a_trial_that_fails_gives_no_estimate():
    def failing(cell, seeds, device):
        """Fail."""
        raise ZeroDivisionError

    assert tried(*toy(failing), "cpu") is None


def test_seeds_are_halved_until_they_fit():
    estimate = Estimate(100.0, 10.0, True, 2)
    assert estimate.at_once(64, 10_000) == 64
    assert estimate.at_once(64, 500) == 32
    assert estimate.at_once(64, 1) == 1


def test_a_run_of_some_seeds_at_a_time_gives_the_same_data():
    whole = toys.steady.run(toys.steady.full.changed(settings={"pause": 0.0, "cell": (1,)}))
    parts = toys.steady.run(toys.steady.full.changed(settings={"pause": 0.0, "cell": (1,)}), at_once=7)
    assert whole.data.identical(parts.data)


def test_the_free_memory_of_the_processor_is_plausible():
    assert 1e7 < free_memory(torch.device("cpu")) < 1e15
