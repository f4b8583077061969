"""Random weights without biases: when the criterion asks for nothing (claim: random-initialisation-optimum)."""

import itertools

import sympy as sp

from verified_dynamics.proof import Equal, Statement
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

n = sp.symbols("n0:6", positive=True)
variance = sp.symbols("v1:6", positive=True)  # σ_l² of layer l is variance[l - 1]
z = sp.symbols("z1:5", real=True)


def masses_are_multilinear() -> Statement:
    """g of the net 2-3-2-2 without biases is linear in each squared weight, so E g is g of the variances."""
    network, magnitudes = _squared_network()
    second = [sp.diff(g.expand(), p, 2) for g in magnitudes for p in network.parameters]
    return Equal(sp.Matrix(second), sp.zeros(len(second), 1))


def expected_magnitudes() -> Statement:
    """E g_l = P/(n_l n_{l-1} σ_l²), P = n_0 Π n_m σ_m²: every weight of the net 2-3-2-2, squares put to variances."""
    network, magnitudes = _squared_network()
    means = {p: variance[layer] for layer, block in enumerate(network.weights) for p in block}
    widths = network.widths
    product = widths[0] * sp.Mul(*(widths[m + 1] * variance[m] for m in range(3)))
    expected = [product / (block.rows * block.cols * variance[layer])
                for layer, block in enumerate(network.weights) for _ in block]  # fmt: skip
    return Equal(sp.Matrix([g.subs(means) for g in magnitudes]), sp.Matrix(expected))


def expected_layer_means() -> Statement:
    """The same from the recursions φ_l = n_{l-1} σ_l² φ_{l-1} and β_{l-1} = n_l σ_l² β_l; four layers, any widths."""
    product = n[0] * sp.Mul(*(n[m + 1] * variance[m] for m in range(4)))
    closed = [product / (n[layer + 1] * n[layer] * variance[layer]) for layer in range(4)]
    return Equal(sp.Matrix(_magnitudes(4)), sp.Matrix(closed))


def stationarity_in_ratios() -> Statement:
    """∂J/∂z_l = n_l (n_{l+1} y_{l+1} - n_{l-1} y_l) with y_l = p E g_l e^(z_{l-1} - z_l)/T - 1; four layers."""
    gradient = sp.Matrix([sp.diff(_objective(4), unknown) for unknown in z[:3]])
    count, total = _count(4), _total(4)
    y = [count * g * sp.exp(step) / total - 1 for g, step in zip(_magnitudes(4), _steps(4), strict=True)]
    rows = [n[m] * (n[m + 1] * y[m] - n[m - 1] * y[m - 1]) for m in range(1, 4)]
    return Equal(gradient, sp.Matrix(rows))


def only_equal_magnitudes_are_stationary() -> Statement:
    """The system n_{l+1} y_{l+1} = n_{l-1} y_l, Σ n_l n_{l-1} y_l = 0 has only y = 0 for L = 2..5.

    Up to its sign the determinant is a sum of positive terms.
    """
    determinants = [_system(depth).det().expand() for depth in range(2, 6)]
    return Equal(sp.Matrix(determinants), sp.Matrix([_positive_sum(depth) for depth in range(2, 6)]))


def equalised_layers_are_stationary() -> Statement:
    """Three layers, any widths and variances: ∇J = 0 at z_{l-1} - z_l = log(GM/g_l), GM the geometric mean."""
    gradient = [sp.diff(_objective(3), unknown) for unknown in z[:2]]
    return Equal(sp.Matrix([_at_optimum(slope) for slope in gradient]), sp.zeros(2, 1))


def norm_is_stationary_there() -> Statement:
    """The expected squared norm Σ n_l n_{l-1} σ_l² e^-(z_{l-1} - z_l) is stationary at the same point."""
    norm = sum(f * sp.exp(-step) for f, step in zip(_norms(3), _steps(3), strict=True))
    return Equal(sp.Matrix([_at_optimum(sp.diff(norm, unknown)) for unknown in z[:2]]), sp.zeros(2, 1))


def frobenius_form() -> Statement:
    """GM/g_l of the magnitudes is F_l/GM of the expected squared norms: W_l becomes W_l sqrt(GM/F_l)."""
    magnitudes, norms = _magnitudes(3), _norms(3)
    return Equal(
        sp.Matrix([_mean(magnitudes) / g for g in magnitudes]), sp.Matrix([f / _mean(norms) for f in norms])
    )


def rules_of_initialisation() -> Statement:
    """n_{l-1}σ_l² - n_{l+1}σ_{l+1}² for fan-in 2/n_{l-1}, fan-out 2/n_l, Glorot 2/(n_{l-1} + n_l), 1/(n_l n_{l-1}).

    It vanishes where n_l = n_{l+1}, where n_l = n_{l-1}, where n_{l-1} = n_{l+1}, and always.
    """
    before, here, after = n[:3]
    expected = [
        2 * (here - after) / here,
        2 * (before - here) / here,
        2 * here * (before - after) / ((before + here) * (here + after)),
        sp.Integer(0),
    ]
    found = [before * rule(before, here) - after * rule(here, after) for rule in _RULES]
    return Equal(sp.Matrix(found), sp.Matrix(expected))


