"""Sharpness along an orbit (claims: sharpness-is-not-invariant, invariant-sharpness)."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

a, b, c = sp.symbols("a b lambda", positive=True)
y, z = sp.symbols("y z", real=True)


def spectrum_at_minimum() -> Statement:
    """L = ½(ab − y)² at ab = y: the Hessian's characteristic polynomial is z(z − a² − b²)."""
    hessian = sp.hessian(_loss(), (a, b)).subs(y, a * b)
    return Equal((z * sp.eye(2) - hessian).det(), z * (z - a**2 - b**2))


def flattest_point() -> Statement:
    """Along the orbit a²c² + b²/c² is at least 2ab, its value where both factors agree."""
    return AtLeast(a**2 * c**2 + b**2 / c**2, 2 * a * b)


def unbounded_sharpness() -> Statement:
    """The sharpness has no bound along the orbit."""
    return LimitIs(a**2 * c**2 + b**2 / c**2, c, 0, sp.oo)


def invariant_curvature() -> Statement:
    """diag(θ) ∇²L diag(θ) is the same matrix along the orbit, at every point and for every target y."""
    return Equal(_weighted().subs(_moved(), simultaneous=True), _weighted())


def metric_transport() -> Statement:
    """M^{-1/2} ∇²L M^{-1/2} is invariant for every diagonal metric that becomes M/d²."""
    m1, m2 = sp.symbols("m1 m2", positive=True)
    hessian = sp.hessian(_loss(), (a, b))
    moved = hessian.subs(_moved(), simultaneous=True)
    there = sp.diag(c / sp.sqrt(m1), 1 / (c * sp.sqrt(m2)))
    here = sp.diag(1 / sp.sqrt(m1), 1 / sp.sqrt(m2))
    return Equal(there * moved * there, here * hessian * here)


def plain_sharpness_invariance() -> Statement:
    """The trace of the Hessian as an invariant: false."""
    trace = sp.hessian(_loss(), (a, b)).trace()
    return Equal(trace.subs(_moved(), simultaneous=True), trace)


def adam_metric_transport() -> Statement:
    """A metric that becomes M/d, as the root of a second moment does: false."""
    m1, m2 = sp.symbols("m1 m2", positive=True)
    hessian = sp.hessian(_loss(), (a, b))
    moved = hessian.subs(_moved(), simultaneous=True)
    there = sp.diag(sp.sqrt(c) / sp.sqrt(m1), 1 / (sp.sqrt(c) * sp.sqrt(m2)))
    here = sp.diag(1 / sp.sqrt(m1), 1 / sp.sqrt(m2))
    return Equal(there * moved * there, here * hessian * here)


def _loss() -> sp.Expr:
    return (a * b - y) ** 2 / 2


def _weighted() -> sp.Matrix:
    return sp.diag(a, b) * sp.hessian(_loss(), (a, b)) * sp.diag(a, b)


def _moved() -> dict[sp.Symbol, sp.Expr]:
    return {a: c * a, b: b / c}
