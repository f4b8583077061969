"""Random statements whose truth is known by construction."""

from __future__ import annotations

import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.proof import AtLeast, Equal, SeriesIs, SumOfSquares, Verdict, prove

X, Y = sp.symbols("x y", real=True)
POSITIVE = sp.Symbol("s", positive=True)
coefficients = st.integers(-5, 5)
nonzero = coefficients.filter(bool)
ordinary = settings(max_examples=15, deadline=None, derandomize=True)


@st.composite
def polynomials(draw, degree: int = 2):
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return sum(sp.Integer(draw(coefficients)) * X**i * Y**j for i, j in powers)


@st.composite
def networks(draw):
    """A random piecewise-linear function of x and y."""
    units = [
        sp.Integer(draw(nonzero))
        * sp.Max(draw(coefficients) * X + draw(coefficients) * Y + draw(coefficients), 0)
        for _ in range(draw(st.integers(1, 3)))
    ]
    return sum(units)


def linear_network(draw_units):
    return sum(sp.Integer(c) * sp.Max(a * X + b * Y, 0) for a, b, c in draw_units)


@ordinary
@given(polynomials(), polynomials())
def test_expanded_product_is_proven(p, q):
    assert prove(Equal(p * q, sp.expand(p * q))).verdict is Verdict.PROVEN


@ordinary
@given(polynomials(), polynomials(), nonzero, st.integers(0, 3), st.integers(0, 3))
def test_disturbed_product_is_refuted(p, q, c, i, j):
    disturbed = sp.expand(p * q) + sp.Rational(c, 10**6) * X**i * Y**j
    proof = prove(Equal(p * q, disturbed))
    assert proof.verdict is Verdict.REFUTED
    point = {X: sp.sympify(proof.witness.get("x", "0")), Y: sp.sympify(proof.witness.get("y", "0"))}
    assert (p * q - disturbed).subs(point) != 0


@ordinary
@given(st.lists(st.tuples(nonzero, coefficients, nonzero), min_size=1, max_size=3))
def test_bias_free_networks_are_homogeneous(units):
    network = linear_network(units)
    scaled = network.subs({X: POSITIVE * X, Y: POSITIVE * Y}, simultaneous=True)
    assert prove(Equal(scaled, POSITIVE * network)).verdict is Verdict.PROVEN


@ordinary
@given(networks(), nonzero)
def test_a_shifted_piecewise_linear_function_is_refuted(network, c):
    shifted = network + sp.Rational(c, 1000) * sp.Max(X - 7, 0)
    assert prove(Equal(shifted, network)).verdict is Verdict.REFUTED


@ordinary
@given(networks())
def test_positive_and_negative_part(network):
    statement = Equal(sp.Max(network, 0) + sp.Min(network, 0), network)
    assert prove(statement).verdict is Verdict.PROVEN


@ordinary
@given(polynomials(1), polynomials(1))
def test_sums_of_squares_are_certified(p, q):
    total = sp.expand(p**2 + 2 * q**2)
    assert prove(AtLeast(total, 0, certificate=SumOfSquares([p, (2, q)]))).verdict is Verdict.PROVEN
    if total.free_symbols:
        assert prove(AtLeast(total, 0)).verdict is Verdict.PROVEN


@ordinary
@given(polynomials(1), st.integers(1, 9))
def test_a_square_less_a_constant_is_refuted(p, c):
    if p.free_symbols:
        assert prove(AtLeast(p**2, sp.Rational(c, 10))).verdict is Verdict.REFUTED


@ordinary
@given(st.lists(coefficients, min_size=3, max_size=3), st.sampled_from([sp.exp, sp.tanh, sp.sin, sp.erf]))
def test_taylor_polynomials(c, function):
    inside = c[0] * X + c[1] * X**2 + c[2] * X**3
    expression = function(inside)
    polynomial = sum(expression.diff(X, k).subs(X, 0) / sp.factorial(k) * X**k for k in range(3))
    assert prove(SeriesIs(expression, X, 0, 3, polynomial)).verdict is Verdict.PROVEN
    assert prove(SeriesIs(expression, X, 0, 3, polynomial + X**2 / 7)).verdict is Verdict.REFUTED
