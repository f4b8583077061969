"""The maximum margin of quadratic networks: the constant, the eight neurons of a frequency, the step that
bounds it.
"""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal

p = sp.Symbol("p", positive=True)
alpha, beta, gamma = sp.symbols("alpha beta gamma", real=True)
x, y, z = sp.symbols("x y z", nonnegative=True)


def _amplitude() -> sp.Expr:
    return sp.sqrt(sp.Rational(2, 3) / p)


def _maximum() -> sp.Expr:
    return sp.sqrt(sp.Rational(2, 27)) / (sp.sqrt(p) * (p - 1))


def maximum_margin() -> Equal:
    """lambda^3/2 p/(p-1), lambda^2 = 2/(3p), is gamma* = sqrt(2/27)/(sqrt(p)(p-1))."""
    return Equal(_amplitude() ** 3 / 2 * p / (p - 1), _maximum())


def two_frequencies_reach_it() -> Equal:
    """Control: a neuron whose power is split over two frequencies has the margin 2 (lambda/sqrt 2)^3/2 p/(p-1)."""
    return Equal(2 * (_amplitude() / sp.sqrt(2)) ** 3 / 2 * p / (p - 1), _maximum())


def _four(shift) -> sp.Expr:
    quarter = sp.pi / 2
    phases = ((0, 0), (quarter, 0), (0, quarter), (quarter, quarter))
    return sum(sp.cos(alpha + f) * sp.cos(beta + g) * sp.cos(gamma + f + g + shift * f) for f, g in phases)


def four_phases_add() -> Equal:
    """The products of the four phase pairs, with theta_u + theta_v = theta_w, sum to cos(alpha + beta - gamma)."""
    return Equal(_four(0), sp.cos(alpha + beta - gamma))


def mismatched_phases_add() -> Equal:
    """Control: with theta_w = 2 theta_u + theta_v they do not."""
    return Equal(_four(1), sp.cos(alpha + beta - gamma))


def signs_cancel_squares() -> Equal:
    """(u + v)^2 w + (v - u)^2 (-w) = 4 u v w: a neuron and its partner with u and w negated."""
    u, v, w = sp.symbols("u v w", real=True)
    return Equal((u + v) ** 2 * w - (v - u) ** 2 * w, 4 * u * v * w)


def product_bound() -> AtLeast:
    """x y z <= ((x^2 + y^2 + z^2)/3)^(3/2), squared: the largest product on the unit sphere is sqrt(3)/9."""
    return AtLeast((x**2 + y**2 + z**2) ** 3, 27 * x**2 * y**2 * z**2)


def product_bound_of_two() -> AtLeast:
    """Control: with one factor held at one the bound fails."""
    return AtLeast((x**2 + y**2) ** 3, 27 * x**2 * y**2)
