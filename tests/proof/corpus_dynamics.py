"""Differential equations, recurrences and finite sums."""

from sympy import (
    Eq,
    Function,
    LambertW,
    Rational,
    Sum,
    binomial,
    cos,
    cosh,
    exp,
    factorial,
    log,
    sin,
    sqrt,
    symbols,
    tan,
    tanh,
)

from verified_dynamics.proof import Equal, Solves

t, tau = symbols("t tau", positive=True)
time = symbols("time", real=True)
a, b, k, s, eta, lam, N0, G, kappa = symbols("a b k s eta lambda N0 G kappa", positive=True)
r = symbols("r", positive=True)
n, T = symbols("n T", integer=True, positive=True)
i, j = symbols("i j", integer=True)
N, f, g, h, w = (Function(name) for name in ("N", "f", "g", "h", "w"))


def ode(right, left=None):
    """N'(t) = right, or left = right."""
    return Eq(N(t).diff(t) if left is None else left, right)


square = (N(t) ** 2).diff(t)
decayed = (1 - eta * lam) ** 2

TRUE = (
    Solves(ode(kappa * N(t) / sqrt(t)), N(t), N0 * exp(2 * kappa * sqrt(t))),
    Solves(ode(kappa**2 * N(t) ** 2 / t, square), N(t), N0 * t ** (kappa**2 / 2)),
    Solves(ode(s**2, square), N(t), sqrt(N0**2 + s**2 * t), conditions=[Eq(N(0), N0)]),
    Solves(ode(eta**2 * G**2 / N(t) ** 2, square), N(t), (N0**4 + 2 * eta**2 * G**2 * t) ** Rational(1, 4)),
    Solves(ode(G**2 / (t * N(t) ** 2), square), N(t), (N0**4 + 2 * G**2 * log(t)) ** Rational(1, 4)),
    Solves(ode(-2 * lam * N(t)), N(t), N0 * exp(-2 * lam * t), conditions=[Eq(N(0), N0)]),
    Solves(Eq(f(t).diff(t), a * exp(-a * f(t))), f(t), log(1 + a**2 * t) / a, conditions=[Eq(f(0), 0)]),
    Solves(Eq(f(t).diff(t), exp(-f(t))), f(t), log(t + b)),
    Solves(Eq(f(t).diff(t), f(t) * (1 - f(t))), f(t), 1 / (1 + b * exp(-t))),
    Solves(Eq(f(t).diff(t), 1 - f(t) ** 2), f(t), tanh(t), conditions=[Eq(f(0), 0)]),
    Solves(Eq(f(t).diff(t), 1 + f(t) ** 2), f(t), tan(t)),
    Solves(
        f(t).diff(t, 2) + k**2 * f(t),
        f(t),
        a * cos(k * t) + b * sin(k * t),
        conditions=[Eq(f(0), a), Eq(f(t).diff(t).subs(t, 0), k * b)],
    ),
    Solves(f(t).diff(t, 2) - k**2 * f(t), f(t), a * cosh(k * t)),
    Solves(Eq(t * f(t).diff(t), f(t)), f(t), a * t),
    Solves(Eq(t * f(t).diff(t), 2 * f(t)), f(t), a * t**2),
    Solves((Eq(f(t).diff(t), -k * g(t)), Eq(g(t).diff(t), k * f(t))), (f(t), g(t)), (cos(k * t), sin(k * t))),
    Solves(
        (Eq(f(t).diff(t), a * g(t)), Eq(g(t).diff(t), a * f(t))),
        (f(t), g(t)),
        (exp(a * t), exp(a * t)),
        conditions=[Eq(f(0), 1)],
    ),
    Solves(Eq(w(t).diff(t), 1 / (1 + 1 / w(t))), w(t), LambertW(exp(t + b))),
    Solves(Eq(f(n + 1), a * f(n)), f(n), b * a**n, conditions=[Eq(f(0), b)]),
    Solves(Eq(f(n + 1), r * f(n) + b), f(n), r**n * a + b * (1 - r**n) / (1 - r), conditions=[Eq(f(0), a)]),
    Solves(Eq(f(n + 1), decayed * f(n) + s**2), f(n), s**2 / (1 - decayed)),
    Solves(Eq(f(n + 1), f(n) + n + 1), f(n), n * (n + 1) / 2, conditions=[Eq(f(0), 0)]),
    Solves(Eq(f(n + 2), f(n + 1) + f(n)), f(n), ((1 + sqrt(5)) / 2) ** n),
    Solves(Eq(f(n + 1), (n + 1) * f(n)), f(n), factorial(n)),
    Solves(Eq(f(n + 1) - f(n), 2**n), f(n), 2**n),
    Equal(Sum(i, (i, 1, T)), T * (T + 1) / 2),
    Equal(Sum(i, (i, 1, T)) / T, (T + 1) / 2),
    Equal((Sum(T - i, (i, 1, T - 1)) + 1) / T, (T * (T - 1) / 2 + 1) / T),
    Equal(Sum(i**2, (i, 1, n)), n * (n + 1) * (2 * n + 1) / 6),
    Equal(Sum(i**3, (i, 1, n)), Sum(i, (i, 1, n)) ** 2),
    Equal(Sum(2**i, (i, 0, n)), 2 ** (n + 1) - 1),
    Equal(Sum(1 / (i * (i + 1)), (i, 1, n)), n / (n + 1)),
    Equal(Sum(binomial(n, i), (i, 0, n)), 2**n),
    Equal(Sum(exp(-i * a), (i, 0, n)), (1 - exp(-(n + 1) * a)) / (1 - exp(-a))),
    Equal(factorial(n + 1) / factorial(n), n + 1),
    Equal(binomial(n + 1, 2) - binomial(n, 2), n),
)

