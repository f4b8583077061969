"""The saturated forward pass: a model run on leading orders, so that the limit c → ∞ is taken exactly."""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from verified_dynamics.margin.saturation import orders
from verified_dynamics.margin.saturation.operation_rules import (
    ALIASES,
    COMPARISONS,
    PRODUCTS,
    RULES,
    SAME,
    SUMS,
)
from verified_dynamics.margin.saturation.orders import ZERO, Order
from verified_dynamics.margin.saturation.scaling import SaturationError, saturate


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
