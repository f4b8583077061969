"""From the log-det divergence to J(z) (claims: criterion-reduction, orbit-canonical-point)."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Convex, Equal, LimitIs, Statement, SumOfSquares

alpha, trace, p, scale = sp.symbols("alpha T p c", positive=True)
d = sp.symbols("d1:4", positive=True)
g = sp.symbols("g1:4", positive=True)
y = sp.symbols("y1:4", real=True)  # (Bz)_i
m12, m13, m23, u, v1, v2 = sp.symbols("m12 m13 m23 u v1 v2", real=True)
z, zeta = sp.symbols("z1 z2", real=True), sp.symbols("zeta1 zeta2", real=True)
_CHAIN = (-z[0], z[0] - z[1], z[1], z[1])  # Bz of the net 1-1-1-2 without biases
_CHAIN_MAGNITUDES = sp.symbols("g1:5", positive=True)
_CHAIN_SUM = sum(_CHAIN)
X, E, U, A = sp.symbols("X E U A", positive=True)


def determinant_identity() -> Statement:
    """det(α D⁻¹MD⁻¹) (d1 d2 d3)² = α³ det M for every symmetric 3 × 3 matrix M and every diagonal D > 0."""
    return Equal(_moved().det() * (d[0] * d[1] * d[2]) ** 2, alpha**3 * _generic().det())


def trace_of_diagonal() -> Statement:
    """tr(α D⁻¹MD⁻¹) = α Σ g_i/d_i²: of M only the diagonal enters."""
    return Equal(_moved().trace(), alpha * sum(a / b**2 for a, b in zip(g, d, strict=True)))


def best_factor() -> Statement:
    """α T - p log α is smallest at α* = p/T: its value there is p - p log(p/T), for all α, T, p > 0."""
    return AtLeast(
        alpha * trace - p * sp.log(alpha), p - p * sp.log(p / trace), certificate=Convex(alpha, p / trace)
    )


def reduced_criterion() -> Statement:
    """tr X - log det X - 3 at α* is J = 3 log Σ g_i/d_i² + 2 Σ log d_i, up to the constant -log det M - 3 log 3."""
    total = sum(a / b**2 for a, b in zip(g, d, strict=True))
    determinant = sp.Symbol("Delta", positive=True)  # det M, by `determinant_identity`
    best = 3 / total
    divergence = best * total - sp.log(best**3 * determinant / (d[0] * d[1] * d[2]) ** 2) - 3
    objective = 3 * sp.log(total) + 2 * sum(sp.log(b) for b in d)
    return Equal(divergence, objective - sp.log(determinant) - 3 * sp.log(3))


def singular_metric() -> Statement:
    """One neuron with one incoming and two outgoing weights: det G = 0, so the divergence itself is infinite."""
    jacobian = _neuron_jacobian()
    return Equal((jacobian.T * jacobian).det(), sp.Integer(0))


def regularised_difference() -> Statement:
    """det(D⁻¹(G + εI)D⁻¹) = λ² det(G + εI) for that neuron: along the orbit the difference is free of ε and of θ."""
    jacobian, epsilon = _neuron_jacobian(), sp.Symbol("epsilon", positive=True)
    matrix = jacobian.T * jacobian + epsilon * sp.eye(3)
    inverse = sp.diag(1 / scale, scale, scale)
    return Equal((inverse * matrix * inverse).det(), scale**2 * matrix.det())


def mean_ratio() -> Statement:
    """(J - Σ log g_i)/3 - log 3 = log of arithmetic over geometric mean of the g_i e^(Bz)_i."""
    entries = [a * sp.exp(b) for a, b in zip(g, y, strict=True)]
    left = (_objective() - sum(sp.log(a) for a in g)) / 3 - sp.log(3)
    return Equal(left, sp.log(sum(entries) / 3) - sum(sp.log(a) + b for a, b in zip(g, y, strict=True)) / 3)


def imbalance_of_two() -> Statement:
    """The path imbalance of two magnitudes is not negative: (a + b)/2 >= sqrt(a b)."""
    return AtLeast(sp.log((g[0] + g[1]) / 2), sp.log(g[0] * g[1]) / 2)


def imbalance_of_three() -> Statement:
    """The path imbalance of three magnitudes is not negative: a + b + c >= 3 (a b c)^(1/3), with cubes in place."""
    a, b, e = sp.symbols("a b e", positive=True)
    squares = SumOfSquares([((a + b + e) / 2, term) for term in (a - b, b - e, e - a)])
    return AtLeast(a**3 + b**3 + e**3, 3 * a * b * e, certificate=squares)


def imbalance_is_scale_free() -> Statement:
    """The imbalance of c g is the imbalance of g."""
    return Equal(_imbalance([scale * a for a in g]), _imbalance(list(g)))


def objective_along_orbit() -> Statement:
    """J of Dθ at z is J of θ at z + ζ, plus Σ (Bζ)_i: both have their minimum at the same network; net 1-1-1-2."""
    shift = {z[0]: z[0] + zeta[0], z[1]: z[1] + zeta[1]}
    there = _chain_objective(_CHAIN_MAGNITUDES).subs(shift, simultaneous=True)
    return Equal(
        _chain_objective(_moved_magnitudes()), there + _CHAIN_SUM.subs(dict(zip(z, zeta, strict=True)))
    )


def equal_magnitudes_path_step() -> Statement:
    """Where all g_i equal c, a Path-SGD step of size η is a gradient step of size η/c."""
    eta = sp.Symbol("eta", positive=True)
    theta, gradient = sp.Matrix(sp.symbols("theta1:4", real=True)), sp.Matrix(sp.symbols("h1:4", real=True))
    metric = sp.diag(*g).subs(dict.fromkeys(g, scale))
    return Equal(theta - eta * metric.inv() * gradient, theta - (eta / scale) * gradient)


def dead_unit_has_no_minimum() -> Statement:
    """A unit whose outgoing weights are zero (V = 0), A = i - o > 0: J along it falls without bound as λ → 0."""
    return LimitIs(p * sp.log(E + U * X) + A * sp.log(X), X, 0, -sp.oo)


def objective_without_shift() -> Statement:
    """J of Dθ at z is J of θ at z, up to Σ (Bζ)_i: false, the minimum moves along."""
    return Equal(
        _chain_objective(_moved_magnitudes()),
        _chain_objective(_CHAIN_MAGNITUDES) + _CHAIN_SUM.subs(dict(zip(z, zeta, strict=True))),
    )


def unequal_magnitudes_path_step() -> Statement:
    """The same with g_1, g_2, g_3 as they come and the step size η/g_1: false."""
    eta = sp.Symbol("eta", positive=True)
    theta, gradient = sp.Matrix(sp.symbols("theta1:4", real=True)), sp.Matrix(sp.symbols("h1:4", real=True))
    return Equal(theta - eta * sp.diag(*g).inv() * gradient, theta - (eta / g[0]) * gradient)


def frobenius_of_diagonal() -> Statement:
    """‖α D⁻¹MD⁻¹ - I‖² as a function of the diagonal of M alone: false, the off-diagonal entries enter."""
    return Equal(sp.diff((_moved() - sp.eye(3)).norm() ** 2, m12), sp.Integer(0))


def divergence_of_singular() -> Statement:
    """log det(G + εI) has a finite limit as ε → 0: false, G is singular."""
    epsilon = sp.Symbol("epsilon", positive=True)
    jacobian = _neuron_jacobian().subs({u: 1, v1: 1, v2: 1})
    return LimitIs(sp.log((jacobian.T * jacobian + epsilon * sp.eye(3)).det()), epsilon, 0, sp.Integer(0))


def _generic() -> sp.Matrix:
    return sp.Matrix([[g[0], m12, m13], [m12, g[1], m23], [m13, m23, g[2]]])


def _moved() -> sp.Matrix:
    inverse = sp.diag(*(1 / b for b in d))
    return alpha * inverse * _generic() * inverse


def _neuron_jacobian() -> sp.Matrix:
    return sp.Matrix([u * v1, u * v2]).jacobian([u, v1, v2])


def _objective() -> sp.Expr:
    return 3 * sp.log(sum(a * sp.exp(b) for a, b in zip(g, y, strict=True))) - sum(y)


def _imbalance(entries: list[sp.Expr]) -> sp.Expr:
    return sp.log(sum(entries) / len(entries)) - sum(sp.log(a) for a in entries) / len(entries)


def _chain_objective(magnitudes: tuple[sp.Expr, ...]) -> sp.Expr:
    return 4 * sp.log(sum(a * sp.exp(b) for a, b in zip(magnitudes, _CHAIN, strict=True))) - _CHAIN_SUM


def _moved_magnitudes() -> tuple[sp.Expr, ...]:
    """g of Dθ, D with the log-scales ζ: g_i e^{(Bζ)_i}."""
    at = dict(zip(z, zeta, strict=True))
    return tuple(
        a * sp.exp(b.subs(at, simultaneous=True)) for a, b in zip(_CHAIN_MAGNITUDES, _CHAIN, strict=True)
    )
