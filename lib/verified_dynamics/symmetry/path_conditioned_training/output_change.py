"""Outputs of a model in both of its modes, measured without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

from verified_dynamics.symmetry.rescaling_invariance.untouched import untouched


def outputs(model: nn.Module, inputs: Sequence[Tensor]) -> dict[bool, list[Tensor]]:
    """Output tensors on ``inputs`` in evaluation mode (key False) and in training mode (key True).

    A mode in which the model refuses the inputs (BatchNorm a single example in training mode, say) is left out.  Random
    draws repeat at each call; modes, buffers and the random state are put back.
    """
    found: dict[bool, list[Tensor]] = {}
    for training in (False, True):
        with untouched(model), torch.no_grad():
            model.train(training)
            torch.manual_seed(0)
            try:
                leaves, _ = tree_flatten(model(*inputs))
            except Exception:  # the model's own code, which may raise anything
                continue
            found[training] = [leaf.detach().clone() for leaf in leaves if isinstance(leaf, Tensor)]
    return found


def relative_changes(before: dict[bool, list[Tensor]], after: dict[bool, list[Tensor]]) -> dict[bool, float]:
    """Relative change in the norm of all outputs, in each mode in which there is something to compare."""
    changes = {}
    for training, first in before.items():
        pairs = zip(first, after.get(training, []), strict=False)
        numbers = [(a.double(), b.double()) for a, b in pairs if a.is_floating_point()]
        if numbers:
            moved = sum(float((a - b).square().sum()) for a, b in numbers) ** 0.5
            size = sum(float(a.square().sum()) for a, _ in numbers) ** 0.5
            changes[training] = moved / size if size else moved
    return changes


def beyond_rounding(values: dict[bool, list[Tensor]]) -> float:
    """A relative change of such outputs that rounding does not explain: ε^{1/4}, ε of the coarsest type among them."""
    kinds = {value.dtype for found in values.values() for value in found if value.is_floating_point()}
    return max((torch.finfo(kind).eps ** 0.25 for kind in kinds), default=1.0)
