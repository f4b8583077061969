"""What a circle, a lattice and a closed-form network compute: identities behind the constructions."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal

w, t, phi, alpha, beta, gamma, f1, f2, f3 = sp.symbols("w t phi alpha beta gamma f1 f2 f3", real=True)
a, b, s, q = sp.symbols("a b s q", integer=True)
columns, x1, y1, x2, y2 = sp.symbols("h x1 y1 x2 y2", integer=True)
order = sp.Symbol("m", integer=True, positive=True)
prime = sp.Symbol("p", integer=True, positive=True)
length, height = sp.symbols("l k", positive=True)
z = sp.Symbol("x", real=True)
U, V, W = sp.symbols("U V W", nonnegative=True)


def sums_of_a_circle() -> Equal:
    """E_a + E_b = 2 cos(w(a-b)/2) (cos(w(a+b)/2), sin(w(a+b)/2)): its direction knows the sum, its length the
    rest.
    """
    left = sp.Matrix([sp.cos(w * a) + sp.cos(w * b), sp.sin(w * a) + sp.sin(w * b)])
    half = w * (a + b) / 2
    right = 2 * sp.cos(w * (a - b) / 2) * sp.Matrix([sp.cos(half), sp.sin(half)])
    return Equal(sp.ImmutableMatrix(left), sp.ImmutableMatrix(right))


def sums_of_two_circles() -> Equal:
    """Control: two residues on circles of different radii do not have that property."""
    left = sp.cos(w * a) + 2 * sp.cos(w * b)
    return Equal(left, 3 * sp.cos(w * (a - b) / 2) * sp.cos(w * (a + b) / 2))


def _projected(low, high, activation) -> sp.Expr:
    return sp.integrate(sp.expand_trig(activation * sp.cos(2 * z)), (z, low, high))


def relu_reads_the_double_angle() -> Equal:
    """The mean over directions of relu(cos(t - theta)) cos(2 theta - phi), times 2 pi, is (2/3) cos(2t - phi).

    With z = theta - t: cos(2z + 2t - phi) = cos 2z cos(2t - phi) - sin 2z sin(2t - phi).
    """
    even = _projected(-sp.pi / 2, sp.pi / 2, sp.cos(z))
    odd = sp.integrate(sp.cos(z) * sp.sin(2 * z), (z, -sp.pi / 2, sp.pi / 2))
    return Equal(
        even * sp.cos(2 * t - phi) - odd * sp.sin(2 * t - phi), sp.Rational(2, 3) * sp.cos(2 * t - phi)
    )


def modulus_reads_the_double_angle() -> Equal:
    """The same for |cos|: (4/3) cos(2t - phi)."""
    both = _projected(-sp.pi / 2, sp.pi / 2, sp.cos(z)) + _projected(sp.pi / 2, 3 * sp.pi / 2, -sp.cos(z))
    return Equal(both * sp.cos(2 * t - phi), sp.Rational(4, 3) * sp.cos(2 * t - phi))


def linear_reads_the_double_angle() -> Equal:
    """Control: without the ReLU nothing is read."""
    even = _projected(-sp.pi, sp.pi, sp.cos(z))
    return Equal(even * sp.cos(2 * t - phi), sp.Rational(2, 3) * sp.cos(2 * t - phi))


def _harmonic(number) -> sp.Expr:
    """Integral of cos z cos(n z) over the half circle where the ReLU is on, as a primitive's difference."""
    return sp.sin((number + 1) * sp.pi / 2) / (number + 1) + sp.sin((number - 1) * sp.pi / 2) / (number - 1)


def harmonic_primitive() -> Equal:
    """The primitive from which the harmonics of a ReLU follow."""
    number = 2 * order + 1
    primitive = sp.sin((number + 1) * z) / (2 * (number + 1)) + sp.sin((number - 1) * z) / (2 * (number - 1))
    return Equal(sp.diff(primitive, z), sp.cos(z) * sp.cos(number * z))


