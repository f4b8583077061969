"""A small layered network in symbols: its parameters, its paths, the path-parameter incidence and the exponents B."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class LayeredNetwork:
    """Weights (n_l, n_{l-1}) and biases (n_l, 1) per layer, each entry a nonzero real symbol; biases may be empty."""

    widths: tuple[int, ...]
    weights: tuple[sp.Matrix, ...]
    biases: tuple[sp.Matrix, ...]

    @classmethod
    def of(cls, *widths: int, biases: bool = True) -> LayeredNetwork:
        """The network with these widths, inputs first."""
        shapes = list(enumerate(itertools.pairwise(widths), start=1))
        weights = tuple(_block("w", layer, after, before) for layer, (before, after) in shapes)
        offsets = tuple(_block("b", layer, after, 1) for layer, (_, after) in shapes)
        return cls(widths, weights, offsets if biases else ())

    @property
    def parameters(self) -> list[sp.Symbol]:
        """All weights, layer by layer, then all biases."""
        return [p for block in (*self.weights, *self.biases) for p in block]

    def paths(self) -> list[list[sp.Symbol]]:
        """The parameters on each path from an input or a bias to an output."""
        found = []
        starts = range(len(self.weights) + 1) if self.biases else range(1)
        for start in starts:  # 0: an input; l > 0: a bias of layer l
            for nodes in itertools.product(*(range(width) for width in self.widths[start:])):
                steps = zip(self.weights[start:], itertools.pairwise(nodes), strict=True)
                first = [self.biases[start - 1][nodes[0]]] if start else []
                found.append([*first, *(weight[after, before] for weight, (before, after) in steps)])
        return found

    def lifting(self) -> sp.Matrix:
        """Φ(θ): the product of the parameters on each path, shape (P, 1)."""
        return sp.Matrix([sp.Mul(*path) for path in self.paths()])

    def jacobian(self) -> sp.Matrix:
        """J = ∂Φ/∂θ, shape (P, p)."""
        return self.lifting().jacobian(self.parameters)

    def incidence(self) -> sp.Matrix:
        """S: 1 where a path holds a parameter, shape (P, p)."""
        parameters = self.parameters
        return sp.Matrix([[int(p in path) for p in parameters] for path in self.paths()])

    def units(self) -> list[tuple[set[sp.Symbol], set[sp.Symbol]]]:
        """What enters and what leaves each hidden unit, layer by layer."""
        found = []
        for layer, width in enumerate(self.widths[1:-1]):
            for unit in range(width):
                incoming = set(self.weights[layer].row(unit))
                incoming |= {self.biases[layer][unit]} if self.biases else set()
                found.append((incoming, set(self.weights[layer + 1].col(unit))))
        return found

    def exponents(self) -> sp.Matrix:
        """B: -1 where a parameter enters a hidden unit, +1 where it leaves it, shape (p, H)."""
        units = self.units()
        return sp.Matrix([[(p in out) - (p in into) for into, out in units] for p in self.parameters])

    def factors(self) -> list[sp.Expr]:
        """D: the factor of each parameter when every hidden unit h is rescaled by a positive symbol lambda_h."""
        scales = sp.symbols(f"lambda1:{len(self.units()) + 1}", positive=True)
        exponents = self.exponents()
        return [
            sp.Mul(*(scale ** -exponents[row, h] for h, scale in enumerate(scales)))
            for row in range(exponents.rows)
        ]

    def moved(self) -> dict[sp.Symbol, sp.Expr]:
        """θ ↦ Dθ as a substitution."""
        return {p: factor * p for p, factor in zip(self.parameters, self.factors(), strict=True)}


def _block(name: str, layer: int, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(
        rows, columns, lambda i, j: sp.Symbol(f"{name}{layer}_{i + 1}{j + 1}", real=True, nonzero=True)
    )
