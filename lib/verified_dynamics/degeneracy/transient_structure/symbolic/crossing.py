"""Statements about the evolving trade-off of loss and complexity (Carroll et al. 2025, equation 8)."""

import sympy as sp

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, Statement

gap, extra = sp.symbols("Delta_ell Delta_lambda", positive=True)  # |Δℓ| and Δλ
n = sp.Symbol("n", positive=True)
u = sp.Symbol("u", positive=True)  # log n*


def _log_odds(samples: sp.Expr, loss_gap: sp.Expr) -> sp.Expr:
    """log of p_n(simple)/p_n(accurate): complexity for the simple solution, loss against it."""
    return extra * sp.log(samples) - samples * loss_gap


def crossing_balances() -> Statement:
    """With |Δℓ| = Δλ u e^(-u), the log odds vanish at n* = e^u."""
    return Equal(_log_odds(sp.exp(u), extra * u * sp.exp(-u)), 0)


def crossing_without_logarithm() -> Statement:
    """Control: n* = Δλ/|Δℓ|, as though the complexity counted without its log n."""
    return Equal(_log_odds(extra / gap, gap), 0)


def odds_decrease_after_the_maximum() -> Statement:
    """For n > Δλ/|Δℓ| the log odds fall, hence for good after they cross zero at u > 1."""
    return AtLeast(0, sp.diff(_log_odds(n, gap), n), strict=True, given=[n > extra / gap])


def odds_decrease_everywhere() -> Statement:
    """Control: the same without the hypothesis on n."""
    return AtLeast(0, sp.diff(_log_odds(n, gap), n), strict=True)


def no_crossing_above() -> Statement:
    """log n <= n/e: where |Δℓ| >= Δλ/e, the accurate solution is preferred at every n."""
    return AtLeast(n / sp.E, sp.log(n))


def crossing_falls_with_the_gap() -> Statement:
    """dn*/dr < 0 for r = |Δℓ|/Δλ = u e^(-u) on the later branch u > 1."""
    return AtLeast(0, sp.exp(u) / sp.diff(u * sp.exp(-u), u), strict=True, given=[u > 1])


def crossing_falls_on_the_other_branch() -> Statement:
    """Control: the earlier crossing, u < 1, the other branch of Lambert's function."""
    return AtLeast(0, sp.exp(u) / sp.diff(u * sp.exp(-u), u), strict=True, given=[u < 1])


def crossing_rises_with_the_coefficient() -> Statement:
    """dn*/dΔλ > 0 for Δλ = |Δℓ| e^u/u at a fixed gap, u > 1: the largest coefficient gives the latest crossing."""
    return AtLeast(sp.exp(u) / sp.diff(gap * sp.exp(u) / u, u), 0, strict=True, given=[u > 1])


def crossing_asymptotics() -> Statement:
    """For a small gap n* ~ (Δλ/|Δℓ|) log(Δλ/|Δℓ|): superlinear in the inverse gap."""
    ratio = sp.exp(u) / u  # Δλ/|Δℓ|
    return AsymptoticTo(sp.exp(u), ratio * (u - sp.log(u)), u)


def crossing_linear() -> Statement:
    """Control: n* proportional to the inverse gap."""
    return AsymptoticTo(sp.exp(u), sp.exp(u) / u, u)


def units_of_the_loss() -> Statement:
    """A squared error of (f - y)² costs (f - y)²/(2σ²) nats, up to a constant: the Gaussian's log density."""
    f, y = sp.symbols("f y", real=True)
    s2 = sp.Symbol("sigma2", positive=True)
    density = sp.exp(-((y - f) ** 2) / (2 * s2)) / sp.sqrt(2 * sp.pi * s2)
    return Equal(-sp.log(density), (f - y) ** 2 / (2 * s2) + sp.log(2 * sp.pi * s2) / 2)
