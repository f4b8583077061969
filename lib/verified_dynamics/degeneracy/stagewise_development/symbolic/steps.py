"""Statements about logistic steps: what lies between two of them, and when nothing does."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

s, w, X, theta, E = sp.symbols("s w X theta E", positive=True)
u = sp.Symbol("u", real=True)


def _slope(place, distance, width) -> sp.Expr:
    """The slope at u of two steps of height one with centres at -distance/2 and distance/2."""
    return sum(
        1 / (4 * width * sp.cosh((place - side * distance / 2) / (2 * width)) ** 2) for side in (-1, 1)
    )


def step_slope() -> Statement:
    """The slope of a logistic step of width w is sech²/(4 w)."""
    step = 1 / (1 + sp.exp(-u / w))
    return Equal(sp.diff(step, u), 1 / (4 * w * sp.cosh(u / (2 * w)) ** 2))


def step_slope_without_width() -> Statement:
    """Control: the factor of the width is forgotten."""
    return Equal(sp.diff(1 / (1 + sp.exp(-u / w)), u), 1 / (4 * sp.cosh(u / (2 * w)) ** 2))


def slope_between() -> Statement:
    """Halfway between two equal steps the slope is 1/(2 w cosh²(s/(4 w)))."""
    return Equal(_slope(sp.S.Zero, s, w), 1 / (2 * w * sp.cosh(s / (4 * w)) ** 2))


def _curvature_between(distance) -> sp.Expr:
    """The second derivative of the slope halfway between two steps of width one."""
    return sp.diff(_slope(u, distance, 1), u, 2).subs(u, 0)


def curvature_between() -> Statement:
    """It is (cosh(s/2) - 2)/(1 + cosh(s/2))² for steps of width one, here in powers of q = e^(s/2)."""
    q = sp.Symbol("q", positive=True)
    cosh_half = (q + 1 / q) / 2
    curvature = _curvature_between(s).rewrite(sp.exp).subs(s, 2 * sp.log(q))
    return Equal(curvature, (cosh_half - 2) / (1 + cosh_half) ** 2)


def middle_is_flattest() -> Statement:
    """Steps 2 log(2 + √3) widths apart or more: the middle is no maximum of the slope."""
    q = sp.Symbol("q", positive=True)
    return AtLeast((q + 1 / q) / 2, 2, given=[q >= 2 + sp.sqrt(3)])


def middle_is_flattest_when_close() -> Statement:
    """Control: the same for steps one width apart or more."""
    q = sp.Symbol("q", positive=True)
    return AtLeast((q + 1 / q) / 2, 2, given=[q >= 1])


def detection_distance() -> Statement:
    """At s = 4 w arccosh(√(X/(4 θ w))) the slope between is θ times the mean slope 2/X."""
    distance = 4 * w * sp.acosh(sp.sqrt(X / (4 * theta * w)))
    return Equal(1 / (2 * w * sp.cosh(distance / (4 * w)) ** 2), theta * 2 / X)


def detection_distance_of_one_step() -> Statement:
    """Control: the mean slope of a single step, 1/X."""
    distance = 4 * w * sp.acosh(sp.sqrt(X / (4 * theta * w)))
    return Equal(1 / (2 * w * sp.cosh(distance / (4 * w)) ** 2), theta / X)


def power_law_slope() -> Statement:
    """A power law t^-a has the slope -a e^(-a u) in u = log t."""
    a = sp.Symbol("a", positive=True)
    return Equal(sp.diff(sp.exp(-a * u), u), -a * sp.exp(-a * u))


def power_law_never_steepens() -> Statement:
    """The size of that slope shrinks all the way: nothing lies between two faster parts."""
    a, h = sp.symbols("a h", positive=True)
    return AtLeast(a * sp.exp(-a * u), a * sp.exp(-a * (u + h)), strict=True)


def two_steps_never_steepen() -> Statement:
    """Control: the same for two steps six widths apart, whose slope shrinks and grows again."""
    h = sp.Symbol("h", positive=True)
    return AtLeast(_slope(u, 6, 1), _slope(u + h, 6, 1))


def plateaus_deepen() -> Statement:
    """The slope between two steps, over that of one step at its middle, vanishes as they part."""
    return LimitIs(2 / sp.cosh(s / (4 * w)) ** 2, s, sp.oo, 0)


STATEMENTS = (step_slope, slope_between, curvature_between, middle_is_flattest, detection_distance,
              power_law_slope, power_law_never_steepens, plateaus_deepen)  # fmt: skip
CONTROLS = (step_slope_without_width, middle_is_flattest_when_close, detection_distance_of_one_step,
            two_steps_never_steepen)  # fmt: skip
