"""Statements about decoupled weight decay: the norm at which growth and decay balance."""

import sympy as sp

from verified_dynamics.proof import Equal, SeriesIs, Solves, Statement

eta, lam, s, d, R = sp.symbols("eta lambda s d R", positive=True)


def decay_recurrence() -> Statement:
    """M ← q²M + s² relaxes to M* = s²/(1-q²) as M* + (M₀ - M*) q^(2n): monotonically, so that its sign is
    set at once.
    """
    n = sp.Symbol("n", integer=True, nonnegative=True)
    q, M0 = sp.symbols("q M_0", positive=True)
    M = sp.Function("M")
    rest = s**2 / (1 - q**2)
    recurrence = sp.Eq(M(n + 1), q**2 * M(n) + s**2)
    return Solves(
        recurrence, M(n), rest + (M0 - rest) * q ** (2 * n), conditions=sp.Eq(M(0), M0), given=[q < 1]
    )


def _equilibrium() -> sp.Expr:
    return eta**2 * d / (1 - (1 - eta * lam) ** 2)


def decay_equilibrium() -> Statement:
    """Steps of root-mean-square η in d coordinates: N*² = η d/(2λ) + O(η²)."""
    return SeriesIs(_equilibrium(), eta, 0, 2, eta * d / (2 * lam))


def decay_equilibrium_coupled() -> Statement:
    """Control: the penalty enters the normalised gradient of root-mean-square G, and λ acts as λ/G."""
    G = sp.Symbol("G", positive=True)
    return Equal(_equilibrium().subs(lam, lam / G), _equilibrium())


def _threshold(step: sp.Expr) -> sp.Expr:
    """The decay at which one step changes nothing: (1 - ηλ)² N² + η² d = N² with N² = d R²."""
    return (1 - sp.sqrt(1 - step**2 / R**2)) / step


def decay_threshold_exact() -> Statement:
    """At the threshold, decay and step balance exactly."""
    change = (1 - eta * _threshold(eta)) ** 2 * R**2 + eta**2
    return Equal(change, R**2, given=[eta < R])


def decay_threshold() -> Statement:
    """The norm grows iff λ < η/(2R²) + O(η³), R the root mean square of the weights: a line of slope 1 in
    log-log.
    """
    return SeriesIs(_threshold(eta), eta, 0, 3, eta / (2 * R**2))


def decay_threshold_constant() -> Statement:
    """Control: a threshold that does not depend on the step size."""
    return Equal(_threshold(eta), _threshold(eta / 2), given=[eta < R])
