"""A normal form for exp-log-algebraic expressions, and the test for zero that rests on it.

Hyperbolic and circular functions become exponentials; exponentials, logarithms, roots and symbolic powers are split
by the rules that the assumptions allow (`log(a*b)` only for positive `a`, and so on) and each remaining one becomes
a generator. What is left is a rational function in the generators, reduced by the relations between them
(`r**q = radicand`, `I**2 = -1`). If its numerator vanishes, the expression is zero wherever it is defined. The
converse does not hold: a numerator that stays proves nothing.
"""

from __future__ import annotations

import sympy as sp
from sympy.polys.polyerrors import PolynomialError
from sympy.polys.rings import ring

from verified_dynamics.proof.generators import FinerRoot, Generators, apply_relations
from verified_dynamics.proof.rewriting import Builder
from verified_dynamics.proof.undefined_functions import jets

_HYPERBOLIC = (sp.tanh, sp.sinh, sp.cosh, sp.coth, sp.sech, sp.csch)
_CIRCULAR = (sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc)


def prepared(expression: sp.Expr) -> sp.Expr:
    """Before the normal form: derivatives carried out, hyperbolic and circular functions as exponentials."""
    expression = jets(expression)
    if expression.has(*_HYPERBOLIC, sp.erfc, sp.asinh, sp.acosh, sp.atanh):
        expression = expression.rewrite((sp.asinh, sp.acosh, sp.atanh), sp.log)
        expression = expression.rewrite(_HYPERBOLIC, sp.exp).rewrite(sp.erfc, sp.erf)
    circular = [f for f in expression.atoms(*_CIRCULAR) if f.free_symbols]
    if circular:
        expression = expression.rewrite([type(f) for f in circular], sp.exp)
    if expression.has(sp.factorial, sp.binomial, sp.gamma, sp.RisingFactorial, sp.FallingFactorial):
        expression = sp.gammasimp(expression.rewrite(sp.gamma))
    return expression


def normal_form(expression: sp.Expr) -> tuple[sp.Expr, Generators]:
    """The rational function of generators (not reduced), and the generators."""
    expression = prepared(expression)
    generators = Generators()
    while True:
        try:
            return Builder(generators).form(expression), generators
        except FinerRoot:
            generators.restart()


def _numerator_vanishes(form: sp.Expr, relations) -> bool:
    numerator, denominator = sp.fraction(sp.together(form))
    if numerator == 0:
        return True
    symbols = sorted(numerator.free_symbols, key=str)
    if not symbols:
        return sp.expand(numerator) == 0
    polynomials, *_ = ring(symbols, sp.QQ)
    if polynomials.from_expr(numerator) == 0:
        return True
    if not any(numerator.has(generator) for generator, _, _ in relations):
        return False
    if apply_relations(sp.expand(numerator), relations) != 0:
        return False
    return apply_relations(sp.expand(denominator), relations) != 0


def vanishes(expression: sp.Expr) -> bool:
    """Whether the normal form shows that the expression is zero wherever it is defined."""
    if expression == 0:
        return True
    if expression.has(sp.nan, sp.oo, sp.zoo, -sp.oo):
        return False
    try:
        form, generators = normal_form(expression)
        return _numerator_vanishes(form, generators.relations)
    except (PolynomialError, ValueError, TypeError, AttributeError, NotImplementedError, KeyError):
        return False


def simplified(expression: sp.Expr) -> sp.Expr:
    """The normal form, reduced, in the original symbols."""
    form, generators = normal_form(expression)
    return generators.back(Builder(generators).reduce(form))
