"""The chains: the laws they sample, the slopes, and that no chain depends on the others."""

import math

import numpy as np
import pytest
import torch
from quadratic_wells import Product, Well, mean, white
from scipy import integrate
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    local_learning_coefficient,
    local_learning_coefficients,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import MLP

CURVATURE = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
N, N_BETA, GAMMA = 256, 40.0, 4.0
STIFFNESS = N_BETA * CURVATURE + GAMMA


def run(model=None, **settings):
    model, data = model or Well(CURVATURE), (white(N, 4),)
    defaults = dict(chains=64, draws=1000, burn_in=200, temperature=N / N_BETA, localization=GAMMA)
    return local_learning_coefficient(model, mean, data, **(defaults | settings))


@pytest.mark.parametrize("batch_size", [None, 16])
def test_stationary_variance_of_sgld_on_a_quadratic(batch_size):
    """(1 + ε nβ² C/(4 b)) / (A (1 − ε A/4)) with A = nβ h + γ, to 2 %; the continuous law is off by over 20 % here."""
    step = 1e-2
    noise = step * N_BETA**2 * CURVATURE**2 / (4 * batch_size) if batch_size else 0.0
    variance = (1 + noise) / (STIFFNESS * (1 - step * STIFFNESS / 4))
    found = run(step=step, batch_size=batch_size)
    expected = float((N_BETA * CURVATURE / 2 * variance).sum())
    assert found.estimate == pytest.approx(expected, rel=0.02)
    assert found.squares.mean() == pytest.approx(float(variance.sum()), rel=0.02)
    assert found.virials.mean() == pytest.approx(float((STIFFNESS * variance).sum()), rel=0.02)
    continuous = float((N_BETA * CURVATURE / STIFFNESS / 2).sum())
    assert found.estimate > 1.2 * continuous
    assert "step too large" in found.verdict


def test_shared_minibatches_give_the_same_law_and_a_wider_error():
    apart, together = run(step=1e-2, batch_size=16), run(step=1e-2, batch_size=16, shared_batches=True)
    assert together.standard_error > 3 * apart.standard_error
    assert abs(together.estimate - apart.estimate) < 4 * together.standard_error
    over_chains = together.per_chain.std(ddof=1) / 64**0.5
    assert together.standard_error > 2 * over_chains


@pytest.fixture(scope="module")
def exact():
    return run(step=8e-3, sampler="mala")


def test_mala_samples_the_continuous_law(exact):
    found = exact
    expected = float((N_BETA * CURVATURE / STIFFNESS / 2).sum())
    assert abs(found.estimate - expected) < 4 * found.standard_error < 0.04 * expected
    assert abs(found.virial_excess) < 4 * found.virial_error
    assert found.acceptance.shape == (64,) and 0.7 < found.acceptance.mean() < 0.95
    assert found.verdict.trustworthy


def test_slopes_on_a_quadratic(exact):
    """dλ̂/d log γ = −Σ γ nβ h/(2 A²), and the opposite for nβ."""
    slope = float((GAMMA * N_BETA * CURVATURE / STIFFNESS**2).sum()) / 2
    found = exact
    assert abs(found.gamma_slope + slope) < 4 * found.gamma_slope_error < 0.4 * slope
    assert abs(found.temperature_slope - slope) < 4 * found.temperature_slope_error < slope


def product_estimate(n_beta: float, gamma: float) -> float:
    """λ̂ of w1² w2² by quadrature over w1; the law of w2 given w1 is normal."""

    def weighted(factor):
        def density(w):
            precision = 2 * n_beta * w * w + gamma
            return np.exp(-gamma * w * w / 2) * precision**-0.5 * factor(w, precision)

        return integrate.quad(density, 0, 12 / gamma**0.5, points=[n_beta**-0.5], limit=500)[0]

    return weighted(lambda w, p: n_beta * w * w / p) / weighted(lambda w, p: 1.0)


def test_estimate_and_slopes_on_a_product():
    n_beta, gamma, small = 10.0, 1.0, 1e-3
    found = local_learning_coefficient(
        Product(), mean, (torch.zeros(4, 1, dtype=torch.float64),), chains=256, draws=1500, burn_in=300,
        temperature=4 / n_beta, localization=gamma, step=0.04, sampler="mala", seed=1,
    )  # fmt: skip
    up, down = math.exp(small), math.exp(-small)
    by_gamma = (product_estimate(n_beta, gamma * up) - product_estimate(n_beta, gamma * down)) / (2 * small)
    by_beta = (product_estimate(n_beta * up, gamma) - product_estimate(n_beta * down, gamma)) / (2 * small)
    assert by_gamma == pytest.approx(-2 * by_beta, rel=1e-3)  # only nβ/γ² matters
    assert abs(found.estimate - product_estimate(n_beta, gamma)) < 4 * found.standard_error < 0.05
    assert abs(found.gamma_slope - by_gamma) < 4 * found.gamma_slope_error < 0.5 * abs(by_gamma)
    assert abs(found.temperature_slope - by_beta) < 4 * found.temperature_slope_error < 2 * by_beta


