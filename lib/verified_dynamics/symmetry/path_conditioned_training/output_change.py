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


def relative_change(before: dict[bool, list[Tensor]], after: dict[bool, list[Tensor]]) -> float | None:
    """Largest relative change over the modes, in the norm of all outputs; None if there is nothing to compare."""
    changes = []
    for training, first in before.items():
        second = after.get(training, [])
        numbers = [
            (a.double(), b.double()) for a, b in zip(first, second, strict=False) if a.is_floating_point()
        ]
        if numbers:
            moved = sum(float((a - b).square().sum()) for a, b in numbers) ** 0.5
            size = sum(float(a.square().sum()) for a, _ in numbers) ** 0.5
            changes.append(moved / size if size else moved)
    return max(changes, default=None)
