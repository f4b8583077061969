"""One hidden layer: the path criterion against the squared norm (claim: one-layer-equals-norm)."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

X = sp.Symbol("X", positive=True)
U = sp.symbols("U1 U2", positive=True)  # ‖out‖² of each neuron
V = sp.symbols("V1 V2", positive=True)  # ‖in‖² of each neuron
into, out = sp.symbols("i o", positive=True, integer=True)


def single_neuron_optimum() -> Statement:
    """One neuron, i parameters in and o out: dJ/dX vanishes at X = λ² = ‖out‖/‖in‖, whatever i and o are."""
    slope = sp.diff(_objective((X,)), X)
    return Equal(slope.subs(X, sp.sqrt(U[0] / V[0])), 0)


def single_neuron_norm() -> Statement:
    """The squared norm λ²‖in‖² + ‖out‖²/λ² has its stationary point there as well."""
    slope = sp.diff(V[0] * X + U[0] / X, X)
    return Equal(slope.subs(X, sp.sqrt(U[0] / V[0])), 0)


def two_neuron_slope() -> Statement:
    """Two neurons, norms balanced, P_h = ‖in_h‖‖out_h‖: dJ/dz_1 = (o - i)(P1 - P2)/(P1 + P2).

    It vanishes exactly where i = o or P1 = P2.
    """
    products = [sp.sqrt(u * v) for u, v in zip(U, V, strict=True)]
    slope = (out - into) * (products[0] - products[1]) / sum(products)
    return Equal(_balanced_slope(), slope)


def equal_products_agree() -> Statement:
    """Two neurons with the same product ‖in‖‖out‖: the norm-balanced point is stationary for J."""
    return Equal(_balanced_slope().subs(U[0], U[1] * V[1] / V[0]), 0)


def equal_degrees_agree() -> Statement:
    """i = o: the norm-balanced point is stationary for J, whatever the products are."""
    return Equal(_balanced_slope().subs(into, out), 0)


def unequal_products_agree() -> Statement:
    """The norm-balanced point of two neurons with any products and any i, o is stationary for J: false."""
    return Equal(_balanced_slope(), 0)


def bias_joins_balance() -> Statement:
    """An output bias, which no neuron touches, leaves the balanced point of one neuron optimal: false where i ≠ o."""
    total = out * V[0] * X + into * U[0] / X + 1
    objective = (into + out + 1) * sp.log(total) - (out - into) * sp.log(X)
    return Equal(sp.diff(objective, X).subs(X, sp.sqrt(U[0] / V[0])), 0)


def _objective(points: tuple[sp.Expr, ...]) -> sp.Expr:
    """J with what leaves neuron h carrying g = ‖in_h‖² and what enters it g = ‖out_h‖²; X_h = e^{z_h}."""
    total = sum(out * v * x + into * u / x for u, v, x in zip(U, V, points, strict=False))  # Σ g_i e^{(Bz)_i}
    parameters = len(points) * (into + out)
    return parameters * sp.log(total) - (out - into) * sum(sp.log(x) for x in points)


def _balanced_slope() -> sp.Expr:
    """dJ/dz of the first of two neurons where ‖in_h‖ λ_h = ‖out_h‖/λ_h for both."""
    points = sp.symbols("X1 X2", positive=True)
    slope = points[0] * sp.diff(_objective(points), points[0])
    return slope.subs({x: sp.sqrt(u / v) for x, u, v in zip(points, U, V, strict=True)})
