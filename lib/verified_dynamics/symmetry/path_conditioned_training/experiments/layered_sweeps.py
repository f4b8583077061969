"""Sequential sweeps for many fully connected networks at once.

In a fully connected network the path magnitudes of a layer are products: G of the weight from j to k is the backward
mass of k times the forward mass of j, and G of the bias of k is the backward mass of k.  A single-neuron step then
needs only the sums of these masses over a layer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import layer_parameters


def layered_sweeps(ensemble: Ensemble, *, sweeps: int = 10) -> Tensor:
    """Scales λ (members, neurons) after sequential sweeps of the path criterion, all biases counted.

    Equal to the ``sequential`` solver on every member; the steps of one neuron are taken for all members at once, so
    that a sweep costs as many vectorised steps as one network has neurons.  The members are networks ``MLP`` without
    normalisation.
    """
    widths = ensemble.module.widths
    weights, biases = layer_parameters(ensemble.parameters, len(widths) - 1)
    squares = [w.double().square().cpu().numpy() for w in weights]
    shifts = [None if b is None else b.double().square().cpu().numpy() for b in biases]
    state = _Masses(squares, shifts)
    for _ in range(sweeps):
        for layer in range(1, len(widths) - 1):
            for neuron in range(widths[layer]):
                state.step(layer, neuron)
    factors = np.concatenate(state.factors, axis=1)  # e^z (members, neurons)
    return torch.from_numpy(factors).sqrt().to(ensemble.device)


class _Masses:
    """Forward and backward masses of every layer, their sums at the present scales, and e^z of every neuron."""

    def __init__(self, squares: list[np.ndarray], shifts: list[np.ndarray | None]) -> None:
        members, _, inputs = squares[0].shape
        self.forward = [np.ones((members, inputs))]
        for square, shift in zip(squares, shifts, strict=True):
            mass = (square @ self.forward[-1][:, :, None])[:, :, 0]  # (members, n)
            self.forward.append(mass if shift is None else mass + shift)
        self.backward = [np.ones((members, squares[-1].shape[1]))]
        for square in reversed(squares[1:]):
            self.backward.insert(0, (self.backward[0][:, None] @ square)[:, 0])
        self.backward.insert(0, np.ones((members, 1)))  # of the inputs, which no parameter enters
        self.shifted = [0.0, *(float(shift is not None) for shift in shifts)]
        self.factors = [np.ones_like(mass) for mass in self.forward[1:-1]]
        self.into = [mass.sum(1) for mass in self.forward]  # sum of forward masses times e^z
        self.onward = [mass.sum(1) for mass in self.backward]  # sum of backward masses times e^-z
        self.sizes = sizes = [mass.shape[1] for mass in self.forward]
        self.count = sum(n * (m + b) for m, n, b in zip(sizes[:-1], sizes[1:], self.shifted[1:], strict=True))
        self.total = sum(
            self.onward[layer] * (self.into[layer - 1] + self.shifted[layer])
            for layer in range(1, len(sizes))
        )

    def step(self, layer: int, neuron: int) -> None:
        """The exact minimum over one neuron's scale, the others fixed: the root of the quadratic of `neuron_factor`."""
        x = self.factors[layer - 1][:, neuron].copy()
        forward, backward = self.forward[layer][:, neuron], self.backward[layer][:, neuron]
        growing = forward * self.onward[layer + 1]
        shrinking = backward * (self.into[layer - 1] + self.shifted[layer])
        rest = self.total - growing * x - shrinking / x
        excess = self.sizes[layer - 1] + self.shifted[layer] - self.sizes[layer + 1]
        a, b, c = (excess + self.count) * growing, excess * rest, (excess - self.count) * shrinking
        root = np.sqrt(b * b - 4 * a * c)
        # One of the two forms has no difference of nearly equal numbers.
        after = np.where(b > 0, -2 * c / (b + root), (root - b) / (2 * a))
        self.total = rest + growing * after + shrinking / after
        self.into[layer] = self.into[layer] + forward * (after - x)
        self.onward[layer] = self.onward[layer] + backward * (1 / after - 1 / x)
        self.factors[layer - 1][:, neuron] = after
