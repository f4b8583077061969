"""Split R-hat and effective sample size: ArviZ's values, known laws, and chains that have not mixed."""

import warnings

import numpy as np
import pytest

from verified_dynamics.statistics import StatisticsError, effective_sample_size, split_r_hat


def autoregressive(rng, rho, shape):
    draws = np.empty(shape)
    draws[:, 0] = rng.standard_normal(shape[0]) / np.sqrt(1 - rho**2)
    for t in range(1, shape[1]):
        draws[:, t] = rho * draws[:, t - 1] + rng.standard_normal(shape[0])
    return draws


def arviz():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz

        return arviz


SHAPES = [(2, 4), (2, 5), (3, 7), (4, 100), (8, 201), (64, 33)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rho", [-0.95, -0.5, 0.0, 0.5, 0.99])
def test_equal_to_arviz(shape, rho):
    """Only where ArviZ is not there (a bare machine) is there nothing to compare."""
    az = arviz()
    for seed in range(5):
        draws = autoregressive(np.random.default_rng(seed), rho, shape)
        draws[0] += seed  # a chain apart, for some of them
        assert split_r_hat(draws) == pytest.approx(float(az.rhat(draws, method="rank")), rel=1e-8)
        assert effective_sample_size(draws) == pytest.approx(float(az.ess(draws, method="mean")), rel=1e-8)


def test_heavy_tails_and_ties_equal_to_arviz():
    az = arviz()
    rng = np.random.default_rng(0)
    for draws in (rng.standard_cauchy((4, 60)), rng.integers(0, 3, (4, 60)).astype(float)):
        assert split_r_hat(draws) == pytest.approx(float(az.rhat(draws, method="rank")), rel=1e-8)
        assert effective_sample_size(draws) == pytest.approx(float(az.ess(draws, method="mean")), rel=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_effective_size_of_an_autoregression(rho):
    """n (1 - rho) / (1 + rho) exactly; over 20 x 4000 draws the estimate is within a few percent."""
    draws = autoregressive(np.random.default_rng(1), rho, (20, 4000))
    expected = draws.size * (1 - rho) / (1 + rho)
    assert effective_sample_size(draws) == pytest.approx(expected, rel=0.1)


def test_mixed_chains_have_r_hat_near_one_and_others_do_not():
    rng = np.random.default_rng(2)
    mixed = rng.standard_normal((8, 200))
    apart = mixed + np.arange(8)[:, None]
    drifting = mixed + np.linspace(0, 4, 200)
    wider = mixed * np.linspace(1, 5, 8)[:, None]  # the same mean, another spread
    assert split_r_hat(mixed) < 1.02
    assert min(split_r_hat(apart), split_r_hat(drifting), split_r_hat(wider)) > 1.1


def test_one_chain_is_compared_with_itself():
    rng = np.random.default_rng(3)
    assert split_r_hat(rng.standard_normal((1, 400))) < 1.05
    assert split_r_hat(rng.standard_normal((1, 400)) + np.linspace(0, 5, 400)) > 1.5


def test_draws_that_are_not_finite_give_no_number():
    draws = np.random.default_rng(4).standard_normal((2, 10))
    draws[0, 3] = np.inf
    assert np.isnan(split_r_hat(draws)) and np.isnan(effective_sample_size(draws))


def test_equal_draws():
    assert np.isnan(split_r_hat(np.ones((2, 10)))) and effective_sample_size(np.ones((2, 10))) == 20


@pytest.mark.parametrize("shape", [(2, 3), (10,), (0, 10)])
def test_too_little_to_judge(shape):
    with pytest.raises(StatisticsError, match="at least 4 of each chain"):
        split_r_hat(np.zeros(shape))
