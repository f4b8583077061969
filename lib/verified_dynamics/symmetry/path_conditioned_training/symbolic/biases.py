"""Random weights and biases: one convex problem in the layers' scales (claim: biased-layer-optimum)."""

import itertools

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement
from verified_dynamics.symmetry.path_conditioned_training.symbolic.layered_network import LayeredNetwork

n = sp.symbols("n0:4", positive=True)
weight = sp.symbols("v1:4", positive=True)  # σ_l²
bias = sp.symbols("s1:4", positive=True)  # σ_{b,l}²
z = sp.symbols("z1:3", real=True)
root = sp.symbols("r1 r2", positive=True)


def layer_objective_of_network() -> Statement:
    """The net 2-3-2-2 with biases, squares put to variances, one z per layer: Σ g_i e^(Bz)_i is the layers' formula."""
    network = LayeredNetwork.of(2, 3, 2, 2)
    forward, backward = _network_masses(network)
    offset = list(itertools.accumulate(network.widths[1:-1], initial=0))
    per_unit = [z[layer] for layer in range(2) for _ in range(offset[layer], offset[layer + 1])]
    magnitudes = [b * f for layer in range(3) for b in backward[layer + 1] for f in forward[layer]]
    magnitudes += [b for layer in range(3) for b in backward[layer + 1]]
    exponents = network.exponents() * sp.Matrix(per_unit)
    total = sum(g * sp.exp(e) for g, e in zip(magnitudes, exponents, strict=True))
    widths = dict(zip(n, network.widths, strict=True))
    return Equal(total, _total(3).subs(widths))


def layer_gradient() -> Statement:
    """∂J/∂z_l = p (what leaves - what enters layer l)/T - (n_{l+1}n_l - n_l n_{l-1} - n_l); three layers."""
    terms = _terms(3)
    count, total = _count(3), _total(3)
    expected = []
    for layer in (1, 2):
        leaving, entering = terms[layer][0], sum(terms[layer - 1])
        degree = n[layer + 1] * n[layer] - n[layer] * n[layer - 1] - n[layer]
        expected.append(count * (leaving - entering) / total - degree)
    return Equal(sp.Matrix([sp.diff(_objective(3), unknown) for unknown in z]), sp.Matrix(expected))


def without_biases_is_closed_form() -> Statement:
    """No biases, one hidden layer: the gradient vanishes at the closed form e^z = sqrt(g_1/g_2)."""
    return Equal(_slope_at_closed_form(counted=0, spread=0), 0)


def zero_biases_shift() -> Statement:
    """Biases that start at zero but count: dJ/dz at the closed form is n1 n2 (n2 - n0 - 1)(a - 1)/T.

    a = sqrt(n0 v1 n2 v2) and T = a n1 (n0 + 1) + a n1 n2 + n2; it vanishes only where n2 = n0 + 1 or a = 1.
    """
    a = sp.sqrt(n[0] * weight[0] * n[2] * weight[1])
    total = a * n[1] * (n[0] + 1) + a * n[1] * n[2] + n[2]
    return Equal(
        _slope_at_closed_form(counted=1, spread=0), n[1] * n[2] * (n[2] - n[0] - 1) * (a - 1) / total
    )


def bias_variance_shifts() -> Statement:
    """n2 = n0 + 1, where zero biases ask for nothing: any bias variance s > 0 makes dJ/dz there positive.

    With n0 = r1²/v1 and v2 = r2²/n2 for positive r1, r2 the slope holds no root.
    """
    roots = {n[0]: root[0] ** 2 / weight[0], weight[1]: root[1] ** 2 / (root[0] ** 2 / weight[0] + 1)}
    slope = _slope_at_closed_form(counted=1, spread=bias[0]).subs(n[2], n[0] + 1).subs(roots)
    return AtLeast(sp.simplify(slope), 0, strict=True)


def single_layer_masses() -> Statement:
    """The sum over all paths' squares is φ_L n_L: Σ_k f_L[k] of the net 2-3-2-2 with squares put to variances."""
    network = LayeredNetwork.of(2, 3, 2, 2)
    forward, _ = _network_masses(network)
    masses, _ = _masses(3)
    return Equal(sum(forward[-1]), (n[3] * masses[-1]).subs(dict(zip(n, network.widths, strict=True))))


