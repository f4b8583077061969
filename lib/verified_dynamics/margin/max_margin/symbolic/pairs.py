"""Flows that are solved in closed form: the orthogonal pair, every pair of support vectors, the zero multiplier.

Up to a rotation every two support vectors in the plane with positive multipliers alpha_1, alpha_2 are
x_1 = (gamma, alpha_2 s), x_2 = (gamma, -alpha_1 s) with gamma^2 = 1/(alpha_1 + alpha_2) and a spread s: the first axis
is the direction u of maximal margin.
"""

import sympy as sp

from verified_dynamics.proof import Equal, LimitIs, SeriesIs, Solves, Statement

a, b, c, t = sp.symbols("a b c t", positive=True)
alpha_1, alpha_2, s = sp.symbols("alpha_1 alpha_2 s", positive=True)
w_1, w_2 = sp.symbols("w_1 w_2", real=True)

TOTAL = alpha_1 + alpha_2
GAMMA = 1 / sp.sqrt(TOTAL)
PAIR = sp.Matrix([[GAMMA, alpha_2 * s], [GAMMA, -alpha_1 * s]])
ALONG = -(alpha_1 * sp.log(alpha_1) + alpha_2 * sp.log(alpha_2)) / TOTAL / GAMMA  # u . w~
ACROSS = (sp.log(alpha_1) - sp.log(alpha_2)) / (-s * TOTAL)  # the component of w~ orthogonal to u


def orthogonal_pair_flow() -> Statement:
    """Flow from zero on (a, 0), (0, b) is w = (log(1 + a^2 t)/a, log(1 + b^2 t)/b)."""
    return _pair_flow(sp.S.Zero)


def tilted_pair_flow() -> Statement:
    """Control: the same trajectory where the second row is (c, b) with c > 0."""
    return _pair_flow(c)


def _pair_flow(tilt) -> Statement:
    f, g = sp.Function("w_1")(t), sp.Function("w_2")(t)
    first, second = sp.exp(-a * f), sp.exp(-tilt * f - b * g)
    system = [sp.Eq(f.diff(t), a * first + tilt * second), sp.Eq(g.diff(t), b * second)]
    start = [sp.Eq(f.subs(t, 0), 0), sp.Eq(g.subs(t, 0), 0)]
    return Solves(system, [f, g], [sp.log(1 + a**2 * t) / a, sp.log(1 + b**2 * t) / b], conditions=start)


def orthogonal_pair_residual() -> Statement:
    """Its residual w_1 - log(t)/a is 2 log(a)/a + 1/(a^3 t) + O(1/t^2)."""
    return SeriesIs(sp.log(a**2 + 1 / t) / a, t, sp.oo, 2, 2 * sp.log(a) / a + 1 / (a**3 * t))


def orthogonal_pair_bounded_by_norm() -> Statement:
    """Control: the residual measured against 2 log(t)/a instead of log(t)/a tends to the same limit."""
    return LimitIs(sp.log(1 + a**2 * t) / a - 2 * sp.log(t) / a, t, sp.oo, 2 * sp.log(a) / a)


def pair_duality() -> Statement:
    """The pair's alpha is dual to w_hat = u/gamma: X^T alpha = w_hat."""
    return Equal(PAIR.T * sp.Matrix([alpha_1, alpha_2]), sp.Matrix([1 / GAMMA, 0]))


def pair_residual_flow() -> Statement:
    """w = w_hat log t + w~ with exp(-x_n . w~) = alpha_n solves the flow of every pair exactly."""
    return _residual_flow(ALONG, ACROSS)


def pair_residual_of_equal_multipliers() -> Statement:
    """Control: the residual of equal multipliers (alpha_1 + alpha_2)/2."""
    return _residual_flow(-sp.log(TOTAL / 2) / GAMMA, sp.S.Zero)


def _residual_flow(along, across) -> Statement:
    f, g = sp.Function("w_1")(t), sp.Function("w_2")(t)
    weights = [sp.exp(-(PAIR[n, 0] * f + PAIR[n, 1] * g)) for n in (0, 1)]
    system = [
        sp.Eq(f.diff(t), PAIR[0, 0] * weights[0] + PAIR[1, 0] * weights[1]),
        sp.Eq(g.diff(t), PAIR[0, 1] * weights[0] + PAIR[1, 1] * weights[1]),
    ]
    return Solves(system, [f, g], [sp.log(t) / GAMMA + along, across])


