"""Decides `LimitIs` and `AsymptoticTo`: the true limit symbolically, then against values close to the point.

The limit comes from SymPy, in several equivalent forms of the expression should the first one fail. It is compared
with the claimed value by the methods for equalities, and checked apart from SymPy: rigorous values of the expression
nearer and nearer to the point must approach it. A wrong claim is refuted by the true limit, which the witness names.
"""

from __future__ import annotations

from functools import lru_cache

import mpmath
import sympy as sp

from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.enclosures import NoEnclosure, NotDefined, Unresolved, bounds, enclose
from verified_dynamics.proof.equalities import equal
from verified_dynamics.proof.normal_form import simplified
from verified_dynamics.proof.statements import AsymptoticTo, Equal, LimitIs
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.verdicts import Outcome, ProofError, Verdict, proven, refuted, undecided

_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_BITS = 2200
_SYMPY_FAILURES = (ArithmeticError, AttributeError, IndexError, KeyError, NotImplementedError, RecursionError,
                   TypeError, ValueError)  # fmt: skip


def towards_infinity(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str):
    """The expression in a positive variable that tends to zero (finite point) or to infinity."""
    t = sp.Symbol("t_", positive=True)
    if point is sp.oo:
        return expression.subs(symbol, t), t, sp.oo
    if point is sp.S.NegativeInfinity:
        return expression.subs(symbol, -t), t, sp.oo
    shifted = point + t if direction == "+" else point - t
    return expression.subs(symbol, shifted), t, sp.S.Zero


@lru_cache(maxsize=512)
def true_limit(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str, seconds: float):
    """The limit as SymPy computes it, or None where it cannot."""
    moved, t, end = towards_infinity(expression, symbol, point, direction)
    for form in _forms(moved):
        changed = attempt(0.1 * seconds, _safely, form, moved)
        if changed is None:
            continue
        changed = attempt(0.1 * seconds, _resolved_cases, changed, t, end, default=changed)
        value = attempt(0.35 * seconds, _safely, lambda e: sp.limit(e, t, end, "+"), changed)
        if value is not None and not value.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo, t):
            return value
    return None


def _forms(expression: sp.Expr):
    yield lambda e: e
    yield simplified
    yield lambda e: sp.expand(simplified(e))
    if expression.has(sp.log):
        yield lambda e: sp.logcombine(sp.expand_log(e, force=False), force=False)


def _safely(function, expression):
    try:
        return function(expression)
    except _SYMPY_FAILURES:
        return None


