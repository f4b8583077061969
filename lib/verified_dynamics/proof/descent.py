"""A search for the lowest point of an expression in ordinary arithmetic: where a witness may lie, never a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp
from scipy.optimize import minimize

from verified_dynamics.proof.domains import Domain, seeded

_STARTS = 6
_DENOMINATORS = (1, 2, 4, 10, 100, 10_000, 10**8)


def lowest_point(expression: sp.Expr, domain: Domain) -> Iterator[dict]:
    """Exact points of the domain near the minima that a descent from several starts finds, simple ones first."""
    free = [s for s in domain.pools if s.is_real and not s.is_integer]
    if not free or len(free) < len(domain.pools):
        return
    try:
        evaluate = sp.lambdify(free, expression.subs(domain.determined), "math")
    except (TypeError, ValueError, NotImplementedError):
        return
    draw = seeded("descent " + domain.text)
    for turn in range(_STARTS):
        start = [0.0 if turn == 0 else draw.gauss(0.0, 1.0 if turn < 4 else 3.0) for _ in free]
        found = minimize(_objective(evaluate, free), start, method="Nelder-Mead", options={"maxiter": 400})
        if math.isfinite(found.fun) and found.fun < 1e-9:
            yield from _rounded([_inside(s, v) for s, v in zip(free, found.x, strict=True)], free, domain)


def _inside(symbol: sp.Symbol, value: float) -> float:
    """A real number moved into the symbol's range."""
    if symbol.is_nonnegative:
        return math.exp(min(value, 300.0))
    if symbol.is_nonpositive:
        return -math.exp(min(value, 300.0))
    return float(value)


def _objective(evaluate, free):
    def value(x: np.ndarray) -> float:
        try:
            result = float(evaluate(*(_inside(s, v) for s, v in zip(free, x, strict=True))))
        except (ArithmeticError, OverflowError, TypeError, ValueError):
            return 1e300
        return result if math.isfinite(result) else 1e300

    return value


def _rounded(values: list[float], free, domain: Domain) -> Iterator[dict]:
    for denominator in _DENOMINATORS:
        exact = [Fraction(v).limit_denominator(denominator) for v in values]
        point = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip(free, exact, strict=True)}
        complete = domain.complete(point)
        if complete is not None:
            yield complete