def rules_leave_gradient_zero() -> Statement:
    """Three layers, z = 0, gradient zero: fan-in with n1 = n2 = n3, fan-out with n0 = n1 = n2, Glorot with
    n0 = n2 and n1 = n3, and 1/(n_l n_{l-1}) with any widths."""
    equalities = ({n[1]: n[3], n[2]: n[3]}, {n[1]: n[0], n[2]: n[0]}, {n[2]: n[0], n[3]: n[1]}, {})
    found = [slope for rule, widths in zip(_RULES, equalities, strict=True)
             for slope in _gradient_at_zero(rule, widths)]  # fmt: skip
    return Equal(sp.Matrix(found), sp.zeros(8, 1))


def fan_in_with_unequal_widths() -> Statement:
    """Kaiming fan-in with any widths: the gradient at z = 0 vanishes: false."""
    return Equal(sp.Matrix(_gradient_at_zero(_RULES[0], {})), sp.zeros(2, 1))


def glorot_with_unequal_widths() -> Statement:
    """Glorot with any widths: the gradient at z = 0 vanishes: false."""
    return Equal(sp.Matrix(_gradient_at_zero(_RULES[2], {})), sp.zeros(2, 1))


def equal_variances_are_balanced() -> Statement:
    """Equal variances in all layers make all E g_l equal, whatever the widths: false."""
    magnitudes = [g.subs({v: variance[0] for v in variance}) for g in _magnitudes(3)]
    return Equal(magnitudes[0], magnitudes[1])


_RULES = (
    lambda before, after: 2 / before,
    lambda before, after: 2 / after,
    lambda before, after: 2 / (before + after),
    lambda before, after: 1 / (before * after),
)


def _squared_network() -> tuple[LayeredNetwork, list[sp.Expr]]:
    """The net 2-3-2-2, its symbols standing for squared weights, and g of each from the masses."""
    network = LayeredNetwork.of(2, 3, 2, 2, biases=False)
    forward, backward = [sp.ones(2, 1)], [sp.ones(2, 1)]
    for weight in network.weights:
        forward.append(weight * forward[-1])
    for weight in reversed(network.weights):
        backward.insert(0, weight.T * backward[0])
    outer = [after * before.T for after, before in zip(backward[1:], forward[:-1], strict=True)]
    return network, [entry for block in outer for entry in block]


def _magnitudes(depth: int) -> list[sp.Expr]:
    """E g_l from the layer recursions of the forward and backward masses."""
    forward, backward = [sp.Integer(1)], [sp.Integer(1)]
    for layer in range(depth):
        forward.append(n[layer] * variance[layer] * forward[-1])
    for layer in reversed(range(depth)):
        backward.insert(0, n[layer + 1] * variance[layer] * backward[0])
    return [after * before for after, before in zip(backward[1:], forward[:-1], strict=True)]


def _norms(depth: int) -> list[sp.Expr]:
    return [n[layer + 1] * n[layer] * variance[layer] for layer in range(depth)]


def _steps(depth: int) -> list[sp.Expr]:
    """z_{l-1} - z_l of each layer, zero at the inputs and the outputs."""
    return [before - after for before, after in itertools.pairwise((0, *z[: depth - 1], 0))]


def _count(depth: int) -> sp.Expr:
    return sum(n[layer + 1] * n[layer] for layer in range(depth))


def _total(depth: int) -> sp.Expr:
    pairs = zip(_magnitudes(depth), _steps(depth), strict=True)
    return sum(n[layer + 1] * n[layer] * g * sp.exp(step) for layer, (g, step) in enumerate(pairs))


def _objective(depth: int) -> sp.Expr:
    linear = sum(n[layer + 1] * n[layer] * step for layer, step in enumerate(_steps(depth)))
    return _count(depth) * sp.log(_total(depth)) - linear


def _mean(values: list[sp.Expr]) -> sp.Expr:
    return sp.Mul(*values) ** sp.Rational(1, len(values))


def _at_optimum(expression: sp.Expr) -> sp.Expr:
    magnitudes = _magnitudes(3)
    steps = [sp.log(_mean(magnitudes) / g) for g in magnitudes]
    return expression.subs({z[0]: -steps[0], z[1]: -steps[0] - steps[1]}, simultaneous=True)


def _system(depth: int) -> sp.Matrix:
    rows = [[0] * depth for _ in range(depth)]
    for layer in range(1, depth):
        rows[layer - 1][layer - 1], rows[layer - 1][layer] = -n[layer - 1], n[layer + 1]
    rows[-1] = [n[layer] * n[layer - 1] for layer in range(1, depth + 1)]
    return sp.Matrix(rows)


def _positive_sum(depth: int) -> sp.Expr:
    """(-1)^(L-1) Σ_l n_l n_{l-1} Π_{m<l} n_{m+1} Π_{m>=l} n_{m-1}, products over m = 1..L-1, up to that sign."""
    return sum(
        (-1) ** (depth - 1) * n[layer] * n[layer - 1]
        * sp.Mul(*(n[m - 1] for m in range(1, layer)))
        * sp.Mul(*(n[m + 1] for m in range(layer, depth)))
        for layer in range(1, depth + 1)
    )  # fmt: skip


def _gradient_at_zero(rule, widths: dict) -> list[sp.Expr]:
    rates = {variance[layer]: rule(n[layer], n[layer + 1]) for layer in range(3)}
    zero = dict.fromkeys(z[:2], 0)
    return [sp.diff(_objective(3), unknown).subs(zero).subs(rates).subs(widths) for unknown in z[:2]]
