"""The path-magnitude matrix G and its diagonal (claims: path-magnitude-transport, layer-masses)."""

import functools

import sympy as sp

from verified_dynamics.proof import Equal, Statement
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

NETWORK = LayeredNetwork.of(2, 2, 2, 1)
a1, a2, v, v10, v11, v20, v21 = sp.symbols("a1 a2 v v10 v11 v20 v21", real=True)


def magnitude_transport() -> Statement:
    """G(Dθ) = D⁻¹ G(θ) D⁻¹ with G = JᵀJ, all 15 × 15 entries of the net 2-2-2-1 with biases."""
    inverse = sp.diag(*(1 / factor for factor in NETWORK.factors()))
    moved = _matrix().subs(NETWORK.moved(), simultaneous=True)
    return Equal(moved.expand(), (inverse * _matrix() * inverse).expand())


def diagonal_from_squares() -> Statement:
    """g_i = ∂‖Φ‖²/∂(θ_i²) for all 15 parameters: the diagonal of JᵀJ against one pass with squared parameters."""
    squares = {p: sp.Symbol(f"s_{p}", positive=True) for p in NETWORK.parameters}
    total = _squared_pass(
        [m.subs(squares) for m in NETWORK.weights], [m.subs(squares) for m in NETWORK.biases]
    )
    back = {square: p**2 for p, square in squares.items()}
    derivatives = [sp.diff(total, square).subs(back).expand() for square in squares.values()]
    return Equal(sp.Matrix(derivatives), sp.Matrix(_diagonal()))


def off_diagonal_quarter() -> Statement:
    """G_ij = ¼ ∂_i ∂_j ‖Φ‖² for all 105 pairs i ≠ j of the net 2-2-2-1 with biases."""
    parameters, matrix, total = NETWORK.parameters, _matrix(), _squared_norm()
    pairs = [(i, j) for i in range(len(parameters)) for j in range(i)]
    quarters = [sp.diff(total, parameters[i], parameters[j]).expand() / 4 for i, j in pairs]
    return Equal(sp.Matrix([matrix[pair] for pair in pairs]), sp.Matrix(quarters))


def kernel_trace() -> Statement:
    """tr ∂Φ∂Φᵀ = Σ_i g_i, which a rescaling turns into Σ_i g_i/d_i²: net 2-2-2-1 with biases."""
    jacobian = NETWORK.jacobian().subs(NETWORK.moved(), simultaneous=True)
    total = sum(g / factor**2 for g, factor in zip(_diagonal(), NETWORK.factors(), strict=True))
    return Equal((jacobian * jacobian.T).trace().expand(), total.expand())


def kernel_trace_unmoved() -> Statement:
    """The trace of the path kernel is the same on the whole orbit: false."""
    statement = kernel_trace()
    return Equal(statement.left, sum(_diagonal()))


def layer_masses() -> Statement:
    """g[W_l[k, j]] = β_l[k] f_{l-1}[j] and g[b_l[k]] = β_l[k], forward and backward masses of the net 2-2-2-1."""
    forward, backward = _masses()
    outer = [
        after * before.T for after, before in zip(backward[1:], forward[:-1], strict=True)
    ]  # (n_l, n_{l-1})
    products = [entry.expand() for block in (*outer, *backward[1:]) for entry in block]
    return Equal(sp.Matrix(_diagonal()), sp.Matrix(products))


def mass_transport() -> Statement:
    """A unit's forward mass becomes λ² f and its backward mass β/λ²: the six masses of the first layer's units."""
    forward, backward = _masses()
    moved = NETWORK.moved()
    left, right = [], []
    for unit in range(2):
        scale = sp.Symbol(f"lambda{unit + 1}", positive=True)
        for mass, factor in ((forward[1][unit], scale**2), (backward[1][unit], scale**-2)):
            left.append(mass.subs(moved, simultaneous=True).expand())
            right.append((factor * mass).expand())
    return Equal(sp.Matrix(left), sp.Matrix(right))


def average_pooling_squares() -> Statement:
    """Two positions of a convolution, averaged: the squared paths sum to a pass whose pooling weight is (1/2)²."""
    return Equal(_pooled_paths(sp.Rational(1, 2)), _pooled_pass(sp.Rational(1, 4)))


def max_pooling_sums() -> Statement:
    """Maximum of two positions: each path passes with weight one, so the squared pass adds the window's masses."""
    return Equal(_pooled_paths(sp.Integer(1)), _pooled_pass(sp.Integer(1)))


def average_pooling_unsquared() -> Statement:
    """The same pass with the pooling weight 1/2 left as it is: false."""
    return Equal(_pooled_paths(sp.Rational(1, 2)), _pooled_pass(sp.Rational(1, 2)))


def max_pooling_maximum() -> Statement:
    """The maximum of the window's masses in place of their sum: false."""
    first, second = a1**2 + a2**2, a2**2
    return Equal(_pooled_paths(sp.Integer(1)), v**2 * sp.Max(first, second))


def convolution_rank_one() -> Statement:
    """A zero-padded convolution with two output channels: its g (channel × offset) has rank one: false, the border."""
    inside, border = sp.Matrix([v11**2, v21**2]), sp.Matrix([v10**2 + v11**2, v20**2 + v21**2])
    return Equal(inside.row_join(border).det(), sp.Integer(0))


@functools.cache
def _matrix() -> sp.Matrix:
    jacobian = NETWORK.jacobian()
    return (jacobian.T * jacobian).as_immutable()


def _diagonal() -> list[sp.Expr]:
    return [_matrix()[i, i] for i in range(len(NETWORK.parameters))]


def _squared_norm() -> sp.Expr:
    return sum(path**2 for path in NETWORK.lifting())


def _squared_pass(weights: list[sp.Matrix], biases: list[sp.Matrix]) -> sp.Expr:
    """Sum of the outputs on an input of ones, no activation."""
    value = sp.ones(weights[0].cols, 1)
    for weight, bias in zip(weights, biases, strict=True):
        value = weight * value + bias
    return sum(value)


def _masses() -> tuple[list[sp.Matrix], list[sp.Matrix]]:
    """f_0 .. f_L and β_0 .. β_L."""
    squared = [weight.applyfunc(lambda p: p**2) for weight in NETWORK.weights]
    offsets = [bias.applyfunc(lambda p: p**2) for bias in NETWORK.biases]
    forward, backward = [sp.ones(NETWORK.widths[0], 1)], [sp.ones(NETWORK.widths[-1], 1)]
    for weight, offset in zip(squared, offsets, strict=True):
        forward.append(weight * forward[-1] + offset)
    for weight in reversed(squared):
        backward.insert(0, weight.T * backward[0])
    return forward, backward


def _pooled_paths(weight: sp.Expr) -> sp.Expr:
    """Squared paths, one by one: a kernel (a1, a2), of which a2 alone reaches the border, pooled, then times v."""
    first, second = [a1, a2], [a2]  # the parameters that reach the inner and the border position
    return sum((weight * p * v) ** 2 for position in (first, second) for p in position)


def _pooled_pass(weight: sp.Expr) -> sp.Expr:
    """Squared parameters in a network pass; `weight` is what the pooling multiplies each position by."""
    first, second = a1**2 + a2**2, a2**2
    return v**2 * (weight * first + weight * second)
