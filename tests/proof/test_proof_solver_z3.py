"""z3's side: conditions of definedness, pieces, algebraic numbers, and its absence."""

from __future__ import annotations

import sys

import pytest
import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Verdict, prove
from verified_dynamics.proof import equalities as equalities_module
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.solver_z3 import decide
from verified_dynamics.proof.verdicts import ProofError

x, y = sp.symbols("x y", real=True)
s = sp.Symbol("s", positive=True)
z = sp.Symbol("z")


def ask(relation, left, right, *given):
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    return decide(relation, left, right, Domain(symbols, given), 2.0)


def test_proofs_and_counterexamples():
    assert ask("==", sp.Max(s * x, 0), s * sp.Max(x, 0)).holds is True
    answer = ask("==", sp.Max(y * x, 0), y * sp.Max(x, 0))
    assert answer.holds is False and answer.exact and answer.witness[y] < 0


def test_a_division_by_zero_is_no_counterexample():
    assert ask(">=", x**2 / x**2 + 1 / x**2, sp.S.One).holds is True
    assert ask(">", 1 / (x - y) ** 2, sp.S.Zero).holds is True


def test_conditions_of_one_piece_do_not_restrict_the_other():
    """log(x) is real in its own piece only; for x <= 0 the claim is still looked at, and fails."""
    function = sp.Piecewise((sp.log(x), x > 0), (x, True))
    assert ask(">=", x - 1, function, x > 0).holds is True
    assert ask(">=", x - 1, function).holds is False
    assert prove(AtLeast(sp.Piecewise((sp.sqrt(x), x > 0), (-1, True)), 0)).verdict is Verdict.REFUTED


def test_algebraic_models():
    answer = ask("==", x, sp.S.One, sp.Eq(x**2, 3))
    assert answer.holds is False and sp.simplify(answer.witness[x] ** 2 - 3) == 0


def test_transcendental_functions_by_their_properties():
    assert ask(">=", sp.exp(x), 1 + x).holds is True
    assert ask(">", sp.log(sp.exp(x) + sp.exp(y)), sp.Max(x, y)).holds is True
    assert ask("==", sp.Max(sp.exp(x), sp.exp(y)), sp.exp(sp.Max(x, y))).holds is True
    assert ask(">=", sp.exp(x), 1 + x + x**2 / 2).holds is not True


def test_complex_symbols_are_left_alone():
    answer = ask("==", z**2, z * z + 0 * x + x - x + z)
    assert answer.holds is None and "not real" in answer.reason


def test_roots_of_negative_numbers_are_not_overlooked():
    """z3 sees real roots only; over the complex numbers the rule for products of roots fails."""
    assert prove(Equal(sp.sqrt(x) * sp.sqrt(y), sp.sqrt(x * y))).verdict is Verdict.REFUTED


def test_without_z3(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    proof = prove(AtLeast(x**4 + x**2 + y**2 + 1, x + y))
    assert proof.verdict is Verdict.UNDECIDED and "z3-solver" in proof.reason
    assert prove(Equal(sp.Max(s * x, 0), s * sp.Max(x, 0))).verdict is Verdict.PROVEN


def test_a_disagreement_is_an_error(monkeypatch):
    """A symbolic method that errs is caught by z3."""
    monkeypatch.setattr(equalities_module, "zero_method", lambda *_: "a broken method")
    monkeypatch.setattr(equalities_module, "sample_equal", lambda *_: None)
    with pytest.raises(ProofError, match="counterexample"):
        prove(Equal(x**2, x))
