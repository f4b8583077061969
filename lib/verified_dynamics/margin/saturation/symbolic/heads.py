"""Statements about what saturated heads attend to, and about the network that counts."""

import sympy as sp

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, Statement

T = sp.Symbol("T", integer=True, positive=True)
t = sp.Symbol("t", integer=True)


def prefix_count() -> Statement:
    """A head that is uniform over the visible prefix attends to (T+1)/2 positions on average."""
    return Equal(sp.Sum(t, (t, 1, T)) / T, (T + 1) / 2)


def future_count() -> Statement:
    """A head that is uniform over the later positions, with one position left for the last query: (T(T-1)/2
    + 1)/T.
    """
    return Equal((sp.Sum(T - 1 - t, (t, 0, T - 2)) + 1) / T, (T * (T - 1) / 2 + 1) / T)


def counts_differ() -> Statement:
    """The two means differ by 1 - 1/T, less than one position, so that a histogram with wide bins confuses
    them.
    """
    return Equal((T + 1) / sp.Integer(2) - (T * (T - 1) / 2 + 1) / T, 1 - 1 / T)


def counts_equal() -> Statement:
    """Control: the two means taken to be the same."""
    return Equal((T + 1) / sp.Integer(2), (T * (T - 1) / 2 + 1) / T)


c, a = sp.symbols("c a", positive=True)
m = sp.Symbol("m", integer=True, positive=True)


def masked_zeros_win() -> Statement:
    """Scores 0 at m masked positions and -c a at a visible one: each masked weight tends to 1/m at the rate
    e^(-c a).
    """
    return AsymptoticTo(1 / m - 1 / (m + sp.exp(-c * a)), sp.exp(-c * a) / m**2, c)


def masked_zeros_win_against_positive() -> Statement:
    """Control: the same limit when the visible score is positive."""
    return AsymptoticTo(1 / (m + sp.exp(c * a)), 1 / m, c)


def previous_position() -> Statement:
    """The score -(j - i + 1)² is largest at j = i - 1 only: the head looks at the previous token."""
    i, j = sp.symbols("i j", real=True)
    return AtLeast((j - i + 1) ** 2, 0, strict=True, given=[sp.Ne(j, i - 1)])


def previous_position_everywhere() -> Statement:
    """Control: the same without excluding j = i - 1."""
    i, j = sp.symbols("i j", real=True)
    return AtLeast((j - i + 1) ** 2, 0, strict=True)


p, q, k = sp.symbols("p q k", positive=True)


def means_separate() -> Statement:
    """The means (p, q, k)/T of a word with p, q, k letters have spread ((p-q)² + (q-k)²)/T², zero at
    equality only.
    """
    length = p + q + k
    spread = (p / length - q / length) ** 2 + (q / length - k / length) ** 2
    return Equal(spread, ((p - q) ** 2 + (q - k) ** 2) / length**2)


def means_separate_strictly() -> Statement:
    """Unequal counts give a positive spread."""
    return AtLeast((p - q) ** 2 + (q - k) ** 2, 0, strict=True, given=[sp.Ne(p, q)])
