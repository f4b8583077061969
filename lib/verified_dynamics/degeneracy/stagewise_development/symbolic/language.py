"""Statements about scores of language models and about the two layers of an induction head."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

p = sp.symbols("p_1:4", positive=True)
z = sp.symbols("z_1:4", real=True)
x, beta = sp.symbols("x beta", positive=True)
a, b, d = sp.symbols("a b d", real=True)
n = sp.Symbol("n", positive=True)


def _log_prediction(i: int) -> sp.Expr:
    """log softmax(z)_i of three outcomes."""
    return z[i] - sp.log(sum(sp.exp(other) for other in z))


def _score() -> sp.Expr:
    """The cross-entropy of the prediction softmax(z) under p."""
    return -sum(p[i] * _log_prediction(i) for i in range(3))


def _entropy() -> sp.Expr:
    return -sum(q * sp.log(q) for q in p)


def score_is_entropy_plus_divergence() -> Statement:
    """Three outcomes, every law and every logits: bigram score = entropy + Kullback-Leibler divergence."""
    divergence = sum(p[i] * (sp.log(p[i]) - _log_prediction(i)) for i in range(3))
    return Equal(_score(), _entropy() + divergence)


def score_with_reversed_divergence() -> Statement:
    """Control: the divergence in the other direction."""
    prediction = [sp.exp(_log_prediction(i)) for i in range(3)]
    reverse = sum(q * (_log_prediction(i) - sp.log(p[i])) for i, q in enumerate(prediction))
    return Equal(_score(), _entropy() + reverse)


def log_below_tangent() -> Statement:
    """log x <= x - 1 for x > 0, from which the divergence is not negative (Gibbs)."""
    return AtLeast(x - 1, sp.log(x))


def log_below_smaller_line() -> Statement:
    """Control: a line through another point."""
    return AtLeast(x - sp.Rational(11, 10), sp.log(x))


def weight_of_the_match() -> Statement:
    """One key among n + 1 whose score is larger by β: its weight, from the softmax."""
    return Equal(sp.exp(a + beta) / (sp.exp(a + beta) + n * sp.exp(a)), 1 / (1 + n * sp.exp(-beta)))


def sharp_match_takes_all() -> Statement:
    """That weight tends to one as β grows: the head copies what followed the match."""
    return LimitIs(1 / (1 + n * sp.exp(-beta)), beta, sp.oo, 1)


def blind_match_takes_all() -> Statement:
    """Control: a score that does not know the key's predecessor gives the match no advantage."""
    return LimitIs(1 / (1 + n), beta, sp.oo, 1)


def ratio_forgets_the_rest() -> Statement:
    """The ratio of two weights does not depend on any third score d: only the two keys decide."""
    total = sp.exp(a) + sp.exp(b) + sp.exp(d)
    return Equal((sp.exp(a) / total) / (sp.exp(b) / total), sp.exp(a - b))


def weight_forgets_the_rest() -> Statement:
    """Control: the weight itself, in place of the ratio, set against what the two keys alone would give."""
    total = sp.exp(a) + sp.exp(b) + sp.exp(d)
    return Equal(sp.exp(a) / total, 1 / (1 + sp.exp(b - a)))


STATEMENTS = (score_is_entropy_plus_divergence, log_below_tangent, weight_of_the_match, sharp_match_takes_all,
              ratio_forgets_the_rest)  # fmt: skip
CONTROLS = (score_with_reversed_divergence, log_below_smaller_line, blind_match_takes_all,
            weight_forgets_the_rest)  # fmt: skip
