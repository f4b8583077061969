"""Which activations commute with positive factors (claim: homogeneous-activations)."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

c = sp.Symbol("lambda", positive=True)
x, a, b = sp.symbols("x a b", real=True)


def homogeneous_family() -> Statement:
    """φ(x) = a max(x, 0) + b min(x, 0) satisfies φ(c x) = c φ(x) for every c > 0."""
    return Equal(_two_slopes(c * x), c * _two_slopes(x))


def euler_quotient() -> Statement:
    """(φ/x)' = (x φ' − φ)/x²: Euler's equation x φ' = φ on a half-line leaves only multiples of x."""
    t = sp.Symbol("t", positive=True)
    phi = sp.Function("phi")
    return Equal(sp.diff(phi(t) / t, t), (t * phi(t).diff(t) - phi(t)) / t**2)


def gelu_homogeneity() -> Statement:
    """GELU in place of ReLU: false."""
    return Equal(_gelu(c * x), c * _gelu(x))


def relu6_homogeneity() -> Statement:
    """ReLU cut at 6: false."""
    return Equal(sp.Min(sp.Max(c * x, 0), 6), c * sp.Min(sp.Max(x, 0), 6))


def tanh_homogeneity() -> Statement:
    """tanh: false."""
    return Equal(sp.tanh(c * x), c * sp.tanh(x))


def negative_factor() -> Statement:
    """ReLU with a factor of either sign: false."""
    factor = sp.Symbol("lambda", real=True)
    return Equal(sp.Max(factor * x, 0), factor * sp.Max(x, 0))


def _two_slopes(value: sp.Expr) -> sp.Expr:
    return a * sp.Max(value, 0) + b * sp.Min(value, 0)


def _gelu(value: sp.Expr) -> sp.Expr:
    return value * (1 + sp.erf(value / sp.sqrt(2))) / 2
