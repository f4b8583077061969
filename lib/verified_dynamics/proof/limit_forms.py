"""Other shapes of an expression, in which its limit is easier to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp

from verified_dynamics.proof.normal_form import simplified

SYMPY_FAILURES = (ArithmeticError, AttributeError, IndexError, KeyError, NotImplementedError, RecursionError,
                  TypeError, ValueError)  # fmt: skip


def safely(function: Callable, *arguments):
    """The function's value, or None where SymPy cannot carry it out."""
    try:
        return function(*arguments)
    except SYMPY_FAILURES:
        return None


def towards_end(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str):
    """The expression in a positive variable that tends to zero (finite point) or to infinity."""
    t = sp.Symbol("t_", positive=True)
    if point is sp.oo:
        return expression.subs(symbol, t), t, sp.oo
    if point is sp.S.NegativeInfinity:
        return expression.subs(symbol, -t), t, sp.oo
    shifted = point + t if direction == "+" else point - t
    return expression.subs(symbol, shifted), t, sp.S.Zero


def forms(expression: sp.Expr) -> Iterator[Callable]:
    """Rewritings to try, the expression itself first."""
    yield lambda e: e
    yield simplified
    yield lambda e: sp.expand(simplified(e))
    if expression.has(sp.log):
        yield lambda e: sp.logcombine(sp.expand_log(e, force=False), force=False)


def limit_sign(u: sp.Expr, t: sp.Symbol, end: sp.Expr) -> int:
    """The sign of the limit of `u`; 0 where it vanishes or is not known."""
    value = safely(sp.limit, u, t, end, "+")
    if value is None:
        return 0
    return 1 if value.is_extended_positive else -1 if value.is_extended_negative else 0


def resolved_cases(expression: sp.Expr, t: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """Max, Min, Abs and sign whose argument has a limit of definite sign, replaced by the branch that counts."""
    if not expression.has(sp.Max, sp.Min, sp.Abs, sp.sign):
        return expression

    def branch(e: sp.Expr) -> sp.Expr:
        if isinstance(e, (sp.Max, sp.Min)):
            best = e.args[0]
            for other in e.args[1:]:
                s = limit_sign(other - best, t, end)
                if s == 0:
                    return e
                best = other if (s > 0) == isinstance(e, sp.Max) else best
            return best
        s = limit_sign(e.args[0], t, end)
        if s == 0:
            return e
        return s * e.args[0] if isinstance(e, sp.Abs) else sp.Integer(s)

    return expression.replace(lambda e: isinstance(e, (sp.Max, sp.Min, sp.Abs, sp.sign)), branch)


def without_lambert(expression: sp.Expr, t: sp.Symbol, end: sp.Expr):
    """With w = LambertW(u(t)) as the new variable, t = u^{-1}(w exp(w)); None where that does not apply."""
    found = [e for e in expression.atoms(sp.LambertW) if e.has(t)]
    if end is not sp.oo or len(found) != 1 or len(found[0].args) != 1:
        return None
    inside = found[0].args[0]
    if safely(sp.limit, inside, t, sp.oo) is not sp.oo:
        return None
    value = sp.Symbol("u_", positive=True)
    w = sp.Symbol("w_", positive=True)
    solutions = safely(sp.solve, inside - value, t)
    if not solutions or len(solutions) != 1:
        return None
    back = sp.expand_log(solutions[0].subs(value, w * sp.exp(w)))
    changed = expression.subs(found[0], w).subs(t, back)
    return sp.expand_log(changed).replace(sp.log, lambda u: sp.expand_log(sp.log(sp.factor(u)))), w


def orderings(value: sp.Expr) -> list[dict] | None:
    """Substitutions that decide the first maximum, minimum or sign of symbols in a claimed value."""
    gap = sp.Symbol("gap_", positive=True)
    for e in sorted(value.atoms(sp.Max, sp.Min, sp.sign), key=sp.default_sort_key):
        pair = (e.args[0], sp.S.Zero) if isinstance(e, sp.sign) else e.args
        if len(pair) != 2 or not all(a.is_Symbol or a.is_number for a in pair):
            continue
        p, q = sorted(pair, key=lambda a: a.is_number)
        below = {p: q - gap} if q.is_number else {q: p + gap}
        return [{p: q + gap}, below, {p: q}]
    return None
