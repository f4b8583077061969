"""Tensors with a common factor kept as a logarithm, so that products over a hundred layers stay within range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scaled:
    """``values`` times the exponential of ``log_factor`` (a 0-d tensor that carries no gradient)."""

    values: Tensor
    log_factor: Tensor

    def normalised(self) -> Scaled:
        """The same with a largest value of one; zeros stay as they are."""
        size = self.values.detach().amax()
        size = torch.where(size > 0, size, torch.ones_like(size))
        return Scaled(self.values / size, self.log_factor + size.log())


def unscaled(values: Tensor) -> Scaled:
    """Values with the factor one."""
    return Scaled(values, values.new_zeros(()))


def aligned(terms: Sequence[Scaled]) -> tuple[list[Tensor], Tensor]:
    """The values of all terms with respect to the largest of their factors, and that factor's logarithm."""
    common = torch.stack([term.log_factor for term in terms]).amax()
    return [term.values * (term.log_factor - common).exp() for term in terms], common
