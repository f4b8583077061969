"""Layers that a rescaling cannot treat one by one, because something of theirs is used elsewhere as well."""

from __future__ import annotations

from collections import Counter

from torch import Tensor, fx, nn


def shared_modules(model: nn.Module, graph: fx.Graph) -> dict[str, str]:
    """Names of such layers with the reason: called twice, inside another layer, sharing parameters or memory."""
    calls = Counter(str(node.target) for node in graph.nodes if node.op == "call_module")
    stateful = {
        name for name, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))
    }
    reasons = {name: f"the layer is used {count} times" for name, count in calls.items() if count > 1}
    reasons = {name: reason for name, reason in reasons.items() if name in stateful}
    for name in calls:
        if any(outer != name and name.startswith(f"{outer}.") for outer in calls):
            reasons[name] = "the layer is part of another layer as well"
    read = {str(node.target) for node in graph.nodes if node.op == "get_attr"}
    for names in _owners(model).values():
        if len(names) > 1 or read & set(names):
            reason = "one of its parameters is used elsewhere as well"
            reasons.update({name.rpartition(".")[0]: reason for name in names})
    for name in _overlapping(model):
        reasons.setdefault(name.rpartition(".")[0], "one of its parameters shares memory")
    return reasons


def _owners(model: nn.Module) -> dict[int, list[str]]:
    owners: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    return owners


def _overlapping(model: nn.Module) -> set[str]:
    """Names of parameters whose ranges of memory overlap, or whose own elements share memory."""
    plain = [(n, p) for n, p in model.named_parameters() if p.numel() and not p.is_meta]
    ranges = sorted((*_memory(p), name) for name, p in plain)
    found = {name for name, p in plain if p.untyped_storage().nbytes() < p.numel() * p.element_size()}
    end, holder = 0, ""
    for start, stop, name in ranges:
        if start < end:
            found |= {name, holder}
        if stop > end:
            end, holder = stop, name
    return found


def _memory(parameter: Tensor) -> tuple[int, int]:
    steps = zip(parameter.shape, parameter.stride(), strict=True)
    elements = 1 + sum((size - 1) * stride for size, stride in steps)
    start = parameter.data_ptr()
    return start, start + elements * parameter.element_size()
