"""Conservation laws with undefined functions, matrix identities, optimiser steps, determinants."""

from sympy import (
    Eq,
    Function,
    Matrix,
    Ne,
    Rational,
    Symbol,
    cos,
    diag,
    eye,
    sin,
    sqrt,
    symbols,
)

from verified_dynamics.proof import Equal

u1, u2, v1, v2, x, y, a, b, t = symbols("u1 u2 v1 v2 x y a b t", real=True)
eta, lam, wd, c = symbols("eta lambda wd c", positive=True)
F, f, h = Function("F"), Function("f"), Function("h")
W1 = Matrix(2, 2, symbols("p1:5", real=True))
W2 = Matrix(2, 2, symbols("q1:5", real=True))
G = Matrix(2, 2, symbols("g1:5", real=True))
A = Matrix(3, 3, symbols("a1:10", real=True))
B = Matrix(3, 3, symbols("b1:10", real=True))
col = Matrix(3, 1, symbols("c1:4", real=True))
S = Matrix([[x, y], [y, a]])
gu, gv = symbols("gu gv", real=True)
loss = F(u1 * v1, u1 * v2, u2 * v1, u2 * v2)
ratio = f(x / y)
wave = sin(u1 * v1) * cos(u1 * v2) + (u1 * v1) ** 3
rot = Matrix([[cos(t), -sin(t)], [sin(t), cos(t)]])
zero2 = Matrix.zeros(2, 2)


def inner(point, function):
    """The sum of each variable times its partial derivative."""
    return sum(p * function.diff(p) for p in point)


TRUE = (
    Equal(inner((u1, u2), loss), inner((v1, v2), loss)),
    Equal(inner((x, y), f(x / y) * x), f(x / y) * x),
    Equal(inner((u1,), wave), inner((v1, v2), wave)),
    Equal(inner((u1,), wave.diff(u1)) - inner((v1, v2), wave.diff(u1)), -wave.diff(u1)),
    Equal(f(t).diff(t) * h(t), -a * f(t) * h(t), given=[Eq(f(t).diff(t), -a * f(t))]),
    Equal(
        (u1 - eta * gu) ** 2 - (v1 - eta * gv) ** 2,
        u1**2 - v1**2 - 2 * eta * (u1 * gu - v1 * gv) + eta**2 * (gu**2 - gv**2),
    ),
    Equal((u1 - eta * v1 * a) ** 2 - (v1 - eta * u1 * a) ** 2, (u1**2 - v1**2) * (1 - eta**2 * a**2)),
    Equal(2 * u1 * (-u1 * wd - v1 * a) - 2 * v1 * (-v1 * wd - u1 * a), -2 * wd * (u1**2 - v1**2)),
    Equal(W1 * (-W2.T * G).T + (-W2.T * G) * W1.T, -W1 * G.T * W2 - W2.T * G * W1.T),
    Equal((-W2.T * G) * W1.T + W1 * (-W2.T * G).T - (-G * W1.T).T * W2 - W2.T * (-G * W1.T), zero2),
    Equal((W1 * W2).det(), W1.det() * W2.det()),
    Equal(W1.inv() * W1, eye(2), given=[Ne(W1.det(), 0)]),
    Equal((col.T * A.T * A * col)[0], sum(e**2 for e in A * col)),
    Equal(rot * rot.T, eye(2)),
    Equal(rot.det(), 1),
    Equal((x**2 + y**2) * (a**2 + b**2) - (x * a + y * b) ** 2, (x * b - y * a) ** 2),
    Equal((sqrt(c) * lam - sqrt(wd) / lam) ** 2, c * lam**2 + wd / lam**2 - 2 * sqrt(c * wd)),
    Equal((a + sqrt(a**2 + 4 * c)) / 2 * (sqrt(a**2 + 4 * c) - a) / 2, c),
    Equal((x + eta) ** 4 - x**4, eta * (4 * x**3 + 6 * x**2 * eta + 4 * x * eta**2 + eta**3)),
    Equal(1 / (x - 1) - 1 / (x + 1), 2 / (x**2 - 1)),
)