def pair_residual_multipliers() -> Statement:
    """exp(-x_n . w~) = alpha_n for both support vectors."""
    residual = sp.Matrix([ALONG, ACROSS])
    return Equal((PAIR * residual).applyfunc(lambda margin: sp.exp(-margin)), sp.Matrix([alpha_1, alpha_2]))


def return_modes() -> Statement:
    """sum alpha_n x_n x_n^T of the pair has the modes 1 and alpha_1 alpha_2 (alpha_1 + alpha_2) s^2."""
    weighted = PAIR.T * sp.diag(alpha_1, alpha_2) * PAIR
    return Equal(weighted, sp.diag(1, alpha_1 * alpha_2 * TOTAL * s**2))


def forced_return() -> Statement:
    """delta' = -lambda delta + f exp(-(kappa - 1) tau) has the rates lambda and kappa - 1, unless equal."""
    return _forced_return(lambda rate, kappa: kappa - 1)


def forced_return_by_margin() -> Statement:
    """Control: the forced part decays like exp(-kappa tau)."""
    return _forced_return(lambda rate, kappa: kappa)


def _forced_return(exponent) -> Statement:
    tau, rate, kappa = sp.symbols("tau lambda kappa", positive=True)
    f, start = sp.symbols("f C", real=True)
    delta = sp.Function("delta")(tau)
    forced = exponent(rate, kappa)
    solution = start * sp.exp(-rate * tau) + f / (rate - forced) * sp.exp(-forced * tau)
    equation = sp.Eq(delta.diff(tau), -rate * delta + f * sp.exp(-(kappa - 1) * tau))
    return Solves(equation, delta, solution, given=[sp.Ne(rate, forced)])


def zero_multiplier_conservation() -> Statement:
    """On (1, 0), (1, b) the flow conserves v + log v - b^2 w_1, v = exp(b w_2)."""
    return _conservation(sp.exp(b * w_2) + b * w_2)


def zero_multiplier_without_logarithm() -> Statement:
    """Control: v - b^2 w_1 is conserved."""
    return _conservation(sp.exp(b * w_2))


def _conservation(function_of_second) -> Statement:
    first, second = sp.exp(-w_1), sp.exp(-w_1 - b * w_2)
    return Equal(function_of_second.diff(w_2) * b * second, b**2 * (first + second))


def zero_multiplier_curve() -> Statement:
    """From zero, w_2 = log W(exp(1 + b^2 w_1))/b along the trajectory, W the function of Lambert."""
    x = sp.Symbol("w_1", positive=True)
    f = sp.Function("w_2")(x)
    curve = sp.log(sp.LambertW(sp.exp(1 + b**2 * x))) / b
    return Solves(sp.Eq(f.diff(x), b / (sp.exp(b * f) + 1)), f, curve, conditions=[sp.Eq(f.subs(x, 0), 0)])


def zero_multiplier_growth() -> Statement:
    """v/(b^2 w_1) tends to one as v grows, with v + log v = 1 + b^2 w_1."""
    v = sp.Symbol("v", positive=True)
    return LimitIs((v + sp.log(v) - 1) / v, v, sp.oo, 1)


def discrete_step() -> Statement:
    """One step of descent multiplies y = exp(a w) by exp(eta a^2/y): y + eta a^2 + (eta a^2)^2/(2 y) + O(1/y^2)."""
    return _discrete_step(sp.Rational(1, 2))


def discrete_step_as_flow() -> Statement:
    """Control: the step follows the flow, y + eta a^2, up to O(1/y^2)."""
    return _discrete_step(sp.S.Zero)


def _discrete_step(second) -> Statement:
    y, eta = sp.symbols("y eta", positive=True)
    rise = eta * a**2
    return SeriesIs(y * sp.exp(rise / y), y, sp.oo, 2, y + rise + second * rise**2 / y)