def closed_form_with_biases() -> Statement:
    """The closed form of the net without biases is stationary where biases count: false."""
    return Equal(_slope_at_closed_form(counted=1, spread=bias[0]), 0)


def dropped_biases() -> Statement:
    """The derivative at z = 0 is the same whether the biases count or not: false."""
    with_biases, without = (_slope(counted, bias[0] * counted).subs(z[0], 0) for counted in (1, 0))
    return Equal(with_biases, without)


def balanced_variance_with_biases() -> Statement:
    """σ_l² = 1/(n_l n_{l-1}), which needs no change without biases, needs none with zero biases: false."""
    rates = {weight[0]: 1 / (n[0] * n[1]), weight[1]: 1 / (n[1] * n[2])}
    return Equal(_slope(1, 0).subs(z[0], 0).subs(rates), 0)


def _network_masses(network: LayeredNetwork) -> tuple[list[sp.Matrix], list[sp.Matrix]]:
    """Forward and backward masses unit by unit, with the variances in place of the squares."""
    forward, backward = [sp.ones(network.widths[0], 1)], [sp.ones(network.widths[-1], 1)]
    for layer, block in enumerate(network.weights):
        forward.append(
            weight[layer] * sp.ones(*block.shape) * forward[-1] + bias[layer] * sp.ones(block.rows, 1)
        )
    for layer, block in reversed(list(enumerate(network.weights))):
        backward.insert(0, weight[layer] * sp.ones(*block.shape).T * backward[0])
    return forward, backward


def _masses(depth: int) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """φ_l = n_{l-1}σ_l²φ_{l-1} + σ_{b,l}², φ_0 = 1; β_{l-1} = n_lσ_l²β_l, β_L = 1."""
    forward, backward = [sp.Integer(1)], [sp.Integer(1)]
    for layer in range(depth):
        forward.append(n[layer] * weight[layer] * forward[-1] + bias[layer])
    for layer in reversed(range(depth)):
        backward.insert(0, n[layer + 1] * weight[layer] * backward[0])
    return forward, backward


def _terms(depth: int) -> list[tuple[sp.Expr, sp.Expr]]:
    """What the weights and what the biases of each layer add to Σ g_i e^{(Bz)_i}."""
    forward, backward = _masses(depth)
    scales = (0, *z[: depth - 1], 0)
    found = []
    for layer in range(depth):
        after = backward[layer + 1] * n[layer + 1] * sp.exp(-scales[layer + 1])
        found.append((after * n[layer] * forward[layer] * sp.exp(scales[layer]), after))
    return found


def _total(depth: int) -> sp.Expr:
    return sum(sum(pair) for pair in _terms(depth))


def _count(depth: int) -> sp.Expr:
    return sum(n[layer + 1] * (n[layer] + 1) for layer in range(depth))


def _objective(depth: int) -> sp.Expr:
    scales = (0, *z[: depth - 1], 0)
    linear = sum(
        n[m + 1] * n[m] * (scales[m] - scales[m + 1]) - n[m + 1] * scales[m + 1] for m in range(depth)
    )
    return _count(depth) * sp.log(_total(depth)) - linear


def _slope(counted: int, spread: sp.Expr) -> sp.Expr:
    """dJ/dz of a net n0-n1-n2; `counted` is 1 where biases count, `spread` the variance of the first bias."""
    forward = n[0] * weight[0] + spread
    total = n[2] * weight[1] * n[1] * (n[0] + counted) * sp.exp(-z[0]) + n[2] * (
        n[1] * forward * sp.exp(z[0]) + counted
    )
    parameters = n[1] * (n[0] + counted) + n[2] * (n[1] + counted)
    linear = (n[2] * n[1] - n[1] * (n[0] + counted)) * z[0]
    return sp.diff(parameters * sp.log(total) - linear, z[0])


def _slope_at_closed_form(counted: int, spread: sp.Expr) -> sp.Expr:
    """At e^z = sqrt(g_1/g_2), g_1 = n2 v2 and g_2 = n0 v1."""
    point = sp.log(sp.sqrt(n[2] * weight[1] / (n[0] * weight[0])))
    return _slope(counted, spread).subs(z[0], point)
