"""The constants behind the rates: direction, margin gap, loss, norm, and the entropy of the multipliers."""

import sympy as sp

from verified_dynamics.margin.max_margin.symbolic.pairs import (
    ACROSS,
    ALONG,
    GAMMA,
    PAIR,
    TOTAL,
    alpha_1,
    alpha_2,
    s,
)
from verified_dynamics.proof import AtLeast, Equal, LimitIs, Monotone, SeriesIs, Statement

tau, gamma = sp.symbols("tau gamma", positive=True)
m, v, w_1, w_2 = sp.symbols("m v w_1 w_2", real=True)  # w_1 = u . w~, w_2 = |P w~|


def direction_expansion() -> Statement:
    """On w = w_hat tau + w~ the sine of the angle to u is gamma w_2/tau - gamma^2 w_1 w_2/tau^2 + O(1/tau^3)."""
    return _direction(gamma * w_2 / tau - gamma**2 * w_1 * w_2 / tau**2)


def direction_unprojected() -> Statement:
    """Control: the constant is gamma (u . w~ + |P w~|), for a residual that is not orthogonal to u."""
    along, across = sp.symbols("w_1 w_2", positive=True)
    return _direction(gamma * (along + across) / tau, along, across)


def _direction(claimed, along=w_1, across=w_2) -> Statement:
    sine = across / sp.sqrt((tau / gamma + along) ** 2 + across**2)
    return SeriesIs(sine, tau, sp.oo, 3, claimed)


def pair_direction_constant() -> Statement:
    """For (a, 0), (0, b): |P w~|^2 = 4 log(a/b)^2/(a^2 + b^2)."""
    a, b = sp.symbols("a b", positive=True)
    residual = sp.Matrix([2 * sp.log(a) / a, 2 * sp.log(b) / b])
    u = sp.Matrix([b, a]) / sp.sqrt(a**2 + b**2)
    along = (u.T * residual)[0]
    return Equal((residual.T * residual)[0] - along**2, 4 * (sp.log(a) - sp.log(b)) ** 2 / (a**2 + b**2))


def equal_multipliers_direction() -> Statement:
    """Where both multipliers are equal the residual has no part orthogonal to u: the constant is zero."""
    return Equal(ACROSS.subs(alpha_2, alpha_1), 0)


def margin_expansion() -> Statement:
    """x . w/|w| with x . w = tau - m is gamma - gamma (gamma w_1 + m)/tau + O(1/tau^2)."""
    return _margin(gamma - gamma * (gamma * w_1 + m) / tau)


def margin_without_multiplier() -> Statement:
    """Control: the multiplier, m = log alpha, is left out."""
    return _margin(gamma - gamma * (gamma * w_1) / tau, sp.Symbol("m", positive=True))


def _margin(claimed, logarithm=m) -> Statement:
    return SeriesIs((tau - logarithm) / sp.sqrt((tau / gamma + w_1) ** 2 + w_2**2), tau, sp.oo, 2, claimed)


def pair_gap_constant() -> Statement:
    """gamma u . w~ + log alpha_1 = H(p) + log p_1 for two support vectors: with p_1 largest, H(p) - H_inf(p)."""
    return _gap(2)


def triple_gap_constant() -> Statement:
    """gamma u . w~ + log alpha_1 = H(p) + log p_1 for three support vectors."""
    return _gap(3)


def gap_constant_shannon() -> Statement:
    """Control: the Shannon entropy alone."""
    return _gap(2, shannon=True)


def _gap(count, shannon=False) -> Statement:
    alpha = sp.symbols(f"alpha_1:{count + 1}", positive=True)
    p = [x / sum(alpha) for x in alpha]
    along = -sum(
        x * sp.log(y) for x, y in zip(p, alpha, strict=True)
    )  # gamma u . w~, as x_n . w~ = -log alpha_n
    entropy = -sum(x * sp.log(x) for x in p)
    return Equal(along + sp.log(alpha[0]), entropy if shannon else entropy + sp.log(p[0]))


def pair_loss() -> Statement:
    """On w = w_hat log t + w~ the loss of every pair is 1/(gamma^2 t), with gamma^-2 = alpha_1 + alpha_2."""
    return _pair_loss(TOTAL)


