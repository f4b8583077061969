"""Values at a finite temperature against direct quadrature, simulation, and one another."""

import numpy as np
import pytest
from scipy.integrate import quad

from verified_dynamics.degeneracy.local_learning_coefficient import (
    Degeneracy,
    bilinear_on_square,
    deep_linear,
    estimate_at_truth,
    localised_quadratic,
    monomial,
    one_hidden_unit,
    reduced_rank,
    scalar_chain,
    two_temperature_estimate,
    with_multiplicity,
)


def slope(log_partition, n_beta: float) -> float:
    """−d log Z/d log T by a central difference."""
    step = 1e-4
    return -(log_partition(n_beta * np.exp(step)) - log_partition(n_beta * np.exp(-step))) / (2 * step)


def test_bilinear_table():
    values = bilinear_on_square([10, 145, 1e3, 1e4, 1e6, 1e9, 1e12])
    assert values == pytest.approx([0.2656, 0.3559, 0.3873, 0.4105, 0.4366, 0.4559, 0.4662], abs=5e-5)


@pytest.mark.parametrize("n_beta", [0.5, 30.0, 145.0, 2000.0])
def test_bilinear_against_quadrature(n_beta):
    from scipy.special import erf

    def log_partition(t):
        inner = lambda x: np.sqrt(np.pi) * erf(np.sqrt(t) * x) / (2 * np.sqrt(t) * x)  # noqa: E731
        return np.log(quad(inner, 1e-12, 1, points=[1 / np.sqrt(t)] if t > 1 else None, limit=200)[0])

    assert float(bilinear_on_square(n_beta)) == pytest.approx(slope(log_partition, n_beta), abs=1e-6)


def test_bilinear_correction_is_the_multiplicity():
    """λ − λ(T) is 1/(log T + c) with Euler's constant plus 2 log 2 for c, and 1/log T to leading order."""
    n_beta = np.array([1e3, 1e6, 1e12])
    gap = 0.5 - bilinear_on_square(n_beta)
    assert gap == pytest.approx(1 / (np.log(n_beta) + np.euler_gamma + 2 * np.log(2)), rel=1e-9)
    assert abs(gap * np.log(n_beta) - 1)[-1] < 0.07


def test_usual_temperature_is_far_from_the_limit():
    """At n = 1000 an exact estimate of λ = ½ is more than a quarter too low."""
    n = 1000
    assert float(bilinear_on_square(n / np.log(n))) < 0.75 * float(monomial([1, 1]).coefficient)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (1, 2), (3, 5)])
@pytest.mark.parametrize("n_beta", [3.0, 1e2, 1e4])
def test_one_hidden_unit_against_quadrature(inputs, outputs, n_beta):
    def log_partition(t):
        def integrand(u):  # u = log r
            r = np.exp(u)
            return r**inputs * np.exp(-(r**2) / 2) * (t * r**2 + 1) ** (-outputs / 2)

        return np.log(quad(integrand, -40, 4, limit=400, points=[-np.log(t) / 2, 0])[0])

    found = float(one_hidden_unit(inputs, outputs, n_beta))
    assert found == pytest.approx(slope(log_partition, n_beta), abs=1e-6)


def test_one_hidden_unit_tends_to_the_closed_form():
    for inputs, outputs in [(1, 2), (3, 5), (5, 3)]:
        limit = reduced_rank(inputs, 1, outputs, 0)
        assert float(one_hidden_unit(inputs, outputs, 1e12)) == pytest.approx(
            float(limit.coefficient), abs=1e-5
        )
    tied = reduced_rank(4, 1, 4, 0)
    n_beta = np.array([1e8, 1e16])
    gap = float(tied.coefficient) - one_hidden_unit(4, 4, n_beta)
    assert tied.multiplicity == 2
    assert 1 / (1 / gap[1] - 1 / gap[0]) * np.log(1e8) == pytest.approx(1, abs=1e-3)


