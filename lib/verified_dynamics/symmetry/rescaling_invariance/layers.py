"""The layers that commute with positive factors, as torch modules, functions and methods."""

from __future__ import annotations

import operator
from collections.abc import Container

import torch
import torch.nn.functional as F
from torch import fx, nn

# Positively homogeneous and acting on each entry alone: the scale of a channel passes through.
POINTWISE_MODULES = frozenset(
    {nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Identity, nn.LeakyReLU, nn.PReLU, nn.ReLU}
)
POINTWISE_FUNCTIONS = frozenset(
    {
        F.dropout,
        F.dropout1d,
        F.dropout2d,
        F.dropout3d,
        F.leaky_relu,
        F.relu,
        F.relu_,
        operator.neg,
        torch.relu,
        torch.relu_,
    }
)
# Padding with values that are there.
COPYING_PADDINGS = frozenset(
    {
        nn.CircularPad1d,
        nn.CircularPad2d,
        nn.CircularPad3d,
        nn.ReflectionPad1d,
        nn.ReflectionPad2d,
        nn.ReflectionPad3d,
        nn.ReplicationPad1d,
        nn.ReplicationPad2d,
        nn.ReplicationPad3d,
    }
)
# Positively homogeneous and mixing the positions of each channel: so does it here.
POSITION_MODULES = frozenset(
    {
        nn.AdaptiveAvgPool1d,
        nn.AdaptiveAvgPool2d,
        nn.AdaptiveAvgPool3d,
        nn.AdaptiveMaxPool1d,
        nn.AdaptiveMaxPool2d,
        nn.AdaptiveMaxPool3d,
        nn.AvgPool1d,
        nn.AvgPool2d,
        nn.AvgPool3d,
        nn.LPPool1d,
        nn.LPPool2d,
        nn.LPPool3d,
        nn.MaxPool1d,
        nn.MaxPool2d,
        nn.MaxPool3d,
        nn.Upsample,
        nn.UpsamplingBilinear2d,
        nn.UpsamplingNearest2d,
        *COPYING_PADDINGS,
    }
)
POSITION_FUNCTIONS = frozenset(
    {
        F.adaptive_avg_pool1d,
        F.adaptive_avg_pool2d,
        F.adaptive_avg_pool3d,
        F.adaptive_max_pool1d,
        F.adaptive_max_pool2d,
        F.adaptive_max_pool3d,
        F.avg_pool1d,
        F.avg_pool2d,
        F.avg_pool3d,
        F.interpolate,
        F.lp_pool1d,
        F.lp_pool2d,
        F.lp_pool3d,
        F.max_pool1d,
        F.max_pool2d,
        F.max_pool3d,
    }
)
PASSING_MODULES = POINTWISE_MODULES | POSITION_MODULES
PASSING_FUNCTIONS = POINTWISE_FUNCTIONS | POSITION_FUNCTIONS
PASSING_METHODS = frozenset({"clone", "contiguous", "relu", "relu_"})
FLATTENERS = frozenset({torch.flatten, "flatten"})
RESHAPERS = frozenset({"reshape", "view"})

CONVOLUTIONS = frozenset({nn.Conv1d, nn.Conv2d, nn.Conv3d})
TRANSPOSED_CONVOLUTIONS = frozenset({nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d})
# Homogeneous only if they pad with zeros.
CONSTANT_PADDINGS = frozenset(
    {nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d, nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d}
)
# Number of tensor dimensions of the input, None where the layer accepts several.
BATCH_NORMS = {nn.BatchNorm1d: None, nn.BatchNorm2d: 4, nn.BatchNorm3d: 5}

_ADDITIONS = frozenset(
    {operator.add, operator.iadd, operator.sub, operator.isub, torch.add, torch.sub, "add", "add_"}
)
_CONCATENATIONS = frozenset({torch.cat, torch.concat})
_PRODUCTS = frozenset({operator.mul, operator.imul, operator.truediv, torch.mul, torch.div, "mul", "div"})


def is_zero_padding(module: nn.Module) -> bool:
    """Whether the module pads with zeros, which are in the scale of every channel."""
    return type(module) in CONSTANT_PADDINGS and module.value == 0


def padded_axes(node: fx.Node) -> int | None:
    """Number of last axes that a call of ``F.pad`` pads homogeneously, None for any other call.

    Padding with a constant other than zero is not homogeneous; reflected, replicated and wrapped values are.
    """
    if node.target is not F.pad:
        return None
    given = dict(zip(("input", "pad", "mode", "value"), node.args, strict=False)) | node.kwargs
    constant = given.get("mode", "constant") == "constant"
    if not isinstance(given["pad"], (tuple, list)) or (constant and given.get("value") not in (None, 0)):
        return None
    return len(given["pad"]) // 2


def pooled_axes(node: fx.Node, module: nn.Module | None) -> int | None:
    """Number of axes after the channels' that a passing layer mixes: 0 for none, None for however many there are."""
    if (padded := padded_axes(node)) is not None:
        return padded
    name = getattr(node.target, "__name__", str(node.target)) if module is None else type(module).__name__
    if "sampl" in name or node.target is F.interpolate:
        return None
    # The digit of max_pool2d, MaxPool2d or ZeroPad2d.
    return int(name[-2]) if "ool" in name or "Pad" in name else 0


def is_addition(node: fx.Node) -> bool:
    """Whether the node adds or subtracts values, which ties the scales of their channels."""
    return node.target in _ADDITIONS


def is_shape_query(node: fx.Node) -> bool:
    """Whether the node asks for the shape or type of a value, which no rescaling changes."""
    if node.op == "call_method":
        return node.target in ("size", "dim", "numel")
    return node.target is getattr and node.args[1] in ("shape", "ndim", "dtype", "device")


def is_batch_size(value: object, batched: Container[fx.Node]) -> bool:
    """Whether ``value`` is the first size of one of the ``batched`` values: x.size(0) or x.shape[0]."""
    if not isinstance(value, fx.Node):
        return False
    if value.target == "size" and value.args[1:] == (0,):
        return value.args[0] in batched
    if value.target is operator.getitem and value.args[1] == 0:
        sizes = value.args[0]
        return isinstance(sizes, fx.Node) and is_shape_query(sizes) and sizes.args[0] in batched
    return False


def is_concatenation(node: fx.Node) -> bool:
    """Whether the node joins values along an axis."""
    return node.target in _CONCATENATIONS


def is_scalar_product(node: fx.Node) -> bool:
    """Whether the node multiplies or divides a value by a plain number, which is a linear map of each channel."""
    # A keyword may change the meaning: div(x, 2, rounding_mode="floor") is not linear.
    if node.target not in _PRODUCTS or len(node.args) != 2 or node.kwargs:
        return False
    left, right = node.args
    if node.target in (operator.truediv, torch.div, "div"):
        return isinstance(right, (int, float))
    return isinstance(left, (int, float)) or isinstance(right, (int, float))
