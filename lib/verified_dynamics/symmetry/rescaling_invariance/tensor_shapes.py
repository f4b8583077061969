"""Shapes of all intermediate values of a traced graph for an example input."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn


class _Recorder(fx.Interpreter):
    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        super().__init__(model, graph=graph)
        self.extra_traceback = False
        self.shapes: dict[fx.Node, torch.Size] = {}

    def run_node(self, node: fx.Node):
        value = super().run_node(node)
        if isinstance(value, Tensor):
            self.shapes[node] = value.shape
        return value


def tensor_shapes(model: nn.Module, graph: fx.Graph, inputs: Sequence[Tensor]) -> dict[fx.Node, torch.Size]:
    """Run the graph once on ``inputs`` and return the shape of each node's value where that is a tensor.

    The run leaves no trace: it takes place in evaluation mode, without gradients, with the random state put back,
    and each module's own mode is restored.  Whatever the model raises passes through.
    """
    modes = {module: module.training for module in model.modules()}
    recorder = _Recorder(model, graph)
    try:
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            recorder.run(*inputs)
    finally:
        for module, training in modes.items():
            module.training = training
    return recorder.shapes
