"""The path-lifting of a fully connected ReLU network, written out path by path."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def path_lifting(weights: Sequence[Tensor], biases: Sequence[Tensor] | None = None) -> Tensor:
    """Product of the parameters along every path from an input or a bias to an output, ``(paths,)``.

    ``weights[l]``: (m_l, m_{l-1}); ``biases[l]``: (m_l,).  The number of paths grows with the product of the widths, so
    this is for small networks; ``path_norm`` sums powers of the paths of any network in one pass.
    """
    ending = torch.ones(weights[0].shape[1], 1, dtype=weights[0].dtype)  # (units, paths that end there)
    for layer, weight in enumerate(weights):
        ending = (weight[:, :, None] * ending[None]).flatten(1)  # (m_l, m_{l-1} * paths)
        if biases is not None:
            ending = torch.cat([ending, biases[layer][:, None]], dim=1)
    return ending.flatten()


def path_lifting_rank(
    widths: Sequence[int], generator: torch.Generator, *, bias: bool = True
) -> tuple[int, int]:
    """Number of parameters, and rank of the Jacobian of the path-lifting at a random point, for an MLP.

    Rank by singular values in float64, relative cut-off 1e-9.
    """
    pairs = list(zip(widths[1:], widths[:-1], strict=True))
    sizes = [out * inp for out, inp in pairs] + ([out for out, _ in pairs] if bias else [])
    theta = torch.randn(sum(sizes), generator=generator, dtype=torch.float64)

    def lifted(vector: Tensor) -> Tensor:
        blocks = vector.split(sizes)
        weights = [block.reshape(pair) for block, pair in zip(blocks, pairs, strict=False)]
        return path_lifting(weights, blocks[len(pairs) :] if bias else None)

    jacobian = torch.autograd.functional.jacobian(lifted, theta)
    return len(theta), int(torch.linalg.matrix_rank(jacobian, rtol=1e-9))
