"""Truncated power series with exact coefficients: the Taylor coefficients of a composition of analytic functions.

A series is a list of the coefficients of 1, t, ..., t**(n-1). Each rule is exact, and a function that is not analytic
at the value met raises `NotAnalytic`: that the rules succeed shows that the remainder really is O(t**n).
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from verified_dynamics.proof.normal_form import simplified, vanishes
from verified_dynamics.proof.signs import is_positive


class NotAnalytic(Exception):
    """The expression is not known to be analytic at the point."""


def _tidy(value: sp.Expr) -> sp.Expr:
    if value.is_Rational:
        return value
    value = sp.expand(value)
    return sp.S.Zero if vanishes(value) else value


class Series:
    """Builds truncated series in `t` of a fixed length."""

    def __init__(self, t: sp.Symbol, length: int):
        self.t = t
        self.n = length
        self._known: dict[sp.Expr, list[sp.Expr]] = {}

    def of(self, e: sp.Expr) -> list[sp.Expr]:
        """The first coefficients of `e` in powers of t."""
        if e not in self._known:
            self._known[e] = [_tidy(c) for c in self._of(e)]
        return self._known[e]

    def constant(self, c: sp.Expr) -> list[sp.Expr]:
        return [c] + [sp.S.Zero] * (self.n - 1)

    def _of(self, e: sp.Expr) -> list[sp.Expr]:
        if self.t not in e.free_symbols:
            return self.constant(e)
        if e == self.t:
            return [sp.S.One if k == 1 else sp.S.Zero for k in range(self.n)]
        if e.is_Add:
            return [sp.Add(*column) for column in zip(*(self.of(a) for a in e.args), strict=True)]
        if e.is_Mul:
            product = self.constant(sp.S.One)
            for a in e.args:
                product = self.multiply(product, self.of(a))
            return product
        if isinstance(e, sp.exp):
            return self.exp(self.of(e.args[0]))
        if e.is_Pow:
            return self._power(e)
        return self._function(e)

    def multiply(self, a: list, b: list) -> list[sp.Expr]:
        """The product of two series."""
        return [
            sp.Add(*(a[i] * b[k - i] for i in range(k + 1) if a[i] != 0 and b[k - i] != 0))
            for k in range(self.n)
        ]

    def _power(self, e: sp.Pow) -> list[sp.Expr]:
        if self.t not in e.exp.free_symbols:
            return self.power(self.of(e.base), e.exp)
        return self.exp(self.multiply(self.of(e.exp), self.of(sp.log(e.base))))

    def power(self, base: list, exponent: sp.Expr) -> list[sp.Expr]:
        """base**exponent by the recurrence of J. C. P. Miller."""
        if exponent.is_Integer and exponent >= 0:
            product = self.constant(sp.S.One)
            for _ in range(int(exponent)):
                product = self.multiply(product, base)
            return product
        first = base[0]
        if first == 0 or (not exponent.is_Integer and not is_positive(first)):
            raise NotAnalytic(f"a power of {first}")
        result = [first**exponent]
        for k in range(1, self.n):
            total = sp.Add(*((exponent * i - (k - i)) * base[i] * result[k - i] for i in range(1, k + 1)))
            result.append(_tidy(total / (k * first)))
        return result

    def exp(self, u: list) -> list[sp.Expr]:
        """exp(u) from y' = u' y."""
        result = [sp.exp(u[0])]
        for k in range(1, self.n):
            result.append(_tidy(sp.Add(*(i * u[i] * result[k - i] for i in range(1, k + 1))) / k))
        return result

    def _integrated(self, start: sp.Expr, u: list, slope: list) -> list[sp.Expr]:
        """The series y with y(0) = start and y' = u' * slope."""
        derivative = [(k + 1) * u[k + 1] for k in range(self.n - 1)] + [sp.S.Zero]
        rate = self.multiply(derivative, slope)
        return [start] + [rate[k - 1] / k for k in range(1, self.n)]

    def _function(self, e: sp.Expr) -> list[sp.Expr]:
        u = self.of(e.args[0]) if len(e.args) == 1 else None
        if isinstance(e, AppliedUndef) and u is not None:
            return self._by_derivatives(e)
        if u is None:
            raise NotAnalytic(str(e.func))
        square = self.multiply(u, u)
        one = self.constant(sp.S.One)
        start = e.func(u[0])
        if isinstance(e, sp.log):
            if not is_positive(u[0]):
                raise NotAnalytic(f"the logarithm at {u[0]}")
            return self._integrated(start, u, self.power(u, sp.S.NegativeOne))
        if isinstance(e, (sp.erf, sp.erfc)):
            sign = 1 if isinstance(e, sp.erf) else -1
            slope = self.exp([-c for c in square])
            return self._integrated(start, u, [sign * 2 / sp.sqrt(sp.pi) * c for c in slope])
        if isinstance(e, sp.atan):
            slope = self.power([a + b for a, b in zip(one, square, strict=True)], sp.S.NegativeOne)
            return self._integrated(start, u, slope)
        if isinstance(e, (sp.asin, sp.asinh)):
            sign = -1 if isinstance(e, sp.asin) else 1
            inside = [a + sign * b for a, b in zip(one, square, strict=True)]
            return self._integrated(start, u, self.power(inside, -sp.S.Half))
        return self._by_rewriting(e)

    def _by_rewriting(self, e: sp.Expr) -> list[sp.Expr]:
        if isinstance(e, (sp.sin, sp.cos, sp.sinh, sp.cosh)):
            return self._by_derivatives(e)
        if isinstance(e, (sp.tan, sp.cot, sp.sec, sp.csc)):
            return self.of(e.rewrite(sp.cos).rewrite(sp.sin) if isinstance(e, sp.sec) else sp.sin(e.args[0]) / sp.cos(
                e.args[0]) if isinstance(e, sp.tan) else e.rewrite(sp.sin))  # fmt: skip
        if isinstance(e, (sp.tanh, sp.coth, sp.sech, sp.csch)):
            return self.of(e.rewrite(sp.exp))
        if isinstance(e, sp.atanh):
            return self.of(e.rewrite(sp.log))
        if isinstance(e, sp.LambertW) and len(e.args) == 1:
            return self._by_derivatives(e)
        raise NotAnalytic(str(e.func))

    def _by_derivatives(self, e: sp.Expr) -> list[sp.Expr]:
        """An entire function, Lambert W at a non-negative value, or any smooth function, by composition."""
        u = self.of(e.args[0])
        if isinstance(e, sp.LambertW) and not (u[0].is_nonnegative or is_positive(u[0])):
            raise NotAnalytic(f"LambertW at {u[0]}")
        x = sp.Dummy("x")
        outer, shifted = e.func(x), [sp.S.Zero, *u[1:]]
        result, power = self.constant(sp.S.Zero), self.constant(sp.S.One)
        for k in range(self.n):
            value = (
                sp.limit(outer, x, u[0]) if isinstance(e, sp.LambertW) and u[0] == 0 else outer.subs(x, u[0])
            )
            result = [a + value / sp.factorial(k) * b for a, b in zip(result, power, strict=True)]
            outer, power = outer.diff(x), self.multiply(power, shifted)
        return result


def taylor(expression: sp.Expr, t: sp.Symbol, length: int) -> list[sp.Expr]:
    """The Taylor coefficients at t = 0; raises `NotAnalytic`.

    A removable singularity is tried once more as a quotient of two analytic functions.
    """
    try:
        return Series(t, length).of(expression)
    except NotAnalytic:
        return _quotient(expression, t, length)


def _quotient(expression: sp.Expr, t: sp.Symbol, length: int) -> list[sp.Expr]:
    numerator, denominator = sp.fraction(sp.together(expression))
    if denominator == 1 or not denominator.has(t):
        raise NotAnalytic(str(expression))
    extra = 6
    series = Series(t, length + extra)
    top, bottom = series.of(numerator), series.of(denominator)
    order = next((k for k, c in enumerate(bottom) if c != 0), None)
    if order is None or order > extra or any(c != 0 for c in top[:order]):
        raise NotAnalytic(str(expression))
    shorter = Series(t, length)
    shorter_top, shorter_bottom = top[order : order + length], bottom[order : order + length]
    if not _surely_nonzero(shorter_bottom[0]):
        raise NotAnalytic(str(expression))
    return shorter.multiply(shorter_top, shorter.power(shorter_bottom, sp.S.NegativeOne))


def _surely_nonzero(value: sp.Expr) -> bool:
    return (
        bool(value.is_nonzero)
        or is_positive(value)
        or is_positive(-value)
        or bool(simplified(value).is_nonzero)
    )
