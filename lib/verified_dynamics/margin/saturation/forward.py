"""The saturated forward pass: a model run on leading orders, so that the limit c → ∞ is taken exactly."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from verified_dynamics.margin.saturation import orders
from verified_dynamics.margin.saturation.orders import ZERO, Order
from verified_dynamics.margin.saturation.scaling import SaturationError, saturate

# Operations that move or add up entries of one tensor, and therefore keep its order.
SAME = frozenset(
    """view reshape flatten unflatten transpose permute contiguous clone squeeze unsqueeze expand expand_as getitem T mT
    mean sum cumsum amax max relu leaky_relu abs neg select narrow detach to double float chunk split movedim
    swapaxes""".split()
)
PRODUCTS = frozenset(["mul", "matmul", "bmm", "mm", "mv", "dot", "multiply"])
SUMS = frozenset(["add", "sub", "rsub"])
COMPARISONS = frozenset(["gt", "lt", "ge", "le", "eq", "ne"])
SQUASHING = {"sigmoid": 0.0, "tanh": -1.0, "softsign": -1.0}
ALIASES = {"truediv": "div", "true_divide": "div", "divide": "div", "rtruediv": "rdiv", "subtract": "sub"}


class LeadingOrders(TorchFunctionMode):
    """While active, every torch operation on a tensor of known order acts on its leading value.

    ties: the saturated weights of each softmax whose scores have positive degree, in the order of
    evaluation. undecided: for each of them, the number of rows whose leading scores tie while their
    corrections still grow.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        one = Order(Fraction(1))
        self._known: dict[int, tuple[Tensor, Order]] = {id(p): (p, one) for p in model.parameters()}
        self.ties: list[Tensor] = []
        self.undecided: list[Tensor] = []

    def order(self, value) -> Order:
        """The order of a tensor; numbers and tensors that no parameter reached have degree 0."""
        return self._known[id(value)][1] if id(value) in self._known else ZERO

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = _name(function)
        tensors = [a for a in _flat((args, kwargs)) if isinstance(a, Tensor) and id(a) in self._known]
        if not tensors or (function.__name__ in ("__get__", "__set__") and name not in ("T", "mT")):
            return function(*args, **kwargs)
        if all(self.order(a) == ZERO for a in tensors):
            return function(*args, **kwargs)
        result, order = self._apply(name, function, args, kwargs)
        for tensor in _flat(result):
            if isinstance(tensor, Tensor) and order is not None:
                self._known[id(tensor)] = (tensor, order)
        return result

    def _apply(self, name: str, function: Callable, args: tuple, kwargs: dict):
        x = args[0] if args else kwargs.get("input")
        if name in SAME:
            return function(*args, **kwargs), self.order(x)
        if name in PRODUCTS:
            return function(*args, **kwargs), orders.product(self.order(x), self.order(args[1]))
        if name in ("div", "rdiv"):
            top, bottom = (x, args[1]) if name == "div" else (args[1], x)
            return function(*args, **kwargs), orders.quotient(self.order(top), self.order(bottom))
        if name in SUMS:
            return self._sum(name, x, args[1], kwargs.get("alpha", 1))
        if name in COMPARISONS:
            return function(*args, **kwargs), self._comparable(name, x, args[1])
        rule = RULES.get(name)
        if rule is None:
            raise SaturationError(
                f"The saturated forward pass has no rule for the operation '{name}'; "
                "rewrite the model with linear maps, normalisation, softmax and ReLU-like activations."
            )
        return rule(self, function, args, kwargs)

    def _sum(self, name, x, y, alpha):
        if alpha != 1:
            y = y * alpha
        if name == "rsub":
            x, y = y, x
        minus = -y if name in ("sub", "rsub") else y
        return orders.leading_sum(x, self.order(x), minus, self.order(y))

    def _comparable(self, name, x, y) -> None:
        zero = not isinstance(y, Tensor) and y in (0, float("-inf"))
        if not zero and self.order(x).degree != self.order(y).degree:
            raise SaturationError(
                f"The comparison '{name}' of two quantities of different degree has no limit."
            )


def _name(function: Callable) -> str:
    if function.__name__ in ("__get__", "__set__"):
        return getattr(function.__self__, "__name__", "attribute")
    name = function.__name__.strip("_")
    return ALIASES.get(name, name)


def _flat(tree) -> list:
    if isinstance(tree, (list, tuple)):
        return [leaf for branch in tree for leaf in _flat(branch)]
    if isinstance(tree, dict):
        return _flat(list(tree.values()))
    return [tree]


def _linear(mode, function, args, kwargs):
    x, weight = args[0], args[1]
    bias = args[2] if len(args) > 2 else kwargs.get("bias")
    value = torch.nn.functional.linear(x, weight)
    order = orders.product(mode.order(x), mode.order(weight))
    return (value, order) if bias is None else orders.leading_sum(value, order, bias, mode.order(bias))


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


def _double(value):
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def leading_forward(
    model: nn.Module, *inputs: Tensor, call: Callable | None = None
) -> tuple[Tensor, LeadingOrders]:
    """Run the model (or `call`, a method of it) on leading orders, in double precision.

    Returns the output's leading value and the mode, which knows the order of every tensor on the way.
    """
    if any(p.dtype != torch.float64 for p in model.parameters()):
        with saturate(model, scale=1.0):
            return leading_forward(model, *inputs, call=call)
    mode = LeadingOrders(model)
    with mode:
        output = (call or model)(*[_double(x) for x in inputs])
    return output, mode


class Saturated(nn.Module):
    """The exact saturated network of a model as a module with the same parameters, for ensembles and
    `torch.func`.

    Its forward is `exact_saturated_forward` without the check for undecided ties, which needs values and not
    shapes.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Tensor:
        return leading_forward(self.model, *inputs)[0]


def exact_saturated_forward(model: nn.Module, *inputs: Tensor, call: Callable | None = None) -> Tensor:
    r"""The saturated output: the coefficient $\lim_{c\to\infty} c^{-k} f(x; c\,\theta)$ of the leading power
    k of c.

    Softmax becomes the uniform distribution over the largest scores (ties to a relative 1e-9), sigmoids
    become steps, biases beside products of higher degree vanish, epsilons vanish, and a sum keeps its
    summands of highest degree. `call` names a method of the model to run instead of its forward, for
    instance `model.encode`. Raises SaturationError for half precision, for an operation without a rule, and
    where leading scores tie although terms of lower degree, which then decide the limit, follow them.
    Source: Merrill et al. 2021, definition 1.
    """
    output, mode = leading_forward(model, *inputs, call=call)
    undecided = sum(int(count) for count in mode.undecided)
    if undecided:
        raise SaturationError(
            f"In {undecided} rows of scores the largest leading terms tie and smaller terms decide; take the limit "
            "with saturate(model, scale=...), or a normalisation that keeps positions apart, such as branch_norm."
        )
    return output
