"""Scaling all parameters of a model: the saturating limit c → ∞ of f(x; cθ), approached at a finite scale."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

HALF = (torch.float16, torch.bfloat16)


class SaturationError(ValueError):
    """A model, a scale or an input for which saturation is not defined or cannot be computed."""


def _check_scale(scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise SaturationError(f"The scale must be a positive finite number, not {scale}.")


def check_precision(model: nn.Module) -> None:
    """Raise SaturationError for a parameter in half precision, or one that is not a real number."""
    for name, parameter in model.named_parameters():
        if parameter.dtype in HALF:
            raise SaturationError(
                f"Parameter '{name}' is {parameter.dtype}, in which scaled scores overflow or tie by rounding; "
                "convert the model with model.double() first."
            )
        if not parameter.is_floating_point():
            raise SaturationError(
                f"Parameter '{name}' is {parameter.dtype}; only real parameters can be scaled."
            )


@contextmanager
def saturate(model: nn.Module, *, scale: float = 1000.0) -> Iterator[nn.Module]:
    r"""The model with every parameter multiplied by `scale`, in float64, for the length of a `with` block.

    Weights, biases, embeddings and normalisation gains are all scaled, as the definition
    $\mathrm{sf}(x;\theta) = \lim_{c\to\infty} f(x; c\,\theta)$ demands (Merrill et al. 2021, definition 1);
    floating buffers are converted, not scaled. A tied parameter is scaled once. The tensors that the model
    held before are put back when the block ends, also after an exception. Raises SaturationError for half
    precision and for a scale that is not positive and finite.
    """
    _check_scale(scale)
    check_precision(model)
    parameters = list(model.parameters())
    buffers = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
    kept = [(tensor, tensor.data) for tensor in [*parameters, *buffers]]
    try:
        for parameter in parameters:
            parameter.data = parameter.data.double() * scale
        for buffer in buffers:
            buffer.data = buffer.data.double()
        yield model
    finally:
        for tensor, data in kept:
            tensor.data = data


def homogeneity_degree(
    target: nn.Module | Callable,
    *inputs: Tensor,
    parameters: Mapping[str, Tensor] | None = None,
    scales: tuple[float, float] = (1e3, 1e4),
) -> float:
    r"""The measured degree $\log(\|f(c_2\theta)\| / \|f(c_1\theta)\|) / \log(c_2/c_1)$ in all parameters
    together.

    `target` is a module, called as `target(*inputs)`, or a function, called as `target(parameters,
    *inputs)`; the evaluation is in float64 and leaves the module as it was (`parameters` is for functions
    only). For a k-homogeneous function the result is k at every pair of scales. Raises SaturationError where
    the output is zero or not finite, because no degree is defined there.
    """
    for scale in scales:
        _check_scale(scale)
    if scales[0] == scales[1]:
        raise SaturationError(f"Two different scales are needed, and both are {scales[0]}.")
    norms = [_output_norm(target, inputs, parameters, scale) for scale in scales]
    if not all(math.isfinite(norm) and norm > 0 for norm in norms):
        raise SaturationError(
            f"The output norms at the two scales are {norms[0]:g} and {norms[1]:g}: no degree is defined."
        )
    return math.log(norms[1] / norms[0]) / math.log(scales[1] / scales[0])


@torch.no_grad()
def _output_norm(target, inputs, parameters, scale) -> float:
    if isinstance(target, nn.Module):
        with saturate(target, scale=scale):
            return float(torch.linalg.vector_norm(target(*inputs).double()))
    if parameters is None:
        raise SaturationError("A function needs its parameters: pass parameters={name: tensor}.")
    scaled = {name: tensor.double() * scale for name, tensor in parameters.items()}
    return float(torch.linalg.vector_norm(target(scaled, *inputs).double()))
