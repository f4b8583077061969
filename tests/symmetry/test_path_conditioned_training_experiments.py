"""The declared runs: complete, repeatable, and with seeds that do not depend on one another."""

import numpy as np
import pytest
import torch

from verified_dynamics.experiments import Experiment
from verified_dynamics.symmetry.path_conditioned_training import experiments

ALL = [value for value in vars(experiments).values() if isinstance(value, Experiment)]
# Smaller than the smoke profile: enough to see that a run is sound.
SHORTER = {
    "channels": 4, "image_size": 8, "points": 12, "samples": 40, "limit": 30, "epochs": 4, "steps": 6, "width": 8,
    "sweeps": 20,
}  # fmt: skip
CPU = torch.device("cpu")


def cells(experiment):
    """The first and the last cell, cut short."""
    found = list(experiment.smoke.cells())
    for cell in {id(c): c for c in (found[0], found[-1])}.values():
        yield {**cell, **{name: min(value, cell[name]) for name, value in SHORTER.items() if name in cell}}


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_every_variable_is_declared_and_finite(experiment):
    for cell in cells(experiment):
        data = experiment.function(cell, (0, 1), CPU)
        assert set(data.data_vars) == set(experiment.tolerances)
        assert data.sizes["seed"] == 2
        unfinished = {
            "epochs",
            "loss",
        }  # infinite, or not a number, where a training has not crossed its threshold
        for name in set(data.data_vars) - unfinished:
            assert np.isfinite(data[name]).all(), name


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_a_seed_gives_the_same_alone_and_among_others(experiment):
    """Chunks of seeds that fit a small memory give what all seeds give at once."""
    cell = next(iter(cells(experiment)))
    together = experiment.function(cell, (0, 1), CPU)
    alone = experiment.function(cell, (1,), CPU)
    for name in together.data_vars:
        expected = together[name].isel(seed=[1]) if "seed" in together[name].dims else together[name]
        # The solvers stop at 1e-8 in z, and a stack stops when its last member has got there.
        np.testing.assert_allclose(alone[name].values, expected.values, rtol=1e-6, atol=1e-6, err_msg=name)


def test_the_full_profiles_are_no_smaller_than_the_smoke_profiles():
    assert ALL
    for experiment in ALL:
        assert experiment.full.seeds > experiment.smoke.seeds
        for name, value in experiment.full.settings.items():
            if name in SHORTER:
                assert value >= experiment.smoke.settings[name], f"{experiment.name}: {name}"
