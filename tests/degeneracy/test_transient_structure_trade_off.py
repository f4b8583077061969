"""The crossing of loss and complexity, and what random walks show in a joint picture."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.degeneracy import transient_structure as ts
from verified_dynamics.statistics import random_walk_spectrum, random_walks


@settings(max_examples=60, deadline=None)
@given(ratio=st.floats(1e-9, 0.36), extra=st.floats(0.1, 1e3))
def test_the_log_odds_vanish_at_both_crossings(ratio, extra):
    for branch in ("later", "earlier"):
        n = ts.crossing(ratio * extra, extra, branch=branch)
        odds = float(ts.log_odds(n, loss_gap=ratio * extra, extra_coefficient=extra))
        assert abs(odds) < 1e-6 * extra * (1 + math.log(n))
    assert ts.crossing(ratio * extra, extra, branch="earlier") <= math.e <= ts.crossing(ratio * extra, extra)


def test_the_crossing_of_the_sheet():
    assert ts.crossing(0.01, 5.0) == pytest.approx(4167.54, abs=0.01)


def test_the_crossing_rises_with_the_coefficient_and_falls_with_the_gap():
    gaps = [ts.crossing(gap, 5.0) for gap in (0.001, 0.01, 0.1, 1.0)]
    extras = [ts.crossing(0.01, extra) for extra in (1.0, 2.0, 4.0, 8.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert extras == sorted(extras)
    # On the other branch the order in the gap is the opposite, which is why it is not the crossing that counts.
    earlier = [ts.crossing(gap, 5.0, branch="earlier") for gap in (0.001, 0.01, 0.1, 1.0)]
    assert earlier == sorted(earlier)


def test_edges_of_the_trade_off():
    assert ts.crossing(0.0, 1.0) == math.inf
    assert math.isnan(ts.crossing(0.4, 1.0))
    with pytest.raises(ValueError, match="there is a trade-off only where"):
        ts.crossing(0.1, -1.0)
    with pytest.raises(ValueError, match='branch is "later" or "earlier"'):
        ts.crossing(0.1, 1.0, branch="upper")


def test_nats_of_a_squared_error():
    assert ts.nats(0.25, 0.125) == pytest.approx(1.0)


def test_one_walk_gives_the_known_spectrum_and_shares_add_up():
    np.testing.assert_allclose(ts.joint_walk_spectrum(1, 5), random_walk_spectrum(5))
    for walks in (1, 2, 4):
        assert ts.joint_walk_spectrum(walks, 20_000).sum() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("walks", [2, 4])
def test_walks_from_one_point_show_the_joint_spectrum(walks):
    paths = random_walks(walks, 150, 4000, seed=2)
    found = ts.joint_components(paths, walks + 1).explained
    # Finite dimension splits equal variances by about sqrt(steps/dimension); their sum is sharper.
    predicted = ts.joint_walk_spectrum(walks, walks + 1)
    assert found[: walks - 1].sum() == pytest.approx(predicted[: walks - 1].sum(), rel=0.04)
    np.testing.assert_allclose(found, predicted, rtol=0.2)


def test_random_signs_keep_the_steps_and_the_start():
    paths = random_walks(2, 30, 5, seed=0)
    drawn = ts.undirected(paths, seed=1)
    np.testing.assert_array_equal(drawn[:, 0], paths[:, 0])
    np.testing.assert_allclose(np.abs(np.diff(drawn, axis=1)), np.abs(np.diff(paths, axis=1)), atol=1e-12)
    assert not np.allclose(drawn, paths)


def test_a_straight_line_loses_its_direction():
    line = np.linspace(0, 1, 60)[None, :, None] * np.ones(20) + 0.01 * random_walks(1, 60, 20, seed=0)
    assert ts.joint_components(line, 1).explained[0] > 0.99
    flat = np.ptp(ts.undirected(line, seed=0) @ np.ones(20))
    assert flat < 0.5 * np.ptp(line @ np.ones(20))


def test_places_on_an_axis():
    start, end = np.array([1.0, 0.0, 0.0]), np.array([1.0, 2.0, 0.0])
    place, away = ts.along_axis(np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 2.0], [1.0, 2.0, 0.0]]), start, end)
    np.testing.assert_allclose(place, [0, 0.5, 1])
    np.testing.assert_allclose(away, [0, 1, 0])
    with pytest.raises(ValueError, match="start and end agree"):
        ts.along_axis(start, start, start)


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match="trajectories must be"):
        ts.joint_components(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="walks and components are at least 1"):
        ts.joint_walk_spectrum(0, 1)
