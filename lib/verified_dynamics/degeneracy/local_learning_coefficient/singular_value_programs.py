"""Linear networks through the singular values of their outer layers: exponents of ε, minimised exactly.

With standard normal weights one layer integrates out, and what is left are powers of the squared singular values x_i
of the others.  Put x_i = T^{−s_i} with 0 ≤ s_1 ≤ … ≤ s_q ≤ 1: each factor of the integrand becomes a power of T
whose exponent is piecewise linear in s, and the least exponent is λ.  This is independent of the published formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import Degeneracy
from verified_dynamics.degeneracy.local_learning_coefficient.newton_polytope import affine_dimension


def two_layer_program(
    inputs: int, hidden: int, outputs: int, rank: int, *, repulsion: bool = True
) -> Degeneracy:
    """λ and m of reduced-rank regression: B integrates out, the exponent is linear in each s_i.

    The coefficient of s_i is c_i = (|H − M| + 1)/2 + (q − i) − N/2 after the target's rank has been taken from all
    widths, and λ_0 = qN/2 + Σ min(0, c_i), m = 1 + #{c_i = 0}.  Without `repulsion` the factor ∏ |x_i − x_j| of the
    density, hence (q − i), is left out, and the answer is wrong.
    """
    m, h, n = inputs - rank, hidden - rank, outputs - rank
    q = min(m, h)
    slopes = [Fraction(abs(h - m) + 1 - n, 2) + (q - i if repulsion else 0) for i in range(1, q + 1)]
    regular = Fraction(rank * (inputs + outputs - rank), 2)
    return Degeneracy(
        regular + Fraction(q * n, 2) + sum(min(Fraction(0), slope) for slope in slopes), 1 + slopes.count(0)
    )


def three_layer_program(widths: Sequence[int]) -> Degeneracy:
    """λ and m of three layers with target zero: the middle layer integrates out.

    The exponent is Σ (costs of s_i and t_j) + ½ Σ max(0, 1 − s_i − t_j) for the singular values of the first and the
    last layer.  It is linear between the planes s_i = s_{i+1}, t_j = t_{j+1}, s_i + t_j = 1 and the bounds 0 and 1,
    all of which are differences in (s, 1 − t), so that every vertex has coordinates 0 or 1: those are compared.
    """
    if len(widths) != 4 or min(widths) < 1:
        raise ValueError(f"Three layers have four positive widths, not {tuple(widths)}.")
    first, last = _exponents(widths[1], widths[0]), _exponents(widths[3], widths[2])
    values = {}
    for small, little in product(range(len(first) + 1), range(len(last) + 1)):
        s, t = _staircase(len(first), small), _staircase(len(last), little)
        cost = sum(c * x for c, x in zip((*first, *last), (*s, *t), strict=True))
        values[s + t] = cost + Fraction((len(first) - small) * (len(last) - little), 2)
    least = min(values.values())
    return Degeneracy(
        least, 1 + affine_dimension([point for point, value in values.items() if value == least])
    )


def _exponents(rows: int, columns: int) -> list[Fraction]:
    """The cost of each s_i, from the density of the squared singular values: (|rows − columns| + 1)/2 + q − i."""
    q = min(rows, columns)
    return [Fraction(abs(rows - columns) + 1, 2) + q - i for i in range(1, q + 1)]


def _staircase(size: int, ones: int) -> tuple[int, ...]:
    return (0,) * (size - ones) + (1,) * ones
