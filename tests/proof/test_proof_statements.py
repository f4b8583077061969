"""Statements are values: frozen, hashable, with text, TeX and clear errors."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, LimitIs, SeriesIs, Solves, Verdict, prove

x = sp.Symbol("x", real=True)
a = sp.Symbol("a", positive=True)
t = sp.Symbol("t", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
f = sp.Function("f")
EXAMPLES = (
    (Equal(sp.Max(a * x, 0), a * sp.Max(x, 0)), "[a > 0; x real]", r"\max"),
    (AtLeast(x**2, 0, given=[x > 1]), ">= 0", r"\geq"),
    (AtLeast(x**2, 0, strict=True, given=[x > 1]), "> 0", r"\text{for } x > 1"),
    (LimitIs(1 / t, t, sp.oo, 0), "as t -> oo", r"\lim"),
    (LimitIs(1 / t, t, 0, sp.oo), "as t -> 0+", r"0^{+}"),
    (AsymptoticTo(t + 1, t, t), "~ t as", r"\sim"),
    (SeriesIs(sp.exp(x), x, 0, 2, 1 + x), "O(x**2)", r"O\left"),
    (Solves(sp.Eq(f(t).diff(t), f(t)), f(t), sp.exp(t), conditions=[sp.Eq(f(0), 1)]), "f(0) = 1", "solves"),
    (Equal(n, n + 0), "n integer", "n = n"),
)


@pytest.mark.parametrize(("statement", "text", "tex"), EXAMPLES)
def test_text_tex_and_hash(statement, text, tex):
    assert text in str(statement)
    assert tex in statement.latex()
    assert hash(statement) == hash(dataclasses.replace(statement))
    assert statement == dataclasses.replace(statement)
    with pytest.raises(dataclasses.FrozenInstanceError):
        statement.given = ()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Equal(sp.Matrix([1]), x), ValueError, "shapes"),
        (lambda: Equal(sp.Matrix([1]), sp.Matrix([1, 2])), ValueError, "shapes"),
        (lambda: Equal(x > 0, x), TypeError, "expression or matrix"),
        (lambda: AtLeast(sp.Matrix([1]), sp.Matrix([1])), TypeError, "scalars"),
        (lambda: Equal(x, x, given=[x + 1]), TypeError, "relations"),
        (lambda: Equal(a, a, given=[a < 0]), ValueError, "contradicts"),
        (lambda: LimitIs(x, x, 0, 0, direction="up"), ValueError, "direction"),
        (lambda: AsymptoticTo(x, 0, x), ValueError, "zero"),
        (lambda: SeriesIs(x, x, 0, a, 0), ValueError, "order"),
        (lambda: Solves(sp.Eq(f(t), 1), f, 1), TypeError, "applied function"),
        (lambda: Solves(sp.Eq(f(t), 1), (f(t),), (1, 2)), ValueError, "solutions"),
        (lambda: Solves(f(t) > 1, f(t), 1), TypeError, "equations"),
        (lambda: prove(sp.Eq(x, 1)), TypeError, "prove takes one of"),
    ],
)
def test_malformed_statements(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_relations_that_the_assumptions_imply_are_dropped():
    assert Equal(a, a, given=[a > 0]).given == ()


def test_matrices_are_compared_entry_by_entry():
    left = sp.Matrix([[x, 1], [0, x]])
    assert prove(Equal(left**2, sp.Matrix([[x**2, 2 * x], [0, x**2]]))).verdict is Verdict.PROVEN
    broken = prove(Equal(left**2, sp.Matrix([[x**2, x], [0, x**2]])))
    assert broken.verdict is Verdict.REFUTED and "entry 1" in broken.reason


def test_a_proof_is_readable():
    proof = prove(Equal(x + x, 2 * x + 1))
    assert str(proof).startswith("REFUTED: ") and proof.seconds >= 0 and proof.witness is not None
