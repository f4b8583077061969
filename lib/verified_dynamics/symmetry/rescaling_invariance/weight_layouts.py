"""Which channels each weight of a convolution leads from and to."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.layers import TRANSPOSED_CONVOLUTIONS


def convolution_layout(module: nn.Module, sources: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """The ids of the channels that each weight enters and leaves, which broadcast to the weight's shape.

    ``sources``: (in,) and ``outputs``: (out,) ids of the channels.  A weight is (out, in / groups, *kernel), that of a
    transposed convolution (in, out / groups, *kernel); each block of inputs leads to the block of outputs of its group.
    """
    transposed = type(module) in TRANSPOSED_CONVOLUTIONS
    rows, columns = (sources, outputs) if transposed else (outputs, sources)
    block = torch.arange(len(rows)) // (len(rows) // module.groups)  # the group of each row
    within = torch.arange(len(columns) // module.groups)
    opposite = columns[block[:, None] * len(within) + within[None, :]]  # (rows, columns / groups)
    trailing = (1,) * len(module.kernel_size)
    first, second = rows.reshape(-1, 1, *trailing), opposite.reshape(*opposite.shape, *trailing)
    return (second, first) if transposed else (first, second)
