"""The functions that `enclosures` evaluates rigorously, one rule per SymPy class.

Each rule takes the evaluation and the expression and returns a fraction or an interval that holds the value.
Functions that interval arithmetic lacks stand in `special_functions`.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from verified_dynamics.proof.enclosures import Enclosure, NoEnclosure, NotDefined, Unresolved
from verified_dynamics.proof.special_functions import (
    arctangent,
    error_function,
    gamma,
    lambert_w,
    plain_context,
)

_LARGEST_SUM = 5000


def _add(at: Enclosure, e):
    total = Fraction(0)
    for argument in e.args:
        total = at.add(total, at.value(argument))
    return total


def _multiply(at: Enclosure, e):
    product = Fraction(1)
    for argument in e.args:
        product = at.multiply(product, at.value(argument))
    return product


def _integer_power(at: Enclosure, base, n: int):
    if n < 0:
        if at.sign_of(base) == 0:
            raise NotDefined("a division by zero")
        base = 1 / base
        n = -n
    if isinstance(base, Fraction):
        length = base.numerator.bit_length() + base.denominator.bit_length()
        if length * n > 50_000:
            return at.interval(base) ** n
        return at.short(base**n)
    return base**n


def _exact_root(base: Fraction, q: int) -> Fraction | None:
    numerator, exact = sp.integer_nthroot(base.numerator, q)
    denominator, exact_too = sp.integer_nthroot(base.denominator, q)
    return Fraction(int(numerator), int(denominator)) if exact and exact_too else None


def _power(at: Enclosure, e):
    base, exponent = at.value(e.base), at.value(e.exp)
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        return _integer_power(at, base, exponent.numerator)
    sign = at.sign_of(base, e.base)
    if sign < 0:
        raise NotDefined("a fractional power of a negative number")
    if sign == 0:
        if at.sign_of(exponent) > 0:
            return Fraction(0)
        raise NotDefined("a negative power of zero")
    if isinstance(exponent, Fraction) and exponent.denominator <= 60:
        if isinstance(base, Fraction):
            root = _exact_root(base, exponent.denominator)
            if root is not None:
                return _integer_power(at, root, exponent.numerator)
        if exponent.denominator == 2:
            return _integer_power(at, at.iv.sqrt(at.interval(base)), exponent.numerator)
    return at.exp(at.multiply(exponent, at.log(base)))


def _exp(at: Enclosure, e):
    return at.exp(at.value(e.args[0]))


def _log(at: Enclosure, e):
    return at.log(at.value(e.args[0]))


def _circular(name: str):
    def rule(at: Enclosure, e):
        x = at.value(e.args[0])
        if x == Fraction(0):
            return Fraction(0 if name == "sin" else 1)
        return getattr(at.iv, name)(at.interval(x))

    return rule


def _through(rewrite):
    """A rule that evaluates a combination of functions that have rules of their own."""

    def rule(at: Enclosure, e):
        return at.value(rewrite(*e.args))

    return rule


def _tanh(at: Enclosure, e):
    x = at.value(e.args[0])
    if x == Fraction(0):
        return Fraction(0)
    if at.sign_of(x, e.args[0]) > 0:
        decay = at.interval(at.exp(at.multiply(Fraction(-2), x)))
        return (1 - decay) / (1 + decay)
    growth = at.interval(at.exp(at.multiply(Fraction(2), x)))
    return (growth - 1) / (growth + 1)


def _abs(at: Enclosure, e):
    x = at.value(e.args[0])
    if isinstance(x, Fraction):
        return abs(x)
    return abs(x)


def _extremum(largest: bool):
    def rule(at: Enclosure, e):
        values = [at.value(argument) for argument in e.args]
        if all(isinstance(v, Fraction) for v in values):
            return max(values) if largest else min(values)
        intervals = [at.interval(v) for v in values]
        pick = max if largest else min
        return at.point_interval(pick(v.a for v in intervals).a, pick(v.b for v in intervals).b)

    return rule


def _sign(at: Enclosure, e):
    return Fraction(at.sign(e.args[0]))


def _heaviside(at: Enclosure, e):
    sign = at.sign(e.args[0])
    if sign == 0:
        return at.value(e.args[1])
    return Fraction(1 if sign > 0 else 0)


def _piecewise(at: Enclosure, e):
    for value, condition in e.args:
        if at.truth(condition):
            return at.value(value)
    raise NotDefined("a point outside every piece")


def _floor(at: Enclosure, e):
    x = at.value(e.args[0])
    if isinstance(x, Fraction):
        return Fraction(x.numerator // x.denominator)
    context = plain_context(at.bits)
    low, high = (int(context.floor(context.make_mpf(end))) for end in x._mpi_)
    if low != high:
        raise Unresolved(str(e))
    return Fraction(low)


def _binomial(at: Enclosure, e):
    n, k = (at.value(argument) for argument in e.args)
    if isinstance(n, Fraction) and isinstance(k, Fraction) and n.denominator == k.denominator == 1:
        return Fraction(int(sp.binomial(int(n), int(k))))
    raise NoEnclosure("a binomial coefficient of numbers that are not integers")


def _repeated(combine, start: int):
    def rule(at: Enclosure, e):
        result = Fraction(start)
        index, low, high = e.limits[0]
        ends = at.value(low), at.value(high)
        if len(e.limits) > 1 or not all(isinstance(v, Fraction) and v.denominator == 1 for v in ends):
            raise NoEnclosure("a sum over more than one index, or without integer ends")
        if ends[1] - ends[0] > _LARGEST_SUM:
            raise NoEnclosure("a sum of too many terms")
        for k in range(int(ends[0]), int(ends[1]) + 1):
            inner = Enclosure({**at.point, index: sp.Integer(k)}, at.bits)
            result = getattr(at, combine)(result, inner.value(e.function))
        return result

    return rule


def _harmonic(at: Enclosure, e):
    n = at.value(e.args[0])
    if len(e.args) > 1 or not isinstance(n, Fraction) or n.denominator != 1 or not 0 <= n <= _LARGEST_SUM:
        raise NoEnclosure("a harmonic number beyond the integers")
    return sum((Fraction(1, k) for k in range(1, int(n) + 1)), Fraction(0))


def _root_of(at: Enclosure, e):
    tolerance = sp.Rational(1, 2**at.bits)
    middle = e.eval_rational(tolerance)
    low, high = (at.value(middle + s * 2 * tolerance) for s in (-1, 1))
    return at.point_interval(at.interval(low).a, at.interval(high).b)


def _done(at: Enclosure, e):
    """Derivatives, substitutions, integrals and limits: what `doit` makes of them."""
    finished = e.subs({s: v for s, v in at.point.items() if s in e.free_symbols}).doit()
    if finished.func is e.func:
        raise NoEnclosure(f"{e.func} without closed form")
    return at.value(finished)


def _real_part(at: Enclosure, e):
    return at.value(e.args[0])


CONSTANTS = {
    sp.pi: lambda at: at.iv.pi,
    sp.E: lambda at: at.iv.exp(at.iv.mpf(1)),
}
FUNCTIONS = {
    sp.Add: _add, sp.Mul: _multiply, sp.Pow: _power, sp.exp: _exp, sp.log: _log,
    sp.sin: _circular("sin"), sp.cos: _circular("cos"),
    sp.tan: _through(lambda x: sp.sin(x) / sp.cos(x)), sp.cot: _through(lambda x: sp.cos(x) / sp.sin(x)),
    sp.sec: _through(lambda x: 1 / sp.cos(x)), sp.csc: _through(lambda x: 1 / sp.sin(x)),
    sp.sinh: _through(lambda x: (sp.exp(x) - sp.exp(-x)) / 2),
    sp.cosh: _through(lambda x: (sp.exp(x) + sp.exp(-x)) / 2),
    sp.tanh: _tanh, sp.coth: _through(lambda x: 1 / sp.tanh(x)),
    sp.sech: _through(lambda x: 2 / (sp.exp(x) + sp.exp(-x))),
    sp.csch: _through(lambda x: 2 / (sp.exp(x) - sp.exp(-x))),
    sp.asinh: _through(lambda x: sp.log(x + sp.sqrt(x**2 + 1))),
    sp.acosh: _through(lambda x: sp.log(x + sp.sqrt(x**2 - 1))),
    sp.atanh: _through(lambda x: sp.log((1 + x) / (1 - x)) / 2),
    sp.atan: arctangent, sp.asin: _through(lambda x: sp.atan(x / sp.sqrt(1 - x**2))),
    sp.acos: _through(lambda x: sp.pi / 2 - sp.atan(x / sp.sqrt(1 - x**2))),
    sp.Abs: _abs, sp.Max: _extremum(True), sp.Min: _extremum(False), sp.sign: _sign,
    sp.Heaviside: _heaviside, sp.Piecewise: _piecewise, sp.floor: _floor,
    sp.ceiling: _through(lambda x: -sp.floor(-x)), sp.LambertW: lambert_w, sp.erf: error_function,
    sp.erfc: _through(lambda x: 1 - sp.erf(x)), sp.gamma: gamma,
    sp.factorial: _through(lambda n: sp.gamma(n + 1)), sp.binomial: _binomial,
    sp.Sum: _repeated("add", 0), sp.Product: _repeated("multiply", 1), sp.harmonic: _harmonic,
    sp.CRootOf: _root_of, sp.Derivative: _done, sp.Subs: _done, sp.Integral: _done, sp.Limit: _done,
    sp.re: _real_part, sp.conjugate: _real_part,
}  # fmt: skip
