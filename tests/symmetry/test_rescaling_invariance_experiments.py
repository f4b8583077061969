"""The declared runs: complete, repeatable, and with seeds that do not depend on one another."""

import numpy as np
import pytest
import torch

from verified_dynamics.experiments import Experiment
from verified_dynamics.symmetry.rescaling_invariance import experiments

ALL = [value for value in vars(experiments).values() if isinstance(value, Experiment)]
# Smaller than the smoke profile: enough to see that a run is sound.
SHORTER = {
    "horizon": 0.4, "records": 2, "samples": 20, "width": 6, "steps": 6, "replicas": 8, "pairs": 20, "iterations": 3,
}  # fmt: skip
CPU = torch.device("cpu")


def cells(experiment):
    """The first and the last cell, cut short."""
    found = list(experiment.smoke.cells())
    for cell in {id(c): c for c in (found[0], found[-1])}.values():
        yield {**cell, **{name: value for name, value in SHORTER.items() if name in cell}}


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_every_variable_is_declared_and_finite(experiment):
    for cell in cells(experiment):
        data = experiment.function(cell, (0, 1), CPU)
        assert set(data.data_vars) == set(experiment.tolerances)
        assert data.sizes["seed"] == 2
        assert all(np.isfinite(data[name]).all() for name in data.data_vars)


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_a_seed_gives_the_same_alone_and_among_others(experiment):
    """Chunks of seeds that fit a small memory give what all seeds give at once."""
    cell = next(iter(cells(experiment)))
    together = experiment.function(cell, (0, 1), CPU)
    alone = experiment.function(cell, (1,), CPU)
    for name in together.data_vars:
        expected = together[name].isel(seed=[1]) if "seed" in together[name].dims else together[name]
        # The last bits of batched products depend on the batch; quantities at rounding level need room for that.
        np.testing.assert_allclose(alone[name].values, expected.values, rtol=1e-6, atol=1e-12)


def test_the_full_profiles_are_no_smaller_than_the_smoke_profiles():
    assert ALL
    for experiment in ALL:
        assert experiment.full.seeds > experiment.smoke.seeds


def test_the_slope_statistic_reads_the_two_smallest_steps():
    import xarray as xr

    steps = np.array([0.4, 0.2, 0.1])
    drift = xr.DataArray(
        [[[7.0, 5.0], [2.0, 4.0], [1.0, 1.0]]],
        dims=("rule", "step_size", "seed"),
        coords={"rule": ["x"], "step_size": steps},
    )
    np.testing.assert_allclose(experiments.drift_slope("x")(drift.to_dataset(name="drift")), [1.0, 2.0])
