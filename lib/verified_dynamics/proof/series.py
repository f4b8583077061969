"""Decides `SeriesIs`: Taylor coefficients by exact power series, else by limits; the remainder is checked apart."""

from __future__ import annotations

import math

import mpmath
import sympy as sp

from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.enclosures import NoEnclosure, NotDefined, Unresolved, bounds, enclose
from verified_dynamics.proof.equalities import equal
from verified_dynamics.proof.limits import true_limit
from verified_dynamics.proof.power_series import NotAnalytic, taylor
from verified_dynamics.proof.statements import Equal, SeriesIs
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.verdicts import Outcome, ProofError, Verdict, proven, refuted, undecided

_BITS = 1500


def decide_series(statement: SeriesIs, seconds: float) -> Outcome:
    """The outcome for a series with its remainder, on each side of the point that the symbol can reach."""
    t = sp.Dummy("t", real=True)
    difference = (statement.expression - statement.polynomial).subs(statement.symbol, _near(statement, t))
    coefficients = attempt(0.4 * seconds, _coefficients, difference, t, math.ceil(statement.order))
    sides = _sides(statement)
    if coefficients is not None:
        outcome = _from_coefficients(statement, coefficients, 0.3 * seconds)
    else:
        outcome = _from_limits(statement, sides, 0.5 * seconds)
    if outcome.verdict is not Verdict.PROVEN:
        return outcome
    return proven(outcome.method, checked_points=sum(_check_remainder(statement, *side) for side in sides))


def _near(statement: SeriesIs, t: sp.Expr) -> sp.Expr:
    """The symbol's value at distance `t` from the point (at infinity: at 1/t)."""
    if statement.point.is_infinite:
        return 1 / t if statement.point is sp.oo else -1 / t
    return statement.point + t


def _sides(statement: SeriesIs) -> list[tuple[sp.Expr, sp.Symbol]]:
    """The difference in a positive variable, for each side from which the symbol's assumptions let it come."""
    t = sp.Symbol("t_", positive=True)
    signs = [1]
    if not statement.point.is_infinite and not (statement.symbol.is_nonnegative and statement.point == 0):
        signs = [1, -1] if not (statement.symbol.is_nonpositive and statement.point == 0) else [-1]
    difference = statement.expression - statement.polynomial
    return [(difference.subs(statement.symbol, _near(statement, sign * t)), t) for sign in signs]


def _coefficients(difference: sp.Expr, t: sp.Symbol, order: int) -> list[sp.Expr] | None:
    """The Taylor coefficients below the order, on both sides of the point; None where it is not analytic."""
    for form in (difference, sp.expand(difference)):
        try:
            return taylor(form, t, max(order, 1))[:order]
        except (NotAnalytic, NotImplementedError, ValueError, TypeError, AttributeError):
            continue
    return None


def _named(statement: SeriesIs, k) -> str:
    base = 1 / statement.symbol if statement.point.is_infinite else statement.symbol - statement.point
    return str(base**k)


def _without_variable(statement: SeriesIs) -> tuple:
    """The relations of `given` between the parameters alone."""
    return tuple(g for g in statement.given if not g.has(statement.symbol))


def _claim(statement: SeriesIs, left: sp.Expr) -> Equal:
    return Equal(left, 0, given=_without_variable(statement))


def _from_coefficients(statement: SeriesIs, coefficients: list[sp.Expr], seconds: float) -> Outcome:
    share = seconds / max(len(coefficients), 1)
    for k, coefficient in enumerate(coefficients):
        claim = _claim(statement, coefficient)
        outcome = equal(claim.left, claim.right, claim, share)
        if outcome.verdict is Verdict.REFUTED:
            power = _named(statement, k)
            witness = {
                **dict(outcome.witness or {}),
                f"coefficient of {power} in the difference": coefficient,
            }
            return refuted(
                "Taylor coefficient", f"the difference has the term ({coefficient})*{power}", witness
            )
        if outcome.verdict is Verdict.UNDECIDED:
            return undecided(f"the coefficient {coefficient} of power {k}: {outcome.reason}")
    return proven("Taylor coefficients of an analytic function")


def _from_limits(statement: SeriesIs, sides, seconds: float) -> Outcome:
    """Expansions in fractional powers or logarithms: the quotient by t**order must have a finite limit."""
    for difference, t in sides:
        quotient = difference * t ** (-statement.order)
        limit = true_limit(quotient, t, sp.S.Zero, "+", 0.7 * seconds / len(sides))
        if limit is not None and limit.is_infinite:
            return _unbounded(statement, limit, {})
        if limit is None or not limit.is_finite:
            found = _at_parameters(statement, quotient, t, 0.3 * seconds / len(sides))
            return found or undecided("the expression is not analytic at the point, and whether the remainder is "
                                      f"bounded is not known (its limit: {limit})")  # fmt: skip
    return proven("the remainder over the power of its order has a finite limit")


def _unbounded(statement: SeriesIs, limit: sp.Expr, at: dict) -> Outcome:
    where = "".join(f", at {s} = {v}" for s, v in at.items())
    witness = {**{str(s): v for s, v in at.items()}, "limit of the remainder over its order": limit}
    return refuted(
        "remainder", f"the remainder over {statement.remainder()} tends to {limit}{where}", witness
    )


def _at_parameters(statement: SeriesIs, quotient: sp.Expr, t: sp.Symbol, seconds: float) -> Outcome | None:
    """A refutation at exact values of the parameters, where the general limit depends on their signs."""
    domain = Domain(statement.free_symbols(), _without_variable(statement), str(quotient))
    for at in domain.points(3) if domain.symbols and not statement.functions() else ():
        limit = true_limit(quotient.subs(at), t, sp.S.Zero, "+", seconds / 3)
        if limit is not None and limit.is_infinite:
            return _unbounded(statement, limit, at)
    return None


def _check_remainder(statement: SeriesIs, difference: sp.Expr, t: sp.Symbol) -> int:
    """The remainder over its order, at points near to zero: it must not grow."""
    if statement.functions():
        return 0
    domain = Domain(statement.free_symbols(), _without_variable(statement), str(difference))
    looked_at = 0
    for at in domain.points(2):
        sizes = [_size(difference, t, sp.Rational(1, 2**k), at, statement.order) for k in (10, 20, 40)]
        if None in sizes:
            continue
        if sizes[2] > 1e3 * max(sizes[0], sizes[1], mpmath.mpf(2) ** -200):
            raise ProofError(f"The remainder of {statement} grows on the way to the point, at {at}.")
        looked_at += 1
    return looked_at


def _size(difference, t, here, at: dict, order) -> mpmath.mpf | None:
    try:
        low, high = bounds(enclose(difference * t ** (-order), {**at, t: here}, _BITS))
    except (NotDefined, Unresolved, NoEnclosure):
        return None
    return max(abs(low), abs(high))
