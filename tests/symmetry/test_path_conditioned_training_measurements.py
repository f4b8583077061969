"""What the experiments measure, against independent calculations; and each measurement sees a planted fault."""

import dataclasses
import math

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import MLP, ConvNet
from verified_dynamics.symmetry.path_conditioned_training import (
    INITIALISATIONS,
    Objective,
    condition_ensemble,
    experiments,
    layer_optimum,
    newton,
    path_diagonal,
    uniform_default,
    width_correction,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments import (
    kernels,
    predictions,
    solving,
    unrolled,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    layer_parameters,
    moons_networks,
)
from verified_dynamics.symmetry.rescaling_invariance import Rescaling, scale_groups

CPU = torch.device("cpu")
OTHER_SEEDS = range(1000, 1006)  # not those of any profile


def measured(experiment, seeds=OTHER_SEEDS, **chosen):
    cell = next(iter(experiment.smoke.changed(settings=chosen).cells()))
    return experiment.function(cell, seeds, CPU)


# -- the path kernel ---------------------------------------------------------------------------------------------------


def test_identities_hold_and_their_controls_do_not():
    data = measured(experiments.path_lifting_identities)
    # At most some thousand products of float64 numbers, of which few cancel.
    assert float(experiments.largest_identity_error()(data).max()) < 1e-12
    assert not data["rank_missing"].any()
    assert (data["tied_rank_excess"] > 0).all()
    for control in ("uncompensated", "gelu", "plain_pooling", "padded_rank_one"):
        assert float(data[control].min()) > 5e-3, control
    assert float(data["tangent_kernel"].min()) > 1 and float(data["active"].min()) > 0.1


@pytest.mark.parametrize(
    ("name", "fault", "sees"),
    [
        ("path_metric_masses", lambda w, b, true: true([x.abs().sqrt() for x in w], b), "rank_one"),
        ("path_activations", lambda t, w, x, true: true(t, w, x.abs()), "kernel"),
        ("lifting_jacobian", lambda t, w, true: true(1.01 * t, w), "factorisation"),
        ("path_diagonal", lambda m, x, true: {n: g**1.01 for n, g in true(m, x).items()}, "diagonal"),
    ],
)
def test_the_identities_see_planted_faults(monkeypatch, name, fault, sees):
    true = getattr(kernels, name)
    monkeypatch.setattr(kernels, name, lambda *given: fault(*given, true=true))
    assert float(measured(experiments.path_lifting_identities)[sees].min()) > 1e-3


@pytest.mark.parametrize("sees", ["convolution", "average_pooling", "max_pooling", "unpadded_rank_one"])
def test_the_identities_of_convolutions_see_planted_faults(monkeypatch, sees):
    def wrong(model, example):
        return {
            name: g * (1 + 0.1 * torch.arange(g.numel()).reshape(g.shape))
            for name, g in path_diagonal(model, example).items()
        }

    assert unrolled.convolution_identities(torch.Generator().manual_seed(3))[sees] < 1e-13
    monkeypatch.setattr(unrolled, "path_diagonal", wrong)
    assert unrolled.convolution_identities(torch.Generator().manual_seed(3))[sees] > 1e-3


@pytest.mark.parametrize("bias", [True, False])
def test_the_kernel_of_a_difference_is_that_of_autograd(bias):
    ensemble = Ensemble.build(lambda g: MLP((2, 7, 6, 2), bias=bias, generator=g), (0, 1))
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = kernels.difference_kernel(*layer_parameters(ensemble.parameters, 3), x)
    for k in range(2):
        model = ensemble.member(k)
        rows = []
        for value in (model(x) @ torch.tensor([-1.0, 1.0], dtype=torch.float64)).unbind():
            gradients = torch.autograd.grad(
                value, list(model.parameters()), retain_graph=True, allow_unused=True
            )
            rows.append(torch.cat([g.reshape(-1) for g in gradients]))
        tangent = torch.stack(rows)
        np.testing.assert_allclose(found[k], tangent @ tangent.T, rtol=1e-10, atol=1e-12)
    assert found.abs().max() > 0.1


def test_imbalance_from_the_masses_is_that_of_the_criterion():
    ensemble = moons_networks((3,), CPU)
    model, example = ensemble.member(0), torch.zeros(1, 2, dtype=torch.float64)
    objective = Objective.build(scale_groups(model, example), path_diagonal(model, example))
    found = kernels.imbalance(*layer_parameters(ensemble.parameters, 5))
    expected = objective.imbalance(torch.zeros_like(objective.slope))
    np.testing.assert_allclose(found, expected.reshape(1), rtol=1e-10)


def test_conditioning_flattens_the_kernels_spectrum_and_the_norm_does_not():
    """The order that the chapter reports: the effective rank of path is above those of the baseline and of norm."""
    spectra = {
        criterion: measured(experiments.kernel_spectra, criterion=criterion)
        for criterion in ("none", "path", "norm")
    }
    rank = {name: data["effective_rank"].values for name, data in spectra.items()}
    assert (rank["path"] > rank["none"]).all() and (rank["path"] > rank["norm"]).all()
    assert (spectra["path"]["imbalance"] < spectra["none"]["imbalance"]).all()
    assert (spectra["norm"]["imbalance"] > spectra["none"]["imbalance"]).all()


# -- layer means -------------------------------------------------------------------------------------------------------


def test_a_wide_network_goes_where_its_widths_say():
    for criterion in ("path", "norm"):
        data = measured(experiments.layer_means, widths="400-200-100-300", initialisation="Kaiming, fan-out")
        gap = data[criterion] - data["predicted"]
        # Fluctuations of the squared norms, sqrt(2/(n m)) of 1 each, and means of 100 or more neurons.
        assert float(abs(gap.mean("seed")).max()) < 0.02
        assert float(abs(data["predicted"]).max()) > 0.5


def test_draws_of_another_variance_are_the_same_network_rescaled():
    gaps = []
    for rule in INITIALISATIONS:
        data = measured(experiments.layer_means, range(2), widths="20-12-9-15-4", initialisation=rule)
        gaps.append((data["path"] - data["predicted"]).values)
    np.testing.assert_allclose(gaps, np.broadcast_to(gaps[0], np.shape(gaps)), atol=1e-6)
    assert np.abs(gaps[0]).max() > 0.02  # though the narrow network itself does deviate


@pytest.mark.parametrize(("inputs", "outputs"), [(400, 10), (40, 40), (10, 300), (60, 20)])
@pytest.mark.parametrize("criterion", ["path", "norm"])
def test_width_correction_is_the_mean_of_the_neurons_own_equation(inputs, outputs, criterion):
    g = np.random.default_rng(0)
    leaving, entering = (g.chisquare(n, 400_000) / n for n in (inputs, outputs))
    b, a = (outputs / (inputs + outputs), inputs / (inputs + outputs)) if criterion == "path" else (0.5, 0.5)
    # b B x − a C/x = b − a with the masses B ~ what the inputs send and C ~ what the outputs send back.
    x = ((b - a) + np.sqrt((b - a) ** 2 + 4 * a * b * leaving * entering)) / (2 * b * leaving)
    found = float(width_correction((inputs, 50, outputs), criterion=criterion)[0])
    # The next term is of second order in the inverse widths; the mean is known to 0.001.
    assert found == pytest.approx(np.log(x).mean(), abs=3 / min(inputs, outputs) ** 2 + 0.002)


def test_the_expected_network_of_an_mlp_has_the_layer_optimum():
    widths = (6, 9, 5, 7, 3)
    variances = uniform_default(widths)
    ensemble = Ensemble.build(lambda g: MLP(widths, generator=g), (0,))
    for k, variance in enumerate(variances, start=1):
        for part in ("weight", "bias"):
            ensemble.parameters[f"linear{k}.{part}"].fill_(math.sqrt(variance))
    example = torch.zeros(1, 6, dtype=torch.float64)
    z = condition_ensemble(ensemble, example, max_log_scale=None, tol=1e-11).z[0]
    expected = layer_optimum(widths, variances, variances).repeat_interleave(torch.tensor(widths[1:-1]))
    np.testing.assert_allclose(z, expected, atol=1e-8)


def test_standard_deviations_are_those_of_the_draws():
    make = lambda g: predictions.nine_convolutions(8, 8, g)  # noqa: E731
    ensemble = Ensemble.build(make, range(200))
    expected = predictions._standard_deviations(ensemble.parameters)
    for name, drawn in ensemble.parameters.items():
        assert float(drawn.std() / expected[name].mean()) == pytest.approx(1, abs=0.05), name


def test_nine_convolutions_are_the_published_size():
    model = predictions.nine_convolutions(128, 32, torch.Generator().manual_seed(0), max_pooling=True)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(2.6e6, rel=0.02)
    assert model(torch.zeros(2, 3, 32, 32, dtype=torch.float64)).shape == (2, 10)
    strided = predictions.nine_convolutions(8, 16, torch.Generator().manual_seed(0))
    assert strided(torch.zeros(2, 3, 16, 16, dtype=torch.float64)).shape == (2, 10)
    assert not any(isinstance(m, nn.MaxPool2d) for m in strided)


def test_without_a_limit_biases_of_deep_convolutions_run_away():
    free, limited = (
        measured(experiments.layer_means_with_biases, range(1), network=f"nine convolutions{kind}")
        for kind in ("", ", limited")
    )
    assert float(free["largest_log_scale"][0]) > 10 and float(free["largest_weight"][0]) > 1e4
    assert float(limited["largest_log_scale"][0]) <= 3 + 1e-12 and float(limited["largest_weight"][0]) < 10
    assert (
        float(abs(free["path"] - free["predicted"]).max())
        < 0.5
        < 5
        < float(abs(free["path"] - free["without_biases"]).max())
    )


def test_layer_deviation_takes_the_layers_and_networks_it_is_asked_for():
    values = np.zeros((2, 2, 3, 4))  # widths, initialisation, seed, layer
    values[0, 1, 2, 3], values[1, 0, 0, 1] = -0.5, 0.2
    axes = ("widths", "initialisation", "seed", "layer")
    data = xr.Dataset(
        {"path": (axes, values), "predicted": (axes[:2] + axes[3:], np.zeros((2, 2, 4))),
         "path_correction": (("widths", "layer"), np.full((2, 4), 0.1))},
        coords={"widths": ["9-9-4", "9-9-10"], "initialisation": ["a", "b"]},
    )  # fmt: skip
    np.testing.assert_allclose(experiments.layer_deviation("path")(data), [0.2, 0, 0.5])
    np.testing.assert_allclose(experiments.layer_deviation("path", widths="10")(data), [0.2, 0, 0])
    np.testing.assert_allclose(experiments.layer_deviation("path", corrected=True)(data), [0.1, 0.1, 0.6])
    np.testing.assert_allclose(experiments.deviation_between_rules("path")(data), [0.2, 0, 0.5])


# -- solvers and points ------------------------------------------------------------------------------------------------


def test_the_solvers_agree_and_the_sign_slip_climbs():
    data = measured(experiments.solver_agreement)
    assert float(data["residual"].max()) <= 1e-12
    assert float(data["disagreement"].max()) < 1e-10
    assert float(experiments.any_rise(data).max()) < 1e-13  # the rounding of J itself
    assert float(data["sign_slip_rise"].min()) > 0.01


@pytest.mark.parametrize("name", ["newton", "block_updates", "sequential"])
def test_one_solver_that_disagrees_is_seen(monkeypatch, name):
    true = getattr(solving, name)

    def off(objective, **options):
        found = true(objective, **options)
        return dataclasses.replace(found, z=found.z + 1e-3 * (torch.arange(found.z.shape[-1]) == 5))

    monkeypatch.setattr(solving, name, off)
    data = measured(experiments.solver_agreement, range(2))
    np.testing.assert_allclose(data["disagreement"], 1e-3, rtol=1e-6)


def test_a_rise_is_seen_even_when_it_is_small(monkeypatch):
    model, example = (
        MLP((2, 5, 4, 2), generator=torch.Generator().manual_seed(0)),
        torch.zeros(1, 2, dtype=torch.float64),
    )
    objective = Objective.build(scale_groups(model, example), path_diagonal(model, example))
    assert solving.largest_rise(objective, sweeps=5) < 1e-14
    true = solving.neuron_factor
    # Steps in log X a little more than twice too long: past the minimum by more than they began before it.
    monkeypatch.setattr(solving, "neuron_factor", lambda *given: true(*given) ** 2.1)
    assert 1e-6 < solving.largest_rise(objective, sweeps=1) < 0.1


@pytest.mark.parametrize("solver", ["newton", "blocks", "sequential"])
def test_more_work_never_leaves_more_excess(solver):
    data = measured(experiments.solver_work, range(1), network="convolutions", solver=solver, sweeps=40)
    excess = data["excess"].values
    assert (np.diff(excess, axis=1) <= 1e-12).all() and excess[0, 0] > 0.1
    if solver == "newton":
        assert excess[0, -1] < 1e-12 and data["residual"][0] <= 1e-8


def test_the_excess_is_read_at_the_budget(monkeypatch):
    g = torch.Generator().manual_seed(0)
    model = ConvNet((3, 4, 4), 10, pooling="average", generator=g)
    excess, products, *_ = solving._work(model, {"solver": "newton"}, CPU)
    objective = Objective.build(
        scale_groups(model, torch.zeros(1, 3, 32, 32, dtype=torch.float64)),
        path_diagonal(model, torch.zeros(1, 3, 32, 32, dtype=torch.float64)),
    )
    solution = newton(objective, tol=1e-8)
    for budget, value in zip(solving._BUDGETS, excess, strict=True):
        done = max(k for k, work in enumerate(solution.work) if work <= budget)
        assert value == pytest.approx(float(solution.imbalance[done] - solution.imbalance[-1]), abs=1e-12)
    assert products == solution.products


def test_the_point_is_canonical_and_ten_sweeps_are_not_there_yet():
    data = measured(experiments.canonical_point)
    assert float(data["distance"].max()) < 1e-8 and float(data["moved"].min()) > 0.5
    assert float(data["ten_sweeps"].min()) > 1e-3


def test_one_layer_has_the_norm_optimum_where_the_theory_says():
    found = {case: measured(experiments.one_layer_norm, case=case)["distance"] for case in
             ("one neuron", "equal fans", "equal products", "unequal")}  # fmt: skip
    same = [float(found[case].max()) for case in ("one neuron", "equal fans", "equal products")]
    assert max(same) < 1e-8 and float(found["unequal"].min()) > 0.1


# -- the function ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", experiments.ARCHITECTURES)
def test_conditioning_keeps_every_architectures_function(architecture):
    data = measured(experiments.conditioned_function, range(1000, 1003), architecture=architecture)
    assert float(data[["training", "evaluation"]].to_array().max()) < 1e-13
    assert (data["imbalance_after"] < data["imbalance_before"]).all() and not data["undone"].any()
    assert (data["largest_log_scale"] > 0.05).all(), "nothing was rescaled"


def test_an_undo_that_leaves_something_is_seen(monkeypatch):
    monkeypatch.setattr(Rescaling, "undo", lambda self: None)
    assert float(measured(experiments.conditioned_function, range(1), architecture="MLP")["undone"][0]) > 1e-3


@pytest.mark.parametrize("breakage", ["scale before BatchNorm", "tanh", "gelu"])
def test_the_mistakes_change_the_function_and_the_twin_does_not(breakage):
    data = measured(experiments.broken_conditioning, breakage=breakage)
    assert float(data["training"].min()) > 0.01 and float(data["relu"].max()) < 1e-13