def _resolved_cases(expression: sp.Expr, t: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """Max, Min, Abs and sign whose argument has a limit of definite sign, replaced by the branch that counts."""

    def sign(u: sp.Expr) -> int:
        value = _safely(lambda e: sp.limit(e, t, end, "+"), u)
        if value is None:
            return 0
        return 1 if value.is_extended_positive else -1 if value.is_extended_negative else 0

    def branch(e: sp.Expr) -> sp.Expr:
        if isinstance(e, (sp.Max, sp.Min)):
            best = e.args[0]
            for other in e.args[1:]:
                s = sign(other - best)
                if s == 0:
                    return e
                best = other if (s > 0) == isinstance(e, sp.Max) else best
            return best
        s = sign(e.args[0])
        if s == 0:
            return e
        return s * e.args[0] if isinstance(e, sp.Abs) else sp.Integer(s)

    if not expression.has(sp.Max, sp.Min, sp.Abs, sp.sign):
        return expression
    return expression.replace(lambda e: isinstance(e, (sp.Max, sp.Min, sp.Abs, sp.sign)), branch)


def approach(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str, at: dict) -> list[mpmath.mpf]:
    """Rigorous values of the expression nearer and nearer to the point, for the parameters `at`."""
    moved, t, end = towards_infinity(expression, symbol, point, direction)
    values = []
    for step in _STEPS:
        here = sp.Integer(10) ** step if end is sp.oo else sp.Rational(1, 10**step)
        try:
            low, high = bounds(enclose(moved, {**at, t: here}, _BITS))
        except (NotDefined, Unresolved, NoEnclosure, OverflowError, MemoryError):
            continue
        if high - low <= 1e-9 * (1 + abs(high)):
            values.append((low + high) / 2)
    return values


def _contradicts(values: list, limit: sp.Expr) -> bool:
    """Whether values near the point speak clearly against a limit."""
    if len(values) < 3:
        return False
    if limit.is_infinite:
        falling = abs(values[-1]) < 0.5 * abs(values[0]) and abs(values[-1]) < 1e3
        return falling or mpmath.sign(values[-1]) != (1 if limit is sp.oo else -1)
    errors = [abs(v - mpmath.mpf(sp.N(limit, 30))) for v in values]
    return errors[-1] > 1e-3 and errors[-1] >= 0.95 * errors[0] and errors[-1] >= 0.95 * errors[-2]


def _check_numerically(statement, expression, limit: sp.Expr, seconds: float) -> int:
    """Compares a limit with values near the point; the number of parameter points that were looked at."""
    if statement.functions():
        return 0
    domain = Domain(statement.free_symbols(), statement.given, str(expression))
    direction = getattr(statement, "direction", "+")
    looked_at = 0
    for at in domain.points(2):
        values = attempt(0.1 * seconds, approach, expression, statement.symbol, statement.point, direction, at)
        here = limit.subs(at)
        if not values or not (here.is_number or here.is_infinite):
            continue
        if _contradicts(values, here):
            raise ProofError(f"SymPy's limit {limit} of {expression} disagrees with its values {values[-1]} at {at}.")
        looked_at += len(values) >= 3
    return looked_at


def decide_limit(statement: LimitIs, seconds: float) -> Outcome:
    """The outcome for a limit."""
    return _decide(statement, statement.expression, statement.value, statement.direction, seconds)


def decide_asymptotic(statement: AsymptoticTo, seconds: float) -> Outcome:
    """The outcome for an asymptotic equivalence: the limit of the ratio is compared with one."""
    ratio = statement.expression / statement.other
    return _decide(statement, ratio, sp.S.One, "+", seconds)


def _decide(statement, expression, value, direction: str, seconds: float) -> Outcome:
    limit = true_limit(expression, statement.symbol, statement.point, direction, 0.6 * seconds)
    if limit is None:
        return _at_parameters(statement, expression, value, direction, seconds)
    outcome = _compare(statement, limit, value, seconds)
    if outcome.verdict is Verdict.UNDECIDED:
        return outcome
    looked_at = _check_numerically(statement, expression, limit, seconds)
    if outcome.verdict is Verdict.PROVEN:
        return proven("limit by SymPy, values near the point agree" if looked_at else "limit by SymPy",
                      checked_points=looked_at)  # fmt: skip
    witness = {**dict(outcome.witness or {}), "limit": limit}
    what = "ratio" if isinstance(statement, AsymptoticTo) else "expression"
    return refuted("true limit differs", f"the {what} tends to {limit}, not to {value}", witness)


def _compare(statement, limit: sp.Expr, value: sp.Expr, seconds: float) -> Outcome:
    """The outcome of "the true limit equals the claimed value"."""
    if limit == value:
        return proven("limit")
    if limit.has(sp.oo, -sp.oo) or value.has(sp.oo, -sp.oo):
        if limit.is_infinite and value.is_infinite and not (limit.is_extended_real and limit in (sp.oo, -sp.oo)):
            return undecided(f"the sign of the infinite limit {limit} is not known")
        return refuted("true limit differs", "", None)
    pair = Equal(limit, value, given=_without_variable(statement))
    return equal(pair.left, pair.right, pair, 0.3 * seconds)


def _at_parameters(statement, expression, value, direction: str, seconds: float) -> Outcome:
    """Where the general limit is out of reach: a refutation at exact values of the parameters."""
    domain = Domain(statement.free_symbols(), statement.given, str(expression))
    if domain.symbols and not statement.functions():
        for at in domain.points(2):
            here, claimed = expression.subs(at), value.subs(at)
            limit = true_limit(here, statement.symbol, statement.point.subs(at), direction, 0.1 * seconds)
            if limit is None:
                continue
            outcome = _compare(Equal(limit, claimed), limit, claimed, 0.1 * seconds)
            if outcome.verdict is Verdict.REFUTED:
                witness = {**{str(s): v for s, v in at.items()}, "limit": limit}
                return refuted("true limit differs", f"at {witness} the limit is {limit}, not {claimed}", witness)
    return undecided("SymPy finds no limit")


def _without_variable(statement) -> tuple:
    symbol = getattr(statement, "symbol", None)
    return tuple(g for g in statement.given if symbol is None or not g.has(symbol))
