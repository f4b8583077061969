"""Find the scale groups of a model by one symbolic trace of its forward pass.

The trace carries, for each intermediate value, the scale group of each of its channels.  Layers with weights open a
fresh group per output channel; positively homogeneous layers pass the groups on; addition ties two groups into one
(union-find); everything else pins the groups of its inputs at scale one and says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.channel_flow import PINNED
from verified_dynamics.symmetry.rescaling_invariance.forward_graph import forward_graph
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import (
    ParameterScale,
    ScaleGroups,
)
from verified_dynamics.symmetry.rescaling_invariance.shared_parameters import shared_modules
from verified_dynamics.symmetry.rescaling_invariance.tensor_shapes import ForwardPass, forward_pass
from verified_dynamics.symmetry.rescaling_invariance.tracer import ScaleGroupTracer


def _compress(tracer: ScaleGroupTracer) -> tuple[Tensor, tuple[str, ...], tuple[int, ...]]:
    """Number the free groups 1, 2, ... in the order of their first channel."""
    roots = [tracer.groups.root(i) for i in range(len(tracer.groups.parent))]
    free = sorted(set(roots) - {PINNED})
    number = {root: k + 1 for k, root in enumerate(free)} | {PINNED: 0}
    members = Counter(roots)
    return (
        torch.tensor([number[root] for root in roots]),
        tuple(tracer.labels[root] for root in free),
        tuple(members[root] for root in free),
    )


def scale_groups(
    model: nn.Module, example_input: Tensor | Sequence[Tensor] | ForwardPass | None = None
) -> ScaleGroups:
    """Find the rescaling symmetry of ``model`` from one torch.fx trace in the mode (train or eval) that it is in.

    Followed: Linear, Conv1d/2d/3d and ConvTranspose1d/2d/3d (grouped and depthwise too), BatchNorm (the scale sits on γ
    and β; its input is pinned), pooling, upsampling, padding with zeros or with values that are there, flatten (repeats
    the scale of a channel), addition (ties groups), concatenation, dropout, identity, ReLU, LeakyReLU and PReLU.
    Everything else pins the channels that reach it, and the report says so.

    With ``example_input`` the forward pass is run once, so that the axes of all values are known and a shape that does
    not fit is found here.  Without it, values are taken to be batched, and features of unknown rank to be ``(n, d)``:
    give an example where a layer for features sees more axes, ``(n, T, d)`` for instance, and a tuple of examples for a
    model with several inputs.  Arguments of the forward pass that are not given stay at their defaults.
    A ``ForwardPass`` of this model stands for its example, and saves the trace and the run.

    Raises ScaleGroupError if the model cannot be traced or does not accept the example input.
    """
    run = None if example_input is None else forward_pass(model, example_input)
    graph, shapes = (forward_graph(model), None) if run is None else (run.graph, run.shapes)
    tracer = ScaleGroupTracer(model, graph, shared_modules(model, graph), shapes)
    tracer.run()
    numbers, labels, members = _compress(tracer)
    zero = torch.zeros((), dtype=torch.long)  # broadcasts to every shape, that of a single number included
    parameters = dict(model.named_parameters())
    entries = {}
    for name in parameters:
        enters, leaves = tracer.raw.get(name, (zero, zero))
        entries[name] = ParameterScale(numbers[enters], numbers[leaves])
    sizes = {name: parameter.shape for name, parameter in parameters.items()}
    return ScaleGroups(entries, sizes, labels, members, tuple(tracer.pins))
