"""Exact updates of one neuron and of a block of neurons (claims: neuron-update, block-update)."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

X, B, C, D, p, t, s, q, into, out = sp.symbols("X B C D p t s q i o", positive=True)
A, a = sp.symbols("A a", real=True)
SMALLER = [p > A, p > -A]  # |A| < p: a neuron never touches all parameters of a network with two hidden units


def neuron_polynomial() -> Statement:
    """E X dJ/dX = ((A + p) B X² + A D X + (A - p) C)/X with E = D + BX + C/X, A = i - o entering minus leaving."""
    total = D + B * X + C / X
    objective = p * sp.log(total) - (out - into) * sp.log(X)
    polynomial = _quadratic(X).subs(A, into - out)
    return Equal(total * X**2 * sp.diff(objective, X), polynomial)


def roots_of_two_signs() -> Statement:
    """The product of the two roots, (A - p)C/((A + p)B), is negative where |A| < p: one root is positive."""
    return AtLeast((p - A) * C / ((A + p) * B), 0, strict=True, given=SMALLER)


def positive_discriminant() -> Statement:
    """A²D² - 4(A + p)(A - p)BC > 0 where |A| < p: both roots are real."""
    return AtLeast(_discriminant(), 0, strict=True, given=SMALLER)


def neuron_root() -> Statement:
    """X = (-AD + sqrt(A²D² + 4(p + A)(p - A)BC))/(2(A + p)B) is a root of the polynomial."""
    return Equal(_quadratic(_root()), 0, given=SMALLER)


def stable_root() -> Statement:
    """The same root without cancellation for A > 0: X = 2(p - A)C/(AD + sqrt(A²D² + 4(p + A)(p - A)BC))."""
    return Equal(_root(), 2 * (p - A) * C / (A * D + sp.sqrt(_discriminant())), given=SMALLER)


def neuron_convexity() -> Statement:
    """d²J/dz² = p (D(BX + C/X) + 4BC)/E² along one neuron's z = log X, which is positive: the root is the minimum."""
    z = sp.Symbol("z", real=True)
    total = D + B * sp.exp(z) + C * sp.exp(-z)
    curvature = p * (D * (B * sp.exp(z) + C * sp.exp(-z)) + 4 * B * C) / total**2
    return Equal(sp.diff(p * sp.log(total) + A * z, z, 2), curvature)


def block_difference() -> Statement:
    """X = (t a + sqrt(t²a² + 4BC))/(2B) solves B X - C/X = t a."""
    return Equal(B * _block() - C / _block(), t * a)


def block_sum() -> Statement:
    """The same X has B X + C/X = sqrt(t²a² + 4BC)."""
    return Equal(B * _block() + C / _block(), sp.sqrt(t**2 * a**2 + 4 * B * C))


def block_gradient() -> Statement:
    """Two neurons at once: where p t = D + Σ sqrt(t²a_h² + 4B_hC_h), both derivatives of J vanish."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest(p * t), entries), sp.zeros(2, 1))


def block_of_one() -> Statement:
    """A block of one neuron, p t = D + sqrt(t²a² + 4BC) and a = -A, satisfies the quadratic of `neuron_polynomial`."""
    rest = p * t - sp.sqrt(t**2 * a**2 + 4 * B * C)
    return Equal(_quadratic(_block()).subs({A: -a, D: rest}, simultaneous=True), 0)


def block_slope() -> Statement:
    """d/dt sqrt(t²a² + 4BC) < |a| for a ≠ 0: the scalar equation has slope > p - Σ|a_h| > 0, hence one root."""
    size = sp.Symbol("a", positive=True)
    return AtLeast(size, sp.diff(sp.sqrt(t**2 * size**2 + 4 * B * C), t), strict=True)


def newton_from_below() -> Statement:
    """sqrt(t²a² + q) lies above its tangent at s: Newton's steps on the concave equation end below the root."""
    tangent = sp.sqrt(s**2 * a**2 + q) + (t - s) * s * a**2 / sp.sqrt(s**2 * a**2 + q)
    return AtLeast(sp.sqrt(t**2 * a**2 + q), tangent)


def slipped_sign() -> Statement:
    """With -A in place of A in the root, J still falls from X = 1: false; five parameters, A = 2."""
    objective = 5 * sp.log(D + B * X + C / X) + 2 * sp.log(X)
    slipped = _root().subs({A: -2, p: 5}, simultaneous=True)
    return AtLeast(objective.subs(X, 1), objective.subs(X, slipped))


def other_root() -> Statement:
    """The other root of the quadratic is positive: false."""
    return AtLeast((-A * D - sp.sqrt(_discriminant())) / (2 * (A + p) * B), 0, given=SMALLER)


def block_with_fewer_parameters() -> Statement:
    """The scalar equation with p - 1 in place of p: false, the derivatives do not vanish."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest((p - 1) * t), entries), sp.zeros(2, 1))


def block_without_scalar() -> Statement:
    """The scalar equation as p = D + Σ sqrt(t²a_h² + 4B_hC_h), without t on the left: false."""
    rest, entries = _block_pair()
    return Equal(_block_slopes(rest(p), entries), sp.zeros(2, 1))


def _quadratic(x: sp.Expr) -> sp.Expr:
    return (A + p) * B * x**2 + A * D * x + (A - p) * C


def _discriminant() -> sp.Expr:
    return A**2 * D**2 + 4 * (p + A) * (p - A) * B * C


def _root() -> sp.Expr:
    return (-A * D + sp.sqrt(_discriminant())) / (2 * (A + p) * B)


def _block() -> sp.Expr:
    return (t * a + sp.sqrt(t**2 * a**2 + 4 * B * C)) / (2 * B)


def _block_pair():
    """D as a function of what the scalar equation has on its left, and (B_h, C_h, a_h) of two neurons."""
    entries = [(B, C, a), (*sp.symbols("F G", positive=True), sp.Symbol("e", real=True))]
    roots = sum(sp.sqrt(t**2 * slope**2 + 4 * leaving * entering) for leaving, entering, slope in entries)
    return lambda left: left - roots, entries


def _block_slopes(rest: sp.Expr, entries) -> sp.Matrix:
    """dJ/dz_h = p (B_h X_h - C_h/X_h)/E - a_h at the block's X_h, with E = D + Σ (B_h X_h + C_h/X_h)."""
    points = [_block().subs({B: leaving, C: entering, a: slope}, simultaneous=True)
              for leaving, entering, slope in entries]  # fmt: skip
    total = rest + sum(e[0] * x + e[1] / x for e, x in zip(entries, points, strict=True))
    return sp.Matrix([p * (e[0] * x - e[1] / x) / total - e[2] for e, x in zip(entries, points, strict=True)])
