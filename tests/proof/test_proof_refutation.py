"""Refutations carry exact witnesses that anybody can check, and rounding never makes one."""

from __future__ import annotations

import importlib

import mpmath
import pytest
import sympy as sp
from sympy.core.function import AppliedUndef

from verified_dynamics.proof import AtLeast, Equal, Verdict, prove

x, y = sp.symbols("x y", real=True)
s = sp.Symbol("s", positive=True)
n = sp.Symbol("n", integer=True)
huge = sp.Integer(10) ** 60


def point_of(statement, witness: dict) -> dict:
    """The witness as a substitution."""
    return {symbol: sp.sympify(witness[symbol.name]) for symbol in statement.free_symbols()}


@pytest.mark.parametrize("topic", ["homogeneity", "algebra", "exponentials", "inequalities"])
def test_witnesses_are_exact_points_of_the_domain(topic):
    """mpmath's ordinary arithmetic, at 120 digits, sees the difference that the prover enclosed."""
    for statement in importlib.import_module(f"corpus_{topic}").FALSE[::2]:
        if not isinstance(statement, (AtLeast, Equal)) or any(
            p.atoms(AppliedUndef) for p in statement.parts()
        ):
            continue
        point = point_of(statement, prove(statement).witness)
        assert all(value.is_number and not value.has(sp.Float) for value in point.values())
        for symbol, value in point.items():
            assert all(getattr(value, f"is_{k}") == v for k, v in symbol.assumptions0.items()), (
                symbol,
                value,
            )
        assert all(relation.subs(point) == sp.true for relation in statement.given)
        pairs = statement.entries() if isinstance(statement, Equal) else ((statement.left, statement.right),)
        differences = [(a - b).subs(point).evalf(120, maxn=300) for a, b in pairs]
        if isinstance(statement, AtLeast):
            exact = (statement.left - statement.right).subs(point)
            assert differences[0] < 0 or (statement.strict and sp.simplify(exact) == 0)
        else:
            assert any(abs(d) > mpmath.mpf(10) ** -100 for d in differences)


@pytest.mark.parametrize(
    "statement",
    [
        Equal(sp.exp(sp.pi * sp.sqrt(163)), 640320**3 + 744),
        Equal(sp.sqrt(huge**2 + 1), huge),
        Equal(sp.exp(60) + sp.exp(-60), sp.exp(60)),
        Equal(sp.tanh(150), 1),
        Equal((1 + 1 / huge) ** 2, 1 + 2 / huge),
        Equal(sp.sin(22), sp.Rational(-88513092904, 10**13)),
        Equal(x**2 + sp.Rational(1, 10**40), x**2),
        Equal(sp.log(1 + sp.exp(-90)), 0),
    ],
)
def test_tiny_differences_are_differences(statement):
    assert prove(statement).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "statement",
    [
        Equal(sp.exp(60) * (sp.exp(x) - 1) * sp.exp(-60), sp.exp(x) - 1),
        Equal(sp.log(sp.exp(300) * (1 + sp.exp(x))), 300 + sp.log(1 + sp.exp(x))),
        Equal(sp.sqrt(huge**2 * (1 + x**2)), huge * sp.sqrt(1 + x**2)),
        Equal((x + huge) ** 3 - huge**3, x**3 + 3 * x**2 * huge + 3 * x * huge**2),
        Equal(sp.cosh(200 * x) ** 2 - sp.sinh(200 * x) ** 2, 1),
        Equal(sp.sin(huge * x) ** 2 + sp.cos(huge * x) ** 2, 1),
        Equal(sp.sqrt(5 + 2 * sp.sqrt(6)), sp.sqrt(2) + sp.sqrt(3)),
        Equal((sp.exp(x) - sp.exp(-x)) / (sp.exp(x) + sp.exp(-x)), 1 - 2 / (sp.exp(2 * x) + 1)),
    ],
)
def test_rounding_never_refutes(statement):
    assert prove(statement).verdict is Verdict.PROVEN


def test_a_dropped_assumption_is_found():
    positive = sp.Symbol("x", positive=True)
    assert prove(Equal(sp.sqrt(positive**2), positive)).verdict is Verdict.PROVEN
    assert prove(Equal(sp.sqrt(x**2), x)).witness == {"x": "-1"}
    assert prove(Equal(sp.log(s * positive), sp.log(s) + sp.log(positive))).verdict is Verdict.PROVEN
    both = prove(Equal(sp.log(x * y), sp.log(x) + sp.log(y), given=[x * y > 0]))
    assert both.verdict is Verdict.REFUTED and both.witness["x"].startswith("-")


def test_given_restricts_the_search():
    assert prove(Equal(sp.Abs(x), x, given=[x >= 0])).verdict is Verdict.PROVEN
    assert prove(Equal(x * y, 1, given=[sp.Eq(y, 1 / x), x > 0])).verdict is Verdict.PROVEN
    proof = prove(Equal(x, y, given=[x > y, y > 0]))
    assert sp.sympify(proof.witness["x"]) > sp.sympify(proof.witness["y"]) > 0


def test_an_algebraic_witness():
    """x**2 = 2 has no rational point: the witness is sqrt(2) itself."""
    proof = prove(Equal(x**3, 2 * x + sp.Rational(1, 100), given=[sp.Eq(x**2, 2)]))
    assert proof.verdict is Verdict.REFUTED
    assert sp.sympify(proof.witness["x"]) ** 2 == 2


def test_a_strict_inequality_is_refuted_at_equality():
    proof = prove(AtLeast((x**2 - 2) ** 2, 0, strict=True))
    assert proof.verdict is Verdict.REFUTED
    assert sp.sympify(proof.witness["x"]) ** 2 == 2


def test_a_narrow_dip_is_found():
    """The left side is negative on an interval of width 0.002 only."""
    assert prove(AtLeast((x - sp.Rational(7, 5)) ** 2, sp.Rational(1, 10**6))).verdict is Verdict.REFUTED
    tangent = 3 + 3 * (x - sp.log(3))
    assert prove(AtLeast(sp.exp(x), tangent)).verdict is Verdict.PROVEN
    dip = AtLeast(sp.exp(x), tangent + sp.Rational(1, 10**6))
    assert prove(dip).verdict is Verdict.REFUTED


def test_undefined_functions_are_refuted_by_an_example():
    f = sp.Function("f")
    proof = prove(Equal(f(2 * x), 2 * f(x)))
    assert proof.verdict is Verdict.REFUTED and "f(x)" in proof.witness


def test_a_statement_that_is_nowhere_defined_is_undecided():
    proof = prove(Equal(sp.log(-(s**2)) * 0 + sp.sqrt(-s - 1) ** 2 + sp.zeta(s), sp.zeta(s) - s))
    assert proof.verdict is not Verdict.PROVEN
