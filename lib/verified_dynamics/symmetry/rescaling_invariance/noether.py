"""The Noether audit: does the loss really have the symmetry that the graph promises?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


@dataclass(frozen=True)
class NoetherAudit:
    """Charges ⟨A_h θ, ∇L⟩ of the scale groups and the sizes Σ|θ∘∇L| that they are measured against.

    ``charges``, ``sizes``: ``(count,)`` float64.  A group whose gradients all vanish (a dead channel) has size zero and
    counts as satisfied.
    """

    groups: ScaleGroups
    charges: Tensor
    sizes: Tensor

    @property
    def violations(self) -> Tensor:
        """Charge divided by size per group, zero where both vanish."""
        safe = torch.where(self.sizes > 0, self.sizes, torch.ones_like(self.sizes))
        return self.charges.abs() / safe

    @property
    def violation(self) -> float:
        """The largest relative violation over the groups, zero for a model without free groups."""
        return float(self.violations.max()) if len(self.charges) else 0.0

    def __str__(self) -> str:
        if not len(self.charges):
            return "no free scale groups, nothing to audit"
        worst = self.groups.labels[int(self.violations.argmax())]
        return f"{len(self.charges)} scale groups, largest relative violation {self.violation:.1e} at {worst}"


def noether_audit(
    model: nn.Module, loss: Callable[..., Tensor], *batch: Tensor, groups: ScaleGroups | None = None
) -> NoetherAudit:
    r"""Evaluate :math:`\langle A_h\theta, \nabla L\rangle` for every scale group of ``model`` at its parameters.

    ``loss(model, *batch)`` is a scalar.  In float64 a violation above about 1e-12 means that the loss does not have the
    symmetry: a weight penalty was added, a layer is not homogeneous, or the book-keeping of the groups is wrong.
    Cost: one backward pass.  Raises ValueError if the loss is not a scalar.
    """
    groups = scale_groups(model) if groups is None else groups
    value = loss(model, *batch)
    if value.dim() != 0:
        raise ValueError(f"The loss must be a scalar, but it has shape {tuple(value.shape)}; take its mean.")
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
    products = {
        name: p.detach().double() * (torch.zeros_like(p) if g is None else g).double()
        for (name, p), g in zip(parameters.items(), gradients, strict=True)
    }
    entering, leaving = groups.incoming_outgoing({name: v.abs() for name, v in products.items()})
    return NoetherAudit(groups, groups.difference(products), entering + leaving)
