"""Exponentials, logarithms, powers: sigmoid, softmax, entropy, margins; and equalities that only look true."""

from sympy import (
    E,
    LambertW,
    Matrix,
    Rational,
    Symbol,
    acos,
    asinh,
    atan,
    cos,
    cosh,
    diff,
    erf,
    erfc,
    exp,
    log,
    pi,
    sin,
    sinh,
    sqrt,
    symbols,
    tan,
    tanh,
)

from verified_dynamics.proof import Equal

x, y, u, theta = symbols("x y u theta", real=True)
a, b, c, t, p1, p2 = symbols("a b c t p1 p2", positive=True)
n = symbols("n", integer=True)
logits = symbols("l1:4", real=True)


def sigmoid(v):
    return 1 / (1 + exp(-v))


def softmax(values, i):
    return exp(values[i]) / sum(exp(v) for v in values)


gelu = x / 2 * (1 + erf(x / sqrt(2)))
gamma = a * b / sqrt(a**2 + b**2)
dual = (gamma**2 / a**2, gamma**2 / b**2)
entropy = -sum(p * log(p) for p in dual)
v = exp(b * u)
big = 10**40

TRUE = (
    Equal(sigmoid(x) + sigmoid(-x), 1),
    Equal(diff(sigmoid(x), x), sigmoid(x) * (1 - sigmoid(x))),
    Equal(2 * sigmoid(2 * x) - 1, tanh(x)),
    Equal(1 - tanh(x), 2 / (exp(2 * x) + 1)),
    Equal(diff(tanh(x), x), 1 / cosh(x) ** 2),
    Equal(diff(sigmoid(c * x), c), x / (4 * cosh(c * x / 2) ** 2)),
    Equal(log(1 + exp(x)) - log(1 + exp(-x)), x),
    Equal(diff(log(1 + exp(x)), x), sigmoid(x)),
    Equal(exp(-x) - 1 / (1 + exp(x)), exp(-x) / (1 + exp(x))),
    Equal(softmax([value + c for value in logits], 0), softmax(logits, 0)),
    Equal(sum(softmax(logits, i) for i in range(3)), 1),
    Equal(cosh(x) ** 2 - sinh(x) ** 2, 1),
    Equal(sin(x + y), sin(x) * cos(y) + cos(x) * sin(y)),
    Equal(cos(2 * x), 1 - 2 * sin(x) ** 2),
    Equal(erf(x) + erfc(x), 1),
    Equal(gelu - gelu.subs(x, -x), x),
    Equal(sum(dual), 1),
    Equal(sum(1 / s**2 for s in (a, b)), 1 / gamma**2),
    Equal(entropy, -2 * log(gamma) + dual[0] * 2 * log(a) + dual[1] * 2 * log(b)),
    Equal(log(a * b**2), log(a) + 2 * log(b)),
    Equal(log(a**c), c * log(a)),
    Equal(a**c * a**b, a ** (b + c)),
    Equal((a * b) ** c, a**c * b**c),
    Equal(exp(c * log(a)), a**c),
    Equal(exp(LambertW(t)) * LambertW(t), t),
    Equal(log(LambertW(t)), log(t) - LambertW(t)),
    Equal(asinh(x), log(x + sqrt(x**2 + 1))),
    Equal(sqrt(3 + 2 * sqrt(2)), 1 + sqrt(2)),
    Equal((sqrt(a) - sqrt(b)) * (sqrt(a) + sqrt(b)), a - b),
    Equal(exp(60) * sinh(60) * 2 + 1, exp(120)),
    Equal(log(exp(100 * x) * (1 + exp(-100 * x))), log(1 + exp(100 * x))),
    Equal(tan(x) * cos(x), sin(x)),
    Equal(Matrix([[cos(theta)], [sin(theta)]]).norm() ** 2, 1),
)

FALSE = (
    Equal(sigmoid(x) - sigmoid(-x), 1),
    Equal(diff(sigmoid(x), x), sigmoid(x) * (1 + sigmoid(x))),
    Equal(2 * sigmoid(x) - 1, tanh(x)),
    Equal(1 - tanh(x), 2 / (exp(x) + 1)),
    Equal(1 - tanh(x), 2 * exp(-2 * x)),
    Equal(diff(tanh(x), x), -1 / cosh(x) ** 2),
    Equal(diff(sigmoid(c * x), c), x / (2 * cosh(c * x / 2) ** 2)),
    Equal(log(1 + exp(x)) - log(1 + exp(-x)), -x),
    Equal(diff(log(1 + exp(x)), x), sigmoid(-x)),
    Equal(exp(-x) - 1 / (1 + exp(x)), exp(-2 * x) / (1 + exp(x))),
    Equal(softmax([c * value for value in logits], 0), softmax(logits, 0)),
    Equal(sum(softmax(logits, i) for i in range(2)), 1),
    Equal(diff(softmax(logits, 0), logits[1]), softmax(logits, 0) * softmax(logits, 1)),
    Equal(diff(log(sum(exp(v) for v in logits)), logits[2]), softmax(logits, 1)),
    Equal(cosh(x) ** 2 + sinh(x) ** 2, 1),
    Equal(sin(x + y), sin(x) * cos(y) - cos(x) * sin(y)),
    Equal(cos(2 * x), 1 - sin(x) ** 2),
    Equal(diff(gelu, x), (1 + erf(x / sqrt(2))) / 2 - x * exp(-(x**2) / 2) / sqrt(2 * pi)),
    Equal(diff(gelu, x), (1 + erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(pi)),
    Equal(erf(x) - erfc(x), 1),
    Equal(gelu + gelu.subs(x, -x), x),
    Equal(sum(dual), 2),
    Equal(sum(1 / s**2 for s in (a, b)), 1 / gamma),
    Equal(entropy, 2 * log(gamma) + dual[0] * 2 * log(a) + dual[1] * 2 * log(b)),
    Equal(exp(-a * (log(a) / a)), 1 / a**2),
    Equal(log(a * b**2), log(a) - 2 * log(b)),
    Equal(log(a + b), log(a) + log(b)),
    Equal(log(x**2), 2 * log(x)),  # negative x
    Equal(a**c * a**b, a ** (b * c)),
    Equal(sqrt(x) * sqrt(y), sqrt(x * y)),  # both negative
    Equal((a + b) ** c, a**c + b**c),
    Equal(exp(LambertW(t)) * LambertW(t), t**2),
    Equal(diff(LambertW(exp(t)), t), LambertW(exp(t)) / (1 - LambertW(exp(t)))),
    Equal(log(LambertW(t)), log(t) + LambertW(t)),
    Equal(exp(pi * sqrt(163)), 640320**3 + 744),  # 7.5e-13 apart, at 2.6e17
    Equal(exp(60) + exp(-60), exp(60)),
    Equal(log(exp(200) + 1), 200),
    Equal(tanh(100), 1),
    Equal(pi, Rational(355, 113)),
    Equal(sin(Rational(11, 1)), -1),  # 1e-5 apart
    Equal(sqrt(big**2 + 1), big),
    Equal(cos(pi / 5), Rational(809016994374947, 10**15)),
    Equal(E**pi - pi, 20),
    Equal(acos(x), pi / 2 - atan(x)),
    Equal((-1) ** n, 1),
    Equal(sqrt(Symbol("w") ** 2), -Symbol("w")),
)
