"""Path norms and balancing (claims: path-lifting-rank, path-norm, equi-normalisation)."""

import itertools
import random

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

WIDTHS = (2, 2, 2, 1)
c = sp.Symbol("lambda", positive=True)


def path_sum_of_squares() -> Statement:
    """Net 2-2-2-1 with biases: the 15 squared paths sum to the output of the squared-weight network on ones."""
    weights, biases = _parameters()
    enumerated = sum(path**2 for path in _paths(weights, biases))
    value = sp.ones(2, 1)
    for weight, bias in zip(weights, biases, strict=True):
        value = weight.applyfunc(lambda p: p**2) * value + bias.applyfunc(lambda p: p**2)
    return Equal(enumerated, value[0])


def path_kernel() -> Statement:
    """Each path has the same sum of θ∂Φ over what enters as over what leaves each of the four hidden units."""
    weights, biases = _parameters()
    paths = _paths(weights, biases)
    return Equal(
        sp.Matrix([[_charge(path, incoming) for path in paths] for incoming, _ in _units(weights, biases)]),
        sp.Matrix([[_charge(path, outgoing) for path in paths] for _, outgoing in _units(weights, biases)]),
    )


def path_lifting_rank() -> Statement:
    """Net 2-2-2-1 with biases: rank of ∂Φ is parameters minus hidden units, exactly at a random rational point."""
    weights, biases = _parameters()
    parameters = [p for block in (*weights, *biases) for p in block]
    generator = random.Random(5)
    point = {p: sp.Rational(generator.randint(1, 40), generator.randint(2, 23)) for p in parameters}
    jacobian = sp.Matrix(_paths(weights, biases)).jacobian(parameters).subs(point)
    hidden = sum(WIDTHS[1:-1])
    return Equal(sp.Integer(jacobian.rank()) + hidden, sp.Integer(len(parameters)))


def layer_product_bound() -> Statement:
    """Without biases, two hidden units: the 1-path-norm is at most the product of the layers' (row-sum) norms."""
    u1, u2, v1, v2 = sp.symbols("u1 u2 v1 v2", positive=True)
    return AtLeast((v1 + v2) * sp.Max(u1, u2), v1 * u1 + v2 * u2)


def balancing_decrease() -> Statement:
    """The exact step for one unit lowers the squared norm by (‖in‖ − ‖out‖)²."""
    a, b = sp.symbols("a b", positive=True)  # norms of what enters and leaves
    optimal = sp.sqrt(b / a)
    return Equal(a**2 + b**2 - (a**2 * optimal**2 + b**2 / optimal**2), (a - b) ** 2)


def balancing_convexity() -> Statement:
    """Two coupled units in log-scales: the second derivative along any direction is a sum of squares."""
    z1, z2, r, s = sp.symbols("z1 z2 r s", real=True)
    first, middle, last = sp.symbols("a b e", positive=True)
    t = sp.Symbol("t", real=True)
    objective = first * sp.exp(2 * z1) + middle * sp.exp(2 * z2 - 2 * z1) + last * sp.exp(-2 * z2)
    along = objective.subs({z1: z1 + t * r, z2: z2 + t * s}, simultaneous=True)
    squares = 4 * (
        first * sp.exp(2 * z1) * r**2
        + middle * sp.exp(2 * z2 - 2 * z1) * (s - r) ** 2
        + last * sp.exp(-2 * z2) * s**2
    )
    return Equal(sp.diff(along, t, 2).subs(t, 0), squares)


def path_sum_without_biases() -> Statement:
    """The squared-weight pass against the paths from inputs only: false."""
    weights, biases = _parameters()
    without = [sp.zeros(*bias.shape) for bias in biases]
    full = path_sum_of_squares().right
    return Equal(sum(path**2 for path in _paths(weights, without)), full)


def full_path_rank() -> Statement:
    """The Jacobian of the path-lifting as of full rank: false."""
    statement = path_lifting_rank()
    return Equal(statement.left - sum(WIDTHS[1:-1]), statement.right)


def disconnected_minimum() -> Statement:
    """A unit without outgoing weights attains a smallest norm at some positive value: false, a c² falls to zero."""
    a, m = sp.symbols("a m", positive=True)
    return AtLeast(a * c**2, m)


def _parameters() -> tuple[list[sp.Matrix], list[sp.Matrix]]:
    def block(name: str, layer: int, rows: int, columns: int) -> sp.Matrix:
        return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{layer}_{i + 1}{j + 1}", real=True))

    layers = list(zip(WIDTHS[1:], WIDTHS[:-1], strict=True))
    weights = [block("w", layer, out, inp) for layer, (out, inp) in enumerate(layers, start=1)]
    biases = [block("b", layer, out, 1) for layer, (out, _) in enumerate(layers, start=1)]
    return weights, biases


def _paths(weights: list[sp.Matrix], biases: list[sp.Matrix]) -> list[sp.Expr]:
    """Products along all paths, enumerated node by node from each input and each bias."""
    paths = []
    for start in range(len(weights) + 1):  # 0: an input; l > 0: the bias of layer l
        nodes = [range(width) for width in WIDTHS[start:]]
        for walk in itertools.product(*nodes):
            product = biases[start - 1][walk[0]] if start else sp.Integer(1)
            for step, weight in enumerate(weights[start:]):
                product *= weight[walk[step + 1], walk[step]]
            paths.append(product)
    return [path for path in paths if path != 0]


def _units(
    weights: list[sp.Matrix], biases: list[sp.Matrix]
) -> list[tuple[list[sp.Symbol], list[sp.Symbol]]]:
    found = []
    for layer in range(len(weights) - 1):
        for unit in range(WIDTHS[layer + 1]):
            incoming = [*weights[layer].row(unit), biases[layer][unit]]
            found.append((incoming, list(weights[layer + 1].col(unit))))
    return found


def _charge(path: sp.Expr, parameters: list[sp.Symbol]) -> sp.Expr:
    return sum(p * sp.diff(path, p) for p in parameters)
