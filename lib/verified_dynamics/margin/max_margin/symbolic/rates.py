"""Clocks: why a margin that is slow in t is fast in |w|, and how fast each method lets |w| grow."""

import sympy as sp

from verified_dynamics.margin.max_margin.symbolic.pairs import ACROSS, GAMMA, PAIR, TOTAL, alpha_1, alpha_2
from verified_dynamics.proof import Equal, LimitIs, SeriesIs, Solves, Statement

k = sp.Symbol("k", integer=True, nonnegative=True)
h, tau, c, rate = sp.symbols("h tau c r", positive=True)


def squaring_ratio() -> Statement:
    """e = C/(tau + c): e(2 tau)/e(tau) = 1/2 + c/(4 tau) + O(1/tau^2)."""
    return SeriesIs((tau + c) / (2 * tau + c), tau, sp.oo, 2, sp.Rational(1, 2) + c / (4 * tau))


def squaring_ratio_of_a_power() -> Statement:
    """e = t^-r, t = exp(tau): e(t^2)/e(t) tends to 0."""
    return LimitIs(sp.exp(-rate * 2 * tau) / sp.exp(-rate * tau), tau, sp.oo, 0)


def squaring_ratio_half_for_a_power() -> Statement:
    """Control: the ratio of a power of t tends to 1/2."""
    return LimitIs(sp.exp(-rate * 2 * tau) / sp.exp(-rate * tau), tau, sp.oo, sp.Rational(1, 2))


def squaring_ratio_of_log_log() -> Statement:
    """e = log tau/tau: e(2 tau)/e(tau) = (1 + log 2/log tau)/2."""
    x = sp.Symbol("tau", positive=True)
    ratio = (sp.log(2 * x) / (2 * x)) / (sp.log(x) / x)
    return Equal(ratio, (1 + sp.log(2) / sp.log(x)) / 2, given=[x > 1])


def dual_weights_fix_the_angle() -> Statement:
    """Where w has P w = P w~ the softmax weights of every pair are p, whatever the component along u."""
    return _weights(ACROSS)


def weights_off_the_line() -> Statement:
    """Control: the weights are p with twice that orthogonal component."""
    return _weights(2 * ACROSS)


def _weights(across) -> Statement:
    along = sp.Symbol("w_1", real=True)
    margins = PAIR * sp.Matrix([along, across])
    return Equal(sp.exp(-margins[0] + margins[1]), alpha_1 / alpha_2)


def normalised_velocity() -> Statement:
    """With the weights p the direction X^T p is gamma u: the line on which P w = P w~ is never left."""
    p = sp.Matrix([alpha_1, alpha_2]) / TOTAL
    return Equal(PAIR.T * p, sp.Matrix([GAMMA, 0]))


def uniform_velocity() -> Statement:
    """Control: equal weights pull along u as well."""
    return Equal(PAIR.T * sp.Matrix([1, 1]) / 2, sp.Matrix([GAMMA, 0]))


def heavy_ball_norm() -> Statement:
    """w' = w + v', v' = beta v + h from rest: w_k = h (k - beta (1 - beta^k)/(1 - beta))/(1 - beta)."""
    beta = sp.Symbol("beta", positive=True)
    w, v = sp.Function("w")(k), sp.Function("v")(k)
    later_w, later_v = w.subs(k, k + 1), v.subs(k, k + 1)
    system = [sp.Eq(later_v, beta * v + h), sp.Eq(later_w, w + beta * v + h)]
    solution = [h * (1 - beta**k) / (1 - beta), h * (k - beta * (1 - beta**k) / (1 - beta)) / (1 - beta)]
    start = [sp.Eq(v.subs(k, 0), 0), sp.Eq(w.subs(k, 0), 0)]
    return Solves(system, [v, w], solution, conditions=start, given=[beta < 1])


def dual_acceleration_norm() -> Statement:
    """w_{k+1} = w_k + g_{k+1} + h, g_{k+1} = h k/2 from zero: w_k = h k (k + 3)/4."""
    return _accelerated(sp.Rational(1, 4))


def dual_acceleration_doubled() -> Statement:
    """Control: w_k = h k (k + 3)/2."""
    return _accelerated(sp.Rational(1, 2))


def _accelerated(factor) -> Statement:
    w = sp.Function("w")(k)
    equation = sp.Eq(w.subs(k, k + 1), w + h * k / 2 + h)
    return Solves(equation, w, factor * h * k * (k + 3), conditions=[sp.Eq(w.subs(k, 0), 0)])


def dual_acceleration_memory() -> Statement:
    """g_{k+1} = k/(k + 1) (g_k + h) from g_1 = 0 is g_k = h (k - 1)/2: each step adds h/2."""
    j = sp.Symbol("k", integer=True, positive=True)
    g = sp.Function("g")(j)
    equation = sp.Eq(g.subs(j, j + 1), j / (j + 1) * (g + h))
    return Solves(equation, g, h * (j - 1) / 2, conditions=[sp.Eq(g.subs(j, 1), 0)])


def normalised_clock() -> Statement:
    """ds = L dt with L = 1/(gamma^2 t): the normalised flow's time is s = log t/gamma^2."""
    t, gamma = sp.symbols("t gamma", positive=True)
    clock = sp.Function("s")(t)
    equation, start = sp.Eq(clock.diff(t), 1 / (gamma**2 * t)), sp.Eq(clock.subs(t, 1), 0)
    return Solves(equation, clock, sp.log(t) / gamma**2, conditions=[start])
