"""Growth laws against their closed forms, T5's series, and optimisers on noise."""

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.margin.saturation import growth_fit, momentum_factor, simulate, t5, train_on_noise
from verified_dynamics.margin.saturation.noise_training import norm_change_under_decay

TIMES = np.unique(np.geomspace(10, 800, 12).astype(int)).tolist()


def exponent(squared):
    """Slope of log N against log t over the later half, one per seed."""
    return np.polyfit(np.log(TIMES[5:]), np.log(squared.numpy()[:, 5:]).T / 2, 1)[0]


@pytest.mark.parametrize("kappa", [1.0, 0.5])
def test_the_constant_of_misaligned_steps_sets_the_exponent(kappa):
    squared = simulate("proportional", range(8), kappa=kappa, d=1000, times=TIMES, start=1.0)
    # The standard error of the mean is about 0.01 at this size.
    assert exponent(squared).mean() == pytest.approx(kappa**2 / 2, abs=0.04)


def test_aligned_steps_are_exactly_exponential_in_the_root_of_time():
    squared = simulate("aligned", [0], kappa=0.01, d=3, times=TIMES, start=1.0)
    predicted = np.exp(4 * 0.01 * (np.sqrt(TIMES) - np.sqrt(TIMES[0])))
    assert np.allclose(squared[0], predicted, rtol=5e-3)


def test_scale_invariant_steps_grow_with_the_fourth_root():
    squared = simulate("scale-invariant", range(4), kappa=1.0, d=500, times=TIMES, start=4.0)
    # A step adds 2 + N^-4 to N^4, of which the equation keeps the 2.
    assert np.allclose((squared**2).mean(0), 256 + 2 * (np.array(TIMES) - 10), rtol=0.03)


def test_momentum_leaves_the_law_of_independent_steps():
    squared = simulate("momentum", range(8), kappa=1.0, d=1000, times=TIMES, start=1.0).mean(0).numpy()
    n = np.array(TIMES) - 10
    assert np.allclose((squared - 1)[3:], momentum_factor(n)[3:], rtol=0.08)
    assert (squared - 1)[-1] > 15 * n[-1]


def test_momentum_factor_is_the_double_sum():
    lags = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    assert momentum_factor(np.array(7.0), 0.8) == pytest.approx((0.8**lags).sum(), rel=1e-13)


def test_the_same_seed_gives_the_same_path_in_any_company():
    together = simulate("constant", [3, 4], kappa=1.0, d=20, times=[1, 5, 9], start=1.0)
    alone = simulate("constant", [4], kappa=1.0, d=20, times=[1, 5, 9], start=1.0)
    assert torch.equal(together[1:], alone)


def test_an_unknown_law_is_refused():
    with pytest.raises(ValueError, match="aligned"):
        simulate("sideways", [0], kappa=1.0, d=2, times=[1, 2], start=1.0)


def test_growth_fit_recovers_a_power_with_an_offset():
    step = np.linspace(10, 5000, 40)
    exact = xr.DataArray(
        np.stack([3 * step**0.4 + 20, 0.5 * step**0.7 + 5]), dims=("seed", "step"), coords={"step": step}
    )
    fit = growth_fit(exact)
    assert np.allclose(fit.p, [0.4, 0.7], atol=1e-6)
    assert np.allclose(fit.a, [3, 0.5], rtol=1e-5)
    assert np.allclose(fit.b, [20, 5], rtol=1e-4)


def test_t5_series_has_its_checkpoints():
    data = t5.load()
    assert data.step.size == 104
    assert data.step.values[[0, 1, -1]].tolist() == [0, 5100, 524_288]
    assert np.isnan(data.cosine_to_next.values[-1])
    assert np.isfinite(data.cosine_to_next.values[:-1]).all()


def test_one_constant_law_on_t5():
    data = t5.load()
    constant = t5.fit_one_constant(data)
    error = np.log(t5.one_constant(data.step.values, 470.6, constant) / data.norm.values)
    assert np.abs(error).max() < 0.05
    # Ordinality: any other constant fits worse.
    for other in (constant - 0.02, constant + 0.02):
        worse = np.log(t5.one_constant(data.step.values, 470.6, other) / data.norm.values)
        assert (worse**2).mean() > (error**2).mean()


def test_one_constant_law_solves_its_equation():
    step = np.array([0.0, 4999.0, 5001.0, 20_000.0, 20_002.0])
    norm = t5.one_constant(step, 1.0, 0.9)
    early, late = (np.diff(np.log(norm[i : i + 2] ** 2)) / np.diff(step[i : i + 2]) for i in (1, 3))
    assert early == pytest.approx(0.9 / 1e4, rel=1e-6)
    assert late == pytest.approx(0.9 / 20_001, rel=1e-6)


def test_t5_budget_adds_up():
    data = t5.load()
    budget = t5.budget(data)
    total = float(budget.squared_step.sum() + budget.cross_term.sum())
    assert total == pytest.approx(float(data.norm[-1] ** 2 - data.norm[0] ** 2), rel=1e-12)


def test_adafactor_steps_are_relative_to_the_weights():
    run = train_on_noise(lambda p: torch.optim.Adafactor(p, lr=1.0), [0, 1], shape=(24, 24), steps=60)
    relative = run["squared_step"] * torch.arange(1, 61)
    assert float(relative[:, 10:].max()) < 1.2
    assert float(relative[:, 10:].mean()) == pytest.approx(1.0, abs=0.1)


def test_decay_below_the_threshold_lets_the_norm_grow():
    centre = 0.1 / (2 * 0.3**2)
    decays = torch.tensor([0.5 * centre, 2 * centre], dtype=torch.float64)
    change = norm_change_under_decay(range(4), step_size=0.1, decays=decays, d=1000, rms=0.3, steps=50)
    assert bool((change[:, 0] > 0).all())
    assert bool((change[:, 1] < 0).all())
