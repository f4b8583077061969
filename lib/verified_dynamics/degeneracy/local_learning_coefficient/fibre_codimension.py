"""The learning coefficient of a linear network by counting dimensions, without the published formula.

Let k_s be the rank of W_s…W_1, minus that of W*.  Where these ranks are given, W_s maps a space of dimension k_{s−1}
onto one of dimension k_s inside a space of dimension Δ_s = widths[s] − rank, which are (k_{s−1} − k_s)(Δ_s − k_s)
conditions.  Half the least number of conditions is an upper bound of λ (near a generic point of its stratum K is a
regular quadratic form).  For linear networks the bound is attained, so that λ is half the codimension of the fibre;
Pepin Lehalleur and Rimányi (2024) prove it.  The multiplicity is one more than the dimension of the polytope that
the best rank sequences span, each rank written in unary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import Degeneracy
from verified_dynamics.degeneracy.local_learning_coefficient.newton_polytope import affine_dimension


def half_codimension(widths: Sequence[int], rank: int) -> Degeneracy:
    """Half the codimension of the fibre W_L…W_1 = W*, and 1 + the dimension spanned by its largest strata.

    All rank sequences are tried; the cost grows like the product of the inner widths.  Raises ValueError where the
    rank is not attainable.
    """
    conditions, best = largest_strata(widths, rank)
    unary = [[int(level < k) for k in ranks for level in range(max(widths))] for ranks in best]
    regular = rank * (widths[0] + widths[-1]) - rank**2
    return Degeneracy(Fraction(regular + conditions, 2), 1 + affine_dimension(unary))


def largest_strata(widths: Sequence[int], rank: int) -> tuple[int, list[tuple[int, ...]]]:
    """The least number of conditions beside the r(H_0 + H_L) − r² regular ones, and the sequences (k_1, …, k_L)
    that attain it."""
    if not 0 <= rank <= min(widths):
        raise ValueError(f"The rank lies between 0 and the smallest width {min(widths)}, not {rank}.")
    excess = [width - rank for width in widths]
    counted = [(conditions(excess, ranks), ranks) for ranks in _rank_sequences(excess)]
    least = min(count for count, _ in counted)
    return least, [ranks for count, ranks in counted if count == least]


def conditions(excess: Sequence[int], ranks: Sequence[int]) -> int:
    """Σ_s (k_{s−1} − k_s)(Δ_s − k_s), the codimension of a stratum; k_0 = Δ_0."""
    before = (excess[0], *ranks[:-1])
    return sum((j - k) * (width - k) for j, k, width in zip(before, ranks, excess[1:], strict=True))


def _rank_sequences(excess: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All (k_1, …, k_L) with k_s ≤ min(k_{s−1}, Δ_s) and k_L = 0."""

    def extend(prefix: tuple[int, ...], last: int) -> Iterator[tuple[int, ...]]:
        layer = len(prefix) + 1
        if layer == len(excess) - 1:
            yield (*prefix, 0)
            return
        for k in range(min(last, excess[layer]) + 1):
            yield from extend((*prefix, k), k)

    yield from extend((), excess[0])
