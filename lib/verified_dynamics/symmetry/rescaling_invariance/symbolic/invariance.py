"""Rescaling leaves the function alone: neuron, residual stream, BatchNorm, squared ReLU."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

c, e = sp.symbols("lambda mu", positive=True)
x1, x2, u1, u2, v1, v2, w1, w2, s1, s2 = sp.symbols("x1 x2 u1 u2 v1 v2 w1 w2 s1 s2", real=True)


def relu(value: sp.Expr) -> sp.Expr:
    """max(value, 0)."""
    return sp.Max(value, 0)


def neuron_rescaling() -> Statement:
    """One hidden neuron with two inputs and a bias: in ×c, out ×1/c."""
    return Equal(v1 / c * relu(c * u1 * x1 + c * u2 * x2 + c * w1), v1 * relu(u1 * x1 + u2 * x2 + w1))


def residual_rescaling() -> Statement:
    """A residual stream and the neuron in its branch: one scale c for the stream, another, e, for the branch."""

    def output(first, inner, back, last):
        stream = relu(first * x1)
        return last * (stream + back * relu(inner * stream))

    return Equal(output(c * u1, e / c * u2, c / e * v2, v1 / c), output(u1, u2, v2, v1))


def normalised_rescaling() -> Statement:
    """BatchNorm: the scale sits on its gain and shift, behind the normalisation."""
    spread = sp.Symbol("sigma", positive=True)
    normal = (x1 - w1) / spread
    return Equal(v1 / c * relu(c * u1 * normal + c * u2), v1 * relu(u1 * normal + u2))


def squared_relu_rescaling() -> Statement:
    """Squared ReLU has degree two: in ×c, out ×1/c²."""
    return Equal(v1 / c**2 * relu(c * u1 * x1 + c * u2) ** 2, v1 * relu(u1 * x1 + u2) ** 2)


def residual_skip_unscaled() -> Statement:
    """The branch is rescaled, the identity skip beside it is not: false."""
    stream = relu(u1 * x1)
    scaled = v1 / c * (stream + c * v2 * relu(u2 * stream))
    return Equal(scaled, v1 * (stream + v2 * relu(u2 * stream)))


def scale_before_normalisation() -> Statement:
    """The row before BatchNorm is scaled, which BatchNorm undoes, and the next layer is divided: false."""
    spread = sp.Symbol("sigma", positive=True)
    normal = (c * x1 - c * w1) / (c * spread)
    return Equal(v1 / c * relu(u1 * normal + u2), v1 * relu(u1 * (x1 - w1) / spread + u2))


def squared_relu_inverse() -> Statement:
    """Squared ReLU with the compensation of degree one: false."""
    return Equal(v1 / c * relu(c * u1 * x1) ** 2, v1 * relu(u1 * x1) ** 2)
