"""Sums of units around zero: how many Taylor orders the best scale of the inner weights leaves in the loss."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import Degeneracy


def unit_sum_program(orders: Sequence[int]) -> Degeneracy:
    """Of Σ_{j ≤ H} a_j σ(b_j x) at zero, where the first H = len(orders) Taylor orders of σ that occur are `orders`.

    With b_j of order T^{−s}, order p contributes a functional T^{−ps} c_p, and the c_p are an invertible image of the
    a_j.  The weight H s + Σ max(0, ½ − p s) is least at one of its kinks s = 1/(2p), or at s = 0.  It covers one
    scale for all units, so it is an upper bound of λ; for the hyperbolic tangent (1, 3, 5, …) it equals the value of
    Aoyagi and Watanabe.  Orders that repeat stand for functionals that coincide, and are counted once.
    """
    if not orders or min(orders) < 1:
        raise ValueError("There is at least one order, and none is below one.")
    kinks = {Fraction(0), *(Fraction(1, 2 * order) for order in orders)}
    weights = {
        s: len(orders) * s + sum(max(Fraction(0), Fraction(1, 2) - order * s) for order in set(orders))
        for s in kinks
    }
    least = min(weights.values())
    return Degeneracy(least, min(2, list(weights.values()).count(least)))
