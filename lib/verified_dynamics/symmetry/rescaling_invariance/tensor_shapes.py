"""Shapes of all intermediate values of a traced graph for an example input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from verified_dynamics.symmetry.rescaling_invariance.forward_graph import forward_graph
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroupError
from verified_dynamics.symmetry.rescaling_invariance.trace_errors import first_line
from verified_dynamics.symmetry.rescaling_invariance.untouched import untouched


@dataclass(frozen=True)
class ForwardPass:
    """The graph of a model's forward pass, and the shape of each node's value on ``inputs``."""

    graph: fx.Graph
    inputs: tuple[Tensor, ...]
    shapes: Mapping[fx.Node, torch.Size]


def forward_pass(model: nn.Module, example_input: Tensor | Sequence[Tensor] | ForwardPass) -> ForwardPass:
    """Trace the model and run it once on the example; a pass that is known already is given back as it is.

    Raises ScaleGroupError if the model cannot be traced or does not accept the example input.
    """
    if isinstance(example_input, ForwardPass):
        return example_input
    inputs = given_inputs(example_input)
    graph = forward_graph(model, len(inputs))
    return ForwardPass(graph, inputs, tensor_shapes(model, graph, inputs))


class _Recorder(fx.Interpreter):
    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        super().__init__(model, graph=graph)
        self.extra_traceback = False
        self.shapes: dict[fx.Node, torch.Size] = {}
        self.node: fx.Node | None = None

    def run_node(self, node: fx.Node):
        self.node = node
        value = super().run_node(node)
        if isinstance(value, Tensor):
            self.shapes[node] = value.shape
        return value

    def place(self) -> str:
        """The layer or function that was reached last, with the shapes that it got."""
        node = self.node
        if node is None or node.op in ("placeholder", "output"):
            return ""
        kind = f" ({type(self.fetch_attr(node.target)).__name__})" if node.op == "call_module" else ""
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.target)
        shapes = [str(tuple(self.shapes[source])) for source in node.all_input_nodes if source in self.shapes]
        return f" at {name!r}{kind}, which gets {' and '.join(shapes) or 'no tensor'}"


def given_inputs(example_input: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The inputs of a model as a tuple, from one tensor or from several.

    Raises ScaleGroupError for anything else.
    """
    if isinstance(example_input, Tensor):
        example_input = (example_input,)
    if isinstance(example_input, (list, tuple)):
        if any(isinstance(x, Tensor) and x.numel() == 0 for x in example_input):
            raise ScaleGroupError("The example input holds no example; pass a batch of one at least.")
        return tuple(example_input)
    raise ScaleGroupError(
        f"The example input is of type {type(example_input).__name__}; pass a tensor, or a tuple of tensors "
        "for a model with several inputs."
    )


def tensor_shapes(model: nn.Module, graph: fx.Graph, inputs: Sequence[Tensor]) -> dict[fx.Node, torch.Size]:
    """Run the graph once on ``inputs`` and return the shape of each node's value where that is a tensor.

    The run leaves no trace: it takes place in evaluation mode, without gradients, and modes, buffers and random states
    are put back.  Raises ScaleGroupError if the model does not accept the inputs.
    """
    recorder = _Recorder(model, graph)
    try:
        with untouched(model), torch.no_grad():
            model.eval()
            recorder.run(*inputs)
    except Exception as error:  # it runs the model's own code, which may raise anything
        given = ", ".join(
            f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else _kind(x) for x in inputs
        )
        raise ScaleGroupError(
            f"{type(model).__name__} does not accept the example input {given}{recorder.place()}: {first_line(error)}; "
            "pass an input of the shape, dtype and device of the data that it is trained on, batch axis included."
        ) from error
    return recorder.shapes


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
