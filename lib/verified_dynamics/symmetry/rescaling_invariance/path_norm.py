r"""Path norms of a traced network in one forward pass.

:math:`\lVert\Phi(\theta)\rVert_q^q` is the sum of the outputs of the network that has :math:`|\theta|^q` in place of
its parameters, the identity in place of each activation, sums in place of maxima, and an input of ones (Neyshabur,
Salakhutdinov and Srebro 2015; Gonon et al. 2024 for convolutions, pooling and skips).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from verified_dynamics.symmetry.rescaling_invariance.layers import (
    CONVOLUTIONS,
    FLATTENERS,
    RESHAPERS,
    is_scalar_product,
)


class PathNormError(ValueError):
    """The network has a layer that paths do not describe."""


_IDENTITIES = (nn.ReLU, nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_SAME = frozenset({F.relu, F.dropout, torch.relu, operator.neg, "relu", "relu_", "contiguous", "clone"})
_SUMS = frozenset(
    {operator.add, operator.iadd, torch.add, "add", operator.sub, operator.isub, torch.sub, "sub"}
)
_MEANS = frozenset({torch.mean, "mean"})
_LAYOUTS = frozenset({torch.cat, torch.concat, *FLATTENERS, *RESHAPERS, "size", "dim"})


class _PathPass(fx.Interpreter):
    """Runs the graph with powers of the parameters; BatchNorm is the affine map of its evaluation mode."""

    def __init__(self, model: nn.Module, powers: Mapping[str, Tensor], q: float) -> None:
        super().__init__(fx.symbolic_trace(model))
        self.extra_traceback = False
        self.powers, self.q = powers, q

    def get_attr(self, target, args, kwargs):
        raise PathNormError(f"The network reads {target!r} directly; path norms need it inside a layer.")

    def call_module(self, target, args, kwargs):
        module, x = self.fetch_attr(target), args[0]
        if isinstance(module, _IDENTITIES) or (
            isinstance(module, nn.LeakyReLU) and abs(module.negative_slope) <= 1
        ):
            return x
        if isinstance(module, nn.Flatten):
            return module(x)
        if type(module) is nn.Linear:
            return F.linear(x, self.powers[f"{target}.weight"], self.powers.get(f"{target}.bias"))
        if type(module) in CONVOLUTIONS and module.padding_mode == "zeros":
            return module._conv_forward(x, self.powers[f"{target}.weight"], self.powers.get(f"{target}.bias"))
        if isinstance(module, _BATCH_NORMS) and module.affine and module.track_running_stats:
            return self._batch_norm(target, module, x)
        if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)):
            return self._pool(module, x)
        raise self._refusal(f"{type(module).__name__} at {target!r}")

    def call_function(self, target, args, kwargs):
        if is_scalar_product(self._node):
            numbers = [a for a in args if not isinstance(a, Tensor)]
            x = next(a for a in args if isinstance(a, Tensor))
            divided = target in (operator.truediv, torch.div, "div")
            return x * abs(1 / numbers[0] if divided else numbers[0]) ** self.q
        if target is getattr and args[1] in ("shape", "ndim"):
            return getattr(*args)
        if target is operator.getitem and not isinstance(args[0], Tensor):
            return args[0][args[1]]
        if target in _SAME:
            return args[0]
        if target in _SUMS and not kwargs and all(isinstance(a, Tensor) or a == 0 for a in args):
            return args[0] + args[1]  # a sign does not change the size of a path
        if target in _MEANS:
            return self._mean(*args, **kwargs)
        if target in _LAYOUTS:
            call = super().call_method if isinstance(target, str) else super().call_function
            return call(target, args, kwargs)
        raise self._refusal(f"{getattr(target, '__name__', str(target))!r}")

    def call_method(self, target, args, kwargs):
        return self.call_function(target, args, kwargs)

    def run_node(self, n: fx.Node):
        self._node = n
        return super().run_node(n)

    @staticmethod
    def _refusal(what: str) -> PathNormError:
        return PathNormError(f"{what} is not a sum over paths; path norms need ReLU networks.")

    def _mean(self, x: Tensor, *args, **kwargs) -> Tensor:
        mean = x.mean(*args, **kwargs)
        averaged = x.numel() / mean.numel()
        return mean * averaged ** (1 - self.q)

    def _batch_norm(self, target: str, module: nn.Module, x: Tensor) -> Tensor:
        spread = torch.sqrt(module.running_var.double() + module.eps)
        shift = (
            module.bias.detach().double()
            - module.running_mean.double() * module.weight.detach().double() / spread
        )
        shape = (1, -1, *(1,) * (x.dim() - 2))
        factor = self.powers[f"{target}.weight"] / spread**self.q
        return x * factor.reshape(shape) + (shift.abs() ** self.q).reshape(shape)

    def _pool(self, module: nn.Module, x: Tensor) -> Tensor:
        if isinstance(module, nn.AdaptiveAvgPool2d):
            if module.output_size not in (1, (1, 1)):
                raise PathNormError("Adaptive pooling is followed to output size 1 only.")
            return x.sum((2, 3), keepdim=True) / (x.shape[2] * x.shape[3]) ** self.q
        usual = {"dilation": 1, "ceil_mode": False, "return_indices": False, "count_include_pad": True}
        if any(getattr(module, option, value) != value for option, value in usual.items()):
            raise PathNormError(f"{type(module).__name__} is followed with its usual options only.")
        if getattr(module, "divisor_override", None) is not None:
            raise PathNormError(f"{type(module).__name__} is followed with its usual divisor only.")
        height, width = _pair(module.kernel_size)
        total = F.avg_pool2d(x, (height, width), module.stride, module.padding, divisor_override=1)
        return total if isinstance(module, nn.MaxPool2d) else total / (height * width) ** self.q


def path_norm(model: nn.Module, example_input: Tensor, *, q: float = 2.0) -> float:
    """The q-norm of the path-lifting of ``model`` in float64, invariant under every rescaling of its scale groups.

    ``example_input``: any input of the right shape (its values do not matter).  Biases start paths of their own.  Cost:
    one forward pass with one example.  Raises PathNormError for a layer that is not a sum over paths.
    """
    return float(_total(model, _powers(model, q), example_input, q) ** (1 / q))


def path_magnitudes(model: nn.Module, example_input: Tensor) -> dict[str, Tensor]:
    r"""Diagonal of the path metric :math:`G_{ii} = \partial\lVert\Phi\rVert_2^2/\partial(\theta_i^2)`, per parameter.

    Under a rescaling θ ↦ d·θ it becomes G_ii / d_i², which makes it the step-size denominator of Path-SGD.
    """
    powers = {name: value.requires_grad_() for name, value in _powers(model, 2.0).items()}
    total = _total(model, powers, example_input, 2.0)
    gradients = torch.autograd.grad(total, list(powers.values()), allow_unused=True)
    zipped = zip(powers.items(), gradients, strict=True)
    return {name: torch.zeros_like(value) if g is None else g for (name, value), g in zipped}


def layer_norm_product(model: nn.Module) -> float:
    """Product over the linear layers of the largest absolute row sum: the classical bound, not invariant."""
    norms = [
        m.weight.detach().double().abs().sum(1).max() for m in model.modules() if isinstance(m, nn.Linear)
    ]
    return float(torch.stack(norms).prod())


def _powers(model: nn.Module, q: float) -> dict[str, Tensor]:
    return {name: p.detach().double().abs() ** q for name, p in model.named_parameters()}


def _total(model: nn.Module, powers: Mapping[str, Tensor], example_input: Tensor, q: float) -> Tensor:
    device = next(iter(powers.values())).device
    ones = torch.ones(1, *example_input.shape[1:], dtype=torch.float64, device=device)
    return _PathPass(model, powers, q).run(ones).sum()


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)
