"""Statements about chains that have left the basin, points that are no minimum, and the first plateau."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

T, g, h, gamma = sp.symbols("T g h gamma", positive=True)
losses = sp.symbols("L_1:4", positive=True)
chain = sp.symbols("C_1:4", positive=True)
untrained, slope, low = sp.symbols("C b L_low", positive=True)
z = sp.Symbol("z", real=True)


def _estimate(chain_loss: sp.Expr, loss: sp.Expr) -> sp.Expr:
    """λ̂ = T (mean loss of the chain - loss at the checkpoint), T = nβ."""
    return T * (chain_loss - loss)


def _least_squares(values, points) -> sp.Expr:
    """Slope of the least-squares line of values on points."""
    centre, middle = sp.Add(*points) / len(points), sp.Add(*values) / len(values)
    products = [(p - centre) * (v - middle) for p, v in zip(points, values, strict=True)]
    return sp.Add(*products) / sp.Add(*[(p - centre) ** 2 for p in points])


def stage_ratio_at_ceiling() -> Statement:
    """One chain loss C at two checkpoints: the estimate gains exactly T times what the loss loses."""
    change = _estimate(untrained, losses[1]) - _estimate(untrained, losses[0])
    return Equal(change, T * (losses[0] - losses[1]))


def stage_ratio_of_local_chains() -> Statement:
    """Control: the same ratio although the chain loss moves with the checkpoint."""
    change = _estimate(chain[1], losses[1]) - _estimate(chain[0], losses[0])
    return Equal(change, T * (losses[0] - losses[1]))


def fitted_slope() -> Statement:
    """Three checkpoints: the fitted slope of λ̂ on -L, over T, is 1 - the fitted slope of the chain loss on L."""
    estimates = [_estimate(c, x) for c, x in zip(chain, losses, strict=True)]
    apart = sp.Ne(losses[0], losses[1])
    fitted = _least_squares(estimates, [-x for x in losses]) / T
    return Equal(fitted, 1 - _least_squares(chain, losses), given=[apart])


def fitted_slope_without_chain() -> Statement:
    """Control: slope one for every chain loss."""
    estimates = [_estimate(c, x) for c, x in zip(chain, losses, strict=True)]
    apart = sp.Ne(losses[0], losses[1])
    return Equal(_least_squares(estimates, [-x for x in losses]) / T, 1, given=[apart])


def ceiling() -> Statement:
    """Chains no worse than an untrained network (loss C): λ̂ <= T (C - lowest loss)."""
    given = [chain[0] <= untrained, losses[0] >= low]
    return AtLeast(T * (untrained - low), _estimate(chain[0], losses[0]), given=given)


def ceiling_above_untrained() -> Statement:
    """Control: chains that are worse than an untrained network."""
    given = [chain[0] > untrained, losses[0] >= low]
    return AtLeast(T * (untrained - low), _estimate(chain[0], losses[0]), given=given)


def _moments() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """∫, ∫ z, ∫ z² of exp(-T (g z + h z²/2) - γ z²/2), z the offset from the checkpoint."""
    A, B = sp.symbols("A B", positive=True)
    integrals = [sp.integrate(z**j * sp.exp(-B * z - A * z**2 / 2), (z, -sp.oo, sp.oo)) for j in range(3)]
    return tuple(integral.subs({A: T * h + gamma, B: T * g}) for integral in integrals)


def _sloped() -> sp.Expr:
    """λ̂ in one coordinate of slope g and curvature h: that of a minimum, minus the gain of walking downhill."""
    A = T * h + gamma
    return T * h / (2 * A) - (T * g) ** 2 * (T * h + 2 * gamma) / (2 * A**2)


def estimate_on_a_slope() -> Statement:
    """The exact estimate at a point of slope g, from the Gaussian integrals."""
    mass, first, second = _moments()
    return Equal(T * (g * first / mass + h * second / (2 * mass)), _sloped())


def estimate_on_a_slope_as_at_a_minimum() -> Statement:
    """Control: the estimate of a minimum at a point of slope g."""
    mass, first, second = _moments()
    return Equal(T * (g * first / mass + h * second / (2 * mass)), T * h / (2 * (T * h + gamma)))


def slope_makes_negative() -> Statement:
    """λ̂/T tends to -g²/(2h) as T grows: minus the loss that the chain finds further down."""
    return LimitIs(_sloped() / T, T, sp.oo, -(g**2) / (2 * h))


def slope_keeps_positive() -> Statement:
    """Control: an estimate is never negative, as it is not at a minimum."""
    return AtLeast(_sloped(), 0)


def pinned_on_a_slope() -> Statement:
    """γ λ̂ tends to T h/2 - (T g)² as γ grows: a pinned chain gives zero, from below where T g² > h/2."""
    return LimitIs(gamma * _sloped(), gamma, sp.oo, T * h / 2 - (T * g) ** 2)


def pinned_above_zero() -> Statement:
    """Control: the limit without the slope."""
    return LimitIs(gamma * _sloped(), gamma, sp.oo, T * h / 2)


a, L0 = sp.symbols("a L_0", real=True)
b = sp.Symbol("b", positive=True)
c = sp.Symbol("c", real=True)


def best_multiple() -> Statement:
    """Predictions c ŷ with E ŷy = a, E ŷ² = b have the loss L₀ - 2ca + c²b >= L₀ - a²/b, L₀ that of predicting 0."""
    return AtLeast(L0 - 2 * c * a + c**2 * b, L0 - a**2 / b)


def best_multiple_is_attained() -> Statement:
    """The bound is attained at c = a/b: predictions that know nothing of the outcome (a = 0) shrink to zero."""
    return Equal((L0 - 2 * c * a + c**2 * b).subs(c, a / b), L0 - a**2 / b)


def zero_is_best() -> Statement:
    """Control: predicting zero is best although the predictions are correlated with the outcome."""
    return AtLeast(L0 - 2 * c * a + c**2 * b, L0)


STATEMENTS = (
    best_multiple,
    best_multiple_is_attained,
    stage_ratio_at_ceiling,
    fitted_slope,
    ceiling,
    estimate_on_a_slope,
    slope_makes_negative,
    pinned_on_a_slope,
)
CONTROLS = (
    zero_is_best,
    stage_ratio_of_local_chains,
    fitted_slope_without_chain,
    ceiling_above_untrained,
    estimate_on_a_slope_as_at_a_minimum,
    slope_keeps_positive,
    pinned_above_zero,
)
