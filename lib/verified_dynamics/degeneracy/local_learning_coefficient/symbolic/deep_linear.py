"""Deep linear networks: the published formula is the least of a sum of squares with a fixed sum.

Δ_s = H_s − r are the widths without the target's rank, d_s ≥ 0 the ranks that layer s loses.
"""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.reduced_rank import (
    H,
    M,
    N,
    published,
    r,
)
from verified_dynamics.proof import Equal, Statement

L = sp.Symbol("L", positive=True, integer=True)
drops = sp.symbols("d_1:5", nonnegative=True)
sizes = sp.symbols("Delta_1:5", positive=True)
l, remainder, ceiling = sp.symbols("l a c", positive=True, integer=True)  # noqa: E741


def formula(chosen: list[sp.Expr], steps: sp.Expr, extra: sp.Expr) -> sp.Expr:
    """Aoyagi's λ of target zero from the chosen Δ_s, l = `steps` and a = `extra`."""
    total = sp.Add(*chosen)
    pairs = (total**2 - sp.Add(*(size**2 for size in chosen))) / 2
    return extra * (steps - extra) / (4 * steps) - (steps - 1) * total**2 / (4 * steps) + pairs / 2


def _conditions(start: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Σ (k_{s−1} − k_s)(Δ_s − k_s) for ranks that start at `start` and fall by d_s, and (Σ (Δ_s + d_s)² − Σ Δ_s²)/2
    with Δ_0 = `start`.
    """
    rank, conditions = start, sp.S.Zero
    for drop, size in zip(drops, sizes, strict=True):
        rank -= drop
        conditions += drop * (size - rank)
    squares = sum((size + drop) ** 2 - size**2 for size, drop in zip(sizes, drops, strict=True))
    return conditions, (squares - start**2) / 2


def codimension_of_ranks() -> Statement:
    """The conditions of a sequence of ranks that falls to zero are half a difference of sums of squares, in which
    Σ (Δ_s + d_s) is given: the least sum has the most equal shares.
    """
    return Equal(*_conditions(sp.Add(*drops)))


def codimension_of_ranks_that_remain() -> Statement:
    """Control: the last rank is not zero."""
    left = sp.Symbol("k_4", positive=True)
    return Equal(*_conditions(sp.Add(*drops) + left))


def equal_shares() -> Statement:
    """Equal shares Σ/l of the sum, for l = 3 layers and four widths, give Aoyagi's formula with a = l."""
    least = (3 * (sp.Add(*sizes) / 3) ** 2 - sp.Add(*(size**2 for size in sizes))) / 4
    return Equal(least, formula(list(sizes), sp.Integer(3), sp.Integer(3)))


def integer_shares() -> Statement:
    """Shares are integers: a of them are c, l − a are c − 1, which adds a(l − a)/l to the square of the sum over l."""
    total = remainder * ceiling + (l - remainder) * (ceiling - 1)
    squares = remainder * ceiling**2 + (l - remainder) * (ceiling - 1) ** 2
    return Equal(squares, total**2 / l + remainder * (l - remainder) / l)


def integer_shares_as_equal() -> Statement:
    """Control: shares that need not be integers."""
    total = remainder * ceiling + (l - remainder) * (ceiling - 1)
    squares = remainder * ceiling**2 + (l - remainder) * (ceiling - 1) ** 2
    return Equal(squares, total**2 / l)


def _scalar_chain(steps: sp.Expr) -> sp.Expr:
    """λ of a product of L scalars at zero from the general formula: every Δ_s = 1, a = Σ − (⌈Σ/l⌉ − 1) l."""
    total, pairs = L + 1, L * (L + 1) / 2
    extra = total - steps
    return extra * (steps - extra) / (4 * steps) - (steps - 1) * total**2 / (4 * steps) + pairs / 2


def scalar_chain() -> Statement:
    """A product of any number of scalars has λ = ½."""
    return Equal(_scalar_chain(L), sp.Rational(1, 2))


def scalar_chain_multiplicity() -> Statement:
    """Its multiplicity a(l − a) + 1 is L, that of the monomial w_1² ⋯ w_L²."""
    extra = L + 1 - L
    return Equal(extra * (L - extra) + 1, L)


def scalar_chain_with_all_widths() -> Statement:
    """Control: l counts the chosen widths instead of one less."""
    return Equal(_scalar_chain(L + 1), sp.Rational(1, 2))


def _two_layers(extra: int) -> sp.Expr:
    widths = [M - r, N - r, H - r]
    return (r * (M + N) - r**2) / 2 + formula(widths, sp.Integer(2), sp.Integer(extra))


def two_layers_even() -> Statement:
    """At two layers with an even sum of widths (a = 2) the formula is that of reduced-rank regression."""
    return Equal(_two_layers(2), published(M, N, H, r) / 8)


def two_layers_odd() -> Statement:
    """With an odd sum (a = 1) it is the odd case."""
    return Equal(_two_layers(1), (published(M, N, H, r) + 1) / 8)


def two_layers_rounded_down() -> Statement:
    """Control: the floor of Σ/l instead of its ceiling, which makes a = 3 for an odd sum."""
    return Equal(_two_layers(3), (published(M, N, H, r) + 1) / 8)
