"""Find the scale groups of a model by one symbolic trace of its forward pass.

The trace carries, for each intermediate value, the scale group of each of its channels.  Layers with weights open a
fresh group per output channel; positively homogeneous layers pass the groups on; addition ties two groups into one
(union-find); everything else pins the groups of its inputs at scale one and says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor, fx, nn

from verified_dynamics.symmetry.rescaling_invariance.channel_flow import PINNED
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import (
    ParameterScale,
    ScaleGroupError,
    ScaleGroups,
)
from verified_dynamics.symmetry.rescaling_invariance.shared_parameters import shared_modules
from verified_dynamics.symmetry.rescaling_invariance.tensor_shapes import tensor_shapes
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


def scale_groups(model: nn.Module, example_input: Tensor | Iterable[Tensor] | None = None) -> ScaleGroups:
    """Find the rescaling symmetry of ``model`` from one torch.fx trace in the mode (train or eval) that it is in.

    Followed: Linear, Conv1d/2d/3d (grouped and depthwise too), BatchNorm (the scale sits on γ and β; its input is
    pinned), pooling, flatten (repeats the scale of a channel), addition (ties groups), concatenation, dropout, identity
    and the ReLU family.  Everything else pins the channels that reach it, and the report says so.

    With ``example_input`` the forward pass is run once, so that the axes of all values are known and a shape that does
    not fit is found here.  Without it, values are taken to be batched, and features of unknown rank to be ``(n, d)``:
    give an example where a layer for features sees more axes, ``(n, T, d)`` for instance.

    Raises ScaleGroupError if the model cannot be traced or does not accept the example input.
    """
    try:
        graph = fx.Tracer().trace(model)
    except Exception as error:  # the tracer runs the model's own code, which may raise anything
        raise ScaleGroupError(
            f"{type(model).__name__} cannot be traced by torch.fx ({type(error).__name__}: {_first_line(error)}); "
            "rewrite its forward without control flow that depends on the data."
        ) from error
    shapes = None if example_input is None else _shapes(model, graph, example_input)
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


def _shapes(
    model: nn.Module, graph: fx.Graph, example_input: Tensor | Iterable[Tensor]
) -> dict[fx.Node, torch.Size]:
    inputs = (example_input,) if isinstance(example_input, Tensor) else tuple(example_input)
    try:
        return tensor_shapes(model, graph, inputs)
    except Exception as error:  # so may the model's own code
        given = ", ".join(f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else repr(x) for x in inputs)
        raise ScaleGroupError(
            f"{type(model).__name__} does not accept the example input {given}: {_first_line(error)}."
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
