"""Each failure on a case that must show it and on one nearby that must not, at 20 independent sets of 8 chains."""

import dataclasses
import warnings
from collections import Counter

import numpy as np
import pytest
import torch
from quadratic_wells import Well, mean, white
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficientError,
    local_learning_coefficient,
    local_learning_coefficients,
)
from verified_dynamics.ensemble import Ensemble

CURVATURE = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
N, SETS, N_BETA, GAMMA = 16, 20, 40.0, 0.4
GOOD = dict(
    draws=400, burn_in=200, temperature=N / N_BETA, localization=GAMMA, step=4e-3, untrained_loss=15.0
)


class Crater(nn.Module):
    """1 − exp(−h w²/2): a well in a plateau, which is bounded but whose floor is as steep as it likes."""

    def __init__(self, steepness: float):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(4, dtype=torch.float64))
        self.steepness = steepness

    def forward(self, x):
        return 1 - torch.exp(-self.steepness * self.w.square().sum() / 2) + 0 * x.sum(dim=-1)


def estimates(make=lambda: Well(CURVATURE), **settings):
    ensemble = Ensemble.build(lambda generator: make(), range(SETS))
    return local_learning_coefficients(ensemble, mean, (white(N, 4),), **(GOOD | settings))


def names(found) -> Counter:
    return Counter(failure.name for estimate in found for failure in estimate.verdict.failures)


@pytest.fixture(scope="module")
def good():
    return estimates(sampler="mala", step=2e-2)


def test_a_sound_estimate_is_trustworthy(good):
    assert sum(estimate.verdict.trustworthy for estimate in good) >= SETS - 1
    exact = float((N_BETA * CURVATURE / (N_BETA * CURVATURE + GAMMA)).sum()) / 2
    pooled = np.array([estimate.estimate for estimate in good])
    assert pooled.mean() == pytest.approx(exact, abs=4 * pooled.std(ddof=1) / SETS**0.5)
    covered = sum(estimate.low <= exact <= estimate.high for estimate in good)
    assert covered >= 15  # 19 expected; 15 or fewer of 20 have probability 0.003 at a coverage of 95 %
    assert str(good[0]).startswith("local learning coefficient")


def test_not_a_minimum_and_negative():
    """On a quadratic the estimate sinks by exactly the predicted fall."""
    exact = float((N_BETA * CURVATURE / (N_BETA * CURVATURE + GAMMA)).sum()) / 2
    near, off, far = (
        estimates(lambda c=c: Well(CURVATURE, c), sampler="mala", step=2e-2) for c in (0.02, 0.1, 0.3)
    )
    assert names(near)["not a minimum"] == names(near)["negative"] == 0
    assert names(off)["not a minimum"] == SETS and names(off)["negative"] == 0
    assert names(far)["negative"] == names(far)["not a minimum"] == SETS
    for found in (near, off, far):
        mean_estimate = np.mean([estimate.estimate for estimate in found])
        assert mean_estimate == pytest.approx(exact - found[0].predicted_fall, abs=0.06)
    assert str(far[0]).startswith("negative: -")


def test_saturated_and_left_the_basin(good):
    """The plateau is where the sampled law has its mass when γ is small; a firm tie keeps the chains in the well."""
    settings = dict(temperature=N / 4.0, step=4e-2, burn_in=600, untrained_loss=1.0)
    away = estimates(lambda: Crater(4.0), localization=0.05, **settings)
    held = estimates(lambda: Crater(4.0), localization=40.0, **settings)
    assert names(away)["saturated"] == SETS
    assert names(held)["saturated"] == names(held)["left the basin"] == 0
    for share, name in ((0.95, "saturated"), (0.7, "left the basin"), (0.2, None)):
        for estimate in good[:3]:
            ceiling = estimate.baseline_loss + estimate.estimate / estimate.n_beta / share
            failures = dataclasses.replace(estimate, untrained_loss=ceiling).verdict.failures
            assert [failure.name for failure in failures] == ([name] if name else [])


def test_beyond_linear_stability():
    """ε A/4 = 1.5 on a bounded loss does not diverge, so only the number tells; on a quadratic it diverges."""
    step = 6 / (N_BETA * 4 + GAMMA)
    bounded = estimates(lambda: Crater(4.0), step=step, untrained_loss=None)
    assert names(bounded)["step beyond linear stability"] == SETS and names(bounded)["diverged"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no arithmetic warning instead of a verdict
        lost = estimates(step=4 * step, burn_in=800)
        assert names(lost)["diverged"] == names(lost)["step beyond linear stability"] == SETS
        assert str(lost[0]).startswith("diverged: 8 of 8 chains") and not np.isfinite(lost[0].estimate)
    assert names(estimates(step=step / 60))["step beyond linear stability"] == 0


def test_step_too_large():
    coarse, fine = estimates(step=1.2e-2), estimates(step=1.5e-3, draws=800)
    assert names(coarse)["step too large"] == SETS and names(coarse)["step beyond linear stability"] == 0
    assert names(fine)["step too large"] == 0
    exact = float((N_BETA * CURVATURE / (N_BETA * CURVATURE + GAMMA)).sum()) / 2
    inflated = np.mean([estimate.estimate for estimate in coarse])
    assert inflated / exact - 1 > 0.1
    assert coarse[0].step_inflation == pytest.approx(1.2e-2 * N_BETA * float(CURVATURE.sum()) / 8, rel=1e-6)


def test_not_mixed():
    short = estimates(step=2e-5, burn_in=0, draws=100)
    assert names(short)["not mixed"] == SETS
    assert names(estimates(draws=800))["not mixed"] <= 1


def test_not_relaxed():
    """Three flat directions need 2/(ε (nβ h + γ)) = 1e5 steps; the stiff one alone makes the traces look mixed."""
    flat = torch.tensor([4.0, 1e-4, 1e-4, 1e-4], dtype=torch.float64)
    crawling = estimates(lambda: Well(flat), localization=1e-3)
    assert names(crawling)["not relaxed"] == SETS and names(crawling)["not mixed"] <= 1
    assert all(e.verdict.failures[-1].number == pytest.approx(0.75, abs=0.1) for e in crawling)
    assert names(estimates(lambda: Well(flat), localization=10.0))["not relaxed"] == 0


def test_localisation_dominated():
    tied = estimates(sampler="mala", localization=200.0, step=8e-3)
    assert names(tied)["localisation-dominated"] == SETS
    free = estimates(sampler="mala", localization=4.0, step=2e-2)
    assert names(free)["localisation-dominated"] <= 1


def test_one_chain_has_no_interval_and_is_not_trusted():
    found = local_learning_coefficient(Well(CURVATURE), mean, (white(N, 4),), chains=1, **GOOD)
    assert "one chain" in found.verdict and not found.verdict.trustworthy
    for name in ("low", "high", "standard_error"):
        with pytest.raises(LearningCoefficientError, match="chains=2 or more"):
            getattr(found, name)
    assert str(found).startswith("one chain:") and np.isfinite(found.estimate)


def test_failures_are_printed_before_the_estimate():
    found = local_learning_coefficient(Well(CURVATURE, 0.3), mean, (white(N, 4),), **GOOD)
    lines = str(found).splitlines()
    assert (
        lines[-1].startswith("local learning coefficient -") and len(lines) == len(found.verdict.failures) + 1
    )
    for failure, line in zip(found.verdict.failures, lines, strict=False):
        assert line.startswith(f"{failure.name}: ") and np.isfinite(failure.number)
