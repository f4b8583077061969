"""Sums of monomials: what the linear program of the Newton polytope gives, and where it is wrong."""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.normal_crossings import (
    free_energy_slope,
    power_partition,
)
from verified_dynamics.proof import AtLeast, Equal, Statement

u, v = sp.symbols("u v", nonnegative=True)


def separate_powers() -> Statement:
    """K = w_1^{2p} + w_2^{2q} has λ = 1/(2p) + 1/(2q): the partition function factorises."""
    p, q = sp.symbols("p q", positive=True, integer=True)
    return Equal(free_energy_slope(power_partition(p) * power_partition(q)), 1 / (2 * p) + 1 / (2 * q))


def separate_powers_program() -> Statement:
    """The program's minimum for the same K: with 2pu ≥ 1 and 2qv ≥ 1, u + v ≥ 1/(2p) + 1/(2q)."""
    p, q = sp.symbols("p q", positive=True)
    return AtLeast(u + v, 1 / (2 * p) + 1 / (2 * q), given=[2 * p * u >= 1, 2 * q * v >= 1])


def crossed_program() -> Statement:
    """K = (ab²)² + (a³b)²: with 2u + 4v ≥ 1 and 6u + 2v ≥ 1, u + v ≥ 3/10."""
    return AtLeast(u + v, sp.Rational(3, 10), given=[2 * u + 4 * v >= 1, 6 * u + 2 * v >= 1])


def crossed_program_of_one_monomial() -> Statement:
    """Control: the second monomial is dropped."""
    return AtLeast(u + v, sp.Rational(3, 10), given=[2 * u + 4 * v >= 1])


def _degenerate_slope() -> sp.Expr:
    """T dF/dT of K = (a − b)² + a⁴ on the plane, in the coordinates (a − b, a) of Jacobian one."""
    return free_energy_slope(power_partition(1) * power_partition(2))


def degenerate_on_the_torus() -> Statement:
    """K = (a − b)² + a⁴ has λ = 3/4, found after the change of variables u = a − b."""
    return Equal(_degenerate_slope(), sp.Rational(3, 4))


def degenerate_without_change_of_variables() -> Statement:
    """Control: the program on its monomials a² and b², without the hypothesis of non-degeneracy, gives 1."""
    return Equal(_degenerate_slope(), 1)
