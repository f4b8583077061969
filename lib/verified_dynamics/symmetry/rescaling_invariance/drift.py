"""The conserved quantities ‖in‖² − ‖out‖² and the exact account of how discrete steps change them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


def conserved_quantities(parameters: Mapping[str, Tensor], groups: ScaleGroups) -> Tensor:
    """Squared norm of what enters minus that of what leaves each scale group, ``(*lead, count)``."""
    return groups.difference({name: p.detach() ** 2 for name, p in parameters.items()})


def step_drift(gradients: Mapping[str, Tensor], groups: ScaleGroups, step_size: float | Tensor) -> Tensor:
    r"""Exact change of the conserved quantities in one gradient step: η²(‖∇_in‖² − ‖∇_out‖²), ``(*lead, count)``.

    The first-order term vanishes because ⟨A_h θ, ∇L⟩ = 0 for every batch.
    """
    return step_size**2 * groups.difference({name: g**2 for name, g in gradients.items()})


class DriftTracker:
    """Follows a training run and splits the drift of each conserved quantity into explained and unexplained parts.

    Call ``record(step_size)`` after ``backward()`` and before ``optimizer.step()``.  For plain gradient descent, with
    any mini-batches, ``unexplained`` stays at rounding level; for another optimizer it *is* the breaking of the
    symmetry.  Meant for float64: in float32 rounding hides the drift at small step sizes.
    """

    def __init__(self, model: nn.Module, groups: ScaleGroups | None = None) -> None:
        self.model = model
        self.groups = scale_groups(model) if groups is None else groups
        self.start = self.quantities()
        self.explained = torch.zeros_like(self.start)

    def quantities(self) -> Tensor:
        """The conserved quantities now, ``(count,)``."""
        return conserved_quantities(dict(self.model.named_parameters()), self.groups)

    def record(self, step_size: float) -> None:
        """Add the drift that a plain gradient step with the present gradients makes."""
        gradients = {
            name: torch.zeros_like(p) if p.grad is None else p.grad
            for name, p in self.model.named_parameters()
        }
        self.explained = self.explained + step_drift(gradients, self.groups, step_size)

    @property
    def drift(self) -> Tensor:
        """Change of the conserved quantities since the tracker was made, ``(count,)``."""
        return self.quantities() - self.start

    @property
    def unexplained(self) -> Tensor:
        """Drift that the recorded gradient steps do not account for, ``(count,)``."""
        return self.drift - self.explained
