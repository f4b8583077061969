"""Certificates are checked: a wrong one certifies nothing, however true the inequality."""

from __future__ import annotations

import pytest
import sympy as sp

from verified_dynamics.proof import AtLeast, Convex, Monotone, SignedFactors, SumOfSquares, Verdict, prove

x, y = sp.symbols("x y", real=True)
t, s = sp.symbols("t s", positive=True)
z = sp.Symbol("z")
n = sp.Symbol("n", integer=True)


@pytest.mark.parametrize(
    "statement",
    [
        AtLeast(x**2 + y**2, 2 * x * y, certificate=SumOfSquares([x - y])),
        AtLeast(2 * x**2 + t * y**2, 0, certificate=SumOfSquares([(2, x), (t, y)])),
        AtLeast(t * s, 0, strict=True, certificate=SignedFactors([t, s])),
        AtLeast(sp.exp(t), 1 + t, certificate=Monotone(t, 0)),
        AtLeast(1, sp.tanh(x), strict=True, certificate=Monotone(x, sp.oo, decreasing=True)),
        AtLeast(sp.exp(x), 1 + x, certificate=Convex(x, 0)),
        AtLeast(x - sp.log(x), 1, given=[x > 0], certificate=Convex(x, 1)),
    ],
)
def test_right_certificates(statement):
    proof = prove(statement)
    assert proof.verdict is Verdict.PROVEN, str(proof)
    assert type(statement.certificate).__name__ in proof.method


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (AtLeast(x**2 + y**2, 2 * x * y, certificate=SumOfSquares([x + y])), "fails at"),
        (AtLeast(x**2 + 1, x, certificate=SumOfSquares([(-1, x), x])), "fails at"),
        (AtLeast(x**2 + 1, 0, strict=True, certificate=SumOfSquares([x, 1])), "not >"),
        (AtLeast(-(z**2) + 1 + z**2, 0, certificate=SumOfSquares([sp.I])), "real expressions"),
        (AtLeast(x**2 + 1, 0, certificate=SignedFactors([x**2 + 1, 2])), "fails at"),
        (AtLeast(sp.exp(t), 1 + t, certificate=Monotone(t, 1, sp.E - 2)), "fails at"),
        (AtLeast(sp.exp(t), 1 + t, certificate=Monotone(t, 0, decreasing=True)), "fails at"),
        (AtLeast(sp.exp(x), 1 + x, certificate=Convex(x, 1)), "fails at"),
        (AtLeast(n**2, n, certificate=Convex(n, sp.Rational(1, 2))), "interval"),
    ],
)
def test_wrong_certificates_leave_a_true_statement_undecided(statement, reason):
    proof = prove(statement)
    assert proof.verdict is Verdict.UNDECIDED and reason in proof.reason, str(proof)


def test_a_jump_defeats_monotonicity():
    """1/(1 - t) grows wherever it is defined and starts at 1, yet it is negative beyond t = 1."""
    statement = AtLeast(1 / (1 - t), 0, given=[t < 1])
    assert prove(statement).verdict is Verdict.PROVEN
    narrow = AtLeast(1 / (sp.Rational(1, 10**9) - (t - 5) ** 2) + 10, 0, certificate=Monotone(t, 0))
    assert prove(narrow).verdict is not Verdict.PROVEN


def test_a_gap_in_the_domain_defeats_monotonicity():
    """The slope is known for x > 2 only, so nothing follows from the value at 0."""
    falling = sp.Piecewise((-x, x < 2), (x - 5, True))
    statement = AtLeast(falling, 0, given=[x > 2], certificate=Monotone(x, 0))
    assert prove(statement).verdict is not Verdict.PROVEN


def test_a_false_inequality_is_refuted_whatever_its_certificate():
    statement = AtLeast(2 * x * y, x**2 + y**2, certificate=SumOfSquares([x - y]))
    assert prove(statement).verdict is Verdict.REFUTED
