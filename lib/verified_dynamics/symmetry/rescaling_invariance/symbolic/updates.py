"""Update rules under a rescaling: θ ↦ dθ and ∇ ↦ ∇/d (claim: equivariant-updates)."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

d, eta, kappa = sp.symbols("d eta kappa", positive=True)
theta, g = sp.symbols("theta g", real=True)


def metric_step() -> Statement:
    """A step g/κ is equivariant when κ becomes κ/d²."""
    return Equal(d * theta - eta * (g / d) / (kappa / d**2), d * (theta - eta * g / kappa))


def exponentiated_step() -> Statement:
    """θ e^{−ηθg} is equivariant, because θg is invariant."""
    return Equal(_exponentiated(d * theta, g / d), d * _exponentiated(theta, g))


def multiplicative_sign_step() -> Statement:
    """θ(1 − η sign(θg)) is equivariant."""
    return Equal(_multiplicative(d * theta, g / d), d * _multiplicative(theta, g))


def root_free_step() -> Statement:
    """A step g/(v + ρ/θ²) with v = g² is equivariant, damping included."""
    return Equal(_root_free(d * theta, g / d), d * _root_free(theta, g))


def path_metric_transport() -> Statement:
    """κ = ∂‖Φ‖²/∂(θ²) of a neuron with bias and two outputs becomes κ/d² for all five parameters."""
    c = sp.Symbol("lambda", positive=True)
    parameters = sp.symbols("u b v1 v2 w", real=True)  # incoming, bias, outgoing twice, output bias
    factors = (c, c, 1 / c, 1 / c, 1)
    moved = {p: f * p for p, f in zip(parameters, factors, strict=True)}
    metric = [_path_metric(parameters, p) for p in parameters]
    left = sp.Matrix([m.subs(moved, simultaneous=True) for m in metric])
    return Equal(left, sp.Matrix([m / f**2 for m, f in zip(metric, factors, strict=True)]))


def gradient_step() -> Statement:
    """Plain gradient descent: false."""
    return Equal(d * theta - eta * (g / d), d * (theta - eta * g))


def sign_step() -> Statement:
    """A step of fixed size, as in sign descent and in Adam's first step: false."""
    return Equal(d * theta - eta * sp.sign(g / d), d * (theta - eta * sp.sign(g)))


def rooted_step() -> Statement:
    """Dividing by the root of a second moment, which becomes 1/d of itself: false."""
    return Equal(d * theta - eta * (g / d) / (kappa / d), d * (theta - eta * g / kappa))


def _exponentiated(value: sp.Expr, gradient: sp.Expr) -> sp.Expr:
    return value * sp.exp(-eta * value * gradient)


def _multiplicative(value: sp.Expr, gradient: sp.Expr) -> sp.Expr:
    return value * (1 - eta * sp.sign(value * gradient))


def _root_free(value: sp.Expr, gradient: sp.Expr) -> sp.Expr:
    return value - eta * gradient * value**2 / (gradient**2 * value**2 + kappa)


def _path_metric(parameters, parameter: sp.Symbol) -> sp.Expr:
    u, b, v1, v2, w = parameters
    paths = [v1 * u, v1 * b, v2 * u, v2 * b, w]
    return sp.diff(sum(p**2 for p in paths), parameter, 2) / 2
