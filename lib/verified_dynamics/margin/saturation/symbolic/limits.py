"""Statements about single saturating functions: sigmoids, softmax and their ties (Merrill et al. 2021,
section 3).
"""

import sympy as sp

from verified_dynamics.proof import AsymptoticTo, Equal, LimitIs, Statement

c = sp.Symbol("c", positive=True)
x = sp.Symbol("x", positive=True)
r = sp.Symbol("r", real=True)
r_plus = sp.Symbol("r", positive=True)


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-z))


def saturation_forgets_deviation() -> Statement:
    """Away from a tie, σ(c x + r) tends to 1 at the rate e^-(c x + r), whatever the bounded deviation r."""
    return AsymptoticTo(1 - _sigmoid(c * x + r), sp.exp(-c * x - r), c)


def _tied_weight(deviation: sp.Expr) -> sp.Expr:
    top, other = sp.exp(c * x + deviation), sp.exp(c * x)
    return top / (top + other)


def tie_keeps_deviation() -> Statement:
    """At a tie, the attention weight with scores (c x + r, c x) is σ(r) at every c: growth never decides it."""
    return Equal(_tied_weight(r), _sigmoid(r))


def tie_with_vanishing_deviation() -> Statement:
    """A tie becomes uniform if the deviation of the scores itself vanishes: for r/c the weight is 1/2 +
    r/(4c).
    """
    return AsymptoticTo(_tied_weight(r_plus / c) - sp.Rational(1, 2), r_plus / (4 * c), c)


def tie_becomes_uniform() -> Statement:
    """Control: proposition 2 of the paper read at a tie, that a bounded deviation is forgotten there too."""
    return LimitIs(_tied_weight(r), c, sp.oo, sp.Rational(1, 2))


def sigmoid_supremum() -> Statement:
    """σ(c x) - σ(x) stays below 1/(1 + e^x), by exactly 1/(1 + e^(c x))."""
    return Equal(1 / (1 + sp.exp(x)) - (_sigmoid(c * x) - _sigmoid(x)), 1 / (1 + sp.exp(c * x)))


def sigmoid_bound() -> Statement:
    """The supremum lies below e^-x, by exactly e^-x / (1 + e^x): lemma 6 of the paper."""
    return Equal(sp.exp(-x) - 1 / (1 + sp.exp(x)), sp.exp(-x) / (1 + sp.exp(x)))


def sigmoid_rate() -> Statement:
    """1 - σ(x) ~ e^-x: the exponential rate of lemma 6 is sharp."""
    return AsymptoticTo(1 - _sigmoid(x), sp.exp(-x), x)


def tanh_supremum() -> Statement:
    """tanh(c x) - tanh(x) stays below 2/(e^(2x) + 1), by exactly 2/(e^(2 c x) + 1)."""
    difference = sp.tanh(c * x) - sp.tanh(x)
    return Equal(2 / (sp.exp(2 * x) + 1) - difference, 2 / (sp.exp(2 * c * x) + 1))


def tanh_rate() -> Statement:
    """1 - tanh(x) ~ 2 e^(-2x): lemma 8 of the paper with its sharp constant."""
    return AsymptoticTo(1 - sp.tanh(x), 2 * sp.exp(-2 * x), x)


def softsign_rate() -> Statement:
    """1 - x/(1+x) ~ 1/x: softsign saturates too, but only polynomially."""
    return AsymptoticTo(1 - x / (1 + x), 1 / x, x)


def softsign_exponential() -> Statement:
    """Control: softsign in the place of the sigmoid."""
    return AsymptoticTo(1 - x / (1 + x), sp.exp(-x), x)


def arctangent_exponential() -> Statement:
    """Control: the arctangent in the place of the sigmoid."""
    return AsymptoticTo(1 - 2 * sp.atan(x) / sp.pi, sp.exp(-x), x)


def softmax_error() -> Statement:
    """1 - (largest weight) is s/(1+s), where s sums e^-gap over the other entries; here two others, gaps g
    and h.
    """
    m = sp.Symbol("m", real=True)
    g, h = sp.symbols("g h", positive=True)
    s = sp.exp(-g) + sp.exp(-h)
    total = sp.exp(m) + sp.exp(m - g) + sp.exp(m - h)
    return Equal(1 - sp.exp(m) / total, s / (1 + s))


def softmax_error_grows_with_sum() -> Statement:
    """s/(1+s) increases with s, so that replacing every gap by the smallest one bounds the error for n
    entries.
    """
    s, more = sp.symbols("s h", positive=True)
    difference = (s + more) / (1 + s + more) - s / (1 + s)
    return Equal(difference, more / ((1 + s) * (1 + s + more)))


def softmax_gap_rate() -> Statement:
    """The error of softmax(c·scores) falls like e^(-c Δ): the rate is the smallest gap Δ between top and
    rest.
    """
    gap, more = sp.symbols("Delta h", positive=True)
    s = sp.exp(-c * gap) + sp.exp(-c * (gap + more))
    return AsymptoticTo(s / (1 + s), sp.exp(-c * gap), c)


def softmax_norm_does_not_help() -> Statement:
    """The scores (R, R-1) have error 1/(1+e) for every R: the norm alone sets no rate."""
    R = sp.Symbol("R", positive=True)
    return Equal(1 - sp.exp(R) / (sp.exp(R) + sp.exp(R - 1)), 1 / (1 + sp.E))


def softmax_norm_rate() -> Statement:
    """Control: a rate set by the norm of the scores instead of their gap."""
    R = sp.Symbol("R", positive=True)
    return AsymptoticTo(1 - sp.exp(R) / (sp.exp(R) + sp.exp(R - 1)), sp.exp(-R), R)


def gap_error_primitive() -> Statement:
    """-log(1 + e^(-c g))/c is the primitive in the gap g of the two-entry error 1/(1 + e^(c g))."""
    g = sp.Symbol("g", positive=True)
    return Equal(sp.diff(-sp.log(1 + sp.exp(-c * g)) / c, g), 1 / (1 + sp.exp(c * g)))


def mean_error_over_gaps() -> Statement:
    """Averaged over gaps uniform on [0, 1], the error falls only like log 2 / c: near ties dominate the
    mean.
    """
    mean = (sp.log(2) - sp.log(1 + sp.exp(-c))) / c
    return AsymptoticTo(mean, sp.log(2) / c, c)


def mean_error_exponential() -> Statement:
    """Control: the averaged error with the exponential rate that each single input has."""
    mean = (sp.log(2) - sp.log(1 + sp.exp(-c))) / c
    return AsymptoticTo(mean, sp.exp(-c), c)
