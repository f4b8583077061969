"""Exact points of a statement's domain: the values that the symbols' assumptions and `given` allow."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator

import sympy as sp
from sympy.core.facts import InconsistentAssumptions
from sympy.matrices.matrixbase import MatrixBase

from verified_dynamics.proof.enclosures import holds_at

_SIMPLE = [sp.Rational(p, q) for p, q in (
    (2, 1), (3, 1), (1, 2), (-1, 1), (1, 1), (-2, 1), (5, 3), (-1, 2), (1, 3), (-3, 1), (5, 1), (3, 2), (-5, 3),
    (0, 1), (4, 1), (1, 5), (7, 1), (-3, 4), (2, 3), (6, 1), (-7, 2), (1, 7), (-4, 1), (9, 4), (-1, 5), (8, 1),
    (11, 10), (9, 10), (10, 1), (-10, 1), (1, 20), (-1, 20))]  # fmt: skip

_PATIENCE = 600  # candidates before a domain without any sampled point is given up


class DomainError(ValueError):
    """The assumptions of a symbol, or the relations in `given`, leave no value that could be tried."""


def allowed(symbol: sp.Symbol, value: sp.Expr) -> bool:
    """Whether a number satisfies every assumption of the symbol."""
    facts = symbol.assumptions0
    return all(getattr(value, f"is_{name}") == wanted for name, wanted in facts.items())


def pool(symbol: sp.Symbol) -> list[sp.Expr]:
    """Simple numbers that the symbol may take, in a fixed order."""
    found = [value for value in _SIMPLE if allowed(symbol, value)]
    if not found:
        found = [v for v in (sp.pi, sp.sqrt(2), -sp.sqrt(2), sp.I, sp.S(11), sp.S(12)) if allowed(symbol, v)]
    if not found:
        raise DomainError(f"No simple number satisfies the assumptions of {symbol}; relax them.")
    return found


def seeded(text: str) -> random.Random:
    """A generator whose draws depend on the text alone."""
    return random.Random(hashlib.sha256(text.encode()).digest())


def solve_givens(given, symbols) -> dict[sp.Symbol, sp.Expr]:
    """Equations in `given`, solved for one symbol each that occurs linearly, with a coefficient that is not zero."""
    found: dict[sp.Symbol, sp.Expr] = {}
    for relation in given:
        if not isinstance(relation, sp.Eq):
            continue
        difference = (relation.lhs - relation.rhs).subs(found)
        free = sorted(set(symbols) & difference.free_symbols - set(found), key=str, reverse=True)
        for symbol in free:
            polynomial = sp.expand(difference).as_poly(symbol)
            if polynomial is None or polynomial.degree() != 1 or not polynomial.LC().is_nonzero:
                continue
            solution = -polynomial.nth(0) / polynomial.LC()
            found = {name: value.subs(symbol, solution) for name, value in found.items()}
            found[symbol] = solution
            break
    return found


class Domain:
    """The domain of a statement: its symbols and the relations between them."""

    def __init__(self, symbols, given=(), text: str = ""):
        self.symbols = tuple(symbols)
        self.given = tuple(given)
        self.text = text
        self.determined = solve_givens(self.given, self.symbols)
        self.pools = {s: pool(s) for s in self.symbols if s not in self.determined}

    def contains(self, point: dict) -> bool:
        """Whether the point satisfies the assumptions and, decidedly, every relation of `given`."""
        return all(allowed(s, v) for s, v in point.items()) and all(
            holds_at(relation, point) is True for relation in self.given
        )

    def complete(self, point: dict) -> dict | None:
        """The point with the symbols that `given` determines, or None where it leaves the domain."""
        for symbol, value in self.determined.items():
            point[symbol] = sp.sympify(value).subs(point)
        return {s: point[s] for s in self.symbols} if self.contains(point) else None

    def candidates(self) -> Iterator[dict]:
        """Points before `given` is looked at: spread first, then random."""
        free = list(self.pools)
        for shift in range(4):
            order = free[::-1] if shift % 2 else free  # so that both orders of two symbols occur
            spread = {s: self.pools[s][(i + 3 * shift) % len(self.pools[s])] for i, s in enumerate(order)}
            yield {s: spread[s] for s in free}
        draw = seeded(self.text or str(self.symbols))
        for turn in range(4000):
            yield {s: self._draw(s, draw, turn) for s in free}

    def _draw(self, symbol: sp.Symbol, draw: random.Random, turn: int) -> sp.Expr:
        values = self.pools[symbol]
        if turn % 3 == 2 and not symbol.is_integer:
            value = sp.Rational(draw.randint(-60, 60), draw.choice((7, 11, 13, 16, 25)))
            if allowed(symbol, value):
                return value
        return values[draw.randrange(len(values))]

    def points(self, count: int) -> Iterator[dict]:
        """At most `count` different points of the domain, the same ones at every call."""
        seen: set = set()
        for tried, candidate in enumerate(self.candidates()):
            if len(seen) >= count or (not self.pools and seen) or (not seen and tried > _PATIENCE):
                return
            key = tuple(candidate.values())
            if key in seen:
                continue
            point = self.complete(dict(candidate))
            if point is not None:
                seen.add(key)
                yield point


_SIGNS = {">": "positive", ">=": "nonnegative", "<": "negative", "<=": "nonpositive", "!=": "nonzero"}


def with_signs(statement):
    """The statement with relations such as x > 0 in `given` made assumptions of a symbol of the same name."""
    stronger: dict[sp.Symbol, dict] = {}
    rest = []
    for relation in statement.given:
        turned = relation.reversed if getattr(relation, "lhs", None) == 0 else relation
        word = _SIGNS.get(getattr(turned, "rel_op", ""))
        symbol = getattr(turned, "lhs", None)
        if word is None or turned.rhs != 0 or not symbol.is_Symbol or symbol.is_real is not True:
            rest.append(relation)
        elif symbol not in statement.bound():
            stronger.setdefault(symbol, {**symbol.assumptions0})[word] = True
    if not stronger:
        return statement
    names = {symbol: _strengthened(symbol, facts) for symbol, facts in stronger.items()}
    changes = {f.name: _renamed(getattr(statement, f.name), names) for f in dataclasses.fields(statement)}
    changes["given"] = tuple(relation.xreplace(names) for relation in rest)
    return dataclasses.replace(statement, **changes)


def _strengthened(symbol: sp.Symbol, facts: dict) -> sp.Symbol:
    try:
        return sp.Symbol(symbol.name, **facts)
    except InconsistentAssumptions:
        raise DomainError(f"The relations in `given` leave no value for {symbol}.") from None


def _renamed(value, names: dict):
    if isinstance(value, tuple):
        return tuple(_renamed(part, names) for part in value)
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(
            value, **{f.name: _renamed(getattr(value, f.name), names) for f in dataclasses.fields(value)}
        )
    return value.xreplace(names) if isinstance(value, (sp.Basic, MatrixBase)) else value
