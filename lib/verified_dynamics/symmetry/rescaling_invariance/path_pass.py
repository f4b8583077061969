r"""One pass through a traced network that adds up powers of its paths.

The pass runs the graph with :math:`|\theta|^q` in place of the parameters, the identity in place of each activation,
sums in place of maxima, path weights of averages to the power q, and an input of ones (Neyshabur, Salakhutdinov and
Srebro 2015; Gonon et al. 2024 for convolutions, pooling and skips).  What flows is called *mass*.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from verified_dynamics.symmetry.rescaling_invariance.layers import (
    CONVOLUTIONS,
    COPYING_PADDINGS,
    FLATTENERS,
    PASSING_METHODS,
    POINTWISE_FUNCTIONS,
    POINTWISE_MODULES,
    RESHAPERS,
    TRANSPOSED_CONVOLUTIONS,
    is_addition,
    is_concatenation,
    is_scalar_product,
    is_shape_query,
    is_zero_padding,
    padded_axes,
)
from verified_dynamics.symmetry.rescaling_invariance.pooling import (
    POOLS,
    interpolated,
    pooled,
    pooling_layer,
    pooling_rank,
)
from verified_dynamics.symmetry.rescaling_invariance.scaled import Scaled, aligned, unscaled


class PathNormError(ValueError):
    """The network has a layer that paths do not describe."""


BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_LINEAR_LAYERS = frozenset({nn.Linear, *CONVOLUTIONS, *TRANSPOSED_CONVOLUTIONS})
_UPSAMPLINGS = frozenset({nn.Upsample, nn.UpsamplingBilinear2d, nn.UpsamplingNearest2d})
_IDENTITY_CALLS = POINTWISE_FUNCTIONS | PASSING_METHODS
_LAYOUTS = frozenset({*FLATTENERS, *RESHAPERS, "permute", "transpose", "unsqueeze", "squeeze"})
_MEANS = frozenset({torch.mean, "mean"})


class PathPass(fx.Interpreter):
    """Runs ``graph`` on masses; ``powers`` holds |θ|^q in float64 by parameter name, None for a bias left out.

    With ``shapes`` (of every value, for inputs like the one that the pass gets) a layer that paths do not describe ends
    all paths that reach it and starts new ones of mass one, and a normalisation divides by the mass that it sees, which
    counts as fixed.  Without, such a layer is an error, and BatchNorm is the affine map of its evaluation mode.
    """

    def __init__(
        self,
        model: nn.Module,
        graph: fx.Graph,
        powers: Mapping[str, Tensor | None],
        q: float,
        *,
        shapes: Mapping[fx.Node, torch.Size] | None = None,
    ) -> None:
        super().__init__(model, graph=graph)
        self.extra_traceback = False
        self.q, self.shapes = q, shapes
        self.powers = dict(powers)
        for name, parameter in model.named_parameters(remove_duplicate=False):
            if name not in self.powers:  # a tied parameter goes by the first of its names
                self.powers[name] = next(
                    powers[first] for first, p in model.named_parameters() if p is parameter
                )
        self.ends: list[Scaled] = []

    def total(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Mass of all paths, relative to a factor, and the logarithm of that factor."""
        self.run(*(unscaled(x) for x in inputs))
        values, log_factor = aligned(self.ends)
        return sum(value.sum() for value in values), log_factor

    def run_node(self, n: fx.Node):
        self.node = n
        return super().run_node(n)

    def output(self, target, args, kwargs):
        self._end(args)

    def get_attr(self, target, args, kwargs):
        if self.shapes is None:
            raise PathNormError(f"The network reads {target!r} directly; path norms need it inside a layer.")

    def call_module(self, target, args, kwargs):
        module, kind = self.fetch_attr(target), type(self.fetch_attr(target))
        x = args[0] if args and isinstance(args[0], Scaled) else None
        if x is None or len(args) > 1 or kwargs:
            return self._cut(args, kwargs, f"{kind.__name__} at {target!r}")
        if kind is nn.LeakyReLU and abs(module.negative_slope) > 1 and self.shapes is None:
            return self._cut(args, kwargs, f"{kind.__name__} at {target!r}")
        if kind in POINTWISE_MODULES and not (kind is nn.PReLU and self.shapes is None):
            return x
        if kind is nn.Flatten:
            return Scaled(module(x.values), x.log_factor)
        if kind in _LINEAR_LAYERS and (self.shapes is not None or _zero_padded(module)):
            return self._linear(target, module, x)
        if kind in BATCH_NORMS and self.shapes is not None:
            return self._normalised(target, module, x, [0, *range(2, x.values.dim())])
        if kind is nn.LayerNorm and self.shapes is not None:
            return self._normalised(target, module, x, list(range(-len(module.normalized_shape), 0)))
        if kind in BATCH_NORMS and module.affine and module.track_running_stats:
            return self._evaluated_batch_norm(target, module, x)
        if kind in _UPSAMPLINGS:
            names = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")
            return self._interpolated(x, {name: getattr(module, name) for name in names})
        if kind in COPYING_PADDINGS or is_zero_padding(module):
            return Scaled(module(x.values), x.log_factor)
        if kind in POOLS:
            return self._pooled(module, x)
        return self._cut(args, kwargs, f"{kind.__name__} at {target!r}")

    def call_function(self, target, args, kwargs):
        x = args[0] if args and isinstance(args[0], Scaled) else None
        if is_shape_query(self.node):
            return self._query(target, args, kwargs)
        if not _carries_mass((args, kwargs)) and self._computes_sizes(args, kwargs):
            return self._plain(target, args, kwargs)
        if is_scalar_product(self.node):
            return self._multiplied(target, args)
        if target in _IDENTITY_CALLS and x is not None and self._pooling(target, args, kwargs) is None:
            return x
        if is_addition(self.node) and self._adds_masses(args, kwargs):
            return self._added(args, kwargs)
        if is_concatenation(self.node) and _listed_masses(args):
            values, common = aligned(args[0])
            return Scaled(torch.cat(values, *args[1:], **kwargs), common)
        if x is not None and (layer := self._pooling(target, args, kwargs)) is not None:
            return self._pooled(layer, x)
        if x is not None and target is F.interpolate:
            names = ("size", "scale_factor", "mode")
            return self._interpolated(x, dict(zip(names, args[1:], strict=False), **kwargs))
        if x is not None and padded_axes(self.node) is not None:
            return Scaled(F.pad(x.values, *args[1:], **kwargs), x.log_factor)
        if x is not None and target in _MEANS:
            mean = x.values.mean(*args[1:], **kwargs)
            averaged = x.values.numel() / mean.numel()
            return Scaled(mean * averaged ** (1 - self.q), x.log_factor)
        if x is not None and target in _LAYOUTS:
            return Scaled(self._plain(target, (x.values, *args[1:]), kwargs), x.log_factor)
        return self._cut(args, kwargs, repr(getattr(target, "__name__", str(target))))

    def call_method(self, target, args, kwargs):
        return self.call_function(target, args, kwargs)

    # What each kind of layer does to masses.

    def _linear(self, target: str, module: nn.Module, x: Scaled) -> Scaled:
        weight = self._power(target, module, "weight")
        bias = self._power(target, module, "bias")
        x = Scaled(_applied(module, x.values, weight), x.log_factor)
        if bias is None:
            return x.normalised()
        shape = (-1,) if isinstance(module, nn.Linear) else (-1, *(1,) * len(module.kernel_size))
        # The bias counts with its own size, whatever its value: the derivative in it does not vanish at zero.
        common = x.log_factor.clamp_min(0)
        values = x.values * (x.log_factor - common).exp() + bias.reshape(shape) * (-common).exp()
        return Scaled(values, common).normalised()

    def _normalised(self, target: str, module: nn.Module, x: Scaled, axes: list[int]) -> Scaled:
        seen = x.values.detach().mean(axes, keepdim=True)
        factor = torch.where(seen > 0, 1 / torch.where(seen > 0, seen, 1), 0)
        values = x.values * factor
        shape = (
            module.weight.shape if isinstance(module, nn.LayerNorm) and module.elementwise_affine else None
        )
        shape = shape or (1, -1, *(1,) * (values.dim() - 2))
        weight, bias = self._power(target, module, "weight"), self._power(target, module, "bias")
        values = values if weight is None else values * weight.reshape(shape)
        return unscaled(values if bias is None else values + bias.reshape(shape)).normalised()

    def _evaluated_batch_norm(self, target: str, module: nn.Module, x: Scaled) -> Scaled:
        spread = torch.sqrt(module.running_var.double() + module.eps)
        gain = module.weight.detach().double() / spread
        shift = module.bias.detach().double() - module.running_mean.double() * gain
        shape = (1, -1, *(1,) * (x.values.dim() - 2))
        factor = self._power(target, module, "weight") / spread**self.q
        common = x.log_factor.clamp_min(0)
        started = (shift.abs() ** self.q).reshape(shape) * (-common).exp()
        carried = x.values * factor.reshape(shape) * (x.log_factor - common).exp()
        return Scaled(carried + started, common).normalised()

    def _multiplied(self, target: object, args: tuple) -> Scaled:
        number = next(a for a in args if not isinstance(a, Scaled))
        x = next(a for a in args if isinstance(a, Scaled))
        divided = target in (operator.truediv, torch.div, "div")
        return Scaled(x.values * abs(1 / number if divided else number) ** self.q, x.log_factor)

    def _interpolated(self, x: Scaled, options: Mapping) -> Scaled | None:
        values = interpolated(x.values, self.q, options)
        return self._cut((x,), {}, "this interpolation") if values is None else Scaled(values, x.log_factor)

    def _adds_masses(self, args: tuple, kwargs: Mapping) -> bool:
        """Whether the call adds two masses, or a mass and the number 0 from which Python's sum starts."""
        known = set(kwargs) <= {"alpha"} and len(args) == 2
        return known and all(isinstance(a, Scaled) or (isinstance(a, int) and a == 0) for a in args)

    def _added(self, args: tuple, kwargs: Mapping) -> Scaled:
        terms = [a for a in args if isinstance(a, Scaled)]
        if "alpha" in kwargs and isinstance(args[1], Scaled):
            terms[-1] = Scaled(terms[-1].values * abs(kwargs["alpha"]) ** self.q, terms[-1].log_factor)
        values, common = aligned(terms)  # a sign does not change the size of a path
        return Scaled(sum(values), common)

    def _pooling(self, target: object, args: tuple, kwargs: Mapping) -> nn.Module | None:
        if isinstance(target, str):
            return None
        return pooling_layer(target, args[1:], {k: v for k, v in kwargs.items() if k != "input"})

    def _pooled(self, module: nn.Module, x: Scaled) -> Scaled | None:
        if x.values.dim() != pooling_rank(
            module
        ):  # without a batch axis its channels would be taken for examples
            return self._cut((x,), {}, f"{type(module).__name__} without a batch axis")
        return Scaled(pooled(module, x.values, self.q), x.log_factor)

    def _power(self, target: str, module: nn.Module, name: str) -> Tensor | None:
        """|θ|^q of a layer's parameter; a value that is computed from others counts as fixed."""
        if getattr(module, name, None) is None:
            return None
        if f"{target}.{name}" in self.powers:
            return self.powers[f"{target}.{name}"]
        return getattr(module, name).detach().double().abs() ** self.q

    # Values that carry no mass, and ends of paths.

    def _plain(self, target: object, args: tuple, kwargs: Mapping):
        call = super().call_method if isinstance(target, str) else super().call_function
        return call(target, args, kwargs)

    def _query(self, target: object, args: tuple, kwargs: Mapping):
        return self._plain(
            target, (args[0].values if isinstance(args[0], Scaled) else args[0], *args[1:]), kwargs
        )

    def _computes_sizes(self, args: tuple, kwargs: Mapping) -> bool:
        """Whether the call is about numbers and shapes rather than values that the pass does not follow."""
        found: list[object] = []
        torch.utils._pytree.tree_map(lambda value: found.append(value), (args, dict(kwargs)))
        return all(value is not None and not isinstance(value, Tensor) for value in found)

    def _cut(self, args: tuple, kwargs: Mapping, what: str) -> Scaled | None:
        if self.shapes is None:
            raise PathNormError(f"{what} is not a sum over paths; path norms need ReLU networks.")
        self._end((args, dict(kwargs)))
        shape, reference = self.shapes.get(self.node), next(p for p in self.powers.values() if p is not None)
        return None if shape is None else unscaled(reference.new_ones(shape))

    def _end(self, values: object) -> None:
        torch.utils._pytree.tree_map(
            lambda value: self.ends.append(value) if isinstance(value, Scaled) else None, values
        )


def _carries_mass(values: object) -> bool:
    found: list[bool] = []
    torch.utils._pytree.tree_map(lambda value: found.append(isinstance(value, Scaled)), values)
    return any(found)


def _listed_masses(args: tuple) -> bool:
    return isinstance(args[0], (list, tuple)) and all(isinstance(part, Scaled) for part in args[0])


def _applied(module: nn.Module, x: Tensor, weight: Tensor) -> Tensor:
    """The layer without bias and with other weights, and without the hooks of its own call."""
    if isinstance(module, nn.Linear):
        return F.linear(x, weight)
    if type(module) in CONVOLUTIONS:
        return module._conv_forward(x, weight, None)
    convolution = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[len(module.kernel_size) - 1]
    options = (module.stride, module.padding, module.output_padding, module.groups, module.dilation)
    return convolution(x, weight, None, *options)


def _zero_padded(module: nn.Module) -> bool:
    return getattr(module, "padding_mode", "zeros") == "zeros"
