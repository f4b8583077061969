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
from verified_dynamics.symmetry.rescaling_invariance.tracer import ScaleGroupTracer


def _shared_modules(model: nn.Module, graph: fx.Graph) -> dict[str, str]:
    """Modules that the symmetry cannot treat one by one: called twice, or holding a parameter used elsewhere."""
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    stateful = {name for name, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))}
    reasons = {n: f"the layer is used {c} times" for n, c in calls.items() if c > 1 and n in stateful}
    owners: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    read = {node.target for node in graph.nodes if node.op == "get_attr"}
    for names in owners.values():
        if len(names) > 1 or read & set(names):
            reasons.update({n.rpartition(".")[0]: "one of its parameters is used elsewhere as well" for n in names})
    return reasons


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
    """Find the rescaling symmetry of ``model`` from one torch.fx trace.

    Followed: Linear, Conv1d/2d/3d (grouped and depthwise too), BatchNorm (the scale sits on γ and β; its input is
    pinned), pooling, flatten (repeats the scale of a channel), addition (ties groups), concatenation, dropout, identity
    and the ReLU family.  Everything else pins the channels that reach it, and the report says so.  With
    ``example_input`` the forward pass is run once first, so that a shape that does not fit is found here.

    Raises ScaleGroupError if the model cannot be traced or does not accept the example input.
    """
    if example_input is not None:
        _check_input(model, example_input)
    try:
        graph = fx.Tracer().trace(model)
    except Exception as error:  # the tracer runs the model's own code, which may raise anything
        raise ScaleGroupError(
            f"{type(model).__name__} cannot be traced by torch.fx ({type(error).__name__}: {error}); "
            "rewrite its forward without control flow that depends on the data."
        ) from error
    tracer = ScaleGroupTracer(model, graph, _shared_modules(model, graph))
    tracer.run()
    numbers, labels, members = _compress(tracer)
    zero = torch.zeros(1, dtype=torch.long)
    parameters = dict(model.named_parameters())
    entries = {}
    for name in parameters:
        enters, leaves = tracer.raw.get(name, (zero, zero))
        entries[name] = ParameterScale(numbers[enters], numbers[leaves])
    shapes = {name: parameter.shape for name, parameter in parameters.items()}
    return ScaleGroups(entries, shapes, labels, members, tuple(tracer.pins))


def _check_input(model: nn.Module, example_input: Tensor | Iterable[Tensor]) -> None:
    inputs = (example_input,) if isinstance(example_input, Tensor) else tuple(example_input)
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(*inputs)
    except (RuntimeError, ValueError, TypeError) as error:
        shapes = ", ".join(f"{tuple(x.shape)} {x.dtype}" for x in inputs)
        raise ScaleGroupError(f"{type(model).__name__} does not accept the example input {shapes}: {error}.") from error
    finally:
        model.train(training)
