"""Broken copies of a statement: a sign, an exponent or a constant of the claimed side is altered.

`mutants(statement)` is deterministic and independent of the prover: whether a copy is really false is looked up
numerically with mpmath at random points, and a copy that agrees there with the original is dropped.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.matrixbase import MatrixBase

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, LimitIs, SeriesIs, Solves, Statement

_DIGITS = 60
_TINY = sp.Float(10, 20) ** -30


@dataclass(frozen=True)
class Mutant:
    """A statement that should be false, and what was done to make it so."""

    statement: Statement
    change: str


def mutants(statement: Statement, count: int = 3) -> list[Mutant]:
    """At most `count` broken copies, of different kinds where possible.

    None where `given` speaks of undefined functions: such a domain cannot be sampled here.
    """
    if any(relation.atoms(AppliedUndef) for relation in statement.given):
        return []
    field, side = _target(statement)
    by_kind: dict[str, list[Mutant]] = {"sign": [], "exponent": [], "constant": []}
    for kind, changed, text in altered(side):
        if len(by_kind[kind]) < 4 * count:
            broken = _replaced(statement, field, changed)
            if broken is not None:
                by_kind[kind].append(Mutant(broken, f"{kind}: {text}"))
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_kind.values()))
    found: list[Mutant] = []
    for mutant in turns:
        if (
            mutant is not None
            and len(found) < count
            and mutant.statement != statement
            and is_false(mutant, statement)
        ):
            found.append(mutant)
    return found


def _target(statement: Statement) -> tuple[str, sp.Basic]:
    """The field that is altered, and its value."""
    if isinstance(statement, (Equal, AtLeast)):
        right = statement.right
        is_zero = right.is_zero_matrix if isinstance(right, MatrixBase) else right == 0
        return ("left", statement.left) if is_zero else ("right", right)
    if isinstance(statement, LimitIs):
        return "value", statement.value
    if isinstance(statement, AsymptoticTo):
        return "other", statement.other
    if isinstance(statement, SeriesIs):
        return "polynomial", statement.polynomial
    return "solution", statement.solution[0]


def _replaced(statement: Statement, field: str, value: sp.Basic) -> Statement | None:
    if value.has(sp.nan, sp.zoo) or (field == "other" and value == 0):
        return None
    changes = {field: (value, *statement.solution[1:]) if field == "solution" else value}
    if isinstance(statement, AtLeast):
        changes["certificate"] = None
    return dataclasses.replace(statement, **changes)


def altered(side: sp.Basic) -> Iterator[tuple[str, sp.Basic, str]]:
    """All alterations of one expression or matrix: kind, result, description."""
    if isinstance(side, MatrixBase):
        for i, entry in enumerate(side.flat()):
            if entry != 0:
                for kind, changed, text in altered(entry):
                    flat = list(side.flat())
                    flat[i] = changed
                    yield kind, sp.ImmutableMatrix(*side.shape, flat), f"entry {i}, {text}"
        return
    if side.is_infinite:
        yield "sign", -side, f"{side} to {-side}"
        yield "constant", sp.S.One, f"{side} to 1"
        return
    if side == 0:
        yield "constant", sp.S.One, "0 to 1"
        yield "constant", -sp.S.Half, "0 to -1/2"
        return
    if side.is_Symbol:
        yield "exponent", side**2, f"{side} squared"
        yield "constant", side + 1, f"{side} plus 1"
    yield from _walk(side, lambda new: new)
    yield "sign", -side, "the whole side negated"
    yield "constant", 2 * side, "the whole side doubled"


def _walk(e: sp.Basic, rebuild) -> Iterator[tuple[str, sp.Basic, str]]:
    if e.is_Rational:
        if e not in (-1, 0):
            yield "constant", rebuild(e + 1 if e != -1 else sp.Integer(2)), f"{e} to {e + 1}"
        return
    if e.is_Add:
        for i, term in enumerate(e.args):
            changed = e.func(*(-a if i == j else a for j, a in enumerate(e.args)))
            yield "sign", rebuild(changed), f"the term {term} negated"
    if e.is_Pow and e.exp.is_Rational:
        new = e.exp + 1 if e.exp != -1 else e.exp - 1
        yield "exponent", rebuild(e.base**new), f"{e} to the power {new}"
        yield from _walk(e.base, lambda new, e=e: rebuild(new**e.exp))
        return
    if isinstance(e, (sp.Derivative, sp.Subs, sp.Integral, AppliedUndef, sp.Piecewise)) or not e.args:
        return
    for i, argument in enumerate(e.args):
        if isinstance(argument, sp.Expr):
            yield from _walk(argument, lambda new, i=i: rebuild(_with_argument(e, i, new)))


def _with_argument(e: sp.Basic, i: int, new: sp.Basic) -> sp.Basic:
    return e.func(*(new if i == j else a for j, a in enumerate(e.args)))


def is_false(mutant: Mutant, original: Statement) -> bool:
    """Whether the copy is seen to be false at sampled points, by mpmath alone."""
    broken = mutant.statement
    try:
        if isinstance(broken, Equal):
            return any(_differ(a - b, broken) for a, b in broken.entries())
        if isinstance(broken, AtLeast):
            return _falls_short(broken)
        if isinstance(broken, LimitIs):
            ends = (broken.value, original.value)
            return any(v.is_infinite for v in ends) or _differ(ends[0] - ends[1], broken)
        if isinstance(broken, AsymptoticTo):
            return _parts_ways(broken.other / original.other, broken)
        if isinstance(broken, SeriesIs):
            return _parts_ways((broken.polynomial - original.polynomial) / broken.remainder() + 1, broken)
        return any(_differ(residual, broken) for residual in _residuals(broken))
    except (ValueError, TypeError, ArithmeticError, NotImplementedError):
        return False


def _residuals(statement: Solves) -> list[sp.Expr]:
    bodies = {
        f.func: sp.Lambda(f.args, s) for f, s in zip(statement.unknown, statement.solution, strict=True)
    }
    found = []
    for equation in (*statement.equation, *statement.conditions):
        residual = equation.lhs - equation.rhs if isinstance(equation, sp.Eq) else equation
        for function, body in bodies.items():
            residual = residual.replace(function, body)
        found.append(residual.doit())
    return found


def _points(statement: Statement, symbols, count: int) -> Iterator[dict]:
    """Random rational points that satisfy the assumptions and `given`."""
    draw = random.Random(20)
    made = 0
    for _ in range(300):
        point = {s: _number(s, draw) for s in sorted(symbols, key=str)}
        solved = _solved(statement, point)
        if solved is not None:
            yield solved
            made += 1
        if made == count:
            return


def _solved(statement: Statement, point: dict) -> dict | None:
    """The point moved onto the equations of `given`; None where another relation fails."""
    for relation in statement.given:
        here = relation.subs(point)
        if isinstance(relation, sp.Eq) and here != sp.true:
            name = next((s for s in (relation.lhs, relation.rhs) if s.is_Symbol), None)
            if name is None:
                return None
            other = relation.rhs if name == relation.lhs else relation.lhs
            point = {**point, name: other.subs(point)}
        elif here != sp.true:
            return None
    return point


def _number(symbol: sp.Symbol, draw: random.Random) -> sp.Expr:
    if symbol.is_integer:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -5
        value = draw.randint(low, 7)
        if symbol.is_even is not None:
            value = 2 * value + (0 if symbol.is_even else 1)
        return sp.Integer(value)
    value = sp.Rational(draw.randint(1, 300), 100)
    if symbol.is_negative or symbol.is_nonpositive:
        return -value
    return value if symbol.is_nonnegative or draw.random() < 0.5 else -value


def _concrete(expression: sp.Expr) -> sp.Expr:
    """Undefined functions replaced by fixed smooth ones."""
    for number, name in enumerate(sorted({f.func.__name__ for f in expression.atoms(AppliedUndef)})):
        applied = next(f for f in expression.atoms(AppliedUndef) if f.func.__name__ == name)
        names = sp.symbols(f"slot_:{len(applied.args)}")
        body = sp.exp(sum((k + 2) * n for k, n in enumerate(names)) / (7 + number)) + sum(n**2 for n in names)
        expression = expression.replace(applied.func, sp.Lambda(tuple(names), body))
    return expression.doit()


def _values(
    expression: sp.Expr, statement: Statement, count: int = 6, extra: dict | None = None
) -> Iterator[sp.Expr]:
    expression = _concrete(expression)
    symbols = expression.free_symbols.union(*(g.free_symbols for g in statement.given)) - set(extra or {})
    for point in _points(statement, symbols, count):
        value = expression.subs({**point, **(extra or {})}).evalf(_DIGITS)
        if value.is_number and value.is_finite:
            yield value


def _differ(expression: sp.Expr, statement: Statement) -> bool:
    return any(abs(value) > _TINY for value in _values(expression, statement))


def _falls_short(statement: AtLeast) -> bool:
    return any(
        value.is_real and value < -_TINY
        for value in _values(statement.left - statement.right, statement, count=40)
    )


def _parts_ways(ratio: sp.Expr, statement: Statement) -> bool:
    """Whether a ratio stays away from one on the way to the point (clearly, at the far end)."""
    far = statement.point.is_infinite
    sign = -1 if statement.point is sp.S.NegativeInfinity else 1
    distances = []
    for k in (3, 30, 90):
        near = sign * sp.Integer(10) ** k if far else statement.point + sp.Rational(1, 10**k)
        values = list(_values(ratio - 1, statement, count=3, extra={statement.symbol: near}))
        if len(values) < 1:
            return False
        distances.append(max(abs(value) for value in values))
    return distances[-1] > 0.05 and distances[-1] > distances[0] / 2
