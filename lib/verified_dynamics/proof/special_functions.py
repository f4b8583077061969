"""Rigorous values of functions that interval arithmetic lacks.

The arctangent and Lambert W are enclosed by their inverses: a candidate from ordinary arithmetic is widened, and both
ends are checked. The error function is a series of positive terms with a bounded tail.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy as sp
from mpmath.ctx_mp import MPContext

from verified_dynamics.proof.enclosures import Enclosure, NoEnclosure, NotDefined, Unresolved


@lru_cache(maxsize=16)
def plain_context(bits: int) -> MPContext:
    """A context of ordinary arithmetic of its own precision."""
    context = MPContext()
    context.prec = bits
    return context


def _verified_inverse(at: Enclosure, target, candidate, forward):
    """The interval round `candidate` on whose ends the increasing `forward` brackets `target`."""
    context = plain_context(at.bits)
    slack = (1 + abs(candidate)) * context.mpf(2) ** (12 - at.bits)
    low, high = at.iv.mpf(candidate - slack), at.iv.mpf(candidate + slack)
    target = at.interval(target)
    if not (forward(low).b < target.a and forward(high).a > target.b):
        raise Unresolved("an inverse function")
    return at.point_interval(low.a, high.b)


def _middle(at: Enclosure, x):
    context = plain_context(at.bits)
    if isinstance(x, Fraction):
        return context.mpf(x.numerator) / x.denominator
    low, high = (context.make_mpf(end) for end in x._mpi_)
    return (low + high) / 2


def arctangent(at: Enclosure, e):
    """An enclosure of the arctangent e at the point of the enclosure."""
    x = at.value(e.args[0])
    if x == Fraction(0):
        return Fraction(0)
    guess = plain_context(at.bits).atan(_middle(at, x))
    return _verified_inverse(at, x, guess, lambda y: at.iv.sin(y) / at.iv.cos(y))


def lambert_w(at: Enclosure, e):
    """An enclosure of the principal branch of Lambert's W; NoEnclosure for another branch."""
    if len(e.args) > 1 and e.args[1] != 0:
        raise NoEnclosure("another branch of LambertW")
    x = at.value(e.args[0])
    if x == Fraction(0):
        return Fraction(0)
    if at.sign_of(at.add(x, at.value(sp.exp(-1)))) <= 0:
        raise NotDefined("LambertW left of -1/e")
    guess = plain_context(at.bits).lambertw(_middle(at, x)).real
    return _verified_inverse(at, x, guess, lambda w: w * at.iv.exp(w))


def error_function(at: Enclosure, e):
    r"""$\mathrm{erf}(x) = \frac{2}{\sqrt\pi} e^{-x^2} \sum_n 2^n x^{2n+1} / (2n+1)!!$, all terms of one sign."""
    x = at.value(e.args[0])
    sign = at.sign_of(x, e.args[0])
    if sign == 0:
        return Fraction(0)
    return sign * _erf_of_positive(at, at.interval(x) * sign)


def _erf_of_positive(at: Enclosure, x):
    if x.b > 40:
        tail = at.iv.exp(-x * x)  # 0 < erfc(x) < exp(-x^2)
        return at.point_interval((1 - tail).a, at.iv.mpf(1).b)
    term, total, n = x, at.iv.mpf(0), 0
    tiny = at.iv.mpf(2) ** (-at.bits - 8)
    while True:
        total = total + term
        n += 1
        ratio = 2 * x * x / (2 * n + 1)
        term = term * ratio
        if ratio.b < 0.5 and term.b < (total * tiny).a:
            break
    total = total + at.point_interval(at.iv.mpf(0).a, (2 * term).b)
    return 2 / at.iv.sqrt(at.iv.pi) * at.iv.exp(-x * x) * total


def gamma(at: Enclosure, e):
    """An enclosure of the gamma function, exact at positive integers."""
    x = at.value(e.args[0])
    if isinstance(x, Fraction) and x.denominator == 1:
        if x <= 0:
            raise NotDefined("the gamma function at a pole")
        if x < 2000:
            return Fraction(int(sp.factorial(int(x) - 1)))
    if at.sign_of(x) < 0:
        raise NoEnclosure("the gamma function of a negative number")
    return at.iv.gamma(at.interval(x))
