"""Expansions: activations, the equilibrium norm of weight decay, normalisation with epsilon, entropies."""

from sympy import (
    Abs,
    Function,
    Rational,
    cos,
    erf,
    exp,
    log,
    oo,
    pi,
    sin,
    sqrt,
    symbols,
    tanh,
)

from verified_dynamics.proof import SeriesIs

x = symbols("x", real=True)
eta, lam, d, eps, sig, a = symbols("eta lambda d eps sigma a", positive=True)
t = symbols("t", positive=True)
f = Function("f")
sigmoid = 1 / (1 + exp(-x))
gelu = x / 2 * (1 + erf(x / sqrt(2)))
softplus = log(1 + exp(x))
equilibrium = eta**2 * d / (1 - (1 - eta * lam) ** 2)
binary = -(Rational(1, 2) + x) * log(Rational(1, 2) + x) - (Rational(1, 2) - x) * log(Rational(1, 2) - x)

TRUE = (
    SeriesIs(tanh(x), x, 0, 5, x - x**3 / 3),
    SeriesIs(tanh(x), x, 0, 7, x - x**3 / 3 + 2 * x**5 / 15),
    SeriesIs(sigmoid, x, 0, 5, Rational(1, 2) + x / 4 - x**3 / 48),
    SeriesIs(gelu, x, 0, 4, x / 2 + x**2 / sqrt(2 * pi)),
    SeriesIs(gelu.subs(x, lam * x) - lam * gelu, x, 0, 4, lam * (lam - 1) * x**2 / sqrt(2 * pi)),
    SeriesIs(x * sigmoid, x, 0, 4, x / 2 + x**2 / 4),
    SeriesIs(softplus, x, 0, 4, log(2) + x / 2 + x**2 / 8),
    SeriesIs(erf(x), x, 0, 5, 2 / sqrt(pi) * (x - x**3 / 3)),
    SeriesIs(exp(-a * x), x, 0, 3, 1 - a * x + a**2 * x**2 / 2),
    SeriesIs(exp(sin(x)), x, 0, 4, 1 + x + x**2 / 2),
    SeriesIs(log(1 + x), x, 0, 4, x - x**2 / 2 + x**3 / 3),
    SeriesIs(1 / (1 - x), x, 0, 4, 1 + x + x**2 + x**3),
    SeriesIs(sqrt(1 + x), x, 0, 3, 1 + x / 2 - x**2 / 8),
    SeriesIs((1 + x) ** a, x, 0, 3, 1 + a * x + a * (a - 1) / 2 * x**2),
    SeriesIs(sin(x) / x, x, 0, 4, 1 - x**2 / 6),
    SeriesIs((exp(x) - 1) / x, x, 0, 3, 1 + x / 2 + x**2 / 6),
    SeriesIs(equilibrium, eta, 0, 2, eta * d / (2 * lam)),
    SeriesIs(equilibrium, eta, 0, 3, eta * d / (2 * lam) + eta**2 * d / 4),
    SeriesIs(1 / sqrt(sig**2 + eps), eps, 0, 2, 1 / sig - eps / (2 * sig**3)),
    SeriesIs(binary, x, 0, 4, log(2) - 2 * x**2),
    SeriesIs(log(x), x, 1, 3, (x - 1) - (x - 1) ** 2 / 2),
    SeriesIs(cos(x), x, pi, 4, -1 + (x - pi) ** 2 / 2),
    SeriesIs(f(x), x, 0, 2, f(0) + x * f(x).diff(x).subs(x, 0)),
    SeriesIs(log(1 + t), t, oo, 2, log(t) + 1 / t),
    SeriesIs(sqrt(t**2 + t), t, oo, 1, t + Rational(1, 2)),
    SeriesIs(sqrt(t + t**2), t, 0, Rational(5, 2), sqrt(t) + t ** Rational(3, 2) / 2),
)

FALSE = (
    SeriesIs(tanh(x), x, 0, 5, x + x**3 / 3),
    SeriesIs(tanh(x), x, 0, 6, x - x**3 / 3),  # the remainder is of order 5
    SeriesIs(tanh(x), x, 0, 7, x - x**3 / 3 + x**5 / 15),
    SeriesIs(sigmoid, x, 0, 5, Rational(1, 2) + x / 4 - x**3 / 24),
    SeriesIs(sigmoid, x, 0, 3, Rational(1, 2) + x / 2),
    SeriesIs(gelu, x, 0, 4, x / 2 + x**2 / sqrt(pi)),
    SeriesIs(gelu, x, 0, 4, x / 2 - x**2 / sqrt(2 * pi)),
    SeriesIs(gelu.subs(x, lam * x) - lam * gelu, x, 0, 4, lam * (lam + 1) * x**2 / sqrt(2 * pi)),
    SeriesIs(gelu.subs(x, lam * x) - lam * gelu, x, 0, 4, 0),
    SeriesIs(x * sigmoid, x, 0, 4, x / 2 + x**2 / 2),
    SeriesIs(softplus, x, 0, 4, log(2) + x / 2 + x**2 / 4),
    SeriesIs(erf(x), x, 0, 5, 2 / sqrt(pi) * (x - x**3 / 6)),
    SeriesIs(exp(-a * x), x, 0, 3, 1 - a * x - a**2 * x**2 / 2),
    SeriesIs(exp(sin(x)), x, 0, 4, 1 + x + x**2 / 2 + x**3 / 6),
    SeriesIs(log(1 + x), x, 0, 4, x - x**2 / 2 + x**3 / 4),
    SeriesIs(1 / (1 - x), x, 0, 4, 1 + x + x**2),
    SeriesIs(sqrt(1 + x), x, 0, 3, 1 + x / 2 + x**2 / 8),
    SeriesIs((1 + x) ** a, x, 0, 3, 1 + a * x + a * (a + 1) / 2 * x**2),
    SeriesIs(sin(x) / x, x, 0, 4, 1 - x**2 / 3),
    SeriesIs((exp(x) - 1) / x, x, 0, 3, 1 + x / 2 + x**2 / 3),
    SeriesIs(equilibrium, eta, 0, 2, eta * d / lam),
    SeriesIs(equilibrium, eta, 0, 3, eta * d / (2 * lam) + eta**2 * d / 2),
    SeriesIs(1 / sqrt(sig**2 + eps), eps, 0, 2, 1 / sig - eps / sig**3),
    SeriesIs(binary, x, 0, 4, log(2) - x**2),
    SeriesIs(log(x), x, 1, 3, (x - 1) + (x - 1) ** 2 / 2),
    SeriesIs(cos(x), x, pi, 4, 1 - (x - pi) ** 2 / 2),
    SeriesIs(f(x), x, 0, 2, f(0) - x * f(x).diff(x).subs(x, 0)),
    SeriesIs(log(1 + t), t, oo, 2, log(t) - 1 / t),
    SeriesIs(sqrt(t**2 + t), t, oo, 1, t + 1),
    SeriesIs(sqrt(t + t**2), t, 0, Rational(5, 2), sqrt(t) + t ** Rational(3, 2)),
    SeriesIs(Abs(x), x, 0, 2, x),  # differs on the left
)
