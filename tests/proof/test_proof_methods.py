"""Traps for single methods: claims that hold only generically, on half of the domain, or in the wrong number field."""

from __future__ import annotations

import pytest
import sympy as sp
from sympy import (
    Abs,
    Eq,
    Heaviside,
    I,
    Max,
    Ne,
    Rational,
    atan,
    cos,
    erf,
    exp,
    log,
    oo,
    pi,
    sign,
    sin,
    sqrt,
    tanh,
)

from verified_dynamics.proof import AtLeast, Equal, LimitIs, SeriesIs, Solves, Verdict, prove

x, y, a = sp.symbols("x y a", real=True)
n = sp.Symbol("n", integer=True)
even = sp.Symbol("m", even=True)
t, b, c = sp.symbols("t b c", positive=True)
f = sp.Function("f")
positive = sp.Function("p", positive=True)

PROVEN = (
    Equal(sign(x**3 * y), sign(x * y)),
    Equal(a * x, 2, given=[Eq(a * x, 2)]),
    Equal(Abs(x), -x, given=[x < 0]),
    Equal(Abs(x) / x, sign(x), given=[Ne(x, 0)]),
    Equal(log(x), log(-x) + I * pi, given=[x < 0]),
    Equal(exp(I * pi / 3), Rational(1, 2) + sqrt(3) / 2 * I),
    Equal(atan(t) + atan(1 / t), pi / 2),
    Equal((-1) ** even * x, x),
    Equal(Max(positive(x), -1), positive(x)),
    AtLeast(n**2, n),
    AtLeast(1 / x**2, 0, strict=True),
    AtLeast(positive(x) + x**2, 0, strict=True),
    AtLeast(erf(t), 2 / sqrt(pi) * (t - t**3 / 3)),
    LimitIs(exp(-a * t), t, oo, 0, given=[a > 0]),
    LimitIs(tanh(a * t), t, oo, sign(a)),
    LimitIs(log(exp(c * a) + exp(c * b)) / c, c, oo, Max(a, b)),
    SeriesIs(Abs(t), t, 0, 2, t),
    Solves(Eq(f(n + 1), -f(n)), f(n), (-1) ** n, conditions=[Eq(f(0), 1)]),
)

REFUTED = (
    Equal(sign(x**2 * y), sign(y)),  # differs at x = 0 alone
    Equal(Heaviside(x**2 * y), Heaviside(y)),
    Equal(x, 0, given=[Eq(a * x, 0)]),  # the coefficient may vanish
    Equal(sqrt(x**2 + 2 * x + 1), x + 1),
    Equal(log(x), log(-x) - I * pi, given=[x < 0]),
    Equal((-8) ** Rational(1, 3), -2),  # the principal root is complex
    Equal(atan(x) + atan(1 / x), pi / 2),
    Equal((-1) ** n * x, x),
    Equal(Max(positive(x), 1), positive(x)),
    Equal(cos(n * pi), 1),
    AtLeast(x**2, x),
    AtLeast(1 / x, 0),
    AtLeast(f(x) ** 2, f(x)),
    LimitIs(exp(-a * t), t, oo, 0),
    LimitIs(tanh(a * t), t, oo, 1),
    LimitIs(log(exp(c * a) + exp(c * b)) / c, c, oo, b),  # SymPy's own answer, which takes b to be the larger
    LimitIs(sin(t) / t, t, oo, 1),
    SeriesIs(Abs(x), x, 0, 2, x),
    Solves(Eq(f(n + 1), -f(n)), f(n), (-1) ** n, conditions=[Eq(f(1), 1)]),
)


@pytest.mark.parametrize("statement", PROVEN, ids=str)
def test_proven(statement):
    proof = prove(statement)
    assert proof.verdict is Verdict.PROVEN, str(proof)


@pytest.mark.parametrize("statement", REFUTED, ids=str)
def test_refuted(statement):
    proof = prove(statement)
    assert proof.verdict is Verdict.REFUTED, str(proof)


def test_proofs_are_checked_at_points():
    assert prove(Equal(tanh(x), 1 - 2 / (exp(2 * x) + 1))).checked_points >= 8
    assert prove(LimitIs(tanh(t), t, oo, 1)).checked_points >= 1


def test_relations_in_given_name_the_same_symbol_in_the_witness():
    proof = prove(Equal(x, Abs(x) + 1, given=[x > 0]))
    assert set(proof.witness) == {"x"} and sp.sympify(proof.witness["x"]) > 0


def test_an_empty_domain_proves_nothing():
    """Everything is true of no point; neither an error nor that truth may pass for a proof."""
    with pytest.raises(ValueError, match="no value for x"):
        prove(Equal(x, 1, given=[x > 0, x < 0]))
    for given in ([x > 2, x < 1], [x + y > 2, y < 1, x < 1], [x**2 + 1 < x]):
        assert prove(Equal(sin(x) ** 2 + cos(x) ** 2, 1, given=given)).verdict is Verdict.UNDECIDED
        assert prove(AtLeast(x, 5, given=given)).verdict is Verdict.UNDECIDED
    thin = prove(AtLeast(x, y, given=[x - y > Rational(1, 10**9), x - y < Rational(2, 10**9)]))
    assert thin.verdict is Verdict.PROVEN
