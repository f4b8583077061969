r"""Path norms of a traced network in one forward pass.

:math:`\lVert\Phi(\theta)\rVert_q^q` is the sum of the outputs of the network that has :math:`|\theta|^q` in place of
its parameters, the identity in place of each activation, sums in place of maxima, and an input of ones (Neyshabur,
Salakhutdinov and Srebro 2015; Gonon et al. 2024 for convolutions, pooling and skips).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.forward_graph import forward_graph
from verified_dynamics.symmetry.rescaling_invariance.path_pass import PathNormError, PathPass

__all__ = ["PathNormError", "layer_norm_product", "path_magnitudes", "path_norm"]


def path_norm(model: nn.Module, example_input: Tensor, *, q: float = 2.0) -> float:
    """The q-norm of the path-lifting of ``model`` in float64, invariant under every rescaling of its scale groups.

    ``example_input``: any input of the right shape (its values do not matter).  Biases start paths of their own.  Cost:
    one forward pass with one example.  Raises PathNormError for a layer that is not a sum over paths.
    """
    total, log_factor = _total(model, _powers(model, q), example_input, q)
    return float(((total.log() + log_factor) / q).exp())


def path_magnitudes(model: nn.Module, example_input: Tensor) -> dict[str, Tensor]:
    r"""Diagonal of the path metric :math:`G_{ii} = \partial\lVert\Phi\rVert_2^2/\partial(\theta_i^2)`, per parameter.

    Under a rescaling θ ↦ d·θ it becomes G_ii / d_i², which makes it the step-size denominator of Path-SGD.
    """
    powers = {name: value.requires_grad_() for name, value in _powers(model, 2.0).items()}
    total, log_factor = _total(model, powers, example_input, 2.0)
    gradients = torch.autograd.grad(total, list(powers.values()), allow_unused=True)
    zipped = zip(powers.items(), gradients, strict=True)
    return {
        name: torch.zeros_like(value) if g is None else g * log_factor.exp() for (name, value), g in zipped
    }


def layer_norm_product(model: nn.Module) -> float:
    """Product over the linear layers of the largest absolute row sum: the classical bound, not invariant."""
    norms = [
        m.weight.detach().double().abs().sum(1).max() for m in model.modules() if isinstance(m, nn.Linear)
    ]
    return float(torch.stack(norms).prod())


def _powers(model: nn.Module, q: float) -> dict[str, Tensor]:
    return {name: p.detach().double().abs() ** q for name, p in model.named_parameters()}


def _total(
    model: nn.Module, powers: Mapping[str, Tensor], example_input: Tensor, q: float
) -> tuple[Tensor, Tensor]:
    device = next(iter(powers.values())).device
    ones = torch.ones(1, *example_input.shape[1:], dtype=torch.float64, device=device)
    return PathPass(model, forward_graph(model, 1), powers, q).total([ones])
