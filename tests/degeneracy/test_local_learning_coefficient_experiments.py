"""The chapter's runs at small size: exact values, what the theory ranks, and controls that must fail."""

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    deep_linear,
    layer_product,
    reduced_rank_local,
)
from verified_dynamics.degeneracy.local_learning_coefficient import experiments as chapter
from verified_dynamics.experiments import Experiment
from verified_dynamics.statistics import estimate

DECLARED = [
    getattr(chapter, name) for name in chapter.__all__ if isinstance(getattr(chapter, name), Experiment)
]


def small(experiment, seeds=None, **settings) -> xr.Dataset:
    return experiment.run(experiment.smoke.changed(seeds=seeds, settings=settings)).data


@pytest.mark.parametrize("experiment", DECLARED, ids=lambda e: e.name)
def test_every_run_belongs_to_the_chapter_and_says_what_it_varies(experiment):
    assert experiment.chapter == "degeneracy/local-learning-coefficient"
    assert len(experiment.description) > 40


def test_volumes_follow_the_exact_formula_and_the_control_does_not():
    data = small(chapter.sublevel_volumes, potential=["x^2 y^2", "x^2 + y^2"], seeds=8)
    assert estimate(chapter.volume_over("x^2 y^2")(data)).contains(1)
    without = estimate(chapter.volume_over("x^2 y^2", lambda e: e**0.5)(data))
    assert without.low > 2, "the logarithm of a tie must be visible"
    assert estimate(chapter.volume_exponent("x^2 + y^2")(data)).value == pytest.approx(1, abs=0.02)


def test_more_tanh_units_are_less_degenerate_and_more_linear_ones_are_not():
    data = small(chapter.sums_of_units, seeds=4, hidden=[1, 2, 3])
    tanh = [float(chapter.coefficient_of_units("tanh", h)(data).mean()) for h in (1, 2, 3)]
    linear = [float(chapter.coefficient_of_units("linear", h)(data).mean()) for h in (2, 3)]
    assert tanh == sorted(tanh)
    assert tanh[2] - tanh[1] > 0.1 and abs(linear[1] - linear[0]) < 1e-3


def test_shells_are_uniform_in_the_cube():
    weights, importance = chapter.volumes._shells(2, 200_000, torch.Generator().manual_seed(1))
    inside = (weights.abs() < 0.5).all(1)
    share = float((importance * inside).sum() / importance.sum())
    assert share == pytest.approx(0.25, abs=0.01)


def test_closed_forms_agree_and_their_controls_do_not():
    data = small(chapter.closed_forms, widest=3, deepest=2)
    agreeing = [
        name for name in chapter.counting.COMPARISONS if "without" not in name and "greatest" not in name
    ]
    assert all(int(chapter.mismatches(name)(data)) == 0 for name in agreeing)
    assert float(chapter.share_of_mismatches("reduced rank without rank shift")(data)) > 0.2
    assert int(chapter.mismatches("greatest local value and global value")(data)) > 0


def test_local_values_on_the_fibre_rank_as_the_formula_says():
    data = small(chapter.local_values, seeds=8, sweeps=60)
    found = data.coefficient.mean("seed").squeeze()
    assert (
        float(found.sel(ranks="(3,1)"))
        > float(found.sel(ranks="(2,2)")) + 1
        > float(found.sel(ranks="(1,1)")) + 1
    )
    assert (
        float(data.predicted.squeeze().sel(ranks="(3,1)")) == reduced_rank_local(4, 3, 8, 1, 3, 1).coefficient
    )
    assert estimate(chapter.local_value_over_prediction("4-3-8 rank 1")(data)).value == pytest.approx(
        1, abs=0.03
    )


def test_descent_reaches_the_target_and_keeps_the_balance():
    target = torch.zeros(8, 4, dtype=torch.float64)
    target[0, 0] = 2.0
    start = chapter.fibre._drawn(0.7, [0, 1])
    first, second = chapter.fibre._descended(start, target, rate=0.005, steps=8000)
    assert float((second @ first - target).abs().max()) < 1e-6
    before = start[0] @ start[0].mT - start[1].mT @ start[1]
    after = first @ first.mT - second.mT @ second
    assert float((after - before).abs().max()) < 0.05 * float(before.abs().max())


def test_a_small_initialisation_ends_at_the_global_value_and_a_large_one_does_not():
    data = small(chapter.end_points, seeds=6, chains=8, sweeps=30)
    assert chapter.ranks_follow_balance(data).all()
    assert abs(float(chapter.above_global(1e-3)(data).mean())) < 0.2
    large = data.sel(initial_scale=0.7)
    assert float(abs(large.coefficient - large.predicted).max()) < 0.5, (
        "0.5 is a third of the gap of two strata"
    )


