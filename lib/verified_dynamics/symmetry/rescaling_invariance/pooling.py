"""Pooling and interpolation on powers: what a path weight of 1/k becomes when every weight is raised to a power."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_DIMENSIONS = {
    kind: dimensions
    for dimensions, kinds in {
        1: (nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d, nn.LPPool1d),
        2: (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d, nn.LPPool2d),
        3: (nn.MaxPool3d, nn.AvgPool3d, nn.AdaptiveMaxPool3d, nn.AdaptiveAvgPool3d),
    }.items()
    for kind in kinds
}
POOLS = frozenset(_DIMENSIONS)
_ADAPTIVE = tuple(kind for kind in POOLS if kind.__name__.startswith("Adaptive"))
_AVERAGES = tuple(kind for kind in POOLS if "Avg" in kind.__name__)
_SUM_POOLS = {2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE_POOLS = {2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}

_WINDOW = ("kernel_size", "stride", "padding")
_MAX = (*_WINDOW, "dilation", "ceil_mode", "return_indices")
_AVERAGE = (*_WINDOW, "ceil_mode", "count_include_pad", "divisor_override")
# Each pooling function with its layer and the names of its arguments in order.
_FUNCTIONS = {
    F.max_pool1d: (nn.MaxPool1d, _MAX),
    F.max_pool2d: (nn.MaxPool2d, _MAX),
    F.max_pool3d: (nn.MaxPool3d, _MAX),
    F.avg_pool1d: (nn.AvgPool1d, _AVERAGE),
    F.avg_pool2d: (nn.AvgPool2d, _AVERAGE),
    F.avg_pool3d: (nn.AvgPool3d, _AVERAGE),
    F.adaptive_max_pool1d: (nn.AdaptiveMaxPool1d, ("output_size", "return_indices")),
    F.adaptive_max_pool2d: (nn.AdaptiveMaxPool2d, ("output_size", "return_indices")),
    F.adaptive_max_pool3d: (nn.AdaptiveMaxPool3d, ("output_size", "return_indices")),
    F.adaptive_avg_pool1d: (nn.AdaptiveAvgPool1d, ("output_size",)),
    F.adaptive_avg_pool2d: (nn.AdaptiveAvgPool2d, ("output_size",)),
    F.adaptive_avg_pool3d: (nn.AdaptiveAvgPool3d, ("output_size",)),
}


def pooling_layer(function: object, args: tuple, kwargs: Mapping) -> nn.Module | None:
    """The layer that a call of a pooling function stands for (arguments without the input), None for others."""
    if not callable(function) or function not in _FUNCTIONS:
        return None
    kind, names = _FUNCTIONS[function]
    return kind(**dict(zip(names, args, strict=False)), **kwargs)


def pooling_rank(module: nn.Module) -> int:
    """Number of axes of a batch of values that the layer pools."""
    return _DIMENSIONS[type(module)] + 2


def pooled(module: nn.Module, x: Tensor, q: float) -> Tensor:
    """Pool with path weights raised to the power q: maxima become sums, an average over d values weighs 1/d^q.

    x: (n, channels, *positions).
    """
    dimensions = _DIMENSIONS[type(module)]
    if dimensions == 1:  # as pooling over a plane of height one, since torch has more options there
        return _pooled(module, x.unsqueeze(-2), q, 2, lifted=True).squeeze(-2)
    return _pooled(module, x, q, dimensions, lifted=False)


def _pooled(module: nn.Module, x: Tensor, q: float, dimensions: int, *, lifted: bool) -> Tensor:
    if isinstance(module, _ADAPTIVE):
        sizes = _tuple(module.output_size, dimensions - lifted)
        sizes = (1, *sizes) if lifted else sizes
        total, count = _adaptive(x, sizes, dimensions)
        return total * count**-q if isinstance(module, _AVERAGES) else total

    def window(value: object, alone: int) -> tuple[int, ...]:
        return (alone, *_tuple(value, 1)) if lifted else _tuple(value, dimensions)

    kernel = window(module.kernel_size, 1)
    stride = window(module.kernel_size if module.stride is None else module.stride, 1)
    padding = window(getattr(module, "padding", 0), 0)
    dilation = window(getattr(module, "dilation", 1), 1)
    options = {"ceil_mode": module.ceil_mode, "divisor_override": 1}
    if max(dilation) > 1:
        total = _dilated_sum(x, kernel, stride, padding, dilation)
    else:
        total = _SUM_POOLS[dimensions](x, kernel, stride, padding, **options)
    if not isinstance(module, _AVERAGES):
        return total
    if getattr(module, "divisor_override", None):
        return total * float(module.divisor_override) ** -q
    ones = torch.ones_like(x[:1, :1])
    count = _SUM_POOLS[dimensions](ones, kernel, stride, padding, **options)
    plain = _SUM_POOLS[dimensions](
        ones, kernel, stride, padding, ceil_mode=module.ceil_mode, count_include_pad=module.count_include_pad
    )
    return total * (plain / count) ** q  # an average of ones is (values counted) / divisor


def _dilated_sum(x: Tensor, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> Tensor:
    convolve = {2: F.conv2d, 3: F.conv3d}[len(kernel)]
    single = x.reshape(-1, 1, *x.shape[2:])
    total = convolve(single, x.new_ones(1, 1, *kernel), None, stride, padding, dilation)
    return total.reshape(*x.shape[:2], *total.shape[2:])


def _adaptive(x: Tensor, sizes: tuple, dimensions: int) -> tuple[Tensor, Tensor]:
    """Sums over the windows of adaptive pooling, and the numbers of values in them."""
    positions = x.shape[2:]
    sizes = tuple(n if size is None else size for size, n in zip(sizes, positions, strict=True))
    count = x.new_ones(())
    for size, n in zip(sizes, positions, strict=True):
        lengths = [math.ceil((i + 1) * n / size) - i * n // size for i in range(size)]
        count = count.unsqueeze(-1) * x.new_tensor(lengths)
    return _ADAPTIVE_POOLS[dimensions](x, sizes) * count, count


def interpolated(x: Tensor, q: float, options: Mapping) -> Tensor | None:
    """Interpolate with path weights raised to the power q; None where the mode's weights do not factor by axis.

    x: (n, channels, *positions); options as of ``torch.nn.functional.interpolate``.
    """
    mode = options.get("mode", "nearest")
    if mode in ("nearest", "nearest-exact"):
        return F.interpolate(x, **options)  # each value is copied: all path weights are one
    if mode not in ("linear", "bilinear", "trilinear"):
        return None
    target = F.interpolate(x[:1, :1], **options).shape[2:]
    factor = options.get("scale_factor") if options.get("recompute_scale_factor") is not True else None
    factors = _tuple(factor, x.dim() - 2)
    for axis, (n, size) in enumerate(zip(x.shape[2:], target, strict=True), start=2):
        given = {"size": size} if factors[0] is None else {"scale_factor": factors[axis - 2]}
        unit = torch.eye(n, dtype=x.dtype, device=x.device)[None]  # (1, n as channels, n)
        weights = F.interpolate(unit, mode="linear", align_corners=options.get("align_corners"), **given)
        x = torch.tensordot(x, weights[0].abs() ** q, dims=([axis], [0])).movedim(-1, axis)
    return x


def _tuple(value: object, length: int) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * length
