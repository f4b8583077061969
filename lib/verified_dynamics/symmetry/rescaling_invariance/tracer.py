"""The walk through a traced graph that assigns scale groups to channels and parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, fx, nn

from verified_dynamics.symmetry.rescaling_invariance.channel_flow import PINNED, Flow, UnionFind
from verified_dynamics.symmetry.rescaling_invariance.layers import (
    BATCH_NORMS,
    CONVOLUTIONS,
    FLATTENERS,
    PASSING_FUNCTIONS,
    PASSING_METHODS,
    PASSING_MODULES,
    RESHAPERS,
    TRANSPOSED_CONVOLUTIONS,
    is_addition,
    is_batch_size,
    is_concatenation,
    is_scalar_product,
    is_shape_query,
    is_zero_padding,
    padded_axes,
    pooled_axes,
)
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import Pin
from verified_dynamics.symmetry.rescaling_invariance.weight_layouts import convolution_layout


class ScaleGroupTracer:
    """Walks through a traced graph once, in execution order, and collects groups, pins and parameter entries."""

    def __init__(
        self,
        model: nn.Module,
        graph: fx.Graph,
        shared: dict[str, str],
        shapes: Mapping[fx.Node, torch.Size] | None = None,
    ) -> None:
        self.modules = dict(model.named_modules())
        self.graph, self.shared, self.shapes = graph, shared, shapes or {}
        self.groups = UnionFind()
        self.labels: dict[int, str] = {}
        self.pins: list[Pin] = []
        self.raw: dict[str, tuple[Tensor, Tensor]] = {}
        self.flows: dict[fx.Node, Flow] = {}

    def run(self) -> None:
        for node in self.graph.nodes:
            flow = self._visit(node)
            if flow is not None:
                self.flows[node] = flow

    def _visit(self, node: fx.Node) -> Flow | None:
        if node.op == "placeholder":
            return Flow(None)
        if node.op == "get_attr":
            return Flow(None)
        if node.op == "output":
            self._pin(node, "the scale of the network's output is part of the function")
            return None
        if node.op == "call_module":
            return self._visit_module(node, self.modules[node.target])
        return self._visit_call(node)

    def _visit_module(self, node: fx.Node, module: nn.Module) -> Flow:
        kind = type(module)
        if node.target in self.shared:
            return self._pin(node, self.shared[node.target])
        if module._forward_hooks or module._forward_pre_hooks:
            return self._pin(node, "hooks on the layer are not followed")
        if kind in PASSING_MODULES or is_zero_padding(module):
            return self._passed(node)
        if kind is nn.Flatten:
            return self._flattened(node, module.start_dim, module.end_dim)
        if (weighted := self._weighted(kind)) is not None:
            missing = [n for n in ("weight", "bias") if hasattr(module, n) and n not in module._parameters]
            if missing:
                return self._pin(node, f"the {missing[0]} of {kind.__name__} is not a plain parameter")
            return weighted(node, module)
        return self._pin(node, f"{kind.__name__} is not known to commute with positive factors")

    def _weighted(self, kind: type[nn.Module]) -> Callable[[fx.Node, nn.Module], Flow] | None:
        if kind is nn.Linear:
            return self._linear
        if kind in CONVOLUTIONS or kind in TRANSPOSED_CONVOLUTIONS:
            return self._convolution
        return self._batch_norm if kind in BATCH_NORMS else None

    def _linear(self, node: fx.Node, module: nn.Linear) -> Flow:
        source = self._source(node)
        sources = self._features(node, source, module.in_features)
        outputs = self._fresh(node, module.out_features)
        self._weigh(node, (outputs[:, None], sources[None, :]), outputs, bias=module.bias is not None)
        return Flow(tuple(outputs.tolist()), -1, self._rank(node, 2 if source.flattened else source.rank))

    def _convolution(self, node: fx.Node, module: nn.Module) -> Flow:
        source, width = self._source(node), module.in_channels
        rank = len(module.kernel_size) + 2
        if self._rank(node, rank) != rank:
            return self._pin(node, "its input has no batch axis")
        if source.ids is not None and (source.size != width or source.axis == -1 or source.flattened):
            self._pin(node, "its input channels could not be matched with the convolution's")
            source = Flow(None)
        ids = torch.tensor(source.ids if source.ids is not None else (PINNED,) * width)
        outputs = self._fresh(node, module.out_channels)
        layout = convolution_layout(module, ids, outputs)
        self._weigh(node, layout, outputs, bias=module.bias is not None)
        return Flow(tuple(outputs.tolist()), 1, rank)

    def _batch_norm(self, node: fx.Node, module: nn.Module) -> Flow:
        axis, rank = self._batch_norm_axis(node, self._source(node), module.num_features)
        self._pin(node, "BatchNorm divides its input by that input's own spread")
        if not module.affine:
            return Flow((PINNED,) * module.num_features, axis, rank)
        outputs = self._fresh(node, module.num_features)
        self._weigh(node, (outputs, torch.zeros(1, dtype=torch.long)), outputs, bias=True)
        return Flow(tuple(outputs.tolist()), axis, rank)

    def _batch_norm_axis(self, node: fx.Node, source: Flow, features: int) -> tuple[int, int | None]:
        """BatchNorm acts on axis 1, which is also the last one where there are but two."""
        rank = self._rank(node, BATCH_NORMS[type(self.modules[node.target])] or source.rank)
        if rank is None and source.ids is not None and source.size != features:
            return 1, None  # features on the last axis, and others on axis 1: there are three axes at least
        if rank is None:
            return (0 if source.ids is None else -1), None
        return (-1 if rank == 2 else 1), rank

    def _weigh(self, node: fx.Node, layout: tuple[Tensor, Tensor], outputs: Tensor, *, bias: bool) -> None:
        self.raw[f"{node.target}.weight"] = layout
        if bias:
            self.raw[f"{node.target}.bias"] = (outputs, torch.zeros(1, dtype=torch.long))

    def _fresh(self, node: fx.Node, count: int) -> Tensor:
        ids = self.groups.fresh(count)
        self.labels.update({item: f"{node.target}[{channel}]" for channel, item in enumerate(ids)})
        return torch.tensor(ids)

    def _features(self, node: fx.Node, source: Flow, width: int) -> Tensor:
        """Group of each input feature of a linear layer, after a flatten has repeated the channels."""
        if source.ids is None:
            return torch.zeros(width, dtype=torch.long)
        ids = torch.tensor(source.ids)
        if source.axis != 1 and not source.flattened and source.size == width:
            return ids
        if source.flattened and width % max(source.size, 1) == 0:
            return torch.tensor(_repeated(source, width // source.size))
        self._pin(node, "its input channels could not be matched with the linear layer's features")
        return torch.zeros(width, dtype=torch.long)

    def _visit_call(self, node: fx.Node) -> Flow | None:
        name = _name(node)
        if is_shape_query(node):
            return None
        sources = self._sources(node)
        if not sources:
            return Flow(None)
        if node.target in PASSING_FUNCTIONS or (node.op == "call_method" and name in PASSING_METHODS):
            return self._passed(node)
        if is_scalar_product(node) or padded_axes(node) is not None:
            return self._passed(node)
        if node.target in FLATTENERS:
            arguments = [*node.args[1:], node.kwargs.get("start_dim", 0), node.kwargs.get("end_dim", -1)]
            end = arguments[1] if len(node.args) > 2 else node.kwargs.get("end_dim", -1)
            return self._flattened(node, arguments[0], end)
        if name in RESHAPERS and node.op == "call_method":
            return self._reshaped(node)
        if name == "mean":
            return self._averaged(node)
        if is_addition(node):
            return self._tied(node, sources)
        if is_concatenation(node):
            return self._concatenated(node, sources)
        return self._pin(node, f"{name} is not known to commute with positive factors")

    def _passed(self, node: fx.Node) -> Flow:
        """A homogeneous layer keeps the groups, unless it mixes them because channels lie on one of its axes."""
        source = self._source(node)
        module = self.modules.get(node.target) if node.op == "call_module" else None
        axes = pooled_axes(node, module)
        if source.ids is None or axes == 0:
            return source
        enough = axes is None or (source.rank or 0) >= axes + 2  # batch, channels and the axes that are mixed
        if source.axis != 1 or source.flattened or not enough:
            name = type(module).__name__ if module else _name(node)
            return self._pin(node, f"{name} mixes neighbouring features")
        return source

    def _flattened(self, node: fx.Node, start: int, end: int) -> Flow:
        source = self._source(node)
        if start != 1 or end != -1:
            return self._pin(node, "only flattening of all dimensions after the first is followed")
        if source.ids is None:
            return source
        shape = self.shapes.get(node.all_input_nodes[0])
        if shape is None:
            return Flow(source.ids, source.axis, 2, flattened=True)
        if len(shape) < 3:
            return source
        return Flow(_repeated(source, math.prod(shape[1:]) // source.size), -1, 2)

    def _reshaped(self, node: fx.Node) -> Flow:
        sizes = node.args[1:] if len(node.args) != 2 else node.args[1]
        if isinstance(sizes, (tuple, list)) and len(sizes) == 2 and not node.kwargs:
            batched = {n for n in self.graph.nodes if n.op == "placeholder"} | {node.args[0]}
            if sizes[1] == -1 and is_batch_size(sizes[0], batched):
                return self._flattened(node, 1, -1)
            shape = self.shapes.get(node.args[0])
            if sizes[0] == -1 and shape is not None and sizes[1] == math.prod(shape[1:]):
                return self._flattened(node, 1, -1)
        return self._pin(node, f"{node.target} rearranges the channels in a way that is not followed")

    def _averaged(self, node: fx.Node) -> Flow:
        source = self._source(node)
        axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
        axes = (axes,) if isinstance(axes, int) else tuple(axes or ())
        kept = bool(node.kwargs.get("keepdim", False)) or (len(node.args) > 2 and bool(node.args[2]))
        if source.ids is None:
            return source
        spatial = set(range(2, source.rank)) | set(range(2 - source.rank, 0)) if source.rank else set()
        if source.axis == -1 or source.flattened or not axes or not set(axes) <= spatial:
            return self._pin(node, "the mean mixes channels")
        rank = source.rank if kept else source.rank - len(axes)
        return Flow(source.ids, -1 if rank == 2 else 1, rank)

    def _tied(self, node: fx.Node, sources: list[Flow]) -> Flow:
        first, *others = sources
        if len(sources) < 2:
            if 0 in node.args:  # Python's own sum starts from the number 0
                return first
            return self._pin(node, "a constant is added")
        if any(flow.ids is None for flow in sources):
            return self._pin(node, "they are added to a value whose scale is fixed")
        for other in others:
            if other.size != first.size or not first.fits(other):
                return self._pin(node, "channels of different shapes are added")
            for left, right in zip(first.ids, other.ids, strict=True):
                self.groups.join(left, right)
        return first

    def _concatenated(self, node: fx.Node, sources: list[Flow]) -> Flow:
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        first = next((flow for flow in sources if flow.ids is not None), Flow(None))
        joined = node.args[0] if node.args else node.kwargs["tensors"]
        if isinstance(joined, fx.Node):
            return self._pin(node, "the values that are concatenated are not listed one by one")
        sources = [self._counted(value, first) for value in joined]
        if any(flow.ids is None or flow.flattened or not flow.fits(first) for flow in sources):
            return self._pin(node, "they are concatenated with a value whose channels are not known")
        rank = self._rank(node, next((flow.rank for flow in sources if flow.rank), None))
        features = axis in (-1, (rank or 2) - 1)
        if not (features if first.axis == -1 else first.axis == axis == 1):
            return self._pin(node, "they are concatenated along another axis than the channels'")
        return Flow(sum((flow.ids for flow in sources), ()), first.axis, rank)

    def _counted(self, value: fx.Node, like: Flow) -> Flow:
        """A pinned value whose number of channels is known from the example input, laid out like another one."""
        flow, shape = self.flows[value], self.shapes.get(value)
        if flow.ids is not None or shape is None or like.rank not in (None, len(shape)):
            return flow
        return Flow((PINNED,) * shape[like.axis], like.axis, len(shape))

    def _sources(self, node: fx.Node) -> list[Flow]:
        found: list[fx.Node] = []
        fx.map_arg((node.args, node.kwargs), lambda n: found.append(n) or n)
        return [self.flows[n] for n in found if n in self.flows]

    def _rank(self, node: fx.Node, expected: int | None) -> int | None:
        """Number of axes of the node's value: from the example input if there was one, else the expected one."""
        return len(self.shapes[node]) if node in self.shapes else expected

    def _source(self, node: fx.Node) -> Flow:
        sources = self._sources(node)
        return sources[0] if sources else Flow(None)

    def _pin(self, node: fx.Node, reason: str) -> Flow:
        ids = {self.groups.root(i) for flow in self._sources(node) for i in flow.ids or ()} - {PINNED}
        if ids or node.op == "call_module":
            self.pins.append(Pin(_name(node), len(ids), reason))
        for item in ids:
            self.groups.join(PINNED, item)
        return Flow(None)


def _name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _repeated(source: Flow, times: int) -> tuple[int, ...]:
    """The ids of a value's features once its positions are merged with its channels, ``times`` positions in all."""
    ids = torch.tensor(source.ids)
    return tuple((ids.repeat(times) if source.axis == -1 else ids.repeat_interleave(times)).tolist())