def test_products_match_the_integral_and_need_their_own_power_of_the_localisation():
    data = small(chapter.products, seeds=64, factors=[4], sweeps=60)
    assert abs(float(chapter.product_error(4)(data).mean())) < 0.01
    assert abs(float(chapter.localisation_change(4)(data).mean())) < 0.01
    assert float(chapter.change_at_equal_square(4)(data).mean()) < -0.05


def test_population_data_make_the_mean_loss_the_population_loss():
    layers = balanced_point((3, 2, 4), 1)
    inputs, targets = chapter.population_data(layers)
    other = [w + 0.1 for w in layers]
    loss = chapter.half_squared_error(chapter.linear_network(other), inputs, targets)
    expected = (layer_product(other) - layer_product(layers)).square().sum() / 2
    assert float(loss) == pytest.approx(float(expected), rel=1e-12)


def test_curvatures_are_those_of_the_loss():
    layers = balanced_point((3, 2, 4), 1)
    inputs, targets = chapter.population_data(layers)
    sizes = [w.numel() for w in layers]

    def loss(flat):
        first, second = (p.view(w.shape) for p, w in zip(flat.split(sizes), layers, strict=True))
        return ((inputs @ first.T @ second.T - targets).square().sum(-1).mean()) / 2

    exact = torch.linalg.eigvalsh(torch.func.hessian(loss)(torch.cat([w.flatten() for w in layers])))
    assert torch.allclose(chapter.reduced_rank_curvatures(layers), exact, atol=1e-10)


def test_stationary_variance_follows_the_discrete_law_and_not_the_continuous_one():
    data = small(chapter.stationary_variance, seeds=8, batch=["minibatches"], draws=600)
    found = estimate(chapter.variance_over_formula("minibatches", 0.3)(data))
    assert found.low < 1.02 and found.high > 0.98
    assert estimate(chapter.variance_over_ideal("minibatches", 0.3)(data)).low > 2


def test_a_larger_step_inflates_more_and_the_virial_takes_most_of_it_back():
    data = small(chapter.step_inflation, seeds=12, draws=600)
    plain = data.coefficient.mean("seed").values
    assert plain[-1] > plain[-2] > plain[-3]
    added, left = plain[-1] - float(data.exact), float(data.corrected.mean("seed")[-1] - data.exact)
    assert abs(left) < 0.3 * added


def test_cases_have_the_values_of_the_closed_forms():
    assert chapter.case("4-4-4-4", 0).coefficient == deep_linear((4, 4, 4, 4), 1).coefficient
    generic = chapter.case("5-3-5", 4)
    assert float(layer_product(generic.layers).square().sum()) == pytest.approx(1)
    assert generic.coefficient > deep_linear((5, 3, 5), 1).coefficient


def test_sound_estimates_hold_the_truth_and_crawling_chains_are_seen_by_the_virial():
    data = small(chapter.graded_estimates, seeds=2, widths=["2-4-4-3"], sound=2, draws=300)
    sound, hard = data.sel(case=[0, 1]), data.sel(case=5)
    assert float((abs(sound.coefficient - sound.truth) / sound.truth).mean()) < 0.1
    assert (hard.coefficient < 0.8 * hard.truth).all()
    assert (hard.virial < -0.5).all() and (sound.virial > -0.3).all()


def test_provoked_failures_are_named_and_nothing_is_reported_without():
    data = small(chapter.provoked_failures, seeds=2, draws=400)
    assert (chapter.false_alarms(data) == 0).all()
    assert (chapter.named(data) >= 0.8).all()


def test_saturated_chains_repeat_the_loss_and_tied_ones_do_not():
    data = small(chapter.saturated_chains, seeds=4, draws=100)
    assert float(chapter.slope_against_loss("loose")(data).mean()) > 0.6
    assert float(chapter.slope_against_loss("tight")(data).mean()) < 0.5


def test_the_paired_baseline_has_less_noise():
    data = small(chapter.paired_baseline, seeds=32, draws=20, samples=1000)
    assert float(chapter.squared_deviation("paired")(data).mean()) < 0.2
    assert 0.3 < float(chapter.squared_deviation("unpaired")(data).mean()) < 2


def test_truth_lies_below_the_minimiser():
    data = small(chapter.truth_and_minimiser, seeds=16, draws=100)
    gap = chapter.estimate_at("minimiser")(data) - chapter.estimate_at("truth")(data)
    assert float(gap.mean()) > 0.5 and np.isfinite(gap).all()


def test_slopes_from_the_draws_have_the_sign_and_size_of_the_exact_ones():
    data = small(chapter.slopes_from_draws, seeds=16, draws=600)
    assert float(chapter.slope_over_exact("localization")(data).mean()) == pytest.approx(1, abs=0.3)
    assert float(chapter.slope_over_exact("temperature")(data).mean()) == pytest.approx(1, abs=0.3)
