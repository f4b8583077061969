"""Signs that follow from the assumptions of the symbols."""

from __future__ import annotations

import sympy as sp


def nonnegative(expression: sp.Expr) -> bool:
    """Whether the assumptions make the expression not negative, by SymPy's rules and those of sums of squares."""
    if expression.is_nonnegative:
        return True
    if expression.is_Add:
        return all(nonnegative(term) for term in expression.args)
    if expression.is_Mul:
        return all(nonnegative(factor) for factor in expression.args)
    if (
        expression.is_Pow
        and expression.exp.is_Rational
        and expression.exp.p % 2 == 0
        and expression.exp.is_Integer
    ):
        return bool(expression.base.is_real)
    return False


def is_positive(expression: sp.Expr) -> bool:
    """Whether the assumptions make the expression positive, by SymPy's rules and those of sums of squares."""
    if expression.is_positive:
        return True
    if isinstance(expression, sp.LambertW) and len(expression.args) == 1:
        return is_positive(expression.args[0])
    if expression.is_Add:
        return all(nonnegative(term) for term in expression.args) and any(
            is_positive(t) for t in expression.args
        )
    if expression.is_Mul:
        return all(is_positive(factor) for factor in expression.args)
    return False
