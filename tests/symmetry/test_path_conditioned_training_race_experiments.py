"""The declared races: complete, repeatable, with independent seeds, and on the networks and data that they name."""

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training import path_condition
from verified_dynamics.symmetry.path_conditioned_training.experiments.digits import (
    digits_null,
    kaiming_networks,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.images import image_race, image_samples
from verified_dynamics.symmetry.path_conditioned_training.experiments.layered_sweeps import layered_sweeps
from verified_dynamics.symmetry.path_conditioned_training.experiments.moons import (
    moon_samples,
    moons_best_rate,
    moons_epochs,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.normalisation import (
    TREATMENTS,
    batch_norm_treatments,
    loss_ratio,
    outputs,
    treated,
    treatment_change,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import moons_networks
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

CPU = torch.device("cpu")
RACES = [moons_epochs, moons_best_rate, digits_null, batch_norm_treatments, image_race]
SHORTER = {"samples": 40, "limit": 6, "records": 3, "width": 8, "batch": 16, "epochs": 2}


def cell(experiment, **changes) -> dict:
    """The last cell of the smoke profile, cut short."""
    last = list(experiment.smoke.cells())[-1]
    return {**last, **{name: value for name, value in SHORTER.items() if name in last}, **changes}


@pytest.mark.parametrize("experiment", RACES, ids=lambda e: e.name)
def test_every_variable_is_declared(experiment):
    data = experiment.function(cell(experiment), (0, 1), CPU)
    assert set(data.data_vars) == set(experiment.tolerances)
    assert data.sizes["seed"] == 2
    assert experiment.full.seeds > experiment.smoke.seeds >= 6


@pytest.mark.parametrize("experiment", RACES, ids=lambda e: e.name)
def test_a_seed_gives_the_same_alone_and_among_others(experiment):
    together = experiment.function(cell(experiment), (0, 1), CPU).isel(seed=[1])
    alone = experiment.function(cell(experiment), (1,), CPU)
    # Images are in single precision, where the order of sums shows.
    tolerance = 1e-3 if experiment is image_race else 1e-9
    for name in together.data_vars:
        np.testing.assert_allclose(alone[name].values, together[name].values, rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("make", ["moons", "digits", "single precision"])
def test_layered_sweeps_are_the_sequential_ones(make):
    ensemble = {
        "moons": lambda: moons_networks((0, 4), CPU),
        "digits": lambda: kaiming_networks((64, 64, 16, 64, 10), (0, 4), CPU),
        "single precision": lambda: kaiming_networks((5, 9, 4, 7), (0, 4), CPU, torch.float32),
    }[make]()
    found = layered_sweeps(ensemble, sweeps=3)
    for k in range(2):
        model = ensemble.member(k)
        example = torch.zeros(1, model.widths[0], dtype=next(model.parameters()).dtype)
        options = {"solver": "sequential", "max_iterations": 3, "max_log_scale": None}
        report = path_condition(model, example, **options)
        torch.testing.assert_close(found[k], report.scales, rtol=1e-11, atol=0)
    assert not torch.allclose(found, layered_sweeps(ensemble, sweeps=4), rtol=1e-4)


def test_kaiming_networks_have_the_variance_and_no_biases():
    ensemble = kaiming_networks((400, 300, 200), range(3), CPU)
    assert float(ensemble.parameters["linear1.weight"].var()) == pytest.approx(2 / 400, rel=0.02)
    assert float(ensemble.parameters["linear2.weight"].var()) == pytest.approx(2 / 300, rel=0.02)
    assert not ensemble.parameters["linear1.bias"].any()


def test_every_seed_has_its_own_moons_of_seven_tenths():
    x, y = moon_samples(40, (0, 1), CPU)
    assert x.shape == (2, 28, 2)
    assert not torch.equal(x[0], x[1])
    assert torch.equal(moon_samples(40, (1,), CPU)[0][0], x[1])
    assert 0 < y.double().mean() < 1


@pytest.fixture(scope="module")
def treatments():
    return dict(zip(TREATMENTS, treated((6, 8, 8, 3), (0, 1), CPU), strict=True))


def test_only_the_treatment_that_ignores_the_normalisation_changes_the_function(treatments):
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for training in (True, False):
        baseline, kept, ignored = (outputs(e, x, training=training) for e in treatments.values())
        assert float((kept - baseline).norm() / baseline.norm()) < 1e-13
        change = float((ignored - baseline).norm() / baseline.norm())
        assert change > 0.1 if training else change < 1e-4
    assert treatments["baseline"].module.training


def test_both_treatments_move_the_parameters_they_say(treatments):
    baseline, kept, ignored = (e.parameters for e in treatments.values())
    moved = [{n for n in baseline if not torch.allclose(p[n], baseline[n])} for p in (kept, ignored)]
    # β is zero at the start, and a bias or weight in front of a normalisation keeps its scale.
    assert moved[0] == {"norm1.weight", "norm2.weight", "linear2.weight", "linear3.weight"}
    assert moved[1] == {f"linear{k}.{p}" for k in (1, 2, 3) for p in ("weight", "bias")} - {"linear3.bias"}


def test_the_ignoring_treatment_has_the_scales_of_the_plain_network(treatments):
    baseline, ignored = treatments["baseline"].member(1), treatments["normalisation ignored"].member(1)
    plain = MLP((6, 8, 8, 3), generator=torch.Generator())
    plain.load_state_dict({n: p for n, p in baseline.state_dict().items() if "linear" in n})
    path_condition(plain, torch.zeros(1, 6, dtype=torch.float64), max_log_scale=3.0)
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(ignored.get_parameter(name), parameter, rtol=1e-6, atol=1e-9)
    assert scale_groups(baseline).count == scale_groups(plain).count


def test_statistics_of_the_treatments_read_what_they_name():
    epochs = [[[4.0, 2.0], [4.0, 1.0]], [[8.0, 6.0], [8.0, 9.0]]]  # (rate, treatment, epoch)
    data = xr.Dataset(
        {
            "loss": (("learning_rate", "treatment", "epoch", "seed"), np.array(epochs)[..., None]),
            "train_change": (("learning_rate", "treatment", "seed"), [[[0.0], [0.5]]] * 2),
            "eval_change": (("learning_rate", "treatment", "seed"), [[[0.0], [0.25]]] * 2),
        },
        coords={"learning_rate": [0.1, 0.2], "treatment": ["baseline", "x"]},
    )
    assert loss_ratio("x", 0.1)(data).values.tolist() == [0.5]
    assert loss_ratio("x", 0.2)(data).values.tolist() == [1.5]
    assert treatment_change("x", training=True)(data).values.tolist() == [0.5]
    assert treatment_change("x", training=False)(data).values.tolist() == [0.25]


def test_the_taught_images_are_standardised_and_every_class_occurs():
    x, y = image_samples("teacher", 300, CPU)
    assert x.shape == (300, 3072)
    assert x.dtype == torch.float32
    assert float(x.mean()) == pytest.approx(0, abs=1e-5)
    assert float(x.std()) == pytest.approx(1, abs=1e-5)
    assert torch.bincount(y, minlength=10).min() >= 10
    again, labels = image_samples("teacher", 300, CPU)
    assert torch.equal(again, x)
    assert torch.equal(labels, y)


def test_an_unknown_source_of_images_is_refused():
    with pytest.raises(ValueError, match="teacher, CIFAR-10"):
        image_samples("mnist", 10, CPU)


def test_the_rates_of_the_image_race_are_a_progression():
    data = image_race.function(cell(image_race, rates=3, lowest_rate=0.01, highest_rate=0.04), (0,), CPU)
    np.testing.assert_allclose(data["learning_rate"], [0.01, 0.02, 0.04])
    assert data["epochs"].dims == ("learning_rate", "seed", "start")
