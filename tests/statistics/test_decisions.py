"""The test of equivalence and its opposite."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verified_dynamics.statistics import Estimate, StatisticsError, equivalent, excludes

finite = st.floats(-1e9, 1e9)
ends = st.one_of(finite, st.sampled_from([math.inf, -math.inf]))
tolerances = st.floats(0, 1e9)


@st.composite
def estimates(draw):
    low, high = sorted((draw(ends), draw(ends)))
    return Estimate(low, low, high, 0.95, 8, "any", 0)


@given(estimates(), finite, tolerances)
def test_never_both(interval, predicted, within):
    assert not (equivalent(interval, predicted, within) and excludes(interval, predicted, within))


@given(estimates(), finite, tolerances, tolerances)
def test_shrinking_the_tolerance_never_makes_equivalent(interval, predicted, one, other):
    small, large = sorted((one, other))
    assert equivalent(interval, predicted, large) or not equivalent(interval, predicted, small)
    assert excludes(interval, predicted, small) or not excludes(interval, predicted, large)


@given(estimates(), finite, finite, tolerances)
def test_shrinking_the_interval_never_loses_a_decision(interval, start, end, within):
    low, high = sorted(min(max(x, interval.low), interval.high) for x in (start, end))
    smaller = Estimate(low, low, high, 0.95, 8, "any", 0)
    assert equivalent(smaller, 0.0, within) or not equivalent(interval, 0.0, within)
    assert excludes(smaller, 0.0, within) or not excludes(interval, 0.0, within)


@given(estimates(), finite)
def test_prediction_inside_the_interval_is_not_excluded(interval, predicted):
    assert excludes(interval, predicted) != interval.contains(predicted)


@given(estimates(), finite, finite, tolerances)
def test_no_interval_is_equivalent_to_one_prediction_and_its_far_rival(interval, predicted, rival, within):
    if predicted + within < rival and equivalent(interval, predicted, within):
        assert excludes(interval, rival)


def test_wide_interval_decides_nothing():
    wide = Estimate(1.0, 0.0, 2.0, 0.95, 8, "any", 0)
    assert not equivalent(wide, 1.0, 0.5) and not excludes(wide, 1.0, 0.5)


def test_exact_number_is_compared_exactly():
    point = Estimate(0.1, 0.1, 0.1, 1.0, 1, "exact", 0)
    assert equivalent(point, 0.1, 0.0) and excludes(point, math.nextafter(0.1, 1), 0.0)


def test_number_that_is_none_decides_nothing():
    nothing = Estimate(math.nan, math.nan, math.nan, 1.0, 1, "exact", 1)
    assert not equivalent(nothing, 0.0, math.inf) and not excludes(nothing, 0.0)


def test_infinite_end_is_never_equivalent():
    diverged = Estimate(1.0, 0.9, math.inf, 0.95, 8, "any", 3)
    assert not equivalent(diverged, 1.0, 1e300)


@pytest.mark.parametrize(("predicted", "within"), [(math.nan, 1), (math.inf, 1), (0, -1), (0, math.nan)])
def test_refuses_what_is_no_prediction(predicted, within):
    point = Estimate(0.0, 0.0, 0.0, 1.0, 1, "exact", 0)
    with pytest.raises(StatisticsError):
        equivalent(point, predicted, within)
    with pytest.raises(StatisticsError):
        excludes(point, predicted, within)
