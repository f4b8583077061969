"""Whether an expression is continuous on a domain: what arguments by monotonicity and convexity rest on."""

from __future__ import annotations

import sympy as sp

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.signs import is_positive

_CONTINUOUS = (sp.exp, sp.sin, sp.cos, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc, sp.atan, sp.asinh, sp.Abs, sp.Max,
               sp.Min, sp.sech)  # fmt: skip


def positive_on(expression: sp.Expr, domain: Domain, seconds: float = 0.3) -> bool:
    """Whether the expression is positive at every point of the domain, by assumptions or by z3."""
    if is_positive(expression):
        return True
    return bool(solver_z3.decide(">", expression, sp.S.Zero, domain, seconds).holds)


def nonnegative_on(expression: sp.Expr, domain: Domain, seconds: float = 0.3) -> bool:
    """Whether the expression is nowhere negative on the domain, by assumptions or by z3."""
    if expression.is_nonnegative or is_positive(expression):
        return True
    return bool(solver_z3.decide(">=", expression, sp.S.Zero, domain, seconds).holds)


def continuous_on(expression: sp.Expr, domain: Domain) -> bool:
    """Whether nothing in the expression can jump or blow up on the domain (sufficient, not necessary)."""
    if expression.is_Symbol or expression.is_number:
        return True
    if expression.is_Add or expression.is_Mul:
        return all(continuous_on(a, domain) for a in expression.args)
    if expression.is_Pow:
        return _power(expression, domain)
    if isinstance(expression, sp.log):
        return continuous_on(expression.args[0], domain) and positive_on(expression.args[0], domain)
    if isinstance(expression, _CONTINUOUS):
        return all(continuous_on(a, domain) for a in expression.args)
    return False


def _power(expression: sp.Pow, domain: Domain) -> bool:
    base, exponent = expression.args
    if not (continuous_on(base, domain) and continuous_on(exponent, domain)):
        return False
    if exponent.is_Integer and exponent > 0:
        return True
    if exponent.is_Rational and exponent > 0 and nonnegative_on(base, domain):
        return True
    return positive_on(base, domain) or (bool(exponent.is_Integer) and positive_on(-base, domain))