FALSE = (
    Equal(inner((u1, u2), loss), -inner((v1, v2), loss)),
    Equal(inner((u1,), loss), inner((v1, v2), loss)),
    Equal(inner((u1,), F(u1 * v1**2)), inner((v1,), F(u1 * v1**2))),
    Equal(inner((u1,), F(u1 * v1) + u1**2), inner((v1,), F(u1 * v1) + u1**2)),
    Equal(inner((x, y), f(x + y)), 0),
    Equal(inner((x, y), f(x / y) * x**2), f(x / y) * x**2),
    Equal(inner((x, y), f(x * y)), x * f(x * y).diff(x)),
    Equal(inner((u1,), wave), inner((v1,), wave)),
    Equal(inner((u1,), wave.diff(u1)) - inner((v1, v2), wave.diff(u1)), wave.diff(u1)),
    Equal((f(t) * h(t)).diff(t), f(t).diff(t) * h(t).diff(t)),
    Equal((f(t) ** 2 - h(t) ** 2).diff(t), 2 * f(t) * f(t).diff(t) + 2 * h(t) * h(t).diff(t)),
    Equal(f(c * t).diff(t), f(t).diff(t).subs(t, c * t)),
    Equal(f(t).diff(t) * h(t), a * f(t) * h(t), given=[Eq(f(t).diff(t), -a * f(t))]),
    Equal(f(x + y), f(x) + f(y)),
    Equal(
        (u1 - eta * gu) ** 2 - (v1 - eta * gv) ** 2,
        u1**2 - v1**2 - 2 * eta * (u1 * gu - v1 * gv) - eta**2 * (gu**2 - gv**2),
    ),
    Equal((u1 - eta * v1 * a) ** 2 - (v1 - eta * u1 * a) ** 2, u1**2 - v1**2),
    Equal(2 * u1 * (-u1 * wd - v1 * a) - 2 * v1 * (-v1 * wd - u1 * a), -wd * (u1**2 - v1**2)),
    Equal(
        2 * u1 * (-u1 * wd - v1 * a) - 2 * v1 * (-u1 * a), -2 * wd * (u1**2 - v1**2)
    ),  # decay of one layer only
    Equal((-W2.T * G) * W1.T + W1 * (-W2.T * G).T + (-G * W1.T).T * W2 + W2.T * (-G * W1.T), zero2),
    Equal((W1 * W2).T, W1.T * W2.T),
    Equal(W1 * W2, W2 * W1),
    Equal((A * B).trace(), A.trace() * B.trace()),
    Equal((W1 + W2).det(), W1.det() + W2.det()),
    Equal(W1 * W1.adjugate(), eye(2)),
    Equal((col.T * A.T * A * col)[0], sum(e**2 for e in A.T * col)),
    Equal(rot * rot, eye(2)),
    Equal(rot.det(), cos(2 * t)),
    Equal((diag(lam, lam) * W1).det(), lam * W1.det()),
    Equal(Matrix([[v1**2, u1 * v1], [u1 * v1, u1**2]]) * Matrix([u1, v1]), Matrix([0, 0])),
    Equal(Matrix([[v1**2, u1 * v1], [u1 * v1, u1**2]]).det(), u1**2 * v1**2),
    Equal((gu / lam) / (c / lam), lam * gu / c),
    Equal((x**2 + y**2) * (a**2 + b**2) - (x * a + y * b) ** 2, (x * b + y * a) ** 2),
    Equal((sqrt(c) * lam - sqrt(wd) / lam) ** 2, c * lam**2 + wd / lam**2 - sqrt(c * wd)),
    Equal((a + sqrt(a**2 + 4 * c)) / 2 * (sqrt(a**2 + 4 * c) - a) / 2, c**2),
    Equal((x + eta) ** 4 - x**4, eta * (4 * x**3 + 6 * x**2 * eta + 4 * x * eta**2)),
    Equal(1 / (x - 1) - 1 / (x + 1), 2 / (x**2 + 1)),
    Equal(sqrt(Symbol("z") ** 2), Symbol("z")),  # complex z
    Equal(x**3, x * Rational(1000001, 1000000) * x**2),
)
