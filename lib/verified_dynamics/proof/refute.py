"""The search for exact witnesses, and the rigorous comparison of two expressions at a point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import sympy as sp

from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.enclosures import (
    Enclosure,
    NoEnclosure,
    NotDefined,
    Unresolved,
    bounds,
    clearly_nonzero,
)
from verified_dynamics.proof.undefined_functions import applied_functions, instances, put_in
from verified_dynamics.proof.verdicts import Outcome, ProofError, refuted

_FIRST_BITS = 160
_LAST_BITS = 640


class Comparison(Enum):
    """What a rigorous evaluation says of left minus right at one point."""

    ZERO = 0
    POSITIVE = 1
    NEGATIVE = -1
    UNKNOWN = None


def _difference(left, right, point: dict, bits: int):
    """The enclosure of left - right, and the size of the larger side."""
    at = Enclosure(point, bits)
    a, b = at.value(left), at.value(right)
    size = max(abs(bounds(a)[1]), abs(bounds(b)[1]), 0)
    return at.add(a, at.multiply(Fraction(-1), b)), size


def _sign(value) -> Comparison:
    positive = value > 0 if isinstance(value, Fraction) else value.a > 0
    return Comparison.POSITIVE if positive else Comparison.NEGATIVE


def compare(left: sp.Expr, right: sp.Expr, point: dict) -> Comparison:
    """The sign of left - right at an exact point, confirmed at twice the precision.

    ZERO means that the enclosure of the difference holds zero and is narrower than 2**-300 of the larger side, or of
    one (or that the difference is the exact fraction 0): agreement at a point, never a proof.
    """
    for bits in (_FIRST_BITS, _LAST_BITS):
        try:
            value, size = _difference(left, right, point, bits)
            if isinstance(value, Fraction) and value == 0:
                return Comparison.ZERO
            if clearly_nonzero(value):
                again, _ = _difference(left, right, point, 2 * bits)
                if not clearly_nonzero(again) or _sign(again) is not _sign(value):
                    raise ProofError(f"Two precisions disagree on the sign of {left - right} at {point}.")
                return _sign(value)
        except Unresolved:
            continue
        except (NotDefined, NoEnclosure):
            return Comparison.UNKNOWN
        if bits == _LAST_BITS:
            low, high = bounds(value)
            if low <= 0 <= high and high - low <= max(size, 1) * 2.0**-300:
                return Comparison.ZERO
    return Comparison.UNKNOWN


def _complex_parts(left, right, point: dict) -> list[tuple[sp.Expr, sp.Expr]]:
    difference = (left - right).subs(point)
    return [(part, sp.S.Zero) for part in difference.as_real_imag()]


def compare_complex(left: sp.Expr, right: sp.Expr, point: dict) -> Comparison:
    """As `compare`, where values may be complex: POSITIVE stands for any difference that is not zero."""
    real = compare(left, right, point)
    if real is not Comparison.UNKNOWN:
        return real
    if not (
        left.has(sp.I)
        or right.has(sp.I)
        or any(s.is_real is not True for s in point)
        or _has_root(left - right)
    ):
        return real
    found = [compare(a, b, {}) for a, b in _complex_parts(left, right, point)]
    if any(f in (Comparison.POSITIVE, Comparison.NEGATIVE) for f in found):
        return Comparison.POSITIVE
    return Comparison.UNKNOWN if Comparison.UNKNOWN in found else Comparison.ZERO


def _has_root(expression) -> bool:
    return any(not p.exp.is_Integer for p in expression.atoms(sp.Pow)) or expression.has(sp.log)


@dataclass
class Sampling:
    """What the sampled points said: the witness of a refutation, or the number of points that agreed."""

    outcome: Outcome | None = None
    agreed: int = 0
    failed: int = 0

    def saw_nothing(self) -> bool:
        """Whether no point of the domain was met, defined or not."""
        return self.outcome is None and self.agreed == self.failed == 0


def _name(point: dict, choice: dict) -> dict:
    named = {str(symbol): value for symbol, value in point.items()}
    named.update(
        {f"{function}({', '.join(map(str, body.variables))})": body.expr for function, body in choice.items()}
    )
    return named


def sample_equal(left, right, domain: Domain, count: int = 12) -> Sampling:
    """Evaluates an equality at exact points until one refutes it."""
    result = Sampling()
    for left_here, right_here, choice, points in _worlds(left, right, domain, count):
        for point in points:
            verdict = compare_complex(left_here, right_here, point)
            if verdict in (Comparison.POSITIVE, Comparison.NEGATIVE):
                reason = f"the sides differ at {_text(_name(point, choice))}"
                result.outcome = refuted("exact witness", reason, _name(point, choice))
                return result
            result.agreed += verdict is Comparison.ZERO
            result.failed += verdict is Comparison.UNKNOWN
    return result


def sample_at_least(left, right, strict: bool, domain: Domain, count: int = 24) -> Sampling:
    """Evaluates an inequality at exact points until one refutes it."""
    result = Sampling()
    for left_here, right_here, choice, points in _worlds(left, right, domain, count):
        for point in points:
            verdict = compare(left_here, right_here, point)
            exact_zero = verdict is Comparison.ZERO and is_exact_zero(left_here, right_here, point)
            if verdict is Comparison.NEGATIVE or (strict and exact_zero):
                word = "smaller" if verdict is Comparison.NEGATIVE else "equal, not larger"
                reason = f"the left side is {word} at {_text(_name(point, choice))}"
                result.outcome = refuted("exact witness", reason, _name(point, choice))
                return result
            result.agreed += verdict in (Comparison.POSITIVE, Comparison.ZERO)
            result.failed += verdict is Comparison.UNKNOWN
    return result


def is_exact_zero(left, right, point: dict) -> bool:
    """Whether the sides are equal at the point by exact arithmetic, not merely closer than the enclosure."""
    try:
        value, _ = _difference(left, right, point, _FIRST_BITS)
    except (NotDefined, NoEnclosure, Unresolved):
        return False
    if isinstance(value, Fraction):
        return value == 0
    from verified_dynamics.proof.normal_form import vanishes

    return vanishes((left - right).subs(point))


def _worlds(left, right, domain: Domain, count: int):
    """The pairs of sides to compare: one, or one per choice of concrete functions."""
    functions = applied_functions(left, right)
    if not functions:
        yield left, right, {}, domain.points(count)
        return
    for choice in instances(functions, domain.text, 3):
        here = [put_in(side, choice) for side in (left, right)]
        yield *here, choice, list(domain.points(max(3, count // 3)))


def _text(named: dict) -> str:
    return ", ".join(f"{name} = {value}" for name, value in named.items()) or "every point"
