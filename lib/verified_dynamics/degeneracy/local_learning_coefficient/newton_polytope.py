"""The learning coefficient of a sum of squared monomials: a linear program over the rationals, solved exactly.

For K = Σ_j (w^{k_j})² and a prior density ∏ |w_i|^{h_i}, put |w_i| = ε^{u_i}.  The point has weight Σ (h_i + 1) u_i
and lies in {K ≤ ε} up to constants when 2⟨k_j, u⟩ ≥ 1 for all j.  The least weight is λ, and the dimension of the
face on which it is attained is m − 1: each direction along that face costs nothing and gives one logarithm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import Degeneracy

Row = list[Fraction]


def monomial_ideal(
    exponents: Sequence[Sequence[int]], prior_powers: Sequence[int] | None = None
) -> Degeneracy:
    """Of K = Σ_j ∏_i w_i^{2 exponents[j][i]} with a prior density ∏ |w_i|^{prior_powers[i]}.

    Where K is another function whose monomials these are, the value is only right if K does not degenerate on the
    torus (all w_i ≠ 0); (a − b)² + a⁴ shows that it can be wrong.  Vertices are enumerated, so the number of
    variables should be at most about six.  Raises ValueError where a monomial is constant or lengths differ.
    """
    size = len(exponents[0])
    prior_powers = [0] * size if prior_powers is None else list(prior_powers)
    if any(len(row) != size for row in exponents) or len(prior_powers) != size:
        raise ValueError("Every monomial, and the prior, has one power for each variable.")
    if any(min(row) < 0 or not any(row) for row in exponents) or min(prior_powers) <= -1:
        raise ValueError("Powers are not negative, no monomial is constant, and the prior can be integrated.")
    weights = [Fraction(h + 1) for h in prior_powers]
    vertices = optimal_vertices(weights, [[2 * k for k in row] for row in exponents])
    value = sum(w * u for w, u in zip(weights, vertices[0], strict=True))
    return Degeneracy(value, 1 + affine_dimension(vertices))


def optimal_vertices(
    weights: Sequence[Fraction], rows: Sequence[Sequence[int]]
) -> list[tuple[Fraction, ...]]:
    """All vertices of {u ≥ 0, ⟨row, u⟩ ≥ 1 for every row} at which ⟨weights, u⟩ is least, for positive weights."""
    best, found = None, set()
    for vertex in _vertices([list(map(Fraction, row)) for row in rows]):
        value = sum(w * u for w, u in zip(weights, vertex, strict=True))
        if best is None or value < best:
            best, found = value, set()
        if value == best:
            found.add(vertex)
    return sorted(found)


def affine_dimension(points: Sequence[Sequence[Fraction | int]]) -> int:
    """The dimension of the affine hull of some points, exactly."""
    rows = [[Fraction(x) - Fraction(y) for x, y in zip(p, points[0], strict=True)] for p in points[1:]]
    rank = 0
    for column in range(len(points[0])):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


def _vertices(rows: list[Row]) -> Iterator[tuple[Fraction, ...]]:
    size = len(rows[0])
    planes = [(row, Fraction(1)) for row in rows]
    planes += [([Fraction(i == j) for j in range(size)], Fraction(0)) for i in range(size)]
    for active in combinations(planes, size):
        point = _solution([row for row, _ in active], [bound for _, bound in active])
        if point is not None and all(
            sum(a * u for a, u in zip(row, point, strict=True)) >= bound for row, bound in planes
        ):
            yield point


def _solution(matrix: list[Row], values: Row) -> tuple[Fraction, ...] | None:
    """The solution of a square system by Gauss and Jordan; None where it is singular."""
    work = [[*row, value] for row, value in zip(matrix, values, strict=True)]
    for column in range(len(work)):
        pivot = next((i for i in range(column, len(work)) if work[i][column]), None)
        if pivot is None:
            return None
        work[column], work[pivot] = work[pivot], work[column]
        work[column] = [x / work[column][column] for x in work[column]]
        for i, row in enumerate(work):
            if i != column and row[column]:
                work[i] = [x - row[column] * y for x, y in zip(row, work[column], strict=True)]
    return tuple(row[-1] for row in work)
