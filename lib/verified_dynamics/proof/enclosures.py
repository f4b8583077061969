"""Rigorous values of closed expressions: exact fractions where possible, else enclosing intervals.

`enclose(expression, point, bits)` evaluates at an exact point. Arithmetic on fractions is exact; everything else
uses interval arithmetic whose rounding is outward (mpmath's `iv`), so the true value lies inside the answer,
whatever cancels on the way. What is not defined there raises `NotDefined`; what the precision cannot resolve
(a sign of a number too close to zero) raises `Unresolved`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import mpmath
import sympy as sp
from mpmath.ctx_iv import MPIntervalContext
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

_LARGEST_EXPONENT = 10**9
_EXACT_BITS = 20_000  # longer fractions are rounded outwards instead


class NotDefined(Exception):
    """The expression has no finite real value at the point."""


class Unresolved(Exception):
    """The precision does not tell on which side of a boundary a value lies."""


class NoEnclosure(Exception):
    """The expression holds something that has no rigorous evaluation here."""


@lru_cache(maxsize=16)
def interval_context(bits: int) -> MPIntervalContext:
    """An interval context of its own precision, apart from mpmath's global one."""
    context = MPIntervalContext()
    context.prec = bits
    return context


class Enclosure:
    """One evaluation: a point, a precision, and the values of subexpressions met so far."""

    def __init__(self, point: Mapping[sp.Symbol, sp.Expr], bits: int):
        self.point = dict(point)
        self.bits = bits
        self.iv = interval_context(bits)
        self._known: dict[sp.Basic, object] = {}

    def value(self, expression: sp.Basic):
        """The `Fraction` or interval that holds the value of `expression`."""
        if expression not in self._known:
            self._known[expression] = self._evaluate(expression)
        return self._known[expression]

    def interval(self, value):
        """`value` as an interval."""
        if isinstance(value, Fraction):
            return self.iv.mpf(value.numerator) / self.iv.mpf(value.denominator)
        return value

    def sign(self, expression: sp.Basic) -> int:
        """-1, 0 or 1, decided; a value too close to zero is compared with zero by exact algebra."""
        value = self.value(expression)
        try:
            return self.sign_of(value, expression)
        except Unresolved:
            exact = expression.subs(self.point)
            if exact.is_algebraic and sp.simplify(exact) == 0:
                return 0
            raise

    def sign_of(self, value, expression: sp.Basic | None = None) -> int:
        if isinstance(value, Fraction):
            return (value > 0) - (value < 0)
        if value.a > 0:
            return 1
        if value.b < 0:
            return -1
        if value.a == 0 == value.b:
            return 0
        if expression is not None and not expression.free_symbols and expression.is_zero:
            return 0
        raise Unresolved(f"the sign of {expression}")

    def truth(self, condition) -> bool:
        """The truth value of a relation or of a Boolean combination of relations."""
        if isinstance(condition, (bool, BooleanAtom)):
            return bool(condition)
        if isinstance(condition, Relational):
            sign = self.sign(condition.lhs - condition.rhs)
            return {"==": sign == 0, "!=": sign != 0, ">": sign > 0, ">=": sign >= 0,
                    "<": sign < 0, "<=": sign <= 0}[condition.rel_op]  # fmt: skip
        if isinstance(condition, sp.And):
            return all(self.truth(part) for part in condition.args)
        if isinstance(condition, sp.Or):
            return any(self.truth(part) for part in condition.args)
        if isinstance(condition, sp.Not):
            return not self.truth(condition.args[0])
        raise NoEnclosure(f"the condition {condition}")

    def _evaluate(self, expression: sp.Basic):
        from verified_dynamics.proof.enclosed_functions import CONSTANTS, FUNCTIONS

        if expression.is_Symbol:
            if expression not in self.point:
                raise NoEnclosure(f"the free symbol {expression}")
            return self.value(self.point[expression])
        if expression.is_Rational:
            return Fraction(int(expression.p), int(expression.q))
        if expression.is_Float:
            exact = sp.Rational(expression)
            return Fraction(int(exact.p), int(exact.q))
        if expression in CONSTANTS:
            return CONSTANTS[expression](self)
        if expression in (sp.oo, -sp.oo, sp.zoo, sp.nan):
            raise NotDefined(str(expression))
        rule = FUNCTIONS.get(expression.func)
        if rule is None:
            raise NoEnclosure(f"{expression.func}")
        return rule(self, expression)

    def add(self, a, b):
        """The sum of two values, exact where both are."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self.short(a + b)
        return self.interval(a) + self.interval(b)

    def multiply(self, a, b):
        """The product of two values, exact where both are."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self.short(a * b)
        return self.interval(a) * self.interval(b)

    def short(self, value: Fraction):
        """`value`, or an interval round it where the fraction has grown too long."""
        if value.numerator.bit_length() + value.denominator.bit_length() > _EXACT_BITS:
            return self.interval(value)
        return value

    def exp(self, value):
        """The exponential of a value."""
        if value == Fraction(0):
            return Fraction(1)
        interval = self.interval(value)
        if interval.b > _LARGEST_EXPONENT:
            raise NoEnclosure(f"an exponential beyond exp({_LARGEST_EXPONENT})")
        if interval.b < -_LARGEST_EXPONENT:
            return self.point_interval(self.iv.mpf(0).a, self.iv.mpf(2) ** -_LARGEST_EXPONENT)
        return self.iv.exp(interval)

    def log(self, value):
        """The logarithm of a positive value."""
        sign = self.sign_of(value)
        if sign <= 0:
            raise NotDefined("the logarithm of a number that is not positive")
        return Fraction(0) if value == Fraction(1) else self.iv.log(self.interval(value))

    def point_interval(self, low: mpmath.mpf, high: mpmath.mpf):
        """The interval between two numbers."""
        return self.iv.mpf([low, high])


def enclose(expression: sp.Basic, point: Mapping[sp.Symbol, sp.Expr], bits: int = 128):
    """The exact `Fraction` or the interval (of `bits` bits) that holds the value of `expression` at `point`."""
    return Enclosure(point, bits).value(expression)


def holds_at(condition, point: Mapping[sp.Symbol, sp.Expr], bits: int = 256) -> bool | None:
    """Whether a relation holds at an exact point: True, False, or None where this cannot be told."""
    try:
        return Enclosure(point, bits).truth(condition)
    except NotDefined:
        return False
    except (Unresolved, NoEnclosure):
        return None


def bounds(value) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The two ends of an enclosure (of an exact fraction: rounded to double precision)."""
    if isinstance(value, Fraction):
        middle = mpmath.mpf(value.numerator) / value.denominator
        return middle, middle
    low, high = value._mpi_
    return mpmath.mp.make_mpf(low), mpmath.mp.make_mpf(high)


def clearly_nonzero(value) -> bool:
    """Whether an enclosure keeps away from zero by far more than its width."""
    if isinstance(value, Fraction):
        return value != 0
    low, high = bounds(value)
    return min(abs(low), abs(high)) > 1000 * (high - low) and low * high > 0
