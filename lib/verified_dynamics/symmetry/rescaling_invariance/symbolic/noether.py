"""Orthogonality of the gradient to the orbit, and how gradient and Hessian move along it."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

c = sp.Symbol("lambda", positive=True)
u = sp.symbols("u1 u2", real=True)
v = sp.symbols("v1 v2", real=True)
rate = sp.Symbol("rho", positive=True)
theta = (u[0], v[0], v[1])  # a neuron with one incoming and two outgoing weights
generator = sp.diag(1, -1, -1)


def orthogonality() -> Statement:
    """Σ in θ∂L = Σ out θ∂L for every smooth loss of the products of a neuron with two inputs and two outputs."""
    loss = sp.Function("F")(*(a * b for a in u for b in v))
    return Equal(_charge(loss, u), _charge(loss, v))


def squared_relu_orthogonality() -> Statement:
    """Degree two: Σ in θ∂L = 2 Σ out θ∂L for every smooth loss of u²v."""
    loss = sp.Function("F")(u[0] ** 2 * v[0])
    return Equal(_charge(loss, u[:1]), 2 * _charge(loss, v[:1]))


def decay_charge() -> Statement:
    """A weight penalty breaks the orthogonality by exactly ρ(‖in‖² − ‖out‖²)."""
    loss = sp.Function("F")(*(a * b for a in u for b in v)) + rate / 2 * sum(p**2 for p in (*u, *v))
    return Equal(_charge(loss, u) - _charge(loss, v), rate * (sum(p**2 for p in u) - sum(p**2 for p in v)))


def gradient_transport() -> Statement:
    """∇L(Dθ) = D⁻¹ ∇L(θ) for every cubic loss of the two products."""
    gradient = _gradient()
    return Equal(gradient.subs(_moved(), simultaneous=True), _inverse_diagonal() * gradient)


def hessian_transport() -> Statement:
    """∇²L(Dθ) = D⁻¹ ∇²L(θ) D⁻¹ for every cubic loss of the two products."""
    hessian = sp.hessian(_cubic_loss(), theta)
    inverse = _inverse_diagonal()
    return Equal(hessian.subs(_moved(), simultaneous=True), inverse * hessian * inverse)


def hessian_along_orbit() -> Statement:
    """∇²L·Aθ = −A∇L: at a critical point the orbit's direction lies in the kernel of the Hessian."""
    hessian = sp.hessian(_cubic_loss(), theta)
    return Equal(hessian * generator * sp.Matrix(theta), -generator * _gradient())


def orthogonality_with_decay() -> Statement:
    """The same with a weight penalty in the loss: false."""
    loss = (u[0] * v[0] - 1) ** 2 + rate / 2 * (u[0] ** 2 + v[0] ** 2)
    return Equal(_charge(loss, u[:1]), _charge(loss, v[:1]))


def hessian_invariance() -> Statement:
    """The Hessian itself as an invariant of the orbit: false."""
    hessian = sp.hessian(_cubic_loss(), theta)
    return Equal(hessian.subs(_moved(), simultaneous=True), hessian)


def _charge(loss: sp.Expr, parameters) -> sp.Expr:
    return sum(p * sp.diff(loss, p) for p in parameters)


def _cubic_loss() -> sp.Expr:
    """All monomials of degree at most three in m1 = u v1 and m2 = u v2, with free coefficients."""
    m1, m2 = u[0] * v[0], u[0] * v[1]
    monomials = [m1**i * m2**j for i in range(4) for j in range(4 - i) if i + j]
    coefficients = sp.symbols(f"a1:{len(monomials) + 1}", real=True)
    return sum(a * m for a, m in zip(coefficients, monomials, strict=True))


def _gradient() -> sp.Matrix:
    return sp.Matrix([sp.diff(_cubic_loss(), p) for p in theta])


def _moved() -> dict[sp.Symbol, sp.Expr]:
    return {theta[0]: c * theta[0], theta[1]: theta[1] / c, theta[2]: theta[2] / c}


def _inverse_diagonal() -> sp.Matrix:
    return sp.diag(1 / c, c, c)
