"""Limits and asymptotics of sigmoid, tanh, softmax, layer normalisation, the exactly solvable flow, growth laws."""

from sympy import (
    Abs,
    LambertW,
    Max,
    Rational,
    Symbol,
    atan,
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

from verified_dynamics.proof import AsymptoticTo, LimitIs

t, x, R, c = symbols("t x R c", positive=True)
a, b, eps, sig, s, N0, k, eta, lam = symbols("a b eps sigma s N0 k eta lambda", positive=True)
y = symbols("y", real=True)
z = Symbol("z", real=True)


def sigmoid(u):
    return 1 / (1 + exp(-u))


def softmax(first, second):
    """The first of two softmax weights."""
    return exp(first) / (exp(first) + exp(second))


w1, w2 = log(1 + a**2 * t) / a, log(1 + b**2 * t) / b
loss = 1 / (1 + a**2 * t) + 1 / (1 + b**2 * t)
p1, p2 = log(1 + t), log(1 + 4 * t) / 2  # the flow for a = 1, b = 2
gamma12 = 2 / sqrt(5)
norm12 = sqrt(p1**2 + p2**2)
gelu = z / 2 * (1 + erf(z / sqrt(2)))
layer = c**2 * (1 / sig - c / sqrt(c**2 * sig**2 + eps))

TRUE = (
    LimitIs(sigmoid(c * x), c, oo, 1),
    LimitIs(sigmoid(-c * x), c, oo, 0),
    LimitIs(sigmoid(c * x) - sigmoid(x), c, oo, 1 / (exp(x) + 1)),
    LimitIs(exp(x) * (1 - sigmoid(x)), x, oo, 1),
    LimitIs(exp(2 * x) * (1 - tanh(x)), x, oo, 2),
    LimitIs(tanh(c * x), c, oo, 1),
    LimitIs(x * (1 - x / (1 + x)), x, oo, 1),
    LimitIs(exp(x) * (1 - x / (1 + x)), x, oo, oo),
    LimitIs(x * (1 - 2 / pi * atan(x)), x, oo, 2 / pi),
    LimitIs(1 - softmax(R, R / 2), R, oo, 0),
    LimitIs(softmax(R, R - 1), R, oo, sigmoid(1)),
    LimitIs(sigmoid(c - (c - 1)), c, oo, 1 / (1 + exp(-1))),
    LimitIs(sigmoid(2 * c - (c - 1)), c, oo, 1),
    LimitIs(softmax(c * a, c * a), c, oo, Rational(1, 2)),
    LimitIs(c * (sigmoid(c * x) - sigmoid(x)), c, oo, oo),
    LimitIs(layer, c, oo, eps / (2 * sig**3)),
    LimitIs(w1 - log(t) / a, t, oo, 2 * log(a) / a),
    LimitIs(t * (w1 - log(a**2 * t) / a), t, oo, 1 / a**3),
    LimitIs(t * loss, t, oo, 1 / a**2 + 1 / b**2),
    LimitIs(w1 / log(t), t, oo, 1 / a),
    LimitIs(norm12 * gamma12 / log(t), t, oo, 1),
    LimitIs(p2 / p1, t, oo, Rational(1, 2)),
    LimitIs(sin(x) / x, x, 0, 1),
    LimitIs((1 - exp(-x)) / x, x, 0, 1),
    LimitIs(x * log(x), x, 0, 0),
    LimitIs((1 + a / x) ** x, x, oo, exp(a)),
    LimitIs(log(exp(c * a) + exp(c * b)) / c, c, oo, Max(a, b)),
    LimitIs(gelu / z, z, oo, 1),
    LimitIs(gelu, z, -oo, 0),
    LimitIs(s**2 / (1 - (1 - eta * lam) ** 2) * eta, eta, 0, s**2 / (2 * lam)),
    LimitIs((1 - eta * lam / k) ** k, k, oo, exp(-eta * lam)),
    LimitIs(LambertW(x) / log(x), x, oo, 1),
    LimitIs(Abs(z) / z, z, 0, -1, direction="-"),
    LimitIs(log(x) / x**eta, x, oo, 0),
    LimitIs(log(log(x)) / log(x), x, oo, 0),
    AsymptoticTo(log(1 + a**2 * t), log(t), t),
    AsymptoticTo(loss, (1 / a**2 + 1 / b**2) / t, t),
    AsymptoticTo(1 - tanh(x), 2 * exp(-2 * x), x),
    AsymptoticTo(sqrt(N0**2 + s**2 * t), s * sqrt(t), t),
    AsymptoticTo(LambertW(exp(x)), x, x),
    AsymptoticTo(exp(x) - 1, x, x, 0),
    AsymptoticTo(x**2 / sqrt(1 + x**2), x, x),
)

FALSE = (
    LimitIs(sigmoid(c * x), c, oo, Rational(1, 2)),
    LimitIs(sigmoid(-c * x), c, oo, 1),
    LimitIs(sigmoid(c * x) - sigmoid(x), c, oo, 1 / (exp(x) - 1)),
    LimitIs(sigmoid(c * x) - sigmoid(x), c, oo, exp(-x)),
    LimitIs(exp(x) * (1 - sigmoid(x)), x, oo, 2),
    LimitIs(exp(2 * x) * (1 - tanh(x)), x, oo, 1),
    LimitIs(exp(x) * (1 - tanh(x)), x, oo, 2),
    LimitIs(tanh(c * x), c, oo, -1),
    LimitIs(x**2 * (1 - x / (1 + x)), x, oo, 1),
    LimitIs(exp(x) * (1 - x / (1 + x)), x, oo, 0),
    LimitIs(x * (1 - 2 / pi * atan(x)), x, oo, 1),
    LimitIs(1 - softmax(R, R - 1), R, oo, 0),
    LimitIs(softmax(R, R - 1), R, oo, 1),
    LimitIs(sigmoid(c - (c - 1)), c, oo, Rational(1, 2)),
    LimitIs(sigmoid(c - (c - 1)), c, oo, Rational(731, 1000)),
    LimitIs(softmax(c * a, c * a), c, oo, 1),
    LimitIs(c * (sigmoid(c * x) - sigmoid(x)), c, oo, 1),
    LimitIs(layer, c, oo, eps / (2 * sig**2)),
    LimitIs(layer, c, oo, 0),
    LimitIs(w1 - log(t) / a, t, oo, log(a) / a),
    LimitIs(t * (w1 - log(a**2 * t) / a), t, oo, 1 / a**2),
    LimitIs(t * loss, t, oo, 1 / a**2 - 1 / b**2),
    LimitIs(w1 / log(t), t, oo, a),
    LimitIs(norm12 * gamma12 / log(t), t, oo, 2),
    LimitIs(p2 / p1, t, oo, 2),
    LimitIs(sin(x) / x, x, oo, 1),
    LimitIs((1 - exp(-x)) / x, x, 0, -1),
    LimitIs(x * log(x), x, 0, -oo),
    LimitIs((1 + a / x) ** x, x, oo, 1),
    LimitIs(log(exp(c * a) + exp(2 * c * a)) / c, c, oo, a),
    LimitIs(gelu / z, z, oo, Rational(1, 2)),
    LimitIs(s**2 / (1 - (1 - eta * lam) ** 2) * eta, eta, 0, s**2 / lam),
    LimitIs((1 - eta * lam / k) ** k, k, oo, exp(eta * lam)),
    LimitIs(LambertW(x) / log(x), x, oo, 2),
    LimitIs(Abs(z) / z, z, 0, 1, direction="-"),
    LimitIs(log(x) / x**eta, x, oo, 1),
    AsymptoticTo(log(1 + a**2 * t), 2 * log(t), t),
    AsymptoticTo(loss, 1 / a**2 / t, t),
    AsymptoticTo(1 - tanh(x), exp(-2 * x), x),
    AsymptoticTo(1 - tanh(x), 2 * exp(-x), x),
    AsymptoticTo(sqrt(N0**2 + s**2 * t), s * t, t),
    AsymptoticTo(LambertW(exp(x)), log(x), x),
    AsymptoticTo(exp(x) - 1, x**2, x, 0),
    AsymptoticTo(x**2 / sqrt(1 + x**2), x / 2, x),
)
