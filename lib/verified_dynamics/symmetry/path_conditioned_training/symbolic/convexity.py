"""J is convex, and strictly so unless every parameter can be scaled alike (claim: convex-criterion)."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Solves, Statement, SumOfSquares
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

CHAIN = LayeredNetwork.of(1, 1, 1, 1)  # six parameters, two hidden units
z = sp.symbols("z1 z2", real=True)
r = sp.symbols("r1 r2", real=True)
g = sp.symbols("g1:7", positive=True)


def hessian_identity() -> Statement:
    """∇²J = p Bᵀ(diag π - ππᵀ)B with π = softmax(log g + Bz); the chain 1-1-1-1 with its six parameters."""
    exponents = CHAIN.exponents()
    weights = _weights(exponents)
    softmax = sp.Matrix(weights) / sum(weights)
    covariance = sp.diag(*softmax) - softmax * softmax.T
    return Equal(sp.hessian(_objective(exponents), z), 6 * exponents.T * covariance * exponents)


def curvature_sum_of_squares() -> Statement:
    """vᵀ(diag π - ππᵀ)v = Σ_{i<j} π_i π_j (v_i - v_j)² >= 0 for four weights π_i = w_i/Σw and every v."""
    w, v = sp.symbols("w1:5", positive=True), sp.symbols("v1:5", real=True)
    total = sum(w)
    variance = sum(a * b**2 for a, b in zip(w, v, strict=True)) / total
    variance -= (sum(a * b for a, b in zip(w, v, strict=True)) / total) ** 2
    pairs = [(w[i] * w[j] / total**2, v[i] - v[j]) for i in range(4) for j in range(i)]
    return AtLeast(variance, 0, certificate=SumOfSquares(pairs))


def exponent_ranks() -> Statement:
    """The net 2-3-2-2 with and without biases: rank B = 5 = H, and rank (B | 1) = 6: 1 is not in the range of B."""
    found = [_ranks(LayeredNetwork.of(2, 3, 2, 2, biases=biases).exponents()) for biases in (True, False)]
    return Equal(sp.Matrix(found), sp.Matrix([[5, 6], [5, 6]]))


def constant_exponents_recursion() -> Statement:
    """(Bz)_i = c for all weights forces z_l = -l c in layer l: z_0 = 0 and z_{l-1} - z_l = c."""
    layer = sp.Symbol("l", integer=True, nonnegative=True)
    c, unknown = sp.Symbol("c", real=True), sp.Function("z")
    equation = sp.Eq(unknown(layer) - unknown(layer + 1), c)
    return Solves(equation, unknown(layer), -layer * c, conditions=sp.Eq(unknown(0), 0))


def constant_exponents_are_zero() -> Statement:
    """z_L = 0 is then off by L c, for every depth L >= 1: c = 0, so the range of B never holds 1."""
    depth = sp.Symbol("L", integer=True, positive=True)
    c = sp.Symbol("c", real=True, nonzero=True)
    return AtLeast((0 - (-depth * c)) ** 2, 0, strict=True)


def growth_bound() -> Statement:
    """J(z) >= Σ_i (y_k - y_i) + 3 log g_k for each k, y = Bz with three entries: J grows with the spread of Bz."""
    y = sp.symbols("y1:4", real=True)
    total = sum(a * sp.exp(b) for a, b in zip(g[:3], y, strict=True))
    return AtLeast(3 * sp.log(total) - sum(y), sum(y[0] - b for b in y) + 3 * sp.log(g[0]))


def frozen_layer_flat_direction() -> Statement:
    """First layer of a chain frozen: J(z1 + 2t, z2 + t) = J(z1, z2), a whole line of minimisers."""
    t = sp.Symbol("t", real=True)
    moved = _frozen_objective().subs({z[0]: z[0] + 2 * t, z[1]: z[1] + t}, simultaneous=True)
    return Equal(moved, _frozen_objective())


def frozen_layer_rank() -> Statement:
    """rank (B | 1) = rank B + 1 with the first layer of the net 2-3-2-2 frozen: false, both are 5."""
    plain, augmented = _ranks(_without_first_layer(LayeredNetwork.of(2, 3, 2, 2, biases=False)))
    return Equal(sp.Integer(augmented), sp.Integer(plain + 1))


def frozen_layer_strict_convexity() -> Statement:
    """J is strictly convex with the first layer frozen: false, its curvature along (2, 1) is zero."""
    hessian = sp.hessian(_frozen_objective(), z)
    direction = sp.Matrix([2, 1])
    return AtLeast((direction.T * hessian * direction)[0], 0, strict=True)


def _objective(exponents: sp.Matrix) -> sp.Expr:
    return exponents.rows * sp.log(sum(_weights(exponents))) - sum(exponents * sp.Matrix(z))


def _weights(exponents: sp.Matrix) -> list[sp.Expr]:
    """g_i e^{(Bz)_i}."""
    scaled = exponents * sp.Matrix(z)
    return [a * sp.exp(e) for a, e in zip(g[: exponents.rows], scaled, strict=True)]


def _frozen_objective() -> sp.Expr:
    return _objective(_without_first_layer(LayeredNetwork.of(1, 1, 1, 1, biases=False)))


def _without_first_layer(network: LayeredNetwork) -> sp.Matrix:
    """B without the rows of the first layer's weights."""
    return network.exponents()[len(network.weights[0]) :, :]


def _ranks(exponents: sp.Matrix) -> list[int]:
    """rank B and rank (B | 1)."""
    return [exponents.rank(), exponents.row_join(sp.ones(exponents.rows, 1)).rank()]
