"""Positive homogeneity: rectifiers, maxima, absolute values, whole small networks."""

from sympy import (
    Abs,
    Heaviside,
    Matrix,
    Max,
    Min,
    Ne,
    Piecewise,
    Rational,
    diag,
    erf,
    exp,
    sign,
    sqrt,
    symbols,
    tanh,
)

from verified_dynamics.proof import AtLeast, Equal

x, y, z, w, b, c = symbols("x y z w b c", real=True)
u1, u2, v1, v2 = symbols("u1 u2 v1 v2", real=True)
s, lam, mu = symbols("s lambda mu", positive=True)
alpha = symbols("alpha", real=True)
W = Matrix(2, 2, symbols("w1:5", real=True))
V = Matrix(2, 2, symbols("v1:5", real=True))
out = Matrix(1, 2, symbols("o1:3", real=True))
bias = Matrix(2, 1, symbols("b1:3", real=True))
inputs = Matrix(2, 1, symbols("x1:3", real=True))
D = diag(lam, mu)
half = Rational(1, 2)
tenth = Rational(1, 10)


def relu(u):
    return Max(u, 0)


def leaky(u, slope=tenth):
    return Max(u, slope * u)


def gelu(u):
    return u / 2 * (1 + erf(u / sqrt(2)))


def silu(u):
    return u / (1 + exp(-u))


def hinge(u):
    return Piecewise((u, u > 0), (0, True))


def shallow(first, shift, last, act=relu):
    """A network with one hidden layer."""
    return (last * (first * inputs + shift).applyfunc(act))[0]


def deep(first, shift, second, last, act=relu):
    """A network with two hidden layers, the second one without biases."""
    return (last * (second * (first * inputs + shift).applyfunc(act)).applyfunc(act))[0]


TRUE = (
    Equal(relu(lam * x), lam * relu(x)),
    Equal(leaky(lam * x), lam * leaky(x)),
    Equal(leaky(lam * x, Rational(1, 3)), lam * leaky(x, Rational(1, 3))),
    Equal(relu(lam * x) ** 2, lam**2 * relu(x) ** 2),
    Equal(relu(x) - relu(-x), x),
    Equal(relu(x) + relu(-x), Abs(x)),
    Equal(relu(x) * relu(-x), 0),
    Equal(relu(x), (x + Abs(x)) / 2),
    Equal(Max(x, y), (x + y + Abs(x - y)) / 2),
    Equal(Min(x, y), (x + y - Abs(x - y)) / 2),
    Equal(Max(x, y) + Min(x, y), x + y),
    Equal(Max(x, y) * Min(x, y), x * y),
    Equal(Max(lam * x, lam * y), lam * Max(x, y)),
    Equal(Max(x + z, y + z), Max(x, y) + z),
    Equal(Min(lam * x, lam * y, lam * z), lam * Min(x, y, z)),
    Equal(x * Heaviside(x), relu(x)),
    Equal(hinge(x), relu(x)),
    Equal(hinge(lam * x), lam * hinge(x)),
    Equal(Heaviside(lam * x), Heaviside(x)),
    Equal(x * sign(x), Abs(x)),
    Equal(Abs(x) * Abs(y), Abs(x * y)),
    Equal(Min(relu(x), 1) + relu(x - 1), relu(x)),
    Equal(alpha * relu(x) + c * Min(x, 0), Piecewise((alpha * x, x >= 0), (c * x, True))),
    Equal(v1 / lam * relu(lam * w * x + lam * b), v1 * relu(w * x + b)),
    Equal(v1 / lam**2 * relu(lam * w * x) ** 2, v1 * relu(w * x) ** 2),
    Equal(shallow(D * W, D * bias, out * D.inv()), shallow(W, bias, out)),
    Equal(shallow(D * W, D * bias, out * D.inv(), leaky), shallow(W, bias, out, leaky)),
    Equal(deep(D * W, D * bias, V * D.inv(), out), deep(W, bias, V, out)),
    Equal(shallow(s * W, s * bias, s * out), s**2 * shallow(W, bias, out)),
    Equal(x + v1 / lam * relu(lam * x), x + v1 * relu(x)),
    Equal(Max(u1 * lam, u2 * lam) / lam, Max(u1, u2)),
    Equal(1 / sqrt(lam**2 * x**2 + lam**2 * y**2), 1 / (lam * sqrt(x**2 + y**2))),
    Equal(lam * x / sqrt(lam**2 * x**2 + lam**2 * y**2), x / sqrt(x**2 + y**2)),
    Equal(relu(x / y), relu(x * y) / y**2),
    Equal(Abs(x) / x, sign(x), given=[Ne(x, 0)]),
    AtLeast(relu(x) + relu(y), relu(x + y)),
    AtLeast(Abs(x) + Abs(y), Abs(x + y)),
    AtLeast(Abs(x - y), Abs(Abs(x) - Abs(y))),
    AtLeast(Abs(x - y), Abs(relu(x) - relu(y))),
)

