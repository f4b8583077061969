"""Layers whose parameters are drawn from one given generator and from nothing else."""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init


def linear(inputs: int, outputs: int, *, bias: bool, dtype: torch.dtype) -> nn.Linear:
    """A Linear layer that is not initialised yet, so that it leaves the global generator alone."""
    return skip_init(nn.Linear, inputs, outputs, bias=bias, dtype=dtype)


def convolution(
    inputs: int,
    outputs: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    bias: bool,
    dtype: torch.dtype,
) -> nn.Conv2d:
    """A 2-D convolution with padding (kernel_size - 1) / 2 that is not initialised yet."""
    return skip_init(
        nn.Conv2d,
        inputs,
        outputs,
        kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        groups=groups,
        bias=bias,
        dtype=dtype,
    )


def embedding(count: int, width: int, *, dtype: torch.dtype) -> nn.Embedding:
    """An Embedding table (count, width) that is not initialised yet."""
    return skip_init(nn.Embedding, count, width, dtype=dtype)


@torch.no_grad()
def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every Linear, Conv2d and Embedding parameter of the model from `generator`, in module order.

    Weights and biases of Linear and Conv2d are uniform on +-1/sqrt(fan_in), the law of PyTorch's own
    default; embeddings are standard normal. Normalisation layers keep gain 1 and bias 0.
    """
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, but it is {type(generator).__name__}.")
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            bound = 1 / math.sqrt(module.weight[0].numel())
            _uniform(module.weight, bound, generator)
            if module.bias is not None:
                _uniform(module.bias, bound, generator)
        elif isinstance(module, nn.Embedding):
            module.weight.copy_(_draw(torch.randn, module.weight, generator))


def _uniform(parameter: Tensor, bound: float, generator: torch.Generator) -> None:
    parameter.copy_((2 * _draw(torch.rand, parameter, generator) - 1) * bound)


def _draw(law, parameter: Tensor, generator: torch.Generator) -> Tensor:
    # Always drawn in float64, so that one seed gives the same network, rounded, in every dtype.
    return law(parameter.shape, generator=generator, dtype=torch.float64, device=generator.device)
