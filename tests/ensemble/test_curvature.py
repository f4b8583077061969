"""The power iteration against eigenvalues of the whole Hessian."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.ensemble import EnsembleError, hessian_vector_product, top_hessian_eigenvalue


def problem(seed: int):
    """A ReLU network with 8 neurons on 40 samples at five points: (loss, parameters (5, ...))."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(40, generator=generator, dtype=torch.float64)
    points = {
        "w": torch.randn(5, 8, 5, generator=generator, dtype=torch.float64),
        "v": torch.randn(5, 8, generator=generator, dtype=torch.float64),
    }
    return lambda p: ((torch.relu(x @ p["w"].T) @ p["v"] - y) ** 2).mean(), points


def dense(loss, point, diagonal=None):
    """The Hessian as a matrix (48, 48)."""

    def flat(theta):
        return loss({"w": theta[:40].view(8, 5), "v": theta[40:]})

    hessian = torch.func.jacrev(torch.func.grad(flat))(torch.cat([point["w"].flatten(), point["v"]]))
    if diagonal is None:
        return hessian
    scale = torch.cat([diagonal["w"].flatten(), diagonal["v"]])
    return scale[:, None] * hessian * scale


def at(points, k):
    return {name: tensor[k] for name, tensor in points.items()}


@pytest.mark.parametrize("seed", range(2))
def test_all_points_at_once_agree_with_the_matrix(seed):
    """The value's error is at most the residual, and for a simple eigenvalue of the order of its square."""
    loss, points = problem(seed)
    result = top_hessian_eigenvalue(loss, points, batched=True, iterations=3000, tolerance=1e-6)
    exact = torch.stack([torch.linalg.eigvalsh(dense(loss, at(points, k)))[-1] for k in range(5)])
    torch.testing.assert_close(result.value, exact, rtol=1e-9, atol=0.0)
    assert (result.residual <= 1e-6 * result.value).all()


def test_point_alone_agrees_with_the_batch():
    loss, points = problem(0)
    together = top_hessian_eigenvalue(loss, points, batched=True, iterations=500)
    alone = top_hessian_eigenvalue(loss, at(points, 2), iterations=500)
    torch.testing.assert_close(alone.value, together.value[2], rtol=1e-12, atol=0.0)
    assert alone.value.ndim == 0 and alone.vector["w"].shape == (8, 5)


def test_diagonal_is_applied_on_both_sides():
    loss, points = problem(1)
    diagonal = {name: tensor.abs() for name, tensor in points.items()}
    result = top_hessian_eigenvalue(
        loss, points, batched=True, diagonal=diagonal, iterations=2000, tolerance=1e-6
    )
    for k in range(5):
        exact = torch.linalg.eigvalsh(dense(loss, at(points, k), at(diagonal, k)))[-1]
        torch.testing.assert_close(result.value[k], exact, rtol=1e-9, atol=0.0)
        alone = top_hessian_eigenvalue(
            loss, at(points, k), diagonal=at(diagonal, k), iterations=2000, tolerance=1e-6
        )
        torch.testing.assert_close(alone.value, exact, rtol=1e-9, atol=0.0)


def test_largest_is_found_where_the_smallest_is_larger_in_size():
    loss, points = problem(2)
    result = top_hessian_eigenvalue(lambda p: -loss(p), points, batched=True, iterations=1500, tolerance=1e-4)
    for k in range(5):
        exact = -torch.linalg.eigvalsh(dense(loss, at(points, k)))[0]
        assert abs(result.value[k] - exact) <= result.residual[k] <= 0.01 * exact


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=6))
@settings(max_examples=10, deadline=None)
def test_quadratic_forms_give_their_largest_coefficient(coefficients):
    curvature = torch.tensor(coefficients, dtype=torch.float64)
    result = top_hessian_eigenvalue(
        lambda p: (curvature * p["x"] ** 2).sum() / 2, {"x": torch.ones_like(curvature)}, iterations=50
    )
    assert result.value <= curvature.max() + 1e-9
    assert (curvature - result.value).abs().min() <= result.residual + 1e-9


def test_flat_loss_has_no_curvature():
    result = top_hessian_eigenvalue(lambda p: p["x"].sum(), {"x": torch.ones(3, dtype=torch.float64)})
    assert result.value == 0 and result.iterations == 1


def test_saddle_of_two_weights_has_its_closed_form():
    """L = (w1 w2 - y)^2 / 2 at a minimum: the eigenvalues are w1^2 + w2^2 and 0."""
    point = {"w": torch.tensor([2.0, 3.0], dtype=torch.float64)}
    result = top_hessian_eigenvalue(lambda p: (p["w"].prod() - 6.0) ** 2 / 2, point)
    assert float(result.value) == pytest.approx(13.0, rel=1e-12)


def test_product_agrees_with_the_matrix():
    loss, points = problem(0)
    point, vector = at(points, 0), at(points, 1)
    product = hessian_vector_product(loss, point, vector)
    exact = dense(loss, point) @ torch.cat([vector["w"].flatten(), vector["v"]])
    torch.testing.assert_close(
        torch.cat([product["w"].flatten(), product["v"]]), exact, rtol=1e-11, atol=1e-11
    )


def test_refuses_nothing_and_what_does_not_fit():
    with pytest.raises(EnsembleError, match="no parameters"):
        top_hessian_eigenvalue(lambda p: 0.0, {})
    loss, points = problem(0)
    with pytest.raises(EnsembleError, match="names and shapes"):
        top_hessian_eigenvalue(loss, points, batched=True, diagonal=at(points, 0))
