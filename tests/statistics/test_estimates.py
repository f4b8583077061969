"""Values, methods and refusals of `estimate`."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verified_dynamics.statistics import Estimate, ReplicateError, StatisticsError, estimate

INTERVALS = ("mean", "median", "exact-median", "bootstrap-mean", "bootstrap-median", "every")
numbers = st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=40)


def over_seeds(values) -> xr.DataArray:
    return xr.DataArray(np.asarray(values), dims="seed", name="slope")


def test_mean_agrees_with_scipy():
    values = np.random.default_rng(1).normal(2, 3, 12)
    reference = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    result = estimate(over_seeds(values))
    assert result.value == pytest.approx(values.mean())
    assert (result.low, result.high) == pytest.approx((reference.low, reference.high))
    assert (result.replicates, result.nonfinite, result.level) == (12, 0, 0.95)


def test_proportion_agrees_with_scipy():
    for successes in (0, 3, 20):
        reference = stats.binomtest(successes, 20).proportion_ci(0.95, method="exact")
        result = estimate(over_seeds([True] * successes + [False] * (20 - successes)), summary="proportion")
        assert (result.low, result.high) == pytest.approx((reference.low, reference.high), abs=1e-12)
        assert result.value == successes / 20


def test_exact_median_of_six_is_their_hull_and_says_its_level():
    result = estimate(over_seeds([5.0, 1.0, 4.0, 2.0, 6.0, 3.0]), summary="exact-median")
    assert (result.value, result.low, result.high, result.level) == (3.5, 1.0, 6.0, 1 - 2 / 64)


def test_interpolated_interval_lies_between_the_exact_ones():
    values = np.sort(np.random.default_rng(2).normal(size=20))
    result = estimate(over_seeds(values), summary="median")
    assert values[5] <= result.low <= values[6] and values[13] <= result.high <= values[14]


def test_every_is_the_hull():
    result = estimate(over_seeds([3.0, 1.0, 2.0]), summary="every")
    assert (result.value, result.low, result.high, result.level) == (2.0, 1.0, 3.0, 1.0)


def test_exact_takes_one_number():
    result = estimate(xr.DataArray(np.float64(0.5)), summary="exact")
    assert (result.value, result.low, result.high, result.replicates) == (0.5, 0.5, 0.5, 1)


@pytest.mark.parametrize("summary", INTERVALS)
def test_equal_replicates_give_a_point(summary):
    result = estimate(over_seeds(np.full(64, 0.1)), summary=summary)
    assert result.low == pytest.approx(0.1, rel=1e-15) and result.high == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize("summary", INTERVALS)
def test_result_does_not_depend_on_the_call(summary):
    values = over_seeds(np.random.default_rng(3).normal(size=40))
    assert estimate(values, summary=summary) == estimate(values, summary=summary)


def test_diverged_runs_count_as_infinite_in_a_median():
    result = estimate(over_seeds([*np.arange(30.0), np.nan, np.inf]), summary="median")
    assert result.nonfinite == 2 and np.isfinite(result.high)
    assert "2 of 32 not finite" in str(result)
    half = estimate(over_seeds([*np.arange(10.0), *[np.nan] * 10]), summary="median")
    assert half.value == np.inf and half.high == np.inf and np.isfinite(half.low)


def test_diverged_run_opens_the_hull():
    result = estimate(over_seeds([1.0, np.nan, 2.0]), summary="every")
    assert (result.low, result.high, result.nonfinite) == (1.0, np.inf, 1)


@given(numbers, st.sampled_from(["mean", "median", "exact-median", "every"]))
def test_interval_contains_its_value_and_shifts_with_the_replicates(values, summary):
    result = estimate(over_seeds(values), summary=summary)
    assert result.contains(result.value) or result.low == pytest.approx(result.value)
    moved = estimate(over_seeds(np.asarray(values) + 1000.0), summary=summary)
    assert moved.low == pytest.approx(result.low + 1000.0, abs=1e-6, rel=1e-9)


@given(numbers, st.permutations(range(8)))
def test_order_of_replicates_does_not_matter(values, order):
    first = np.asarray(values)[:8]
    one, other = (
        estimate(over_seeds(first), summary="median"),
        estimate(over_seeds(first[order]), summary="median"),
    )
    assert one == other


@given(numbers)
def test_higher_level_gives_a_wider_interval(values):
    for summary in ("mean", "median"):
        wide = estimate(over_seeds(values), summary=summary, level=0.95)
        narrow = estimate(over_seeds(values), summary=summary, level=0.8)
        assert wide.low <= narrow.low + 1e-9 and narrow.high <= wide.high + 1e-9


@pytest.mark.parametrize(
    ("values", "summary", "kind", "words"),
    [
        (xr.DataArray(np.zeros((3, 4)), dims=("seed", "step")), "mean", ReplicateError, "step"),
        (xr.DataArray(np.zeros(4), dims="step"), "mean", ReplicateError, "no replicates"),
        (xr.DataArray(np.zeros(())), "mean", ReplicateError, "exact"),
        (over_seeds([1.0, 2.0]), "exact", ReplicateError, "every"),
        (np.zeros(8), "mean", ReplicateError, "DataArray"),
        ([1.0, 2.0], "exact", ReplicateError, "DataArray"),
        (over_seeds([]).astype(float), "every", StatisticsError, "empty"),
        (over_seeds([1.0]), "mean", StatisticsError, "at least 2"),
        (over_seeds(np.zeros(5)), "median", StatisticsError, "at least 6"),
        (over_seeds(np.zeros(5)), "exact-median", StatisticsError, "at least 6"),
        (over_seeds(np.zeros(31)), "bootstrap-mean", StatisticsError, "at least 32"),
        (over_seeds([1.0, np.nan]), "mean", StatisticsError, "not finite"),
        (over_seeds([1.0, 0.0]), "proportion", StatisticsError, "true or false"),
        (over_seeds(["a", "b"]), "mean", StatisticsError, "real numbers"),
        (over_seeds([1.0, 2.0]), "mediann", StatisticsError, "did you mean 'median'"),
        (over_seeds([1.0, 2.0]), "§", StatisticsError, "choose one of"),
    ],
)
def test_refusals_are_one_sentence(values, summary, kind, words):
    with pytest.raises(kind, match=words) as caught:
        estimate(values, summary=summary)
    assert "\n" not in str(caught.value) and str(caught.value).endswith((".", "?"))


@pytest.mark.parametrize("level", [0.0, 1.0, 95, float("nan")])
def test_level_must_be_a_probability(level):
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        estimate(over_seeds([1.0, 2.0]), level=level)


def test_interval_has_its_lower_end_first():
    with pytest.raises(StatisticsError, match="lower end"):
        Estimate(1.0, 2.0, 0.0, 0.95, 3, "any", 0)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1.0, 0.9998, 1.0001), "1.00000 [0.99980, 1.00010]"),
        ((0.5, 0.5, 0.5), "0.5"),
        ((1e-9, 0.5e-9, 2e-9), "1e-09 [5e-10, 2e-09]"),
        ((1.0, 0.5, np.inf), "1 [0.5, inf]"),
        ((12345.0, 12000.0, 13000.0), "12345 [12000, 13000]"),
    ],
)
def test_text_shows_two_digits_of_the_width(numbers, text):
    assert str(Estimate(*numbers, 0.95, 8, "any", 0)) == text
