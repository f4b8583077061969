"""Statements about the growth of the squared norm under several laws of the steps (Merrill et al. 2021,
section 5).
"""

import sympy as sp

from verified_dynamics.proof import Equal, Solves, Statement

t = sp.Symbol("t", positive=True)
kappa, eta, s, G = sp.symbols("kappa eta s G", positive=True)
N1, S0 = sp.symbols("N_1 S_0", positive=True)
N, S = sp.Function("N"), sp.Function("S")


def squared_norm_identity() -> Statement:
    """(θ + δ)² = θ² + 2θδ + δ² for one coordinate; summed over coordinates, the exact budget of the squared
    norm.
    """
    theta, delta = sp.symbols("theta delta", real=True)
    return Equal((theta + delta) ** 2 - theta**2, 2 * theta * delta + delta**2)


def squared_norm_identity_as_printed() -> Statement:
    """Control: the identity as printed in the paper, without the factor 2."""
    theta, delta = sp.symbols("theta delta", real=True)
    return Equal((theta + delta) ** 2 - theta**2, theta * delta + delta**2)


def aligned_growth() -> Statement:
    """Aligned steps of length κN/√t: N = N₁ exp(2κ(√t - 1))."""
    equation = sp.Eq(N(t).diff(t), kappa * N(t) / sp.sqrt(t))
    return Solves(equation, N(t), N1 * sp.exp(2 * kappa * (sp.sqrt(t) - 1)), conditions=sp.Eq(N(1), N1))


def aligned_power_law() -> Statement:
    """Control: a power law N₁ t^κ for aligned steps."""
    equation = sp.Eq(N(t).diff(t), kappa * N(t) / sp.sqrt(t))
    return Solves(equation, N(t), N1 * t**kappa, conditions=sp.Eq(N(1), N1))


def misaligned_growth() -> Statement:
    """Misaligned steps of length κN/√t: (N²)' = κ²N²/t, hence N = N₁ t^(κ²/2)."""
    equation = sp.Eq(2 * N(t) * N(t).diff(t), kappa**2 * N(t) ** 2 / t)
    return Solves(equation, N(t), N1 * t ** (kappa**2 / 2), conditions=sp.Eq(N(1), N1))


def misaligned_square_root() -> Statement:
    """Control: N ∝ √t for every κ, as the proportionality sign of the paper suggests."""
    equation = sp.Eq(2 * N(t) * N(t).diff(t), kappa**2 * N(t) ** 2 / t)
    return Solves(equation, N(t), N1 * sp.sqrt(t), conditions=sp.Eq(N(1), N1))


def constant_step_growth() -> Statement:
    """Misaligned steps of constant length s: N² = N₀² + s² t."""
    equation = sp.Eq(S(t).diff(t), s**2)
    return Solves(equation, S(t), S0 + s**2 * t, conditions=sp.Eq(S(0), S0))


def scale_invariant_growth() -> Statement:
    """Gradients of length G/N at a constant step size: N⁴ = N₀⁴ + 2η²G² t."""
    equation = sp.Eq(S(t).diff(t), eta**2 * G**2 / S(t))
    return Solves(equation, S(t), sp.sqrt(S0**2 + 2 * eta**2 * G**2 * t), conditions=sp.Eq(S(0), S0))


def scale_invariant_decaying_growth() -> Statement:
    """The same with the step size 1/√t: N⁴ = N₁⁴ + 2G² log t."""
    equation = sp.Eq(S(t).diff(t), G**2 / (t * S(t)))
    return Solves(equation, S(t), sp.sqrt(S0**2 + 2 * G**2 * sp.log(t)), conditions=sp.Eq(S(1), S0))


def scale_invariant_gradient() -> Statement:
    """Euler: the gradient of any smooth function of the ratio u/v is orthogonal to (u, v)."""
    u, v = sp.symbols("u v", positive=True)
    loss = sp.Function("f")(u / v)
    return Equal(u * loss.diff(u).doit() + v * loss.diff(v).doit(), 0)


def any_gradient_orthogonal() -> Statement:
    """Control: the same for a function of u + v, which is not scale-invariant."""
    u, v = sp.symbols("u v", positive=True)
    loss = sp.tanh(u + v)
    return Equal(u * loss.diff(u) + v * loss.diff(v), 0)


def _momentum_sum(n: sp.Expr, beta: sp.Expr) -> sp.Expr:
    return n * (1 + beta) / (1 - beta) - 2 * beta * (1 - beta**n) / (1 - beta) ** 2


def momentum_growth() -> Statement:
    """Unit steps with correlation β^k at lag k: the expected squared distance V_n solves its recurrence
    exactly.
    """
    n = sp.Symbol("n", integer=True, nonnegative=True)
    beta = sp.Symbol("beta", positive=True)
    V = sp.Function("V")
    recurrence = sp.Eq(V(n + 1), V(n) + 1 + 2 * beta * (1 - beta**n) / (1 - beta))
    return Solves(recurrence, V(n), _momentum_sum(n, beta), conditions=sp.Eq(V(0), 0), given=[beta < 1])


def momentum_without_correlation() -> Statement:
    """Control: the sum of the squared steps alone."""
    n = sp.Symbol("n", integer=True, nonnegative=True)
    beta = sp.Symbol("beta", positive=True)
    V = sp.Function("V")
    recurrence = sp.Eq(V(n + 1), V(n) + 1 + 2 * beta * (1 - beta**n) / (1 - beta))
    return Solves(recurrence, V(n), n, conditions=sp.Eq(V(0), 0), given=[beta < 1])


K, rho, T = sp.symbols("K rho T", positive=True)


def adafactor_constant_phase() -> Statement:
    """Steps of length √K ρ N with constant ρ: N² = N₀² exp(K ρ² t)."""
    equation = sp.Eq(S(t).diff(t), K * rho**2 * S(t))
    return Solves(equation, S(t), S0 * sp.exp(K * rho**2 * t), conditions=sp.Eq(S(0), S0))


def adafactor_decaying_phase() -> Statement:
    """Steps of length √K N/√t from time T on: N² = N_T² (t/T)^K."""
    equation = sp.Eq(S(t).diff(t), K * S(t) / t)
    return Solves(equation, S(t), S0 * (t / T) ** K, conditions=sp.Eq(S(T), S0))


def adafactor_linear_in_time() -> Statement:
    """Control: N² linear in t, that is N ∝ √t, for every K."""
    equation = sp.Eq(S(t).diff(t), K * S(t) / t)
    return Solves(equation, S(t), S0 * t / T, conditions=sp.Eq(S(T), S0))
