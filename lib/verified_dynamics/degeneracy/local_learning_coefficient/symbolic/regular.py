"""Regular models: d/2 at every temperature, less what the localisation and a wrong centre take away."""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.normal_crossings import (
    free_energy_slope,
    power_partition,
)
from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

T, h, gamma, beta, c = sp.symbols("T h gamma beta c", positive=True)
beta_2 = sp.Symbol("beta_2", positive=True)
d = sp.Symbol("d", positive=True, integer=True)
w = sp.Symbol("w", real=True)


def gaussian_mean(function: sp.Expr, precision: sp.Expr) -> sp.Expr:
    """E of a function of w under the centred Gaussian of this precision."""
    scale = sp.Symbol("P", positive=True)
    weight = sp.exp(-scale * w**2 / 2)
    moment = sp.integrate(function * weight, (w, -sp.oo, sp.oo)) / sp.integrate(weight, (w, -sp.oo, sp.oo))
    return moment.subs(scale, precision)


def _localised() -> sp.Expr:
    return T * h / (2 * (T * h + gamma))


def regular_direction() -> Statement:
    """K = hw²/2 localised by γ: nβ E[K] = nβh/(2(nβh + γ)), exactly."""
    return Equal(T * gaussian_mean(h * w**2 / 2, T * h + gamma), _localised())


def regular_direction_without_localisation() -> Statement:
    """Control: the localisation is dropped from the answer."""
    return Equal(T * gaussian_mean(h * w**2 / 2, T * h + gamma), sp.Rational(1, 2))


def regular_limit() -> Statement:
    """Without localisation each direction gives one half, at every temperature."""
    return LimitIs(_localised(), gamma, 0, sp.Rational(1, 2))


def localisation_lowers() -> Statement:
    """The localisation only lowers a regular direction's share."""
    return AtLeast(sp.Rational(1, 2), _localised(), strict=True)


def quartic_direction() -> Statement:
    """K = w⁴ gives one quarter."""
    return Equal(free_energy_slope(power_partition(2)), sp.Rational(1, 4))


def quartic_as_regular() -> Statement:
    """Control: one half per parameter for K = w⁴, whose Hessian vanishes."""
    return Equal(free_energy_slope(power_partition(2)), sp.Rational(1, 2))


def chi_square_mean(function: sp.Expr) -> sp.Expr:
    """E of a function of a chi square variable of d degrees of freedom."""
    x = sp.Symbol("x", positive=True)
    density = x ** (sp.S(d) / 2 - 1) * sp.exp(-x / 2) / (2 ** (sp.S(d) / 2) * sp.gamma(sp.S(d) / 2))
    return sp.gammasimp(sp.integrate(sp.expand(function(x) * density), (x, 0, sp.oo), conds="none"))


def estimate_at_the_truth() -> sp.Expr:
    """Mean of λ̂(w_0) = d/2 − β χ²/2, with n(L_n(w_0) − L_n(ŵ)) = χ²/2."""
    return sp.S(d) / 2 - beta * chi_square_mean(lambda x: x) / 2


def true_point_mean() -> Statement:
    """At the true parameter the estimate is (d/2)(1 − β) on average."""
    return Equal(estimate_at_the_truth(), sp.S(d) / 2 * (1 - beta))


def true_point_variance() -> Statement:
    """Its variance over data sets is β² d/2."""
    mean, square = chi_square_mean(lambda x: x), chi_square_mean(lambda x: x**2)
    return Equal((beta / 2) ** 2 * (square - mean**2), beta**2 * d / 2)


def true_point_as_minimiser() -> Statement:
    """Control: the true parameter is taken for the minimiser of the empirical loss."""
    return Equal(estimate_at_the_truth(), sp.S(d) / 2)


def two_temperatures() -> Statement:
    """The mean losses n E[L_n] = c + d/(2β) at two temperatures give d/2, whatever c = n L_n(ŵ) is."""
    first, second = c + d / (2 * beta), c + d / (2 * beta_2)
    return Equal((first - second) / (1 / beta - 1 / beta_2), sp.S(d) / 2, given=[sp.Ne(beta, beta_2)])


def one_temperature() -> Statement:
    """Control: one temperature without the loss of the minimiser."""
    return Equal(beta * (c + d / (2 * beta)), sp.S(d) / 2)


def true_point_variance_untempered() -> Statement:
    """Control: β = 1 in the answer, the tempering dropped."""
    mean, square = chi_square_mean(lambda x: x), chi_square_mean(lambda x: x**2)
    return Equal((beta / 2) ** 2 * (square - mean**2), sp.S(d) / 2)