FALSE = (
    Solves(ode(kappa * N(t) / sqrt(t)), N(t), N0 * exp(kappa * sqrt(t))),
    Solves(ode(kappa**2 * N(t) ** 2 / t, square), N(t), N0 * t ** (kappa**2)),
    Solves(ode(kappa**2 * N(t) ** 2 / t, square), N(t), N0 * sqrt(t)),  # true for kappa = 1 only
    Solves(ode(s**2, square), N(t), sqrt(N0**2 + 2 * s**2 * t), conditions=[Eq(N(0), N0)]),
    Solves(ode(s**2, square), N(t), sqrt(N0 + s**2 * t), conditions=[Eq(N(0), N0)]),
    Solves(ode(eta**2 * G**2 / N(t) ** 2, square), N(t), (N0**4 + eta**2 * G**2 * t) ** Rational(1, 4)),
    Solves(ode(eta**2 * G**2 / N(t) ** 2, square), N(t), (N0**4 + 2 * eta**2 * G**2 * t) ** Rational(1, 3)),
    Solves(ode(G**2 / (t * N(t) ** 2), square), N(t), (N0**4 - 2 * G**2 * log(t)) ** Rational(1, 4)),
    Solves(ode(-2 * lam * N(t)), N(t), N0 * exp(-lam * t), conditions=[Eq(N(0), N0)]),
    Solves(ode(-2 * lam * N(t)), N(t), N0 * exp(-2 * lam * t), conditions=[Eq(N(0), 2 * N0)]),
    Solves(Eq(f(t).diff(t), a * exp(-a * f(t))), f(t), log(1 + a * t) / a),
    Solves(Eq(f(t).diff(t), a * exp(-a * f(t))), f(t), log(2 + a**2 * t) / a, conditions=[Eq(f(0), 0)]),
    Solves(Eq(f(t).diff(t), exp(f(t))), f(t), log(t + b)),
    Solves(Eq(f(t).diff(t), f(t) * (1 - f(t))), f(t), 1 / (1 + b * exp(t))),
    Solves(Eq(f(t).diff(t), 1 - f(t) ** 2), f(t), tanh(2 * t), conditions=[Eq(f(0), 0)]),
    Solves(Eq(f(t).diff(t), 1 - f(t) ** 2), f(t), tan(t)),
    Solves(f(t).diff(t, 2) + k * f(t), f(t), a * cos(k * t) + b * sin(k * t)),
    Solves(
        f(t).diff(t, 2) + k**2 * f(t),
        f(t),
        a * cos(k * t) + b * sin(k * t),
        conditions=[Eq(f(t).diff(t).subs(t, 0), b)],
    ),
    Solves(f(t).diff(t, 2) + k**2 * f(t), f(t), a * cosh(k * t)),
    Solves(Eq(t * f(t).diff(t), f(t)), f(t), a * t**2),
    Solves(
        (Eq(f(t).diff(t), -k * g(t)), Eq(g(t).diff(t), k * f(t))), (f(t), g(t)), (cos(k * t), -sin(k * t))
    ),
    Solves((Eq(f(t).diff(t), a * g(t)), Eq(g(t).diff(t), a * f(t))), (f(t), g(t)), (exp(a * t), exp(-a * t))),
    Solves(Eq(w(t).diff(t), 1 / (1 - 1 / w(t))), w(t), LambertW(exp(t + b))),
    Solves(Eq(f(n + 1), a * f(n)), f(n), b * a ** (n + 1), conditions=[Eq(f(0), b)]),
    Solves(Eq(f(n + 1), r * f(n) + b), f(n), r**n * a + b * (1 - r**n) / (1 + r)),
    Solves(Eq(f(n + 1), decayed * f(n) + s**2), f(n), s**2 / (1 + decayed)),
    Solves(Eq(f(n + 1), decayed * f(n) + s**2), f(n), s**2 / (2 * eta * lam)),  # the leading order only
    Solves(Eq(f(n + 1), f(n) + n), f(n), n * (n + 1) / 2),
    Solves(Eq(f(n + 2), f(n + 1) + f(n)), f(n), (Rational(161803398875, 10**11)) ** n),  # nearly golden
    Solves(Eq(f(n + 1), n * f(n)), f(n), factorial(n)),
    Solves(Eq(f(n + 1) - f(n), 2**n), f(n), 2**n + n),
    Equal(Sum(i, (i, 1, T)), T * (T - 1) / 2),
    Equal(Sum(i, (i, 1, T)) / T, T / 2),
    Equal((Sum(T - i, (i, 1, T - 1)) + 1) / T, (T + 1) / 2),
    Equal(Sum(i**2, (i, 1, n)), n * (n + 1) * (n + 2) / 6),
    Equal(Sum(2**i, (i, 0, n)), 2**n - 1),
    Equal(Sum(1 / (i * (i + 1)), (i, 1, n)), (n + 1) / (n + 2)),
    Equal(Sum(exp(-i * a), (i, 0, n)), (1 - exp(-n * a)) / (1 - exp(-a))),
    Equal(binomial(n + 1, 2) - binomial(n, 2), n + 1),
)
