"""Statements about several random walks from one point: the null of a joint trajectory PCA."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

s, t = sp.symbols("s t", positive=True)
k = sp.Symbol("k", integer=True, positive=True)
R = sp.Symbol("R", integer=True, positive=True)  # walks


def _through_kernel(omega: sp.Expr) -> sp.Expr:
    """∫₀¹ min(s, t) sin(ω t) dt."""
    below = sp.Integral(t * sp.sin(omega * t), (t, 0, s))
    return below.doit() + s * sp.Integral(sp.sin(omega * t), (t, s, 1)).doit()


def walks_apart() -> Statement:
    """Differences of walks have the kernel min(s, t): sin((k - 1/2)πs) with the variance 1/((k - 1/2)π)²."""
    omega = (k - sp.Rational(1, 2)) * sp.pi
    return Equal(_through_kernel(omega), sp.sin(omega * s) / omega**2)


def walks_apart_with_closed_end() -> Statement:
    """Control: whole multiples of π, the frequencies of the centred kernel of a single walk."""
    return Equal(_through_kernel(k * sp.pi), sp.sin(k * sp.pi * s) / (k * sp.pi) ** 2)


def _total(kernel_on_the_diagonal: sp.Expr) -> sp.Expr:
    return sp.Integral(kernel_on_the_diagonal, (s, 0, 1))


def joint_trace() -> Statement:
    """The total variance of R walks: R - 1 times that of min(s, t), once that of the centred kernel; R/2 - 1/3."""
    centred = s - 2 * (s - s**2 / 2) + sp.Rational(1, 3)
    return Equal((R - 1) * _total(s) + _total(centred), R / sp.Integer(2) - sp.Rational(1, 3))


def joint_trace_of_single_walks() -> Statement:
    """Control: each of R walks counted with the variance of a centred one."""
    centred = s - 2 * (s - s**2 / 2) + sp.Rational(1, 3)
    return Equal(R * _total(centred), R / sp.Integer(2) - sp.Rational(1, 3))
