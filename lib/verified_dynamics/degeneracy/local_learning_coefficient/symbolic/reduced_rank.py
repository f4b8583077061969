"""Reduced-rank regression: one quadratic polynomial of the rank of the first factor gives all four published cases.

M inputs, H hidden units, N outputs.  Near the strata {rank A = a, BA = 0} the loss vanishes on a set of codimension
(H − a)(M − a) + aN; half the least of them is λ for a target of rank zero.
"""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

M, N, H = sp.symbols("M N H", positive=True, integer=True)
a, r, p = sp.symbols("a r p", nonnegative=True, integer=True)
x, T = sp.symbols("x T", positive=True)


def published(inputs: sp.Expr, outputs: sp.Expr, hidden: sp.Expr, rank: sp.Expr) -> sp.Expr:
    """8λ of the first case of Aoyagi and Watanabe, where M + H + N + r is even."""
    return (
        2 * (hidden + rank) * (inputs + outputs) + 2 * inputs * outputs
        - (hidden + rank) ** 2 - inputs**2 - outputs**2
    )  # fmt: skip


def half_codimension(rank: sp.Expr) -> sp.Expr:
    """Half the codimension of {rank A = `rank`, BA = 0}."""
    return ((H - rank) * (M - rank) + rank * N) / 2


def output_layer_integrated() -> Statement:
    """A row of B in the direction of a singular value √x of A: ∫ e^{−Tb²x} N(b) db = (1 + 2Tx)^{−1/2}."""
    b = sp.Symbol("b", real=True)
    integrand = sp.exp(-T * x * b**2 - b**2 / 2) / sp.sqrt(2 * sp.pi)
    return Equal(sp.integrate(integrand, (b, -sp.oo, sp.oo)), 1 / sp.sqrt(1 + 2 * T * x))


def singular_value_exponents() -> Statement:
    """The exponents of the singular values' density at x_i = 1/T for the last p of q, the others of order one, add up
    to half the codimension p(|H − M| + p) of a matrix that lacks p ranks.
    """
    i = sp.Symbol("i", integer=True, positive=True)
    q, gap = sp.symbols("q delta", nonnegative=True, integer=True)
    terms = sp.summation((gap + 1) / 2 + q - i, (i, q - p + 1, q))
    return Equal(terms, p * (gap + p) / 2)


def singular_value_exponents_without_repulsion() -> Statement:
    """Control: the Vandermonde factor ∏ |x_i − x_j| is dropped from the density."""
    i = sp.Symbol("i", integer=True, positive=True)
    q, gap = sp.symbols("q delta", nonnegative=True, integer=True)
    terms = sp.summation((gap + 1) / 2 + 0 * i, (i, q - p + 1, q))
    return Equal(terms, p * (gap + p) / 2)


def codimension_is_a_square() -> Statement:
    """Half the codimension is the published value plus ½(a − a*)², a* = (H + M − N)/2."""
    best = (H + M - N) / 2
    return Equal(half_codimension(a), published(M, N, H, 0) / 8 + (a - best) ** 2 / 2)


def even_case() -> Statement:
    """Where a* = p is an integer (the widths add up to an even number), the stratum a = p attains the value."""
    return Equal(half_codimension(p).subs(N, H + M - 2 * p), published(M, N, H, 0).subs(N, H + M - 2 * p) / 8)


def odd_case() -> Statement:
    """Where a* = p − ½, the stratum a = p attains (8λ + 1)/8 instead ..."""
    odd = {N: H + M + 1 - 2 * p}
    return Equal(half_codimension(p).subs(odd), (published(M, N, H, 0).subs(odd) + 1) / 8)


def odd_case_twice() -> Statement:
    """... and so does a = p − 1: two strata tie, m = 2."""
    odd = {N: H + M + 1 - 2 * p}
    return Equal(half_codimension(p - 1).subs(odd), half_codimension(p).subs(odd))


def odd_case_least() -> Statement:
    """No other integer rank does better, since j(j + 1) ≥ 0 for integers j."""
    j = sp.Symbol("j", integer=True)
    odd = {N: H + M + 1 - 2 * p}
    return AtLeast(half_codimension(p + j).subs(odd), half_codimension(p).subs(odd))


def odd_case_as_even() -> Statement:
    """Control: the parity is dropped, and the even formula used for an odd sum of widths."""
    odd = {N: H + M + 1 - 2 * p}
    return Equal(half_codimension(p).subs(odd), published(M, N, H, 0).subs(odd) / 8)


def wide_output() -> Statement:
    """Case M + H ≤ N: no rank beats a = 0, so λ = HM/2."""
    return AtLeast(half_codimension(a), H * M / 2, given=[N >= M + H])


def wide_input() -> Statement:
    """Case N + H ≤ M: no rank up to H beats a = H, so λ = HN/2."""
    return AtLeast(half_codimension(a), H * N / 2, given=[N + H <= M, a <= H])


def wide_hidden() -> Statement:
    """Case M + N ≤ H: no rank up to M beats a = M, so λ = MN/2: every linear map is within reach."""
    return AtLeast(half_codimension(a), M * N / 2, given=[M + N <= H, a <= M])


def narrow_output() -> Statement:
    """Control: λ = HM/2 without the hypothesis M + H ≤ N."""
    return AtLeast(half_codimension(a), H * M / 2)


def narrow_input() -> Statement:
    """Control: λ = HN/2 without the hypothesis N + H ≤ M."""
    return AtLeast(half_codimension(a), H * N / 2, given=[a <= H])


def narrow_hidden() -> Statement:
    """Control: λ = MN/2 without the hypothesis M + N ≤ H."""
    return AtLeast(half_codimension(a), M * N / 2, given=[a <= M])


def rank_shift() -> Statement:
    """A target of rank r: r(M + N) − r² regular directions, and the network of widths less r with target zero."""
    rest = published(M - r, N - r, H - r, 0) / 8
    return Equal(published(M, N, H, r) / 8, (r * (M + N) - r**2) / 2 + rest)


def rank_shift_without_widths() -> Statement:
    """Control: the regular directions are counted, but the widths of the rest are not reduced."""
    return Equal(published(M, N, H, r) / 8, (r * (M + N) - r**2) / 2 + published(M, N, H, 0) / 8)
