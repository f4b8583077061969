"""Σ a_j σ(b_j x) at zero: for the hyperbolic tangent the best scale of the b_j leaves ⌊√H⌋ Taylor orders."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

H = sp.Symbol("H", positive=True, integer=True)
i = sp.Symbol("i", positive=True, integer=True)
order = sp.Symbol("l", nonnegative=True, integer=True)


def tanh_bound(level: sp.Expr) -> sp.Expr:
    """(H + i² + i)/(4i + 2)."""
    return (H + level**2 + level) / (4 * level + 2)


def _cost(scale: sp.Expr, power: sp.Expr, count: sp.Expr) -> sp.Expr:
    """b_j = T^{−s} costs H s, and each Taylor order below 1/(2s) costs ½ − (order) s."""
    return H * scale + sp.summation(sp.Rational(1, 2) - power * scale, (order, 0, count - 1))


def tanh_scale() -> Statement:
    """At s = 1/(4i + 2) the odd orders 1, 3, …, 2i − 1 still cost, and the sum is (H + i² + i)/(4i + 2)."""
    return Equal(_cost(1 / (4 * i + 2), 2 * order + 1, i), tanh_bound(i))


def tanh_scale_with_even_orders() -> Statement:
    """Control: an activation with all orders 1, 2, 3, … instead of an odd one."""
    return Equal(_cost(1 / (4 * i + 2), order + 1, i), tanh_bound(i))


def tanh_difference() -> Statement:
    """g(i) − g(i − 1) has the sign of i² − H ..."""
    return Equal(tanh_bound(i) - tanh_bound(i - 1), 4 * (i**2 - H) / ((4 * i + 2) * (4 * i - 2)))


def tanh_optimum_below() -> Statement:
    """... so that i beats i − 1 as long as i² ≤ H ..."""
    return AtLeast(tanh_bound(i - 1), tanh_bound(i), given=[i**2 <= H])


def tanh_optimum_above() -> Statement:
    """... and loses nothing to i + 1 once (i + 1)² ≥ H: the optimum is ⌊√H⌋."""
    return AtLeast(tanh_bound(i + 1), tanh_bound(i), given=[(i + 1) ** 2 >= H])


def tanh_tie() -> Statement:
    """Where H = i² the levels i and i − 1 tie: m = 2."""
    return Equal(tanh_bound(i).subs(H, i**2), tanh_bound(i - 1).subs(H, i**2))


def tanh_tie_everywhere() -> Statement:
    """Control: the tie without H = i²."""
    return Equal(tanh_bound(i), tanh_bound(i - 1))


def tanh_optimum_everywhere() -> Statement:
    """Control: i beats i − 1 without i² ≤ H."""
    return AtLeast(tanh_bound(i - 1), tanh_bound(i))


def relu_silent_cone() -> Statement:
    """A rectified unit with c ≤ −|b| is silent on [−1, 1], so that its loss is exactly zero there ..."""
    b, c, x = sp.symbols("b c x", real=True)
    return AtLeast(0, b * x + c, given=[c <= -b, c <= b, x <= 1, x >= -1])


def relu_silent_share() -> Statement:
    """... on a quarter of the square |b|, |c| ≤ 1: the volume tends to a constant, and no power of ε describes it.
    Analyticity cannot be dropped.
    """
    b = sp.Symbol("b", real=True)
    return Equal(sp.integrate(1 - sp.Abs(b), (b, -1, 1)) / 4, sp.Rational(1, 4))


def relu_silent_cone_beyond() -> Statement:
    """Control: inputs beyond [−1, 1]."""
    b, c, x = sp.symbols("b c x", real=True)
    return AtLeast(0, b * x + c, given=[c <= -b, c <= b])
