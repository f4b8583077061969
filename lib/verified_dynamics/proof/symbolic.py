"""Symbolic proofs that an expression is zero on its whole domain, the cheap methods first."""

from __future__ import annotations

import sympy as sp

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.normal_form import vanishes
from verified_dynamics.proof.timeouts import attempt

_CASES = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise)


def _by_simplify(expression: sp.Expr) -> bool:
    return sp.simplify(expression) == 0


def _by_trigonometry(expression: sp.Expr) -> bool:
    return sp.trigsimp(sp.expand_trig(expression)) == 0


def _by_sums(expression: sp.Expr) -> bool:
    if not expression.has(sp.Sum, sp.Product, sp.Integral):
        return False
    closed = expression.doit()
    if closed.has(sp.Piecewise):
        closed = _without_impossible_pieces(closed)
    return closed != expression and zero_method(closed, 2.0) is not None


def _without_impossible_pieces(expression: sp.Expr) -> sp.Expr:
    """Pieces whose condition is an equation between two sides that provably differ are dropped."""

    def differ(left: sp.Expr, right: sp.Expr) -> bool:
        domain = Domain(sorted(left.free_symbols | right.free_symbols, key=str))
        return any(solver_z3.decide(">", a, b, domain, 0.2).holds for a, b in ((left, right), (right, left)))

    def keep(e: sp.Piecewise) -> sp.Expr:
        pieces = [(v, c) for v, c in e.args if not (isinstance(c, sp.Eq) and differ(c.lhs, c.rhs))]
        return sp.Piecewise(*pieces) if pieces else e

    return expression.replace(lambda e: isinstance(e, sp.Piecewise), keep)


def _by_functions(expression: sp.Expr) -> bool:
    expanded = sp.expand_func(expression)
    return expanded != expression and vanishes(expanded)


_METHODS = (
    ("normal form", vanishes, 1.0),
    ("summation", _by_sums, 1.0),
    ("functional equations", _by_functions, 0.2),
    ("trigonometry", _by_trigonometry, 0.2),
    ("SymPy simplification", _by_simplify, 0.4),
)


def zero_method(expression: sp.Expr, seconds: float) -> str | None:
    """The name of the first method that shows `expression` to be zero, or None."""
    if expression == 0:
        return "identity of expressions"
    for name, method, share in _METHODS:
        if attempt(share * seconds, _quiet, method, expression, default=False):
            return name
    return None


def _quiet(method, expression: sp.Expr) -> bool:
    """The method's answer; a method that SymPy cannot carry out has shown nothing."""
    try:
        return bool(method(expression))
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        NotImplementedError,
        RecursionError,
        TypeError,
        ValueError,
    ):
        return False


def has_cases(expression: sp.Basic) -> bool:
    """Whether the expression holds a function that is defined by cases."""
    return expression.has(*_CASES)
