"""Statements about the two posteriors: Gaussian tasks give ridge, a finite pool gives dMMSE, and their limit."""

import sympy as sp

from verified_dynamics.proof import Equal, LimitIs, Statement

s2 = sp.Symbol("sigma2", positive=True)  # the variance of the noise, σ²
a, c = sp.symbols("a c", positive=True)  # diagonal of XᵀX
b, d = sp.symbols("b d", real=True)  # Xᵀy
e = sp.Symbol("e", real=True)  # off the diagonal of XᵀX
t, u = sp.symbols("t u", real=True)  # the task
x, y = sp.symbols("x y", real=True)


def _log_posterior(prior: sp.Expr) -> sp.Expr:
    """Of a task (t, u) with prior variance `prior`, up to a constant: only XᵀX and Xᵀy enter."""
    quadratic = a * t**2 + 2 * e * t * u + c * u**2 - 2 * (b * t + d * u)
    return -quadratic / (2 * s2) - (t**2 + u**2) / (2 * prior)


def _completed(regulariser: sp.Expr) -> sp.Expr:
    """The normalised quadratic form around (XᵀX + regulariser I)⁻¹Xᵀy, plus its value at the centre."""
    precision = sp.Matrix([[a + regulariser, e], [e, c + regulariser]])
    moment = sp.Matrix([b, d])
    centre = precision.adjugate() * moment / precision.det()
    away = sp.Matrix([t, u]) - centre
    return -(away.T * precision * away)[0] / (2 * s2) + (moment.T * centre)[0] / (2 * s2)


def ridge_completes_the_square() -> Statement:
    """The log posterior of a Gaussian task is a Gaussian's with mean (XᵀX + σ²I)⁻¹Xᵀy; two dimensions."""
    determinant = (a + s2) * (c + s2) - e**2
    return Equal(_log_posterior(sp.S.One), _completed(s2), given=[determinant > 0])


def ridge_with_sigma() -> Statement:
    """Control: the regulariser is σ instead of σ²."""
    return Equal(_log_posterior(sp.S.One), _completed(sp.sqrt(s2)), given=[e < sp.sqrt(a * c)])


def ridge_with_wide_prior() -> Statement:
    """Control: tasks from N(0, 4 I), read by ridge with the regulariser σ²."""
    return Equal(_log_posterior(sp.Integer(4)), _completed(s2), given=[e < sp.sqrt(a * c)])


def ridge_recursion() -> Statement:
    """One more example (x, y): the recursion of Sherman and Morrison gives ridge of all examples."""
    covariance, mean = s2 / (a + s2), b / (a + s2)
    gain = covariance * x
    return Equal(mean + gain * (y - mean * x) / (s2 + x * gain), (b + x * y) / (a + x**2 + s2))


def _two_tasks() -> sp.Expr:
    """dMMSE's task after one example (x, y) for the pool {t, u}."""
    first, second = (sp.exp(-((y - task * x) ** 2) / (2 * s2)) for task in (t, u))
    return (t * first + u * second) / (first + second)


def _switch(scale: sp.Expr) -> sp.Expr:
    return (t + u) / 2 + (t - u) / 2 * sp.tanh(((y - u * x) ** 2 - (y - t * x) ** 2) / scale)


def two_tasks_switch() -> Statement:
    """Two tasks, one example: dMMSE is the mean plus half the difference times a tanh of the log odds over two."""
    return Equal(_two_tasks(), _switch(4 * s2))


def two_tasks_switch_without_half() -> Statement:
    """Control: the log odds themselves in the tanh."""
    return Equal(_two_tasks(), _switch(2 * s2))


f = sp.Symbol("f", real=True)
p, q = sp.symbols("p q", positive=True)
t1, t2, t3 = sp.symbols("t_1:4", real=True)


def _posterior_risk(prediction: sp.Expr) -> sp.Expr:
    return p * (prediction - t1) ** 2 + q * (prediction - t2) ** 2 + (1 - p - q) * (prediction - t3) ** 2


def excess_risk_is_distance() -> Statement:
    """Under any posterior, the risk of f exceeds that of the posterior mean by exactly their squared distance."""
    mean = p * t1 + q * t2 + (1 - p - q) * t3
    return Equal(_posterior_risk(f) - _posterior_risk(mean), (f - mean) ** 2)


def excess_risk_over_the_mode() -> Statement:
    """Control: the most probable task in the place of the posterior mean."""
    return Equal(_posterior_risk(f) - _posterior_risk(t1), (f - t1) ** 2, given=[p > q, p + q < 1])


def squared_likelihood() -> Statement:
    """The squared likelihood times the prior is a Gaussian around 2b/(2a + σ²) of variance σ²/(2a + σ²)."""
    exponent = -(a * t**2 - 2 * b * t) / s2 - t**2 / 2
    double = 2 * a + s2
    return Equal(exponent, -double * (t - 2 * b / double) ** 2 / (2 * s2) + 2 * b**2 / (s2 * double))


def _moments() -> sp.Expr:
    """E[L²(t - μ)²]/E[L]² over t ~ N(0, 1), L the likelihood and μ ridge's task, from the two Gaussians."""
    single, double = a + s2, 2 * a + s2
    spread = s2 / double + (2 * b / double - b / single) ** 2
    squared = sp.sqrt(s2 / double) * sp.exp(2 * b**2 / (s2 * double)) * spread
    return squared / (s2 / single * sp.exp(b**2 / (s2 * single)))


def _pool_variance(double: sp.Expr) -> sp.Expr:
    factor = (a + s2) / sp.sqrt(s2 * double) * sp.exp(b**2 / (double * (a + s2)))
    return factor * (s2 / double + (s2 * b / (double * (a + s2))) ** 2)


def pool_variance() -> Statement:
    """M times the variance of dMMSE's task over pools of size M, to leading order in 1/M; one dimension."""
    return Equal(_moments(), _pool_variance(2 * a + s2))


def pool_variance_of_one_likelihood() -> Statement:
    """Control: the posterior in the place of the squared likelihood."""
    return Equal(_moments(), _pool_variance(a + s2))


def equal_likelihoods_give_the_mean() -> Statement:
    """Noise without bound: the weights become equal and dMMSE the pool's mean."""
    return LimitIs(_two_tasks(), s2, sp.oo, (t + u) / 2)