def test_only_one_ratio_of_temperature_and_localisation_matters():
    assert one_hidden_unit(3, 5, 1e6, 100.0) == pytest.approx(one_hidden_unit(3, 5, 1e2, 1.0))
    assert scalar_chain(3, 1e9, 100.0) == pytest.approx(scalar_chain(3, 1e3, 1.0))
    assert scalar_chain(3, 1e9, 100.0) != pytest.approx(scalar_chain(3, 1e5, 1.0), rel=0.05)


def test_scalar_chains():
    n_beta = np.array([2.0, 290.0, 2e4])
    assert scalar_chain(2, n_beta) == pytest.approx(one_hidden_unit(1, 1, n_beta), abs=1e-8)
    axis = np.arange(-60, 4, 0.05)
    u, v = axis[:, None], axis[None, :]

    def log_partition(t):  # both outer weights on a logarithmic grid
        return np.log(
            np.exp(u + v - (np.exp(2 * u) + np.exp(2 * v)) / 2 - np.log1p(t * np.exp(2 * (u + v))) / 2).sum()
        )

    assert float(scalar_chain(3, 1e4)) == pytest.approx(slope(log_partition, 1e4), abs=1e-6)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_scalar_chain_loses_one_logarithm_per_layer_beyond_the_first(depth):
    """1/(λ − λ(T)) grows by 1/(m − 1) per unit of log T; m = 1 or m one too large would be far off."""
    low, high = 1 / (0.5 - scalar_chain(depth, [1e24, 1e30]))
    found = np.log(1e6) / (high - low)
    assert deep_linear((1,) * (depth + 1), 0).multiplicity == depth
    assert found == pytest.approx(depth - 1, abs=0.12)


def test_prediction_with_multiplicity():
    assert with_multiplicity(Degeneracy(0.5, 1), [10, 1e5]).tolist() == [0.5, 0.5]
    assert float(with_multiplicity(deep_linear((3,) * 5, 0), 1e6)) == pytest.approx(3 - 3 / np.log(1e6))


def test_localised_quadratic():
    assert float(localised_quadratic([1, 2, 0], 10.0)) == 1.0
    assert float(localised_quadratic([1.0, 4.0], 10.0, 5.0)) == pytest.approx(10 / 30 + 40 / 90)
    assert localised_quadratic([1.0], [[1.0, 2.0]], 1.0).shape == (1, 2)


def regressions(count: int, d: int, n: int, seed: int) -> np.ndarray:
    """n(L_n(w_0) − L_n(ŵ)) of linear regressions with unit noise."""
    draw = np.random.default_rng(seed)
    x, noise = draw.standard_normal((count, n, d)), draw.standard_normal((count, n))
    moment = np.einsum("cni,cnj->cij", x, x)
    score = np.einsum("cni,cn->ci", x, noise)
    return np.einsum("ci,ci->c", score, np.linalg.solve(moment, score[..., None])[..., 0]) / 2


def test_estimate_at_the_true_parameter_in_regressions():
    """nβ(E L_n − L_n(w_0)) = d/2 − β · n(L_n(w_0) − L_n(ŵ)): mean (d/2)(1 − β), deviation β√(d/2)."""
    d, n = 10, 200
    temperature = np.log(n)
    estimates = d / 2 - regressions(1500, d, n, seed=4) / temperature
    error = np.sqrt(d / 2) / temperature / np.sqrt(1500)
    assert estimates.mean() == pytest.approx(float(estimate_at_truth(d, temperature)), abs=4 * error)
    assert estimates.std() == pytest.approx(np.sqrt(d / 2) / temperature, rel=0.08)
    assert abs(estimates.mean() - d / 2) > 20 * error


def test_two_temperatures_need_no_minimum():
    d, n_betas, base = 7, (50.0, 200.0), 3.3
    losses = [base + d / 2 / n_beta for n_beta in n_betas]
    assert two_temperature_estimate(losses, n_betas) == pytest.approx(d / 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: with_multiplicity(Degeneracy(1, 2), 1.0), "above 1"),
        (lambda: bilinear_on_square([1.0, -1.0]), "above 0"),
        (lambda: localised_quadratic([-1.0], 1.0), "not negative"),
        (lambda: scalar_chain(1, 10.0), "at least two weights"),
        (lambda: two_temperature_estimate((1.0, 2.0), (3.0, 3.0)), "Two different"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
