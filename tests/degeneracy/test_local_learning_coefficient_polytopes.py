"""Newton polytopes and sums of units: the exact programs against quadrature and published values."""

from fractions import Fraction

import numpy as np
import pytest

from verified_dynamics.degeneracy.local_learning_coefficient import (
    Degeneracy,
    monomial,
    monomial_ideal,
    tanh_unit_sum,
    unit_sum_program,
)


def degeneracy(coefficient: str, multiplicity: int) -> Degeneracy:
    return Degeneracy(Fraction(coefficient), multiplicity)


@pytest.mark.parametrize(
    ("exponents", "prior", "value"),
    [
        ([[1]], None, ("1/2", 1)),
        ([[1, 0], [0, 1]], None, ("1", 1)),
        ([[1, 1]], None, ("1/2", 2)),
        ([[2, 1]], None, ("1/4", 1)),
        ([[1, 0, 0], [0, 1, 1]], None, ("1", 2)),
        ([[2, 0], [0, 3]], None, ("5/12", 1)),
        ([[1, 2], [3, 1]], None, ("3/10", 1)),
        ([[1, 1, 0], [0, 1, 1], [1, 0, 1]], None, ("3/4", 1)),
        ([[2, 3]], [0, 4], ("1/4", 1)),
        ([[4, 1]], [6, 3], ("7/8", 1)),
    ],
)
def test_newton_polytope_values(exponents, prior, value):
    assert monomial_ideal(exponents, prior) == degeneracy(*value)
    if len(exponents) == 1:
        assert monomial(exponents[0], prior) == degeneracy(*value)


def free_energy_slope(exponents, log_t: float, step: float, depth: float) -> float:
    """T dF/dT of Σ (w^k)² on the unit cube, by a sum over a grid of −log w."""
    axis = np.arange(step / 2, depth, step)
    grid = np.meshgrid(*[axis] * len(exponents[0]), indexing="ij", sparse=True)
    loss = sum(np.exp(log_t - 2 * sum(k * u for k, u in zip(row, grid, strict=True))) for row in exponents)
    weight = np.exp(-loss - sum(grid))
    return float((loss * weight).sum() / weight.sum())


@pytest.mark.parametrize(
    ("exponents", "tolerance"),
    [([[2, 0], [0, 3]], 0.002), ([[1, 2], [3, 1]], 0.002), ([[1, 1, 0], [0, 1, 1], [1, 0, 1]], 0.002)],
)
def test_newton_polytope_against_quadrature(exponents, tolerance):
    """With m = 1 the slope at nβ = e⁴⁰ is λ; the rivals with a monomial left out differ by far more."""
    fine = (0.05, 45.0) if len(exponents[0]) == 2 else (0.3, 45.0)
    found = free_energy_slope(exponents, 40.0, *fine)
    assert found == pytest.approx(float(monomial_ideal(exponents).coefficient), abs=tolerance)
    assert abs(found - float(monomial_ideal(exponents[:-1]).coefficient)) > 10 * tolerance


def test_multiplicity_of_a_face_against_quadrature():
    """K = a² + b²c² has m = 2: λ(T) lies below λ = 1 by 1/(log T + c), at two temperatures."""
    exponents = [[1, 0, 0], [0, 1, 1]]
    gaps = [1 - free_energy_slope(exponents, log_t, 0.25, 45.0) for log_t in (20.0, 40.0)]
    constants = [1 / gap - log_t for gap, log_t in zip(gaps, (20.0, 40.0), strict=True)]
    assert constants[0] == pytest.approx(constants[1], abs=0.5)
    assert 1 + 1 == monomial_ideal(exponents).multiplicity


def test_degenerate_polynomial_is_not_its_polytope():
    """(a − b)² + a⁴ is 3/4, the program on its monomials a², b² says 1: it must be non-degenerate on the torus."""
    axis = np.linspace(-1, 1, 1601)
    a, b = axis[:, None], axis[None, :]
    loss = 2e3 * ((a - b) ** 2 + a**4)
    weight = np.exp(-loss)
    slope = float((loss * weight).sum() / weight.sum())
    assert slope == pytest.approx(float(monomial_ideal([[1, 0], [0, 2]]).coefficient), abs=0.01)
    assert monomial_ideal([[1, 0], [0, 1]]).coefficient > slope + 0.2


def test_tanh_sums():
    values = ["1/2", "2/3", "5/6", "1", "11/10", "6/5", "13/10", "7/5", "3/2", "11/7", "23/14"]
    for units, value in enumerate(values, 1):
        assert tanh_unit_sum(units) == degeneracy(value, 2 if units in (1, 4, 9) else 1)
    for units in range(1, 60):
        assert unit_sum_program(range(1, 2 * units, 2)) == tanh_unit_sum(units)


def test_other_activations_have_other_values():
    """Controls: a linear unit has one order only, an activation that is not odd has all of them."""
    assert unit_sum_program([1] * 4) == degeneracy("1/2", 1)
    assert unit_sum_program([1, 2, 3, 4]).coefficient != tanh_unit_sum(4).coefficient


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: monomial([0, 0]), "one of them is positive"),
        (lambda: monomial([1], [0, 1]), "1 powers and 2 powers of the prior"),
        (lambda: monomial_ideal([[1, 0], [0, 0]]), "no monomial is constant"),
        (lambda: monomial_ideal([[1, 0], [1]]), "one power for each variable"),
        (lambda: tanh_unit_sum(0), "at least one unit"),
        (lambda: unit_sum_program([]), "at least one order"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
