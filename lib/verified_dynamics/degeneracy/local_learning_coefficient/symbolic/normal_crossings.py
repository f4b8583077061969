"""Monomials: the pole of the zeta function, the volume, and the free energy give the same two numbers."""

import sympy as sp

from verified_dynamics.proof import Equal, LimitIs, Statement

z, lam, mu = sp.symbols("z lambda mu", positive=True)
k, j = sp.symbols("k j", positive=True, integer=True)
w, x, T, eps = sp.symbols("w x T epsilon", positive=True)


def zeta_factor() -> Statement:
    """One coordinate of K = ∏ w_i^{2k_i} with prior |w|^h gives the factor 1/(2kz + h + 1) of ζ(z)."""
    h = sp.Symbol("h", nonnegative=True)
    factor = sp.integrate(w ** (2 * k * z + h), (w, 0, 1), conds="none")
    return Equal(factor, 1 / (2 * k * z + h + 1))


def zeta_factor_without_prior() -> Statement:
    """Control: the prior's power is dropped from the answer."""
    h = sp.Symbol("h", nonnegative=True)
    factor = sp.integrate(w ** (2 * k * z + h), (w, 0, 1), conds="none")
    return Equal(factor, 1 / (2 * k * z + 1))


def _zeta(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """ζ(s) of two coordinates whose factors have their poles at −first and −second."""
    s = sp.Symbol("s", real=True)
    return 1 / (2 * k * (s + first) * 2 * j * (s + second))


def simple_pole() -> Statement:
    """Where one coordinate has the smallest ratio λ = (h + 1)/(2k), the pole at −λ is simple."""
    s = sp.Symbol("s", real=True)
    scaled = sp.cancel((s + lam) * _zeta(lam, lam + mu))
    return LimitIs(scaled, s, -lam, 1 / (4 * k * j * mu))


def double_pole() -> Statement:
    """Where two coordinates share it, the pole has order two, m = 2."""
    s = sp.Symbol("s", real=True)
    scaled = sp.cancel((s + lam) ** 2 * _zeta(lam, lam))
    return LimitIs(scaled, s, -lam, 1 / (4 * k * j))


def double_pole_as_simple() -> Statement:
    """Control: the order of the pole is dropped, m = 1 although two coordinates attain the minimum."""
    s = sp.Symbol("s", real=True)
    scaled = sp.cancel((s + lam) * _zeta(lam, lam))
    return LimitIs(scaled, s, -lam, 1 / (4 * k * j))


def _volume(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """vol{w_1^{2a} w_2^{2b} ≤ ε} on the unit square: ∫ min(1, ε^{1/2b} x^{−a/b}) dx, by its primitive."""
    edge, slope = eps ** (1 / (2 * a)), a / b
    if a == b:
        return edge + edge * (sp.log(1) - sp.log(edge))
    primitive = eps ** (1 / (2 * b)) * x ** (1 - slope) / (1 - slope)
    return edge + primitive.subs(x, 1) - primitive.subs(x, edge)


def volume_without_tie() -> Statement:
    """For a ≠ b the volume is (a ε^{1/2a} − b ε^{1/2b})/(a − b): no logarithm."""
    a, b = sp.symbols("a b", positive=True)
    right = (a * eps ** (1 / (2 * a)) - b * eps ** (1 / (2 * b))) / (a - b)
    return Equal(_volume(a, b), right, given=[sp.Ne(a, b)])


def volume_with_tie() -> Statement:
    """For a = b it is ε^{1/2a}(1 − log ε/(2a)): one logarithm."""
    a = sp.Symbol("a", positive=True)
    return Equal(_volume(a, a), eps ** (1 / (2 * a)) * (1 - sp.log(eps) / (2 * a)))


def volume_constant() -> Statement:
    """V/ε^{1/4} → 2 for w_1⁴ w_2²: λ = 1/4, m = 1."""
    return LimitIs(_volume(sp.Integer(2), sp.Integer(1)) / eps ** sp.Rational(1, 4), eps, 0, 2)


def volume_constant_with_tie() -> Statement:
    """V/(ε^{1/2a} (−log ε)) → 1/(2a) for a = b: λ = 1/(2a), m = 2."""
    a = sp.Symbol("a", positive=True)
    ratio = sp.simplify(_volume(a, a) / eps ** (1 / (2 * a))) / (-sp.log(eps))
    return LimitIs(ratio, eps, 0, 1 / (2 * a))


def volume_without_logarithm() -> Statement:
    """Control: the logarithm of the tie is dropped, and no constant is left."""
    ratio = sp.expand(_volume(sp.Integer(1), sp.Integer(1)) / sp.sqrt(eps))
    return LimitIs(ratio, eps, 0, 1)


def volume_with_the_other_power() -> Statement:
    """Control: λ from the smaller power instead of the larger one."""
    return LimitIs(_volume(sp.Integer(2), sp.Integer(1)) / sp.sqrt(eps), eps, 0, 2)


def free_energy_slope(partition: sp.Expr) -> sp.Expr:
    """T dF/dT = −T d log Z/dT."""
    return -T * sp.diff(sp.log(partition), T)


def power_partition(power: int | sp.Expr) -> sp.Expr:
    """∫_0^∞ exp(−T w^{2 power}) dw."""
    return sp.integrate(sp.exp(-T * w ** (2 * power)), (w, 0, sp.oo), conds="none")


def free_energy_of_a_power() -> Statement:
    """K = w^{2k} has T E[K] = 1/(2k) at every temperature."""
    return Equal(free_energy_slope(power_partition(k)), 1 / (2 * k))


def free_energy_on_an_interval() -> Statement:
    """Control: on the unit interval instead of the half line the value depends on the temperature."""
    partition = sp.integrate(sp.exp(-T * w**2), (w, 0, 1))
    return Equal(free_energy_slope(partition), sp.Rational(1, 2))
