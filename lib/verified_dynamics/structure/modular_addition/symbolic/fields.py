"""Clustering is a gradient field and alignment is not; a circle of odd order is at rest under alignment."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal

x, y, u, v = sp.symbols("x y u v", real=True)
sigma, r, rho = sp.symbols("sigma r rho", positive=True)
theta = sp.Symbol("theta", positive=True)
w = sp.Symbol("w", real=True)
a, b, p, q = sp.symbols("a b p q", integer=True)
j, k = sp.symbols("j k", integer=True)
h = sp.Symbol("h", integer=True, positive=True)


def _pull() -> sp.Matrix:
    return sp.Matrix([u - x, v - y]) * _well() / sigma**2


def _well() -> sp.Expr:
    return sp.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * sigma**2))


def clustering_is_a_gradient() -> Equal:
    """The clustering force on s = (x, y) from t = (u, v) is the gradient of exp(-|s-t|^2/(2 sigma^2))."""
    return Equal(sp.ImmutableMatrix([sp.diff(_well(), x), sp.diff(_well(), y)]), sp.ImmutableMatrix(_pull()))


def clustering_has_no_curl() -> Equal:
    """dF_x/dy = dF_y/dx for the clustering force."""
    force = _pull()
    return Equal(sp.diff(force[0], y), sp.diff(force[1], x))


def alignment_curl() -> Equal:
    """The torque (pi - theta) sin(theta) rho/(2 pi), r-independent, has the curl torque/r: not a gradient field."""
    torque = -(sp.pi - theta) * sp.sin(theta) * rho / (2 * sp.pi)
    return Equal(sp.diff(r * torque, r) / r, torque / r)


def alignment_has_no_curl() -> Equal:
    """Control: the same curl claimed to vanish, as it would for a force with an energy."""
    torque = -(sp.pi - theta) * sp.sin(theta) * rho / (2 * sp.pi)
    return Equal(sp.diff(r * torque, r) / r, 0)


def mirror_pair(shift: int = 0) -> Equal:
    """From the axis of the pair (p, q), (a, b) and its mirror (p+q-a, p+q-b) pull to opposite sides, equally far."""
    total = p + q + shift

    def beside(first, second):
        return sp.sin(w * (first - (p + q) / sp.S(2))) + sp.sin(w * (second - (p + q) / sp.S(2)))

    return Equal(beside(total - a, total - b), -beside(a, b))


def mirror_pair_forward() -> Equal:
    """Along the axis the two pull equally, so that their angles from it agree as well."""

    def along(first, second):
        return sp.cos(w * (first - (p + q) / sp.S(2))) + sp.cos(w * (second - (p + q) / sp.S(2)))

    return Equal(along(p + q - a, p + q - b), along(a, b))


def shifted_mirror() -> Equal:
    """Control: a mirror that is off by one residue does not cancel."""
    return mirror_pair(shift=1)


def odd_sums_keep_a_direction() -> AtLeast:
    """For odd N = 2h + 1, 2 k (a - b) never equals N (2j + 1): no sum point lies at the origin."""
    return AtLeast((2 * k * (a - b) - (2 * h + 1) * (2 * j + 1)) ** 2, 1)


def even_sums_keep_a_direction() -> AtLeast:
    """Control: for even N = 2h it does."""
    return AtLeast((2 * k * (a - b) - 2 * h * (2 * j + 1)) ** 2, 1)
