"""The path-lifting under a rescaling, its Jacobian and its kernel (claims: path-lifting-invariance, -kernel)."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

NETWORK = LayeredNetwork.of(2, 2, 2, 1)
SHAPES = (((2, 2, 2, 1), True), ((2, 3, 2, 2), True), ((2, 3, 2, 2), False), ((3, 4, 3, 2), True))
c = sp.Symbol("lambda", positive=True)
u, b, v, w, x = sp.symbols("u b v w x", real=True)


def lifting_invariance() -> Statement:
    """Φ(Dθ) = Φ(θ): all 15 paths of the net 2-2-2-1 with biases, each of the four units with its own scale."""
    lifting = NETWORK.lifting()
    return Equal(lifting.subs(NETWORK.moved(), simultaneous=True), lifting)


def jacobian_factors() -> Statement:
    """J = diag(Φ) S diag(1/θ), S the 0/1 incidence of paths and parameters; net 2-2-2-1, no parameter zero."""
    inverse = sp.diag(*(1 / p for p in NETWORK.parameters))
    return Equal(NETWORK.jacobian(), sp.diag(*NETWORK.lifting()) * NETWORK.incidence() * inverse)


def jacobian_transport() -> Statement:
    """J(Dθ) D = J(θ) on the net 2-2-2-1 with biases, each of the four units with its own scale."""
    jacobian = NETWORK.jacobian()
    moved = jacobian.subs(NETWORK.moved(), simultaneous=True)
    return Equal(moved * sp.diag(*NETWORK.factors()), jacobian)


def function_from_paths() -> Statement:
    """v·relu(ux + b) + w is C(x)Φ with Φ = (uv, bv, w) and C(x) = (1[ux + b > 0] x, 1[ux + b > 0], 1)."""
    lifting = sp.Matrix([u * v, b * v, w])
    return Equal(v * sp.Max(u * x + b, 0) + w, (_row(u, b) * lifting)[0])


def pattern_invariance() -> Statement:
    """The row C(x) is the same at (λu, λb) as at (u, b), for every λ > 0."""
    return Equal(_row(c * u, c * b), _row(u, b))


def incidence_kernel() -> Statement:
    """S B = 0: a path enters a hidden unit as often as it leaves it; the net 3-4-3-2 with biases, 104 paths."""
    network = LayeredNetwork.of(3, 4, 3, 2)
    return Equal(network.incidence() * network.exponents(), sp.zeros(104, 7))


def jacobian_kernel() -> Statement:
    """J diag(θ) B = 0: each unit's direction diag(B_h) θ lies in the kernel of J; net 2-2-2-1 with biases."""
    return Equal(NETWORK.jacobian() * sp.diag(*NETWORK.parameters) * NETWORK.exponents(), sp.zeros(15, 4))


def incidence_rank() -> Statement:
    """rank S = p - H for four layered nets; J = diag(Φ) S diag(1/θ) has this rank wherever no parameter is zero."""
    networks = [LayeredNetwork.of(*widths, biases=biases) for widths, biases in SHAPES]
    expected = [len(network.parameters) - len(network.units()) for network in networks]
    return Equal(sp.Matrix([network.incidence().rank() for network in networks]), sp.Matrix(expected))


def uncompensated_lifting() -> Statement:
    """Φ stays where a unit's incoming weight and bias are scaled and what leaves it is not: false."""
    lifting = sp.Matrix([u * v, b * v, w])
    return Equal(lifting.subs({u: c * u, b: c * b}, simultaneous=True), lifting)


def tied_weight_kernel() -> Statement:
    """One weight w in two layers, then v: (w entering, v leaving the second unit) is in the kernel: false."""
    lifting = sp.Matrix([w * w * v])
    return Equal(lifting.jacobian([w, v]) * sp.Matrix([-w, v]), sp.zeros(1, 1))


def full_rank() -> Statement:
    """rank S = p on the net 2-2-2-1: false, four directions are lost."""
    return Equal(sp.Integer(NETWORK.incidence().rank()), sp.Integer(len(NETWORK.parameters)))


def _row(weight: sp.Expr, bias: sp.Expr) -> sp.Matrix:
    active = sp.Piecewise((1, weight * x + bias > 0), (0, True))
    return sp.Matrix([[active * x, active, 1]])