def pair_mean_loss() -> Statement:
    """Control: the mean loss has the same constant."""
    return _pair_loss(2 * TOTAL)


def _pair_loss(constant) -> Statement:
    t = sp.Symbol("t", positive=True)
    w = sp.Matrix([sp.log(t) / GAMMA + ALONG, ACROSS])
    return Equal(sum(sp.exp(-margin) for margin in PAIR * w), constant / t)


def orthogonal_pair_loss() -> Statement:
    """From zero, the loss of (a, 0), (0, b) is 1/(gamma^2 t) - (a^-4 + b^-4)/t^2 + O(1/t^3)."""
    a, b, t = sp.symbols("a b t", positive=True)
    loss = 1 / (1 + a**2 * t) + 1 / (1 + b**2 * t)
    return SeriesIs(loss, t, sp.oo, 3, (a**2 + b**2) / (a * b) ** 2 / t - (a**-4 + b**-4) / t**2)


def norm_expansion() -> Statement:
    """|w_hat tau + w~| = tau/gamma + u . w~ + gamma |P w~|^2/(2 tau) + O(1/tau^2)."""
    norm = sp.sqrt((tau / gamma + w_1) ** 2 + w_2**2)
    return SeriesIs(norm, tau, sp.oo, 2, tau / gamma + w_1 + gamma * w_2**2 / (2 * tau))


def logarithm_below_tangent() -> Statement:
    """r - 1 - log r >= 0 for r >= 1; with `logarithm_below_tangent_left` for all r > 0."""
    r = sp.Symbol("r", positive=True)
    return AtLeast(r - 1, sp.log(r), given=[r >= 1], certificate=Monotone(r, 1))


def logarithm_below_tangent_left() -> Statement:
    """r - 1 - log r >= 0 for 0 < r <= 1."""
    r = sp.Symbol("r", positive=True)
    return AtLeast(r - 1, sp.log(r), given=[r <= 1], certificate=Monotone(r, 1, decreasing=True))


def entropy_average() -> Statement:
    """sum p_n log r_n = 0 for r_n = exp(-z_n v - H)/p_n, three weights and sum p_n z_n = 0."""
    return _average(balanced=True)


def entropy_average_unbalanced() -> Statement:
    """Control: z_n free, without sum p_n z_n = 0."""
    return _average(balanced=False)


def _average(balanced) -> Statement:
    weights = sp.symbols("alpha_1:4", positive=True)
    p = [x / sum(weights) for x in weights]
    z = list(sp.symbols("z_1:4", real=True))
    if balanced:
        z[2] = -(p[0] * z[0] + p[1] * z[1]) / p[2]
    entropy = -sum(x * sp.log(x) for x in p)
    logs = [-zn * v - entropy - sp.log(x) for zn, x in zip(z, p, strict=True)]
    return Equal(sum(x * log for x, log in zip(p, logs, strict=True)), 0)


def entropy_attained() -> Statement:
    """At v = P w~ of a pair, exp(-z_n . v - H) = p_n for both: the infimum exp(H) is attained."""
    p = [alpha_1 / TOTAL, alpha_2 / TOTAL]
    entropy = -sum(x * sp.log(x) for x in p)
    z = [alpha_2 * s, -alpha_1 * s]
    left = sp.Matrix([-zn * ACROSS - entropy for zn in z])
    return Equal(left, sp.Matrix([sp.log(x) for x in p]))


def entropy_of_largest() -> Statement:
    """Control: log of the infimum is -log of the larger multiplier."""
    p = [alpha_1 / TOTAL, alpha_2 / TOTAL]
    z = [alpha_2 * s, -alpha_1 * s]
    left = sp.Matrix([-zn * ACROSS + sp.log(p[0]) for zn in z])
    return Equal(left, sp.Matrix([sp.log(x) for x in p]))


def loss_limit_of_wrong_margin() -> Statement:
    """Control: t L tends to gamma^-1 instead of gamma^-2 on the orthogonal pair."""
    a, b, t = sp.symbols("a b t", positive=True)
    loss = 1 / (1 + a**2 * t) + 1 / (1 + b**2 * t)
    return LimitIs(t * loss, t, sp.oo, sp.sqrt(a**2 + b**2) / (a * b))
