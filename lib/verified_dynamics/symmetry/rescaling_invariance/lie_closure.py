r"""Count conservation laws by the Lie algebra that the gradient fields generate (Marcotte, Gribonval, Peyré 2023).

A loss that depends on θ ∈ R^D only through φ(θ) has ∇L in the span of the fields ∇φ_i.  A function is conserved by
every such flow if and only if its gradient is orthogonal to these fields, and then to all their brackets.  Where the
rank of the closure is locally constant, the number of independent conservation laws is D minus that rank.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

Field = tuple[sp.Expr, ...]


@dataclass(frozen=True)
class LieCount:
    """``dimension`` D of parameter space and ``ranks``: of the span, then after each generation of brackets."""

    dimension: int
    ranks: tuple[int, ...]

    @property
    def laws(self) -> int:
        """Number of independent conservation laws near a generic point."""
        return self.dimension - self.ranks[-1]

    @property
    def laws_without_brackets(self) -> int:
        """What the span of the gradients alone would suggest; too many where it is not closed."""
        return self.dimension - self.ranks[0]


def gradient_fields(functions: Sequence[sp.Expr], variables: Sequence[sp.Symbol]) -> list[Field]:
    """The fields ∇φ_i as tuples of their components."""
    return [tuple(sp.diff(f, v) for v in variables) for f in functions]


def bracket(left: Field, right: Field, variables: Sequence[sp.Symbol]) -> Field:
    """Lie bracket [X, Y] = (∂Y) X − (∂X) Y."""
    return tuple(
        sp.expand(
            sum(
                x * sp.diff(right[k], v) - y * sp.diff(left[k], v)
                for x, y, v in zip(left, right, variables, strict=True)
            )
        )
        for k in range(len(variables))
    )


def lie_count(functions: Sequence[sp.Expr], variables: Sequence[sp.Symbol], *, seed: int = 0) -> LieCount:
    """Close the gradient fields of ``functions`` under brackets and count conservation laws.

    Ranks are taken exactly, at one random rational point; at an unlucky point a rank is too small, never too large.
    Each generation brackets the new independent fields with the generators, which reaches the whole algebra.  Stops
    when a generation adds nothing or the rank is full.  Sizes beyond about 14 variables take minutes.
    """
    generator = random.Random(seed)
    point = {v: sp.Rational(generator.randint(-99, 99) or 1, generator.randint(2, 23)) for v in variables}
    basis = _IndependentRows(variables, point)
    generators = [field for field in gradient_fields(functions, variables) if basis.add(field)]
    ranks, newest = [basis.rank], generators
    while newest and basis.rank < len(variables):
        pairs = (
            combinations(generators, 2) if len(ranks) == 1 else ((x, y) for x in generators for y in newest)
        )
        newest = [field for field in (bracket(x, y, variables) for x, y in pairs) if basis.add(field)]
        ranks.append(basis.rank)
    return LieCount(len(variables), tuple(ranks))


def full_rank_formula(n: int, m: int, r: int) -> sp.Expr:
    """Number of laws of a two-layer linear net UVᵀ, U (n, r), V (m, r) (Marcotte et al. 2023): all from UᵀU − VᵀV."""
    if n + m > r:
        return sp.Rational(r * (r + 1), 2)
    return (n + m) * (r - sp.Rational(n + m - 1, 2))


class _IndependentRows:
    """Keeps the fields whose values at one rational point are linearly independent."""

    def __init__(self, variables: Sequence[sp.Symbol], point: dict[sp.Symbol, sp.Rational]) -> None:
        self._substitution = [(v, point[v]) for v in variables]
        self._rows: list[tuple[int, list[sp.Rational]]] = []

    @property
    def rank(self) -> int:
        return len(self._rows)

    def add(self, field: Field) -> bool:
        row = [sp.sympify(entry).subs(self._substitution) for entry in field]
        for pivot, kept in self._rows:
            if row[pivot] != 0:
                factor = row[pivot]
                row = [a - factor * b for a, b in zip(row, kept, strict=True)]
        pivot = next((k for k, entry in enumerate(row) if entry != 0), None)
        if pivot is None:
            return False
        self._rows.append((pivot, [entry / row[pivot] for entry in row]))
        return True
