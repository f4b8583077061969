r"""The path-lifting metric and the tangent kernel of small fully connected ReLU networks, written out in full.

With :math:`f_\theta(x) = C_\theta(x)\Phi(\theta)` and C locally constant in θ, the tangent kernel is
:math:`C J J^\top C^\top` with :math:`J = \partial\Phi/\partial\theta` (Gonon et al. 2024).  The functions take one
network; ``torch.func.vmap`` stacks them over many.  The number of paths grows with the product of the widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from verified_dynamics.symmetry.rescaling_invariance import path_lifting


def layers_of(theta: Tensor, widths: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Split a vector of parameters into weights (n_l, n_{l-1}) and biases (n_l,), layer by layer."""
    sizes = [size for inputs, outputs in pairwise(widths) for size in (inputs * outputs, outputs)]
    blocks = theta.split(sizes)
    weights = [w.reshape(n, m) for w, (m, n) in zip(blocks[::2], pairwise(widths), strict=True)]
    return weights, list(blocks[1::2])


def lifting(theta: Tensor, widths: Sequence[int]) -> Tensor:
    """Φ(θ), (paths,), of the network with these widths and a bias in every layer."""
    return path_lifting(*layers_of(theta, widths))


def lifting_jacobian(theta: Tensor, widths: Sequence[int]) -> Tensor:
    """J = ∂Φ/∂θ, (paths, parameters)."""
    return torch.func.jacrev(lambda vector: lifting(vector, widths))(theta)


def path_activations(theta: Tensor, widths: Sequence[int], x: Tensor) -> Tensor:
    """C_θ(x), (n, k, paths), with f_θ(x) = C_θ(x) Φ(θ) for inputs ``x``: (n, d).

    The entry of an output and a path that ends there is the input at the path's start (one for a bias) times the
    activities, zero or one, of the hidden units on it.  The order of the paths is that of ``path_lifting``.
    """
    weights, biases = layers_of(theta, widths)
    hidden, ending = x, x[:, :, None]  # (n, m), (n, m, paths that end in a unit)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
        hidden = hidden @ weight.T + bias
        last = layer == len(weights)
        active = torch.ones_like(hidden) if last else (hidden > 0).to(x.dtype)
        ending = active[:, :, None, None] * ending[:, None]  # (n, m_l, m_{l-1}, paths)
        ending = torch.cat([ending.flatten(2), active[:, :, None]], dim=2)
        hidden = hidden if last else hidden * active
    outputs = ending.shape[1]
    own = torch.eye(outputs, dtype=x.dtype, device=x.device)
    return (own[None, :, :, None] * ending[:, None]).flatten(2)  # (n, k, k * paths that end in one output)


def path_metric_masses(
    weights: Sequence[Tensor], biases: Sequence[Tensor | None]
) -> list[tuple[Tensor, Tensor]]:
    r"""Forward and backward masses whose outer products are the path diagonal of a fully connected network.

    Layer l gives :math:`(\beta_l, f_{l-1})`, ``(*lead, n_l)`` and ``(*lead, n_{l-1})``: the diagonal of G at
    :math:`W_l[k, j]` is :math:`\beta_l[k] f_{l-1}[j]`, and at :math:`b_l[k]` it is :math:`\beta_l[k]`.  Weights are
    ``(*lead, n_l, n_{l-1})``; None stands for a layer without biases.
    """
    squared = [weight**2 for weight in weights]
    forward = [torch.ones_like(weights[0][..., 0, :])]
    for weight, bias in zip(squared[:-1], biases[:-1], strict=True):
        mass = (weight @ forward[-1][..., None])[..., 0]
        forward.append(mass if bias is None else mass + bias**2)
    backward = [torch.ones_like(weights[-1][..., 0])]
    for weight in reversed(squared[1:]):
        backward.append((weight.mT @ backward[-1][..., None])[..., 0])
    return list(zip(reversed(backward), forward, strict=True))
