"""The detector of stages: its Gaussian process against scikit-learn's, its borders against curves with known ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from verified_dynamics.degeneracy.stagewise_development import (
    LogisticSteps,
    detectable_separation,
    find_stages,
    find_stages_of_many,
    noisy,
    random_steps,
    slope_samples,
    smooth_curve,
)
from verified_dynamics.degeneracy.stagewise_development.slope_posterior import (
    _LEVEL_VARIANCE,
    _Fit,
    curvature_kernel,
    kernel,
    slope_kernel,
)
from verified_dynamics.degeneracy.stagewise_development.stages import FLAT, boundaries_of

TIMES = np.unique([0, *np.geomspace(1, 50_000, 48).round()])
U = np.log1p(TIMES)


def curve(seed=0, noise=0.02):
    rng = np.random.default_rng(seed)
    steps = random_steps(rng, range_=U[-1])
    return steps, noisy([steps(U)], noise, rng)[0]


def regressor(length, ratio):
    law = ConstantKernel(_LEVEL_VARIANCE) + RBF(length) + WhiteKernel(ratio)
    return GaussianProcessRegressor(law, optimizer=None, alpha=0)


@pytest.mark.parametrize("pair", [30, 150, 250, 330])
def test_the_likelihood_is_that_of_scikit_learn_with_its_scale_integrated_out(pair):
    """log p(y | scale s) = -(q / s + log det + n log(2 pi s)) / 2, which scikit-learn gives at s = 1."""
    y = curve()[1]
    y = (y - y.mean()) / y.std()
    fit = _Fit(U, y[None], U)
    peer = regressor(fit.length[pair], fit.ratio[pair]).fit(U[:, None], y)
    n, q = len(y), fit.quadratic[0, pair]
    determinant = -2 * (fit.evidence[0, pair] + n / 2 * np.log(q))
    ours = -(q + determinant + n * np.log(2 * np.pi)) / 2
    assert ours == pytest.approx(peer.log_marginal_likelihood_value_, rel=1e-6)


def test_the_mean_slope_is_that_of_scikit_learns_mean_curve():
    y = curve()[1]
    y = (y - y.mean()) / y.std()
    fit, pair, step = _Fit(U, y[None], np.linspace(2, 9, 15)), 150, 1e-4
    peer = regressor(fit.length[pair], fit.ratio[pair]).fit(U[:, None], y)
    ends = [peer.predict(fit.grid[:, None] + sign * step) for sign in (-1, 1)]
    assert fit.conditional(pair)[0][0] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-4, abs=1e-6)


def test_kernels_of_the_slope_are_derivatives_of_the_kernel():
    a, step = np.linspace(0, 3, 7), 1e-5
    difference = (kernel(a + step, a, 0.7) - kernel(a - step, a, 0.7)) / (2 * step)
    assert slope_kernel(a, a, 0.7) == pytest.approx(difference, abs=1e-9)
    second = -(slope_kernel(a, a + step, 0.7) - slope_kernel(a, a - step, 0.7)) / (2 * step)
    assert -second == pytest.approx(curvature_kernel(a, 0.7), abs=1e-8)


def test_samples_cover_the_slope_of_curves_from_the_prior():
    """Cosines with random frequencies and phases are a draw of the process whose kernel is the squared exponential."""
    rng, inside = np.random.default_rng(0), []
    for length, noise in ((1.0, 0.05), (2.5, 0.05), (1.0, 0.3), (2.5, 0.3)):
        for _ in range(10):
            frequency, phase = rng.standard_normal(500) / length, rng.uniform(0, 2 * np.pi, 500)
            waves = U[:, None] * frequency + phase
            y = np.cos(waves).sum(1) / np.sqrt(250) + noise * rng.standard_normal(len(U))
            slope = -(frequency * np.sin(waves)).sum(1) / np.sqrt(250)
            found = slope_samples(U, y[None], U, draws=200, seed=1)
            low, high = np.quantile(found.slopes[0], (0.025, 0.975), axis=0)
            inside.append(((low <= slope) & (slope <= high)).mean())
    # Means of 40 curves whose points hang together: three standard errors of about 1.3 %.
    assert abs(np.mean(inside) - 0.95) < 0.04


def test_slopes_of_steps_are_covered_less_because_their_smoothness_changes():
    inside = []
    for seed in range(12):
        steps, y = curve(seed, noise=0.01)
        low, high = np.quantile(
            slope_samples(U, y[None], U[4:-4], draws=200, seed=seed).slopes[0], (0.025, 0.975), axis=0
        )
        inside.append(((low <= steps.slope(U[4:-4])) & (steps.slope(U[4:-4]) <= high)).mean())
    assert 0.7 < np.mean(inside) < 0.95


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(-50, 50))
def test_borders_do_not_depend_on_the_unit_of_the_curve(seed, factor, shift):
    y = curve(seed)[1]
    one, other = (
        find_stages_of_many(TIMES, np.stack([y, y]), draws=20)[0],
        find_stages(TIMES, factor * y + shift, draws=20),
    )
    assert [b.kinds for b in one.boundaries] == [b.kinds for b in other.boundaries]
    assert [b.time for b in other.boundaries] == pytest.approx(
        [b.time for b in find_stages(TIMES, y, draws=20).boundaries], rel=1e-6
    )


def test_three_steps_have_two_borders_with_their_kinds():
    steps = LogisticSteps(np.array([2.0, 5.0, 8.0]), np.array([1.0, 1.5, -1.0]), 0.25)
    found = find_stages(TIMES, noisy([steps(U)], 0.005, np.random.default_rng(0))[0])
    assert [b.kinds for b in found.certain] == [("A", "A"), ("A", "B")]
    assert np.log1p([b.time for b in found.certain]) == pytest.approx([3.5, 6.5], rel=0.05)
    assert all(b.low <= b.time <= b.high for b in found.certain)


@pytest.mark.parametrize("kind", ["power law", "logistic", "logarithm"])
def test_smooth_curves_have_no_border(kind):
    curves = [smooth_curve(kind, np.random.default_rng(seed), U) for seed in range(30)]
    found = find_stages_of_many(TIMES, noisy(curves, 0.02, np.random.default_rng(1)), draws=60)
    # 3 of 100 would be the worst that was seen on fresh seeds, so 4 of 30 has a probability below 1 %.
    assert sum(bool(one.certain) for one in found) < 4


def test_noise_lowers_the_share_and_does_not_invent_borders():
    shares = []
    for noise in (0.005, 0.3):
        _, y = curve(3, noise)
        shares.append(sum(b.certain for b in find_stages(TIMES, y).boundaries))
    assert shares[0] == 2
    assert shares[1] < 2


def test_the_predicted_distance_is_where_the_slope_between_reaches_the_threshold():
    width, reach = 0.4, 11.0
    distance = detectable_separation(width, reach, FLAT)
    steps = LogisticSteps(np.array([-distance / 2, distance / 2]), np.ones(2), width)
    assert steps.slope(np.zeros(1))[0] == pytest.approx(FLAT * 2 / reach, rel=1e-12)
    assert steps.slope(np.array([0.3])) == pytest.approx(
        (steps(np.array([0.3001])) - steps(np.array([0.2999]))) / 2e-4, rel=1e-6
    )


def test_a_dip_that_is_not_deep_is_no_border():
    grid = np.linspace(0, 10, 400)
    for distance, borders in ((5.0, 1), (1.5, 0)):
        steps = LogisticSteps(np.array([5 - distance / 2, 5 + distance / 2]), np.ones(2), 0.4)
        assert len(boundaries_of(grid, steps.slope(grid))) == borders


def test_bad_input_gets_one_sentence():
    with pytest.raises(ValueError, match="count them from 0"):
        find_stages(TIMES - 1, U)
    with pytest.raises(ValueError, match="at least 6 points"):
        find_stages([0, 1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="finite and of shape"):
        find_stages(TIMES, np.full(len(TIMES), np.nan))
    with pytest.raises(ValueError, match="do not fit"):
        random_steps(np.random.default_rng(0), range_=2.0)
    with pytest.raises(ValueError, match="power law"):
        smooth_curve("parabola", np.random.default_rng(0), U)
