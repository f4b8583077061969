"""Exact updates of one neuron and of a block of neurons (claims: neuron-update, block-update).

U = Σ g_i over what leaves the neuron, V = Σ g_i over what enters it, both at z = 0 of that neuron; E is the rest of the
sum, p the number of parameters, a = |out| - |in|, X = e^z.
"""

from collections.abc import Callable

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

X, U, V, E, p, tau, s, q, entering, leaving = sp.symbols("X U V E p tau s q i o", positive=True)
a = sp.Symbol("a", real=True)
TOUCHES_FEWER = [p > a, p > -a]  # |a| < p: some parameter does not enter or does not leave the neuron


def neuron_polynomial() -> Statement:
    """T X² dJ/dX = (p - a)U X² - a E X - (p + a)V with T = E + UX + V/X and a = o - i, leaving minus entering."""
    total = E + U * X + V / X
    objective = p * sp.log(total) - (leaving - entering) * sp.log(X)
    return Equal(total * X**2 * sp.diff(objective, X), _quadratic(X).subs(a, leaving - entering))


def roots_of_two_signs() -> Statement:
    """The product of the roots is -(p + a)V/((p - a)U), negative where |a| < p: exactly one root is positive."""
    return AtLeast((p + a) * V / ((p - a) * U), 0, strict=True, given=TOUCHES_FEWER)


def positive_discriminant() -> Statement:
    """a²E² + 4(p - a)(p + a)UV > 0 where |a| < p: both roots are real."""
    return AtLeast(_discriminant(), 0, strict=True, given=TOUCHES_FEWER)


def neuron_root() -> Statement:
    """X = (aE + sqrt(a²E² + 4(p² - a²)UV))/(2(p - a)U) is a root of the polynomial, |a| < p."""
    return Equal(_quadratic(_root()), 0, given=TOUCHES_FEWER)


def stable_root() -> Statement:
    """The same root, without cancellation for a < 0: X = 2(p + a)V/(-aE + sqrt(a²E² + 4(p² - a²)UV)), |a| < p."""
    return Equal(_root(), 2 * (p + a) * V / (-a * E + sp.sqrt(_discriminant())), given=TOUCHES_FEWER)


def neuron_convexity() -> Statement:
    """d²J/dz² = p (E(UX + V/X) + 4UV)/T² along one neuron's z = log X, which is positive: the root is the minimum."""
    z = sp.Symbol("z", real=True)
    total = E + U * sp.exp(z) + V * sp.exp(-z)
    curvature = p * (E * (U * sp.exp(z) + V * sp.exp(-z)) + 4 * U * V) / total**2
    return Equal(sp.diff(p * sp.log(total) - a * z, z, 2), curvature)


def block_difference() -> Statement:
    """X = (τa + sqrt(τ²a² + 4UV))/(2U) solves U X - V/X = τ a."""
    return Equal(U * _block() - V / _block(), tau * a)


def block_sum() -> Statement:
    """The same X has U X + V/X = sqrt(τ²a² + 4UV)."""
    return Equal(U * _block() + V / _block(), sp.sqrt(tau**2 * a**2 + 4 * U * V))


def block_gradient() -> Statement:
    """Two neurons at once: where p τ = E + Σ sqrt(τ²a_h² + 4U_hV_h), both derivatives of J vanish."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest(p * tau), entries), sp.zeros(2, 1))


def block_of_one() -> Statement:
    """A block of one neuron, p τ = E + sqrt(τ²a² + 4UV), satisfies the quadratic of `neuron_polynomial`."""
    rest = p * tau - sp.sqrt(tau**2 * a**2 + 4 * U * V)
    return Equal(_quadratic(_block()).subs(E, rest), 0)


def block_slope() -> Statement:
    """d/dτ sqrt(τ²a² + 4UV) < a for a > 0: the scalar equation has slope > p - Σ|a_h| > 0, hence one root."""
    size = sp.Symbol("a", positive=True)
    return AtLeast(size, sp.diff(sp.sqrt(tau**2 * size**2 + 4 * U * V), tau), strict=True)


def newton_from_below() -> Statement:
    """sqrt(τ²a² + q) lies above its tangent at s: Newton's steps on the concave equation end below the root."""
    tangent = sp.sqrt(s**2 * a**2 + q) + (tau - s) * s * a**2 / sp.sqrt(s**2 * a**2 + q)
    return AtLeast(sp.sqrt(tau**2 * a**2 + q), tangent)


def slipped_sign() -> Statement:
    """With -a in place of a in the root, J still falls from X = 1: false; five parameters, a = -2."""
    objective = 5 * sp.log(E + U * X + V / X) + 2 * sp.log(X)
    slipped = _root().subs({a: 2, p: 5}, simultaneous=True)
    return AtLeast(objective.subs(X, 1), objective.subs(X, slipped))


def other_root() -> Statement:
    """The other root of the quadratic is not negative: false."""
    return AtLeast((a * E - sp.sqrt(_discriminant())) / (2 * (p - a) * U), 0, given=TOUCHES_FEWER)


def block_with_fewer_parameters() -> Statement:
    """The scalar equation with p - 1 in place of p: false, the derivatives do not vanish."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest((p - 1) * tau), entries), sp.zeros(2, 1))


def block_without_scalar() -> Statement:
    """The scalar equation as p = E + Σ sqrt(τ²a_h² + 4U_hV_h), without τ on the left: false."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest(p), entries), sp.zeros(2, 1))


def _quadratic(x: sp.Expr) -> sp.Expr:
    return (p - a) * U * x**2 - a * E * x - (p + a) * V


def _discriminant() -> sp.Expr:
    return a**2 * E**2 + 4 * (p - a) * (p + a) * U * V


def _root() -> sp.Expr:
    return (a * E + sp.sqrt(_discriminant())) / (2 * (p - a) * U)


def _block() -> sp.Expr:
    return (tau * a + sp.sqrt(tau**2 * a**2 + 4 * U * V)) / (2 * U)


def _block_pair() -> tuple[Callable[[sp.Expr], sp.Expr], list[tuple[sp.Symbol, ...]]]:
    """E as a function of the left side of the scalar equation, and (U_h, V_h, a_h) of two neurons."""
    entries = [(U, V, a), (*sp.symbols("U2 V2", positive=True), sp.Symbol("a2", real=True))]
    roots = sum(sp.sqrt(tau**2 * slope**2 + 4 * out * into) for out, into, slope in entries)
    return lambda left: left - roots, entries


def _block_slopes(rest: sp.Expr, entries: list[tuple[sp.Symbol, ...]]) -> sp.Matrix:
    """dJ/dz_h = p (U_h X_h - V_h/X_h)/T - a_h at the block's X_h, with T = E + Σ (U_h X_h + V_h/X_h)."""
    points = [_block().subs({U: out, V: into, a: slope}, simultaneous=True) for out, into, slope in entries]
    pairs = [(out * x, into / x, slope) for (out, into, slope), x in zip(entries, points, strict=True)]
    total = rest + sum(up + down for up, down, _ in pairs)
    return sp.Matrix([p * (up - down) / total - slope for up, down, slope in pairs])
