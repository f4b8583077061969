"""What gradient flow conserves: a number per neuron, a matrix per linear layer, and how many laws there are."""

import functools
import random

import sympy as sp

from verified_dynamics.proof import Equal, Statement
from verified_dynamics.symmetry.rescaling_invariance.lie_closure import LieCount, full_rank_formula, lie_count

u = sp.symbols("u1:4", real=True)
v = sp.symbols("v1:3", real=True)
LINEAR_SHAPES = ((1, 1, 2), (2, 1, 2), (2, 2, 2), (2, 1, 1), (1, 1, 3), (2, 2, 3))


def neuron_conservation() -> Statement:
    """d‖in‖²/dt = d‖out‖²/dt under gradient flow of every smooth loss of a neuron's products."""
    loss = sp.Function("F")(*(a * b for a in u[:2] for b in v))
    return Equal(_rate_of_square(loss, u[:2]), _rate_of_square(loss, v))


def linear_matrix_law() -> Statement:
    """d(W₁W₁ᵀ)/dt = d(W₂ᵀW₂)/dt in a linear network, 2 hidden units, 2 inputs, 3 outputs, every loss gradient."""
    first, second, gradient = _matrix("w", 2, 2), _matrix("v", 3, 2), _matrix("g", 3, 2)
    first_rate, second_rate = -second.T * gradient, -gradient * first.T
    return Equal(_gram_rate(first, first_rate), _gram_rate(second.T, second_rate.T))


def relu_diagonal_law() -> Statement:
    """With ReLU between the layers the diagonal of the matrix law survives, whatever the activity pattern."""
    left, right = _masked_rates()
    return Equal(sp.Matrix([left[0, 0], left[1, 1]]), sp.Matrix([right[0, 0], right[1, 1]]))


def gram_entries_conserved() -> Statement:
    """U and V 2×3: along every entry of UVᵀ each entry of UᵀU moves as that of VᵀV does, so their difference stays."""
    left, right = _matrix("u", 2, 3), _matrix("v", 2, 3)
    entries = [(a, b) for a in range(3) for b in range(a, 3)]
    products = list(left * right.T)
    return Equal(
        sp.Matrix([[_inner((left.T * left)[e], p, left) for p in products] for e in entries]),
        sp.Matrix([[_inner((right.T * right)[e], p, right) for p in products] for e in entries]),
    )


def relu_law_count() -> Statement:
    """A ReLU neuron with 3 incoming and 2 outgoing weights: rank of the closed Lie algebra, and one law."""
    count = lie_count([a * b for a in u for b in v], [*u, *v])
    return Equal(sp.Matrix([count.ranks[-1], count.laws]), sp.Matrix([len(u) + len(v) - 1, 1]))


def linear_law_counts() -> Statement:
    """Two-layer linear nets UVᵀ of six shapes: the counted laws agree with the closed formula."""
    counted = [_linear_count(*shape).laws for shape in LINEAR_SHAPES]
    return Equal(sp.Matrix(counted), sp.Matrix([full_rank_formula(*shape) for shape in LINEAR_SHAPES]))


def exhibited_law_counts() -> Statement:
    """The entries of UᵀU − VᵀV hold as many independent laws as the closure leaves room for, for the six shapes."""
    counted = [_linear_count(*shape).laws for shape in LINEAR_SHAPES]
    return Equal(sp.Matrix([_exhibited(*shape) for shape in LINEAR_SHAPES]), sp.Matrix(counted))


def relu_off_diagonal_law() -> Statement:
    """The off-diagonal entry with ReLU between the layers: false."""
    left, right = _masked_rates()
    return Equal(left[0, 1], right[0, 1])


def span_law_count() -> Statement:
    """Counting without brackets, U 2×2 and V 1×2: false, it promises four laws instead of three."""
    return Equal(sp.Integer(_linear_count(2, 1, 2).laws_without_brackets), full_rank_formula(2, 1, 2))


def _rate_of_square(loss: sp.Expr, parameters) -> sp.Expr:
    return sum(2 * p * -sp.diff(loss, p) for p in parameters)


def _matrix(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{i + 1}{j + 1}", real=True))


def _gram_rate(matrix: sp.Matrix, rate: sp.Matrix) -> sp.Matrix:
    return rate * matrix.T + matrix * rate.T


def _masked_rates() -> tuple[sp.Matrix, sp.Matrix]:
    """Rates of W₁W₁ᵀ and W₂ᵀW₂ for one sample, with activity a_k of hidden unit k and output error d."""
    first, second = _matrix("w", 2, 2), _matrix("v", 2, 2)
    active = sp.diag(*sp.symbols("a1 a2", real=True))
    sample, error = sp.Matrix(sp.symbols("x1 x2", real=True)), sp.Matrix(sp.symbols("d1 d2", real=True))
    first_rate = -active * second.T * error * sample.T
    second_rate = -error * (active * first * sample).T
    return _gram_rate(first, first_rate), _gram_rate(second.T, second_rate.T)


def _inner(law: sp.Expr, product: sp.Expr, block: sp.Matrix) -> sp.Expr:
    return sum(sp.diff(law, p) * sp.diff(product, p) for p in block)


def _exhibited(n: int, m: int, r: int) -> int:
    """Rank of the Jacobian of the entries of UᵀU − VᵀV at a rational point."""
    left, right = _matrix("u", n, r), _matrix("v", m, r)
    law = left.T * left - right.T * right
    entries = sp.Matrix([law[a, b] for a in range(r) for b in range(a, r)])
    generator = random.Random(3)
    variables = [*left, *right]
    point = {p: sp.Rational(generator.randint(1, 40), generator.randint(2, 23)) for p in variables}
    return entries.jacobian(variables).subs(point).rank()


@functools.cache
def _linear_count(n: int, m: int, r: int) -> LieCount:
    left, right = _matrix("u", n, r), _matrix("v", m, r)
    return lie_count(list(left * right.T), [*left, *right])
