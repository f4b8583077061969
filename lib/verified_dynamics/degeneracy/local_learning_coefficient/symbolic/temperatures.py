"""Finite temperatures: the multiplicity's share (m − 1)/log nβ, its exact form for w_1² w_2², and the scale of γ."""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.normal_crossings import (
    free_energy_slope,
)
from verified_dynamics.proof import AsymptoticTo, Equal, LimitIs, Statement

T, gamma, lam, c_0, c_1, c_2 = sp.symbols("T gamma lambda c_0 c_1 c_2", positive=True)
x, y, v = sp.symbols("x y v", positive=True)


def multiplicity_two() -> Statement:
    """Z = T^{−λ}(c_0 log T + c_1) gives λ(T) = λ − 1/(log T + c_1/c_0)."""
    partition = T ** (-lam) * (c_0 * sp.log(T) + c_1)
    return Equal(free_energy_slope(partition), lam - 1 / (sp.log(T) + c_1 / c_0), given=[T > 1])


def multiplicity_any() -> Statement:
    """Z = T^{−λ} (log T)^{m − 1} gives λ(T) = λ − (m − 1)/log T."""
    m = sp.Symbol("m", positive=True, integer=True)
    partition = T ** (-lam) * sp.log(T) ** (m - 1)
    return Equal(free_energy_slope(partition), lam - (m - 1) / sp.log(T), given=[T > 1])


def multiplicity_three_leading() -> Statement:
    """Lower powers of log T change the next order only: log T (λ − λ(T)) → m − 1, here m = 3."""
    partition = T ** (-lam) * (c_0 * sp.log(T) ** 2 + c_1 * sp.log(T) + c_2)
    scaled = sp.simplify(sp.log(T) * (lam - free_energy_slope(partition)))
    ell = sp.Symbol("l", positive=True)
    return LimitIs(scaled.subs(sp.log(T), ell), ell, sp.oo, 2)


def multiplicity_dropped() -> Statement:
    """Control: m = 1 in the prediction although the partition function has a logarithm."""
    partition = T ** (-lam) * (c_0 * sp.log(T) + c_1)
    return Equal(free_energy_slope(partition), lam, given=[T > 1])


def square_inner_integral() -> Statement:
    """On the unit square, w_2 integrates out: ∫_0^1 e^{−Tx²y²} dy = √π erf(√T x)/(2√T x)."""
    inner = sp.integrate(sp.exp(-T * x**2 * y**2), (y, 0, 1))
    return Equal(inner, sp.sqrt(sp.pi) * sp.erf(sp.sqrt(T) * x) / (2 * sp.sqrt(T) * x))


def square_slope() -> Statement:
    """With G(x) = ∫_0^x erf(u)/u du, Z ∝ T^{−1/2} G(√T), and T dF/dT = ½ − √T G′(√T)/(2 G(√T))."""
    G = sp.Function("G")
    root = sp.sqrt(T)
    slope = sp.diff(G(x), x).subs(x, root)
    return Equal(free_energy_slope(G(root) / root).doit(), sp.Rational(1, 2) - root * slope / (2 * G(root)))


def square_moment() -> Statement:
    """G(x) − log x → −∫ (2/√π) e^{−u²} log u du, the derivative at s = 0 of −Γ((1 + s)/2)/√π, which is log 2 + C/2
    with C Euler's constant.
    """
    s = sp.Symbol("s", positive=True)
    moment = sp.integrate(2 / sp.sqrt(sp.pi) * sp.exp(-(x**2)) * x**s, (x, 0, sp.oo))
    return Equal(moment, sp.gamma((1 + s) / 2) / sp.sqrt(sp.pi))


def square_correction() -> Statement:
    """Hence λ − λ(T) = 1/(log T + 2 log 2 + C) ~ 1/log T: m − 1 = 1."""
    partition = (sp.log(sp.sqrt(T)) + sp.log(2) + sp.EulerGamma / 2) / sp.sqrt(T)
    return AsymptoticTo(sp.Rational(1, 2) - free_energy_slope(partition), 1 / sp.log(T), T)


def two_regular_directions() -> Statement:
    """With m = 1 there is no correction: K = w_1² + w_2² on the plane has the value 1 at every temperature."""
    line = sp.integrate(sp.exp(-T * x**2), (x, 0, sp.oo))
    return Equal(free_energy_slope(line**2), 1)


def localisation_scale() -> Statement:
    """w = v/√γ turns γ|w|²/2 into |v|²/2 and T w_1² w_2² into (T/γ²) v_1² v_2²: only T/γ² matters."""
    a, b = sp.symbols("a b", positive=True)
    exponent = T * x**2 * y**2 + gamma * (x**2 + y**2) / 2
    moved = exponent.subs({x: a / sp.sqrt(gamma), y: b / sp.sqrt(gamma)}, simultaneous=True)
    return Equal(moved, T / gamma**2 * a**2 * b**2 + (a**2 + b**2) / 2)


def _scaled_product(depth: sp.Expr) -> sp.Expr:
    """T (w_1 ⋯ w_depth)² at w_i = v/√γ."""
    return T * ((v / sp.sqrt(gamma)) ** depth) ** 2


def localisation_scale_of_a_product() -> Statement:
    """A product of L factors depends on T/γ^L."""
    depth = sp.Symbol("L", positive=True, integer=True)
    return Equal(_scaled_product(depth), T / gamma**depth * v ** (2 * depth))


def localisation_scale_of_deeper_products() -> Statement:
    """Control: T/γ² for a product of three factors, the hypothesis of depth two dropped."""
    return Equal(_scaled_product(sp.Integer(3)), T / gamma**2 * v**6)


def gaussian_prior_integral() -> Statement:
    """With w_2 integrated out, the integrand of K = ½ w_1² w_2² at w_1 = v/√γ depends on T/γ² but for a factor."""
    integrand = sp.exp(-gamma * x**2 / 2) / sp.sqrt(T * x**2 + gamma)
    moved = integrand.subs(x, v / sp.sqrt(gamma)) / sp.sqrt(gamma)
    return Equal(moved, sp.exp(-(v**2) / 2) / (gamma * sp.sqrt(1 + T / gamma**2 * v**2)))
