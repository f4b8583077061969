"""Undefined functions: their partial derivatives as names of their own, and concrete functions in their place.

SymPy writes the chain rule with `Subs(Derivative(F(xi, v), xi), xi, u*v)` and does not see that two such objects
agree. `jets` turns every partial derivative into an undefined function `F_{(1,0)}` of the same arguments.
"""

from __future__ import annotations

from itertools import pairwise

import sympy as sp
from sympy.core.function import AppliedUndef

from verified_dynamics.proof.domains import seeded


def _jet(function, orders: tuple[int, ...], arguments) -> sp.Expr:
    if not any(orders):
        return function(*arguments)
    # The assumptions of a function do not pass on to its derivatives, except that they are real as well.
    real = {"real": True} if getattr(function, "is_real", None) else {}
    name = f"{function.__name__}_({','.join(map(str, orders))})"
    return sp.Function(name, **real)(*arguments)


def _derivative_jet(derivative: sp.Derivative, values: dict) -> sp.Expr | None:
    """The partial derivative of an undefined function, where each variable fills exactly one slot."""
    applied = derivative.expr
    if not isinstance(applied, AppliedUndef):
        return None
    orders = [0] * len(applied.args)
    for variable, count in derivative.variable_count:
        slots = [i for i, a in enumerate(applied.args) if a.has(variable)]
        if len(slots) != 1 or applied.args[slots[0]] != variable or not count.is_Integer:
            return None
        orders[slots[0]] += int(count)
    return _jet(applied.func, tuple(orders), [a.subs(values) for a in applied.args])


def jets(expression: sp.Basic) -> sp.Basic:
    """`expression` with the derivatives of undefined functions written as functions of the same arguments."""

    def of_subs(e: sp.Subs) -> sp.Basic:
        values = dict(zip(e.variables, e.point, strict=True))
        if isinstance(e.expr, sp.Derivative):
            found = _derivative_jet(e.expr, values)
            if found is not None:
                return found
        return e

    def of_derivative(e: sp.Derivative) -> sp.Basic:
        found = _derivative_jet(e, {})
        return e if found is None else found

    if not expression.has(AppliedUndef):
        return expression
    expression = expression.replace(lambda e: isinstance(e, sp.Subs), of_subs)
    return expression.replace(lambda e: isinstance(e, sp.Derivative), of_derivative)


def _polynomial(arguments, draw) -> sp.Expr:
    """A polynomial of degree three with small coefficients, all of them different from zero."""

    def coefficient() -> sp.Rational:
        return sp.Rational(draw.choice((-3, -2, -1, 1, 2, 3)), draw.choice((1, 2)))

    linear = sum(coefficient() * a for a in arguments)
    square = sum(coefficient() * a**2 for a in arguments)
    cube = sum(coefficient() * a**3 for a in arguments)
    mixed = sum(coefficient() * a * b for a, b in pairwise(arguments))
    return coefficient() + linear + square / 2 + cube / 6 + mixed


def applied_functions(*expressions: sp.Basic) -> tuple[AppliedUndef, ...]:
    """One application of each undefined function that occurs, in the order of the functions' names."""
    found: dict[str, AppliedUndef] = {}
    for applied in sorted(
        set().union(*(e.atoms(AppliedUndef) for e in expressions)), key=sp.default_sort_key
    ):
        found.setdefault(applied.func.__name__, applied)
    return tuple(found[name] for name in sorted(found))


def instances(applications, text: str, count: int) -> list[dict]:
    """`count` choices of concrete smooth functions for undefined ones, the same at every call.

    A function with `positive=True` becomes an exponential; with `nonnegative=True` a square.
    """
    draw = seeded("functions " + text)
    choices = []
    for _ in range(count):
        choice = {}
        for applied in applications:
            names = sp.symbols(f"x:{len(applied.args)}") if len(applied.args) > 1 else (sp.Symbol("x"),)
            body = _polynomial(names, draw)
            if applied.is_positive:
                body = sp.exp(body / 4)
            elif applied.is_nonnegative:
                body = body**2
            choice[applied.func] = sp.Lambda(tuple(names), body)
        choices.append(choice)
    return choices


def put_in(expression: sp.Basic, choice: dict) -> sp.Basic:
    """`expression` with concrete functions in place of undefined ones, derivatives carried out."""
    if not choice:
        return expression
    for function, body in choice.items():
        expression = expression.replace(function, body)
    return expression.doit()