FALSE = (
    Equal(relu(lam * x), relu(x)),
    Equal(relu(alpha * x), alpha * relu(x)),  # a negative scale
    Equal(relu(-lam * x), -lam * relu(x)),
    Equal(gelu(lam * x), lam * gelu(x)),
    Equal(silu(lam * x), lam * silu(x)),
    Equal(tanh(lam * x), lam * tanh(x)),
    Equal(relu(lam * x) ** 2, lam * relu(x) ** 2),
    Equal(Min(relu(lam * x), 6), lam * Min(relu(x), 6)),
    Equal(Abs(alpha * x), alpha * Abs(x)),
    Equal(relu(x) + relu(-x), x),
    Equal(relu(x), (x - Abs(x)) / 2),
    Equal(Max(x, y), (x + y - Abs(x - y)) / 2),
    Equal(Max(x, y) + Min(x, y), x - y),
    Equal(Max(alpha * x, alpha * y), alpha * Max(x, y)),
    Equal(Max(x + z, y + z), Max(x, y) + 2 * z),
    Equal(Min(lam * x, lam * y, mu * z), lam * Min(x, y, z)),
    Equal(Max(x, Min(y, z)), Min(Max(x, y), z)),
    Equal(x * Heaviside(-x), relu(x)),
    Equal(Piecewise((x, x > 1), (0, True)), relu(x)),  # differs only on ]0, 1]
    Equal(Heaviside(x - lam), Heaviside(x)),
    Equal(sign(alpha * x), sign(x)),
    Equal(Abs(x) + Abs(y), Abs(x + y)),
    Equal(relu(relu(x) - 1), relu(x)),
    Equal(Min(relu(x), 1) + relu(x - 2), relu(x)),
    Equal(v1 / lam * relu(lam * w * x + b), v1 * relu(w * x + b)),  # the bias left unscaled
    Equal(v1 * lam * relu(lam * w * x + lam * b), v1 * relu(w * x + b)),
    Equal(v1 / lam * relu(lam * w * x) ** 2, v1 * relu(w * x) ** 2),
    Equal(shallow(D * W, bias, out * D.inv()), shallow(W, bias, out)),
    Equal(shallow(D * W, D * bias, out * D), shallow(W, bias, out)),
    Equal(shallow(D * W, D * bias, out * D.inv(), tanh), shallow(W, bias, out, tanh)),
    Equal(deep(D * W, D * bias, V * D, out), deep(W, bias, V, out)),
    Equal(deep(D * W, D * bias, D.inv() * V, out), deep(W, bias, V, out)),  # scaled on the wrong side
    Equal(deep(s * W, s * bias, s * V, s * out), s**2 * deep(W, bias, V, out)),
    Equal(lam * x + v1 / lam * relu(lam * x), x + v1 * relu(x)),  # the identity skip scaled
    Equal(1 / sqrt(lam**2 * x**2 + lam**2 * y**2 + 1), 1 / (lam * sqrt(x**2 + y**2))),
    Equal(lam * x / sqrt(lam**2 * x**2 + y**2), x / sqrt(x**2 + y**2)),
    Equal(relu(x / y), relu(x) / y),
    Equal(sqrt(x**2), x),  # the assumption x >= 0 dropped
    Equal(leaky(x, half) + leaky(-x, half), Abs(x)),
    AtLeast(relu(x + y), relu(x) + relu(y)),
    AtLeast(Abs(x + y), Abs(x) + Abs(y) - 100),
    AtLeast(Abs(relu(x) - relu(y)), Abs(x - y)),
    AtLeast(relu(x) - Rational(1, 1000), x),
)