def small_problem():
    generator = torch.Generator().manual_seed(0)
    ensemble = Ensemble.build(lambda g: MLP([3, 5, 2], generator=g), [0, 1, 2])
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    return ensemble, (x, y)


def squares(model, x, y):
    return ((model(x) - y) ** 2).mean()


SHORT = dict(draws=20, burn_in=20, step=1e-3, temperature=2.0)


@pytest.mark.parametrize("sampler", ["sgld", "rmsprop-sgld", "mala"])
@pytest.mark.parametrize("batch_size", [None, 8])
def test_a_chain_depends_neither_on_the_others_nor_on_chunks(sampler, batch_size):
    if sampler == "mala" and batch_size:
        batch_size = 40  # all data
    ensemble, data = small_problem()
    settings = dict(SHORT, sampler=sampler, batch_size=batch_size)
    whole = local_learning_coefficients(ensemble, squares, data, chains=4, **settings)
    cut = local_learning_coefficients(ensemble, squares, data, chains=4, chunk=5, **settings)
    more = local_learning_coefficients(ensemble, squares, data, chains=7, **settings)
    alone = local_learning_coefficient(ensemble.member(0), squares, data, chains=2, **settings)
    for r in range(3):
        np.testing.assert_allclose(cut[r].traces, whole[r].traces, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(more[r].traces[:4], whole[r].traces, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(alone.traces, whole[0].traces[:2], rtol=1e-9, atol=1e-10)
    assert not np.allclose(whole[0].traces[0], whole[0].traces[1])
    if sampler != "sgld":
        return
    again = local_learning_coefficient(ensemble.member(0), squares, data, chains=2, **settings)
    other = local_learning_coefficient(ensemble.member(0), squares, data, chains=2, seed=1, **settings)
    assert (again.traces == alone.traces).all() and not np.allclose(other.traces, alone.traces)


def test_data_of_its_own_for_each_member():
    ensemble, (x, y) = small_problem()
    own = (torch.stack([x, 2 * x, 3 * x]), torch.stack([y, y, -y]))
    for batch_size in (None, 8):
        settings = dict(SHORT, chains=2, batch_size=batch_size)
        found = local_learning_coefficients(ensemble, squares, own, shared_data=False, **settings)
        alone = local_learning_coefficient(ensemble.member(0), squares, (x, y), **settings)
        np.testing.assert_allclose(found[0].traces, alone.traces, rtol=1e-9, atol=1e-10)
        assert found[2].baseline_loss == pytest.approx(float(squares(ensemble.member(2), 3 * x, -y).detach()))


def test_restricted_parameters_alone_move():
    ensemble, data = small_problem()
    names = list(ensemble.parameters)
    found = local_learning_coefficients(ensemble, squares, data, chains=2, parameters=names[-1], **SHORT)
    assert found[0].dimension == ensemble.parameters[names[-1]][0].numel()

    class Head(nn.Module):
        def __init__(self, member):
            super().__init__()
            self.member = member.requires_grad_(False)
            self.member.get_parameter(names[-1]).requires_grad_(True)

        def forward(self, x):
            return self.member(x)

    frozen = local_learning_coefficient(Head(ensemble.member(1)), squares, data, chains=2, **SHORT)
    assert frozen.dimension == found[0].dimension
    expected = local_learning_coefficient(
        ensemble.member(1), squares, data, chains=2, parameters=[names[-1]], **SHORT
    )
    np.testing.assert_allclose(frozen.traces, expected.traces, rtol=1e-9)


def test_traced_and_untraced_gradients_make_the_same_chains(monkeypatch):
    from verified_dynamics.degeneracy.local_learning_coefficient import sampling, stacked_loss

    ensemble, data = small_problem()

    def run():
        return local_learning_coefficient(ensemble.member(0), squares, data, chains=3, batch_size=8, **SHORT)

    untraced = run()
    monkeypatch.setattr(sampling, "WORTH_TRACING", 0)
    calls = []
    program = stacked_loss.TracedGradient.__call__
    monkeypatch.setattr(
        stacked_loss.TracedGradient,
        "__call__",
        lambda self, *a: calls.append(self.program) or program(self, *a),
    )
    np.testing.assert_allclose(run().traces, untraced.traces, rtol=1e-9, atol=1e-10)
    assert len(calls) > 40 and None not in calls


@pytest.mark.parametrize("samples_see_each_other", [False, True])
def test_baseline_is_that_of_the_same_minibatch(samples_see_each_other):
    """At the first draw the chains are at w*: the paired difference is 0 there, whatever the minibatch."""

    def loss(model, x, y):
        output = model(x)
        return ((output - (output.mean(dim=0) if samples_see_each_other else 0) - y) ** 2).mean()

    ensemble, data = small_problem()
    found = local_learning_coefficients(
        ensemble, loss, data, chains=3, draws=4, burn_in=0, batch_size=8, temperature=1.0
    )
    for member in found:
        assert np.abs(member.traces[:, 0]).max() < 1e-12 < np.abs(member.traces[:, 1]).min()
