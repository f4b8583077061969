"""The layers that commute with positive factors, as torch modules, functions and methods."""

from __future__ import annotations

import operator
from collections.abc import Container

import torch
import torch.nn.functional as F
from torch import fx, nn

# Positively homogeneous and acting on each channel alone: the scale of a channel passes through.
PASSING_MODULES = frozenset(
    {
        nn.AdaptiveAvgPool1d,
        nn.AdaptiveAvgPool2d,
        nn.AdaptiveMaxPool1d,
        nn.AdaptiveMaxPool2d,
        nn.AvgPool1d,
        nn.AvgPool2d,
        nn.Dropout,
        nn.Dropout1d,
        nn.Dropout2d,
        nn.Identity,
        nn.LeakyReLU,
        nn.MaxPool1d,
        nn.MaxPool2d,
        nn.PReLU,
        nn.ReLU,
    }
)
PASSING_FUNCTIONS = frozenset(
    {
        F.adaptive_avg_pool1d,
        F.adaptive_avg_pool2d,
        F.adaptive_max_pool1d,
        F.adaptive_max_pool2d,
        F.avg_pool1d,
        F.avg_pool2d,
        F.dropout,
        F.leaky_relu,
        F.max_pool1d,
        F.max_pool2d,
        F.relu,
        F.relu_,
        operator.neg,
        torch.relu,
        torch.relu_,
    }
)
PASSING_METHODS = frozenset({"clone", "contiguous", "relu", "relu_"})
FLATTENERS = frozenset({torch.flatten, "flatten"})
RESHAPERS = frozenset({"reshape", "view"})

CONVOLUTIONS = frozenset({nn.Conv1d, nn.Conv2d, nn.Conv3d})
# Number of tensor dimensions of the input, None where the layer accepts several.
BATCH_NORMS = {nn.BatchNorm1d: None, nn.BatchNorm2d: 4, nn.BatchNorm3d: 5}

_ADDITIONS = frozenset(
    {operator.add, operator.iadd, operator.sub, operator.isub, torch.add, torch.sub, "add", "add_"}
)
_CONCATENATIONS = frozenset({torch.cat, torch.concat})
_PRODUCTS = frozenset({operator.mul, operator.imul, operator.truediv, torch.mul, torch.div, "mul", "div"})


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
