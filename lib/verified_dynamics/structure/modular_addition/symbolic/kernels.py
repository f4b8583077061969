"""The force on a sum point: residuals of the classes, the kernel of the second layer, its gradient, and biases."""

import sympy as sp

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, LimitIs, SeriesIs

r, rho, theta, c, d = sp.symbols("r rho theta c d", positive=True)
n = sp.Symbol("n", positive=True)
epsilon = sp.Symbol("epsilon", positive=True)
a, phi = sp.symbols("a phi", real=True)
x, y, u, v = sp.symbols("x y u v", real=True)
SHAPE = sp.sin(theta) + (sp.pi - theta) * sp.cos(theta)


def second_layer(norm, other, angle):
    """k1 = |s||t| (sin theta + (pi - theta) cos theta) / (2 pi)."""
    return norm * other * (sp.sin(angle) + (sp.pi - angle) * sp.cos(angle)) / (2 * sp.pi)


def first_layer(norm, other, angle):
    """k0 = |s||t| cos theta (pi - theta) / (2 pi)."""
    return norm * other * sp.cos(angle) * (sp.pi - angle) / (2 * sp.pi)


def _residual_product(same: int) -> sp.Expr:
    """(e_c - 1/n) . (e_d - 1/n), entry by entry: the entries c and d, and the n - 2 or n - 1 others."""
    if same:
        return (1 - 1 / n) ** 2 + (n - 1) * (1 / n) ** 2
    return 2 * (1 - 1 / n) * (-1 / n) + (n - 2) * (1 / n) ** 2


def residuals_of_one_class() -> Equal:
    """Two residuals of one class have the product 1 - 1/n, for every number n of classes."""
    return Equal(_residual_product(1), 1 - 1 / n)


def residuals_of_two_classes() -> Equal:
    """Two residuals of different classes have the product -1/n."""
    return Equal(_residual_product(0), -1 / n)


def different_classes_do_not_interact() -> Equal:
    """Control: without the uniform prediction in the residual, different classes would not feel each other."""
    return Equal(_residual_product(0), 0)


def kernel_from_neurons() -> Equal:
    """The mean over normal neurons of relu(w.s) relu(w.t), unit s and t at the angle theta, is k1.

    In polar coordinates of w the mean of |w|^2 is 2, and both units are on for a from theta - pi/2 to pi/2.
    """
    overlap = sp.integrate(sp.cos(a) * sp.cos(a - theta), (a, theta - sp.pi / 2, sp.pi / 2))
    return Equal(2 * overlap / (2 * sp.pi), second_layer(1, 1, theta))


def kernel_homogeneous() -> Equal:
    """k1 has degree one in each sum point: only angles can come out of it, no length."""
    return Equal(second_layer(c * r, rho, theta), c * second_layer(r, rho, theta))


def force_splits() -> Equal:
    """The gradient of k1 by s (radial, tangential) is (|t| sin theta s_hat + (pi - theta) t) / (2 pi)."""
    kernel = second_layer(r, rho, theta)
    gradient = sp.Matrix([sp.diff(kernel, r), sp.diff(kernel, theta) / r])
    other = sp.Matrix(
        [rho * sp.cos(theta), -rho * sp.sin(theta)]
    )  # t in the frame of s, theta growing away from t
    growth = sp.Matrix([rho * sp.sin(theta), 0])
    return Equal(
        sp.ImmutableMatrix(gradient), sp.ImmutableMatrix((growth + (sp.pi - theta) * other) / (2 * sp.pi))
    )


def _pull(kernel, tangent) -> sp.Expr:
    """The pull -(1/r) dk/dtheta towards t, with pi - theta = 2 atan(tangent): all angles between 0 and pi."""
    pull = sp.expand(-sp.diff(kernel(r, rho, theta), theta) / r)
    sine, cosine = 2 * tangent / (1 + tangent**2), (tangent**2 - 1) / (1 + tangent**2)
    return pull.subs({sp.sin(theta): sine, sp.cos(theta): cosine}).subs(theta, sp.pi - 2 * sp.atan(tangent))


def torque_aligns() -> AtLeast:
    """The pull of k1 is positive at every angle between 0 and pi: it aligns."""
    tangent = sp.Symbol("tau", positive=True)
    return AtLeast(sp.factor(_pull(second_layer, tangent)), 0, strict=True)


def first_layer_torque_aligns() -> AtLeast:
    """Control: the pull of k0, of a trained first layer, which repels points that are nearly opposite."""
    tangent = sp.Symbol("tau", positive=True)
    return AtLeast(sp.factor(_pull(first_layer, tangent)), 0, strict=True)


def kernel_with_biases_splits() -> Equal:
    """k1 = (s.t)/2 + |s||t| (sin theta - theta cos theta)/(2 pi): a bilinear part, and one that is flat at
    theta = 0.
    """
    rest = r * rho * (sp.sin(theta) - theta * sp.cos(theta)) / (2 * sp.pi)
    return Equal(second_layer(r, rho, theta), r * rho * sp.cos(theta) / 2 + rest)


def small_angle() -> SeriesIs:
    """sin theta - theta cos theta = theta^3/3 + O(theta^5)."""
    angle = sp.Symbol("theta", real=True)
    return SeriesIs(sp.sin(angle) - angle * sp.cos(angle), angle, 0, 5, angle**3 / 3)


def bias_determinant() -> Equal:
    """With a constant 1 appended and inputs times epsilon, |s|^2|t|^2 - (s.t)^2 = eps^2 |s-t|^2 + eps^4 (s x t)^2."""
    e = epsilon
    first, second = 1 + e**2 * (x**2 + y**2), 1 + e**2 * (u**2 + v**2)
    gram = 1 + e**2 * (x * u + y * v)
    distance = (x - u) ** 2 + (y - v) ** 2
    return Equal(first * second - gram**2, e**2 * distance + e**4 * (x * v - y * u) ** 2)


def angle_is_a_distance() -> LimitIs:
    """Hence the angle between two sum points with biases tends to epsilon |s - t|: d = |s-t|, c = |s x t|, n =
    s.t.
    """
    sine = sp.sqrt(epsilon**2 * d**2 + epsilon**4 * c**2)
    return LimitIs(sp.atan(sine / (1 + epsilon**2 * n)) / epsilon, epsilon, 0, d)


def angle_without_a_bias() -> LimitIs:
    """Control: without the appended constant the angle does not shrink with the scale of the inputs."""
    return LimitIs(sp.atan(epsilon**2 * c / (epsilon**2 * n)) / epsilon, epsilon, 0, d)


def first_layer_pull() -> LimitIs:
    """k0 falls with the angle, at small angles with the slope -1/(2 pi): a pull of constant size."""
    return LimitIs(sp.diff(first_layer(1, 1, theta), theta), theta, 0, -1 / (2 * sp.pi))


def second_layer_pull() -> AsymptoticTo:
    """k1 beyond its bilinear part is flat there: its slope is theta^2/(2 pi), so that the first layer's pull wins."""
    rest = second_layer(1, 1, theta) - sp.cos(theta) / 2
    return AsymptoticTo(sp.diff(rest, theta), theta**2 / (2 * sp.pi), theta, 0)
