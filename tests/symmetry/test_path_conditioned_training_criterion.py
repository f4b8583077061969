"""The runs about the criterion: complete, repeatable seed by seed, and able to fail."""

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.symmetry.path_conditioned_training import Objective
from verified_dynamics.symmetry.path_conditioned_training.experiments import (
    criterion_identities,
    imbalance_ratio,
    path_magnitude_histogram,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("experiment", [criterion_identities, path_magnitude_histogram], ids=lambda e: e.name)
def test_a_seed_gives_the_same_alone_and_among_others(experiment):
    for cell in experiment.smoke.cells():
        together, alone = experiment.function(cell, (0, 5), CPU), experiment.function(cell, (5,), CPU)
        assert set(together.data_vars) == set(experiment.tolerances)
        for name in together.data_vars:
            assert np.isfinite(together[name]).all()
            np.testing.assert_allclose(alone[name], together[name].isel(seed=[1]), rtol=1e-6, atol=1e-9)


def test_the_whole_matrix_agrees_with_the_diagonal_and_its_frobenius_norm_does_not():
    data = criterion_identities.function({"spread": 0.7}, range(10, 20), CPU)
    assert data["divergence_error"].max() < 1e-10 and data["hessian_error"].max() < 1e-11
    assert data["frobenius_gap"].min() > 0.01
    assert data["curvature_ratio"].min() > 1e-3 and abs(data["frozen_ratio"]).max() < 1e-12


@pytest.mark.parametrize("variable", ["divergence_error", "hessian_error"])
def test_a_wrong_number_of_parameters_is_seen(monkeypatch, variable):
    def one_more(cls, *arguments, **options):
        objective = build(*arguments, **options)
        return cls(objective.mass, objective.count + 1, objective.slope, objective.free, objective.offset)

    build = Objective.build
    monkeypatch.setattr(Objective, "build", classmethod(one_more))
    data = criterion_identities.function({"spread": 0.7}, (0, 1), CPU)
    assert data[variable].min() > 1e-3


def test_the_shares_of_the_histogram_are_complete_and_only_the_criterion_lowers_the_imbalance():
    parts = [
        path_magnitude_histogram.function(cell, (20, 21), CPU).expand_dims(criterion=[cell["criterion"]])
        for cell in path_magnitude_histogram.smoke.cells()
    ]
    data = xr.concat(parts, "criterion")
    np.testing.assert_allclose(data["share"].sum("bin"), 1)
    assert imbalance_ratio("path")(data).max() < 0.5 and imbalance_ratio("norm")(data).min() > 1
