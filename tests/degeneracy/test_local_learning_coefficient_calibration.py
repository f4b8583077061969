"""The calibration against the exact spectrum of a quadratic, and the curvature it rests on."""

import numpy as np
import pytest
import torch
from quadratic_wells import Well, mean, white
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficientError,
    calibrate,
    calibrations,
    local_learning_coefficient,
)
from verified_dynamics.degeneracy.local_learning_coefficient.curvature import lanczos
from verified_dynamics.ensemble import Ensemble, top_hessian_eigenvalue
from verified_dynamics.models import MLP

CURVATURE = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
N, N_BETA = 256, 40.0


def calibrated(**settings):
    return calibrate(Well(CURVATURE), mean, (white(N, 4),), temperature=N / N_BETA, **settings)


def test_curvature_of_a_quadratic():
    found = calibrated()
    assert found.top_eigenvalue == pytest.approx(4.0) and found.trace == pytest.approx(7.5)
    assert found.dimension == 4 and found.weights.sum() == pytest.approx(4)
    assert calibrated(batch_size=16).noise_trace == pytest.approx(float((CURVATURE**2).sum()), rel=0.3)


def test_step_and_localisation_meet_their_conditions():
    """ε (nβ h_max + γ)/4 = inflation without minibatches, and 2/(ε γ) is a quarter of the steps."""
    for inflation, steps in ((0.05, 2000), (0.1, 400)):
        found = calibrated(inflation=inflation, steps=steps)
        assert found.step * (N_BETA * 4 + found.localization) / 4 == pytest.approx(inflation)
        assert 2 / (found.step * found.localization) == pytest.approx(steps / 4)
    assert calibrated(batch_size=16).step < 0.5 * calibrated().step  # the minibatch's noise takes its share


def test_table_is_the_exact_trade_on_a_quadratic():
    found = calibrated()
    table = found.table([0.4, 4.0, 400.0])
    pull = N_BETA * CURVATURE.numpy()
    for k, gamma in enumerate((0.4, 4.0, 400.0)):
        row = table.isel(localization=k)
        assert float(row["estimate"]) == pytest.approx((pull / (pull + gamma)).sum() / 2)
        assert float(row["localization_bias"]) == pytest.approx((gamma / (pull + gamma)).sum() / 2)
        assert float(row["gamma_slope"]) == pytest.approx(-(pull * gamma / (pull + gamma) ** 2).sum() / 2)
        assert float(row["relaxation_steps"]) == pytest.approx(2 / (float(row["step"]) * gamma))
        assert float(row["step_inflation"]) == pytest.approx(float(row["step"]) * N_BETA * 7.5 / 8)
    default = found.table()
    assert (np.diff(default["localization_bias"]) > 0).all() and (
        np.diff(default["relaxation_steps"]) < 0
    ).all()


def test_recommended_settings_give_a_trustworthy_estimate():
    found = calibrated(steps=1600)
    pull = N_BETA * CURVATURE.numpy()
    expected = (pull / (pull + found.localization)).sum() / 2
    estimate = local_learning_coefficient(
        Well(CURVATURE), mean, (white(N, 4),), chains=16, burn_in=400, draws=1200, **found.settings
    )
    assert estimate.verdict.trustworthy, str(estimate)
    assert abs(estimate.estimate - expected) < 4 * estimate.standard_error + 0.05 * expected


def test_lanczos_finds_the_spectrum_and_the_overlaps():
    """All eigenvalues where the steps reach the dimension; the weights integrate polynomials exactly before."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(2, 12, 12, generator=generator, dtype=torch.float64)
    matrix = root + root.mT
    start = torch.randn(2, 12, generator=generator, dtype=torch.float64)

    def product(v):
        return (matrix @ v[..., None])[..., 0]

    full = lanczos(product, start, 12)
    torch.testing.assert_close(full.values, torch.linalg.eigvalsh(matrix))
    few = lanczos(product, start, 5)
    unit = start / start.norm(dim=1, keepdim=True)
    power = unit
    for degree in range(1, 10):  # Gauss quadrature with k nodes is exact up to degree 2k − 1
        power = product(power)
        torch.testing.assert_close((few.weights * few.values**degree).sum(dim=1), (unit * power).sum(dim=1))
    single = lanczos(lambda v: 3.0 * v, start, 4)  # the Krylov space is spent after one step
    torch.testing.assert_close(
        (single.weights * single.values).sum(dim=1), torch.full((2,), 3.0, dtype=torch.float64)
    )


def test_members_of_an_ensemble_are_calibrated_as_alone():
    ensemble = Ensemble.build(lambda g: MLP([3, 5, 2], generator=g), [0, 1])
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def loss(model, x):
        return (model(x) - 1).square().mean()

    together = calibrations(ensemble, loss, (x,), batch_size=8)
    for r in range(2):
        alone = calibrate(ensemble.member(r), loss, (x,), batch_size=8)
        assert together[r].step == pytest.approx(alone.step) and together[r].trace == pytest.approx(
            alone.trace
        )
        member = ensemble.member(r)
        power = top_hessian_eigenvalue(
            lambda p, member=member: (torch.func.functional_call(member, p, (x,)) - 1).square().mean(),
            {name: p.detach() for name, p in member.named_parameters()},
        )
        assert together[r].top_eigenvalue == pytest.approx(float(power.value), rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (dict(inflation=1.0), "share between 0 and 1"),
        (dict(batch_size=257), "between 1 and the number of samples"),
        (dict(temperature=-1.0), "temperature must be finite and positive"),
    ],
)
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(LearningCoefficientError, match=words):
        calibrate(Well(CURVATURE), mean, (white(N, 4),), **settings)


def test_too_few_steps_and_a_flat_loss():
    with pytest.raises(LearningCoefficientError, match="plan at least 81"):
        _ = calibrated(steps=40).localization
    with pytest.raises(LearningCoefficientError, match="list of positive numbers"):
        calibrated().table([0.0])
    flat = calibrate(nn.Linear(2, 1), lambda model, x: 0 * model(x).sum(), (torch.ones(5, 2),))
    with pytest.raises(LearningCoefficientError, match="no direction in which the loss curves upwards"):
        _ = flat.settings
