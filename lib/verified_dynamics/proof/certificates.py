"""Certificates for inequalities. A certificate is a hint, never trusted: each of its parts is proved.

Each has `parts(left, right, strict)`, the statements from which `left >= right` (or `>`) follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan

from verified_dynamics.proof.statement_base import Statement
from verified_dynamics.proof.statements import AtLeast, Equal, LimitIs


class CertificateError(ValueError):
    """The certificate cannot certify this statement (a strict inequality from a sum of squares, say)."""


def _reaches(symbol: sp.Symbol, end: sp.Expr, given: tuple, outside: tuple) -> list[Statement]:
    """What must hold for the domain of `symbol` to be an interval whose closure holds `end`.

    Each assumption and each relation must cut a half line from the real axis, and `end` must lie on its edge or in it.
    """
    punctured = symbol.is_nonzero and not (symbol.is_positive or symbol.is_negative)
    if symbol.is_real is not True or symbol.is_integer or punctured:
        raise CertificateError(f"the values of {symbol} must form an interval")
    found = []
    for wrong, bound in ((symbol.is_nonnegative, end), (symbol.is_nonpositive, -end)):
        if wrong and bound is sp.S.NegativeInfinity:
            raise CertificateError(f"{symbol} does not reach {end}")
        if wrong and bound.is_finite:
            found.append(AtLeast(bound, 0, given=outside))
    for relation in given:
        if not relation.has(symbol):
            continue
        if not isinstance(relation, (GreaterThan, StrictGreaterThan, LessThan, StrictLessThan)):
            raise CertificateError(f"the relation {relation} must be an inequality")
        slack = relation.gts - relation.lts
        if (
            not sp.expand(slack).is_polynomial(symbol)
            or sp.degree(sp.expand(slack), symbol) != 1
            or end.is_infinite
        ):
            raise CertificateError(f"the relation {relation} must be linear in {symbol}, and {end} finite")
        found.append(AtLeast(slack.subs(symbol, end), 0, given=outside))
    return found


@dataclass(frozen=True)
class SumOfSquares:
    r"""`left - right` is $\sum_i w_i e_i^2$: `terms` holds real $e_i$, or pairs $(w_i, e_i)$ with $w_i \ge 0$."""

    terms: tuple
    needs_continuity = False

    def __init__(self, terms):
        pairs = (term if isinstance(term, (tuple, list, sp.Tuple)) else (1, term) for term in terms)
        object.__setattr__(self, "terms", tuple((sp.sympify(w), sp.sympify(e)) for w, e in pairs))

    def parts(self, left, right, strict: bool, given: tuple) -> list[Statement]:
        """The identity, and each weight's sign."""
        if strict:
            raise CertificateError("A sum of squares certifies >=, not >.")
        total = sp.Add(*(w * e**2 for w, e in self.terms))
        weights = [AtLeast(w, 0, given=given) for w, _ in self.terms if not w.is_nonnegative]
        if any(e.is_extended_real is not True for _, e in self.terms):
            raise CertificateError("The squares of the certificate must be squares of real expressions.")
        return [Equal(left - right, total, given=given), *weights]


@dataclass(frozen=True)
class SignedFactors:
    """`left - right` is the product of `factors`, each of which is not negative (positive, if strict)."""

    factors: tuple
    needs_continuity = False

    def __init__(self, factors):
        object.__setattr__(self, "factors", tuple(sp.sympify(factor) for factor in factors))

    def parts(self, left, right, strict: bool, given: tuple) -> list[Statement]:
        """The identity, and each factor's sign."""
        signs = [AtLeast(factor, 0, strict=strict, given=given) for factor in self.factors]
        return [Equal(left - right, sp.Mul(*self.factors), given=given), *signs]


@dataclass(frozen=True)
class Monotone:
    """`left - right` grows with `symbol` from `start`, where its limit is `value` >= 0.

    With `decreasing=True` it falls towards `start` at the upper end. Strict if the derivative is, and `start` itself
    does not belong to the domain.
    """

    symbol: sp.Symbol
    start: sp.Expr
    value: sp.Expr = sp.S.Zero
    decreasing: bool = False
    needs_continuity = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", sp.sympify(self.start))
        object.__setattr__(self, "value", sp.sympify(self.value))

    def parts(self, left, right, strict: bool, given: tuple) -> list[Statement]:
        """The domain is an interval on the right side of `start`; slope, limit and sign of the limit."""
        difference = left - right
        slope = difference.diff(self.symbol)
        slope = -slope if self.decreasing else slope
        outside = tuple(g for g in given if not g.has(self.symbol))
        direction = "-" if self.decreasing else "+"
        end = [] if self.start.is_infinite else [self._one_sided(strict, given)]
        return [
            *end,
            *_reaches(self.symbol, self.start, given, outside),
            AtLeast(slope, 0, strict=strict, given=given),
            LimitIs(difference, self.symbol, self.start, self.value, direction=direction, given=outside),
            AtLeast(self.value, 0, given=outside),
        ]

    def _one_sided(self, strict: bool, given: tuple) -> Statement:
        low, high = (self.symbol, self.start) if self.decreasing else (self.start, self.symbol)
        return AtLeast(high, low, strict=strict, given=given)


@dataclass(frozen=True)
class Convex:
    """`left - right` is convex in `symbol`, its slope vanishes at `minimiser`, and its value there is >= 0."""

    symbol: sp.Symbol
    minimiser: sp.Expr
    needs_continuity = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "minimiser", sp.sympify(self.minimiser))

    def parts(self, left, right, strict: bool, given: tuple) -> list[Statement]:
        """The sign of the second derivative, the stationary point, the value there."""
        difference = left - right
        outside = tuple(g for g in given if not g.has(self.symbol))
        slope = difference.diff(self.symbol).subs(self.symbol, self.minimiser)
        return [
            *_reaches(self.symbol, self.minimiser, given, outside),
            AtLeast(difference.diff(self.symbol, 2), 0, given=given),
            Equal(slope, 0, given=outside),
            AtLeast(difference.subs(self.symbol, self.minimiser), 0, strict=strict, given=outside),
        ]
