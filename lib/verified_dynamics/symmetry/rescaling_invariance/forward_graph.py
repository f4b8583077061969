"""The graph of a model's forward pass, traced so that the model stays as it was found."""

from __future__ import annotations

import inspect

from torch import fx, nn

from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroupError
from verified_dynamics.symmetry.rescaling_invariance.trace_errors import trace_failure
from verified_dynamics.symmetry.rescaling_invariance.untouched import untouched

# What torch.compile and the parallel wrappers call the model that they hold.
_WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}


def forward_graph(model: nn.Module, inputs: int | None = None) -> fx.Graph:
    """Trace the forward pass of ``model`` in the mode that it is in, as called with its first ``inputs`` arguments.

    Without ``inputs`` all arguments that have no default are given.  The others are fixed at their defaults, so that
    ``if mask is not None`` is no obstacle.

    Raises ScaleGroupError with the line of the model's code at which tracing stops, the reason and what to do.
    """
    kind = type(model).__name__
    if kind in _WRAPPERS:
        raise ScaleGroupError(
            f"{kind} wraps the model; pass the model inside, which is its {_WRAPPERS[kind]}."
        )
    for name, parameter in model.named_parameters():
        if nn.parameter.is_lazy(parameter):
            raise ScaleGroupError(
                f"The parameter {name} of {kind} has no shape yet; run the model once on data first."
            )
    defaults, attributes = _defaults(model, inputs), set(model.__dict__)
    try:
        with untouched(model):
            graph = fx.Tracer().trace(model, concrete_args=defaults or None)
            _keep_constants(model, graph, attributes)
    except Exception as error:  # the tracer runs the model's own code, which may raise anything
        raise ScaleGroupError(trace_failure(model, error)) from error
    _drop_checks(graph, defaults)
    return graph


def _defaults(model: nn.Module, inputs: int | None) -> dict[str, object]:
    """Arguments that are not given and whose default the tracer can fix."""
    arguments = list(inspect.signature(type(model).forward).parameters.values())[1:]
    positional = [a.name for a in arguments if a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD)]
    spread = any(a.kind is a.VAR_POSITIONAL for a in arguments)
    if inputs is not None and inputs > len(positional) and not spread:
        raise ScaleGroupError(
            f"{type(model).__name__} takes {len(positional)} inputs, but the example has {inputs}; "
            "pass one tensor, or a tuple with one tensor for each input."
        )
    kept = [a for a in arguments if a.name not in positional[: inputs or 0]]
    plain = (bool, int, float, str)
    return {a.name: a.default for a in kept if a.default is None or isinstance(a.default, plain)}


class _Constant:
    """A tensor that the model makes of nothing but numbers, a causal mask for instance."""

    def __init__(self, name: str, value: object) -> None:
        self.__name__, self.value = name, value

    def __call__(self) -> object:
        return self.value


def _keep_constants(model: nn.Module, graph: fx.Graph, attributes: set[str]) -> None:
    """Let the graph hold the tensors that the tracer has put on the model as attributes, which are taken off again."""
    for node in list(graph.nodes):
        if node.op == "get_attr" and node.target in model.__dict__ and node.target not in attributes:
            constant = _Constant(node.target, model.__dict__[node.target])
            with graph.inserting_before(node):
                node.replace_all_uses_with(graph.call_function(constant))
            graph.erase_node(node)


def _drop_checks(graph: fx.Graph, defaults: dict[str, object]) -> None:
    """Erase the tracer's own assertions that the fixed arguments keep their defaults: they are no part of the model."""
    for node in reversed(graph.nodes):
        message = node.args[1] if node.op == "call_function" and len(node.args) == 2 else None
        if not (defaults and isinstance(message, str) and "has been specialized to have value" in message):
            continue
        checked = node.args[0]
        graph.erase_node(node)
        if checked.op == "call_function" and not checked.users:
            graph.erase_node(checked)
