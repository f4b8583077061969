"""The sampler: stationary variance of the discretised dynamics, its limit of stability, and the Gibbs conditional."""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.regular import gaussian_mean
from verified_dynamics.proof import AtLeast, Equal, LimitIs, SeriesIs, Solves, Statement

eps, A, T, C, B, G, h = sp.symbols("epsilon A T C B G h", positive=True)
v, v_0 = sp.symbols("v v_0", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)


def stationary(step: sp.Expr, precision: sp.Expr) -> sp.Expr:
    """1/(A(1 − εA/4)): the variance at which the recursion with full batches rests."""
    return 1 / (precision * (1 - step * precision / 4))


def _next(variance: sp.Expr, step: sp.Expr, minibatch: sp.Expr) -> sp.Expr:
    """Variance after one step of w ← w − (ε/2)(A w + T g_noise) + N(0, ε)."""
    return (1 - step * A / 2) ** 2 * variance + step + (step * T / 2) ** 2 * minibatch


def stationary_variance() -> Statement:
    """With minibatch gradients of covariance C/B the variance (1 + εT²C/(4B))/(A(1 − εA/4)) reproduces itself."""
    rest = (1 + eps * T**2 * C / (4 * B)) * stationary(eps, A)
    return Equal(_next(rest, eps, C / B), rest, given=[eps * A < 4])


def stationary_variance_without_minibatch_noise() -> Statement:
    """Control: the minibatch noise stays in the recursion and is dropped from the answer."""
    rest = stationary(eps, A)
    return Equal(_next(rest, eps, C / B), rest, given=[eps * A < 4])


def variance_along_the_chain() -> Statement:
    """From any start the variance approaches it like (1 − εA/2)^{2n}."""
    V = sp.Function("V")
    q = (1 - eps * A / 2) ** 2
    rest = stationary(eps, A)
    recurrence = sp.Eq(V(n + 1), q * V(n) + eps)
    return Solves(
        recurrence, V(n), rest + (v_0 - rest) * q**n, conditions=sp.Eq(V(0), v_0), given=[eps * A < 4]
    )


def stable_steps() -> Statement:
    """The factor is below one while εA < 4."""
    return AtLeast(1, (1 - eps * A / 2) ** 2, strict=True, given=[eps * A < 4])


def stable_steps_of_any_size() -> Statement:
    """Control: the same without a bound on the step."""
    return AtLeast(1, (1 - eps * A / 2) ** 2, strict=True)


def inflation() -> Statement:
    """The discretisation inflates the variance, and with it the estimate, by 1 + εA/4 + O(ε²)."""
    return SeriesIs(A * stationary(eps, A), eps, 0, 2, 1 + eps * A / 4)


def inflation_to_second_order() -> Statement:
    """Control: the second order of the step is dropped, and the remainder is claimed to be O(ε³)."""
    return SeriesIs(A * stationary(eps, A), eps, 0, 3, 1 + eps * A / 4)


def inflation_quarter_at_a_fifth() -> Statement:
    """At εA/4 = 1/5 the inflation is one quarter."""
    return Equal(A * stationary(eps, A).subs(eps, sp.Rational(4, 5) / A), sp.Rational(5, 4))


def _preconditioned(variance: sp.Expr, on_noise: sp.Expr) -> sp.Expr:
    """Variance after one step with the gradient preconditioned by G and noise of variance ε times `on_noise`."""
    return (1 - eps * G * A / 2) ** 2 * variance + eps * on_noise


def preconditioned_variance() -> Statement:
    """A constant preconditioner of gradient, localisation and noise acts as the step εG ..."""
    rest = stationary(eps * G, A)
    return Equal(_preconditioned(rest, G), rest, given=[eps * G * A < 4])


def preconditioned_target() -> Statement:
    """... so that the limit of small steps is the same distribution."""
    return LimitIs(stationary(eps * G, A), eps, 0, 1 / A)


def preconditioned_without_noise() -> Statement:
    """Control: the noise is not preconditioned."""
    rest = stationary(eps * G, A)
    return Equal(_preconditioned(rest, 1), rest, given=[eps * G * A < 4])


def preconditioned_without_localisation() -> Statement:
    """Control: the localisation's force is not preconditioned, which makes it γ/G in the target."""
    gamma = sp.Symbol("gamma", positive=True)
    return LimitIs(stationary(eps * G, T * h + gamma / G), eps, 0, 1 / (T * h + gamma))


def _layer_energy(w: sp.Expr) -> sp.Expr:
    """(T/2)(a w b − g)² + (γ/2)(w − w_0)², a layer of one weight between fixed layers a and b."""
    a, b, g, w_0, gamma = _layer_symbols()
    return T / 2 * (a * w * b - g) ** 2 + gamma / 2 * (w - w_0) ** 2


def _layer_symbols() -> tuple[sp.Symbol, ...]:
    return (*sp.symbols("a b g w_0", real=True), sp.Symbol("gamma", positive=True))


def gibbs_conditional() -> Statement:
    """Given the other layers a layer is Gaussian: precision T a²b² + γ, mean (T a b g + γ w_0)/(T a²b² + γ)."""
    a, b, g, w_0, gamma = _layer_symbols()
    w = sp.Symbol("w", real=True)
    precision = T * a**2 * b**2 + gamma
    mean = (T * a * b * g + gamma * w_0) / precision
    return Equal(_layer_energy(w) - _layer_energy(mean), precision / 2 * (w - mean) ** 2)


def gibbs_conditional_loss() -> Statement:
    """The mean loss given the other layers is that of the mean plus (1 − γ/precision)/(2T)."""
    a, b, g, _w_0, gamma = _layer_symbols()
    precision = T * a**2 * b**2 + gamma
    mean, z = sp.Symbol("mu", real=True), sp.Symbol("w", real=True)
    loss = (a * mean * b - g) ** 2 / 2 + a**2 * b**2 * gaussian_mean(z**2, precision) / 2
    return Equal(loss, (a * mean * b - g) ** 2 / 2 + (1 - gamma / precision) / (2 * T))


def gibbs_conditional_without_localisation() -> Statement:
    """Control: the localisation is dropped from the conditional precision."""
    a, b, g, w_0, gamma = _layer_symbols()
    w = sp.Symbol("w", real=True)
    mean = (T * a * b * g + gamma * w_0) / (T * a**2 * b**2 + gamma)
    return Equal(_layer_energy(w) - _layer_energy(mean), T * a**2 * b**2 / 2 * (w - mean) ** 2)
