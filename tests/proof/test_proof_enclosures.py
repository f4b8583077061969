"""Enclosures hold the true value, at every precision, and are narrow."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from verified_dynamics.proof.enclosures import NoEnclosure, NotDefined, Unresolved, bounds, enclose, holds_at

x = sp.Symbol("x", real=True)
FUNCTIONS = (
    sp.exp, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.sech, sp.atan, sp.asinh, sp.erf, sp.erfc, sp.Abs,
    lambda u: sp.log(u**2 + 1), lambda u: sp.sqrt(u**2 + 1), lambda u: (u**2 + 1) ** sp.Rational(-2, 3),
    lambda u: sp.LambertW(u**2), lambda u: sp.gamma(u**2 + sp.Rational(1, 2)), lambda u: sp.Max(u, sp.exp(u)),
    lambda u: sp.asin(sp.tanh(u)), lambda u: sp.Piecewise((sp.exp(u), u > 0), (u, True)), lambda u: sp.sign(u) * u,
)  # fmt: skip
POINTS = [sp.Rational(p, q) for p, q in ((1, 3), (-7, 5), (22, 7), (-1, 1000), (30, 1), (-30, 1), (0, 1))]


@pytest.mark.parametrize("bits", [60, 200])
@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_the_value_lies_inside(number, bits):
    for point in POINTS:
        expression = FUNCTIONS[number](x)
        try:
            low, high = bounds(enclose(expression, {x: point}, bits))
        except Unresolved:
            continue
        with mpmath.workprec(600):
            value = mpmath.mpf(sp.N(expression.subs(x, point), 150))
            slack = abs(value) * mpmath.mpf(10) ** -140
            if low == high:  # exact fractions come back rounded to double precision
                assert abs(value - low) <= 1e-15 * (1 + abs(value))
            else:
                assert low - slack <= value <= high + slack, (expression, point)
                assert high - low <= (1 + abs(value)) * mpmath.mpf(2) ** (24 - bits), (expression, point)


def test_fractions_stay_exact():
    value = enclose((x + 1) ** 3 / 7 - sp.sqrt(sp.Rational(4, 9)), {x: sp.Rational(1, 3)})
    assert value == Fraction(64, 189) - Fraction(2, 3)


def test_cancellation_is_seen():
    expression = sp.exp(60) * (sp.exp(x) - 1 - x)
    low, high = bounds(enclose(expression, {x: sp.Rational(1, 10**20)}, 400))
    assert low <= high and abs(low - mpmath.exp(60) * mpmath.mpf("0.5e-40")) < 1e-25


def test_wide_answers_are_not_hidden():
    low, high = bounds(enclose(sp.sin(sp.Integer(10) ** 40 * sp.sqrt(2)), {}, 60))
    assert low == -1 and high == 1


@pytest.mark.parametrize(
    "expression", [1 / x, sp.log(x), x ** sp.Rational(-1, 2), sp.log(x - 1), sp.sqrt(x - 1)]
)
def test_what_is_not_defined(expression):
    with pytest.raises(NotDefined):
        enclose(expression, {x: sp.S.Zero})


def test_what_cannot_be_resolved_or_evaluated():
    with pytest.raises(Unresolved):
        enclose(sp.sign(sp.exp(x) - sp.E - sp.Rational(1, 10**60)), {x: sp.S.One}, 100)
    with pytest.raises(NoEnclosure):
        enclose(sp.zeta(x), {x: sp.Integer(3)})
    with pytest.raises(NoEnclosure):
        enclose(x + 1, {})


def test_conditions():
    y = sp.Symbol("y", real=True)
    assert holds_at(x < y, {x: sp.S.Zero, y: sp.S.One}) is True
    assert holds_at(sp.And(x < y, sp.Ne(x, 0)), {x: sp.S.Zero, y: sp.S.One}) is False
    assert holds_at(sp.log(x) < y, {x: -sp.S.One, y: sp.S.One}) is False
    assert holds_at(sp.zeta(x) < y, {x: sp.Integer(3), y: sp.S.One}) is None
