"""The engine that breaks statements: its copies are false, differ from the original, and are caught."""

from __future__ import annotations

import importlib

import pytest
import sympy as sp
from mutations import mutants

from verified_dynamics.proof import AtLeast, Equal, LimitIs, SeriesIs, Solves, Verdict, prove

TOPICS = ("algebra", "dynamics", "exponentials", "homogeneity", "inequalities", "limits", "series")
x, y = sp.symbols("x y", real=True)
t = sp.Symbol("t", positive=True)
f = sp.Function("f")


@pytest.mark.parametrize("topic", TOPICS)
def test_broken_copies_of_the_corpus_are_refuted(topic):
    """At least 95 % of the broken copies of every sixth true statement are refuted, none is proved."""
    refuted, others = 0, []
    for statement in importlib.import_module(f"corpus_{topic}").TRUE[::6]:
        for mutant in mutants(statement, 2):
            proof = prove(mutant.statement, timeout=5.0)
            assert proof.verdict is not Verdict.PROVEN, f"{mutant.change}: {proof}"
            refuted += proof.verdict is Verdict.REFUTED
            others += [str(proof)] if proof.verdict is Verdict.UNDECIDED else []
    assert refuted >= max(5, 19 * len(others)), others


def test_each_kind_of_change_occurs():
    statement = Equal((x + y) ** 2, x**2 + 2 * x * y + y**2)
    kinds = {mutant.change.split(":")[0] for mutant in mutants(statement, 3)}
    assert kinds == {"sign", "exponent", "constant"}
    assert mutants(statement, 3) == mutants(statement, 3)


def test_copies_that_are_still_true_are_dropped():
    even = Equal(sp.cos(x), sp.cos(-x) + 0 * y)
    assert all(mutant.statement.right != sp.cos(x) for mutant in mutants(even, 9))
    harmless = Solves(sp.Eq(t * f(t).diff(t), f(t)), f(t), 3 * t)
    assert all(mutant.statement.solution[0].diff(t, 2) != 0 or mutant.statement.solution[0].subs(t, 0) != 0
               for mutant in mutants(harmless, 9))  # fmt: skip


def test_the_right_field_is_altered():
    assert mutants(LimitIs(1 / t, t, sp.oo, 0), 1)[0].statement.value != 0
    assert mutants(Equal(x - y - x + y + sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1, 0), 1)[0].statement.right == 0
    series = mutants(SeriesIs(sp.exp(x), x, 0, 2, 1 + x), 4)
    assert series and all(m.statement.expression == sp.exp(x) for m in series)
    falls = mutants(AtLeast(x**2 + 1, 2 * x), 4)
    assert falls and all(prove(m.statement).verdict is Verdict.REFUTED for m in falls)
