"""What each torch operation does to a leading value and its order, by the name of the operation."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import torch

from verified_dynamics.margin.saturation import orders
from verified_dynamics.margin.saturation.orders import Order
from verified_dynamics.margin.saturation.scaling import SaturationError

# Operations that move or add up entries of one tensor, and therefore keep its order.
SAME = frozenset(
    """view reshape flatten unflatten transpose permute contiguous clone squeeze unsqueeze expand expand_as getitem T mT
    mean sum cumsum amax max relu leaky_relu abs neg select narrow detach to double float chunk split movedim
    swapaxes avg_pool2d max_pool2d adaptive_avg_pool2d""".split()
)
PRODUCTS = frozenset(["mul", "matmul", "bmm", "mm", "mv", "dot", "multiply"])
SUMS = frozenset(["add", "sub", "rsub"])
COMPARISONS = frozenset(["gt", "lt", "ge", "le", "eq", "ne"])
SQUASHING = {"sigmoid": 0.0, "tanh": -1.0, "softsign": -1.0}
ALIASES = {"truediv": "div", "true_divide": "div", "divide": "div", "rtruediv": "rdiv", "subtract": "sub"}


def _linear(mode, function, args, kwargs):
    x, weight = args[0], args[1]
    bias = args[2] if len(args) > 2 else kwargs.get("bias")
    value = torch.nn.functional.linear(x, weight)
    order = orders.product(mode.order(x), mode.order(weight))
    return (value, order) if bias is None else orders.leading_sum(value, order, bias, mode.order(bias))


def _convolution(mode, function, args, kwargs):
    named = (
        dict(zip(("input", "weight", "bias", "stride", "padding", "dilation", "groups"), args, strict=False))
        | kwargs
    )
    x, weight, bias = named.pop("input"), named.pop("weight"), named.pop("bias", None)
    value = function(x, weight, None, **named)
    order = orders.product(mode.order(x), mode.order(weight))
    if bias is None:
        return value, order
    channels = bias.view(-1, *[1] * (weight.ndim - 2))  # (channels, 1, ...)
    return orders.leading_sum(value, order, channels, mode.order(bias))


def _softmax(mode, function, args, kwargs):
    dim = kwargs.get("dim", args[1] if len(args) > 1 else -1)
    weights, order = orders.limit_of_softmax(args[0], mode.order(args[0]), dim)
    scores = mode.order(args[0])
    if scores.degree > 0:
        mode.ties.append(weights)
        if scores.correction is not None and scores.correction < scores.degree:
            mode.undecided.append(((weights > 0).sum(dim) > 1).sum())
    return weights, order


def _layer_norm(mode, function, args, kwargs):
    named = dict(zip(("input", "normalized_shape", "weight", "bias", "eps"), args, strict=False)) | kwargs
    x, gain, bias = named["input"], named.get("weight"), named.get("bias")
    known = [None if p is None else (p, mode.order(p)) for p in (gain, bias)]
    return orders.limit_of_layer_norm(
        x, mode.order(x), named["normalized_shape"], *known, named.get("eps", 1e-5)
    )


def _embedding(mode, function, args, kwargs):
    return function(*args, **kwargs), mode.order(args[1])


def _power(mode, function, args, kwargs, exponent=None):
    exponent = args[1] if exponent is None else exponent
    return function(*args, **kwargs), orders.power(mode.order(args[0]), Fraction(exponent))


def _squash(mode, function, args, kwargs, low):
    return orders.limit_of_squashing(function, args[0], mode.order(args[0]), low, 1.0)


def _gate(mode, function, args, kwargs):
    return orders.limit_of_gate(partial(function, **kwargs), args[0], mode.order(args[0]))


def _masked_fill(mode, function, args, kwargs):
    value = kwargs.get("value", args[2] if len(args) > 2 else 0.0)
    if float(value) not in (0.0, float("-inf")) and mode.order(args[0]).degree != 0:
        raise SaturationError(
            f"A fill with {value} has degree 0 and vanishes beside a growing tensor; fill with -inf."
        )
    return function(*args, **kwargs), mode.order(args[0])


def _where(mode, function, args, kwargs):
    first, second = (mode.order(a) for a in args[1:3])
    higher = first if first.degree >= second.degree else second
    return function(*args, **kwargs), higher


def _dropout(mode, function, args, kwargs):
    training = kwargs.get("training", args[2] if len(args) > 2 else True)
    if training and kwargs.get("p", args[1] if len(args) > 1 else 0.5) > 0:
        raise SaturationError("Dropout is active; call model.eval() before the saturated forward pass.")
    return args[0], mode.order(args[0])


def _cat(mode, function, args, kwargs):
    found = {mode.order(part) for part in args[0]}
    if len({order.degree for order in found}) > 1:
        raise SaturationError(
            "Tensors of different degree are joined; their saturated values have no common scale."
        )
    degree = next(iter(found)).degree
    return function(*args, **kwargs), Order(degree, orders.earliest(*(order.correction for order in found)))


def _constant(mode, function, args, kwargs):
    return function(*args, **kwargs), None


RULES: dict[str, Callable] = {
    "linear": _linear,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "conv3d": _convolution,
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "embedding": _embedding,
    "square": partial(_power, exponent=2),
    "sqrt": partial(_power, exponent=Fraction(1, 2)),
    "rsqrt": partial(_power, exponent=Fraction(-1, 2)),
    "pow": _power,
    "gelu": _gate,
    "silu": _gate,
    "masked_fill": _masked_fill,
    "where": _where,
    "dropout": _dropout,
    "cat": _cat,
    "stack": _cat,
    "sign": _constant,
    "ones_like": _constant,
    "zeros_like": _constant,
    "any": _constant,
    **{name: partial(_squash, low=low) for name, low in SQUASHING.items()},
}
