"""Statements about principal components of one random walk, and about the evolute of a plane curve."""

import sympy as sp

from verified_dynamics.proof import Equal, SeriesIs, Statement

s, t = sp.symbols("s t", positive=True)
r = sp.Symbol("r", positive=True)
k = sp.Symbol("k", integer=True, positive=True)
c, u = sp.symbols("c u", real=True)
a = sp.Symbol("a", positive=True)
_POWER = sp.Rational(3, 2)  # of the squared speed in the curvature


def _integral(integrand: sp.Expr, low, high) -> sp.Expr:
    return sp.integrate(integrand, (t, low, high))


def _through(kernel: sp.Expr, function: sp.Expr) -> sp.Expr:
    """∫₀¹ (min(s, t) + kernel(s, t)) function(t) dt."""
    meeting = _integral(t * function, 0, s) + s * _integral(function, s, 1)
    return meeting + _integral(sp.expand(kernel * function), 0, 1)


def _centring() -> sp.Expr:
    """What centring adds to the kernel min(s, t) of a random walk."""
    return -(s - s**2 / 2) - (t - t**2 / 2) + sp.Rational(1, 3)


def mean_of_kernel() -> Statement:
    """∫₀¹ min(s, t) dt = s - s²/2: what centring in time takes away."""
    return Equal(_integral(t, 0, s) + s * _integral(1, s, 1), s - s**2 / 2)


def walk_components() -> Statement:
    """The centred kernel maps cos(kπt) to cos(kπs)/(kπ)²: components are cosines, variances 1/(kπ)²."""
    wave = sp.cos(k * sp.pi * t)
    return Equal(_through(_centring(), wave), sp.cos(k * sp.pi * s) / (k * sp.pi) ** 2)


def walk_components_uncentred() -> Statement:
    """Control: the kernel min(s, t) itself, before centring."""
    wave = sp.cos(k * sp.pi * t)
    return Equal(_through(sp.Integer(0), wave), sp.cos(k * sp.pi * s) / (k * sp.pi) ** 2)


def walk_total() -> Statement:
    """The variances add to 1/6, the trace of the centred kernel."""
    trace = _integral(sp.expand(t + _centring().subs(s, t)), 0, 1)
    return Equal(trace, sp.summation(1 / (k * sp.pi) ** 2, (k, 1, sp.oo)))


def walk_share() -> Statement:
    """The share of component k is 6/(π²k²)."""
    trace = _integral(sp.expand(t + _centring().subs(s, t)), 0, 1)
    return Equal(1 / (k * sp.pi) ** 2 / trace, 6 / (sp.pi * k) ** 2)


def walk_share_uncentred() -> Statement:
    """Control: the trace 1/2 of the kernel before centring."""
    return Equal(1 / (k * sp.pi) ** 2 / _integral(t, 0, 1), 6 / (sp.pi * k) ** 2)


def second_component_is_a_parabola() -> Statement:
    """cos(2πt) = 2 cos(πt)² - 1: the second component against the first, in units of their amplitudes."""
    return Equal(sp.cos(2 * sp.pi * t), 2 * sp.cos(sp.pi * t) ** 2 - 1)


def third_component_is_a_parabola() -> Statement:
    """Control: the third component on the same parabola."""
    return Equal(sp.cos(3 * sp.pi * t), 2 * sp.cos(sp.pi * t) ** 2 - 1)


def walk_comes_to_rest() -> Statement:
    """Squared speed in the plane of components j = 1, 2 is 10π²t² near the start: at rest at the end, always."""
    scores = [sp.sqrt(2) / (j * sp.pi) * sp.cos(j * sp.pi * t) for j in (1, 2)]
    return SeriesIs(sum(x.diff(t) ** 2 for x in scores), t, 0, 4, 10 * sp.pi**2 * t**2)


