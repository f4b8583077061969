import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.statistics import principal_components, random_walk_spectrum, random_walks


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 30), st.integers(3, 30), st.integers(0, 2**31))
def test_components_are_those_of_the_singular_value_decomposition(rows, columns, seed):
    points = np.random.default_rng(seed).standard_normal((rows, columns)) @ np.diag(1.5 ** np.arange(columns))
    found = principal_components(points, 3)
    centred = points - points.mean(0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(found.explained, singular[:3] ** 2 / (singular**2).sum(), rtol=1e-6)
    assert np.allclose(found.axes @ found.axes.T, np.eye(3), atol=1e-7)
    assert np.allclose(np.abs(np.einsum("ki,ki->k", found.axes, axes[:3])), 1, atol=1e-5)
    assert np.allclose(found.project(points), found.scores, atol=1e-9 * np.abs(points).max())


def test_signs_do_not_depend_on_the_order_of_the_points():
    points = np.random.default_rng(0).standard_normal((12, 40))
    assert np.allclose(principal_components(points).axes, principal_components(points[::-1]).axes, atol=1e-12)


def test_further_points_have_no_part_in_the_axes():
    points = np.random.default_rng(0).standard_normal((12, 40))
    found = principal_components(points, 2)
    assert np.allclose(found.project(found.mean[None]), 0, atol=1e-12)
    assert np.allclose(found.project(found.mean + 3 * found.axes[:1]), [[3, 0]], atol=1e-12)


def test_a_random_walk_has_the_spectrum_of_its_limit():
    shares = np.stack([principal_components(walk).explained for walk in random_walks(8, 400, 2000, seed=1)])
    # Of order 1/steps and 1/dimension away from the limit; the control is far outside.
    assert np.allclose(shares.mean(0), random_walk_spectrum(4), rtol=0.03)
    noise = principal_components(np.random.default_rng(2).standard_normal((400, 2000))).explained
    assert noise[0] < 0.02


def test_the_shares_of_all_components_add_to_one():
    assert random_walk_spectrum(200_000).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("points", "components", "words"),
    [
        (np.zeros((5, 8)), 2, "do not vary"),
        (np.arange(10.0)[:, None] * np.ones(4), 2, "do not vary in 2"),
        (np.full((5, 8), np.nan), 2, "not finite"),
        (np.zeros((3, 8)), 3, "more rows"),
        (np.zeros(8), 1, "shape"),
        (np.zeros((9, 2)), 3, "as many columns"),
    ],
)
def test_bad_input_gets_one_sentence(points, components, words):
    with pytest.raises(ValueError, match=words):
        principal_components(points, components)