def relu_has_no_odd_harmonics() -> Equal:
    """The harmonics 3, 5, 7, ... of a ReLU vanish, which is why odd numbers of neurons alias late."""
    return Equal(_harmonic(2 * order + 1), 0)


def relu_even_harmonics() -> Equal:
    """Harmonic 2m is -2 (-1)^m / (4 m^2 - 1)."""
    return Equal(_harmonic(2 * order), -2 * (-1) ** order / (4 * order**2 - 1))


def relu_has_no_even_harmonics() -> Equal:
    """Control: the even ones do not vanish; they are what an even number of neurons trips over."""
    return Equal(_harmonic(2 * order), 0)


def lattice_adds() -> Equal:
    """phi(x, y) = x + h y adds: equal sums of lattice points have equal classes."""
    return Equal((x1 + columns * y1) + (x2 + columns * y2), (x1 + x2) + columns * (y1 + y2))


def squared_lattice_adds() -> Equal:
    """Control: a label that is not linear in the place does not."""
    return Equal((x1**2 + columns * y1) + (x2**2 + columns * y2), (x1 + x2) ** 2 + columns * (y1 + y2))


def box_sums() -> Equal:
    """A box of l x k points has (2l-1)(2k-1) sums: 3lk - 3 and (l-2)(k-2) more."""
    return Equal((2 * length - 1) * (2 * height - 1), 3 * length * height - 3 + (length - 2) * (height - 2))


def box_doubles_little() -> AtLeast:
    """At least 3|A| - 3 sums for every box with two or more points each way (Freiman's bound in the plane)."""
    return AtLeast(
        (2 * length - 1) * (2 * height - 1), 3 * length * height - 3, given=(length >= 2, height >= 2)
    )


def line_doubles_little() -> AtLeast:
    """Control: a single row is allowed; it has only 2|A| - 1 sums."""
    return AtLeast(
        (2 * length - 1) * (2 * height - 1), 3 * length * height - 3, given=(length >= 2, height >= 1)
    )


def _phase_mean(power: int, third) -> sp.Expr:
    wave = (sp.cos(alpha + f1) + sp.cos(beta + f2)) ** power * sp.cos(gamma + third)
    inner = sp.integrate(sp.expand(sp.expand_trig(wave)), (f1, 0, 2 * sp.pi))
    return sp.integrate(sp.expand(inner), (f2, 0, 2 * sp.pi)) / (4 * sp.pi**2)


def phases_select_the_sum() -> Equal:
    """The mean over the phases of (cos(a+f1) + cos(b+f2))^2 cos(c+f1+f2) is cos(a+b-c)/2."""
    return Equal(_phase_mean(2, f1 + f2), sp.cos(alpha + beta - gamma) / 2)


def cubes_select_the_sum() -> Equal:
    """Control: with cubes the mean is zero."""
    return Equal(_phase_mean(3, f1 + f2), sp.cos(alpha + beta - gamma) / 2)


def free_phases_select_the_sum() -> Equal:
    """Control: with an output phase of its own the mean is zero."""
    return Equal(_phase_mean(2, f3), sp.cos(alpha + beta - gamma) / 2)


def frequencies_telescope() -> Equal:
    """2 sin(x/2) cos(s x) is a difference of neighbours, so that sums of cosines telescope."""
    half = sp.Rational(1, 2)
    return Equal(2 * sp.sin(z / 2) * sp.cos(s * z), sp.sin((s + half) * z) - sp.sin((s - half) * z))


def frequencies_cancel() -> Equal:
    """The ends of the telescope at x = 2 pi q / p: the cosines of all p - 1 frequencies sum to -1 for q not 0
    mod p.
    """
    step = 2 * sp.pi * q / prime
    return Equal(sp.sin((prime - sp.Rational(1, 2)) * step) - sp.sin(step / 2), -2 * sp.sin(step / 2))


def all_but_one_frequency_cancel() -> Equal:
    """Control: with the last frequency left out they do not."""
    step = 2 * sp.pi * q / prime
    return Equal(sp.sin((prime - sp.Rational(3, 2)) * step) - sp.sin(step / 2), -2 * sp.sin(step / 2))
