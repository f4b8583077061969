"""Operations whose result for an entry does not depend on where in the stacked tensor the entry lies.

On a CPU PyTorch computes some elementwise functions with one formula in the vector part of a loop and with another
in its remainder, and sums columns in an order that depends on how many there are. Their last bits then depend
on a member's place among the others. Inside SameEverywhere these functions are composed of operations that are
free of this (found by comparing shifted slices, bit for bit): members of an ensemble are equal whatever its size.
Not composed, so equal to rounding only: sinh, cosh, exp2, atan2, logaddexp and powers with exponents that are
not small integers.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from verified_dynamics.ensemble.errors import EnsembleError


class SameEverywhere(TorchFunctionMode):
    """Replace position-dependent functions by compositions while the mode is on."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        return _REPLACED.get(function, function)(*args, **(kwargs or {}))


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x), accurate in both tails."""
    return F.logsigmoid(x).exp()


def softplus(x: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e^(beta x)) / beta, and x itself where beta x exceeds the threshold."""
    return torch.where(beta * x > threshold, x, -F.logsigmoid(-beta * x) / beta)


def silu(x: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return x * sigmoid(x)


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), or its approximation by a hyperbolic tangent."""
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + torch.erf(x * math.sqrt(0.5)))


def mish(x: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return x * torch.tanh(softplus(x))


def elu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (e^x - 1)."""
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0)))


def celu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (e^(x / alpha) - 1)."""
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0) / alpha))


def selu(x: Tensor, inplace: bool = False) -> Tensor:
    """The self-normalising unit (Klambauer et al. 2017)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def binary_cross_entropy_with_logits(
    x: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
) -> Tensor:
    """The logistic loss of logits x for targets between 0 and 1."""
    gain = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    loss = (1 - target) * x - gain * F.logsigmoid(x)
    loss = loss if weight is None else weight * loss
    return {"mean": torch.mean, "sum": torch.sum, "none": lambda values: values}[reduction](loss)


def batch_norm(
    x: Tensor,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
) -> Tensor:
    """Normalisation over samples and positions; in training the running moments are updated in place."""
    if training and x.numel() == x.shape[1]:
        raise EnsembleError("Batch normalisation in training needs more than one value in each channel.")
    axes = [0, *range(2, x.ndim)]
    shape = [-1, *[1] * (x.ndim - 2)]
    if training or running_mean is None:
        mean = x.mean(axes)
        variance = ((x - mean.view(shape)) ** 2).mean(axes)
        count = x.numel() // x.shape[1]
        if training and running_mean is not None:
            running_mean.mul_(1 - momentum).add_(momentum * mean.detach())
            running_var.mul_(1 - momentum).add_(momentum * count / (count - 1) * variance.detach())
    else:
        mean, variance = running_mean, running_var
    normal = (x - mean.view(shape)) / torch.sqrt(variance.view(shape) + eps)
    normal = normal if weight is None else normal * weight.view(shape)
    return normal if bias is None else normal + bias.view(shape)


class _MembersFirst(torch.autograd.Function):
    """The identity, with the members outermost in memory, for the value and for its gradient.

    A convolution of stacked members keeps them among the channels, inside the samples: sums over samples would
    then run over the columns of all members at once.
    """

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.clone(memory_format=torch.contiguous_format)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _MembersFirst.apply(gradient)

    @staticmethod
    def jvp(ctx, tangent: Tensor) -> Tensor:
        return tangent.clone()

    @staticmethod
    def vmap(info, in_dims, x: Tensor) -> tuple[Tensor, int]:
        return _MembersFirst.apply(x.movedim(in_dims[0], 0)), 0


def _members_first(convolution, spatial: int):
    """The convolution with members outermost in memory and the bias added afterwards."""

    def convolve(x: Tensor, weight: Tensor, bias=None, *args, **kwargs) -> Tensor:
        result = _MembersFirst.apply(convolution(_MembersFirst.apply(x), weight, None, *args, **kwargs))
        return result if bias is None else result + bias.view(-1, *[1] * spatial)

    return convolve


_REPLACED = {
    torch.sigmoid: sigmoid,
    torch.Tensor.sigmoid: sigmoid,
    F.sigmoid: sigmoid,
    F.softplus: softplus,
    F.silu: silu,
    F.gelu: gelu,
    F.mish: mish,
    F.elu: elu,
    F.celu: celu,
    torch.celu: celu,
    F.selu: selu,
    torch.selu: selu,
    F.binary_cross_entropy_with_logits: binary_cross_entropy_with_logits,
    F.batch_norm: batch_norm,
    F.conv1d: _members_first(F.conv1d, 1),
    F.conv2d: _members_first(F.conv2d, 2),
    F.conv3d: _members_first(F.conv3d, 3),
}
