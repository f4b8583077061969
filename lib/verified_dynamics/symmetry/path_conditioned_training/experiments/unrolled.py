"""Tiny convolutional networks written as fully connected ones, whose path diagonal is read off the list of paths."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from verified_dynamics.models import ConvNet
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import path_diagonal
from verified_dynamics.symmetry.rescaling_invariance import path_lifting

_POOL = 2


def convolution_identities(g: torch.Generator) -> dict[str, float]:
    """Errors of the one-pass path diagonal of convolutional networks, and how far they are from rank one."""
    deep = ConvNet((1, 2, 2), 2, image_size=3, pooling="none", generator=g)
    found = {"convolution": _against_paths(deep, 3, "none")}
    for pooling in ("average", "max"):
        pooled = ConvNet((1, 2), 2, image_size=4, pooling=pooling, generator=g)
        found[f"{pooling}_pooling"] = _against_paths(pooled, 4, pooling)
        if pooling == "average":
            plain = _diagonal_with_plain_pooling(pooled, 4)
            found["plain_pooling"] = difference_up_to_scale(plain, path_diagonal_by_paths(pooled, 4, pooling))
    for name, padding in (("padded_rank_one", 1), ("unpadded_rank_one", 0)):
        net = ConvNet((1, 3, 3), 2, pooling="none", generator=g)
        for module in net.features:
            if isinstance(module, nn.Conv2d):
                module.padding = (padding, padding)
        found[name] = _rank_one_defect(
            path_diagonal(net, torch.zeros(1, 1, 6, 6, dtype=torch.float64))["features.3.weight"]
        )
    return found


def _against_paths(model: ConvNet, size: int, pooling: str) -> float:
    found = path_diagonal(model, torch.zeros(1, 1, size, size, dtype=torch.float64))
    return difference_up_to_scale(found, path_diagonal_by_paths(model, size, pooling))


def _as_matrix(linear: Callable[[Tensor], Tensor], channels: int, size: int) -> Tensor:
    """The matrix (outputs, channels * size * size) of a linear map of images."""
    basis = torch.eye(channels * size * size, dtype=torch.float64).reshape(-1, channels, size, size)
    return linear(basis).flatten(1).T


def path_diagonal_by_paths(model: ConvNet, size: int, pooling: str) -> dict[str, Tensor]:
    """Σ over paths of (∂Φ/∂θ_i)² for a ``ConvNet`` on images of that size, from the list of its paths.

    Average pooling is the fixed matrix of its means; a path passes a maximum as it passes a sum, with factor one.
    """
    parameters = {name: p.detach().clone() for name, p in model.named_parameters()}

    def lifted(values: dict[str, Tensor]) -> Tensor:
        return path_lifting(*_layers(model, values, size, pooling))

    jacobian = torch.func.jacfwd(lifted)(parameters)
    return {name: (columns**2).sum(0) for name, columns in jacobian.items()}


def _layers(
    model: ConvNet, values: dict[str, Tensor], size: int, pooling: str
) -> tuple[list[Tensor], list[Tensor]]:
    weights, biases = [], []
    for name, module in model.features.named_children():
        if not isinstance(module, nn.Conv2d):
            continue
        kernel, bias = values[f"features.{name}.weight"], values[f"features.{name}.bias"]
        padding = module.padding
        weights.append(
            _as_matrix(lambda x, k=kernel, p=padding: F.conv2d(x, k, padding=p), kernel.shape[1], size)
        )
        size = size + 2 * padding[0] - kernel.shape[-1] + 1
        biases.append(bias.repeat_interleave(size * size))
        if pooling != "none":
            mean = _as_matrix(lambda x: F.avg_pool2d(x, _POOL), len(bias), size)
            weights.append(mean if pooling == "average" else mean * _POOL**2)
            biases.append(torch.zeros(len(mean), dtype=mean.dtype))
            size //= _POOL
    return [*weights, values["head.weight"]], [*biases, values["head.bias"]]


def _diagonal_with_plain_pooling(model: nn.Module, size: int) -> dict[str, Tensor]:
    """The squared-weight pass of a ``ConvNet`` whose average pooling keeps its weights instead of squaring them."""
    powers = {name: (p.detach() ** 2).requires_grad_() for name, p in model.named_parameters()}
    channels = next(model.parameters()).shape[1]
    total = torch.func.functional_call(
        model, powers, (torch.ones(1, channels, size, size, dtype=torch.float64),)
    )
    return dict(zip(powers, torch.autograd.grad(total.sum(), list(powers.values())), strict=True))


def difference_up_to_scale(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """‖a − b‖ of two collections of tensors, each divided by its own norm."""
    a, b = (torch.cat([values[name].reshape(-1) for name in expected]) for values in (found, expected))
    return float((a / a.norm() - b / b.norm()).norm())


def _rank_one_defect(diagonal: Tensor) -> float:
    """Second over first singular value of a diagonal (out, in, h, w), as a matrix with rows out, or in, if larger."""
    defects = []
    for rows in (diagonal, diagonal.transpose(0, 1)):
        singular = torch.linalg.svdvals(rows.flatten(1))
        defects.append(float(singular[1] / singular[0]))
    return max(defects)
