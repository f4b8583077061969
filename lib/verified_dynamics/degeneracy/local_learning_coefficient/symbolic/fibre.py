"""The fibre BA = W*: the local value at a point of given ranks, and which points gradient flow can reach.

A is H × M of rank a, B is N × H of rank b, and W* has rank r.
"""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.reduced_rank import (
    H,
    M,
    N,
    published,
    r,
)
from verified_dynamics.proof import AtLeast, Equal, Statement

a, b = sp.symbols("a b", nonnegative=True, integer=True)


def _symbols(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i}{j}", real=True))


def _split(first: sp.Matrix) -> tuple[sp.Matrix, sp.Matrix, sp.Expr]:
    """L, U and the Schur complement S with A = L diag(A_00, S) U."""
    corner = first[0, 0]
    lower = sp.Matrix([[1, 0], [first[1, 0] / corner, 1]])
    upper = sp.Matrix([[1, first[0, 1] / corner], [0, 1]])
    return lower, upper, first[1, 1] - first[1, 0] * first[0, 1] / corner


def schur_split() -> Statement:
    """Where the corner A_11 is invertible, BA = (BL) diag(A_11, S) U: the first a columns of BL are regular
    coordinates (Na of them), and the rest is a product with the Schur complement S, which vanishes at w*.
    """
    first, second = _symbols("A", 2, 2), _symbols("B", 2, 2)
    lower, upper, rest = _split(first)
    right = second * lower * sp.diag(first[0, 0], rest) * upper
    return Equal(second * first, right, given=[sp.Ne(first[0, 0], 0)])


def schur_split_without_elimination() -> Statement:
    """Control: the corner's row and column are not eliminated, A_22 stands for its Schur complement."""
    first, second = _symbols("A", 2, 2), _symbols("B", 2, 2)
    lower, upper, _ = _split(first)
    right = second * lower * sp.diag(first[0, 0], first[1, 1]) * upper
    return Equal(second * first, right, given=[sp.Ne(first[0, 0], 0)])


def regular_directions() -> Statement:
    """N a directions from A's invertible corner, then b(M − a) from B's: Na + Mb − ab together."""
    return Equal(N * a + b * (M - a), M * b + a * (N - b))


def local_value(first_rank: sp.Expr, second_rank: sp.Expr) -> sp.Expr:
    """λ_loc where the network that is left is balanced and its sum of widths even."""
    rest = published(M - first_rank, N - second_rank, H - first_rank - second_rank + r, 0)
    return (N * first_rank + M * second_rank - first_rank * second_rank) / 2 + rest / 8


def generic_value(first_rank: sp.Expr) -> sp.Expr:
    """λ_loc at a point with a + b = H + r, where nothing is left: half the codimension of its stratum."""
    second_rank = H + r - first_rank
    return (N * first_rank + M * second_rank - first_rank * second_rank) / 2


def most_singular_point() -> Statement:
    """At a = b = r the local value is the global one."""
    return Equal(local_value(r, r), published(M, N, H, r) / 8)


def balanced_part_is_constant() -> Statement:
    """As long as the rest stays balanced, the local value does not change along the fibre at all."""
    return Equal(local_value(a, b), published(M, N, H, r) / 8)


def constant_without_hidden_loss() -> Statement:
    """Control: the hidden units that the two ranks use up are not taken from the rest."""
    rest = published(M - a, N - b, H - r, 0)
    return Equal((N * a + M * b - a * b) / 2 + rest / 8, published(M, N, H, r) / 8)


def generic_codimension() -> Statement:
    """At a generic point λ_loc exceeds the global value by ½(a − a*)², a* = (M + H + r − N)/2."""
    return Equal(generic_value(a), published(M, N, H, r) / 8 + (a - (M + H + r - N) / 2) ** 2 / 2)


def generic_is_no_less_degenerate() -> Statement:
    """No generic point of the fibre is more degenerate than the most singular one."""
    return AtLeast(generic_value(a), published(M, N, H, r) / 8)


def generic_equals_global() -> Statement:
    """Control: one learning coefficient for all minima, the ranks of the factors dropped."""
    return Equal(generic_value(a), published(M, N, H, r) / 8)


def _flow(first_rate: sp.Expr, second_rate: sp.Expr) -> sp.Matrix:
    """d/dt (AAᵀ − BᵀB) where A and B descend ½‖BA − W*‖² at these rates."""
    first, second, target = _symbols("A", 2, 2), _symbols("B", 2, 2), _symbols("W", 2, 2)
    error = second * first - target
    d_first, d_second = -first_rate * second.T * error, -second_rate * error * first.T
    growth = d_first * first.T + first * d_first.T
    return (growth - d_second.T * second - second.T * d_second).expand()


def balance_is_conserved() -> Statement:
    """Gradient flow conserves D = AAᵀ − BᵀB."""
    return Equal(_flow(sp.S.One, sp.S.One), sp.zeros(2, 2))


def balance_with_unequal_rates() -> Statement:
    """Control: the two layers learn at different rates."""
    rate = sp.Symbol("eta", positive=True)
    return Equal(_flow(sp.S.One, 1 + rate), sp.zeros(2, 2))


def _balance_form(first: sp.Matrix, second: sp.Matrix, direction: sp.Matrix) -> sp.Expr:
    return (direction.T * (first * first.T - second.T * second) * direction)[0, 0]


def balance_on_the_kernel() -> Statement:
    """Where Aᵀx = 0, xᵀDx = −|Bx|² ≤ 0: A has at least as many ranks as D has positive eigenvalues."""
    s, t, u, v = sp.symbols("s t u v", real=True)
    direction = sp.Matrix([s, t])
    first = sp.Matrix([[-t * u, -t * v], [s * u, s * v]])
    return AtLeast(0, _balance_form(first, _symbols("B", 2, 2), direction))


def balance_off_the_kernel() -> Statement:
    """Control: the same without Aᵀx = 0."""
    s, t = sp.symbols("s t", real=True)
    return AtLeast(0, _balance_form(_symbols("A", 2, 2), _symbols("B", 2, 2), sp.Matrix([s, t])))


def _turned(angle: sp.Symbol) -> sp.Matrix:
    return sp.Matrix([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])


def _balanced_products(second_root: sp.Matrix) -> tuple[sp.Matrix, sp.Matrix]:
    """(BA)ᵀBA and (AᵀA)² for A = P R and B = R′ P′, P′ = `second_root`: all factors with these AAᵀ and BᵀB."""
    first = _root("p") * _turned(sp.Symbol("theta", real=True))
    second = _turned(sp.Symbol("phi", real=True)) * second_root
    both = second * first
    return (both.T * both).expand(), ((first.T * first) ** 2).expand()


def _root(name: str) -> sp.Matrix:
    one, two, three = sp.symbols(f"{name}_1:4", real=True)
    return sp.Matrix([[one, two], [two, three]])


def balanced_ranks_agree() -> Statement:
    """Where AAᵀ = BᵀB, (BA)ᵀBA = (AᵀA)²: A, B and W* have the same rank, so the most singular point is reached."""
    return Equal(*_balanced_products(_root("p")))


def unbalanced_ranks_agree() -> Statement:
    """Control: AAᵀ and BᵀB differ."""
    return Equal(*_balanced_products(_root("q")))