def walk_keeps_moving() -> Statement:
    """Control: components of the walk before centring, sin((j - 1/2)πt), which start at full speed."""
    rates = [(j - sp.Rational(1, 2)) * sp.pi for j in (1, 2)]
    scores = [sp.sqrt(2) / w * sp.sin(w * t) for w in rates]
    return SeriesIs(sum(x.diff(t) ** 2 for x in scores), t, 0, 4, 10 * sp.pi**2 * t**2)


def _frame(power=_POWER) -> tuple[sp.Matrix, sp.Matrix, sp.Expr, sp.Matrix]:
    """Tangent, normal, curvature and evolute of the plane curve (x(u), y(u))."""
    x, y = (sp.Function(name)(u) for name in ("x", "y"))
    first, second = (sp.Matrix([x.diff(u, n), y.diff(u, n)]) for n in (1, 2))
    speed = first.dot(first)
    curvature = (first[0] * second[1] - first[1] * second[0]) / speed**power
    tangent = first / sp.sqrt(speed)
    normal = sp.Matrix([-first[1], first[0]]) / sp.sqrt(speed)
    return tangent, normal, curvature, sp.Matrix([x, y]) + normal / curvature


def evolute_moves_along_the_normal() -> Statement:
    """The centre of the osculating circle moves along the normal: E'·T = 0 for every smooth curve."""
    tangent, _, _, evolute = _frame()
    return Equal(evolute.diff(u).dot(tangent), 0)


def evolute_with_bare_curvature() -> Statement:
    """Control: the curvature without the power 3/2 of the squared speed, on the parabola y = x²."""
    x, y = (sp.Function(name)(u) for name in ("x", "y"))
    tangent, _, _, evolute = _frame(power=0)
    product = evolute.diff(u).dot(tangent).subs(y, x**2).doit()
    return Equal(product.subs(x, u).doit(), 0)


def evolute_stops_at_a_vertex() -> Statement:
    """E'·N = -κ'/κ²: cusps of the evolute are the points of stationary curvature."""
    _, normal, curvature, evolute = _frame()
    return Equal(evolute.diff(u).dot(normal), -curvature.diff(u) / curvature**2)


def _parabola_evolute() -> sp.Matrix:
    """Evolute of (c, a (2c² - 1)), the picture of a random walk in its first two components."""
    height = a * (2 * c**2 - 1)
    first, second = height.diff(c), height.diff(c, 2)
    return sp.Matrix([c, height]) + sp.Matrix([-first, 1]) * (1 + first**2) / second


def walk_has_a_cusp_at_half_time() -> Statement:
    """The evolute of the walk's parabola is (-16a²c³, 6ac² - a + 1/(4a)): a cusp at c = cos(πt) = 0, half time."""
    return Equal(_parabola_evolute(), sp.Matrix([-16 * a**2 * c**3, 6 * a * c**2 - a + 1 / (4 * a)]))


def walk_has_a_smooth_evolute() -> Statement:
    """Control: one fixed centre, as for a circle through the same point."""
    return Equal(_parabola_evolute(), sp.Matrix([0, 1 / (4 * a) - a]))


def circle_has_one_centre() -> Statement:
    """The evolute of a circle of radius r around (p, q) is its centre."""
    x, y = (sp.Function(name)(u) for name in ("x", "y"))
    p, q = sp.symbols("p q", real=True)
    evolute = _frame()[3].subs({x: p + r * sp.cos(u), y: q + r * sp.sin(u)}).doit()
    return Equal(evolute, sp.Matrix([p, q]))


STATEMENTS = (
    mean_of_kernel,
    walk_components,
    walk_total,
    walk_share,
    second_component_is_a_parabola,
    walk_comes_to_rest,
    evolute_moves_along_the_normal,
    evolute_stops_at_a_vertex,
    walk_has_a_cusp_at_half_time,
    circle_has_one_centre,
)
CONTROLS = (
    walk_components_uncentred,
    walk_share_uncentred,
    third_component_is_a_parabola,
    walk_keeps_moving,
    evolute_with_bare_curvature,
    walk_has_a_smooth_evolute,
)
