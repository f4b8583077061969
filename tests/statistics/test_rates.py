"""Fitted rates against curves whose rates are known."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.statistics import (
    ReplicateError,
    StatisticsError,
    equivalent,
    estimate,
    exponential_rate,
    last_slope,
    linear_slope,
    local_slopes,
    logarithmic_fit,
    logarithmic_rate,
    power_law_exponent,
    shifted_logarithmic_fit,
    shifted_logarithmic_rate,
    squaring_ratio,
)

TAU = np.geomspace(15, 240, 40)


def curves(values, x=TAU, over="log_time") -> xr.DataArray:
    """Curves (s, t) over seeds."""
    values = np.atleast_2d(values)
    return xr.DataArray(values, dims=("seed", over), coords={"seed": np.arange(len(values)), over: x})


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(1e-3, 1e3))
def test_power_law_is_recovered(exponents, factor):
    x = np.geomspace(1, 100, 9)
    y = curves(-factor * x ** np.array(exponents)[:, None], x, "width")
    assert power_law_exponent(y, "width").to_numpy() == pytest.approx(exponents, abs=1e-10)
    assert last_slope(y, "width").to_numpy() == pytest.approx(exponents, abs=1e-10)
    assert local_slopes(y, "width").isel(width=-1).to_numpy() == pytest.approx(exponents, abs=1e-9)


@given(st.floats(0.2, 3), st.floats(-0.05, 0.05), st.floats(-3, 3))
def test_logarithmic_and_exponential_rate_are_told_apart(p, r, a):
    fit = logarithmic_fit(curves(np.exp(a - p * np.log(TAU) - r * TAU)))
    assert float(fit["logarithmic_rate"][0]) == pytest.approx(p, abs=1e-8)
    assert float(fit["exponential_rate"][0]) == pytest.approx(r, abs=1e-9)
    assert float(fit["intercept"][0]) == pytest.approx(a, abs=1e-7)


@settings(max_examples=30)
@given(st.floats(0.2, 3), st.floats(-12, 30), st.floats(-3, 3))
def test_shift_is_recovered(p, c, a):
    fit = shifted_logarithmic_fit(curves(np.exp(a - p * np.log(TAU + c))))
    assert float(fit["logarithmic_rate"][0]) == pytest.approx(p, rel=1e-5)
    assert float(fit["shift"][0]) == pytest.approx(c, abs=1e-3)


def test_shifted_fit_is_a_minimum():
    rng = np.random.default_rng(0)
    noisy = -np.log(TAU + 4) + rng.normal(scale=0.01, size=(20, TAU.size))
    fit = shifted_logarithmic_fit(curves(np.exp(noisy)))
    a, p, c = (fit[name].to_numpy()[:, None] for name in ("intercept", "logarithmic_rate", "shift"))

    def residual(a, p, c):
        return ((noisy - a + p * np.log(TAU + c)) ** 2).sum(axis=1)

    least = residual(a, p, c)
    for step in (1e-3, -1e-3):
        for moved in (residual(a + step, p, c), residual(a, p + step, c), residual(a, p, c + step)):
            assert (moved >= least).all()


@pytest.mark.parametrize(
    ("curve", "ratio"),
    [
        (1 / TAU, 0.5),
        (1 / TAU**2, 0.25),
        (np.log(TAU) / TAU, (1 + np.log(2) / np.log(120)) / 2),
        (1 / (TAU + 3), 123 / 243),
    ],
)
def test_slow_rates_have_their_squaring_ratios(curve, ratio):
    """At log t = 120; 1e-4 is what interpolation between the points of the grid costs."""
    assert float(squaring_ratio(curves(curve))[0]) == pytest.approx(ratio, rel=1e-4)


def test_squaring_ratio_orders_the_rates_as_the_theory_does():
    slowest_first = [np.log(TAU) / TAU, 1 / TAU, 1 / TAU**2, np.exp(-TAU / 2)]
    ratios = squaring_ratio(curves(np.stack(slowest_first)), at=100.0).to_numpy()
    assert (np.diff(ratios) < 0).all() and ratios[-1] < 1e-20


def test_squaring_ratio_is_exact_on_the_grid():
    x = 2.0 ** np.arange(8)
    y = curves(np.random.default_rng(1).random((3, 8)), x)
    assert squaring_ratio(y).to_numpy() == pytest.approx((y[:, 7] / y[:, 6]).to_numpy(), rel=1e-14)


def test_short_horizon_cannot_tell_the_rates_apart():
    """A control: with t up to a million a power of t hides in the noise of a logarithmic rate."""
    rng = np.random.default_rng(2)

    def spread(tau):
        noise = rng.normal(scale=0.01, size=(64, tau.size))
        error = curves(np.exp(noise) / (tau + 3), tau)
        return float(exponential_rate(error).std()), float(logarithmic_rate(error).std())

    short, long = spread(np.geomspace(4, 13.8, 40)), spread(TAU)
    assert short[0] > 5 * long[0]


def test_rates_are_estimated_over_data_sets():
    """The fits of the chapter on the maximal margin: interval over data sets, never over times."""
    rng = np.random.default_rng(3)
    shifts = rng.uniform(-3, 6, 64)
    error = curves(1 / (TAU + shifts[:, None]))
    rate = estimate(shifted_logarithmic_rate(error), summary="bootstrap-median")
    assert equivalent(rate, 1.0, within=1e-6)
    power = estimate(exponential_rate(error), summary="bootstrap-mean")
    assert power.high < 0.5 and not power.contains(0.5)


def test_other_dimensions_are_kept():
    x = np.geomspace(1, 10, 5)
    y = xr.DataArray(
        np.ones((2, 3, 5)) / x, dims=("width", "seed", "step"), coords={"width": [4, 8], "step": x}
    )
    slope = power_law_exponent(y.transpose("step", "seed", "width"), "step")
    assert slope.dims == ("seed", "width") and slope.width.to_numpy().tolist() == [4, 8]
    with pytest.raises(ReplicateError, match="width"):
        estimate(slope)


def test_curve_that_allows_no_fit_gives_no_number():
    y = curves([[1.0, 0.5, 0.25], [1.0, 0.0, 0.1], [1.0, np.inf, 1.0]], [1.0, 2.0, 4.0])
    slope = power_law_exponent(y, "log_time").to_numpy()
    assert slope[0] == pytest.approx(-1) and np.isnan(slope[1:]).all()
    assert np.isnan(shifted_logarithmic_rate(y)[1:]).all() and np.isnan(logarithmic_rate(y)[1:]).all()


def test_linear_slope_is_exact_far_from_the_origin():
    x = 1e9 + np.arange(10.0)
    assert float(linear_slope(curves(3 * (x - 1e9) + 7, x, "time"), "time")[0]) == pytest.approx(3, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: power_law_exponent(np.ones(3), "x"), "DataArray"),
        (lambda: power_law_exponent(curves(TAU), "time"), "no dimension 'time'"),
        (lambda: power_law_exponent(curves(TAU).drop_vars("log_time"), "log_time"), "no coordinate"),
        (lambda: power_law_exponent(curves(TAU, TAU - 15), "log_time"), "positive"),
        (lambda: power_law_exponent(curves(TAU, TAU[::-1]), "log_time"), "growing"),
        (lambda: power_law_exponent(curves(TAU).isel(log_time=[0]), "log_time"), "at least 2 points"),
        (lambda: logarithmic_rate(curves(TAU).isel(log_time=[0, 1])), "at least 3 points"),
        (lambda: squaring_ratio(curves(TAU), at=200), "needs the errors at 200 and 400"),
        (lambda: squaring_ratio(curves(TAU), at=1), "goes from 15 to 240"),
    ],
)
def test_fits_refuse_in_one_sentence(make, words):
    with pytest.raises(StatisticsError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
