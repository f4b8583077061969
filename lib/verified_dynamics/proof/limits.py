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
from verified_dynamics.proof.limit_forms import (
    forms,
    orderings,
    resolved_cases,
    safely,
    towards_end,
    without_lambert,
)
from verified_dynamics.proof.statements import AsymptoticTo, Equal, LimitIs
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.verdicts import Outcome, ProofError, Verdict, proven, refuted, undecided

_DISTANCES = (3, 10, 30, 100, 300, 1000, *(sp.Integer(10) ** k for k in (4, 8, 16, 32, 64, 128, 256)))
_BITS = 2200
_PARAMETERS = 6


@lru_cache(maxsize=512)
def true_limit(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str, seconds: float):
    """The limit as SymPy computes it, or None where it cannot."""
    moved, t, end = towards_end(expression, symbol, point, direction)
    if moved.has(sp.LambertW):
        moved, t = attempt(0.2 * seconds, without_lambert, moved, t, end) or (moved, t)
    for form in forms(moved):
        changed = attempt(0.1 * seconds, safely, form, moved)
        if changed is None:
            continue
        changed = attempt(0.1 * seconds, resolved_cases, changed, t, end, default=changed)
        value = attempt(0.35 * seconds, safely, sp.limit, changed, t, end, "+")
        if value is not None and not value.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo, t):
            return value
    return None


def approach(
    expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr, direction: str, at: dict
) -> list[mpmath.mpf]:
    """Rigorous values of the expression nearer and nearer to the point, for the parameters `at`."""
    moved, t, end = towards_end(expression, symbol, point, direction)
    values = []
    for distance in _DISTANCES:
        here = sp.Integer(distance) if end is sp.oo else sp.Rational(1, distance)
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


def _check_numerically(statement, expression, limit: sp.Expr, seconds: float) -> tuple[int, dict | None]:
    """Compares a limit with values near the point, at several parameters.

    Returns the number of parameter points at which enough values exist, and a point that speaks against the limit.
    """
    if statement.functions():
        return 0, None
    domain = Domain(statement.free_symbols(), _without_variable(statement), str(expression))
    direction = getattr(statement, "direction", "+")
    looked_at = 0
    for at in domain.points(_PARAMETERS):
        values = attempt(
            0.1 * seconds, approach, expression, statement.symbol, statement.point, direction, at
        )
        here = limit.subs(at)
        if not values or not (here.is_number or here.is_infinite):
            continue
        if _contradicts(values, here):
            return looked_at, at
        looked_at += len(values) >= 3
    return looked_at, None


def decide_limit(statement: LimitIs, seconds: float) -> Outcome:
    """The outcome for a limit."""
    return _decide(statement, statement.expression, statement.value, statement.direction, seconds)


def decide_asymptotic(statement: AsymptoticTo, seconds: float) -> Outcome:
    """The outcome for an asymptotic equivalence: the limit of the ratio is compared with one."""
    ratio = statement.expression / statement.other
    return _decide(statement, ratio, sp.S.One, "+", seconds)


def _decide(statement, expression, value, direction: str, seconds: float) -> Outcome:
    split = orderings(value)
    if split is not None:
        return _by_orderings(split, expression, value, statement, direction, seconds)
    limit = true_limit(expression, statement.symbol, statement.point, direction, 0.6 * seconds)
    if limit is None:
        return _at_parameters(statement, expression, value, direction, seconds)
    looked_at, against = _check_numerically(statement, expression, limit, seconds)
    if against is not None:
        return _disputed(statement, expression, value, limit, against, direction, seconds)
    outcome = _compare(statement, limit, value, seconds)
    if outcome.verdict is Verdict.UNDECIDED:
        fixed = _at_parameters(statement, expression, value, direction, seconds)
        return fixed if fixed.verdict is Verdict.REFUTED else outcome
    if outcome.verdict is Verdict.PROVEN:
        return proven("limit by SymPy, values near the point agree" if looked_at else "limit by SymPy",
                      checked_points=looked_at)  # fmt: skip
    witness = {**dict(outcome.witness or ()), "limit": limit}
    what = "ratio" if isinstance(statement, AsymptoticTo) else "expression"
    return refuted("true limit differs", f"the {what} tends to {limit}, not to {value}", witness)


def _disputed(statement, expression, value, limit, against: dict, direction: str, seconds: float) -> Outcome:
    """SymPy's limit with free parameters is contradicted by values at `against`: only exact parameters count.

    SymPy takes parameters to be generic (it may assume a < b, say); at fixed parameters it has nothing to assume.
    """
    outcome = _at_parameters(statement, expression, value, direction, seconds)
    if outcome.verdict is Verdict.REFUTED:
        return outcome
    if not statement.free_symbols() and _compare(statement, limit, value, seconds).verdict is Verdict.PROVEN:
        raise ProofError(
            f"SymPy's limit {limit} of {expression} disagrees with rigorous values near the point."
        )
    return undecided(f"SymPy's limit {limit} disagrees with rigorous values near the point at {against}")


def _by_orderings(split, expression, value, statement, direction: str, seconds: float) -> Outcome:
    """A claimed value with a maximum of two parameters: the orders of the parameters one by one."""
    checked = 0
    for order in split:
        if any(g.has(*order) for g in statement.given):
            return undecided("the claimed value has a maximum of symbols that `given` restricts")
        case = LimitIs(expression.subs(order), statement.symbol, statement.point, value.subs(order).doit(),
                       direction=direction, given=statement.given)  # fmt: skip
        outcome = _decide(case, case.expression, case.value, direction, seconds / len(split))
        if (
            outcome.verdict is not Verdict.PROVEN
        ):  # a case may reach beyond the domain, so its witness does not count
            return _at_parameters(statement, expression, value, direction, seconds)
        checked += outcome.checked_points
    return proven("limit by SymPy in each order of the parameters", checked_points=checked)


def _compare(statement, limit: sp.Expr, value: sp.Expr, seconds: float) -> Outcome:
    """The outcome of "the true limit equals the claimed value"."""
    if limit == value:
        return proven("limit")
    if limit.has(sp.oo, -sp.oo) or value.has(sp.oo, -sp.oo):
        if (
            limit.is_infinite
            and value.is_infinite
            and not (limit.is_extended_real and limit in (sp.oo, -sp.oo))
        ):
            return undecided(f"the sign of the infinite limit {limit} is not known")
        return refuted("true limit differs", "", None)
    pair = Equal(limit, value, given=_without_variable(statement))
    return equal(pair.left, pair.right, pair, 0.3 * seconds)


def _at_parameters(statement, expression, value, direction: str, seconds: float) -> Outcome:
    """Where the general limit is out of reach: a refutation at exact values of the parameters."""
    domain = Domain(statement.free_symbols(), _without_variable(statement), str(expression))
    if domain.symbols and not statement.functions():
        for at in domain.points(4):
            here, claimed = expression.subs(at), value.subs(at)
            limit = true_limit(here, statement.symbol, statement.point.subs(at), direction, 0.1 * seconds)
            if limit is None:
                continue
            outcome = _compare(Equal(limit, claimed), limit, claimed, 0.1 * seconds)
            if outcome.verdict is Verdict.REFUTED:
                witness = {**{str(s): v for s, v in at.items()}, "limit": limit}
                return refuted(
                    "true limit differs", f"at {witness} the limit is {limit}, not {claimed}", witness
                )
    return undecided("SymPy finds no limit")


def _without_variable(statement) -> tuple:
    symbol = getattr(statement, "symbol", None)
    return tuple(g for g in statement.given if symbol is None or not g.has(symbol))
