"""The norm in which an algorithm maximises the margin."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

h_1, h_2, v_1, v_2 = sp.symbols("h_1 h_2 v_1 v_2", real=True)
x, h = sp.symbols("x h", real=True)
p, r = sp.symbols("a b", positive=True)


def sign_is_steepest() -> Statement:
    """h . v <= |h_1| + |h_2| = h . sign(h) over all v with |v_i| <= 1."""
    box = [v_1 <= 1, v_1 >= -1, v_2 <= 1, v_2 >= -1]
    return AtLeast(sp.Abs(h_1) + sp.Abs(h_2), h_1 * v_1 + h_2 * v_2, given=box)


def sign_is_steepest_on_the_disc() -> Statement:
    """Control: the Euclidean length bounds h . v on the box."""
    box = [v_1 <= 1, v_1 >= -1, v_2 <= 1, v_2 >= -1]
    return AtLeast(sp.sqrt(h_1**2 + h_2**2), h_1 * v_1 + h_2 * v_2, given=box)


def diagonal_product_conserved() -> Statement:
    """For w = a^2 - b^2, a' = 2 h a and b' = -2 h b conserve the product a b."""
    return Equal(2 * h * p * r + p * (-2 * h * r), 0)


def diagonal_mirror() -> Statement:
    """(w'/h)^2 = 16 (w^2 + 4 (a b)^2): coordinates grow in proportion to their own size."""
    velocity = 2 * p * (2 * p) - 2 * r * (-2 * r)
    return Equal(velocity**2, 16 * ((p**2 - r**2) ** 2 + 4 * (p * r) ** 2))


def diagonal_mirror_without_product() -> Statement:
    """Control: the conserved product is left out."""
    velocity = 2 * p * (2 * p) - 2 * r * (-2 * r)
    return Equal(velocity**2, 16 * (p**2 - r**2) ** 2)
