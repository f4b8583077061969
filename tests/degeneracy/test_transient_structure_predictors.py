"""Ridge and dMMSE against direct formulas, their limits, and their exact risks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2

from verified_dynamics.data import TaskPool, regression_sequences
from verified_dynamics.degeneracy import transient_structure as ts
from verified_dynamics.degeneracy.transient_structure import predictors


def sequences(pool, n, examples, seed=0, noise_variance=0.125):
    generator = torch.Generator().manual_seed(seed)
    return regression_sequences(pool, n, examples, noise_variance=noise_variance, generator=generator)


def directly(x, y, regulariser):
    """Ridge from the normal equations of the examples before each k."""
    columns = []
    for k in range(x.shape[1]):
        past, outcome = x[:, :k], y[:, :k, None]
        task = torch.linalg.solve(
            past.mT @ past + regulariser * torch.eye(x.shape[-1], dtype=x.dtype), past.mT @ outcome
        )
        columns.append((task[..., 0] * x[:, k]).sum(-1))
    return torch.stack(columns, dim=1)


@settings(max_examples=25, deadline=None)
@given(
    dimension=st.integers(1, 6),
    examples=st.integers(1, 20),
    noise=st.floats(0.01, 4.0),
    prior=st.floats(0.1, 10.0),
    seed=st.integers(0, 10**6),
)
def test_the_recursion_solves_the_normal_equations(dimension, examples, noise, prior, seed):
    x, y, _ = sequences(TaskPool(dimension), 5, examples, seed, noise)
    found = ts.ridge(x, y, noise_variance=noise, prior_variance=prior)
    # The condition number is at most about 4 examples / (noise/prior), so that nine digits are left.
    torch.testing.assert_close(found, directly(x, y, noise / prior), rtol=1e-9, atol=1e-9)


def test_the_regulariser_is_the_variance_and_not_the_deviation():
    x, y, _ = sequences(TaskPool(2), 50, 6)
    found = ts.ridge(x, y, noise_variance=0.125)
    assert (found - directly(x, y, 0.125**0.5)).abs().max() > 0.1


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 9), dimension=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_dmmse_weighs_tasks_by_the_examples_before(size, dimension, seed):
    pool = TaskPool.nested(size, dimension, seed=seed)
    x, y, _ = sequences(pool, 4, 6, seed + 1)
    found = ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125)
    for k in range(6):
        misfit = torch.stack([((y - x @ task)[:, :k] ** 2).sum(1) for task in pool.tasks], dim=1)
        task = torch.softmax(-misfit / 0.25, dim=1) @ pool.tasks
        torch.testing.assert_close(found[:, k], (task * x[:, k]).sum(-1), rtol=1e-10, atol=1e-10)


def test_before_the_first_outcome_dmmse_is_the_pools_mean():
    """An inclusive sum over the examples, the usual slip, would use the outcome that is to be predicted."""
    pool = TaskPool.nested(7, 3, seed=1)
    x, y, _ = sequences(pool, 40, 5)
    first = ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125)[:, 0]
    torch.testing.assert_close(first, x[:, 0] @ pool.tasks.mean(0), rtol=0, atol=1e-14)
    changed = y.clone()
    changed[:, -1] += 100
    again = ts.discrete_mmse(x, changed, pool.tasks, noise_variance=0.125)
    torch.testing.assert_close(
        again, ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125), rtol=0, atol=0
    )


def test_tiny_noise_does_not_underflow():
    pool = TaskPool.nested(50, 2, seed=1)
    x, y, t = sequences(pool, 20, 30, noise_variance=1e-8)
    found = ts.discrete_mmse(x, y, pool.tasks, noise_variance=1e-8)
    torch.testing.assert_close(found[:, -1], (t * x[:, -1]).sum(-1), rtol=1e-12, atol=1e-12)


def test_chunks_do_not_change_the_result(monkeypatch):
    pool = TaskPool.nested(30, 2, seed=1)
    x, y, _ = sequences(pool, 33, 4)
    whole = ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125)
    monkeypatch.setattr(predictors, "_ELEMENTS", 4 * 30 * 5)
    torch.testing.assert_close(
        ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125), whole, rtol=0, atol=1e-15
    )


def test_single_precision_data_are_read_in_double():
    x, y, _ = sequences(TaskPool(2), 3, 5)
    found = ts.ridge(x.float(), y.float(), noise_variance=0.125)
    assert found.dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: ts.ridge(x, y[:, :-1], noise_variance=0.1), "x must be of shape"),
        (lambda x, y: ts.ridge(x, y, noise_variance=0.0), "noise_variance must be finite and positive"),
        (lambda x, y: ts.ridge(x, y, noise_variance=0.1, prior_variance=-1.0), "prior_variance must be"),
        (
            lambda x, y: ts.discrete_mmse(x, y, torch.ones(4, 3), noise_variance=0.1),
            r"tasks must be of shape \(M, 2",
        ),
        (lambda x, y: ts.ridge_risk(x[0], noise_variance=0.1), "x must be of shape"),
        (lambda x, y: ts.ridge_risk_1d(4, 2.0), "between 0 and 1"),
    ],
)
def test_bad_input_gets_one_sentence(call, message):
    x, y, _ = sequences(TaskPool(2), 3, 5)
    with pytest.raises(ValueError, match=message):
        call(x, y)


def test_one_dimensional_risks_agree_with_quadrature():
    noise = 0.125
    for k, risk in enumerate(ts.ridge_risk_1d(9, noise), start=1):
        mean = 1 / noise
        if k > 1:
            # In the root of A the density of one degree of freedom has no pole.
            mean = quad(lambda r, k=k: 2 * r * chi2.pdf(r * r, k - 1) / (noise + r * r), 0, 40, limit=200)[0]
        assert risk == pytest.approx(noise + noise * mean, rel=1e-8)


@pytest.mark.parametrize(
    ("dimension", "noise", "mean"), [(2, 0.125, 0.667), (4, 0.125, 1.657), (8, 0.25, 2.2805)]
)
def test_ridge_risk_agrees_with_realised_loss(dimension, noise, mean):
    """20,000 designs have a standard error below 0.005 a token; the realised loss one of about 0.01."""
    x, y, _ = sequences(TaskPool(dimension), 20_000, 8, noise_variance=noise)
    risk = ts.ridge_risk(x, noise_variance=noise).mean(0)
    realised = (ts.ridge(x, y, noise_variance=noise) - y).square()
    error = realised.std(0) / len(x) ** 0.5
    assert ((realised.mean(0) - risk).abs() < 4.5 * error + 0.005).all()
    assert risk[0] == pytest.approx(dimension + noise)
    if dimension < 8:
        assert float(risk.mean()) == pytest.approx(mean, abs=0.01)


def test_the_variance_over_pools_is_that_of_importance_sampling():
    x, y, _ = sequences(TaskPool(2), 1, 5, seed=3)
    predicted = float(ts.pool_variance(x[0, :4], y[0, :4], x[0, 4], noise_variance=0.125))
    generator = torch.Generator().manual_seed(0)
    target, size, pools = ts.ridge(x, y, noise_variance=0.125)[0, -1], 4096, 300
    errors = [
        ts.discrete_mmse(
            x, y, torch.randn(size, 2, generator=generator, dtype=torch.float64), noise_variance=0.125
        )
        for _ in range(pools)
    ]
    squares = (torch.stack(errors)[:, 0, -1] - target).square()
    # A mean of 300 squares of nearly Gaussian numbers has a relative deviation of 8 per cent; 1/M adds less.
    assert size * float(squares.mean()) / predicted == pytest.approx(1, abs=0.35)


def test_each_predictor_wins_at_home_and_loses_away():
    pool = TaskPool.nested(8, 4, seed=0)
    for law, best in ((pool, "dmmse"), (TaskPool(4), "ridge")):
        x, y, _ = sequences(law, 2000, 8, seed=5)
        loss = {
            "ridge": (ts.ridge(x, y, noise_variance=0.125) - y).square().mean(),
            "dmmse": (ts.discrete_mmse(x, y, pool.tasks, noise_variance=0.125) - y).square().mean(),
        }
        assert min(loss, key=loss.get) == best
        assert np.ptp([float(value) for value in loss.values()]) > 0.3
