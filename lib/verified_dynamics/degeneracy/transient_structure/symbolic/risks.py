"""Statements about ridge's Bayes risk: exact in one dimension for every number of examples."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

s2 = sp.Symbol("sigma2", positive=True)
A = sp.Symbol("A", positive=True)  # the sum of the squared inputs
n = sp.Symbol("nu", positive=True)  # degrees of freedom


def _density(freedom: sp.Expr) -> sp.Expr:
    """Of a chi-squared variable."""
    half = freedom / 2
    return A ** (half - 1) * sp.exp(-A / 2) / (2**half * sp.gamma(half))


def chi_squared_shift() -> Statement:
    """A p_ν(A) = ν p_(ν+2)(A) for chi-squared densities: the step from k to k + 2 examples."""
    return Equal(A * _density(n), n * _density(n + 2))


def chi_squared_shift_by_one() -> Statement:
    """Control: one more degree of freedom instead of two."""
    return Equal(A * _density(n), n * _density(n + 1))


def risk_recursion() -> Statement:
    """(A/(σ² + A)) = 1 - σ²/(σ² + A): with the shift, E_(ν+2)[1/(σ²+A)] = (1 - σ² E_ν[1/(σ²+A)])/ν."""
    left = A * _density(n) / (n * (s2 + A))
    return Equal(left, (_density(n) - s2 * _density(n) / (s2 + A)) / n)


def risk_after_one_example() -> Statement:
    """E[1/(σ² + A)] for A = x², x ~ N(0, 1)."""
    x = sp.Symbol("x", positive=True)
    integrand = 2 * sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi) / (s2 + x**2)
    value = sp.sqrt(sp.pi / (2 * s2)) * sp.exp(s2 / 2) * sp.erfc(sp.sqrt(s2 / 2))
    return Equal(sp.Integral(integrand, (x, 0, sp.oo)), value)


def posterior_variance() -> Statement:
    """The variance of the Gaussian posterior, exp(-(A + σ²) t²/(2σ²)) around its mean, is σ²/(A + σ²)."""
    t = sp.Symbol("t", real=True)
    weight = sp.exp(-(A + s2) * t**2 / (2 * s2))
    line = (t, -sp.oo, sp.oo)
    return Equal(sp.Integral(t**2 * weight, line) / sp.Integral(weight, line), s2 / (A + s2))


def jensen_tangent() -> Statement:
    """σ²/(σ²+A) lies above its tangent at the mean ν of A, so that the mean risk is at least σ²/(σ²+ν)."""
    tangent = s2 / (s2 + n) - s2 * (A - n) / (s2 + n) ** 2
    return AtLeast(s2 / (s2 + A), tangent)


def jensen_tangent_reversed() -> Statement:
    """Control: the risk of the mean design as an upper bound."""
    tangent = s2 / (s2 + n) - s2 * (A - n) / (s2 + n) ** 2
    return AtLeast(tangent, s2 / (s2 + A))
