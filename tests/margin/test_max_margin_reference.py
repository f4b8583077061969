"""The hard-margin solver against planted and known solutions, degenerate data, and data that it must refuse."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from verified_dynamics.data.separable import planted_separation
from verified_dynamics.margin import max_margin


def digits(first: int, second: int) -> np.ndarray:
    """Label-absorbed digits of two classes with a constant feature, longest row of length one."""
    x, y = load_digits(return_X_y=True)
    chosen = np.isin(y, (first, second))
    rows = np.hstack([x[chosen] / 16, np.ones((chosen.sum(), 1))])
    rows *= np.where(y[chosen] == first, 1.0, -1.0)[:, None]
    return rows / np.linalg.norm(rows, axis=1).max()


def test_the_orthogonal_pair_has_its_closed_form():
    a, b = 1.0, 2.0
    found = max_margin.reference(max_margin.orthogonal_pair(a, b))
    assert found.gamma == pytest.approx(a * b / np.hypot(a, b), rel=1e-14)
    assert found.alpha == pytest.approx([1 / a**2, 1 / b**2], rel=1e-14)
    assert found.w_tilde == pytest.approx([2 * np.log(a) / a, 2 * np.log(b) / b], abs=1e-14)
    perpendicular = 2 * np.log(b / a) / np.hypot(a, b)
    assert found.direction_constant == pytest.approx(found.gamma * perpendicular, rel=1e-13)
    assert found.gap_constant == pytest.approx(0.247987874, abs=1e-9)
    assert found.slowest_mode == pytest.approx(1.0, rel=1e-13)
    assert not (found.zero_duals or found.equal_duals) and found.spanning and found.unique_duals


@pytest.mark.parametrize(("d", "n"), [(2, 10), (5, 16), (8, 40)])
def test_planted_solutions_are_found(d, n):
    planted = planted_separation(n, d, margin=0.7, seeds=range(10), support=d)
    for x, u, p in zip(planted.x, planted.direction, planted.dual, strict=True):
        found = max_margin.reference(x)
        assert found.gamma == pytest.approx(0.7, rel=1e-11)
        assert found.u == pytest.approx(u.numpy(), abs=1e-10)
        assert found.p == pytest.approx(p.numpy(), abs=1e-8)


@pytest.mark.parametrize("classes", [(0, 1), (3, 8)])
def test_the_residual_is_at_rounding_on_digits(classes):
    found = max_margin.reference(digits(*classes))
    assert found.kkt_residual <= 1e-12
    assert found.p.sum() == pytest.approx(1, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_every_separable_set_is_solved_and_scales(seed, n, d):
    draw = np.random.default_rng(seed)
    rows, side = draw.normal(size=(n, d)), draw.normal(size=d)
    rows *= np.sign(rows @ side)[:, None]
    found = max_margin.reference(rows)
    assert found.kkt_residual <= 1e-11
    assert (rows @ found.u).min() == pytest.approx(found.gamma, rel=1e-9)
    assert found.entropy >= found.min_entropy - 1e-12
    tripled = max_margin.reference(3 * rows)
    assert tripled.gamma == pytest.approx(3 * found.gamma, rel=1e-9)
    assert tripled.p == pytest.approx(found.p, abs=1e-6)


def test_zero_multipliers_are_flagged_and_have_no_residual():
    found = max_margin.reference(max_margin.zero_multiplier_pair(1.5))
    assert found.zero_duals and found.spanning
    assert (
        np.isnan(found.w_tilde).all() and np.isnan(found.direction_constant) and np.isnan(found.gap_constant)
    )


def test_equal_multipliers_have_vanishing_constants():
    found = max_margin.reference(np.eye(3))
    assert found.equal_duals
    assert found.direction_constant == pytest.approx(0, abs=1e-12)
    assert found.gap_constant == pytest.approx(0, abs=1e-12)


def test_support_vectors_that_do_not_span_leave_the_direction_open_and_the_gap_known():
    rows = np.array([[1.0, 0.3, 0.0], [1.0, -0.6, 0.0], [4.0, 0.0, 1.0]])
    found = max_margin.reference(rows)
    assert not found.spanning and np.isnan(found.direction_constant)
    p = np.array([2 / 3, 1 / 3])
    assert found.gap_constant == pytest.approx(
        found.gamma * (-(p * np.log(p)).sum() + np.log(2 / 3)), rel=1e-10
    )


def test_a_repeated_row_shares_its_multiplier_as_the_flow_does():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    found = max_margin.reference(rows)
    assert not found.unique_duals and not found.zero_duals
    assert found.alpha == pytest.approx([1, 0.5, 0.5], abs=1e-12)
    w = max_margin.flow(rows, [60.0])[0]
    assert w.numpy() - 60 * found.w_hat == pytest.approx(found.w_tilde, abs=1e-10)


def test_among_many_duals_the_flow_takes_the_one_of_largest_entropy():
    # Four support vectors in three dimensions: the multipliers form a segment.
    z = torch.tensor([[1.0, 0.2], [-1.0, 0.5], [0.3, 1.0], [-0.2, -1.3]], dtype=torch.float64)
    rows = torch.cat([torch.ones(4, 1, dtype=torch.float64), z], dim=1)
    found = max_margin.reference(rows)
    assert not found.unique_duals and found.spanning
    w = max_margin.flow(rows, [100.0])[0]
    assert torch.softmax(-(rows @ w), dim=0).numpy() == pytest.approx(found.p, abs=1e-9)


def test_a_single_row_is_its_own_direction():
    found = max_margin.reference([[3.0, 4.0]])
    assert found.gamma == pytest.approx(5.0) and found.u == pytest.approx([0.6, 0.8])
    assert found.equal_duals and found.next_margin == float("inf")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[1.0, 0.0], [-1.0, 0.0]], "not linearly separable"),
        ([[1.0, 2.0], [-1.0, -2.0001], [0.0, 1.0]], "not linearly separable"),
        ([[1.0, 0.0], [0.0, 0.0]], "Row 1 is zero"),
        ([[1.0, np.nan]], "Row 0 holds a value that is not finite"),
        ([1.0, 2.0], "shape"),
        (np.zeros((0, 2)), "shape"),
    ],
)
def test_unusable_data_are_refused_in_one_sentence(rows, sentence):
    with pytest.raises(ValueError, match=sentence) as refusal:
        max_margin.reference(rows)
    assert str(refusal.value).count(". ") == 0


def test_text_is_no_data():
    with pytest.raises(TypeError, match="real numbers"):
        max_margin.reference([["a", "b"]])


def test_integers_and_single_precision_are_taken():
    assert max_margin.reference([[1, 0], [0, 2]]).gamma == pytest.approx(2 / np.sqrt(5))
    assert max_margin.reference(torch.eye(2)).gamma == pytest.approx(1 / np.sqrt(2))


def test_the_three_norms_on_a_known_set():
    rows = np.array([[1.0, 0.0], [0.0, 0.5]])
    assert max_margin.maximal_margin(rows, "linf") == pytest.approx(0.5)
    assert max_margin.maximal_margin(rows, "l2") == pytest.approx(0.5 / np.sqrt(1.25))
    assert max_margin.maximal_margin(rows, "l1") == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="one of l1, l2, linf"):
        max_margin.maximal_margin(rows, "l3")
    for norm in ("l1", "linf"):
        with pytest.raises(max_margin.NotSeparable):
            max_margin.maximal_margin(np.array([[1.0], [-1.0]]), norm)
