"""The in-context regression half of stagewise development: metrics, the audit of saturation, trajectories."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.degeneracy.stagewise_development import regression_metrics as metrics
from verified_dynamics.degeneracy.stagewise_development import trajectories
from verified_dynamics.degeneracy.stagewise_development.experiments import regression as runs
from verified_dynamics.degeneracy.stagewise_development.experiments import regression_nulls
from verified_dynamics.degeneracy.stagewise_development.regression_development import (
    checkpoint_steps,
    train_in_context,
)
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import (
    REGRESSION_N_BETA,
    audit,
    audit_curve,
    published_stages,
)
from verified_dynamics.degeneracy.transient_structure.predictors import ridge
from verified_dynamics.degeneracy.transient_structure.training import Problem
from verified_dynamics.statistics import principal_components, random_walk_spectrum, random_walks

PROBLEM = Problem(2, 4, 0.125)


@pytest.fixture(scope="module")
def development():
    return train_in_context(
        (3, 4), PROBLEM, width=8, layers=2, heads=1, steps=6, batch=8, learning_rate=1e-2, warm_up=0.3,
        checkpoints=(0, 2, 6), device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def sequences():
    return metrics.gaussian_sequences(PROBLEM, 4096, seed=0)


# Checkpoints


def test_checkpoints_are_the_union_of_even_and_geometric_steps():
    assert checkpoint_steps(100, linear=4, logarithmic=3) == (0, 1, 10, 25, 50, 75, 100)
    assert checkpoint_steps(8, linear=8, logarithmic=0) == tuple(range(9))


@pytest.mark.parametrize("bad", [{"steps": 0}, {"linear": 0}, {"logarithmic": -1}])
def test_senseless_checkpoints_are_refused(bad):
    with pytest.raises(ValueError, match="at least"):
        checkpoint_steps(**{"steps": 10, "linear": 2, "logarithmic": 2} | bad)


def test_every_checkpoint_of_every_seed_is_kept(development):
    assert development.steps == (0, 2, 6) and len(development.checkpoints) == 6
    name = next(iter(development.checkpoints.parameters))
    picked = development.at([6]).parameters[name]
    assert torch.equal(picked, development.checkpoints.parameters[name][[2, 5]])
    assert development.at([0, 6]).seeds == (3, 3, 4, 4)
    with pytest.raises(ValueError, match="no checkpoint at step 5"):
        development.at([5])


def test_predictions_of_the_stack_are_those_of_each_network(development, sequences):
    x, y = (part[:16] for part in sequences)
    found = development.predictions(x, y)
    assert found.shape == (2, 3, 16, 4)
    for row in range(6):
        alone = development.checkpoints.member(row)(x, y)
        assert torch.allclose(found.flatten(0, 1)[row], alone, atol=1e-5)


def test_a_seed_does_not_depend_on_its_company(development):
    alone = train_in_context(
        (4,), PROBLEM, width=8, layers=2, heads=1, steps=6, batch=8, learning_rate=1e-2, warm_up=0.3,
        checkpoints=(0, 2, 6), device="cpu",
    )  # fmt: skip
    for name, value in alone.checkpoints.parameters.items():
        assert torch.allclose(value, development.checkpoints.parameters[name][3:], atol=1e-5), name


# Metrics


def test_predicting_zero_has_the_prior_loss_and_ridge_beats_it(sequences):
    x, y = sequences
    zero = torch.zeros_like(y)
    loss = metrics.token_losses(zero, y).mean()
    # y² has a standard deviation of about 3.7 per sequence here: five standard errors of 4,096 sequences.
    assert loss == pytest.approx(metrics.prior_level(PROBLEM), abs=0.2)
    assert metrics.mean_square_prediction(zero) == 0
    assert metrics.ridge_losses(x, y, noise_variance=0.125).mean() < 0.6 * loss


def test_ridge_is_at_distance_zero_from_itself_and_scored_by_context(sequences):
    x, y = sequences
    optimal = ridge(x, y, noise_variance=0.125)
    assert metrics.distance_to_ridge(optimal.float(), x, y, noise_variance=0.125) < 1e-10
    losses = metrics.token_losses(optimal, y)
    assert metrics.in_context_score(losses, early=2, late=4) < -0.5
    flat = metrics.token_losses(torch.zeros_like(y), y)
    assert abs(metrics.in_context_score(flat, early=2, late=4)) < 0.3
    with pytest.raises(ValueError, match="early and late"):
        metrics.in_context_score(losses, early=4, late=5)


def test_scaled_inputs_share_tasks_and_noise():
    x, y = metrics.gaussian_sequences(PROBLEM, 8, seed=1)
    wide, outcome = metrics.gaussian_sequences(PROBLEM, 8, seed=1, input_scale=4.0)
    assert torch.allclose(wide, 2 * x)
    noise = 2 * y - outcome  # 2 (t.x + e) - (2 t.x + e)
    assert 0.2 < noise.std() < 0.5
    with pytest.raises(ValueError, match="input_scale"):
        metrics.gaussian_sequences(PROBLEM, 8, seed=1, input_scale=0.0)


def test_small_gains_are_counted(development):
    ensemble = development.checkpoints.copy()
    assert (metrics.small_gains(ensemble) == 0).all()
    names = [name for name in ensemble.parameters if name.endswith("gain")]
    assert len(names) == 5
    ensemble.parameters[names[0]][1] = 0.01
    assert metrics.small_gains(ensemble)[1] == pytest.approx(1 / 5)
    assert metrics.small_gains(ensemble)[0] == 0


# The audit of saturation

LOSSES = np.array([4.4, 3.6, 2.5, 1.9])


def _audit(chain, **changes):
    options = {"n_beta": 50.0, "untrained_loss": 4.4, "stability": [0.2] * 4} | changes
    return audit_curve(LOSSES, options["n_beta"] * (np.asarray(chain) - LOSSES), **options)


def test_chains_that_forget_have_slope_one_and_the_untrained_loss():
    found = _audit([4.4, 4.42, 4.38, 4.4])
    assert found.follows_loss is True and found.at_ceiling and found.stable
    assert found.slope == pytest.approx(1, abs=0.02)
    assert "add nothing" in str(found)


def test_chains_that_stay_are_told_apart():
    found = _audit(LOSSES + 0.1)
    assert found.follows_loss is False and not found.at_ceiling and found.slope == pytest.approx(0, abs=1e-9)
    assert "no affine function" in str(found)


def test_few_noisy_checkpoints_leave_it_open():
    found = _audit([4.4, 3.4, 4.8, 3.9])
    assert found.follows_loss is None and "do not settle" in str(found)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.5, 5), min_size=4, max_size=4), st.floats(1, 1000))
def test_slope_is_one_minus_that_of_the_chain_loss(chain, n_beta):
    expected = 1 - np.polyfit(LOSSES, chain, 1)[0]
    assert _audit(chain, n_beta=n_beta).slope == pytest.approx(expected, abs=1e-6)


def test_unstable_steps_and_negative_estimates_are_reported():
    found = _audit(LOSSES - 0.3, stability=[0.2, 2.4, 0.9, 0.5])
    assert not found.stable and found.negative == 4
    assert "beyond the limit" in str(found) and "4 of 4 estimates are negative" in str(found)


@pytest.mark.parametrize(
    ("losses", "estimates", "words"),
    [
        ([1, 2], [1, 2], "at least three"),
        ([1, 2, 3], [1, 2], "at least three"),
        ([1, 2, np.nan], [1, 2, 3], "finite"),
        ([2, 2, 2], [1, 2, 3], "same at all"),
    ],
)
def test_what_cannot_be_audited_is_refused(losses, estimates, words):
    with pytest.raises(ValueError, match=words):
        audit_curve(losses, estimates, n_beta=1.0, untrained_loss=1.0, stability=[0.1])


class _Estimate:
    """What the audit reads of an estimate."""

    def __init__(self, loss, n_beta, estimate):
        self.baseline_loss, self.n_beta, self.estimate = loss, n_beta, estimate
        self.untrained_loss, self.stability = 4.4, 0.1


def test_estimates_are_audited_as_their_curve():
    made = [_Estimate(loss, 50.0, 50.0 * (4.4 - loss)) for loss in LOSSES]
    assert audit(made) == _audit([4.4] * 4, stability=[0.1])
    with pytest.raises(ValueError, match="one nβ"):
        audit([*made, _Estimate(1.0, 60.0, 1.0)])


# The published table


def test_published_ratios_of_two_stages_are_n_beta():
    ratios = {stage.stage: stage.ratio for stage in published_stages()}
    assert ratios["LR1"] == pytest.approx(66.9, abs=0.05) and ratios["LR2"] == pytest.approx(67.4, abs=0.05)
    assert all(abs(ratios[s] / REGRESSION_N_BETA - 1) < 0.02 for s in ("LR1", "LR2"))
    assert all(abs(ratios[s] / REGRESSION_N_BETA - 1) > 0.5 for s in ("LR3", "LR4", "LR5"))
    language = [stage.ratio for stage in published_stages("language")]
    assert len(language) == 5 and max(language) - min(language) > 20


def test_rounding_allows_the_temperature_in_the_first_stage_only():
    inside = {
        stage.stage: stage.ratio_interval[0] <= REGRESSION_N_BETA <= stage.ratio_interval[1]
        for stage in published_stages("regression")
    }
    assert inside == {"LR1": True, "LR2": False, "LR3": False, "LR4": False, "LR5": False}
    second = published_stages("regression")[1]
    assert second.chain_shift(REGRESSION_N_BETA) == pytest.approx(0.025, abs=0.001)


def test_losses_of_the_published_stages_add_to_the_published_fall():
    # The losses at the ends, 4.45 and 1.75, are known to a hundredth.
    assert sum(stage.loss_change for stage in published_stages("regression")) == pytest.approx(
        -2.70, abs=0.03
    )
    with pytest.raises(ValueError, match="no published run"):
        published_stages("vision")


# Trajectories


def test_shares_and_parabola_do_not_know_the_order_but_cosines_do():
    walk = random_walks(1, 120, 800, seed=0)[0]
    mixed = trajectories.shuffled(walk, seed=1)
    ordered, random = (principal_components(path, 3) for path in (walk, mixed))
    assert np.allclose(ordered.explained, random.explained, rtol=1e-9)
    assert trajectories.cosine_agreement(ordered.scores)[0] > 0.97
    assert trajectories.cosine_agreement(random.scores)[0] < 0.2
    assert sorted(map(tuple, mixed[:, :2])) == sorted(map(tuple, walk[:, :2]))


def test_sign_walks_take_the_steps_of_the_trajectory():
    path = np.random.default_rng(0).standard_normal((12, 5)).cumsum(axis=0)
    walks = trajectories.sign_walks(path, 7, seed=0)
    assert walks.shape == (7, 12, 5) and np.allclose(walks[:, 0], path[0])
    assert np.allclose(np.abs(np.diff(walks, axis=1)), np.abs(np.diff(path, axis=0)))
    assert not np.allclose(walks[0], walks[1])


def test_a_walk_lies_within_its_own_null_and_a_straight_line_does_not():
    walk = random_walks(1, 100, 1500, seed=2)[0]
    found = trajectories.picture(walk, 3, walks=20, seed=0)
    assert np.allclose(found.null.mean(0), random_walk_spectrum(3), atol=0.05)
    assert abs(found.shares[0] - found.null[:, 0].mean()) < 4 * found.null[:, 0].std()
    line = np.arange(100.0)[:, None] * np.ones(1500) + 3 * np.random.default_rng(0).standard_normal(
        (100, 1500)
    )
    straight = trajectories.picture(line, 3, walks=20, seed=0)
    assert straight.shares[0] > 0.95 and straight.shares[0] > straight.null[:, 0].max()


def test_walks_of_the_experiment_have_the_shares_of_the_theory():
    data = regression_nulls.random_walk_components.run("smoke", device="cpu").data
    shares = data.shares.mean("seed")
    assert np.allclose(shares.sel(path="walk"), random_walk_spectrum(4), atol=0.02)
    assert np.allclose(data.shares.sel(path="shuffled"), data.shares.sel(path="walk"), rtol=1e-9)
    assert (shares.sel(path="noise") < 0.02).all()
    assert (data.cosine.sel(path="shuffled") < 0.2).all()


# The run as a whole


def test_a_small_run_is_complete_and_repeats_itself():
    changes = {"steps": 6, "linear": 6, "logarithmic": 0, "evaluation": 16, "probes": 8, "estimated_at": "2,4,6",
               "samples": 8, "width": 8, "batch": 8, "chain_batch": 4, "published_burn_in": 4, "published_draws": 6,
               "hot_burn_in": 4, "hot_draws": 6,
               "localised_burn_in": 4, "localised_draws": 6}  # fmt: skip
    size = runs.regression_development.smoke.changed(settings=changes)
    first, second = (runs.regression_development.run(size, device="cpu").data for _ in range(2))
    assert first.identical(second)
    assert not any(first[name].isnull().any() for name in first.data_vars)
    chain = first.sample_loss + first.estimate.sel(setting="published") / REGRESSION_N_BETA
    assert np.allclose(chain, first.chain_loss.sel(setting="published"), atol=1e-5)
